"""Trials, subscriptions with renewals, packs and refunds.

Renewals follow the shifted-beta-geometric law (Fader & Hardie 2007): each subscriber has a chance
theta ~ Beta(alpha, beta) not to renew, the same at every renewal. Only payments that are not
renewed are refunded, so the law of the renewals stays exact; a refund ends the access.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.simulate import world

NEVER = np.int64(2**62)
_HAND = {"trial": 0, "subscription": 1, "one_time": 2}
SOLD_AS = tuple(_HAND)

SALE = np.dtype(
    [
        ("user", "u4"),  # number within the block
        ("chain", "i8"),  # row of the first transaction of the same subscription, within the block
        ("at_ms", "i8"),
        ("expires_ms", "i8"),  # NEVER: no period
        ("unsubscribed_ms", "i8"),  # NEVER: not turned off within the history
        ("refunded_ms", "i8"),  # NEVER: this row is no refund
        ("renewal", "u2"),  # 1 is the first payment, 0 a trial or pack
        ("product", "u1"),
        ("sold_as", "u1"),
    ]
)
"""One transaction before it gets words and prices."""


@dataclass(frozen=True)
class Subscribers:
    """Users of a block who convert, one entry each; instants in ms since the first midnight.

    Attributes
    ----------
    user, day
        User within the block, and days after install on which the conversion happens.
    product, via_trial, pays
        What they take, whether through a trial, and whether anything is ever paid.
    n_payments
        Payments until the subscription ends, whether inside the history or not.
    unsubscribed_share, refund_days
        When in the last period renewal is turned off (0-1); days from the last payment to its
        refund, NaN where there is none.
    """

    user: np.ndarray
    day: np.ndarray
    product: np.ndarray
    via_trial: np.ndarray
    pays: np.ndarray
    n_payments: np.ndarray
    unsubscribed_share: np.ndarray
    refund_days: np.ndarray

    def first_payment_days(self) -> np.ndarray:
        """Return days from the conversion to the first payment."""
        return np.where(self.via_trial, world.TRIAL_DAYS, 0)

    def period_days(self) -> np.ndarray:
        """Return the length of one paid period in days."""
        return np.array([p.period_days for p in world.PRODUCTS])[self.product]

    def access_days(self) -> np.ndarray:
        """Return days from the conversion to the end of the access."""
        first, period = self.first_payment_days(), self.period_days()
        last = first + (self.n_payments - 1) * period
        end = np.where(np.isnan(self.refund_days), last + period, last + self.refund_days)
        return np.where(self.pays, end, world.TRIAL_DAYS)


def draw_subscribers(rng: np.random.Generator, user: np.ndarray, day: np.ndarray) -> Subscribers:
    """Draw how the subscriptions of converting users will go."""
    n = len(user)
    shares = [p.share for p in world.PRODUCTS]
    product = rng.choice(len(shares), size=n, p=shares)
    via_trial = rng.random(n) < world.TRIAL_SHARE
    pays = ~via_trial | (rng.random(n) < world.TRIAL_TO_PAID)
    alpha = np.array([p.renewal_alpha or 1.0 for p in world.PRODUCTS])[product]
    beta = np.array([p.renewal_beta or 1.0 for p in world.PRODUCTS])[product]
    theta = np.clip(rng.beta(alpha, beta), 1e-9, 1 - 1e-12)
    lasting = np.log(1 - rng.random(n)) / np.log1p(-theta)
    refund = rng.uniform(0.1, world.REFUND_DAYS, n)
    refund[rng.random(n) >= world.REFUND_RATE_LAST_PAYMENT] = np.nan
    return Subscribers(
        user,
        day,
        product,
        via_trial,
        pays,
        1 + np.minimum(np.floor(lasting), 5_000).astype(np.int64),
        rng.uniform(0.02, 0.98, n),
        refund,
    )


@dataclass(frozen=True)
class Access:
    """When each user of a block has what plan: instants in ms, NEVER where there is none."""

    begin_ms: np.ndarray
    paid_from_ms: np.ndarray
    end_ms: np.ndarray

    def plan(self, user: np.ndarray, at_ms: np.ndarray) -> np.ndarray:
        """Return the plan of users at instants, uint8."""
        paid = np.where(at_ms >= self.paid_from_ms[user], world.PRO, world.ON_TRIAL)
        inside = (at_ms >= self.begin_ms[user]) & (at_ms < self.end_ms[user])
        return np.where(inside, paid, world.FREE).astype(np.uint8)


def access(n_users: int, who: Subscribers, at_ms: np.ndarray) -> Access:
    """Return the plans of all users of a block, given when the subscribers converted."""
    begin, paid_from, end = (np.full(n_users, NEVER) for _ in range(3))
    begin[who.user] = at_ms
    first = at_ms + who.first_payment_days() * world.DAY_MS
    paid_from[who.user] = np.where(who.pays, first, NEVER)
    end[who.user] = at_ms + (who.access_days() * world.DAY_MS).astype(np.int64)
    return Access(begin, paid_from, end)


def _sales(n: int) -> np.ndarray:
    rows = np.zeros(n, SALE)
    for name in ("expires_ms", "unsubscribed_ms", "refunded_ms"):
        rows[name] = NEVER
    return rows


def subscription_sales(who: Subscribers, at_ms: np.ndarray, end_ms: int) -> np.ndarray:
    """Return the transactions of subscribers within the history, refunds after their payments.

    Parameters
    ----------
    who
        The subscribers, n.
    at_ms
        Instant of the conversion, shape (n,).
    end_ms
        End of the history; nothing later is known.
    """
    trials = _trials(who, at_ms)
    payments, subscriber = _payments(who, at_ms, end_ms)
    rows = np.concatenate([trials, payments])
    owner = np.concatenate([np.flatnonzero(who.via_trial), subscriber])
    first = np.full(len(who.user), -1, np.int64)
    first[owner[::-1]] = np.arange(len(rows))[::-1]  # the earliest row of each subscriber stays
    rows["chain"] = first[owner]
    rows["unsubscribed_ms"][rows["unsubscribed_ms"] >= end_ms] = NEVER
    days = np.where(rows["renewal"] == who.n_payments[owner], who.refund_days[owner], np.nan)
    return np.concatenate([rows, _refunds(rows, days, end_ms)])


def _trials(who: Subscribers, at_ms: np.ndarray) -> np.ndarray:
    taken = who.via_trial
    rows = _sales(int(taken.sum()))
    rows["user"], rows["product"] = who.user[taken], who.product[taken]
    rows["sold_as"], rows["at_ms"] = _HAND["trial"], at_ms[taken]
    length = world.TRIAL_DAYS * world.DAY_MS
    rows["expires_ms"] = rows["at_ms"] + length
    turned_off = (rows["at_ms"] + who.unsubscribed_share[taken] * length).astype(np.int64)
    rows["unsubscribed_ms"] = np.where(who.pays[taken], NEVER, turned_off)
    return rows


def _payments(who: Subscribers, at_ms: np.ndarray, end_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """Return payments within the history and the subscriber of each."""
    first = at_ms + who.first_payment_days() * world.DAY_MS
    period = who.period_days() * world.DAY_MS
    in_time = np.maximum(0, -((first - end_ms) // period))
    n = np.where(who.pays, np.minimum(who.n_payments, in_time), 0)
    subscriber = np.repeat(np.arange(len(n)), n)
    number = np.arange(len(subscriber)) - np.repeat(np.cumsum(n) - n, n)
    rows = _sales(len(subscriber))
    rows["user"], rows["product"] = who.user[subscriber], who.product[subscriber]
    rows["sold_as"], rows["renewal"] = _HAND["subscription"], number + 1
    rows["at_ms"] = first[subscriber] + number * period[subscriber]
    rows["expires_ms"] = rows["at_ms"] + period[subscriber]
    last = number + 1 == who.n_payments[subscriber]
    turned_off = rows["at_ms"] + who.unsubscribed_share[subscriber] * period[subscriber]
    rows["unsubscribed_ms"] = np.where(last, turned_off, NEVER).astype(np.int64)
    return rows, subscriber


def _refunds(rows: np.ndarray, days: np.ndarray, end_ms: int) -> np.ndarray:
    """Return refund rows: the payment again, with the instant the refund was processed."""
    at = rows["at_ms"] + np.nan_to_num(days) * world.DAY_MS
    given = ~np.isnan(days) & (at < end_ms)
    refunds = rows[given]
    refunds["refunded_ms"] = at[given].astype(np.int64)
    return refunds


def pack_sales(
    rng: np.random.Generator, user: np.ndarray, at_ms: np.ndarray, end_ms: int
) -> np.ndarray:
    """Return packs bought by ``user`` at ``at_ms``, then their refunds; chains are row numbers."""
    rows = _sales(len(user))
    rows["user"], rows["at_ms"] = user, at_ms
    rows["product"], rows["sold_as"] = world.PACK, _HAND["one_time"]
    rows["chain"] = np.arange(len(user))
    days = rng.uniform(0.1, world.REFUND_DAYS, len(user))
    days[rng.random(len(user)) >= world.REFUND_RATE_PACK] = np.nan
    return np.concatenate([rows, _refunds(rows, days, end_ms)])


def event_kinds(sales: np.ndarray) -> np.ndarray:
    """Return which event tells each transaction."""
    kind = np.where(sales["renewal"] > 1, world.RENEWAL, world.PURCHASE)
    kind = np.where(sales["sold_as"] == _HAND["trial"], world.TRIAL, kind)
    return np.where(sales["refunded_ms"] != NEVER, world.REFUND, kind)
