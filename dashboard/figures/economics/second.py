"""What a shorter wait costs, and how much more must be sold for it."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

_MOST_COUNTS = 8


def price_of_a_second_figure(
    rows: pd.DataFrame, currency: str, said: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw what each promised wait costs a payer, the uplift that pays for it, and its servers.

    Parameters
    ----------
    rows
        ``promise_seconds``, ``cost_per_payer`` (in the currency, a month), ``needed_uplift_ratio``
        (rise of paying users that would cover it, as a ratio), ``servers``, and if it is held
        ``evidence_kind``. Missing values leave gaps.
    """
    found: Any = pd.DataFrame(
        {
            name: scales.values(rows, name)
            for name in ("promise_seconds", "cost_per_payer", "needed_uplift_ratio", "servers")
        }
    )
    found = found.assign(evidence_kind=looks.kinds_of(rows))
    found = found.dropna(subset=["promise_seconds"]).sort_values("promise_seconds")
    if found[["cost_per_payer", "needed_uplift_ratio", "servers"]].isna().all(axis=None):
        return theme.empty(said.t("No promised wait has a known cost."), mode)
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=[0.46, 0.42, 0.12]
    )
    for row, column, unit in ((1, "cost_per_payer", currency), (2, "needed_uplift_ratio", "ratio")):
        _line(figure, found, (column, unit, row), said)
    _servers(figure, found, said, mode)
    hollow = [kind for kind in looks.HATCHES if (found["evidence_kind"] == kind).any()]
    top = 12
    if hollow:
        kinds = looks.join(said, [said.evidence(kind) for kind in hollow])
        top = looks.remark(figure, said.t("Hollow marks: {kinds}.", kinds=kinds), mode)
    theme.finish(figure, alt=_alt(found, currency, said), mode=mode, height=450 + top, top=top)
    figure.update_layout(margin_b=56)
    titles = {
        1: said.t("Cost a payer and month ({currency})", currency=currency),
        2: said.t("Rise of paying users needed (%)"),
    }
    for row, column, unit in ((1, "cost_per_payer", currency), (2, "needed_uplift_ratio", "ratio")):
        own = found[column]
        top = 1.12 * float(own.max()) if own.notna().any() and own.max() > 0 else 1.0
        low = min(0.0, float(own.min())) if own.notna().any() else 0.0
        figure.update_yaxes(
            title_text=theme.upright_title(titles[row]),
            **scales.linear_axis(said, low, top, unit),
            row=row,
            col=1,
        )
    figure.update_yaxes(
        tickmode="array",
        tickvals=[0],
        ticktext=[said.t("servers")],
        range=[-1, 1],
        showgrid=False,
        zeroline=False,
        row=3,
        col=1,
    )
    figure.update_xaxes(title_text=said.t("Promised wait, 95% (seconds)"), row=3, col=1)
    figure.update_xaxes(showgrid=False, zeroline=False, row=3, col=1)
    return figure.update_xaxes(**_x_axis(found, said))


def _x_axis(found: Any, said: Words) -> dict[str, Any]:
    seconds = found["promise_seconds"].to_numpy(dtype=float)
    if seconds.min() > 0 and seconds.max() > 30 * seconds.min():
        return scales.log_axis(said, seconds, "seconds")
    shown = scales.with_room(float(seconds.min()), float(seconds.max()), 24, 24)
    return scales.linear_axis(said, *shown, "seconds")


def _line(figure: go.Figure, found: Any, panel: tuple[str, str, int], said: Words) -> None:
    column, unit, row = panel
    style = theme.series_style(row - 1)
    own = theme.thin(found, column)
    open_ = ["-open" if kind in looks.HATCHES else "" for kind in own["evidence_kind"]]
    figure.add_scatter(
        x=own["promise_seconds"],
        y=own[column],
        mode="lines+markers" if len(own) <= 40 else "lines",
        line={"color": style.color, "dash": style.dash, "width": 2.5},
        marker={"symbol": [style.symbol + end for end in open_], "size": 9},
        connectgaps=False,
        customdata=[
            said.labelled(scales.write(said, x, "seconds"), scales.write(said, y, unit))
            + (f" ({said.evidence(kind)})" if kind else "")
            for x, y, kind in zip(
                own["promise_seconds"], own[column], own["evidence_kind"], strict=True
            )
        ],
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
        row=row,
        col=1,
    )


def _servers(figure: go.Figure, found: Any, said: Words, mode: theme.Mode) -> None:
    """Write the servers below, at so many promises that the numbers do not touch."""
    seconds = found["promise_seconds"].to_numpy(dtype=float)
    is_log = seconds.min() > 0 and seconds.max() > 30 * seconds.min()
    places = np.log(seconds) if is_log else seconds
    span = places[-1] - places[0]
    chosen: list[int] = []
    for at, place in enumerate(places):
        if not chosen or place - places[chosen[-1]] >= span / _MOST_COUNTS:
            chosen.append(at)
    own = found.iloc[chosen]
    texts = [scales.write(said, n) for n in own["servers"]]
    trace = looks.texts_at(
        list(own["promise_seconds"]), [0] * len(own), texts, "middle center", mode
    )
    figure.add_trace(trace, row=3, col=1)


def _alt(found: Any, currency: str, said: Words) -> str:
    first, last = found.iloc[0], found.iloc[-1]
    parts = [
        said.t(
            "Promised wait {seconds}: cost a payer and month {cost}, rise of paying users needed "
            "{uplift}, servers {servers}.",
            seconds=scales.write(said, row["promise_seconds"], "seconds"),
            cost=_told(row["cost_per_payer"], currency, said),
            uplift=_told(row["needed_uplift_ratio"], "ratio", said),
            servers=_told(row["servers"], "count", said),
        )
        for row in ([first] if len(found) == 1 else [first, last])
    ]
    assumed = int((found["evidence_kind"] == "assumed").sum())
    if assumed:
        parts.append(said.n("{n} point is assumed.", "{n} points are assumed.", assumed))
    return said.sentences(parts)


def _told(value: float, unit: str, said: Words) -> str:
    return scales.write(said, value, unit) if np.isfinite(value) else said.t("not known")
