"""What leaves as a table for spreadsheets: text that a spreadsheet would run is made harmless."""

from __future__ import annotations

from typing import Any

import pandas as pd

_RUN = ("=", "+", "-", "@", "\t", "\r")


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with an apostrophe before text that a spreadsheet would take for a formula.

    Cells and headings that begin with ``=``, ``+``, ``-``, ``@``, a tabulator or a carriage return
    are meant, unless they are numbers. Stored values are not touched: this is for CSV and
    spreadsheets alone.
    """
    shown: Any = frame.rename(columns=_cell)
    for place, kind in enumerate(shown.dtypes):
        if pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind):
            column = shown.iloc[:, place].map(_cell, na_action="ignore")
            shown.isetitem(place, column)
    return shown


def harmless_text(text: str) -> str:
    """Return ``text`` with an apostrophe before it where a spreadsheet would run it."""
    return _cell(text)


def _cell(value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith(_RUN) or _is_number(value):
        return value
    return f"'{value}"


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
