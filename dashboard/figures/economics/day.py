"""When on a day pictures are asked for."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import scales
from dashboard.text import Words


def day_figure(hours: pd.DataFrame, said: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the requests of each hour of a day over those of the mean hour.

    Parameters
    ----------
    hours
        ``hour`` (0–23) and ``over_mean`` (ratio to the mean hour), a row an hour.
    """
    over_mean = scales.values(hours, "over_mean")
    if not np.isfinite(over_mean).any():
        return theme.empty(said.t("No hour of the day is known."), mode)
    busiest = int(np.nanargmax(over_mean))
    figure = go.Figure()
    figure.add_bar(
        x=hours["hour"],
        y=over_mean,
        marker={
            "color": [theme.VERMILION if i == busiest else theme.BLUE for i in range(len(hours))]
        },
        hovertemplate="%{x}:00 · %{y:.2f}<extra></extra>",
        showlegend=False,
    )
    figure.add_hline(y=1, line={"color": theme.INKS[mode].quiet, "dash": "dot", "width": 1.5})
    alt = said.t(
        "Requests by hour of the day: most from {hour}:00 on, {ratio} times the mean hour.",
        hour=int(hours["hour"].iloc[busiest]),
        ratio=said.number(float(over_mean[busiest]), digits=2),
    )
    titles = said.t("Hour of the day"), said.t("Requests over the mean hour's (ratio)")
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=240)
    figure.update_xaxes(dtick=3)
    return figure.update_yaxes(rangemode="tozero")
