"""A report document as PDF: tagged, with a title, the same bytes for the same document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

import typst

from dashboard.reports.document import (
    Block,
    Calculation,
    Document,
    Grid,
    Paragraph,
    Picture,
    Points,
)
from dashboard.reports.room import filled, n_gaps, pieces, splittable
from dashboard.reports.sources import grouped, is_web, shortened
from dashboard.text import words

TEMPLATE = Path(__file__).with_name("report.typ")
LAYOUTS = ((9.0, 1.0), (8.8, 0.95), (8.5, 0.9), (8.2, 0.85), (7.9, 0.8), (7.5, 0.68))
"""Text size (pt) and width of figures (share of the page) tried in turn until the report fits its
pages; the last one is kept in any case, because nothing may be left out."""

_TABLE_EM = 0.88 * LAYOUTS[0][0]
_LINE_EM, _INSET_EM = 510 / _TABLE_EM, 6.5 / _TABLE_EM
"""Width of the page and of the room beside a cell (pt), in the largest letters of a table."""
_PIECES, _NARROW_EM = (30, 20, 14, 10), 6.0
"""Letters before a code is broken, tried in turn, and a width below which no text looks well."""
_BETWEEN_SCRIPTS_EM = 0.25
"""Room that is set between a Chinese and another sign."""
_WIDE_SIGNS = frozenset("MWmw@%&—…")


def render(document: Document, drawings: Mapping[str, str], fonts: Sequence[str]) -> bytes:
    """Return the PDF of a document, which claims PDF/UA-1 and PDF/A-2a.

    The compiler refuses what breaks the rules it knows; the tests read the tags, titles, words of
    figures, heads of tables, order of headings and untagged content back. No validator of either
    standard has been run, and whether a screen reader tells it well nobody can check by program.

    Parameters
    ----------
    document
        What the report says.
    drawings
        The SVG of each figure by its key.
    fonts
        Installed font families, the best first.
    """
    content = json.dumps(_plain(document, drawings, fonts), ensure_ascii=False)
    compiled = b""
    for size, width in LAYOUTS:
        inputs = {"document": content, "size": str(size), "picture_width": str(width)}
        compiler = typst.Compiler(TEMPLATE, sys_inputs=inputs)
        compiled = compiler.compile(
            format="pdf",
            pdf_standards=["a-2a", "ua-1"],
            timestamp=int(document.data_at.timestamp()),
        )
        if not document.pages or _n_pages(compiler) <= document.pages:
            break
    assert isinstance(compiled, bytes)
    return compiled


def _n_pages(compiler: typst.Compiler) -> int:
    return json.loads(compiler.query("<pages>", field="value", one=True))


def _plain(document: Document, drawings: Mapping[str, str], fonts: Sequence[str]) -> dict[str, Any]:
    day = document.data_at
    return {
        "language": document.language,
        "title": document.title,
        "subtitle": document.subtitle,
        "fonts": list(fonts),
        "data_date": [day.year, day.month, day.day],
        "finding": document.finding,
        "sections": [
            {
                "heading": section.heading,
                "blocks": [_block(block, drawings) for block in section.blocks],
            }
            for section in document.sections
        ],
        "sources_heading": document.sources_heading,
        "sources": [
            {
                "title": title,
                "addresses": [
                    {"address": address if is_web(address) else "", "shown": shortened(address)}
                    for address in addresses
                ],
            }
            for title, addresses in grouped(document.sources)
        ],
        "facts": document.facts,
        "colon": words(document.language).labelled("", ""),
        "disclaimer": document.disclaimer.splitlines(),
    }


def _block(block: Block, drawings: Mapping[str, str]) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "text": block.text}
        case Points():
            return {"kind": "points", "items": block.items}
        case Picture():
            svg = drawings[block.key]
            return {"kind": "picture", "svg": svg, "alt": block.alt, "caption": block.caption}
        case Calculation():
            return _block(block.grid(), drawings)
        case Grid():
            laid = _laid(block)
            return {
                "kind": "grid",
                "caption": block.caption,
                "header": laid.header,
                "rows": laid.rows,
                "numeric": block.numeric,
                "widths": laid.widths,
            }
        case _:
            assert_never(block)


@dataclass(frozen=True)
class _Laid:
    """A table as it is set: its cells, and the share of each column (0 for as wide as its text)."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


def _laid(grid: Grid) -> _Laid:
    """Return a table whose columns are wide enough for what cannot be broken in them.

    Numbers are never broken, Chinese anywhere, and a code after its own signs where it is longer
    than there is room for. What is short is set in one line as long as there is room.
    """
    room = _LINE_EM - _INSET_EM * len(grid.header)
    wanted = [max(map(_em, column)) for column in zip(grid.header, *grid.rows, strict=True)]
    if sum(wanted) <= room:
        return _Laid(grid.header, grid.rows, (0,) * len(wanted))
    laid = grid
    least: list[float] = []
    for most in _PIECES:
        laid = _broken(grid, most)
        least = _least(laid)
        if sum(least) <= room:
            break
    easy = [max(low, min(high, _NARROW_EM)) for low, high in zip(least, wanted, strict=True)]
    shares = filled(easy if sum(easy) <= room else least, wanted, room)
    return _Laid(laid.header, laid.rows, tuple(round(share + _INSET_EM, 3) for share in shares))


def _broken(grid: Grid, most: int) -> Grid:
    """Return a table in which no word of running text is longer than so many letters."""
    rows = tuple(
        tuple(
            text if numeric else splittable(text, most)
            for text, numeric in zip(row, grid.numeric, strict=True)
        )
        for row in grid.rows
    )
    return replace(grid, header=tuple(splittable(name, most) for name in grid.header), rows=rows)


def _least(grid: Grid) -> list[float]:
    """Return the width of the widest piece of each column that cannot be broken (em)."""
    found: list[float] = []
    for position, name in enumerate(grid.header):
        cells = [row[position] for row in grid.rows]
        whole = cells if grid.numeric[position] else [p for text in cells for p in pieces(text)]
        found.append(max(map(_em, [*pieces(name), *whole]), default=0.0))
    return found


def _em(text: str) -> float:
    """Return the width of text in its own size: no font is asked, wide ones are allowed for."""
    return sum(map(_sign_em, text)) + _BETWEEN_SCRIPTS_EM * n_gaps(text)


def _sign_em(sign: str) -> float:
    if ord(sign) > 0x2E7F or sign in _WIDE_SIGNS:
        return 1.0
    if sign == "\u200b":
        return 0.0
    return 0.68 if sign.isupper() else 0.6 if sign.isalnum() else 0.55
