"""When jobs arrive: evenly in the mean, or along a day's curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray

HOUR_SECONDS, DAY_SECONDS, N_HOURS = 3_600.0, 86_400.0, 24


def hour_weights(weights: Sequence[float] | FloatArray) -> FloatArray:
    """Return 24 weights with a mean of 1.

    Parameters
    ----------
    weights
        Relative arrivals of the 24 hours of a day from midnight, 0 or more.

    Raises
    ------
    ValueError
        Another number of weights, a negative one, or nothing but zeros.
    """
    found = np.asarray(weights, np.float64)
    if found.shape != (N_HOURS,):
        raise ValueError(f"got {found.size} hourly weights; expected {N_HOURS}")
    if not np.isfinite(found).all() or (found < 0).any() or found.sum() <= 0:
        raise ValueError("got hourly weights that cannot be; expected 0 or more, not all of them 0")
    return found / found.mean()


def peak_to_mean_ratio(weights: Sequence[float] | FloatArray) -> float:
    """Return the busiest hour's arrivals over the mean hour's."""
    return float(hour_weights(weights).max())


def poisson_times(rng: np.random.Generator, rate: float, shape: tuple[int, int]) -> FloatArray:
    """Return rising arrival times, one row a replication, at a constant rate a second."""
    gaps = rng.standard_exponential(shape)
    np.cumsum(gaps, axis=1, out=gaps)
    gaps /= rate
    return gaps


def curved_times(
    rng: np.random.Generator,
    rate: float,
    weights: FloatArray,
    begin_hour: int,
    shape: tuple[int, int],
) -> FloatArray:
    """Return arrival times of a rate that follows the hours, from ``begin_hour`` on as time 0.

    Unit-rate arrivals through the inverse of the summed rate (Çinlar 1975), which is linear within
    an hour.

    Parameters
    ----------
    rate
        Mean over the day, a second.
    weights
        As of :func:`hour_weights`.
    begin_hour
        Hour of the day at time 0.
    shape
        Replications and arrivals.
    """
    unit = np.cumsum(rng.standard_exponential(shape), axis=1)
    a_day = rate * DAY_SECONDS
    summed = np.concatenate([[0.0], np.cumsum(np.roll(weights, -begin_hour))]) * rate * HOUR_SECONDS
    hours = np.arange(N_HOURS + 1) * HOUR_SECONDS
    days = np.floor(unit / a_day)
    return np.interp(unit - days * a_day, summed, hours) + days * DAY_SECONDS


def padded(times: FloatArray, mask: NDArray[np.bool_], n_pad: int) -> FloatArray:
    """Return the masked entries of each row, moved to its left, followed by infinities.

    Parameters
    ----------
    times, mask
        Shape (rows, n).
    n_pad
        Infinities at least at the end of each row.
    """
    counts = mask.sum(axis=1)
    out = np.full((len(times), int(counts.max(initial=0)) + n_pad), np.inf)
    out[np.arange(out.shape[1]) < counts[:, None]] = times[mask]
    return out
