"""A figure as the data of native charts of a spreadsheet or a slide.

The numbers are those that the figure draws, read from its traces, so that chart and figure cannot
say different things.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.reports import chart_values as read
from dashboard.reports import steps
from dashboard.reports.chart_values import Numbers, Place
from dashboard.reports.floating_bars import Bar, layers
from dashboard.reports.native_charts import BARS, LYING, Chart, Kind, Series, Span, Surface


def charts_of(figure: go.Figure) -> tuple[Chart | Surface, ...]:
    """Return the charts of a figure, one for each of its panels and kinds of trace.

    A figure that only says why there is nothing to draw has none, and neither has a panel whose
    axis its figure has bent by hand, for a native chart would show other numbers.
    """
    found: list[Chart | Surface] = []
    shared: dict[str, list[tuple[int, Any]]] = {}
    for axes, traces in _panels(figure).items():
        panel = _Panel(figure, *axes)
        if read.is_bent(panel.x_axis) or read.is_bent(panel.y_axis):
            continue
        surfaces = [panel.surface(t) for t in traces if _is_surface(t)]
        found += [each for each in surfaces if any(z is not None for row in each.z for z in row)]
        drawn = [t for t in traces if t.type in ("scatter", "bar") or _is_line(t)]
        for chart in panel.charts(drawn):
            if surfaces and sum(len(series.x) for series in chart.series) == 1:
                continue  # one place marked on a surface says nothing without it
            if chart.kind not in LYING and chart.y_span is not None and not chart.y_log:
                of = panel.y_axis.matches or axes[1]
                shared.setdefault(of, []).append((len(found), panel.y_axis))
            found.append(chart)
    for panels in shared.values():
        _share_heights(found, panels)
    return tuple(found)


def _share_heights(found: list[Chart | Surface], panels: Sequence[tuple[int, Any]]) -> None:
    """Give the panels that share an axis one span: what is as high is as much."""
    if len({axis.plotly_name for _, axis in panels}) < 2:
        return
    spans = [chart.y_span for at, _ in panels if isinstance(chart := found[at], Chart)]
    known = [span for span in spans if span is not None]
    span = read.round_span(min(low for low, _, _ in known), max(high for _, high, _ in known))
    for at, axis in panels:
        found[at] = replace(found[at], y_span=span, y_format=_format(axis, span))


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
        self.y_title = read.title(self.y_axis) or _title_beside(layout, self.y_axis)
        self.keys = _keys(figure)

    def surface(self, trace: Any) -> Surface:
        """Return the table behind a heat map or contour."""
        bar: Any = trace.colorbar
        z = tuple(read.numbers(row) for row in np.asarray(trace.z, dtype=object))
        told = read.office(getattr(bar, "tickformat", None))
        return Surface(
            x=tuple(read.words(value, self.x_axis) for value in read.values(trace.x)),
            y=tuple(read.words(value, self.y_axis) for value in read.values(trace.y)),
            z=z,
            title=self.title,
            x_title=read.title(self.x_axis),
            y_title=self.y_title,
            format=_surface_format(trace, z) if told == "General" else told,
            diverges=trace.zmid == 0,
        )

    def charts(self, traces: Sequence[Any]) -> Iterator[Chart]:
        """Yield the charts of the traces: those of one kind together."""
        kinds: dict[Kind, list[Series]] = {}
        floating = [trace for trace in traces if trace.type == "bar" and trace.base is not None]
        if floating:
            bars = [trace for trace in traces if trace.type == "bar"]
            kind: Kind = "stacked_bar" if floating[0].orientation == "h" else "stacked"
            kinds[kind] = self._floating(bars)
            traces = [trace for trace in traces if trace not in bars and not _is_unseen(trace)]
        for trace in traces:
            for kind, series in self._series(trace):
                if any(y is not None for y in series.y):
                    kinds.setdefault(kind, []).append(series)
        for kind, series in kinds.items():
            if series:
                yield self._chart(kind, _named(_with_edges_named(series)))

    def _chart(self, kind: Kind, series: tuple[Series, ...]) -> Chart:
        places, heights = self.x_axis, self.y_axis
        titles = read.title(self.x_axis), self.y_title
        if kind in LYING:
            places, heights, titles = heights, places, titles[::-1]
        names: tuple[str, ...] = ()
        if kind == "scatter" and (by_month := _by_month(series, places)):
            kind, (series, names) = "line", by_month
        if kind != "scatter":
            series = _aligned(series, names or _order(places, series))
        y_span = _y_span(kind, series, heights)
        are_days = kind == "scatter" and _are_days(places, series)
        x_span = _x_span(series, places, are_days=are_days) if kind == "scatter" else None
        return Chart(
            kind=kind,
            series=series,
            title=self.title,
            x_title=titles[0],
            y_title=titles[1],
            x_format=read.DAY_FORMAT if are_days else _format(places, x_span),
            y_format=_format(heights, y_span),
            x_reversed=read.is_reversed(places),
            y_reversed=read.is_reversed(heights),
            x_span=x_span,
            y_span=y_span,
            x_log=kind == "scatter" and places.type == "log",
            y_log=heights.type == "log",
        )

    def _floating(self, traces: Sequence[Any]) -> list[Series]:
        """Return bars that begin elsewhere than at zero, as a stack."""
        lying = traces[0].orientation == "h"
        axis = self.y_axis if lying else self.x_axis
        bars: list[Bar] = []
        for owner, trace in enumerate(traces):
            x, y = read.values(trace.x), read.values(trace.y)
            places, lengths = (y, x) if lying else (x, y)
            bases = np.broadcast_to(np.asarray(0 if trace.base is None else trace.base), len(x))
            for name, begin, length in zip(
                read.categories(places, axis), bases, read.numbers(lengths), strict=True
            ):
                if length is not None and (start := read.number(begin)) is not None:
                    bars.append(Bar(owner, name, start, start + length))
        names = read.row_names(axis) or tuple(dict.fromkeys(bar.category for bar in bars))
        return [
            Series(
                name="" if layer.owner is None else self._name(traces[layer.owner]),
                x=names,
                y=layer.lengths,
                color="" if layer.owner is None else read.color(traces[layer.owner]),
            )
            for layer in layers(bars, names, len(traces))
        ]

    def _name(self, trace: Any) -> str:
        """Return the name of a trace, or that of the legend's key of its colour."""
        return read.plain(trace.name) or self.keys.get(read.color(trace), "")

    def _series(self, trace: Any) -> Iterator[tuple[Kind, Series]]:
        x, y = read.values(trace.x), read.values(trace.y)
        if not x or not y:
            return
        rows_lie = bool(read.row_names(self.y_axis)) or not read.is_number(y)
        if trace.type == "bar":
            yield from self._bars(trace, x, y)
        elif trace.type == "contour":
            yield from self._crossing(trace, x, y)
        elif trace.fill == "toself":
            yield from self._band(trace, x, y)
        elif rows_lie and read.is_number(x):
            if "markers" in (trace.mode or "lines") and not _is_unseen(trace):
                yield "bar", self._one(trace, read.categories(y, self.y_axis), x, trace.error_x)
        elif trace.mode != "text":
            kind, places = self._places(x)
            one = self._one(trace, places, y, trace.error_y)
            yield kind, self._stepped(one, trace.line.shape) if kind == "scatter" else one

    def _stepped(self, series: Series, shape: str | None) -> Series:
        """Return a line that the figure draws in steps with the corners of these."""
        if not series.lines or series.marks:
            return series
        x, y = steps.corners(series.x, series.y, shape or "linear", is_log=self._is_log_x())
        return replace(series, x=x, y=y)

    def _is_log_x(self) -> bool:
        return self.x_axis.type == "log"

    def _crossing(self, trace: Any, x: list[Any], y: list[Any]) -> Iterator[tuple[Kind, Series]]:
        """Yield the line of one level over a surface, a series for each time that it is met.

        It is sought along the axis that meets it more often.
        """
        across, up, level = read.numbers(x), read.numbers(y), trace.contours.start
        rows = [read.numbers(row) for row in np.asarray(trace.z, dtype=object)]
        in_columns = [steps.crossings(up, z, level) for z in zip(*rows, strict=True)]
        in_rows = [steps.crossings(across, z, level) for z in rows]
        stands = sum(map(len, in_rows)) > sum(map(len, in_columns))
        places, met = (up, in_rows) if stands else (across, in_columns)
        name, dash = read.plain(trace.name), trace.line.dash or "solid"
        ink = read.color(go.Scatter(mode="lines", line={"color": trace.line.color}))
        for time in range(max(map(len, met), default=0)):
            points = [(p, m[time]) for p, m in zip(places, met, strict=True) if time < len(m)]
            own, heights = (tuple(side) for side in zip(*points, strict=True))
            own, heights = (heights, own) if stands else (own, heights)
            yield "scatter", Series(name, own, heights, ink, dash)

    def _one(self, trace: Any, places: tuple[Place, ...], y: list[Any], bars: Any) -> Series:
        low, high = read.errors(bars, y)
        mode, line = trace.mode or "lines", trace.line
        # The edge of a filled band has no width in the figure, and is all there is of it here.
        is_edge = mode == "lines" and line.width == 0
        return Series(
            name=self._name(trace),
            x=places,
            y=read.numbers(y),
            color=read.color(trace),
            dash="dot" if is_edge else line.dash or "solid",
            lines="lines" in mode,
            marks="markers" in mode,
            symbol=trace.marker.symbol if isinstance(trace.marker.symbol, str) else "circle",
            low=low,
            high=high,
            is_edge=is_edge,
        )

    def _bars(self, trace: Any, x: list[Any], y: list[Any]) -> Iterator[tuple[Kind, Series]]:
        lying = trace.orientation == "h"
        places, lengths = (y, x) if lying else (x, y)
        axis = self.y_axis if lying else self.x_axis
        low, high = read.errors(trace.error_x if lying else trace.error_y, lengths)
        series = Series(
            self._name(trace),
            read.categories(places, axis),
            read.numbers(lengths),
            read.color(trace),
            low=low,
            high=high,
            colors=read.colors(trace),
        )
        if lying:
            yield ("stacked_bar" if self.is_stacked else "bar"), series
        else:
            yield ("stacked" if self.is_stacked else "column"), series

    def _band(self, trace: Any, x: list[Any], y: list[Any]) -> Iterator[tuple[Kind, Series]]:
        """Yield the two edges of a band, which is drawn as one way there and back."""
        half = len(x) // 2
        if list(x[:half]) != list(reversed(x[half:])):
            return
        kind, places = self._places(x[:half])
        one, other = read.numbers(y[:half]), tuple(reversed(read.numbers(y[half:])))
        upper, lower = (one, other) if _sum(one) >= _sum(other) else (other, one)
        for mark, edge in (("↑", upper), ("↓", lower)):
            name = f"{read.plain(trace.name)} {mark}".strip()
            yield kind, Series(name, places, edge, read.color(trace), "dot", is_edge=True)

    def _places(self, x: Sequence[Any]) -> tuple[Kind, tuple[Place, ...]]:
        if read.row_names(self.x_axis):
            return "line", read.categories(x, self.x_axis)
        found = read.numbers(x) if read.is_number(x) else read.days(x)
        return ("line", read.categories(x, self.x_axis)) if found is None else ("scatter", found)


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
            return read.plain(note.text)
    return ""


def _title_beside(layout: Any, y_axis: Any) -> str:
    """Return the title that the first panel of a row bears for all of them."""
    if y_axis.matches is None:
        return ""
    return read.title(layout[f"yaxis{y_axis.matches[1:]}"])


def _keys(figure: go.Figure) -> dict[str, str]:
    """Return the names of the legend's keys, which are traces without a point, by colour."""
    traces: Any = figure.data
    return {
        read.color(trace): read.plain(trace.name)
        for trace in traces
        if trace.type in ("scatter", "bar")
        and trace.name
        and all(value is None for value in read.values(trace.x))
    }


def _is_line(trace: Any) -> bool:
    """Return whether a trace draws one level of a surface as a line and no colours."""
    if trace.type != "contour" or trace.contours.coloring not in ("none", "lines"):
        return False
    return trace.contours.start is not None and trace.contours.start == trace.contours.end


def _is_surface(trace: Any) -> bool:
    return trace.type in ("heatmap", "contour") and not _is_line(trace)


def _is_unseen(trace: Any) -> bool:
    """Return whether a trace holds no mark of its own: whiskers beside bars, lines between them."""
    is_skipped = trace.hoverinfo == "skip"
    return trace.type == "scatter" and (is_skipped or trace.marker.size == 1)


def _with_edges_named(series: Sequence[Series]) -> list[Series]:
    """Return series of which the nameless edges of bands bear the name of the line between them.

    A legend leaves out what begins with an arrow; a table has to tell its columns apart.
    """
    lines: dict[str, str] = {}
    for each in series:
        if not each.is_edge:
            lines.setdefault(each.color, each.name)
    found = list(series)
    edges = [at for at, each in enumerate(series) if each.is_edge and not each.name]
    for one, other in zip(edges[::2], edges[1::2], strict=False):
        upper, lower = (
            (one, other) if _sum(series[one].y) >= _sum(series[other].y) else (other, one)
        )
        for arrow, at in (("↑", upper), ("↓", lower)):
            name = f"{arrow} {lines.get(series[at].color, '')}".strip()
            found[at] = replace(series[at], name=name)
    return found


def _named(series: Sequence[Series]) -> tuple[Series, ...]:
    """Return series whose names differ, so that a table can hold them side by side."""
    seen: dict[str, int] = {}
    named: list[Series] = []
    for each in series:
        seen[each.name] = seen.get(each.name, 0) + 1
        again = f"{each.name} ({seen[each.name]})" if seen[each.name] > 1 else each.name
        named.append(replace(each, name=again if each.name else each.name))
    return tuple(named)


def _order(axis: Any, series: Sequence[Series]) -> tuple[str, ...]:
    """Return the categories of all series: as the figure orders them, else as they appear."""
    told = [read.plain(str(name)) for name in read.values(axis.categoryarray)]
    held = dict.fromkeys(place for each in series for place in _apart(each.x))
    first = [name for name in dict.fromkeys((*told, *read.row_names(axis))) if name in held]
    return tuple(dict.fromkeys((*first, *held)))


def _apart(x: Sequence[Place]) -> list[str]:
    """Return categories told apart where one bears the name of another."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for place in map(str, x):
        seen[place] = seen.get(place, 0) + 1
        found.append(f"{place} ({seen[place]})" if seen[place] > 1 else place)
    return found


def _aligned(series: Sequence[Series], order: tuple[str, ...]) -> tuple[Series, ...]:
    """Return the series over the same categories; a category that one lacks is a gap."""
    found: list[Series] = []
    for each in series:
        place = {name: at for at, name in enumerate(_apart(each.x))}
        at = [place.get(name) for name in order]

        def spread(column: Numbers, at: Sequence[int | None] = at) -> Numbers:
            return tuple(None if i is None else column[i] for i in at) if column else ()

        tints = (
            tuple(each.color if i is None else each.colors[i] for i in at) if each.colors else ()
        )
        found.append(
            replace(
                each,
                x=order,
                y=spread(each.y),
                low=spread(each.low),
                high=spread(each.high),
                colors=tints,
            )
        )
    return tuple(found)


def _are_days(axis: Any, series: Sequence[Series]) -> bool:
    if axis.type is not None:
        return axis.type == "date"
    first = [place for each in series for place in each.x if isinstance(place, float)]
    return "%Y" in (axis.tickformat or "") or (bool(first) and min(first) > 30_000)


def _by_month(
    series: tuple[Series, ...], axis: Any
) -> tuple[tuple[Series, ...], tuple[str, ...]] | None:
    """Return series over names of months, and all names, where all stand on firsts of months.

    An axis of days has its ticks so many days apart, and no number of days is a month. Lines that
    skip months stay on such an axis, for a gap would part them.
    """
    if not _are_days(axis, series):
        return None
    held = [[read.month(place) for place in each.x] for each in series]
    for each, own in zip(series, held, strict=True):
        known = {month for month in own if month is not None}
        if len(known) < len(own) or (each.lines and known and np.ptp(list(known)) >= len(known)):
            return None
    every = {month for own in held for month in own if month is not None}
    if len(every) < 2:
        return None
    form = "{:04d}-{:02d}-01" if read.has_days(axis.tickformat) else "{:04d}-{:02d}"
    # Months that no series holds keep their room.
    names = {m: form.format(m // 12, m % 12 + 1) for m in range(min(every), max(every) + 1)}
    named = (
        replace(each, x=tuple(names[month] for month in own if month is not None))
        for each, own in zip(series, held, strict=True)
    )
    return tuple(named), tuple(names.values())


def _y_span(kind: Kind, series: Sequence[Series], axis: Any) -> Span | None:
    columns = [column for each in series for column in (each.y, each.low, each.high)]
    found = [value for column in columns for value in column if value is not None]
    if kind in ("stacked", "stacked_bar"):
        stacks = list(zip(*(each.y for each in series), strict=True))
        found += [sum(v for v in stack if v is not None and v > 0) for stack in stacks]
        found += [sum(v for v in stack if v is not None and v < 0) for stack in stacks]
    if axis.type == "log":
        found = [value for value in found if value > 0]
        return read.log_span(min(found), max(found)) if found else None
    if kind in BARS:
        found.append(0.0)
    return _within(found, axis)


def _within(found: Sequence[float], axis: Any) -> Span | None:
    """Return round ends around the values, no further than a figure's own range shows them."""
    if not found:
        return None
    low, high = min(found), max(found)
    told = axis.range
    if told is not None and None not in told and read.is_number(told):
        low, high = max(low, min(told)), min(high, max(told))
    return read.round_span(min(low, high), max(low, high))


def _x_span(series: Sequence[Series], axis: Any, *, are_days: bool) -> Span | None:
    found = [x for each in series for x in each.x if isinstance(x, int | float)]
    if not found:
        return None
    if are_days:
        low, high = float(int(min(found))), float(-int(-max(found) // 1))
        return (low, high, max(1.0, round((high - low) / 6))) if high > low else None
    if axis.type == "log":
        found = [value for value in found if value > 0]
        return read.log_span(min(found), max(found)) if found else None
    return _within(found, axis)


def _format(axis: Any, span: Span | None) -> str:
    if axis.type == "log":
        return "#,##0" if span and span[0] >= 1 else "General"
    return read.axis_format(axis.tickformat, span[2] if span else None)


def _surface_format(trace: Any, z: Sequence[Numbers]) -> str:
    """Return a format with as many decimals as the values ask for where a figure names none."""
    told = f"{trace.texttemplate or ''} {trace.hovertemplate or ''}"
    known = [abs(value) for row in z for value in row if value is not None]
    if "%{z:" in told:
        spelt = told.split("%{z:", 1)[1].split("}", 1)[0]
        return read.office(spelt)
    most = max(known, default=0.0)
    return "#,##0" if most >= 100 else "0.0" if most >= 10 else "0.00" if most >= 0.1 else "0.0000"


def _sum(column: Numbers) -> float:
    return sum(value for value in column if value is not None)
