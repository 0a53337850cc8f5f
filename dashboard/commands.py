"""The verbs of reports: build.

Heavy modules are imported inside the verbs, so that help answers at once.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from cyclopts import App

from etl.commandline import Given
from etl.errors import InputError

app = App(name="report", help="Build analyst reports.")


@app.command
def build(
    name: str,
    /,
    *,
    ticker: str | None = None,
    event: str | None = None,
    wave: str | None = None,
    window: tuple[int, int] | None = None,
    app: str | None = None,
    storefront: str | None = None,
    source: str | None = None,
    scenario: str | None = None,
    currency: str | None = None,
    since: date | None = None,
    format: str = "pdf,html",
    lang: str = "en,zh",
    as_of: date | None = None,
    out: Path | None = None,
    session: Given,
) -> None:
    """Build a report from the published snapshot, without rows that may not be passed on.

    Parameters
    ----------
    name
        Which report: market, attention, growth, unit-economics, compute or weekly.
    ticker
        Share it is about (market).
    event
        Identifiers of events, separated by commas (market).
    wave
        Wave it is about, in place of share and events (market, attention).
    window
        First and last trading day of the event window, relative to day 0 (market).
    app
        Identifiers of apps, separated by commas (attention).
    storefront
        Two letters of a country (attention).
    source
        Imported product history (growth).
    scenario
        Key of a scenario, or a file (unit-economics).
    currency
        In which money is told (unit-economics, compute).
    since
        First day of what is new; by default the day of the last weekly report (weekly).
    format
        Formats, separated by commas: pdf, html, html-interactive, xlsx, pptx.
    lang
        Languages, separated by commas: en, zh.
    as_of
        Only what was public on that day.
    out
        Folder to write to; by default reports/ of the data folder.
    """
    from dashboard import reports
    from dashboard.reports.choice import Choice
    from dashboard.reports.edition import house_words
    from etl import console
    from etl.warehouse import SnapshotReader

    settings = session.settings()
    choice = Choice(
        ticker=ticker,
        event=event,
        wave=wave,
        window=window,
        app=app,
        storefront=storefront,
        source=source,
        scenario=scenario,
        currency=currency,
        since=since,
        as_of=as_of,
        house=house_words(settings.data_dir),
        data_dir=settings.data_dir,
    )
    order = reports.Order(
        name,
        choice,
        _words(format, "--format"),
        _words(lang, "--lang"),
        out or settings.reports_dir,
    )
    with console.progress() as progress:
        reader = SnapshotReader(settings.data_dir, for_export=True)
        files = reports.build(reader, order, progress)
    rows = [{"file": str(file)} for file in files]
    session.show({"files": files}, lambda: console.print_rows(rows))


def _words(given: str, option: str) -> list[str]:
    """Return the words of a list by comma, each once."""
    words = dict.fromkeys(word.strip() for word in given.split(",") if word.strip())
    if not words:
        raise InputError(f"got {option} {given!r}", "at least one word", f"leave {option} out")
    return list(words)
