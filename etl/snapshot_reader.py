"""Read-only questions to the published snapshots, which readers follow as they are published."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import pandas as pd

from etl import engines, exports, statements
from etl.engines import QUIET, EngineError, Scratch
from etl.errors import InputError
from etl.schemas import PRODUCT_EVENTS
from etl.snapshots import SnapshotInfo, Snapshots, cannot_open

_CLOSED = QUIET | {"enable_external_access": "false"}
"""Readers see no other file; those of one process share an instance and so its settings."""
_ONE_ORDER = QUIET | {"threads": "1"}
"""For exports: what several threads add up has another last digit each time, and equal data are to
give equal files."""
_LAKE = re.compile(rf"\b{PRODUCT_EVENTS.name}\b", re.IGNORECASE)
LEFT_OUT = "left_out_of_this_export"
"""Table of a reader for exports: what it does not show."""


class SnapshotReader:
    """Read-only questions to the current snapshot; safe to share between threads.

    Parameters
    ----------
    data_dir
        The data folder (not the warehouse folder in it).
    for_export
        Show only what may be passed on, see :mod:`etl.exports`.
    """

    def __init__(self, data_dir: Path, *, for_export: bool = False) -> None:
        self._connect = _connect_export if for_export else _connect_reader
        self._for_export = for_export
        self._data_dir = data_dir
        self._snapshots = Snapshots(data_dir / "warehouse")
        self._guard = threading.Lock()
        self._named = ""
        self._opened: tuple[Scratch, SnapshotInfo] | None = None

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the open snapshot."""
        self.close()

    @property
    def info(self) -> SnapshotInfo:
        """The snapshot that a question would be put to now."""
        return self._follow()[1]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Answer one SELECT over the current snapshot.

        Parameters
        ----------
        sql
            One read-only statement in DuckDB's dialect, with ``?`` for parameters. The table
            ``product_events`` is the event lake.
        parameters
            Their values.

        Raises
        ------
        InputError
            When the statement is not one read-only question, or DuckDB refuses it.
        SnapshotMissingError, WarehouseError
            When there is nothing whole to ask.
        """
        con = self._beside_the_lake() if _LAKE.search(sql) else self._follow()[0].cursor()
        try:
            con.execute("SET TimeZone = 'UTC'")
            asked = con.extract_statements(sql)
            if len(asked) != 1 or asked[0].type.name != "SELECT":
                kinds = ", ".join(s.type.name for s in asked) or "nothing"
                raise InputError(
                    f"got {kinds}", "one read-only SELECT", "ask one question at a time"
                )
            return con.execute(asked[0], list(parameters)).df()
        except EngineError as error:
            raise InputError(
                f"got a question DuckDB refuses: {error}", "valid SQL", "see data/README.md"
            ) from error
        finally:
            con.close()

    def left_out(self) -> pd.DataFrame:
        """Return what a reader for exports leaves out: source, table_name, n_rows (current)."""
        if not self._for_export:
            return pd.DataFrame(columns=["source", "table_name", "n_rows"])
        return self.query(f"FROM {LEFT_OUT}")

    def close(self) -> None:
        """Let go of the open snapshot; the next question opens one again."""
        with self._guard:
            self._named, self._opened = "", None

    def _beside_the_lake(self) -> Scratch:
        """Return a connection to the snapshot that sees the event lake, and no other file."""
        from etl.imports import lake  # reads the lake's days through this reader

        data_dir = self._data_dir.resolve()
        files = [str(file) for file in lake.files(self, data_dir, PRODUCT_EVENTS.name)]
        view = statements.lake_view(PRODUCT_EVENTS, files)

        def open_lake(con: Scratch) -> None:
            con.execute(view)
            # The files themselves, not their folder: beside them lie those of sources that are
            # kept out of exports, and what was rejected or superseded.
            allowed = ", ".join(f"'{statements.quoted(Path(file))}'" for file in files)
            con.execute(f"SET allowed_paths = [{allowed}]")

        connect = _connect_export if self._for_export else _connect_attached
        return connect(self.info.path, open_lake)

    def _follow(self) -> tuple[Scratch, SnapshotInfo]:
        """Return the open snapshot, after reopening if the pointer has moved."""
        with self._guard:
            named = self._snapshots.named()
            if self._opened is None or named != self._named:
                info = self._snapshots.current()
                self._opened, self._named = (self._connect(info.path), info), named
            return self._opened


def _connect_reader(path: Path) -> Scratch:
    try:
        return engines.opened(path, _CLOSED, read_only=True)
    except EngineError as error:
        raise cannot_open(path, error, "run `artonomics etl run --offline`") from error


def _connect_attached(path: Path, prepare: Callable[[Scratch], None]) -> Scratch:
    """Open a snapshot beside what ``prepare`` makes, then close the door to all other files."""
    con = engines.opened(":memory:", QUIET)
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"ATTACH '{statements.quoted(path)}' AS snapshot (READ_ONLY)")
        prepare(con)
        con.execute("SET search_path = 'snapshot.main,memory.main'")
        con.execute("SET enable_external_access = false")
    except EngineError as error:
        con.close()
        raise cannot_open(path, error, "run `artonomics etl run --offline`") from error
    return con


def _connect_export(path: Path, prepare: Callable[[Scratch], None] | None = None) -> Scratch:
    """Open a snapshot behind views that leave out what may not be passed on.

    The snapshot stands beside the views under a name that nobody can know beforehand. What
    ``prepare`` makes stands beside them too.
    """
    hidden = f"snapshot_{secrets.token_hex(16)}"
    con = engines.opened(":memory:", _ONE_ORDER)
    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"ATTACH '{statements.quoted(path)}' AS {hidden} (READ_ONLY)")
        named = con.execute(exports.KEPT_BACK.replace("FROM ", f"FROM {hidden}.")).fetchall()
        kept_back = [name for (name,) in named]
        for statement in exports.views(kept_back, hidden):
            con.execute(statement)
        con.execute(f"CREATE TABLE {LEFT_OUT} AS {exports.left_out(kept_back, hidden)}")
        if prepare:
            prepare(con)
        con.execute("SET enable_external_access = false")
    except EngineError as error:
        con.close()
        raise cannot_open(path, error, "run `artonomics etl run --offline`") from error
    return con
