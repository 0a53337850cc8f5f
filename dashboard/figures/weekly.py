"""The figures of the weekly report."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import labels, theme
from dashboard.text import Words

_MOST = 15
_BAR_PX, _AROUND_PX = 22, 90


def shares_figure(shares: pd.DataFrame, words: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw the largest moves of shares as lying bars, up to the right.

    Parameters
    ----------
    shares
        ``ticker, company, company_zh, last_day, change`` (ratio), the largest move first.
    """
    held = shares.dropna(subset=["change"]).head(_MOST).iloc[::-1]
    if held.empty:
        return theme.empty(words.t("No share has enough trading days."), mode)
    rows = held.to_dict("records")
    names = [words.noted(theme.escape(labels.company(row, words)), row["ticker"]) for row in rows]
    marks = [theme.direction_mark(float(row["change"])) for row in rows]
    figure = go.Figure()
    figure.add_bar(
        y=names,
        x=held["change"],
        orientation="h",
        marker={"color": [color for _, color in marks]},
        text=[
            f"{mark} {words.signed_percent(row['change'])}"
            for (mark, _), row in zip(marks, rows, strict=True)
        ],
        textposition="outside",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        showlegend=False,
    )
    most = rows[-1]
    alt = words.t(
        "Moves of {n} shares; the largest, {change}, of {name}.",
        n=words.number(len(rows), digits=0),
        change=words.signed_percent(most["change"]),
        name=labels.company(most, words),
    )
    theme.finish(figure, alt=alt, mode=mode, height=_AROUND_PX + _BAR_PX * len(rows))
    widest = 1.35 * float(held["change"].abs().max() or 0.01)
    low = min(0.0, float(held["change"].min()))
    figure.update_xaxes(
        title_text=words.t("Move (share of the price before)"),
        tickformat=".0%",
        range=[low - 0.25 * widest if low < 0 else -0.02 * widest, widest],
    )
    return figure
