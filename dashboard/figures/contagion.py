"""What shares had in common before an event: their correlations, cluster by cluster."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.studies.contagion import ContagionStudy
from dashboard.text import Words

_ROW_PX = 34


def correlation_figure(
    study: ContagionStudy, words: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the correlations of residual returns (−1 to 1), shares of a cluster side by side."""
    table = study.correlation
    if table.empty:
        return theme.empty(
            words.t("Too few shares have bars before this event to compare them."), mode
        )
    names = [str(name) for name in table.index]
    figure = go.Figure(
        go.Heatmap(
            z=table.to_numpy(),
            x=names,
            y=names,
            colorscale="PuOr",
            reversescale=True,
            zmin=-1,
            zmax=1,
            xgap=1,
            ygap=1,
            texttemplate="%{z:.2f}" if len(names) <= 14 else None,
            colorbar={"title": {"text": words.t("Correlation")}, "thickness": 12},
            hovertemplate="%{y}, %{x}: %{z:.2f}<extra></extra>",
        )
    )
    alt = words.t(
        "Correlations of what the market leaves of {n} shares, in {k} clusters.",
        n=words.number(len(names), digits=0),
        k=words.number(study.n_clusters, digits=0),
    )
    titles = words.t("Share"), words.t("Share")
    height = 150 + _ROW_PX * len(names)
    theme.finish(figure, alt=alt, mode=mode, axis_titles=titles, height=height)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    # Every share is named: upright names stand side by side on a phone too.
    return figure.update_xaxes(
        showgrid=False, type="category", dtick=1, tickangle=-90, tickfont_size=11
    )
