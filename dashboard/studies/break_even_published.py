"""Published shares of payers: the claims of the ledger and the figures of filings, together."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.break_even_rows import ROW, fact_row, records
from dashboard.studies.frames import column, ordered, rows
from etl.scenarios.evidence import REPORTING_DAYS

ACHIEVED = ("subscription_penetration_rate", "download_to_paid_d30", "download_to_paid_d35")
"""What companies publish about paying users. The first is subscribers over monthly actives, the
others payers over installs within so many days: different shares, never to be mixed."""

_OWN = ("entity", "entity_zh", "metric", "note")
_SAME = ["entity", "metric", "as_of", "low", "high"]


def published_pay_rates(reader: Reader, as_of: date | None = None) -> pd.DataFrame:
    """Return the shares of payers that were public on a day, the oldest first.

    Figures of filings without a day of publication count as public :data:`REPORTING_DAYS` after
    their period. One figure that stands in both tables is one row, the claim's; figures that
    differ all stand. ``latest`` marks the newest of an entity and metric.
    """
    facts = queries.facts(reader, as_of=as_of)
    claims = records(rows(facts, column(facts, "metric").isin(ACHIEVED)))
    chinese = facts.dropna(subset=["entity_zh"]).groupby("entity")["entity_zh"].first().to_dict()
    table = pd.DataFrame(
        [_row(row) for row in (*claims, *_of_filings(reader, as_of, chinese))],
        columns=pd.Index((*ROW, *_OWN)),
    )
    table = table.assign(as_of=pd.to_datetime(table["as_of"])).drop_duplicates(_SAME)
    table = ordered(table, "as_of", "fact_id")
    newest = table.groupby(["entity", "metric"])["as_of"].transform("max")
    return table.assign(latest=column(table, "as_of") == newest)


def _of_filings(
    reader: Reader, as_of: date | None, chinese: dict[Any, Any]
) -> list[dict[Any, Any]]:
    found = queries.financials(reader)
    ended = pd.to_datetime(column(found, "period_end"))
    later = ended + pd.Timedelta(days=REPORTING_DAYS)
    public = pd.to_datetime(column(found, "published_on")).fillna(later)
    wanted = column(found, "metric").isin(ACHIEVED)
    if as_of is not None:
        wanted &= public <= pd.Timestamp(as_of)
    return [
        {
            **row,
            "value_high": None,
            "entity": row["company"],
            "entity_zh": chinese.get(row["company"]),
            "note": row.get("note"),
            "fact_id": f"{row['ticker']} {row['metric']} {row['period']}",
        }
        for row in records(rows(found, wanted))
    ]


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    return {**fact_row(row, str(row["metric"])), **{name: row[name] for name in _OWN}}
