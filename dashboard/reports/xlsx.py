"""A report document as a spreadsheet: native charts, live formulas, sheets of data and sources.

Text is only ever written as text: nothing from data becomes a formula.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any, assert_never

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from dashboard.figures.theme import BLUE, INKS
from dashboard.reports.charts import Surface, charts_of
from dashboard.reports.document import (
    Block,
    Calculation,
    Document,
    Grid,
    Paragraph,
    Picture,
    Points,
    Section,
    Source,
)
from dashboard.reports.xlsx_charts import HIGH_ROWS, WIDE_COLUMNS, ChartData
from dashboard.text import words
from etl.spreadsheets import harmless_text

_FONTS = {"en": "Arial", "zh": "Microsoft YaHei"}
_N_COLUMNS = 12
_COLUMN_WIDTH = 15
_TEXT_SIGNS = 150
"""Signs of running text in one line across the columns."""
_MAX_SHEET_NAME = 31
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")
_SHOWN_NUMBER = re.compile(r"[+\-]?[\d.,]*\d%?")


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
            {"title": document.title, "subject": document.subtitle, "created": at}
        )
        self.book.set_calc_mode("auto")
        self.font = {"font_name": _FONTS[document.language], "font_size": 10}
        self._looks: dict[str, Any] = {}
        self._names: set[str] = set()

    def render(self) -> bytes:
        """Write all sheets and return the file."""
        summary = self.sheet(self.words.t("Summary"))
        sheets = [(section, self.sheet(section.heading)) for section in self.document.sections]
        data = ChartData(self.book, self.sheet(self.words.t("Chart data")), self.look("bold"))
        self._summary(summary)
        for section, sheet in sheets:
            self._section(section, sheet, data)
        self._sources(self.sheet(self.document.sources_heading))
        summary.activate()
        self.book.close()
        return self.file.getvalue()

    def sheet(self, heading: str) -> Any:
        """Add a sheet whose name is a heading, cut and freed of what a name may not hold."""
        base = _FORBIDDEN.sub(" ", heading).strip("' ")[:_MAX_SHEET_NAME] or "–"
        name, again = base, 2
        while name.casefold() in self._names:
            mark = f" {again}"
            name, again = base[: _MAX_SHEET_NAME - len(mark)] + mark, again + 1
        self._names.add(name.casefold())
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_column(0, _N_COLUMNS, _COLUMN_WIDTH, self.look("plain"))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L{harmless_text(self.document.title).replace('&', '&&')}&R&P / &N")
        return sheet

    def look(self, kind: str, number: str = "") -> Any:
        """Return a format, made once."""
        key = f"{kind} {number}"
        if key not in self._looks:
            looks = self.font | _LOOKS[kind] | ({"num_format": number} if number else {})
            self._looks[key] = self.book.add_format(looks)
        return self._looks[key]

    def _summary(self, sheet: Any) -> None:
        document = self.document
        row = _text(sheet, 0, document.title, self.look("title"), 24)
        row = _text(sheet, row, document.subtitle, self.look("quiet")) + 1
        for sentence in document.finding:
            row = _text(sheet, row, sentence, self.look("finding"))
        row += 1
        for name, value in document.facts:
            sheet.write_string(row, 0, name, self.look("bold"))
            _write_text(sheet, row, 1, value, self.look("plain"))
            row += 1
        _text(sheet, row + 1, document.disclaimer, self.look("quiet"))

    def _section(self, section: Section, sheet: Any, data: ChartData) -> None:
        row = _text(sheet, 0, section.heading, self.look("heading"), 20) + 1
        for block in section.blocks:
            row = self._block(block, sheet, row, data) + 1

    def _block(self, block: Block, sheet: Any, row: int, data: ChartData) -> int:
        """Write a block and return the row below it."""
        match block:
            case Paragraph():
                return _text(sheet, row, block.text, self.look("text"))
            case Points():
                for item in block.items:
                    row = _text(sheet, row, f"• {item}", self.look("text"))
                return row
            case Picture():
                return self._picture(block, sheet, row, data)
            case Grid():
                return self._grid(block, sheet, row)
            case Calculation():
                return self._calculation(block, sheet, row)
            case _:
                assert_never(block)

    def _picture(self, picture: Picture, sheet: Any, row: int, data: ChartData) -> int:
        charts = [chart for chart in charts_of(picture.figure) if not isinstance(chart, Surface)]
        surfaces = [part for part in charts_of(picture.figure) if isinstance(part, Surface)]
        for position, chart in enumerate(charts):
            line, column = divmod(position, 2)
            place = (row + line * HIGH_ROWS, column * WIDE_COLUMNS)
            data.insert(sheet, place, chart, picture.alt)
        row += math.ceil(len(charts) / 2) * HIGH_ROWS
        for surface in surfaces:
            row = self._surface(surface, sheet, row) + 1
        return _text(sheet, row, picture.caption, self.look("quiet"))

    def _surface(self, surface: Surface, sheet: Any, row: int) -> int:
        """Write a value over two axes as a table with shaded cells."""
        title = " · ".join(
            filter(None, (surface.title, f"{surface.y_title} ↓ {surface.x_title} →"))
        )
        row = _text(sheet, row, title, self.look("bold"))
        for column, name in enumerate(surface.x):
            _write_text(sheet, row, column + 1, name, self.look("header"))
        for line, (name, values) in enumerate(zip(surface.y, surface.z, strict=True), row + 1):
            _write_text(sheet, line, 0, name, self.look("bold"))
            for column, value in enumerate(values):
                if value is not None:
                    sheet.write_number(line, column + 1, value, self.look("plain", surface.format))
        last = row + len(surface.y)
        sheet.conditional_format(row + 1, 1, last, len(surface.x), _shades(surface))
        return last + 1

    def _grid(self, grid: Grid, sheet: Any, row: int) -> int:
        row = _text(sheet, row, grid.caption, self.look("bold"))
        for column, name in enumerate(grid.header):
            _write_text(sheet, row, column, name, self.look("header"))
        for line, texts in enumerate(grid.rows):
            for column, text in enumerate(texts):
                value = grid.values[line][column] if grid.values else None
                number = grid.formats[column] if grid.formats else ""
                look = "number" if grid.numeric[column] else "cell"
                place = (row + 1 + line, column)
                if not _write_value(sheet, *place, value, self.look(look, number)):
                    _write_text(sheet, *place, text, self.look(look))
        return row + 1 + len(grid.rows)

    def _calculation(self, sums: Calculation, sheet: Any, row: int) -> int:
        """Write inputs as cells to change, and formulas that follow them."""
        row = _text(sheet, row, sums.caption, self.look("bold"))
        for column, name in enumerate(sums.header):
            _write_text(sheet, row, column, name, self.look("header"))
        cells: dict[str, str] = {}
        for line in sums.inputs:
            row += 1
            self._named(sheet, row, line.label, line.unit)
            sheet.write_number(row, 1, line.value, self.look("input", line.format))
            _write_text(sheet, row, 3, line.evidence, self.look("cell"))
            _write_text(sheet, row, 4, line.source, self.look("cell"))
            cells[line.key] = xl_rowcol_to_cell(row, 1, row_abs=True, col_abs=True)
        for line in sums.formulas:
            row += 1
            self._named(sheet, row, line.label, line.unit)
            formula, known = f"={line.expression.format_map(cells)}", math.isfinite(line.value)
            look = self.look("result", line.format)
            sheet.write_formula(row, 1, formula, look, line.value if known else "")
            cells[line.key] = xl_rowcol_to_cell(row, 1, row_abs=True, col_abs=True)
        return row + 1

    def _named(self, sheet: Any, row: int, label: str, unit: str) -> None:
        _write_text(sheet, row, 0, label, self.look("cell"))
        _write_text(sheet, row, 2, unit, self.look("cell"))

    def _sources(self, sheet: Any) -> None:
        row = _text(sheet, 0, self.document.sources_heading, self.look("heading"), 20)
        for source in self.document.sources:
            _write_text(sheet, row, 0, source.title, self.look("plain"))
            self._address(sheet, row, source)
            row += 1

    def _address(self, sheet: Any, row: int, source: Source) -> None:
        # A spreadsheet refuses longer links.
        if source.on_the_web and len(source.address) <= 2_000:
            sheet.write_url(row, 6, source.address, self.look("link"), source.address[:255])
        else:
            _write_text(sheet, row, 6, source.address, self.look("plain"))


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
    "cell": {"text_wrap": True, "valign": "top", **_LINE},
    "number": {"align": "right", "valign": "top", **_LINE},
    "input": {"align": "right", "font_color": "#0000C0", "bg_color": "#FFF8DC", **_LINE},
    "result": {"align": "right", "bold": True, **_LINE},
    "link": {"font_color": BLUE, "underline": 1},
}


def _text(sheet: Any, row: int, text: str, look: Any, height: float = 13.5) -> int:
    """Write running text across the columns, high enough for its lines; return the next row."""
    signs = sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
    sheet.merge_range(row, 0, row, _N_COLUMNS - 1, "", look)
    _write_text(sheet, row, 0, text, look)
    sheet.set_row(row, height * max(1, math.ceil(signs / _TEXT_SIGNS)))
    return row + 1


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
