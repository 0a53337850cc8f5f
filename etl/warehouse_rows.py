"""Rows on their way into the writer's tables: merged by key, or added to a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa

from etl import statements
from etl.engines import Scratch
from etl.schemas import Table


@dataclass(frozen=True)
class MergeCounts:
    """How many rows a merge added, changed and found as they were."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True)
class Stamp:
    """Who writes rows, in which run, and when the warehouse learns them.

    Attributes
    ----------
    source
        Name of the source, stored with new and changed rows.
    run_id
        The run, stored with them too.
    recorded_at
        Instant in UTC; a bitemporal row is valid from then on.
    """

    source: str
    run_id: str
    recorded_at: datetime


def merge(con: Scratch, table: Table, rows: pd.DataFrame, stamp: Stamp) -> MergeCounts:
    """Bring checked rows into ``table``, see :meth:`etl.warehouse.Warehouse.merge`."""
    frame, changes = f"frame_{table.name}", f"changed_{table.name}"
    given = rows.assign(source=stamp.source, run_id=stamp.run_id)
    # Arrow's columns are read as they lie; texts of pandas would first become objects.
    con.register(frame, pa.Table.from_pandas(given, preserve_index=False))
    try:
        typed = f"({statements.select_typed(table, frame)})"
        con.execute(statements.find_changes(table, typed, changes))
    finally:
        con.unregister(frame)
    found = con.execute(
        f"SELECT count(*) - count(old_row), count(old_row) FROM {changes}"
    ).fetchone()
    new, changed = found if found else (0, 0)
    if new or changed:
        instant = _not_before_last(con, table, stamp.recorded_at)
        for statement, timed in statements.merge(table, changes):
            needed = [instant] if timed else []
            con.execute(statement, needed)
    con.execute(f"DROP TABLE {changes}")
    return MergeCounts(new, changed, len(rows) - new - changed)


def held_elsewhere(con: Scratch, table: Table, rows: pd.DataFrame, source: str) -> pd.Series:
    """Return who holds other rows, see :meth:`etl.warehouse.Warehouse.held_elsewhere`."""
    given = rows.assign(quality_flags=None, source=source, run_id="", position=range(len(rows)))
    frame = f"coming_{table.name}"
    con.register(frame, pa.Table.from_pandas(given, preserve_index=False))
    try:
        typed = f"({statements.select_typed(table, frame, 'position')})"
        found = con.execute(statements.held_elsewhere(table, typed)).df()
    finally:
        con.unregister(frame)
    held_by = pd.Series([None] * len(rows), index=rows.index, dtype=object)
    held_by.iloc[found["position"].to_numpy(dtype=int)] = found["held_by"].to_numpy()
    return held_by


def add(con: Scratch, table: Table, rows: pd.DataFrame) -> None:
    """Add rows to a table without those whose key is there already."""
    if rows.empty:
        return
    with _staged(con, table, rows) as incoming:
        con.execute(statements.insert_absent(table, incoming))


@dataclass(frozen=True)
class RejectsRead:
    """What an import has read of the user's files.

    Attributes
    ----------
    source, table_name
        Where its rows go.
    addresses
        The files, as rejected rows name them.
    all_told
        Whether every row that was kept out is told one by one.
    """

    source: str
    table_name: str
    addresses: Sequence[str]
    all_told: bool


_FILES = "string_split(file_urls, chr(10))"


def reopen(con: Scratch, quarantine_ids: Sequence[str]) -> None:
    """Let rejected rows wait again that were settled because their files did not say them."""
    con.execute(
        "UPDATE quarantine SET resolved_at = NULL, resolved_by = NULL "
        "WHERE resolved_by = 'restated' AND quarantine_id IN (SELECT unnest(?))",
        [list(quarantine_ids)],
    )


def restate_rejects(con: Scratch, met: pd.DataFrame, read: RejectsRead, at: datetime) -> None:
    """See :meth:`etl.warehouse.Warehouse.restate`."""
    addresses = list(read.addresses)
    elsewhere = f"list_filter({_FILES}, lambda f: NOT list_contains(?::VARCHAR[], f))"
    con.register("met", met[["quarantine_id", "file_rows", "file_urls"]].astype(object))
    try:
        con.execute(
            "UPDATE quarantine SET file_rows = m.file_rows, file_urls = array_to_string("
            f"list_concat(coalesce({elsewhere.replace('file_urls', 'quarantine.file_urls')}, []), "
            "string_split(m.file_urls, chr(10))), chr(10)) FROM met m "
            "WHERE quarantine.quarantine_id = m.quarantine_id AND m.file_urls IS NOT NULL",
            [addresses],
        )
        if not read.all_told:
            return
        gone = (
            "WHERE source = ? AND table_name = ? AND resolved_at IS NULL AND file_urls IS NOT NULL "
            "AND quarantine_id NOT IN (SELECT quarantine_id FROM met)"
        )
        place = [read.source, read.table_name]
        con.execute(
            f"UPDATE quarantine SET resolved_at = ?, resolved_by = 'restated' {gone} "
            # Of rows that repeat one another one is kept: once one file mends it none is missing.
            f"AND (len({elsewhere}) = 0 OR (check_name = 'duplicate_key' AND "
            f"len({elsewhere}) < len({_FILES})))",
            [at, *place, addresses, addresses],
        )
        con.execute(
            f"UPDATE quarantine SET file_urls = array_to_string({elsewhere}, chr(10)) {gone}",
            [addresses, *place],
        )
    finally:
        con.unregister("met")


def disputed(con: Scratch, source: str, table_name: str) -> set[str]:
    """See :meth:`etl.warehouse.Warehouse.disputed`."""
    found = con.execute(
        f"SELECT DISTINCT unnest({_FILES}) FROM quarantine WHERE source = ? AND table_name = ? "
        # The places stay as they were when it was met, in more than one file.
        "AND resolved_at IS NULL AND check_name = 'contradictory_key' AND contains(file_rows, ';')",
        [source, table_name],
    ).fetchall()
    return {str(address) for (address,) in found}


def settle_rejects(
    con: Scratch,
    source: str,
    check: str | None,
    at: datetime,
    *,
    met_by: datetime | None,
    waiting: bool,
) -> int:
    """See :meth:`etl.warehouse.Warehouse.settle`."""
    new, held = (
        ("resolved_at = NULL, resolved_by = NULL", "resolved_by = 'dismissed'")
        if waiting
        else ("resolved_at = ?, resolved_by = 'dismissed'", "resolved_at IS NULL")
    )
    given = [] if waiting else [at]
    found = con.execute(
        f"UPDATE quarantine SET {new} WHERE {held} AND source = ? "
        "AND check_name = coalesce(?, check_name) "
        "AND quarantined_at <= coalesce(?::TIMESTAMPTZ, quarantined_at)",
        [*given, source, check, met_by],
    ).fetchone()
    return int(found[0]) if found else 0


@contextmanager
def _staged(con: Scratch, table: Table, rows: pd.DataFrame) -> Iterator[str]:
    """Copy a frame into a typed temporary table and yield its name."""
    frame, staged = f"frame_{table.name}", f"incoming_{table.name}"
    con.register(frame, rows)
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {staged} AS {statements.select_typed(table, frame)}"
        )
        yield staged
        con.execute(f"DROP TABLE {staged}")
    finally:
        con.unregister(frame)


def _not_before_last(con: Scratch, table: Table, recorded_at: datetime) -> datetime:
    """Return ``recorded_at``, or just after the last version where the clock jumped back."""
    if not table.bitemporal:
        return recorded_at
    found = con.execute(f"SELECT max(valid_from) FROM {statements.stored_name(table)}").fetchone()
    last = found[0] if found else None
    return max(recorded_at, last + timedelta(microseconds=1)) if last else recorded_at
