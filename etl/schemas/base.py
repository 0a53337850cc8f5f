"""What a table is made of: columns with units, checks over rows, and the columns all share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

ColumnType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]

EVIDENCE_KINDS = ("measured", "disclosed", "estimated", "simulated", "assumed")
"""How a number came to be: observed, stated by its owner, inferred, generated, or supposed."""

DUCKDB_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}
IBIS_TYPES: dict[ColumnType, str] = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp('UTC')",
}


@dataclass(frozen=True)
class Column:
    """One column: its type, what it means, its unit and the values it may hold.

    ``minimum`` and ``maximum`` are inclusive; ``positive`` excludes zero; infinity is never
    allowed. A nullable column may be missing.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    positive: bool = False
    allowed: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True)
class RowCheck:
    """A rule over several columns of one row.

    Attributes
    ----------
    name
        Short name, also the word stored in ``quality_flags``.
    reason
        What is wrong, as shown in quarantine and on the Data page.
    holds
        Frame of shape (n, columns) → boolean Series of length n, true where right. Missing
        values must count as right: their own column decides whether they may be missing.
    action
        ``quarantine`` keeps the row out, ``flag`` lets it in with the name in ``quality_flags``.
    """

    name: str
    reason: str
    holds: Callable[[pd.DataFrame], pd.Series]
    action: Literal["quarantine", "flag"] = "quarantine"


@dataclass(frozen=True)
class Table:
    """A table of the warehouse.

    A ``bitemporal`` table keeps closed rows: a changed value ends the old row at ``valid_to``.
    A ``ledger`` table is written by the machinery itself and has no provenance columns.
    ``observed`` names the column that says when a row was true; empty where no column does.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    checks: tuple[RowCheck, ...] = ()
    bitemporal: bool = False
    ledger: bool = False
    observed: str = ""

    def frame_columns(self) -> tuple[Column, ...]:
        """Return the columns a parsed frame must have, in order (own columns, then provenance)."""
        return self.columns if self.ledger else (*self.columns, *PROVENANCE)

    def stored_columns(self) -> tuple[Column, ...]:
        """Return the columns as stored: the frame's, then the machinery's own."""
        frame = self.frame_columns()
        named = {column.name for column in frame}  # the table of the sources names them itself
        machinery = () if self.ledger else [c for c in MACHINERY if c.name not in named]
        return (*frame, *machinery, *(VALIDITY if self.bitemporal else ()))


PROVENANCE = (
    Column("evidence_kind", "string", "how the number came to be", allowed=EVIDENCE_KINDS),
    Column("source_url", "string", "where the value was read"),
    Column("retrieved_at", "timestamp", "when the value was read", unit="UTC"),
)
MACHINERY = (
    Column(
        "quality_flags", "string", "names of the checks the row failed, by comma", nullable=True
    ),
    Column("source", "string", "the source that wrote the row (joins sources.source)"),
    Column("run_id", "string", "the collection run that wrote the row"),
)
VALIDITY = (
    Column("valid_from", "timestamp", "when this version of the row was recorded", unit="UTC"),
    Column(
        "valid_to", "timestamp", "when it was replaced; missing = current", "UTC", nullable=True
    ),
)


def between(column: str, low: str, high: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a check that ``low <= column <= high`` where all three are known."""

    def holds(frame: Any) -> Any:
        inside = (frame[column] >= frame[low]) & (frame[column] <= frame[high])
        unknown = frame[[column, low, high]].isna().any(axis=1)
        return inside | unknown

    return holds


def not_above(low: str, high: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a check that ``low <= high`` where both are known."""

    def holds(frame: Any) -> Any:
        return ~(frame[low] > frame[high]).fillna(False).astype(bool)

    return holds


def price(name: str, meaning: str, *, nullable: bool = True) -> Column:
    """Return a column of prices of one share: positive, in the row's currency."""
    return Column(
        name, "number", meaning, unit="currency per share", nullable=nullable, positive=True
    )


TICKER = Column(
    "ticker", "string", "ticker in Yahoo's notation", pattern=r"^[\^A-Z0-9][A-Z0-9.\-=^]*$"
)
CURRENCY = Column("currency", "string", "ISO 4217 code", pattern=r"^[A-Z]{3}$")
STOREFRONT = Column(
    "storefront", "string", "ISO 3166-1 alpha-2 code of the store's country", pattern=r"^[A-Z]{2}$"
)
CONFIDENCE = Column(
    "confidence", "string", "who says it", allowed=("stated", "estimated_by_third_party", "derived")
)
