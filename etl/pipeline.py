"""One collection run: fetch → parse → correct → check → merge, source by source, then publish.

Each source is one transaction with its own ledger entry; a source that fails stops no other. A run
over the same data changes nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from etl import (
    calendars,
    checks,
    corrections,
    engines,
    growth,
    growth_published,
    marts,
    sources,
)
from etl.config import Settings, bundled_dir
from etl.due import due
from etl.errors import ArtonomicsError, AuditError, InputError, SourceError, WarehouseError
from etl.journal import Journal
from etl.schemas import SOURCES, STOCK_PRICES, Table
from etl.warehouse import MergeCounts, SnapshotInfo, SnapshotReader, Snapshots, Stamp, Warehouse

Progress = Callable[[str], None]
Status = Literal["ok", "unchanged", "partial", "failed"]
Mode = Literal["snapshot", "live", "replay", "import"]

NEVER_READ = "(never read)"
"""What stands behind a share that has no bar at all."""


@dataclass(frozen=True)
class LedgerEntry:
    """What one run did for one source: an entry of the run ledger."""

    run_id: str
    source: str
    status: Status
    rows_in: int
    rows_new: int
    rows_changed: int
    rows_quarantined: int
    error: str | None
    mode: Mode
    started_at: datetime
    finished_at: datetime
    range_from: date | None = None
    range_to: date | None = None


@dataclass(frozen=True)
class Run:
    """What all sources of one run share."""

    run_id: str
    request: sources.Request
    warehouse: Warehouse

    @classmethod
    def begun(
        cls,
        warehouse: Warehouse,
        now: datetime,
        *,
        offline: bool,
        start: date | None = None,
        end: date | None = None,
    ) -> Run:
        """Return a run of its own name over the days from ``start`` to ``end``, inclusive."""
        settings = warehouse.settings
        folders = (settings.raw_dir, settings.data_dir)
        request = sources.Request(offline, bundled_dir(), now, start, end, *folders)
        return cls(new_run_id(now), request, warehouse)

    @property
    def mode(self) -> Mode:
        """Where an offline or live run reads, before a source says otherwise."""
        return "snapshot" if self.request.offline else "live"

    @property
    def span(self) -> str:
        """The days asked for in words; empty where all there are."""
        start, end = self.request.start, self.request.end
        return "".join([f" from {start}" if start else "", f" to {end}" if end else ""])

    def entry(self, source: str, outcome: Outcome, mode: Mode, started: datetime) -> LedgerEntry:
        """Return the entry of one source."""
        return LedgerEntry(
            run_id=self.run_id,
            source=source,
            status=outcome.status,
            rows_in=outcome.rows_in,
            rows_new=outcome.counts.new,
            rows_changed=outcome.counts.changed,
            rows_quarantined=outcome.rows_quarantined,
            error=outcome.error,
            mode=mode,
            started_at=started,
            finished_at=datetime.now(UTC),
            range_from=self.request.start,
            range_to=self.request.end,
        )


@dataclass(frozen=True)
class Outcome:
    """How one source ended, and what it brought."""

    status: Status
    rows_in: int = 0
    counts: MergeCounts = field(default_factory=MergeCounts)
    rows_quarantined: int = 0
    error: str | None = None


def run(
    settings: Settings,
    wanted: Sequence[str] | None = None,
    *,
    offline: bool,
    start: date | None = None,
    end: date | None = None,
    only_due: bool = False,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> list[LedgerEntry]:
    """Collect, and publish what was collected.

    Parameters
    ----------
    settings
        Where the warehouse lies.
    wanted
        Names of sources; by default all that are bundled (offline) or not only on request (live).
    offline
        Take the bundled snapshot and touch no network.
    start, end
        First and last day wanted from live sources, inclusive.
    only_due
        Of the wanted sources, take only live ones that have had news since they were read last.
    now
        The instant of the run in UTC; the clock's by default.
    progress
        Told each step in a few words.

    Returns
    -------
    list of LedgerEntry
        One a source, and one called ``publish`` where publishing failed; none where no source
        is due.

    Raises
    ------
    InputError
        When a source is unknown.
    WarehouseError
        When the warehouse is locked, corrupt or cannot be written.
    """
    modules = [sources.load(name) for name in (wanted or sources.standing(offline=offline))]
    now = now or datetime.now(UTC)
    tomorrow = now.date() + timedelta(days=1)  # east of Greenwich it may have come
    if start and start > tomorrow:
        raise InputError(f"got --from {start}", "a day that has come", "name an earlier one")
    with Warehouse(settings) as warehouse:
        this = Run.begun(warehouse, now, offline=offline, start=start, end=end)
        if only_due:
            names = due(warehouse, now)
            modules = [module for module in modules if module.INFO.name in names]
        jobs = [(_caught_up(this, module), module) for module in modules]
        return collect(jobs, progress) if jobs else []


def _caught_up(this: Run, module: sources.Source) -> Run:
    """Let a live run without a first day go on where the last one of a range source ended."""
    asked = this.request
    if asked.offline or asked.start or module.INFO.reach != "range":
        return this
    covered = this.warehouse.covered(module.INFO.name)
    ends = [last for _, last in covered if last]
    # The last covered day is asked for again: it may not have been over.
    since = min(max(ends), asked.now.date()) if ends else None
    return replace(this, request=replace(asked, start=since))


def collect(
    jobs: Sequence[tuple[Run, sources.Source]], progress: Progress | None = None
) -> list[LedgerEntry]:
    """Collect source after source, then publish once.

    Parameters
    ----------
    jobs
        At least one run and source; a run may come several times, but not with the same source.
    progress
        Told each step in a few words.

    Returns
    -------
    list of LedgerEntry
        As :func:`run` returns them.
    """
    say = progress or (lambda _: None)
    last = jobs[-1][0]
    names = [module.INFO.name for _, module in jobs]
    journal = Journal(last.warehouse.settings.warehouse_dir, last.run_id, last.mode, names)
    entries: list[LedgerEntry] = []
    for number, (this, module) in enumerate(jobs):
        doing = f"collecting {module.INFO.name}{this.span}"
        say(doing)
        journal.begin(number, doing)
        entries.append(_collect(this, module))
        journal.end(number, asdict(entries[-1]))
    say("publishing")
    journal.begin(len(jobs), "publishing")
    failed = publish(last, last.mode, say)
    journal.end(len(jobs), asdict(failed[0]) if failed else {"status": "ok"})
    journal.finish()
    return entries + failed


def status(reader: SnapshotReader, now: datetime | None = None) -> pd.DataFrame:
    """Return a row for each source: its reach, its last run, and whether it is stale.

    ``stale`` follows the source's own calendar and is missing for a source that does not age.
    Prices are stale as soon as one share lags behind its own exchange, however fresh the others
    are; ``lagging`` names such shares, joined by commas. ``missed_days`` counts, for a source that
    shows only the present, the days since its first reading on which nothing could be read.
    """
    asked_at = now or datetime.now(UTC)
    frame = reader.query(
        """
        WITH last AS (
            SELECT source, status AS last_status, finished_at AS last_run_at, error AS last_error
            FROM etl_runs
            QUALIFY row_number() OVER (PARTITION BY source ORDER BY started_at DESC) = 1
        )
        SELECT s.source, f.last_observation, f.n_rows, last.last_status, last.last_run_at,
               last.last_error, s.live, s.reach, s.freshness_calendar, m.missed_days
        FROM sources s LEFT JOIN source_freshness f USING (source) LEFT JOIN last USING (source)
        LEFT JOIN (
            SELECT source, date_diff('day', min(day), ?::DATE) - count(*) AS missed_days
            FROM (
                SELECT DISTINCT source, started_at::DATE AS day FROM etl_runs
                WHERE mode = 'live' AND status <> 'failed' AND started_at::DATE < ?::DATE
            ) GROUP BY source
        ) m ON m.source = s.source AND s.reach = 'present'
        ORDER BY s.source
        """,
        [asked_at.date(), asked_at.date()],
    )
    frame = _with_live_values(reader, frame)
    stale = [
        calendars.is_stale(calendar, last, asked_at)
        for calendar, last in zip(
            frame["freshness_calendar"], frame["last_observation"], strict=True
        )
    ]
    lagging = _lagging(reader, asked_at)
    prices = frame["source"] == STOCK_PRICES.name
    return frame.assign(
        stale=pd.array(stale, dtype="boolean") | (prices & bool(lagging)),
        lagging=pd.Series(", ".join(lagging) or None, index=frame.index).where(prices),
    )


def _with_live_values(reader: SnapshotReader, frame: pd.DataFrame) -> pd.DataFrame:
    """Join what a source reads live under terms of their own with the source that reads it.

    The source reaches as far as those values, and their last run is its last live run.
    """
    frame = frame.set_index("source", drop=False)
    for name in sources.names():
        live = getattr(sources.load(name), "LIVE", None)
        if not live or not {live.name, name} <= set(frame.index):
            continue
        both = pd.to_datetime(frame.loc[[name, live.name], "last_observation"])
        frame.loc[name, "last_observation"] = both.max()
        runs = reader.query(
            "SELECT status, finished_at, error FROM etl_runs WHERE source = ? AND mode = 'live' "
            "ORDER BY started_at DESC LIMIT 1",
            [name],
        )
        for run in runs.itertuples(index=False):
            frame.loc[live.name, ["last_status", "last_run_at", "last_error"]] = list(run)
    return frame.reset_index(drop=True)


def _lagging(reader: SnapshotReader, now: datetime) -> list[str]:
    """Return the tickers a live run can fetch whose bars end before their exchange's last day.

    One that has no bar at all says so.
    """
    last = reader.query(
        """
        SELECT ticker, calendar, max(trade_date) AS last
        FROM instruments LEFT JOIN stock_prices USING (ticker)
        WHERE provider_symbol IS NOT NULL AND watched GROUP BY ALL ORDER BY ticker
        """
    )
    rows = last.itertuples(index=False)
    return [
        ticker if pd.notna(day) else f"{ticker} {NEVER_READ}"
        for ticker, calendar, day in rows
        if pd.isna(day) or calendars.is_stale(calendar, day, now)
    ]


def snapshots(settings: Settings) -> list[dict[str, Any]]:
    """Return the kept snapshots, oldest first, with ``current`` true for the one readers see."""
    folder = Snapshots(settings.warehouse_dir)
    named = folder.named()
    return [asdict(info) | {"current": info.snapshot_id == named} for info in folder.kept()]


def rollback(settings: Settings, snapshot_id: str | None = None) -> SnapshotInfo:
    """Point readers at a published snapshot, by default the previous one, and return it.

    The writer's own file keeps all it has; the next run publishes it again.
    """
    with Warehouse(settings):
        return Snapshots(settings.warehouse_dir).go_back(snapshot_id)


def new_run_id(now: datetime) -> str:
    """Return the name of a run: its instant and something no other run has."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def _collect(this: Run, module: sources.Source) -> LedgerEntry:
    """Bring one source in, in one transaction with its ledger entry."""
    started, name, mode = datetime.now(UTC), module.INFO.name, this.mode
    try:
        raw = module.fetch(this.request)
        mode = raw.mode
        checked, rows_in = _checked(this, module, raw)
        with this.warehouse.transaction():
            counts = _store(this, module, raw, checked)
            state: Status = "partial" if raw.failures else "ok"
            if state == "ok" and not (counts.new or counts.changed):
                state = "unchanged"
            problems = "; ".join(raw.failures) or None
            outcome = Outcome(state, rows_in, counts, len(checked.rejected), problems)
            done = this.entry(name, outcome, mode, started)
            this.warehouse.record(ledger_frame([done]))
    except Exception as error:  # noqa: BLE001 (kept in the ledger; the other sources go on)
        told = str(error) if isinstance(error, ArtonomicsError) else f"{error!r}"
        done = this.entry(name, Outcome("failed", error=told), mode, started)
        with this.warehouse.transaction():
            _describe(this, module, [module.INFO])
            this.warehouse.record(ledger_frame([done]))
    return done


def _checked(this: Run, module: sources.Source, raw: sources.Raw) -> tuple[checks.Checked, int]:
    """Parse, correct and check one answer; return it with the number of rows parsed."""
    table, bundled = module.INFO.table, this.request.bundled
    frame = module.parse(raw)
    if frame.empty and not raw.may_be_empty:
        raise SourceError(
            f"got no rows from {module.INFO.name}", "at least one", "look at the source"
        )
    corrected, taken_out = corrections.apply(table, frame, bundled)
    checked = checks.check(table, corrected, extra_rule(table, this.request))
    rejected = pd.concat([taken_out, checked.rejected], ignore_index=True)
    return replace(checked, rejected=rejected), len(frame)


def extra_rule(table: Table, request: sources.Request):
    """Return the rule over other tables that ``table`` is checked by, if there is one."""
    if table is not STOCK_PRICES:
        return None
    instruments = sources.load("instruments")
    offline = replace(request, offline=True)
    return checks.against_instruments(instruments.parse(instruments.fetch(offline)))


def _store(
    this: Run, module: sources.Source, raw: sources.Raw, checked: checks.Checked
) -> MergeCounts:
    info, now = sources.info_of(module, raw), this.request.now
    stamp = Stamp(info.name, this.run_id, now)
    _describe(this, module, {told.name: told for told in (module.INFO, info)}.values())
    if not checked.rejected.empty:
        this.warehouse.quarantine(
            checks.as_quarantine(checked.rejected, info.name, info.table.name, this.run_id, now)
        )
    return this.warehouse.merge(info.table, checked.rows, stamp)


def _describe(this: Run, module: sources.Source, infos: Iterable[sources.SourceInfo]) -> None:
    """Keep what a source is, also of one that has failed so far: its status shows it."""
    now = this.request.now
    for info in infos:
        of = Stamp(info.name, this.run_id, now)
        this.warehouse.merge(SOURCES, _described(info, module.INFO.name, now), of)


def _described(info: sources.SourceInfo, module: str, now: datetime) -> pd.DataFrame:
    """Return the row of the table ``sources`` that tells what this source is."""
    told = {k: v for k, v in vars(info).items() if k not in {"name", "table"}}
    return pd.DataFrame(
        [
            told
            | {
                "source": info.name,
                "table_name": info.table.name,
                "evidence_kind": "disclosed",
                "source_url": f"etl/sources/{module}.py",
                "retrieved_at": now,
                "quality_flags": None,
            }
        ]
    )


def publish(this: Run, mode: Mode, progress: Progress | None = None) -> list[LedgerEntry]:
    """Publish; what fails keeps the last good snapshot and is told in the ledger."""
    started = datetime.now(UTC)
    try:
        complaints = growth.keep_up(
            this.warehouse.settings, this.warehouse, progress or (lambda _: None)
        )
        found = growth.files(this.warehouse.settings)

        def build(con: engines.Scratch) -> list[tuple[str, str]]:
            growth_published.publish(con, found)
            return marts.build(engines.over(con))

        this.warehouse.publish(this.run_id, this.request.now, build)
    except (AuditError, WarehouseError) as error:
        failed = this.entry("publish", Outcome("failed", error=str(error)), mode, started)
        with this.warehouse.transaction():
            this.warehouse.record(ledger_frame([failed]))
        return [failed]
    if complaints:
        told = this.entry("publish", Outcome("partial", error="; ".join(complaints)), mode, started)
        with this.warehouse.transaction():
            this.warehouse.record(ledger_frame([told]))
        return [told]
    return []


def ledger_frame(entries: Sequence[LedgerEntry]) -> pd.DataFrame:
    """Return entries as rows of ``etl_runs``."""
    return pd.DataFrame([asdict(entry) for entry in entries])
