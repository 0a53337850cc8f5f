"""Reports: the same figures as on the pages, as PDF and HTML; no Streamlit.

A report names no instant but that of its data, so equal data give equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import InputError

if TYPE_CHECKING:
    from dashboard.reports.assembly import Reader

REPORTS = ("market",)
"""The reports that can be built."""
FORMATS = ("pdf", "html")
"""The formats a report can have."""


def build(
    name: str,
    reader: Reader,
    *,
    ticker: str,
    event: str | None,
    window: tuple[int, int],
    formats: Sequence[str],
    languages: Sequence[str],
    as_of: date | None,
    out: Path,
) -> list[Path]:
    """Build a report from the published snapshot and return the files written.

    Parameters
    ----------
    name
        One of :data:`REPORTS`.
    reader
        The published snapshot.
    ticker
        The share it is about.
    event
        Identifiers of events, separated by commas; ``None`` takes those the Market page opens on.
    window
        First and last trading day of the event window, relative to day 0.
    formats, languages
        What to write, out of :data:`FORMATS` and the languages of the words.
    as_of
        Use only what was public on that day.
    out
        Folder to write to; made where it is missing.

    Raises
    ------
    InputError
        If a name, format, language, ticker or event is unknown.
    BrowserMissingError, FontMissingError
        If the machine lacks what the report needs; nothing has been done then.
    """
    from dashboard.reports import machine
    from dashboard.text import LANGUAGES

    require("report", [name], REPORTS)
    require("format", formats, FORMATS)
    require("language", languages, LANGUAGES)
    browser = machine.find_browser()
    fonts = {language: machine.fonts(language) for language in languages}

    from dashboard.reports import assembly

    study, edition = assembly.market(reader, ticker, event, window, as_of)
    documents = assembly.documents(study, edition, languages)
    stem = f"{name}_{ticker.lstrip('^')}"
    return assembly.write(documents, assembly.Output(formats, fonts, browser, out, stem))


def require(what: str, got: Sequence[str], known: Sequence[str]) -> None:
    """Raise :class:`InputError` for the first of ``got`` that is not ``known``."""
    for code in got:
        if code not in known:
            near = get_close_matches(code, known, n=1)
            hint = f"perhaps you meant {near[0]!r}" if near else ""
            raise InputError(f"got the {what} {code!r}", f"one of {', '.join(known)}", hint)
