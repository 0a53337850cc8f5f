"""Servers of two tiers while all are busy, and until they are again: what the chains share.

The phase is the number of payers in service while all c servers are busy, 0 to c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

# SciPy ships no types.
from scipy import linalg  # pyright: ignore[reportMissingTypeStubs]

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load

_LINALG = cast(Any, linalg)
_BLOCK = 32
_MOST = 1e280
"""Idle time beyond it, between two moments with all busy, leaves a share below any double."""


@dataclass(frozen=True)
class ChainWaits:
    """What a chain says.

    Attributes
    ----------
    wait_probability
        That all servers are busy when a job comes.
    paid_seconds, free_seconds
        Mean waits.
    """

    wait_probability: float
    paid_seconds: float
    free_seconds: float


@dataclass(frozen=True)
class Busy:
    """Rates by phase, i payers and c − i free users in service; matrices of side c + 1.

    Attributes
    ----------
    done_paid, done_free
        Services ended a second.
    to_paid, to_free
        Moves where the freed server takes a payer, or a free user.
    below
        Rates at which, nobody waiting, a server is freed, by the phase when all are busy again.
    idle_weight, idle_seconds
        Idle servers × seconds, and seconds, until then, for each second of a phase.
    """

    done_paid: FloatArray
    done_free: FloatArray
    to_paid: FloatArray
    to_free: FloatArray
    below: FloatArray
    idle_weight: FloatArray
    idle_seconds: FloatArray

    @property
    def done(self) -> FloatArray:
        """Return the services ended a second."""
        return self.done_paid + self.done_free


def busy_phases(load: Load) -> Busy:
    """Return the rates of a load by phase."""
    c, paid = load.n_servers, np.arange(load.n_servers + 1, dtype=np.float64)
    done_paid = paid / load.service_paid_seconds
    done_free = (c - paid) / load.service_free_seconds
    to_paid = np.diag(done_paid) + np.diag(done_free[:-1], 1)
    to_free = np.diag(done_free) + np.diag(done_paid[1:], -1)
    freed = np.zeros((c + 1, c))  # phases with c − 1 busy: payers among them
    freed[np.arange(1, c + 1), np.arange(c)] = done_paid[1:]
    freed[np.arange(c), np.arange(c)] += done_free[:-1]
    back, weight, seconds = _excursions(load)
    return Busy(
        done_paid,
        done_free,
        to_paid,
        to_free,
        freed @ back,
        freed @ weight,
        freed @ seconds,
    )


def _excursions(load: Load) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Follow the servers from c − 1 busy ones until all are busy again.

    Returns
    -------
    back
        Shape (c, c + 1): phase in which all are busy again, by payers in service at the begin.
    weight, seconds
        Shape (c,): mean of Σ idle servers × seconds, and mean seconds, until then.
    """
    rates = (load.arrival_paid_per_second, load.arrival_free_per_second)
    back, weight, seconds = np.zeros((0, 1)), np.zeros(0), np.zeros(0)
    for busy in range(load.n_servers):
        paid = np.arange(busy + 1, dtype=np.float64)
        down = np.zeros((busy + 1, busy))
        if busy:
            down[np.arange(1, busy + 1), np.arange(busy)] = paid[1:] / load.service_paid_seconds
            down[np.arange(busy), np.arange(busy)] = (busy - paid[:-1]) / load.service_free_seconds
        up = np.zeros((busy + 1, busy + 2))
        up[np.arange(busy + 1), np.arange(busy + 1) + 1] = rates[0]
        up[np.arange(busy + 1), np.arange(busy + 1)] += rates[1]
        again = down @ back if busy else np.zeros((1, 1))
        idle = np.full(busy + 1, float(load.n_servers - busy))
        inherited = (down @ weight, down @ seconds) if busy else (0.0, 0.0)
        sides = np.column_stack([idle + inherited[0], 1 + inherited[1], up])
        found = held(again, np.full(busy + 1, sum(rates)), sides)
        weight, seconds = np.minimum(found[:, :2], _MOST).T
        back = found[:, 2:] / found[:, 2:].sum(axis=1, keepdims=True)
    return back, weight, seconds


def scaled(load: Load, busy: Busy, first: FloatArray) -> FloatArray:
    """Scale the shares of "all busy, nobody waits" so that c − a servers are idle on average.

    Zeros where a double holds no number that small.
    """
    idle = float(first @ busy.idle_weight)
    return first * ((load.n_servers - load.offered) / idle if idle < _MOST / 1e10 else 0.0)


def solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return X of matrix·X = right."""
    return cast(FloatArray, np.linalg.solve(matrix, right))


def inverted(matrix: FloatArray) -> FloatArray:
    """Return the inverse."""
    return cast(FloatArray, np.linalg.inv(matrix))


def held(moves: FloatArray, leaving: FloatArray, right: FloatArray) -> FloatArray:
    """Return X of (D − moves)·X = right, D the row sums of the moves plus ``leaving``.

    For right = 1 it is the mean time until a chain leaves. Nothing is subtracted, so that every
    entry keeps its digits and none is negative, however small (Grassmann, Taksar and Heyman 1985,
    Operations Research 33).

    Parameters
    ----------
    moves
        Rates between phases, square, 0 or more; the diagonal does not matter.
    leaving
        Rates out of all phases, shape (n,), 0 or more.
    right
        Shape (n, m), 0 or more.

    Returns
    -------
    ndarray
        Shape (n, m).
    """
    n, side = right.shape[1] + 1, len(moves)
    # Right sides, leaving and moves in one table: every step of the elimination adds to all alike.
    table = np.column_stack([right, leaving, moves])
    out, shares = np.zeros(side), np.zeros((side, side))
    for end in range(side, 0, -_BLOCK):
        begin = max(0, end - _BLOCK)
        for k in range(end - 1, begin - 1, -1):
            out[k] = table[k, n - 1 : n + k].sum()
            shares[:k, k] = table[:k, n + k] / out[k]
            table[begin:k, : n + k] += np.outer(shares[begin:k, k], table[k, : n + k])
            table[:begin, n + begin : n + k] += np.outer(
                shares[:begin, k], table[k, n + begin : n + k]
            )
        table[:begin, : n + begin] += shares[:begin, begin:end] @ table[begin:end, : n + begin]
    lower = np.diag(out) - np.tril(table[:, n:], -1)
    found = _LINALG.solve_triangular(lower, table[:, : n - 1], lower=True, check_finite=False)
    return cast(FloatArray, found)


def null_vector(moves: FloatArray) -> FloatArray:
    """Return the stationary shares of a generator, summing to 1, every one with its digits.

    Parameters
    ----------
    moves
        Rates between phases; the diagonal does not matter. What rounding left below 0 is none.
    """
    rates = np.maximum(moves, 0.0)
    side = len(rates)
    for k in range(side - 1, 0, -1):
        rates[:k, k] /= rates[k, :k].sum()
        rates[:k, :k] += np.outer(rates[:k, k], rates[k, :k])
    shares = np.ones(side)
    for k in range(1, side):
        shares[k] = shares[:k] @ rates[:k, k]
        shares[: k + 1] /= shares[: k + 1].max()
    return shares / shares.sum()


def busy_share(first: FloatArray, busy: Busy) -> float:
    """Return the probability that all are busy, from the scaled shares where nobody waits."""
    return 1 - float(first @ busy.idle_seconds)
