"""Recurring revenue by month, renewals by period, and the money that was booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import ibis

from etl.analytics.periods import DAY_SECONDS
from etl.marts.retention import whole_seconds

SUBSCRIPTION = "subscription"


def paid_periods(transactions: Any, money: str = "price_usd") -> Any:
    """Return the payments of subscriptions that were kept.

    A refund takes the payment out of history: a payment whose row says when it was refunded, or a
    refund row of its own (a negative price) for the same subscription and day of payment.

    Returns
    -------
    ibis.expr.types.Table
        ``transaction_id, user_id, chain`` (the subscription), ``product_id, purchased_at,
        expires_at, renewal_number, mrr`` (money a month).
    """
    own = transactions.filter(transactions.product_kind == SUBSCRIPTION)
    own = own.mutate(chain=_chain(own))
    refunds = own.filter(own[money] < 0).select("chain", "purchased_at").distinct()
    kept = own.filter((own[money] > 0) & own.refunded_at.isnull() & own.expires_at.notnull())
    kept = kept.anti_join(refunds, ["chain", "purchased_at"])
    return kept.select(
        "transaction_id",
        "user_id",
        "chain",
        "product_id",
        "purchased_at",
        "expires_at",
        "renewal_number",
        mrr=kept[money] / kept.period_months,
    )


def monthly_revenue(periods: Any, months: Sequence[date]) -> Any:
    """Return the recurring revenue of every user and product at the end of each month.

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
        ``user_id, product_id, position`` (of the month in ``months``), ``mrr`` above 0.
    """
    ends: Any = ibis.range(len(months)).unnest().name("position").as_table()
    ends = ends.mutate(position=ends.position.cast("int64"))
    # A case for each month, since no table of one's own can be brought to every engine.
    instants = [
        (ends.position == i, ibis.timestamp(day.isoformat(), timezone="UTC"))
        for i, day in enumerate(months)
    ]
    ends = ends.mutate(ends=ibis.cases(*instants))
    active: Any = periods.cross_join(ends)
    active = active.filter((active.purchased_at < active.ends) & (active.expires_at >= active.ends))
    return active.group_by(["user_id", "product_id", "position"]).agg(mrr=active.mrr.sum())


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
        is a reactivation. A month in which nobody pays, nor did before, has no row.
    """
    users = revenue.group_by(["user_id", "position"]).agg(mrr=revenue.mrr.sum())
    nothing = ibis.literal(0.0)
    now = users.select("user_id", "position", now=users.mrr, before=nothing)
    after = users.select("user_id", position=users.position + 1, now=nothing, before=users.mrr)
    both: Any = ibis.union(now, after.filter(after.position < n_months))
    both = both.group_by(["user_id", "position"]).agg(now=both.now.sum(), before=both.before.sum())
    both = both.mutate(first=both.position.min().over(ibis.window(group_by="user_id")))
    change = both.now - both.before
    came, stayed = both.before == 0, (both.before > 0) & (both.now > 0)
    first = both.position == both["first"]

    def summed(which: Any) -> Any:
        return change.sum(where=which).fill_null(0.0)

    return both.group_by("position").agg(
        opening=both.before.sum(),
        new=summed(came & first),
        expansion=summed(stayed & (change > 0)),
        contraction=summed(stayed & (change < 0)),
        churn=summed((both.now == 0) & (both.before > 0)),
        reactivation=summed(came & ~first & (both.now > 0)),
        closing=both.now.sum(),
        n_subscribers=(both.now > 0).sum(),
    )


def plan_mix(revenue: Any) -> Any:
    """Return recurring revenue by month and product: ``position, product_id, n, mrr``."""
    return revenue.group_by(["position", "product_id"]).agg(
        n=revenue.user_id.nunique(), mrr=revenue.mrr.sum()
    )


def trial_outcomes(transactions: Any, until: Any) -> Any:
    """Return what became of trials by product.

    Returns
    -------
    ibis.expr.types.Table
        ``product_id, n_trials, n_ended`` (by ``until``), and of those ended ``n_cancelled`` (turned
        off before the end), ``n_paid`` (a payment of the same subscription followed), ``n_kept``
        (which was not refunded).
    """
    own = transactions.mutate(chain=_chain(transactions))
    trials = own.filter(own.product_kind.isin(["trial", "intro"]) & (own.price <= 0))
    started = trials.group_by(["chain", "product_id"]).agg(
        ends=trials.expires_at.max(), turned_off=trials.unsubscribed_at.min()
    )
    payments = own.filter((own.product_kind == SUBSCRIPTION) & (own.price > 0))
    paid = payments.group_by("chain").agg(first_paid=payments.purchased_at.min())
    kept = paid_periods(transactions, "price").select("chain").distinct().mutate(kept=1)
    joined: Any = started.left_join(paid, "chain").drop("chain_right")
    joined = joined.left_join(kept, "chain").drop("chain_right")
    ended = joined.ends < until
    off = joined.turned_off.notnull() & (joined.turned_off < joined.ends)
    return joined.group_by("product_id").agg(
        n_trials=joined.count(),
        n_ended=ended.sum(),
        n_cancelled=(ended & off).sum(),
        n_paid=(ended & joined.first_paid.notnull()).sum(),
        n_kept=(ended & joined.kept.notnull()).sum(),
    )


def _chain(transactions: Any) -> Any:
    return ibis.coalesce(transactions.original_transaction_id, transactions.transaction_id)


def _payments(transactions: Any) -> Any:
    """Return the payments of subscriptions with their chain; a later refund undoes none."""
    paid = transactions.filter(
        (transactions.product_kind == SUBSCRIPTION)
        & (transactions.price > 0)
        & transactions.expires_at.notnull()
    )
    return paid.mutate(chain=_chain(paid))


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
    paid = _payments(transactions)
    paid = paid.filter(paid.renewal_number.notnull() & (paid.purchased_at < until))
    order = ibis.window(group_by="chain", order_by="renewal_number")
    paid = paid.mutate(next_number=paid.renewal_number.lead().over(order))
    due = paid.filter((paid.expires_at < until) | paid.next_number.notnull())
    return due.group_by("product_id", renewal=due.renewal_number).agg(
        due=due.count(), renewed=due.next_number.notnull().sum()
    )


def chains_at(transactions: Any, cut: Any, until: Any) -> Any:
    """Return the subscriptions paid for at a cut, and what they did until the data end.

    Parameters
    ----------
    cut, until
        Instants (Ibis literals).

    Returns
    -------
    ibis.expr.types.Table
        ``product_id, paid_before`` (payments up to the cut), ``ahead`` (periods that fell due
        between the cut and the end), ``made`` (payments made in those), ``n`` (subscriptions).
    """
    paid = _payments(transactions)
    before = paid.filter(paid.purchased_at < cut)
    stood = before.group_by(["chain", "product_id"]).agg(
        paid_before=before.renewal_number.max(),
        ends=before.expires_at.max(),
        begun=before.purchased_at.max(),
    )
    stood = stood.filter(stood.ends >= cut)
    later = paid.filter((paid.purchased_at >= cut) & (paid.purchased_at < until))
    made = later.group_by("chain").agg(made=later.count())
    joined: Any = stood.left_join(made, "chain").drop("chain_right")
    length = whole_seconds(joined.ends) - whole_seconds(joined.begun)
    left = whole_seconds(until) - whole_seconds(joined.ends)
    # The last second does not count: a payment is told a moment after it fell due.
    joined = joined.mutate(
        ahead=ibis.ifelse(left > DAY_SECONDS, (left - DAY_SECONDS) // length + 1, 0),
        made=joined.made.fill_null(0),
    )
    joined = joined.mutate(made=ibis.least(joined.made, joined.ahead))
    keys = ["product_id", "paid_before", "ahead", "made"]
    return joined.group_by(keys).agg(n=joined.count()).cast({"ahead": "int64", "made": "int64"})


def stays(transactions: Any, until: Any) -> Any:
    """Return how long subscriptions were paid for: ``product_id, days, ended, n``.

    ``days`` from the first payment to the end of the last paid period, or to ``until`` where that
    lies before; then the subscription is still there and has not ended.
    """
    paid = _payments(transactions)
    chains = paid.group_by(["chain", "product_id"]).agg(
        begun=paid.purchased_at.min(), ends=paid.expires_at.max()
    )
    ended: Any = chains.ends < until
    last = ibis.ifelse(ended, whole_seconds(chains.ends), whole_seconds(until))
    days: Any = (last - whole_seconds(chains.begun)) // DAY_SECONDS
    chains = chains.mutate(days=days.cast("int64"), ended=ended.cast("int64"))
    return chains.group_by(["product_id", "days", "ended"]).agg(n=chains.count())


def booked(transactions: Any) -> Any:
    """Return what the money of a source was counted as: ``currency, part, n, cents``.

    Parts are ``recurring`` (payments of subscriptions that were kept), ``recurring_refunded``
    (those that came back), ``refunds`` (rows of their own), ``once`` (packs), ``trial`` and
    ``without_price``. Hundredths are whole numbers, so that sums compare to the cent.
    """
    kept = paid_periods(transactions, "price").select("transaction_id").mutate(kept=1)
    rows: Any = transactions.left_join(kept, "transaction_id").drop("transaction_id_right")
    cents = _cents(rows)
    paid = rows.product_kind == SUBSCRIPTION
    part = ibis.cases(
        (rows.price.isnull(), "without_price"),
        (cents < 0, "refunds"),
        (rows.product_kind.isin(["trial", "intro"]), "trial"),
        (paid & rows.kept.notnull(), "recurring"),
        (paid & rows.refunded_at.notnull(), "recurring_refunded"),
        (paid & (cents > 0), "recurring_refunded_by_row"),
        else_="once",
    )
    rows = rows.mutate(cents=cents, part=part)
    return rows.group_by(["currency", "part"]).agg(n=rows.count(), cents=rows.cents.sum())


def totals(transactions: Any) -> Any:
    """Return rows and hundredths of the source's own rows: ``currency, n, cents``."""
    rows = transactions.mutate(cents=_cents(transactions))
    return rows.group_by("currency").agg(n=rows.count(), cents=rows.cents.sum())


def _cents(rows: Any) -> Any:
    return (rows.price.fill_null(0.0) * 100).round().cast("int64")
