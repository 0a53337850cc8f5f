"""How closely a share follows its market, by day, and what shares have in common."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import annotations, theme
from dashboard.studies.co_movement import CoMovementStudy
from dashboard.text import Words


def rolling_beta_figure(
    study: CoMovementStudy, events: pd.DataFrame, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the trailing beta with its 95% band, and marks ``events`` on their days 0."""
    table = study.rolling
    if table.empty or table["beta"].dropna().empty:
        return theme.empty(words.t("Share and market have too few days in common."), mode)
    held = theme.thin(table, "beta")
    line = theme.BLUE
    figure = go.Figure(
        [
            go.Scatter(
                x=held["trade_date"],
                y=held[side],
                mode="lines",
                line={"width": 0},
                fill=fill,
                fillcolor=theme.translucent(line, 0.2),
                hoverinfo="skip",
                showlegend=False,
            )
            for side, fill in (("beta_high", None), ("beta_low", "tonexty"))
        ]
    )
    figure.add_scatter(
        x=held["trade_date"],
        y=held["beta"],
        mode="lines",
        line={"color": line, "width": 2},
        showlegend=False,
        hovertemplate="%{x|%Y-%m-%d}: %{y:.2f}<extra></extra>",
    )
    known: Any = table.dropna(subset=["beta"])
    alt = words.t(
        "Beta over the 60 trading days until each day, from {first} to {last}: between {low} and "
        "{high}.",
        first=words.date(known["trade_date"].iloc[0]),
        last=words.date(known["trade_date"].iloc[-1]),
        low=words.number(known["beta"].min()),
        high=words.number(known["beta"].max()),
    )
    titles = words.t("Trading day"), words.t("Beta against {market}", market=study.benchmark)
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=340)
    marked = events.dropna(subset=["day_zero"])
    marked = marked.assign(event_date=marked["day_zero"])
    between = annotations.first_and_last(held["trade_date"])
    annotations.mark_events(figure, marked, between, words)
    return figure.update_xaxes(**theme.day_axis(words))
