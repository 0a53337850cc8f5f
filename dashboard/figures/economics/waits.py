"""How long payers and free users wait for a picture."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

TIERS = ("paid", "free")

_SHORTEST_TOLD_SECONDS = 0.01
_LOG_FROM_RATIO = 100
_LANE_PX = 19


@dataclass(frozen=True)
class _Scale:
    """Places of waits on the axis: as they are, or by their logarithm with a place for zero."""

    floor: float | None

    def at(self, seconds: Any) -> np.ndarray:
        found = np.asarray(seconds, dtype=float)
        if self.floor is None:
            return found
        with np.errstate(divide="ignore", invalid="ignore"):
            places = np.log10(np.maximum(found, self.floor))
        return np.where(found == 0, np.log10(self.floor) - 0.5, places)


def waits_figure(
    distribution: pd.DataFrame,
    marks: pd.DataFrame,
    promises: Mapping[str, float],
    said: Words,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw the share of requests that wait no longer than a time, by tier.

    Parameters
    ----------
    distribution
        ``tier`` (``paid`` or ``free``), ``wait_seconds``, ``share_at_or_below`` (ratio). Waits that
        span more than a hundredfold stand on a logarithmic axis with a place for zero.
    marks
        ``tier``, ``p50``, ``p95`` (seconds; missing where not known), ``evidence_kind``.
    promises
        Tier → promised 95% wait in seconds; a missing one has no line.
    """
    known = distribution.dropna(subset=["wait_seconds", "share_at_or_below"])
    tiers = [tier for tier in TIERS if tier in {*known["tier"], *marks["tier"]}]
    quantiles = {
        (tier, name): _mark(marks, tier, name) for tier in tiers for name in ("p50", "p95")
    }
    kept = {tier: promises.get(tier) for tier in tiers}
    lines = {tier: s for tier, s in kept.items() if s is not None and np.isfinite(s)}
    told = [seconds for seconds in quantiles.values() if np.isfinite(seconds)]
    seen = np.asarray([*known["wait_seconds"], *told, *lines.values()], dtype=float)
    if known.empty and not told:
        return theme.empty(said.t("No waiting time is known for these tiers."), mode)
    scale = _scale(seen)
    figure = go.Figure()
    for tier in tiers:
        own: Any = known.loc[known["tier"] == tier].sort_values("wait_seconds")
        _curve(figure, own, tier, (scale, _kind(marks, tier)), said)
        _points(figure, quantiles, tier, (scale, _kind(marks, tier), own.empty), said, mode)
    places = scale.at([*seen, 0.0])
    low, high = scales.with_room(places.min(), places.max(), 14, 14)
    if told:
        high = max(high, scales.with_room(low, scale.at(told).max(), 0, 90)[1])
    low = _with_room_before(low, high, quantiles, scale, said)
    top = _promises(figure, lines, (scale, low, high), said)
    theme.finish(
        figure,
        alt=_alt(tiers, quantiles, lines, said),
        mode=mode,
        axis_titles=(said.t("Wait (seconds)"), said.t("Share that waits no longer (%)")),
        height=330 + top + looks.legend_px(figure),
        top=top,
    )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.08])
    return figure.update_xaxes(zeroline=False, **_ticks(scale, low, high, said))


def _tier(said: Words, tier: str) -> str:
    return {"paid": said.t("paying users"), "free": said.t("free users")}[tier]


def _name(tier: str, kind: str, said: Words) -> str:
    name = _tier(said, tier)
    return said.noted(name, said.evidence(kind)) if kind else name


def _style(tier: str) -> theme.SeriesStyle:
    return theme.series_style(TIERS.index(tier))


def _mark(marks: pd.DataFrame, tier: str, name: str) -> float:
    own = scales.values(marks.loc[marks["tier"] == tier], name)
    return float(own[0]) if own.size else np.nan


def _kind(marks: pd.DataFrame, tier: str) -> str:
    return next(iter(looks.kinds_of(marks.loc[marks["tier"] == tier])), "")


def _scale(seen: np.ndarray) -> _Scale:
    above = seen[seen > 0]
    if not above.size or above.max() <= _LOG_FROM_RATIO * above.min():
        return _Scale(None)
    shortest = max(float(above.min()), _SHORTEST_TOLD_SECONDS)
    return _Scale(10.0 ** np.floor(np.log10(shortest)))


def _ticks(scale: _Scale, low: float, high: float, said: Words) -> dict[str, Any]:
    if scale.floor is None:
        return scales.linear_axis(said, low, high, "seconds")
    ticks = [tick for tick in scales.log_ticks(scale.floor, 10**high) if tick >= scale.floor]
    return {
        "range": [low, high],
        "tickmode": "array",
        "tickvals": scale.at([0.0, *ticks]).tolist(),
        "ticktext": [scales.tick_text(said, tick, "seconds") for tick in (0.0, *ticks)],
    }


def _curve(
    figure: go.Figure, own: pd.DataFrame, tier: str, look: tuple[_Scale, str], said: Words
) -> None:
    if own.empty:
        return
    scale, kind = look
    own = theme.thin(own, "share_at_or_below")
    style, name = _style(tier), _tier(said, tier)
    figure.add_scatter(
        x=scale.at(own["wait_seconds"]),
        y=own["share_at_or_below"],
        mode="lines",
        line={"color": style.color, "dash": style.dash, "width": 2.5, "shape": "hv"},
        name=_name(tier, kind, said),
        customdata=[scales.write(said, float(s), "seconds") for s in own["wait_seconds"]],
        hovertemplate="%{customdata}: %{y:.1%}<extra>%{fullData.name}</extra>",
    )
    waits = own["wait_seconds"].to_numpy(dtype=float)
    if waits[0] == 0 and own["share_at_or_below"].iloc[0] > 0:
        at_zero = float(own.loc[own["wait_seconds"] == 0, "share_at_or_below"].max())
        figure.add_scatter(
            x=scale.at([0.0, 0.0]),
            y=[0.0, at_zero],
            mode="lines+markers",
            line={"color": style.color, "width": 5},
            marker={"symbol": style.symbol, "size": [0, 9], "color": style.color},
            hovertemplate=said.t("{tier}: {share} do not wait", tier=name, share="%{y:.1%}")
            + "<extra></extra>",
            showlegend=False,
            cliponaxis=False,
        )


def _points(
    figure: go.Figure,
    quantiles: Mapping[tuple[str, str], float],
    tier: str,
    look: tuple[_Scale, str, bool],
    said: Words,
    mode: theme.Mode,
) -> None:
    scale, kind, is_alone = look
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        seconds = quantiles[tier, name]
        if not np.isfinite(seconds):
            continue
        text = _point_text(name, seconds, said)
        style = _style(tier)
        # Above a rising curve its left is free, below it its right; at zero there is no left.
        before = _stands_before(tier, seconds)
        # Hollow where nothing was measured: the marker tells it beside the word in the legend.
        fill = theme.INKS[mode].paper if kind in looks.HATCHES else style.color
        figure.add_scatter(
            x=scale.at([seconds]),
            y=[share],
            mode="markers",
            marker={
                "symbol": style.symbol,
                "size": 11,
                "color": fill,
                "line": {"color": style.color, "width": 2},
            },
            name=_name(tier, kind, said),
            hovertemplate=f"{_tier(said, tier)}: {text}<extra></extra>",
            showlegend=is_alone,
            cliponaxis=False,
        )
        is_alone = False  # one entry a tier
        figure.add_annotation(
            x=float(scale.at(seconds)),
            y=share,
            text=text,
            xanchor="right" if before else "left",
            yanchor="top" if tier == "free" else "bottom",
            xshift=-9 if before else 9,
            yshift=-4 if tier == "free" else 2,
            showarrow=False,
            bgcolor=theme.translucent(theme.INKS[mode].paper, 0.8),
            borderpad=1,
            font={"size": 12, "color": theme.INKS[mode].text},
        )


def _point_text(name: str, seconds: float, said: Words) -> str:
    return f"{name} {scales.write(said, seconds, 'seconds')}"


def _stands_before(tier: str, seconds: float) -> bool:
    return tier == "paid" and seconds > 0


def _with_room_before(
    low: float,
    high: float,
    quantiles: Mapping[tuple[str, str], float],
    scale: _Scale,
    said: Words,
) -> float:
    """Return the axis's lower end at which labels left of their points keep off its ticks."""
    for (tier, name), seconds in quantiles.items():
        if not (np.isfinite(seconds) and _stands_before(tier, seconds)):
            continue
        place = float(scale.at(seconds))
        share = (scales.label_px([_point_text(name, seconds, said)]) + 4) / scales.NARROW_PLOT_PX
        low = min(low, (place - share * high) / (1 - share))
    return low


def _promises(
    figure: go.Figure,
    lines: Mapping[str, float],
    frame: tuple[_Scale, float, float],
    said: Words,
) -> int:
    """Draw each promise with its name above the plot; return the pixels needed there."""
    scale, low, high = frame
    texts = [
        said.t(
            "promise to {tier}: {seconds}",
            tier=_tier(said, tier),
            seconds=scales.write(said, seconds, "seconds"),
        )
        for tier, seconds in lines.items()
    ]
    places = [float(scale.at(seconds)) for seconds in lines.values()]
    centres = [min(max((place - low) / (high - low), 0.2), 0.8) for place in places]
    rows = scales.lanes(centres, texts)
    for tier, place, centre, text, row in zip(lines, places, centres, texts, rows, strict=True):
        color = _style(tier).color
        figure.add_vline(x=place, line={"color": color, "dash": "dash", "width": 2})
        figure.add_annotation(
            x=centre,
            xref="paper",
            xanchor="center",
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=4 + _LANE_PX * row,
            text=text,
            showarrow=False,
            font_size=12,
        )
    return 14 + _LANE_PX * (max(rows, default=-1) + 1)


def _alt(
    tiers: list[str],
    quantiles: Mapping[tuple[str, str], float],
    lines: Mapping[str, float],
    said: Words,
) -> str:
    parts: list[str] = []
    for tier in tiers:
        parts.append(
            said.t(
                "{tier}: half wait at most {p50}; the 95% wait is {p95}.",
                tier=_tier(said, tier),
                p50=_told(quantiles[tier, "p50"], said),
                p95=_told(quantiles[tier, "p95"], said),
            )
        )
        p95, promise = quantiles[tier, "p95"], lines.get(tier)
        if promise is None or not np.isfinite(p95):
            continue
        seconds = scales.write(said, promise, "seconds")
        parts.append(
            said.t("The promise of {seconds} is kept.", seconds=seconds)
            if p95 <= promise
            else said.t("The promise of {seconds} is broken.", seconds=seconds)
        )
    return said.sentences(parts)


def _told(seconds: float, said: Words) -> str:
    return scales.write(said, seconds, "seconds") if np.isfinite(seconds) else said.t("not known")
