"""Native charts of a spreadsheet, over a sheet that holds their numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_range_abs

from dashboard.figures.theme import INKS
from dashboard.reports.native_charts import BARS, LYING, Chart, Series
from etl.spreadsheets import harmless_text

WIDTH_PX, HEIGHT_PX = 640, 350
"""Size of a chart."""

_DASHES = {
    "solid": "solid",
    "dash": "dash",
    "dot": "round_dot",
    "dashdot": "dash_dot",
    "longdash": "long_dash",
    "longdashdot": "long_dash_dot",
}
_TYPES: dict[str, dict[str, str]] = {
    "line": {"type": "line"},
    "scatter": {"type": "scatter", "subtype": "straight_with_markers"},
    "column": {"type": "column"},
    "bar": {"type": "bar"},
    "stacked": {"type": "column", "subtype": "stacked"},
    "stacked_bar": {"type": "bar", "subtype": "stacked"},
}
_QUIET, _GRID = {"color": INKS["light"].quiet}, {"color": INKS["light"].grid}


@dataclass(frozen=True)
class Told:
    """What is said of a chart: its caption, which heads its numbers, and its alternative text.

    One of many panels needs no legend for a band that the caption names.
    """

    caption: str
    alt: str
    is_one_of_many: bool = False


class ChartData:
    """The sheet with the numbers of all charts: one table each, below one another.

    Parameters
    ----------
    book, sheet
        The workbook, and its sheet for the numbers.
    font, head, bold
        Family of the letters in charts, and formats of headings and of captions.
    """

    def __init__(self, book: Any, sheet: Any, font: str, head: Any, bold: Any) -> None:
        self._book, self._sheet, self._font = book, sheet, font
        self._head, self._bold = head, bold
        self._formats: dict[str, Any] = {}
        self._row = 0

    def insert(self, sheet: Any, place: tuple[int, int], chart: Chart, told: Told) -> None:
        """Put a chart on a sheet, at a row and so many pixels to the right."""
        made = self._book.add_chart(_TYPES[chart.kind])
        for series in self._table(chart, told.caption):
            made.add_series(series)
        made.set_title(
            {"name": harmless_text(chart.title), "name_font": self._letters(10, bold=True)}
            if chart.title
            else {"none": True}
        )
        places, heights = self._places(chart), self._heights(chart)
        # The library calls the upright axis y, also where the places stand on it.
        lying = chart.kind in LYING
        made.set_x_axis(heights if lying else places)
        made.set_y_axis(places if lying else heights)
        made.set_legend(self._legend(chart, told))
        made.set_size({"width": WIDTH_PX, "height": HEIGHT_PX})
        made.set_chartarea({"border": {"none": True}})
        made.show_na_as_empty_cell()
        row, left = place
        options = {"description": told.alt, "object_position": 1, "x_offset": left, "y_offset": 4}
        sheet.insert_chart(row, 0, made, options)

    def _table(self, chart: Chart, caption: str) -> list[dict[str, Any]]:
        """Write the numbers of a chart; series that stand over the same places share a column."""
        heading = " · ".join(filter(None, (caption, chart.title)))
        self._sheet.write_string(self._row, 0, harmless_text(heading), self._bold)
        self._row += 1
        self._sheet.set_row(self._row, 42)
        n, column = 0, 0
        held: dict[tuple[Any, ...], int] = {}
        found: list[dict[str, Any]] = []
        for series in chart.series:
            name = chart.named(series)
            if series.x not in held:
                held[series.x] = column
                column = self._write(column, chart.x_title or name, series.x, day_or_number(chart))
            places, heights = held[series.x], column
            column = self._write(column, name, series.y)
            wanted: dict[str, Any] = {
                "name": [self._sheet.get_name(), self._row, heights],
                "categories": self._cells(places, len(series.x)),
                "values": self._cells(heights, len(series.y)),
                **_look(chart, series),
            }
            if series.low and series.high:
                # Along the values, also where the columns lie.
                wanted["y_error_bars"] = {
                    "type": "custom",
                    "plus_values": self._cells(column, len(series.y)),
                    "minus_values": self._cells(column + 1, len(series.y)),
                    "line": {**_QUIET, "width": 1},
                }
                column = self._write(column, f"{name} (+)", _between(series.high, series.y))
                column = self._write(column, f"{name} (−)", _between(series.y, series.low))
            found.append(wanted)
            n = max(n, len(series.y))
        self._row += n + 2
        return found

    def _cells(self, column: int, n: int) -> str:
        name = self._sheet.get_name().replace("'", "''")
        return f"='{name}'!{xl_range_abs(self._row + 1, column, self._row + n, column)}"

    def _write(self, column: int, heading: str, values: tuple[Any, ...], number: str = "") -> int:
        """Write one column and return the next; a gap stays an empty cell."""
        number = number or _number_format(values)
        if number not in self._formats:
            self._formats[number] = self._book.add_format({"num_format": number})
        self._sheet.write_string(self._row, column, harmless_text(heading), self._head)
        for row, value in enumerate(values, self._row + 1):
            if isinstance(value, str):
                self._sheet.write_string(row, column, harmless_text(value))
            elif value is not None:
                self._sheet.write_number(row, column, value, self._formats[number])
        return column + 1

    def _letters(self, size: float, *, bold: bool = False) -> dict[str, Any]:
        return {"name": self._font, "size": size, "bold": bold, "color": INKS["light"].text}

    def _legend(self, chart: Chart, told: Told) -> dict[str, Any]:
        if not chart.has_legend(is_one_of_many=told.is_one_of_many):
            return {"none": True}
        hidden = chart.left_out_of_legend()
        return {"position": "bottom", "font": self._letters(9), "delete_series": hidden}

    def _axis(self, title: str, number: str) -> dict[str, Any]:
        return {
            "name": harmless_text(title),  # an equals sign would make it a reference
            "name_font": self._letters(9),
            "num_font": self._letters(9),
            "num_format": number,
            "line": _QUIET,
        }

    def _places(self, chart: Chart) -> dict[str, Any]:
        axis = self._axis(chart.x_title, chart.x_format)
        axis |= {"reverse": chart.x_reversed, "crossing": "max" if chart.x_reversed else "min"}
        # Labels keep out of the plot, also where bars hang below zero.
        axis["label_position"] = "high" if chart.y_reversed else "low"
        axis["major_gridlines"] = {"visible": False}
        if (step := chart.label_step()) > 1:
            axis["interval_unit"] = step
        return axis | _span(chart.x_span, is_log=chart.x_log)

    def _heights(self, chart: Chart) -> dict[str, Any]:
        axis = self._axis(chart.y_title, chart.y_format)
        axis |= {"reverse": chart.y_reversed, "major_gridlines": {"visible": True, "line": _GRID}}
        if chart.kind not in BARS:  # bars stand on zero
            axis["crossing"] = "max" if chart.y_reversed else "min"
        return axis | _span(chart.y_span, is_log=chart.y_log)


def day_or_number(chart: Chart) -> str:
    """Return how places are written in the table of a chart: days as days."""
    return chart.x_format if chart.x_format.startswith("yyyy") else ""


def _number_format(values: tuple[Any, ...]) -> str:
    """Return a format with four significant digits for the largest of the values."""
    known = [abs(value) for value in values if isinstance(value, int | float)]
    most = max(known, default=0.0)
    if all(value == int(value) for value in known):
        return "#,##0"
    decimals = max(0, 3 - math.floor(math.log10(most)))
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _span(span: tuple[float, float, float] | None, *, is_log: bool) -> dict[str, Any]:
    if span is None:
        return {"log_base": 10} if is_log else {}
    low, high, step = span
    return {"min": low, "max": high} | ({"log_base": 10} if is_log else {"major_unit": step})


def _between(above: tuple[Any, ...], below: tuple[Any, ...]) -> tuple[float | None, ...]:
    return tuple(
        None if high is None or low is None else high - low
        for high, low in zip(above, below, strict=True)
    )


def _look(chart: Chart, series: Series) -> dict[str, Any]:
    if chart.kind in BARS:
        stacked = chart.kind.startswith("stacked")
        look: dict[str, Any] = {"gap": 60}
        if stacked or chart.stands_alone():
            look["overlap"] = 100
        if not series.color:
            return look | {"fill": {"none": True}, "border": {"none": True}}
        if series.colors:
            look["points"] = [{"fill": {"color": color}} for color in series.colors]
        return look | {"fill": {"color": series.color}}
    line: dict[str, Any] = {"none": True}
    if series.lines:
        width = 1.0 if series.is_edge else 1.75
        line = {"color": series.color, "width": width, "dash_type": _DASHES[series.dash]}
    marker: dict[str, Any] = {"type": "none"}
    if series.marks:
        (shape, is_full), ink = series.marker(), {"color": series.color}
        fill = ink if is_full else {"none": True}
        marker = {"type": shape, "size": 6, "fill": fill, "border": ink}
    return {"line": line, "marker": marker}
