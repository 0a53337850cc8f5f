"""Where the mean of a series changes, and how often by BIC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

# ruptures ships no types: everything taken from it passes through this module.
import ruptures  # pyright: ignore[reportMissingTypeStubs]

from etl.analytics.distributions import FloatArray

SHORTEST = 2
"""Observations a segment has at least."""
MOST_BREAKS = 5
LONGEST = 10_000
"""Up to so many observations the best division is looked for; it costs their square."""


@dataclass(frozen=True)
class Segment:
    """Observations ``first`` to ``last`` (positions, both inclusive) and their mean."""

    first: int
    last: int
    mean: float


@dataclass(frozen=True)
class Breaks:
    """The division with the lowest BIC.

    Attributes
    ----------
    after
        Positions after which a segment ends (0-based, the last one left out).
    segments
        The stretches between them.
    rss
        Residual sum of squares around the segments' means.
    rss_by_number, bic
        Number of breaks → residual sum of squares and BIC of the best division, for every number
        that was tried.
    """

    after: tuple[int, ...]
    segments: tuple[Segment, ...]
    rss: float
    rss_by_number: dict[int, float]
    bic: dict[int, float]


def breaks(values: FloatArray, most: int = MOST_BREAKS) -> Breaks:
    """Divide a series into stretches of one mean each, as many as BIC asks for.

    Parameters
    ----------
    values
        Shape (n,), finite, in order.
    most
        Most breaks to try.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or there are more than :data:`LONGEST`.

    Notes
    -----
    Dynamic programming (Bai and Perron 2003) by ``ruptures``, whose search with a linear kernel
    is that of the mean, exact at every position (``jump=1``) and compiled. BIC counts a mean for
    each segment, each break and the variance, as R's strucchange does.
    """
    n = values.size
    if not np.isfinite(values).all():
        raise ValueError("got a value that is missing or infinite")
    if n > LONGEST:
        raise ValueError(f"got {n} values; breaks are looked for in at most {LONGEST}")
    most = min(most, n // SHORTEST - 1)
    ends = {0: [n]}
    if most > 0 and np.ptp(values) > 0:
        search: Any = cast(Any, ruptures).KernelCPD("linear", min_size=SHORTEST, jump=1)
        # The compiled search sums squares, which cancel where the mean is far from zero.
        search.fit((values - values.mean()) / values.std())
        ends |= {number: search.predict(n_bkps=number) for number in range(1, most + 1)}
    rss = {number: _rss(values, cut) for number, cut in ends.items()}
    floor = n * (1e-9 * max(float(np.abs(values).max()), 1e-300)) ** 2 if n else 1.0
    bic = {number: _bic(n, max(left, floor), number) for number, left in rss.items()}
    chosen = min(bic, key=bic.__getitem__)
    cut = ends[chosen]
    starts = [0, *cut[:-1]]
    segments = tuple(
        Segment(first, end - 1, float(values[first:end].mean()))
        for first, end in zip(starts, cut, strict=True)
        if end > first
    )
    return Breaks(tuple(end - 1 for end in cut[:-1]), segments, rss[chosen], rss, bic)


def _rss(values: FloatArray, ends: list[int]) -> float:
    parts = np.split(values, ends[:-1])
    return float(sum(((part - part.mean()) ** 2).sum() for part in parts if part.size))


def _bic(n: int, rss: float, n_breaks: int) -> float:
    likelihood = -0.5 * n * (np.log(rss) + 1 - np.log(n) + np.log(2 * np.pi))
    return float(-2 * likelihood + np.log(n) * 2 * (n_breaks + 1))
