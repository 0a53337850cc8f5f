"""Shares of users and the comparison of two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from etl.analytics.distributions import (
    FloatArray,
    chi_square_p,
    fisher_exact_p,
    normal_quantile,
    two_sided_normal,
)


def wilson(
    successes: ArrayLike, trials: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Return the Wilson score interval of shares (Wilson 1927).

    Parameters
    ----------
    successes, trials
        Counts, shapes that broadcast; ``0 <= successes <= trials``.
    level
        Coverage, between 0 and 1.

    Returns
    -------
    tuple of arrays
        Low and high ends in 0–1; missing where there are no trials or a count is missing.
    """
    k, n = np.broadcast_arrays(
        np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    )
    z = normal_quantile((1 + level) / 2)
    n = np.where(n > 0, n, np.nan)
    centre = (k + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(k * (n - k) / n + z**2 / 4) / (n + z**2)
    # At both ends the interval touches 0 and 1 exactly; rounding would leave it beside them.
    return np.where(k == 0, 0 * n, centre - half), np.where(k == n, n / n, centre + half)


@dataclass(frozen=True)
class Comparison:
    """Two shares side by side, the first minus the second.

    Attributes
    ----------
    rate
        Both shares, 0–1.
    wilson_low, wilson_high
        Their Wilson intervals.
    difference
        First share minus second.
    newcombe
        Its interval by Newcombe's hybrid score method (1998, method 10).
    z_pooled, p_pooled
        Two-sided z test with the pooled share; missing where nobody or everybody succeeded.
    fisher_p
        Fisher's exact test, two-sided; right also where counts are small.
    sample_ratio_p
        Chi-square test of the trials against the expected split. A small one says that users were
        not assigned as planned, and nothing else here can be trusted.
    """

    rate: tuple[float, float]
    wilson_low: tuple[float, float]
    wilson_high: tuple[float, float]
    difference: float
    newcombe: tuple[float, float]
    z_pooled: float
    p_pooled: float
    fisher_p: float
    sample_ratio_p: float


def compare(
    successes: Sequence[int],
    trials: Sequence[int],
    expected_split: Sequence[float] = (0.5, 0.5),
    level: float = 0.95,
) -> Comparison:
    """Compare two shares.

    Parameters
    ----------
    successes, trials
        Two counts each.
    expected_split
        Shares of users each arm was to get; they need not add up to 1.

    Raises
    ------
    ValueError
        If there are not two of each, a count is negative, an arm has no trial or more successes
        than trials, or the split is not positive.
    """
    k, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    split = np.asarray(expected_split, dtype=np.float64)
    _require(k, n, split)
    low, high = wilson(k, n, level)
    rate = k / n
    difference = float(rate[0] - rate[1])
    pooled = float(k.sum() / n.sum())
    error = np.sqrt(pooled * (1 - pooled) * float((1 / n).sum()))
    z = difference / error if error > 0 else np.nan
    down = np.sqrt((rate[0] - low[0]) ** 2 + (high[1] - rate[1]) ** 2)
    up = np.sqrt((high[0] - rate[0]) ** 2 + (rate[1] - low[1]) ** 2)
    return Comparison(
        rate=(float(rate[0]), float(rate[1])),
        wilson_low=(float(low[0]), float(low[1])),
        wilson_high=(float(high[0]), float(high[1])),
        difference=difference,
        newcombe=(difference - float(down), difference + float(up)),
        z_pooled=float(z),
        p_pooled=float(two_sided_normal(np.array(z))),
        fisher_p=fisher_exact_p(k, n),
        sample_ratio_p=sample_ratio_p(n, split),
    )


def sample_ratio_p(trials: ArrayLike, expected_split: ArrayLike) -> float:
    """Return the p-value of the chi-square test that arms got the users they should have.

    Parameters
    ----------
    trials, expected_split
        Shape (arms,): users counted, and the shares planned.
    """
    n, split = np.asarray(trials, np.float64), np.asarray(expected_split, np.float64)
    expected = n.sum() * split / split.sum()
    return chi_square_p(float(((n - expected) ** 2 / expected).sum()), n.size - 1)


def _require(k: FloatArray, n: FloatArray, split: FloatArray) -> None:
    if not k.size == n.size == split.size == 2:
        raise ValueError(
            f"got {k.size} successes, {n.size} trials and {split.size} shares; 2 of each are needed"
        )
    if not (np.isfinite(k).all() and np.isfinite(n).all()) or (k < 0).any() or (n < 1).any():
        raise ValueError(
            f"got {k.tolist()} of {n.tolist()}; counts are 0 or more, trials 1 or more"
        )
    if (k > n).any():
        raise ValueError(
            f"got {k.tolist()} successes in {n.tolist()} trials; never more than those"
        )
    if not (np.isfinite(split).all() and (split > 0).all()):
        raise ValueError(f"got the expected split {split.tolist()}; shares are above 0")
