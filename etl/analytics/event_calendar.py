"""From prices to aligned windows: every event on the days its share and benchmark both traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray

Returns = Literal["log", "simple"]
DateArray = NDArray[np.datetime64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

MOVED = "moved_to_next_trading_day"
AFTER_CLOSE = "moved_to_next_session"
MOVED_FAR = "moved_more_than_14_days"

_FAR = np.timedelta64(14, "D")


@dataclass(frozen=True)
class Panel:
    """Prices or returns by day and ticker.

    Attributes
    ----------
    dates
        Shape (d,), sorted calendar days, ``datetime64[D]``.
    columns
        Ticker → its column.
    values
        Shape (d, tickers); missing (NaN) where there is no bar.
    bases
        Shape (d, tickers), code of the adjustment basis of each bar; no return is computed
        across a change.
    """

    dates: DateArray
    columns: dict[str, int]
    values: FloatArray
    bases: IntArray

    def until(self, day: np.datetime64) -> Panel:
        """Return what was known on ``day``: nothing after it."""
        kept = self.dates <= day
        return Panel(self.dates[kept], self.columns, self.values[kept], self.bases[kept])


def panel(
    tickers: NDArray[Any], dates: DateArray, values: FloatArray, bases: NDArray[Any] | None = None
) -> Panel:
    """Arrange long bars by day and ticker.

    Parameters
    ----------
    tickers, dates, values, bases
        Shape (n,) each; a missing value is no bar. ``bases`` names the adjustment of each bar.

    Raises
    ------
    ValueError
        If a ticker has two bars on one day, or a value is infinite.
    """
    days, day_of = np.unique(dates.astype("datetime64[D]"), return_inverse=True)
    names, column_of = np.unique(tickers.astype(str), return_inverse=True)
    cells = day_of * names.size + column_of
    if np.unique(cells).size != cells.size:
        raise ValueError("got two bars of one ticker on one day")
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise ValueError(f"got an infinite value of {tickers[row]} on {dates[row]}")
    matrix = np.full(days.size * names.size, np.nan)
    matrix[cells] = values
    codes = np.zeros(days.size * names.size, dtype=np.int64)
    if bases is not None:
        codes[cells] = np.unique(bases.astype(str), return_inverse=True)[1]
    shape = (days.size, names.size)
    columns = {str(name): index for index, name in enumerate(names)}
    return Panel(days, columns, matrix.reshape(shape), codes.reshape(shape))


@dataclass(frozen=True)
class PairBars:
    """Bars of a share, its benchmark and further factors on the trading days all have in common.

    Attributes
    ----------
    dates
        Shape (d,), sorted.
    values, bases
        Shape (d, 2 + factors), columns in that order; ``bases`` as in :class:`Panel`.
    left_out
        Days between the first and last common day on which share or benchmark has a bar, but
        not all of them: a suspension, a holiday of one market, a day that is missing.
    """

    dates: DateArray
    values: FloatArray
    bases: IntArray
    left_out: DateArray


def pair_bars(
    prices: Panel, ticker: str, benchmark: str, factors: tuple[str, ...] = ()
) -> PairBars:
    """Return the bars on the trading days that share, benchmark and factors have in common."""
    together = [prices.columns[name] for name in (ticker, benchmark, *factors)]
    values = prices.values[:, together]
    present = np.isfinite(values)
    common = np.asarray(present.all(axis=1), dtype=np.bool_)
    left_out = np.zeros_like(common)
    if common.any():
        first, last = np.flatnonzero(common)[[0, -1]]
        either = np.asarray(present[:, :2].any(axis=1), dtype=np.bool_)
        left_out[first:last] = either[first:last] & ~common[first:last]
    return PairBars(
        prices.dates[common],
        values[common],
        prices.bases[:, together][common],
        prices.dates[left_out],
    )


def require_positive(prices: Panel, columns: IntArray) -> None:
    """Refuse prices that are zero or negative in the given columns.

    Raises
    ------
    ValueError
        Naming the first such price, its ticker and its day.
    """
    wrong = prices.values <= 0
    if not wrong.any():
        return
    found = np.argwhere(wrong[:, columns])
    if found.size:
        day, column = int(found[0, 0]), int(columns[found[0, 1]])
        ticker = list(prices.columns)[list(prices.columns.values()).index(column)]
        raise ValueError(
            f"got the price {prices.values[day, column]:g} of {ticker} on {prices.dates[day]}, "
            "which is not positive"
        )


@dataclass(frozen=True)
class PairReturns:
    """Returns of a share, its benchmark and further factors on their common trading days.

    Attributes
    ----------
    dates, stock, market
        Shape (days,).
    factors
        Shape (days, factors).
    left_out
        As in :class:`PairBars`.
    """

    dates: DateArray
    stock: FloatArray
    market: FloatArray
    factors: FloatArray
    left_out: DateArray


def pair_returns(
    prices: Panel,
    ticker: str,
    benchmark: str,
    returns: Returns | None,
    factors: tuple[str, ...] = (),
) -> PairReturns:
    """Return the series on the trading days that share, benchmark and factors have in common.

    Parameters
    ----------
    prices
        Prices, or returns where ``returns`` is ``None``.
    returns
        Kind of return to compute, as a ratio; computed after the days are made common, so that
        all returns span the same days. ``None`` takes the values as the returns they are.

    Raises
    ------
    ValueError
        If a price is not positive.
    """
    bars = pair_bars(prices, ticker, benchmark, factors)
    dates, values = bars.dates, bars.values
    if returns is not None:
        names = (ticker, benchmark, *factors)
        require_positive(prices, np.array([prices.columns[name] for name in names]))
        change = np.diff(np.log(values), axis=0)
        if returns == "simple":
            change = values[1:] / values[:-1] - 1
        values = np.where(bars.bases[1:] == bars.bases[:-1], change, np.nan)
        dates = dates[1:]
    return PairReturns(dates, values[:, 0], values[:, 1], values[:, 2:], bars.left_out)


@dataclass(frozen=True)
class Layout:
    """Lengths of the windows in trading days: first and last event day, estimation, gap."""

    window: tuple[int, int]
    estimation: int
    gap: int

    @property
    def n_days(self) -> int:
        """L, the number of event days."""
        return self.window[1] - self.window[0] + 1


@dataclass(frozen=True)
class Placed:
    """Where n events lie on the calendar of one pair.

    Attributes
    ----------
    day_zero
        Shape (n,), position of day 0; meaningless where ``outside``.
    outside
        Shape (n,), whether the event lies outside the bars.
    traded
        Shape (n,), whether the event's own date is a trading day.
    n_estimation
        Shape (n,), estimation days there are, at most those asked for.
    reason
        Shape (n,), why an event cannot be measured; empty where it can.
    """

    day_zero: IntArray
    outside: BoolArray
    traded: BoolArray
    n_estimation: IntArray
    reason: NDArray[np.str_]


def place(dates: DateArray, event_dates: DateArray, after: BoolArray, layout: Layout) -> Placed:
    """Find day 0 of every event and whether its windows lie within the bars.

    Parameters
    ----------
    dates
        Shape (days,), days with a return of share and benchmark, sorted.
    event_dates
        Shape (n,). A day without trading moves to the next trading day.
    after
        Shape (n,), true for news after the close: a trading day then moves to the next one.
    """
    at_or_after = np.searchsorted(dates, event_dates, side="left")
    day_zero = np.where(after, np.searchsorted(dates, event_dates, side="right"), at_or_after)
    n_bars = dates.size
    first = day_zero + layout.window[0]
    available = np.clip(first - layout.gap, 0, layout.estimation)
    outside = day_zero >= n_bars
    if n_bars:
        outside |= event_dates < dates[0]
    apart = np.full(outside.shape, n_bars == 0)
    incomplete = (day_zero + layout.window[1] >= n_bars) | (first < 0)
    short = available < layout.estimation
    reason = np.select(
        [apart, outside, incomplete, short],
        [
            "benchmark_does_not_overlap",
            "event_outside_bars",
            "event_window_incomplete",
            "too_short_estimation_window",
        ],
        "",
    )
    available = np.where(outside, 0, available)
    traded = np.isin(event_dates, dates)
    return Placed(day_zero.astype(np.int64), outside, traded, available.astype(np.int64), reason)


def movements(event_dates: DateArray, day_zero: DateArray, traded: BoolArray) -> list[list[str]]:
    """Return for each event the flags that tell how its day 0 differs from its date.

    Parameters
    ----------
    event_dates, day_zero
        Shape (n,), days; a missing day 0 (NaT) has no flag.
    traded
        Shape (n,), whether the date itself is a trading day: then only news after its close
        moves on.
    """
    moved = day_zero > event_dates
    far = moved & (day_zero - event_dates > _FAR)
    flags = {MOVED: moved & ~traded, AFTER_CLOSE: moved & traded, MOVED_FAR: far}
    table = np.column_stack(list(flags.values()))
    names = np.array(list(flags))
    return [cast(list[str], names[row].tolist()) for row in table]
