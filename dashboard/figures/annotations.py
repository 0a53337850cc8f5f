"""Dated events on the calendar axis of a figure, the same way everywhere.

A few are named above the plot, in rows that stay apart on a phone too; the others are ticks at its
top. A marker at the top edge says on hover what happened, how the event was chosen and how it is
known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import labels, theme
from dashboard.text import Words

MOST_NAMED = 8
"""So many events bear their name; the others are ticks."""

_ROWS, _LINE_PX, _NAME_COLUMNS, _NAME_LINES = 4, 14, 15, 2
_NARROW_PX, _COLUMN_PX, _GAP_PX = 225, 6.2, 14
"""Width of the plot on a phone, of a column of a small label, and between two labels."""
_LABEL_PX, _TICK_SHARE = 11, 0.05
_OTHERS = theme.SeriesStyle(theme.SKY, "dot", "circle-open")
_STYLES = {
    "exogenous": theme.SeriesStyle(theme.VERMILION, "solid", "circle"),
    "price_selected": theme.SeriesStyle(theme.ORANGE, "dash", "diamond-open"),
}


@dataclass(frozen=True)
class Placed:
    """Where a name stands: its row from the plot upwards, and whether it lies left of its line.

    Every row is ``row_px`` high.
    """

    row: int
    is_left: bool
    row_px: int = _LINE_PX


def mark_events(
    figure: go.Figure,
    events: pd.DataFrame,
    between: tuple[Any, Any],
    words: Words,
) -> go.Figure:
    """Mark the events that fall between two days on a finished figure, and return it.

    Parameters
    ----------
    figure
        One plot over days, after :func:`dashboard.figures.theme.finish`; changed in place.
    events
        Rows of ``market_events``; ``is_own`` tells what is of the subject itself and is named
        first (without the column all are).
    between
        First and last day of what is drawn; where one is missing nothing is marked.
    words
        The language.
    """
    held = _between(events, between)
    if held.empty or not figure.data:
        return figure
    first, last = _days(between)
    names = [short_name(row, words) for row in _rows(held)]
    places = place_names(
        names,
        list(held["event_date"]),
        (first, last),
        named_first=list(held["is_own"]),
    )
    for row, place in zip(_rows(held), places, strict=True):
        _line(figure, row["event_date"], _style(row), is_named=place is not None)
    colors = [_style(row).color for row in _rows(held)]
    write_names(figure, list(held["event_date"]), names, places, colors)
    _markers(figure, held, words)
    make_room(figure, places)
    figure.update_xaxes(showgrid=False)
    named = [row for row, place in zip(_rows(held), places, strict=True) if place is not None]
    return figure.update_layout(meta={"alt": _alt(figure, named, len(held) - len(named), words)})


def short_name(event: Any, words: Words) -> str:
    """Return the first words of an event's title."""
    title = labels.event_title(event, words)
    return theme.wrap(theme.escape(title), _NAME_COLUMNS, lines=_NAME_LINES)


def place_names(
    names: list[str],
    days: list[Any],
    between: tuple[pd.Timestamp, pd.Timestamp],
    *,
    named_first: list[bool] | None = None,
    most: int = MOST_NAMED,
) -> list[Placed | None]:
    """Return the place of each name, so that none overlaps another on a phone; else nothing.

    The names of ``named_first`` are placed before the others, and earlier days before later ones.
    """
    first, last = between
    whole = max((last - first).total_seconds(), 86_400.0)
    order = sorted(
        range(len(names)), key=lambda i: (not (named_first or [True] * len(names))[i], days[i])
    )
    lines = [name.split("<br>") for name in names]
    row_px = _LINE_PX * max(map(len, lines), default=1) + 1
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_ROWS)]
    found: list[Placed | None] = [None] * len(names)
    for i in order:
        if sum(place is not None for place in found) == most:
            break
        at = (_days((days[i],))[0] - first).total_seconds() / whole
        width = (max(map(theme.columns, lines[i])) * _COLUMN_PX + _GAP_PX) / _NARROW_PX
        is_left = at + width > 1
        low = at - width if is_left else at
        if low < 0:  # too long for either side: the mark stands without a name
            continue
        for row, spans in enumerate(taken):
            if all(low + width <= begin or low >= end for begin, end in spans):
                spans.append((low, low + width))
                found[i] = Placed(row, is_left, row_px)
                break
    return found


def write_names(
    figure: go.Figure,
    days: list[Any],
    names: list[str],
    places: list[Placed | None],
    colors: list[str],
) -> None:
    """Write names above the plot where they were placed, each line going on up to its name."""
    held = [
        (place, day, name, color)
        for day, name, place, color in zip(days, names, places, colors, strict=True)
        if place is not None
    ]
    # A lower name lies over the lines that go on to higher ones.
    for place, day, name, color in sorted(held, key=lambda one: -one[0].row):
        _write_name(figure, day, name, place, color)


def _write_name(figure: go.Figure, day: Any, name: str, place: Placed, color: str) -> None:
    side = "right" if place.is_left else "left"
    layout: Any = figure.layout
    figure.add_annotation(
        x=day,
        y=1,
        yref="paper",
        ax=0,
        ay=-(4 + place.row * place.row_px),
        yanchor="bottom",
        xanchor=side,
        align=side,
        text=name,
        showarrow=True,
        arrowhead=0,
        arrowwidth=1,
        arrowcolor=color,
        bgcolor=layout.template.layout.paper_bgcolor,
        font_size=_LABEL_PX,
    )


def make_room(figure: go.Figure, places: list[Placed | None]) -> None:
    """Make the figure higher by the rows of names above its plot."""
    room = max((4 + (p.row + 1) * p.row_px for p in places if p is not None), default=0)
    layout: Any = figure.layout
    figure.update_layout(height=layout.height + room, margin_t=layout.margin.t + room)


def _between(events: pd.DataFrame, between: tuple[Any, Any]) -> pd.DataFrame:
    if events.empty or any(pd.isna(day) for day in between):
        return events.iloc[:0]
    first, last = _days(between)
    days = pd.to_datetime(events["event_date"])
    held = events.assign(event_date=days).loc[days.between(first, last)]
    if "is_own" not in held:
        held = held.assign(is_own=True)
    return held.sort_values(["event_date", "event_id"], ignore_index=True)


def _days(days: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(pd.Timestamp(day) for day in days)


def _style(event: Any) -> theme.SeriesStyle:
    selection = str(event["selection"])
    return _STYLES[selection] if event["is_own"] or selection != "exogenous" else _OTHERS


def _line(figure: go.Figure, day: Any, style: theme.SeriesStyle, *, is_named: bool) -> None:
    figure.add_shape(
        type="line",
        x0=day,
        x1=day,
        y0=0 if is_named else 1 - _TICK_SHARE,
        y1=1,
        yref="paper",
        line={"color": style.color, "width": 1, "dash": style.dash},
        layer="below",
    )


def _markers(figure: go.Figure, held: pd.DataFrame, words: Words) -> None:
    """Put a marker on the top edge for each event: an axis of its own, so that no scale moves."""
    styles = [_style(row) for row in _rows(held)]
    figure.add_trace(
        go.Scatter(
            x=held["event_date"],
            y=[1.0] * len(held),
            yaxis="y2",
            name=words.t("Events"),
            mode="markers",
            marker={
                "symbol": [style.symbol for style in styles],
                "color": [style.color for style in styles],
                "size": 7,
            },
            text=[_told(row, words) for row in _rows(held)],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
            showlegend=False,
        )
    )
    figure.update_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    )


def _told(event: Any, words: Words) -> str:
    """Return day, title, how the event was chosen and how it is known, one line each."""
    title = theme.wrap(theme.escape(labels.event_title(event, words)), 50)
    chosen = labels.selection(words, str(event["selection"]))
    kind = event.get("evidence_kind")
    known = [] if kind is None or pd.isna(kind) else [words.evidence(str(kind))]
    return "<br>".join([words.date(event["event_date"]), title, " · ".join([chosen, *known])])


def _alt(figure: go.Figure, named: list[dict[Any, Any]], n_others: int, words: Words) -> str:
    told = [
        f"{words.date(row['event_date'])} {labels.event_title(row, words)}"
        f" ({labels.selection(words, row['selection'])})"
        for row in named
    ]
    layout: Any = figure.layout
    said = [str(layout.meta["alt"]), words.t("Marked events:"), "; ".join(told)]
    if n_others:
        said.append(words.n("and {n} more as a tick", "and {n} more as ticks", n_others))
    return words.sentences(said)


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def first_and_last(days: Any) -> tuple[date | None, date | None]:
    """Return the first and last of some days; nothing where there is none."""
    known = pd.Series(pd.to_datetime(days)).dropna()
    return (known.min(), known.max()) if len(known) else (None, None)
