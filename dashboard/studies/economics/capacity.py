"""Machines for a promised wait, who waits how long, and what a promised second costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.studies.economics.speeds import SpeedChoice
from etl.analytics.capacity import servers_needed
from etl.analytics.capacity_demand import Demand, Promises, Service
from etl.analytics.picture_cost import generations_per_picture
from etl.analytics.quantities import weakest
from etl.analytics.queue_answer import Waits, solve
from etl.analytics.queue_arrivals import hour_weights
from etl.analytics.queue_load import Law, Tier
from etl.analytics.queue_samples import SimulatedWaits
from etl.analytics.queue_simulation import Setting, simulate
from etl.analytics.sourcing import DAYS_PER_MONTH
from etl.analytics.user_month import free_images

Line = Literal["first", "one"]
EVENING = (
    *(50, 30, 20, 15, 15, 20, 35, 55, 75, 85, 95, 105),
    *(115, 110, 100, 100, 105, 110, 125, 150, 175, 185, 160, 100),
)
"""Relative requests of the hours from midnight: few at night, most in the evening; assumed."""
NEEDED = ("active_users", "paying_share", "paid_images_per_user", "free_images_per_user")
AT_ONCE = 100.0
"""Machines up to which waits are simulated unasked: it takes about a second."""
_FULL = 1 - 1e-9
_GRID = 200
_UNSIMULATED = "not_simulated"
MARKS = ("tier", "p50", "p95", "p50_low", "p50_high", "p95_low", "p95_high")
MARKS = (*MARKS, "evidence_kind", "method", "reason")


@dataclass(frozen=True)
class CapacityChoice:
    """What the reader chose beside the scenario.

    Attributes
    ----------
    paid_wait_seconds, free_wait_seconds
        Waits promised for 95% of the pictures; 0 promises nothing.
    law
        Every picture takes the same time, or times without memory.
    line
        ``first``: payers first, nothing interrupted; ``one``: first come, first served.
    n_machines
        At hand; 0: as many as the promises need.
    n_jobs, seed
        Of the simulation, where no formula gives a wait; without jobs it stays unknown.
    weights
        24 of the day's hours; empty: the evening's shape bent to the scenario's busiest hour.
    """

    paid_wait_seconds: float = 0.0
    free_wait_seconds: float = 0.0
    law: Law = "deterministic"
    line: Line = "first"
    n_machines: int = 0
    n_jobs: int = 50_000
    seed: int = 0
    weights: tuple[float, ...] = ()

    @property
    def promises(self) -> Promises:
        """Return the promises; none where 0 stands."""
        return Promises(self.paid_wait_seconds or None, self.free_wait_seconds or None)


@dataclass(frozen=True)
class CapacityStudy:
    """What the machines carry.

    Attributes
    ----------
    demand
        Of the scenario.
    offered
        Machines that the busiest hour keeps busy.
    n_machines
        At hand, or those that keep the promises; ``None`` where only a simulation could tell.
    n_least
        The fewest that carry the busiest hour at all.
    n_short
        Machines that are missing where those at hand cannot carry it; 0 where they can. Then no
        wait is known.
    bound_by
        What one machine fewer would break: ``paid``, ``free``, ``load``; empty where they are at
        hand.
    marks
        :data:`MARKS` a row a tier that comes: waits in seconds with the ends of their 95% interval
        where they were simulated, or the reason why not.
    distribution
        ``tier, wait_seconds, share_at_or_below``.
    utilisation_mean, utilisation_peak
        Of the machines over the day and in the busiest hour; ``None`` without machines.
    n_replications
        Independent runs of the simulation; 0 without one.
    evidence_kind
        Of the machines.
    """

    demand: Demand
    offered: float
    n_machines: int | None
    n_least: int
    n_short: int
    bound_by: str
    marks: pd.DataFrame
    distribution: pd.DataFrame
    utilisation_mean: float | None
    utilisation_peak: float | None
    n_replications: int
    evidence_kind: str

    def p95(self, tier: Tier) -> float | None:
        """Return the 95% wait of a tier; ``None`` where it is not known."""
        own = self.marks.loc[self.marks["tier"] == tier, "p95"].tolist()
        return None if not own or pd.isna(own[0]) else float(own[0])


def missing_inputs(study: ScenarioStudy) -> list[str]:
    """Return the inputs without which nobody knows how many pictures are asked for."""
    given = study.scenario.inputs.given
    return [name for name in NEEDED if name not in given]


def bent(weights: Sequence[float], ratio: float) -> tuple[float, ...]:
    """Return a day's weights raised to the power at which the busiest hour is ``ratio`` mean hours.

    Raises
    ------
    ValueError
        A ratio below 1, or one that not even a day with one busy hour has.
    """
    if not 1 <= ratio < 23:
        raise ValueError(f"got a busiest hour of {ratio:g} mean hours; expected 1 to 23")
    low, high = 0.0, 1_000.0
    base = np.asarray(weights, float) / max(weights)
    for _ in range(100):
        middle = (low + high) / 2
        raised = base**middle
        low, high = (middle, high) if raised.max() / raised.mean() < ratio else (low, middle)
    return tuple((base**high / (base**high).mean()).tolist())


def day_curve(study: ScenarioStudy, choice: CapacityChoice) -> tuple[float, ...]:
    """Return the 24 weights of a day with a mean of 1."""
    if choice.weights:
        return tuple(hour_weights(choice.weights).tolist())
    return bent(EVENING, float(study.scenario.inputs.values()["peak_to_mean_ratio"]))


def demand_of(study: ScenarioStudy, choice: CapacityChoice) -> Demand:
    """Return what users ask for: a month's pictures over its days, retries among them."""
    v = study.scenario.inputs.values()
    return Demand(
        float(v["active_users"]),
        float(v["paying_share"]),
        float(v["paid_images_per_user"]) / DAYS_PER_MONTH,
        float(free_images(v)) / DAYS_PER_MONTH,
        float(generations_per_picture(v)) - 1,
        day_curve(study, choice),
    )


def service_of(speed: SpeedChoice, choice: CapacityChoice) -> Service:
    """Return what a machine does: in batches as measured, or one picture after another."""
    discipline = "priority" if choice.line == "first" else "fcfs"
    if speed.batches is not None:
        return Service.in_batches(speed.batches, discipline)
    seconds = 1 / speed.images_per_second
    return Service(seconds, seconds, choice.law, discipline)


def offered_machines(study: ScenarioStudy, speed: SpeedChoice, choice: CapacityChoice) -> float:
    """Return how many machines the busiest hour keeps busy."""
    return service_of(speed, choice).offered(demand_of(study, choice).peak_rates)


def capacity_study(
    study: ScenarioStudy, speed: SpeedChoice, choice: CapacityChoice
) -> CapacityStudy:
    """Work machines and waits out at the busiest hour.

    Raises
    ------
    ValueError
        Numbers that cannot be, or so many machines that no wait is worked out.
    """
    demand, service = demand_of(study, choice), service_of(speed, choice)
    offered = service.offered(demand.peak_rates)
    least = math.floor(offered * (2 - _FULL)) + 1
    kind = evidence_of(study, speed)
    if choice.n_machines and offered / choice.n_machines >= _FULL:
        nothing = pd.DataFrame(columns=pd.Index(MARKS))
        return CapacityStudy(
            *(demand, offered, choice.n_machines, least, least - choice.n_machines, ""),
            *(nothing, _no_distribution(), None, None, 0, kind),
        )
    n, bound_by = choice.n_machines or None, ""
    if n is None and (choice.n_jobs or not _needs_simulation(demand, service, least)):
        plan = servers_needed(
            demand, service, choice.promises, n_jobs=choice.n_jobs or 10_000, seed=choice.seed
        )
        n, bound_by = plan.n_servers, plan.bound_by
    shown = n or least
    marks, distribution, runs = _waits(demand, service, shown, choice)
    return CapacityStudy(
        *(demand, offered, n, least, 0, bound_by, marks, distribution),
        None if n is None else service.offered(demand.mean_rates) / n,
        None if n is None else offered / n,
        runs,
        weakest([kind, *(["simulated"] if runs else [])]),
    )


def evidence_of(study: ScenarioStudy, speed: SpeedChoice) -> str:
    """Return the evidence of what is asked for and of how fast it is made."""
    given = study.scenario.inputs.given
    names = (*NEEDED, "retry_rate", "blocked_rate", "peak_to_mean_ratio")
    kinds = [given[name].evidence_kind for name in names if name in given]
    return weakest([*kinds, speed.evidence_kind])


def _needs_simulation(demand: Demand, service: Service, n: int) -> bool:
    if service.batches is not None:
        return True
    load = service.load(demand.peak_rates, n)
    waits = solve(load)
    return any(waits.why_no_quantile(tier, 0.95) for tier in load.tiers)


def _waits(
    demand: Demand, service: Service, n: int, choice: CapacityChoice
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return the waits of every tier that comes: by formula, else simulated, else why not."""
    load = service.load(demand.peak_rates, n)
    exact = None if service.batches is not None else solve(load)
    left = [tier for tier in load.tiers if exact is None or exact.why_no_quantile(tier, 0.95)]
    sample = None
    if left and choice.n_jobs:
        rng = np.random.default_rng(choice.seed)
        setting = Setting(batches=service.batches)
        sample = simulate(load, rng, n_jobs=choice.n_jobs, setting=setting)
    rows: list[dict[str, object]] = []
    curves: list[pd.DataFrame] = []
    for tier in load.tiers:
        if exact is not None and tier not in left:
            rows.append(_exact_row(exact, tier))
            curves.append(_exact_curve(exact, tier))
        elif sample is not None:
            rows.append(_simulated_row(sample, tier))
            curves.append(_simulated_curve(sample, tier))
        else:
            rows.append({"tier": tier, "reason": _UNSIMULATED})
    marks = pd.DataFrame(rows).reindex(columns=list(MARKS))
    numbers = dict.fromkeys(MARKS[1:7], "float64")
    distribution = pd.concat(curves, ignore_index=True) if curves else _no_distribution()
    return marks.astype(numbers), distribution, 0 if sample is None else sample.n_replications


def _no_distribution() -> pd.DataFrame:
    return pd.DataFrame(columns=pd.Index(["tier", "wait_seconds", "share_at_or_below"]))


def _exact_row(exact: Waits, tier: Tier) -> dict[str, object]:
    p50, p95 = (exact.quantile(tier, share) for share in (0.5, 0.95))
    return {
        "tier": tier,
        "p50": p50,
        "p95": p95,
        "evidence_kind": "estimated",
        "method": exact.method,
        "reason": "",
    }


def _exact_curve(exact: Waits, tier: Tier) -> pd.DataFrame:
    longest = exact.quantile(tier, 0.999) or 0.0
    grid = np.linspace(0.0, longest, _GRID) if longest else np.zeros(1)
    tail = exact.tails.get(tier)
    if tail is None:  # nobody of the 95% waits: all that is known is how many do
        return _curve(tier, np.zeros(1), np.array([1 - (exact.wait_probability or 0.0)]))
    share = [1 - float(tail(float(seconds))) for seconds in grid]
    return _curve(tier, grid, np.asarray(share))


def _simulated_row(sample: SimulatedWaits, tier: Tier) -> dict[str, object]:
    row: dict[str, object] = {"tier": tier, "evidence_kind": "simulated", "method": "simulation"}
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        found = sample.quantile(tier, share)
        row |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
    return row | {"reason": ""}


def _simulated_curve(sample: SimulatedWaits, tier: Tier) -> pd.DataFrame:
    grid = np.linspace(0.0, sample.quantile(tier, 0.999).value, _GRID)
    return _curve(tier, grid, sample.sample(tier).share_within(grid))


def _curve(tier: Tier, seconds: np.ndarray, share: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"tier": tier, "wait_seconds": seconds, "share_at_or_below": share})
