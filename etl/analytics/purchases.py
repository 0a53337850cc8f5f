"""Repeat purchases without a contract: BG/NBD for how many, Gamma-Gamma for how large.

Conventions of the literature: ``frequency`` x counts repeat purchases (the first one is not among
them), ``recency`` t_x is the time of the last one after the first, ``T`` the time observed after
the first, all of one customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from etl.analytics.distributions import (
    FloatArray,
    digamma,
    hyp2f1,
    ln_gamma,
    minimised,
)

TOO_FEW = "too_few_customers"
NO_REPEAT = "no_repeat_purchase"
NOT_CONVERGED = "not_converged"
REASONS = {
    TOO_FEW: "fewer than ten customers",
    NO_REPEAT: "nobody bought again",
    NOT_CONVERGED: "the likelihood has no maximum at finite parameters",
}
"""Why there is no fit, by code."""

_FEWEST = 10
_LARGEST = 12.0
"""Logs of the parameters beyond this mark a ridge of the likelihood, not a maximum."""


@dataclass(frozen=True)
class BgNbd:
    """Beta-geometric / negative binomial law (Fader, Hardie and Lee 2005).

    Attributes
    ----------
    r, alpha
        Gamma law of the purchase rates, ``alpha`` in the unit of time.
    a, b
        Beta law of the chance to drop out after a purchase.
    log_likelihood
        At the maximum.
    reason
        A code of :data:`REASONS`; empty where there is a fit.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    reason: str = ""

    def expected_purchases(self, time: ArrayLike) -> FloatArray:
        """Return the repeat purchases a new customer makes within ``time``, E[X(t)]."""
        t = np.asarray(time, dtype=np.float64)
        z = t / (self.alpha + t)
        series = hyp2f1(self.r, self.b, self.a + self.b - 1, z)
        left = (self.alpha / (self.alpha + t)) ** self.r * series
        return (self.a + self.b - 1) / (self.a - 1) * (1 - left)

    def conditional_purchases(
        self, time: ArrayLike, frequency: ArrayLike, recency: ArrayLike, observed: ArrayLike
    ) -> FloatArray:
        """Return the purchases expected in the next ``time`` of customers with a history."""
        t, x, t_x, horizon = (
            np.asarray(v, np.float64) for v in (time, frequency, recency, observed)
        )
        a, b, r, alpha = self.a, self.b, self.r, self.alpha
        z = t / (alpha + horizon + t)
        series = hyp2f1(r + x, b + x, a + b + x - 1, z)
        left = ((alpha + horizon) / (alpha + horizon + t)) ** (r + x) * series
        ahead = (a + b + x - 1) / (a - 1) * (1 - left)
        return ahead * self.alive(x, t_x, horizon)

    def alive(self, frequency: ArrayLike, recency: ArrayLike, observed: ArrayLike) -> FloatArray:
        """Return the chance that a customer has not dropped out; 1 without a repeat purchase."""
        x, t_x, horizon = (np.asarray(v, np.float64) for v in (frequency, recency, observed))
        odds = (
            self.a
            / (self.b + np.maximum(x, 1) - 1)
            * ((self.alpha + horizon) / (self.alpha + t_x)) ** (self.r + x)
        )
        return np.where(x > 0, 1 / (1 + odds), 1.0)


def fit_bgnbd(frequency: ArrayLike, recency: ArrayLike, observed: ArrayLike) -> BgNbd:
    """Fit by maximum likelihood.

    Parameters
    ----------
    frequency, recency, observed
        Shape (n,), x, t_x and T as the module says.

    Raises
    ------
    ValueError
        If a value is missing or negative, a purchase comes after the end of observation, or
        recency and frequency contradict each other.
    """
    x, t_x, horizon = (np.asarray(v, dtype=np.float64) for v in (frequency, recency, observed))
    _require_history(x, t_x, horizon)
    reason = TOO_FEW if x.size < _FEWEST else NO_REPEAT if not x.any() else ""
    if reason:
        return _no_bgnbd(reason)
    scale = float(horizon.max())
    held = _Histories.of(x, t_x / scale, horizon / scale)

    def negative(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _bgnbd(point, held)
        return -value / x.size, -gradient / x.size

    point, converged = minimised(negative, np.array([0.0, -1.0, 0.0, 0.5]))
    if not converged or np.abs(point).max() > _LARGEST:
        return _no_bgnbd(NOT_CONVERGED)
    value, _ = _bgnbd(point, held)
    r, alpha, a, b = np.exp(point)
    # Purchase times have a density in the unit of time: the scaling must be taken out again.
    value -= float(x.sum()) * np.log(scale)
    return BgNbd(float(r), float(alpha * scale), float(a), float(b), float(value))


class _Histories(NamedTuple):
    """Histories with what repeats in them counted once: a fit asks for the same values often.

    ``alone`` and ``n_alone`` are times observed, and customers, without a repeat purchase; the
    others have ``x`` (position in ``counts``), ``t_x`` and ``horizon`` (position in ``times``).
    """

    alone: FloatArray
    n_alone: FloatArray
    counts: FloatArray
    n_counts: FloatArray
    x: np.ndarray
    t_x: FloatArray
    times: FloatArray
    horizon: np.ndarray

    @classmethod
    def of(cls, x: FloatArray, t_x: FloatArray, horizon: FloatArray) -> _Histories:
        again = x > 0
        alone, n_alone = np.unique(horizon[~again], return_counts=True)
        counts, position, n_counts = np.unique(x[again], return_inverse=True, return_counts=True)
        times, place = np.unique(horizon[again], return_inverse=True)
        n = [numbers.astype(np.float64) for numbers in (n_alone, n_counts)]
        return cls(alone, n[0], counts, n[1], position, t_x[again], times, place)


def _no_bgnbd(reason: str) -> BgNbd:
    return BgNbd(np.nan, np.nan, np.nan, np.nan, np.nan, reason)


def _bgnbd(point: FloatArray, held: _Histories) -> tuple[float, FloatArray]:
    """Return the log-likelihood and its gradient in the logs of r, α, a and b."""
    r, alpha, a, b = np.exp(point)
    once, over_once = held.n_alone, np.log(alpha + held.alone)
    value = float(r * (point[1] - over_once) @ once)
    by_r = float((point[1] - over_once) @ once)
    by_alpha = float((r / alpha - r / (alpha + held.alone)) @ once)

    x, weight = held.counts, held.n_counts
    steps = b + x - 1
    stayed = ln_gamma(a + b) + ln_gamma(b + x) - ln_gamma(b) - ln_gamma(a + b + x)
    common = ln_gamma(r + x) - ln_gamma(np.array(r)) + r * point[1] + stayed
    more, choice = (r + x)[held.x], (point[2] - np.log(steps))[held.x]
    end, last = alpha + held.times, alpha + held.t_x
    over = np.log(end)[held.horizon]
    alive, gone = -more * over, choice - more * np.log(last)
    total = np.logaddexp(alive, gone)
    of_alive = np.exp(alive - total)
    of_gone = 1 - of_alive
    gone_by_count = np.bincount(held.x, of_gone, x.size)
    value += float(common @ weight + total.sum())
    seen = digamma(r + x) - digamma(np.array(r)) + point[1]
    by_r += float(seen @ weight - of_alive @ over - of_gone @ np.log(last))
    by_alpha += float(r / alpha * weight.sum())
    by_alpha -= float((more * (of_alive / end[held.horizon] + of_gone / last)).sum())
    both = (digamma(np.array(a + b)) - digamma(a + b + x)) @ weight
    by_a = both + of_gone.sum() / a
    by_b = both + (digamma(b + x) - digamma(np.array(b))) @ weight - gone_by_count @ (1 / steps)
    return value, np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b], dtype=np.float64)


def _require_history(x: FloatArray, t_x: FloatArray, horizon: FloatArray) -> None:
    if not x.shape == t_x.shape == horizon.shape or x.ndim != 1:
        raise ValueError("got columns of different lengths; one value a customer is expected")
    every = np.stack([x, t_x, horizon]) if x.size else np.zeros((3, 0))
    rules = [
        (~np.isfinite(every).all(axis=0), "a missing or infinite value"),
        ((every < 0).any(axis=0), "a negative value"),
        (x != np.floor(x), "a frequency that is no whole number"),
        (t_x > horizon, "a recency after the time observed"),
        ((x == 0) & (t_x > 0), "a recency without a repeat purchase"),
        ((x > 0) & (t_x == 0), "repeat purchases at the time of the first"),
    ]
    for wrong, what in rules:
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(
                f"got {what} in customer {at + 1} (frequency {x[at]:g}, recency {t_x[at]:g}, "
                f"T {horizon[at]:g})"
            )


@dataclass(frozen=True)
class GammaGamma:
    """Gamma-Gamma law of what a customer spends on a purchase (Fader and Hardie 2013).

    Attributes
    ----------
    p, q, v
        Shape of a purchase, and shape and scale of the customers' rates; ``v`` in currency.
    log_likelihood
        At the maximum.
    reason
        A code of :data:`REASONS`; empty where there is a fit.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    reason: str = ""

    @property
    def mean(self) -> float:
        """Mean value of a purchase over all customers; missing where it is infinite."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else np.nan

    def expected_value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> FloatArray:
        """Return the mean value of a customer's future purchases given those seen."""
        x = np.asarray(frequency, np.float64)
        seen = np.where(x > 0, np.asarray(monetary_value, np.float64), 0.0)
        return self.p * (self.v + x * seen) / (self.p * x + self.q - 1)


def fit_gamma_gamma(frequency: ArrayLike, monetary_value: ArrayLike) -> GammaGamma:
    """Fit by maximum likelihood to the customers with a repeat purchase.

    Parameters
    ----------
    frequency
        Shape (n,), purchases behind the mean.
    monetary_value
        Shape (n,), mean value of a purchase in one currency; not read where ``frequency`` is 0.

    Raises
    ------
    ValueError
        If a value is missing, a frequency negative or fractional, or a mean not positive.
    """
    x, m = np.asarray(frequency, np.float64), np.asarray(monetary_value, np.float64)
    _require_values(x, m)
    again = x > 0
    reason = NO_REPEAT if not again.any() else TOO_FEW if again.sum() < _FEWEST else ""
    if reason:
        return _no_gamma_gamma(reason)
    scale = float(m[again].mean())
    n, mean = x[again], m[again] / scale

    def negative(point: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _gamma_gamma(point, n, mean)
        return -value / n.size, -gradient / n.size

    point, converged = minimised(negative, np.array([1.0, 1.0, 0.0]))
    if not converged or np.abs(point).max() > _LARGEST:
        return _no_gamma_gamma(NOT_CONVERGED)
    value, _ = _gamma_gamma(point, n, mean)
    p, q, v = np.exp(point)
    value -= n.size * np.log(scale)
    return GammaGamma(float(p), float(q), float(v * scale), float(value))


def _no_gamma_gamma(reason: str) -> GammaGamma:
    return GammaGamma(np.nan, np.nan, np.nan, np.nan, reason)


def _gamma_gamma(point: FloatArray, x: FloatArray, m: FloatArray) -> tuple[float, FloatArray]:
    """Return the log-likelihood and its gradient in the logs of p, q and v."""
    p, q, v = np.exp(point)
    px, spent = p * x, x * m + v
    value = (
        ln_gamma(px + q)
        - ln_gamma(px)
        - ln_gamma(np.array(q))
        + q * np.log(v)
        + (px - 1) * np.log(m)
        + px * np.log(x)
        - (px + q) * np.log(spent)
    )
    by_p = x * (digamma(px + q) - digamma(px) + np.log(m) + np.log(x) - np.log(spent))
    by_q = digamma(px + q) - digamma(np.array(q)) + np.log(v) - np.log(spent)
    by_v = q / v - (px + q) / spent
    gradient = np.array([by_p.sum() * p, by_q.sum() * q, by_v.sum() * v])
    return float(value.sum()), gradient


def _require_values(x: FloatArray, m: FloatArray) -> None:
    if x.shape != m.shape or x.ndim != 1:
        raise ValueError("got columns of different lengths; one value a customer is expected")
    again = x > 0
    rules = [
        (~np.isfinite(x) | (x < 0) | (x != np.floor(x)), "a frequency that is no whole number"),
        (again & ~np.isfinite(m), "a missing or infinite monetary value"),
        (again & (m <= 0), "a monetary value that is not positive (leave refunds out)"),
    ]
    for wrong, what in rules:
        if wrong.any():
            at = int(wrong.argmax())
            raise ValueError(
                f"got {what} in customer {at + 1} (frequency {x[at]:g}, monetary value {m[at]:g})"
            )
