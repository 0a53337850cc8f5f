"""A figure as the data of a native chart of a spreadsheet or a slide.

The numbers are those that the figure draws, read from its traces, so that chart and figure cannot
say different things.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

Kind = Literal["line", "scatter", "column", "bar", "stacked"]
Value = float | str | None


@dataclass(frozen=True)
class Series:
    """One series of a chart.

    Attributes
    ----------
    name
        Its name in the legend.
    x
        Where each point stands: a number, or a day or category as text.
    y
        Its height; ``None`` is a gap.
    color
        ``#RRGGBB``.
    dash
        A dash of :data:`dashboard.figures.theme.DASHES`.
    """

    name: str
    x: tuple[Value, ...]
    y: tuple[float | None, ...]
    color: str
    dash: str = "solid"


@dataclass(frozen=True)
class Chart:
    """A chart that an office program draws by itself.

    Attributes
    ----------
    kind
        ``line`` and ``column`` over categories or days, ``scatter`` over numbers, ``bar`` lying,
        ``stacked`` columns.
    series
        What it shows, in order.
    x_title, y_title
        Titles of the axes with their units.
    x_is_date
        Whether the categories are days.
    y_format
        How a spreadsheet writes the heights.
    y_reversed
        Whether small values stand at the top, as for positions.
    """

    kind: Kind
    series: tuple[Series, ...]
    x_title: str
    y_title: str
    x_is_date: bool = False
    y_format: str = "General"
    y_reversed: bool = False


def chart_of(figure: go.Figure) -> Chart | None:
    """Return the chart of a figure; ``None`` where an office program has none for it."""
    raise NotImplementedError
