"""Tables of the published snapshot as Ibis tables, so that marts can be put to it as questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import ibis
import pandas as pd

from etl.schemas import IBIS_TYPES, SUBSCRIPTION_TRANSACTIONS, Table


class Reader(Protocol):
    """Anything that answers read-only SQL over a snapshot."""

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Answer one question."""
        ...


def of_source(table: Table, source: str) -> Any:
    """Return the rows of one source as an Ibis table: every column and ``source``."""
    columns = {column.name: IBIS_TYPES[column.type] for column in table.columns} | {
        "source": "string"
    }
    own = ibis.table(columns, name=table.name)
    return own.filter(own.source == source)


def transactions(source: str) -> Any:
    """Return the transactions of a source as an Ibis table, test purchases left out."""
    own = of_source(SUBSCRIPTION_TRANSACTIONS, source)
    return own.filter(ibis.coalesce(~own.is_sandbox, True))


def ask(reader: Reader, expression: Any) -> pd.DataFrame:
    """Return the rows of an expression over the tables of the snapshot."""
    return reader.query(str(ibis.to_sql(expression, dialect="duckdb")))
