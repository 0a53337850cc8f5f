"""What all figures share: palette, templates, fonts, direction marks, and the finishing touch.

Colour never carries a meaning alone: every series also has its dash and its marker.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.text import Words

Mode = Literal["light", "dark"]
DirectionScheme = Literal["default", "red_up", "green_up"]

BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, PINK, SKY = "#E69F00", "#CC79A7", "#56B4E9"
PALETTE = (BLUE, VERMILION, GREEN, ORANGE, PINK, SKY)
"""Okabe–Ito without black, in the order used for series."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "diamond", "square", "triangle-up", "cross", "x")

FONT_STACK = (
    '"Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", '
    '"Microsoft YaHei", "WenQuanYi Micro Hei", "Noto Sans", "DejaVu Sans", Arial, sans-serif'
)
"""Local fonts only; the ones with Chinese characters come first, so that no text mixes faces."""

MAX_POINTS = 2_000
"""Most points sent in one trace."""

_OPENING, _CLOSING = "（《“‘【〔", "）》”’】〕，。、；：？！%％"
"""Signs that end no line, and that begin none."""

_DAY_TICKS = {"en": "%-d %b\n%Y", "zh": "%-m月%-d日\n%Y年"}
_MONTH_TICKS = {"en": "%b\n%Y", "zh": "%-m月\n%Y年"}
"""Ticks on two lines, the year where it begins: one line would not fit a narrow page."""
_MOST_DATES, _MOST_MONTHS, _DATE_PX = 6, 9, 11
"""Days and months that stand side by side on a phone, and the size of their letters."""

_UPRIGHT_TITLE_WIDTH = 24
_EMPTY_WIDTH, _LEVEL_TITLE_WIDTH = 42, 34
"""Columns that fit on a phone: of a message, and of the title of a level axis."""
_WIDOW = 4
"""A last row of so few columns is no row of its own."""


@dataclass(frozen=True)
class Ink:
    """The neutral colours of a theme: text (contrast at least 4.5:1), quiet lines, paper."""

    text: str
    quiet: str
    grid: str
    paper: str


INKS: dict[Mode, Ink] = {
    "light": Ink(text="#1F2430", quiet="#6B7280", grid="#E3E6EB", paper="#FFFFFF"),
    "dark": Ink(text="#E8EAED", quiet="#9AA3AF", grid="#323843", paper="#0E1117"),
}
_DIRECTION_COLOURS: dict[DirectionScheme, tuple[str, str]] = {
    "default": (BLUE, ORANGE),
    "red_up": (VERMILION, GREEN),
    "green_up": (GREEN, VERMILION),
}


@dataclass(frozen=True)
class SeriesStyle:
    """Colour, dash and marker of one series; they change together."""

    color: str
    dash: str
    symbol: str


def series_style(position: int) -> SeriesStyle:
    """Return the look of the series at ``position`` (0-based).

    After six the colours come again, with other dashes and markers each round.
    """
    turn, again = position % len(PALETTE), position // len(PALETTE)
    other = (turn + again) % len(PALETTE)
    return SeriesStyle(PALETTE[turn], DASHES[other], MARKERS[other])


def direction_mark(value: float, scheme: DirectionScheme = "default") -> tuple[str, str]:
    """Return the glyph and colour for a change: ▲ up, ▼ down, and a plain dash for none or missing.

    ``red_up`` follows the custom of China and Japan, ``green_up`` that of Europe and America.
    """
    up, down = _DIRECTION_COLOURS[scheme]
    if pd.isna(value) or value == 0:
        return "–", INKS["light"].quiet
    return ("▲", up) if value > 0 else ("▼", down)


def translucent(color: str, opacity: float) -> str:
    """Return a hexadecimal colour as ``rgba`` with the given opacity (0–1)."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"


def day_axis(words: Words) -> dict[str, Any]:
    """Return the settings of an axis of days: ticks as the language writes a day, or a month.

    Without a format an axis names its months in English, whatever the language.
    """
    months = {"dtickrange": ["M1", None], "value": _MONTH_TICKS[words.language]}
    return {
        "tickformat": _DAY_TICKS[words.language],
        "tickformatstops": [months],
        "tickangle": 0,
        "tickfont": {"size": _DATE_PX},
        "nticks": _MOST_DATES,
    }


def month_axis(words: Words, n_months: int) -> dict[str, Any]:
    """Return the settings of an axis of so many months: a tick each where they fit on a phone."""
    few = n_months <= _MOST_MONTHS
    return {
        "tickformat": _MONTH_TICKS[words.language],
        "tickangle": 0,
        "tickfont": {"size": _DATE_PX},
        **({"dtick": "M1"} if few else {"nticks": _MOST_DATES}),
    }


def template(mode: Mode = "light") -> go.layout.Template:
    """Return the template of a theme: neutral colours, palette, fonts, axes that make room."""
    ink = INKS[mode]
    axis = {
        "gridcolor": ink.grid,
        "linecolor": ink.quiet,
        "zerolinecolor": ink.quiet,
        "zerolinewidth": 1,
        "ticks": "outside",
        "tickcolor": ink.quiet,
        "automargin": True,
        "title": {"standoff": 8, "font": {"size": 13}},
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": ink.paper,
            "plot_bgcolor": ink.paper,
            "font": {"family": FONT_STACK, "size": 13, "color": ink.text},
            "colorway": PALETTE,
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"font": {"family": FONT_STACK}},
            "separators": ".,",
        }
    )


def finish(
    figure: go.Figure,
    *,
    alt: str,
    mode: Mode,
    axis_titles: tuple[str, str] | None = None,
    height: int = 360,
    top: int = 12,
) -> go.Figure:
    """Give a figure what every figure has, and return it.

    Parameters
    ----------
    figure
        The figure; changed in place.
    alt
        What the figure shows, in words computed from its data; kept in ``layout.meta["alt"]``.
    mode
        Light or dark.
    axis_titles
        Titles of x and y with their units; ``None`` where the figure has set its own.
    height
        Height in pixels; the width follows the page.
    top
        Pixels kept free above the plot for labels.
    """
    figure.update_layout(
        template=template(mode),
        height=height,
        margin={"l": 12, "r": 16, "t": top, "b": 12},
        meta={"alt": alt},
        legend={
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "xanchor": "left",
            "bgcolor": "rgba(0,0,0,0)",
        },
    )
    if axis_titles is not None:
        figure.update_xaxes(title_text=wrap(axis_titles[0], _LEVEL_TITLE_WIDTH))
        figure.update_yaxes(title_text=upright_title(axis_titles[1]))
    return figure


def empty(message: str, mode: Mode = "light") -> go.Figure:
    """Return a figure that says why there is nothing to draw."""
    figure = go.Figure()
    figure.add_annotation(
        text=wrap(message, _EMPTY_WIDTH), showarrow=False, x=0.5, y=0.5, xref="paper", yref="paper"
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return finish(figure, alt=message, mode=mode, height=160)


def thin(frame: pd.DataFrame, column: str, limit: int = MAX_POINTS) -> pd.DataFrame:
    """Return at most ``limit`` rows of a time series that still show its shape and its gaps.

    Each stretch of rows keeps its first, last, lowest, highest and first missing value of
    ``column``; a frame that is short enough is returned unchanged.
    """
    if len(frame) <= limit:
        return frame
    values = frame[column].to_numpy(dtype=float)
    edges = np.linspace(0, len(frame), limit // 5 + 1, dtype=int)
    kept: set[int] = set()
    for start, end in pairwise(edges.tolist()):
        part = values[start:end]
        missing = np.flatnonzero(np.isnan(part))
        kept.update((start, end - 1), (start + missing[:1]).tolist())
        if len(missing) < len(part):
            kept.update((start + int(np.nanargmin(part)), start + int(np.nanargmax(part))))
    return frame.iloc[sorted(kept)]


def wrap(text: str, width: int, lines: int = 0) -> str:
    """Return ``text`` broken by ``<br>`` at ``width`` columns, an ellipsis after ``lines`` lines.

    Chinese characters take two columns and may be broken anywhere; ``lines=0`` keeps everything,
    and rows are evened out where the last would hold a letter or two.
    """
    rows = _rows_within(text, width)
    if lines and len(rows) > lines:
        rows = [*rows[: lines - 1], rows[lines - 1].rstrip(" ,，。") + "…"]
    elif len(rows) > 1 and columns(rows[-1]) <= _WIDOW:
        narrower = (_rows_within(text, less) for less in range(width // 2, width))
        rows = next((even for even in narrower if len(even) == len(rows)), rows)
    return "<br>".join(rows)


def _rows_within(text: str, width: int) -> list[str]:
    rows = [""]
    for word in _breakable(text):
        if columns(rows[-1]) + columns(word.rstrip()) > width and rows[-1]:
            rows.append("")
        rows[-1] += word if rows[-1] else word.lstrip()
    return [row.rstrip() for row in rows]


def upright_title(title: str) -> str:
    """Return the title of a vertical axis in two lines, the unit below where it fits.

    A title longer than a low figure would be cut off at its ends.
    """
    what, unit = re.split(r"\s*(?=[(（])", f"{title}(", maxsplit=1)
    if len(unit) > 1 and columns(what) <= _UPRIGHT_TITLE_WIDTH:
        return f"{what}<br>{unit[:-1]}"
    return wrap(title, _UPRIGHT_TITLE_WIDTH)


def escape(text: str) -> str:
    """Return ``text`` safe as a plotly label, which understands a few HTML tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def columns(text: str) -> int:
    """Return how many columns a text takes: a Chinese character takes two."""
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)


def _breakable(text: str) -> Sequence[str]:
    """Return the pieces between which a line may break: words, and single Chinese characters.

    A closing mark stays with what it follows, an opening one with what it precedes.
    """
    pieces: list[str] = [""]
    for sign in text:
        if ord(sign) > 0x2E7F:
            pieces += [sign, ""]
            continue
        pieces[-1] += sign
        if sign == " ":
            pieces.append("")
    joined: list[str] = []
    for piece in filter(None, pieces):
        if joined and (piece[0] in _CLOSING or joined[-1][-1] in _OPENING):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined
