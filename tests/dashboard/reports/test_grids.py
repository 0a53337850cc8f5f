"""Tables of pages as tables of reports."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from dashboard.reports.grids import by_month, cell, grid, month
from dashboard.tables.table import Table, TableColumn
from dashboard.text import words

ANY = TableColumn("Value", "any")


@pytest.mark.parametrize(
    ("value", "told"),
    [(8.70508, "8.71"), (123.456, "123.46"), (17_123_456.0, "17,123,456"), (0.01234, "0.0123")],
)
def test_a_number_is_rounded_once(value: float, told: str) -> None:
    assert cell(value, ANY, words("en")) == told
    assert cell(value, ANY, words("en")) == words("en").number(
        value, digits=len(told.partition(".")[2])
    )


def test_the_first_rows_know_the_whole_table() -> None:
    table = Table(pd.DataFrame({"value": range(30)}), {"value": ANY})
    first = grid(table, "All", words("en"), rows=10)
    assert first.caption == "All (the first 10 of 30)"
    assert len(first.rows) == 10
    assert first.whole is not None
    assert (first.whole.caption, len(first.whole.rows)) == ("All", 30)
    assert grid(table, "All", words("en"), rows=30).whole is None


def test_a_day_that_is_only_told_in_words_is_no_value() -> None:
    days = pd.Series([date(2026, 1, 2), "collected on 3 Jan 2026"], dtype=object)
    table = Table(pd.DataFrame({"day": days}), {"day": TableColumn("Day", "date")})
    made = grid(table, "Days", words("en"))
    assert made.rows == (("2 Jan 2026",), ("collected on 3 Jan 2026",))
    assert made.values == ((date(2026, 1, 2),), (None,))


@pytest.mark.parametrize(("language", "told"), [("en", "July 2025"), ("zh", "2025年7月")])
def test_a_month_is_no_day(language: str, told: str) -> None:
    said = words(language)
    assert month(date(2025, 7, 1), said) == told
    table = Table(
        pd.DataFrame({"month": [pd.Timestamp(2025, 7, 1)] * 3, "n": [1, 2, 3]}),
        {"month": TableColumn("Month", "date"), "n": TableColumn("n", "integer")},
    )
    made = by_month(grid(table, "Months", said, rows=2), said)
    assert made.rows[0] == (told, "1")
    assert made.values[0][0] == date(2025, 7, 1)
    assert made.whole is not None
    assert made.whole.rows[2] == (told, "3")
