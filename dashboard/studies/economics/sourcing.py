"""From how many pictures a day owning, renting, serverless or an API is the cheapest.

The models of :mod:`etl.analytics.sourcing` name their amounts after US dollars and hold in any one
currency: everything here is in the scenario's, every price converted at the rate of its own day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.studies.economics.prices import (
    KINDS,
    NONE,
    TYPED,
    DatedPrice,
    DatedPrices,
    Kind,
    family_of,
    typed_price,
)
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.studies.economics.speeds import SpeedChoice, chosen_speed, first_speed
from etl.analytics.compute import Electricity, Extras, Speed
from etl.analytics.picture_cost import generations_per_picture
from etl.analytics.quantities import weakest
from etl.analytics.sourcing import (
    DAYS_PER_MONTH,
    EvidenceKind,
    ImageApi,
    OwnedServer,
    PriceEvidence,
    RentedCard,
    Serverless,
    SourcingOption,
    Workload,
)
from etl.analytics.sourcing_intervals import cheapest_intervals
from etl.analytics.sourcing_table import cheapest
from etl.analytics.user_month import free_images

POINTS = 121
FEWEST, MOST = 10.0, 1_000_000
CURVES = ("option", "images_per_day", "cost_per_1000", "n_machines", "utilisation", "evidence_kind")
INTERVALS = (
    *("option", "from_images_per_day", "to_images_per_day", "from_edge", "to_edge"),
    *("from_cost_per_1000", "to_cost_per_1000", "from_n_machines", "to_n_machines"),
)


@dataclass(frozen=True)
class SourcingChoice:
    """What the reader chose; empty codes take what stands in.

    Attributes
    ----------
    speed
        Code of a speed.
    own, rent, serverless, api
        Codes of prices; ``none`` leaves the way out, ``typed`` takes the amount.
    typed
        Amounts in the scenario's currency, in the order of :data:`KINDS`.
    cards
        Cards of a bought server, each at the chosen speed; a scenario's own speed is that of the
        whole machine.
    most
        Pictures a day up to which is asked.
    """

    speed: str = ""
    own: str = ""
    rent: str = ""
    serverless: str = ""
    api: str = ""
    typed: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    cards: int = 1
    most: int = MOST

    def code(self, kind: Kind) -> str:
        """Return the code of one way's price."""
        return str(getattr(self, kind))


@dataclass(frozen=True)
class SourcingStudy:
    """The ways side by side.

    Attributes
    ----------
    currency
        Of every amount.
    speed
        That all machines are taken to have; ``None`` where none is known.
    prices
        Way → the price it is worked out with.
    left_out
        Ways without one, or without a speed.
    cards
        Of a bought server.
    peak_to_mean_ratio
        Busiest hour over mean hour, that machines are held for.
    curves, intervals
        :data:`CURVES` and :data:`INTERVALS`.
    images_per_day
        That the scenario asks for; ``None`` where it does not tell.
    is_lower_bound
        The electricity of the bought server was not measured and is left out.
    other_cards
        Ways whose price is about another card than the speed.
    """

    currency: str
    speed: SpeedChoice | None
    prices: Mapping[Kind, DatedPrice]
    left_out: tuple[Kind, ...]
    cards: int
    peak_to_mean_ratio: float
    curves: pd.DataFrame
    intervals: pd.DataFrame
    images_per_day: float | None
    is_lower_bound: bool
    other_cards: tuple[Kind, ...]


def images_per_day(study: ScenarioStudy) -> float | None:
    """Return the pictures that all users ask for on a mean day, retries among them."""
    given = study.scenario.inputs.given
    needed = ("active_users", "paying_share", "paid_images_per_user", "free_images_per_user")
    if not set(needed) <= set(given):
        return None
    v = study.scenario.inputs.values()
    share = v["paying_share"]
    each = share * v["paid_images_per_user"] + (1 - share) * free_images(v)
    return float(v["active_users"] * each * generations_per_picture(v) / DAYS_PER_MONTH)


def sourcing_study(
    study: ScenarioStudy, held: list[SpeedChoice], known: DatedPrices, choice: SourcingChoice
) -> SourcingStudy:
    """Work the ways out.

    Parameters
    ----------
    held, known
        Speeds and prices to choose from.
    choice
        What of them.

    Raises
    ------
    ValueError
        A number that cannot be.
    """
    speed = chosen_speed(held, choice.speed) or first_speed(held)
    prices = chosen_prices(study, known, choice, speed)
    v = study.scenario.inputs.values()
    extras = [float(v[f"{name}_per_image"]) for name in ("storage", "egress", "moderation")]
    workload = Workload(float(v["peak_to_mean_ratio"]), Extras(*extras))
    options = _options(study, prices, speed, choice.cards)
    worked_out = {each.kind for each in options}
    return SourcingStudy(
        currency=study.currency,
        speed=speed,
        prices={kind: price for kind, price in prices.items() if kind in worked_out},
        left_out=tuple(kind for kind in KINDS if kind not in worked_out),
        cards=choice.cards,
        peak_to_mean_ratio=workload.peak_to_mean_ratio,
        curves=_curves(options, workload, choice.most),
        intervals=_intervals(options, workload, choice.most),
        images_per_day=images_per_day(study),
        is_lower_bound="own" in worked_out and not _electricity_known(study, speed),
        other_cards=other_cards(prices, speed),
    )


def chosen_prices(
    study: ScenarioStudy, held: DatedPrices, choice: SourcingChoice, speed: SpeedChoice | None
) -> dict[Kind, DatedPrice]:
    """Return the price of each way that has one: chosen, typed, or the newest that was known."""
    family = "" if speed is None else family_of(speed.device)
    found: dict[Kind, DatedPrice] = {}
    for kind, amount in zip(KINDS, choice.typed, strict=True):
        code = choice.code(kind)
        if code == NONE:
            continue
        if code == TYPED:
            price = typed_price(kind, amount, study.currency) if amount > 0 else None
        else:
            price = held.find(kind, code) or held.default(kind, family)
        if price is not None:
            found[kind] = price
    return found


def other_cards(prices: Mapping[Kind, DatedPrice], speed: SpeedChoice | None) -> tuple[Kind, ...]:
    """Return the ways whose price names another card than the speed was measured on."""
    family = "" if speed is None else family_of(speed.device)
    return tuple(
        kind for kind, price in prices.items() if family and price.family not in ("", family)
    )


def owned_server(
    study: ScenarioStudy, price: DatedPrice, speed: SpeedChoice, cards: int
) -> OwnedServer:
    """Return a server to buy: its price, all its cards' speed, the scenario's life and power."""
    v = study.scenario.inputs.values()
    amount = price.quantity.value * (cards if price.is_card else 1)
    has_tariff = "tariff_per_kwh" in study.scenario.inputs.given
    tariff = float(v["tariff_per_kwh"])  # 0 where none is given: the cost is then a lower bound
    electricity = Electricity(tariff, float(v["server_overhead"]), float(v["pue"]))
    alone = speed.speed
    joules = alone.joules_gross if has_tariff else None
    idle = None if alone.idle_watts is None else alone.idle_watts * cards
    whole = Speed(alone.images_per_second * cards, joules, idle)
    resale = amount * float(v["resale_share"])
    kinds = [price.quantity.evidence_kind, speed.evidence_kind, "assumed" if cards > 1 else ""]
    evidence = _evidence(study, price, kinds)
    return OwnedServer("own", evidence, whole, amount, electricity, float(v["life_years"]), resale)


def rented_card(study: ScenarioStudy, price: DatedPrice, speed: SpeedChoice) -> RentedCard:
    """Return a card to rent."""
    kinds = [price.quantity.evidence_kind, speed.evidence_kind]
    return RentedCard("rent", _evidence(study, price, kinds), speed.speed, price.quantity.value)


def _electricity_known(study: ScenarioStudy, speed: SpeedChoice | None) -> bool:
    told = speed is not None and speed.speed.joules_gross is not None
    return told and "tariff_per_kwh" in study.scenario.inputs.given and _idle(speed)


def _idle(speed: SpeedChoice | None) -> bool:
    return speed is not None and speed.speed.idle_watts is not None


def _evidence(study: ScenarioStudy, price: DatedPrice, kinds: list[str]) -> PriceEvidence:
    """Return the evidence of a way: machines are held for a peak, which is mostly assumed."""
    peak = study.scenario.inputs.given["peak_to_mean_ratio"].evidence_kind
    return _told(price, weakest([*(kind for kind in kinds if kind), peak]))


def _told(price: DatedPrice, kind: str) -> PriceEvidence:
    told = price.quantity
    known: EvidenceKind = kind  # pyright: ignore[reportAssignmentType]  (kinds are checked)
    return PriceEvidence(known, told.as_of, told.source, told.source_url)


def _options(
    study: ScenarioStudy,
    prices: Mapping[Kind, DatedPrice],
    speed: SpeedChoice | None,
    cards: int,
) -> list[SourcingOption]:
    """Return the ways in order; those that need a machine need its speed."""
    found: list[SourcingOption] = []
    if speed is not None:
        makers: dict[Kind, Callable[[DatedPrice], SourcingOption]] = {
            "own": lambda price: owned_server(study, price, speed, cards),
            "rent": lambda price: rented_card(study, price, speed),
            "serverless": lambda price: _serverless(study, price, speed),
        }
        found = [make(prices[kind]) for kind, make in makers.items() if kind in prices]
    if "api" in prices:
        price = prices["api"]
        kind = price.quantity.evidence_kind
        found.append(ImageApi("api", _told(price, kind), price.quantity.value))
    return found


def _serverless(study: ScenarioStudy, price: DatedPrice, speed: SpeedChoice) -> Serverless:
    kinds = [price.quantity.evidence_kind, speed.evidence_kind]
    cold = float(study.scenario.inputs.values()["cold_start_share"])
    about = ("serverless", _told(price, weakest(kinds)), speed.speed, price.quantity.value)
    return Serverless.by_the_hour(*about, cold)


def _curves(options: list[SourcingOption], workload: Workload, most: int) -> pd.DataFrame:
    if not options:
        return pd.DataFrame(columns=pd.Index(CURVES))
    asked = np.geomspace(FEWEST, most, POINTS)
    table: Any = cheapest(options, asked.tolist(), workload)
    return pd.DataFrame(
        {
            **{name: table[name] for name in CURVES if name in table},
            "cost_per_1000": table["cost_per_image_usd"] * 1_000,
        }
    ).reindex(columns=list(CURVES))


def _intervals(options: list[SourcingOption], workload: Workload, most: int) -> pd.DataFrame:
    if not options:
        return pd.DataFrame(columns=pd.Index(INTERVALS))
    rows = [
        {
            "option": each.option,
            "from_images_per_day": each.from_images_per_day,
            "to_images_per_day": each.to_images_per_day,
            "from_edge": each.from_edge,
            "to_edge": each.to_edge,
            "from_cost_per_1000": _thousand(each.from_cost_per_image_usd),
            "to_cost_per_1000": _thousand(each.to_cost_per_image_usd),
            "from_n_machines": each.from_n_machines,
            "to_n_machines": each.to_n_machines,
        }
        for each in cheapest_intervals(options, float(most), workload)
    ]
    return pd.DataFrame(rows, columns=pd.Index(INTERVALS))


def _thousand(cost: float | None) -> float | None:
    return None if cost is None else 1_000 * cost
