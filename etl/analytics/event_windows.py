"""The windows of many events, cut from the bars pair by pair of share and benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import (
    BoolArray,
    DateArray,
    IntArray,
    Layout,
    PairReturns,
    Panel,
    Returns,
    pair_returns,
    place,
)
from etl.analytics.normal_return import Windows


@dataclass(frozen=True)
class Events:
    """n dated events, arrays of shape (n,).

    Attributes
    ----------
    tickers, benchmarks
        Tickers in the panel's notation.
    dates
        Day of each event, ``datetime64[D]``.
    price_selected
        True where the date was picked because the price moved.
    after
        True for news after the close.
    """

    tickers: NDArray[np.str_]
    benchmarks: NDArray[np.str_]
    dates: DateArray
    price_selected: BoolArray
    after: BoolArray

    def where(self, mask: BoolArray) -> Events:
        """Return the events where ``mask``, shape (n,), is true."""
        return Events(
            self.tickers[mask],
            self.benchmarks[mask],
            self.dates[mask],
            self.price_selected[mask],
            self.after[mask],
        )


@dataclass(frozen=True)
class Gathered:
    """Windows of n events with their days; the windows of rows with a reason are missing.

    Attributes
    ----------
    windows
        Returns of the estimation and event windows.
    estimation_dates, trade_dates
        Shapes (n, T) and (n, L), the days of both windows.
    day_zero
        Shape (n,), missing (NaT) where the event lies outside the bars.
    traded
        Shape (n,), whether the event's own date is a trading day.
    n_estimation
        Shape (n,), estimation days there are.
    reason
        Shape (n,), code of why there are no windows; empty where there are.
    """

    windows: Windows
    estimation_dates: DateArray
    trade_dates: DateArray
    day_zero: DateArray
    traded: BoolArray
    n_estimation: IntArray
    reason: NDArray[np.str_]


def gather(prices: Panel, events: Events, layout: Layout, returns: Returns | None) -> Gathered:
    """Cut the windows of all events; ``returns`` as in :func:`pair_returns`.

    Raises
    ------
    ValueError
        If a price that is used is not positive.
    """
    found = _nothing(events.dates.size, layout)
    pairs = np.column_stack([events.tickers, events.benchmarks])
    unique_pairs, pair_of = np.unique(pairs, axis=0, return_inverse=True)
    for index, (ticker, benchmark) in enumerate(unique_pairs.tolist()):
        rows = np.flatnonzero(pair_of.reshape(-1) == index)
        if ticker not in prices.columns:
            found.reason[rows] = "no_prices_for_ticker"
        elif benchmark not in prices.columns:
            found.reason[rows] = "no_prices_for_benchmark"
        else:
            pair = pair_returns(prices, ticker, benchmark, returns)
            _cut(found, rows, pair, events, layout)
    return found


def _nothing(n_events: int, layout: Layout) -> Gathered:
    """Return windows in which everything is missing."""

    def missing(n_days: int) -> FloatArray:
        return np.full((n_events, n_days), np.nan)

    def no_days(*shape: int) -> DateArray:
        return np.full(shape, "NaT", "datetime64[D]")

    n_estimation, n_days = layout.estimation, layout.n_days
    return Gathered(
        Windows(missing(n_estimation), missing(n_estimation), missing(n_days), missing(n_days)),
        no_days(n_events, n_estimation),
        no_days(n_events, n_days),
        no_days(n_events),
        np.zeros(n_events, dtype=np.bool_),
        np.zeros(n_events, dtype=np.int64),
        np.full(n_events, "", dtype="U32"),
    )


def _cut(
    found: Gathered, rows: IntArray, pair: PairReturns, events: Events, layout: Layout
) -> None:
    """Fill in the rows of one pair."""
    placed = place(pair, events.dates[rows], events.after[rows], layout)
    found.reason[rows], found.traded[rows] = placed.reason, placed.traded
    found.n_estimation[rows] = placed.n_estimation
    inside = placed.reason != "event_outside_bars"
    found.day_zero[rows[inside]] = pair.dates[placed.day_zero[inside]]
    whole = placed.reason == ""
    rows, event_start = rows[whole], placed.day_zero[whole] + layout.window[0]
    estimation_start = event_start - layout.gap - layout.estimation
    event = event_start[:, None] + np.arange(layout.n_days)
    estimation = estimation_start[:, None] + np.arange(layout.estimation)
    found.windows.stock_estimation[rows] = pair.stock[estimation]
    found.windows.market_estimation[rows] = pair.market[estimation]
    found.windows.stock_event[rows] = pair.stock[event]
    found.windows.market_event[rows] = pair.market[event]
    found.estimation_dates[rows], found.trade_dates[rows] = (
        pair.dates[estimation],
        pair.dates[event],
    )
