"""Two-sided p-values and ranks, vectorised; a missing statistic has a missing p-value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

# SciPy ships no types: everything taken from it passes through this module.
from scipy import optimize, special, stats  # pyright: ignore[reportMissingTypeStubs]

FloatArray = NDArray[np.float64]

_OPTIMIZE, _SPECIAL, _STATS = cast(Any, optimize), cast(Any, special), cast(Any, stats)


def two_sided_t(
    statistic: FloatArray | float, degrees_of_freedom: FloatArray | float
) -> FloatArray:
    """Return P(abs(t) >= abs(statistic)) for Student's t; shapes are broadcast."""
    return cast(FloatArray, 2.0 * _SPECIAL.stdtr(degrees_of_freedom, -np.abs(statistic)))


def two_sided_normal(statistic: FloatArray | float) -> FloatArray:
    """Return P(abs(z) >= abs(statistic)) for N(0, 1); any shape in, same shape out."""
    return cast(FloatArray, 2.0 * _SPECIAL.ndtr(-np.abs(statistic)))


def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the quantile of Student's t at ``probability`` (0 to 1)."""
    return float(_SPECIAL.stdtrit(degrees_of_freedom, probability))


def t_quantiles(probability: float, degrees_of_freedom: FloatArray) -> FloatArray:
    """Return quantiles of Student's t, shaped as ``degrees_of_freedom``; NaN below one."""
    freedom = np.where(degrees_of_freedom >= 1, degrees_of_freedom, np.nan)
    return cast(FloatArray, _SPECIAL.stdtrit(freedom, probability))


def normal_quantile(probability: float) -> float:
    """Return the quantile of N(0, 1) at ``probability`` (0 to 1)."""
    return float(_SPECIAL.ndtri(probability))


def upper_normal(statistic: float) -> float:
    """Return P(z >= statistic) for N(0, 1)."""
    return float(_SPECIAL.ndtr(-statistic))


def upper_f(statistic: float, df_numerator: float, df_denominator: float) -> float:
    """Return P(F >= statistic) for the F distribution."""
    return float(_SPECIAL.fdtrc(df_numerator, df_denominator, statistic))


def chi_square_p(statistic: float, degrees_of_freedom: int) -> float:
    """Return P(chi-square >= statistic)."""
    return float(_SPECIAL.chdtrc(degrees_of_freedom, statistic))


def fisher_exact_p(successes: FloatArray, trials: FloatArray) -> float:
    """Return the two-sided p-value of Fisher's exact test of two shares, shapes (2,)."""
    table = np.stack([successes, trials - successes]).astype(np.int64)
    return float(_STATS.fisher_exact(table).pvalue)


def ln_gamma(values: FloatArray) -> FloatArray:
    """Return ln Γ of positive values."""
    return cast(FloatArray, _SPECIAL.gammaln(values))


def digamma(values: FloatArray) -> FloatArray:
    """Return the derivative of ln Γ."""
    return cast(FloatArray, _SPECIAL.digamma(values))


def ln_beta(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ln B(a, b) of positive values; shapes are broadcast."""
    return cast(FloatArray, _SPECIAL.betaln(a, b))


def hyp2f1(
    a: FloatArray | float, b: FloatArray | float, c: FloatArray | float, z: FloatArray | float
) -> FloatArray:
    """Return Gauss's hypergeometric function; shapes are broadcast."""
    return cast(FloatArray, _SPECIAL.hyp2f1(a, b, c, z))


def minimised(
    function: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray
) -> tuple[FloatArray, bool]:
    """Return where a smooth function (value and gradient) is smallest, and whether it is flat.

    L-BFGS first, which is robust far away, then Newton's steps to the last digits; BFGS where
    those lead nowhere.
    """
    near = _OPTIMIZE.minimize(function, start, jac=True, method="L-BFGS-B")
    point = _newton(function, cast(FloatArray, near.x))
    if np.abs(function(point)[1]).max() >= _FLAT:
        options = {"gtol": 1e-9}
        found = _OPTIMIZE.minimize(function, near.x, jac=True, method="BFGS", options=options)
        point = cast(FloatArray, found.x)
    return point, bool(np.abs(function(point)[1]).max() < 1e-5)


_FLAT = 1e-9
_STEP = 1e-5


def _newton(
    function: Callable[[FloatArray], tuple[float, FloatArray]], point: FloatArray
) -> FloatArray:
    """Return the point after a few Newton steps, curvature from differences of the gradient."""
    value, gradient = function(point)
    for _ in range(5):
        if np.abs(gradient).max() < _FLAT:
            break
        moved = [function(point + _STEP * unit)[1] for unit in np.eye(point.size)]
        curvature = (np.array(moved) - gradient) / _STEP
        try:
            step = np.linalg.solve((curvature + curvature.T) / 2, gradient)
        except np.linalg.LinAlgError:
            break
        further, steeper = function(point - step)
        if not further <= value + 1e-12:
            break
        point, value, gradient = point - step, further, steeper
    return point


def ranks(values: FloatArray) -> FloatArray:
    """Return ranks along the last axis, 1 the smallest, ties sharing their mean."""
    order = values.argsort(axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    if not np.all(ordered[..., 1:] > ordered[..., :-1]):  # ties, or something missing
        return cast(FloatArray, _STATS.rankdata(values, axis=-1))
    found = np.empty(values.shape)
    np.put_along_axis(found, order, np.arange(1.0, values.shape[-1] + 1), axis=-1)
    return found


_MOST_ENUMERATED, _MOST_EXACT = 13, 50


def signed_rank(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return W+ and its two-sided p-value by column of (n, columns).

    Exact up to 50 rows without ties or zeros and up to 13 rows with them, else by the normal
    approximation; zeros are dropped.
    """
    pairs = [_signed_rank_of(column[column != 0]) for column in values.T]
    statistic, p_value = np.array(pairs).T
    return statistic, p_value


def _signed_rank_of(values: FloatArray) -> tuple[float, float]:
    """Return W+ and p of one sample without zeros; the library is slow where there are ties."""
    sizes = ranks(np.abs(values))
    positive = float(sizes[values > 0].sum())
    n = values.size
    if n <= _MOST_ENUMERATED:
        signs = np.indices((2,) * n).reshape(n, -1).astype(np.float64)
        drawn: FloatArray = sizes @ signs
        tail = min(np.mean(drawn <= positive), np.mean(drawn >= positive))
        return positive, min(1.0, 2 * float(tail))
    method = "exact" if n <= _MOST_EXACT and np.unique(sizes).size == n else "approx"
    return positive, float(_STATS.wilcoxon(values, method=method).pvalue)


def two_sided_power(
    abnormal_return: float, sigma: float, n_events: float, significance: float = 0.05
) -> float:
    """Return the chance that a two-sided z test of the mean finds a true abnormal return.

    Parameters
    ----------
    abnormal_return, sigma
        True mean and standard deviation of one event's abnormal return, same unit.
    n_events
        Number of independent events, at least 1; a fraction for events that move together.
    significance
        Level of the test, between 0 and 1.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive or ``n_events`` is below 1.

    Notes
    -----
    MacKinlay (1997), "Event Studies in Economics and Finance", section 6.
    """
    if not sigma > 0 or n_events < 1:
        raise ValueError(f"got sigma {sigma} and {n_events} events; both must be positive")
    critical = float(_SPECIAL.ndtri(1 - significance / 2))
    shift = abnormal_return * np.sqrt(n_events) / sigma
    return float(_SPECIAL.ndtr(shift - critical) + _SPECIAL.ndtr(-shift - critical))


def sobol_total_effects(
    of_uniforms: Callable[[FloatArray], FloatArray], k: int, n: int, rng: np.random.Generator
) -> FloatArray:
    """Return the total effect of each of ``k`` independent uniform inputs, shape (k,).

    Parameters
    ----------
    of_uniforms
        Shape (k, m), between 0 and 1 → shape (m,).
    n
        Points, a power of two; the function is asked for n·(k + 2) of them.
    """
    found = _STATS.sobol_indices(func=of_uniforms, n=n, dists=[_STATS.uniform()] * k, rng=rng)
    return np.maximum(np.asarray(found.total_order, dtype=float), 0.0)
