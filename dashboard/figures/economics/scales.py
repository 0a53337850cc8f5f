"""Numbers on axes and at marks: how a unit is written, where ticks stand, room for labels."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from babel.numbers import format_compact_decimal

from dashboard.text import MISSING, Words

NARROW_PLOT_PX = 200
"""Width of the plot itself on a page of 400 pixels, by which labels are given room."""

_COLUMN_PX = 6.6
_PERIODS = ("day", "month")
_LARGEST_IN_FULL = 100_000
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Axis:
    """What an axis shows.

    Attributes
    ----------
    title
        Its name in the reader's language, without the unit.
    unit
        ``ratio``, ``count``, ``seconds``, an ISO currency code, one of these ``/day`` or
        ``/month``, or any other unit in the reader's language.
    log
        Whether it is logarithmic.
    """

    title: str
    unit: str = "count"
    log: bool = False

    def heading(self, said: Words) -> str:
        """Return the title with its unit."""
        unit = unit_name(said, self.unit)
        return said.t("{what} ({unit})", what=self.title, unit=unit) if unit else self.title


def values(frame: pd.DataFrame, name: str, *, optional: bool = False) -> np.ndarray:
    """Return a column as floats, NaN where it is missing or not finite.

    Raises
    ------
    ValueError
        If the column is absent and not ``optional``.
    """
    if name not in frame:
        if optional:
            return np.full(len(frame), np.nan)
        raise ValueError(f"got the columns {', '.join(map(str, frame))}; expected {name}")
    column: Any = pd.to_numeric(frame[name], errors="coerce")
    found = column.to_numpy(dtype=float)
    return np.where(np.isfinite(found), found, np.nan)


def is_money(unit: str) -> bool:
    """Return whether a unit is an ISO currency code, alone or per something."""
    return bool(re.fullmatch(r"[A-Z]{3}(/.+)?", unit))


def bare(unit: str) -> str:
    """Return a unit without the day or month that it is per."""
    return re.sub(r"/(day|month)$", "", unit)


def unit_name(said: Words, unit: str) -> str:
    """Return how a unit is called beside the name of an axis; a bare count has none."""
    what, _, period = unit.partition("/")
    what = {"ratio": "%", "count": "", "seconds": said.t("seconds")}.get(what, what)
    return unit if period and period not in _PERIODS else _per(said, what, period).strip()


def write(said: Words, value: Any, unit: str = "count", *, signed: bool = False) -> str:
    """Write a value with its unit, with as many decimals as its size asks for.

    A missing value is a dash. ``signed`` puts a plus before what is above zero.
    """
    if value is None or not np.isfinite(value):
        return MISSING
    value = float(value) + 0.0  # no minus before zero
    kind, _, period = unit.partition("/")
    period = period.rpartition("/")[2]
    if kind == "ratio":
        text = said.percent(value, digits=_percent_digits(value))
    elif is_money(unit):
        text = said.money(_rounded(value), kind, digits=_money_digits(value))
    elif kind == "count":
        text = short(said, value)
    elif kind == "seconds":
        text = said.t("{n} s", n=short(said, value))
    else:
        return f"{'+' if signed and value > 0 else ''}{short(said, value)} {unit}"
    text = f"+{text}" if signed and value > 0 else text
    return _per(said, text, period)


def short(said: Words, value: float) -> str:
    """Write a number in full up to a hundred thousand, beyond in thousands or millions (万, 亿)."""
    if abs(value) >= _LARGEST_IN_FULL:
        text = format_compact_decimal(value, locale=said.locale, fraction_digits=1)
        return text.replace("-", "−")
    return said.number(value, digits=_decimals(value, 3))


def people(said: Words, value: float) -> str:
    """Write a number of people, whole from ten on: parts of a person would feign precision."""
    return write(said, round(value) if np.isfinite(value) and value >= 10 else value)


def log_axis(said: Words, shown: Any, unit: str) -> dict[str, Any]:
    """Return the settings of a logarithmic axis over the values above zero in ``shown``."""
    found = np.asarray(shown, dtype=float)
    found = found[np.isfinite(found) & (found > 0)]
    if not found.size:
        return {"type": "log"}
    low, high = np.log10(found.min()), np.log10(found.max())
    room = max(0.06 * (high - low), 0.08)
    ticks = log_ticks(10 ** (low - room), 10 ** (high + room))
    return {
        "type": "log",
        "range": [low - room, high + room],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [tick_text(said, tick, unit) for tick in ticks],
    }


def log_ticks(low: float, high: float) -> list[float]:
    """Return between two and about nine round numbers from ``low`` to ``high`` (both above zero).

    Whole decades, or 1–2–5 steps where there are few.
    """
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        found = [float(f"{step * 10.0**d:.3g}") for d in decades for step in steps]
        found = [tick for tick in found if low * 0.999 <= tick <= high * 1.001]
        if len(found) >= 4:
            return found[:: -(-len(found) // 9)]
    return [float(f"{end:.3g}") for end in np.linspace(low, high, 4)]


def linear_axis(said: Words, low: float, high: float, unit: str) -> dict[str, Any]:
    """Return the settings of a linear axis from ``low`` to ``high``, its ticks written as words.

    Round numbers stand at the ticks; plotly would write 20k, which no Chinese reader does.
    """
    settings: dict[str, Any] = {"range": [low, high], "tickangle": 0}
    if unit.startswith("ratio"):
        return {**settings, "tickformat": ".2~%", "nticks": 5}
    if max(abs(low), abs(high)) < 10_000:
        return {**settings, "tickformat": ",", "nticks": 6}
    ticks = _round_ticks(low, high)
    texts = [tick_text(said, tick, unit) for tick in ticks]
    return {**settings, "tickmode": "array", "tickvals": ticks, "ticktext": texts}


def tick_text(said: Words, value: float, unit: str) -> str:
    """Write a value at a tick: its unit stands in the title of the axis."""
    if unit.startswith("ratio"):
        return said.percent(value, digits=_percent_digits(value))
    if abs(value) >= 10_000:
        text = format_compact_decimal(value, locale=said.locale, fraction_digits=2)
        return text.replace("-", "−")
    # A tick like 0.0002 is given all its decimals and 20 none.
    decimals = f"{abs(value):.10f}".rstrip("0").partition(".")[2]
    return said.number(value, digits=len(decimals))


def label_px(texts: Sequence[str]) -> float:
    """Return the width in pixels of the widest line of the texts, tags and signs considered."""
    lines = [line for text in texts for line in re.split(r"<br>", text)]
    return max((_columns(_TAG.sub("", line)) * _COLUMN_PX for line in lines), default=0) + 12


def with_room(
    low: float, high: float, left_px: float = 0, right_px: float = 0, plot_px: int = NARROW_PLOT_PX
) -> tuple[float, float]:
    """Return a range in which labels of these widths stand left of ``low`` and right of ``high``.

    A range of no width is widened first.
    """
    if high <= low:
        half = abs(low) / 2 or 0.5
        low, high = low - half, high + half
    left, right = left_px / plot_px, right_px / plot_px
    crowded = max(1.0, (left + right) / 0.7)
    left, right = left / crowded, right / crowded
    span = (high - low) / (1 - left - right)
    return low - left * span, high + right * span


def lanes(
    centres: Sequence[float], texts: Sequence[str], plot_px: int = NARROW_PLOT_PX
) -> list[int]:
    """Return the lane (0 first) of each label so that no two in a lane overlap.

    Parameters
    ----------
    centres
        Where the labels are centred, as shares of the width of the plot.
    """
    halves = [label_px([text]) / plot_px / 2 for text in texts]
    taken: list[list[tuple[float, float]]] = []
    found = [0] * len(texts)
    for place in sorted(range(len(texts)), key=lambda i: centres[i]):
        own = (centres[place] - halves[place], centres[place] + halves[place])
        lane = next(
            (n for n, ends in enumerate(taken) if all(own[0] >= end for _, end in ends)),
            len(taken),
        )
        if lane == len(taken):
            taken.append([])
        taken[lane].append(own)
        found[place] = lane
    return found


def crossings(x: np.ndarray, one: np.ndarray, other: np.ndarray) -> list[tuple[float, float]]:
    """Return where two broken lines over the same ``x`` meet, ``x`` and height of each.

    Lines that run together for a stretch meet at its first point.
    """
    gap = one - other
    found: list[tuple[float, float]] = []
    for i in range(len(x)):
        if gap[i] == 0 and (i == 0 or gap[i - 1] != 0):
            found.append((float(x[i]), float(one[i])))
        elif i and gap[i - 1] * gap[i] < 0:
            part = gap[i - 1] / (gap[i - 1] - gap[i])
            height = one[i - 1] + part * (one[i] - one[i - 1])
            found.append((float(x[i - 1] + part * (x[i] - x[i - 1])), float(height)))
    return found


def is_calendar(months: Any) -> bool:
    """Return whether months are dates (and not numbers counted from the first)."""
    return not pd.api.types.is_numeric_dtype(months)


def month_text(said: Words, month: Any) -> str:
    """Write a month: a date as year and month, a number as the how-manieth it is."""
    if isinstance(month, int | float | np.integer | np.floating):
        return said.t("month {n}", n=said.number(float(month), digits=0))
    return f"{pd.Timestamp(month):%Y-%m}"


def _per(said: Words, amount: str, period: str) -> str:
    whole = {
        "day": said.t("{amount} a day", amount=amount),
        "month": said.t("{amount} a month", amount=amount),
    }
    return whole.get(period, amount)


def _decimals(value: float, figures: int) -> int:
    """Return how many decimals a value needs that is rounded to so many figures."""
    exponent = int(np.floor(np.log10(abs(value)))) if value else 0
    rounded = round(abs(value), max(0, figures - 1 - exponent))
    return min(10, len(f"{rounded:.12f}".rstrip("0").partition(".")[2]))


def _money_digits(amount: float) -> int:
    """Return two decimals as money has, none where it is large, more where it is tiny."""
    size = abs(amount)
    if size >= 1_000 or size == 0:
        return 0
    return 2 if size >= 0.1 else max(2, _decimals(amount, 2))


def _rounded(amount: float) -> float:
    """Return an amount with four figures where it is large: more would feign precision."""
    if abs(amount) < _LARGEST_IN_FULL:
        return amount
    return float(f"{amount:.4g}")


def _percent_digits(ratio: float) -> int:
    size = abs(ratio) * 100
    if size >= 100 or float(f"{size:.6g}").is_integer():
        return 0
    return 1 if size >= 0.1 else min(6, 1 - int(np.floor(np.log10(size))))


def _round_ticks(low: float, high: float) -> list[float]:
    raw = (high - low) / 4
    power = 10 ** np.floor(np.log10(raw))
    step = power * next(each for each in (1, 2, 2.5, 5, 10) if each * power >= raw * 0.999)
    first = np.ceil(low / step)
    return [float(n * step) + 0.0 for n in np.arange(first, np.floor(high / step) + 1)]


def _columns(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
