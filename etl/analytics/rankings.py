"""From a chart rank to downloads a day: ln downloads = ln b − a·ln rank.

The charts tell positions only. The shape ``a`` comes from a prior, the scale ``b`` from disclosed
downloads at known ranks; what was never disclosed stays unknown, and an app that is not ranked
has no estimate, only a bound: it sells less than the last position of the chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import ArrayLike, NDArray

from etl.analytics.distributions import FloatArray, t_quantile


@dataclass(frozen=True)
class ShapePrior:
    """What is assumed before any downloads are disclosed.

    Attributes
    ----------
    mean, sd
        Normal prior of the shape a.
    spread
        Standard deviation of ln downloads around the law, for apps at one rank.
    spread_weight
        With how many observations' worth the assumed spread counts.

    Raises
    ------
    ValueError
        If a value is not finite and above zero.
    """

    mean: float
    sd: float
    spread: float
    spread_weight: float

    def __post_init__(self) -> None:
        values = (self.mean, self.sd, self.spread, self.spread_weight)
        if not (np.isfinite(values).all() and min(values) > 0):
            raise ValueError(f"got the prior {values}; its values are finite and above zero")


PAID_2011 = ShapePrior(mean=0.94, sd=0.18, spread=0.5, spread_weight=4)
"""Assumed for free charts: 95% of a within 0.59 and 1.29.

The middle is the paid charts of 2011 (0.903 iPad, 0.944 iPhone, 0.985 Android; Garg & Telang 2013,
MIS Quarterly 37(4)), the width takes in the shapes they quote from book sales (0.61 to 1.20), since
nobody measured free charts. The spread lets an app sell 0.4 to 2.7 times what its rank says.
"""


@dataclass(frozen=True)
class PowerLaw:
    """A law of one chart: storefront, type and category.

    Attributes
    ----------
    a, ln_b
        Shape, without unit, and log of the downloads a day at rank 1; ``ln_b`` is missing (NaN)
        where nothing was disclosed.
    covariance
        Of (ln_b, a), shape (2, 2).
    spread
        Standard deviation of ln downloads of single apps around the law.
    degrees_of_freedom
        How well the spread is known: of the t distribution of an app's downloads.
    n_points
        Disclosed downloads behind it.
    level
        Coverage of the intervals, 0 to 1.
    evidence
        ``assumed`` is the prior alone, ``estimated`` is fitted to disclosed downloads.
    """

    a: float
    ln_b: float
    covariance: FloatArray
    spread: float
    degrees_of_freedom: float
    n_points: int
    level: float
    evidence: Literal["assumed", "estimated"]

    @property
    def a_low(self) -> float:
        """Lower end of the shape's interval, given the spread."""
        return self._ends(self.a, 1)[0]

    @property
    def a_high(self) -> float:
        """Upper end of the shape's interval, given the spread."""
        return self._ends(self.a, 1)[1]

    @property
    def ln_b_low(self) -> float:
        """Lower end of the interval of the log scale, given the spread; missing without one."""
        return self._ends(self.ln_b, 0)[0]

    @property
    def ln_b_high(self) -> float:
        """Upper end of the interval of the log scale, given the spread; missing without one."""
        return self._ends(self.ln_b, 0)[1]

    def _ends(self, value: float, position: int) -> tuple[float, float]:
        variance = float(self.covariance[position, position])
        reach = t_quantile((1 + self.level) / 2, np.inf) * variance**0.5
        return value - reach, value + reach


def prior_law(prior: ShapePrior = PAID_2011, level: float = 0.95) -> PowerLaw:
    """Return the law of a chart without any disclosed downloads: a shape, and no scale."""
    _require_level(level)
    covariance = np.array([[np.nan, np.nan], [np.nan, prior.sd**2]])
    return PowerLaw(prior.mean, np.nan, covariance, prior.spread, np.inf, 0, level, "assumed")


def calibrate(
    rank: ArrayLike,
    downloads_per_day: ArrayLike,
    prior: ShapePrior = PAID_2011,
    level: float = 0.95,
) -> PowerLaw:
    """Fit the law of one chart to disclosed downloads at known ranks.

    One point sets the scale and leaves the shape to the prior; with more points both are the
    posterior of a regression with a normal prior of the shape and a flat one of the log scale.

    Parameters
    ----------
    rank
        Shape (n,), 1 is the top.
    downloads_per_day
        Shape (n,): downloads that day in the chart's storefront, above zero. A figure of a week
        or of the world must be brought there before, with its own uncertainty.
    prior
        Prior of the shape, and the assumed spread of single apps.
    level
        Coverage of the intervals, between 0 and 1.

    Raises
    ------
    ValueError
        If there is no point, or a rank or a figure is impossible.

    Notes
    -----
    The spread is s² = (w·s₀² + RSS)/(w + n − k): the residual sum of squares of the plain least
    squares fit (k its rank) pooled with the assumed spread of weight w. Given s the posterior is
    normal and exact, so that one point leaves the shape's interval as it was; the intervals of
    downloads take the t distribution with w + n − k degrees of freedom.
    """
    _require_level(level)
    ranks, figures = np.asarray(rank, np.float64), np.asarray(downloads_per_day, np.float64)
    if ranks.size == 0 or ranks.shape != figures.shape:
        raise ValueError(
            f"got {ranks.size} ranks and {figures.size} figures; one figure for each rank, at "
            "least one"
        )
    _require_ranks(ranks)
    wrong = ~(np.isfinite(figures) & (figures > 0))
    if np.isnan(ranks).any() or wrong.any():
        row = int(np.flatnonzero(np.isnan(ranks) | wrong)[0])
        raise ValueError(
            f"row {row} (the first is 0): got {figures[row]:g} downloads a day at rank "
            f"{ranks[row]:g}; a known rank and a figure above zero are needed"
        )
    design, y = _design(ranks), np.log(figures)
    plain, _, n_columns, _ = np.linalg.lstsq(design, y)
    residuals = y - design @ plain
    degrees_of_freedom = prior.spread_weight + ranks.size - int(n_columns)
    variance = (prior.spread_weight * prior.spread**2 + residuals @ residuals) / degrees_of_freedom
    precision = design.T @ design / variance + np.diag([0, prior.sd**-2])
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    ln_b, a = covariance @ (design.T @ y / variance + np.array([0, prior.mean / prior.sd**2]))
    return PowerLaw(
        a=float(a),
        ln_b=float(ln_b),
        covariance=covariance,
        spread=float(np.sqrt(variance)),
        degrees_of_freedom=float(degrees_of_freedom),
        n_points=ranks.size,
        level=level,
        evidence="estimated",
    )


def downloads(law: PowerLaw, ranks: ArrayLike, chart_depth: ArrayLike) -> pd.DataFrame:
    """Estimate the downloads a day of apps at their ranks.

    Parameters
    ----------
    law
        The law of the chart.
    ranks
        Shape (n,), 1 is the top; NaN is "not ranked".
    chart_depth
        One number or shape (n,): the last position that was collected; NaN is not known.

    Returns
    -------
    DataFrame
        A row for each rank. ``downloads_per_day`` (the median), ``downloads_low`` and
        ``downloads_high`` (where a single app may lie) are missing where the app is not ranked
        or the scale is not known. ``below`` and ``below_high`` are the estimate and its upper
        end at the last position of the chart, for apps that are not ranked: they have fewer.
        ``evidence_kind`` is ``estimated``.

    Raises
    ------
    ValueError
        If a rank or depth is not a whole number from 1, or a rank lies beyond the depth.
    """
    positions = np.asarray(ranks, np.float64)
    depth = np.broadcast_to(np.asarray(chart_depth, np.float64), positions.shape)
    _require_ranks(positions)
    _require_ranks(depth)
    beyond = positions > depth
    if beyond.any():
        raise ValueError(
            f"got rank {positions[beyond][0]:g} in a chart of {depth[beyond][0]:g} positions"
        )
    value, low, high = _predict(law, positions)
    below, _, below_high = _predict(law, np.where(np.isnan(positions), depth, np.nan))
    return pd.DataFrame(
        {
            "downloads_per_day": value,
            "downloads_low": low,
            "downloads_high": high,
            "below": below,
            "below_high": below_high,
            "evidence_kind": "estimated",
        }
    )


def downloads_ratio(law: PowerLaw, ranks: ArrayLike, against: float = 1) -> pd.DataFrame:
    """Return how the downloads at a rank compare with those at another; no scale is needed.

    Parameters
    ----------
    law
        The law of the chart, calibrated or not.
    ranks
        Shape (n,); NaN is "not ranked".
    against
        The rank that counts as 1.

    Returns
    -------
    DataFrame
        A row for each rank: ``ratio``, ``ratio_low``, ``ratio_high`` of typical apps, missing
        where not ranked; ``evidence_kind`` is that of the law.

    Raises
    ------
    ValueError
        If a rank is not a whole number from 1.
    """
    positions = np.asarray(ranks, np.float64)
    _require_ranks(positions)
    _require_ranks(np.array([against], np.float64))
    distance = np.log(positions / against)
    ends = np.exp(-distance[:, None] * np.array([law.a, law.a_low, law.a_high]))
    return pd.DataFrame(
        {
            "ratio": ends[:, 0],
            "ratio_low": ends.min(axis=1),
            "ratio_high": ends.max(axis=1),
            "evidence_kind": law.evidence,
        }
    )


def _design(ranks: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(ranks.size), -np.log(ranks)])


def _predict(law: PowerLaw, ranks: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return median, low and high downloads of single apps; missing where a rank is missing."""
    design = _design(ranks)
    centre = design @ np.array([law.ln_b, law.a])
    variance = np.einsum("ij,jk,ik->i", design, law.covariance, design) + law.spread**2
    reach = t_quantile((1 + law.level) / 2, law.degrees_of_freedom) * np.sqrt(variance)
    return np.exp(centre), np.exp(centre - reach), np.exp(centre + reach)


def _require_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"got the level {level}; it lies between 0 and 1")


def _require_ranks(ranks: NDArray[np.float64]) -> None:
    """Refuse what is neither a whole number from 1 nor missing."""
    whole = (ranks >= 1) & (ranks == np.floor(ranks)) & np.isfinite(ranks)
    wrong = ~(whole | np.isnan(ranks))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"row {row} (the first is 0): got the rank {ranks[row]:g}; it is a whole number, 1 is "
            "the top, or missing for an app that is not ranked"
        )
