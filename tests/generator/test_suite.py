"""The suite of a card: its order, its forecast, its budget, and how it goes on."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator import campaign, forecast, record, suite
from generator.cell import Cell
from generator.step import Step

from .made_up import H200, batches_entry, cell_entry, result_of
from .made_up import made as made_up

H200_SPEED = forecast.of_card("NVIDIA H200")
SDXL = suite.MLPERF_SDXL


def quiet(_event: dict[str, Any]) -> None:
    """Tell nobody."""


def test_the_targets_come_first_and_every_step_once() -> None:
    steps = suite.gpu()
    assert steps[: len(suite.targets())] == suite.targets()
    names = [step.name for step in steps]
    assert len(names) == len(set(names)) > 80
    assert names[0].startswith("rates: ")
    assert names[1].startswith("batches: sdxl/")
    assert {step.kind for step in steps} == {"rates", "batches", "cell", "load", "honesty"}


@pytest.mark.parametrize(
    "model",
    [
        *("sd15", "sdxl", "sdxl-turbo", "sd35-medium", "sd35-large"),
        *("flux1-schnell", "flux1-dev", "z-image-turbo"),
    ],
)
def test_every_wanted_model_has_three_presets_at_one_and_at_its_best_batch(model: str) -> None:
    cells = [step for step in suite.gpu() if step.kind == "cell" and step.cell.model == model]
    for at_best in (False, True):
        presets = {step.cell.preset for step in cells if step.at_best is at_best}
        assert {"default", "tuned", "fast"} <= presets
    honest = {s.cell.preset for s in suite.gpu() if s.kind == "honesty" and s.cell.model == model}
    assert honest == {"tuned", "fast"}


def test_a_best_batch_comes_after_its_sweep_and_default_before_what_is_faster() -> None:
    swept, defaults = set(), set()
    for step in suite.gpu():
        if step.kind == "batches":
            swept.add(step.cell.model)
        if step.at_best:
            assert step.cell.model in swept
            if step.cell.preset == "default":
                defaults.add(step.cell.model)
            assert step.cell.model in defaults


def test_seconds_follow_operations_preset_and_compiling() -> None:
    def told(cell: Cell, speed: forecast.Speed = H200_SPEED) -> float:
        seconds = forecast.seconds(Step("cell", cell), speed)
        assert seconds is not None
        return seconds

    # 20 steps of 13.52 TFLOP, text and decoder, on 0.35 of 989.5 TFLOP/s.
    call = (20 * 13.52247 + 10.4704 + 0.2223) / (0.35 * 989.5)
    assert forecast.call_seconds(replace(SDXL, batch=1), H200_SPEED) == pytest.approx(
        max(call, 20 * 0.04), rel=1e-3
    )
    eight = forecast.call_seconds(replace(SDXL, batch=8), H200_SPEED)
    assert eight == pytest.approx(8 * call, rel=1e-3)
    assert told(replace(SDXL, preset="tuned")) > told(SDXL) + 50  # it compiles
    assert told(SDXL, replace(H200_SPEED, pace=2.0)) == pytest.approx(2 * told(SDXL))
    assert forecast.of_card("a card of nobody").peak_tflops == 300.0


def test_a_batch_that_nobody_waits_for_is_not_likely() -> None:
    assert forecast.likely_best_batch(suite.FLUX_DEV, H200_SPEED) == 2
    assert forecast.likely_best_batch(Cell("sd15"), H200_SPEED) == 16


@pytest.fixture
def tried(monkeypatch) -> list[str]:
    """Stand in for processes: every step is measured at once; its name is noted."""
    names: list[str] = []

    def measured(step: Step, *_: Any) -> dict[str, Any]:
        names.append(step.name)
        return result_of(step)

    monkeypatch.setattr(campaign, "measure_apart", measured)
    return names


def begun(folder: Path, environment: Any = H200, **more: Any) -> campaign.Campaign:
    steps = more.pop("steps", suite.targets())
    return campaign.begin(campaign.Plan(steps, folder, "gpu", **more), environment, quiet)


def test_a_best_batch_is_the_one_that_the_sweep_found(tmp_path: Path, tried) -> None:
    running = begun(tmp_path)
    running.run(suite.targets())
    assert "sdxl/txt2img/tuned/b8/native/s20/g8/twin" in tried
    assert running.made["configuration"]["not_begun"] == {}
    told = record.read(running.path)
    assert len(told["cells"]) == len([s for s in suite.targets() if s.kind == "cell"])
    assert all(entry["took_seconds"] >= 0 for entry in told["honesty"])


def test_a_best_batch_that_nobody_found_is_told(tmp_path: Path, tried) -> None:
    running = begun(tmp_path)
    running.run([Step("cell", SDXL, at_best=True)])
    assert tried == []
    (why,) = running.made["configuration"]["not_begun"].values()
    assert "not known yet" in why
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_into_the_budget_gives_way_to_what_does(tmp_path: Path, tried) -> None:
    small = Step("cell", Cell("sdxl-turbo"))
    large = Step("cell", replace(SDXL, preset="tuned"))
    need = forecast.seconds(small, H200_SPEED)
    assert need is not None
    running = begun(tmp_path, budget_seconds=need + 5)
    running.run([large, small])
    assert tried == [small.name]
    assert "s foretold" in running.made["configuration"]["not_begun"][large.name]


def test_a_step_is_ended_when_the_budget_is_used_up(tmp_path: Path, monkeypatch) -> None:
    limits = []

    def measured(step: Step, _made: Any, _report: Any, limit: float) -> dict[str, Any]:
        limits.append(limit)
        return result_of(step)

    monkeypatch.setattr(campaign, "measure_apart", measured)
    begun(tmp_path, budget_seconds=600.0).run([Step("cell", SDXL)])
    assert 590 < limits[0] <= 600


def test_forecasts_are_corrected_by_what_steps_have_taken(tmp_path: Path, monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def slow(step: Step, *_: Any) -> dict[str, Any]:
        now[0] += 2 * (forecast.seconds(step, H200_SPEED) or 0.0)
        return result_of(step)

    monkeypatch.setattr(campaign, "measure_apart", slow)
    running = begun(tmp_path)
    running.run([Step("cell", cell) for cell in (SDXL, Cell("sd15"), Cell("sdxl-turbo"))])
    assert running.made["configuration"]["forecast_pace"] == pytest.approx(2.0)


def test_a_call_goes_on_in_the_record_of_the_same_card_until_it_is_given_away(
    tmp_path: Path, tried
) -> None:
    first = begun(tmp_path)
    first.run(suite.targets()[:3])
    again = begun(tmp_path)
    again.run(suite.targets()[:4])
    assert again.made["run_id"] == first.made["run_id"]
    assert len(again.made["configuration"]["parts"]) == 2
    assert len(tried) == 4  # three and one, none twice
    assert len(list(tmp_path.iterdir())) == 1
    other = begun(tmp_path, H200 | {"session": "two"})
    assert other.made["run_id"] != first.made["run_id"]


def test_a_ratio_in_a_new_run_has_default_measured_there_too(tmp_path: Path, tried) -> None:
    begun(tmp_path).run(suite.targets()[:3])
    tried.clear()
    begun(tmp_path, H200 | {"session": "two"}).run(suite.targets()[:5])
    assert [name.split(":")[0] for name in tried[:1]] == ["rates"]
    assert [name.split("/")[2] for name in tried[1:]] == ["default", "tuned", "fast"]


def test_what_failed_is_tried_again_and_stands_once(tmp_path: Path, monkeypatch) -> None:
    answers = iter(["failed", "measured"])

    def measured(step: Step, *_: Any) -> dict[str, Any]:
        if next(answers) == "failed":
            return {"cell": step.cell.to_record(), "status": "failed", "reason": "so"}
        return cell_entry(step.cell, 1.0)

    monkeypatch.setattr(campaign, "measure_apart", measured)
    for _ in range(2):
        running = begun(tmp_path)
        running.run([Step("cell", SDXL)])
    assert [entry["status"] for entry in record.read(running.path)["cells"]] == ["measured"]


def test_records_of_other_folders_count_as_held(tmp_path: Path, tried) -> None:
    held = tmp_path / "held"
    told = made_up(
        ("batches", batches_entry(SDXL, 4)),
        ("cells", cell_entry(replace(SDXL, batch=4), 1.0)),
        environment=H200 | {"session": "earlier"},
    )
    record.write(told, held)
    begun(tmp_path / "own", held=(held,)).run(suite.targets()[1:3])
    assert tried == []


def test_places_of_files_are_no_part_of_a_command() -> None:
    words = ["card", "--out", "/somewhere/of/mine/records", "--minutes", "9"]
    assert campaign.told_words(words) == ["card", "--out", "records", "--minutes", "9"]


def test_a_server_is_told_mlperfs_promise() -> None:
    told = campaign.document(Step("load", replace(SDXL, batch=8)), {})
    assert told["promise"]["p99_seconds"] == 20.0
    assert (told["promise"]["max_batch"], told["cell"]["batch"]) == (8, 1)
    json.dumps(told)
