"""Dated prices of machines, hours and pictures that were known on the scenario's day."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, cast

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.evidence import Evidence

Kind = Literal["own", "rent", "serverless", "api"]
KINDS: tuple[Kind, ...] = ("own", "rent", "serverless", "api")
SCENARIO, TYPED, NONE = "scenario", "typed", "none"
METRICS: dict[Kind, tuple[str, ...]] = {
    "own": ("gpu_server_price", "gpu_card_price"),
    "rent": ("gpu_hour_price",),
    "serverless": ("gpu_hour_price_serverless",),
    "api": ("image_api_price",),
}
_INPUT: dict[Kind, tuple[str, tuple[str, ...]]] = {
    "own": ("server_price", ("own", "shared_server")),
    "rent": ("hourly_price", ("rent",)),
    "serverless": ("hourly_price", ("serverless",)),
    "api": ("api_price", ("api",)),
}
"""Way → the scenario's own input, and the ways of sourcing that it is a price of."""
_FAMILY = re.compile(
    r"\b(GH200|H200|H100|H20|B200|B300|A100|A10G|A10|A30|A40|V100|T4|L40S|L40|L4"
    r"|RTX ?\d{4}|A[456]000|MI\d{3}X?)(?=\b|[- ])"
)


@dataclass(frozen=True)
class DatedPrice:
    """A price with its day, in the scenario's currency.

    Attributes
    ----------
    code
        The fact, ``scenario`` or ``typed``.
    kind
        What it is a price of.
    name
        Who asks it, for what.
    family
        The card it is about, for example ``H100``; empty where it names none.
    is_card
        Whether it buys one card and not a server.
    quantity
        Converted at the rate of its day.
    fault
        Why it could not be converted; the quantity is then in its own currency.
    """

    code: str
    kind: Kind
    name: str
    family: str
    is_card: bool
    quantity: Quantity
    fault: str = ""

    @property
    def day(self) -> date | None:
        """Return the day it held on."""
        return self.quantity.as_of


@dataclass(frozen=True)
class DatedPrices:
    """Every price that can be chosen, the newest first; what could not be converted is told apart.

    Attributes
    ----------
    held
        Way → prices in the scenario's currency.
    left_out
        Those without an exchange rate of their day.
    """

    held: dict[Kind, tuple[DatedPrice, ...]]
    left_out: tuple[DatedPrice, ...]

    def find(self, kind: Kind, code: str) -> DatedPrice | None:
        """Return a price by its code."""
        return next((price for price in self.held[kind] if price.code == code), None)

    def default(self, kind: Kind, family: str = "") -> DatedPrice | None:
        """Return the scenario's own price, or the newest known one that can be about a card.

        A price that names another card than ``family`` is no stand-in. Of several of the newest
        day it is the middle one (the lower of two), for one day's prices are those of many offers.
        """
        held = self.held[kind]
        own = next((price for price in held if price.code == SCENARIO), None)
        same = [price for price in held if not family or price.family in ("", family)]
        if own is not None or not same:
            return own
        newest = [price for price in same if price.day == same[0].day]
        newest.sort(key=lambda price: (price.quantity.value, price.code))
        return newest[(len(newest) - 1) // 2]


def family_of(name: str) -> str:
    """Return which card a name is about, for example ``H100`` for ``NVIDIA H100-SXM-80GB``."""
    found = _FAMILY.search(name)
    return found.group(1).replace("RTX", "RTX ").replace("  ", " ") if found else ""


def dated_prices(reader: Reader, written: str) -> DatedPrices:
    """Return the prices that were public on the scenario's day, in its currency.

    Parameters
    ----------
    written
        Of :func:`dashboard.studies.economics.scenario.frozen`.
    """
    study = scenario_study(reader, written)
    document = study.scenario.document
    evidence = Evidence(reader, document.as_of)
    facts = queries.facts(reader, as_of=document.as_of)
    held: dict[Kind, tuple[DatedPrice, ...]] = {}
    left_out: list[DatedPrice] = []
    for kind, metrics in METRICS.items():
        rows = facts.loc[facts["metric"].isin(metrics)]
        every = [
            _converted(_price(kind, row, evidence), document.currency, evidence)
            for row in cast(list[dict[str, Any]], rows.to_dict("records"))
        ]
        known = [price for price in every if not price.fault]
        known.sort(key=lambda price: (-(price.day or date.min).toordinal(), price.code))
        left_out += [price for price in every if price.fault]
        held[kind] = (*_own(study, kind), *known)
    return DatedPrices(held, tuple(left_out))


def _price(kind: Kind, row: dict[str, Any], evidence: Evidence) -> DatedPrice:
    told = [row[name] for name in ("entity", "gpu_name", "model_name")]
    name = " · ".join(str(part) for part in told if isinstance(part, str))
    card = row["gpu_name"] if isinstance(row["gpu_name"], str) else ""
    return DatedPrice(
        str(row["fact_id"]),
        kind,
        name,
        family_of(card),
        row["metric"] == "gpu_card_price",
        evidence.fact(str(row["fact_id"])),
    )


def _converted(price: DatedPrice, currency: str, evidence: Evidence) -> DatedPrice:
    try:
        return replace(price, quantity=evidence.converted(price.quantity, currency))
    except InputError as fault:
        return replace(price, fault=fault.got)


def _own(study: ScenarioStudy, kind: Kind) -> list[DatedPrice]:
    """Return the scenario's own price of one way, where it has one."""
    name, ways = _INPUT[kind]
    found = study.scenario
    quantity = found.inputs.given.get(name)
    if quantity is None or found.document.sourcing not in ways:
        return []
    if quantity.as_of is None:
        quantity = replace(quantity, as_of=found.document.as_of)
    return [DatedPrice(SCENARIO, kind, "", "", False, quantity)]


def typed_price(kind: Kind, amount: float, currency: str) -> DatedPrice:
    """Return a price that the reader supposes."""
    return DatedPrice(TYPED, kind, "", "", False, Quantity(amount, currency, "assumed"))


def chosen_hour(
    study: ScenarioStudy, known: DatedPrices, code: str, typed: float
) -> Quantity | None:
    """Return the price of a machine's hour: typed, of a fact, or the scenario's own.

    ``None`` where none was chosen.
    """
    if code == TYPED:
        return typed_price("rent", typed, study.currency).quantity if typed > 0 else None
    price = known.find("rent", code)
    return None if price is None else price.quantity
