"""The contribution over two inputs, and where it turns."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures import theme
from dashboard.figures.economics import looks, scales
from dashboard.text import Words

MOST_CLAIMS = 8

_MOST_CELLS_A_SIDE = 44
_COVERED = 0.05
"""Marks nearer to each other than this share of both axes lie over one another."""
_CALL_OUT_PX = 34
_SATURATION_QUANTILE = 0.95


@dataclass(frozen=True)
class Grid:
    """A result over two inputs.

    Attributes
    ----------
    x, y
        Values of the inputs, increasing, shapes (n,) and (m,).
    z
        The result, shape (m, n); NaN where it is not known.
    base
        The scenario's own values of x and y; ``None`` where one of them is not known.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    base: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if np.shape(self.z) != (len(self.y), len(self.x)):
            raise ValueError(
                f"got a result of shape {np.shape(self.z)} over {len(self.x)} by {len(self.y)} "
                "values; expected one row for each y and one column for each x"
            )

    def coarse(self) -> Grid:
        """Return a grid of few enough cells to send, ends kept."""
        columns, rows = (
            np.unique(np.linspace(0, len(axis) - 1, min(len(axis), _MOST_CELLS_A_SIDE)).astype(int))
            for axis in (self.x, self.y)
        )
        return Grid(self.x[columns], self.y[rows], self.z[np.ix_(rows, columns)], self.base)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a point lies within the grid."""
        return bool(self.x[0] <= x <= self.x[-1] and self.y[0] <= y <= self.y[-1])


def contour_figure(
    grid: Grid,
    claims: pd.DataFrame,
    said: Words,
    mode: theme.Mode = "light",
    *,
    axes: tuple[scales.Axis, scales.Axis, scales.Axis],
) -> go.Figure:
    """Draw a result as a heat map symmetric about zero with a thick line where it is zero.

    Parameters
    ----------
    grid
        The result. Colours end at its 95% quantile, so that one corner does not bleach the rest.
    claims
        Published pairs of the inputs: ``label``, ``x``, ``y``, and if it is held
        ``evidence_kind``. Those outside the grid, without a value or beyond
        :data:`MOST_CLAIMS` are named in the alternative text only.
    axes
        Of x, y and the result.
    """
    if not (grid.z.size and np.isfinite(grid.z).any()):
        return theme.empty(said.t("The result is not known anywhere over these inputs."), mode)
    shown = grid.coarse()
    drawn, left_out = _within(grid, claims)
    figure = go.Figure([_heat(shown, axes, said), _zero_line(shown, said)])
    has_line = _turns(shown)
    if not has_line:
        figure.data = figure.data[:1]
    together = _together(grid, drawn, axes)
    _claims(figure, drawn, axes, said, {place for group in together for place in group})
    if grid.base is not None and grid.holds(*grid.base):
        figure.add_trace(_star(grid.base, axes, said))
    theme.finish(
        figure,
        alt=_alt(grid, (drawn, left_out), axes, said),
        mode=mode,
        axis_titles=(axes[0].heading(said), axes[1].heading(said)),
        height=430 + looks.legend_px(figure),
    )
    # Marks as large as those on the plot would touch each other in the legend.
    figure.update_layout(legend_itemsizing="constant")
    for group in together:
        _call_out(figure, grid, drawn, axes, group)
    figure.update_xaxes(showgrid=False, **_range(grid.x, axes[0], said))
    return figure.update_yaxes(showgrid=False, **_range(grid.y, axes[1], said))


def _range(values: np.ndarray, axis: scales.Axis, said: Words) -> dict[str, Any]:
    if axis.log:
        settings = scales.log_axis(said, values, axis.unit)
        positive = values[values > 0]
        return {**settings, "range": np.log10([positive[0], positive[-1]]).tolist()}
    return scales.linear_axis(said, float(values[0]), float(values[-1]), axis.unit)


def _turns(grid: Grid) -> bool:
    known = grid.z[np.isfinite(grid.z)]
    return bool(known.min() < 0 < known.max())


def _heat(grid: Grid, axes: tuple[scales.Axis, ...], said: Words) -> go.Heatmap:
    size = np.abs(grid.z[np.isfinite(grid.z)])
    end = float(np.quantile(size, _SATURATION_QUANTILE)) or float(size.max()) or 1.0
    end = float(f"{end:.2g}")
    ticks = [-end, -end / 2, 0.0, end / 2, end]
    signs = ["", "", "", "+", "+"]
    texts = [
        sign + scales.tick_text(said, tick, axes[2].unit)
        for sign, tick in zip(signs, ticks, strict=True)
    ]
    return go.Heatmap(
        x=grid.x,
        y=grid.y,
        z=grid.z,
        zmin=-end,
        zmax=end,
        colorscale="PuOr",
        colorbar={
            "title": {
                "text": theme.wrap(axes[2].heading(said), 40),
                "side": "right",
                "font": {"size": 12},
            },
            "tickmode": "array",
            "tickvals": ticks,
            "ticktext": texts,
            "thickness": 14,
            "outlinewidth": 0,
        },
        customdata=_texts(grid, axes, said),
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )


def _texts(grid: Grid, axes: tuple[scales.Axis, ...], said: Words) -> list[list[str]]:
    across = [scales.write(said, float(x), axes[0].unit) for x in grid.x]
    up = [scales.write(said, float(y), axes[1].unit) for y in grid.y]
    return [
        [
            f"{theme.escape(f'{a} · {b}: ')}{scales.write(said, float(z), axes[2].unit)}"
            for a, z in zip(across, row, strict=True)
        ]
        for b, row in zip(up, grid.z, strict=True)
    ]


def _zero_line(grid: Grid, said: Words) -> go.Contour:
    return go.Contour(
        x=grid.x,
        y=grid.y,
        z=grid.z,
        contours={"coloring": "none", "start": 0, "end": 0, "size": 1},
        # Seen on the light colours around zero and in the legend on dark paper alike.
        line={"width": 4, "color": theme.GREEN},
        name=said.t("break-even"),
        showscale=False,
        showlegend=True,
        hoverinfo="skip",
    )


def _star(base: tuple[float, float], axes: tuple[scales.Axis, ...], said: Words) -> go.Scatter:
    return go.Scatter(
        x=[base[0]],
        y=[base[1]],
        mode="markers",
        name=said.t("this scenario"),
        marker={
            "symbol": "star",
            "size": 19,
            "color": theme.BLUE,
            "line": {"color": theme.INKS["light"].text, "width": 1.5},
        },
        text=[_point(base, axes, said)],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )


def _claims(
    figure: go.Figure,
    drawn: pd.DataFrame,
    axes: tuple[scales.Axis, ...],
    said: Words,
    called_out: Collection[int],
) -> None:
    """Put numbers at the places of the claims; their names in the legend cover nothing.

    The numbers of those ``called_out`` stand beside their mark, see :func:`_call_out`.
    """
    kinds = looks.kinds_of(drawn)
    for number, (row, kind) in enumerate(zip(drawn.to_dict("records"), kinds, strict=True), 1):
        name = f"{number}  {row['label']}"
        figure.add_scatter(
            x=[row["x"]],
            y=[row["y"]],
            mode="markers+text",
            text=["" if number - 1 in called_out else f"<b>{number}</b>"],
            textposition="middle center",
            textfont={"size": 11, "color": theme.INKS["light"].text},
            marker={
                "symbol": theme.MARKERS[(number - 1) % 3],
                "size": 20,
                "color": theme.INKS["light"].paper,
                "line": {"color": theme.INKS["light"].text, "width": 1.5},
            },
            name=theme.escape(said.noted(name, said.evidence(kind)) if kind else name),
            customdata=[_point((row["x"], row["y"]), axes, said)],
            hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
        )


def _shares(values: np.ndarray, ends: np.ndarray, axis: scales.Axis) -> np.ndarray:
    """Return where values lie along an axis, 0 at its begin and 1 at its end."""
    positive = ends[ends > 0] if axis.log else ends
    scale = np.log10 if axis.log else np.asarray
    low, high, at = scale(positive[0]), scale(positive[-1]), scale(values)
    return (at - low) / ((high - low) or 1.0)


def _together(
    grid: Grid, drawn: pd.DataFrame, axes: tuple[scales.Axis, ...]
) -> list[tuple[int, ...]]:
    """Return the places of claims whose marks lie over one another or under the star."""
    if drawn.empty:
        return []
    x = _shares(drawn["x"].to_numpy(dtype=float), grid.x, axes[0])
    y = _shares(drawn["y"].to_numpy(dtype=float), grid.y, axes[1])
    groups: list[list[int]] = []
    for place in range(len(drawn)):
        near = (
            group
            for group in groups
            if abs(x[group[0]] - x[place]) < _COVERED and abs(y[group[0]] - y[place]) < _COVERED
        )
        group = next(near, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return [
        tuple(group)
        for group in groups
        if len(group) > 1 or _is_under_star(grid, (x[group[0]], y[group[0]]), axes)
    ]


def _is_under_star(grid: Grid, at: tuple[float, float], axes: tuple[scales.Axis, ...]) -> bool:
    if grid.base is None or not grid.holds(*grid.base):
        return False
    ends = (grid.x, grid.y)
    return all(
        abs(float(_shares(np.asarray(own), end, axis)) - share) < _COVERED
        for own, end, axis, share in zip(grid.base, ends, axes[:2], at, strict=True)
    )


def _call_out(
    figure: go.Figure,
    grid: Grid,
    drawn: pd.DataFrame,
    axes: tuple[scales.Axis, ...],
    group: tuple[int, ...],
) -> None:
    """Write the numbers of claims that share a place beside it, with a line to it."""
    x, y = float(drawn["x"].iloc[group[0]]), float(drawn["y"].iloc[group[0]])
    right = float(_shares(np.asarray(x), grid.x, axes[0])) > 1 - 2 * _COVERED
    above = float(_shares(np.asarray(y), grid.y, axes[1])) > 1 - 2 * _COVERED
    figure.add_annotation(
        x=float(np.log10(x)) if axes[0].log else x,
        y=float(np.log10(y)) if axes[1].log else y,
        ax=-_CALL_OUT_PX if right else _CALL_OUT_PX,
        ay=_CALL_OUT_PX if above else -_CALL_OUT_PX,
        text=f"<b>{', '.join(str(place + 1) for place in group)}</b>",
        font={"size": 11, "color": theme.INKS["light"].text},
        bgcolor=theme.INKS["light"].paper,
        bordercolor=theme.INKS["light"].text,
        borderwidth=1.5,
        borderpad=3,
        arrowhead=0,
        arrowwidth=1.5,
        arrowcolor=theme.INKS["light"].text,
        standoff=9,
    )


def _point(at: tuple[float, float], axes: tuple[scales.Axis, ...], said: Words) -> str:
    """Return a point as x · y."""
    return theme.escape(
        " · ".join(
            scales.write(said, float(v), axis.unit) for v, axis in zip(at, axes[:2], strict=True)
        )
    )


def _within(grid: Grid, claims: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the claims to draw, and the names of the others."""
    if claims.empty:
        return claims, []
    inside = [
        grid.holds(x, y)
        for x, y in zip(scales.values(claims, "x"), scales.values(claims, "y"), strict=True)
    ]
    drawn = claims.loc[inside].head(MOST_CLAIMS)
    return drawn, [str(label) for label in claims["label"].drop(index=drawn.index)]


def _alt(
    grid: Grid,
    claims: tuple[pd.DataFrame, list[str]],
    axes: tuple[scales.Axis, scales.Axis, scales.Axis],
    said: Words,
) -> str:
    known = grid.z[np.isfinite(grid.z)]
    parts = [
        said.t(
            "{what} over {x} and {y}: from {low} to {high}, above zero on {share} of what is "
            "known.",
            what=axes[2].title,
            x=axes[0].title,
            y=axes[1].title,
            low=scales.write(said, float(known.min()), axes[2].unit),
            high=scales.write(said, float(known.max()), axes[2].unit),
            share=said.percent(float((known > 0).mean()), digits=0),
        )
    ]
    if known.size < grid.z.size:
        unknown = said.percent(1 - known.size / grid.z.size, digits=0)
        parts.append(said.t("Not known on {share} of the area.", share=unknown))
    if grid.base is not None:
        where = _point(grid.base, axes, said)
        inside = grid.holds(*grid.base)
        parts.append(
            said.t("The star stands at {where}.", where=where)
            if inside
            else said.t("This scenario ({where}) lies outside the area.", where=where)
        )
    drawn, left_out = claims
    if len(drawn):
        names = looks.join(said, [str(label) for label in drawn["label"]])
        parts.append(said.t("Published pairs: {labels}.", labels=names))
    if left_out:
        parts.append(said.t("Not drawn: {labels}.", labels=looks.join(said, left_out)))
    return said.sentences(parts)
