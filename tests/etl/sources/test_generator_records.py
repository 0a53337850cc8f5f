"""The contract from the reading side: records of the generator become rows, faults are told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from etl import pipeline, sources
from etl.config import Settings, bundled_dir
from etl.sources import Request
from etl.warehouse import SnapshotReader

from .conftest import NOW

RECORDS = sorted((bundled_dir() / "snapshots" / "compute").glob("bench-*.json"))


def fetched(folder: Path, name: str = "compute_benchmarks"):
    request = Request(offline=True, bundled=folder, now=NOW, user_dir=folder / "own")
    source = sources.load(name)
    raw = source.fetch(request)
    return raw, source.parse(raw)


def test_the_bundled_records_are_measured_and_every_cell_becomes_a_row() -> None:
    _, frame = fetched(bundled_dir())
    cells = [cell for path in RECORDS for cell in json.loads(path.read_text("utf-8"))["cells"]]
    assert len(frame) == len(cells) > 0
    assert set(frame["evidence_kind"]) == {"measured"}
    told = {cell["key"]: cell["figures"]["images_per_second"]["value"] for cell in cells}
    for row in frame.to_dict("records"):
        value = told[row["cell"]]
        assert row["images_per_second"] == value or (value is None and row["task"] == "lora")
    assert frame["joules_per_image_gross"].isna().all()  # a CPU: missing, not 0
    assert frame["energy_reason"].notna().all()


def test_the_bundled_load_is_simulated_and_its_run_measured() -> None:
    _, frame = fetched(bundled_dir(), "compute_loads")
    assert set(frame["evidence_kind"]) == {"simulated"}
    assert frame["highest_rate_per_second"].gt(0).all()
    assert json.loads(frame["batch_curve"].iloc[0])["1"] > 0


def test_files_that_are_no_records_are_told_and_the_others_read(tmp_path: Path) -> None:
    own = tmp_path / "own" / "compute"
    own.mkdir(parents=True)
    shutil.copy(RECORDS[0], own / RECORDS[0].name)
    (own / "bench-a.json").write_text("{")
    (own / "bench-b.json").write_text("{}")
    later = json.loads(RECORDS[0].read_text("utf-8")) | {"record_version": 9}
    (own / "bench-c.json").write_text(json.dumps(later))
    cut = json.loads(RECORDS[0].read_text("utf-8"))
    del cut["environment"]
    (own / "bench-d.json").write_text(json.dumps(cut))
    raw, frame = fetched(tmp_path)
    assert len(frame) > 0
    words = " | ".join(raw.failures)
    assert len(raw.failures) == 4
    for told in (
        "bench-a.json: got no JSON",
        "bench-b.json",
        "version 9; expected 1",
        "environment",
    ):
        assert told in words


def test_without_records_there_are_no_rows_and_no_failure(tmp_path: Path) -> None:
    raw, frame = fetched(tmp_path)
    assert (raw.failures, len(frame)) == ((), 0)


@pytest.mark.parametrize("status", ["refused", "failed"])
def test_a_cell_without_figures_keeps_its_reason(tmp_path: Path, status: str) -> None:
    record = json.loads(RECORDS[0].read_text("utf-8"))
    kept = record["cells"][0]
    record["cells"] = [
        {"key": "x", "cell": kept["cell"], "status": status, "reason": "got too little"}
    ]
    folder = tmp_path / "own" / "compute"
    folder.mkdir(parents=True)
    (folder / "bench-x.json").write_text(json.dumps(record))
    _, frame = fetched(tmp_path)
    assert frame["reason"].tolist() == ["got too little"]
    assert frame["images_per_second"].isna().all()


def test_no_guidance_is_zero_and_not_missing(tmp_path: Path) -> None:
    record = json.loads(RECORDS[0].read_text("utf-8"))
    record["cells"][0]["cell"]["guidance"] = 0.0
    folder = tmp_path / "own" / "compute"
    folder.mkdir(parents=True)
    (folder / "bench-x.json").write_text(json.dumps(record))
    _, frame = fetched(tmp_path)
    assert frame["guidance"].iloc[0] == 0


def test_a_later_attempt_that_failed_does_not_hide_what_was_measured(tmp_path: Path) -> None:
    from dashboard.studies.compute import compute_study

    record = json.loads(RECORDS[0].read_text("utf-8"))
    kept = record["cells"][0]
    later = record | {"run_id": "2030-01-01-later000", "finished_at": "2030-01-01T00:00:00+00:00"}
    later["cells"] = [{"key": kept["key"], "cell": kept["cell"], "status": "failed", "reason": "x"}]
    (tmp_path / "compute").mkdir()
    (tmp_path / "compute" / "bench-2030-01-01-later000.json").write_text(json.dumps(later))
    names = ["compute_benchmarks", "compute_loads", "published_benchmarks", "disclosed_facts"]
    pipeline.run(Settings(data_dir=tmp_path), names, offline=True)
    study = compute_study(SnapshotReader(tmp_path))
    assert study.runs["cell"].tolist().count(kept["key"]) == 1
    assert study.without["cell"].tolist() == [kept["key"]]


def test_a_row_above_the_roof_of_a_card_waits_in_quarantine(tmp_path: Path) -> None:
    record = json.loads(RECORDS[0].read_text("utf-8"))
    roof = record["cells"][0]["figures"]["roofline"]
    roof["percent_of_roofline"] = 130.0
    roof["ceiling"]["evidence"] = "estimated"
    record["run_id"] = "2026-01-01-faulty00"
    (tmp_path / "compute").mkdir()
    (tmp_path / "compute" / "bench-2026-01-01-faulty00.json").write_text(json.dumps(record))
    settings = Settings(data_dir=tmp_path)
    (entry,) = pipeline.run(settings, ["compute_benchmarks"], offline=True)
    assert entry.rows_quarantined == 1
    held = SnapshotReader(tmp_path).query("SELECT * FROM quarantine")
    assert held["reasons" if "reasons" in held else held.columns[0]].notna().all()


def test_published_figures_are_disclosed_and_per_card() -> None:
    _, frame = fetched(bundled_dir(), "published_benchmarks")
    assert set(frame["evidence_kind"]) == {"disclosed"}
    n = pd.to_numeric(frame["n_devices"])
    rate = pd.to_numeric(frame["images_per_second"])
    offline = frame["scenario"].eq("Offline")
    assert (rate / n)[offline].between(0.05, 10).all()
    h200 = frame["published_id"].eq("mlperf-5.1-0014-datacenter-server")
    assert rate[h200].tolist() == [18.3718]  # as MLCommons prints it


def test_the_cards_that_the_generator_knows_are_those_of_the_table() -> None:
    """One source of truth: what the generator carries along equals data/snapshots/gpus.csv."""
    import generator

    path = Path(generator.__file__).parent / "cards.json"
    cards = json.loads(path.read_text("utf-8"))["cards"]
    table = pd.read_csv(bundled_dir() / "snapshots" / "gpus.csv").set_index("gpu_name")
    columns = {
        "fp16_tflops": "fp16_dense_tflops",
        "bf16_tflops": "bf16_dense_tflops",
        "fp8_tflops": "fp8_dense_tflops",
        "bandwidth_gb_s": "memory_bandwidth_gb_s",
        "power_watts": "tdp_watts",
        "source": "source_title",
    }
    for card in cards:
        for ours, theirs in columns.items():
            value = table.loc[card["gpu_name"], theirs]
            assert card[ours] == (None if pd.isna(value) else value), (card["match"], ours)


def test_a_load_that_failed_is_no_row(tmp_path: Path) -> None:
    own = tmp_path / "own" / "compute"
    own.mkdir(parents=True)
    (with_load,) = (path for path in RECORDS if json.loads(path.read_text("utf-8"))["loads"])
    record = json.loads(with_load.read_text("utf-8"))
    failed = {"key": "a", "cell": record["loads"][0]["cell"], "status": "failed", "reason": "so"}
    record["loads"].append(failed)
    (own / with_load.name).write_text(json.dumps(record))
    raw, frame = fetched(tmp_path, "compute_loads")
    assert raw.failures == ()
    assert len(frame) == 1
