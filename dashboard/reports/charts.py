"""A figure as the data of native charts of a spreadsheet or a slide.

The numbers are those that the figure draws, read from its traces, so that chart and figure cannot
say different things.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures.theme import PALETTE

Kind = Literal["line", "scatter", "column", "bar", "stacked"]
Place = float | str | None

_DAY_ZERO = pd.Timestamp("1899-12-30")
"""Day 0 of a spreadsheet's calendar."""
_DAY_FORMAT = "yyyy-mm-dd"
_TAG = re.compile(r"<[^>]*>")
_BREAK = re.compile(r"<br\s*/?>")
_MEANT = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


@dataclass(frozen=True)
class Series:
    """One series of a chart.

    Attributes
    ----------
    name
        Its name in the legend; empty where the figure gives it none.
    x
        Where each point stands: a number (days as a spreadsheet counts them), or a category.
    y
        Its height (for lying bars its length); ``None`` is a gap.
    color
        ``#RRGGBB``; empty for a part of a stack that only carries the others.
    dash
        A dash of :data:`dashboard.figures.theme.DASHES`.
    lines, marks
        Whether its points are joined, and whether they are marked.
    low, high
        Ends of its error bars, in the units of ``y``; empty where it has none.
    """

    name: str
    x: tuple[Place, ...]
    y: tuple[float | None, ...]
    color: str
    dash: str = "solid"
    lines: bool = True
    marks: bool = False
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart that an office program draws by itself.

    Attributes
    ----------
    kind
        ``line`` and ``column`` over categories, ``scatter`` over numbers and days, ``bar`` lying,
        ``stacked`` columns.
    series
        What it shows, in order.
    title
        Its own title where the figure has several panels; else empty.
    x_title, y_title
        Titles of the axis of the places and of the axis of the values, with their units.
    x_format, y_format
        How a spreadsheet writes them.
    y_reversed
        Whether small values stand at the top, as for positions.
    """

    kind: Kind
    series: tuple[Series, ...]
    title: str
    x_title: str
    y_title: str
    x_format: str = "General"
    y_format: str = "General"
    y_reversed: bool = False


@dataclass(frozen=True)
class Surface:
    """A value over two axes, for a table whose cells are shaded.

    Attributes
    ----------
    x, y
        Names of the columns and of the rows.
    z
        One row for each of ``y``; ``None`` where nothing is known.
    title, x_title, y_title
        As in :class:`Chart`.
    format
        How a spreadsheet writes the values.
    diverges
        Whether colours part at zero.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    z: tuple[tuple[float | None, ...], ...]
    title: str
    x_title: str
    y_title: str
    format: str = "General"
    diverges: bool = False


def charts_of(figure: go.Figure) -> tuple[Chart | Surface, ...]:
    """Return the charts of a figure, one for each of its panels and kinds of trace.

    A figure that only says why there is nothing to draw has none.
    """
    found: list[Chart | Surface] = []
    for axes, traces in _panels(figure).items():
        panel = _Panel(figure, *axes)
        for trace in traces:
            if trace.type in ("heatmap", "contour"):
                found.append(panel.surface(trace))
        found += panel.charts([trace for trace in traces if trace.type in ("scatter", "bar")])
    return tuple(found)


def _panels(figure: go.Figure) -> dict[tuple[str, str], list[Any]]:
    panels: dict[tuple[str, str], list[Any]] = {}
    traces: Any = figure.data
    for trace in traces:
        if trace.visible is False or trace.visible == "legendonly":
            continue
        panels.setdefault((trace.xaxis or "x", trace.yaxis or "y"), []).append(trace)
    return panels


class _Panel:
    """One pair of axes of a figure."""

    def __init__(self, figure: go.Figure, x: str, y: str) -> None:
        layout: Any = figure.layout
        self.x_axis: Any = layout[f"xaxis{x[1:]}"]
        self.y_axis: Any = layout[f"yaxis{y[1:]}"]
        self.is_stacked = layout.barmode in ("stack", "relative")
        self.title = _heading(figure, self.x_axis, self.y_axis)

    def surface(self, trace: Any) -> Surface:
        """Return the table behind a heat map or contour."""
        colors: Any = trace.colorbar
        return Surface(
            x=tuple(_words(value, self.x_axis) for value in _values(trace.x)),
            y=tuple(_words(value, self.y_axis) for value in _values(trace.y)),
            z=tuple(tuple(map(_number, row)) for row in np.asarray(trace.z, dtype=object)),
            title=self.title,
            x_title=_title(self.x_axis),
            y_title=_title(self.y_axis),
            format=_office(getattr(colors, "tickformat", None)),
            diverges=trace.zmid == 0,
        )

    def charts(self, traces: Sequence[Any]) -> Iterator[Chart]:
        """Yield the charts of the traces: those of one kind together."""
        kinds: dict[Kind, list[Series]] = {}
        for trace in traces:
            for kind, series in self._series(trace):
                kinds.setdefault(kind, []).append(series)
        for kind, series in kinds.items():
            yield self._chart(kind, _named(series))

    def _chart(self, kind: Kind, series: tuple[Series, ...]) -> Chart:
        places, values = self.x_axis, self.y_axis
        if kind == "bar":
            places, values = values, places
        is_days = kind == "scatter" and _is_days(self.x_axis, series)
        direction = values.autorange == "reversed" or _runs_down(values.range)
        return Chart(
            kind=kind,
            series=series,
            title=self.title,
            x_title=_title(places),
            y_title=_title(values),
            x_format=_DAY_FORMAT if is_days else _office(places.tickformat),
            y_format=_office(values.tickformat),
            y_reversed=bool(direction) and kind != "bar",
        )

    def _series(self, trace: Any) -> Iterator[tuple[Kind, Series]]:
        x, y = _values(trace.x), _values(trace.y)
        if not x or not y:
            return
        if trace.type == "bar":
            yield from self._bars(trace, x, y)
        elif trace.fill == "toself":
            yield from self._band(trace, x, y)
        elif not _is_number(y) and _is_number(x):
            low, high = _errors(trace.error_x, x)
            yield (
                "bar",
                Series(
                    _name(trace), _categories(y), _numbers(x), _color(trace), low=low, high=high
                ),
            )
        elif trace.mode != "text":
            kind, places = _places(x)
            low, high = _errors(trace.error_y, y)
            mode, line = trace.mode or "lines", trace.line
            # The edge of a filled band has no width in the figure, and is all there is of it here.
            is_edge = mode == "lines" and line.width == 0
            yield (
                kind,
                Series(
                    name=_name(trace),
                    x=places,
                    y=_numbers(y),
                    color=_color(trace),
                    dash="dot" if is_edge else line.dash or "solid",
                    lines="lines" in mode,
                    marks="markers" in mode,
                    low=low,
                    high=high,
                ),
            )

    def _bars(self, trace: Any, x: list[Any], y: list[Any]) -> Iterator[tuple[Kind, Series]]:
        lying = trace.orientation == "h"
        places, lengths = (y, x) if lying else (x, y)
        low, high = _errors(trace.error_x if lying else trace.error_y, lengths)
        series = Series(
            _name(trace), _categories(places), _numbers(lengths), _color(trace), low=low, high=high
        )
        if lying:
            yield "bar", series
        else:
            yield ("stacked" if self.is_stacked else "column"), series

    def _band(self, trace: Any, x: list[Any], y: list[Any]) -> Iterator[tuple[Kind, Series]]:
        """Yield the two edges of a band, which is drawn as one way there and back."""
        half = len(x) // 2
        if list(x[:half]) != list(reversed(x[half:])):
            return
        kind, places = _places(x[:half])
        one, other = _numbers(y[:half]), tuple(reversed(_numbers(y[half:])))
        color = _color(trace)
        upper, lower = (one, other) if _sum(one) >= _sum(other) else (other, one)
        for mark, edge in (("↑", upper), ("↓", lower)):
            yield kind, Series(f"{_name(trace)} {mark}".strip(), places, edge, color, "dot")


def _heading(figure: go.Figure, x_axis: Any, y_axis: Any) -> str:
    """Return the title of a panel: the note that stands over the middle of its axes."""
    if x_axis.domain is None:
        return ""
    middle = sum(x_axis.domain) / 2
    top = (y_axis.domain or (0, 1))[1]
    layout: Any = figure.layout
    for note in layout.annotations:
        over = note.xref == "paper" and note.yref == "paper" and not note.showarrow
        if over and abs(note.x - middle) < 1e-6 and abs(note.y - top) < 1e-6:
            return plain(note.text)
    return ""


def plain(text: str | None) -> str:
    """Return a label of a figure without its tags."""
    said = _TAG.sub("", _BREAK.sub(" ", text or ""))
    for sign, meant in _MEANT.items():
        said = said.replace(sign, meant)
    return said.strip()


def _title(axis: Any) -> str:
    return plain(axis.title.text)


def _name(trace: Any) -> str:
    return plain(trace.name)


def _named(series: Sequence[Series]) -> tuple[Series, ...]:
    """Return series whose names differ, so that a table can hold them side by side."""
    seen: dict[str, int] = {}
    named: list[Series] = []
    for each in series:
        seen[each.name] = seen.get(each.name, 0) + 1
        again = f"{each.name} ({seen[each.name]})" if seen[each.name] > 1 else each.name
        named.append(replace(each, name=again if each.name else each.name))
    return tuple(named)


def _values(column: Any) -> list[Any]:
    return [] if column is None else list(column)


def _is_number(values: Sequence[Any]) -> bool:
    kinds = (int, float, np.integer, np.floating)
    return all(value is None or isinstance(value, kinds) for value in values)


def _instants(values: Sequence[Any]) -> list[Any] | None:
    """Return values as instants; ``None`` where they are no days."""
    kinds = (datetime, np.datetime64, pd.Timestamp, str)
    if not all(isinstance(value, kinds) or hasattr(value, "isoformat") for value in values):
        return None
    if any(isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d", value) for value in values):
        return None
    return list(pd.to_datetime(list(values)))


def _places(x: Sequence[Any]) -> tuple[Kind, tuple[Place, ...]]:
    if _is_number(x):
        return "scatter", _numbers(x)
    instants = _instants(x)
    if instants is None:
        return "line", _categories(x)
    day = pd.Timedelta(days=1)
    since = [at.tz_localize(None) - _DAY_ZERO for at in instants]
    return "scatter", tuple(None if pd.isna(span) else span / day for span in since)


def _is_days(axis: Any, series: Sequence[Series]) -> bool:
    if axis.type is not None:
        return axis.type == "date"
    first = [place for each in series for place in each.x if isinstance(place, float)]
    return "%Y" in (axis.tickformat or "") or (bool(first) and min(first) > 30_000)


def _categories(values: Sequence[Any]) -> tuple[str, ...]:
    instants = None if _is_number(values) else _instants(values)
    if instants is not None:
        return tuple(f"{at:%Y-%m-%d}" for at in instants)
    return tuple(
        plain(value) if isinstance(value, str) else "" if value is None else f"{value:g}"
        for value in values
    )


def _words(value: Any, axis: Any) -> str:
    if isinstance(value, str):
        return plain(value)
    number = _number(value)
    if number is None:
        return pd.Timestamp(value).strftime("%Y-%m-%d") if value is not None else ""
    if "%" in (axis.tickformat or ""):
        return f"{100 * number:.3g}%"
    return f"{number:,.6g}"


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, str):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _numbers(values: Sequence[Any]) -> tuple[float | None, ...]:
    return tuple(map(_number, values))


def _sum(values: Sequence[float | None]) -> float:
    return sum(value for value in values if value is not None)


def _errors(
    bars: Any, values: Sequence[Any]
) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """Return the ends of error bars; empty where there are none."""
    if bars.array is None or bars.visible is False:
        return (), ()
    up = _numbers(_values(bars.array))
    down = _numbers(_values(bars.arrayminus)) if bars.arrayminus is not None else up
    middle = _numbers(values)
    low = tuple(
        None if y is None or d is None else y - d for y, d in zip(middle, down, strict=True)
    )
    high = tuple(None if y is None or u is None else y + u for y, u in zip(middle, up, strict=True))
    return low, high


def _color(trace: Any) -> str:
    """Return the colour of a trace as ``#RRGGBB``; bars of several colours take the first."""
    line = getattr(trace, "line", None)
    for color in (
        line.color if line is not None and "lines" in (trace.mode or "lines") else None,
        trace.marker.color,
        trace.fillcolor if trace.type == "scatter" else None,
    ):
        first = color[0] if isinstance(color, tuple | list | np.ndarray) and len(color) else color
        if isinstance(first, str) and (found := _hexadecimal(first)):
            return found
    return PALETTE[0]


def _hexadecimal(color: str) -> str:
    if re.fullmatch(r"#[0-9A-Fa-f]{6}", color):
        return color
    parts = re.fullmatch(r"rgba?\(\s*(\d+),\s*(\d+),\s*(\d+).*\)", color)
    return "#{:02X}{:02X}{:02X}".format(*map(int, parts.groups())) if parts else ""


def _runs_down(span: Any) -> bool:
    return span is not None and None not in span and _is_number(span) and span[0] > span[1]


def _office(tickformat: str | None) -> str:
    """Return a d3 format as a spreadsheet spells it."""
    told = tickformat or ""
    if "%Y" in told:
        return _DAY_FORMAT if "%d" in told else "yyyy-mm"
    digits = re.search(r"\.(\d)", told)
    decimals = "." + "0" * int(digits[1]) if digits and digits[1] != "0" else ""
    if told.endswith("%"):
        return f"0{decimals}%"
    if told.endswith(("f", "d")) or told == ",":
        return f"#,##0{decimals}" if "," in told else f"0{decimals}"
    return "General"
