"""The chain from attention to contribution: people first, money after."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.figures import theme
from dashboard.figures.economics import compact, looks, scales
from dashboard.text import Words

_AXIS_PX, _GAP_PX = 58, 74
_MOST_TICKS = 4


def bridge_figure(steps: pd.DataFrame, said: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw counts of people on a logarithmic axis, and amounts of money below on their own.

    Parameters
    ----------
    steps
        In order: ``label`` (in the reader's language), ``value``, ``low``, ``high`` (an interval
        may be missing), ``unit`` (``count``, an ISO currency code, either with ``/day`` or
        ``/month``), ``evidence_kind``, and if it is held ``role``: what a ``subtract`` takes away
        is drawn below zero. A step without a value keeps its row, which says so, and so does a
        count of zero, which has no bar; one that is ``assumed`` was set to nothing, not found.

    Raises
    ------
    ValueError
        If a unit is neither a count nor a currency.
    """
    if steps.empty or not np.isfinite(scales.values(steps, "value")).any():
        return theme.empty(said.t("No step of this chain is known."), mode)
    units = [str(unit) for unit in steps["unit"]]
    if wrong := {u for u in units if not (u.startswith("count") or scales.is_money(u))}:
        raise ValueError(
            f"got the units {', '.join(sorted(wrong))}; expected count or a currency code"
        )
    is_money = np.asarray([scales.is_money(unit) for unit in units])
    panels = [steps.loc[part].reset_index(drop=True) for part in (~is_money, is_money)]
    panels = [panel for panel in panels if len(panel)]
    names = [
        looks.row_names(panel, np.isfinite(scales.values(panel, "value")), said, mode)
        for panel in panels
    ]
    row_px = looks.row_px([name for panel in names for name in panel])
    plot_px = row_px * len(steps) + _GAP_PX * (len(panels) - 1)
    figure = make_subplots(
        rows=len(panels),
        cols=1,
        vertical_spacing=_GAP_PX / plot_px if len(panels) > 1 else 0,
        row_heights=[len(panel) for panel in panels],
    )
    for row, (panel, labels) in enumerate(zip(panels, names, strict=True), 1):
        draw = _money if scales.is_money(str(panel["unit"].iloc[0])) else _people
        draw(figure, panel, row, said, mode)
        looks.rows_axis(figure, labels, row=row, col=1)
    looks.evidence_keys(figure, looks.kinds_of(steps), said, mode)
    legend = looks.legend_px(figure)
    theme.finish(figure, alt=_alt(steps, said), mode=mode, height=plot_px + _AXIS_PX + legend + 12)
    return figure.update_layout(barmode="overlay", margin_b=_AXIS_PX + legend)


def _bars(
    figure: go.Figure,
    panel: pd.DataFrame,
    at: tuple[np.ndarray, list[str], float | None],
    row: int,
    mode: theme.Mode,
) -> None:
    value, colors, base = at
    kinds = looks.kinds_of(panel)
    known = np.flatnonzero(np.isfinite(value))
    figure.add_bar(
        x=value[known] if base is None else value[known] - base,
        base=base,
        y=known,
        orientation="h",
        width=0.6,
        marker=looks.bar_marker([colors[i] for i in known], [kinds[i] for i in known]),
        hoverinfo="skip",
        showlegend=False,
        row=row,
        col=1,
    )


def _whiskers(
    figure: go.Figure,
    ends: tuple[np.ndarray, np.ndarray, np.ndarray],
    row: int,
    mode: theme.Mode,
) -> None:
    low, value, high = ends
    known = np.flatnonzero(np.isfinite(low) & np.isfinite(high) & np.isfinite(value))
    figure.add_scatter(
        x=value[known],
        y=known,
        mode="markers",
        marker={"size": 1, "color": theme.INKS[mode].text},
        error_x=looks.whiskers(low[known], value[known], high[known], mode),
        hoverinfo="skip",
        showlegend=False,
        row=row,
        col=1,
    )


def _people(
    figure: go.Figure, panel: pd.DataFrame, row: int, said: Words, mode: theme.Mode
) -> None:
    value = scales.values(panel, "value")
    low, high = (scales.values(panel, end, optional=True) for end in ("low", "high"))
    above = np.concatenate([value, low, high])
    above = above[np.isfinite(above) & (above > 0)]
    floor = 10 ** np.floor(np.log10(above.min()) - 0.3) if above.size else 1.0
    most = float(above.max()) if above.size else 10.0
    # Nothing at or below zero has a place on this axis: the bar is left out and what it is said.
    bars = np.where(value > 0, value, np.nan)
    _bars(figure, panel, (bars, [theme.BLUE] * len(panel), None), row, mode)
    _whiskers(
        figure, (np.where(low > 0, low, np.where(low == 0, floor, np.nan)), bars, high), row, mode
    )
    texts = _counts(panel, value, said)
    ends = np.fmax(np.fmax(bars, high), floor)
    known = np.flatnonzero(np.isfinite(value))
    trace = looks.texts_at(
        [float(ends[i]) for i in known], known.tolist(), [texts[i] for i in known],
        "middle right", mode,
    )  # fmt: skip
    figure.add_trace(trace, row=row, col=1)
    unknown = np.flatnonzero(~np.isfinite(value)).tolist()
    looks.unknown_rows(figure, unknown, float(floor), said, mode, row=row, col=1)
    shown = scales.with_room(
        float(np.log10(floor)), float(np.log10(most)), 0, scales.label_px(texts) + 8
    )
    ticks = scales.log_ticks(10 ** shown[0], most * 1.5)
    ticks = ticks[:: -(-len(ticks) // _MOST_TICKS)]
    figure.update_xaxes(
        type="log",
        range=shown,
        tickangle=0,
        tickmode="array",
        tickvals=ticks,
        ticktext=[scales.tick_text(said, tick, "count") for tick in ticks],
        showticklabels=bool(above.size),
        ticks="outside" if above.size else "",
        title_text=said.t("People (number, logarithmic)"),
        row=row,
        col=1,
    )


def _money(figure: go.Figure, panel: pd.DataFrame, row: int, said: Words, mode: theme.Mode) -> None:
    sign = _signs(panel)
    value = sign * scales.values(panel, "value")
    ends = [sign * scales.values(panel, end, optional=True) for end in ("low", "high")]
    low, high = np.fmin(*ends), np.fmax(*ends)
    colors = [theme.direction_mark(amount)[1] for amount in value]
    _bars(figure, panel, (value, colors, None), row, mode)
    _whiskers(figure, (low, value, high), row, mode)
    texts = [
        f"{theme.direction_mark(amount)[0]} {text}"
        for amount, text in zip(value, _texts(panel, value, said, signed=True), strict=True)
    ]
    known = np.flatnonzero(np.isfinite(value))
    right = np.fmax(np.fmax(value, high), 0.0)
    trace = looks.texts_at(
        [float(right[i]) for i in known], known.tolist(), [texts[i] for i in known],
        "middle right", mode,
    )  # fmt: skip
    figure.add_trace(trace, row=row, col=1)
    unknown = np.flatnonzero(~np.isfinite(value)).tolist()
    looks.unknown_rows(figure, unknown, 0.0, said, mode, row=row, col=1)
    seen = np.concatenate([value, low, high, [0.0]])
    unit = str(panel["unit"].iloc[0])
    least, most = float(np.nanmin(seen)), float(np.nanmax(seen))
    shown = scales.with_room(
        least, most if most > least else 1.0, 8, scales.label_px([*texts, said.t("not known")]) + 8
    )
    figure.update_xaxes(
        zeroline=True,
        showticklabels=bool(known.size),
        ticks="outside" if known.size else "",
        title_text=said.t("Money ({unit})", unit=scales.unit_name(said, unit)),
        **scales.linear_axis(said, *shown, unit),
        row=row,
        col=1,
    )


def _signs(panel: pd.DataFrame) -> np.ndarray:
    roles: Any = panel["role"] if "role" in panel else [""] * len(panel)
    return np.asarray([-1.0 if role == "subtract" else 1.0 for role in roles])


def _texts(
    panel: pd.DataFrame, value: np.ndarray, said: Words, *, signed: bool = False
) -> list[str]:
    return [
        compact.write(said, amount, str(unit), signed=signed)
        for amount, unit in zip(value, panel["unit"], strict=True)
    ]


def _counts(steps: pd.DataFrame, value: np.ndarray, said: Words) -> list[str]:
    """Write amounts; a count of people that was set to nothing says so, for it was not found."""
    high = np.nan_to_num(scales.values(steps, "high", optional=True))
    is_set = (value == 0) & (high == 0) & (np.asarray(looks.kinds_of(steps)) == "assumed")
    is_set &= steps["unit"].astype(str).str.startswith("count").to_numpy()
    return [
        said.t("set to 0, not counted") if here else text
        for here, text in zip(is_set, _texts(steps, value, said), strict=True)
    ]


def _alt(steps: pd.DataFrame, said: Words) -> str:
    value = scales.values(steps, "value")
    value = _signs(steps) * value
    texts = _counts(steps, value, said)
    parts = [
        said.t("{label}: {value}", label=label, value=text)
        for label, text, number in zip(steps["label"], texts, value, strict=True)
        if np.isfinite(number)
    ]
    told = looks.listed_rows(said, list(steps["label"]), looks.kinds_of(steps), value)
    return said.sentences([said.t("The chain: {steps}.", steps=looks.join(said, parts)), *told])
