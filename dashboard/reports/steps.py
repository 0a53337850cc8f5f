"""Lines that a native chart cannot draw by itself: stairs, and where a surface has one level."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from dashboard.reports.chart_values import Numbers, Place

Point = tuple[Place, float | None]


def corners(
    x: Sequence[Place], y: Numbers, shape: str, *, is_log: bool = False
) -> tuple[tuple[Place, ...], Numbers]:
    """Return the points of a line with the corners of its steps between them.

    Parameters
    ----------
    x, y
        Its points, of one length; ``None`` is a gap, over which no step leads.
    shape
        ``hv`` holds a value up to the next place, ``vh`` takes the next one at once, ``hvh`` turns
        half-way; any other leaves the points as they are.
    is_log
        Whether half-way is that of a logarithmic axis.
    """
    points: list[Point] = list(zip(x, y, strict=True))
    if shape not in ("hv", "vh", "hvh") or len(points) < 2:
        return tuple(x), tuple(y)
    found = [points[0]]
    for one, other in pairwise(points):
        found += [*_between(one, other, shape, is_log=is_log), other]
    return tuple(at for at, _ in found), tuple(height for _, height in found)


def _between(one: Point, other: Point, shape: str, *, is_log: bool) -> Iterator[Point]:
    (left, before), (right, after) = one, other
    if before is None or after is None:
        return
    if shape == "hv":
        yield right, before
    elif shape == "vh":
        yield left, after
    elif isinstance(left, int | float) and isinstance(right, int | float):
        half = math.sqrt(left * right) if is_log else (left + right) / 2
        yield from ((half, before), (half, after))


def crossings(y: Numbers, z: Numbers, level: float) -> tuple[float, ...]:
    """Return where a value over increasing places is a level, taken as straight between places.

    A gap on either side crosses nothing.
    """
    found: list[float] = []
    for (low, one), (high, other) in pairwise(zip(y, z, strict=True)):
        if low is None or high is None or one is None or other is None:
            continue
        below, above = one - level, other - level
        if (below < 0) != (above < 0):
            found.append(low + (high - low) * below / (below - above))
    return tuple(found)
