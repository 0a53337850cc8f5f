"""A report document as a spreadsheet: native charts, live formulas, sheets of data and sources.

Text is only ever written as text: nothing from data becomes a formula.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, assert_never

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from dashboard.figures.theme import BLUE, INKS
from dashboard.reports.charts import charts_of
from dashboard.reports.document import (
    Block,
    Calculation,
    Document,
    Grid,
    Paragraph,
    Picture,
    Points,
    Section,
)
from dashboard.reports.live import guarded, lacking
from dashboard.reports.native_charts import Surface
from dashboard.reports.room import longest_word, n_lines, signs
from dashboard.reports.xlsx_charts import HEIGHT_PX, WIDTH_PX, ChartData, Told
from dashboard.text import words
from etl.spreadsheets import harmless_text

_FONTS = {"en": "Arial", "zh": "Microsoft YaHei"}
_NARROWEST, _WIDEST, _TEXT_WIDTH = 9.0, 38.0, 150.0
"""Widths of columns, and the width over which running text goes, in digits."""
_LINE_POINTS, _ROW_PX = 14.0, 20
_CHART_ROWS = -(-(HEIGHT_PX + 12) // _ROW_PX)
_LONG_ROWS = 20
"""A table longer than this keeps its header in sight."""
_MAX_SHEET_NAME = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_SHOWN_NUMBER = re.compile(r"[+\-−]?[\d,]*(?:\.\d+|\d)%?")


def render(document: Document) -> bytes:
    """Return the XLSX of a document: a summary, a sheet for each section, chart data, sources."""
    return _Workbook(document).render()


class _Workbook:
    """One spreadsheet while it is written."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = words(document.language)
        self.file = BytesIO()
        self.book = xlsxwriter.Workbook(
            self.file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        at = document.data_at.astimezone(UTC).replace(tzinfo=None)
        self.book.set_properties(
            {
                "title": document.title,
                "subject": document.subtitle,
                "author": "Artonomics",
                "comments": document.disclaimer,
                "created": at,
            }
        )
        self.book.set_calc_mode("auto")
        self.font = {"font_name": _FONTS[document.language], "font_size": 10}
        self._looks: dict[str, Any] = {}
        self._names: set[str] = set()

    def render(self) -> bytes:
        """Write all sheets and return the file."""
        summary = self.sheet(self.words.t("Summary"))
        sheets = [(section, self.sheet(section.heading)) for section in self.document.sections]
        numbers = self.sheet(self.words.t("Chart data")).sheet
        numbers.set_column(0, 40, 16)
        data = ChartData(
            self.book, numbers, self.font["font_name"], self.look("header"), self.look("bold")
        )
        self._summary(summary)
        for section, page in sheets:
            self._section(section, page, data)
        self._sources(self.sheet(self.document.sources_heading))
        summary.sheet.activate()
        self.book.close()
        return self.file.getvalue()

    def sheet(self, heading: str) -> _Page:
        """Add a sheet whose name is a heading, cut and freed of what a name may not hold."""
        base = _FORBIDDEN.sub(" ", heading).strip("' ")[:_MAX_SHEET_NAME] or "–"
        name, again = base, 2
        while name.casefold() in self._names:
            mark = f" {again}"
            name, again = base[: _MAX_SHEET_NAME - len(mark)] + mark, again + 1
        self._names.add(name.casefold())
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        sheet.fit_to_pages(1, 0)
        foot = self.document.title[:150].replace("&", "&&")
        sheet.set_footer(f"&L{foot}&R&P / &N")
        return _Page(sheet)

    def look(self, kind: str, number: str = "") -> Any:
        """Return a format, made once."""
        key = f"{kind} {number}"
        if key not in self._looks:
            looks = self.font | _LOOKS[kind] | ({"num_format": number} if number else {})
            self._looks[key] = self.book.add_format(looks)
        return self._looks[key]

    def _summary(self, page: _Page) -> None:
        document = self.document
        names = [signs(name) for name, _ in document.facts]
        page.set_widths([min(_WIDEST, max([_NARROWEST, *names]) + 2)], self.look("plain"))
        page.text(document.title, self.look("title"), 1.7)
        page.text(document.subtitle, self.look("quiet"))
        page.row += 1
        for sentence in document.finding:
            page.text(sentence, self.look("finding"))
        page.row += 1
        self._facts(page)

    def _facts(self, page: _Page) -> None:
        for name, value in self.document.facts:
            page.pair(name, value, (self.look("bold"), self.look("text")))
        page.row += 1
        page.text(self.document.disclaimer, self.look("quiet"))

    def _section(self, section: Section, page: _Page, data: ChartData) -> None:
        page.set_widths(_widths(section), self.look("plain"))
        page.text(section.heading, self.look("heading"), 1.5)
        page.sheet.repeat_rows(0)
        page.sheet.freeze_panes(1, 0)
        page.row += 1
        for block in section.blocks:
            self._block(block, page, data)
            page.row += 1

    def _block(self, block: Block, page: _Page, data: ChartData) -> None:
        """Write a block; the page then stands below it."""
        match block:
            case Paragraph():
                page.text(block.text, self.look("text"))
            case Points():
                for item in block.items:
                    page.text(f"• {item}", self.look("text"))
            case Picture():
                self._picture(block, page, data)
            case Grid():
                self._grid(block, page)
            case Calculation():
                self._calculation(block, page)
            case _:
                assert_never(block)

    def _picture(self, picture: Picture, page: _Page, data: ChartData) -> None:
        parts = charts_of(picture.figure)
        charts = [part for part in parts if not isinstance(part, Surface)]
        for position, chart in enumerate(charts):
            line, column = divmod(position, 2)
            place = (page.row + line * _CHART_ROWS, 4 + column * (WIDTH_PX + 12))
            data.insert(
                page.sheet, place, chart, Told(picture.caption, picture.alt, len(charts) > 2)
            )
        page.row += -(-len(charts) // 2) * _CHART_ROWS
        for surface in parts:
            if isinstance(surface, Surface):
                self._surface(surface, page)
        if not parts:
            page.text(picture.alt, self.look("text"))
        page.text(picture.caption, self.look("quiet"))

    def _surface(self, surface: Surface, page: _Page) -> None:
        """Write a value over two axes as a table with shaded cells."""
        title = " · ".join(filter(None, (surface.title, surface.heading())))
        page.text(title, self.look("bold"))
        first = page.row
        page.cells(["", *surface.x], [self.look("header")] * (1 + len(surface.x)))
        shown = self.look("shade", surface.format)
        for name, values in zip(surface.y, surface.z, strict=True):
            _write_text(page.sheet, page.row, 0, name, self.look("bold"))
            for column, value in enumerate(values, 1):
                if value is not None:
                    page.sheet.write_number(page.row, column, value, shown)
            page.row += 1
        area = (first + 1, 1, page.row - 1, len(surface.x))
        page.sheet.conditional_format(*area, _shades(surface))
        page.row += 1

    def _grid(self, shown: Grid, page: _Page) -> None:
        """Write a table with every row, also where a page of paper has only the first."""
        grid = shown.whole or shown
        page.text(grid.caption, self.look("bold"))
        heads = [self.look("header number" if right else "header") for right in grid.numeric]
        page.cells(grid.header, heads)
        if len(grid.rows) > _LONG_ROWS and page.row <= 5:
            page.sheet.freeze_panes(page.row, 0)
            page.sheet.repeat_rows(page.row - 1)
        for line, texts in enumerate(grid.rows):
            looks = [self.look("number" if right else "cell") for right in grid.numeric]
            row = page.cells(texts, looks)
            for column, value in enumerate(grid.values[line] if grid.values else ()):
                number = (grid.formats[column] if grid.formats else "") or _spelt(texts[column])
                look = self.look("number" if grid.numeric[column] else "cell", number)
                _write_value(page.sheet, row, column, value, look)

    def _calculation(self, sums: Calculation, page: _Page) -> None:
        """Write inputs as cells to change, and formulas that follow them."""
        page.text(sums.caption, self.look("bold"))
        page.cells(sums.header, [self.look("header")] * len(sums.header))
        plain = [self.look("cell")] * len(sums.header)
        cells: dict[str, str] = {}
        for line in sums.inputs:
            row = page.cells((line.label, "", line.unit, line.evidence, line.source), plain)
            look = self.look("input", line.format)
            if math.isfinite(line.value):
                page.sheet.write_number(row, 1, line.value, look)
            else:
                page.sheet.write_blank(row, 1, None, look)  # to be typed
            cells[line.key] = xl_rowcol_to_cell(row, 1, row_abs=True, col_abs=True)
        lacks = lacking(sums.inputs, sums.formulas)
        spelt = sums.grid().rows[len(sums.inputs) :]
        for line, told in zip(sums.formulas, spelt, strict=True):
            row = page.cells((line.label, "", line.unit, "", told[4].removeprefix("= ")), plain)
            plain_formula, known = line.expression.format_map(cells), math.isfinite(line.value)
            formula = f"={guarded(plain_formula, lacks[line.key], cells)}"
            look = self.look("result", line.format)
            page.sheet.write_formula(row, 1, formula, look, line.value if known else "")
            cells[line.key] = xl_rowcol_to_cell(row, 1, row_abs=True, col_abs=True)

    def _sources(self, page: _Page) -> None:
        """Write where everything comes from: sources by line, then what the report rests on."""
        sources = self.document.sources
        most = max((signs(source.title) for source in sources), default=0)
        page.set_widths([min(60.0, max(20.0, most + 2.0)), 90.0], self.look("plain"))
        page.text(self.document.sources_heading, self.look("heading"), 1.5)
        head = [self.words.t("Source"), self.words.t("Address")]
        page.cells(head, [self.look("header")] * 2)
        page.sheet.freeze_panes(page.row, 0)
        for source in sources:
            row = page.cells((source.title, source.address), [self.look("cell")] * 2)
            # A spreadsheet refuses longer links.
            if source.on_the_web and len(source.address) <= 2_000:
                shown = source.address[:255]
                page.sheet.write_url(row, 1, source.address, self.look("link"), shown)
        page.row += 1
        self._facts(page)


class _Page:
    """A sheet that is written from top to bottom."""

    def __init__(self, sheet: Any) -> None:
        self.sheet, self.row = sheet, 0
        self._widths: list[float] = []

    def set_widths(self, widths: Sequence[float], look: Any) -> None:
        """Set the widths of columns, and add some until running text has its room."""
        self._widths = list(widths)
        while sum(self._widths) < _TEXT_WIDTH - _NARROWEST:
            self._widths.append(min(12.0, _TEXT_WIDTH - sum(self._widths)))
        for column, width in enumerate(self._widths):
            self.sheet.set_column(column, column, width, look)

    def text(self, text: str, look: Any, scale: float = 1.0) -> None:
        """Write running text across the columns, high enough for its lines."""
        n, room = 0, 0.0
        while n < len(self._widths) and room < _TEXT_WIDTH - _NARROWEST:
            room, n = room + self._widths[n], n + 1
        if n > 1:
            self.sheet.merge_range(self.row, 0, self.row, n - 1, "", look)
        _write_text(self.sheet, self.row, 0, text, look)
        self._high(n_lines(text, room / scale) * scale)

    def pair(self, name: str, value: str, looks: tuple[Any, Any]) -> None:
        """Write a name and, over all other columns, its value."""
        last = len(self._widths) - 1
        if last > 1:
            self.sheet.merge_range(self.row, 1, self.row, last, "", looks[1])
        _write_text(self.sheet, self.row, 0, name, looks[0])
        _write_text(self.sheet, self.row, 1, value, looks[1])
        self._high(n_lines(value, sum(self._widths[1:])))

    def cells(self, texts: Sequence[str], looks: Sequence[Any]) -> int:
        """Write one row of text, high enough for its lines, and return which row it was."""
        for column, (text, look) in enumerate(zip(texts, looks, strict=True)):
            _write_text(self.sheet, self.row, column, text, look)
        self._high(max(map(n_lines, texts, self._widths), default=1))
        return self.row - 1

    def _high(self, lines: float) -> None:
        # A row is no higher than 409 points.
        self.sheet.set_row(self.row, min(409.0, 2 + _LINE_POINTS * lines))
        self.row += 1


def _widths(section: Section) -> list[float]:
    """Return the widths of the columns that hold the tables of a section."""
    widest: dict[int, float] = {}
    for block in section.blocks:
        for column, width in enumerate(_wanted(block)):
            widest[column] = max(widest.get(column, _NARROWEST), width)
    return [min(_WIDEST, widest[column]) for column in sorted(widest)]


def _wanted(block: Block) -> list[float]:
    """Return the widths that a block asks for, by column."""
    match block:
        case Picture():
            return [
                width
                for part in charts_of(block.figure)
                if isinstance(part, Surface)
                for width in (max(map(signs, part.y)) + 2.0, *[_NARROWEST] * len(part.x))
            ]
        case Calculation():
            return _wanted(block.grid())
        case Grid(whole=Grid() as whole):
            return _wanted(whole)
        case Grid():
            formats = block.formats or ("",) * len(block.header)
            return [
                max([longest_word(name), signs(name) / 2, *map(signs, column)])
                + 2.0
                + (2 if spelt.startswith("yyyy") else 0)
                for name, spelt, column in zip(block.header, formats, _columns(block), strict=True)
            ]
        case _:
            return []


def _columns(grid: Grid) -> list[tuple[str, ...]]:
    return list(zip(*grid.rows, strict=True)) or [()] * len(grid.header)


_LINE = {"border": 0, "bottom": 1, "bottom_color": INKS["light"].grid}
_LOOKS: Mapping[str, dict[str, Any]] = {
    "plain": {},
    "text": {"text_wrap": True, "valign": "top"},
    "bold": {"bold": True},
    "title": {"bold": True, "font_size": 16},
    "heading": {"bold": True, "font_size": 13, "font_color": BLUE},
    "finding": {"text_wrap": True, "valign": "top", "left": 5, "left_color": BLUE, "indent": 1},
    "quiet": {"font_color": INKS["light"].quiet, "text_wrap": True, "valign": "top"},
    "header": {"bold": True, "text_wrap": True, "valign": "top", "bottom": 2},
    "header number": {
        "bold": True,
        "text_wrap": True,
        "valign": "top",
        "bottom": 2,
        "align": "right",
        "indent": 1,
    },
    "shade": {"align": "right", "border": 1, "border_color": INKS["light"].paper},
    "cell": {"text_wrap": True, "valign": "top", **_LINE},
    "number": {"align": "right", "indent": 1, "valign": "top", **_LINE},
    "input": {
        "align": "right",
        "indent": 1,
        "font_color": "#0000C0",
        "bg_color": "#FFF8DC",
        **_LINE,
    },
    "result": {"align": "right", "indent": 1, "bold": True, **_LINE},
    "link": {"font_color": BLUE, "underline": 1, "text_wrap": True, "valign": "top", **_LINE},
}


def _spelt(text: str) -> str:
    """Return the format in which a spreadsheet writes a number as its text does."""
    if not _SHOWN_NUMBER.fullmatch(text):
        return ""
    decimals = len(text.rstrip("%").partition(".")[2])
    whole = "#,##0" if "," in text else "0"
    return whole + ("." + "0" * decimals if decimals else "") + ("%" if text[-1] == "%" else "")


def _write_text(sheet: Any, row: int, column: int, text: str, look: Any) -> None:
    shown = text if _SHOWN_NUMBER.fullmatch(text) else harmless_text(text)
    sheet.write_string(row, column, shown, look)


def _write_value(sheet: Any, row: int, column: int, value: object, look: Any) -> bool:
    """Write a number, day or instant; return whether the value is one."""
    known: Any = value
    if value is None or isinstance(value, str) or pd.isna(known):
        return False
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value, look)
    elif isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        sheet.write_datetime(row, column, at, look)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, look)
    elif math.isfinite(known):
        sheet.write_number(row, column, float(known), look)
    else:
        return False
    return True


def _shades(surface: Surface) -> dict[str, Any]:
    if not surface.diverges:
        return {"type": "2_color_scale", "min_color": "#FFF5D6", "max_color": "#5A8FC0"}
    return {
        "type": "3_color_scale",
        "min_color": "#E08214",
        "mid_type": "num",
        "mid_value": 0,
        "mid_color": "#F7F7F7",
        "max_color": "#8073AC",
    }
