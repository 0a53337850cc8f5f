"""How long people stay: Kaplan–Meier, the log-rank test and the restricted mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from etl.analytics.distributions import FloatArray, chi_square_p, normal_quantile


@dataclass(frozen=True)
class KaplanMeier:
    """The survival curve of one group, at the times something ended.

    Attributes
    ----------
    n
        Subjects.
    time
        Shape (m,), the distinct times with an event, ascending, in the unit of the input.
    at_risk, events
        Shape (m,), subjects under observation just before, and events.
    survival
        Shape (m,), share that lasts beyond the time, 0–1.
    se_greenwood
        Shape (m,), its standard error (Greenwood 1926); missing where nobody is left.
    low, high
        Shape (m,), log-log interval (Kalbfleisch and Prentice 1980); missing where nobody is left.
    median
        Time by which half has ended; missing where the curve stays above one half.
    last_time
        The longest time anybody was observed.
    """

    n: int
    time: FloatArray
    at_risk: FloatArray
    events: FloatArray
    survival: FloatArray
    se_greenwood: FloatArray
    low: FloatArray
    high: FloatArray
    median: float
    last_time: float

    def at(self, times: ArrayLike) -> FloatArray:
        """Return the share that lasts beyond ``times``; missing beyond the observation."""
        asked = np.asarray(times, dtype=np.float64)
        position = np.searchsorted(self.time, asked, side="right")
        values = np.concatenate([[1.0], self.survival])[position]
        return np.where((asked <= self.last_time) | (values == 0), values, np.nan)


def kaplan_meier(time: ArrayLike, status: ArrayLike, level: float = 0.95) -> KaplanMeier:
    """Estimate the share that lasts (Kaplan and Meier 1958).

    Parameters
    ----------
    time
        Shape (n,), how long each subject was observed, 0 or more.
    status
        Shape (n,), 1 where it ended then, 0 where the observation did. Who leaves observation at
        the time of an event is still at risk in it.
    level
        Of the interval.

    Raises
    ------
    ValueError
        If there is no subject, a time is negative or missing, or a status is neither 0 nor 1.
    """
    times, ended = _checked(time, status)
    moments = np.unique(times[ended == 1])
    at_risk, events = _counts(times, ended, moments)
    survival = np.cumprod(1 - events / at_risk).astype(np.float64)
    survival[at_risk == events] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.cumsum(events / (at_risk * (at_risk - events)))
        error = np.where(survival > 0, survival * np.sqrt(hazard), np.nan)
        factor = np.exp(normal_quantile((1 + level) / 2) * np.sqrt(hazard) / np.log(survival))
        inside = (survival > 0) & (survival < 1)
        low = np.where(inside, survival ** (1 / factor), np.nan)
        high = np.where(inside, survival**factor, np.nan)
    return KaplanMeier(
        times.size,
        moments,
        at_risk,
        events,
        survival,
        error,
        low,
        high,
        _median(moments, survival),
        float(times.max()),
    )


def _median(time: FloatArray, survival: FloatArray) -> float:
    """Return where the curve crosses one half: the middle of a step that lies on it, as in R."""
    # The product of ratios can miss 1/2 by rounding; R allows the same tolerance.
    on = np.isclose(survival, 0.5, rtol=0, atol=np.sqrt(np.finfo(float).eps))
    below = (survival < 0.5) & ~on
    if on.any():
        first = int(on.argmax())
        if below.any():
            return float((time[first] + time[int(below.argmax())]) / 2)
        return float(time[first])
    return float(time[int(below.argmax())]) if below.any() else np.nan


@dataclass(frozen=True)
class RestrictedMean:
    """Mean time up to τ: the area under the curve, and its standard error."""

    tau: float
    rmst: float
    rmst_se: float


def restricted_mean(curve: KaplanMeier, tau: float) -> RestrictedMean:
    """Return the restricted mean survival time and its error.

    Parameters
    ----------
    curve
        A survival curve.
    tau
        Horizon in the unit of its time, above 0.

    Returns
    -------
    RestrictedMean
        Missing where the curve is not known up to ``tau``: the observation ends before, and
        somebody was still there.

    Raises
    ------
    ValueError
        If ``tau`` is not positive.

    Notes
    -----
    Standard error √Σ (∫_{t_i}^τ S)² · d_i / (n_i (n_i − d_i)) over event times before τ.
    """
    if not tau > 0:
        raise ValueError(f"got the horizon {tau}; it is above 0")
    known = tau <= curve.last_time or (curve.survival.size > 0 and curve.survival[-1] == 0)
    if not known:
        return RestrictedMean(tau, np.nan, np.nan)
    within = curve.time < tau
    edges = np.concatenate([[0.0], curve.time[within], [tau]])
    heights = np.concatenate([[1.0], curve.survival[within]])
    areas = np.diff(edges) * heights
    after = areas[::-1].cumsum()[::-1][1:]
    at_risk, events = curve.at_risk[within], curve.events[within]
    left = at_risk - events
    # After the last subject ended there is no area, and no error.
    terms = np.where(left > 0, after**2 * events / (at_risk * np.where(left > 0, left, 1)), 0)
    return RestrictedMean(tau, float(areas.sum()), float(np.sqrt(terms.sum())))


@dataclass(frozen=True)
class LogRank:
    """Whether groups differ: chi-square, its degrees of freedom and p; missing for one group."""

    chi_square: float
    degrees_of_freedom: int
    p_value: float


def log_rank(time: ArrayLike, status: ArrayLike, group: ArrayLike) -> LogRank:
    """Test whether all groups share one survival curve (Mantel 1966; Peto and Peto 1972).

    Parameters
    ----------
    time, status
        As in :func:`kaplan_meier`.
    group
        Shape (n,), the group of each subject.
    """
    times, ended = _checked(time, status)
    names = np.asarray(group, dtype=str)
    groups = np.unique(names)
    freedom = groups.size - 1
    if freedom < 1 or not ended.any():
        return LogRank(np.nan, freedom, np.nan)
    moments = np.unique(times[ended == 1])
    counts = [_counts(times[names == name], ended[names == name], moments) for name in groups]
    at_risk, events = (np.stack(part) for part in zip(*counts, strict=True))
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    excess = (events - d * share).sum(axis=1)[:-1]
    # With one subject left there is nothing to vary.
    weight = d * (n - d) / np.maximum(n - 1, 1)
    covariance = np.diag((weight * share).sum(axis=1)) - (weight * share) @ share.T
    inverse = np.asarray(np.linalg.pinv(covariance[:-1, :-1], hermitian=True), np.float64)
    statistic = float(np.einsum("i,ij,j", excess, inverse, excess))
    return LogRank(statistic, freedom, chi_square_p(statistic, freedom))


def _counts(
    times: FloatArray, ended: FloatArray, moments: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return how many were at risk at each moment, and how many ended then."""
    ordered, ends = np.sort(times), np.sort(times[ended == 1])
    at_risk = times.size - np.searchsorted(ordered, moments, side="left")
    events = np.searchsorted(ends, moments, "right") - np.searchsorted(ends, moments, "left")
    return at_risk.astype(np.float64), events.astype(np.float64)


def _checked(time: ArrayLike, status: ArrayLike) -> tuple[FloatArray, FloatArray]:
    times, ended = np.asarray(time, dtype=np.float64), np.asarray(status, dtype=np.float64)
    if not times.size or times.shape != ended.shape:
        raise ValueError(f"got {times.size} times and {ended.size} states; one of each a subject")
    if not (np.isfinite(times).all() and (times >= 0).all()):
        raise ValueError("got a time that is missing, infinite or negative; times are 0 or more")
    if not np.isin(ended, (0, 1)).all():
        raise ValueError("got a status other than 0 (still there) and 1 (ended)")
    return times, ended
