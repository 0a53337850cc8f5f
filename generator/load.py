"""Queueing under load: the highest rate of requests that a card holds at a promised wait.

Open loop, after MLPerf's server scenario: requests arrive by a Poisson process whether or not
earlier ones are done, and a latency counts from the scheduled arrival. Paid requests go first, and
never break off a batch that is running. First the time of every batch size is measured; with those
times the queue is searched for the highest rate (kind ``simulated``); at that rate the pipeline is
then run (kind ``measured``), its clock set forward over pauses in which nothing waits.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.errors import GeneratorError
from generator.statistics import percentile

Service = Callable[[int], float]
"""Seconds that a batch of so many pictures takes, by running or by drawing."""
TIERS = ("paid", "free")
SEARCH_REQUESTS = 20_000
SEARCH_SHARE = 0.01


@dataclass(frozen=True)
class Promise:
    """What users were promised.

    Attributes
    ----------
    paid_p95_seconds
        95 of 100 paid requests are answered within this.
    free_p95_seconds
        The same for free ones; ``None`` promises nothing.
    p99_seconds
        99 of 100 of all requests; ``None`` promises nothing.
    paid_share
        Share of paid requests.
    max_batch
        Most pictures in one call.
    """

    paid_p95_seconds: float
    free_p95_seconds: float | None = None
    p99_seconds: float | None = None
    paid_share: float = 1.0
    max_batch: int = 1

    def __post_init__(self) -> None:
        if not self.paid_p95_seconds > 0:
            raise GeneratorError(f"a promise of {self.paid_p95_seconds} s", "more than 0")
        if not 0 < self.paid_share <= 1:
            raise GeneratorError(f"a paid share of {self.paid_share}", "above 0 and at most 1")
        if self.max_batch < 1:
            raise GeneratorError(f"batches of at most {self.max_batch}", "1 or more")


@dataclass
class Served:
    """What came of a run.

    Attributes
    ----------
    waits
        Seconds from arrival to answer by tier, in the order of arrival.
    busy_seconds, end_seconds
        How long the card worked, and when the last answer was given.
    n_calls
        Batches that were run.
    """

    waits: dict[str, list[float]] = field(default_factory=lambda: {tier: [] for tier in TIERS})
    busy_seconds: float = 0.0
    end_seconds: float = 0.0
    n_calls: int = 0

    def holds(self, promise: Promise) -> bool:
        """Return whether every promise was kept."""
        every = sorted(wait for waits in self.waits.values() for wait in waits)
        kept = [
            _at_share(self.waits["paid"], 0.95) <= promise.paid_p95_seconds,
            promise.free_p95_seconds is None
            or _at_share(self.waits["free"], 0.95) <= promise.free_p95_seconds,
            promise.p99_seconds is None or _at_share(every, 0.99) <= promise.p99_seconds,
        ]
        return all(kept)

    def to_record(self) -> dict[str, Any]:
        """Return the waits for a record: percentiles with their rule, and every wait."""
        return {
            "n_calls": self.n_calls,
            "utilisation": self.busy_seconds / self.end_seconds if self.end_seconds else None,
            "tiers": {
                tier: {
                    f"p{percent}_seconds": percentile(waits, percent).to_record()
                    for percent in (50, 95, 99)
                }
                for tier, waits in self.waits.items()
                if waits
            },
            "waits": {
                tier: [round(wait, 6) for wait in waits] for tier, waits in self.waits.items()
            },
        }


def _at_share(waits: Sequence[float], share: float) -> float:
    if not waits:
        return 0.0
    return sorted(waits)[min(len(waits) - 1, math.ceil(share * len(waits)) - 1)]


def arrivals(
    rate_per_second: float, n_requests: int, paid_share: float, rng: random.Random
) -> list[tuple[float, str]]:
    """Return instants and tiers of a Poisson process."""
    at, made = 0.0, []
    for _ in range(n_requests):
        at += rng.expovariate(rate_per_second)
        made.append((at, "paid" if rng.random() < paid_share else "free"))
    return made


def serve(requests: Sequence[tuple[float, str]], max_batch: int, service: Service) -> Served:
    """Serve requests on one card: paid first, first come first served within a tier.

    A call takes whoever waits when it begins, up to ``max_batch``; it never waits for more.
    """
    served, clock, next_one = Served(), 0.0, 0
    waiting: list[tuple[int, int]] = []
    waits: list[float] = [0.0] * len(requests)
    while next_one < len(requests) or waiting:
        if not waiting:
            clock = max(clock, requests[next_one][0])
        while next_one < len(requests) and requests[next_one][0] <= clock:
            heapq.heappush(waiting, (TIERS.index(requests[next_one][1]), next_one))
            next_one += 1
        batch = [heapq.heappop(waiting)[1] for _ in range(min(max_batch, len(waiting)))]
        seconds = service(len(batch))
        clock += seconds
        served.busy_seconds += seconds
        served.n_calls += 1
        for number in batch:
            waits[number] = clock - requests[number][0]
    for (_, tier), wait in zip(requests, waits, strict=True):
        served.waits[tier].append(wait)
    served.end_seconds = clock
    return served


def highest_rate(
    promise: Promise, curve: dict[int, list[float]], seed: int, n_requests: int = SEARCH_REQUESTS
) -> float:
    """Return the highest rate at which the promise is kept, by simulation.

    Parameters
    ----------
    promise
        What must hold.
    curve
        Measured seconds by batch size, 1 to ``promise.max_batch``; sizes between are taken from the
        next larger one, as a card that pads its batches would.
    seed
        Of arrivals and of the drawn times.
    n_requests
        In each trial.

    Returns
    -------
    float
        Requests a second, to 1 %; 0 where not even a lone request is answered in time.
    """
    most = max(size / (sum(times) / len(times)) for size, times in curve.items())

    def keeps(rate: float) -> bool:
        # The same draws at every rate: trials differ by the rate alone.
        rng = random.Random(seed)
        requests = arrivals(rate, n_requests, promise.paid_share, rng)
        return serve(requests, promise.max_batch, drawn_from(curve, rng)).holds(promise)

    low, high = 0.0, most
    if not keeps(most * 1e-3):
        return 0.0
    while high - low > SEARCH_SHARE * most:
        middle = (low + high) / 2
        low, high = (middle, high) if keeps(middle) else (low, middle)
    return low


def drawn_from(curve: dict[int, list[float]], rng: random.Random) -> Service:
    """Return a service that takes the time of a measured call, drawn at random."""
    return padded(curve, lambda size: rng.choice(curve[size]))


def padded(sizes: Iterable[int], service: Service) -> Service:
    """Return a service that fills a batch up to the next size that was measured.

    A size that was never run would be compiled in the middle of serving.
    """
    known = sorted(sizes)

    def seconds(n: int) -> float:
        size = next((size for size in known if size >= n), None)
        if size is None:
            raise GeneratorError(f"a batch of {n}", f"at most {known[-1]}, the largest measured")
        return service(size)

    return seconds


def batch_sizes(most: int) -> tuple[int, ...]:
    """Return the batch sizes that are measured: powers of two up to the largest, and that one."""
    powers = [2**power for power in range(most.bit_length()) if 2**power < most]
    return (*powers, most)
