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
    Panel,
    Returns,
    place,
    require_positive,
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

    def on_days(self, row: int, days: DateArray) -> Events:
        """Return the event at ``row`` as if it had happened on each of ``days``, shape (m,)."""
        return Events(
            np.repeat(self.tickers[row], days.size),
            np.repeat(self.benchmarks[row], days.size),
            days,
            np.zeros(days.size, dtype=np.bool_),
            np.zeros(days.size, dtype=np.bool_),
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
    column, market = _columns(prices, events.tickers), _columns(prices, events.benchmarks)
    found.reason[market < 0] = "no_prices_for_benchmark"
    found.reason[column < 0] = "no_prices_for_ticker"
    for shared in _by_calendar(prices, column, market, factors):
        if returns is not None:
            require_positive(prices, np.unique(shared.columns))
        _cut(found, shared, _Cutter(prices, shared.bars, returns), events, layout)
    return found


@dataclass(frozen=True)
class _Shared:
    """Events whose shares have bars on the same days and have one benchmark.

    ``rows`` are their positions, ``columns`` (rows, 2 + factors) those of share, benchmark and
    factors in the panel, ``bars`` the positions of the common trading days.
    """

    rows: IntArray
    columns: IntArray
    bars: IntArray
    left_out: DateArray


@dataclass(frozen=True)
class _Cutter:
    """Takes stretches of returns from the panel."""

    prices: Panel
    bars: IntArray
    returns: Returns | None

    @property
    def dates(self) -> DateArray:
        """Days that have a return."""
        return self.prices.dates[self.bars if self.returns is None else self.bars[1:]]

    def take(self, first: IntArray, length: int, columns: IntArray) -> FloatArray:
        """Return ``length`` returns from position ``first``, (n,), of ``columns``, (n,)."""
        n_bars = length if self.returns is None else length + 1
        at = self.bars[first[:, None] + np.arange(n_bars)]
        values = self.prices.values[at, columns[:, None]]
        if self.returns is None:
            return values
        if self.returns == "log":
            change = np.diff(np.log(values), axis=1)
        else:
            change = values[:, 1:] / values[:, :-1] - 1
        bases = self.prices.bases[at, columns[:, None]]
        return np.where(bases[:, 1:] == bases[:, :-1], change, np.nan)

    def series(self, column: int) -> FloatArray:
        """Return all returns of one column, shape (days,)."""
        return self.take(np.zeros(1, np.int64), self.dates.size, np.array([column]))[0]


def _columns(prices: Panel, names: NDArray[np.str_]) -> IntArray:
    """Return the column of each name, −1 where the panel has none."""
    held = [prices.columns.get(name, -1) for name in names.tolist()]
    return np.array(held, dtype=np.int64)


def _by_calendar(
    prices: Panel, column: IntArray, market: IntArray, factors: tuple[str, ...]
) -> Iterator[_Shared]:
    """Group the events that have a share and a benchmark by their common trading days."""
    others = [prices.columns[name] for name in factors]
    present = np.isfinite(prices.values)
    packed = np.packbits(present, axis=0)
    for benchmark in np.unique(market[(market >= 0) & (column >= 0)]).tolist():
        among = np.flatnonzero((market == benchmark) & (column >= 0))
        groups: dict[bytes, list[int]] = {}
        for row, days in zip(among.tolist(), packed[:, column[among]].T, strict=True):
            groups.setdefault(days.tobytes(), []).append(row)
        for rows in map(np.array, groups.values()):
            own = present[:, column[rows[0]]]
            common = own & present[:, [benchmark, *others]].all(axis=1)
            bars = np.flatnonzero(common)
            left_out = (own | present[:, benchmark]) & ~common
            if bars.size:
                left_out[: bars[0]] = left_out[bars[-1] :] = False
            columns = np.column_stack(
                [column[rows], *(np.full(rows.size, c) for c in (benchmark, *others))]
            )
            yield _Shared(rows, columns, bars, prices.dates[left_out])


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


def _cut(found: Gathered, shared: _Shared, cutter: _Cutter, events: Events, layout: Layout) -> None:
    """Fill in the rows of one calendar."""
    rows, dates = shared.rows, cutter.dates
    placed = place(dates, events.dates[rows], events.after[rows], layout)
    found.reason[rows], found.traded[rows] = placed.reason, placed.traded
    found.n_estimation[rows] = placed.n_estimation
    if dates.size:
        found.common_bars[rows] = dates[[0, -1]]
    inside = ~placed.outside
    found.day_zero[rows[inside]] = dates[placed.day_zero[inside]]
    whole = placed.reason == ""
    rows, columns = rows[whole], shared.columns[whole]
    event = placed.day_zero[whole] + layout.window[0]
    estimation = event - layout.gap - layout.estimation
    if not rows.size:
        return
    in_estimation = estimation[:, None] + np.arange(layout.estimation)
    in_event = event[:, None] + np.arange(layout.n_days)
    found.estimation_dates[rows], found.trade_dates[rows] = dates[in_estimation], dates[in_event]
    windows = found.windows
    windows.stock_estimation[rows] = cutter.take(estimation, layout.estimation, columns[:, 0])
    windows.stock_event[rows] = cutter.take(event, layout.n_days, columns[:, 0])
    market = cutter.series(columns[0, 1])
    windows.market_estimation[rows] = market[in_estimation]
    windows.market_event[rows] = market[in_event]
    if windows.factors_estimation is not None and windows.factors_event is not None:
        for index, column in enumerate(columns[0, 2:].tolist()):
            factor = cutter.series(column)
            windows.factors_estimation[rows, :, index] = factor[in_estimation]
            windows.factors_event[rows, :, index] = factor[in_event]
    _note_left_out(found, rows, shared.left_out)


def _note_left_out(found: Gathered, rows: IntArray, left_out: DateArray) -> None:
    """Write down the days of ``left_out`` that lie within the windows of each row."""
    if not left_out.size:
        return
    for row in rows.tolist():
        within = left_out > found.estimation_dates[row, 0]
        found.left_out[row] = left_out[within & (left_out < found.trade_dates[row, -1])]
