"""What imported payments tell of a payer's month: proceeds, losses, refunds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import ibis
import numpy as np
import pandas as pd

from etl.analytics.proportions import wilson
from etl.analytics.quantities import Quantity
from etl.marts import subscriptions as marts
from etl.scenarios.evidence import Reader
from etl.schemas import SUBSCRIPTION_TRANSACTIONS

MONTHS = 6
"""Whole months that are pooled, the newest ones."""
REFUND_DAYS = 60
"""Payments younger than that can still be refunded and are left out of the share."""
_KINDS = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp('UTC')",
}

Told = tuple[dict[str, Quantity], dict[str, str]]


def payment_quantities(reader: Reader, source: str, last: date) -> Told:
    """Return ``paid_churn_rate``, ``net_proceeds`` and ``refund_rate`` of a source of payments.

    Subscriptions alone count for the first two; amounts are the store's payouts in US dollars.
    """
    kind = str(
        reader.query(
            "SELECT min(evidence_kind) AS kind FROM subscription_transactions WHERE source = ?",
            (source,),
        )["kind"].iloc[0]
    )
    months = _months(last)
    live = _live(reader, source, months)
    found: dict[str, Quantity] = {}
    reasons: dict[str, str] = {}
    _churn(live, (source, kind, months[-1]), found, reasons)
    _proceeds(live, (source, kind, months[-1]), found, reasons)
    _refunds(reader, (source, kind, last), found, reasons)
    return found, reasons


def _months(last: date) -> list[date]:
    """Return the first days of the newest months up to the one that the data reach into."""
    first = pd.Timestamp((last + timedelta(days=1)).replace(day=1))
    starts = pd.date_range(end=first, periods=MONTHS + 1, freq="MS")
    return [cast(date, start.date()) for start in starts]


def _live(reader: Reader, source: str, months: list[date]) -> pd.DataFrame:
    """Return ``user_id, position, mrr`` (payouts a month) of live subscriptions at month starts."""
    columns = {c.name: _KINDS[c.type] for c in SUBSCRIPTION_TRANSACTIONS.columns}
    table: Any = ibis.table(columns | {"source": "string"}, name=SUBSCRIPTION_TRANSACTIONS.name)
    own = table.filter((table.source == source) & ibis.coalesce(~table.is_sandbox, True))
    periods = marts.paid_periods(own, "proceeds_usd")
    users = marts.monthly_revenue(periods, months)
    users = users.group_by(["user_id", "position"]).agg(mrr=users.mrr.sum())
    return reader.query(str(ibis.to_sql(users, dialect="duckdb")))


About = tuple[str, str, date]


def _churn(
    live: pd.DataFrame, about: About, found: dict[str, Quantity], reasons: dict[str, str]
) -> None:
    source, kind, last = about
    at_start = live.loc[live["position"] < MONTHS, ["user_id", "position"]]
    after = live[["user_id", "position"]].assign(position=live["position"] - 1, stays=True)
    pairs = at_start.merge(after, on=["user_id", "position"], how="left")
    n, stays = float(len(pairs)), float(pairs["stays"].notna().sum())
    if n == 0:
        reasons["paid_churn_rate"] = "no subscription was live at the start of a whole month"
        return
    low, high = wilson(n - stays, n)
    found["paid_churn_rate"] = Quantity(
        (n - stays) / n,
        "ratio/month",
        kind,
        float(low),
        float(high),
        source=f"{source}: subscribers at a month's start who are gone at its end, {MONTHS} months",
        as_of=last,
    )


def _proceeds(
    live: pd.DataFrame, about: About, found: dict[str, Quantity], reasons: dict[str, str]
) -> None:
    source, kind, last = about
    money = live.loc[live["position"] > 0, "mrr"].to_numpy(dtype=float)
    if money.size < 2 or np.isnan(money).any():
        reasons["net_proceeds"] = "no payout is told for the live subscriptions (proceeds_usd)"
        return
    mean, error = float(money.mean()), float(money.std(ddof=1) / np.sqrt(money.size))
    found["net_proceeds"] = Quantity(
        mean,
        "USD/payer/month",
        kind,
        max(mean - 1.959964 * error, 0.0),
        mean + 1.959964 * error,
        source=f"{source}: payouts a month of live subscriptions, ends of {MONTHS} months",
        as_of=last,
    )


def _refunds(
    reader: Reader, about: About, found: dict[str, Quantity], reasons: dict[str, str]
) -> None:
    source, kind, last = about
    until = datetime.combine(last - timedelta(days=REFUND_DAYS), datetime.min.time(), UTC)
    counted = reader.query(
        """
        WITH own AS (
            SELECT *, coalesce(original_transaction_id, transaction_id) AS chain
            FROM subscription_transactions WHERE source = ? AND coalesce(NOT is_sandbox, true)
        ), refunds AS (SELECT DISTINCT chain, purchased_at FROM own WHERE price < 0)
        SELECT count(*) AS n,
               count(*) FILTER (own.refunded_at IS NOT NULL OR refunds.chain IS NOT NULL) AS k
        FROM own LEFT JOIN refunds USING (chain, purchased_at)
        WHERE price > 0 AND purchased_at < ?
        """,
        (source, until),
    )
    n, k = (float(counted[name].iloc[0]) for name in ("n", "k"))
    if n == 0:
        reasons["refund_rate"] = f"no payment is older than {REFUND_DAYS} days"
        return
    low, high = wilson(k, n)
    found["refund_rate"] = Quantity(
        k / n,
        "ratio",
        kind,
        float(low),
        float(high),
        source=f"{source}: refunded among payments before {until:%Y-%m-%d}",
        as_of=last,
    )
