"""One writer, immutable published snapshots, many readers.

The writer owns a file of its own (see :mod:`etl.writer_files`) behind a lock. Publishing copies it
into a new snapshot (see :mod:`etl.snapshots`); readers (see :mod:`etl.snapshot_reader`) open what
the pointer names and follow it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import pandas as pd
from filelock import FileLock, Timeout

from etl import statements, warehouse_rows, warehouse_shape
from etl.config import Settings
from etl.engines import QUIET
from etl.errors import (
    AuditError,
    SnapshotMissingError,
    WarehouseError,
    WarehouseLockedError,
)
from etl.schemas import ETL_RUNS, QUARANTINE, TABLES, Table
from etl.snapshot_reader import SnapshotReader
from etl.snapshots import (
    DATABASE,
    FORMAT_VERSION,
    OLDEST_FORMAT,
    SnapshotInfo,
    Snapshots,
    cannot_open,
    other_format,
    sha256,
)
from etl.warehouse_rows import MergeCounts, RejectsRead, Stamp
from etl.writer_files import WriterFiles, log_of

_LOG_ONLY = QUIET | {"checkpoint_threshold": "1TB"}
"""The writer never folds its log into the file in place: a kill in the middle would spoil both."""

__all__ = [
    "DATABASE",
    "Audit",
    "MergeCounts",
    "RejectsRead",
    "SnapshotInfo",
    "SnapshotReader",
    "Snapshots",
    "Stamp",
    "Warehouse",
]
Audit = tuple[str, str]
"""What must hold, and a query that counts the violations."""


class Warehouse:
    """The writer; use it as a context manager, it holds the lock from entry to exit.

    Raises
    ------
    WarehouseLockedError
        On entry, when another process is writing.
    WarehouseError
        On entry, when the file is corrupt, of another format, or its folder cannot be written.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._dir = settings.warehouse_dir
        self._snapshots = Snapshots(self._dir)
        self._files = WriterFiles(self._dir)
        self._lock = FileLock(self._dir / "writer.lock")
        self._holder = self._dir / "writer.holder.json"
        self._con: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        """Take the lock, tidy up after a killed writer and open the file."""
        try:
            self._dir.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=self.settings.lock_timeout_seconds)
        except Timeout:
            raise self._locked() from None
        except OSError as error:
            raise WarehouseError(
                f"got {error} at {self._dir}",
                "a folder that can be written",
                "free the disk, or name another folder with --data",
                code="WAREHOUSE_UNWRITABLE",
            ) from error
        try:
            with self._writing():
                self._snapshots.sweep()
                self._files.sweep()
                self._holder.write_text(
                    json.dumps({"pid": os.getpid(), "since": datetime.now(UTC).isoformat()})
                )
                self._con = self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Fold a long log into a new file, close, and give the lock back."""
        try:
            # Folding is housekeeping: on a full disk the long log stays for the next run.
            if error is None:
                with suppress(WarehouseError), self._writing():
                    self._fold()
        finally:
            with suppress(duckdb.Error):  # a connection that a full disk has spoilt
                self._connection.close()
            self._con = None
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that happens inside as one, or nothing of it."""
        with self._writing():
            self._connection.execute("BEGIN")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):  # a failed commit has ended the transaction itself
                    self._connection.execute("ROLLBACK")
                raise

    def merge(self, table: Table, rows: pd.DataFrame, stamp: Stamp) -> MergeCounts:
        """Bring checked rows into ``table``; unmentioned rows stay as they are.

        Parameters
        ----------
        table
            The table.
        rows
            Checked rows of shape (n, frame columns + quality_flags), keys unique.
        stamp
            Who brings them, in which run, and when.
        """
        return warehouse_rows.merge(self._connection, table, rows, stamp)

    def held_elsewhere(self, table: Table, rows: pd.DataFrame, source: str) -> pd.Series:
        """Return for each row the other source whose row of the same key says something else.

        Parameters
        ----------
        rows
            Typed frame columns of shape (n, columns), keys unique.
        source
            Who would bring them.

        Returns
        -------
        Series of shape (n,), indexed as ``rows``; missing where no other source objects.
        """
        return warehouse_rows.held_elsewhere(self._connection, table, rows, source)

    def quarantine(self, rows: pd.DataFrame) -> None:
        """Keep rejected rows; one that is known already is not kept twice.

        What its file had ceased to say and says again waits again.
        """
        self._add(QUARANTINE, rows)
        warehouse_rows.reopen(self._connection, list(rows["quarantine_id"]))

    def disputed(self, source: str, table_name: str) -> set[str]:
        """Return the user's files that contradict one another: none of what they dispute is kept.

        Once one of them is mended the others must be read again.
        """
        return warehouse_rows.disputed(self._connection, source, table_name)

    def restate(self, met: pd.DataFrame, read: RejectsRead, at: datetime) -> None:
        """Note where rejected rows stand, and settle those that their files say no more.

        Parameters
        ----------
        met
            Rows of ``quarantine`` that were met in the files just now.
        read
            Which files were read, and whether ``met`` is all that was kept out of them.
        at
            Instant in UTC.
        """
        warehouse_rows.restate_rejects(self._connection, met, read, at)

    def settle(
        self,
        source: str,
        check: str | None,
        at: datetime,
        *,
        met_by: datetime | None = None,
        waiting: bool = False,
    ) -> int:
        """Leave the rejected rows of a source out for good, or let them wait again.

        Parameters
        ----------
        check
            Only those that failed this check.
        at
            Instant in UTC.
        met_by
            Only those met by this instant (UTC).
        waiting
            Let those wait again that were left out.

        Returns
        -------
        int
            How many rows that were.
        """
        return warehouse_rows.settle_rejects(
            self._connection, source, check, at, met_by=met_by, waiting=waiting
        )

    def rejected(self, source: str | None = None, check: str | None = None) -> pd.DataFrame:
        """Return the quarantined rows nobody has let in since, of one source or check if named."""
        return self._connection.execute(
            "SELECT * FROM quarantine WHERE resolved_at IS NULL AND source = coalesce(?, source) "
            "AND check_name = coalesce(?, check_name) ORDER BY quarantined_at, quarantine_id",
            [source, check],
        ).df()

    def resolve(self, quarantine_ids: Sequence[str], at: datetime) -> None:
        """Mark quarantined rows as let in at an instant (UTC)."""
        self._connection.execute(
            "UPDATE quarantine SET resolved_at = ?, resolved_by = 'replay' "
            "WHERE quarantine_id IN (SELECT unnest(?))",
            [at, list(quarantine_ids)],
        )

    def covered(self, source: str) -> list[tuple[date | None, date | None]]:
        """Return first and last day that live runs of a source have brought whole.

        A run without a last day has brought all up to its own day; ``None`` as the first means
        from the beginning. A partial run has brought nothing for sure.
        """
        return self._connection.execute(
            "SELECT range_from, coalesce(range_to, started_at::DATE) FROM etl_runs "
            "WHERE source = ? AND mode = 'live' AND status IN ('ok', 'unchanged')",
            [source],
        ).fetchall()

    def last_reading(self, source: str) -> datetime | None:
        """Return when the last live run of a source began that did not fail (UTC)."""
        found = self._connection.execute(
            "SELECT max(started_at) FROM etl_runs "
            "WHERE source = ? AND mode = 'live' AND status <> 'failed'",
            [source],
        ).fetchone()
        return found[0] if found else None

    def record(self, entries: pd.DataFrame) -> None:
        """Add entries to the run ledger."""
        self._add(ETL_RUNS, entries)

    def keep(self, ledger: Table, rows: pd.DataFrame) -> None:
        """Add rows to a ledger table; one whose key is there already is not kept twice."""
        self._add(ledger, rows)

    def ask(self, question: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Answer a question about what the writer holds, published or not."""
        return self._connection.execute(question, list(parameters)).df()

    def publish(
        self,
        run_id: str,
        now: datetime,
        build: Callable[[duckdb.DuckDBPyConnection], Sequence[Audit]] = lambda _: (),
    ) -> SnapshotInfo:
        """Publish all that is committed as a new snapshot and point readers at it.

        Parameters
        ----------
        run_id
            The run that publishes.
        now
            Instant at which the run began, UTC. The snapshot counts as published when the last
            run in its ledger had ended: every run lies before the one snapshot it came in with,
            and after the one before.
        build
            Makes the derived tables in the copy and returns their audits.

        Raises
        ------
        AuditError
            When a check over a whole table fails; the last good snapshot stays current.
        WarehouseError
            When the disk is full or cannot be written; the last good snapshot stays current.
        """
        with self._writing(), self._snapshots.begun(now, run_id) as (building, snapshot_id):
            return self._build_and_finish(building, snapshot_id, run_id, now, build)

    def _build_and_finish(
        self,
        building: Path,
        snapshot_id: str,
        run_id: str,
        now: datetime,
        build: Callable[[duckdb.DuckDBPyConnection], Sequence[Audit]],
    ) -> SnapshotInfo:
        path = building / DATABASE
        version = self._data_version()
        self._copy_to(path)
        with duckdb.connect(path, config=QUIET) as copy:
            copy.execute("SET TimeZone = 'UTC'")
            audits = [a for t in TABLES.values() for a in statements.audits(t)]
            _audit(copy, [*audits, *build(copy)])
            published_at = _last_end(copy, now)
            copy.execute("CHECKPOINT")
        manifest = {
            "format_version": FORMAT_VERSION,
            "published_at": published_at.isoformat(),
            "run_id": run_id,
            "data_version": version,
            "sha256": sha256(path),
        }
        return self._snapshots.finish(building, snapshot_id, manifest, self.settings.keep_snapshots)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Say in words what is wrong where the disk refuses to be written."""
        try:
            yield
        except (OSError, duckdb.OperationalError, duckdb.FatalException) as error:
            raise WarehouseError(
                f"got {error} while writing in {self._dir}",
                "a disk that has room and can be written",
                "free space or name another folder with --data, then run again; what was "
                "committed is kept, and the last good snapshot stays current",
                code="WAREHOUSE_UNWRITABLE",
            ) from error

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._con is None:
            raise WarehouseError("got a closed warehouse", "`with Warehouse(settings)`", "open it")
        return self._con

    def _open(self) -> duckdb.DuckDBPyConnection:
        path = self._files.current() or self._files.add(self._seed)
        try:
            con = duckdb.connect(path, config=_LOG_ONLY)
        except duckdb.Error as error:
            if "Could not set lock" in str(error):
                raise self._locked(f"a process outside its lock ({error})") from error
            todo = (
                f"keep a copy of {path.name} and its log {log_of(path).name}, move both away and "
                "run again: it is made anew from the last snapshot, without what came after it"
            )
            raise cannot_open(path, error, todo) from error
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        con.execute("SET TimeZone = 'UTC'")
        con.execute("CREATE TABLE IF NOT EXISTS format (version INTEGER)")
        found = con.execute("SELECT max(version) FROM format").fetchone()
        version = found[0] if found else None
        if version is not None and not OLDEST_FORMAT <= version <= FORMAT_VERSION:
            con.close()
            raise other_format(path, version)
        with_version = [] if version else [f"INSERT INTO format VALUES ({FORMAT_VERSION})"]
        makers = [s for table in TABLES.values() for s in statements.create(table)]
        for statement in [*with_version, *makers]:
            con.execute(statement)
        warehouse_shape.bring_up(con)
        warehouse_shape.require(con, path)
        return con

    def _fold(self) -> None:
        """Write all that is committed into a new file once the log is long."""
        path = self._files.current()
        log = log_of(path) if path else None
        if log and log.exists() and log.stat().st_size > self.settings.fold_log_bytes:
            self._files.add(self._copy_to)

    def _copy_to(self, path: Path) -> None:
        """Write all that is committed into a new database at ``path``."""
        found = self._connection.execute("SELECT current_database()").fetchone()
        own = found[0] if found else ""
        self._connection.execute(f"ATTACH '{statements.quoted(path)}' AS copied")
        try:
            self._connection.execute(f'COPY FROM DATABASE "{own}" TO copied')
            self._connection.execute("CHECKPOINT copied")
        finally:
            self._connection.execute("DETACH copied")

    def _seed(self, half: Path) -> None:
        """Start from the current snapshot where the writer has no file, or from nothing."""
        with suppress(SnapshotMissingError):
            shutil.copyfile(self._snapshots.current(OLDEST_FORMAT).path, half)
        with duckdb.connect(half, config=QUIET) as con:
            known = {statements.stored_name(t) for t in TABLES.values()} | {"format"}
            for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                if name not in known:
                    con.execute(f'DROP TABLE "{name}"')

    def _locked(self, who: str = "") -> WarehouseLockedError:
        try:
            holder = json.loads(self._holder.read_text())
            who = who or f"process {holder['pid']} since {holder['since']}"
        except (OSError, ValueError, KeyError):
            who = who or "another process"
        return WarehouseLockedError(
            f"got a warehouse that {who} is writing to ({self._dir})",
            "one writer at a time",
            "wait until it has ended, or end it; readers are not affected",
        )

    def _add(self, table: Table, rows: pd.DataFrame) -> None:
        warehouse_rows.add(self._connection, table, rows)

    def _data_version(self) -> str:
        digest = hashlib.sha256()
        for table in TABLES.values():
            if not table.ledger:
                found = self._connection.execute(statements.fingerprint(table)).fetchone()
                digest.update(f"{table.name}:{found}".encode())
        return digest.hexdigest()[:16]


def _last_end(con: duckdb.DuckDBPyConnection, now: datetime) -> datetime:
    """Return when the last run in the ledger had ended, ``now`` where that is later."""
    found = con.execute(f"SELECT epoch_us(max(finished_at)) FROM {ETL_RUNS.name}").fetchone()
    ended = found[0] if found else None
    return max(now, datetime.fromtimestamp(0, UTC) + timedelta(microseconds=ended or 0))


def _audit(con: duckdb.DuckDBPyConnection, audits: Sequence[Audit]) -> None:
    broken = []
    for rule, violations in audits:
        found = con.execute(violations).fetchone()
        if found and found[0]:
            broken.append(f"{rule} ({found[0]} times not)")
    if broken:
        raise AuditError(
            f"got tables that break their rules: {'; '.join(broken)}",
            "every audit to hold",
            "the last good snapshot stays current; see the run ledger and mend the source",
        )
