"""Records held against targets: what passes, what fails, what was not measured."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator import targets
from generator.suite import FLUX_DEV, MLPERF_SDXL

from .made_up import H200, batches_entry, cell_entry, honesty_entry, made, rates_entry

SDXL = replace(MLPERF_SDXL, batch=8)
TUNED, FAST = (replace(SDXL, preset=name) for name in ("tuned", "fast"))


def verdict(rule: str, *records: dict[str, Any]) -> targets.Verdict:
    (found,) = (told for told in targets.check(records) if rule in told.rule)
    return found


def sdxl(default: float, tuned: float, fast: float | None = None) -> dict[str, Any]:
    cells = [(SDXL, default), (TUNED, tuned), *([(FAST, fast)] if fast else [])]
    entries = [("cells", cell_entry(cell, rate)) for cell, rate in cells]
    return made(("batches", batches_entry(MLPERF_SDXL, 8)), *entries)


def test_ratios_are_held_against_their_bounds() -> None:
    told = sdxl(1.0, 1.26, 1.59)
    assert verdict("tuned at least 1.25", told).status == "pass"
    assert verdict("fast at least 1.6 times", told).status == "fail"
    assert "1.26" in verdict("tuned at least 1.25", told).figure


def test_a_ratio_is_of_one_run_alone() -> None:
    default = made(("batches", batches_entry(MLPERF_SDXL, 8)), ("cells", cell_entry(SDXL, 1.0)))
    tuned = made(("cells", cell_entry(TUNED, 9.0)))
    told = verdict("tuned at least 1.25", default, tuned)
    assert told.status == "not measured"
    assert "not in the same run" in told.why


def test_a_ratio_at_another_batch_than_the_best_does_not_count() -> None:
    told = made(
        ("batches", batches_entry(MLPERF_SDXL, 4)),
        ("cells", cell_entry(SDXL, 1.0)),
        ("cells", cell_entry(TUNED, 2.0)),
    )
    assert verdict("tuned at least 1.25", told).status == "not measured"


def test_speeds_count_on_their_card_alone() -> None:
    told = sdxl(1.0, 1.49, 2.0)
    assert verdict("tuned: at least 1.5 images/s", told).status == "fail"
    assert verdict("fast: at least 2.0 images/s", told).status == "pass"
    other = H200 | {"device": {"kind": "cuda", "name": "NVIDIA H100 80GB HBM3"}}
    told["environment"] = other
    assert verdict("tuned: at least 1.5 images/s", told).status == "not measured"


@pytest.mark.parametrize(("tflops", "status"), [(480.0, "pass"), (479.0, "fail")])
def test_flux_is_held_against_the_products_of_its_run(tflops: float, status: str) -> None:
    cell = ("cells", cell_entry(replace(FLUX_DEV, preset="tuned"), 0.3, tflops))
    told = made(cell, ("rates", rates_entry(MLPERF_SDXL, 800.0)))
    assert verdict("FLUX.1-dev", told).status == status
    without = verdict("FLUX.1-dev", made(cell))
    assert (without.status, without.why) == ("not measured", "no rate of products in the same run")


@pytest.mark.parametrize(("tflops", "status"), [(300.0, "pass"), (200.0, "fail"), (360.0, "fail")])
def test_energy_outside_of_what_is_published_is_explained(tflops: float, status: str) -> None:
    told = made(
        ("batches", batches_entry(MLPERF_SDXL, 8)), ("cells", cell_entry(SDXL, 1.0, tflops))
    )
    found = verdict("J/TFLOP", told)
    assert found.status == status
    if status == "fail":
        assert "700 W at" in found.why
        assert "slowed by power cap" in found.why


@pytest.mark.parametrize(("integrated", "status"), [(1.04, "pass"), (0.96, "pass"), (0.94, "fail")])
def test_counter_and_power_agree(integrated: float, status: str) -> None:
    told = made(("cells", cell_entry(SDXL, 1.0, integrated=integrated)))
    assert verdict("energy counter", told).status == status


@pytest.mark.parametrize(("second", "status"), [(1.029, "pass"), (0.96, "fail")])
def test_a_cell_measured_twice_is_the_same(second: float, status: str) -> None:
    told = made(
        ("cells", cell_entry(SDXL, 1.0)), ("cells", cell_entry(replace(SDXL, take=2), second))
    )
    assert verdict("measured twice", told).status == status
    assert verdict("measured twice", made(("cells", cell_entry(SDXL, 1.0)))).status == (
        "not measured"
    )


def test_a_faster_preset_wants_its_error_beside_it() -> None:
    told = sdxl(1.0, 1.5, 2.0)
    assert verdict("error against default", told).status == "not measured"
    told["honesty"] = [honesty_entry(replace(MLPERF_SDXL, preset=p), 0.01) for p in ("tuned",)]
    assert verdict("error against default", told).why == "sdxl fast"
    told["honesty"].append(honesty_entry(replace(MLPERF_SDXL, preset="fast"), 0.1))
    assert verdict("error against default", told).status == "pass"


def test_skipped_work_on_a_twin_is_not_counted() -> None:
    cached = replace(SDXL, preset="cached")
    without = cell_entry(cached, 2.0, flags=["skips_work"], roofline=None)
    assert verdict("skips work", made(("cells", without))).status == "pass"
    counted = cell_entry(cached, 2.0, flags=["skips_work"])
    assert verdict("skips work", made(("cells", counted))).status == "fail"


def test_nothing_measured_is_nothing_passed() -> None:
    statuses = {told.status for told in targets.check([made()])}
    assert statuses == {"not measured"}
