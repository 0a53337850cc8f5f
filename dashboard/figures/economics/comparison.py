"""Scenarios side by side, each measure on an axis of its own."""

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

_ROW_PX, _GAP_PX, _COLUMNS = 44, 78, 2
_COLUMN_PX = 250
_NAME_WIDTH, _HEADING_WIDTH = 18, 34


def comparison_figure(rows: pd.DataFrame, said: Words, mode: theme.Mode = "light") -> go.Figure:
    """Draw every measure of every scenario as a dot with its interval.

    Parameters
    ----------
    rows
        ``scenario`` (its name), ``label`` (the measure, in the reader's language), ``value``,
        ``low``, ``high`` (an interval may be missing), and if it is held ``unit`` (as in
        :class:`~dashboard.figures.economics.scales.Axis`). A value that is missing says so in its
        row.
    """
    if rows.empty or not np.isfinite(scales.values(rows, "value")).any():
        return theme.empty(said.t("No scenario has a known result to compare."), mode)
    scenarios = [str(name) for name in dict.fromkeys(rows["scenario"])]
    measures = [str(label) for label in dict.fromkeys(rows["label"])]
    columns = min(_COLUMNS, len(measures))
    lines = -(-len(measures) // columns)
    row_px = _ROW_PX * len(scenarios)
    plot_px = row_px * lines + _GAP_PX * (lines - 1)
    figure = make_subplots(
        rows=lines,
        cols=columns,
        vertical_spacing=_GAP_PX / plot_px if lines > 1 else 0,
        horizontal_spacing=0.05,
        subplot_titles=[_heading(rows, measure, said) for measure in measures],
    )
    names = [theme.wrap(theme.escape(name), _NAME_WIDTH, lines=2) for name in scenarios]
    for number, measure in enumerate(measures):
        place = {"row": number // columns + 1, "col": number % columns + 1}
        own: Any = rows.loc[rows["label"] == measure].drop_duplicates("scenario")
        own = own.set_index("scenario").reindex(scenarios)
        _panel(figure, own, place, said, mode)
        looks.rows_axis(figure, names if place["col"] == 1 else [""] * len(names), **place)
    theme.finish(
        figure,
        alt=_alt(rows, scenarios, measures, said),
        mode=mode,
        height=plot_px + 96,
        top=46,
    )
    figure.update_annotations(font_size=13, yshift=3)
    return figure.update_layout(margin_b=40)


def _unit(rows: pd.DataFrame) -> str:
    units = [] if "unit" not in rows else [str(unit) for unit in rows["unit"].dropna()]
    return units[0] if units else "count"


def _heading(rows: pd.DataFrame, measure: str, said: Words) -> str:
    own = rows.loc[rows["label"] == measure]
    heading = theme.escape(scales.Axis(measure, _unit(own)).heading(said))
    one_line = theme.wrap(heading, _HEADING_WIDTH)
    if "<br>" in one_line:
        name = theme.wrap(theme.escape(measure), _HEADING_WIDTH, lines=1)
        one_line = f"{name}<br>{scales.unit_name(said, _unit(own))}"
    return f"<b>{one_line}</b>"


def _panel(
    figure: go.Figure, own: pd.DataFrame, place: dict[str, Any], said: Words, mode: theme.Mode
) -> None:
    value = scales.values(own, "value")
    low, high = (scales.values(own, end, optional=True) for end in ("low", "high"))
    unit = _unit(own)
    # What it is per stands in the heading already.
    texts = [scales.write(said, each, scales.bare(unit)) for each in value]
    for position in np.flatnonzero(np.isfinite(value)):
        style = theme.series_style(int(position))
        figure.add_scatter(
            x=[value[position]],
            y=[position],
            mode="markers+text",
            text=[texts[position]],
            textposition="top center",
            textfont={"size": 12, "color": theme.INKS[mode].text},
            marker={"symbol": style.symbol, "size": 10, "color": style.color},
            error_x={
                **looks.whiskers(
                    low[[position]], value[[position]], high[[position]], mode, width=5
                ),
                "color": style.color,
                "thickness": 2,
            },
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
            **place,
        )
    seen = np.concatenate([value, low, high])
    seen = seen[np.isfinite(seen)]
    half = scales.label_px(texts) / 2
    shown = (0.0, 1.0)
    if seen.size:
        near = [*seen, 0.0] if _reaches_zero(seen) else list(seen)
        shown = scales.with_room(min(near), max(near), half, half, _COLUMN_PX)
    unknown = np.flatnonzero(~np.isfinite(value)).tolist()
    # Beside the zero line, not across it.
    begin = 0.0 if shown[0] < 0 < 0.6 * shown[0] + 0.4 * shown[1] else shown[0]
    looks.unknown_rows(figure, unknown, begin, said, mode, **place)
    figure.update_xaxes(
        zeroline=bool(seen.size),
        showgrid=bool(seen.size),
        ticks="outside" if seen.size else "",
        showticklabels=bool(seen.size),
        **{**scales.linear_axis(said, *shown, unit), "nticks": 4},
        **place,
    )


def _reaches_zero(seen: np.ndarray) -> bool:
    """Return whether zero is so near that an axis that begins elsewhere would mislead."""
    least = float(np.abs(seen).min())
    return bool((seen > 0).all() or (seen < 0).all()) and least < 0.5 * float(np.abs(seen).max())


def _alt(rows: pd.DataFrame, scenarios: list[str], measures: list[str], said: Words) -> str:
    parts: list[str] = []
    for measure in measures:
        own: Any = rows.loc[rows["label"] == measure]
        unit = _unit(own)
        told = [
            said.t("{label}: {value}", label=row["scenario"], value=_told(row["value"], unit, said))
            for row in own.to_dict("records")
        ]
        values = looks.join(said, told)
        parts.append(said.t("{measure} – {values}.", measure=measure, values=values))
    return said.sentences(parts)


def _told(value: Any, unit: str, said: Words) -> str:
    return said.t("not known") if pd.isna(value) else scales.write(said, float(value), unit)
