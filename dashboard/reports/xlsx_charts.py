"""Native charts of a spreadsheet, over a sheet that holds their numbers."""

from __future__ import annotations

from typing import Any

from xlsxwriter.utility import xl_col_to_name

from dashboard.reports.charts import Chart, Series

WIDE_COLUMNS, HIGH_ROWS = 6, 18
"""Cells that a chart covers."""
_WIDTH_PX, _HEIGHT_PX = 640, 350

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
}


class ChartData:
    """The sheet with the numbers of all charts: one block of columns each.

    Parameters
    ----------
    book, sheet
        The workbook, and its sheet for the numbers.
    head
        Format of headings.
    """

    def __init__(self, book: Any, sheet: Any, head: Any) -> None:
        self._book, self._sheet, self._head = book, sheet, head
        self._column = 0

    def insert(self, sheet: Any, place: tuple[int, int], chart: Chart, alt: str) -> None:
        """Put a chart at a place (row, column) of a sheet, with its alternative text."""
        made = self._book.add_chart(_TYPES[chart.kind])
        for series in chart.series:
            made.add_series(self._series(chart, series))
        made.set_title(
            {"name": chart.title, "name_font": {"size": 10}} if chart.title else {"none": True}
        )
        made.set_x_axis(_places(chart))
        made.set_y_axis(_heights(chart))
        named = [series for series in chart.series if series.name and series.color]
        made.set_legend({"position": "bottom"} if len(named) > 1 else {"none": True})
        made.set_size({"width": _WIDTH_PX, "height": _HEIGHT_PX})
        made.show_na_as_empty_cell()
        options = {"description": alt, "object_position": 1, "x_offset": 4, "y_offset": 4}
        sheet.insert_chart(*place, made, options)
        self._column += 1  # an empty column between two charts

    def _series(self, chart: Chart, series: Series) -> dict[str, Any]:
        name = series.name or chart.y_title
        n = len(series.y)
        places = self._write(chart.x_title or name, series.x, chart.x_format)
        heights = self._write(name, series.y, chart.y_format)
        wanted: dict[str, Any] = {
            "name": [self._sheet.get_name(), 0, heights],
            "categories": [self._sheet.get_name(), 1, places, n, places],
            "values": [self._sheet.get_name(), 1, heights, n, heights],
            **_look(chart, series),
        }
        if series.low and series.high:
            # Along the values, also where the columns lie.
            wanted["y_error_bars"] = {
                "type": "custom",
                "plus_values": self._errors(name, series.high, series.y, n),
                "minus_values": self._errors(name, series.y, series.low, n),
            }
        return wanted

    def _errors(self, name: str, above: tuple[Any, ...], below: tuple[Any, ...], n: int) -> str:
        spans = tuple(
            None if high is None or low is None else high - low
            for high, low in zip(above, below, strict=True)
        )
        column = self._write(f"± {name}", spans, "General")
        letters = xl_col_to_name(column)
        return f"='{self._sheet.get_name()}'!${letters}$2:${letters}${n + 1}"

    def _write(self, heading: str, values: tuple[Any, ...], number: str) -> int:
        """Write one column and return its position; a gap stays an empty cell."""
        column = self._column
        look = self._book.add_format({"num_format": number})
        self._sheet.write_string(0, column, heading, self._head)
        for row, value in enumerate(values, 1):
            if isinstance(value, str):
                self._sheet.write_string(row, column, value)
            elif value is not None:
                self._sheet.write_number(row, column, value, look)
        self._column += 1
        return column


def _look(chart: Chart, series: Series) -> dict[str, Any]:
    if chart.kind in ("column", "bar", "stacked"):
        if not series.color:
            return {"fill": {"none": True}, "border": {"none": True}}
        return {"fill": {"color": series.color}, "gap": 60}
    line: dict[str, Any] = {"none": True}
    if series.lines:
        line = {"color": series.color, "width": 1.75, "dash_type": _DASHES[series.dash]}
    marker: dict[str, Any] = {"type": "none"}
    if series.marks:
        fill = {"color": series.color}
        marker = {"type": "circle", "size": 6, "fill": fill, "border": fill}
    return {"line": line, "marker": marker}


def _places(chart: Chart) -> dict[str, Any]:
    axis: dict[str, Any] = {"name": chart.x_title, "num_font": {"size": 9}, "label_position": "low"}
    if chart.kind == "bar":  # the first category stands at the top, as in the figure
        return {"name": chart.x_title, "num_font": {"size": 9}, "label_position": "low"}
    if chart.kind == "scatter":
        ends = [x for series in chart.series for x in series.x if isinstance(x, float)]
        axis |= {"num_format": chart.x_format, "major_gridlines": {"visible": False}}
        if ends:
            axis |= {"min": min(ends), "max": max(ends)} if max(ends) > min(ends) else {}
    return axis


def _heights(chart: Chart) -> dict[str, Any]:
    return {
        "name": chart.y_title,
        "num_format": chart.y_format,
        "num_font": {"size": 9},
        "reverse": chart.y_reversed,
        "major_gridlines": {"visible": True, "line": {"color": "#E3E6EB"}},
        "crossing": "max" if chart.y_reversed else "min",
    }
