"""Curves of attention after its peak: how fast it fades, with an interval.

Observations may be points or means over an interval (new ratings between two look-ups), unevenly
spaced. A curve is compared with the mean over each interval, never with its middle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import IntArray

DecayModel = Literal["exponential", "exponential_above_level", "power", "bass"]
MODELS: tuple[DecayModel, ...] = ("exponential", "exponential_above_level", "power", "bass")
FEWEST = 5
"""Observations from the peak on below which no curve is fitted."""
N_DRAWS = 500
_GRID = 160
_ZOOM_GRID, _ZOOMS = 12, 4
_NEAR, _NEAR_GRID = 20.0, 40
"""Refitted rates lie within so many times the rate of the fit."""
_INTERVAL = (2.5, 97.5)

REASONS = {
    "too_few_observations": f"there are fewer than {FEWEST} observations from the peak on",
    "does_not_vary": "the values do not vary",
    "peak_is_last": "the highest value is the last one: nothing has faded yet",
    "no_decay": "no curve fits that falls: the values do not fade",
    "begins_after_peak": "the series begins with its highest value: the peak may lie before it",
    "finer_than_look_ups": "half of it is gone within one stretch between two look-ups",
}
"""Why there is no half-life, by code."""


@dataclass(frozen=True)
class Observations:
    """n observations from the peak on, arrays of shape (n,).

    ``begin`` and ``end`` are days since the peak (equal for a point), ``value`` is a rate a day.
    """

    begin: FloatArray
    end: FloatArray
    value: FloatArray


@dataclass(frozen=True)
class Fit:
    """One curve: value(t) = scale · shape(t, rate) + level, t in days since the peak.

    ``rss`` is over the n observations; ``aicc`` counts its coefficients and the error variance.
    """

    model: DecayModel
    scale: float
    rate: float
    level: float
    rss: float
    aicc: float

    def at(self, days: FloatArray) -> FloatArray:
        """Return the curve at ``days`` since the peak, any shape."""
        return self.scale * _POINT[self.model](days, np.asarray(self.rate)) + self.level

    @property
    def half_life_days(self) -> float:
        """Days until the height above the level has halved."""
        return float(_half_life(self.model, np.asarray(self.rate)))


@dataclass(frozen=True)
class Decay:
    """The chosen curve of a series, or why there is none.

    Attributes
    ----------
    fit
        The curve with the lowest AICc; missing where ``reason`` says why.
    aicc
        Model → AICc of every curve that could be fitted.
    half_life_low, half_life_high
        Middle 95% of the half-lives of ``N_DRAWS`` series resampled by blocks of residuals,
        the chosen model refitted.
    band
        Function of days since the peak → (low, high) of the resampled curves.
    """

    fit: Fit | None
    aicc: dict[str, float]
    half_life_low: float
    half_life_high: float
    band: Callable[[FloatArray], tuple[FloatArray, FloatArray]] | None
    reason: str = ""


def decay(seen: Observations, rng: np.random.Generator) -> Decay:
    """Fit every curve to what was seen from the peak on and choose by AICc.

    Parameters
    ----------
    seen
        Ordered by day; the first observation is the peak.
    rng
        Where the randomness of the interval comes from.

    Notes
    -----
    ``exponential`` a·e^(−kt); ``exponential_above_level`` the same above a level that stays;
    ``power`` a·(1 + t)^(−k), t in days; ``bass`` a/cosh²(kt/2), which is Bass's curve of new
    adopters (1969) from its peak on with k = p + q. For a given rate k scale and level follow by
    least squares (neither below zero), so that only k is searched.
    """
    reason = _unusable(seen)
    if reason:
        return Decay(None, {}, np.nan, np.nan, None, reason)
    fits = [fit for fit in (_fit(seen, model) for model in MODELS) if fit is not None]
    if not fits:
        return Decay(None, {}, np.nan, np.nan, None, "no_decay")
    best = min(fits, key=lambda fit: fit.aicc)
    rates, scales, levels = _resampled(seen, best, rng)
    low, high = np.percentile(_half_life(best.model, rates), _INTERVAL)

    def band(days: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape = _POINT[best.model](days[:, None], rates[None, :])
        ends = np.percentile(scales * shape + levels, _INTERVAL, axis=1)
        return ends[0], ends[1]

    aicc = {fit.model: fit.aicc for fit in fits}
    return Decay(best, aicc, float(low), float(high), band)


def _unusable(seen: Observations) -> str:
    if seen.value.size == 1:
        return "peak_is_last"
    if np.ptp(seen.value) == 0:
        return "does_not_vary"
    return "too_few_observations" if seen.value.size < FEWEST else ""


def _fit(seen: Observations, model: DecayModel) -> Fit | None:
    """Return the best curve of a model; nothing where none falls."""
    n_coefficients = 3 if model == "exponential_above_level" else 2
    n = seen.value.size
    if n <= n_coefficients + 2:
        return None
    rates, scales, levels, rss = _search(seen, model, seen.value[None, :], _rates(seen, model))
    scale, rate = float(scales[0]), float(rates[0])
    if not scale > 0 or not np.isfinite(rss[0]):
        return None
    if rate <= _rates(seen, model)[0] * 1.001:  # the slowest curve there is: it does not fall
        return None
    # An exact fit has no likelihood; its residuals are taken as rounding.
    floor = n * (1e-9 * np.abs(seen.value).max()) ** 2
    k = n_coefficients + 1
    aicc = n * np.log(max(float(rss[0]), floor) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
    return Fit(model, scale, rate, float(levels[0]), float(rss[0]), float(aicc))


def _search(
    seen: Observations, model: DecayModel, values: FloatArray, rates: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return rate, scale, level and RSS of the best curve for each row of ``values`` (B, n).

    ``rates`` (K,) are tried first, then ever closer ones around the best.
    """
    with_level = model == "exponential_above_level"
    grid = rates[None, :]
    rows: IntArray = np.arange(values.shape[0], dtype=np.int64)
    best = None
    for _ in range(1 + _ZOOMS):
        shape = _mean_shape(model, seen, grid)
        scale, level, rss = _least_squares(shape, values[:, None, :], with_level=with_level)
        at = np.argmin(np.where(np.isfinite(rss), rss, np.inf), axis=1)
        grid = np.broadcast_to(grid, rss.shape).astype(np.float64)
        best = grid[rows, at], scale[rows, at], level[rows, at], rss[rows, at]
        low = np.log(grid[rows, np.maximum(at - 1, 0)])
        high = np.log(grid[rows, np.minimum(at + 1, grid.shape[1] - 1)])
        grid = np.exp(np.linspace(low, high, _ZOOM_GRID, axis=1))
    assert best is not None
    return best


def _rates(seen: Observations, model: DecayModel) -> FloatArray:
    """Return the rates to search, from far slower than the series is long to far faster."""
    length = max(float(seen.end[-1]), 1.0)
    if model == "power":
        return np.geomspace(0.01, 20.0, _GRID)
    return np.geomspace(0.01 / length, 20.0, _GRID)


def _least_squares(
    shape: FloatArray, values: FloatArray, *, with_level: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return scale, level and RSS, each (B, K), for shapes (B, K, n) and values (B, 1, n)."""
    if with_level:
        mean_shape = shape.mean(axis=2, keepdims=True)
        mean_value = values.mean(axis=2, keepdims=True)
        apart = shape - mean_shape
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = (apart * (values - mean_value)).sum(axis=2) / (apart**2).sum(axis=2)
        level = mean_value[:, :, 0] - scale * mean_shape[:, :, 0]
        scale = np.where(level < 0, np.nan, scale)  # then the curve without a level is better
    else:
        scale = (shape * values).sum(axis=2) / (shape**2).sum(axis=2)
        level = np.zeros_like(scale)
    scale = np.where(scale > 0, scale, np.nan)
    rss = ((values - scale[:, :, None] * shape - level[:, :, None]) ** 2).sum(axis=2)
    return scale, level, rss


def _mean_shape(model: DecayModel, seen: Observations, rates: FloatArray) -> FloatArray:
    """Return the mean of the shape over each observation, (B, K, n), for rates (B, K)."""
    rate = rates[:, :, None]
    width = seen.end - seen.begin
    point = width == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        area = _AREA[model](seen.end, rate) - _AREA[model](seen.begin, rate)
        mean = area / width
    return np.where(point, _POINT[model](seen.begin, rate), mean)


def _exponential(days: FloatArray, rate: FloatArray) -> FloatArray:
    return np.exp(-rate * days)


def _exponential_area(days: FloatArray, rate: FloatArray) -> FloatArray:
    return -np.exp(-rate * days) / rate


def _power(days: FloatArray, rate: FloatArray) -> FloatArray:
    return (1 + days) ** -rate


def _power_area(days: FloatArray, rate: FloatArray) -> FloatArray:
    near_one = np.abs(rate - 1) < 1e-9
    safe = np.where(near_one, 2.0, rate)
    return np.where(near_one, np.log1p(days), (1 + days) ** (1 - safe) / (1 - safe))


def _bass(days: FloatArray, rate: FloatArray) -> FloatArray:
    return 1 / np.cosh(np.minimum(rate * days / 2, 300)) ** 2


def _bass_area(days: FloatArray, rate: FloatArray) -> FloatArray:
    return 2 * np.tanh(rate * days / 2) / rate


_Shape = Callable[[FloatArray, FloatArray], FloatArray]
_POINT: dict[DecayModel, _Shape] = {
    "exponential": _exponential,
    "exponential_above_level": _exponential,
    "power": _power,
    "bass": _bass,
}
_AREA: dict[DecayModel, _Shape] = {
    "exponential": _exponential_area,
    "exponential_above_level": _exponential_area,
    "power": _power_area,
    "bass": _bass_area,
}


def _half_life(model: DecayModel, rate: FloatArray) -> FloatArray:
    """Return the days until half the height is left, shape as ``rate``."""
    match model:
        case "power":
            return 2 ** (1 / rate) - 1
        case "bass":
            return 2 * np.arccosh(np.sqrt(2.0)) / rate
        case _:
            return np.log(2) / rate


def _resampled(
    seen: Observations, fit: Fit, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return rate, scale and level, each (draws,), refitted to series of resampled residuals.

    Blocks of neighbouring residuals are drawn, since they are alike; the fitted curve is kept.
    """
    n = seen.value.size
    shape = _mean_shape(fit.model, seen, np.array([[fit.rate]]))[0, 0]
    fitted = fit.scale * shape + fit.level
    residuals = seen.value - fitted
    length = max(1, round(n ** (1 / 3)))
    starts = rng.integers(0, n - length + 1, size=(N_DRAWS, -(-n // length)))
    index = (starts[:, :, None] + np.arange(length)).reshape(N_DRAWS, -1)[:, :n]
    drawn = residuals[index]
    values = fitted + drawn - drawn.mean(axis=1, keepdims=True)
    near = fit.rate * np.geomspace(1 / _NEAR, _NEAR, _NEAR_GRID)
    rates, scales, levels, _ = _search(seen, fit.model, values, near)
    kept = np.isfinite(scales)
    return rates[kept], scales[kept], levels[kept]
