"""The columns of the writer's file: those that a newer schema has are added, others refused."""

from __future__ import annotations

from pathlib import Path

from etl import statements
from etl.engines import Scratch
from etl.schemas import TABLES
from etl.snapshots import FORMAT_VERSION, other_format


def bring_up(con: Scratch) -> None:
    """Add columns that a newer schema has and that may be missing, in the schema's order.

    Whatever else differs is left as it is, for :func:`require` to refuse.
    """
    stored = _stored_columns(con)
    con.execute("BEGIN")
    for table in TABLES.values():
        name = statements.stored_name(table)
        new = [column for column in table.stored_columns() if column.name not in stored[name]]
        known = {column.name for column in table.stored_columns()}
        if new and all(column.nullable for column in new) and set(stored[name]) <= known:
            for statement in statements.widen(table):
                con.execute(statement)
    # Until format 4 the source was no part of the name: a row that two sources say was kept once.
    con.execute(
        "UPDATE quarantine SET quarantine_id = left(sha256(concat_ws(chr(10), table_name, source, "
        "check_name, payload)), 24) WHERE (SELECT max(version) FROM format) < 4"
    )
    con.execute(f"UPDATE format SET version = {FORMAT_VERSION} WHERE version < {FORMAT_VERSION}")
    con.execute("COMMIT")


def _stored_columns(con: Scratch) -> dict[str, list[str]]:
    return dict(
        con.execute(
            "SELECT table_name, list(column_name ORDER BY column_index) "
            "FROM duckdb_columns() GROUP BY 1"
        ).fetchall()
    )


def require(con: Scratch, path: Path) -> None:
    """Refuse a file whose tables have other columns than the schemas say."""
    stored = _stored_columns(con)
    for table in TABLES.values():
        name = statements.stored_name(table)
        if stored[name] != [column.name for column in table.stored_columns()]:
            con.close()
            raise other_format(path, f"{FORMAT_VERSION} with other columns in {name}")
