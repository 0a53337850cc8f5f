"""What the traces and axes of a figure hold, as an office program takes it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from dashboard.figures.theme import PALETTE

Place = float | str | None
Numbers = tuple[float | None, ...]

DAY_FORMAT = "yyyy-mm-dd"
_DAY_ZERO = pd.Timestamp("1899-12-30")
"""Day 0 of a spreadsheet's calendar."""
_TAG = re.compile(r"<[^>]*>")
_BREAK = re.compile(r"<br\s*/?>")
_MEANT = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_SIZES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "万": 1e4, "亿": 1e8, "万亿": 1e12}
"""What short numbers are short of, by what stands behind them in either language."""
_SIZE = re.compile(r"\s*(万亿|[KkMmBbTt万亿])")
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")


def plain(text: str | None) -> str:
    """Return a label of a figure without its tags."""
    said = _TAG.sub("", _BREAK.sub(" ", text or ""))
    for sign, meant in _MEANT.items():
        said = said.replace(sign, meant)
    return said.strip()


def title(axis: Any) -> str:
    """Return the title of an axis."""
    return plain(axis.title.text)


def values(column: Any) -> list[Any]:
    """Return a column of a trace as a list; empty where it has none."""
    return [] if column is None else list(column)


def is_number(column: Sequence[Any]) -> bool:
    """Return whether a column holds numbers alone (``None`` is a gap)."""
    kinds = (int, float, np.integer, np.floating)
    return all(value is None or isinstance(value, kinds) for value in column)


def number(value: Any) -> float | None:
    """Return a value as a finite number, else ``None``."""
    if value is None or isinstance(value, str):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def numbers(column: Sequence[Any]) -> Numbers:
    """Return a column as finite numbers; what is none is ``None``."""
    return tuple(map(number, column))


def days(column: Sequence[Any]) -> Numbers | None:
    """Return days and instants as a spreadsheet counts them; ``None`` where there are others."""
    found = _instants(column)
    if found is None:
        return None
    since = [at.tz_localize(None) - _DAY_ZERO for at in found]
    return tuple(None if pd.isna(span) else span / pd.Timedelta(days=1) for span in since)


def month(place: Place) -> int | None:
    """Return the months since year 0 of a day that is the first of one, else ``None``."""
    if not isinstance(place, int | float) or place % 1:
        return None
    at = date(1899, 12, 30) + timedelta(days=int(place))
    return 12 * at.year + at.month - 1 if at.day == 1 else None


def categories(column: Sequence[Any], axis: Any) -> tuple[str, ...]:
    """Return places as words: those of the axis's ticks where rows are numbered."""
    if rows := row_names(axis):
        return tuple(
            "" if value is None else rows[min(max(round(value), 0), len(rows) - 1)]
            for value in column
        )
    found = None if is_number(column) else _instants(column)
    if found is not None:
        told = axis.tickformat or ""
        are_months = "%Y" in told and not has_days(told) and all(at.day == 1 for at in found)
        return tuple(at.strftime("%Y-%m" if are_months else "%Y-%m-%d") for at in found)
    return tuple(
        plain(value) if isinstance(value, str) else "" if value is None else f"{value:g}"
        for value in column
    )


def row_names(axis: Any) -> tuple[str, ...]:
    """Return the names of an axis whose rows are numbered 0, 1, 2, …; empty for any other."""
    if axis.ticktext is None or axis.tickvals is None:
        return ()
    if [number(value) for value in axis.tickvals] != [float(n) for n in range(len(axis.tickvals))]:
        return ()
    return tuple(map(plain, axis.ticktext))


def is_bent(axis: Any) -> bool:
    """Return whether places on an axis are no values: its ticks bear numbers that bend away.

    An axis that its figure has bent by hand (a logarithm that shows zero) can be read by its tick
    texts alone, which no native chart has.
    """
    if axis.type in ("log", "date") or axis.ticktext is None or axis.tickvals is None:
        return False
    found = [_NUMBER.search(plain(text)) for text in axis.ticktext]
    places = numbers(axis.tickvals)
    if len(found) < 3 or not all(found) or None in places or row_names(axis):
        return False
    told = np.asarray([_told(hit) for hit in found if hit])
    at = np.asarray(places, dtype=float)
    fitted = np.polyval(np.polyfit(at, told, 1), at)
    return bool(np.abs(told - fitted).max() > 0.05 * max(np.ptp(told), 1e-12))


def _told(hit: re.Match[str]) -> float:
    """Return the number that a tick bears, short ones (20K, 2 万) at their full size."""
    short = _SIZE.match(hit.string, hit.end())
    size = _SIZES[short[1].lower()] if short else 1.0
    return float(hit[0].replace("−", "-").replace(",", "")) * size


def words(value: Any, axis: Any) -> str:
    """Return a place as a table tells it."""
    if isinstance(value, str):
        return plain(value)
    found = number(value)
    if found is None:
        return pd.Timestamp(value).strftime("%Y-%m-%d") if value is not None else ""
    if rows := row_names(axis):
        return rows[min(max(round(found), 0), len(rows) - 1)]
    if "%" in (axis.tickformat or ""):
        return f"{100 * found:.3g}%"
    return f"{found:,.6g}"


def errors(bars: Any, column: Sequence[Any]) -> tuple[Numbers, Numbers]:
    """Return the ends of error bars; empty where there are none."""
    if bars.array is None or bars.visible is False:
        return (), ()
    up = numbers(values(bars.array))
    down = numbers(values(bars.arrayminus)) if bars.arrayminus is not None else up
    middle = numbers(column)
    low = tuple(
        None if y is None or d is None else y - d for y, d in zip(middle, down, strict=True)
    )
    high = tuple(None if y is None or u is None else y + u for y, u in zip(middle, up, strict=True))
    return low, high


def color(trace: Any) -> str:
    """Return the colour of a trace as ``#RRGGBB``, the first where it has several."""
    line = getattr(trace, "line", None)
    for told in (
        line.color if line is not None and "lines" in (trace.mode or "lines") else None,
        trace.marker.color,
        trace.marker.line.color,
        trace.fillcolor if trace.type == "scatter" else None,
    ):
        first = told[0] if isinstance(told, tuple | list | np.ndarray) and len(told) else told
        # A hollow mark is filled with paper: its edge has the colour then.
        if isinstance(first, str) and (found := _hexadecimal(first)) not in ("", "#FFFFFF"):
            return found
    return PALETTE[0]


def colors(trace: Any) -> tuple[str, ...]:
    """Return the colour of each mark where they differ, else nothing."""
    told = trace.marker.color
    if not isinstance(told, tuple | list | np.ndarray) or is_number(list(told)):
        return ()
    found = tuple(_hexadecimal(each) or color(trace) for each in told)
    return found if len(set(found)) > 1 else ()


def has_days(tickformat: str | None) -> bool:
    """Return whether a format of dates tells days, with or without a leading zero."""
    return re.search("%-?d", tickformat or "") is not None


def office(tickformat: str | None) -> str:
    """Return a d3 format as a spreadsheet spells it."""
    told = tickformat or ""
    if "%Y" in told:
        return DAY_FORMAT if has_days(told) else "yyyy-mm"
    digits = re.search(r"\.(\d)", told)
    decimals = "." + "0" * int(digits[1]) if digits and digits[1] != "0" else ""
    if told.endswith("%"):
        return f"0{decimals}%"
    if told.endswith(("f", "d")) or told == ",":
        return f"#,##0{decimals}" if "," in told else f"0{decimals}"
    return "General"


def axis_format(tickformat: str | None, step: float | None) -> str:
    """Return how an axis writes its ticks: as the figure says, else as its step asks."""
    told = tickformat or ""
    by_step = not told or "~" in told or told == "," or told.endswith("s")
    if step is None or not by_step:
        return office(told)
    share = told.endswith("%")
    spelt = f"{step * (100 if share else 1):.10f}".rstrip("0")
    decimals = len(spelt.partition(".")[2])
    if share:
        return "0" + ("." + "0" * decimals if decimals else "") + "%"
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def round_span(low: float, high: float) -> tuple[float, float, float]:
    """Return round ends around values, and the round step between ticks (about five)."""
    if low == high:
        room = abs(low) / 10 or 1.0
        low, high = low - room, high + room
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return float(f"{first * step:.12g}"), float(f"{last * step:.12g}"), float(f"{step:.12g}")


def log_span(low: float, high: float) -> tuple[float, float, float]:
    """Return the decades around positive values, and the step between ticks, which is ten."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return 10.0**first, 10.0 ** max(last, first + 1), 10.0


def is_reversed(axis: Any) -> bool:
    """Return whether an axis runs from high to low."""
    span = axis.range
    runs_down = (
        span is not None and None not in span and is_number(span) and bool(span[0] > span[1])
    )
    return runs_down or axis.autorange == "reversed"


def _instants(column: Sequence[Any]) -> list[Any] | None:
    kinds = (datetime, np.datetime64, pd.Timestamp, str)
    if not all(isinstance(value, kinds) or hasattr(value, "isoformat") for value in column):
        return None
    if any(isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value) for value in column):
        return None
    return list(pd.to_datetime(list(column)))


def _hexadecimal(told: str) -> str:
    if re.fullmatch(r"#[0-9A-Fa-f]{6}", told):
        return told.upper()
    parts = re.fullmatch(r"rgba?\(\s*(\d+),\s*(\d+),\s*(\d+).*\)", told)
    return "#{:02X}{:02X}{:02X}".format(*map(int, parts.groups())) if parts else ""
