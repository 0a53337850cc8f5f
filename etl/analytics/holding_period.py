"""What a holder had after an event: buy-and-hold abnormal returns and abnormal turnover.

"Doubled in a month" is a holding return. A horizon of H runs over the days 0 … H: from the close of
the day before the event to the close of day H. A horizon that reaches beyond the bars is missing
with its reason, never shortened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray, two_sided_t
from etl.analytics.event_calendar import (
    BoolArray,
    DateArray,
    IntArray,
    Panel,
    pair_bars,
    require_positive,
)
from etl.analytics.event_study import EventStudy, EventStudySpec
from etl.analytics.event_windows import Events, by_pair
from etl.analytics.placebo import MIN_PLACEBO_DAYS, Placebo, rank_among

HORIZONS = (20, 60, 250)
"""Trading days after day 0: about a month, a quarter and a year."""

REASONS = {
    "no_day_zero": "the event has no day 0 among the bars",
    "no_bar_before": "there is no bar before day 0",
    "horizon_beyond_bars": "the horizon reaches beyond the bars",
    "adjustment_changes": "the adjustment of prices changes within the horizon",
    "no_prices": "the file holds returns, of which no holding return can be made",
    "no_estimation_window": "the event has no whole estimation window",
    "missing_volume": "the volume or share count of a day is missing",
    "no_turnover": "nothing was traded in the estimation window",
}
"""Why a horizon is missing, by code."""

MIN_BOOTSTRAP_EVENTS = 20
"""With fewer events a resample of a quarter of them says nothing about skewness."""


@dataclass(frozen=True)
class HoldingPeriods:
    """Holding returns of n events over h horizons, in simple percent; missing values are NaN.

    Attributes
    ----------
    horizons
        Shape (h,), trading days after day 0.
    end_date
        Shape (n, h), the last day of each horizon; NaT where it lies beyond the bars.
    share_return, benchmark_return, abnormal_return
        Shape (n, h): what share and benchmark returned from the close before day 0, and their
        difference, the buy-and-hold abnormal return (BHAR).
    reason
        Shape (n, h), a code of :data:`REASONS`; empty where there is a value.
    """

    horizons: IntArray
    end_date: DateArray
    share_return: FloatArray
    benchmark_return: FloatArray
    abnormal_return: FloatArray
    reason: NDArray[np.str_]


@dataclass(frozen=True)
class AbnormalTurnover:
    """Turnover of n events over h horizons against their estimation windows.

    Attributes
    ----------
    horizons
        Shape (h,), trading days after day 0.
    abnormal_turnover
        Shape (n, h): mean daily turnover over the days 0 … H over its mean in the estimation
        window, minus 1 (0.5 is half as much again).
    per_share_outstanding
        Shape (n,): whether turnover is volume over shares outstanding; where false it is the
        volume itself, which splits and new shares change too.
    reason
        Shape (n, h), a code of :data:`REASONS`; empty where there is a value.
    """

    horizons: IntArray
    abnormal_turnover: FloatArray
    per_share_outstanding: BoolArray
    reason: NDArray[np.str_]


@dataclass(frozen=True)
class HoldingPlacebo:
    """Where an event's holding returns lie among those from random days.

    Attributes
    ----------
    n_days
        Shape (n, h), distinct random days with a value.
    percentile, p_value
        Shape (n, h), as in :class:`etl.analytics.placebo.Placebo`; missing for described events
        and where fewer than 30 days have a value.
    """

    n_days: IntArray
    percentile: FloatArray
    p_value: FloatArray


@dataclass(frozen=True)
class LongRunTest:
    """Does the mean over the tested events differ from zero? Shape (h,) by horizon.

    Attributes
    ----------
    n_events
        Tested events with a value.
    mean
        Their mean, in the unit of the values.
    statistic, p_value
        Skewness-adjusted t and its two-sided p by t(n − 1); missing under two events.
    bootstrap_p_value
        By resampling; missing under :data:`MIN_BOOTSTRAP_EVENTS`.
    """

    n_events: IntArray
    mean: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    bootstrap_p_value: FloatArray


def holding_periods(
    prices: Panel, events: Events, result: EventStudy, horizons: tuple[int, ...] = HORIZONS
) -> HoldingPeriods:
    """Measure buy-and-hold abnormal returns from day 0 of every event of ``result``.

    Parameters
    ----------
    prices, events
        As the study had them.
    result
        The study of these events; its calendar and its days 0 are kept.
    horizons
        Trading days after day 0, 1 or more each.

    Raises
    ------
    ValueError
        If a horizon is not positive.
    """
    return _held(prices, events, result.day_zero, result.spec, _checked(horizons))


def _held(
    prices: Panel, events: Events, day_zero: DateArray, spec: EventStudySpec, wanted: IntArray
) -> HoldingPeriods:
    """Measure from the given days 0, shape (n,)."""
    shape = (events.dates.size, wanted.size)
    found = HoldingPeriods(
        wanted,
        np.full(shape, "NaT", "datetime64[D]"),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.full(shape, "no_day_zero", "U32"),
    )
    if spec.returns == "given":
        found.reason[:] = "no_prices"
        return found
    for ticker, benchmark, rows in by_pair(events):
        placed = rows[~np.isnat(day_zero[rows])]
        if not placed.size:
            continue
        require_positive(prices, np.array([prices.columns[n] for n in (ticker, benchmark)]))
        bars = pair_bars(prices, ticker, benchmark, spec.factors)
        zero = np.searchsorted(bars.dates, day_zero[placed])[:, None]
        end = np.minimum(zero + wanted, bars.dates.size - 1)
        start = np.maximum(zero - 1, 0)
        beyond = zero + wanted >= bars.dates.size
        # A basis that changes and changes back is a change, too.
        changed = (np.diff(bars.bases[:, :2], axis=0, prepend=bars.bases[:1, :2]) != 0).any(axis=1)
        n_changes = changed.cumsum()
        reason = np.select(
            [zero < 1, beyond, n_changes[end] != n_changes[start]],
            ["no_bar_before", "horizon_beyond_bars", "adjustment_changes"],
            "",
        )
        growth = np.where(
            (reason == "")[:, :, None], bars.values[end, :2] / bars.values[start, :2], np.nan
        )
        percent = 100 * (growth - 1)
        found.reason[placed] = reason
        found.end_date[placed] = np.where(beyond, np.datetime64("NaT"), bars.dates[end])
        found.share_return[placed] = percent[:, :, 0]
        found.benchmark_return[placed] = percent[:, :, 1]
        found.abnormal_return[placed] = percent[:, :, 0] - percent[:, :, 1]
    return found


def abnormal_turnover(
    prices: Panel,
    volume: Panel,
    events: Events,
    result: EventStudy,
    horizons: tuple[int, ...] = HORIZONS,
    shares_outstanding: Panel | None = None,
) -> AbnormalTurnover:
    """Compare turnover after each event with its estimation window.

    Parameters
    ----------
    prices, events, result
        As in :func:`holding_periods`; the calendar is that of the study.
    volume
        Shares traded by day and ticker; 0 is a day without trading, missing is not known.
    shares_outstanding
        By day and ticker. A share without any is measured by its volume alone.

    Raises
    ------
    ValueError
        If a horizon is not positive.
    """
    wanted, shape = _checked(horizons), (events.dates.size, len(horizons))
    found = AbnormalTurnover(
        wanted,
        np.full(shape, np.nan),
        np.zeros(shape[0], dtype=np.bool_),
        np.full(shape, "no_day_zero", "U32"),
    )
    found.reason[~np.isnat(result.day_zero)] = "no_estimation_window"
    for ticker, benchmark, rows in by_pair(events):
        measured = rows[~np.isnat(result.estimation_span[rows, 0])]
        if not measured.size:
            continue
        days = pair_bars(prices, ticker, benchmark, result.spec.factors).dates
        turnover = _on(volume, ticker, days)
        if shares_outstanding is not None:
            shares = _on(shares_outstanding, ticker, days)
            if np.isfinite(shares).any():
                turnover = turnover / shares
                found.per_share_outstanding[measured] = True
        zero = np.searchsorted(days, result.day_zero[measured])[:, None]
        span = np.searchsorted(days, result.estimation_span[measured])
        # Sums of missing days are missing: NaN runs through the running sum, so it is kept apart.
        total = np.append(0.0, np.nancumsum(turnover))
        unknown = np.append(0, np.isnan(turnover).cumsum())
        end = np.minimum(zero + wanted, days.size - 1) + 1
        before = (total[span[:, 1] + 1] - total[span[:, 0]]) / result.spec.estimation
        after = (total[end] - total[zero]) / (wanted + 1)
        gaps = (unknown[end] - unknown[zero]) + (unknown[span[:, 1] + 1] - unknown[span[:, 0]])[
            :, None
        ]
        found.reason[measured] = reason = np.select(
            [
                zero + wanted >= days.size,
                gaps > 0,
                np.broadcast_to(before[:, None] <= 0, gaps.shape),
            ],
            ["horizon_beyond_bars", "missing_volume", "no_turnover"],
            "",
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = after / before[:, None] - 1
        found.abnormal_turnover[measured] = np.where(reason == "", ratio, np.nan)
    return found


def holding_placebo(
    prices: Panel, events: Events, result: EventStudy, held: HoldingPeriods, drawn: Placebo
) -> HoldingPlacebo:
    """Rank each event's buy-and-hold abnormal returns among those from its random days.

    Parameters
    ----------
    held, drawn
        The events' own holding returns, and the days drawn for them. A draw whose horizon runs
        into an event of the share is left out, as is one that reaches beyond the bars.

    Notes
    -----
    Long horizons from different days overlap, so that there are far fewer independent ones than
    ``n_days``.
    """
    shape = held.abnormal_return.shape
    found = HoldingPlacebo(
        np.zeros(shape, dtype=np.int64), np.full(shape, np.nan), np.full(shape, np.nan)
    )
    for row in np.flatnonzero(drawn.reason == "").tolist():
        days, index = np.unique(drawn.day_zero[row], return_inverse=True)
        moved = events.on_days(row, days)
        periods = _held(prices, moved, days, result.spec, held.horizons)
        own = result.day_zero[events.tickers == events.tickers[row]]
        meets = (own >= days[:, None, None]) & (own <= periods.end_date[:, :, None])
        values = np.where(meets.any(axis=2), np.nan, periods.abnormal_return)
        found.n_days[row] = np.isfinite(values).sum(axis=0)
        if result.status[row] == "tested":
            ranks = rank_among(held.abnormal_return[row][:, None], values[index].T)
            enough = found.n_days[row] >= MIN_PLACEBO_DAYS
            found.percentile[row], found.p_value[row] = np.where(enough, ranks, np.nan)
    return found


def skewness_adjusted_t(values: FloatArray) -> FloatArray:
    """Return √n·(S + γS²/3 + γ/(6n)) along the last axis; missing where nothing varies.

    S is the mean over the standard deviation, γ the skewness (Lyon, Barber and Tsai 1999,
    "Improved Methods for Tests of Long-Run Abnormal Stock Returns", Journal of Finance 54(1)).
    """
    return _adjusted(values, values.mean(axis=-1))


def long_run_test(
    values: FloatArray,
    tested: BoolArray,
    *,
    n_draws: int = 1000,
    rng: np.random.Generator | None = None,
) -> LongRunTest:
    """Test the mean of each horizon over the tested events.

    Parameters
    ----------
    values
        Shape (n, h); missing values are left out and ``n_events`` says how many stayed.
    tested
        Shape (n,), events that are tested (``result.status == "tested"``).
    n_draws, rng
        Resamples of a quarter of the events, as the authors advise; without a generator there is
        no bootstrap.
    """
    columns = [column[tested & np.isfinite(column)] for column in values.T]
    tests = [_one_test(column, n_draws, rng) for column in columns]
    mean, statistic, p_value, bootstrap = np.array(tests).reshape(-1, 4).T
    return LongRunTest(
        np.array([column.size for column in columns], dtype=np.int64),
        mean,
        statistic,
        p_value,
        bootstrap,
    )


def _one_test(
    values: FloatArray, n_draws: int, rng: np.random.Generator | None
) -> tuple[float, float, float, float]:
    """Return mean, statistic, p and bootstrap p of one horizon."""
    if not values.size:
        return np.nan, np.nan, np.nan, np.nan
    mean = float(values.mean())
    if values.size < 2:
        return mean, np.nan, np.nan, np.nan
    statistic = float(skewness_adjusted_t(values))
    p_value = float(two_sided_t(statistic, values.size - 1))
    if rng is None or values.size < MIN_BOOTSTRAP_EVENTS:
        return mean, statistic, p_value, np.nan
    draws = values[rng.integers(values.size, size=(n_draws, values.size // 4))]
    # Centred on the sample's mean: the law of the statistic if the null were true.
    null = _adjusted(draws, draws.mean(axis=-1) - mean)
    null = null[np.isfinite(null)]
    upper = (1 + int((null >= statistic).sum())) / (1 + null.size)
    lower = (1 + int((null <= statistic).sum())) / (1 + null.size)
    return mean, statistic, p_value, min(1.0, 2 * min(upper, lower))


def _adjusted(values: FloatArray, effect: FloatArray) -> FloatArray:
    """Return the skewness-adjusted t of ``effect`` with the moments of ``values``."""
    n = values.shape[-1]
    centred = values - values.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred**2).sum(axis=-1) / (n - 1))
    deviation = np.where(deviation > 1e-12 * np.abs(values).max(axis=-1), deviation, np.nan)
    skewness = (centred**3).mean(axis=-1) / deviation**3
    size = effect / deviation
    return np.sqrt(n) * (size + skewness * size**2 / 3 + skewness / (6 * n))


def _checked(horizons: tuple[int, ...]) -> IntArray:
    if not horizons or min(horizons) < 1:
        raise ValueError(f"got the horizons {horizons}; each counts trading days, 1 or more")
    return np.array(horizons, dtype=np.int64)


def _on(values: Panel, ticker: str, days: DateArray) -> FloatArray:
    """Return the values of a ticker on the given days, missing where there are none."""
    found = np.full(days.size, np.nan)
    if ticker not in values.columns:
        return found
    at = np.minimum(np.searchsorted(values.dates, days), values.dates.size - 1)
    held = values.dates[at] == days
    found[held] = values.values[at[held], values.columns[ticker]]
    return found
