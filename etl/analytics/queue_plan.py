"""How long a simulation runs, and which of its arrivals count."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_arrivals import (
    DAY_SECONDS,
    HOUR_SECONDS,
    N_HOURS,
    curved_times,
    padded,
    poisson_times,
)
from etl.analytics.queue_kernels import Streams
from etl.analytics.queue_load import Load

_MOST_STEPS = 5_000_000
_MOST_CELLS = 40_000_000
_MOST_REPLICATIONS, _ENOUGH_REPLICATIONS, _FEWEST_REPLICATIONS = 512, 64, 20
_FEWEST_DAYS = 10
_NEARLY_FULL = 0.98


@dataclass(frozen=True)
class Work:
    """A load as a simulation serves it.

    Attributes
    ----------
    load
        Rates, servers, discipline.
    paid_seconds, free_seconds
        Server-seconds that a job takes at full use.
    squared_seconds
        Σλᵢ·E[Sᵢ²].
    largest_batch
        Jobs that a server takes at once.
    """

    load: Load
    paid_seconds: float
    free_seconds: float
    squared_seconds: float
    largest_batch: int = 1

    @property
    def offered(self) -> float:
        """Return the servers that are busy on average, at full use."""
        load = self.load
        return (
            load.arrival_paid_per_second * self.paid_seconds
            + load.arrival_free_per_second * self.free_seconds
        )

    def relaxation_jobs(self, times: float = 1.0) -> float:
        """Return about how many arrivals it takes until a queue forgets how it began.

        1/(1 − √ρ)² as in M/M/1 and the load as in M/M/∞, more where services vary more than
        exponential ones do.

        Parameters
        ----------
        times
            Multiple of the load.
        """
        offered, rate = self.offered, self.load.arrival_per_second
        rho = times * offered / self.load.n_servers
        varied = self.squared_seconds * rate / (2 * offered**2)
        floor = times * offered + self.largest_batch
        return (floor + rho / (1 - math.sqrt(rho)) ** 2) * max(1.0, varied)


@dataclass(frozen=True)
class Arrivals:
    """Arrivals of all replications.

    Attributes
    ----------
    streams
        By tier.
    window
        Shape (2, replications): those that come between the two count.
    begin_hour
        Hour of the day at time 0; ``None`` at a constant rate.
    """

    streams: Streams
    window: FloatArray
    begin_hour: int | None = None


def even_arrivals(work: Work, rng: np.random.Generator, n_jobs: int) -> Arrivals:
    """Return arrivals at a constant rate, of which at least ``n_jobs`` count.

    Raises
    ------
    ValueError
        A utilisation so near 1 that a stable state would take too long to reach.
    """
    load, rho = work.load, work.offered / work.load.n_servers
    rho_paid = load.arrival_paid_per_second * work.paid_seconds / load.n_servers
    before = math.ceil(5 * work.relaxation_jobs()) + 100
    # At the end, until the longest wait is over: otherwise late free users would miss the payers
    # who overtake them.
    after = math.ceil(10 / ((1 - rho_paid) * (1 - rho))) + 4 * load.n_servers + 100
    if before + after > _MOST_STEPS:
        raise ValueError(
            f"got a utilisation of {rho:.6g}; expected one further from 1: a simulation would need "
            f"{before:,} jobs in each replication until it is stable"
        )
    n_runs = min(n_jobs // (2 * (before + after)), _MOST_REPLICATIONS)
    n_runs = max(n_runs, _ENOUGH_REPLICATIONS)
    if n_runs * (before + after) + n_jobs > _MOST_CELLS:
        n_runs = _FEWEST_REPLICATIONS
    n = before + math.ceil(n_jobs / n_runs) + after
    _refuse_size(n_runs, n)
    times = poisson_times(rng, load.arrival_per_second, (n_runs, n))
    window = np.stack([times[:, before], times[:, n - after]])
    return Arrivals(_split(work, rng, times, window), window)


def _refuse_size(n_runs: int, n: int) -> None:
    if n_runs * n > _MOST_CELLS:
        raise ValueError(
            f"got a simulation of {n_runs * n:,} jobs with its warm-up; expected at most "
            f"{_MOST_CELLS:,}: fewer jobs, or a utilisation further from 1"
        )


def _split(work: Work, rng: np.random.Generator, times: FloatArray, window: FloatArray) -> Streams:
    """Let each arrival be a payer's or a free user's."""
    load, pad = work.load, work.largest_batch
    is_paid = rng.random(times.shape) < load.arrival_paid_per_second / load.arrival_per_second
    paid, free = padded(times, is_paid, pad), padded(times, ~is_paid, pad)
    return Streams(paid, free, times.shape[1], window)


def curved_arrivals(
    work: Work, rng: np.random.Generator, n_jobs: int, weights: FloatArray
) -> Arrivals:
    """Return arrivals along a day's curve; whole days count, at least ``n_jobs`` and ten of them.

    A replication begins empty at the quietest hour, and a warm-up of up to a day comes first: a
    whole one where the busiest hour nearly fills the servers or more, so that what it leaves behind
    is there.

    Raises
    ------
    ValueError
        Fewer jobs than ten days have.
    """
    load = work.load
    a_day = load.arrival_per_second * DAY_SECONDS
    if n_jobs < _FEWEST_DAYS * a_day:
        raise ValueError(
            f"got {n_jobs:,} jobs; expected at least {math.ceil(_FEWEST_DAYS * a_day):,}: "
            f"{_FEWEST_DAYS} days at this rate"
        )
    n_runs = min(math.floor(n_jobs / a_day), _MOST_REPLICATIONS)
    days = math.ceil(n_jobs / (n_runs * a_day) - 1e-9)
    begin_hour = int(np.argmin(weights))
    hours = _warm_up_hours(work, float(weights.max()))
    turned = np.roll(weights, -begin_hour)
    around = turned[np.arange(2 * hours) % N_HOURS].sum() / N_HOURS * a_day
    expected = days * a_day + float(around)
    n = math.ceil(expected + 9 * math.sqrt(expected) + 100)
    _refuse_size(n_runs, n)
    times = curved_times(rng, load.arrival_per_second, weights, begin_hour, (n_runs, n))
    begin = hours * HOUR_SECONDS
    window = np.repeat([[begin], [begin + days * DAY_SECONDS]], n_runs, axis=1)
    if times[:, -1].min() < window[1, 0]:
        raise ArithmeticError("the arrivals ended within the counted days")
    return Arrivals(_split(work, rng, times, window), window, begin_hour)


def _warm_up_hours(work: Work, busiest: float) -> int:
    if busiest * work.offered / work.load.n_servers >= _NEARLY_FULL:
        return N_HOURS
    seconds = 5 * work.relaxation_jobs(busiest) / work.load.arrival_per_second
    return min(N_HOURS, math.ceil(seconds / HOUR_SECONDS))
