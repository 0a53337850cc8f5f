"""What samples say: percentiles with their rule, rates with an interval. No torch here."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STEADY_SHARE = 0.02
"""Samples are steady when the last ones lie within this share of their median, and no interval is
narrower: it is what a fresh process was seen to differ by from the one before."""
STEADY_SAMPLES = 3
_NEEDED = {50: 1, 95: 20, 99: 100}
# Student's t, 97.5 %, by degrees of freedom 1..9 (a standard table).
_T975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
_BLOCKS = 10


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes
    ----------
    value, low, high
        In the unit that the name of the figure tells; ``None`` with a ``reason``.
    n
        Samples behind it.
    reason
        Why there is none.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Return the figure for a record."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "reason": self.reason,
        }


def nothing(reason: str) -> dict[str, Any]:
    """Return the record of a figure that there is none of."""
    return Estimate(None, None, None, 0, reason).to_record()


def is_steady(seconds: Sequence[float]) -> bool:
    """Return whether the last three samples lie within 2 % of their median."""
    last = list(seconds)[-STEADY_SAMPLES:]
    if len(last) < STEADY_SAMPLES:
        return False
    return max(last) - min(last) <= STEADY_SHARE * statistics.median(last)


def percentile(seconds: Sequence[float], percent: int) -> Estimate:
    """Return a percentile with the interval of its order statistics.

    Parameters
    ----------
    seconds
        Samples.
    percent
        50, 95 or 99.

    Returns
    -------
    Estimate
        Nothing below 20 samples for 95 and 100 for 99. Value: linear between order statistics.
        Interval: order statistics at np ± 1.96 √(np(1−p)), never narrower than 2 % each way.
    """
    n, needed = len(seconds), _NEEDED[percent]
    if n < needed:
        return Estimate(None, None, None, n, f"p{percent} needs {needed} samples, {n} were taken")
    ordered, share = sorted(seconds), percent / 100
    at = share * (n - 1)
    below = math.floor(at)
    above = min(below + 1, n - 1)
    value = ordered[below] + (at - below) * (ordered[above] - ordered[below])
    half = 1.96 * math.sqrt(n * share * (1 - share))
    low = ordered[max(0, math.floor(n * share - half))]
    high = ordered[min(n - 1, math.ceil(n * share + half))]
    low, high = _widened(value, low, high)
    return Estimate(value, low, high, n)


def _widened(value: float, low: float, high: float) -> tuple[float, float]:
    floor = STEADY_SHARE * abs(value)
    return min(low, value - floor), max(high, value + floor)


def rate(seconds: Sequence[float], images_per_sample: int) -> Estimate:
    """Return images per second with its interval.

    Parameters
    ----------
    seconds
        Of each call.
    images_per_sample
        Pictures of each call.

    Returns
    -------
    Estimate
        All pictures over all seconds. Interval by batch means (up to ten blocks of consecutive
        calls, Student's t), which keeps the drift of a card that warms up inside; never narrower
        than 2 % each way.
    """
    n = len(seconds)
    if n == 0:
        return Estimate(None, None, None, 0, "no call was measured")
    value = n * images_per_sample / sum(seconds)
    blocks = _block_means(seconds)
    if len(blocks) < 2:
        return Estimate(value, None, None, n, "an interval needs two calls")
    error = statistics.stdev(blocks) / math.sqrt(len(blocks)) * _T975[len(blocks) - 2]
    mean = statistics.fmean(blocks)
    # Relative errors of a mean time and of its inverse are the same to first order.
    low, high = value / (1 + error / mean), value / max(1 - error / mean, 1e-3)
    low, high = _widened(value, low, high)
    return Estimate(value, low, high, n)


def _block_means(seconds: Sequence[float]) -> list[float]:
    n_blocks = min(_BLOCKS, len(seconds))
    edges = [round(index * len(seconds) / n_blocks) for index in range(n_blocks + 1)]
    return [statistics.fmean(seconds[start:end]) for start, end in itertools.pairwise(edges)]


def ratio(later: dict[str, Any], earlier: dict[str, Any]) -> Estimate:
    """Return ``later / earlier`` of two recorded figures, with the interval of both.

    Intervals are taken as symmetric around the logarithm and their widths added in squares.
    """
    a, b = later.get("value"), earlier.get("value")
    if not a or not b:
        return Estimate(None, None, None, 0, "one of the two has no figure")
    widths = [_log_half_width(figure) for figure in (later, earlier)]
    n = min(later.get("n") or 0, earlier.get("n") or 0)
    if None in widths:
        return Estimate(a / b, None, None, n, "one of the two has no interval")
    half = math.hypot(*(width or 0.0 for width in widths))
    return Estimate(a / b, a / b * math.exp(-half), a / b * math.exp(half), n)


def _log_half_width(figure: dict[str, Any]) -> float | None:
    low, high = figure.get("low"), figure.get("high")
    if not low or not high:
        return None
    return max(math.log(high / figure["value"]), math.log(figure["value"] / low))
