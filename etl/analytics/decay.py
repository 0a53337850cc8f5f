"""Curves of attention after its peak: how fast it fades, with an interval.

Observations may be points or means over an interval (new ratings between two look-ups), unevenly
spaced. A curve is compared with the mean over each interval, never with its middle.
"""

from __future__ import annotations

import math
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
_ZOOM_GRID, _ZOOMS = 12, 5
_NEAR, _NEAR_GRID = 20.0, 60
"""Refitted rates are at most so many times the rate of the fit."""
_AT_ONCE = 100_000
"""Resampled values refitted at once: each takes some 100 bytes more for every rate tried."""
_INTERVAL = (2.5, 97.5)
_SLOWEST = 70
"""The slowest curve searched for halves in so many times the length of the series."""

REASONS = {
    "too_few_observations": f"there are fewer than {FEWEST} observations from the peak on",
    "does_not_vary": "the values do not vary",
    "peak_is_last": "the highest value is the last one: nothing has faded yet",
    "no_decay": "no falling curve explains the values better than a mean that stays",
    "begins_after_peak": "the peak lies before the series, or may: its first value is its highest",
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
        the chosen model refitted, widened to hold the half-life itself. The upper end is missing
        where so many of them do not fade that it has no bound.
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
    least squares in levels, each observation alike (neither below zero), so that only k is
    searched. A curve must explain more, by AICc, than a mean that stays and than a highest
    observation above one: the highest of values that merely vary would else seem to fade.
    """
    reason = _unusable(seen)
    if reason:
        return Decay(None, {}, np.nan, np.nan, None, reason)
    fits = [fit for fit in (_fit(seen, model) for model in MODELS) if fit is not None]
    aicc = {fit.model: fit.aicc for fit in fits}
    best = min(fits, key=lambda fit: fit.aicc, default=None)
    if best is None or best.aicc >= _aicc_without_decay(seen.value):
        reason = "finer_than_look_ups" if seen.value[1] <= seen.value[0] / 2 else "no_decay"
        return Decay(None, aicc, np.nan, np.nan, None, reason)
    rates, scales, levels = _resampled(seen, best, rng)
    fades = (scales > 0) & (rates > _rates(seen, best.model)[0] * 1.001)
    half_lives = np.where(fades, _half_life(best.model, rates), np.inf)
    ends = np.percentile(half_lives, _INTERVAL, method="inverted_cdf")
    low = np.minimum(ends[0], best.half_life_days)
    high = np.maximum(ends[1], best.half_life_days) if np.isfinite(ends[1]) else np.nan

    def band(days: FloatArray) -> tuple[FloatArray, FloatArray]:
        shape = _POINT[best.model](days[:, None], rates[None, :])
        ends = np.percentile(scales * shape + levels, _INTERVAL, axis=1)
        return ends[0], ends[1]

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
    aicc = _aicc(float(rss[0]), seen.value, n_coefficients)
    return Fit(model, scale, rate, float(levels[0]), float(rss[0]), aicc)


def _aicc(rss: float, values: FloatArray, n_coefficients: int) -> float:
    n, k = values.size, n_coefficients + 1
    # An exact fit has no likelihood; its residuals are taken as rounding.
    floor = n * (1e-9 * float(np.abs(values).max())) ** 2
    return float(n * np.log(max(rss, floor) / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1))


def _aicc_without_decay(values: FloatArray) -> float:
    """Return the lower AICc of one mean, and of a highest observation and the mean of the rest."""
    one_mean, rest = values - values.mean(), values[1:] - values[1:].mean()
    return min(
        _aicc(float((one_mean**2).sum()), values, 1), _aicc(float((rest**2).sum()), values, 2)
    )


def _search(
    seen: Observations, model: DecayModel, values: FloatArray, rates: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return rate, scale, level and RSS of the best curve for each row of ``values`` (B, n).

    ``rates`` (K,) are tried first, then ever closer ones around the best.
    """
    with_level = model == "exponential_above_level"
    grid = rates[None, :]
    rows: IntArray = np.arange(values.shape[0], dtype=np.int64)
    best = rates[:0], rates[:0], rates[:0]
    for _ in range(1 + _ZOOMS):
        shape = _mean_shape(model, seen, grid)
        scale, level, rss = _least_squares(shape, values, with_level=with_level)
        at = np.argmin(np.where(np.isfinite(rss), rss, np.inf), axis=1)
        grid = np.broadcast_to(grid, rss.shape).astype(np.float64)
        best = grid[rows, at], scale[rows, at], level[rows, at]
        low = np.log(grid[rows, np.maximum(at - 1, 0)])
        high = np.log(grid[rows, np.minimum(at + 1, grid.shape[1] - 1)])
        grid = np.exp(np.linspace(low, high, _ZOOM_GRID, axis=1))
    rate, scale, level = best
    fitted = scale[:, None] * _mean_shape(model, seen, rate[:, None])[:, 0] + level[:, None]
    return rate, scale, level, ((values - fitted) ** 2).sum(axis=1)


def _rates(seen: Observations, model: DecayModel) -> FloatArray:
    """Return the rates to search, from far slower than the series is long to far faster."""
    slowest = _SLOWEST * max(float(seen.end[-1]), 1.0)
    if model == "power":
        return np.geomspace(math.log(2) / math.log1p(slowest), 20.0, _GRID)
    return np.geomspace(math.log(2) / slowest, 20.0, _GRID)


def _least_squares(
    shape: FloatArray, values: FloatArray, *, with_level: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return scale, level and RSS, each (B, K), for shapes (B, K, n) and values (B, n).

    The RSS is told apart from rounding only down to some 1e-15 of the sum of squared values.
    """
    n = values.shape[1]
    product: FloatArray = (shape @ values[:, :, None])[:, :, 0]
    square: FloatArray = (shape**2).sum(axis=2)
    total = values.sum(axis=1, keepdims=True)
    scale = product / square
    level = np.zeros_like(scale)
    if with_level:
        area: FloatArray = shape.sum(axis=2)
        with np.errstate(invalid="ignore", divide="ignore"):
            above = (product - area * total / n) / (square - area**2 / n)
        free = (total - above * area) / n
        scale, level = np.where(free < 0, scale, above), np.maximum(free, 0)
    scale = np.where(scale > 0, scale, np.nan)
    # With the best level for a scale (or none) the normal equations leave this of the squares.
    rss = (values**2).sum(axis=1, keepdims=True) - scale * product - level * total
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

    Circular blocks of neighbouring residuals are drawn, since they are alike, and widened by what
    the fit took of them (Politis and Romano 1992; Davison and Hinkley 1997, section 6.2.3); the
    fitted curve is kept. A draw without a falling curve has scale 0 and its mean as level. With 12
    to 40 independent errors, and curves chosen by AICc, such intervals hold the truth in 87 to 92%
    of simulated series, so that they are a little too narrow.
    """
    n, n_coefficients = seen.value.size, 3 if fit.model == "exponential_above_level" else 2
    shape = _mean_shape(fit.model, seen, np.array([[fit.rate]]))[0, 0]
    fitted = fit.scale * shape + fit.level
    residuals = (seen.value - fitted) * np.sqrt(n / (n - n_coefficients))
    length = max(1, round(n ** (1 / 3)))
    starts = rng.integers(0, n, size=(N_DRAWS, -(-n // length)))
    index = (starts[:, :, None] + np.arange(length)).reshape(N_DRAWS, -1)[:, :n] % n
    values = fitted + (residuals - residuals.mean())[index]
    searched = _rates(seen, fit.model)
    fastest = min(fit.rate * _NEAR, float(searched[-1]))
    near: FloatArray = np.geomspace(float(searched[0]), fastest, _NEAR_GRID)
    pieces = np.array_split(values, 1 + values.size // _AT_ONCE)
    found = [_search(seen, fit.model, piece, near)[:3] for piece in pieces]
    rates, scales, levels = (np.concatenate(part) for part in zip(*found, strict=True))
    falls = np.isfinite(scales)
    return rates, np.where(falls, scales, 0.0), np.where(falls, levels, values.mean(axis=1))
