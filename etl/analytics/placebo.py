"""How unusual an event's return is among those of days without an event.

Every event is measured again on random days of the same share, with the same windows and model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import BoolArray, DateArray, Panel, pair_returns
from etl.analytics.event_study import EventStudy, gathered_for, unusable
from etl.analytics.event_windows import Events
from etl.analytics.normal_return import abnormal_returns

MIN_PLACEBO_DAYS = 30
"""With fewer days to draw from a rank says little."""

BAND = (0.025, 0.975)

REASONS = {
    "excluded": "the event itself cannot be measured",
    "too_few_placebo_days": f"fewer than {MIN_PLACEBO_DAYS} days without an event can be measured",
}
"""Why an event has no placebo days, by code."""


@dataclass(frozen=True)
class Placebo:
    """Cumulative abnormal returns of n events on D random days each; missing values are NaN.

    Events that share their day 0 draw the same days, so that their mean keeps its correlation.

    Attributes
    ----------
    day_zero
        Shape (n, D), the days drawn, with replacement; NaT where ``reason`` says why.
    cumulative_abnormal_return
        Shape (n, D, L), cumulated from the first day of the window.
    n_days
        Shape (n,), distinct days there were to draw from.
    reason
        Shape (n,), a code of :data:`REASONS`; empty where there are draws.
    low, high
        Shape (n, L), the middle 95% of the draws by day: the placebo band.
    percentile
        Shape (n,), share of draws (0 to 1) with a window's return below the event's own, ties
        half; missing for described events, which are never tested.
    p_value
        Shape (n,), (1 + draws at least as far from zero)/(1 + D); missing for described events.
    mean_low, mean_high
        Shape (L,), the band of the mean over the tested events that have draws.
    mean_percentile, mean_p_value
        The same for that mean.
    n_mean_events
        Events in that mean.
    """

    day_zero: DateArray
    cumulative_abnormal_return: FloatArray
    n_days: NDArray[np.int64]
    reason: NDArray[np.str_]
    low: FloatArray
    high: FloatArray
    percentile: FloatArray
    p_value: FloatArray
    mean_low: FloatArray
    mean_high: FloatArray
    mean_percentile: float
    mean_p_value: float
    n_mean_events: int

    @property
    def n_draws(self) -> int:
        """D."""
        return self.day_zero.shape[1]


def placebo(
    prices: Panel,
    events: Events,
    result: EventStudy,
    *,
    n_draws: int = 1000,
    rng: np.random.Generator,
) -> Placebo:
    """Measure every event of ``result`` on random days without an event.

    Parameters
    ----------
    prices, events
        As the study had them; a panel cut at a day draws nothing after it.
    n_draws
        D, random days an event.
    rng
        Where the randomness comes from.

    Notes
    -----
    A day can be drawn if its windows are whole and its event window meets that of no event of the
    same share, price-selected ones included.
    """
    candidates, reason = _candidates(prices, events, result)
    drawn = np.full((events.dates.size, n_draws), "NaT", "datetime64[D]")
    paths = np.full((events.dates.size, n_draws, result.spec.days.size), np.nan)
    for day in np.unique(result.day_zero[reason == ""]):
        rows = np.flatnonzero((reason == "") & (result.day_zero == day))
        shared = _shared_days([candidates[row] for row in rows])
        if shared.size < MIN_PLACEBO_DAYS:
            reason[rows] = "too_few_placebo_days"
            continue
        drawn[rows] = rng.choice(shared, n_draws)
        for row in rows.tolist():
            paths[row] = _paths(prices, events, result, row, drawn[row])
    n_days = np.array([days.size for days in candidates], dtype=np.int64)
    return _ranked(result, drawn, paths, n_days, reason)


def _candidates(
    prices: Panel, events: Events, result: EventStudy
) -> tuple[list[DateArray], NDArray[np.str_]]:
    """Return the days each event can draw from, and why there are none."""
    n_events, spec = events.dates.size, result.spec
    reason = np.where(result.status == "excluded", "excluded", "").astype("U32")
    candidates = [np.empty(0, "datetime64[D]")] * n_events
    kind = None if spec.returns == "given" else spec.returns
    before = spec.estimation + spec.gap - spec.window[0]
    for row in np.flatnonzero(reason == "").tolist():
        pair = (str(events.tickers[row]), str(events.benchmarks[row]))
        bars = pair_returns(prices, *pair, kind, spec.factors)
        everything = np.column_stack([bars.stock, bars.market, bars.factors])
        missing = np.append(0, (~np.isfinite(everything).all(axis=1)).cumsum())
        zero = np.arange(max(before, -spec.window[0], 0), bars.dates.size - max(spec.window[1], 0))
        whole = missing[zero + spec.window[1] + 1] == missing[zero - before]
        real = np.unique(result.day_zero[(events.tickers == pair[0]) & ~np.isnat(result.day_zero)])
        apart = _distance(zero, np.searchsorted(bars.dates, real)) >= spec.days.size
        candidates[row] = bars.dates[zero[whole & apart]]
        if candidates[row].size < MIN_PLACEBO_DAYS:
            reason[row] = "too_few_placebo_days"
    return candidates, reason


def _distance(positions: NDArray[np.int64], marks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how far each position is from the nearest of the sorted marks (at least one)."""
    after = np.searchsorted(marks, positions)
    left = np.abs(positions - marks[np.maximum(after - 1, 0)])
    right = np.abs(positions - marks[np.minimum(after, marks.size - 1)])
    return np.minimum(left, right)


def _shared_days(candidates: list[DateArray]) -> DateArray:
    """Return the days all of them have."""
    days, counts = np.unique(np.concatenate(candidates), return_counts=True)
    return days[counts == len(candidates)]


def _paths(
    prices: Panel, events: Events, result: EventStudy, row: int, days: DateArray
) -> FloatArray:
    """Return the cumulative abnormal returns of one event on the drawn days, shape (D, L)."""
    distinct, index = np.unique(days, return_inverse=True)
    moved = events.on_days(row, distinct)
    gathered = gathered_for(prices, moved, result.spec)
    usable = unusable(gathered, result.spec) == ""
    paths = np.full((distinct.size, result.spec.days.size), np.nan)
    fits = abnormal_returns(gathered.windows.of(usable), result.spec.model)
    paths[usable] = fits.cumulative_abnormal_return
    return paths[index]


def _ranked(
    result: EventStudy,
    drawn: DateArray,
    paths: FloatArray,
    n_days: NDArray[np.int64],
    reason: NDArray[np.str_],
) -> Placebo:
    """Put the events' own returns among the draws."""
    own = np.where(result.status == "tested", result.cumulative_abnormal_return[:, -1], np.nan)
    percentile, p_value = rank_among(own[:, None], paths[:, :, -1])
    low, high = _band(paths)
    chosen = (result.status == "tested") & (reason == "")
    n_chosen = int(chosen.sum())
    together = paths[chosen].mean(axis=0) if n_chosen else np.full(paths.shape[1:], np.nan)
    mean_own = np.array([[own[chosen].mean() if n_chosen else np.nan]])
    mean_percentile, mean_p_value = rank_among(mean_own, together[None, :, -1])
    mean_low, mean_high = _band(together[None])
    return Placebo(
        drawn,
        paths,
        n_days,
        reason,
        low,
        high,
        percentile,
        p_value,
        mean_low[0],
        mean_high[0],
        float(mean_percentile[0]),
        float(mean_p_value[0]),
        n_chosen,
    )


def rank_among(own: FloatArray, draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return percentile and two-sided p of ``own``, (n, 1), among ``draws``, (n, D).

    Missing draws do not count.
    """
    known = np.isfinite(draws)
    n_known = known.sum(axis=1)
    below = (draws < own).sum(axis=1) + 0.5 * (draws == own).sum(axis=1)
    as_far = (np.abs(draws) >= np.abs(own)).sum(axis=1)
    given: BoolArray = np.isfinite(own[:, 0]) & (n_known > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        percentile = np.where(given, below / n_known, np.nan)
    return percentile, np.where(given, (1 + as_far) / (1 + n_known), np.nan)


def _band(paths: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the quantiles :data:`BAND` over the draws: (n, D, L) to (n, L) each."""
    low, high = np.full((2, paths.shape[0], paths.shape[2]), np.nan)
    drawn = np.isfinite(paths).any(axis=(1, 2))
    if drawn.any():
        low[drawn], high[drawn] = np.nanquantile(paths[drawn], BAND, axis=1)
    return low, high
