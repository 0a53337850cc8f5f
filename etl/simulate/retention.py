"""Who comes back on which day, calibrated so that the stated retention is met in the mean.

The curve r(k) runs through the targets: monotone cubic (PCHIP) in ln k and ln r between them, a
power law with the last slope beyond. Whether user i is active on the k-th UTC day after the
install is a one-factor threshold model (Vasicek 2002, The distribution of loan portfolio value):

    active(i, k)  <=>  sqrt(1 - rho) * e(i, k) < t(k) + d(i) + sqrt(rho) * z(i)

with e, z standard normal and d(i) the shift of the user's channel and experiment arm. z makes some
users loyal and others not; because sqrt(rho) z + sqrt(1 - rho) e is standard normal again, the
mean over users of one group is exactly Phi(t(k) + d). The thresholds t(k) are solved numerically
from r(k) = sum over groups of w(k) * Phi(t(k) + d), where w(k) are the shares of the groups among
the installs that are observed for k days. So the expectation, given who installed, equals r(k).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import ndtr

from etl.simulate import world
from etl.simulate.parameters import Parameters, Target
from etl.simulate.waves import Plan


@dataclass(frozen=True)
class Calibration:
    """The thresholds of every day.

    Attributes
    ----------
    rates
        Retention r(k) meant for k = 0 … days - 1; r(0) is 1, shape (days,).
    thresholds
        t(k), shape (days,); t(0) is infinite.
    shifts
        d by channel and arm, shape (channels, arms).
    weights
        Shares of channels and arms among installs observed k days, (days, channels, arms).
    """

    rates: np.ndarray
    thresholds: np.ndarray
    shifts: np.ndarray
    weights: np.ndarray

    def of_arm(self, day: int, arm: int) -> float:
        """Return the true retention of an arm on a day over the channels' shares."""
        weight = self.weights[day, :, arm]
        rate: Any = ndtr(self.thresholds[day] + self.shifts[:, arm])
        return float((weight * rate).sum() / weight.sum())


def curve(targets: tuple[Target, ...], days: int) -> np.ndarray:
    """Return r(k) for k = 0 … days - 1, exact at the targets and falling."""
    x = np.log([target.day for target in targets])
    y = np.log([target.rate for target in targets])
    rates = np.ones(days)
    k = np.log(np.arange(1, days)) if days > 1 else np.empty(0)
    slope = (y[-1] - y[-2]) / (x[-1] - x[-2])
    between: Any = PchipInterpolator(x, y)
    inside = between(np.minimum(k, x[-1]))
    rates[1:] = np.exp(np.where(k <= x[-1], inside, y[-1] + slope * (k - x[-1])))
    return rates


def calibrate(parameters: Parameters, plan: Plan) -> Calibration:
    """Solve the thresholds t(k) by bisection, all days at once."""
    rates = curve(parameters.targets(), parameters.days)
    shifts = np.add.outer(
        [channel.retention_shift for channel in world.CHANNELS],
        [arm.retention_shift for arm in world.ARMS],
    )
    weights = _weights(plan)
    low, high = np.full(rates.shape, -12.0), np.full(rates.shape, 12.0)
    for _ in range(60):
        middle = (low + high) / 2
        met: Any = (weights * ndtr(middle[:, None, None] + shifts)).sum(axis=(1, 2))
        low, high = np.where(met < rates, middle, low), np.where(met < rates, high, middle)
    thresholds = (low + high) / 2
    thresholds[0] = np.inf
    return Calibration(rates, thresholds, shifts, weights)


def _weights(plan: Plan) -> np.ndarray:
    """Return the shares of channels and arms among installs observed at least k days."""
    by_day = plan.installs.sum(axis=1).astype(float)
    observed = np.cumsum(by_day, axis=0)[::-1]  # installs up to day (days - 1 - k), by channel
    whole = plan.expected.sum(axis=(0, 1))
    observed = np.where(observed.sum(axis=1, keepdims=True) > 0, observed, whole)
    share = observed / observed.sum(axis=1, keepdims=True)
    return share[:, :, None] * np.array([arm.probability for arm in world.ARMS])
