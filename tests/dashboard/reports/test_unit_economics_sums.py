"""A user's month in a spreadsheet: what is known is live, what is missing waits to be typed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

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
