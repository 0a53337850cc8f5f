"""Payers first, two means, several servers, under a light load: level by level.

The free users' queue, seen while no payer waits, is a chain of the M/G/1 type, whose levels follow
from the first by a recursion in which nothing is subtracted (Ramaswami 1988, Communications in
Statistics: Stochastic Models 4): the digits of waits of 1e-40 seconds are as good as any.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load
from etl.analytics.queue_passage import ComplexArray, paid_passage, paid_ratio
from etl.analytics.queue_phases import Busy, ChainWaits, held, inverted

_MOST_PRODUCTS = 2_000_000_000
_N_CIRCLE = 32


def level_waits(
    load: Load,
    busy: Busy,
    first: FloatArray,
    lower: FloatArray,
    arrived: FloatArray,
    radius: float,
) -> ChainWaits | None:
    """Return the waits; ``None`` where it would take too many levels.

    Parameters
    ----------
    first
        Shares of "all busy, nobody waits" by phase, shape (c + 1,).
    lower
        Phase at the first passage of the free users' queue one down, rows summing to 1.
    arrived
        Phase, and free users that came, at the end of a queue of payers, shape (n, c + 1, c + 1).
    radius
        Of a circle around 0, above 1, within which all is regular.
    """
    sums = _sums(load, busy, first, lower, arrived)
    if sums is None:
        return None
    no_payer, free_then = sums
    side = np.eye(len(first))
    passage = arrived.sum(axis=0)
    paid = load.arrival_paid_per_second
    ratio = held(paid * passage, busy.done, paid * side)
    rest = inverted(side - ratio)
    lasting = rest.sum(axis=1)
    queue = float(no_payer @ rest @ ratio @ lasting)
    came = _came(load, busy, radius)
    free = float(free_then @ lasting + no_payer @ came)
    return ChainWaits(float(no_payer @ lasting), queue / paid, free / load.arrival_free_per_second)


def _sums(
    load: Load, busy: Busy, first: FloatArray, lower: FloatArray, arrived: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return Σ fₙ and Σ n·fₙ, fₙ the shares of "no payer, n free users wait" by phase.

    fₙ = Σ_{j<n} fⱼ·Āₙ₋ⱼ·(−Ā₀)⁻¹ with Āₖ = Σ_{j≥k} Aⱼ·L^{j−k}.
    """
    side = len(first)
    upward = load.arrival_paid_per_second * arrived
    if len(upward) == 1:
        upward = np.concatenate([upward, np.zeros((1, side, side))])
    upward[1] += load.arrival_free_per_second * np.eye(side)
    for k in range(len(upward) - 2, -1, -1):
        upward[k] += upward[k + 1] @ lower
    further = held(upward[0], busy.done, np.eye(side))
    wide = np.ascontiguousarray((upward[1:] @ further).transpose(1, 0, 2)).reshape(side, -1)
    coming = np.zeros((len(upward), side))
    level, total, weighted, before = first, first.copy(), np.zeros(side), float(first.sum())
    for n in range(1, _MOST_PRODUCTS // wide.size + 1):
        coming[:-1], coming[-1] = coming[1:], 0.0
        coming[:-1] += (level @ wide).reshape(-1, side)
        level = coming[0].copy()
        total += level
        weighted += n * level
        here = float(level.sum())
        # As a geometric tail: what is left of Σ n·fₙ.
        left = 1 - here / before if before else 1.0
        if here * (n + 1 / max(left, 1e-3)) <= 1e-17 * left * float(weighted.sum()):
            return total, weighted
        before = here
    return None


def _came(load: Load, busy: Busy, radius: float) -> FloatArray:
    """Return the derivative of (I − R(z))⁻¹·1 at z = 1, from a circle around it."""
    ahead = np.exp(2j * np.pi * (np.arange(_N_CIRCLE, dtype=np.float64) + 0.5) / _N_CIRCLE)
    reach = (radius - 1) / 4
    z = cast(ComplexArray, 1 + reach * ahead)
    ratio = paid_ratio(load, busy, z, paid_passage(load, busy.to_paid, z))
    inside = np.eye(len(busy.done)) - ratio
    rest = np.linalg.solve(inside, np.ones((z.size, len(busy.done), 1)))[:, :, 0]
    return cast(FloatArray, np.mean(rest / ahead[:, None], axis=0).real / reach)
