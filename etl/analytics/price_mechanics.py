"""What an exchange's rules did to a price: suspensions, daily limits, abnormal fluctuation.

Functions take the bars of one share, sorted by day, as arrays of shape (n,); a missing value is
NaN and never decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import BoolArray, DateArray, IntArray

ADJUSTED_TOLERANCE = 0.003
"""How far an adjusted price may lie from its limit, as a ratio: additive adjustments for
dividends distort ratios, and the exact limit is rounded to a cent."""

_SINCE_2020_08_24 = np.datetime64("2020-08-24", "D")
_RULES: dict[str, tuple[tuple[np.datetime64 | None, int], ...]] = {
    "sse_main": ((None, 10),),
    "szse_main": ((None, 10),),
    "szse_chinext": ((None, 10), (_SINCE_2020_08_24, 20)),
    "sse_star": ((None, 20),),
}
"""Daily limit in percent of the previous close by board, each from the day it came into force.

Boards without a daily limit (Hong Kong, New York) are absent: their volatility control and
market-wide halts leave no trace in daily bars.
"""

RISK_WARNING_LIMIT_PCT = 5
"""Daily limit of main-board shares under a risk warning, in percent."""

_FLUCTUATION = {"sse_main": 0.20, "szse_main": 0.20, "szse_chinext": 0.30, "sse_star": 0.30}
_FLUCTUATION_DAYS = 3


@dataclass(frozen=True)
class Bars:
    """Daily bars of one share, arrays of shape (n,) sorted by day.

    ``raw_close`` is the close as traded, NaN where only adjusted bars are held; the other prices
    share one basis.
    """

    dates: DateArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    raw_close: FloatArray
    volume: FloatArray


@dataclass(frozen=True)
class LimitDays:
    """Days on which the price met its limit, arrays of shape (n,).

    Attributes
    ----------
    direction
        1 at the upper limit, −1 at the lower, 0 on other days.
    closed, locked
        Whether the close is the limit, and whether the whole day was (open = high = low =
        close); a day that is neither but has a direction only touched it.
    exact
        True where prices as traded decided, false where adjusted ones did within a tolerance.
    limit_rate
        The limit in force as a ratio, NaN where there is none.
    """

    direction: IntArray
    closed: BoolArray
    locked: BoolArray
    exact: BoolArray
    limit_rate: FloatArray


def limit_percent(board: str, dates: DateArray, *, risk_warning: bool = False) -> IntArray:
    """Return the daily limit in whole percent by day, shape (n,); 0 where there is none.

    Parameters
    ----------
    board
        Code as in the table ``instruments``; an unknown board has no limit.
    risk_warning
        Whether the share trades under a risk warning, which counts on the main boards only.

    Notes
    -----
    The first days after a listing, which have no limit on ChiNext and STAR, are not known here.
    """
    percent = np.zeros(dates.size, dtype=np.int64)
    for since, rate in _RULES.get(board, ()):
        in_force = np.ones(dates.size, dtype=np.bool_) if since is None else dates >= since
        percent[in_force] = rate
    if risk_warning and board in ("sse_main", "szse_main"):
        percent[:] = RISK_WARNING_LIMIT_PCT
    return percent


def limit_price_cents(previous_cents: IntArray, percent: IntArray) -> IntArray:
    """Return round(previous close × (1 + percent/100), 2) in cents, halves rounded up.

    Whole numbers, because 10.05 × 1.1 is 11.055 on paper and less than that in binary.
    """
    return (previous_cents * (100 + percent) + 50) // 100


def limit_days(bars: Bars, percent: IntArray) -> LimitDays:
    """Find the days on which the price met its daily limit.

    Parameters
    ----------
    percent
        Shape (n,), from :func:`limit_percent`.

    Notes
    -----
    With prices as traded the limit is exact to the cent. With adjusted bars only, a day counts
    when the change from the previous close lies within :data:`ADJUSTED_TOLERANCE` of the limit
    (and, for closing there, the close is the day's extreme). The first bar has no direction.
    """
    n_bars = bars.dates.size
    direction = np.zeros(n_bars, dtype=np.int64)
    closed = np.zeros(n_bars, dtype=np.bool_)
    has_raw = np.isfinite(bars.raw_close)
    exact = has_raw & np.append(False, has_raw[:-1])
    for sign, extreme in ((1, bars.high), (-1, bars.low)):
        touched, at_close = _met(bars, sign * percent, extreme, exact)
        met = touched & (percent > 0)
        # A day that touched both limits counts for the one it closed at.
        decides = met & ((direction == 0) | at_close)
        direction[decides] = sign
        closed = np.where(decides, at_close, closed)
    still = (bars.open == bars.close) & (bars.high == bars.low) & (bars.high == bars.close)
    rate = np.where(percent > 0, percent / 100, np.nan)
    return LimitDays(direction, closed, closed & still, exact & (direction != 0), rate)


def _met(
    bars: Bars, percent: IntArray, extreme: FloatArray, exact: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Return whether the extreme reached the limit and whether the close did, shape (n,) each."""
    with np.errstate(invalid="ignore", divide="ignore"):
        change_extreme = extreme / _previous(bars.close) - 1
        change_close = bars.close / _previous(bars.close) - 1
        to_raw = bars.raw_close / bars.close
        limit = percent / 100
        near_touch = np.abs(change_extreme - limit) <= ADJUSTED_TOLERANCE
        near_close = (np.abs(change_close - limit) <= ADJUSTED_TOLERANCE) & (bars.close == extreme)
    known = exact & np.isfinite(to_raw * extreme)
    limit_cents = limit_price_cents(_cents(np.where(exact, _previous(bars.raw_close), 0)), percent)
    extreme_cents = _cents(np.where(known, extreme * to_raw, 0))
    close_cents = _cents(np.where(exact, bars.raw_close, 0))
    at_close = (exact & (close_cents == limit_cents)) | (~exact & near_close)
    touched = (known & (extreme_cents == limit_cents)) | (~exact & near_touch)
    return touched | at_close, at_close


def runs(marked: BoolArray, shortest: int = 2) -> list[tuple[int, int]]:
    """Return first and last position of every run of at least ``shortest`` marked days."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int64), [0]])))
    pairs: list[list[int]] = edges.reshape(-1, 2).tolist()
    return [(first, end - 1) for first, end in pairs if end - first >= shortest]


def widened_window(
    window: tuple[int, int], trade_dates: DateArray, day_zero: np.datetime64, bound: DateArray
) -> tuple[int, int]:
    """Suggest a window in which the price could move freely for as many days as was meant.

    Parameters
    ----------
    window
        First and last day relative to day 0.
    trade_dates
        Shape (d,), the calendar of share and benchmark, sorted.
    day_zero
        Day 0, one of ``trade_dates``.
    bound
        Days on which the price could not move freely: closed at the limit, or suspended (with or
        without a bar). A limit that was touched and left again does not bind.

    Returns
    -------
    tuple of int
        The window with its last day moved on by the bound trading days from day 0 on, and by one
        where trading stood still without a bar, whose news the first bar after it carries;
        ``window`` itself where nothing binds. It may reach beyond the bars, where the event then
        cannot be measured.
    """
    first, last = window
    if last < 0:
        return window
    begin = int(np.searchsorted(trade_dates, day_zero))
    ahead = trade_dates[begin:]
    free = (~np.isin(ahead, bound)).cumsum()
    reached = np.flatnonzero(free == last + 1)
    missing = last + 1 - (int(free[-1]) if free.size else 0)
    until = int(reached[0]) if reached.size else ahead.size - 1 + missing
    inside = ahead[: until + 1]
    absent = np.setdiff1d(bound, trade_dates)
    stood_still = inside.size > 0 and bool(((absent > inside[0]) & (absent < inside[-1])).any())
    return first, until + int(stood_still)


LIMIT_IN_WINDOW = "limit_days_in_window"
LIMIT_IN_ESTIMATION = "limit_days_in_estimation"
LIMIT_RUN_IN_ESTIMATION = "limit_run_in_estimation"


def limit_flags(
    limit_dates: DateArray, trade_dates: DateArray, window: DateArray, estimation: DateArray
) -> list[str]:
    """Return the flags of one event whose windows hold limit days.

    Parameters
    ----------
    limit_dates
        Days on which the share touched its limit.
    trade_dates
        Shape (d,), the share's trading days, sorted: they tell a run from days apart.
    window, estimation
        First and last day (or all days) of the event window and of the estimation window.
    """
    flags: list[str] = []
    if _within(limit_dates, window).any():
        flags.append(LIMIT_IN_WINDOW)
    inside = limit_dates[_within(limit_dates, estimation)]
    if inside.size:
        flags.append(LIMIT_IN_ESTIMATION)
    if runs(np.isin(trade_dates, inside)):
        flags.append(LIMIT_RUN_IN_ESTIMATION)
    return flags


def _within(days: DateArray, span: DateArray) -> BoolArray:
    """Return which days lie between the first and last of ``span``; none if that is missing."""
    return (days >= span[0]) & (days <= span[-1])


def suspended_days(bars: Bars, benchmark_dates: DateArray) -> tuple[DateArray, DateArray]:
    """Return the days without a bar and the days with a bar but without trading.

    Parameters
    ----------
    benchmark_dates
        Trading days of the benchmark, sorted.

    Returns
    -------
    tuple of arrays of days
        Days the benchmark traded, between the first and last bar, that have no bar; and days
        whose volume is 0 while the price stood still. A volume of 0 beside a moving price, and
        a volume that is not known, are missing data, not a suspension.
    """
    if not bars.dates.size:
        return bars.dates, bars.dates
    within = (benchmark_dates > bars.dates[0]) & (benchmark_dates < bars.dates[-1])
    absent = np.setdiff1d(benchmark_dates[within], bars.dates)
    unmoved = (bars.close == _previous(bars.close)) & ~(bars.high > bars.low)
    return absent, bars.dates[(bars.volume == 0) & unmoved]


@dataclass(frozen=True)
class Fluctuations:
    """Days on which the exchange's abnormal-fluctuation rule is met.

    Attributes
    ----------
    days
        Shape (m,), last day of each stretch of three trading days.
    deviation
        Shape (m,), sum of the daily deviations from the benchmark, as a ratio.
    """

    days: DateArray
    deviation: FloatArray


def abnormal_fluctuations(
    dates: DateArray, stock: FloatArray, market: FloatArray, board: str
) -> Fluctuations:
    """Return the days whose three-day deviation from the benchmark reaches the board's bound.

    Parameters
    ----------
    dates, stock, market
        Shape (n,): common trading days and the simple returns on them.
    board
        ±20% on the main boards, ±30% on ChiNext and STAR; none elsewhere.

    Notes
    -----
    The exchange measures against its own board index and starts counting anew after a notice;
    any benchmark given here is a stand-in and every qualifying day is returned.
    """
    bound = _FLUCTUATION.get(board)
    if bound is None or dates.size < _FLUCTUATION_DAYS:
        return Fluctuations(dates[:0], np.empty(0))
    stretches: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(
        stock - market, _FLUCTUATION_DAYS
    )
    deviation = stretches.sum(axis=1)
    met = np.abs(deviation) >= bound
    return Fluctuations(dates[_FLUCTUATION_DAYS - 1 :][met], deviation[met])


def _previous(values: FloatArray) -> FloatArray:
    """Return the values of the bar before, NaN for the first."""
    return np.append(np.nan, values[:-1])


def _cents(values: FloatArray) -> IntArray:
    """Return finite prices in whole cents."""
    return np.rint(values * 100).astype(np.int64)
