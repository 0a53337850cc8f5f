"""Bars that begin elsewhere than at zero, as a stack whose unseen parts carry the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

Segment = tuple[int | None, float]
"""Who is seen in a stretch (``None``: nobody, it only carries), and how long it is."""


@dataclass(frozen=True)
class Bar:
    """One bar: the position of its owner, its category and its two ends, in any order."""

    owner: int
    category: str
    begin: float
    end: float


@dataclass(frozen=True)
class Layer:
    """One series of a stack.

    Attributes
    ----------
    owner
        Whose bars are seen in it; ``None`` where it is not seen.
    lengths
        Signed lengths by category, ``None`` where it has nothing.
    """

    owner: int | None
    lengths: tuple[float | None, ...]


def layers(bars: Sequence[Bar], categories: Sequence[str], n_owners: int) -> list[Layer]:
    """Return the series that, stacked from zero up and from zero down, show the bars in place.

    A bar across zero becomes two parts, one on each side. Where bars of a category cover each
    other, the shortest is seen.
    """
    stacks = {
        (category, sign): _stack([bar for bar in bars if bar.category == category], sign)
        for category in categories
        for sign in (1, -1)
    }
    waiting = {key: list(stack) for key, stack in stacks.items()}
    found: list[Layer] = []
    while any(waiting.values()):
        for owner in (None, *range(n_owners)):
            taken = {key: _take(stack, owner) for key, stack in waiting.items()}
            found += _layers(owner, taken, categories)
    return found


def _layers(
    owner: int | None, taken: dict[tuple[str, int], float], categories: Sequence[str]
) -> list[Layer]:
    """Return the parts of one owner: one series, and a second where a bar crosses zero."""
    both = [(taken[name, 1], -taken[name, -1]) for name in categories]
    first = tuple((up or down) or None for up, down in both)
    second = tuple((down if up else 0.0) or None for up, down in both)
    return [Layer(owner, part) for part in (first, second) if any(part)]


def _take(stack: list[Segment], owner: int | None) -> float:
    """Take the first stretch off a stack if it is this owner's; return its length, else 0."""
    return stack.pop(0)[1] if stack and stack[0][0] == owner else 0.0


def _stack(bars: Sequence[Bar], sign: int) -> list[Segment]:
    """Return the stretches on one side of zero, from zero outwards."""
    spans = [
        (
            max(0.0, min(sign * bar.begin, sign * bar.end)),
            max(sign * bar.begin, sign * bar.end),
            bar,
        )
        for bar in bars
    ]
    spans = [(low, high, bar) for low, high, bar in spans if high > low]
    marks = sorted({0.0, *(end for low, high, _ in spans for end in (low, high))})
    stretches: list[Segment] = []
    for low, high in pairwise(marks):
        over = [(top - bottom, bar.owner) for bottom, top, bar in spans if bottom <= low < top]
        stretches.append((min(over)[1] if over else None, high - low))
    return [
        (owner, sum(length for _, length in run))
        for owner, run in groupby(stretches, key=lambda stretch: stretch[0])
    ]
