"""What a stream of payments is worth: present value, rates of return, payback.

Flows are in one currency, out negative and in positive. Those without dates are one period apart
and the first lies at t = 0; dated ones are counted in days over 365 from the first date given, in
any order, several on a day too. Rates are of one period, or of a year where there are dates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyxirr

from etl.analytics.discount_roots import roots
from etl.analytics.distributions import FloatArray

DAYS_PER_YEAR = 365
"""Act/365, as XIRR counts in spreadsheets: a leap year is longer than a year."""
_ROUNDING = 1e-12
_NOTHING = 4 * float(np.finfo(np.float64).eps)
"""1 plus less than this is not told from 1."""

REASONS = {
    "one_sign": "all flows have the same sign: no rate brings them to zero",
    "no_flow": "all flows are 0: every rate brings them to zero",
    "no_rate": "flows change sign, yet their present value is zero at no rate above -1",
    "out_of_range": "the rate is too near -1 or too large for a number to hold",
    "several_rates": "several rates bring the present value to zero: read the present value",
    "never_back": "what was paid out never comes back",
    "never_out": "the sum of the flows is never below zero: nothing has to come back",
    "several_times": "the sum turns non-negative several times: this is the last of them",
    "below_again": "the sum falls below zero again afterwards, and ends there",
    "no_outlay": "the first flow is no outlay",
    "too_large": "the amount is too large for a number to hold",
    "no_dates": "the flows have no dates",
}
"""Why a figure is missing, or what to know about it."""


@dataclass(frozen=True)
class Figure:
    """A figure, or why there is none.

    Attributes
    ----------
    value
        ``None`` where there is none.
    reason
        A key of :data:`REASONS`: why there is none, or what must be said beside it; else empty.
    """

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class ReturnRates:
    """Internal rates of return.

    Attributes
    ----------
    roots
        Every real rate above −1 at which the present value is zero, rising; a double one once.
    value
        The one nearest zero, the higher of two that are equally near; ``None`` without any.
    reason
        As in :class:`Figure`; ``several_rates`` where the rate is not the only one.
    """

    roots: tuple[float, ...]
    value: float | None
    reason: str = ""


def npv(flows: Sequence[float], rate: float) -> float:
    """Return the net present value; the first flow is not discounted.

    Parameters
    ----------
    flows
        At least one, a period apart. Spreadsheets discount the first one by a period: give theirs
        a leading 0.
    rate
        Of a period, above −1.

    Returns
    -------
    float
        Infinite or NaN where it exceeds what a number can hold.

    Raises
    ------
    ValueError
        Flows that are no finite numbers, or a rate of −1 or less.
    """
    checked_rate(rate)
    amounts = _checked(flows)
    return _summed(_number(pyxirr.npv(rate, amounts.tolist())), amounts)


def xnpv(flows: Sequence[float], dates: Sequence[date], rate: float) -> float:
    """Return the net present value on the first date, by Act/365.

    Parameters
    ----------
    flows
        At least one.
    dates
        As many, none before the first.
    rate
        Of a year, above −1.

    Raises
    ------
    ValueError
        As :func:`npv`, or dates before the first one, or not as many as the flows.
    """
    checked_rate(rate)
    years = years_from_first(dates, len(flows))
    amounts = _checked(flows)
    with np.errstate(over="ignore", invalid="ignore"):
        return _summed(float((amounts / (1 + rate) ** years).sum()), amounts)


def _summed(value: float, amounts: FloatArray) -> float:
    """Return a present value, 0 where it is so but for rounding."""
    return 0.0 if abs(value) < _NOTHING * float(np.abs(amounts).max()) else value


def irr(flows: Sequence[float]) -> ReturnRates:
    """Return the internal rates of return of flows a period apart; raises as :func:`npv`."""
    amounts = _checked(flows)
    return _rates(amounts, np.arange(amounts.size, dtype=np.float64))


def xirr(flows: Sequence[float], dates: Sequence[date]) -> ReturnRates:
    """Return the internal rates of return, of a year, of dated flows; raises as :func:`xnpv`."""
    amounts, years = _checked(flows), years_from_first(dates, len(flows))
    times, of_day = np.unique(years, return_inverse=True)
    of_times: FloatArray = np.zeros(times.size)
    np.add.at(of_times, of_day, amounts)
    return _rates(of_times, times)


def _rates(amounts: FloatArray, times: FloatArray) -> ReturnRates:
    if not amounts.any():
        return ReturnRates((), None, "no_flow")
    if amounts.min() >= 0 or amounts.max() <= 0:
        return ReturnRates((), None, "one_sign")
    with np.errstate(over="ignore"):
        rates: FloatArray = np.expm1(roots(amounts, times))
    rates = np.where(np.abs(rates) < _NOTHING, 0.0, rates)
    held = rates[np.isfinite(rates) & (rates > -1)]
    if not held.size:
        return ReturnRates((), None, "out_of_range" if rates.size else "no_rate")
    found = tuple(held.tolist())
    nearest = min(reversed(found), key=abs)
    return ReturnRates(found, nearest, "several_rates" if rates.size > 1 else "")


def mirr(flows: Sequence[float], finance_rate: float, reinvest_rate: float) -> Figure:
    """Return the modified internal rate of return of flows a period apart.

    What is paid out is discounted to the start at ``finance_rate``, what comes in is carried to the
    end at ``reinvest_rate``; the rate leads from the one to the other (Lin 1976). Raises as
    :func:`npv`.
    """
    checked_rate(finance_rate)
    checked_rate(reinvest_rate)
    amounts = _checked(flows)
    if not amounts.any():
        return Figure(None, "no_flow")
    if amounts.min() >= 0 or amounts.max() <= 0:
        return Figure(None, "one_sign")
    value = _number(pyxirr.mirr(amounts.tolist(), finance_rate, reinvest_rate))
    return Figure(value) if math.isfinite(value) else Figure(None, "too_large")


def payback(flows: Sequence[float]) -> Figure:
    """Return after how many periods the flows have paid themselves back.

    Parameters
    ----------
    flows
        A period apart; each comes in evenly over the period that it ends.

    Returns
    -------
    Figure
        The last time the sum of the flows so far turns from below zero to zero or above, whatever
        follows (the reason says what does); 0 where it is never below zero.

    Raises
    ------
    ValueError
        Flows that are no finite numbers.
    """
    return _payback(_checked(flows))


def payback_turns(flows: Sequence[float]) -> tuple[float, ...]:
    """Return every time, in periods, at which the sum of the flows turns non-negative, rising.

    The first is when the money is back for the first time, the last is :func:`payback`; without any
    it never comes back, or was never out. Raises as :func:`payback`.
    """
    return _turns(_running_sum(_checked(flows)))


def discounted_payback(flows: Sequence[float], rate: float) -> Figure:
    """Return the payback of the flows discounted at ``rate``; see :func:`payback`.

    Raises
    ------
    ValueError
        As :func:`npv`.
    """
    checked_rate(rate)
    amounts = _checked(flows)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        discounted = amounts / (1 + rate) ** np.arange(amounts.size)
    discounted = np.where(amounts == 0, 0.0, discounted)
    if not np.isfinite(discounted).all():
        return Figure(None, "too_large")
    return _payback(discounted)


def _payback(flows: FloatArray) -> Figure:
    total = _running_sum(flows)
    if total.min() >= 0:
        return Figure(0.0, "never_out")
    turns = _turns(total)
    if not turns:
        return Figure(None, "never_back")
    if total[-1] < 0:
        return Figure(turns[-1], "below_again")
    return Figure(turns[-1], "several_times" if len(turns) > 1 else "")


def _running_sum(flows: FloatArray) -> FloatArray:
    total = np.cumsum(flows)
    # A sum of decimals that ought to be zero is so but for rounding.
    return np.where(np.abs(total) <= _ROUNDING * np.cumsum(np.abs(flows)), 0.0, total)


def _turns(total: FloatArray) -> tuple[float, ...]:
    turned = np.flatnonzero((total[:-1] < 0) & (total[1:] >= 0))
    below, above = total[turned], total[turned + 1]
    return tuple(
        int(n) + float(low / (low - high))
        for n, low, high in zip(turned, below, above, strict=True)
    )


def profitability_index(flows: Sequence[float], rate: float) -> Figure:
    """Return the present value of all later flows over the outlay at t = 0; raises as npv."""
    outlay = -_checked(flows)[0]
    if not outlay > 0:
        return Figure(None, "no_outlay")
    value = (npv(flows, rate) + outlay) / outlay
    return Figure(float(value)) if math.isfinite(value) else Figure(None, "too_large")


def years_from_first(dates: Sequence[date], n_flows: int) -> FloatArray:
    """Return the days from the first date given over 365, 0 or more, shape (n,).

    Raises
    ------
    ValueError
        Dates before the first, whose day the value is of, or not as many as the flows.
    """
    if len(dates) != n_flows:
        raise ValueError(f"got {len(dates)} dates for {n_flows} flows; expected one date a flow")
    if dates and min(dates) < dates[0]:
        raise ValueError(f"got {min(dates)} after {dates[0]}; expected none before the first date")
    return np.array([(day - dates[0]).days for day in dates]) / DAYS_PER_YEAR


def checked_rate(rate: float) -> None:
    """Raise ValueError unless a rate is a finite number above −1."""
    if not (math.isfinite(rate) and rate > -1):
        raise ValueError(f"got a rate of {rate}; expected a number above -1")


def _checked(flows: Sequence[float]) -> FloatArray:
    amounts = np.asarray(flows, dtype=np.float64)
    if amounts.ndim != 1 or not amounts.size or not np.isfinite(amounts).all():
        raise ValueError(f"got the flows {list(flows)}; expected at least one finite number")
    return amounts


def _number(value: float | None) -> float:
    return math.nan if value is None else value
