"""How many pictures a day a wave of curiosity asks for while it fades."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.sourcing import DAYS_PER_MONTH, expect

WaveLaw = Literal["exponential", "power"]


@dataclass(frozen=True)
class DemandWave:
    """Demand that is highest on its first day and falls from there on.

    Attributes
    ----------
    peak_images_per_day
        On day 0, above 0.
    half_life_days
        Until half of what fades is gone, above 0.
    law
        ``exponential``: 2^(−day/half-life); ``power``: (1 + day)^(−k) with k = ln 2/ln(1 +
        half-life), as in :mod:`etl.analytics.decay`: a tail that fades ever slower.
    floor_share
        Share of the peak that stays for good, in [0, 1].
    """

    peak_images_per_day: float
    half_life_days: float
    law: WaveLaw = "exponential"
    floor_share: float = 0.0

    def __post_init__(self) -> None:
        expect(self.peak_images_per_day > 0, "peak", self.peak_images_per_day, "above 0")
        expect(self.half_life_days > 0, "half_life_days", self.half_life_days, "above 0")
        expect(0 <= self.floor_share <= 1, "floor_share", self.floor_share, "between 0 and 1")
        if self.law not in ("exponential", "power"):
            raise ValueError(f"got the law {self.law!r}; expected exponential or power")

    def at(self, days: FloatArray) -> FloatArray:
        """Return the images a day on each day since the peak, shape as ``days``."""
        if self.law == "power":
            shape = (1 + days) ** -self._power
        else:
            shape = np.exp2(-days / self.half_life_days)
        return self._above_floor(shape)

    def monthly_means(self, n_months: int) -> FloatArray:
        """Return the mean images a day of each month from the peak on, shape (n_months,)."""
        return self._above_floor(self._month_areas(month_starts(n_months)) / DAYS_PER_MONTH)

    @property
    def _power(self) -> float:
        return math.log(2) / math.log1p(self.half_life_days)

    def _above_floor(self, shape: FloatArray) -> FloatArray:
        return self.peak_images_per_day * (self.floor_share + (1 - self.floor_share) * shape)

    def _month_areas(self, begin: FloatArray) -> FloatArray:
        """Return the integral of the fading shape over the month that begins on each day."""
        if self.law == "exponential":
            rate = math.log(2) / self.half_life_days
            # From the month's first day on: late months are no difference of two near ones.
            return np.exp(-rate * begin) * (1 - math.exp(-rate * DAYS_PER_MONTH)) / rate
        slower, ratio = 1 - self._power, np.log1p(DAYS_PER_MONTH / (1 + begin))
        if abs(slower) < 1e-9:
            return ratio
        return (1 + begin) ** slower * np.expm1(slower * ratio) / slower


def month_starts(n_months: int) -> FloatArray:
    """Return the day since the peak on which each month begins, shape (n_months,)."""
    return np.arange(float(n_months)) * DAYS_PER_MONTH
