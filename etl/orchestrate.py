"""The collection jobs as Dagster assets: schedules, partitions, backfill, retries and checks.

Nothing is done here a second time: an asset runs :func:`etl.pipeline.run` for one source, so its
ledger, its checks and its lock are those of the command line. Start it with
``artonomics etl orchestrate`` (extra ``orchestrate``).
"""

# No postponed annotations here: Dagster reads the annotations of its functions as types.
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from etl import calendars, due, pipeline, sources
from etl.config import Settings, default_data_dir
from etl.errors import SnapshotMissingError, WarehouseLockedError
from etl.pipeline import LedgerEntry
from etl.warehouse import SnapshotReader

FIRST_PARTITION = "2021-01-01"
POOL = "warehouse"
"""One asset at a time writes; the lock of the warehouse holds beyond Dagster too."""
RETRIES = dg.RetryPolicy(
    max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)


class Place(dg.ConfigurableResource):
    """Where is collected into, and from what.

    Attributes
    ----------
    data_dir
        The data folder; empty means the default one.
    offline
        Take the bundled snapshot and touch no network.
    wait_seconds
        How long to wait for another writer before the run is tried again later.
    """

    data_dir: str = ""
    offline: bool = False
    wait_seconds: float = 600.0

    def settings(self) -> Settings:
        """Return the settings of the warehouse."""
        folder = Path(self.data_dir) if self.data_dir else default_data_dir()
        return Settings(data_dir=folder, lock_timeout_seconds=self.wait_seconds)


def asset_of(name: str) -> dg.AssetsDefinition:
    """Return the asset of one source; a source of ranges has a partition a day."""
    info = sources.load(name).INFO
    days = dg.DailyPartitionsDefinition(FIRST_PARTITION) if info.reach == "range" else None

    @dg.asset(
        name=name,
        group_name=info.table.name,
        description=f"{info.title}. {info.note}",
        metadata={"publisher": info.publisher, "terms": info.licence, "reach": info.reach},
        partitions_def=days,
        retry_policy=RETRIES,
        pool=POOL,
    )
    def collected(context: dg.AssetExecutionContext, place: Place) -> dg.MaterializeResult:
        day = date.fromisoformat(context.partition_key) if context.has_partition_key else None
        try:
            entries = pipeline.run(
                place.settings(), [name], offline=place.offline, start=day, end=day
            )
        except WarehouseLockedError as locked:
            raise dg.RetryRequested(RETRIES.max_retries, RETRIES.delay) from locked
        return _told(entries)

    return collected


def checks_of(name: str) -> Iterator[dg.AssetChecksDefinition]:
    """Yield the checks of one source: is it fresh, and did its last run keep rows out."""

    @dg.asset_check(asset=name, name="fresh", description="By the source's own calendar.")
    def fresh(place: Place) -> dg.AssetCheckResult:
        told = pipeline.status(SnapshotReader(place.settings().data_dir)).set_index("source")
        stale: Any = told["stale"].get(name)
        return dg.AssetCheckResult(
            passed=True if pd.isna(stale) else not stale,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"last_observation": str(told["last_observation"].get(name))},
        )

    @dg.asset_check(
        asset=name, name="no_rejects", description="No row of the last run is kept out."
    )
    def no_rejects(place: Place) -> dg.AssetCheckResult:
        last = SnapshotReader(place.settings().data_dir).query(
            "SELECT rows_quarantined AS n FROM etl_runs WHERE source = ? "
            "ORDER BY started_at DESC LIMIT 1",
            [name],
        )
        kept_out = int(last["n"].iloc[0]) if len(last) else 0
        return dg.AssetCheckResult(
            passed=kept_out == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"rows_kept_out": kept_out},
        )

    yield fresh
    yield no_rejects


def _told(entries: list[LedgerEntry]) -> dg.MaterializeResult:
    """Return what a run did; a failed source or publication fails the asset in its own words."""
    metadata = {
        f"{entry.source}: {name}": str(value)
        for entry in entries
        for name, value in vars(entry).items()
        if name in {"run_id", "status", "error", "range_from", "range_to"} and value is not None
    }
    for entry in entries:
        if entry.status == "failed":
            # A source may answer later; tables that break their rules will break them again.
            again = entry.source != "publish"
            raise dg.Failure(entry.error, metadata=metadata, allow_retries=again)
    counts = {
        name: sum(int(getattr(entry, name)) for entry in entries)
        for name in ("rows_in", "rows_new", "rows_changed", "rows_quarantined")
    }
    return dg.MaterializeResult(metadata=metadata | counts)


def _unpartitioned() -> list[str]:
    return [name for name in sources.names() if sources.load(name).INFO.reach != "range"]


@dg.asset(
    name="published_snapshot",
    deps=_unpartitioned(),
    description="What readers see; every collected source has published already.",
)
def published_snapshot(place: Place) -> dg.MaterializeResult:
    """Tell which snapshot is current."""
    info = SnapshotReader(place.settings().data_dir).info
    return dg.MaterializeResult(
        metadata={
            "snapshot_id": info.snapshot_id,
            "data_version": info.data_version,
            "published_at": info.published_at.isoformat(),
            "note": info.note or "as it should be",
        }
    )


@dg.asset_check(asset="published_snapshot", name="audits_passed", blocking=True)
def audits_passed(place: Place) -> dg.AssetCheckResult:
    """Say whether the last publication passed its audits: it is the current snapshot then."""
    try:
        info = SnapshotReader(place.settings().data_dir).info
    except SnapshotMissingError as missing:
        return dg.AssetCheckResult(passed=False, metadata={"why": str(missing)})
    return dg.AssetCheckResult(
        passed=not info.note, metadata={"why": info.note or "the newest snapshot is whole"}
    )


def schedules(settings: Settings) -> Iterator[dg.ScheduleDefinition]:
    """Yield a schedule for each calendar: an hour after an exchange's close, in its own zone."""
    now = datetime.now(UTC)
    by_calendar: dict[str, list[str]] = {}
    for name in sources.standing(offline=False):
        module = sources.load(name)
        if module.INFO.live:
            for calendar in due.followed_calendars(module, settings, now) - {"static"}:
                by_calendar.setdefault(calendar, []).append(name)
    for calendar, names in sorted(by_calendar.items()):
        at, zone = calendars.publication_time(calendar)
        days = "*" if calendar == "daily" else "1-5"
        job = dg.define_asset_job(f"collect_{calendar.lower()}", selection=sorted(names))
        yield dg.ScheduleDefinition(
            name=f"after_{calendar.lower()}",
            job=job,
            cron_schedule=f"{at.minute} {at.hour} * * {days}",
            execution_timezone=zone,
            default_status=dg.DefaultScheduleStatus.STOPPED,
        )


def definitions() -> dg.Definitions:
    """Return all assets, checks and schedules over the data folder of the environment."""
    names = sources.names()
    every_day = dg.define_asset_job("collect_everything", selection=_unpartitioned())
    return dg.Definitions(
        assets=[*map(asset_of, names), published_snapshot],
        asset_checks=[*(check for name in names for check in checks_of(name)), audits_passed],
        jobs=[every_day],
        schedules=list(schedules(Settings())),
        resources={"place": Place()},
    )


defs = definitions()
