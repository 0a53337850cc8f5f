"""Reports: the same figures as on the pages, as PDF, HTML, spreadsheet and slides; no Streamlit.

A report names no instant but that of its data, so equal data give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from etl.errors import InputError

if TYPE_CHECKING:
    from dashboard.reports.choice import Choice, Definition
    from dashboard.reports.edition import Reader

REPORTS = ("market", "attention", "growth", "unit-economics", "compute", "weekly")
"""The reports that can be built, each a module of this package."""
FORMATS = ("pdf", "html", "html-interactive", "xlsx", "pptx")
"""The formats a report can have."""


@dataclass(frozen=True)
class Order:
    """What to build.

    Attributes
    ----------
    name
        One of :data:`REPORTS`.
    choice
        What it is about.
    formats, languages
        What to write, out of :data:`FORMATS` and the languages of the words.
    out
        Folder to write to; made where it is missing.
    """

    name: str
    choice: Choice
    formats: Sequence[str]
    languages: Sequence[str]
    out: Path


def definition(name: str) -> Definition:
    """Return the module of a report.

    Raises
    ------
    InputError
        If there is no report of that name.
    """
    require("report", [name], REPORTS)
    return cast("Definition", import_module(f"dashboard.reports.{name.replace('-', '_')}"))


def build(
    reader: Reader,
    order: Order,
    progress: Callable[[str], None] = lambda _step: None,
) -> list[Path]:
    """Build a report from the published snapshot and return the files written.

    Raises
    ------
    InputError
        If a name, format, language or choice is unknown, or there is nothing to report.
    BrowserMissingError, FontMissingError
        If the machine lacks what the report needs; nothing has been done then.
    """
    from dashboard.reports import machine
    from dashboard.text import LANGUAGES, words

    own = definition(order.name)
    require("format", order.formats, FORMATS)
    require("language", order.languages, LANGUAGES)
    order.choice.require_only(order.name, own.OPTIONS)
    drawn = {"pdf", "html"} & set(order.formats)
    browser = machine.find_browser() if drawn else None
    fonts = {language: machine.fonts(language) for language in order.languages}

    from dashboard.reports import assembly

    prepared = own.prepare(reader, order.choice)
    documents = [prepared.document(words(language)) for language in order.languages]
    output = assembly.Output(order.formats, fonts, browser, order.out, prepared.stem, progress)
    return assembly.write(documents, output)


def require(what: str, got: Sequence[str], known: Sequence[str]) -> None:
    """Raise :class:`InputError` for the first of ``got`` that is not ``known``."""
    for code in got:
        if code not in known:
            near = get_close_matches(code, known, n=1)
            hint = f"perhaps you meant {near[0]!r}" if near else ""
            raise InputError(f"got the {what} {code!r}", f"one of {', '.join(known)}", hint)
