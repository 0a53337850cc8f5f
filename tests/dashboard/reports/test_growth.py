"""The growth report: its sentences carry what the data carry, and no more."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard.reports import growth
from dashboard.reports.choice import Choice
from dashboard.reports.document import Calculation, Grid, Paragraph, Points
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
    assert "On day 1, " in told(report)
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


def test_the_funnel_says_why_its_payers_are_fewer(report: growth.GrowthReport) -> None:
    sections = {s.heading: s for s in growth.document(report, words("en")).sections}
    told_there = [b.text for b in sections["How far they come"].blocks if isinstance(b, Paragraph)]
    assert len(told_there) == 1
    assert "the two shares differ" in told_there[0]


@pytest.mark.parametrize(
    ("payers", "sentence"),
    [
        # Wilson's intervals meet (4.2% to 5.8% and 3.0% to 4.4%), the test still tells them apart.
        (110, "paid less than"),
        (150, "are not told apart at 5%"),
        (200, "paid more than"),
    ],
)
def test_two_cohorts_are_compared_by_their_difference(
    report: growth.GrowthReport, payers: int, sentence: str
) -> None:
    cohorts: Any = report.conversion.cohorts.copy()
    first, *_, last = cohorts.index[cohorts["complete"]]
    cohorts.loc[[first, last], "size"] = 3_000
    cohorts.loc[first, "payers"], cohorts.loc[last, "payers"] = 148, payers
    found = told(replace(report, conversion=replace(report.conversion, cohorts=cohorts)))
    assert sentence in found
    # The pooled test and Newcombe's interval by hand.
    z, a, b, n = 1.959964, payers / 3_000, 148 / 3_000, 3_000
    middle = (a + b) / 2
    p = math.erfc(abs(a - b) / math.sqrt(2 * middle * (1 - middle) / n) / math.sqrt(2))
    (a_low, a_high), (b_low, b_high) = (
        [
            (x + z * z / (2 * n) + way * z * math.sqrt(x * (1 - x) / n + z * z / (4 * n * n)))
            / (1 + z * z / n)
            for way in (-1, 1)
        ]
        for x in (a, b)
    )
    low = 100 * (a - b - math.hypot(a - a_low, b_high - b))
    high = 100 * (a - b + math.hypot(a_high - a, b - b_low))
    ends = [f"{end:+.1f}".replace("-", "−") for end in (low, high)]
    assert f"(95% interval {ends[0]} to {ends[1]}; pooled z test, p {p:.3f})" in found


def test_few_payers_are_compared_exactly(report: growth.GrowthReport) -> None:
    cohorts: Any = report.conversion.cohorts.copy()
    first, *_, last = cohorts.index[cohorts["complete"]]
    cohorts.loc[[first, last], "size"] = 40
    cohorts.loc[first, "payers"], cohorts.loc[last, "payers"] = 1, 4
    found = told(replace(report, conversion=replace(report.conversion, cohorts=cohorts)))
    assert "Fisher's exact test, p 0.359" in found


def test_what_a_payer_is_worth_names_its_terms_and_its_interval(
    report: growth.GrowthReport,
) -> None:
    sections = {s.heading: s for s in growth.document(report, words("en")).sections}
    blocks = sections["What a payer is worth"].blocks
    (sums,) = [b for b in blocks if isinstance(b, Calculation)]
    for part in ("over 24 payments", "the first at once", "discounted at 10% a year", "simulated"):
        assert part in sums.caption
    low, value, high = (
        next(f.value for f in sums.formulas if f.key == f"ltv{end}_usd")
        for end in ("_low", "", "_high")
    )
    assert low < value < high
    told_there = [item for b in blocks if isinstance(b, Points) for item in b.items]
    assert any(item.startswith("pro_annual: no lifetime value is told") for item in told_there)


def test_two_numbers_of_users_are_reconciled(report: growth.GrowthReport) -> None:
    sections = {s.heading: s for s in growth.document(report, words("en")).sections}
    (line,) = [b.text for b in sections["Who pays"].blocks if isinstance(b, Paragraph)]
    cohorts: Any = report.conversion.cohorts
    segments: Any = report.conversion.segments
    by_cohort = cohorts.loc[cohorts["complete"], "size"].sum()
    by_day = segments.loc[segments["attribute"] == "platform", "size"].sum()
    assert f"{by_cohort:,} users" in line
    assert f"{by_day:,} users" in line


def test_yen_have_no_cents(report: growth.GrowthReport) -> None:
    sections = {s.heading: s for s in growth.document(report, words("en")).sections}
    money = next(
        b
        for b in sections["Recurring revenue"].blocks
        if isinstance(b, Grid) and b.header[0] == "Currency"
    )
    amounts = {row[0]: row[3] for row in money.rows}
    assert "." not in amounts["JPY"]
    assert amounts["USD"][-3] == "."


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
