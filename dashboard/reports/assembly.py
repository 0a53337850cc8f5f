"""From documents to files: draw once, write every format, show nothing that is unfinished."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard.reports.document import Document

DRAWN = ("pdf", "html")
"""Formats that show figures as drawings, for which a browser is needed."""
FIGURES = "figures"
"""What the first step is called; the others are called as the files that they write."""
SUFFIXES = {
    "pdf": ".pdf",
    "html": ".html",
    "html-interactive": "_interactive.html",
    "xlsx": ".xlsx",
    "pptx": ".pptx",
}
"""How the file of each format ends."""


@dataclass(frozen=True)
class Output:
    """What to write and with what.

    Attributes
    ----------
    formats
        Keys of :data:`SUFFIXES`.
    fonts
        Installed font families by language.
    browser
        The Chromium that draws; ``None`` where no format needs one.
    folder, stem
        Where to write, and how file names begin.
    progress
        Told each step, as ``2/9 weekly_en.pdf``.
    """

    formats: Sequence[str]
    fonts: Mapping[str, Sequence[str]]
    browser: Path | None
    folder: Path
    stem: str
    progress: Callable[[str], None] = lambda _step: None


def write(documents: Sequence[Document], output: Output) -> list[Path]:
    """Write every document in every format, and return the files.

    All of them appear, or none: they get their names when the last one is written.
    """
    steps = 1 + len(documents) * len(output.formats)
    output.progress(f"0/{steps} {FIGURES}")
    drawn = _drawn(documents, output)
    output.folder.mkdir(parents=True, exist_ok=True)
    unfinished: dict[Path, Path] = {}
    try:
        for document in documents:
            for kind in output.formats:
                name = f"{output.stem}_{document.language}{SUFFIXES[kind]}"
                output.progress(f"{1 + len(unfinished)}/{steps} {name}")
                path = output.folder / name
                unfinished[path] = path.with_name(f".{name}.{os.getpid()}")
                unfinished[path].write_bytes(_render(document, kind, drawn, output))
        written = [part.replace(path) for path, part in unfinished.items()]
    finally:
        for part in unfinished.values():
            part.unlink(missing_ok=True)
    return written


def _drawn(documents: Sequence[Document], output: Output) -> dict[str, str]:
    """Return the drawings of all figures by language and key, made by one browser."""
    from dashboard.reports import drawing

    if output.browser is None:
        return {}
    figures = {
        f"{document.language}-{picture.key}": picture.figure
        for document in documents
        for picture in document.pictures()
    }
    return drawing.draw(figures, output.browser) if figures else {}


def _render(document: Document, kind: str, drawn: Mapping[str, str], output: Output) -> bytes:
    fonts = output.fonts[document.language]
    match kind:
        case "pdf":
            from dashboard.reports import pdf

            return pdf.render(document, _own(document, drawn), fonts)
        case "html":
            from dashboard.reports import html

            return html.render(document, _own(document, drawn)).encode()
        case "html-interactive":
            from dashboard.reports import interactive

            return interactive.render(document).encode()
        case "xlsx":
            from dashboard.reports import xlsx

            return xlsx.render(document)
        case "pptx":
            from dashboard.reports import pptx

            return pptx.render(document, fonts)
        case _:
            raise AssertionError(f"got the format {kind!r}; expected one of {list(SUFFIXES)}")


def _own(document: Document, drawn: Mapping[str, str]) -> dict[str, str]:
    return {
        picture.key: drawn[f"{document.language}-{picture.key}"] for picture in document.pictures()
    }
