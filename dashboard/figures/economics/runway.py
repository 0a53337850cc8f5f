"""How long the cash lasts."""

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
from dashboard.figures.economics.wave import month_axis
from dashboard.text import Words


def runway_figure(
    months: pd.DataFrame, currency: str, said: Words, mode: theme.Mode = "light"
) -> go.Figure:
    """Draw the cash at the end of each month with its lowest point, and what came and went.

    Parameters
    ----------
    months
        ``month`` (dates, or numbers from the first), ``cash``, ``proceeds_received``,
        ``costs_paid`` (in the currency; costs above zero). Missing values leave gaps.
    """
    cash = scales.values(months, "cash")
    received, paid = (scales.values(months, name) for name in ("proceeds_received", "costs_paid"))
    if not np.isfinite(cash).any():
        return theme.empty(said.t("The cash is not known in any month."), mode)
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.6, 0.4]
    )
    _cash(figure, months["month"], cash, currency, said, mode)
    _flows(figure, months["month"], (received, paid), currency, said)
    figure.add_hline(y=0, line={"color": theme.INKS[mode].text, "width": 1.5})
    theme.finish(
        figure,
        alt=_alt(months, cash, currency, said),
        mode=mode,
        height=440 + looks.legend_px(figure),
    )
    figure.update_layout(barmode="relative", margin_b=44 + looks.legend_px(figure))
    titles = {
        1: said.t("Cash ({currency})", currency=currency),
        2: said.t("In and out a month ({currency})", currency=currency),
    }
    for row, seen in ((1, cash), (2, np.concatenate([received, -paid]))):
        least, most = min(0.0, np.nanmin([*seen, 0.0])), max(0.0, np.nanmax([*seen, 0.0]))
        span = (most - least) or 1.0
        figure.update_yaxes(
            title_text=theme.upright_title(titles[row]),
            **scales.linear_axis(said, least - 0.2 * span, most + 0.12 * span, currency),
            row=row,
            col=1,
        )
    return month_axis(figure, months["month"], said, row=2)


def _cash(
    figure: go.Figure,
    months: Any,
    cash: np.ndarray,
    currency: str,
    said: Words,
    mode: theme.Mode,
) -> None:
    texts = [scales.write(said, value, currency) for value in cash]
    figure.add_scatter(
        x=months,
        y=cash,
        name=said.t("cash at the end of the month"),
        mode="lines+markers" if len(months) <= 36 else "lines",
        line={"color": theme.BLUE, "width": 2.5},
        marker={"symbol": "circle", "size": 7},
        connectgaps=False,
        customdata=texts,
        hovertemplate="%{x}: %{customdata}<extra>%{fullData.name}</extra>",
        row=1,
        col=1,
    )
    least = int(np.nanargmin(cash))
    figure.add_scatter(
        x=[months.iloc[least]],
        y=[cash[least]],
        name=said.t("lowest: {amount}, {month}", amount=texts[least],
                    month=scales.month_text(said, months.iloc[least])),
        mode="markers",
        marker={
            "symbol": "triangle-down",
            "size": 15,
            "color": theme.VERMILION,
            "line": {"color": theme.INKS[mode].text, "width": 1.5},
        },
        hovertemplate="%{fullData.name}<extra></extra>",
        row=1,
        col=1,
    )  # fmt: skip


def _flows(
    figure: go.Figure,
    months: Any,
    flows: tuple[np.ndarray, np.ndarray],
    currency: str,
    said: Words,
) -> None:
    received, paid = flows
    for height, name, color in (
        (received, "▲ " + said.t("proceeds received"), theme.BLUE),
        (-paid, "▼ " + said.t("costs paid"), theme.ORANGE),
    ):
        figure.add_bar(
            x=months,
            y=height,
            name=name,
            marker={"color": color},
            customdata=[scales.write(said, value, currency, signed=True) for value in height],
            hovertemplate="%{x}: %{customdata}<extra>%{fullData.name}</extra>",
            row=2,
            col=1,
        )


def _alt(months: pd.DataFrame, cash: np.ndarray, currency: str, said: Words) -> str:
    least = int(np.nanargmin(cash))
    last = int(np.flatnonzero(np.isfinite(cash))[-1])
    parts = [
        said.t(
            "Cash over {n} months: lowest {least} ({month}), at the end {last}.",
            n=len(months),
            least=scales.write(said, cash[least], currency),
            month=scales.month_text(said, months["month"].iloc[least]),
            last=scales.write(said, cash[last], currency),
        )
    ]
    below = np.flatnonzero(cash < 0)
    if below.size:
        month = scales.month_text(said, months["month"].iloc[int(below[0])])
        parts.append(said.t("It is below zero first in: {month}.", month=month))
    else:
        parts.append(said.t("It never falls below zero."))
    return said.sentences(parts)
