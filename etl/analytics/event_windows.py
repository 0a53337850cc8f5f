"""The windows of many events, cut from the bars pair by pair of share and benchmark."""

from __future__ import annotations

from collections.abc import Iterator
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
    common_bars
        Shape (n, 2), first and last day on which share, benchmark and factors all have a return.
    left_out
        For each event the days between its first estimation and last event day that share or
        benchmark traded but not all of share, benchmark and factors.
    reason
        Shape (n,), code of why there are no windows; empty where there are.
    """

    windows: Windows
    estimation_dates: DateArray
    trade_dates: DateArray
    day_zero: DateArray
    traded: BoolArray
    n_estimation: IntArray
    common_bars: DateArray
    left_out: list[DateArray]
    reason: NDArray[np.str_]


def by_pair(events: Events) -> Iterator[tuple[str, str, IntArray]]:
    """Yield each pair of share and benchmark with the positions of its events."""
    pairs = np.column_stack([events.tickers, events.benchmarks])
    unique_pairs, pair_of = np.unique(pairs, axis=0, return_inverse=True)
    groups = positions_by_group(pair_of.reshape(-1))
    for (ticker, benchmark), rows in zip(unique_pairs.tolist(), groups, strict=True):
        yield ticker, benchmark, rows


def positions_by_group(group: IntArray) -> list[IntArray]:
    """Return the positions of each group 0, 1, … of ``group``, shape (n,), in their order."""
    if not group.size:
        return []
    ends = np.bincount(group).cumsum()[:-1]
    return np.split(np.argsort(group, kind="stable"), ends)


def gather(
    prices: Panel,
    events: Events,
    layout: Layout,
    returns: Returns | None,
    factors: tuple[str, ...] = (),
) -> Gathered:
    """Cut the windows of all events; ``returns`` and ``factors`` as in :func:`pair_returns`.

    Raises
    ------
    ValueError
        If a price that is used is not positive.
    """
    found = _nothing(events.dates.size, layout, len(factors))
    for ticker, benchmark, rows in by_pair(events):
        if ticker not in prices.columns:
            found.reason[rows] = "no_prices_for_ticker"
        elif benchmark not in prices.columns:
            found.reason[rows] = "no_prices_for_benchmark"
        else:
            pair = pair_returns(prices, ticker, benchmark, returns, factors)
            _cut(found, rows, pair, events, layout)
    return found


def _nothing(n_events: int, layout: Layout, n_factors: int) -> Gathered:
    """Return windows in which everything is missing."""

    def missing(*shape: int) -> FloatArray:
        return np.full((n_events, *shape), np.nan)

    def no_days(*shape: int) -> DateArray:
        return np.full(shape, "NaT", "datetime64[D]")

    n_estimation, n_days = layout.estimation, layout.n_days
    return Gathered(
        Windows(
            missing(n_estimation),
            missing(n_estimation),
            missing(n_days),
            missing(n_days),
            missing(n_estimation, n_factors),
            missing(n_days, n_factors),
        ),
        no_days(n_events, n_estimation),
        no_days(n_events, n_days),
        no_days(n_events),
        np.zeros(n_events, dtype=np.bool_),
        np.zeros(n_events, dtype=np.int64),
        no_days(n_events, 2),
        [no_days(0)] * n_events,
        np.full(n_events, "", dtype="U32"),
    )


def _cut(
    found: Gathered, rows: IntArray, pair: PairReturns, events: Events, layout: Layout
) -> None:
    """Fill in the rows of one pair."""
    placed = place(pair, events.dates[rows], events.after[rows], layout)
    found.reason[rows], found.traded[rows] = placed.reason, placed.traded
    found.n_estimation[rows] = placed.n_estimation
    if pair.dates.size:
        found.common_bars[rows] = pair.dates[[0, -1]]
    inside = ~placed.outside
    found.day_zero[rows[inside]] = pair.dates[placed.day_zero[inside]]
    whole = placed.reason == ""
    rows, event_start = rows[whole], placed.day_zero[whole] + layout.window[0]
    estimation_start = event_start - layout.gap - layout.estimation
    event = event_start[:, None] + np.arange(layout.n_days)
    estimation = estimation_start[:, None] + np.arange(layout.estimation)
    windows = found.windows
    for taken, into in (
        (pair.stock, (windows.stock_estimation, windows.stock_event)),
        (pair.market, (windows.market_estimation, windows.market_event)),
        (pair.factors, (windows.factors_estimation, windows.factors_event)),
    ):
        for days, target in zip((estimation, event), into, strict=True):
            if target is not None:
                target[rows] = taken[days]
    found.estimation_dates[rows], found.trade_dates[rows] = (
        pair.dates[estimation],
        pair.dates[event],
    )
    _note_left_out(found, rows, pair.left_out)


def _note_left_out(found: Gathered, rows: IntArray, left_out: DateArray) -> None:
    """Write down the days of ``left_out`` that lie within the windows of each row."""
    if not left_out.size:
        return
    for row in rows.tolist():
        within = left_out > found.estimation_dates[row, 0]
        found.left_out[row] = left_out[within & (left_out < found.trade_dates[row, -1])]
