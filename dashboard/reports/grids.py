"""Tables of pages as tables of reports: the same frame, set in type, its values kept beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from babel.numbers import get_currency_precision

from dashboard.reports.document import Grid
from dashboard.tables.table import Table, TableColumn
from dashboard.text import MISSING, Words, money_digits

_NUMERIC = ("integer", "number", "any", "percent")
_PERCENT_DIGITS, _ANY_DIGITS = 1, 4
_UNITS = ("unit", "unit_told", "in_unit")
"""Columns that hold the unit of their row."""
_MONEY = re.compile(r"[A-Z]{3}(?=/|$)")


def grid(
    table: Table, caption: str, words: Words, columns: Sequence[str] = (), rows: int = 0
) -> Grid:
    """Return a table of a page as a table of a report.

    Parameters
    ----------
    table
        The table.
    caption
        What it shows, with its evidence kind.
    words
        The language.
    columns
        Which of its columns, in this order; all by default.
    rows
        Show only so many rows, from the top; the caption then says how many there are. A
        spreadsheet has all of them.
    """
    looks = {name: table.columns[name] for name in (columns or table.columns)}
    frame = table.frame.loc[:, list(looks)]
    whole = _grid(frame, looks, caption, words)
    if not 0 < rows < len(frame):
        return whole
    told = words.t("the first {n} of {all}", n=words.number(rows, digits=0), all=len(frame))
    first = whole.rows[:rows], whole.values[:rows]
    caption = words.noted(caption, told)
    return replace(whole, caption=caption, rows=first[0], values=first[1], whole=whole)


def _grid(frame: Any, looks: Mapping[str, TableColumn], caption: str, words: Words) -> Grid:
    records: Any = list(frame.itertuples(index=False, name=None))
    return Grid(
        caption=caption,
        header=tuple(look.label for look in looks.values()),
        rows=tuple(
            tuple(
                cell(value, look, words, _currency(row, looks))
                for value, look in zip(row, looks.values(), strict=True)
            )
            for row in records
        ),
        numeric=tuple(look.kind in _NUMERIC for look in looks.values()),
        values=tuple(
            tuple(_value(value, look) for value, look in zip(row, looks.values(), strict=True))
            for row in records
        ),
        formats=tuple(map(_format, looks.values())),
    )


def month(day: Any, words: Words) -> str:
    """Write the month of a day, for example July 2025."""
    at: Any = pd.Timestamp(day)
    return MISSING if _is_missing(day) else words.month(at.date())


def by_month(table: Grid, words: Words, column: int = 0) -> Grid:
    """Return a table in which the days of a column, each the first of its month, are months."""

    def told(row: tuple[str, ...], values: tuple[object, ...]) -> tuple[str, ...]:
        return (*row[:column], month(values[column], words), *row[column + 1 :])

    rows = tuple(told(row, values) for row, values in zip(table.rows, table.values, strict=True))
    spelt = {"en": "mmmm yyyy", "zh": 'yyyy"年"m"月"'}[words.language]
    formats = (*table.formats[:column], spelt, *table.formats[column + 1 :])
    whole = None if table.whole is None else by_month(table.whole, words, column)
    return replace(table, rows=rows, formats=formats, whole=whole)


def by_currency(table: Grid, words: Words, currency: int, amount: int) -> Grid:
    """Return a table with a column of amounts in the decimals of each row's currency.

    Yen and won have none. A spreadsheet writes each cell as its text does.
    """

    def told(row: tuple[str, ...], values: tuple[object, ...]) -> tuple[str, ...]:
        value: Any = values[amount]
        if value is None:
            return row
        written = words.number(value, digits=get_currency_precision(row[currency]))
        return (*row[:amount], written, *row[amount + 1 :])

    rows = tuple(told(row, values) for row, values in zip(table.rows, table.values, strict=True))
    whole = None if table.whole is None else by_currency(table.whole, words, currency, amount)
    formats = (*table.formats[:amount], "", *table.formats[amount + 1 :])
    return replace(table, rows=rows, formats=formats, whole=whole)


def calculation_header(words: Words) -> tuple[str, str, str, str, str]:
    """Return the words above a calculation: see :class:`dashboard.reports.document.Calculation`."""
    return (
        words.t("What"),
        words.t("Value"),
        words.t("Unit"),
        words.t("Evidence"),
        words.t("Source or formula"),
    )


def _currency(row: Sequence[Any], looks: Mapping[str, TableColumn]) -> str:
    """Return the currency that the unit of a row begins with; empty where it is of another kind."""
    units = (str(value) for value, name in zip(row, looks, strict=True) if name in _UNITS)
    return next((found[0] for unit in units if (found := _MONEY.match(unit))), "")


def cell(value: Any, look: TableColumn, words: Words, currency: str = "") -> str:
    """Return a value as its column writes it, amounts of any unit in the decimals of ``currency``.

    A missing one is a dash.
    """
    if _is_missing(value):
        return MISSING
    match look.kind:
        case "integer":
            return words.number(value, digits=0)
        case "number":
            return words.number(value, digits=look.digits)
        case "any":
            digits = _digits(value)
            return words.number(
                value, digits=money_digits(value, currency, digits) if currency else digits
            )
        case "percent":
            write = words.signed_percent if look.signed else words.percent
            return write(value, digits=_PERCENT_DIGITS)
        case "date":
            return value if isinstance(value, str) else words.date(value)
        case "instant":
            return words.instant(value)
        case "check":
            return words.t("Yes") if value else words.t("No")
        case "text" | "state" | "wide" | "link":
            return str(value)


def _value(value: Any, look: TableColumn) -> object:
    """Return what a spreadsheet calculates with; ``None`` where the text is all there is."""
    if isinstance(value, str) or _is_missing(value):
        return None
    if look.kind in _NUMERIC:
        return float(value)
    if look.kind in ("date", "instant"):
        at = pd.Timestamp(value)
        return at.date() if look.kind == "date" else at.to_pydatetime()
    return None


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _digits(value: float) -> int:
    """Return the decimals of a number by its size: cents from one on, none from a thousand on."""
    size = abs(value)
    return 0 if size >= 1_000 else 2 if size >= 1 else _ANY_DIGITS


def _format(look: TableColumn) -> str:
    match look.kind:
        case "integer":
            return "#,##0"
        case "number":
            return "#,##0." + "0" * look.digits if look.digits else "#,##0"
        case "percent":
            return "+0.0%;-0.0%" if look.signed else "0.0%"
        case "date":
            return "yyyy-mm-dd"
        case "instant":
            return "yyyy-mm-dd hh:mm"
        case _:
            return ""
