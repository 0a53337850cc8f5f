"""The columns of the writer's file: those that a newer schema has are added, others refused."""

from __future__ import annotations

from pathlib import Path

from etl import checks, statements
from etl.addresses import address
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
    found = con.execute("SELECT max(version) FROM format").fetchone()
    if found and found[0] is not None and found[0] < 4:
        _rename_rejects(con)
    con.execute(f"UPDATE format SET version = {FORMAT_VERSION} WHERE version < {FORMAT_VERSION}")
    con.execute("COMMIT")


def _rename_rejects(con: Scratch) -> None:
    """Give rejected rows the names, the files and the ends that format 4 gives them.

    Until then the source was no part of the name, and the instant of reading was: a row that two
    sources say was kept once, and one that was read twice was kept twice. Of such twins one stays,
    one that waits before one that was settled.
    """
    rows = con.execute(
        "SELECT q.*, f.file_path, f.file_name FROM quarantine q LEFT JOIN ("
        "SELECT run_id, source, any_value(file_path) AS file_path, any_value(file_name) AS "
        "file_name FROM imported_files GROUP BY ALL HAVING count(*) = 1) f USING (run_id, source)"
    ).df()
    if rows.empty:
        return
    rows["quarantine_id"] = [
        checks.quarantine_id(*told)
        for told in rows[["table_name", "source", "check_name", "payload"]].to_numpy()
    ]
    rows["file_urls"] = [
        None if path is None or path != path else address(Path(path), str(name))
        for path, name in rows[["file_path", "file_name"]].astype(object).to_numpy()
    ]
    rows["resolved_by"] = [
        None if instant != instant else "replay" for instant in rows["resolved_at"]
    ]
    rows = rows.sort_values(["resolved_at", "quarantined_at"], na_position="first", kind="stable")
    rows = rows.drop_duplicates("quarantine_id").drop(columns=["file_path", "file_name"])
    con.execute("DELETE FROM quarantine")
    con.register("renamed", rows)
    con.execute("INSERT INTO quarantine BY NAME FROM renamed")
    con.unregister("renamed")


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
