"""Recurring revenue month by month, renewals, trials, and whether every cent was counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth import asking
from etl.analytics.proportions import wilson
from etl.analytics.subscriptions import (
    MOVEMENTS,
    NotReconciledError,
    mrr_table,
    reconcile,
    renewal_table,
)
from etl.errors import ArtonomicsError, InputError
from etl.marts import subscriptions as marts

MOVEMENT_NAMES = MOVEMENTS
"""How recurring revenue moves."""


class UnreconciledError(ArtonomicsError):
    """Money that was counted differs from the source's."""


@dataclass(frozen=True)
class SubscriptionStudy:
    """Recurring revenue of one source of transactions.

    Attributes
    ----------
    movements
        ``month`` (first day), ``opening, new, expansion, reactivation, contraction, churn,
        closing, n_subscribers, net_churn_rate, quick_ratio`` in US dollars, whole months alone.
    mix
        ``month, product_id, n, mrr, share``.
    renewals
        ``product_id, renewal, due, renewed, renewal_rate, low, high``.
    trials
        ``product_id, n_trials, n_ended, n_cancelled, n_paid, n_kept, paid_share, low, high``
        (shares of the trials that ended).
    money
        ``currency, part, n, amount``, reconciled to the cent.
    doubts
        ``code, n``: transactions that were left out or look wrong.
    until
        Instant the data reach.
    """

    movements: pd.DataFrame
    mix: pd.DataFrame
    renewals: pd.DataFrame
    trials: pd.DataFrame
    money: pd.DataFrame
    doubts: pd.DataFrame
    until: datetime
    evidence_kind: str


def reach(reader: Reader, source: str, *, until: datetime | None = None) -> tuple[date, datetime]:
    """Return the first day of a source of transactions, and the instant its data reach.

    That is the end of the last day anything happened on, unless ``until`` says that the source is
    known to reach further: what fell due later cannot be told from what was never exported.

    Raises
    ------
    InputError
        If the source has no transactions.
    """
    found = reader.query(
        "SELECT min(purchased_at)::DATE AS first, greatest(max(purchased_at), max(refunded_at), "
        "max(unsubscribed_at))::DATE AS last FROM subscription_transactions WHERE source = ?",
        [source],
    )
    if found.empty or pd.isna(found["first"].iloc[0]):
        raise InputError(
            f"got the transactions of {source!r}, which has none",
            "an imported source of transactions",
            "import them with `artonomics import subscriptions`",
        )
    first, last = (asking.as_date(found[name].iloc[0]) for name in ("first", "last"))
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC)
    return first, max(end, until) if until else end


def subscription_study(
    reader: Reader, source: str, until: datetime | None = None
) -> SubscriptionStudy:
    """Measure recurring revenue.

    Raises
    ------
    UnreconciledError
        If what was counted differs from the source by a row or a cent in any currency, or the
        movements of a month do not lead from its opening to its closing.
    InputError
        If the source has no transactions.
    """
    first, end = reach(reader, source, until=until)
    own = asking.transactions(source)
    months = _months(first, end)
    try:
        money = reconcile(
            asking.ask(reader, marts.booked(own)), asking.ask(reader, marts.totals(own))
        )
        movements, mix = _revenue(reader, own, months)
    except NotReconciledError as problem:
        raise UnreconciledError(
            f"got money that does not add up: {problem}",
            "every cent of the source counted once",
            "look for doubled or changed transactions of this source on the Data page",
            code="NOT_RECONCILED",
        ) from problem
    limit = asking.instant(end)
    kinds = reader.query(
        "SELECT min(evidence_kind) AS kind FROM subscription_transactions WHERE source = ?",
        [source],
    )
    return SubscriptionStudy(
        movements=movements,
        mix=mix,
        renewals=renewal_table(asking.ask(reader, marts.renewal_counts(own, limit))),
        trials=_trials(asking.ask(reader, marts.trial_outcomes(own, limit))),
        money=money,
        doubts=_doubts(reader, source),
        until=end,
        evidence_kind=str(kinds["kind"].iloc[0]),
    )


def _months(first: date, end: datetime) -> list[date]:
    """Return the first days of the months that follow each whole month of the data."""
    begin: Any = pd.Period(first, "M")
    last = pd.Period(end.date(), "M")
    return [month.start_time.date() for month in pd.period_range(begin + 1, last, freq="M")]


def _revenue(reader: Reader, own: Any, months: list[date]) -> tuple[pd.DataFrame, pd.DataFrame]:
    if not months:
        return pd.DataFrame(), pd.DataFrame()
    revenue = marts.monthly_revenue(marts.paid_periods(own), months)
    moved = asking.ask(reader, marts.movements(revenue, len(months)))
    names: Any = pd.to_datetime(months) - pd.DateOffset(months=1)
    movements = mrr_table(moved, len(months)).assign(month=names)
    mix: Any = asking.ask(reader, marts.plan_mix(revenue))
    mix = mix.sort_values(["position", "product_id"], ignore_index=True)
    total = mix.groupby("position")["mrr"].transform("sum")
    mix = mix.assign(month=[names[i] for i in mix["position"]], share=mix["mrr"] / total)
    return movements, mix


def _trials(found: pd.DataFrame) -> pd.DataFrame:
    ended, paid = (found[name].fillna(0).to_numpy(np.float64) for name in ("n_ended", "n_paid"))
    low, high = wilson(paid, ended)
    share = np.where(ended > 0, paid / np.where(ended > 0, ended, 1), np.nan)
    return found.assign(paid_share=share, low=low, high=high).sort_values(
        "product_id", ignore_index=True
    )


def _doubts(reader: Reader, source: str) -> pd.DataFrame:
    """Count what the tables above leave out or cannot vouch for."""
    return reader.query(
        """
        WITH own AS (
            SELECT *, coalesce(original_transaction_id, transaction_id) AS chain
            FROM subscription_transactions WHERE source = $1
        ), paid AS (
            FROM own WHERE product_kind = 'subscription' AND price > 0
            AND NOT coalesce(is_sandbox, false)
        )
        SELECT * FROM (
            SELECT 'sandbox' AS code, count(*) AS n FROM own WHERE is_sandbox
            UNION ALL SELECT 'without_price', count(*) FROM own WHERE price IS NULL
            UNION ALL SELECT 'without_usd', count(*) FROM paid WHERE price_usd IS NULL
            UNION ALL SELECT 'without_period', count(*) FROM paid
                WHERE expires_at IS NULL OR period_months IS NULL
            UNION ALL SELECT 'unknown_kind', count(*) FROM own WHERE product_kind = 'unknown'
            UNION ALL SELECT 'negative_without_refund', count(*) FROM own
                WHERE price < 0 AND refunded_at IS NULL
            UNION ALL SELECT 'overlapping', count(DISTINCT a.user_id) FROM paid a JOIN paid b
                ON a.user_id = b.user_id AND a.chain < b.chain
                AND a.purchased_at < b.expires_at AND b.purchased_at < a.expires_at
        ) WHERE n > 0 ORDER BY code
        """,
        [source],
    )
