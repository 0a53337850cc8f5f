"""Renewals of subscriptions: the shifted-beta-geometric law, fitted and projected.

Every subscriber leaves at each renewal with a chance of his own, which is beta distributed over the
subscribers. Those who leave easily go first, so the renewal rate of a cohort rises though nobody
changes (Fader and Hardie 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from etl.analytics.distributions import FloatArray, hyp2f1, ln_beta

NOBODY_LEFT = "nobody_left"
LEFT_AT_ONCE = "everybody_left_at_once"
TOO_FEW_PERIODS = "too_few_periods"
NO_HETEROGENEITY = "renewal_rate_does_not_rise"
POLARISED = "leave_at_once_or_never"
REASONS = {
    NOBODY_LEFT: "nobody left, so the chance to leave cannot be estimated",
    LEFT_AT_ONCE: "everybody left at the first renewal, so later ones cannot be estimated",
    TOO_FEW_PERIODS: "only one renewal was observed; two parameters need two or more",
    NO_HETEROGENEITY: "the renewal rate does not rise with the number of renewals, so subscribers "
    "do not differ in a way this law could describe",
    POLARISED: "those who stay never leave later, which only a law without spread describes",
}
"""Why there is no fit, by code."""

_MOST_STEPS = 100
_TOLERANCE = 1e-9
_HOMOGENEOUS = 1e6
"""A larger sum of the parameters: subscribers all alike; one below its inverse: polarised."""


@dataclass(frozen=True)
class Cohorts:
    """Survivors of cohorts, summed by the number of renewals they stood before.

    Attributes
    ----------
    renewed
        Shape (periods,), subscribers who renewed for the j-th time, j from 1.
    due
        Shape (periods,), subscribers whose j-th renewal was observed, kept or not.
    """

    renewed: FloatArray
    due: FloatArray

    @classmethod
    def of(cls, survivors: Sequence[ArrayLike]) -> Cohorts:
        """Sum cohorts.

        Parameters
        ----------
        survivors
            For each cohort its size and those left after each renewal observed so far, shape
            (1 + renewals,). Cohorts may have been observed for different times.

        Raises
        ------
        ValueError
            If there is no cohort, one has no renewal, is empty, or its survivors rise.
        """
        counts = [np.asarray(cohort, dtype=np.float64) for cohort in survivors]
        if not counts:
            raise ValueError("got no cohort; at least one is needed")
        for cohort in counts:
            _require_falling(cohort)
        periods = max(cohort.size for cohort in counts) - 1
        renewed, due = np.zeros(periods), np.zeros(periods)
        for cohort in counts:
            renewed[: cohort.size - 1] += cohort[1:]
            due[: cohort.size - 1] += cohort[:-1]
        return cls(renewed, due)


def _require_falling(cohort: FloatArray) -> None:
    told = ", ".join(f"{count:g}" for count in cohort[:12])
    if cohort.ndim != 1 or cohort.size < 2:
        raise ValueError(f"got the survivors {told}; a cohort has its size and one renewal or more")
    if not np.isfinite(cohort).all() or (cohort < 0).any() or cohort[0] <= 0:
        raise ValueError(f"got the survivors {told}; counts are 0 or more, a cohort is not empty")
    if (np.diff(cohort) > 0).any():
        at = int(np.argmax(np.diff(cohort) > 0)) + 1
        raise ValueError(
            f"got {cohort[at]:g} survivors of renewal {at} after {cohort[at - 1]:g}; survivors "
            "never rise (count reactivations as new subscriptions)"
        )


@dataclass(frozen=True)
class ShiftedBetaGeometric:
    """A fitted law, or the reason why there is none.

    Attributes
    ----------
    alpha, beta
        Parameters of the beta distribution of the chance to leave; missing without a fit.
    log_likelihood
        At the maximum, without the constant of the counts.
    reason
        A code of :data:`REASONS`; empty where there is a fit.
    """

    alpha: float
    beta: float
    log_likelihood: float
    reason: str = ""

    def survival(self, renewals: ArrayLike) -> FloatArray:
        """Return the share left after so many renewals, S(t) = B(α, β + t) / B(α, β)."""
        return survival(self.alpha, self.beta, renewals)

    def renewal_rate(self, renewals: ArrayLike) -> FloatArray:
        """Return the share of those left that renew for the t-th time, t from 1."""
        t = np.asarray(renewals, dtype=np.float64)
        return (self.beta + t - 1) / (self.alpha + self.beta + t - 1)

    def expected_lifetime(self, discount_rate: float) -> float:
        """Return the discounted expected lifetime (DEL) of a new subscriber, in periods.

        Σ S(t) / (1 + d)^t from t = 0: the first payment counts in full.
        """
        return float(discounted_lifetime(self.alpha, self.beta, discount_rate))

    def residual_lifetime(self, renewals: ArrayLike, discount_rate: float) -> FloatArray:
        """Return the discounted expected residual lifetime (DERL) after so many renewals.

        Σ S(t) / S(n) / (1 + d)^(t − n − 1) from t = n + 1: the next payment, if it comes, counts
        in full (Fader and Hardie 2010).
        """
        n = np.asarray(renewals, dtype=np.float64)
        ahead = discounted_lifetime(self.alpha, self.beta + n + 1, discount_rate)
        return (self.beta + n) / (self.alpha + self.beta + n) * ahead


def survival(alpha: ArrayLike, beta: ArrayLike, renewals: ArrayLike) -> FloatArray:
    """Return S(t) for parameters and renewals whose shapes broadcast."""
    a, b = np.asarray(alpha, np.float64), np.asarray(beta, np.float64)
    return np.exp(ln_beta(a, b + np.asarray(renewals, np.float64)) - ln_beta(a, b))


def discounted_lifetime(alpha: ArrayLike, beta: ArrayLike, discount_rate: float) -> FloatArray:
    """Return Σ S(t) / (1 + d)^t from t = 0 for a subscriber with these parameters."""
    if not discount_rate > 0:
        raise ValueError(
            f"got the discount rate {discount_rate}; it is above 0, since without discounting the "
            "sum need not be finite"
        )
    a, b = np.asarray(alpha, np.float64), np.asarray(beta, np.float64)
    return hyp2f1(1.0, b, a + b, 1 / (1 + discount_rate))


def fit(cohorts: Cohorts) -> ShiftedBetaGeometric:
    """Fit the law to counts by maximum likelihood."""
    reason = _unfit(cohorts.renewed[None], cohorts.due[None])[0]
    if reason:
        return ShiftedBetaGeometric(np.nan, np.nan, np.nan, reason)
    alpha, beta, value, converged = _maximise(cohorts.renewed[None], cohorts.due[None])
    if not converged[0]:
        code = POLARISED if alpha[0] + beta[0] < 1 else NO_HETEROGENEITY
        return ShiftedBetaGeometric(np.nan, np.nan, np.nan, code)
    return ShiftedBetaGeometric(float(alpha[0]), float(beta[0]), float(value[0]))


@dataclass(frozen=True)
class BootstrapFits:
    """Refits of resampled subscribers.

    Attributes
    ----------
    alpha, beta
        Shape (fits,), those that have a fit.
    n_without_fit
        Resamples that have none; where they are many, an interval from the others flatters.
    """

    alpha: FloatArray
    beta: FloatArray
    n_without_fit: int


def bootstrap(
    survivors: Sequence[ArrayLike], n_draws: int, rng: np.random.Generator
) -> BootstrapFits:
    """Resample the subscribers of every cohort and fit again, all draws at once.

    Parameters
    ----------
    survivors
        As in :meth:`Cohorts.of`.
    n_draws
        Resamples.
    """
    counts = [np.asarray(cohort, dtype=np.float64) for cohort in survivors]
    periods = max(cohort.size for cohort in counts) - 1
    renewed, due = np.zeros((n_draws, periods)), np.zeros((n_draws, periods))
    for cohort in counts:
        left = np.append(-np.diff(cohort), cohort[-1])
        drawn = rng.multinomial(round(float(cohort[0])), left / cohort[0], size=n_draws)
        alive = drawn[:, ::-1].cumsum(axis=1)[:, ::-1].astype(np.float64)
        due[:, : cohort.size - 1] += alive[:, :-1]
        renewed[:, : cohort.size - 1] += alive[:, 1:]
    usable = _unfit(renewed, due) == ""
    alpha, beta, _, converged = _maximise(renewed[usable], due[usable])
    return BootstrapFits(alpha[converged], beta[converged], n_draws - int(converged.sum()))


def bootstrap_counts(cohorts: Cohorts, n_draws: int, rng: np.random.Generator) -> BootstrapFits:
    """Resample the renewals of every period and fit again, where only counts by period are held.

    Whether each subscriber due renews is drawn anew, with those due as they were: the weird
    bootstrap (Andersen, Borgan, Gill and Keiding 1993).
    """
    due = np.broadcast_to(cohorts.due, (n_draws, cohorts.due.size)).astype(np.float64)
    rate = np.divide(cohorts.renewed, cohorts.due, where=cohorts.due > 0, out=0 * cohorts.due)
    renewed = rng.binomial(due.astype(np.int64), rate).astype(np.float64)
    usable = _unfit(renewed, due) == ""
    alpha, beta, _, converged = _maximise(renewed[usable], due[usable])
    return BootstrapFits(alpha[converged], beta[converged], n_draws - int(converged.sum()))


def _unfit(renewed: FloatArray, due: FloatArray) -> np.ndarray:
    """Return why each row of counts, shape (fits, periods), has no fit; ``""`` where it may."""
    left = (due - renewed).sum(axis=1)
    later = due[:, 1:].sum(axis=1)
    return np.select(
        [left <= 0, renewed.sum(axis=1) <= 0, later <= 0],
        [NOBODY_LEFT, LEFT_AT_ONCE, TOO_FEW_PERIODS],
        "",
    ).astype(object)


def _maximise(
    renewed: FloatArray, due: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, np.ndarray]:
    """Maximise the likelihood of many rows of counts at once by damped Newton steps in logs.

    With u subscribers renewing and v due at the j-th renewal the log-likelihood is
    Σ (v − u) ln α + Σ u ln(β + j − 1) − Σ v ln(α + β + j − 1).
    """
    n, periods = renewed.shape
    j = np.arange(periods, dtype=np.float64)
    churned = (due - renewed).sum(axis=1)

    def value(point: FloatArray) -> FloatArray:
        a, b = np.exp(point).T
        return (
            churned * point[:, 0]
            + (renewed * np.log(b[:, None] + j)).sum(axis=1)
            - (due * np.log(a[:, None] + b[:, None] + j)).sum(axis=1)
        )

    point = np.zeros((n, 2))
    best = value(point)
    done = np.zeros(n, dtype=bool)
    for _ in range(_MOST_STEPS):
        gradient, curvature = _derivatives(point, renewed, due, churned, j)
        done = np.abs(gradient).max(axis=1) <= _TOLERANCE * np.maximum(churned, 1)
        if done.all():
            break
        step = _ascent(gradient, curvature)
        scale = np.where(done, 0.0, 1.0)
        for _ in range(40):
            tried = value(point + scale[:, None] * step)
            worse = ~(tried >= best - 1e-12 * np.abs(best)) & (scale > 0)
            if not worse.any():
                break
            scale[worse] /= 2
        point = point + scale[:, None] * step
        best = value(point)
        if (np.exp(point).sum(axis=1) > _HOMOGENEOUS).all():
            break
    gradient, _ = _derivatives(point, renewed, due, churned, j)
    alpha, beta = np.exp(point).T
    flat = np.abs(gradient).max(axis=1) <= 1e-5 * np.maximum(churned, 1)
    spread = (alpha + beta > 1 / _HOMOGENEOUS) & (alpha + beta < _HOMOGENEOUS)
    return alpha, beta, best, flat & spread


def _derivatives(
    point: FloatArray, renewed: FloatArray, due: FloatArray, churned: FloatArray, j: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gradient (n, 2) and Hessian (n, 2, 2) of the log-likelihood in ln α and ln β."""
    a, b = np.exp(point).T
    both = 1 / (a[:, None] + b[:, None] + j)
    alone = 1 / (b[:, None] + j)
    sum_both, sum_both2 = (due * both).sum(axis=1), (due * both**2).sum(axis=1)
    sum_alone, sum_alone2 = (renewed * alone).sum(axis=1), (renewed * alone**2).sum(axis=1)
    by_a, by_b = churned / a - sum_both, sum_alone - sum_both
    gradient = np.stack([a * by_a, b * by_b], axis=1)
    aa = a**2 * (-churned / a**2 + sum_both2) + a * by_a
    bb = b**2 * (-sum_alone2 + sum_both2) + b * by_b
    ab = a * b * sum_both2
    return gradient, np.stack([np.stack([aa, ab], 1), np.stack([ab, bb], 1)], axis=1)


def _ascent(gradient: FloatArray, curvature: FloatArray) -> FloatArray:
    """Return Newton's step where it climbs, else a bent one; never longer than 2 in logs."""
    values, vectors = np.linalg.eigh(curvature)
    bent = -np.maximum(np.abs(values), 1e-12)
    along = np.einsum("nij,ni->nj", vectors, gradient) / -bent
    step = np.einsum("nij,nj->ni", vectors, along)
    length = np.linalg.norm(step, axis=1, keepdims=True)
    return step * np.minimum(1.0, 2.0 / np.maximum(length, 1e-300))
