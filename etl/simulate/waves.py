"""Who installs when, where and through which channel, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from etl.simulate import world
from etl.simulate.parameters import Parameters

_RISE_DAYS = 2.0
REPORTED_BY = "artonomics simulate"


@dataclass(frozen=True)
class Burst:
    """A viral burst: it rises within days and fades by halves."""

    day: int
    country: str
    height: float
    half_life_days: float


@dataclass(frozen=True)
class Plan:
    """The installs of the whole history, drawn once before the users.

    Attributes
    ----------
    expected, installs
        Expected and drawn installs, shape (days, countries, channels).
    load
        Factor on the waiting time of the free tier by day, shape (days,).
    bursts
        The viral bursts.
    """

    expected: np.ndarray
    installs: np.ndarray
    load: np.ndarray
    bursts: tuple[Burst, ...]

    def cells(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return install day, country and channel of users ``first`` to ``last`` (exclusive).

        Users are numbered in the order of their install day.
        """
        ends = np.cumsum(self.installs.ravel())
        cell = np.searchsorted(ends, np.arange(first, last), side="right")
        day, country, channel = np.unravel_index(cell, self.installs.shape)
        return day.astype(np.int64), country.astype(np.int64), channel.astype(np.int64)


def rng_of(parameters: Parameters, *key: int) -> np.random.Generator:
    """Return the random numbers of one part of the simulation, independent of all others."""
    return np.random.Generator(
        np.random.SFC64(np.random.SeedSequence(parameters.seed, spawn_key=key))
    )


def draw_plan(parameters: Parameters) -> Plan:
    """Draw the waves of installs: a growing base with weekends, and viral bursts over it."""
    rng = rng_of(parameters, 0, 0)
    days = parameters.days
    countries = np.array([c.share for c in world.COUNTRIES])
    channels = np.array([c.share for c in world.CHANNELS])
    day = np.arange(days)
    base = (1 + 0.5 * day / max(days, 30)) * (1 + 0.2 * (day % 7 >= 5))
    weight = base[:, None, None] * countries[None, :, None] * channels[None, None, :]
    bursts = tuple(_draw_burst(rng, days) for _ in range(1 + days // 90))
    codes = [c.code for c in world.COUNTRIES]
    names = [c.name for c in world.CHANNELS]
    for burst in bursts:
        shape = burst.height * _burst_shape(day, burst)
        reach = 0.15 * countries
        reach[codes.index(burst.country)] = countries[codes.index(burst.country)]
        weight[:, :, names.index("viral")] += 0.85 * shape[:, None] * reach
        weight[:, :, names.index("organic")] += 0.15 * shape[:, None] * reach
    share = weight / weight.sum()
    installs = rng.multinomial(parameters.users, share.ravel()).reshape(share.shape)
    crowd = weight.sum(axis=(1, 2))
    load = np.clip(crowd / np.median(crowd), 0.7, 8.0) ** 0.8
    return Plan(parameters.users * share, installs, load, bursts)


def _draw_burst(rng: np.random.Generator, days: int) -> Burst:
    shares = [c.share for c in world.COUNTRIES]
    return Burst(
        day=int(rng.integers(0, days)),
        country=world.COUNTRIES[rng.choice(len(shares), p=shares)].code,
        height=round(float(rng.uniform(5, 20)), 2),
        half_life_days=round(float(rng.uniform(2, 7)), 2),
    )


def _burst_shape(day: np.ndarray, burst: Burst) -> np.ndarray:
    age = day - burst.day
    fade = 0.5 ** (np.maximum(age, 0) / burst.half_life_days)
    return np.where(age >= 0, fade * np.minimum(1, (age + 1) / _RISE_DAYS), 0.0)


def spend_rows(parameters: Parameters, plan: Plan) -> dict[str, pa.Array]:
    """Return the own columns of ``acquisition_spend``: money of paid channels, installs of all.

    Spend follows the expected installs with noise, so that the realised cost of an install varies.
    """
    rng = rng_of(parameters, 0, 1)
    price = np.array([channel.cost_per_install_usd for channel in world.CHANNELS])
    noise = rng.lognormal(-0.02, 0.2, plan.expected.shape)
    money = np.round(plan.expected * price * noise, 2)
    paid = np.broadcast_to(price > 0, money.shape)
    kinds = ((paid, "spend", money, "USD"), (paid | True, "installs", plan.installs, None))
    parts = [_spend_part(parameters, *kind) for kind in kinds]
    return {name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]}


def _spend_part(
    parameters: Parameters, where: np.ndarray, metric: str, value: np.ndarray, currency: str | None
) -> dict[str, pa.Array]:
    day, country, channel = np.nonzero(where)
    n = len(day)
    start = np.datetime64(parameters.start, "D")
    words = {"reported_by": REPORTED_BY, "campaign": "*", "platform": "*", "metric": metric}
    return {
        "spend_date": pa.array(start + day.astype("timedelta64[D]"), pa.date32()),
        "channel": pa.array([c.name for c in world.CHANNELS]).take(pa.array(channel)),
        "country": pa.array([c.code for c in world.COUNTRIES]).take(pa.array(country)),
        "days_after_install": pa.array(np.zeros(n, np.int64)),
        "value": pa.array(value[where].astype(float)),
        "currency": pa.array([currency] * n, pa.string()),
        **{name: pa.array([word] * n, pa.string()) for name, word in words.items()},
    }
