"""How far each source reaches: last observation, rows, evidence kinds."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr.types import Table as Expression

from etl.schemas import TABLES, Column, Table

TABLE = Table(
    "source_freshness",
    "How far each source reaches in the table it fills.",
    (
        Column("source", "string", "the source (joins sources.source)"),
        Column("table_name", "string", "the table"),
        Column("last_observation", "date", "latest day it speaks of", nullable=True),
        Column("n_rows", "integer", "current rows", "rows"),
        Column("evidence_kinds", "string", "evidence kinds in it, by comma"),
        Column("retrieved_at", "timestamp", "latest reading", "UTC", nullable=True),
    ),
    key=("source", "table_name"),
    ledger=True,
)


def expression(tables: dict[str, Expression]) -> Expression:
    """Return the mart over all collected tables by name."""
    return ibis.union(*(_reach(name, table) for name, table in tables.items()))


def _reach(name: str, table: Expression) -> Expression:
    observed = TABLES[name].observed
    last = table[observed].max() if observed else ibis.null("date")
    kinds = table.evidence_kind.collect(distinct=True).sort().join(", ")
    latest: Any = table.retrieved_at.max()
    reached = table.group_by("source").aggregate(
        table_name=ibis.literal(name),
        last_observation=last.cast("date"),
        n_rows=table.count(),
        evidence_kinds=ibis.coalesce(kinds, ""),
        # A table that holds no row yet has no latest reading; ibis would forbid the missing value.
        retrieved_at=latest.cast("timestamp('UTC')"),
    )
    return reached.select(column.name for column in TABLE.columns)


def collected() -> list[str]:
    """Return the names of the tables that sources fill."""
    return [name for name, table in TABLES.items() if not table.ledger and name != "sources"]
