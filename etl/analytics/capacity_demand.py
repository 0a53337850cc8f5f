"""What users ask of the servers, what a server does, and what is promised."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from etl.analytics.queue_arrivals import DAY_SECONDS, hour_weights, peak_to_mean_ratio
from etl.analytics.queue_batches import BatchCurve
from etl.analytics.queue_load import TIERS, Discipline, Law, Load, Tier


@dataclass(frozen=True)
class Demand:
    """What users ask for on a day.

    Attributes
    ----------
    daily_active_users
        Users that ask for pictures on a day, payers among them.
    paid_share
        Payers among them, 0 to 1.
    images_paid_per_day, images_free_per_day
        Pictures that a payer, or a free user, keeps on such a day.
    retry_rate
        Pictures thrown away for each that is kept, at least 0.
    daily_curve
        24 relative weights of the hours from midnight.

    Raises
    ------
    ValueError
        A number that cannot be.
    """

    daily_active_users: float
    paid_share: float
    images_paid_per_day: float
    images_free_per_day: float
    retry_rate: float
    daily_curve: Sequence[float]

    def __post_init__(self) -> None:
        for name in ("daily_active_users", "images_paid_per_day", "images_free_per_day"):
            expect(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        expect(0 <= self.paid_share <= 1, "paid_share", self.paid_share, "0 to 1")
        expect(self.retry_rate >= 0, "retry_rate", self.retry_rate, "0 or more")
        hour_weights(self.daily_curve)
        expect(sum(self.mean_rates) > 0, "pictures a day", 0, "above 0")

    @property
    def mean_rates(self) -> tuple[float, float]:
        """Return the pictures a second of payers and free users over the day."""
        each = self.daily_active_users * (1 + self.retry_rate) / DAY_SECONDS
        return (
            each * self.paid_share * self.images_paid_per_day,
            each * (1 - self.paid_share) * self.images_free_per_day,
        )

    @property
    def peak_to_mean_ratio(self) -> float:
        """Return the busiest hour's pictures over the mean hour's."""
        return peak_to_mean_ratio(self.daily_curve)

    @property
    def peak_rates(self) -> tuple[float, float]:
        """Return the pictures a second of payers and free users at the busiest hour."""
        paid, free = self.mean_rates
        return paid * self.peak_to_mean_ratio, free * self.peak_to_mean_ratio


def expect(holds: bool, name: str, got: float, expected: str) -> None:
    """Raise ValueError where a number is not what it has to be, or not finite."""
    if not holds or not math.isfinite(got):
        raise ValueError(f"got {name} {got}; expected {expected}")


@dataclass(frozen=True)
class Service:
    """What a server does.

    Attributes
    ----------
    paid_seconds, free_seconds
        Of one picture.
    law, discipline
        As in :class:`etl.analytics.queue_load.Load`.
    batches
        Seconds of a call of several pictures; then the seconds above do not count, and every
        wait is simulated.
    """

    paid_seconds: float
    free_seconds: float
    law: Law = "deterministic"
    discipline: Discipline = "priority"
    batches: BatchCurve | None = None

    @classmethod
    def in_batches(cls, batches: BatchCurve, discipline: Discipline = "priority") -> Service:
        """Return a server that takes several pictures at once."""
        alone = batches.seconds_of(1)
        return cls(alone, alone, "deterministic", discipline, batches)

    def load(self, rates: tuple[float, float], n_servers: int) -> Load:
        """Return the load of these rates on so many servers."""
        seconds = self.paid_seconds, self.free_seconds
        return Load(*rates, *seconds, n_servers, self.law, self.discipline)

    def offered(self, rates: tuple[float, float]) -> float:
        """Return the servers that these rates keep busy, in full batches where there are some."""
        if self.batches is not None:
            return sum(rates) / self.batches.saturated_rate
        return rates[0] * self.paid_seconds + rates[1] * self.free_seconds


@dataclass(frozen=True)
class Promises:
    """Waits in seconds that 95% of the pictures keep; ``None`` promises nothing."""

    paid_p95_seconds: float | None
    free_p95_seconds: float | None

    def __post_init__(self) -> None:
        for tier in TIERS:
            if (seconds := self.of(tier)) is not None:
                expect(seconds >= 0, f"promise to {tier} users", seconds, "0 seconds or more")

    def of(self, tier: Tier) -> float | None:
        """Return the promise to one tier."""
        return self.paid_p95_seconds if tier == "paid" else self.free_p95_seconds
