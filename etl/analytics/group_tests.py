"""Tests of the difference between the mean returns of two groups of firms that share a date."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.cross_section import MIN_COMMON_DAYS
from etl.analytics.distributions import (
    FloatArray,
    normal_quantile,
    t_quantile,
    two_sided_normal,
    two_sided_power,
    two_sided_t,
)
from etl.analytics.event_calendar import BoolArray

POWER_WANTED = 0.8


@dataclass(frozen=True)
class Power:
    """What the comparison could have found, before looking at the event.

    Attributes
    ----------
    standard_error
        Of the difference, from the days before, correlation included; a ratio, as the returns.
    effect, power
        Chance (0 to 1) that a two-sided test finds a true difference of ``effect``.
    detectable
        Difference found with a chance of 80%.
    """

    standard_error: float
    effect: float
    power: float
    detectable: float


@dataclass(frozen=True)
class Correlations:
    """Mean correlations of residuals on the days before; missing (NaN) where there are no pairs."""

    within_first: float
    within_second: float
    across: float
    n_common_days: int


@dataclass(frozen=True)
class Sides:
    """The n firms compared, shape (n,) each: return, its error, and whether of the first group.

    ``residuals`` has shape (n, common days).
    """

    returns: FloatArray
    errors: FloatArray
    first: BoolArray
    residuals: FloatArray

    @property
    def weights(self) -> FloatArray:
        """What each firm counts in the difference: 1/n of the first side, −1/n of the second."""
        return np.where(self.first, 1 / self.first.sum(), -1 / (~self.first).sum())

    @property
    def correlation(self) -> FloatArray:
        """Correlations of residuals between firms, shape (n, n)."""
        return np.asarray(np.corrcoef(self.residuals))

    @property
    def covariance(self) -> FloatArray:
        """Covariances of the returns, had the event been a time as the days before: (n, n)."""
        return self.correlation * np.outer(self.errors, self.errors)


def mean_of(values: FloatArray) -> float:
    """Return the mean; missing without values."""
    return float(values.mean()) if values.size else np.nan


def correlations_of(sides: Sides) -> Correlations:
    """Return mean correlations; missing with fewer than 30 common days."""
    n_days = sides.residuals.shape[1]
    if n_days < MIN_COMMON_DAYS:
        return Correlations(np.nan, np.nan, np.nan, n_days)
    first, table = sides.first, sides.correlation

    def within(chosen: BoolArray) -> float:
        upper = np.triu_indices(int(chosen.sum()), 1)
        return mean_of(table[np.ix_(chosen, chosen)][upper])

    return Correlations(
        within(first), within(~first), float(table[np.ix_(first, ~first)].mean()), n_days
    )


def squared_errors(sides: Sides) -> FloatArray:
    """Return s²/n of the first and second side, as if firms were independent."""
    groups = sides.returns[sides.first], sides.returns[~sides.first]
    return np.array([group.var(ddof=1) / group.size for group in groups])


_VARIANTS = {
    "welch": "difference of means over the unequal variances' error, t(Welch-Satterthwaite)",
    "permutation": "absolute difference of means among all divisions of the firms",
    "kolari_pynnonen": "portfolio's error scaled to the spread within the groups, t(n-2)",
    "portfolio": "difference over its own error in the estimation window, N(0,1)",
}


def run_tests(
    sides: Sides,
    correlations: Correlations | None,
    reason: str,
    level: float,
    n_permutations: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Return the four tests and the Welch interval; with a reason all values are missing."""
    rows = {
        name: {"test": name, "statistic": np.nan, "degrees_of_freedom": np.nan, "p_value": np.nan,
               "variant": variant, "reason": reason}
        for name, variant in _VARIANTS.items()
    }  # fmt: skip
    interval = (np.nan, np.nan)
    if not reason and correlations is not None:
        difference = float(sides.weights @ sides.returns)
        squares = squared_errors(sides)
        freedom = _welch_degrees(sides, squares)
        error = float(np.sqrt(squares.sum()))
        half = t_quantile((1 + level) / 2, freedom) * error
        interval = (difference - half, difference + half)
        rows["welch"] |= _by_t(difference / error, freedom)
        p_value, drawn = permutation_p(sides.returns, sides.first, n_permutations, rng)
        rows["permutation"] |= {"statistic": difference, "p_value": p_value}
        rows["permutation"]["variant"] += f", {drawn}"
        if correlations.n_common_days < MIN_COMMON_DAYS:
            rows["kolari_pynnonen"]["reason"] = "too_few_common_days"
            rows["portfolio"]["reason"] = "too_few_common_days"
        else:
            rows["kolari_pynnonen"] |= _kolari_pynnonen(difference, sides)
            z = difference / _portfolio_error(sides)
            rows["portfolio"] |= {"statistic": z, "p_value": float(two_sided_normal(z))}
    return pd.DataFrame(list(rows.values())), interval


def _by_t(statistic: float, freedom: float) -> dict[str, float]:
    p_value = float(two_sided_t(statistic, freedom))
    return {"statistic": statistic, "degrees_of_freedom": freedom, "p_value": p_value}


def _welch_degrees(sides: Sides, squares: FloatArray) -> float:
    sizes = np.array([sides.first.sum(), (~sides.first).sum()])
    return float(squares.sum() ** 2 / (squares**2 / (sizes - 1)).sum())


def _kolari_pynnonen(difference: float, sides: Sides) -> dict[str, Any]:
    """Return the t of the difference, its covariance scaled to the firms' spread on the event."""
    expected = spread = 0.0
    for side in (sides.first, ~sides.first):
        covariance = sides.covariance[np.ix_(side, side)]
        spread += float(((sides.returns[side] - sides.returns[side].mean()) ** 2).sum())
        expected += float(np.trace(covariance) - covariance.mean() * side.sum())
    variance = sides.weights @ sides.covariance @ sides.weights
    if not min(expected, variance) > 1e-24:
        return {"reason": "correlation_too_large"}
    error = float(np.sqrt(variance * spread / expected))
    return _by_t(difference / error, sides.returns.size - 2)


def _portfolio_error(sides: Sides) -> float:
    """Return the difference's standard error from the estimation window, correlation included."""
    return float(np.sqrt(sides.weights @ sides.covariance @ sides.weights))


def permutation_p(
    returns: FloatArray, first: BoolArray, n_permutations: int, rng: np.random.Generator
) -> tuple[float, str]:
    """Return how often a division of the firms differs at least as much, and how it was counted.

    Parameters
    ----------
    returns, first
        Shape (n,): a value a firm, and whether it is of the first group.
    n_permutations
        All divisions are counted where there are no more (exact); else so many are drawn
        and p is (1 + as far)/(1 + drawn).

    Returns
    -------
    tuple
        Two-sided p of the absolute difference of means, and how many divisions it is from.
    """
    n, n_first = returns.size, int(first.sum())
    observed = abs(returns[first].mean() - returns[~first].mean())
    exact = comb(n, n_first) <= n_permutations
    if exact:
        divisions = np.array(list(combinations(range(n), n_first)))
    else:
        divisions = rng.permuted(np.tile(np.arange(n), (n_permutations, 1)), axis=1)[:, :n_first]
    sums = returns[divisions].sum(axis=1)
    differences = np.abs(sums / n_first - (returns.sum() - sums) / (n - n_first))
    # Equal divisions differ by rounding.
    as_far = int((differences >= observed * (1 - 1e-9)).sum())
    if exact:
        return as_far / len(divisions), f"exact, {len(divisions)} divisions"
    return (1 + as_far) / (1 + n_permutations), f"{n_permutations} drawn"


def power_of(
    sides: Sides, correlations: Correlations | None, level: float, effect: float
) -> Power | None:
    """Return the power; ``None`` without firms on both sides or too few common days."""
    if correlations is None or correlations.n_common_days < MIN_COMMON_DAYS:
        return None
    error, size = _portfolio_error(sides), 1 - level
    if not error > 0:
        return None
    quantiles = normal_quantile(1 - size / 2) + normal_quantile(POWER_WANTED)
    power = two_sided_power(effect, error, 1, size)
    return Power(error, effect, power, quantiles * error)
