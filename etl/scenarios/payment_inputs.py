"""What imported payments tell of a payer's month: proceeds, losses, refunds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import numpy as np
import pandas as pd

from etl import questions
from etl.analytics.distributions import normal_quantile
from etl.analytics.proportions import wilson
from etl.analytics.quantities import Quantity
from etl.marts import subscriptions as marts
from etl.scenarios.evidence import LONGEST_RATE_DAYS, Reader

MONTHS = 6
"""Whole months that are pooled, the newest ones."""
REFUND_DAYS = 60
"""Payments younger than that can still be refunded and are left out of the share."""
_Z = normal_quantile(0.975)

Told = tuple[dict[str, Quantity], dict[str, str]]


def payment_quantities(reader: Reader, source: str, last: date, currency: str) -> Told:
    """Return ``paid_churn_rate``, ``net_proceeds`` and ``refund_rate`` of a source of payments.

    Subscriptions alone count for the first two; amounts are what the store pays out, in
    ``currency`` at the rate of each payment's day.
    """
    kind = str(
        reader.query(
            "SELECT min(evidence_kind) AS kind FROM subscription_transactions WHERE source = ?",
            (source,),
        )["kind"].iloc[0]
    )
    months = _months(last)
    live = _live(reader, source, months)
    money = _with_payouts(reader, source, live, currency)
    found: dict[str, Quantity] = {}
    reasons: dict[str, str] = {}
    _churn(live, (source, kind, months[-1]), found, reasons)
    _proceeds(money, currency, (source, kind, months[-1]), found, reasons)
    _refunds(reader, (source, kind, last), found, reasons)
    return found, reasons


def _months(last: date) -> list[date]:
    """Return the first days of the newest months up to the one that the data reach into."""
    first = pd.Timestamp((last + timedelta(days=1)).replace(day=1))
    starts = pd.date_range(end=first, periods=MONTHS + 1, freq="MS")
    return [cast(date, start.date()) for start in starts]


def _live(reader: Reader, source: str, months: list[date]) -> pd.DataFrame:
    """Return ``user_id, transaction_id, position`` of payments that are live at month starts.

    Who is there follows from the price paid: a payout that nobody stated makes nobody leave.
    """
    periods = marts.paid_periods(questions.transactions(source), "price")
    # Parted by payment instead of by product, so that each finds its own payout.
    each = marts.monthly_revenue(periods.mutate(product_id=periods.transaction_id), months)
    found = questions.ask(reader, each)
    return found.rename(columns={"product_id": "transaction_id"}).drop(columns="mrr")


def _with_payouts(reader: Reader, source: str, live: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Add ``currency`` (that paid) and ``mrr``: the payout a month, missing where not known."""
    paid = reader.query(
        """
        SELECT transaction_id, period_months, purchased_at::DATE AS day,
               CASE WHEN currency IS DISTINCT FROM $2 AND proceeds_usd IS NOT NULL
                    THEN 'USD' ELSE currency END AS currency,
               CASE WHEN currency IS DISTINCT FROM $2 AND proceeds_usd IS NOT NULL
                    THEN proceeds_usd ELSE proceeds END AS payout
        FROM subscription_transactions WHERE source = $1
        """,
        (source, currency),
    )
    paid = paid.merge(live[["transaction_id"]].drop_duplicates(), on="transaction_id")
    each: Any = paid.assign(target=currency)
    for name in ("currency", "target"):
        each[f"per_euro_{name}"] = _per_euro(reader, each["day"], each[name])
    # An amount of the currency itself needs no rate.
    rate = (each["per_euro_target"] / each["per_euro_currency"]).where(
        each["currency"] != currency, 1.0
    )
    each["mrr"] = each["payout"] * rate / each["period_months"]
    return live.merge(each[["transaction_id", "currency", "mrr"]], on="transaction_id")


def _per_euro(reader: Reader, days: pd.Series, currencies: pd.Series) -> pd.Series:
    """Return units for one euro on each day, or the last days before it; missing without."""
    rates = reader.query(
        "SELECT quote AS currency, rate_date AS day, rate FROM fx_rates WHERE base = 'EUR' "
        "ORDER BY rate_date"
    )
    asked = pd.DataFrame({"day": days, "currency": currencies}).sort_values("day")
    for frame in (asked, rates):
        frame["day"] = frame["day"].astype("datetime64[s]")
        frame["currency"] = frame["currency"].astype(object)
    near: Any = pd.merge_asof(
        asked.reset_index(),
        rates,
        on="day",
        by="currency",
        tolerance=timedelta(days=LONGEST_RATE_DAYS),
    ).set_index("index")
    return near["rate"].where(near["currency"] != "EUR", 1.0).reindex(days.index)


About = tuple[str, str, date]


def _churn(
    live: pd.DataFrame, about: About, found: dict[str, Quantity], reasons: dict[str, str]
) -> None:
    source, kind, last = about
    users = live[["user_id", "position"]].drop_duplicates()
    at_start = users.loc[users["position"] < MONTHS]
    after = users.assign(position=users["position"] - 1, stays=True)
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
    live: pd.DataFrame,
    currency: str,
    about: About,
    found: dict[str, Quantity],
    reasons: dict[str, str],
) -> None:
    source, kind, last = about
    ends: Any = live.loc[live["position"] > 0]
    unknown = ends.loc[ends["mrr"].isna()]
    if len(unknown):
        told = ", ".join(sorted(set(unknown["currency"].dropna()))) or "no currency"
        reasons["net_proceeds"] = (
            f"{unknown['transaction_id'].nunique()} of {ends['transaction_id'].nunique()} live "
            f"payments have no payout, period or rate to {currency} of their day ({told})"
        )
        return
    payers = ends.groupby("user_id").agg(money=("mrr", "sum"), months=("position", "nunique"))
    money, months = (payers[name].to_numpy(dtype=float) for name in ("money", "months"))
    n = len(payers)
    if n < 2:
        reasons["net_proceeds"] = "fewer than two users hold a live subscription"
        return
    # The months of one payer bring the same, so that payers are drawn and not months.
    mean = float(money.sum() / months.sum())
    rest = money - mean * months
    error = float(np.sqrt((rest**2).sum() * n / (n - 1)) / months.sum())
    found["net_proceeds"] = Quantity(
        mean,
        f"{currency}/payer/month",
        kind,
        max(mean - _Z * error, 0.0),
        mean + _Z * error,
        source=f"{source}: payouts a month of live subscriptions, ends of {MONTHS} months, at the "
        "rates of the days they were paid",
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
