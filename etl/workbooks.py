"""A frame as a workbook: a sheet of values and a sheet that says where they come from.

Text is only ever written as text, and what a spreadsheet would run is made harmless.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING, Any

from etl.errors import InputError
from etl.spreadsheets import harmless_text

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS = 1_048_575
"""Rows below the headings that a sheet can hold."""
MAX_COLUMNS = 16_384
MAX_SIGNS = 32_767
"""Signs that a cell can hold."""
_EXACT = 2**53
"""Whole numbers from here on are not exact in a spreadsheet: they are written as text."""
_FIRST_YEAR = 1900
_WIDTHS = (9, 42)
_LOOKED_AT = 200
"""Rows that say how wide a column is to be."""


@dataclass(frozen=True)
class ColumnNote:
    """What is known about a column: its raw name, its heading, its unit and what it means."""

    name: str
    label: str = ""
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class About:
    """What stands beside the values.

    Attributes
    ----------
    facts
        Names and values, in order; one name may come several times.
    columns
        The columns of the frame.
    created
        The instant that the file bears (UTC): that of the data, so that equal data give equal
        bytes.
    sheets
        Names of the sheet of values and of the other one.
    header
        Headings of the list of columns: column, heading, unit, meaning.
    cut
        Said where text was cut to what a cell can hold.
    """

    facts: Sequence[tuple[str, str]]
    columns: Sequence[ColumnNote]
    created: datetime
    sheets: tuple[str, str] = ("Data", "Provenance")
    header: tuple[str, str, str, str] = ("Column", "Heading", "Unit", "Meaning")
    cut: str = "Text longer than a cell can hold was cut."


def workbook(frame: pd.DataFrame, about: About) -> bytes:
    """Return an XLSX of a frame under its raw names, with a sheet that says what it is.

    Missing values are empty cells; infinities, and whole numbers too large to be exact, are text;
    instants are UTC.

    Raises
    ------
    InputError
        If a sheet cannot hold so much (``TOO_LARGE``).
    """
    import xlsxwriter

    _require_room(frame)
    file = BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": about.created.astimezone(UTC).replace(tzinfo=None)})
    writer = _Writer(book)
    writer.values(book.add_worksheet(about.sheets[0]), frame)
    writer.about(book.add_worksheet(about.sheets[1]), about)
    book.close()
    return file.getvalue()


def _require_room(frame: pd.DataFrame) -> None:
    n_rows, n_columns = frame.shape
    if n_rows > MAX_ROWS or n_columns > MAX_COLUMNS:
        raise InputError(
            f"got {n_rows:,} rows of {n_columns:,} columns",
            f"at most {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns, which a sheet holds",
            "take CSV or Parquet, or fewer rows",
            code="TOO_LARGE",
        )


class _Writer:
    """The cells of one workbook, and whether any text had to be cut."""

    def __init__(self, book: Any) -> None:
        self.bold = book.add_format({"bold": True, "bottom": 1})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.was_cut = False

    def values(self, sheet: Any, frame: pd.DataFrame) -> None:
        """Write the frame, its headings fixed above it."""
        for place, name in enumerate(frame.columns):
            self.text(sheet, 0, place, str(name), self.bold)
            column = frame.iloc[:, place]
            shown = [len(str(value)) for value in column.iloc[:_LOOKED_AT]]
            sheet.set_column(place, place, _width([len(str(name)), *shown]))
            for row, value in enumerate(column.array, 1):
                self.value(sheet, row, place, value)
        sheet.freeze_panes(1, 0)
        if len(frame) and len(frame.columns):
            sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)

    def about(self, sheet: Any, about: About) -> None:
        """Write the facts and below them the columns."""
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 3, 45)
        facts = [*about.facts, *([("!", about.cut)] if self.was_cut else [])]
        for row, (name, told) in enumerate(facts):
            self.text(sheet, row, 0, name, self.wrapped)
            self.text(sheet, row, 1, told, self.wrapped)
        row = len(facts) + 1
        for place, name in enumerate(about.header):
            self.text(sheet, row, place, name, self.bold)
        for line, note in enumerate(about.columns, row + 1):
            for place, told in enumerate((note.name, note.label, note.unit, note.meaning)):
                self.text(sheet, line, place, told, self.wrapped)

    def value(self, sheet: Any, row: int, place: int, value: Any) -> None:
        """Write one value as what it is; nothing where it is missing."""
        value = value.item() if hasattr(value, "item") else value
        if _is_missing(value):
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif isinstance(value, int | float | Decimal):
            self._number(sheet, row, place, value)
        elif isinstance(value, date) and value.year >= _FIRST_YEAR:  # an instant is a date too
            is_instant = isinstance(value, datetime) and not _is_day(value)
            sheet.write_datetime(
                row, place, _naive(value), self.instant if is_instant else self.day
            )
        else:
            self.text(sheet, row, place, str(value))

    def _number(self, sheet: Any, row: int, place: int, value: float | Decimal) -> None:
        exact = not isinstance(value, int) or abs(value) < _EXACT
        if math.isfinite(value) and exact:
            sheet.write_number(row, place, float(value))
        else:
            self.text(sheet, row, place, str(value))

    def text(self, sheet: Any, row: int, place: int, text: str, look: Any = None) -> None:
        """Write text, made harmless, and cut to what a cell can hold."""
        shown = harmless_text(text)
        if len(shown) > MAX_SIGNS:
            shown, self.was_cut = shown[:MAX_SIGNS], True
        sheet.write_string(row, place, shown, look)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ == "NAType":
        return True
    return not hasattr(value, "__len__") and bool(value != value)


def _is_day(value: datetime) -> bool:
    return value.tzinfo is None and value == value.replace(
        hour=0, minute=0, second=0, microsecond=0
    )


def _naive(value: date) -> date:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _width(n_signs: Sequence[int]) -> int:
    low, high = _WIDTHS
    return min(high, max(low, *n_signs) + 2)
