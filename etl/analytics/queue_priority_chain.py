"""Payers first, two exponential tiers with different means, several servers: a Markov chain.

No formula is known here, and the chain is not cut off. While payers wait they alone are taken, so
that their queue is a quasi-birth-death chain of its own with the phases of
:mod:`etl.analytics.queue_phases`; between such spells the free users' queue moves by what came
meanwhile, a chain of the M/G/1 type (Neuts 1989, Structured Stochastic Matrices of M/G/1 Type).
Only means and the probability of waiting are taken from it.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load
from etl.analytics.queue_phases import (
    Busy,
    ChainWaits,
    busy_phases,
    busy_share,
    null_vector,
    scaled,
    solved,
)

ComplexArray = NDArray[np.complex128]
MOST_SERVERS = 128
"""Above it the matrices take too long: simulate."""
_N_CIRCLE = 48
_MOST_STEPS = 20_000
_MOST_CELLS = 30_000_000


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
    first = scaled(load, busy, _first_level(load, busy))
    spare = 1 - load.utilisation
    probability, radius = busy_share(first, busy), 0.4 * spare
    # What rounding leaves of a solution that grows as 1/spare.
    allowed = 1e-10 + 1e-15 / spare**2
    for _ in range(16):
        total, paid, free = _queues(load, busy, first, radius)
        if abs(total - probability) < allowed * probability + 1e-14:
            rates = load.arrival_paid_per_second, load.arrival_free_per_second
            return ChainWaits(total, paid / rates[0], free / rates[1])
        radius /= 2
    raise ValueError(
        "got services or loads too far apart for the chain's equations; expected a milder case"
    )


def _queues(load: Load, busy: Busy, first: FloatArray, radius: float) -> tuple[float, float, float]:
    """Return P(all busy) and the mean queues of payers and free users, from a circle around 1."""
    ahead = np.exp(2j * np.pi * (np.arange(_N_CIRCLE, dtype=np.float64) + 0.5) / _N_CIRCLE)
    z = cast(ComplexArray, 1 + radius * ahead)
    passage = paid_passage(load, busy.to_paid, z)
    shares = _shares(load, busy, first, z, passage)[:, None]
    ratio = _paid_ratio(load, busy, z, passage)
    inside = np.eye(len(first)) - ratio
    rest = np.linalg.solve(inside, np.ones((z.size, len(first), 1)))
    further = np.linalg.solve(inside, ratio @ rest)
    by_z = (shares @ rest).ravel()
    return (
        float(np.mean(by_z).real),
        float(np.mean((shares @ further).ravel()).real),
        float(np.mean(by_z / ahead).real) / radius,
    )


def paid_passage(load: Load, to_paid: FloatArray, z: ComplexArray) -> ComplexArray:
    """Return G(z): from one payer waiting to none, with z to the number of free users that come.

    Upper triangular, since a freed server takes a payer: solved entry by entry along diagonals of
    to_paid − (λ + done − λ_free·z)·G + λ_paid·G² = 0.

    Parameters
    ----------
    to_paid
        Moves in which a payer is taken, side c + 1.
    z
        Shape (n,).

    Returns
    -------
    ndarray
        Shape (n, c + 1, c + 1).
    """
    paid, free = load.arrival_paid_per_second, load.arrival_free_per_second
    side = len(to_paid)
    out = (paid + free + to_paid.sum(axis=1))[None, :] - free * z[:, None]
    found = np.zeros((z.size, side, side), dtype=np.complex128)
    own = np.diag(to_paid)
    # The smaller root of own − out·g + paid·g² = 0, without cancellation.
    root = cast(ComplexArray, np.sqrt(out * out - 4 * paid * own))
    root = np.where((root * out.conj()).real < 0, -root, root)
    diagonal = cast(ComplexArray, 2 * own / (out + root))
    found[:, np.arange(side), np.arange(side)] = diagonal
    for apart in range(1, side):
        for i in range(side - apart):
            k = i + apart
            between = np.einsum("zm,zm->z", found[:, i, i + 1 : k], found[:, i + 1 : k, k])
            divisor = out[:, i] - paid * (diagonal[:, i] + diagonal[:, k])
            found[:, i, k] = (to_paid[i, k] + paid * between) / divisor
    return found


def _paid_ratio(load: Load, busy: Busy, z: ComplexArray, passage: ComplexArray) -> ComplexArray:
    """Return R(z) of the payers' queue, the factor from one length to the next."""
    paid = load.arrival_paid_per_second
    out = np.zeros_like(passage)
    side = np.arange(len(busy.done))
    out[:, side, side] = (load.arrival_per_second + busy.done)[
        None, :
    ] - load.arrival_free_per_second * z[:, None]
    return cast(ComplexArray, paid * np.linalg.inv(out - paid * passage))


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


def _first_level(load: Load, busy: Busy) -> FloatArray:
    """Return the shares, up to a factor, of "all busy, nobody waits" by phase."""
    paid, free = load.arrival_paid_per_second, load.arrival_free_per_second
    arrived = _passage_coefficients(load, busy.to_paid)
    stay = -np.diag(load.arrival_per_second + busy.done)
    lower = busy.to_free / busy.to_free.sum(axis=1, keepdims=True)
    within = stay
    for _ in range(_MOST_STEPS):
        within = stay + free * lower + paid * _polynomial(arrived, lower)
        following = solved(-within, busy.to_free)
        moved = float(np.abs(following - lower).max())
        lower = following
        if moved < 1e-14:
            break
    within = stay + free * lower + paid * _polynomial(arrived, lower)
    return null_vector(within + busy.below)


def _passage_coefficients(load: Load, to_paid: FloatArray) -> FloatArray:
    """Return Gₖ, k free users come during the passage; shape (n, c + 1, c + 1)."""
    n_points = 64
    while n_points * to_paid.size <= _MOST_CELLS:
        half = np.exp(-2j * np.pi * np.arange(n_points // 2 + 1) / n_points)
        found = np.fft.irfft(paid_passage(load, to_paid, half), n_points, axis=0)
        if np.abs(found[-n_points // 8 :]).max() < 2e-15:
            kept = np.flatnonzero(np.abs(found).max(axis=(1, 2)) > 1e-17)
            return found[: int(kept[-1]) + 1]
        n_points *= 2
    raise ValueError(
        f"got {len(to_paid) - 1} servers on which too many free users come while payers are served;"
        " expected fewer servers or a milder load"
    )


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
