"""What a chart rank sells, from the paid and the grossing chart (Garg & Telang 2013).

Notes
-----
With power laws for downloads by paid rank and revenue by grossing rank,

    ln downloads           = ln b_p − a_p·ln rank_paid
    ln (price × downloads) = ln b_g − a_g·ln rank_grossing,

putting the first into the second and solving for the grossing rank gives

    ln rank_grossing = (ln b_g − ln b_p)/a_g + (a_p/a_g)·ln rank_paid − (1/a_g)·ln price
                     = b0                   + b1·ln rank_paid       + b2·ln price,

so that a_g = −1/b2, a_p = b1·a_g = −b1/b2, and ln(b_g/b_p) = b0·a_g = −b0/b2: the scale ratio
b_g/b_p is exp(−b0/b2), in the currency of the price. The charts alone tell no scale b_p.

The revenue of the second law is sales at the price: an app with purchases inside earns more than
that and does not belong in the sample. Only apps in both charts can be used, which leaves out
those that sell much and earn little; the standard errors know nothing of that.

R. Garg and R. Telang (2013), "Inferring App Demand from Publicly Available Data", MIS Quarterly
37(4), 1253–1264.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray, t_quantile

FEWEST_ROWS = 4
"""Three coefficients and one degree of freedom."""
_CHUNK = 100
"""Bootstrap draws at a time, which bounds the memory."""


@dataclass(frozen=True)
class Quantity:
    """An estimate with its interval twice: by the delta method and by the bootstrap.

    The bootstrap interval is missing (NaN) where more than 5% of the resamples cannot be fitted:
    those that can are no fair sample.
    """

    value: float
    standard_error: float
    low: float
    high: float
    bootstrap_low: float
    bootstrap_high: float


@dataclass(frozen=True)
class RankDemand:
    """Result of n rows.

    Attributes
    ----------
    coefficients, standard_errors, covariance
        b0, b1, b2 of the regression: shapes (3,), (3,) and (3, 3).
    a_paid, a_grossing
        Shapes of the two power laws, without unit.
    scale_ratio
        b_g/b_p, in the currency of the price; its interval is taken in logs.
    r_squared
        Share of the variance of ln rank_grossing that is explained.
    n, n_left_out
        Rows used, and rows with a missing rank or price.
    n_groups
        Independent units behind the errors: apps where they are named, else rows.
    n_draws
        Resamples that could be fitted.
    level
        Coverage of the intervals, 0 to 1.
    """

    coefficients: FloatArray
    standard_errors: FloatArray
    covariance: FloatArray
    a_paid: Quantity
    a_grossing: Quantity
    scale_ratio: Quantity
    r_squared: float
    n: int
    n_left_out: int
    n_groups: int
    n_draws: int
    level: float


@dataclass(frozen=True)
class _Fit:
    """Least squares of y, shape (n,), on the columns of x, shape (n, 3)."""

    x: FloatArray
    y: FloatArray
    coefficients: FloatArray
    residuals: FloatArray
    bread: FloatArray


def structural(coefficients: FloatArray) -> FloatArray:
    """Return a_paid, a_grossing and the scale ratio of coefficients b0, b1, b2.

    Parameters
    ----------
    coefficients
        Shape (…, 3).

    Returns
    -------
    array
        Shape (…, 3).

    Raises
    ------
    ValueError
        If b2 is 0: the grossing rank does not answer to the price, and no shape follows.
    """
    values = np.asarray(coefficients, dtype=np.float64)
    if (values[..., 2] == 0).any():
        raise ValueError("got the price coefficient 0; the shapes are quotients by it")
    return _structural(values)


def _structural(coefficients: FloatArray) -> FloatArray:
    b0, b1, b2 = np.moveaxis(coefficients, -1, 0)
    # A resample without an effect of the price has shapes beyond all numbers, or none.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return np.stack([-b1 / b2, -1 / b2, np.exp(-b0 / b2)], axis=-1)


def first_fault(
    rank_paid: FloatArray, rank_grossing: FloatArray, price: FloatArray
) -> tuple[int, str, str] | None:
    """Return position, value and what was expected of the first impossible value, or nothing.

    A missing value (NaN) is no fault: the app was not ranked, or its price is not known.
    """
    checks = (
        ("rank_paid", rank_paid, _no_rank(rank_paid), "a whole number, 1 is the top"),
        ("rank_grossing", rank_grossing, _no_rank(rank_grossing), "a whole number, 1 is the top"),
        ("price", price, (price <= 0) | np.isinf(price), "a finite price above zero"),
    )
    found = [
        (int(np.flatnonzero(wrong)[0]), f"got the {name} {values[wrong][0]:g}", expected)
        for name, values, wrong, expected in checks
        if wrong.any()
    ]
    return min(found, default=None)


def _no_rank(values: FloatArray) -> NDArray[np.bool_]:
    return ~np.isnan(values) & ~((values >= 1) & (values == np.floor(values)) & (values < np.inf))


def estimate(
    rank_paid: FloatArray,
    rank_grossing: FloatArray,
    price: FloatArray,
    *,
    groups: NDArray[np.str_] | None = None,
    level: float = 0.95,
    n_draws: int = 1000,
    rng: np.random.Generator,
) -> RankDemand:
    """Estimate the shapes of paid and grossing chart and the ratio of their scales.

    Parameters
    ----------
    rank_paid, rank_grossing
        Shape (n,): positions of one app on one day in both charts, 1 is the top. NaN is "not
        ranked": such a row cannot be used, and is counted.
    price
        Shape (n,), in one currency; NaN is not known.
    groups
        Shape (n,): the app of each row. Its days are not independent of each other, so the
        errors are then by app (Liang & Zeger), and the bootstrap draws apps instead of rows.
    level
        Coverage of the intervals, between 0 and 1.
    n_draws
        Resamples of the bootstrap (percentile interval).
    rng
        Source of the resamples.

    Raises
    ------
    ValueError
        If a rank is not a whole number from 1, a price not above zero, fewer than
        ``FEWEST_ROWS`` rows (or 2 apps) are left, or rank and price do not vary apart.
    """
    paid, grossing, prices = (np.asarray(v, np.float64) for v in (rank_paid, rank_grossing, price))
    if not 0 < level < 1:
        raise ValueError(f"got the level {level}; it lies between 0 and 1")
    fault = first_fault(paid, grossing, prices)
    if fault:
        row, got, expected = fault
        raise ValueError(f"row {row} (the first is 0): {got}; it is {expected}")
    usable = ~np.isnan(paid + grossing + prices)
    design = np.column_stack(
        [np.ones(int(usable.sum())), np.log(paid[usable]), np.log(prices[usable])]
    )
    _require_variation(design)
    units = _units(usable, groups)
    fit = _least_squares(design, np.log(grossing[usable]))
    covariance, degrees_of_freedom = _covariance(fit, None if groups is None else units)
    draws = _bootstrap(fit, units, n_draws, rng)
    a_paid, a_grossing, scale_ratio = _quantities(
        fit.coefficients, covariance, t_quantile((1 + level) / 2, degrees_of_freedom), draws, level
    )
    total = fit.y - fit.y.mean()
    return RankDemand(
        coefficients=fit.coefficients,
        standard_errors=np.sqrt(np.diag(covariance)),
        covariance=covariance,
        a_paid=a_paid,
        a_grossing=a_grossing,
        scale_ratio=scale_ratio,
        r_squared=1 - float(fit.residuals @ fit.residuals) / float(total @ total),
        n=fit.y.size,
        n_left_out=int((~usable).sum()),
        n_groups=int(units.max()) + 1,
        n_draws=int(np.isfinite(draws).all(axis=1).sum()),
        level=level,
    )


def _require_variation(design: FloatArray) -> None:
    n_rows = design.shape[0]
    if n_rows < FEWEST_ROWS:
        raise ValueError(
            f"got {n_rows} rows with both ranks and a price; at least {FEWEST_ROWS} are needed"
        )
    for column, name in ((1, "rank_paid"), (2, "price")):
        if np.ptp(design[:, column]) == 0:
            raise ValueError(f"got one {name} in all rows; it must vary to have a coefficient")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("got a price that follows from rank_paid; the two must vary apart")


def _units(usable: NDArray[np.bool_], groups: NDArray[np.str_] | None) -> NDArray[np.int64]:
    """Return the number of the independent unit of every usable row, from 0."""
    if groups is None:
        return np.arange(int(usable.sum()), dtype=np.int64)
    names, units = np.unique(groups[usable], return_inverse=True)
    if names.size < 2:
        raise ValueError("got the rows of one app; at least 2 are needed for errors by app")
    return units.astype(np.int64)


def _least_squares(x: FloatArray, y: FloatArray) -> _Fit:
    if np.ptp(y) == 0:
        raise ValueError("got one rank_grossing in all rows; there is nothing to explain")
    bread = np.asarray(np.linalg.inv(x.T @ x), dtype=np.float64)
    coefficients = np.asarray(np.linalg.lstsq(x, y)[0], dtype=np.float64)
    return _Fit(x, y, coefficients, y - x @ coefficients, bread)


def _covariance(fit: _Fit, units: NDArray[np.int64] | None) -> tuple[FloatArray, int]:
    """Return the covariance of the coefficients and its degrees of freedom.

    Without units the classical one by T − k; with them the sandwich over units, scaled by
    G/(G − 1)·(n − 1)/(n − k), with G − 1.
    """
    n_rows, n_columns = fit.x.shape
    if units is None:
        variance = float(fit.residuals @ fit.residuals) / (n_rows - n_columns)
        return variance * fit.bread, n_rows - n_columns
    scores = _sums(fit.x * fit.residuals[:, None], units)
    n_units = scores.shape[0]
    small = n_units / (n_units - 1) * (n_rows - 1) / (n_rows - n_columns)
    return small * fit.bread @ (scores.T @ scores) @ fit.bread, n_units - 1


def _sums(values: FloatArray, units: NDArray[np.int64]) -> FloatArray:
    """Return the sums of the rows of (n, columns) by unit, shape (units, columns)."""
    sums = np.zeros((int(units.max()) + 1, values.shape[1]))
    np.add.at(sums, units, values)
    return sums


def _bootstrap(
    fit: _Fit, units: NDArray[np.int64], n_draws: int, rng: np.random.Generator
) -> FloatArray:
    """Return a_paid, a_grossing and the scale ratio of each resample, shape (n_draws, 3).

    Whole units are drawn with replacement. A resample whose design is singular is NaN.
    """
    n_columns = fit.x.shape[1]
    products = fit.x[:, :, None] * np.column_stack([fit.x, fit.y])[:, None, :]
    moments = _sums(products.reshape(fit.y.size, -1), units)
    n_units = moments.shape[0]
    draws = np.full((n_draws, n_columns), np.nan)
    for start in range(0, n_draws, _CHUNK):
        size = min(_CHUNK, n_draws - start)
        drawn = rng.integers(n_units, size=(size, n_units)) + n_units * np.arange(size)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=size * n_units).reshape(size, n_units)
        system = (weights @ moments).reshape(size, n_columns, n_columns + 1)
        square = system[:, :, :n_columns]
        regular = np.linalg.matrix_rank(square, hermitian=True) == n_columns
        solved = np.linalg.solve(square[regular], system[regular][:, :, n_columns:])
        draws[start + np.flatnonzero(regular)] = _structural(
            np.asarray(solved[:, :, 0], np.float64)
        )
    return draws


def _quantities(
    coefficients: FloatArray,
    covariance: FloatArray,
    quantile: float,
    draws: FloatArray,
    level: float,
) -> list[Quantity]:
    """Return a_paid, a_grossing and the scale ratio with both intervals."""
    b0, b1, b2 = coefficients.tolist()
    value = structural(coefficients)
    gradient = np.array(
        [[0, -1 / b2, b1 / b2**2], [0, 0, 1 / b2**2], [-1 / b2, 0, b0 / b2**2]]  # of ln(b_g/b_p)
    )
    error = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    low, high = value - quantile * error, value + quantile * error
    low[2], high[2] = value[2] * np.exp(quantile * error[2] * np.array([-1.0, 1.0]))
    error[2] *= value[2]
    fitted = draws[np.isfinite(draws).all(axis=1)]
    ends = np.full((2, value.size), np.nan)
    if len(fitted) >= 0.95 * len(draws):
        ends = np.quantile(fitted, [(1 - level) / 2, (1 + level) / 2], axis=0)
    table = np.column_stack([value, error, low, high, ends[0], ends[1]])
    return [Quantity(*row) for row in table.tolist()]
