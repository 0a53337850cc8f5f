"""What can be said exactly about the waits of a load, and why the rest cannot."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from etl.analytics import queue_chains, queue_priority_chain, queueing
from etl.analytics.queue_deterministic import (
    DeterministicWait,
    PriorityPaidWait,
    mean_wait,
    wait_probability,
)
from etl.analytics.queue_load import Load
from etl.analytics.queueing import Tail, quantile

Who = Literal["paid", "free", "all"]
WHO: tuple[Who, ...] = ("paid", "free", "all")

METHODS = {
    "mm1": "formula: M/M/1",
    "mmc": "formula: Erlang C (M/M/c)",
    "md1": "formula: M/D/1 (Pollaczek and Khinchine; Crommelin)",
    "mdc": "chain: M/D/c, embedded (Crommelin)",
    "mg1": "formula: M/G/1 (Pollaczek and Khinchine)",
    "cobham": "formula: two classes, non-preemptive priority on one server (Cobham)",
    "mmc_priority": "formula: two classes, non-preemptive priority in M/M/c (Cobham, Erlang C)",
    "fcfs_chain": "chain: M/M/c, two means, first come first served (matrix-geometric)",
    "priority_chain": "chain: M/M/c, two means, priority (M/G/1 type)",
    "mdc_priority": "chain: M/D/c for all users together; by tier only simulated",
    "none": "none: only simulated",
}
"""Ways to an exact answer."""

NO_TAIL = "no formula for this quantile; it can be simulated"
NO_MEAN = "neither formula nor chain for this wait; it can be simulated"
NOBODY = "nobody of this tier arrives"


@dataclass(frozen=True)
class Waits:
    """Waits of a load, exact to rounding.

    Attributes
    ----------
    load
        What was asked.
    method
        A key of :data:`METHODS`.
    wait_probability
        That a job has to wait at all; ``None`` where unknown.
    means
        Who (``paid``, ``free``, ``all``) → mean wait in seconds, as far as known.
    tails
        Who → share that waits longer than so many seconds, as far as known.
    reasons
        Who → why the mean is not known.
    """

    load: Load
    method: str
    wait_probability: float | None
    means: Mapping[Who, float]
    tails: Mapping[Who, Tail] = field(default_factory=dict[Who, Tail])
    reasons: Mapping[Who, str] = field(default_factory=dict[Who, str])

    def quantile(self, who: Who, probability: float) -> float | None:
        """Return a quantile of the wait in seconds; ``None`` where nothing gives it.

        Arrivals of either tier meet all servers busy equally often, whatever law and discipline:
        where few enough wait at all it is 0 for everybody, without a formula of the rest.
        """
        if who in self.tails:
            load = self.load
            return quantile(self.tails[who], probability, load.service_seconds / load.n_servers)
        return 0.0 if self._is_free_of_waits(who, probability) else None

    def why_no_quantile(self, who: Who, probability: float) -> str:
        """Return why :meth:`quantile` is ``None``; empty where it is not."""
        if self.reasons.get(who) == NOBODY:
            return NOBODY
        is_known = who in self.tails or self._is_free_of_waits(who, probability)
        return "" if is_known else NO_TAIL

    def _is_free_of_waits(self, who: Who, probability: float) -> bool:
        if not 0 < probability < 1:
            raise ValueError(f"got the probability {probability}; expected between 0 and 1")
        if self.reasons.get(who) == NOBODY or self.wait_probability is None:
            return False
        return self.wait_probability <= 1 - probability


def solve(load: Load) -> Waits:
    """Return all that is known exactly about the waits of a load.

    Raises
    ------
    OverloadError
        The servers cannot carry the load.
    """
    load.refuse_overload()
    if load.discipline == "fcfs" or len(load.tiers) == 1:
        return _alike(load)
    return _priority(load)


def _alike(load: Load) -> Waits:
    """First come, first served: a wait does not depend on who waits."""
    c, rate, service = load.n_servers, load.arrival_per_second, load.service_seconds
    if load.law == "exponential" and load.has_equal_means:
        tail = queueing.mmc_tail(load)
        return _same(load, "mm1" if c == 1 else "mmc", tail.weights[0] / tail.rates[0], tail)
    if load.law == "deterministic" and load.has_equal_means:
        method, mean = "md1" if c == 1 else "mdc", mean_wait(rate, service, c)
        known = wait_probability(load.offered, c)
        return _same(load, method, mean, _deterministic_tail(load), known)
    if c == 1:
        tail = queueing.fcfs_tail_mm1(load) if load.law == "exponential" else None
        return _same(load, "mg1", queueing.pollaczek_khinchine(load), tail, load.utilisation)
    if load.law == "exponential" and c <= queue_chains.MOST_SERVERS:
        found = queue_chains.fcfs_waits(load)
        tail = queue_chains.fcfs_tail(load)
        return _same(load, "fcfs_chain", found.paid_seconds, tail, found.wait_probability)
    return Waits(load, "none", None, {}, {}, dict.fromkeys(WHO, NO_MEAN) | _nobody(load))


def _deterministic_tail(load: Load) -> DeterministicWait | None:
    return _deterministic_wait(load.arrival_per_second, load.service_seconds, load.n_servers)


def _deterministic_wait(
    rate: float, service_seconds: float, n_servers: int
) -> DeterministicWait | None:
    try:
        return DeterministicWait.of(rate, service_seconds, n_servers)
    except ValueError:  # the utilisation is too near 1 for its table; the mean is known
        return None


def _same(
    load: Load, method: str, mean: float, tail: Tail | None, probability: float | None = None
) -> Waits:
    """Return one wait for every tier that arrives."""
    who: list[Who] = [*load.tiers, "all"]
    if probability is None and tail is not None:
        probability = tail(0.0)
    tails = {} if tail is None else dict.fromkeys(who, tail)
    return Waits(load, method, probability, dict.fromkeys(who, mean), tails, _nobody(load))


def _nobody(load: Load) -> dict[Who, str]:
    absent: list[Who] = [who for who in WHO[:2] if who not in load.tiers]
    return dict.fromkeys(absent, NOBODY)


def _priority(load: Load) -> Waits:
    """Payers first, both tiers there."""
    c = load.n_servers
    if c == 1:
        paid, free = queueing.priority_waits(load)
        tail = _paid_tail_of_one_server(load)
        return _both(load, "cobham", load.utilisation, (paid, free), tail)
    if load.law == "exponential" and load.has_equal_means:
        tail = queueing.priority_paid_tail_mmc(load)
        waits = queueing.priority_waits(load)
        return _both(load, "mmc_priority", tail.weights[0], waits, tail)
    if load.law == "exponential" and c <= queue_priority_chain.MOST_SERVERS:
        try:
            found = queue_priority_chain.priority_waits(load)
        except ValueError:
            return _unknown(load)
        waits = (found.paid_seconds, found.free_seconds)
        return _both(load, "priority_chain", found.wait_probability, waits, None)
    if load.law == "deterministic" and load.has_equal_means:
        # Equal services leave the number of waiting jobs as under first come, first served.
        mean = mean_wait(load.arrival_per_second, load.service_seconds, c)
        known = wait_probability(load.offered, c)
        reasons: dict[Who, str] = {"paid": NO_MEAN, "free": NO_MEAN}
        return Waits(load, "mdc_priority", known, {"all": mean}, {}, reasons)
    return _unknown(load)


def _unknown(load: Load) -> Waits:
    return Waits(load, "none", None, {}, {}, dict.fromkeys(WHO, NO_MEAN))


def _paid_tail_of_one_server(load: Load) -> Tail | None:
    if load.law == "exponential":
        return queueing.priority_paid_tail_mm1(load)
    own = _deterministic_wait(load.arrival_paid_per_second, load.service_paid_seconds, 1)
    if own is None:
        return None
    paid = load.utilisation_paid
    return PriorityPaidWait(own, (load.utilisation - paid) / (1 - paid), load.service_free_seconds)


def _both(
    load: Load, method: str, probability: float, waits: tuple[float, float], tail: Tail | None
) -> Waits:
    paid, free = waits
    share = load.arrival_paid_per_second / load.arrival_per_second
    every = math.fsum((share * paid, (1 - share) * free))
    tails: dict[Who, Tail] = {} if tail is None else {"paid": tail}
    return Waits(load, method, probability, {"paid": paid, "free": free, "all": every}, tails)
