"""Rows on their way into the writer's tables: merged by key, or added to a ledger."""

from __future__ import annotations

from collections.abc import Iterator
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
