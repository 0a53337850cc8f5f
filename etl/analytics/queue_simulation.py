"""Waits by discrete events, for what no formula gives: tails of free users, curves, batches.

Independent replications run side by side (:mod:`etl.analytics.queue_kernels`). Each begins empty;
what comes within several relaxation times after, and at the end, is left out, and intervals come
from the replications, so that correlated waits within one do not narrow them (Law 2015, Simulation
Modeling and Analysis, chapter 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.queue_arrivals import HOUR_SECONDS, N_HOURS, hour_weights
from etl.analytics.queue_batches import BatchCurve
from etl.analytics.queue_kernels import Draw, Served, serve_batches, serve_singly
from etl.analytics.queue_load import TIERS, Load, refuse_overload
from etl.analytics.queue_plan import Arrivals, Work, curved_arrivals, even_arrivals
from etl.analytics.queue_samples import SimulatedWaits, TierSample

N_JOBS = 1_000_000
FEWEST_JOBS, MOST_JOBS = 10_000, 20_000_000


@dataclass(frozen=True)
class Setting:
    """What a simulation can have and a formula has not.

    Attributes
    ----------
    samples_paid, samples_free
        Measured service times in seconds to draw from, both or neither; law and means of the load
        do not count then.
    weights
        24 relative arrivals of the hours of a day; the load's rates are then means of the day.
    batches
        Seconds of a call by the jobs in it; law and means of the load do not count then.

    Raises
    ------
    ValueError
        Samples that cannot be, or of one tier only, or beside batches; weights that cannot be.
    """

    samples_paid: FloatArray | None = None
    samples_free: FloatArray | None = None
    weights: Sequence[float] | FloatArray | None = None
    batches: BatchCurve | None = None

    def __post_init__(self) -> None:
        if (self.samples_paid is None) != (self.samples_free is None):
            raise ValueError("got samples of one tier; expected those of both, or none")
        for samples in (self.samples_paid, self.samples_free):
            if samples is not None and not (samples.size and (samples > 0).all()):
                raise ValueError("got measured services that cannot be; expected seconds above 0")
        if self.samples_paid is not None and self.batches is not None:
            raise ValueError("got samples and batches; expected one of the two")
        if self.weights is not None:
            hour_weights(self.weights)

    def work(self, load: Load) -> Work:
        """Return the load as it is served."""
        if self.batches is not None:
            # A server that always has work settles on full batches.
            each = 1 / self.batches.saturated_rate
            squared = load.arrival_per_second * each**2
            return Work(load, each, each, squared, self.batches.max_batch)
        paid, free = self.samples_paid, self.samples_free
        if paid is None or free is None:
            seconds = load.service_paid_seconds, load.service_free_seconds
            return Work(load, *seconds, load.squared_seconds)
        rates = load.arrival_paid_per_second, load.arrival_free_per_second
        squared = rates[0] * float(np.mean(paid**2)) + rates[1] * float(np.mean(free**2))
        return Work(load, float(paid.mean()), float(free.mean()), squared)


def simulate(
    load: Load, rng: np.random.Generator, *, n_jobs: int = N_JOBS, setting: Setting | None = None
) -> SimulatedWaits:
    """Simulate the waits of a load.

    Parameters
    ----------
    load
        Rates, servers, discipline, law and means.
    rng
        Source of all random numbers.
    n_jobs
        Jobs whose wait is counted, at least; those of the warm-up come on top.
    setting
        Measured services, a day's curve, batches.

    Raises
    ------
    OverloadError
        The servers cannot carry the load, on the mean of the day.
    ValueError
        A number of jobs out of range, or too few for a day's curve; a utilisation so near 1 that a
        stable state would take too long to reach.
    """
    if not FEWEST_JOBS <= n_jobs <= MOST_JOBS:
        raise ValueError(f"got {n_jobs} jobs; expected {FEWEST_JOBS:,} to {MOST_JOBS:,}")
    setting = setting or Setting()
    work = setting.work(load)
    refuse_overload(work.offered, load.n_servers)
    if setting.weights is None:
        arrivals = even_arrivals(work, rng, n_jobs)
    else:
        arrivals = curved_arrivals(work, rng, n_jobs, hour_weights(setting.weights))
    return _counted(load, arrivals, _served(load, rng, setting, arrivals))


def _served(load: Load, rng: np.random.Generator, setting: Setting, arrivals: Arrivals) -> Served:
    first = load.discipline == "priority"
    if setting.batches is not None:
        seconds = setting.batches.every
        return serve_batches(arrivals.streams, seconds, load.n_servers, payers_first=first)
    draw = _draw(load, rng, setting)
    return serve_singly(arrivals.streams, draw, load.n_servers, payers_first=first)


def _draw(load: Load, rng: np.random.Generator, setting: Setting) -> Draw:
    """Return how service times are drawn."""
    paid, free = setting.samples_paid, setting.samples_free
    means = load.service_paid_seconds, load.service_free_seconds

    def draw(shape: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        if paid is not None and free is not None:
            return rng.choice(paid, shape), rng.choice(free, shape)
        is_random = load.law == "exponential"
        unit = rng.standard_exponential(shape) if is_random else np.ones(shape)
        first = unit * means[0]
        return first, first if means[0] == means[1] else unit * means[1]

    return draw


def _counted(load: Load, arrivals: Arrivals, served: Served) -> SimulatedWaits:
    """Return the waits of the arrivals that count."""
    streams, window = arrivals.streams, arrivals.window
    both = (streams.paid, served.start_paid), (streams.free, served.start_free)
    tiers: dict[str, TierSample] = {
        tier: _sample(*times, arrivals)
        for tier, times in zip(TIERS, both, strict=True)
        if load.arrival(tier) > 0
    }
    lasted = float((window[1] - window[0]).sum())
    busy = float(served.busy_seconds.sum()) / (load.n_servers * lasted)
    return SimulatedWaits(tiers, busy, len(streams.paid))


def _sample(came: FloatArray, start: FloatArray, arrivals: Arrivals) -> TierSample:
    begin, end = arrivals.window[:, :, None]
    mask = (came >= begin) & (came < end)
    rows = np.repeat(np.arange(len(came)), mask.sum(axis=1))
    at = came[mask]
    hours = None
    if arrivals.begin_hour is not None:
        hours = ((at // HOUR_SECONDS).astype(np.int64) + arrivals.begin_hour) % N_HOURS
    return TierSample(start[mask] - at, rows, len(came), hours)
