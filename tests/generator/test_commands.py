"""The command line: records, resuming, a kill in the middle, the single file, bad input."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="no torch: make generator adds it")
pytest.importorskip("diffusers", reason="no diffusers: make generator adds it")

from servers.model_hub import serving

from generator import catalog, children, compare, record, runner, suite
from generator.__main__ import CHILDREN, main
from generator.cell import Cell
from generator.errors import GeneratorError

# The record that is measured once serves all of them.
pytestmark = pytest.mark.xdist_group("bench")

ROOT = Path(__file__).resolve().parents[2]
FEW = ("--images", "3", "--steps", "2", "--device", "cpu")


def in_this_process(
    verb: str, told: dict[str, Any], report: Any, _limit_seconds: float | None = None
) -> dict[str, Any]:
    """Do what :func:`runner.converse` does, through the same lines, without starting a process."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(said):
        patched.setattr(sys, "stdin", io.StringIO(json.dumps(told)))
        children.child(CHILDREN[verb])
    *events, outcome = map(json.loads, said.getvalue().splitlines())
    for event in events:
        report(event)
    return outcome


def bench(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command line here: torch is in memory already."""
    out, err = io.StringIO(), io.StringIO()
    told = list(map(str, words))
    with (
        pytest.MonkeyPatch.context() as patched,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patched.setattr(runner, "converse", in_this_process)
        with pytest.raises(SystemExit) as ended:
            main(told)
    status = ended.value.code
    assert isinstance(status, int)
    return subprocess.CompletedProcess(told, status, out.getvalue(), err.getvalue())


def bench_apart(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "generator", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | variables,
        check=False,
    )


@pytest.fixture(scope="module")
def recorded(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("records")
    ran = bench("run", tiny, *FEW, "--with-twin", "--out", out, "--json", "--progress-json")
    assert ran.returncode == 0, ran.stderr
    return {"document": json.loads(ran.stdout), "out": out, "err": ran.stderr}


def test_a_run_writes_one_valid_record_with_every_sample(recorded) -> None:
    path = Path(recorded["document"]["path"])
    told = record.read(path)
    assert [cell["cell"]["weights"] for cell in told["cells"]] == ["real", "twin"]
    for cell in told["cells"]:
        assert len(cell["samples"]) == cell["figures"]["n_images"] >= 3
    assert told["environment"]["device"]["kind"] == "cpu"
    assert told["program"]["sources_sha256"] == record.sources_hash()
    assert compare.twin_errors(told)[0]["images_per_second"]["value"] > 0


def test_progress_is_told_line_by_line(recorded) -> None:
    events = [json.loads(line)["event"] for line in recorded["err"].splitlines() if line[:1] == "{"]
    assert events[0] == "cell"
    assert {"doing", "warm_up", "sample", "ended"} <= set(events)


def test_what_is_held_is_not_measured_again(recorded, tiny: str) -> None:
    again = bench("sweep", tiny, *FEW, "--out", recorded["out"], "--json")
    document = json.loads(again.stdout)
    assert document["cells"] == []
    assert len(document["configuration"]["measured_before"]) == 1
    assert document["path"] is None


def test_the_budget_ends_a_plan_and_tells_what_is_left(tiny: str, tmp_path: Path) -> None:
    ran = bench("run", tiny, *FEW, "--out", tmp_path, "--budget-minutes", "0", "--json")
    document = json.loads(ran.stdout)
    assert len(document["configuration"]["not_begun"]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_kill_in_the_middle_loses_the_running_cell_at_most(tiny: str, tmp_path: Path) -> None:
    words = ["sweep", tiny, *FEW, "--batch", "1,2", "--out", str(tmp_path), "--progress-json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "generator", *words],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if '"number": 2' in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (path,) = tmp_path.glob("bench-*.json")
    assert [cell["cell"]["batch"] for cell in record.read(path)["cells"]] == [1]
    ran = json.loads(bench(*words[:-1], "--json").stdout)
    assert [cell["cell"]["batch"] for cell in ran["cells"]] == [2]


def test_a_process_that_dies_is_a_failed_cell_with_its_reason(monkeypatch, tiny: str) -> None:
    dies = [
        sys.executable,
        "-c",
        "import os, sys; print('last words', file=sys.stderr); os._exit(9)",
    ]
    monkeypatch.setattr(runner, "program", lambda: dies)
    told = runner.measure_apart(Cell(tiny), lambda event: None)
    assert told["status"] == "failed"
    assert "ended with status 9: last words" in told["reason"]


def test_a_process_that_takes_too_long_is_ended(monkeypatch, tiny: str) -> None:
    sleeps = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(runner, "program", lambda: sleeps)
    start = time.monotonic()
    told = runner.measure_apart(Cell(tiny), lambda event: None, limit_seconds=0.5)
    assert time.monotonic() - start < 30
    assert "budget was used up" in told["reason"]


def plan_of(folder: Path, *cells: Cell) -> tuple[runner.Plan, dict[str, Any]]:
    environment = {"device": {"name": "a card"}, "packages": {}}
    return runner.Plan(cells, folder), environment


def quiet(_event: dict[str, Any]) -> None:
    """Tell nobody."""


def test_a_cell_with_faults_fails_alone(recorded, tmp_path: Path, monkeypatch) -> None:
    good = recorded["document"]["cells"][0]
    faulty = good | {"figures": good["figures"] | {"idle_watts": 0}}
    results = iter([faulty, good])
    monkeypatch.setattr(runner, "measure_apart", lambda cell, *_: dict(next(results), key=cell.key))
    plan, environment = plan_of(tmp_path, Cell("sdxl"), Cell("sd15"))
    made, path = runner.run(plan, environment, quiet)
    assert [cell["status"] for cell in made["cells"]] == ["failed", "measured"]
    assert "idle_watts is 0" in made["cells"][0]["reason"]
    assert record.read(path)


def test_cells_of_one_name_are_refused_before_any_is_measured(tmp_path: Path) -> None:
    plan, environment = plan_of(tmp_path, Cell("/a/shapes"), Cell("/b/shapes"))
    with pytest.raises(GeneratorError, match="got two cells of the name shapes/"):
        runner.run(plan, environment, quiet)


@pytest.mark.parametrize(
    ("status", "n_tried"), [("measured", 1), ("skipped", 1), ("refused", 2), ("failed", 2)]
)
def test_what_was_refused_or_failed_is_tried_again(
    recorded, tmp_path: Path, monkeypatch, status: str, n_tried: int
) -> None:
    tried = []

    def told(cell: Cell, *_: Any) -> dict[str, Any]:
        tried.append(cell)
        good = {key: part for key, part in recorded["document"]["cells"][0].items() if key != "key"}
        return good if status == "measured" else {"cell": {}, "status": status, "reason": "so"}

    monkeypatch.setattr(runner, "measure_apart", told)
    plan, environment = plan_of(tmp_path, Cell("sdxl"))
    for _ in range(2):
        runner.run(plan, environment, quiet)
    assert len(tried) == n_tried


def test_the_suite_of_a_processor_never_takes_the_card() -> None:
    assert {cell.device for cell in suite.cpu("sd15")} == {"cpu"}


def test_one_file_runs_on_a_bare_machine(tiny: str, tmp_path: Path) -> None:
    packed = tmp_path / "bench.pyz"
    assert bench("pack", packed).returncode == 0
    ran = subprocess.run(
        [sys.executable, "-I", packed, "run", tiny, *FEW, "--out", tmp_path / "out", "--json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["cells"][0]["status"] == "measured"


def test_a_load_is_searched_and_run(tiny: str, tmp_path: Path) -> None:
    ran = bench(
        *("load", tiny, "--p95-seconds", "5", "--paid-share", "0.5", "--requests", "12"),
        *("--max-batch", "2", "--steps", "2", "--device", "cpu", "--out", tmp_path, "--json"),
    )
    assert ran.returncode == 0, ran.stderr
    (load,) = json.loads(ran.stdout)["loads"]
    assert load["highest_rate_per_second"] > 0
    assert set(load["curve"]) == {"1", "2"}
    assert load["run_at_rate"]["kept"] is True
    assert sum(len(waits) for waits in load["run_at_rate"]["waits"].values()) == 12


def test_pictures_come_with_seed_time_and_file(tiny: str, tmp_path: Path) -> None:
    words = ("picture", tiny, "--prompt", "a blue ring on white", "--n", "2", "--steps", "2")
    ran = bench(*words, "--folder", tmp_path, "--json", "--device", "cpu")
    assert ran.returncode == 0, ran.stderr
    made = json.loads(ran.stdout)["pictures"]
    assert [picture["seed"] for picture in made] == [0, 1]
    assert all(Path(picture["path"]).is_file() for picture in made)
    assert all(picture["joules"] is None and picture["joules_reason"] for picture in made)


def test_weights_come_from_a_hub_once_and_then_from_its_cache(tiny: str, tmp_path: Path) -> None:
    words = (
        "picture",
        "maker/shapes",
        "--prompt",
        "a blue ring on white",
        "--steps",
        "2",
        "--json",
    )
    own = {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    with serving(Path(tiny), "maker/shapes") as (address, asked):
        ran = bench_apart(*words, "--folder", tmp_path, HF_ENDPOINT=address, **own)
        assert ran.returncode == 0, ran.stderr
        assert any(path.endswith("unet/diffusion_pytorch_model.safetensors") for path in asked)
        missing = bench_apart("picture", "maker/none", "--prompt", "x", HF_ENDPOINT=address, **own)
    assert missing.returncode == 2
    assert "got no pipeline maker/none" in missing.stderr
    again = bench_apart(*words, "--folder", tmp_path, HF_HUB_OFFLINE="1", **own)
    assert again.returncode == 0, again.stderr
    fresh = bench_apart(*words, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "empty"))
    assert fresh.returncode == 2
    assert "got no pipeline maker/shapes" in fresh.stderr


def test_a_twin_draws_no_pictures(tmp_path: Path, tiny: str) -> None:
    words = ("picture", tiny, "--weights", "twin", "--prompt", "x", "--folder", tmp_path)
    ran = bench(*words)
    assert ran.returncode == 2
    assert "got a twin; expected real weights" in ran.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "sdx"), "got the model 'sdx'; expected one of the"),
        (("run", "sdx"), "nearest: sdxl, "),
        (("run", "tiny"), "nearest: tiny-shapes"),
        (("run", "qqqqqq"), "no name is near it"),
        (("run", "sdxl", "--task", "video"), "got the task 'video'"),
        (("run", "sdxl", "--device", "cuda"), "got no NVIDIA card"),
        (("run", "./nowhere"), "nowhere"),
        (("compare", "a.json", "b.json"), "got no file a.json"),
        (("load", "sd15", "--p95-seconds", "-1"), "got a promise of -1.0 s"),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    out = () if words[0] == "compare" else ("--out", str(tmp_path))
    ran = bench(*words, *out)
    assert ran.returncode == 2
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda r: r.update(record_version=2), "this program reads 1"),
        (lambda r: r.pop("environment"), "no 'environment'"),
        (lambda r: r["cells"].append(r["cells"][0]), "stands there twice"),
        (lambda r: r["cells"][0].update(status="fine"), "status is 'fine'"),
        (lambda r: r["cells"][0].update(status="failed", reason=None), "needs a reason"),
        (lambda r: r["cells"][0]["figures"].update(energy_reason=None), "null without a reason"),
        (lambda r: r["cells"][0]["figures"].update(idle_watts=0), "more than 0"),
        (
            lambda r: r["cells"][0]["figures"]["images_per_second"].update(value=0),
            "more than 0, or null",
        ),
        (lambda r: r["cells"][0].update(samples=[]), "no samples"),
    ],
)
def test_a_record_with_faults_is_neither_written_nor_read(
    recorded, break_it, told: str, tmp_path: Path
) -> None:
    broken = json.loads(Path(recorded["document"]["path"]).read_text("utf-8"))
    break_it(broken)
    with pytest.raises(GeneratorError, match=told):
        record.write(broken, tmp_path)
    file = tmp_path / "bench-x.json"
    file.write_text(json.dumps(broken))
    with pytest.raises(GeneratorError, match=told):
        record.read(file)


def test_two_records_tell_what_changed_and_whether_it_is_noise(recorded) -> None:
    earlier = json.loads(Path(recorded["document"]["path"]).read_text("utf-8"))
    later = json.loads(json.dumps(earlier))
    later["environment"]["packages"]["torch"] = "9.9"
    figure = {"value": 10.0, "low": 9.8, "high": 10.2, "n": 30, "reason": None}
    earlier["cells"][0]["figures"]["images_per_second"] = figure
    later["cells"][0]["figures"]["images_per_second"] = dict(figure, value=20, low=19.6, high=20.4)
    made = compare.compare(earlier, later)
    assert made["changed"]["package torch"][1] == "9.9"
    assert made["cells"][0]["images_per_second"]["verdict"] == "faster"
    assert made["cells"][1]["images_per_second"]["verdict"] == "within noise"


def test_a_folder_of_weights_that_is_not_there_is_told_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    missing, out = tmp_path / "nowhere", tmp_path / "records"
    ran = bench("run", "sdxl", "--weights-from", missing, "--out", out)
    assert ran.returncode == 2
    assert f"no folder {missing}" in ran.stderr
    assert not out.exists()


def test_toys_are_listed_last_and_marked_as_such() -> None:
    told = json.loads(bench("list", "--json").stdout)["models"]
    toys = [model for model in told if model["is_toy"]]
    assert [toy["id"] for toy in toys] == list(catalog.toys())
    assert told[-len(toys) :] == toys
    assert all(toy["tflop_per_image"] is None for toy in toys)  # nobody has verified them
    lines = bench("list").stdout.splitlines()
    for name in catalog.toys():
        remark = catalog.TOYS[name]
        assert any(line.startswith(name) and line.endswith("(a toy)") for line in lines)
        assert f"{name}: {remark}" in lines


def test_without_the_bundled_folders_there_is_no_toy(monkeypatch) -> None:
    monkeypatch.setattr(catalog, "toy_folder", lambda *_name: None)
    assert catalog.TOY not in bench("list").stdout
    assert "nearest: tiny" not in bench("run", catalog.TOY).stderr


def test_the_help_of_a_run_shows_the_command_of_the_toy() -> None:
    told = bench("run", "--help").stdout
    assert f"run {catalog.toys()[0]} --images 5" in told
    assert "no product's" in " ".join(told.split())


def test_the_toy_is_measured_by_its_name_and_a_refusal_is_counted_apart(tmp_path: Path) -> None:
    words = ("run", catalog.TOY, *FEW, "--preset", "default,tuned", "--out", tmp_path)
    ran = bench(*words)
    assert ran.returncode == 0, ran.stderr
    assert "measured: 1; without figures: 1 skipped" in ran.stderr.splitlines()
    # The header and one row: what gave no figures is no row.
    rows = ran.stdout.splitlines()
    assert [row.split("/")[0] for row in rows[1:]] == [catalog.TOY]
