"""Simulated waits: means, quantiles and shares with intervals from independent replications."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray, t_quantile

N_GRID = 200


@dataclass(frozen=True)
class Estimate:
    """A simulated number with the ends of its 95% interval; all NaN where nothing was counted."""

    value: float
    low: float
    high: float

    @property
    def standard_error(self) -> float:
        """Return about the standard error, a quarter of the interval."""
        return (self.high - self.low) / (2 * 1.96)


def the_other_wait(every_seconds: float, share: float, one: Estimate) -> Estimate:
    """Return the mean wait of one tier from that of all, known exactly, and the other's, simulated.

    With payers simulated, whose wait hardly varies, the free users' wait is known far better than
    if it were simulated itself.

    Parameters
    ----------
    every_seconds
        Exact mean wait of all jobs.
    share
        Of the jobs that are of the tier ``one``, in (0, 1).
    one
        Simulated mean wait of that tier.
    """
    low, value, high = (
        (every_seconds - share * seconds) / (1 - share)
        for seconds in (one.high, one.value, one.low)
    )
    return Estimate(value, low, high)


@dataclass(frozen=True)
class TierSample:
    """The counted waits of one tier.

    Attributes
    ----------
    waits
        Seconds.
    rows
        Replication of each of them, from 0.
    n_replications
        Independent runs.
    hours
        Hour of the day (0–23) at which each came; ``None`` without a day's curve.
    """

    waits: FloatArray
    rows: NDArray[np.int64]
    n_replications: int
    hours: NDArray[np.int64] | None = None

    @property
    def n_jobs(self) -> int:
        """Return how many waits were counted."""
        return self.waits.size

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        return np.bincount(self.rows, minlength=self.n_replications)

    @cached_property
    def _sorted(self) -> FloatArray:
        return np.sort(self.waits)

    def _mean_of(self, values: FloatArray) -> Estimate:
        """Return the ratio of sums over replications, with its linearised error."""
        if not self.n_jobs:
            return Estimate(math.nan, math.nan, math.nan)
        sums = np.bincount(self.rows, weights=values, minlength=self.n_replications)
        value = float(sums.sum() / self.n_jobs)
        n, residual = self.n_replications, sums - value * self._counts
        error = math.sqrt(n / (n - 1) * float(residual @ residual)) / self.n_jobs
        half = t_quantile(0.975, n - 1) * error
        return Estimate(value, value - half, value + half)

    def mean(self) -> Estimate:
        """Return the mean wait in seconds."""
        return self._mean_of(self.waits)

    def wait_probability(self) -> Estimate:
        """Return the share of jobs that wait at all."""
        return self._mean_of((self.waits > 0).astype(np.float64))

    def quantile(self, probability: float) -> Estimate:
        """Return a quantile of the wait in seconds.

        Its ends are the quantiles at the ends of the interval of the share at or below it.
        """
        if not self.n_jobs:
            return Estimate(math.nan, math.nan, math.nan)
        value = self._at(probability)
        share = self._mean_of((self.waits <= value).astype(np.float64))
        half = (share.high - share.low) / 2
        return Estimate(value, self._at(probability - half), self._at(probability + half))

    def _at(self, probability: float) -> float:
        place = math.ceil(min(max(probability, 0.0), 1.0) * self.n_jobs) - 1
        return float(self._sorted[max(place, 0)])

    def share_within(self, seconds: FloatArray) -> FloatArray:
        """Return the share of jobs that wait no longer than each of ``seconds``; same shape."""
        return np.searchsorted(self._sorted, seconds, side="right") / max(self.n_jobs, 1)

    def by_hour(self) -> pd.DataFrame:
        """Return a row an hour of the day: ``hour``, ``n_jobs``, ``mean``, ``p50``, ``p95``.

        Raises
        ------
        ValueError
            Without a day's curve.
        """
        if self.hours is None:
            raise ValueError("got waits without hours; expected a simulation with a day's curve")
        rows: list[dict[str, float]] = []
        for hour in np.unique(self.hours):
            waits = self.waits[self.hours == hour]
            p50, p95 = np.quantile(waits, [0.5, 0.95])
            rows.append(
                {"hour": int(hour), "n_jobs": waits.size, "mean": float(waits.mean())}
                | {"p50": float(p50), "p95": float(p95)}
            )
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class SimulatedWaits:
    """What a simulation saw.

    Attributes
    ----------
    tiers
        ``paid``, ``free``, as far as they arrive → waits.
    utilisation
        Busy over all server-seconds of the counted time.
    n_replications
        Independent runs behind the intervals.
    """

    tiers: Mapping[str, TierSample]
    utilisation: float
    n_replications: int

    @property
    def n_jobs(self) -> int:
        """Return how many waits were counted."""
        return sum(sample.n_jobs for sample in self.tiers.values())

    @cached_property
    def everyone(self) -> Mapping[str, TierSample]:
        """Return the tiers, and ``all`` of them together."""
        parts = list(self.tiers.values())
        hours = [part.hours for part in parts if part.hours is not None]
        every = TierSample(
            np.concatenate([part.waits for part in parts]),
            np.concatenate([part.rows for part in parts]),
            self.n_replications,
            np.concatenate(hours) if hours else None,
        )
        return {**self.tiers, "all": every}

    def mean(self, who: str) -> Estimate:
        """Return the mean wait of ``paid``, ``free`` or ``all``."""
        return self.sample(who).mean()

    def sample(self, who: str) -> TierSample:
        """Return the waits of ``paid``, ``free`` or ``all``."""
        return self.tiers[who] if who in self.tiers else self.everyone[who]

    def quantile(self, who: str, probability: float) -> Estimate:
        """Return a quantile of the wait of ``paid``, ``free`` or ``all``."""
        return self.sample(who).quantile(probability)

    def wait_probability(self) -> Estimate:
        """Return the share of all jobs that wait."""
        return self.sample("all").wait_probability()

    def distribution(self, n_points: int = N_GRID) -> pd.DataFrame:
        """Return ``tier``, ``wait_seconds``, ``share_within``: a grid to draw, 0 to the 99.9%."""
        parts: list[pd.DataFrame] = []
        for name, sample in self.everyone.items():
            grid = np.linspace(0.0, sample.quantile(0.999).value, n_points)
            share = sample.share_within(grid)
            parts.append(pd.DataFrame({"tier": name, "wait_seconds": grid, "share_within": share}))
        return pd.concat(parts, ignore_index=True)

    def by_hour(self) -> pd.DataFrame:
        """Return ``tier``, ``hour``, ``n_jobs``, ``mean``, ``p50``, ``p95``, waits in seconds."""
        parts: list[pd.DataFrame] = []
        for name, sample in self.everyone.items():
            part = sample.by_hour()
            part.insert(0, "tier", name)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)
