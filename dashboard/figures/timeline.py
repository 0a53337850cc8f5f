"""The dated events on one line of time, one lane a theme."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import labels, theme
from dashboard.text import Words

_STYLES = {
    "exogenous": theme.SeriesStyle(theme.BLUE, "solid", "circle"),
    "price_selected": theme.SeriesStyle(theme.ORANGE, "dash", "diamond-open"),
}
_PRECISION_DAYS = {"day": 0, "week": 6, "month": 30}


def timeline_figure(events: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw dated events by theme; the marker says how the event was chosen.

    Parameters
    ----------
    events
        Rows of ``market_events``. An event known to the week or month is a line over the days
        it may have happened on.
    words
        The language.
    mode
        Light or dark.
    """
    if events.empty:
        return theme.empty(words.t("No event is held for this choice."), mode)
    events = events.sort_values(["event_date", "event_id"])
    lanes = [labels.event_theme(words, str(code)) for code in events["event_type"]]
    spans = [timedelta(_PRECISION_DAYS[str(code)]) for code in events["date_precision"]]
    events = events.assign(
        lane=lanes, last_date=events["event_date"] + pd.Series(spans, events.index)
    )
    figure = go.Figure()
    for code in _STYLES:
        rows = events.loc[events["selection"] == code]
        if len(rows):
            figure.add_trace(_spans(rows.loc[rows["last_date"] > rows["event_date"]], code))
            figure.add_trace(_markers(rows, code, words))
    theme.finish(
        figure,
        alt=_alt(events, words),
        mode=mode,
        axis_titles=(words.t("Day of the event"), words.t("Theme")),
        height=150 + 36 * len(set(lanes)),
    )
    return figure.update_xaxes(**theme.day_axis(words))


def _markers(rows: pd.DataFrame, code: str, words: Words) -> go.Scatter:
    style = _STYLES[code]
    return go.Scatter(
        x=rows["event_date"],
        y=rows["lane"],
        mode="markers",
        name=words.t("Event: {selection}", selection=labels.selection(words, code)),
        marker={
            "symbol": style.symbol,
            "color": style.color,
            "size": 10,
            "opacity": 0.8,
            "line_width": 1.5 if style.symbol.endswith("open") else 0,
        },
        text=[theme.wrap(theme.escape(labels.event_title(row, words)), 50) for row in _rows(rows)],
        customdata=[words.date(day) for day in rows["event_date"]],
        hovertemplate="%{customdata}<br>%{text}<extra></extra>",
        cliponaxis=False,
    )


def _spans(rows: pd.DataFrame, code: str) -> go.Scatter:
    """Return one trace of horizontal lines; a missing point parts one from the next."""
    ends = zip(rows["event_date"], rows["last_date"], strict=True)
    x = [at for first, last in ends for at in (first, last, None)]
    y = [lane for lane in rows["lane"] for _ in range(3)]
    line = {"color": _STYLES[code].color, "width": 3}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _alt(events: pd.DataFrame, words: Words) -> str:
    counts = events["lane"].value_counts(sort=False)
    lanes = words.listed(f"{lane} {words.number(n, digits=0)}" for lane, n in counts.items())
    picked = len(events.loc[events["selection"] == "price_selected"])
    return words.t(
        "{events} from {first} to {last}, by theme: {lanes}; {picked}.",
        events=words.n("{n} event", "{n} events", len(events)),
        first=words.date(events["event_date"].iloc[0]),
        last=words.date(events["event_date"].iloc[-1]),
        lanes=lanes,
        picked=words.n(
            "{n} date was picked by the price", "{n} dates were picked by the price", picked
        ),
    )
