"""How many servers keep a promised wait at the busiest hour.

The busiest hour counts as if it lasted: its rate is taken for a constant one (the pointwise
stationary approximation, Green and Kolesar 1991, Management Science 37), which for pictures of
seconds against an hour is close, and never too few servers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from etl.analytics.capacity_demand import Demand, Promises, Service
from etl.analytics.queue_answer import METHODS, solve
from etl.analytics.queue_load import TIERS, Tier
from etl.analytics.queue_simulation import Setting, simulate

FULLEST_SIMULATED = 0.98
"""Utilisation up to which waits are simulated when servers are sought; above it they are taken to
break every promise, since a stable state would take too long to reach."""
N_JOBS = 200_000
_P95 = 0.95


@dataclass(frozen=True)
class WaitQuantiles:
    """Waits of a tier at the busiest hour, in seconds; ``None`` where nobody of it comes.

    Attributes
    ----------
    p50_paid, p95_paid, p50_free, p95_free
        Quantiles.
    method
        How they are known.
    is_simulated
        Whether any of them was simulated.
    """

    p50_paid: float | None
    p95_paid: float | None
    p50_free: float | None
    p95_free: float | None
    method: str
    is_simulated: bool

    def p95(self, tier: Tier) -> float | None:
        """Return the 95% quantile of one tier."""
        return self.p95_paid if tier == "paid" else self.p95_free


@dataclass(frozen=True)
class ServerPlan:
    """The fewest servers that keep the promises.

    Attributes
    ----------
    n_servers
        How many.
    waits
        At the busiest hour.
    utilisation_peak, utilisation_mean
        Of the servers at the busiest hour, and over the day if all of them run all day; with
        batches the share of what full ones could do.
    bound_by
        What one server fewer would break: ``paid``, ``free`` or ``load``.
    is_capped
        Whether waits had to be simulated and the utilisation of one server fewer lies above
        :data:`FULLEST_SIMULATED`: it was not tried, and might do.
    """

    n_servers: int
    waits: WaitQuantiles
    utilisation_peak: float
    utilisation_mean: float
    bound_by: str
    is_capped: bool

    @property
    def evidence_kind(self) -> str:
        """Return ``simulated`` where a wait was, else ``estimated``."""
        return "simulated" if self.waits.is_simulated else "estimated"


def wait_quantiles(
    service: Service, rates: tuple[float, float], n_servers: int, *, n_jobs: int, seed: int
) -> WaitQuantiles:
    """Return the waits of both tiers: by formula or chain where there is one, else simulated.

    Parameters
    ----------
    service
        What a server does.
    rates
        Pictures a second of payers and free users.
    n_servers
        Servers.
    n_jobs, seed
        Of a simulation, where one is needed.

    Raises
    ------
    OverloadError
        The servers cannot carry the rates.
    """
    load = service.load(rates, n_servers)
    found: dict[str, float | None] = dict.fromkeys(("p50_paid", "p95_paid", "p50_free", "p95_free"))
    method, left = "", list(load.tiers)
    if service.batches is None:
        waits = solve(load)
        left = [tier for tier in load.tiers if waits.why_no_quantile(tier, _P95)]
        method = "" if len(left) == len(load.tiers) else METHODS[waits.method]
        for tier in load.tiers:
            found[f"p50_{tier}"] = waits.quantile(tier, 0.5)
            found[f"p95_{tier}"] = waits.quantile(tier, _P95)
    if left:
        setting = Setting(batches=service.batches)
        sample = simulate(load, np.random.default_rng(seed), n_jobs=n_jobs, setting=setting)
        method = "; ".join(filter(None, [method, f"simulation: {n_jobs:,} jobs"]))
        for tier in left:
            found[f"p50_{tier}"] = sample.quantile(tier, 0.5).value
            found[f"p95_{tier}"] = sample.quantile(tier, _P95).value
    return WaitQuantiles(**found, method=method, is_simulated=bool(left))


def servers_needed(
    demand: Demand,
    service: Service,
    promises: Promises,
    *,
    n_jobs: int = N_JOBS,
    seed: int = 0,
) -> ServerPlan:
    """Return the fewest servers whose waits keep the promises at the busiest hour.

    Waits fall with every server more, so the fewest are found by halving; all simulations begin
    from the same seed.

    Parameters
    ----------
    demand
        What users ask for.
    service
        What a server does.
    promises
        Waits that 95% of the pictures of a tier keep.
    n_jobs, seed
        Of the simulations, where waits have no formula.
    """
    rates = demand.peak_rates
    offered = service.offered(rates)
    tried: dict[int, WaitQuantiles] = {}

    def broken(n: int) -> str:
        if offered / n >= 1 - 1e-9:
            return "load"
        if offered / n > FULLEST_SIMULATED and _needs_simulation(service, rates, n):
            return "untried"
        tried[n] = wait_quantiles(service, rates, n, n_jobs=n_jobs, seed=seed)
        return _broken_promise(tried[n], promises)

    n, last = _fewest(broken, math.floor(offered) + 1)
    return ServerPlan(
        n,
        tried[n],
        offered / n,
        service.offered(demand.mean_rates) / n,
        "load" if last == "untried" else last,
        last == "untried",
    )


def _needs_simulation(service: Service, rates: tuple[float, float], n_servers: int) -> bool:
    if service.batches is not None:
        return True
    load = service.load(rates, n_servers)
    waits = solve(load)
    return any(waits.why_no_quantile(tier, _P95) for tier in load.tiers)


def _broken_promise(waits: WaitQuantiles, promises: Promises) -> str:
    """Return the first tier whose promise is broken; empty where all are kept."""
    for tier in TIERS:
        promised, found = promises.of(tier), waits.p95(tier)
        if promised is not None and found is not None and found > promised:
            return tier
    return ""


def _fewest(broken: Callable[[int], str], first: int) -> tuple[int, str]:
    """Return the fewest servers that break nothing, and what one fewer breaks."""
    low, high, step, why = first - 1, first, 1, "load"
    while reason := broken(high):
        low, why = high, reason
        high, step = high + step, step * 2
    while high - low > 1:
        middle = (low + high) // 2
        if reason := broken(middle):
            low, why = middle, reason
        else:
            high = middle
    return high, why
