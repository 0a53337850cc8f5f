"""What may be passed on: the published tables without the rows of sources marked ``no``.

An export is put to views of the same names. A table with history falls back to the last version
that a source allows; derived tables are derived again from what is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from etl import marts, statements, workbooks
from etl.errors import InputError
from etl.schemas import ETL_RUNS, LAKE_DAYS, PRODUCT_EVENTS, SOURCES, TABLES, Table

if TYPE_CHECKING:
    import pandas as pd

    from etl.snapshots import SnapshotInfo
    from etl.warehouse import SnapshotReader

UNGUARDED = {SOURCES.name, ETL_RUNS.name}
"""They name sources, but hold no value of theirs."""
KEPT_BACK = "SELECT source FROM sources WHERE redistributable = 'no' ORDER BY source"


def answer(
    reader: SnapshotReader, question: str, plain: SnapshotReader
) -> tuple[pd.DataFrame, list[str]]:
    """Return an answer that may be passed on, and what was left out, in words.

    Parameters
    ----------
    reader, plain
        The snapshot for export, and as it is.
    question
        One SELECT.

    Raises
    ------
    InputError
        When the question is none, or nothing of its answer may be passed on.
    """
    frame = reader.query(question)
    left = about(reader.left_out(), question)
    if frame.empty and not left.empty and not plain.query(question).empty:
        raise InputError(
            f"got only rows that may not be passed on ({'; '.join(words(left))})",
            "rows of sources whose terms allow an export",
            "look at them on the terminal without --format, --json and --out",
            code="NOT_REDISTRIBUTABLE",
        )
    return frame, [
        f"left out, the terms of the source forbid to pass it on: {w}" for w in words(left)
    ]


def origin(
    frame: pd.DataFrame, question: str, info: SnapshotInfo, left_out: Sequence[str]
) -> workbooks.About:
    """Return where an answer comes from, for the second sheet of a workbook.

    Parameters
    ----------
    frame
        The answer.
    question
        What was asked.
    info
        The snapshot.
    left_out
        What was left out, in words.
    """
    tables = [TABLES[name] for name in re.findall(r"\w+", question.lower()) if name in TABLES]
    facts = [
        ("Question", question),
        *(("Table", f"{table.name}: {table.meaning}") for table in dict.fromkeys(tables)),
        *_said_by_rows(frame),
        ("Data version", info.data_version),
        ("Data published", info.published_at.isoformat()),
        ("Program", f"Artonomics {version('artonomics')}"),
        *(("Left out", words) for words in left_out),
    ]
    return workbooks.About(
        facts,
        [_note(str(name), tables) for name in frame.columns],
        info.published_at,
        header=("Column", "Type", "Unit", "Meaning of the table's column of that name"),
    )


def _said_by_rows(frame: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the kinds of evidence, the sources and their addresses that the rows name."""
    names = {"evidence_kind": "Evidence", "source": "Source", "source_url": "Address"}
    for column, name in names.items():
        if column in frame:
            yield from ((name, str(value)) for value in sorted(frame[column].dropna().unique()))


def _note(name: str, tables: Sequence[Table]) -> workbooks.ColumnNote:
    """Return what the tables asked say of a column of that name, where they agree."""
    found = {
        (column.type, column.unit, column.meaning)
        for table in tables
        for column in table.stored_columns()
        if column.name == name
    }
    return workbooks.ColumnNote(name, *(found.pop() if len(found) == 1 else ()))


def about(left: pd.DataFrame, question: str) -> pd.DataFrame:
    """Return the left-out rows of the tables that a question names, derived ones included."""
    named = set(re.findall(r"\w+", question.lower()))
    if named & {PRODUCT_EVENTS.name, *marts.SOURCED}:  # rows of the lake, by the days noted there
        named.add(LAKE_DAYS.name)
    for mart, tables in marts.REBUILT.items():
        if mart in named:
            named |= set(tables)
    touched = [
        bool(named & {name, f"{name}_history", f"{name}_as_of"}) for name in left["table_name"]
    ]
    return left.loc[touched]


def words(left: pd.DataFrame) -> list[str]:
    """Return the left-out rows as short phrases."""
    rows: Any = left.itertuples(index=False)
    return [f"{row.n_rows:,} rows of {row.source} in {row.table_name}" for row in rows]


def left_out(kept_back: Sequence[str], of: str) -> str:
    """Return a query for source, table_name and n_rows of the current rows that are left out.

    Parameters
    ----------
    kept_back
        Names of sources.
    of
        The attached snapshot as it is.
    """
    parts = [
        f"SELECT source, '{table.name}' AS table_name, count(*) AS n_rows "
        f"FROM {of}.{table.name} WHERE source IN ({_listed(kept_back)}) GROUP BY source"
        for table in _guarded()
    ]
    return f"{' UNION ALL '.join(parts)} ORDER BY source, table_name"


def views(kept_back: Sequence[str], of: str) -> Iterator[str]:
    """Yield the statements that put views of the allowed rows in front of a snapshot.

    Parameters
    ----------
    kept_back
        Names of sources.
    of
        The attached snapshot.
    """
    for name in (*UNGUARDED, *marts.PASSED):
        yield f"CREATE VIEW {name} AS FROM {of}.{name}"
    for table in _guarded():
        stored = statements.stored_name(table)
        yield f"CREATE VIEW {stored} AS FROM {of}.{stored}{_allowed(kept_back)}"
        if table.bitemporal:
            yield from _versions(table, stored)
    for name in marts.SOURCED:
        yield f"CREATE VIEW {name} AS FROM {of}.{name}{_allowed(kept_back)}"
    for name in marts.REBUILT:
        yield f"CREATE VIEW {name} AS {marts.as_sql(name) if kept_back else f'FROM {of}.{name}'}"


def _versions(table: Table, stored: str) -> Iterator[str]:
    """Yield the view of the last versions that are left, and the macro of those at an instant."""
    key = ", ".join(f'"{column}"' for column in table.key)
    last = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY valid_from DESC) = 1"
    yield f"CREATE VIEW {table.name} AS FROM {stored} {last}"
    yield (
        f"CREATE MACRO {table.name}_as_of(instant) AS TABLE "
        f"FROM {stored} WHERE valid_from <= instant {last}"
    )


def _guarded() -> list[Table]:
    return [table for name, table in TABLES.items() if name not in UNGUARDED]


def _allowed(kept_back: Sequence[str]) -> str:
    return f" WHERE source NOT IN ({_listed(kept_back)})" if kept_back else ""


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "NULL"
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)
