"""Recurring revenue: its movements month by month, and whether all the money was counted."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.proportions import wilson

MOVEMENTS = ("new", "expansion", "reactivation", "contraction", "churn")
CENT = 0.005


class NotReconciledError(ValueError):
    """Parts do not add up to the whole."""


def mrr_table(movements: pd.DataFrame, n_months: int) -> pd.DataFrame:
    """Return monthly recurring revenue with its movements and rates.

    Parameters
    ----------
    movements
        As :func:`etl.marts.subscriptions.movements` gives them; months without a row had nothing.
    n_months
        Months asked for, positions 0 to ``n_months - 1``.

    Returns
    -------
    DataFrame
        ``position, opening, new, expansion, reactivation, contraction, churn, closing,
        n_subscribers, net_churn_rate, quick_ratio``. Net churn is what contraction and churn took
        less what expansion and reactivation brought, over the opening; the quick ratio is what
        came over what went; both are missing where they would divide by nothing.

    Raises
    ------
    NotReconciledError
        If a month does not open as the one before closed, or its movements do not lead from its
        opening to its closing, to the cent.
    """
    columns = ["opening", *MOVEMENTS, "closing", "n_subscribers"]
    known: Any = movements.set_index("position")[columns]
    frame: Any = known.reindex(range(n_months), fill_value=0).fillna(0.0)
    _require_chain(frame)
    came = frame["new"] + frame["expansion"] + frame["reactivation"]
    went = -(frame["contraction"] + frame["churn"])
    with np.errstate(divide="ignore", invalid="ignore"):
        net = (went - frame["expansion"] - frame["reactivation"]) / frame["opening"]
        quick = came / went
    return frame.assign(
        net_churn_rate=net.where(frame["opening"] > 0),
        quick_ratio=quick.where(went > 0),
    ).reset_index()


def _require_chain(frame: Any) -> None:
    led = frame["opening"] + sum(frame[name] for name in MOVEMENTS)
    before = frame["closing"].shift(fill_value=0.0)
    for month, closing, moved, opening, previous in zip(
        frame.index, frame["closing"], led, frame["opening"], before, strict=True
    ):
        if abs(closing - moved) > CENT:
            raise NotReconciledError(
                f"month {month} closes at {closing:.2f}, but its movements lead to {moved:.2f}"
            )
        if month > 0 and abs(opening - previous) > CENT:
            raise NotReconciledError(
                f"month {month} opens at {opening:.2f}, but the one before closed at {previous:.2f}"
            )


def reconcile(parts: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return what the source's money was counted as, after checking that nothing is missing.

    Parameters
    ----------
    parts
        ``currency, part, n, cents`` as the marts count them.
    totals
        ``currency, n, cents`` of the source's own rows, counted without the marts.

    Returns
    -------
    DataFrame
        ``currency, part, n, amount`` by currency and part, with a part ``total`` each.

    Raises
    ------
    NotReconciledError
        If parts and totals differ in any currency by a row or a cent.
    """
    counted: Any = parts.groupby("currency", dropna=False)[["n", "cents"]].sum()
    whole: Any = totals.groupby("currency", dropna=False)[["n", "cents"]].sum()
    for currency in dict.fromkeys([*whole.index, *counted.index]):
        here, there = _sums(counted, currency), _sums(whole, currency)
        if here != there:
            raise NotReconciledError(
                f"in {currency} the source has {there[0]:,} rows and {there[1] / 100:,.2f}, "
                f"counted were {here[0]:,} rows and {here[1] / 100:,.2f}"
            )
    both: Any = pd.concat([parts, totals.assign(part="total")], ignore_index=True)
    both = both.assign(amount=both["cents"].astype(np.float64) / 100)
    return both.sort_values(["currency", "part"], ignore_index=True)[
        ["currency", "part", "n", "amount"]
    ]


def _sums(frame: Any, currency: Any) -> tuple[int, int]:
    """Return rows and cents of a currency, nothing where it has none."""
    own = frame[frame.index.isna()] if pd.isna(currency) else frame[frame.index == currency]
    return int(own["n"].sum()), int(own["cents"].sum())


def renewal_table(counts: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Return renewal rates by product and renewal with Wilson intervals.

    Parameters
    ----------
    counts
        ``product_id, renewal, due, renewed``; the rate is a share of those before that renewal.

    Returns
    -------
    DataFrame
        ``product_id, renewal, due, renewed, renewal_rate, low, high``.
    """
    ordered: Any = counts.sort_values(["product_id", "renewal"], ignore_index=True)
    due, renewed = (ordered[name].to_numpy(np.float64) for name in ("due", "renewed"))
    low, high = wilson(renewed, due, level)
    rate = np.where(due > 0, renewed / np.where(due > 0, due, 1), np.nan)
    return ordered.assign(renewal_rate=rate, low=low, high=high)
