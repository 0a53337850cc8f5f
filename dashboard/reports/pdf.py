"""A report document as PDF: tagged, with a title, the same bytes for the same document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from dashboard.reports.sources import grouped, is_web, shortened

TEMPLATE = Path(__file__).with_name("report.typ")
LAYOUTS = ((9.0, 1.0), (8.8, 0.95), (8.5, 0.9), (8.2, 0.85), (7.9, 0.8), (7.5, 0.68))
"""Text size (pt) and width of figures (share of the page) tried in turn until the report fits its
pages; the last one is kept in any case, because nothing may be left out."""

_SHORT_SIGNS, _LEAST_SIGNS, _MOST_SIGNS, _ROOM_SIGNS = 22, 8, 45, 90
"""Signs of short text, of the narrowest and of the widest column that shares, and of a line."""


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
        "disclaimer": document.disclaimer,
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
            return {
                "kind": "grid",
                "caption": block.caption,
                "header": block.header,
                "rows": block.rows,
                "numeric": block.numeric,
                "widths": _widths(block),
            }
        case _:
            assert_never(block)


def _widths(grid: Grid) -> list[int]:
    """Return the share of each text column; 0 for a column as wide as its text.

    Columns of short text are as wide as it while there is room; in a wide table all share.
    """
    columns = list(zip(*grid.rows, strict=True)) or [()] * len(grid.header)
    longest = [max(map(_signs, column), default=0) for column in columns]
    crowded = sum(min(length, _SHORT_SIGNS) for length in longest) > _ROOM_SIGNS
    return [
        0
        if numeric or (length <= _SHORT_SIGNS and not crowded)
        else max(_LEAST_SIGNS, min(length, _MOST_SIGNS) if crowded else length)
        for length, numeric in zip(longest, grid.numeric, strict=True)
    ]


def _signs(text: str) -> int:
    return sum(2 if ord(sign) > 0x2E7F else 1 for sign in text)
