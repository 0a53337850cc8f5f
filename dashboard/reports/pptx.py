"""A report document as slides: native charts and tables, speaker notes with the sources."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, TypeVar, assert_never

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

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
from dashboard.reports.native_charts import Surface
from dashboard.reports.pptx_charts import Box, Look, add_chart
from dashboard.reports.pptx_tables import Layout, layout, runs, shades
from dashboard.reports.room import n_lines
from dashboard.reports.sources import grouped, is_web
from dashboard.text import words

Item = TypeVar("Item")

_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_LEFT, _TOP, _BOTTOM, _FOOT = Inches(0.6), Inches(1.2), Inches(6.95), Inches(7.05)
_FULL = _WIDTH - 2 * _LEFT
_TITLE_ONLY, _N_ROWS, _N_COLUMNS = 5, 16, 16
_TEXT, _FINDING, _SMALL = 15.0, 16.0, 10.0
"""Sizes of letters (pt): running text, the finding, what stands at the foot."""
_SIGN, _LINE = 0.5, 1.32
"""Room of a letter and of a line, in parts of the size."""
_FIXED = (1980, 1, 1, 0, 0, 0)
"""Time of every file inside: the earliest an archive can hold."""
_DATED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")


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
        self.open: _Open | None = None
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
        self.open = None
        slide = self.file.slides.add_slide(self.file.slide_layouts[_TITLE_ONLY])
        place = slide.shapes.title
        place.left, place.top, place.width, place.height = _LEFT, Inches(0.3), _FULL, Inches(0.8)
        frame = place.text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = 0
        fitting = next(
            (size for size in (24, 20, 17, 14) if _high([title], size) <= Inches(0.8)), 12
        )
        self._say(frame, [title], fitting, bold=True, color=BLUE)
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        frame.paragraphs[0].alignment = PP_ALIGN.LEFT
        slide.notes_slide.notes_text_frame.text = notes
        self._foot(slide)
        return slide

    def _foot(self, slide: Any) -> None:
        day = self.words.date(self.document.data_at)
        number = len(self.file.slides)
        ends = f"Artonomics · {{}} · {day} · {number}"
        title = self.document.title
        while len(title) > 1 and _high([ends.format(title)], 9) > Inches(0.25):
            title = f"{title[:-6].rstrip()}…"
        place = (_LEFT, _FOOT, _FULL, Inches(0.3))
        self._text(slide, place, [ends.format(title)], 9, INKS["light"].quiet)

    def _opening(self) -> None:
        document = self.document
        facts = [self.words.labelled(name, value) for name, value in document.facts]
        foot = [" · ".join(facts), *document.disclaimer.splitlines()]
        room = _high(foot, _SMALL, gap=4)
        apart = room > Inches(2.2)
        top = Inches(1.7)
        floor = int(_BOTTOM if apart else _BOTTOM - room)
        for position, told in enumerate(_fitted(document.finding, _FINDING, floor - top, gap=8)):
            slide = self.slide(document.title, self._notes(document.subtitle, *told))
            place = (_LEFT, Inches(1.1), _FULL, Inches(0.5))
            self._text(slide, place, [document.subtitle], 14, INKS["light"].quiet)
            self._text(slide, (_LEFT, top, _FULL, floor - top), told, _FINDING, gap=8)
            if position == 0 and not apart:
                place = (_LEFT, floor, _FULL, room)
                self._text(slide, place, foot, _SMALL, INKS["light"].quiet, gap=4)
        if apart:
            for told in _fitted(
                [*facts, *document.disclaimer.splitlines()], 12, _BOTTOM - _TOP, gap=4
            ):
                slide = self.slide(document.title, self._notes(document.subtitle))
                self._text(slide, (_LEFT, _TOP, _FULL, _BOTTOM - _TOP), told, 12, gap=4)

    def _closing(self) -> None:
        shown = [(title, a) for title, own in grouped(self.document.sources) for a in own or ("",)]
        first = 0
        for few in _fitted([_source(*one) for one in shown], 11, _BOTTOM - _TOP, gap=4):
            slide = self.slide(self.document.sources_heading, self.document.disclaimer)
            frame = self._frame(slide, (_LEFT, _TOP, _FULL, _BOTTOM - _TOP))
            for position, one in enumerate(shown[first : first + len(few)]):
                self._listed(frame, position, *one)
            first += len(few)

    def _listed(self, frame: Any, position: int, title: str, address: str) -> None:
        line = frame.paragraphs[0] if position == 0 else frame.add_paragraph()
        line.space_after = Pt(4)
        shown = _short(title, 160)
        self._run(line, self.words.labelled(shown, "") if address else shown, 11)
        run = self._run(line, _short(address, 90), 11)
        if is_web(address):
            run.hyperlink.address = address

    def _part(self, section: Section, part: Block | list[str]) -> None:
        match part:
            case list():
                self._said(section, part)
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

    def _said(self, section: Section, texts: list[str]) -> None:
        """Put running text below the table before it where there is room, else on slides."""
        needed = _high(texts, _TEXT, gap=8)
        if self.open and self.open.section is section and needed <= _BOTTOM - self.open.below:
            self._text(
                self.open.slide, (_LEFT, self.open.below, _FULL, needed), texts, _TEXT, gap=8
            )
            notes = self.open.slide.notes_slide.notes_text_frame
            notes.text = "\n".join([*texts, notes.text])
            self.open = None
            return
        for told in _fitted(texts, _TEXT, _BOTTOM - _TOP, gap=8):
            slide = self.slide(section.heading, self._notes(*told))
            self._text(slide, (_LEFT, _TOP, _FULL, _BOTTOM - _TOP), told, _TEXT, gap=8)

    def _picture(self, section: Section, picture: Picture) -> None:
        parts = charts_of(picture.figure)
        charts = [part for part in parts if not isinstance(part, Surface)]
        caption = _high([picture.caption], 11)
        for few in _runs(charts, 4):
            slide = self.slide(section.heading, self._notes(picture.caption, picture.alt))
            room = Box(int(_LEFT), int(_TOP), int(_FULL), int(_BOTTOM - _TOP - caption))
            look = Look(self.font, is_small=len(few) > 2)
            for chart, box in zip(few, _boxes(len(few), room), strict=True):
                add_chart(slide, chart, box, picture.alt, look)
            self._caption(slide, picture.caption, int(_BOTTOM - caption))
        for surface in parts:
            if isinstance(surface, Surface):
                self._surface(section, picture, surface)
        if not parts:
            self._said(section, [picture.alt, picture.caption])

    def _caption(self, slide: Any, caption: str, top: int) -> None:
        place = (_LEFT, top, _FULL, _high([caption], 11))
        self._text(slide, place, [caption], 11, INKS["light"].quiet)

    def _surface(self, section: Section, picture: Picture, surface: Surface) -> None:
        """Show a value over two axes as a shaded table; a wide one keeps every so many rows.

        All of it stands in the spreadsheet, and the note says what is left out here.
        """
        rows = _kept(len(surface.y), _N_ROWS)
        columns = _kept(len(surface.x), _N_COLUMNS - 1)
        header = (surface.heading(), *(surface.x[c] for c in columns))
        body = tuple(
            (surface.y[r], *(self._shown(surface, surface.z[r][c]) for c in columns)) for r in rows
        )
        caption = picture.caption
        if len(rows) < len(surface.y) or len(columns) < len(surface.x):
            left_out = self.words.t("Some rows and columns are left out for space.")
            caption = self.words.sentences([caption, left_out])
        grid = Grid(surface.title or caption, header, body, (False, *[True] * len(columns)))
        colors = [["", *line] for line in shades(surface, rows, columns)]
        self._grid(section, grid, self._notes(caption, picture.alt), colors)

    def _shown(self, surface: Surface, value: float | None) -> str:
        if value is None:
            return ""
        digits = len(surface.format.partition(".")[2].rstrip("%"))
        if surface.format.endswith("%"):
            return self.words.percent(value, digits=digits)
        if surface.format == "General":
            digits = 0 if abs(value) >= 100 else 2
        return self.words.number(value, digits=digits)

    def _grid(
        self,
        section: Section,
        grid: Grid,
        notes: str = "",
        colors: Sequence[Sequence[str]] = (),
    ) -> None:
        """Put a table below the one before it where it fits as a whole, else on slides."""
        found = layout(grid, _FULL / Pt(1))
        head = _high([grid.caption], 13) + Inches(0.05)
        whole = head + Pt(sum(found.heights))
        before = self.open
        if before and before.section is section and whole <= _BOTTOM - before.below:
            place = _Open(before.slide, section, before.below)
            self._table(place, grid, (0, len(grid.rows)), found, colors)
            said = before.slide.notes_slide.notes_text_frame
            said.text = "\n".join([grid.caption, said.text])
            return
        for part in runs(found, (_BOTTOM - _TOP - head) / Pt(1)):
            slide = self.slide(section.heading, notes or self._notes(grid.caption))
            self._table(_Open(slide, section, int(_TOP)), grid, part, found, colors)

    def _table(
        self,
        place: _Open,
        grid: Grid,
        part: tuple[int, int],
        found: Layout,
        colors: Sequence[Sequence[str]],
    ) -> None:
        """Set the rows of a part at a place, and leave the slide open below them."""
        first, last = part
        rows, own = grid.rows[first:last], colors[first:last]
        heights = [Pt(found.heights[0]), *(Pt(h) for h in found.heights[1 + first : 1 + last])]
        head = _high([grid.caption], 13) + Inches(0.05)
        self._text(place.slide, (_LEFT, place.below, _FULL, head), [grid.caption], 13)
        top, width = place.below + head, Pt(sum(found.widths))
        size = len(rows) + 1, len(grid.header)
        sides = (_LEFT, Emu(int(top)), Emu(int(width)), Emu(int(sum(heights))))
        shape = place.slide.shapes.add_table(*size, *sides)
        shape._element.nvGraphicFramePr.cNvPr.set("descr", grid.caption)
        for column, points in zip(shape.table.columns, found.widths, strict=True):
            column.width = Pt(points)
        for line, height in zip(shape.table.rows, heights, strict=True):
            line.height = height
        for line, texts in enumerate((grid.header, *rows)):
            fills = own[line - 1] if line and own else ()
            for position, text in enumerate(texts):
                cell = shape.table.cell(line, position)
                fill = "E8EEF4" if line == 0 else fills[position] if fills else ""
                self._cell(cell, text, (found.size, line == 0, grid.numeric[position]), fill)
        self.open = _Open(place.slide, place.section, int(top + sum(heights) + Inches(0.25)))

    def _cell(self, cell: Any, text: str, look: tuple[float, bool, bool], fill: str) -> None:
        size, bold, right = look
        cell.margin_left, cell.margin_right = Inches(0.05), Inches(0.12 if right else 0.05)
        cell.margin_top = cell.margin_bottom = Inches(0.02)
        cell.fill.solid()
        cell.fill.fore_color.rgb = RGBColor.from_string(fill or "FFFFFF")
        self._say(cell.text_frame, [text], size, bold=bold)
        if right:
            cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT

    def _notes(self, *said: str) -> str:
        """Return the words for the speaker: what is shown, and where it comes from."""
        sources = [
            f"• {self.words.labelled(source.title, source.address)}"
            if source.address
            else f"• {source.title}"
            for source in self.document.sources
        ]
        facts = [self.words.labelled(name, value) for name, value in self.document.facts]
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
        """Put lines of text on a slide; text that would not fit is set smaller."""
        frame = self._frame(slide, box)
        fitting = size
        while fitting > 7 and _high(lines, fitting, gap=gap, width=box[2]) > box[3] + Pt(2):
            fitting -= 0.5
        self._say(frame, lines, fitting, color=color, gap=gap)

    def _frame(self, slide: Any, box: tuple[int, int, int, int]) -> Any:
        frame = slide.shapes.add_textbox(*(Emu(int(side)) for side in box)).text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
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


@dataclass(frozen=True)
class _Open:
    """A slide that has room below a table."""

    slide: Any
    section: Section
    below: int


def _parts(section: Section) -> Iterator[Block | list[str]]:
    """Yield the blocks of a section; running text that follows on is gathered."""
    gathered: list[str] = []
    for block in section.blocks:
        match block:
            case Paragraph():
                gathered.append(block.text)
            case Points():
                gathered += [f"• {item}" for item in block.items]
            case _:
                if gathered:
                    yield gathered
                    gathered = []
                yield block
    if gathered:
        yield gathered


def _high(texts: Sequence[str], size: float, *, gap: float = 0, width: int = int(_FULL)) -> int:
    """Return the height that texts need, one below the other."""
    letters = width / Pt(size) / _SIGN
    lines = sum(n_lines(text, letters) for text in texts)
    return int(Pt(lines * size * _LINE) + Pt(gap) * max(0, len(texts)))


def _fitted(texts: Sequence[str], size: float, height: int, *, gap: float) -> Iterator[list[str]]:
    """Yield texts in runs that fit a height; one too long for any is broken between sentences."""
    pieces: list[str] = []
    for text in texts:
        whole = _high([text], size, gap=gap) <= height
        pieces += [text] if whole else [each for each in _SENTENCE.split(text) if each]
    gathered: list[str] = []
    for text in pieces:
        if gathered and _high([*gathered, text], size, gap=gap) > height:
            yield gathered
            gathered = []
        gathered.append(text)
    if gathered:
        yield gathered


def _runs(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """Yield the items in runs of at most ``most`` (Python 3.11 has no ``itertools.batched``)."""
    for first in range(0, len(items), most):
        yield items[first : first + most]


def _boxes(n: int, room: Box) -> Iterator[Box]:
    """Yield the places of up to four charts in a room."""
    across, down = (1, 1) if n == 1 else (2, 1) if n == 2 else (2, 2)
    wide, high = room.width // across, room.height // down
    for position in range(n):
        line, column = divmod(position, across)
        yield Box(room.left + column * wide, room.top + line * high, wide, high)


def _kept(n: int, most: int) -> list[int]:
    """Return the positions kept of ``n``: all, or evenly spaced ones with both ends."""
    if n <= most:
        return list(range(n))
    return sorted({round(k * (n - 1) / (most - 1)) for k in range(most)})


def _source(title: str, address: str) -> str:
    """Return a source as it is written on a slide."""
    return _short(title, 160) + (f": {_short(address, 90)}" if address else "")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[-most // 3 + 2 :]}"
