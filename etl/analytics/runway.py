"""How long cash lasts where stores pay later than users: by the day, then told by month.

A month's proceeds and costs accrue evenly over its days. Proceeds become cash after the payout lag
of their store, costs are paid after their own lag, refunds leave on the day they are processed.
Amounts are in one currency, which the caller keeps.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import calendar
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from etl.analytics.distributions import FloatArray

CountedFrom = Literal["sale", "month_end"]
_ROUNDING = 1e-12


@dataclass(frozen=True)
class StoreProceeds:
    """What a store owes and when it pays.

    Attributes
    ----------
    store
        Its name, once in a plan.
    monthly
        Net proceeds of each month's sales, before refunds, 0 or more.
    payout_lag_days
        Whole days until they are paid, 0 or more.
    counted_from
        Days are counted from the day of the ``sale``, or from the last day of its month
        (``month_end``), as the App Store's terms do.
    refunds
        Amounts of each month, 0 or more, on the day they are processed whenever the sale was;
        left out there are none.
    """

    store: str
    monthly: tuple[float, ...]
    payout_lag_days: int
    counted_from: CountedFrom = "sale"
    refunds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _check_amounts(f"proceeds of {self.store}", self.monthly)
        _check_amounts(f"refunds of {self.store}", self.refunds)
        _check_lag(self.store, self.payout_lag_days)
        if self.counted_from not in ("sale", "month_end"):
            raise ValueError(f"got counted_from {self.counted_from!r}; expected sale or month_end")


@dataclass(frozen=True)
class RunningCost:
    """What is spent month by month.

    Attributes
    ----------
    name
        Once in a plan.
    monthly
        Incurred in each month, 0 or more.
    payment_lag_days
        Whole days from each day's cost until it is paid, 0 or more.
    """

    name: str
    monthly: tuple[float, ...]
    payment_lag_days: int = 0

    def __post_init__(self) -> None:
        _check_amounts(f"costs of {self.name}", self.monthly)
        _check_lag(self.name, self.payment_lag_days)


@dataclass(frozen=True)
class DatedPayment:
    """Cash on one day: in above 0 (owed from before the first month, a loan), out below 0."""

    name: str
    on: date
    amount: float


@dataclass(frozen=True)
class CashPlan:
    """What comes and goes from the first day of a month on.

    Attributes
    ----------
    first_month
        Any day of it.
    opening_cash
        Before its first day.
    proceeds, costs
        All over the same number of months, at least one; that many are looked at.
    payments
        Within those months.
    """

    first_month: date
    opening_cash: float
    proceeds: tuple[StoreProceeds, ...]
    costs: tuple[RunningCost, ...]
    payments: tuple[DatedPayment, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(amounts) for amounts in self._all_amounts()}
        if len(lengths) != 1 or 0 in lengths:
            raise ValueError(
                f"got amounts of {sorted(lengths)} months; expected the same number, at least 1"
            )
        for names in ([p.store for p in self.proceeds], [c.name for c in self.costs]):
            if len(set(names)) < len(names):
                raise ValueError(f"got the names {names}; expected each once")
        if not math.isfinite(self.opening_cash):
            raise ValueError(f"got an opening cash of {self.opening_cash}; expected a number")
        days = _Days.of(self)
        for payment in self.payments:
            if not (days.first <= payment.on <= days.last and math.isfinite(payment.amount)):
                raise ValueError(
                    f"got {payment}; expected an amount between {days.first} and {days.last}"
                )

    @property
    def n_months(self) -> int:
        """Return how many months are looked at."""
        return len(next(iter(self._all_amounts())))

    def _all_amounts(self) -> list[tuple[float, ...]]:
        given = [*(p.monthly for p in self.proceeds), *(c.monthly for c in self.costs)]
        return given + [p.refunds for p in self.proceeds if p.refunds]


@dataclass(frozen=True)
class Runway:
    """How cash goes.

    Attributes
    ----------
    days
        One row a day: ``date, proceeds_earned, proceeds_received, refunds, costs_incurred,
        costs_paid, payments, cash`` (at its end), ``receivables, payables, working_capital``.
    months
        The same summed by ``month`` (its first day); ``cash, receivables, payables,
        working_capital`` are those at its end, ``lowest_cash`` the lowest end of a day.
    by_store
        ``month, store, proceeds_earned, proceeds_received, refunds, receivables``.
    lowest_cash, lowest_on, lowest_month
        At the end of which day it is lowest (the first such), and that day's month.
    below_zero_on, below_zero_month
        First day that ends below zero, and its month; ``None`` where none does.
    most_working_capital, most_working_capital_on
        The most cash that lags hold back, receivables less payables, and when.
    receivables_at_end, payables_at_end
        Earned and not yet received, incurred and not yet paid, when the months end.
    """

    days: pd.DataFrame
    months: pd.DataFrame
    by_store: pd.DataFrame
    lowest_cash: float
    lowest_on: date
    lowest_month: date
    below_zero_on: date | None
    below_zero_month: date | None
    most_working_capital: float
    most_working_capital_on: date
    receivables_at_end: float
    payables_at_end: float


def month_after(day: date, months: int) -> date:
    """Return the first day of the month so many months after that of a day; 0 for its own."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def runway(plan: CashPlan) -> Runway:
    """Return how cash goes day by day and month by month.

    Parameters
    ----------
    plan
        What is checked when it is made; nothing more is refused here.

    Notes
    -----
    Opening cash + received − refunds − paid + payments = closing cash, and earned = received +
    receivables, on every day.
    """
    days = _Days.of(plan)
    by_store = {p.store: _store_days(p, days) for p in plan.proceeds}
    frame = _daily(plan, days, list(by_store.values()))
    cash = frame["cash"].to_numpy()
    lowest = int(cash.argmin())
    turnover = frame[["proceeds_received", "refunds", "costs_paid", "payments"]].abs().sum().sum()
    # Cash that ought to be zero is so but for rounding.
    below = np.flatnonzero(cash < -_ROUNDING * (abs(plan.opening_cash) + turnover))
    first_below = days.dates[below[0]] if below.size else None
    most = int(frame["working_capital"].to_numpy().argmax())
    return Runway(
        days=frame,
        months=_monthly(frame, days),
        by_store=_monthly_by_store(by_store, days),
        lowest_cash=float(cash[lowest]),
        lowest_on=days.dates[lowest],
        lowest_month=days.dates[lowest].replace(day=1),
        below_zero_on=first_below,
        below_zero_month=first_below.replace(day=1) if first_below else None,
        most_working_capital=float(frame["working_capital"].iloc[most]),
        most_working_capital_on=days.dates[most],
        receivables_at_end=float(frame["receivables"].iloc[-1]),
        payables_at_end=float(frame["payables"].iloc[-1]),
    )


@dataclass(frozen=True)
class _Days:
    """The days of a plan: each one's month, from 0, and the days of each month."""

    dates: list[date]
    month_of: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, plan: CashPlan) -> _Days:
        dates: list[date] = []
        lengths: list[int] = []
        for number in range(plan.n_months):
            first = month_after(plan.first_month, number)
            lengths.append(calendar.monthrange(first.year, first.month)[1])
            dates += [first.replace(day=day) for day in range(1, lengths[-1] + 1)]
        return cls(dates, np.repeat(np.arange(plan.n_months), lengths), np.array(lengths))

    @property
    def first(self) -> date:
        return self.dates[0]

    @property
    def last(self) -> date:
        return self.dates[-1]

    @property
    def months(self) -> list[date]:
        return [day for day in self.dates if day.day == 1]

    def spread(self, monthly: Sequence[float]) -> FloatArray:
        """Return each month's amount evenly over its days; nothing where no month has any."""
        if not monthly:
            return np.zeros(len(self.dates))
        return (np.asarray(monthly, dtype=float) / self.lengths)[self.month_of]

    def later(self, amounts: FloatArray, lag_days: int, counted_from: CountedFrom) -> FloatArray:
        """Return amounts by the day they are paid; those paid after the last day are not there."""
        from_day = np.arange(len(self.dates))
        if counted_from == "month_end":
            from_day = (np.cumsum(self.lengths) - 1)[self.month_of]
        paid_on = from_day + lag_days
        seen = paid_on < len(self.dates)
        paid = np.zeros(len(self.dates))
        np.add.at(paid, paid_on[seen], amounts[seen])
        return paid


def _store_days(proceeds: StoreProceeds, days: _Days) -> pd.DataFrame:
    earned = days.spread(proceeds.monthly)
    received = days.later(earned, proceeds.payout_lag_days, proceeds.counted_from)
    return pd.DataFrame(
        {
            "proceeds_earned": earned,
            "proceeds_received": received,
            "refunds": days.spread(proceeds.refunds),
            "receivables": _outstanding(earned, received),
        }
    )


def _daily(plan: CashPlan, days: _Days, stores: list[pd.DataFrame]) -> pd.DataFrame:
    nothing = np.zeros(len(days.dates))
    incurred = [days.spread(cost.monthly) for cost in plan.costs]
    paid = [
        days.later(amounts, cost.payment_lag_days, "sale")
        for cost, amounts in zip(plan.costs, incurred, strict=True)
    ]
    payments = nothing.copy()
    for payment in plan.payments:
        payments[(payment.on - days.first).days] += payment.amount
    frame = pd.DataFrame({"date": days.dates})
    for name in ("proceeds_earned", "proceeds_received", "refunds"):
        frame[name] = sum((store[name].to_numpy() for store in stores), nothing)
    frame["costs_incurred"] = sum(incurred, nothing)
    frame["costs_paid"] = sum(paid, nothing)
    frame["payments"] = payments
    change = frame["proceeds_received"] - frame["refunds"] - frame["costs_paid"] + payments
    frame["cash"] = plan.opening_cash + change.cumsum()
    frame["receivables"] = sum((store["receivables"].to_numpy() for store in stores), nothing)
    frame["payables"] = sum(map(_outstanding, incurred, paid), nothing)
    frame["working_capital"] = frame["receivables"] - frame["payables"]
    return frame


def _outstanding(owed: FloatArray, settled: FloatArray) -> FloatArray:
    """Return what is owed and not settled at each day's end, zero where it is so but for rounding.

    The same amounts are added up in another order, so that a settled sum may be a trifle off.
    """
    total = np.cumsum(owed)
    left = total - np.cumsum(settled)
    return np.where(left <= _ROUNDING * total, 0.0, left)


def _monthly(frame: pd.DataFrame, days: _Days) -> pd.DataFrame:
    by_month: Any = frame.groupby(days.month_of)
    flows = ["proceeds_earned", "proceeds_received", "refunds", "costs_incurred", "costs_paid"]
    months = by_month[[*flows, "payments"]].sum()
    months.insert(0, "month", days.months)
    months["cash"] = by_month["cash"].last()
    months["lowest_cash"] = by_month["cash"].min()
    for name in ("receivables", "payables", "working_capital"):
        months[name] = by_month[name].last()
    return months.reset_index(drop=True)


def _monthly_by_store(stores: dict[str, pd.DataFrame], days: _Days) -> pd.DataFrame:
    names = ["month", "store", "proceeds_earned", "proceeds_received", "refunds", "receivables"]
    parts: list[pd.DataFrame] = []
    for store, frame in stores.items():
        by_month: Any = frame.groupby(days.month_of)
        part = by_month[["proceeds_earned", "proceeds_received", "refunds"]].sum()
        part["receivables"] = by_month["receivables"].last()
        parts.append(part.assign(month=days.months, store=store))
    if not parts:
        return pd.DataFrame(columns=names)
    return pd.concat(parts, ignore_index=True).reindex(columns=names)


def _check_amounts(what: str, monthly: Sequence[float]) -> None:
    for month, amount in enumerate(monthly, start=1):
        if not (math.isfinite(amount) and amount >= 0):
            raise ValueError(f"got {what} {amount} in month {month}; expected 0 or more")


def _check_lag(what: str, lag_days: int) -> None:
    if lag_days < 0 or lag_days != int(lag_days):
        raise ValueError(f"got a lag of {lag_days} days for {what}; expected whole days, 0 or more")
