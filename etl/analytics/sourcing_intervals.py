"""From how many pictures a day each option is the cheapest, and where two options cost the same.

Between two steps every option's month is a straight line, so that all crossings are exact: the
steps of all options and the crossings of their lines part the numbers of pictures into pieces on
which one order holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.sourcing import (
    DAYS_PER_MONTH,
    CostLine,
    PriceEvidence,
    SourcingOption,
    Workload,
    check_names,
    expect,
)

MOST_STEPS = 200_000
_ROUNDING = 1e-12

Edge = Literal["start", "crossing", "step", "end"]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CheapestInterval:
    """Numbers of pictures a day over which one option is the cheapest.

    Attributes
    ----------
    from_images_per_day, to_images_per_day
        Its ends. At a crossing both options cost the same; up to a step, it included, the machines
        below it are enough, and just above it one more is paid.
    from_edge, to_edge
        What its ends are; ``end`` is where the question ended.
    option, kind, evidence
        Which option, and whose dated price makes it the cheapest.
    from_cost_per_month_usd, to_cost_per_month_usd
        Just within the ends.
    from_n_machines, to_n_machines
        Likewise; ``None`` where the option holds none.
    """

    from_images_per_day: float
    to_images_per_day: float
    from_edge: Edge
    to_edge: Edge
    option: str
    kind: str
    evidence: PriceEvidence
    from_cost_per_month_usd: float
    to_cost_per_month_usd: float
    from_n_machines: int | None
    to_n_machines: int | None

    @property
    def from_cost_per_image_usd(self) -> float | None:
        """Return the cost of a picture just above the lower end; ``None`` where that is 0."""
        if self.from_images_per_day == 0:
            return None
        return self.from_cost_per_month_usd / (self.from_images_per_day * DAYS_PER_MONTH)

    @property
    def to_cost_per_image_usd(self) -> float:
        """Return the cost of a picture just below the upper end."""
        return self.to_cost_per_month_usd / (self.to_images_per_day * DAYS_PER_MONTH)


@dataclass(frozen=True)
class BreakEven:
    """A number of pictures a day at which the cheaper of two options changes.

    Attributes
    ----------
    images_per_day
        Where.
    edge
        ``crossing``: both cost the same there. ``step``: one of them needs a further machine just
        above it.
    cheaper_below, cheaper_above
        Names of the options.
    """

    images_per_day: float
    edge: Edge
    cheaper_below: str
    cheaper_above: str


@dataclass(frozen=True)
class _Pieces:
    """Pieces without a step or crossing inside.

    Their ends and whether each is a step are (m + 1,), machines and costs at the ends (options, m).
    """

    ends: FloatArray
    is_step: BoolArray
    n_machines: FloatArray
    cost_low: FloatArray
    cost_high: FloatArray

    @property
    def cost_middle(self) -> FloatArray:
        return (self.cost_low + self.cost_high) / 2

    def edge(self, i: int) -> Edge:
        """Return what the i-th end is."""
        if i == 0:
            return "start"
        if i == self.ends.size - 1:
            return "end"
        return "step" if self.is_step[i] else "crossing"


def cheapest_intervals(
    options: Sequence[SourcingOption], max_images_per_day: float, workload: Workload
) -> list[CheapestInterval]:
    """Return which option is the cheapest from 0 to ``max_images_per_day``, piece by piece.

    Parameters
    ----------
    options
        At least one, no name twice; of equally cheap ones the first is named.
    max_images_per_day
        Where to stop, above 0.
    workload
        What is asked of all.

    Returns
    -------
    list of CheapestInterval
        Rising and without gaps; neighbours name different options.

    Raises
    ------
    ValueError
        Names that stand twice, a bound that is not above 0 or so high that there are more than
        ``MOST_STEPS`` machines below it.
    """
    check_names(options)
    pieces = _pieces([option.line(workload) for option in options], max_images_per_day)
    best: list[int] = _first_of_the_cheapest(pieces.cost_middle).tolist()
    first = [i for i in range(len(best)) if i == 0 or best[i] != best[i - 1]]
    last = [*(i - 1 for i in first[1:]), len(best) - 1]
    return [
        _interval(options[best[i]], best[i], pieces, (i, j))
        for i, j in zip(first, last, strict=True)
    ]


def _interval(
    option: SourcingOption, row: int, pieces: _Pieces, span: tuple[int, int]
) -> CheapestInterval:
    first, last = span
    n_first, n_last = (float(pieces.n_machines[row, i]) for i in span)
    return CheapestInterval(
        float(pieces.ends[first]),
        float(pieces.ends[last + 1]),
        pieces.edge(first),
        pieces.edge(last + 1),
        option.name,
        option.kind,
        option.evidence,
        float(pieces.cost_low[row, first]),
        float(pieces.cost_high[row, last]),
        None if math.isnan(n_first) else int(n_first),
        None if math.isnan(n_last) else int(n_last),
    )


def break_evens(
    one: SourcingOption, other: SourcingOption, max_images_per_day: float, workload: Workload
) -> list[BreakEven]:
    """Return every number of pictures at which the cheaper of two options changes, rising.

    Options with whole machines may overtake one another many times; above the last break-even one
    of them is cheaper up to ``max_images_per_day``. Raises as :func:`cheapest_intervals`.
    """
    pair = (one, other)
    found = cheapest_intervals(pair, max_images_per_day, workload)
    return [
        BreakEven(later.from_images_per_day, later.from_edge, earlier.option, later.option)
        for earlier, later in pairwise(found)
    ]


def all_break_evens(
    options: Sequence[SourcingOption], max_images_per_day: float, workload: Workload
) -> dict[tuple[str, str], list[BreakEven]]:
    """Return the break-evens of every pair of options by their names."""
    check_names(options)
    return {
        (one.name, other.name): break_evens(one, other, max_images_per_day, workload)
        for one, other in combinations(options, 2)
    }


def _pieces(lines: Sequence[CostLine], maximum: float) -> _Pieces:
    expect(maximum > 0, "max_images_per_day", maximum, "above 0")
    steps = _steps(lines, maximum)
    slope = np.array([[line.usd_per_image * DAYS_PER_MONTH] for line in lines])
    ends = np.concatenate([[0.0], steps, [maximum]])
    crossings = _crossings(_fixed_costs(lines, ends), slope, ends)
    ends = np.concatenate([[0.0], _apart(np.concatenate([steps, crossings])), [maximum]])
    fixed = _fixed_costs(lines, ends)
    return _Pieces(
        ends=ends,
        is_step=np.isin(ends, steps),
        n_machines=np.array([_n_machines(line, ends) for line in lines]),
        cost_low=fixed + slope * ends[:-1],
        cost_high=fixed + slope * ends[1:],
    )


def _steps(lines: Sequence[CostLine], maximum: float) -> FloatArray:
    """Return where any option takes a further machine, below the maximum."""
    counts = [int(maximum / line.images_per_day_of_one) for line in lines]
    if sum(counts) > MOST_STEPS:
        raise ValueError(
            f"got {sum(counts)} machines up to {maximum:g} images a day; expected at most "
            f"{MOST_STEPS}: ask for fewer images"
        )
    steps: list[FloatArray] = [
        np.arange(1.0, n + 1) * line.images_per_day_of_one
        for line, n in zip(lines, counts, strict=True)
        if n
    ]
    found = _apart(np.concatenate(steps)) if steps else np.empty(0)
    return found[found < maximum * (1 - _ROUNDING)]


def _apart(points: FloatArray) -> FloatArray:
    """Return them rising, one of those that are the same but for rounding."""
    points = np.sort(points)
    return points[np.r_[True, np.diff(points) > _ROUNDING * points[1:]][: points.size]]


def _n_machines(line: CostLine, ends: FloatArray) -> FloatArray:
    """Return the machines within each piece, told by its middle; NaN where none are held."""
    if np.isinf(line.images_per_day_of_one):
        return np.full(ends.size - 1, np.nan)
    return np.ceil((ends[1:] + ends[:-1]) / 2 / line.images_per_day_of_one).astype(np.float64)


def _fixed_costs(lines: Sequence[CostLine], ends: FloatArray) -> FloatArray:
    """Return what the machines of each option cost within each piece, (options, m)."""
    costs = [np.nan_to_num(_n_machines(line, ends)) * line.usd_per_machine_month for line in lines]
    return np.array(costs)


def _crossings(fixed: FloatArray, slope: FloatArray, ends: FloatArray) -> FloatArray:
    """Return where the lines of any two options cross inside a piece."""
    low, high = ends[:-1], ends[1:]
    found: list[FloatArray] = []
    for i, j in combinations(range(slope.size), 2):
        steeper = slope[i, 0] - slope[j, 0]
        if steeper:
            at = (fixed[j] - fixed[i]) / steeper
            # One that lies on a step but for rounding is that step.
            inside = (at > low + _ROUNDING * high) & (at < high * (1 - _ROUNDING))
            found.append(at[inside])
    return np.concatenate(found) if found else np.empty(0)


def _first_of_the_cheapest(costs: FloatArray) -> IntArray:
    """Return the row of the lowest cost in each column; the first of those equal to rounding."""
    as_low = costs <= costs.min(axis=0) * (1 + _ROUNDING)
    return np.argmax(as_low, axis=0).astype(np.int64)
