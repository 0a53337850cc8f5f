"""A report document as one HTML file: no script, no font and no address is loaded by it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import assert_never

from dashboard.figures.theme import INKS, Ink
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
from dashboard.reports.sources import grouped, is_web

STYLE = Path(__file__).with_name("report.css")
_LANGUAGE_TAGS = {"en": "en", "zh": "zh-CN"}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Nothing is loaded and nothing is run."""
_VARIABLES = {"text": "--text", "quiet": "--quiet", "grid": "--grid", "paper": "--paper"}


def render(document: Document, drawings: Mapping[str, str]) -> str:
    """Return the HTML of a document; it follows the reader's light or dark theme.

    Parameters
    ----------
    document
        What the report says.
    drawings
        The SVG of each figure by its key.
    """
    figures = {
        picture.key: _drawn(picture, drawings[picture.key]) for picture in document.pictures()
    }
    return page(document, figures, POLICY)


def page(document: Document, figures: Mapping[str, str], policy: str, scripts: str = "") -> str:
    """Return the HTML of a document around figures that are HTML already.

    Parameters
    ----------
    document
        What the report says.
    figures
        What stands for each figure by its key, above its caption.
    policy
        What the page may load and run.
    scripts
        Script elements at the end.
    """
    style = STYLE.read_text(encoding="utf-8")
    title = escape(document.title)
    body = "\n".join(
        [
            f"<header><h1>{title}</h1><p class='subtitle'>{escape(document.subtitle)}</p></header>",
            "<div class='finding'>" + "".join(map(_paragraph, document.finding)) + "</div>",
            *(_section(section, figures) for section in document.sections),
            _sources(document),
            _foot(document),
        ]
    )
    return f"""<!DOCTYPE html>
<html lang="{_LANGUAGE_TAGS[document.language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
{scripts}</body>
</html>
"""


def themed(svg: str) -> str:
    """Return the SVG with its neutral colours as CSS variables, so that it follows the theme."""
    light: Ink = INKS["light"]
    for name, variable in _VARIABLES.items():
        color = getattr(light, name)
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        svg = svg.replace(f"rgb({red}, {green}, {blue})", f"var({variable})")
    return svg


def _section(section: Section, figures: Mapping[str, str]) -> str:
    blocks = "\n".join(_block(block, figures) for block in section.blocks)
    return f"<section>\n<h2>{escape(section.heading)}</h2>\n{blocks}\n</section>"


def _block(block: Block, figures: Mapping[str, str]) -> str:
    match block:
        case Paragraph():
            return _paragraph(block.text)
        case Points():
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"
        case Picture():
            caption = f"<figcaption>{escape(block.caption)}</figcaption>"
            return f"<figure>{figures[block.key]}{caption}</figure>"
        case Grid():
            return _grid(block)
        case Calculation():
            return _grid(block.grid())
        case _:
            assert_never(block)


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _drawn(picture: Picture, svg: str) -> str:
    opening = f'<svg role="img" aria-label="{escape(picture.alt)}"'
    return re.sub(r"<svg\b", lambda _: opening, themed(svg), count=1)


def _grid(grid: Grid) -> str:
    kinds = ["class='number'" if numeric else "" for numeric in grid.numeric]
    head = "".join(
        f"<th scope='col' {kind}>{escape(name)}</th>"
        for name, kind in zip(grid.header, kinds, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f"<td {kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in grid.rows
    )
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label=\"{escape(grid.caption)}\">"
        f"<table><caption>{escape(grid.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )


def _sources(document: Document) -> str:
    items = "\n".join(
        f"<li>{'<br>'.join([escape(title), *map(_address, addresses)])}</li>"
        for title, addresses in grouped(document.sources)
    )
    heading = escape(document.sources_heading)
    return f"<section class='sources'>\n<h2>{heading}</h2>\n<ul>\n{items}\n</ul>\n</section>"


def _address(address: str) -> str:
    shown = escape(address)
    return f'<a href="{shown}" rel="noreferrer">{shown}</a>' if is_web(address) else shown


def _foot(document: Document) -> str:
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{_address(value)}</dd></div>"
        for name, value in document.facts
    )
    disclaimer = "".join(map(_paragraph, document.disclaimer.splitlines()))
    return f"<footer><dl>{facts}</dl>{disclaimer}</footer>"
