"""The growth report: its sentences carry what the data carry, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard.reports import growth
from dashboard.reports.choice import Choice
from dashboard.reports.document import Calculation, Grid, Paragraph
from dashboard.text import words
from etl.errors import InputError
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def report(grown: Path) -> Iterator[growth.GrowthReport]:
    with SnapshotReader(grown, for_export=True) as reader:
        yield growth.review(reader, Choice())


def told(report: growth.GrowthReport) -> str:
    return " ".join(growth.sentences(report, words("en")))


def test_a_made_up_history_is_called_so_first(report: growth.GrowthReport) -> None:
    assert next(growth.sentences(report, words("en"))).startswith("Simulated: this history")
    assert growth.document(report, words("zh")).finding[0].startswith("模拟")


def test_retention_is_told_with_its_interval_and_kind(report: growth.GrowthReport) -> None:
    assert "On day 1 " in told(report)
    assert "(95% interval" in told(report)
    assert told(report).count("simulated.") >= 3


def test_who_paid_is_told_with_its_interval_and_kind(report: growth.GrowthReport) -> None:
    sentence = next(s for s in growth.sentences(report, words("en")) if "of complete cohorts" in s)
    whole = report.conversion.cohorts.loc[report.conversion.cohorts["complete"]]
    payers, size = int(whole["payers"].sum()), int(whole["size"].sum())
    # Wilson's interval by hand.
    z, p = 1.959964, payers / size
    middle = (p + z * z / (2 * size)) / (1 + z * z / size)
    half = z / (1 + z * z / size) * (p * (1 - p) / size + z * z / (4 * size * size)) ** 0.5
    assert f"95% interval {middle - half:.1%} to {middle + half:.1%}" in sentence
    assert sentence.endswith(": simulated.")


def test_months_are_told_as_months(report: growth.GrowthReport) -> None:
    assert report.revenue is not None
    last = report.revenue.movements["month"].iloc[-1]
    assert f"Recurring revenue closed {last:%B %Y} at" in told(report)
    chinese = " ".join(growth.sentences(report, words("zh")))
    assert f"{last.year}年{last.month}月末" in chinese
    document = growth.document(report, words("en"))
    blocks = [block for section in document.sections for block in section.blocks]
    tables = {b.header[0]: b for b in blocks if isinstance(b, Grid)}
    for name in ("Month", "Cohort"):
        cells = [row[0] for row in tables[name].rows]
        assert all(cell.split()[0].isalpha() for cell in cells), cells
        assert tables[name].values[0][0] is not None
        assert tables[name].formats[0] == "mmmm yyyy"
    sums = next(b for b in blocks if isinstance(b, Calculation))
    assert sums.inputs[0].source == f"{last:%B %Y}"


def test_the_funnel_says_why_its_payers_are_fewer(report: growth.GrowthReport) -> None:
    sections = {s.heading: s for s in growth.document(report, words("en")).sections}
    told_there = [b.text for b in sections["How far they come"].blocks if isinstance(b, Paragraph)]
    assert len(told_there) == 1
    assert "the two shares differ" in told_there[0]


def test_cohorts_whose_intervals_meet_are_not_told_apart(report: growth.GrowthReport) -> None:
    cohorts = report.conversion.cohorts.copy()
    whole = cohorts.index[cohorts["complete"]]
    cohorts.loc[whole[0], ["conversion_rate", "low", "high"]] = [0.04, 0.03, 0.05]
    for low, high, sentence in (
        (0.02, 0.06, "are not told apart"),
        (0.06, 0.08, "paid more than"),
        (0.01, 0.02, "paid less than"),
    ):
        cohorts.loc[whole[-1], ["conversion_rate", "low", "high"]] = [(low + high) / 2, low, high]
        changed = replace(report, conversion=replace(report.conversion, cohorts=cohorts))
        assert sentence in told(changed)


def test_without_payments_no_revenue_is_told(report: growth.GrowthReport) -> None:
    alone = replace(report, revenue=None, survival=None, payments="")
    assert "No payments stand beside these events" in told(alone)
    headings = [section.heading for section in growth.document(alone, words("en")).sections]
    assert "Recurring revenue" not in headings


def test_without_a_full_cohort_no_rate_is_told(report: growth.GrowthReport) -> None:
    curves = report.retention.curves.copy()
    curves["retention_rate"] = float("nan")
    empty = replace(report, retention=replace(report.retention, curves=curves))
    assert "No cohort has had its full time yet" in told(empty)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"source": "simulated_ap"}, "perhaps you meant 'simulated_app'"),
        ({"as_of": date(2025, 1, 1)}, "leave --as-of out"),
    ],
)
def test_what_cannot_be_reported_is_answered(
    grown: Path, chosen: dict[str, Any], message: str
) -> None:
    with SnapshotReader(grown) as reader, pytest.raises(InputError, match=message):
        growth.prepare(reader, Choice(**chosen))


def test_without_a_history_the_next_step_is_said(published: Path) -> None:
    with SnapshotReader(published) as reader, pytest.raises(InputError, match="import some"):
        growth.prepare(reader, Choice())
