"""A report document as slides: native charts and tables, speaker notes with the sources."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, TypeVar, assert_never

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

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
from dashboard.reports.pptx_charts import Box, Look, add_chart
from dashboard.text import words

Item = TypeVar("Item")

_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_LEFT, _TOP, _FOOT = Inches(0.6), Inches(1.25), Inches(7.05)
_FULL = _WIDTH - 2 * _LEFT
_TITLE_ONLY, _N_ROWS, _N_COLUMNS = 5, 12, 16
_N_TEXT_SIGNS, _N_SOURCES = 900, 14
_FIXED = (1980, 1, 1, 0, 0, 0)
"""Time of every file inside: the earliest an archive can hold."""
_DATED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def render(document: Document, fonts: Sequence[str]) -> bytes:
    """Return the PPTX of a document, the same bytes for the same document.

    Parameters
    ----------
    document
        What the report says.
    fonts
        Installed font families, the best first.
    """
    deck = _Deck(document, fonts[0])
    deck.build()
    file = BytesIO()
    deck.file.save(file)
    return settle(file.getvalue(), document.data_at)


def settle(archive: bytes, at: datetime) -> bytes:
    """Return an office file with the times in it replaced by the one of its data."""
    stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    settled = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(archive)) as read,
        zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as written,
    ):
        for name in read.namelist():
            content = read.read(name)
            if name.endswith(".xlsx"):  # the numbers behind a chart
                content = settle(content, at)
            elif name == "docProps/core.xml":
                content = _DATED.sub(rb"\g<1>" + stamp, content)
            entry = zipfile.ZipInfo(name, _FIXED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, content)
    return settled.getvalue()


class _Deck:
    """Slides while they are made."""

    def __init__(self, document: Document, font: str) -> None:
        self.document, self.font = document, font
        self.words = words(document.language)
        self.file: Any = Presentation()
        self.file.slide_width, self.file.slide_height = _WIDTH, _HEIGHT
        properties = self.file.core_properties
        properties.title, properties.subject = document.title, document.subtitle
        properties.author = properties.last_modified_by = "Artonomics"
        properties.language = {"en": "en-GB", "zh": "zh-CN"}[document.language]
        properties.revision = 1

    def build(self) -> None:
        """Make all slides."""
        self._opening()
        for section in self.document.sections:
            for part in _parts(section):
                self._part(section, part)
        self._closing()

    def slide(self, title: str, notes: str) -> Any:
        """Add a slide with its title, its notes and the foot that every slide has."""
        slide = self.file.slides.add_slide(self.file.slide_layouts[_TITLE_ONLY])
        place = slide.shapes.title
        place.left, place.top, place.width, place.height = _LEFT, Inches(0.35), _FULL, Inches(0.8)
        self._say(place.text_frame, [title], 24, bold=True, color=BLUE)
        place.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        place.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
        slide.notes_slide.notes_text_frame.text = notes
        self._foot(slide)
        return slide

    def _foot(self, slide: Any) -> None:
        day = self.words.date(self.document.data_at)
        number = len(self.file.slides)
        told = f"Artonomics · {self.document.title} · {day} · {number}"
        self._text(slide, (_LEFT, _FOOT, _FULL, Inches(0.3)), [told], 9, INKS["light"].quiet)

    def _opening(self) -> None:
        document = self.document
        slide = self.slide(document.title, self._notes(document.subtitle))
        self._text(
            slide,
            (_LEFT, Inches(1.1), _FULL, Inches(0.4)),
            [document.subtitle],
            14,
            INKS["light"].quiet,
        )
        self._text(
            slide, (_LEFT, Inches(1.7), _FULL, Inches(3.6)), list(document.finding), 16, gap=8
        )
        facts = [f"{name}: {value}" for name, value in document.facts]
        foot = [" · ".join(facts), document.disclaimer]
        self._text(
            slide, (_LEFT, Inches(5.75), _FULL, Inches(1.2)), foot, 10, INKS["light"].quiet, gap=4
        )

    def _closing(self) -> None:
        for sources in _runs(self.document.sources, _N_SOURCES):
            slide = self.slide(self.document.sources_heading, self.document.disclaimer)
            frame = self._frame(slide, (_LEFT, _TOP, _FULL, _FOOT - _TOP))
            for position, source in enumerate(sources):
                self._source(frame, position, source)

    def _source(self, frame: Any, position: int, source: Source) -> None:
        line = frame.paragraphs[0] if position == 0 else frame.add_paragraph()
        line.space_after = Pt(4)
        self._run(line, source.title + (": " if source.address else ""), 11)
        run = self._run(line, _short(source.address), 11)
        if source.on_the_web:
            run.hyperlink.address = source.address

    def _part(self, section: Section, part: Block | list[str]) -> None:
        match part:
            case list():
                slide = self.slide(section.heading, self._notes(*part))
                self._text(slide, (_LEFT, _TOP, _FULL, _FOOT - _TOP), part, 15, gap=8)
            case Picture():
                self._picture(section, part)
            case Grid():
                self._grid(section, part)
            case Calculation():
                self._grid(section, part.grid())
            case Paragraph() | Points():
                raise AssertionError("running text is gathered before")
            case _:
                assert_never(part)

    def _picture(self, section: Section, picture: Picture) -> None:
        parts = charts_of(picture.figure)
        charts = [part for part in parts if not isinstance(part, Surface)]
        for few in _runs(charts, 4):
            slide = self.slide(section.heading, self._notes(picture.caption, picture.alt))
            for chart, box in zip(few, _boxes(len(few)), strict=True):
                add_chart(slide, chart, box, picture.alt, Look(self.font, is_small=len(few) > 2))
            self._caption(slide, picture.caption)
        for surface in parts:
            if isinstance(surface, Surface):
                self._surface(section, picture, surface)
        if not parts:
            self._part(section, [picture.alt])

    def _caption(self, slide: Any, caption: str) -> None:
        place = (_LEFT, Inches(6.55), _FULL, Inches(0.45))
        self._text(slide, place, [caption], 11, INKS["light"].quiet)

    def _surface(self, section: Section, picture: Picture, surface: Surface) -> None:
        """Show a value over two axes as a table; a wide one keeps every so many rows and columns.

        All of it stands in the spreadsheet, and the note says what is left out here.
        """
        rows = _kept(len(surface.y), _N_ROWS)
        columns = _kept(len(surface.x), _N_COLUMNS - 1)
        header = (f"{surface.y_title} ↓ {surface.x_title} →", *(surface.x[c] for c in columns))
        body = tuple(
            (surface.y[r], *(self._shown(surface, surface.z[r][c]) for c in columns)) for r in rows
        )
        caption = picture.caption
        if len(rows) < len(surface.y) or len(columns) < len(surface.x):
            caption += " " + self.words.t("Some rows and columns are left out for space.")
        grid = Grid(surface.title, header, body, (False, *[True] * len(columns)))
        self._grid(section, grid, self._notes(caption, picture.alt), caption)

    def _shown(self, surface: Surface, value: float | None) -> str:
        if surface.format.endswith("%"):
            return self.words.percent(value, digits=surface.format.count("0") - 1)
        return self.words.number(value, digits=0 if value and abs(value) >= 100 else 2)

    def _grid(self, section: Section, grid: Grid, notes: str = "", caption: str = "") -> None:
        for rows in list(_runs(grid.rows, _N_ROWS)) or [()]:
            slide = self.slide(section.heading, notes or self._notes(grid.caption))
            self._text(slide, (_LEFT, Inches(1.1), _FULL, Inches(0.4)), [grid.caption], 13)
            shape = slide.shapes.add_table(
                len(rows) + 1, len(grid.header), _LEFT, Inches(1.6), _FULL, Inches(0.3)
            )
            shape._element.nvGraphicFramePr.cNvPr.set("descr", grid.caption)
            self._fill(shape.table, grid, rows)
            if caption:
                self._caption(slide, caption)

    def _fill(self, table: Any, grid: Grid, rows: Sequence[tuple[str, ...]]) -> None:
        for column, width in zip(table.columns, _widths(grid), strict=True):
            column.width = width
        size = 12 if len(grid.header) <= 6 else 10 if len(grid.header) <= 9 else 8
        for line, texts in enumerate((grid.header, *rows)):
            for position, text in enumerate(texts):
                cell = table.cell(line, position)
                cell.margin_left = cell.margin_right = Inches(0.05)
                cell.margin_top = cell.margin_bottom = Inches(0.02)
                cell.fill.solid()
                cell.fill.fore_color.rgb = RGBColor.from_string("E8EEF4" if line == 0 else "FFFFFF")
                self._say(cell.text_frame, [text], size, bold=line == 0)
                if grid.numeric[position]:
                    cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT

    def _notes(self, *said: str) -> str:
        """Return the words for the speaker: what is shown, and where it comes from."""
        sources = [
            f"• {source.title}" + (f": {source.address}" if source.address else "")
            for source in self.document.sources
        ]
        facts = [f"{name}: {value}" for name, value in self.document.facts]
        return "\n".join([*said, "", self.document.sources_heading, *sources, "", *facts])

    def _text(
        self,
        slide: Any,
        box: tuple[int, int, int, int],
        lines: Sequence[str],
        size: float,
        color: str = INKS["light"].text,
        *,
        gap: float = 0,
    ) -> None:
        """Put lines of text on a slide; a long text is set smaller."""
        frame = self._frame(slide, box)
        signs = sum(map(len, lines)) * (2 if self.document.language == "zh" else 1)
        room = (box[2] / Pt(size) * 1.9) * (box[3] / Pt(size) / 1.5)
        fitting = size if signs <= room else max(9, size * (room / signs) ** 0.5)
        self._say(frame, lines, fitting, color=color, gap=gap)

    def _frame(self, slide: Any, box: tuple[int, int, int, int]) -> Any:
        frame = slide.shapes.add_textbox(*(Emu(int(side)) for side in box)).text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = 0
        return frame

    def _say(
        self,
        frame: Any,
        lines: Sequence[str],
        size: float,
        *,
        bold: bool = False,
        color: str = INKS["light"].text,
        gap: float = 0,
    ) -> None:
        for position, text in enumerate(lines):
            line = frame.paragraphs[0] if position == 0 else frame.add_paragraph()
            line.space_after = Pt(gap)
            self._run(line, text, size, bold=bold, color=color)

    def _run(
        self, line: Any, text: str, size: float, *, bold: bool = False, color: str = ""
    ) -> Any:
        run = line.add_run()
        run.text = text
        run.font.size, run.font.bold, run.font.name = Pt(round(size, 1)), bold, self.font
        if color:
            run.font.color.rgb = RGBColor.from_string(color.removeprefix("#"))
        properties = run._r.get_or_add_rPr()
        properties.set("lang", {"en": "en-GB", "zh": "zh-CN"}[self.document.language])
        east = properties.makeelement(qn("a:ea"), {"typeface": self.font})
        properties.append(east)
        return run


def _parts(section: Section) -> Iterator[Block | list[str]]:
    """Yield what goes on a slide of its own: running text is gathered as far as it fits."""
    gathered: list[str] = []
    for block in section.blocks:
        match block:
            case Paragraph():
                said = [block.text]
            case Points():
                said = [f"• {item}" for item in block.items]
            case _:
                if gathered:
                    yield gathered
                    gathered = []
                yield block
                continue
        for text in said:
            if gathered and sum(map(len, gathered)) + len(text) > _N_TEXT_SIGNS:
                yield gathered
                gathered = []
            gathered.append(text)
    if gathered:
        yield gathered


def _runs(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Yield the items in runs of at most ``most`` (Python 3.11 has no ``itertools.batched``)."""
    for first in range(0, len(items), most):
        yield items[first : first + most]


def _boxes(n: int) -> Iterator[Box]:
    """Yield the places of up to four charts on a slide."""
    across, down = (1, 1) if n == 1 else (2, 1) if n == 2 else (2, 2)
    wide, high = int(_FULL) // across, int(Inches(6.5) - _TOP) // down
    for position in range(n):
        line, column = divmod(position, across)
        yield Box(int(_LEFT) + column * wide, int(_TOP) + line * high, wide, high)


def _kept(n: int, most: int) -> list[int]:
    """Return the positions kept of ``n``: all, or evenly spaced ones with both ends."""
    if n <= most:
        return list(range(n))
    return sorted({round(k * (n - 1) / (most - 1)) for k in range(most)})


def _widths(grid: Grid) -> list[int]:
    """Return the widths of columns by their longest text; none is narrower than a short number."""
    columns = list(zip(grid.header, *grid.rows, strict=True))
    signs = [
        min(40, max(6, *(sum(2 if ord(s) > 0x2E7F else 1 for s in text) for text in column)))
        for column in columns
    ]
    return [int(_FULL * own / sum(signs)) for own in signs]


def _short(address: str) -> str:
    return address if len(address) <= 90 else f"{address[:60]}…{address[-28:]}"
