"""SQL of the warehouse, made from the schemas; text in, text out, nothing is run here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from etl.schemas import DUCKDB_TYPES, Table

UNCOMPARED = {"retrieved_at", "source", "run_id", "valid_from", "valid_to"}
"""Columns that may differ though the row has not changed: they tell of the reading."""
FUTURE = "TIMESTAMPTZ '9999-12-31 00:00:00+00'"


def stored_name(table: Table) -> str:
    """Return the name of the physical table (bitemporal ones keep their history)."""
    return f"{table.name}_history" if table.bitemporal else table.name


def create(table: Table) -> Iterator[str]:
    """Yield the statements that make a table and, for a bitemporal one, its view and macro."""
    columns = ", ".join(
        f'"{c.name}" {DUCKDB_TYPES[c.type]}{"" if c.nullable else " NOT NULL"}'
        for c in table.stored_columns()
    )
    name = stored_name(table)
    yield f"CREATE TABLE IF NOT EXISTS {name} ({columns})"
    if table.bitemporal:
        yield f"CREATE VIEW IF NOT EXISTS {table.name} AS FROM {name} WHERE valid_to IS NULL"
        yield (
            f"CREATE MACRO IF NOT EXISTS {table.name}_as_of(instant) AS TABLE FROM {name} "
            f"WHERE valid_from <= instant AND coalesce(valid_to, {FUTURE}) > instant"
        )


def widen(table: Table) -> Iterator[str]:
    """Yield the statements that make a stored table anew with all columns, and keep its rows."""
    name = stored_name(table)
    if table.bitemporal:
        yield f"DROP VIEW {table.name}"
        yield f"DROP MACRO TABLE {table.name}_as_of"
    yield f"ALTER TABLE {name} RENAME TO narrow_{name}"
    yield from create(table)
    yield f"INSERT INTO {name} BY NAME FROM narrow_{name}"
    yield f"DROP TABLE narrow_{name}"


def lake_view(table: Table, files: Sequence[str]) -> str:
    """Return a statement that makes the view of a table whose rows lie in Parquet files."""
    columns = [c for c in table.stored_columns() if c.name not in {"valid_from", "valid_to"}]
    if not files:
        nothing = ", ".join(f'NULL::{DUCKDB_TYPES[c.type]} AS "{c.name}"' for c in columns)
        return f"CREATE VIEW {table.name} AS SELECT {nothing}, NULL::DATE AS event_date WHERE false"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    named = ", ".join(f'"{c.name}"::{DUCKDB_TYPES[c.type]} AS "{c.name}"' for c in columns)
    return (
        f"CREATE VIEW {table.name} AS SELECT {named}, event_date::DATE AS event_date "
        f"FROM read_parquet([{listed}], hive_partitioning = true, union_by_name = true)"
    )


def select_typed(table: Table, frame: str, *more: str) -> str:
    """Return a query that casts the registered ``frame`` to the table's stored columns.

    ``more`` names columns of the frame that come along as they are.
    """
    machinery = {"valid_from", "valid_to"}
    columns = ", ".join(
        f'"{c.name}"::{DUCKDB_TYPES[c.type]} AS "{c.name}"'
        for c in table.stored_columns()
        if c.name not in machinery
    )
    return f"SELECT {', '.join((columns, *more))} FROM {frame}"


def find_changes(table: Table, incoming: str, changed: str) -> str:
    """Return a statement that keeps what ``incoming`` adds or restates in the table ``changed``.

    ``old_row`` names the current row that is restated; it is missing for a new key. The tables
    are joined this one time.
    """
    name = stored_name(table)
    return (
        f"CREATE OR REPLACE TEMP TABLE {changed} AS SELECT s.*, t.rowid AS old_row "
        f"FROM {incoming} s LEFT JOIN (SELECT rowid, * FROM {name}{_current(table)}) t "
        f"ON {_same_key(table, 't', 's')} WHERE t.rowid IS NULL OR ({_restates(table, 't', 's')})"
    )


def held_elsewhere(table: Table, incoming: str) -> str:
    """Return a query for the rows of ``incoming`` that say other than another source's row.

    Its columns: ``position`` (of the incoming row) and ``held_by``, the other source.
    """
    pairs = [f"t.{c} IS DISTINCT FROM s.{c}" for c in _compared(table)]
    return (
        f"SELECT s.position, t.source AS held_by FROM {incoming} s "
        f"JOIN (FROM {stored_name(table)}{_current(table)}) t ON {_same_key(table, 't', 's')} "
        f"WHERE t.source <> s.source AND ({' OR '.join(pairs) or 'false'})"
    )


def merge(table: Table, changed: str) -> Iterator[tuple[str, bool]]:
    """Yield (statement, takes the instant) pairs that bring found changes into the table."""
    name = stored_name(table)
    columns = [c.name for c in table.stored_columns() if c.name not in {"valid_from", "valid_to"}]
    listed = ", ".join(f'"{c}"' for c in columns)
    same_row = f"FROM {changed} s WHERE {name}.rowid = s.old_row"
    if table.bitemporal:
        yield f"UPDATE {name} SET valid_to = ? {same_row}", True
        yield (
            f"INSERT INTO {name} ({listed}, valid_from, valid_to) "
            f"SELECT {listed}, ?, NULL FROM {changed}",
            True,
        )
        return
    restated = ", ".join(f'"{c}" = s."{c}"' for c in columns if c not in table.key)
    yield f"UPDATE {name} SET {restated} {same_row}", False
    yield (
        f"INSERT INTO {name} ({listed}) SELECT {listed} FROM {changed} WHERE old_row IS NULL",
        False,
    )


def insert_absent(table: Table, incoming: str) -> str:
    """Return a statement that adds the ledger rows whose key is not there yet."""
    listed = ", ".join(f'"{c.name}"' for c in table.stored_columns())
    return (
        f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {incoming} s "
        f"ANTI JOIN {table.name} t ON {_same_key(table, 't', 's')}"
    )


def fingerprint(table: Table) -> str:
    """Return a query for (rows, sum of hashes) of the current values, whatever their order."""
    values = ", ".join(_compared(table, include_key=True))
    return (
        f"SELECT count(*), coalesce(sum(hash({values})), 0)::VARCHAR "
        f"FROM {stored_name(table)}{_current(table)}"
    )


def audits(table: Table) -> Iterator[tuple[str, str]]:
    """Yield (what must hold, query that counts the violations) over the whole table."""
    name, key = stored_name(table), ", ".join(f'"{c}"' for c in table.key)
    yield (
        f"{table.name}: one current row for each {' + '.join(table.key)}",
        f"SELECT count(*) FROM (SELECT {key} FROM {name}{_current(table)} "
        "GROUP BY ALL HAVING count(*) > 1)",
    )
    if not table.bitemporal:
        return
    yield (
        f"{table.name}: no version ends before it begins",
        f"SELECT count(*) FROM {name} WHERE valid_to <= valid_from",
    )
    yield (
        f"{table.name}: versions of one row follow each other without a gap or an overlap",
        f"SELECT count(*) FROM (SELECT valid_to, lead(valid_from) OVER "
        f"(PARTITION BY {key} ORDER BY valid_from) AS next FROM {name}) "
        "WHERE next IS NOT NULL AND valid_to IS DISTINCT FROM next",
    )


def _current(table: Table) -> str:
    return " WHERE valid_to IS NULL" if table.bitemporal else ""


def _compared(table: Table, *, include_key: bool = False) -> Iterable[str]:
    skipped = UNCOMPARED if include_key else UNCOMPARED | set(table.key)
    return [f'"{c.name}"' for c in table.stored_columns() if c.name not in skipped]


def _same_key(table: Table, left: str, right: str) -> str:
    return " AND ".join(f'{left}."{c}" = {right}."{c}"' for c in table.key)


def _restates(table: Table, old: str, new: str) -> str:
    """Say that the new row differs and was not read before the old one.

    A bundled file must not undo what a live run has read since.
    """
    pairs = [f"{old}.{c} IS DISTINCT FROM {new}.{c}" for c in _compared(table)]
    return f"{new}.retrieved_at >= {old}.retrieved_at AND ({' OR '.join(pairs) or 'false'})"


def quoted(path: Path) -> str:
    """Return a path as it may stand between single quotes."""
    return str(path).replace("'", "''")
