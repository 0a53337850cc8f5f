"""What a native chart of a spreadsheet or a slide holds: series over places, or colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboard.reports.chart_values import Numbers, Place

Kind = Literal["line", "scatter", "column", "bar", "stacked", "stacked_bar"]
Span = tuple[float, float, float]
"""Lowest and highest value of an axis, and the step between its ticks."""
_MOST_LABELS = 16
"""Names of categories that stand side by side."""
_MARKERS = {
    "diamond": "diamond",
    "square": "square",
    "triangle-up": "triangle",
    "cross": "plus",
    "x": "x",
    "star": "star",
}
LYING = ("bar", "stacked_bar")
BARS = ("column", "bar", "stacked", "stacked_bar")


@dataclass(frozen=True)
class Series:
    """One series of a chart.

    Attributes
    ----------
    name
        Its name in the legend; empty where the figure gives it none.
    x
        Where each point stands: a number (days as a spreadsheet counts them), or a category.
    y
        Its height (for lying bars its length); ``None`` is a gap.
    color
        ``#RRGGBB``; empty for a part of a stack that only carries the others.
    dash
        A dash of :data:`dashboard.figures.theme.DASHES`.
    lines, marks
        Whether its points are joined, and whether they are marked.
    symbol
        A marker of :data:`dashboard.figures.theme.MARKERS` or a star; ``-open`` ones are hollow.
    low, high
        Ends of its error bars, in the units of ``y``; empty where it has none.
    colors
        The colour of each point where they differ.
    is_edge
        Whether it is the edge of a band around another series.
    """

    name: str
    x: tuple[Place, ...]
    y: Numbers
    color: str
    dash: str = "solid"
    lines: bool = True
    marks: bool = False
    low: Numbers = ()
    high: Numbers = ()
    colors: tuple[str, ...] = ()
    is_edge: bool = False
    symbol: str = "circle"

    def marker(self) -> tuple[str, bool]:
        """Return its marker as office programs know it, and whether it is filled."""
        shape = self.symbol.removesuffix("-dot").removesuffix("-open")
        return _MARKERS.get(shape, "circle"), "-open" not in self.symbol


@dataclass(frozen=True)
class Chart:
    """A chart that an office program draws by itself.

    Attributes
    ----------
    kind
        ``line``, ``column`` and ``stacked`` columns over categories, ``bar`` and ``stacked_bar``
        lying, ``scatter`` over numbers and days.
    series
        What it shows, in order; except in a scatter, all stand over the same categories.
    title
        Its own title where the figure has several panels; else empty.
    x_title, y_title
        Titles of the axis of the places and of the axis of the values, with their units.
    x_format, y_format
        How a spreadsheet writes the ticks.
    x_reversed, y_reversed
        Whether the first place stands at the far end (of a lying chart: at the top), and whether
        small values stand at the top, as for positions.
    x_span, y_span
        Ends and steps of the axes; ``None`` lets the program choose.
    x_log, y_log
        Whether an axis is logarithmic.
    """

    kind: Kind
    series: tuple[Series, ...]
    title: str
    x_title: str
    y_title: str
    x_format: str = "General"
    y_format: str = "General"
    x_reversed: bool = False
    y_reversed: bool = False
    x_span: Span | None = None
    y_span: Span | None = None
    x_log: bool = False
    y_log: bool = False

    def left_out_of_legend(self) -> list[int]:
        """Return the positions of the series that no legend names.

        These are the second edge of a band, and both where the figure gives it no name.
        """
        seen: set[str] = set()
        found: list[int] = []
        for at, series in enumerate(self.series):
            if series.is_edge and (series.color in seen or series.name.startswith(("↑", "↓"))):
                found.append(at)
            if series.is_edge:
                seen.add(series.color)
        return found

    def named(self, series: Series) -> str:
        """Return what a legend says of a series; a part that only carries has a blank name.

        Office programs do not agree on which entry of a lying stack is which, so none is deleted.
        """
        return (series.name or self.y_title) if series.color else " "

    def label_step(self) -> int:
        """Return that every so many-th category is named, where they stand side by side."""
        if self.kind == "scatter" or self.kind in LYING:
            return 1
        return -(-len(self.series[0].x) // _MOST_LABELS)

    def has_legend(self, *, is_one_of_many: bool = False) -> bool:
        """Return whether there is more to name than the caption does."""
        return not self.is_plain() or (
            any(each.is_edge for each in self.series) and not is_one_of_many
        )

    def is_plain(self) -> bool:
        """Return whether one series alone is shown, with or without its band."""
        return sum(not each.is_edge for each in self.series if each.name and each.color) <= 1

    def stands_alone(self) -> bool:
        """Return whether no category holds bars of two series, which can then share its room."""
        held = zip(*(each.y for each in self.series), strict=True)
        return all(sum(value is not None for value in values) <= 1 for values in held)


@dataclass(frozen=True)
class Surface:
    """A value over two axes, for a table whose cells are shaded.

    Attributes
    ----------
    x, y
        Names of the columns and of the rows.
    z
        One row for each of ``y``; ``None`` where nothing is known.
    title, x_title, y_title
        As in :class:`Chart`.
    format
        How a spreadsheet writes the values.
    diverges
        Whether colours part at zero.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    z: tuple[Numbers, ...]
    title: str
    x_title: str
    y_title: str
    format: str = "General"
    diverges: bool = False

    def heading(self) -> str:
        """Return what stands down and across."""
        parts = (f"{self.y_title} ↓", f"{self.x_title} →")
        return "  ".join(part for part in parts if len(part) > 2)
