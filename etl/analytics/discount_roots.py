"""Every real root of a discounted sum: which rates bring a stream of payments to zero.

With x = ln(1 + r) the present value is f(x) = Σ cᵢ·e^(−tᵢx). Descartes' rule holds for such sums:
they have at most as many roots as their coefficients change sign in order of time (Laguerre 1883).
Let s lie between two times with a change of sign. The derivative of e^(sx)·f has the coefficients
cᵢ(s − tᵢ) and one change less; its roots part the line into pieces on which e^(sx)·f only rises or
only falls, and so holds one root at most. Going down to a sum without a change and back up again
finds every root, also those at which the value touches zero, without trial rates or a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray

_ROUNDING = 4 * float(np.finfo(np.float64).eps)
_HALVINGS = 120
"""A bracket of 10^6 is then narrower than the numbers it lies between are apart."""
_WIDEST = 1e12


@dataclass(frozen=True)
class _Sum:
    """Σ sign·e^(log − time·x), times rising, no coefficient 0; all of shape (n,)."""

    signs: FloatArray
    logs: FloatArray
    times: FloatArray

    def values(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sum over its largest term, and what of that is rounding; shapes as ``x``."""
        exponents = self.logs - self.times * x[:, None]
        terms: FloatArray = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        # The error of e^a grows with the size of what a was made of.
        inexact = 1 + np.abs(self.logs) + np.abs(self.times * x[:, None])
        return (self.signs * terms).sum(axis=1), _ROUNDING * (terms * inexact).sum(axis=1)

    def signs_at(self, x: FloatArray) -> FloatArray:
        """Return −1, 0 (not told from zero) or 1 for each ``x``."""
        value, rounding = self.values(x)
        return np.where(np.abs(value) <= rounding, 0.0, np.sign(value))

    def changes(self) -> FloatArray:
        """Return the middles between neighbouring times at which the sign changes."""
        at = np.flatnonzero(self.signs[1:] != self.signs[:-1])
        return (self.times[at] + self.times[at + 1]) / 2

    def derived(self, s: float) -> _Sum:
        """Return e^(−sx) times the derivative of e^(sx) times the sum."""
        away = s - self.times
        return _Sum(self.signs * np.sign(away), self.logs + np.log(np.abs(away)), self.times)


def roots(amounts: FloatArray, times: FloatArray) -> FloatArray:
    """Return every x with Σ amounts·e^(−times·x) = 0, rising; a multiple root stands once.

    Parameters
    ----------
    amounts
        Shape (n,), finite; zeros are allowed and ignored.
    times
        Shape (n,), strictly rising.

    Returns
    -------
    FloatArray
        Logarithms of 1 + rate; empty without a root, also where all amounts are 0. A minimum or
        maximum that differs from zero by no more than rounding is a root.

    Raises
    ------
    ArithmeticError
        A root does not bring the sum to zero within rounding: a fault of this module.
    """
    paid = amounts != 0
    levels = [_Sum(np.sign(amounts[paid]), np.log(np.abs(amounts[paid])), times[paid])]
    while (changes := levels[-1].changes()).size:
        levels.append(levels[-1].derived(float(changes[changes.size // 2])))
    found: FloatArray = np.empty(0)
    for level in reversed(levels[:-1]):
        found = _roots_between(level, found)
    _confirm(levels[0], found)
    return found


def _roots_between(level: _Sum, turning: FloatArray) -> FloatArray:
    """Return the roots of a sum that is monotone (times e^(sx)) between its turning points."""
    turning, signs = _merged(turning, level.signs_at(turning))
    low_end, high_end = level.signs[-1], level.signs[0]  # what is latest weighs most at low rates
    signs = np.concatenate([[low_end], signs, [high_end]])
    first, last = (turning[0], turning[-1]) if turning.size else (0.0, 0.0)
    points = np.concatenate(
        [[_beyond(level, first, -1.0, low_end)], turning, [_beyond(level, last, 1.0, high_end)]]
    )
    crossed = np.flatnonzero(signs[:-1] * signs[1:] < 0)
    crossings = _bisected(level, points[crossed], points[crossed + 1], signs[crossed])
    return np.sort(np.concatenate([crossings, turning[signs[1:-1] == 0]]))


def _merged(turning: FloatArray, signs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Make one point, their middle, of neighbours between which the sum stays at zero."""
    groups = np.cumsum(np.r_[True, (signs[1:] != 0) | (signs[:-1] != 0)])[: turning.size]
    middles = [float(turning[groups == group].mean()) for group in np.unique(groups)]
    kept = np.flatnonzero(np.r_[True, np.diff(groups) > 0][: turning.size])
    return np.array(middles), signs[kept]


def _beyond(level: _Sum, start: float, direction: float, sign: float) -> float:
    """Return a point so far out that the sum has the sign of its largest term."""
    step = 1.0
    while step < _WIDEST:
        point = start + direction * step
        if level.signs_at(np.array([point]))[0] == sign:
            return point
        step *= 2
    raise ArithmeticError(f"got no sign {sign:g} up to {start + direction * step:g}")


def _bisected(level: _Sum, low: FloatArray, high: FloatArray, sign_low: FloatArray) -> FloatArray:
    for _ in range(_HALVINGS if low.size else 0):
        middle = (low + high) / 2
        as_low = np.sign(level.values(middle)[0]) == sign_low
        low, high = np.where(as_low, middle, low), np.where(as_low, high, middle)
    return (low + high) / 2


def _confirm(level: _Sum, found: FloatArray) -> None:
    value, rounding = level.values(found)
    # A crossing is as near as two neighbouring numbers: the slope may be steep between them.
    steep: FloatArray = np.abs(found) * np.ptp(level.times) * _ROUNDING
    wrong = np.abs(value) > 8 * (rounding + steep * level.times.size)
    if wrong.any():
        raise ArithmeticError(f"got a present value that is not zero at ln(1+r) = {found[wrong]}")
