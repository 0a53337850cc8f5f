"""What a thousand pictures cost by how the machine is had, and which way is the cheapest."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

_LANE_PX = 19


def sourcing_figure(
    curves: pd.DataFrame,
    intervals: pd.DataFrame,
    currency: str,
    said: Words,
    mode: theme.Mode = "light",
) -> go.Figure:
    """Draw cost against pictures a day, with a band for each stretch that one way is the cheapest.

    Parameters
    ----------
    curves
        ``label`` (in the reader's language), ``option`` (its code), ``images_per_day``,
        ``cost_per_1000`` (in the currency), and if it is held ``evidence_kind``. Values at or below
        zero have no place on a logarithmic axis and are left out.
    intervals
        ``label``, ``option``, ``from_images_per_day``, ``to_images_per_day``; an end that is
        missing lies beyond the axis.
    currency
        ISO code.
    """
    known = _drawable(curves)
    if known.empty:
        return theme.empty(said.t("No way to have the machines has a known cost."), mode)
    figure = go.Figure()
    styles = {
        str(label): theme.series_style(position)
        for position, label in enumerate(dict.fromkeys(known["label"]))
    }
    for label, style in styles.items():
        own: Any = known.loc[known["label"] == label].sort_values("images_per_day")
        kind = looks.kinds_of(own)[0]
        own = theme.thin(own, "cost_per_1000")
        figure.add_scatter(
            x=own["images_per_day"],
            y=own["cost_per_1000"],
            mode="lines+markers" if len(own) == 1 else "lines",
            name=theme.escape(said.noted(label, said.evidence(kind)) if kind else label),
            line={"color": style.color, "dash": style.dash, "width": 2.5},
            marker={"symbol": style.symbol},
            customdata=[
                said.labelled(scales.write(said, x), scales.write(said, y, currency))
                for x, y in zip(own["images_per_day"], own["cost_per_1000"], strict=True)
            ],
            hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
        )
    x_axis = scales.log_axis(said, known["images_per_day"].to_numpy(), "count")
    bands = _bands(intervals, x_axis["range"])
    top = _shade(figure, bands, (styles, x_axis["range"]), said, mode)
    theme.finish(
        figure,
        alt=_alt(bands, len(styles), said),
        mode=mode,
        axis_titles=(
            said.t("Pictures a day (logarithmic)"),
            said.t("Cost of 1,000 pictures ({currency}, logarithmic)", currency=currency),
        ),
        height=340 + top + looks.legend_px(figure),
        top=top,
    )
    figure.update_xaxes(**x_axis)
    return figure.update_yaxes(**scales.log_axis(said, known["cost_per_1000"].to_numpy(), currency))


def _drawable(curves: pd.DataFrame) -> pd.DataFrame:
    above = (scales.values(curves, "images_per_day") > 0) & (
        scales.values(curves, "cost_per_1000") > 0
    )
    return curves.loc[above]


def _bands(intervals: pd.DataFrame, shown: list[float]) -> pd.DataFrame:
    """Return the intervals that lie within the axis, cut to it, ends as logarithms."""
    if intervals.empty:
        return intervals.assign(begin=[], end=[])
    begin = scales.values(intervals, "from_images_per_day")
    end = scales.values(intervals, "to_images_per_day")
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(begin > 0, np.log10(begin), -np.inf)
        right = np.where(np.isfinite(end), np.log10(end), np.inf)
    cut = intervals.assign(begin=np.maximum(left, shown[0]), end=np.minimum(right, shown[1]))
    return cut.loc[cut["end"] > cut["begin"]].reset_index(drop=True)


def _shade(
    figure: go.Figure,
    bands: pd.DataFrame,
    look: tuple[dict[str, theme.SeriesStyle], list[float]],
    said: Words,
    mode: theme.Mode,
) -> int:
    """Shade the bands and name the cheapest above; return the pixels needed there."""
    styles, (first, last) = look
    if bands.empty:
        return 12
    texts = [theme.wrap(theme.escape(str(label)), 18) for label in bands["label"]]
    middles = ((bands["begin"] + bands["end"]) / 2 - first) / (last - first)
    centres = [
        float(min(max(middle, half), 1 - half))
        for middle, half in zip(
            middles, [scales.label_px([t]) / scales.NARROW_PLOT_PX / 2 for t in texts], strict=True
        )
    ]
    rows = scales.lanes(centres, texts)
    lines = max(text.count("<br>") for text in texts) + 1
    grey = theme.SeriesStyle(theme.INKS[mode].quiet, "solid", "circle")
    for band, text, centre, row in zip(bands.to_dict("records"), texts, centres, rows, strict=True):
        color = styles.get(str(band["label"]), grey).color
        figure.add_vrect(
            x0=10 ** band["begin"],
            x1=10 ** band["end"],
            fillcolor=theme.translucent(color, 0.16),
            line={"color": theme.translucent(color, 0.6), "width": 1},
            layer="below",
        )
        figure.add_annotation(
            x=centre,
            xref="paper",
            xanchor="center",
            y=1,
            yref="paper",
            yanchor="bottom",
            yshift=3 + _LANE_PX * lines * row,
            text=f"<b>{text}</b>",
            showarrow=False,
            font={"size": 12, "color": theme.INKS[mode].text},
        )
    band_px = _LANE_PX * lines * (max(rows) + 1)
    figure.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=1,
        yref="paper",
        yanchor="bottom",
        yshift=3 + band_px,
        text=looks.small(said.t("The cheapest way at these pictures a day:"), mode),
        showarrow=False,
    )
    return 12 + band_px + _LANE_PX


def _alt(bands: pd.DataFrame, n: int, said: Words) -> str:
    parts = [
        said.n(
            "Cost of a thousand pictures by pictures a day for {n} way to have the machines.",
            "Cost of a thousand pictures by pictures a day for {n} ways to have the machines.",
            n,
        )
    ]
    return said.sentences([*parts, *(_stretch(band, said) for band in bands.to_dict("records"))])


def _stretch(band: Any, said: Words) -> str:
    """Say over which pictures a day one way is the cheapest."""
    label, begin, end = band["label"], band["from_images_per_day"], band["to_images_per_day"]
    if not (_is_bound(begin) or _is_bound(end)):
        return said.t("{label} is the cheapest throughout.", label=label)
    low, high = scales.write(said, begin), scales.write(said, end)
    if not _is_bound(begin):
        return said.t("{label} is the cheapest up to {n} pictures a day.", label=label, n=high)
    if not _is_bound(end):
        return said.t("{label} is the cheapest from {n} pictures a day on.", label=label, n=low)
    return said.t(
        "{label} is the cheapest from {low} to {high} pictures a day.",
        label=label,
        low=low,
        high=high,
    )


def _is_bound(value: Any) -> bool:
    return not pd.isna(value) and 0 < float(value) < np.inf
