"""Least squares whose errors allow for variance and correlation that change over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from etl.analytics.distributions import FloatArray, two_sided_t


@dataclass(frozen=True)
class Regression:
    """Coefficients with Newey–West errors.

    Attributes
    ----------
    coefficients, standard_errors
        Shape (k,).
    covariance
        Shape (k, k).
    n
        Complete rows.
    residuals
        Shape (T,), missing where the row is incomplete.
    """

    coefficients: FloatArray
    covariance: FloatArray
    n: int
    residuals: FloatArray

    @property
    def standard_errors(self) -> FloatArray:
        """Roots of the diagonal of :attr:`covariance`."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def t_statistics(self) -> FloatArray:
        """Coefficients over their errors."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> FloatArray:
        """Two-sided, by t(n − k)."""
        return two_sided_t(self.t_statistics, self.degrees_of_freedom)

    @property
    def degrees_of_freedom(self) -> int:
        """Complete rows beyond the coefficients, n − k."""
        return self.n - self.coefficients.size


def bandwidth(n: int) -> int:
    """Return the usual number of lags, ⌊4·(n/100)^(2/9)⌋ (Newey and West 1994)."""
    return int(4 * (n / 100) ** (2 / 9))


def regress(target: FloatArray, regressors: FloatArray, n_lags: int | None = None) -> Regression:
    """Regress one evenly spaced series on others.

    Parameters
    ----------
    target, regressors
        Shapes (T,) and (T, k), the constant among the latter. A row with something missing takes
        no part, but keeps its place in time: products of scores are taken at their true distance
        (the amplitude-modulated estimator, Datta and Du 2012).
    n_lags
        Lags with Bartlett weights; :func:`bandwidth` of T by default.

    Raises
    ------
    ValueError
        If a value is infinite, complete rows do not exceed the coefficients, or the regressors
        are collinear.

    Notes
    -----
    Newey and West (1987), times n/(n − k).
    """
    table = np.column_stack([target, regressors])
    if np.isinf(table).any():
        raise ValueError("got an infinite value")
    known = np.asarray(np.isfinite(table).all(axis=1))
    n, k = int(known.sum()), regressors.shape[1]
    if n <= k:
        raise ValueError(f"got {n} complete rows for {k} coefficients")
    inner = regressors[known]
    # Columns of one size, so that rank does not depend on units.
    scale = np.sqrt((inner**2).mean(axis=0))
    if np.any(scale == 0) or np.linalg.matrix_rank(inner / scale) < k:
        raise ValueError("got regressors that are collinear")
    scaled: FloatArray = inner / scale
    inverse = cast(FloatArray, np.linalg.inv(scaled.T @ scaled))
    bread: FloatArray = inverse / np.outer(scale, scale)
    coefficients: FloatArray = bread @ inner.T @ target[known]
    residuals = np.full(target.shape, np.nan)
    residuals[known] = target[known] - inner @ coefficients
    scores = np.where(known[:, None], regressors * residuals[:, None], 0.0)
    lags = bandwidth(target.size) if n_lags is None else n_lags
    middle = scores.T @ scores
    for lag in range(1, min(lags, target.size - 1) + 1):
        product = scores[lag:].T @ scores[:-lag]
        middle = middle + (1 - lag / (lags + 1)) * (product + product.T)
    covariance = bread @ middle @ bread * (n / (n - k))
    return Regression(coefficients, covariance, n, residuals)
