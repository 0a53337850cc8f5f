"""Half-life against payback: rent by the month, buy for the peak, or buy what stays and rent more.

A wave fades within months, a machine is paid for over years: bought for the peak it stands idle
soon, rented it is given back. Costs are those of :mod:`etl.analytics.wave_costs`, in present value
at the peak.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from etl.analytics import cashflow
from etl.analytics.cashflow import Figure
from etl.analytics.distributions import FloatArray
from etl.analytics.wave_costs import (
    CapacityTerms,
    MonthlyFlows,
    machines_if_all_owned,
    monthly_flows,
)
from etl.analytics.wave_demand import DemandWave

MOST_MACHINES = 10_000
_TRIED, _HALVINGS = 400, 40
_ROUNDING = 1e-12

REASONS = cashflow.REASONS | {
    "nothing_bought": "no machine is bought",
    "never_pays": "renting is as cheap however slowly the wave fades",
    "always_pays": "buying is cheaper however soon the wave fades",
}
"""Why a figure is missing, or what to know about it."""


@dataclass(frozen=True)
class CapacityPlan:
    """One number of bought machines, and what comes of it.

    Attributes
    ----------
    n_owned
        Machines bought at the start.
    months
        One row a month, from 1: ``month, demand_per_day`` (mean images), ``machines_needed,
        machines_owned, machines_rented, idle_machines, book_value_usd`` (of all owned, at its
        start), ``purchase_usd, running_usd, rent_usd, resale_usd, cost_usd`` (the first three less
        the fourth) and ``present_value_usd``. Needed = owned − idle + rented.
    present_value_usd
        Cost over the horizon.
    idle_machine_months
        Months of bought machines that no demand needs.
    book_value_at_risk_usd, at_risk_month
        The largest book value of idle machines at a month's start, and that month; 0 and ``None``
        where none is ever idle.
    unrecoverable_usd
        What of it a sale in that month would not bring back.
    payback_months, discounted_payback_months
        Until the rent that is saved, less what running them costs, has paid for the machines,
        without a resale; reasons as in :data:`REASONS`.
    is_lower_bound
        The electricity of the bought server was not measured and is left out.
    """

    n_owned: int
    months: pd.DataFrame
    present_value_usd: float
    idle_machine_months: int
    book_value_at_risk_usd: float
    at_risk_month: int | None
    unrecoverable_usd: float
    payback_months: Figure
    discounted_payback_months: Figure
    is_lower_bound: bool


@dataclass(frozen=True)
class Comparison:
    """The plans side by side.

    Attributes
    ----------
    rent
        Nothing is bought.
    buy
        Enough is bought for the peak.
    floor
        What every month needs, as long as a bought machine lives, is bought, and the rest rented.
    cheapest
        The plan with the lowest present value of all from ``rent`` to ``buy``; of equally cheap
        ones the one that buys least.
    curve
        ``n_owned, present_value_usd`` of all of them.
    """

    rent: CapacityPlan
    buy: CapacityPlan
    floor: CapacityPlan
    cheapest: CapacityPlan
    curve: pd.DataFrame


def compare(wave: DemandWave, terms: CapacityTerms) -> Comparison:
    """Return what renting, buying and every mix of both cost over a wave.

    Raises
    ------
    ValueError
        A peak that needs more than ``MOST_MACHINES`` machines.
    """
    needed = machines_if_all_owned(wave, terms)
    peak, floor = int(needed[0]), int(needed[: terms.months_owned].min())
    _check_number(peak)
    numbers = np.arange(peak + 1)
    costs = _present_values(wave, terms, numbers)
    as_low = costs <= costs.min() + _ROUNDING * np.abs(costs).max()
    return Comparison(
        rent=plan(wave, terms, 0),
        buy=plan(wave, terms, peak),
        floor=plan(wave, terms, floor),
        cheapest=plan(wave, terms, int(as_low.argmax())),
        curve=pd.DataFrame({"n_owned": numbers, "present_value_usd": costs}),
    )


def plan(wave: DemandWave, terms: CapacityTerms, n_owned: int) -> CapacityPlan:
    """Return what comes of buying so many machines at the peak and renting what is missing.

    Parameters
    ----------
    wave
        Demand.
    terms
        Prices and horizon.
    n_owned
        0 to ``MOST_MACHINES``.

    Raises
    ------
    ValueError
        Another number of machines.
    """
    _check_number(n_owned)
    flows = monthly_flows(wave, terms, np.array([n_owned, 0.0]))
    idle = flows.idle[0]
    book = idle * terms.book_values()
    worst = int(book.argmax())
    kept = np.minimum(book, idle * terms.sale_values())
    payback, discounted = _paybacks(flows, terms, n_owned)
    return CapacityPlan(
        n_owned=n_owned,
        months=_frame(wave, terms, flows),
        present_value_usd=float(flows.present_values(terms)[0].sum()),
        idle_machine_months=int(idle.sum()),
        book_value_at_risk_usd=float(book[worst]),
        at_risk_month=worst + 1 if book[worst] > 0 else None,
        unrecoverable_usd=float((book - kept)[worst]),
        payback_months=payback,
        discounted_payback_months=discounted,
        is_lower_bound=n_owned > 0 and not _electricity_is_known(terms),
    )


def half_life_that_pays(
    wave: DemandWave,
    terms: CapacityTerms,
    n_owned: int | None = None,
    between_days: tuple[float, float] = (1.0, 3_650.0),
) -> Figure:
    """Return the half-life above which buying costs less than renting.

    Parameters
    ----------
    wave
        Demand; its own half-life does not matter.
    terms
        Prices and horizon.
    n_owned
        Machines bought; enough for the peak by default.
    between_days
        Shortest and longest half-life that are tried.

    Returns
    -------
    Figure
        In days. Buying costs less at it and at all longer half-lives that were tried (400 on a
        logarithmic scale); whole machines may make it pay at single shorter ones too. ``None``
        with a reason where it never or always pays.

    Raises
    ------
    ValueError
        Half-lives that are not above zero and rising, or too many machines.
    """
    shortest, longest = between_days
    if not 0 < shortest < longest:
        raise ValueError(f"got half-lives between {between_days}; expected 0 < shortest < longest")
    number = int(machines_if_all_owned(wave, terms)[0]) if n_owned is None else n_owned
    _check_number(number)
    if number == 0:
        return Figure(None, "nothing_bought")

    def pays(days: float) -> bool:
        lasting = replace(wave, half_life_days=days)
        bought, rented = _present_values(lasting, terms, np.array([number, 0]))
        return bool(bought < rented)

    tried = np.geomspace(shortest, longest, _TRIED).tolist()
    failing = [i for i, days in enumerate(tried) if not pays(days)]
    if not failing:
        return Figure(None, "always_pays")
    if failing[-1] == _TRIED - 1:
        return Figure(None, "never_pays")
    low, high = tried[failing[-1]], tried[failing[-1] + 1]
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if pays(middle) else (middle, high)
    return Figure(high)


def _present_values(wave: DemandWave, terms: CapacityTerms, numbers: np.ndarray) -> FloatArray:
    flows = monthly_flows(wave, terms, numbers.astype(float))
    return flows.present_values(terms).sum(axis=1)


def _frame(wave: DemandWave, terms: CapacityTerms, flows: MonthlyFlows) -> pd.DataFrame:
    """Return the months of the first plan."""
    paid = flows.purchase_usd + flows.running_usd + flows.rent_usd
    columns = {
        "machines_needed": flows.owned - flows.idle + flows.rented,
        "machines_owned": flows.owned,
        "machines_rented": flows.rented,
        "idle_machines": flows.idle,
        "book_value_usd": flows.owned * terms.book_values(),
        "purchase_usd": flows.purchase_usd,
        "running_usd": flows.running_usd,
        "rent_usd": flows.rent_usd,
        "resale_usd": flows.resale_usd,
        "cost_usd": paid - flows.resale_usd,
        "present_value_usd": flows.present_values(terms),
    }
    frame = pd.DataFrame({name: values[0] for name, values in columns.items()})
    frame.insert(0, "demand_per_day", wave.monthly_means(terms.horizon_months))
    frame.insert(0, "month", np.arange(1, terms.horizon_months + 1))
    machines = ["machines_needed", "machines_owned", "machines_rented", "idle_machines"]
    return frame.astype(dict.fromkeys(machines, "int64"))


def _paybacks(flows: MonthlyFlows, terms: CapacityTerms, n_owned: int) -> tuple[Figure, Figure]:
    """Return the paybacks of the first plan against the second, which rents everything."""
    if not n_owned:
        nothing = Figure(None, "nothing_bought")
        return nothing, nothing
    running = flows.rent_usd + flows.running_usd
    saved = (running[1] - running[0] - flows.purchase_usd[0]).tolist()
    return cashflow.payback(saved), cashflow.discounted_payback(saved, terms.monthly_rate)


def _electricity_is_known(terms: CapacityTerms) -> bool:
    speed = terms.owned.speed
    return speed.joules_gross is not None and speed.idle_watts is not None


def _check_number(n_machines: int) -> None:
    if not 0 <= n_machines <= MOST_MACHINES:
        raise ValueError(f"got {n_machines} machines to buy; expected 0 to {MOST_MACHINES}")
