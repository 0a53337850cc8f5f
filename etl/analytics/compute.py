"""What a picture costs on a machine, rented or owned, and what a mix of tasks and a pack cost.

cost = hourly price / (3600 x pictures a second x utilisation) + storage + egress + moderation, and,
only where the machine is one's own (a cloud price contains it), the electricity: gross joules and
the idle draw between the pictures, times what the server and the building take beside the card.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from etl.analytics.distributions import FloatArray

Number = TypeVar("Number", float, FloatArray)

HOURS_PER_YEAR = 8_766
DEFAULT_UTILISATION = 0.35
"""Mean over provisioned rate; assumed."""
DEFAULT_LIFE_YEARS = 3
_JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Electricity:
    """What electricity costs where the machine is one's own.

    Attributes
    ----------
    tariff_usd_per_kwh
        Price of a kilowatt-hour.
    server_overhead
        Draw of the whole server over that of its cards, at least 1.
    pue
        Draw of the building over that of its servers (power usage effectiveness), at least 1.
    """

    tariff_usd_per_kwh: float
    server_overhead: float = 1.3
    pue: float = 1.4

    def __post_init__(self) -> None:
        _expect(self.tariff_usd_per_kwh >= 0, "tariff_usd_per_kwh", self.tariff_usd_per_kwh, "≥ 0")
        _expect(self.server_overhead >= 1, "server_overhead", self.server_overhead, "≥ 1")
        _expect(self.pue >= 1, "pue", self.pue, "≥ 1")

    @property
    def usd_per_kwh_at_card(self) -> float:
        """Return the price of a kilowatt-hour at the card: what stands beside it draws too."""
        return self.tariff_usd_per_kwh * self.server_overhead * self.pue


@dataclass(frozen=True)
class Machine:
    """The machine that pictures are made on; price and speed cover the same number of cards.

    Attributes
    ----------
    hourly_price_usd
        Of renting, or of owning (:func:`owned_hourly_price`).
    utilisation
        Mean over provisioned rate, in (0, 1].
    electricity
        ``None`` where the price contains it, as a cloud's does.
    """

    hourly_price_usd: float
    utilisation: float = DEFAULT_UTILISATION
    electricity: Electricity | None = None

    def __post_init__(self) -> None:
        _expect(self.hourly_price_usd >= 0, "hourly_price_usd", self.hourly_price_usd, "≥ 0")
        _expect(0 < self.utilisation <= 1, "utilisation", self.utilisation, "in (0, 1]")


@dataclass(frozen=True)
class Speed:
    """What was measured of a kind of picture.

    Attributes
    ----------
    images_per_second
        Of the machine at its work.
    joules_gross
        Of the cards for a picture; ``None`` where it was not measured.
    idle_watts
        Of the cards with the model in memory; ``None`` where it was not measured.
    """

    images_per_second: float
    joules_gross: float | None = None
    idle_watts: float | None = None

    def __post_init__(self) -> None:
        _expect(self.images_per_second > 0, "images_per_second", self.images_per_second, "> 0")


@dataclass(frozen=True)
class Extras:
    """What a picture costs beside the machine, in US dollars each."""

    storage_usd: float = 0.0
    egress_usd: float = 0.0
    moderation_usd: float = 0.0

    @property
    def total_usd(self) -> float:
        """Return the sum."""
        return self.storage_usd + self.egress_usd + self.moderation_usd


@dataclass(frozen=True)
class Cost:
    """Cost of one picture or one training in US dollars.

    Attributes
    ----------
    machine_usd, electricity_usd, extras_usd
        Parts; ``electricity_usd`` is ``None`` where the machine is one's own and its energy was
        not measured: then the total leaves it out and is a lower bound.
    """

    machine_usd: float
    electricity_usd: float | None
    extras_usd: float

    @property
    def total_usd(self) -> float:
        """Return the sum of the parts that are known."""
        return self.machine_usd + (self.electricity_usd or 0.0) + self.extras_usd


def machine_cost_per_image(
    hourly_price: Number, images_per_second: Number, utilisation: Number
) -> Number:
    """Return the machine's part of a picture, idle time included; shapes broadcast.

    Parameters
    ----------
    hourly_price
        Of the machine, in some currency.
    images_per_second
        Of the machine at its work.
    utilisation
        Mean over provisioned rate, in (0, 1].
    """
    return hourly_price / (3_600 * images_per_second * utilisation)


def electricity_per_image(
    joules: Number,
    idle_watts: Number,
    images_per_second: Number,
    utilisation: Number,
    price_per_kwh: Number,
) -> Number:
    """Return the price of a picture's electricity, the draw between pictures included.

    Parameters
    ----------
    joules
        Gross, of a picture at the card.
    idle_watts
        Of the card with the model in memory.
    images_per_second, utilisation
        As in :func:`machine_cost_per_image`.
    price_per_kwh
        At the card: tariff times what server and building take beside it.
    """
    idle_joules = idle_watts * (1 - utilisation) / (utilisation * images_per_second)
    return (joules + idle_joules) * price_per_kwh / _JOULES_PER_KWH


def _expect(holds: bool, name: str, got: float, expected: str) -> None:
    if not holds or math.isnan(got):
        raise ValueError(f"got {name} {got}; expected {expected}")


def owned_hourly_price(
    price_usd: float, life_years: float = DEFAULT_LIFE_YEARS, resale_usd: float = 0.0
) -> float:
    """Return what an hour of an owned machine costs, straight line, without electricity.

    Parameters
    ----------
    price_usd
        Bought for.
    life_years
        Years until it is sold.
    resale_usd
        Sold for.

    Raises
    ------
    ValueError
        A life that is not above zero, or a resale above the price.
    """
    _expect(life_years > 0, "life_years", life_years, "> 0")
    _expect(0 <= resale_usd <= price_usd, "resale_usd", resale_usd, f"between 0 and {price_usd}")
    return (price_usd - resale_usd) / (life_years * HOURS_PER_YEAR)


def cost_per_image(speed: Speed, machine: Machine, extras: Extras | None = None) -> Cost:
    """Return what a picture costs, idle time of the machine included.

    Parameters
    ----------
    speed
        Measured.
    machine
        Prices.
    extras
        Storage, egress, moderation; nothing by default.
    """
    rate, u = speed.images_per_second, machine.utilisation
    electricity: float | None = 0.0
    if machine.electricity is not None:
        electricity = None
        if speed.joules_gross is not None and speed.idle_watts is not None:
            price = machine.electricity.usd_per_kwh_at_card
            electricity = electricity_per_image(
                speed.joules_gross, speed.idle_watts, rate, u, price
            )
    machine_usd = machine_cost_per_image(machine.hourly_price_usd, rate, u)
    return Cost(machine_usd, electricity, (extras or Extras()).total_usd)


def cost_per_training(
    seconds: float, machine: Machine, joules: float | None = None, idle_watts: float | None = None
) -> Cost:
    """Return what training one adapter costs: the formula of a picture that takes so long.

    Parameters
    ----------
    seconds
        Of a training.
    machine
        Prices.
    joules
        Gross, of a training.
    idle_watts
        Between trainings.
    """
    _expect(seconds > 0, "seconds", seconds, "> 0")
    return cost_per_image(Speed(1 / seconds, joules, idle_watts), machine)


@dataclass(frozen=True)
class TaskShare:
    """A task's place in a product.

    Attributes
    ----------
    share
        Of delivered pictures, in (0, 1].
    cost_usd
        Of one generation.
    retry_rate
        Generations thrown away for each that is kept (a user asks again), at least 0.
    blocked_rate
        Share of generations that moderation keeps back, in [0, 1).
    """

    share: float
    cost_usd: float
    retry_rate: float = 0.0
    blocked_rate: float = 0.0

    def __post_init__(self) -> None:
        _expect(0 < self.share <= 1, "share", self.share, "in (0, 1]")
        _expect(self.retry_rate >= 0, "retry_rate", self.retry_rate, "≥ 0")
        _expect(0 <= self.blocked_rate < 1, "blocked_rate", self.blocked_rate, "in [0, 1)")

    @property
    def delivered_usd(self) -> float:
        """Return the cost of a picture that reaches its user."""
        return self.cost_usd * (1 + self.retry_rate) / (1 - self.blocked_rate)


def cost_of_mix(tasks: Sequence[TaskShare]) -> float:
    """Return the mean cost of a delivered picture over a mix of tasks.

    Raises
    ------
    ValueError
        The shares do not add up to 1.
    """
    total = sum(task.share for task in tasks)
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(f"got shares that add up to {total}; expected 1")
    return sum(task.share * task.delivered_usd for task in tasks)


def cost_of_pack(training_usd: float, n_pictures: int, delivered_usd: float) -> float:
    """Return what an avatar pack costs: one training and its pictures.

    Parameters
    ----------
    training_usd
        Of the adapter.
    n_pictures
        In the pack.
    delivered_usd
        Of each.
    """
    _expect(n_pictures > 0, "n_pictures", n_pictures, "> 0")
    return training_usd + n_pictures * delivered_usd
