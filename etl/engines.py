"""Engines that can run the marts: DuckDB by default, others by configuration.

The name of an engine is that of its Ibis backend; its driver is imported only when it is asked for.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from etl.errors import InputError

if TYPE_CHECKING:
    from ibis.backends.sql import SQLBackend

EXTRAS = {"pyspark": "spark"}
"""Extra that brings an engine's driver."""
EngineError = duckdb.Error
"""What the default engine raises, for those who put its refusals into words."""
Scratch = duckdb.DuckDBPyConnection
"""A default engine of one's own, as :func:`scratch` yields it."""
QUIET: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""Settings of a database that installs nothing."""
MEMORY_LIMIT = "1GB"
"""What a scratch engine holds before it writes to its temporary folder."""


@contextmanager
def scratch(folder: Path) -> Iterator[Scratch]:
    """Yield an engine in memory that spills into a temporary folder below ``folder``.

    It keeps no order of rows, speaks UTC and installs no extension.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".spill-") as spill,
        duckdb.connect(config=_settings(spill)) as con,
    ):
        _quieten(con)
        yield con


def opened(place: Path | str, config: dict[str, Any], *, read_only: bool = False) -> Scratch:
    """Return the database at a place, ``:memory:`` for one without a file, with its settings."""
    return duckdb.connect(place, read_only=read_only, config=config)


def over(connection: duckdb.DuckDBPyConnection) -> SQLBackend:
    """Return the default engine over an open DuckDB connection."""
    import ibis

    return ibis.duckdb.from_connection(connection)


def connect(engine: str, **options: Any) -> SQLBackend:
    """Return the engine called ``engine``, connected with its own options.

    Raises
    ------
    InputError
        When there is no such engine, or its driver is not installed.
    """
    try:
        backend = importlib.import_module(f"ibis.backends.{engine}").Backend()
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(engine)
        todo = (
            f"in the checkout: .venv/bin/pip install -c constraints.txt -e '.[{extra}]'"
            if extra
            else "install its Ibis backend"
        )
        raise InputError(
            f"got the engine {engine!r}, whose driver is not here ({error.name})",
            "an engine of Ibis such as duckdb, pyspark, trino or bigquery",
            todo,
        ) from error
    backend.register_options()
    if engine == "pyspark":
        options = _with_session(options)
    backend.do_connect(**options)
    return backend


def _with_session(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of PySpark with a session made from those that begin with ``spark.``."""
    from pyspark.sql import SparkSession

    quiet = {"spark.ui.showConsoleProgress": "false", "spark.ui.enabled": "false"}
    settings = quiet | {k: v for k, v in options.items() if k.startswith("spark.")}
    session = SparkSession.builder.appName("artonomics").config(map=settings).getOrCreate()
    others = {k: v for k, v in options.items() if not k.startswith("spark.")}
    return {"session": session} | others


@contextmanager
def stored(path: Path) -> Iterator[Scratch]:
    """Yield an engine over a file of its own, made if it is not there, settings as a scratch one's.

    Only the holder of the writer's lock may open it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=path.parent, prefix=".spill-") as spill,
        duckdb.connect(path, config=_settings(spill)) as con,
    ):
        _quieten(con)
        # Small changes stay in the log, which is folded in once it is long: a day costs no more.
        con.execute("PRAGMA disable_checkpoint_on_shutdown")
        yield con


def _settings(spill: str) -> dict[str, Any]:
    return {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": spill,
        "preserve_insertion_order": "false",
        **QUIET,
    }


def _quieten(con: Scratch) -> None:
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")  # it would write between our own lines
