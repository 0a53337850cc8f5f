"""Derived tables as Ibis expressions: one definition, any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.marts import daily_returns, growth, source_freshness
from etl.schemas import IBIS_TYPES, Table
from etl.schemas import TABLES as SCHEMAS

if TYPE_CHECKING:
    from ibis.backends.sql import SQLBackend

TABLES: dict[str, Table] = {
    t.name: t for t in (daily_returns.TABLE, source_freshness.TABLE, *growth.TABLES)
}
"""All marts by name."""

REBUILT = {"daily_returns": ("stock_prices", "instruments")}
"""Marts with values of their sources, and the tables they are derived from again for an export."""
PASSED = ("source_freshness",)
"""Marts that count rows and hold no value of a source."""
SOURCED = tuple(table.name for table in growth.TABLES)
"""Marts whose rows each follow from one source, named in them (see :mod:`etl.growth`)."""


def as_sql(name: str) -> str:
    """Return a rebuilt mart as a query in DuckDB's dialect over the tables it is derived from."""
    import ibis

    tables = [
        ibis.table(
            {c.name: IBIS_TYPES[c.type] for c in SCHEMAS[table].stored_columns()}, name=table
        )
        for table in REBUILT[name]
    ]
    return str(ibis.to_sql(_EXPRESSIONS[name](*tables), dialect="duckdb"))


_EXPRESSIONS = {"daily_returns": daily_returns.expression}


def build(backend: SQLBackend) -> list[tuple[str, str]]:
    """Make every mart as a table in ``backend``; return audits (rule, count of violations)."""
    table = backend.table
    names = source_freshness.collected()
    backend.create_table(
        "daily_returns", daily_returns.expression(table("stock_prices"), table("instruments"))
    )
    backend.create_table(
        "source_freshness", source_freshness.expression({name: table(name) for name in names})
    )
    return [
        (
            "daily_returns: one row for each current bar",
            "SELECT (SELECT count(*) FROM daily_returns) - (SELECT count(*) FROM stock_prices)",
        ),
        (
            "daily_returns: a return or a reason, never both, never neither",
            "SELECT count(*) FROM daily_returns WHERE (log_return IS NULL) = (return_note IS NULL)",
        ),
    ]
