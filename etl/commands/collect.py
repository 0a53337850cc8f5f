"""``artonomics etl …``: collect, catch up, look at what was collected, go back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from cyclopts import App, Parameter

from etl.commandline import Flag, Given, Session
from etl.errors import InputError

STATUS_COLUMNS = ("source", "last_observation", "stale", "n_rows", "last_status", "last_run_at")
SNAPSHOT_COLUMNS = ("snapshot_id", "published_at", "current", "data_version", "note")

DAGSTER_YAML = """\
# Nothing is reported to anybody, and one run writes at a time.
telemetry:
  enabled: false
concurrency:
  pools:
    default_limit: 1
"""

app = App(name="etl", help="Collect, check and publish the data.")
schedule_app = App(name="schedule", help="Let this machine collect by itself.")
app.command(schedule_app)


@app.command
def run(
    *sources: str,
    from_: Annotated[date | None, Parameter(name="--from")] = None,
    to: date | None = None,
    offline: Annotated[bool, Flag] = False,
    due: Annotated[bool, Flag] = False,
    wait: float = 0,
    session: Given,
) -> int:
    """Run one collection; repeated, it changes nothing.

    Parameters
    ----------
    sources
        Which sources; by default all that need not be asked for by name.
    from_
        First day wanted.
    to
        Last day wanted.
    offline
        Take the bundled snapshot and touch no network.
    due
        Only live sources that have had news since they were read last.
    wait
        Seconds to wait for another run to end; by default a second run is refused at once.
    """
    from etl import console, pipeline

    if from_ and to and to < from_:
        raise InputError(
            f"got --from {from_} --to {to}", "a first day not after the last", "swap them"
        )
    if due and (offline or from_ or to):
        raise InputError(
            "got --due together with --offline, --from or --to",
            "--due alone: it finds the days by itself",
            "leave one of them out",
        )
    settings = session.settings().model_copy(update={"lock_timeout_seconds": wait})
    with console.progress() as report:
        entries = pipeline.run(
            settings,
            list(sources) or None,
            offline=offline,
            start=from_,
            end=to,
            only_due=due,
            progress=report,
        )
    if not entries:
        console.note("no source is due")
    return session.tell(entries)


@app.command
def backfill(
    *sources: str,
    from_: Annotated[date, Parameter(name="--from")],
    to: date | None = None,
    by: Literal["day", "week", "month", "year"] = "month",
    again: Annotated[bool, Flag] = False,
    wait: float = 0,
    session: Given,
) -> int:
    """Collect past days piece by piece; after an interruption it goes on with what is missing.

    Parameters
    ----------
    sources
        Which live sources; by default all that can look back.
    from_
        First day wanted.
    to
        Last day wanted; today by default.
    by
        Length of a piece, for sources that can be asked for a range of days.
    again
        Ask also for pieces that are done.
    wait
        Seconds to wait for another run to end.
    """
    from datetime import UTC, datetime

    from etl import backfill as past
    from etl import console

    now = datetime.now(UTC)
    wanted = past.Wanted(from_, to or now.date(), by, again)
    settings = session.settings().model_copy(update={"lock_timeout_seconds": wait})
    with console.progress() as report:
        entries = past.backfill(settings, wanted, list(sources) or None, now=now, progress=report)
    if not entries:
        console.note("every piece is done; --again asks for them anew")
    return session.tell(entries)


@app.command
def marts(
    *,
    engine: str = "duckdb",
    events: str,
    source: str,
    evidence: str,
    set: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    not_redistributable: Annotated[bool, Flag] = False,
    session: Given,
) -> int:
    """Count cohorts, conversion and funnels where the events lie; bring the small tables back.

    Events in the lake need no command: they are counted when they are imported.

    Parameters
    ----------
    engine
        Engine of Ibis: duckdb, pyspark, trino, bigquery.
    events
        Parquet files, a folder or an address of an object store; or a table, catalog.schema.name.
    source
        Name the counts are kept under.
    evidence
        How the events came to be: measured, simulated and so on.
    set
        How to connect, option=value; may be repeated. For pyspark spark.* configures the session.
    not_redistributable
        Keep the counts out of exports.
    """
    from etl import console, elsewhere

    options = dict(_option(pair) for pair in set)
    asked = elsewhere.Question(engine, events, source, evidence, options, not not_redistributable)
    with console.progress() as report:
        entries = elsewhere.count(session.settings(), asked, say=report)
    return session.tell(entries)


def _option(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not (name and equals):
        raise InputError(f"got --set {pair}", "option=value, for example host=trino.example.org")
    return name, value


@app.command
def status(*, session: Given) -> None:
    """Show how fresh each source is and how its last run ended."""
    from etl import console, journal, pipeline
    from etl.warehouse import SnapshotReader

    settings = session.settings()
    with SnapshotReader(settings.data_dir) as reader:
        rows = console.records(pipeline.status(reader))
    session.show(rows, lambda: console.print_rows(rows, STATUS_COLUMNS))
    if session.json:
        return
    for row in rows:
        if row["last_status"] == "failed":
            console.note(f"{row['source']}: {row['last_error']}")
        if row["lagging"]:
            console.note(f"{row['source']}: behind their exchange are {row['lagging']}")
        if row["missed_days"]:
            console.note(
                f"{row['source']}: {row['missed_days']} days were never read; it shows only the "
                "present, so they are lost"
            )
    last = journal.read(settings.data_dir)
    if last and last.going_on:
        console.note(f"a run is going on since {last.started_at} (process {last.pid})")
    if last and last.interrupted:
        console.note(f"the run of {last.started_at} was interrupted; the next one goes on")


@app.command
def replay(*, source: str | None = None, check: str | None = None, session: Given) -> int:
    """Check rejected rows again and let in those that pass today.

    Parameters
    ----------
    source
        Only rows of this source.
    check
        Only rows this check rejected.
    """
    from etl import console
    from etl import replay as replays

    with console.progress() as report:
        report("checking rejected rows again")
        entries = replays.replay(session.settings(), source, check)
    if not entries:
        console.note("no rejected row is waiting")
    return session.tell(entries)


@app.command
def settle(
    source: str,
    *,
    check: str | None = None,
    met_by: datetime | None = None,
    reopen: Annotated[bool, Flag] = False,
    session: Given,
) -> int:
    """Leave rejected rows out for good: they stay in the quarantine and count as missing no more.

    Parameters
    ----------
    source
        Whose rows.
    check
        Only rows this check rejected.
    met_by
        Only rows that were met by this instant, UTC unless it names another zone.
    reopen
        Let rows wait again that were left out in this way.
    """
    from etl import console
    from etl import replay as replays

    if met_by is not None and met_by.tzinfo is None:
        met_by = met_by.replace(tzinfo=UTC)
    n, entries = replays.settle(session.settings(), source, check, met_by=met_by, reopen=reopen)
    rows = "1 row" if n == 1 else f"{n} rows"
    console.note(f"{rows} of {source} {'wait again' if reopen else 'left out for good'}")
    return session.tell(entries)


@app.command
def snapshots(*, session: Given) -> None:
    """List the published snapshots that are kept."""
    from etl import console, pipeline

    rows = [console.plain(row) for row in pipeline.snapshots(session.settings())]
    session.show(rows, lambda: console.print_rows(rows, SNAPSHOT_COLUMNS))


@app.command
def rollback(*, to: str | None = None, session: Given) -> None:
    """Go back to a published snapshot; the next run publishes the present again.

    Parameters
    ----------
    to
        Which one, as `etl snapshots` names it; the one before the current by default.
    """
    from dataclasses import asdict

    from etl import console, pipeline

    document = asdict(pipeline.rollback(session.settings(), to))
    session.show(document, lambda: console.print_rows([console.plain(document)]))


Scheduler = Annotated[
    Literal["systemd", "cron"] | None,
    Parameter(name="--with", help="The scheduler; systemd where the user has one, else cron."),
]
Every = Annotated[int, Parameter(help="Hours between two looks at what is due: a divisor of 24.")]


@schedule_app.command
def show(*, with_: Scheduler = None, every: Every = 1, session: Given) -> None:
    """Show what is installed, or what would be."""
    from dataclasses import asdict

    from etl import console, schedule

    settings = session.settings()
    found = schedule.installed(settings)
    if found and with_ is None:
        _print_installed(found, session)
        return
    plan = schedule.plan(settings, with_, every)
    parts = [f"# {path}\n{text}" for path, text in plan.files.items()] + [plan.line]
    session.show(asdict(plan), lambda: console.print_text("\n".join(filter(None, parts))))
    console.note("not installed: this is what `artonomics etl schedule install` would write")


@schedule_app.command
def install(*, with_: Scheduler = None, every: Every = 1, session: Given) -> None:
    """Install a timer that collects what is due; missed days are caught up."""
    from etl import console, schedule

    settings = session.settings()
    plan = schedule.plan(settings, with_, every)
    _print_installed(schedule.install(settings, plan), session)
    console.note("installed; `artonomics etl status` shows what it has read")
    if plan.kind == "cron" and not schedule.cron_is_running():
        console.note("no cron daemon is running here: nothing starts it until one does")
    if plan.kind == "systemd":
        console.note("it runs while you are logged in; `loginctl enable-linger` lets it run always")


@schedule_app.command
def remove(*, session: Given) -> None:
    """Remove what is installed for this data folder."""
    from etl import console, schedule

    found = schedule.remove(session.settings())
    _print_installed(found, session)
    console.note("removed" if found else "nothing was installed for this data folder")


def _print_installed(found: list, session: Session) -> None:
    from dataclasses import asdict

    from etl import console

    rows = [asdict(one) for one in found]
    parts = [f"# {one.kind}: {one.place}\n{one.text}" for one in found]
    session.show(rows, lambda: console.print_text("\n".join(parts)))


@app.command
def orchestrate(*, port: int = 3000, session: Given) -> int:
    """Serve the same jobs as Dagster assets: schedules, partitions, backfill, retries, checks.

    Parameters
    ----------
    port
        Port of Dagster's own pages on this machine.
    """
    import importlib.util
    import os
    import subprocess
    import sys

    from etl import console

    if importlib.util.find_spec("dagster_webserver") is None:
        raise InputError(
            "got no Dagster on this machine",
            "the extra orchestrate",
            "in the checkout: .venv/bin/pip install -c constraints.txt -e '.[orchestrate]'",
        )
    settings = session.settings()
    home = settings.data_dir.resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    instance = home / "dagster.yaml"
    if not instance.exists():  # the user's own settings stay
        instance.write_text(DAGSTER_YAML, encoding="utf-8")
    told = {"DAGSTER_HOME": str(home), "ARTONOMICS_DATA": str(settings.data_dir.resolve())}
    console.note(f"Dagster will answer at http://localhost:{port}; Ctrl-C stops it")
    program = [sys.executable, "-m", "dagster", "dev", "--module-name", "etl.orchestrate"]
    try:
        done = subprocess.run(
            [*program, "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ | told,
            check=False,
        )
    except KeyboardInterrupt:
        return 0
    return int(done.returncode != 0)
