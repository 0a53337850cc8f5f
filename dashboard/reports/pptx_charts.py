"""Native charts of slides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.enum.dml import MSO_LINE_DASH_STYLE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Emu, Pt

from dashboard.figures.theme import INKS
from dashboard.reports.native_charts import BARS, Chart, Series, Span

_TYPES = {
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "column": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "stacked": XL_CHART_TYPE.COLUMN_STACKED,
    "stacked_bar": XL_CHART_TYPE.BAR_STACKED,
}
_DASHES = {
    "solid": MSO_LINE_DASH_STYLE.SOLID,
    "dash": MSO_LINE_DASH_STYLE.DASH,
    "dot": MSO_LINE_DASH_STYLE.ROUND_DOT,
    "dashdot": MSO_LINE_DASH_STYLE.DASH_DOT,
    "longdash": MSO_LINE_DASH_STYLE.LONG_DASH,
    "longdashdot": MSO_LINE_DASH_STYLE.LONG_DASH_DOT,
}
_SMALL = Pt(10)


@dataclass(frozen=True)
class Box:
    """A place on a slide, in its units."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Look:
    """How a chart is set: its font, and whether it is one of several small ones."""

    font: str
    is_small: bool = False


def add_chart(slide: Any, chart: Chart, box: Box, alt: str, look: Look) -> None:
    """Put a chart on a slide, with its alternative text."""
    sides = [Emu(side) for side in (box.left, box.top, box.width, box.height)]
    if chart.kind == "scatter":
        frame = slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER_LINES, *sides, _points(chart))
    else:
        frame = slide.shapes.add_chart(_TYPES[chart.kind], *sides, _columns(chart))
    frame._element.nvGraphicFramePr.cNvPr.set("descr", alt)
    made = frame.chart
    made.font.size, made.font.name = _SMALL, look.font
    made.font.color.rgb = _rgb(INKS["light"].text)
    made.font._rPr.append(made.font._rPr.makeelement(qn("a:ea"), {"typeface": look.font}))
    made.has_title = bool(chart.title)
    if chart.title:
        made.chart_title.text_frame.text = chart.title
        made.chart_title.text_frame.paragraphs[0].runs[0].font.size = Pt(11)
        made.chart_title.include_in_layout = False
    _legend(made, chart, look)
    _axes(made, chart)
    plot = made.plots[0]
    if chart.kind in BARS:
        plot.gap_width = 60
        plot.overlap = 100 if chart.kind.startswith("stacked") or chart.stands_alone() else 0
    for drawn, series in zip(plot.series, chart.series, strict=True):
        _look(drawn, chart, series)
        if series.low and series.high:
            _error_bars(drawn, series)
    if chart.kind == "scatter":
        _longest_first(plot)


def _longest_first(plot: Any) -> None:
    """Let the series of most points come first in the file; their order on the slide stays.

    LibreOffice leaves out those that come before the first longest one.
    """
    drawn = list(plot.series)
    first = drawn[0]._element.getprevious()
    longest = sorted(drawn, key=lambda each: len(list(each.values)), reverse=True)
    for each in reversed(longest):
        first.addnext(each._element)


def _legend(made: Any, chart: Chart, look: Look) -> None:
    """Name the series below the plot, where there is more to name than the caption does."""
    made.has_legend = chart.has_legend(is_one_of_many=look.is_small)
    if not made.has_legend:
        return
    made.legend.position, made.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    made.legend.font.size = Pt(9)
    place = made.legend._element.find(qn("c:legendPos"))
    for position in reversed(chart.left_out_of_legend()):
        place.addnext(
            parse_xml(
                f'<c:legendEntry {nsdecls("c")}><c:idx val="{position}"/><c:delete val="1"/>'
                "</c:legendEntry>"
            )
        )


def _points(chart: Chart) -> XyChartData:
    data = XyChartData(number_format="General")
    for series in chart.series:
        own = data.add_series(chart.named(series))
        for x, y in zip(series.x, series.y, strict=True):
            if isinstance(x, int | float) and y is not None:
                own.add_data_point(x, y)
    return data


def _columns(chart: Chart) -> CategoryChartData:
    data = CategoryChartData(number_format="General")
    data.categories = [str(place) for place in chart.series[0].x]
    for series in chart.series:
        data.add_series(chart.named(series), series.y)
    return data


def _axes(made: Any, chart: Chart) -> None:
    places, heights = made.category_axis, made.value_axis
    for axis, title in ((places, chart.x_title), (heights, chart.y_title)):
        axis.has_title = bool(title)
        if title:
            axis.axis_title.text_frame.text = title
            run = axis.axis_title.text_frame.paragraphs[0].runs[0]
            run.font.size, run.font.bold = _SMALL, False
        axis.tick_labels.font.size = Pt(9)
        axis.format.line.color.rgb = _rgb(INKS["light"].quiet)
        axis.has_major_gridlines = False
    # Labels keep out of the plot, also where bars hang below zero.
    places.tick_label_position = (
        XL_TICK_LABEL_POSITION.HIGH if chart.y_reversed else XL_TICK_LABEL_POSITION.LOW
    )
    heights.tick_label_position = XL_TICK_LABEL_POSITION.NEXT_TO_AXIS
    heights.has_major_gridlines = True
    heights.major_gridlines.format.line.color.rgb = _rgb(INKS["light"].grid)
    heights.tick_labels.number_format = chart.y_format
    heights.tick_labels.number_format_is_linked = False
    places.reverse_order, heights.reverse_order = chart.x_reversed, chart.y_reversed
    # The library has words for this which leave the file as it was.
    _crossed(by=heights, at="max" if chart.x_reversed else "min")
    if chart.kind not in BARS:  # bars stand on zero
        _crossed(by=places, at="max" if chart.y_reversed else "min")
    if (step := chart.label_step()) > 1:
        after = places._element.find(qn("c:noMultiLvlLbl"))
        after.addprevious(parse_xml(f'<c:tickLblSkip {nsdecls("c")} val="{step}"/>'))
    _span(heights, chart.y_span, is_log=chart.y_log)
    if chart.kind == "scatter":
        _span(places, chart.x_span, is_log=chart.x_log)
        places.tick_labels.number_format = chart.x_format
        places.tick_labels.number_format_is_linked = False


def _crossed(by: Any, at: str) -> None:
    """Let an axis cross the other at an end of it, below or left of the plot."""
    by._element.find(qn("c:crosses")).set("val", at)


def _span(axis: Any, span: Span | None, *, is_log: bool) -> None:
    if span is not None:
        axis.minimum_scale, axis.maximum_scale = span[0], span[1]
        if not is_log:
            axis.major_unit = span[2]
    if is_log:
        axis._element.find(qn("c:scaling")).insert(
            0, parse_xml(f'<c:logBase {nsdecls("c")} val="10"/>')
        )


def _look(drawn: Any, chart: Chart, series: Series) -> None:
    if chart.kind in BARS:
        if series.color:
            drawn.format.fill.solid()
            drawn.format.fill.fore_color.rgb = _rgb(series.color)
        else:
            drawn.format.fill.background()
        drawn.invert_if_negative = False
        for position, color in enumerate(series.colors):
            fill = drawn.points[position].format.fill
            fill.solid()
            fill.fore_color.rgb = _rgb(color)
        return
    drawn.smooth = False
    if series.lines:
        drawn.format.line.color.rgb = _rgb(series.color)
        drawn.format.line.width = Pt(1.0 if series.is_edge else 1.75)
        drawn.format.line.dash_style = _DASHES[series.dash]
    else:
        drawn.format.line.fill.background()
    if series.marks:
        shape, is_full = series.marker()
        drawn.marker.style, drawn.marker.size = XL_MARKER_STYLE[shape.upper()], 6
        drawn.marker.format.line.color.rgb = _rgb(series.color)
        if is_full:
            drawn.marker.format.fill.solid()
            drawn.marker.format.fill.fore_color.rgb = _rgb(series.color)
        else:
            drawn.marker.format.fill.background()
    else:
        drawn.marker.style = XL_MARKER_STYLE.NONE


def _error_bars(drawn: Any, series: Series) -> None:
    """Add error bars, for which the library has no words: lengths above and below each point."""
    spans = {"plus": (series.high, series.y), "minus": (series.y, series.low)}
    lengths = "".join(_lengths(name, above, below) for name, (above, below) in spans.items())
    bars = parse_xml(
        f'<c:errBars {nsdecls("c", "a")}><c:errBarType val="both"/><c:errValType val="cust"/>'
        f'<c:noEndCap val="0"/>{lengths}<c:spPr><a:ln w="9525"><a:solidFill>'
        f'<a:srgbClr val="{INKS["light"].quiet[1:]}"/></a:solidFill></a:ln></c:spPr></c:errBars>'
    )
    # The schema has an order: error bars come before the categories and values.
    first = next(
        child
        for child in drawn._element
        if child.tag in (qn("c:cat"), qn("c:xVal"), qn("c:val"), qn("c:yVal"))
    )
    first.addprevious(bars)


def _lengths(name: str, above: Sequence[float | None], below: Sequence[float | None]) -> str:
    points = "".join(
        f'<c:pt idx="{position}"><c:v>{high - low!r}</c:v></c:pt>'
        for position, (high, low) in enumerate(zip(above, below, strict=True))
        if high is not None and low is not None
    )
    count = f'<c:ptCount val="{len(above)}"/>'
    literal = f"<c:formatCode>General</c:formatCode>{count}{points}"
    return f"<c:{name}><c:numLit>{literal}</c:numLit></c:{name}>"


def _rgb(color: str) -> RGBColor:
    return RGBColor.from_string(color.removeprefix("#"))
