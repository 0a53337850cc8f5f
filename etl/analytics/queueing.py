"""Exact waits in queues: Erlang's formulas, Pollaczek and Khinchine, Cobham's two classes.

A wait is the time from asking until a server begins, without the service. Sources: Erlang 1917;
Cobham 1954 (Operations Research 2); Kleinrock 1976, Queueing Systems II, sections 3.6 and 3.7;
Davis 1966 (SIAM J. Applied Mathematics 14) for the tail of the first class.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from etl.analytics.queue_load import Load

Tail = Callable[[float], float]
"""Seconds → share of jobs that wait longer."""


def erlang_b(offered: float, n_servers: int) -> float:
    """Return the share of calls lost where nobody waits (Erlang B).

    Parameters
    ----------
    offered
        Arrival rate times mean service, in servers, at least 0.
    n_servers
        Servers; the recursion on 1/B is stable for thousands of them.

    Raises
    ------
    ValueError
        A negative load or fewer than one server.
    """
    if not (math.isfinite(offered) and offered >= 0):
        raise ValueError(f"got an offered load of {offered}; expected 0 or more")
    if n_servers < 1:
        raise ValueError(f"got {n_servers} servers; expected at least 1")
    blocked = 1.0
    for servers in range(1, n_servers + 1):
        blocked = offered * blocked / (servers + offered * blocked)
    return blocked


def erlang_c(offered: float, n_servers: int) -> float:
    """Return the share of jobs that have to wait in M/M/c (Erlang C), for ``offered`` < c."""
    blocked = erlang_b(offered, n_servers)
    return blocked / (1 - offered / n_servers * (1 - blocked))


@dataclass(frozen=True)
class ExponentialTail:
    """P(wait > t) = Σ weight·exp(−rate·t).

    Attributes
    ----------
    weights
        Sum to the probability of waiting; single ones may be negative.
    rates
        Per second, above 0.
    """

    weights: tuple[float, ...]
    rates: tuple[float, ...]

    def __call__(self, seconds: float) -> float:
        """Return the share that waits longer than ``seconds``."""
        pairs = zip(self.weights, self.rates, strict=True)
        return sum(weight * math.exp(-rate * seconds) for weight, rate in pairs)


def quantile(tail: Tail, probability: float, scale_seconds: float) -> float:
    """Return the smallest t with P(wait > t) ≤ 1 − ``probability``: 0 where few enough wait.

    Parameters
    ----------
    tail
        Falls from the probability of waiting to 0.
    probability
        In (0, 1).
    scale_seconds
        Some time of the order of a wait, above 0, from which the search begins.

    Returns
    -------
    float
        Seconds, to 12 digits.
    """
    if not 0 < probability < 1:
        raise ValueError(f"got the probability {probability}; expected between 0 and 1")
    left = 1 - probability
    if tail(0.0) <= left:
        return 0.0
    low, high = 0.0, scale_seconds
    while tail(high) > left:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if tail(middle) > left else (low, middle)
    return high


def mmc_tail(load: Load) -> ExponentialTail:
    """Return the tail of the wait in M/M/c, first come first served, equal means."""
    c = load.n_servers
    rate = c / load.service_seconds - load.arrival_per_second
    return ExponentialTail((erlang_c(load.offered, c),), (rate,))


def residual_seconds(load: Load) -> float:
    """Return W0, what a job on one server waits for the one in service: ΣλᵢE[Sᵢ²]/2."""
    return load.squared_seconds / 2


def pollaczek_khinchine(load: Load) -> float:
    """Return the mean wait in M/G/1, first come first served, of either tier."""
    return residual_seconds(load) / (1 - load.utilisation)


def first_wait(load: Load) -> float:
    """Return W0 of Cobham's formula: one server of any laws, or M/M/c with equal means."""
    if load.n_servers == 1:
        return residual_seconds(load)
    return erlang_c(load.offered, load.n_servers) * load.service_seconds / load.n_servers


def priority_waits(load: Load) -> tuple[float, float]:
    """Return mean waits of payers and free users, payers first, service never interrupted.

    Holds for one server with any laws and means (Cobham 1954) and for M/M/c with equal means,
    where W0 is C(c, a)·s/c.
    """
    w0, paid, both = first_wait(load), load.utilisation_paid, load.utilisation
    return w0 / (1 - paid), w0 / ((1 - paid) * (1 - both))


def priority_paid_tail_mmc(load: Load) -> ExponentialTail:
    """Return the tail of payers' waits in M/M/c with priority and equal means.

    While all servers are busy the payers' queue is a birth-and-death process with ratio
    ρ_paid, and payers leave it at the rate cμ whoever is in service: the wait, given that there
    is one, is exponential with the rate cμ(1 − ρ_paid).
    """
    c = load.n_servers
    rate = c / load.service_seconds * (1 - load.utilisation_paid)
    return ExponentialTail((erlang_c(load.offered, c),), (rate,))


def priority_paid_tail_mm1(load: Load) -> Tail:
    """Return the tail of payers' waits on one server with priority, exponential, any means.

    The wait is that of M/M/1 with payers alone plus, with the probability ρ_free/(1 − ρ_paid),
    the rest of a free user's service (the decomposition of a queue with vacations).
    """
    paid = load.utilisation_paid
    in_service = (load.utilisation - paid) / (1 - paid)
    own = (1 - paid) / load.service_paid_seconds
    rest = 1 / load.service_free_seconds
    if math.isclose(own, rest, rel_tol=1e-7):
        # Two stages of equal rate: the limit has a term in t.
        def tail(seconds: float) -> float:
            return ((1 - in_service) * paid + in_service * (1 + paid * own * seconds)) * math.exp(
                -own * seconds
            )

        return tail
    both = in_service * paid / (own - rest)
    return ExponentialTail(
        ((1 - in_service) * paid - both * rest, in_service * (1 - paid) + both * own), (own, rest)
    )


def fcfs_tail_mm1(load: Load) -> ExponentialTail:
    """Return the tail of the wait on one server, two exponential tiers with different means.

    The transform (1 − ρ)s/(s − λ + λB(s)) has two poles −r₁, −r₂, the roots of
    s² − s(μ₁ + μ₂ − λ) + μ₁μ₂(1 − ρ) = 0 with s = r; partial fractions give the weights.
    """
    m1, m2 = 1 / load.service_paid_seconds, 1 / load.service_free_seconds
    rate, idle = load.arrival_per_second, 1 - load.utilisation
    half, product = (m1 + m2 - rate) / 2, m1 * m2 * idle
    spread = math.sqrt(max(half * half - product, 0.0))
    big = half + spread
    small = product / big
    weights = tuple(
        idle * (m1 - r) * (m2 - r) / (r * (other - r)) for r, other in ((small, big), (big, small))
    )
    return ExponentialTail(weights, (small, big))
