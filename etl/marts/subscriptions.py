"""Recurring revenue by month, renewals by period, and the money that was booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import ibis

SUBSCRIPTION = "subscription"


def paid_periods(transactions: Any, money: str = "price_usd") -> Any:
    """Return the payments of subscriptions that were kept.

    A refund takes the payment out of history: a payment whose row says when it was refunded, or a
    refund row of its own (a negative price) for the same subscription and day of payment.

    Returns
    -------
    ibis.expr.types.Table
        ``user_id, chain`` (the subscription), ``product_id, purchased_at, expires_at,
        renewal_number, mrr`` (money a month).
    """
    own = transactions.filter(transactions.product_kind == SUBSCRIPTION)
    chain = ibis.coalesce(own.original_transaction_id, own.transaction_id)
    own = own.mutate(chain=chain)
    refunds = own.filter(own[money] < 0).select("chain", "purchased_at").distinct()
    kept = own.filter((own[money] > 0) & own.refunded_at.isnull() & own.expires_at.notnull())
    kept = kept.anti_join(refunds, ["chain", "purchased_at"])
    return kept.select(
        "user_id",
        "chain",
        "product_id",
        "purchased_at",
        "expires_at",
        "renewal_number",
        mrr=kept[money] / kept.period_months,
    )


def monthly_revenue(periods: Any, months: Sequence[date]) -> Any:
    """Return the recurring revenue of every user at the end of each month.

    Parameters
    ----------
    periods
        As :func:`paid_periods` gives them.
    months
        First days of the months *after* which to look, ascending and without gaps: revenue stands
        at the instant the month begins.

    Returns
    -------
    ibis.expr.types.Table
        ``user_id, position`` (of the month in ``months``), ``mrr`` above 0.
    """
    ends = ibis.memtable(
        {"position": list(range(len(months))), "ends": [day.isoformat() for day in months]}
    )
    ends = ends.mutate(ends=ends.ends.cast("timestamp('UTC')"))
    active: Any = periods.cross_join(ends)
    active = active.filter((active.purchased_at < active.ends) & (active.expires_at >= active.ends))
    return active.group_by(["user_id", "position"]).agg(mrr=active.mrr.sum())


def movements(revenue: Any, n_months: int) -> Any:
    """Return how recurring revenue moved from one month to the next.

    Parameters
    ----------
    revenue
        As :func:`monthly_revenue` gives it.
    n_months
        Months asked for.

    Returns
    -------
    ibis.expr.types.Table
        ``position, opening, new, expansion, contraction, churn, reactivation, closing,
        n_subscribers`` (at the end), one row a month; contraction and churn are negative, and
        opening plus the five movements is closing. A user who comes back after a month without
        is a reactivation.
    """
    nothing = ibis.literal(0.0)
    now = revenue.select("user_id", "position", now=revenue.mrr, before=nothing)
    after = revenue.select(
        "user_id", position=revenue.position + 1, now=nothing, before=revenue.mrr
    )
    both: Any = ibis.union(now, after.filter(after.position < n_months))
    both = both.group_by(["user_id", "position"]).agg(now=both.now.sum(), before=both.before.sum())
    both = both.mutate(first=both.position.min().over(ibis.window(group_by="user_id")))
    change = both.now - both.before
    came, stayed = both.before == 0, (both.before > 0) & (both.now > 0)
    return both.group_by("position").agg(
        opening=both.before.sum(),
        new=change.sum(where=came & (both.position == both["first"])),
        expansion=change.sum(where=stayed & (change > 0)),
        contraction=change.sum(where=stayed & (change < 0)),
        churn=change.sum(where=both.now == 0),
        reactivation=change.sum(where=came & (both.position != both["first"])),
        closing=both.now.sum(),
        n_subscribers=(both.now > 0).sum(),
    )


def renewal_counts(transactions: Any, until: Any) -> Any:
    """Return how many subscriptions stood before their j-th renewal, and how many renewed.

    A payment that came back later was made all the same: refunds do not undo a renewal.

    Parameters
    ----------
    until
        Instant (an Ibis literal) up to which the data reach: a subscription is due once the period
        paid for has ended before it.

    Returns
    -------
    ibis.expr.types.Table
        ``product_id, renewal`` (from 1), ``due, renewed``.
    """
    paid = transactions.filter(
        (transactions.product_kind == SUBSCRIPTION)
        & (transactions.price > 0)
        & transactions.expires_at.notnull()
        & transactions.renewal_number.notnull()
    )
    paid = paid.mutate(chain=ibis.coalesce(paid.original_transaction_id, paid.transaction_id))
    order = ibis.window(group_by="chain", order_by="renewal_number")
    paid = paid.mutate(next_number=paid.renewal_number.lead().over(order))
    due = paid.filter((paid.expires_at < until) | paid.next_number.notnull())
    return due.group_by("product_id", renewal=due.renewal_number).agg(
        due=due.count(), renewed=due.next_number.notnull().sum()
    )


def stays(transactions: Any, until: Any) -> Any:
    """Return how long subscriptions were paid for: ``product_id, days, ended, n``.

    ``days`` from the first payment to the end of the last paid period, or to ``until`` where that
    lies before; then the subscription is still there and has not ended.
    """
    paid = transactions.filter(
        (transactions.product_kind == SUBSCRIPTION)
        & (transactions.price > 0)
        & transactions.expires_at.notnull()
    )
    paid = paid.mutate(chain=ibis.coalesce(paid.original_transaction_id, paid.transaction_id))
    chains = paid.group_by(["chain", "product_id"]).agg(
        begun=paid.purchased_at.min(), ends=paid.expires_at.max()
    )
    ended = chains.ends < until
    last = ibis.ifelse(ended, chains.ends, until)
    days = ((last.epoch_seconds() - chains.begun.epoch_seconds()) // 86_400).cast("int64")
    chains = chains.mutate(days=days, ended=ended.cast("int64"))
    return chains.group_by(["product_id", "days", "ended"]).agg(n=chains.count())


def booked(transactions: Any) -> Any:
    """Return all money of the source in hundredths: ``currency, kind, n, cents``.

    ``kind`` is ``payment``, ``refund`` (a negative price) or ``nothing`` (trials). Hundredths are
    whole numbers, so that sums can be compared to the cent.
    """
    cents = (transactions.price.fill_null(0.0) * 100).round().cast("int64")
    kind = ibis.cases((cents > 0, "payment"), (cents < 0, "refund"), else_="nothing")
    rows = transactions.mutate(cents=cents, kind=kind)
    return rows.group_by(["currency", "kind"]).agg(n=rows.count(), cents=rows.cents.sum())
