"""First come, first served, two exponential tiers with different means: a Markov chain.

No formula is known for several servers. The chain is not cut off: the queue is a level with c + 1
phases, solved by matrices (Neuts 1981, Matrix-Geometric Solutions in Stochastic Models).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_load import Load
from etl.analytics.queue_phases import (
    Busy,
    ChainWaits,
    busy_phases,
    held,
    inverted,
    null_vector,
    scaled,
)
from etl.analytics.queueing import Tail

MOST_SERVERS = 256
"""Above it the matrices take too long: simulate."""
_MOST_FOR_TAIL = 48


def fcfs_waits(load: Load) -> ChainWaits:
    """Return the waits first come, first served.

    A quasi-birth-death chain: of a waiting job only its place is known, its tier is drawn when it
    begins.

    Parameters
    ----------
    load
        Exponential services, several servers.
    """
    rate = load.arrival_per_second
    _, first, ratio, _ = _fcfs_solution(load)
    rest = inverted(np.eye(len(first)) - ratio)
    by_phase = first @ rest
    queue = float((by_phase @ ratio @ rest).sum())
    return ChainWaits(float(by_phase.sum()), queue / rate, queue / rate)


@lru_cache(maxsize=1)  # means and tail of one load are asked for together
def _fcfs_solution(load: Load) -> tuple[Busy, FloatArray, FloatArray, FloatArray]:
    """Return phases, shares where nobody waits, the factor from one queue to the next, moves."""
    busy, rate = busy_phases(load), load.arrival_per_second
    share = load.arrival_paid_per_second / rate
    down = share * busy.to_paid + (1 - share) * busy.to_free
    stay = -np.diag(busy.done + rate)
    lower = np.maximum(_first_passage(down, stay, rate), 0.0)
    lower /= lower.sum(axis=1, keepdims=True)
    first = scaled(load, busy, null_vector(busy.below + rate * lower))
    return busy, first, held(rate * lower, busy.done, rate * np.eye(len(lower))), down


def fcfs_tail(load: Load) -> Tail | None:
    """Return the tail of the wait first come, first served.

    ``None`` where digits are lost, and for many servers, where they always are.

    A job that meets n waiting ones waits longer than t where no more than n services end within t:
    Σₙ f·Rⁿ·P(no more than n end), which splits over the eigenvalues r of R into terms with the
    matrix exponentials of t·(D0 + r·D1), D1 the moves at an end of service.
    """
    if load.n_servers > _MOST_FOR_TAIL:
        return None
    busy, first, ratio, down = _fcfs_solution(load)
    met = first @ inverted(np.eye(len(first)) - ratio)
    values, vectors = np.linalg.eig(ratio)
    inverse = np.linalg.inv(vectors)
    weights: list[complex] = []
    rates: list[complex] = []
    for r, weight, row in zip(values, met @ vectors, inverse, strict=True):
        own, sides = np.linalg.eig(r * down - np.diag(busy.done))
        weights += list(weight * (row @ sides) * np.linalg.solve(sides, np.ones(len(own))))
        rates += list(own)
    heights, slopes = np.array(weights), np.array(rates)

    def tail(seconds: float) -> float:
        return float(np.sum(heights * np.exp(slopes * seconds)).real)

    known = fcfs_waits(load)
    mean = float(np.sum(-heights / slopes).real)
    exact = np.isclose([tail(0.0), mean], [known.wait_probability, known.paid_seconds], 1e-8, 0.0)
    return tail if exact.all() else None


def _first_passage(down: FloatArray, stay: FloatArray, up: float) -> FloatArray:
    """Return G, the phase at the first passage one level down, by logarithmic reduction.

    G solves down + stay·G + up·G² = 0 (Latouche and Ramaswami 1993).
    """
    inverse = inverted(-stay)
    rise, fall = up * inverse, inverse @ down
    passage, path = fall.copy(), rise.copy()
    for _ in range(60):
        both = inverted(np.eye(len(down)) - rise @ fall - fall @ rise)
        rise, fall = both @ rise @ rise, both @ fall @ fall
        passage += path @ fall
        path = path @ rise
        if np.abs(path).sum(axis=1).max() * np.abs(fall).max() < 1e-17:
            break
    return passage
