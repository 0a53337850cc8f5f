"""Who asks a group of servers for pictures, how often, and how long one picture takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Law = Literal["deterministic", "exponential"]
Discipline = Literal["priority", "fcfs"]
Tier = Literal["paid", "free"]
LAWS: tuple[Law, ...] = ("deterministic", "exponential")
DISCIPLINES: tuple[Discipline, ...] = ("priority", "fcfs")
TIERS: tuple[Tier, ...] = ("paid", "free")
MOST_SERVERS = 10_000
_FULL = 1 - 1e-9
"""From here on rounding alone decides whether a queue is stable."""


class OverloadError(ValueError):
    """The servers cannot carry the load: the queue would grow for ever."""


@dataclass(frozen=True)
class Load:
    """Poisson arrivals of payers and of free users at equal servers with one queue.

    Attributes
    ----------
    arrival_paid_per_second, arrival_free_per_second
        Jobs a second; one of them may be 0.
    service_paid_seconds, service_free_seconds
        Mean seconds that one job keeps one server.
    n_servers
        Servers that work side by side, each on one job.
    law
        ``deterministic``: every job of a tier takes its mean; ``exponential``: memoryless.
    discipline
        ``priority``: a freed server takes the longest waiting payer, a free user where no payer
        waits, and finishes what it began; ``fcfs``: whoever came first.

    Raises
    ------
    ValueError
        A number that cannot be, or an unknown word.
    """

    arrival_paid_per_second: float
    arrival_free_per_second: float
    service_paid_seconds: float
    service_free_seconds: float
    n_servers: int = 1
    law: Law = "exponential"
    discipline: Discipline = "priority"

    def __post_init__(self) -> None:
        for tier in TIERS:
            rate, seconds = self.arrival(tier), self.service(tier)
            if not (math.isfinite(rate) and rate >= 0):
                raise ValueError(f"got an arrival rate ({tier}) of {rate}; expected 0 or more")
            if not (math.isfinite(seconds) and seconds > 0):
                raise ValueError(f"got {seconds} seconds of service ({tier}); expected above 0")
        if self.arrival_per_second <= 0:
            raise ValueError("got two arrival rates of 0; expected at least one above 0")
        if not 1 <= self.n_servers <= MOST_SERVERS or self.n_servers != int(self.n_servers):
            raise ValueError(
                f"got {self.n_servers} servers; expected a whole number from 1 to {MOST_SERVERS}"
            )
        if self.law not in LAWS:
            raise ValueError(f"got the law {self.law!r}; expected one of {', '.join(LAWS)}")
        if self.discipline not in DISCIPLINES:
            raise ValueError(
                f"got the discipline {self.discipline!r}; expected one of {', '.join(DISCIPLINES)}"
            )

    def arrival(self, tier: Tier) -> float:
        """Return the jobs a second of one tier."""
        paid = tier == "paid"
        return self.arrival_paid_per_second if paid else self.arrival_free_per_second

    def service(self, tier: Tier) -> float:
        """Return the mean seconds of one tier's job."""
        return self.service_paid_seconds if tier == "paid" else self.service_free_seconds

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Return the tiers that arrive at all."""
        return tuple(tier for tier in TIERS if self.arrival(tier) > 0)

    @property
    def arrival_per_second(self) -> float:
        """Return the jobs a second of both tiers."""
        return self.arrival_paid_per_second + self.arrival_free_per_second

    @property
    def offered(self) -> float:
        """Return the offered load in servers (erlangs): how many are busy on average."""
        return sum(self.arrival(tier) * self.service(tier) for tier in TIERS)

    @property
    def utilisation(self) -> float:
        """Return the share of its time that a server is busy; 1 or more cannot be."""
        return self.offered / self.n_servers

    @property
    def utilisation_paid(self) -> float:
        """Return the payers' part of the utilisation."""
        return self.arrival_paid_per_second * self.service_paid_seconds / self.n_servers

    @property
    def service_seconds(self) -> float:
        """Return the mean seconds of a job of either tier."""
        return self.offered / self.arrival_per_second

    @property
    def has_equal_means(self) -> bool:
        """Say whether all jobs that arrive have the same mean service."""
        return len({self.service(tier) for tier in self.tiers}) == 1

    @property
    def squared_seconds(self) -> float:
        """Return the arrivals' mean square of service times, Σλᵢ·E[Sᵢ²], in seconds."""
        factor = 2 if self.law == "exponential" else 1
        return factor * sum(self.arrival(tier) * self.service(tier) ** 2 for tier in TIERS)

    def refuse_overload(self) -> None:
        """Raise :class:`OverloadError` where no queue is stable, with what is missing."""
        refuse_overload(self.offered, self.n_servers)


def refuse_overload(offered: float, n_servers: int) -> None:
    """Raise :class:`OverloadError` unless ``n_servers`` carry ``offered`` servers' worth of work.

    Parameters
    ----------
    offered
        Mean number of servers that the work keeps busy.
    n_servers
        Servers at hand.
    """
    if offered / n_servers < _FULL:
        return
    needed = math.floor(offered * (2 - _FULL)) + 1
    full = told_near_one(offered / n_servers)
    raise OverloadError(
        f"got a utilisation {full} with {servers_in_words(n_servers)}; expected below 1: this load "
        f"needs at least {servers_in_words(needed)}, {needed - n_servers} more, or "
        f"{_what_less_would_do(offered, n_servers)}"
    )


def _what_less_would_do(offered: float, n_servers: int) -> str:
    less = 1 - n_servers / offered
    if less >= 1e-3:
        return f"has to fall by more than {less:.1%}"
    if less > 0:
        return f"has to fall by more than {less:.2g} of itself"
    return f"has to fall, to a utilisation of {_FULL} or less: rounding alone decides above it"


def told_near_one(utilisation: float) -> str:
    """Return "of" and a utilisation, near 1 as what it lacks or exceeds."""
    apart = utilisation - 1
    if abs(apart) >= 5e-4 or apart == 0:
        return f"of {utilisation:.4g}"
    return f"of 1 {'+' if apart > 0 else '−'} {abs(apart):.2g}"


def servers_in_words(n_servers: int) -> str:
    """Return so many servers, one in the singular."""
    return f"{n_servers} server" if n_servers == 1 else f"{n_servers} servers"
