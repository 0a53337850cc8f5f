"""Correlation of attention and returns by lag."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.studies.lead_lag import LeadLagStudy
from dashboard.text import Words


def lag_figure(study: LeadLagStudy, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the correlation at each lag in weeks with its 95% interval.

    Right of 0 attention leads.
    """
    table = study.correlation
    if table.empty or table["correlation"].dropna().empty:
        return theme.empty(
            words.t("Attention and returns have too few weeks in common to compare them."), mode
        )
    held = table.dropna(subset=["correlation"])
    figure = go.Figure(
        go.Scatter(
            x=held["lag"],
            y=held["correlation"],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": held["high"] - held["correlation"],
                "arrayminus": held["correlation"] - held["low"],
                "thickness": 1.5,
                "width": 4,
                "color": theme.VERMILION,
            },
            mode="markers",
            marker={"color": theme.BLUE, "size": 8},
            showlegend=False,
            hovertemplate="%{x:+d}: %{y:+.2f}<extra></extra>",
        )
    )
    best: Any = held.loc[held["correlation"].abs().idxmax()]
    alt = words.t(
        "Correlation by lag over {n} weeks; the largest is {value} at {lag} weeks.",
        n=words.number(study.n_weeks, digits=0),
        value=words.number(best["correlation"]),
        lag=words.number(best["lag"], digits=0),
    )
    titles = (
        words.t("Lag in weeks (above 0: attention comes first)"),
        words.t("Correlation"),
    )
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=340)
    figure.add_vline(x=0, line_width=1, line_color=theme.INKS[mode].quiet)
    figure.update_yaxes(range=[-1, 1], zeroline=True)
    return figure.update_xaxes(dtick=2, tick0=0, tickangle=0)
