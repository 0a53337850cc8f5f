"""Engines that can run the marts: DuckDB by default, others by configuration.

The name of an engine is that of its Ibis backend; its driver is imported only when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from etl.errors import InputError

if TYPE_CHECKING:
    import duckdb
    from ibis.backends.sql import SQLBackend

EXTRAS = {"pyspark": "spark"}
"""Extra that brings an engine's driver."""


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
        todo = f"pip install 'artonomics[{extra}]'" if extra else "install its Ibis backend"
        raise InputError(
            f"got the engine {engine!r}, whose driver is not here ({error.name})",
            "an engine of Ibis such as duckdb, pyspark, trino or bigquery",
            todo,
        ) from error
    backend.do_connect(**options)
    return backend
