"""The verbs of reports: build, and schedules that build and deliver them.

Heavy modules are imported inside the verbs, so that help answers at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from etl.commandline import Flag, Given, Session
from etl.errors import InputError

if TYPE_CHECKING:
    from dashboard.reports.dispatch import Result, Told
    from dashboard.reports.schedule import Schedule

app = App(name="report", help="Build analyst reports, and deliver them by schedule.")
schedule_app = App(name="schedule", help="Build and deliver reports by the clock.")
app.command(schedule_app)


@Parameter(name="*")
@dataclass(frozen=True)
class About:
    """What a report is about.

    Parameters
    ----------
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
        In which money is told (unit-economics).
    """

    ticker: str | None = None
    event: str | None = None
    wave: str | None = None
    window: tuple[int, int] | None = None
    app: str | None = None
    storefront: str | None = None
    source: str | None = None
    scenario: str | None = None
    currency: str | None = None

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@app.command
def build(
    name: str,
    /,
    *,
    about: About | None = None,
    since: date | None = None,
    format: str = "pdf,html",
    lang: str = "en,zh",
    as_of: date | None = None,
    out: Path | None = None,
    preview: Annotated[bool, Flag] = False,
    session: Given,
) -> None:
    """Build a report from the published snapshot, without rows that may not be passed on.

    Parameters
    ----------
    name
        Which report: market, attention, growth, unit-economics, compute or weekly.
    about
        What it is about.
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
    preview
        Leave it out of the history of reports.
    """
    from dashboard import reports
    from dashboard.reports import history
    from dashboard.reports.choice import Choice
    from dashboard.reports.edition import house_words
    from etl import console
    from etl.warehouse import SnapshotReader

    settings = session.settings()
    choice = Choice(
        **(about or About()).chosen(),
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
    started = time.monotonic()
    with console.progress() as progress:
        reader = SnapshotReader(settings.data_dir, for_export=True)
        files = reports.build(reader, order, progress)
    took = time.monotonic() - started
    if not preview:
        history.record(settings.data_dir, history.built(order, files, reader.info, took))
    rows = [{"file": str(file)} for file in files]
    session.show({"files": files}, lambda: console.print_rows(rows))


@schedule_app.command(name="list")
def list_(*, session: Given) -> None:
    """List the schedules and when each comes next."""
    from dashboard.reports import schedule_file
    from etl import console

    known = schedule_file.load(session.settings().data_dir).values()
    rows = [console.plain(_row(one)) for one in known]
    session.show(rows, lambda: console.print_rows(rows))
    if not rows:
        console.note("no schedule yet: see `artonomics report schedule add --help`")


@schedule_app.command
def show(name: str, /, *, session: Given) -> None:
    """Show one schedule, when it comes next and what was delivered.

    Parameters
    ----------
    name
        Its name.
    """
    from dashboard.reports import schedule, schedule_file
    from etl import console

    data_dir = session.settings().data_dir
    one = schedule_file.find(data_dir, name)
    runs = schedule.runs(data_dir, name)
    told = {**_row(one), **one.model_dump(mode="json"), "runs": runs}

    def tell() -> None:
        console.print_rows(list(_facts(one)))
        console.print_rows([_past(run, one) for run in runs])
        if not runs:
            console.note("nothing was delivered yet")

    session.show(told, tell)


@schedule_app.command
def add(
    name: str,
    report: str,
    /,
    *,
    cron: str,
    to: str,
    timezone: str = "UTC",
    about: About | None = None,
    since_days: int | None = None,
    stop_on_failed_source: Annotated[bool, Flag] = False,
    format: str = "pdf,html",
    lang: str = "en,zh",
    session: Given,
) -> None:
    """Add a schedule; `artonomics etl schedule install` lets this machine look at it.

    Parameters
    ----------
    name
        By which it is called: small letters, digits, hyphens.
    report
        Which report: market, attention, growth, unit-economics, compute or weekly.
    cron
        When: minute, hour, day, month and weekday, as in "0 8 * * 1".
    to
        Channels of delivery.yml, separated by commas.
    timezone
        Where the clock stands, as in Asia/Shanghai.
    about
        What the report is about.
    since_days
        What counts as new: so many days before the report is due (weekly).
    stop_on_failed_source
        Build nothing where a source failed when last asked; otherwise the message says so.
    format
        Formats, separated by commas: pdf, html, html-interactive, xlsx, pptx.
    lang
        Languages, separated by commas: en, zh; the message is in the first.
    """
    from dashboard.reports import schedule_file
    from etl import console

    told: dict[str, Any] = {
        "report": report,
        "options": (about or About()).chosen(),
        "formats": _words(format, "--format"),
        "languages": _words(lang, "--lang"),
        "cron": cron,
        "timezone": timezone,
        "to": _words(to, "--to"),
        "since_days": since_days,
        "stop_on_failed_source": stop_on_failed_source,
    }
    settings = session.settings()
    _require_held(settings.data_dir, schedule_file.wanted(settings.data_dir, name, told))
    row = console.plain(_row(schedule_file.add(settings.data_dir, name, told)))
    session.show(row, lambda: console.print_rows([row]))
    _tell_whether_anybody_looks(settings)


@schedule_app.command
def remove(name: str, /, *, session: Given) -> None:
    """Remove a schedule; what it built stays.

    Parameters
    ----------
    name
        Its name.
    """
    from dashboard.reports import schedule_file
    from etl import console

    row = console.plain(_row(schedule_file.remove(session.settings().data_dir, name)))
    session.show(row, lambda: console.print_rows([row]))
    console.note(f"removed: {name}")


@schedule_app.command
def run(
    name: str | None = None,
    /,
    *,
    due: Annotated[bool, Flag] = False,
    again: Annotated[bool, Flag] = False,
    dry_run: Annotated[bool, Flag] = False,
    session: Given,
) -> int:
    """Build and deliver what is due, or one schedule at once.

    Everything that can fail is tried before anything is built, and nothing is sent unless every
    file is whole. A machine that slept catches up with the last report alone, which says so. A
    schedule that is named goes on where today's report has not reached every channel.

    Parameters
    ----------
    name
        One schedule, due or not.
    due
        All that are due.
    again
        Build and send it once more, whatever was sent today (with a name).
    dry_run
        Try everything, build and send nothing; shows the message.
    """
    from dashboard.reports import dispatch
    from etl import console
    from etl.warehouse import SnapshotReader

    if (name is None) != due:
        raise InputError(
            "got neither a name nor --due" if name is None else f"got {name!r} beside --due",
            "one of the two",
            "name a schedule to run it at once, or say --due",
        )
    if again and due:
        raise InputError("got --again beside --due", "a name", "name the schedule to send again")
    settings, now = session.settings(), datetime.now(UTC)
    with dispatch.alone(settings.data_dir), console.progress() as progress:
        jobs = dispatch.jobs(settings.data_dir, name, now, again=again)
        results: list[Result] = []
        if jobs:
            reader = SnapshotReader(settings.data_dir, for_export=True)
            desk = dispatch.Desk(reader, settings.data_dir, now, dry_run, progress)
            results = dispatch.run(desk, jobs)
    if not results:
        console.note("no report is due")
    return _tell(session, results)


def _tell(session: Session, results: Sequence[Result]) -> int:
    """Print how each report ended, and return the worst exit status."""
    from etl import console

    rows = [
        {
            "schedule": one.schedule,
            "instant": one.instant.isoformat(),
            "status": one.status,
            "detail": one.detail,
        }
        for one in results
    ]
    documents = [asdict(one) for one in results]

    def tell() -> None:
        console.print_rows(rows)
        for one in results:
            if one.status == "would_send" and one.message is not None:
                console.print_text(_message(one.message))

    session.show(documents, tell)
    return max((one.exit_status for one in results), default=0)


def _message(told: Told) -> str:
    """Return the message of a trial run as it would be read."""
    files = f"Files: {', '.join(told.files)}" if told.files else ""
    link = f"Link: {told.link}" if told.link else ""
    foot = "\n".join(filter(None, (files, link)))
    return "\n\n".join(filter(None, (f"Subject: {told.subject}", told.text, foot)))


def _row(one: Schedule) -> dict[str, Any]:
    """Return a schedule as a row."""
    from dashboard.reports import schedule

    following = schedule.following(one, datetime.now(UTC))
    return {
        "name": one.name,
        "report": one.report,
        "cron": one.cron,
        "timezone": one.timezone,
        "to": ", ".join(one.to),
        "next": following.isoformat(),
    }


def _facts(one: Schedule) -> Iterator[dict[str, str]]:
    """Yield what a schedule is, a row a fact, in words."""
    from dashboard.reports import schedule

    chosen = one.options.model_dump(mode="json", exclude_none=True)
    told = {
        **_row(one),
        "next": _clock(schedule.following(one, datetime.now(UTC)), one),
        "about": ", ".join(f"{name} {_plain(value)}" for name, value in chosen.items()),
        "formats": ", ".join(one.formats),
        "languages": ", ".join(one.languages),
        "new since": f"{one.since_days} days before" if one.since_days else "",
        "a failed source": "stops it" if one.stop_on_failed_source else "is said in it",
    }
    for name, value in told.items():
        if value:
            yield {"what": name, "value": value}


def _past(run: Mapping[str, Any], one: Schedule) -> dict[str, str]:
    """Return what happened to a schedule as a row, its parts below each other."""
    at = _clock(datetime.fromisoformat(run["instant"]), one)
    return {"at": at, "state": run["state"], "detail": run["detail"].replace("; ", "\n")}


def _clock(at: datetime, one: Schedule) -> str:
    return f"{at.astimezone(one.zone):%Y-%m-%d %H:%M} {one.timezone}"


def _plain(value: Any) -> str:
    return " to ".join(map(str, value)) if isinstance(value, list) else str(value)


def _require_held(data_dir: Path, one: Schedule) -> None:
    """Raise InputError where a schedule names what nothing is held of; note what is not yet."""
    from etl import console
    from etl.errors import SnapshotMissingError
    from etl.warehouse import SnapshotReader

    try:
        nothing = one.require_held(SnapshotReader(data_dir, for_export=True), data_dir)
    except SnapshotMissingError:
        nothing = "nothing is published, so what it is about was not looked up"
    if nothing:
        console.note(f"nothing to report as yet: {nothing}")


def _tell_whether_anybody_looks(settings: Any) -> None:
    """Say so where no scheduler of this machine would look at a schedule."""
    from etl import console
    from etl import schedule as scheduler

    found = scheduler.installed(settings)
    if not found:
        console.note("nothing looks at it yet: `artonomics etl schedule install` lets this machine")
    elif not any("report" in one.text for one in found):
        console.note(
            "installed before there were reports: repeat `artonomics etl schedule install`"
        )


def _words(given: str, option: str) -> list[str]:
    """Return the words of a list by comma, each once."""
    words = dict.fromkeys(word.strip() for word in given.split(",") if word.strip())
    if not words:
        raise InputError(f"got {option} {given!r}", "at least one word", f"leave {option} out")
    return list(words)
