"""Figures as SVG, drawn by one browser a build, the same bytes for the same figure."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import plotly.graph_objects as go

_CLASS = re.compile(r'(<[a-zA-Z][^<>]*?) class="[^"]*"')
_IDENTIFIER = re.compile(r'\bid="([^"]+)"')


def draw(figures: Mapping[str, go.Figure], browser: Path, width: int = 800) -> dict[str, str]:
    """Return each figure as SVG text under its key.

    Parameters
    ----------
    figures
        Figures by a key of letters, digits and hyphens; their height is their own.
    browser
        The Chromium to use; it is started once and opens no address.
    width
        Width in pixels.
    """
    # A thread of its own: the caller may sit in a running event loop already.
    with ThreadPoolExecutor(max_workers=1) as pool:
        drawn = pool.submit(asyncio.run, _draw_all(figures, browser, width)).result()
    return {key: settle(svg, key) for key, svg in drawn.items()}


def settle(svg: str, key: str) -> str:
    """Return the SVG without classes, its identifiers numbered and beginning with ``key``.

    Both carry random parts: without them equal figures give equal bytes, and several figures can
    stand in one page.
    """
    svg = _CLASS.sub(r"\1", svg)
    names = dict.fromkeys(_IDENTIFIER.findall(svg))
    known = {name: f"{key}-{number}" for number, name in enumerate(names)}
    svg = _IDENTIFIER.sub(lambda hit: f'id="{known[hit[1]]}"', svg)
    for old, new in known.items():
        svg = re.sub(rf"(url\(['\"]?#|href=\"#){re.escape(old)}(?=['\")&])", rf"\g<1>{new}", svg)
    return svg


async def _draw_all(figures: Mapping[str, go.Figure], browser: Path, width: int) -> dict[str, str]:
    import kaleido

    drawn: dict[str, str] = {}
    # Without this, the page would load MathJax from the network.
    async with kaleido.Kaleido(path=str(browser), mathjax=False) as engine:
        for key, figure in figures.items():
            height = figure.to_dict()["layout"]["height"]
            image = await engine.calc_fig(
                figure, opts={"format": "svg", "width": width, "height": height}
            )
            drawn[key] = image.decode()
    return drawn
