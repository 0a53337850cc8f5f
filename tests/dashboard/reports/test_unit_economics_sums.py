"""A user's month in a spreadsheet: what is known is live, what is missing waits to be typed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from fixtures import small_report
from fixtures.office import convert

from dashboard.reports import xlsx
from dashboard.reports.choice import Choice
from dashboard.reports.document import Calculation, Formula, Input, Section
from dashboard.reports.live import guarded, lacking
from dashboard.reports.unit_economics import prepare
from dashboard.reports.unit_economics_sums import user_month_sums
from dashboard.studies.economics.scenario import ScenarioStudy, frozen, scenario_study
from dashboard.text import words
from etl.analytics.user_month import user_month
from etl.scenarios import store
from etl.warehouse import SnapshotReader

SHARE = 0.12
RENTED: dict[str, Any] = {
    "name": "Rented",
    "currency": "CNY",
    "as_of": "2024-06-30",
    "sourcing": "rent",
    "inputs": {
        "active_users": 100_000,
        "paying_share": 0.03,
        "net_proceeds": 40,
        "refund_rate": 0.05,
        "paid_images_per_user": 60,
        "free_images_per_user": 5,
        "hourly_price": 18,
        "images_per_second": 2,
        "utilisation": 0.4,
        "moderation_per_image": 0.002,
        "fixed_costs": 50_000,
        "cac": 30,
        "paid_churn_rate": 0.1,
    },
}
"""A scenario of which everything is assumed."""
FILED = {"evidence_kind": "disclosed", "source": "a filing"}


def given(key: str, value: float = math.nan) -> Input:
    return Input(key, key, value, str(value))


def follows(key: str, expression: str) -> Formula:
    return Formula(key, key, expression, math.nan, "")


def test_a_formula_lacks_what_an_earlier_one_lacks() -> None:
    inputs = (given("a", 1), given("b"), given("c"))
    sums = (follows("x", "{a} * 2"), follows("y", "{x} + {c}"), follows("z", "{y} / {b}"))
    assert lacking(inputs, sums) == {"x": (), "y": ("c",), "z": ("b", "c")}


def test_a_formula_that_lacks_something_shows_nothing() -> None:
    cells = {"b": "$B$2", "c": "$B$3"}
    assert guarded("1+1", (), cells) == "1+1"
    assert guarded("B2", ("b",), cells) == 'IF(ISBLANK($B$2),"",B2)'
    assert guarded("B2", ("b", "c"), cells) == 'IF(OR(ISBLANK($B$2),ISBLANK($B$3)),"",B2)'


@pytest.fixture(scope="module")
def study(published: Path) -> ScenarioStudy:
    """Return the small platform, of which nobody states the share of users who pay."""
    raw = store.load("small-platform", published)
    return scenario_study(SnapshotReader(published), frozen(raw))


def summed(study: ScenarioStudy, language: str = "en") -> Calculation:
    found = user_month_sums(study, words(language))
    assert found is not None
    return found


def test_what_is_known_has_its_value_and_what_is_missing_none(study: ScenarioStudy) -> None:
    sums = summed(study)
    inputs = {line.key: line for line in sums.inputs}
    assert [key for key, line in inputs.items() if math.isnan(line.value)] == ["paying_share"]
    assert inputs["paying_share"].evidence == ""
    assert "to be typed" in inputs["paying_share"].source
    values = {line.key: line.value for line in sums.formulas}
    assert study.month is not None
    steps = {step.name: step.value for step in study.month.evaluation.steps}
    assert values["per_payer"] == steps["contribution_per_payer"]
    assert values["break_even"] == steps["break_even_paid_conversion_rate"]
    assert math.isfinite(values["per_free"])
    assert math.isnan(values["per_user"])
    assert math.isnan(values["monthly_result"])


def of(published: Path, inputs: dict[str, Any] | None = None, **more: Any) -> ScenarioStudy:
    """Return the rented scenario with other inputs, or with parts of its own."""
    raw = {**RENTED, "inputs": {**RENTED["inputs"], **(inputs or {})}, **more}
    return scenario_study(SnapshotReader(published), frozen(raw))


def test_what_follows_from_assumptions_is_assumed(published: Path) -> None:
    sums = {line.key: line for line in summed(of(published)).inputs}
    assert {sums[key].evidence for key in ("cost_per_image", "moderation")} == {"assumed"}
    month = of(published).month
    assert month is not None
    step = month.evaluation.step("cost_per_image")
    assert step.evidence_kind == "assumed"
    assert sums["cost_per_image"].value == step.value


def test_what_follows_from_figures_alone_is_estimated(published: Path) -> None:
    told = {"moderation_per_image": {"value": 0.02, **FILED}}
    sums = {line.key: line for line in summed(of(published, told)).inputs}
    assert sums["moderation"].evidence == "estimated"
    assert sums["cost_per_image"].evidence == "assumed"


def test_a_cost_that_nobody_gave_plays_no_part(published: Path) -> None:
    inputs = {name: each for name, each in RENTED["inputs"].items() if "moderation" not in name}
    raw = {
        **RENTED,
        "inputs": {**inputs, "retry_rate": {"value": 0.1, **FILED}},
    }
    sums = summed(scenario_study(SnapshotReader(published), frozen(raw)))
    moderation = next(line for line in sums.inputs if line.key == "moderation")
    assert moderation.value == 0
    assert moderation.source == "not given: plays no part"


def test_pictures_are_counted_in_pictures_a_month(published: Path) -> None:
    sums = {line.key: line for line in summed(of(published)).inputs}
    assert sums["free_images"].unit == sums["paid_images_per_user"].unit == "pictures/month"
    assert sums["free_images"].text == "5.00"  # its unit stands beside it
    assert sums["cost_per_image"].unit == "CNY/picture"


def test_no_share_is_enough_where_a_payer_brings_no_more(published: Path) -> None:
    found = {line.key: line for line in summed(of(published, {"net_proceeds": 0})).formulas}
    assert math.isnan(found["break_even"].value)
    assert found["break_even"].text == "none"
    assert found["gained"].value < 0 < found["needed"].value
    rich = {"net_proceeds": 0, "ad_revenue_per_free_user": 2}
    found = {line.key: line for line in summed(of(published, rich)).formulas}
    assert found["break_even"].value == 0
    assert found["break_even"].text == "0.00%"


def test_an_office_program_finds_no_break_even_without_proceeds(
    published: Path, tmp_path: Path
) -> None:
    sums = summed(of(published))
    typed = (
        {"net_proceeds": 0.0},
        {"net_proceeds": 0.0, "ad_revenue_per_free_user": 2.0},
        {"net_proceeds": -3.0},
        {"net_proceeds": 80.0},
    )
    first, *others = recalculated(sums, typed, tmp_path)
    assert first["break_even"] == "none"
    assert first["monthly_result"] < 0
    given = of(published).scenario.inputs.values()
    changed = [{key: np.asarray(value) for key, value in each.items()} for each in typed]
    wanted = [user_month({**given, **each}, "rent", replaces=True) for each in changed]
    assert others[0]["break_even"] == wanted[1]["break_even_with_fixed_costs"] == 0
    assert others[1]["break_even"] == "none"
    share = float(wanted[3]["break_even_with_fixed_costs"])
    assert others[2]["break_even"] == pytest.approx(share)
    for found, steps in zip((first, *others), wanted, strict=True):
        assert found["per_payer"] == pytest.approx(float(steps["contribution_per_payer"]))


def recalculated(
    sums: Calculation, typed: Sequence[dict[str, float]], folder: Path
) -> list[dict[str, Any]]:
    """Return what an office program makes of inputs that are typed over, a file each."""
    document = replace(small_report.document("en"), sections=(Section("Month", (sums,)),))
    (folder / "as_is.xlsx").write_bytes(xlsx.render(document))
    labels = {line.key: line.label for line in (*sums.inputs, *sums.formulas)}
    files = [folder / f"typed_{place}.xlsx" for place in range(len(typed))]
    for file, values in zip(files, typed, strict=True):
        book = openpyxl.load_workbook(folder / "as_is.xlsx")
        sheet: Any = book["Month"]
        rows = {row[0].value: row for row in sheet.iter_rows()}
        for key, value in values.items():
            rows[labels[key]][1].value = value
        book.save(file)
    out = folder / "out"
    out.mkdir()
    return [read(file, labels) for file in convert(files, "xlsx", out)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_office_program_follows_what_is_typed(
    study: ScenarioStudy, tmp_path: Path, language: str
) -> None:
    sums = summed(study, language)
    document = replace(small_report.document("en"), sections=(Section("Month", (sums,)),))
    (tmp_path / "as_is.xlsx").write_bytes(xlsx.render(document))
    book = openpyxl.load_workbook(tmp_path / "as_is.xlsx")
    sheet: Any = book["Month"]
    rows = {row[0].value: row for row in sheet.iter_rows()}
    labels = {line.key: line.label for line in (*sums.inputs, *sums.formulas)}
    assert rows[labels["paying_share"]][1].value is None
    rows[labels["paying_share"]][1].value = SHARE
    book.save(tmp_path / "typed.xlsx")
    out = tmp_path / "out"
    out.mkdir()
    files = [tmp_path / "as_is.xlsx", tmp_path / "typed.xlsx"]
    before, after = (read(file, labels) for file in convert(files, "xlsx", out))
    assert before["per_user"] in (None, "")
    assert before["monthly_result"] in (None, "")
    v = {**study.scenario.inputs.values(), "paying_share": SHARE}
    wanted = user_month(v, study.scenario.document.sourcing)
    for found in (before, after):
        assert found["per_payer"] == pytest.approx(float(wanted["contribution_per_payer"]))
        share = float(wanted["break_even_with_fixed_costs"])
        assert found["break_even"] == pytest.approx(share)
    assert after["per_user"] == pytest.approx(float(wanted["contribution_per_user"]))
    month = float(wanted["result_per_user"]) * float(v["active_users"])
    assert after["monthly_result"] == pytest.approx(month)


def read(file: Path, labels: dict[str, str]) -> dict[str, Any]:
    sheet: Any = openpyxl.load_workbook(file, data_only=True)["Month"]
    values = {row[0].value: row[1].value for row in sheet.iter_rows()}
    return {key: values[label] for key, label in labels.items()}


def test_the_report_of_the_small_platform_bears_the_calculation(published: Path) -> None:
    report = prepare(SnapshotReader(published, for_export=True), Choice(scenario="small-platform"))
    document = report.document(words("en"))
    blocks = [block for section in document.sections for block in section.blocks]
    (sums,) = [block for block in blocks if isinstance(block, Calculation)]
    assert "per_payer" in {line.key for line in sums.formulas}
