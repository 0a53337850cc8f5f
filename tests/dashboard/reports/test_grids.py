"""Tables of pages as tables of reports."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from dashboard.reports.grids import by_currency, by_month, cell, grid, month
from dashboard.reports.unit_economics_sums import amount_format
from dashboard.reports.xlsx import _spelt
from dashboard.tables.economics.names import amount, bare_amount
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


def test_yen_and_won_have_no_decimals_on_paper_nor_in_a_cell() -> None:
    closes = pd.DataFrame({"currency": ["KRW", "USD", "JPY"], "close": [171_900.0, 24.5, 345.0]})
    looks = {"currency": TableColumn("Currency"), "close": TableColumn("Close", "number")}
    made = by_currency(grid(Table(closes, looks), "Closes", words("en")), words("en"), 0, 1)
    assert [row[1] for row in made.rows] == ["171,900", "24.50", "345"]
    # A cell without a format of its column is written as its text.
    assert made.formats[1] == ""
    assert [_spelt(row[1]) for row in made.rows] == ["#,##0", "0.00", "0"]


def test_a_value_is_whole_where_the_unit_of_its_row_is_of_yen() -> None:
    rows = [("JPY/user/month", 344.19), ("JPY/image", 0.25), ("CNY/month", 16.25), ("months", 2.5)]
    frame = pd.DataFrame(rows, columns=pd.Index(["unit", "value"]))
    table = Table(frame, {"value": ANY, "unit": TableColumn("Unit")})
    told = [row[0] for row in grid(table, "Steps", words("en")).rows]
    assert told == ["344", "0.2500", "16.25", "2.50"]
    assert bare_amount(15.25, "JPY/user/month", words("en")) == "15"
    assert amount(15.25, "JPY", words("en")).endswith("15")


@pytest.mark.parametrize(("currency", "told"), [("JPY", "[>=10]#,##0;"), ("USD", "#,##0.00##")])
def test_a_cell_to_type_in_has_the_decimals_of_its_currency(currency: str, told: str) -> None:
    assert amount_format(f"{currency}/payer/month").startswith(told)
