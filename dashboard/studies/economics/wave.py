"""Half-life against payback: renting, buying and mixing machines through a fading wave.

The models of :mod:`etl.analytics.wave_capacity` name their amounts after US dollars and hold in any
one currency: everything here is in the scenario's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from dashboard.studies.economics.prices import DatedPrice
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.studies.economics.sourcing import owned_server, rented_card
from dashboard.studies.economics.speeds import SpeedChoice
from dashboard.studies.frames import columns
from etl.analytics.cashflow import Figure
from etl.analytics.picture_cost import generations_per_picture
from etl.analytics.quantities import weakest
from etl.analytics.wave_capacity import CapacityPlan, Comparison, compare, half_life_that_pays
from etl.analytics.wave_costs import (
    CapacityTerms,
    ResaleCurve,
    machines_if_all_owned,
    monthly_flows,
)
from etl.analytics.wave_demand import DemandWave, WaveLaw

PlanName = Literal["rent", "buy", "floor", "cheapest"]
PLANS: tuple[PlanName, ...] = ("rent", "buy", "floor", "cheapest")
SHORTEST_DAYS, LONGEST_DAYS, POINTS = 3.0, 1_095.0, 81

MONTHS = (
    *("month", "demand_per_day", "machines_needed", "machines_owned", "machines_rented"),
    *("idle_machines", "book_value", "purchase", "running", "rent", "resale", "cost"),
)
BY_HALF_LIFE = ("half_life_days", "rent_cost", "buy_cost", "mix_cost")


@dataclass(frozen=True)
class WaveChoice:
    """What the reader supposes of a wave and of its machines.

    Attributes
    ----------
    peak_images_per_day, half_life_days
        Of the wave; 0 is not known.
    law
        How it fades.
    floor_share
        Share of the peak that stays for good.
    months
        That are counted.
    cards
        Of a bought server.
    resale_share
        Share of its price that a server brings after a year, falling evenly until then; 0:
        nothing is ever paid for a used one.
    """

    peak_images_per_day: float
    half_life_days: float
    law: WaveLaw = "exponential"
    floor_share: float = 0.0
    months: int = 12
    cards: int = 1
    resale_share: float = 0.0


@dataclass(frozen=True)
class Machines:
    """The machine that can be bought and the one that can be rented, both at one speed."""

    own: DatedPrice
    rent: DatedPrice
    speed: SpeedChoice


@dataclass(frozen=True)
class WaveStudy:
    """A wave with the machines that carry it.

    Attributes
    ----------
    currency
        Of every amount.
    choice
        What was supposed.
    plans
        Side by side; amounts are in the scenario's currency whatever their names say.
    pays_from_days
        Half-life from which buying for the peak costs less than renting, or why there is none.
    by_half_life
        :data:`BY_HALF_LIFE`: present values over half-lives of 3 to 1,095 days.
    evidence_kind
        Of all of it.
    """

    currency: str
    choice: WaveChoice
    plans: Comparison
    pays_from_days: Figure
    by_half_life: pd.DataFrame
    evidence_kind: str

    def plan(self, name: PlanName) -> CapacityPlan:
        """Return one of :data:`PLANS`."""
        return getattr(self.plans, name)

    def months(self, name: PlanName) -> pd.DataFrame:
        """Return :data:`MONTHS` of a plan."""
        months = self.plan(name).months
        named = months.rename(columns=lambda each: str(each).removesuffix("_usd"))
        return columns(named, *MONTHS)


def scenario_peak(study: ScenarioStudy) -> float:
    """Return the pictures of the peak day, retries among them; 0 where it is not told.

    Every install of the day is taken to make its pictures of the first month on it.
    """
    given = study.scenario.inputs.given
    if not {"peak_installs_per_day", "free_images_per_install"} <= set(given):
        return 0.0
    v = study.scenario.inputs.values()
    images = v["peak_installs_per_day"] * v["free_images_per_install"]
    return float(images * generations_per_picture(v))


def scenario_half_life(study: ScenarioStudy) -> float:
    """Return the half-life of the scenario's wave; 0 where it is not told."""
    told = study.scenario.inputs.given.get("half_life_days")
    return 0.0 if told is None else told.value


def wave_study(study: ScenarioStudy, machines: Machines, choice: WaveChoice) -> WaveStudy:
    """Work the plans out.

    Raises
    ------
    ValueError
        A peak that needs too many machines, or a number that cannot be.
    """
    wave = DemandWave(
        choice.peak_images_per_day, choice.half_life_days, choice.law, choice.floor_share
    )
    terms = _terms(study, machines, choice)
    return WaveStudy(
        study.currency,
        choice,
        compare(wave, terms),
        half_life_that_pays(wave, terms),
        _by_half_life(wave, terms),
        _evidence(study, terms, choice),
    )


def _terms(study: ScenarioStudy, machines: Machines, choice: WaveChoice) -> CapacityTerms:
    v = study.scenario.inputs.values()
    owned = owned_server(study, machines.own, machines.speed, choice.cards)
    return CapacityTerms(
        owned,
        rented_card(study, machines.rent, machines.speed),
        _resale(choice.resale_share, owned.life_years, float(v["resale_share"])),
        choice.months,
        study.scenario.horizon.hurdle_rate,
        float(v["peak_to_mean_ratio"]),
    )


def _resale(after_a_year: float, life_years: float, at_the_end: float) -> ResaleCurve:
    if not after_a_year:
        return ResaleCurve()
    points = [(0.0, 1.0), (1.0, after_a_year)]
    if life_years > 1:
        points.append((life_years, min(after_a_year, at_the_end)))
    return ResaleCurve(tuple(points))


def _by_half_life(wave: DemandWave, terms: CapacityTerms) -> pd.DataFrame:
    """Return what the plans cost as the wave fades sooner or later."""
    rows: list[dict[str, float]] = []
    for days in np.geomspace(SHORTEST_DAYS, LONGEST_DAYS, POINTS).tolist():
        lasting = replace(wave, half_life_days=days)
        needed = machines_if_all_owned(lasting, terms)
        bought = np.array([0.0, needed[0], needed[: terms.months_owned].min()])
        costs = monthly_flows(lasting, terms, bought).present_values(terms).sum(axis=1)
        rows.append(dict(zip(BY_HALF_LIFE, [days, *costs.tolist()], strict=True)))
    return pd.DataFrame(rows, columns=pd.Index(BY_HALF_LIFE))


def _evidence(study: ScenarioStudy, terms: CapacityTerms, choice: WaveChoice) -> str:
    """Return the evidence of the plans: a wave that was typed in is assumed."""
    own = [
        study.scenario.inputs.given[name].evidence_kind
        for name, value, told in (
            ("peak_installs_per_day", choice.peak_images_per_day, scenario_peak(study)),
            ("half_life_days", choice.half_life_days, scenario_half_life(study)),
        )
        if value == told and name in study.scenario.inputs.given
    ]
    typed = ["assumed"] * (2 - len(own))
    priced = [each.evidence.evidence_kind for each in (terms.owned, terms.rented)]
    return weakest([*own, *typed, *priced])
