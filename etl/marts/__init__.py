"""Derived tables as Ibis expressions: one definition, any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.marts import daily_returns, source_freshness
from etl.schemas import Table

if TYPE_CHECKING:
    from ibis.backends.sql import SQLBackend

TABLES: dict[str, Table] = {t.name: t for t in (daily_returns.TABLE, source_freshness.TABLE)}
"""All marts by name."""


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
