"""Measured runs of the generator as inputs of a scenario."""

from __future__ import annotations

from typing import Any

import pytest

from etl.errors import InputError

from .conftest import Resolve

CELL = "tiny-shapes/txt2img/default/b4/native/card-steps/real"
DAY = "2026-11-29"


def test_a_measured_cell_brings_its_speed_with_interval_day_and_device(
    resolve: Resolve, bundled
) -> None:
    row = bundled.query("SELECT * FROM compute_benchmarks WHERE cell = ?", (CELL,)).iloc[0]
    for told in ({"cell": CELL}, {"cell": CELL, "device": row["device_name"]}):
        inputs = resolve({"images_per_second": {"measured": told}}, as_of=DAY).inputs.given
        found = inputs["images_per_second"]
        assert (found.value, *found.ends) == (
            row["images_per_second"],
            row["images_per_second_low"],
            row["images_per_second_high"],
        )
        assert (found.unit, found.evidence_kind) == ("images/second", "measured")
        assert found.as_of == row["measured_at"].date()
        assert CELL in found.source
        assert row["device_name"] in found.source


def test_a_run_is_named_where_several_have_the_cell(resolve: Resolve, bundled) -> None:
    run = bundled.query("SELECT bench_run_id AS r FROM compute_benchmarks LIMIT 1")["r"].iloc[0]
    told = {"measured": {"cell": CELL, "run": run}}
    found = resolve({"images_per_second": told}, as_of=DAY).inputs.given["images_per_second"]
    assert run in found.source


@pytest.mark.parametrize(
    ("name", "told", "day", "error"),
    [
        ("images_per_second", {"cell": CELL.replace("b4", "b5")}, DAY, "perhaps you meant tiny-"),
        ("images_per_second", {"cell": CELL, "device": "NVIDIA H200"}, DAY, "unknown measured dev"),
        ("images_per_second", {"cell": CELL, "run": "x"}, DAY, "unknown measured run"),
        ("images_per_second", {"cell": CELL}, "2026-01-31", "measured after the day"),
        ("joules_per_image", {"cell": CELL}, DAY, "has no joules_per_image: a CPU has no energy"),
        ("idle_watts", {"cell": CELL}, DAY, "has no idle_watts"),
        ("utilisation", {"cell": CELL}, DAY, "one of images_per_second, joules_per_image"),
        ("images_per_second", {"cel": CELL}, DAY, "perhaps you meant cell"),
    ],
)
def test_what_no_run_tells_is_an_error_that_says_what_is_near(
    resolve: Resolve, name: str, told: dict[str, Any], day: str, error: str
) -> None:
    with pytest.raises(InputError) as fault:
        resolve({name: {"measured": told}}, as_of=day)
    assert error in str(fault.value)


def test_no_ready_case_takes_the_cost_of_a_toy() -> None:
    from importlib import resources

    cases = [file for file in (resources.files("etl") / "scenarios" / "cases").iterdir()]
    told = {case.name: case.read_text("utf-8") for case in cases if case.name.endswith(".yml")}
    assert len(told) > 3
    toys = ("emoji-64", "tiny-shapes")
    assert [name for name, text in told.items() if any(toy in text for toy in toys)] == []
