"""Payers first, two exponential tiers with different means, several servers: a Markov chain.

No formula is known here, and the chain is not cut off. While payers wait they alone are taken, so
that their queue is a quasi-birth-death chain of its own with the phases of
:mod:`etl.analytics.queue_phases`; between such spells the free users' queue moves by what came
meanwhile, a chain of the M/G/1 type (Neuts 1989, Structured Stochastic Matrices of M/G/1 Type).
Only means and the probability of waiting are taken from it.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load
from etl.analytics.queue_passage import (
    ComplexArray,
    paid_passage,
    paid_ratio,
    passage_coefficients,
    regular_radius,
)
from etl.analytics.queue_phases import (
    Busy,
    ChainWaits,
    busy_phases,
    busy_share,
    null_vector,
    scaled,
    solved,
)
from etl.analytics.queue_priority_levels import level_waits

MOST_SERVERS = 128
"""Above it the matrices take too long: simulate."""
_N_CIRCLE = 48
_MOST_ENTRIES = 1_500_000_000
"""Of all matrices that the first level may read: some ten seconds."""
_PACED = 20
_TOO_FAR = "got services or loads too far apart for the chain's equations; expected a milder case"
_LIGHT = 0.8
"""Up to this utilisation level by level; above it a circle is quicker and loses no digits."""
_RARE = 1e-6
"""A smaller probability of waiting, found as 1 − P(not all busy), has lost its digits."""


def priority_waits(load: Load) -> ChainWaits:
    """Return the waits with payers first.

    Means are derivatives at z = 1, where the equations are singular and their solution is not:
    Cauchy's integral takes both from a circle around it. The circle shrinks until nothing else
    singular lies within, which shows in the probability of waiting, known without it.

    Parameters
    ----------
    load
        Exponential services, several servers, both tiers.

    Raises
    ------
    ValueError
        Rates so far apart that the equations lose their digits.
    """
    busy = busy_phases(load)
    first, lower, arrived, regular = _first_level(load, busy)
    if load.utilisation <= _LIGHT:
        found = level_waits(load, busy, first, lower, arrived, regular)
        if found is not None:
            return found
    return _waits_by_circle(load, busy, first)


def _waits_by_circle(load: Load, busy: Busy, first: FloatArray) -> ChainWaits:
    """Return the waits of a load under which many wait."""
    spare = 1 - load.utilisation
    probability, radius = busy_share(first, busy), 0.4 * spare
    # What rounding leaves of a solution that grows as 1/spare.
    allowed = 1e-10 + 1e-15 / spare**2
    for _ in range(16 if probability > _RARE else 0):
        total, paid, free = _queues(load, busy, first, radius)
        if abs(total - probability) < allowed * probability + 1e-14:
            rates = load.arrival_paid_per_second, load.arrival_free_per_second
            return ChainWaits(total, paid / rates[0], free / rates[1])
        radius /= 2
    raise ValueError(_TOO_FAR)


def _queues(load: Load, busy: Busy, first: FloatArray, radius: float) -> tuple[float, float, float]:
    """Return P(all busy) and the mean queues of payers and free users, from a circle around 1."""
    ahead = np.exp(2j * np.pi * (np.arange(_N_CIRCLE, dtype=np.float64) + 0.5) / _N_CIRCLE)
    z = cast(ComplexArray, 1 + radius * ahead)
    passage = paid_passage(load, busy.to_paid, z)
    shares = _shares(load, busy, first, z, passage)[:, None]
    ratio = paid_ratio(load, busy, z, passage)
    inside = np.eye(len(first)) - ratio
    rest = np.linalg.solve(inside, np.ones((z.size, len(first), 1)))
    further = np.linalg.solve(inside, ratio @ rest)
    by_z = (shares @ rest).ravel()
    return (
        float(np.mean(by_z).real),
        float(np.mean((shares @ further).ravel()).real),
        float(np.mean(by_z / ahead).real) / radius,
    )


def _shares(
    load: Load, busy: Busy, first: FloatArray, z: ComplexArray, passage: ComplexArray
) -> ComplexArray:
    """Return Σ zⁿ P(all busy, no payer and n free users wait) by phase, shape (n, c + 1).

    The balance of these states: f(z)·(z·(L(z) + λ_paid·G(z)) + to_free) = f(0)·(to_free − z·below).
    """
    side = np.arange(len(first))
    kernel = load.arrival_paid_per_second * passage
    kernel[:, side, side] -= (load.arrival_per_second + busy.done)[None, :]
    kernel[:, side, side] += load.arrival_free_per_second * z[:, None]
    kernel = z[:, None, None] * kernel + busy.to_free
    right = first @ busy.to_free - z[:, None] * (first @ busy.below)
    found = np.linalg.solve(kernel.transpose(0, 2, 1), right[:, :, None])
    return cast(ComplexArray, found[:, :, 0])


def _first_level(load: Load, busy: Busy) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Return what begins both ways: shares where nobody waits, L, and Gₖ with their radius.

    L is the phase at the first passage of the free users' queue one down.
    """
    paid, free = load.arrival_paid_per_second, load.arrival_free_per_second
    radius = regular_radius(load, busy) if load.utilisation <= _LIGHT else 1.0
    arrived = passage_coefficients(load, busy.to_paid, radius)
    stay = -np.diag(load.arrival_per_second + busy.done)
    lower = busy.to_free / busy.to_free.sum(axis=1, keepdims=True)
    most, before = _MOST_ENTRIES // arrived.size, 1.0
    for step in range(most):
        within = stay + free * lower + paid * _polynomial(arrived, lower)
        following = np.maximum(solved(-within, busy.to_free), 0.0)
        following /= following.sum(axis=1, keepdims=True)
        moved = float(np.abs(following - lower).max())
        lower = following
        if moved < 1e-14:
            break
        if step % _PACED == _PACED - 1:
            if before <= moved < 1e-11:  # only rounding moves it
                break
            # Steps shrink more and more slowly: at this pace it takes at least so many more.
            pace = math.log(before / moved) / _PACED
            if step > _PACED and pace * (most - step) < math.log(moved / 1e-14):
                raise ValueError(_TOO_FAR)
            before = moved
    else:
        raise ValueError(_TOO_FAR)
    moves = free * lower + paid * _polynomial(arrived, lower) + busy.below
    return scaled(load, busy, null_vector(moves)), lower, arrived, radius


def _polynomial(coefficients: FloatArray, matrix: FloatArray) -> FloatArray:
    """Return Σ Cₖ·Xᵏ by blocks of about √n powers (Paterson and Stockmeyer)."""
    n, side = coefficients.shape[:2]
    block = max(1, round(n**0.5))
    powers = [np.eye(side)]
    for _ in range(block):
        powers.append(powers[-1] @ matrix)
    low = np.concatenate(powers[:block])
    total = np.zeros((side, side))
    for begin in range((n - 1) // block * block, -1, -block):
        part = coefficients[begin : begin + block]
        flat = part.transpose(1, 0, 2).reshape(side, -1)
        total = total @ powers[block] + flat @ low[: flat.shape[1]]
    return total
