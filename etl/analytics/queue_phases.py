"""Servers of two tiers while all are busy, and until they are again: what the chains share.

The phase is the number of payers in service while all c servers are busy, 0 to c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load


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
        leave = np.diag(down.sum(axis=1) + sum(rates))
        again = leave - down @ back if busy else leave
        idle = load.n_servers - busy
        none = np.zeros(busy + 1)
        inherited = (down @ weight, down @ seconds) if busy else (none, none)
        weight = solved(again, idle + inherited[0])
        seconds = solved(again, 1 + inherited[1])
        back = solved(again, up)
    return back, weight, seconds


def scaled(load: Load, busy: Busy, first: FloatArray) -> FloatArray:
    """Scale the shares of "all busy, nobody waits" so that c − a servers are idle on average."""
    return first * (load.n_servers - load.offered) / float(first @ busy.idle_weight)


def solved(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Return X of matrix·X = right."""
    return cast(FloatArray, np.linalg.solve(matrix, right))


def inverted(matrix: FloatArray) -> FloatArray:
    """Return the inverse."""
    return cast(FloatArray, np.linalg.inv(matrix))


def null_vector(matrix: FloatArray) -> FloatArray:
    """Return the left null vector of a generator, summing to 1."""
    system = matrix.T.copy()
    system[-1] = 1.0
    right = np.zeros(matrix.shape[0])
    right[-1] = 1.0
    return solved(system, right)


def busy_share(first: FloatArray, busy: Busy) -> float:
    """Return the probability that all are busy, from the scaled shares where nobody waits."""
    return 1 - float(first @ busy.idle_seconds)
