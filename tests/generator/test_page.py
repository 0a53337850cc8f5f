"""The page that records make, and records that are taken into the bundle."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator import adopt, commands_suite, packages, page, record
from generator.errors import GeneratorError
from generator.suite import MLPERF_SDXL, ONE_BY_ONE

from .made_up import batches_entry, cell_entry, honesty_entry, made, rates_entry

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = sorted((ROOT / "data" / "snapshots" / "compute").glob("bench-*.json"))
SDXL = replace(MLPERF_SDXL, batch=8)


@pytest.fixture
def of_a_card() -> dict[str, Any]:
    """Return a record in which every part stands."""
    cells = [("cells", cell_entry(SDXL, 1.0))]
    cells += [
        ("cells", cell_entry(replace(SDXL, preset=name), 1.1 + 0.1 * n))
        for n, name in enumerate((*ONE_BY_ONE, "tuned", "fast"))
    ]
    refused = {"key": "sdxl/b64", "cell": {}, "status": "refused", "reason": "no memory"}
    return made(
        ("rates", rates_entry(MLPERF_SDXL, 790.0)),
        ("batches", batches_entry(MLPERF_SDXL, 8)),
        *cells,
        ("cells", refused),
        ("honesty", honesty_entry(replace(MLPERF_SDXL, preset="tuned"), 0.0125)),
    )


def test_the_page_in_the_docs_is_fresh() -> None:
    records = [record.read(path) for path in BUNDLED]
    written = (ROOT / "data" / "measured.md").read_text("utf-8")
    assert written == page.page(records), (
        "stale: run `artonomics bench page data/snapshots/compute/bench-*.json "
        "--out data/measured.md`"
    )


def test_without_a_card_the_page_says_so_and_tells_no_energy() -> None:
    text = page.page([record.read(path) for path in BUNDLED])
    on_card = any(record.read(path)["environment"]["device"]["kind"] == "cuda" for path in BUNDLED)
    assert ("Nothing has been measured on a card yet" in text) is not on_card
    assert page.page([]).count("No record is given.") == 2


def test_every_figure_of_a_card_stands_on_the_page(of_a_card) -> None:
    text = page.page([of_a_card])
    assert "Measured on cards: NVIDIA H200" in text
    for told in ("bf16 790", "sdxl/b64: refused, no memory", "2.11.0", "580.1"):
        assert told in text
    fast = next(line for line in text.splitlines() if "/fast/" in line and "float" not in line)
    assert fast.startswith(f"| {of_a_card['run_id']}") or "sdxl/txt2img/fast" in fast
    # 1.4 over 1.3 and 1.5 over 1.4: what the last switches brought.
    chain = text.partition("One after the other:")[2].partition("\n## ")[0]
    ratios = [line.split("|")[4].strip() for line in chain.splitlines() if "sdxl/" in line]
    assert ratios == ["1.1", "1.091", "1.083", "1.077", "1.071"]
    assert "0.025" in text.partition("## How far the numbers move")[2]
    assert "1.75" in text.partition("## Energy")[2]  # 700 W at 400 TFLOP/s
    assert "| pass |" in text.partition("## Targets")[2]


def test_skipped_work_on_a_twin_has_no_ratio_on_the_page() -> None:
    cached = cell_entry(replace(SDXL, preset="cached"), 5.0, flags=["skips_work"], roofline=None)
    text = page.page([made(("cells", cell_entry(SDXL, 1.0)), ("cells", cached))])
    row = next(line for line in text.splitlines() if "skips work: not comparable" in line)
    assert "| 5 |" not in row


def test_records_are_taken_in_with_their_provenance_and_without_places(
    of_a_card, tmp_path: Path
) -> None:
    of_a_card["cells"][-1]["reason"] = "no file /root/of/somebody/x.bin, 3 of /tmp/a.py"
    path = record.write(of_a_card, tmp_path / "from")
    (taken,) = adopt.adopt(tmp_path / "from", tmp_path / "into")
    told = record.read(taken)
    assert told["cells"][-1]["reason"] == "no file x.bin, 3 of a.py"
    assert told["cells"][0] == of_a_card["cells"][0]
    sidecar = yaml.safe_load(taken.with_name(f"{path.name}.yml").read_text("utf-8"))
    assert sidecar["file"] == path.name
    assert sidecar["sha256"] == hashlib.sha256(taken.read_bytes()).hexdigest()
    assert sidecar["device"] == "NVIDIA H200"
    assert sidecar["entries"]["cells"] == 7
    assert "1 cells have no figures; each says why." in sidecar["doubts"]
    assert adopt.adopt(tmp_path / "from", tmp_path / "into") == [taken]  # again: nothing changes


def test_a_run_that_has_grown_replaces_itself_and_another_one_is_refused(
    of_a_card, tmp_path: Path
) -> None:
    path = record.write(of_a_card, tmp_path / "from")
    adopt.adopt(tmp_path / "from", tmp_path / "into")
    of_a_card["cells"].append(cell_entry(replace(SDXL, take=2), 1.0))
    record.write(of_a_card, tmp_path / "from")
    (taken,) = adopt.adopt(tmp_path / "from", tmp_path / "into")
    assert len(record.read(taken)["cells"]) == 8
    other = json.loads(path.read_text("utf-8")) | {"finished_at": "2020-01-01T00:00:00+00:00"}
    path.write_text(json.dumps(other), "utf-8")
    with pytest.raises(GeneratorError, match=r"another bench-"):
        adopt.adopt(tmp_path / "from", tmp_path / "into")


@pytest.mark.parametrize("what", ["nothing", "no figures", "no record"])
def test_what_measured_nothing_is_not_taken_in(what: str, tmp_path: Path) -> None:
    if what == "no figures":
        record.write(made(), tmp_path)
    elif what == "no record":
        (tmp_path / "bench-x.json").write_text("{}")
    with pytest.raises(GeneratorError):
        adopt.adopt(tmp_path, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_every_bundled_record_of_a_card_has_a_true_sidecar() -> None:
    for path in BUNDLED:
        if record.read(path)["environment"]["device"]["kind"] != "cuda":
            continue
        sidecar = yaml.safe_load(path.with_name(f"{path.name}.yml").read_text("utf-8"))
        assert sidecar["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_bare_machine_gets_what_it_lacks_and_never_another_torch(
    tmp_path: Path, monkeypatch
) -> None:
    here = {"torch": "2.11.0", "transformers": "5", "accelerate": "1", "safetensors": "1"}
    monkeypatch.setattr(packages, "installed", here.get)
    asked: list[list[str]] = []

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.append(words)
        failed = words[-1] == "torchao"
        return subprocess.CompletedProcess(words, int(failed), "", "no such wheel")

    monkeypatch.setattr(subprocess, "run", run)
    brought = packages.bring(tmp_path / "p", tmp_path / "wheels")
    assert brought == ["diffusers", "peft", "nvidia-ml-py"]  # without torchao: fast is skipped
    assert all("--no-deps" in words and "--no-index" in words for words in asked)
    assert not any("torch" in words for words in asked)
    del here["torch"]
    with pytest.raises(GeneratorError, match="got no torch"):
        packages.bring(tmp_path / "p", None)


def test_a_missing_package_is_told_with_what_to_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(packages, "installed", {"torch": "2.11.0"}.get)
    failed = subprocess.CompletedProcess([], 1, "", "no such wheel")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(GeneratorError, match=r"no such wheel.*--wheels"):
        packages.bring(tmp_path, None)


def test_cells_that_miss_a_target_are_profiled() -> None:
    class Running:
        made = made(
            ("batches", batches_entry(MLPERF_SDXL, 8)),
            ("cells", cell_entry(SDXL, 1.0)),
            ("cells", cell_entry(replace(SDXL, preset="tuned"), 1.1)),
        )

    (step,) = commands_suite._profiles(Running())  # pyright: ignore[reportArgumentType]
    assert (step.kind, step.cell.preset, step.cell.batch) == ("profile", "tuned", 8)


def told(*words: str | Path) -> Any:
    from generator.__main__ import _parser

    return _parser("bench").parse_args([str(word) for word in words])


def test_a_failed_target_ends_in_status_1_and_a_missing_one_does_not(
    of_a_card, tmp_path: Path, capsys
) -> None:
    path = record.write(of_a_card, tmp_path)
    asked = told("check", path, "--json")
    assert asked.act(asked) == 1
    verdicts = {made["rule"]: made["status"] for made in json.loads(capsys.readouterr().out)}
    assert sorted(set(verdicts.values())) == ["fail", "not measured", "pass"]
    asked = told("check", *BUNDLED)
    assert asked.act(asked) in (0, 1)
    assert "verdict" in capsys.readouterr().out


def test_a_plan_is_told_without_a_card(capsys) -> None:
    asked = told("suite", "targets", "--plan", "--json")
    assert asked.act(asked) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["evidence_kind"] == "estimated"
    seconds = [step["seconds"] for step in plan["steps"]]
    assert plan["steps"][-1]["minutes until end"] == pytest.approx(sum(seconds) / 60)


def test_adopting_makes_the_page_anew(of_a_card, tmp_path: Path) -> None:
    record.write(of_a_card, tmp_path / "from")
    into, text = tmp_path / "into", tmp_path / "measured.md"
    asked = told("adopt", tmp_path / "from", "--into", into, "--page", text)
    assert asked.act(asked) == 0
    (taken,) = into.glob("bench-*.json")
    assert text.read_text("utf-8") == page.page([record.read(taken)])
