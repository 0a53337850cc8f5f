"""How likely a profit is."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

_BINS = 48
_TAIL = 0.005


@dataclass(frozen=True)
class Odds:
    """What the draws say.

    Attributes
    ----------
    probability
        Share of draws above zero; ``None`` where it is not known.
    low, high
        Their 5% and 95% quantiles; ``None`` where they are not known.
    assumed_share
        Part of the variance that assumed inputs carry (ratio).
    is_greyed
        Whether that is more than half.
    """

    probability: float | None
    low: float | None = None
    high: float | None = None
    assumed_share: float | None = None
    is_greyed: bool = False


def histogram(draws: np.ndarray) -> pd.DataFrame:
    """Return draws as bins of equal width with their share of all draws, zero at an edge.

    Parameters
    ----------
    draws
        Shape (n,); missing ones are left out.

    Returns
    -------
    pandas.DataFrame
        ``bin_low``, ``bin_high``, ``share``. The outermost half percent on each side is not binned:
        a single draw far off would leave the others no room.
    """
    known = np.asarray(draws, dtype=float)
    known = known[np.isfinite(known)]  # a copy, which may be changed
    if not known.size:
        return pd.DataFrame({"bin_low": [], "bin_high": [], "share": []}, dtype=float)
    beyond = int(_TAIL * known.size)
    low, high = np.sort(known)[[beyond, -1 - beyond]]
    width = (high - low) / _BINS or abs(low) / 10 or 1.0
    edges = width * np.arange(np.floor(low / width), np.floor(high / width) + 2)
    # An edge is a product and may lie a rounding inside the outermost draw that is binned.
    binned = (known >= low) & (known <= high)
    known[binned] = np.clip(known[binned], edges[0], edges[-1])
    counts, edges = np.histogram(known, edges)
    return pd.DataFrame(
        {"bin_low": edges[:-1], "bin_high": edges[1:], "share": counts / known.size}
    )


def outcome_figure(
    bins: pd.DataFrame,
    odds: Odds,
    currency: str,
    said: Words,
    mode: theme.Mode = "light",
    *,
    title: str,
) -> go.Figure:
    """Draw where the draws of a result fall, how likely it is above zero, and the middle 90%.

    Parameters
    ----------
    bins
        ``bin_low``, ``bin_high`` (in the currency), ``share`` (ratio of all draws); see
        :func:`histogram`.
    odds
        What the draws say. Grey where assumptions carry most of the variance, and said so.
    currency
        ISO code.
    title
        What the result is, in the reader's language, without its unit.
    """
    known: Any = bins.dropna()
    if known.empty or odds.probability is None:
        return theme.empty(
            said.t("The result is not known, so nothing can be said of its odds."), mode
        )
    begin, end = scales.values(known, "bin_low"), scales.values(known, "bin_high")
    figure = go.Figure()
    middle = (begin + end) / 2
    groups = (
        (middle < 0, "▼ " + said.t("loss"), theme.ORANGE),
        (middle >= 0, "▲ " + said.t("profit"), theme.BLUE),
    )
    for chosen, name, color in groups:
        if not chosen.any():
            continue
        grey = theme.INKS[mode].quiet if color == theme.BLUE else _pale(mode)
        own = grey if odds.is_greyed else color
        figure.add_bar(
            x=middle[chosen],
            y=known["share"].to_numpy(dtype=float)[chosen],
            width=(end - begin)[chosen],
            name=name,
            marker={
                "color": own,
                "line": {"color": own, "width": 0.6},
            },
            customdata=_hover(begin[chosen], end[chosen], currency, said),
            hovertemplate="%{customdata}: %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    top = float(known["share"].max()) or 1.0
    figure.add_vline(x=0, line={"color": theme.INKS[mode].text, "width": 2.5})
    _band(figure, odds, top, mode)
    head = looks.remark(figure, said.sentences(_sentences(odds, currency, said)), mode)
    theme.finish(
        figure,
        alt=_alt(known, odds, (title, currency), said),
        mode=mode,
        axis_titles=(
            said.t("{what} ({unit})", what=title, unit=currency),
            said.t("Share of the draws (%)"),
        ),
        height=310 + head + looks.legend_px(figure),
        top=head,
    )
    figure.update_layout(barmode="overlay", bargap=0)
    figure.update_yaxes(tickformat=".0%" if top > 0.04 else ".1%", range=[0, 1.2 * top])
    low, high = scales.with_room(min(0.0, begin.min()), max(0.0, end.max()), 16, 16)
    return figure.update_xaxes(**scales.linear_axis(said, low, high, currency))


def _pale(mode: theme.Mode) -> str:
    return theme.translucent(theme.INKS[mode].quiet, 0.5)


def _hover(begin: np.ndarray, end: np.ndarray, currency: str, said: Words) -> list[str]:
    return [
        said.t(
            "{low} to {high}",
            low=scales.write(said, low, currency),
            high=scales.write(said, high, currency),
        )
        for low, high in zip(begin, end, strict=True)
    ]


def _band(figure: go.Figure, odds: Odds, top: float, mode: theme.Mode) -> None:
    """Draw the middle 90% as a line with ends above the bars."""
    if odds.low is None or odds.high is None:
        return
    figure.add_scatter(
        x=[odds.low, odds.high],
        y=[1.1 * top] * 2,
        mode="lines+markers",
        line={"color": theme.INKS[mode].text, "width": 2},
        marker={"symbol": "line-ns-open", "size": 12, "line": {"width": 2}},
        hoverinfo="skip",
        showlegend=False,
    )


def _sentences(odds: Odds, currency: str, said: Words) -> list[str]:
    parts = [
        said.t("Probability of a profit: {share}.", share=said.percent(odds.probability, digits=0))
    ]
    if odds.low is not None and odds.high is not None:
        parts.append(
            said.t(
                "90% of the draws lie between {low} and {high}.",
                low=scales.write(said, odds.low, currency),
                high=scales.write(said, odds.high, currency),
            )
        )
    if odds.is_greyed:
        parts.append(
            said.t(
                "Grey: assumed inputs carry {share} of the variance; this is a sketch, not a "
                "forecast.",
                share=said.percent(odds.assumed_share, digits=0),
            )
        )
    return parts


def _alt(known: Any, odds: Odds, what: tuple[str, str], said: Words) -> str:
    title, currency = what
    sentences = said.sentences(_sentences(odds, currency, said))
    parts = [said.t("{what}: {sentences}", what=title, sentences=sentences)]
    beyond = 1 - float(known["share"].sum())
    if beyond > 0.0005:
        parts.append(
            said.t("{share} of the draws lie beyond the ends.", share=said.percent(beyond))
        )
    return said.sentences(parts)
