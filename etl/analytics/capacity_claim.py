"""How many users one server carries, by what "users" means, and what would make a claim true."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from etl.analytics.capacity_demand import expect
from etl.analytics.queue_answer import solve
from etl.analytics.queue_arrivals import HOUR_SECONDS
from etl.analytics.queue_load import Law, Load

READINGS = ("registered", "daily_active", "concurrent")


@dataclass(frozen=True)
class Range:
    """A number between two ends, above 0 and in order."""

    low: float
    value: float
    high: float

    def __post_init__(self) -> None:
        expect(0 < self.low <= self.value <= self.high, "range", self.value, "0 < low ≤ high")

    @classmethod
    def exact(cls, value: float) -> Range:
        """Return a number without a range."""
        return cls(value, value, value)


@dataclass(frozen=True)
class Habits:
    """How users use a server.

    Attributes
    ----------
    images_per_second
        Of the server at full use.
    active_share
        Of registered users, how many are active on a day.
    images_per_user_day
        Generations of an active user on a day, those thrown away among them.
    peak_hour_share
        Of a day's pictures, how many fall into its busiest hour: 1/24 for an even day.
    seconds_between_images
        Of a user who is there at this moment, from one request to the next.
    """

    images_per_second: Range
    active_share: Range
    images_per_user_day: Range
    peak_hour_share: Range
    seconds_between_images: Range

    def __post_init__(self) -> None:
        expect(self.active_share.high <= 1, "active_share", self.active_share.high, "up to 1")
        share = self.peak_hour_share
        expect(share.low >= 1 / 24 - 1e-9, "peak_hour_share", share.low, "1/24 or more")
        expect(share.high <= 1, "peak_hour_share", share.high, "up to 1")


def usable_share(
    images_per_second: float, p95_wait_seconds: float, law: Law = "deterministic"
) -> float:
    """Return the highest utilisation at which 95% of the requests wait no longer than promised.

    One queue, first come first served, at one server that makes one picture after another.

    Parameters
    ----------
    images_per_second
        Of the server at full use.
    p95_wait_seconds
        Promised wait, 0 or more.
    law
        Of the service times.
    """
    expect(images_per_second > 0, "images_per_second", images_per_second, "above 0")
    expect(p95_wait_seconds >= 0, "p95_wait_seconds", p95_wait_seconds, "0 or more")
    seconds = 1 / images_per_second
    low, high = 0.0, 0.9999
    while high - low > 1e-9:
        middle = (low + high) / 2
        load = Load(middle * images_per_second, 0.0, seconds, seconds, 1, law, "fcfs")
        wait = solve(load).quantile("all", 0.95)
        low, high = (
            (middle, high) if wait is not None and wait <= p95_wait_seconds else (low, middle)
        )
    return low


def users_per_server(
    habits: Habits,
    p95_wait_seconds: float,
    claim: tuple[float, float],
    law: Law = "deterministic",
) -> pd.DataFrame:
    """Return how many users a server carries under each reading of the word.

    Parameters
    ----------
    habits
        With ranges.
    p95_wait_seconds
        Wait that 95% of the requests of the busiest hour keep.
    claim
        Users that a server is said to carry, from and to.
    law
        Of the service times.

    Returns
    -------
    DataFrame
        One row for each of :data:`READINGS`: ``reading``; ``users_low``, ``users``, ``users_high``,
        all habits at their unfavourable ends, their values, their favourable ends; ``claim_low``,
        ``claim_high``; ``verdict`` (``within reach``, ``below the claim``, ``above the claim``);
        what would make either end of the claim true, the other habits at their values:
        ``images_per_user_day_at_claim_low``, ``…_high``, ``active_share_at_claim_low``, ``…_high``,
        ``seconds_between_images_at_claim_low``, ``…_high``, NaN where the reading does not use it
        and above 1 for a share that cannot be; and the habits' values, ``usable_share`` the
        utilisation that the promise allows.
    """
    expect(0 < claim[0] <= claim[1], "claim", claim[0], "above 0, and no more than its upper end")
    rates = habits.images_per_second
    carried = {
        end: rate * usable_share(rate, p95_wait_seconds, law)
        for end, rate in (("low", rates.low), ("value", rates.value), ("high", rates.high))
    }
    frame = pd.DataFrame([_row(habits, reading, carried, claim) for reading in READINGS])
    frame["promise_p95_seconds"] = p95_wait_seconds
    frame["images_per_second"] = rates.value
    frame["usable_share"] = carried["value"] / rates.value
    for name in ("active_share", "images_per_user_day", "peak_hour_share"):
        frame[name] = getattr(habits, name).value
    frame["seconds_between_images"] = habits.seconds_between_images.value
    frame["law"] = law
    return frame


def _row(
    habits: Habits, reading: str, carried: dict[str, float], claim: tuple[float, float]
) -> dict[str, object]:
    # What a user asks for is unfavourable at its high end, the time between requests at its low.
    ends = {
        end: _users(habits, reading, carried[end], end, other)
        for end, other in (("low", "high"), ("value", "value"), ("high", "low"))
    }
    row: dict[str, object] = {
        "reading": reading,
        "users_low": ends["low"],
        "users": ends["value"],
        "users_high": ends["high"],
        "claim_low": claim[0],
        "claim_high": claim[1],
        "verdict": _verdict(ends, claim),
    }
    for side, users in zip(("low", "high"), claim, strict=True):
        factor = ends["value"] / users
        is_day = reading != "concurrent"
        images = habits.images_per_user_day.value * factor
        share = habits.active_share.value * factor
        row |= {
            f"images_per_user_day_at_claim_{side}": images if is_day else float("nan"),
            f"active_share_at_claim_{side}": share if reading == "registered" else float("nan"),
            f"seconds_between_images_at_claim_{side}": (
                float("nan") if is_day else habits.seconds_between_images.value / factor
            ),
        }
    return row


def _users(habits: Habits, reading: str, per_second: float, good: str, bad: str) -> float:
    """Return the users that a rate serves, one end of the habits taken throughout."""
    if reading == "concurrent":
        return per_second * getattr(habits.seconds_between_images, good)
    per_user = getattr(habits.images_per_user_day, bad) * getattr(habits.peak_hour_share, bad)
    active = per_second * HOUR_SECONDS / per_user
    return active if reading == "daily_active" else active / getattr(habits.active_share, bad)


def _verdict(users: dict[str, float], claim: tuple[float, float]) -> str:
    if users["high"] < claim[0]:
        return "below the claim"
    return "above the claim" if users["low"] > claim[1] else "within reach"
