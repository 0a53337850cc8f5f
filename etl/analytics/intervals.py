"""Numbers known only within a range, and arithmetic that keeps the range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A positive quantity with the ends of its range; equal ends where it is known exactly.

    Attributes
    ----------
    value
        The figure itself, or the middle of a range of which only the ends are stated.
    low, high
        Ends of the range, ``low <= value <= high``.

    Raises
    ------
    ValueError
        If the three are not finite, in order and above zero.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        ends = (self.low, self.value, self.high)
        if not (np.isfinite(ends).all() and 0 < self.low <= self.value <= self.high):
            raise ValueError(f"got {ends}; a range is finite, positive and in order")

    @classmethod
    def of(cls, low: float, high: float | None = None) -> Interval:
        """Return an exact figure, or the range from ``low`` to ``high`` with its middle."""
        if high is None or not np.isfinite(high):
            return cls(low, low, low)
        return cls((low + high) / 2, low, high)

    def __truediv__(self, other: Interval) -> Interval:
        """Divide; the range runs from the smallest to the largest possible quotient."""
        return Interval(self.value / other.value, self.low / other.high, self.high / other.low)

    def __mul__(self, other: Interval) -> Interval:
        """Multiply; the range runs from the smallest to the largest possible product."""
        return Interval(self.value * other.value, self.low * other.low, self.high * other.high)
