"""Own, rent, serverless or API: which is cheapest from how many pictures a day.

Owned and rented machines come whole: as many as the busiest hour needs, n = ⌈peak ÷ rate of one⌉,
and utilisation follows from that instead of being assumed. A machine's picture costs what
:func:`etl.analytics.compute.cost_per_image` says at that utilisation, so that over a month the cost
is a line in the pictures with a step at every further machine. All in US dollars; a month is
:data:`HOURS_PER_MONTH` long.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, Protocol

from etl.analytics.compute import (
    DEFAULT_LIFE_YEARS,
    HOURS_PER_YEAR,
    Cost,
    Electricity,
    Extras,
    Machine,
    Speed,
    cost_per_image,
    owned_hourly_price,
)

HOURS_PER_MONTH = HOURS_PER_YEAR / 12
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
SECONDS_PER_DAY = 86_400
DEFAULT_PEAK_TO_MEAN_RATIO = 2.0
"""Of the pictures of the busiest hour to those of the mean hour; assumed."""
_ROUNDING = 1e-12

EvidenceKind = Literal["measured", "disclosed", "estimated", "simulated", "assumed"]
OptionKind = Literal["own", "rent", "serverless", "api"]


@dataclass(frozen=True)
class PriceEvidence:
    """Where a price comes from.

    Attributes
    ----------
    evidence_kind
        How good it is.
    as_of
        Day on which it held; ``None`` where nobody knows, or where it is assumed.
    source, source_url
        Who says so, and where.
    """

    evidence_kind: EvidenceKind
    as_of: date | None
    source: str
    source_url: str = ""


@dataclass(frozen=True)
class Workload:
    """What is asked of every option alike.

    Attributes
    ----------
    peak_to_mean_ratio
        Pictures of the busiest hour that must be served over those of the mean hour, at least 1.
    extras
        Storage, egress and moderation of a picture.
    """

    peak_to_mean_ratio: float = DEFAULT_PEAK_TO_MEAN_RATIO
    extras: Extras = field(default_factory=Extras)

    def __post_init__(self) -> None:
        expect(
            self.peak_to_mean_ratio >= 1,
            "peak_to_mean_ratio",
            self.peak_to_mean_ratio,
            "at least 1",
        )
        expect(self.extras.total_usd >= 0, "extras", self.extras.total_usd, "0 or more")


@dataclass(frozen=True)
class SourcingCost:
    """What pictures cost under one option.

    Attributes
    ----------
    images_per_day
        Mean, above 0.
    n_machines
        Whole machines; ``None`` where none are held.
    utilisation
        Mean over held rate, derived; ``None`` likewise.
    per_image
        Parts of the cost of a picture.
    is_lower_bound
        Electricity is one's own and was not measured, so that it is left out.
    """

    images_per_day: float
    n_machines: int | None
    utilisation: float | None
    per_image: Cost
    is_lower_bound: bool

    @property
    def cost_per_image_usd(self) -> float:
        """Return the cost of a picture."""
        return self.per_image.total_usd

    @property
    def cost_per_month_usd(self) -> float:
        """Return the cost of a month."""
        return self.cost_per_image_usd * self.images_per_day * DAYS_PER_MONTH


@dataclass(frozen=True)
class CostLine:
    """The cost of a month as a line with steps: n machines at their price, and the pictures.

    Attributes
    ----------
    usd_per_machine_month
        Of a machine that makes no picture; 0 where none is held.
    usd_per_image
        What each picture adds.
    images_per_day_of_one
        Mean pictures a day up to which one machine is enough; infinite where none is held.
    """

    usd_per_machine_month: float
    usd_per_image: float
    images_per_day_of_one: float


class SourcingOption(Protocol):
    """A way to get pictures made."""

    kind: ClassVar[OptionKind]

    @property
    def name(self) -> str:
        """Return what it is called, once in a comparison."""
        ...

    @property
    def evidence(self) -> PriceEvidence:
        """Return where its price comes from."""
        ...

    def cost(self, images_per_day: float, workload: Workload) -> SourcingCost:
        """Return what pictures cost at so many a day, above 0."""
        ...

    def line(self, workload: Workload) -> CostLine:
        """Return the same over all numbers of pictures."""
        ...


@dataclass(frozen=True)
class OwnedServer:
    """A server of one's own; price, speed and energy cover the same number of cards.

    Attributes
    ----------
    price_usd, life_years, resale_usd
        Bought for, and sold for after so many years; straight line.
    electricity
        What a kilowatt-hour costs, and what server and building draw beside the cards.
    upkeep_usd_per_month
        Rack space, network and hands for one server, without its electricity.
    """

    name: str
    evidence: PriceEvidence
    speed: Speed
    price_usd: float
    electricity: Electricity
    life_years: float = DEFAULT_LIFE_YEARS
    resale_usd: float = 0.0
    upkeep_usd_per_month: float = 0.0
    kind: ClassVar[OptionKind] = "own"

    def __post_init__(self) -> None:
        expect(self.price_usd >= 0, "price_usd", self.price_usd, "0 or more")
        expect(self.upkeep_usd_per_month >= 0, "upkeep", self.upkeep_usd_per_month, "0 or more")
        idle_joules = (self.speed.idle_watts or 0.0) / self.speed.images_per_second
        joules = self.speed.joules_gross
        expect(
            joules is None or joules >= idle_joules,
            "joules_gross",
            joules or 0.0,
            f"at least the {idle_joules:g} J that an idle card draws in the time of a picture",
        )
        self._hourly_price_usd()

    def _hourly_price_usd(self) -> float:
        owned = owned_hourly_price(self.price_usd, self.life_years, self.resale_usd)
        return owned + self.upkeep_usd_per_month / HOURS_PER_MONTH

    def cost(self, images_per_day: float, workload: Workload) -> SourcingCost:
        """Return what pictures cost at so many a day, above 0."""
        return _on_machines(self, images_per_day, workload)

    def line(self, workload: Workload) -> CostLine:
        """Return the same over all numbers of pictures."""
        return _machine_line(self, workload)

    def machine(self, utilisation: float) -> Machine:
        """Return one machine at that utilisation."""
        return Machine(self._hourly_price_usd(), utilisation, self.electricity)


@dataclass(frozen=True)
class RentedCard:
    """A machine in a cloud, held for whole months; its price contains the electricity."""

    name: str
    evidence: PriceEvidence
    speed: Speed
    usd_per_hour: float
    kind: ClassVar[OptionKind] = "rent"

    def __post_init__(self) -> None:
        expect(self.usd_per_hour >= 0, "usd_per_hour", self.usd_per_hour, "0 or more")

    def cost(self, images_per_day: float, workload: Workload) -> SourcingCost:
        """Return what pictures cost at so many a day, above 0."""
        return _on_machines(self, images_per_day, workload)

    def line(self, workload: Workload) -> CostLine:
        """Return the same over all numbers of pictures."""
        return _machine_line(self, workload)

    def machine(self, utilisation: float) -> Machine:
        """Return one machine at that utilisation."""
        return Machine(self.usd_per_hour, utilisation)


@dataclass(frozen=True)
class Serverless:
    """A card paid for by the second of work.

    Attributes
    ----------
    usd_per_second
        Of the cards that ``speed`` was measured on; :meth:`by_the_hour` takes an hourly price.
    cold_start_share
        Seconds paid for starting over seconds of work, at least 0.
    """

    name: str
    evidence: PriceEvidence
    speed: Speed
    usd_per_second: float
    cold_start_share: float = 0.0
    kind: ClassVar[OptionKind] = "serverless"

    def __post_init__(self) -> None:
        expect(self.usd_per_second >= 0, "usd_per_second", self.usd_per_second, "0 or more")
        expect(self.cold_start_share >= 0, "cold_start_share", self.cold_start_share, "0 or more")

    @classmethod
    def by_the_hour(
        cls,
        name: str,
        evidence: PriceEvidence,
        speed: Speed,
        usd_per_hour: float,
        cold_start_share: float = 0.0,
    ) -> Serverless:
        """Return the option from a price of an hour of work."""
        return cls(name, evidence, speed, usd_per_hour / 3_600, cold_start_share)

    def cost(self, images_per_day: float, workload: Workload) -> SourcingCost:
        """Return what pictures cost at so many a day, above 0."""
        expect(images_per_day > 0, "images_per_day", images_per_day, "above 0")
        return SourcingCost(images_per_day, None, None, self._per_image(workload), False)

    def line(self, workload: Workload) -> CostLine:
        """Return the same over all numbers of pictures."""
        return CostLine(0.0, self._per_image(workload).total_usd, math.inf)

    def _per_image(self, workload: Workload) -> Cost:
        hourly = self.usd_per_second * 3_600 * (1 + self.cold_start_share)
        return cost_per_image(self.speed, Machine(hourly, utilisation=1.0), workload.extras)


@dataclass(frozen=True)
class ImageApi:
    """Pictures bought one by one."""

    name: str
    evidence: PriceEvidence
    usd_per_image: float
    kind: ClassVar[OptionKind] = "api"

    def __post_init__(self) -> None:
        expect(self.usd_per_image >= 0, "usd_per_image", self.usd_per_image, "0 or more")

    def cost(self, images_per_day: float, workload: Workload) -> SourcingCost:
        """Return what pictures cost at so many a day, above 0."""
        expect(images_per_day > 0, "images_per_day", images_per_day, "above 0")
        per_image = Cost(self.usd_per_image, 0.0, workload.extras.total_usd)
        return SourcingCost(images_per_day, None, None, per_image, False)

    def line(self, workload: Workload) -> CostLine:
        """Return the same over all numbers of pictures."""
        return CostLine(0.0, self.usd_per_image + workload.extras.total_usd, math.inf)


def machines_needed(images_per_day: float, images_per_day_of_one: float) -> int:
    """Return the whole machines for a mean number of pictures a day; 0 for none.

    Parameters
    ----------
    images_per_day
        0 or more.
    images_per_day_of_one
        Mean that one machine carries together with its peak (:func:`capacity`); infinite for what
        needs no machine of one's own.
    """
    # A quotient that should be whole may come out a trifle above it.
    return math.ceil(images_per_day / images_per_day_of_one * (1 - _ROUNDING))


def capacity(speed: Speed, workload: Workload) -> float:
    """Return the mean pictures a day up to which one machine is enough in the busiest hour."""
    return speed.images_per_second * SECONDS_PER_DAY / workload.peak_to_mean_ratio


def check_names(options: Sequence[SourcingOption]) -> None:
    """Raise ValueError unless there are options and no name stands twice."""
    names = [option.name for option in options]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"got the options {names}; expected at least one, each name once")


def _on_machines(
    option: OwnedServer | RentedCard, images_per_day: float, workload: Workload
) -> SourcingCost:
    expect(images_per_day > 0, "images_per_day", images_per_day, "above 0")
    n_machines = machines_needed(images_per_day, capacity(option.speed, workload))
    utilisation = images_per_day / (n_machines * option.speed.images_per_second * SECONDS_PER_DAY)
    per_image = cost_per_image(option.speed, option.machine(min(utilisation, 1.0)), workload.extras)
    unmeasured = per_image.electricity_usd is None
    return SourcingCost(images_per_day, n_machines, utilisation, per_image, unmeasured)


def _machine_line(option: OwnedServer | RentedCard, workload: Workload) -> CostLine:
    """Return the line through a machine at full and at half load."""
    full_images = option.speed.images_per_second * 3_600 * HOURS_PER_MONTH
    full, half = (
        cost_per_image(option.speed, option.machine(u), workload.extras).total_usd * full_images * u
        for u in (1.0, 0.5)
    )
    return CostLine(
        2 * half - full, 2 * (full - half) / full_images, capacity(option.speed, workload)
    )


def expect(holds: bool, name: str, got: float, expected: str) -> None:
    """Raise ValueError unless something holds of a finite number."""
    if not holds or not math.isfinite(got):
        raise ValueError(f"got {name} {got}; expected {expected}")
