"""How long the cash of a scenario lasts where stores pay later than users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from dashboard.studies.economics.scenario import ScenarioStudy
from etl.analytics.picture_cost import cost_parts
from etl.analytics.product_month import REPLACED
from etl.analytics.quantities import weakest
from etl.analytics.runway import (
    CashPlan,
    CountedFrom,
    DatedPayment,
    RunningCost,
    Runway,
    StoreProceeds,
    month_after,
    runway,
)
from etl.analytics.server_payments import (
    ServerTerms,
    server_payments,
    servers_used,
    whole_servers,
)
from etl.analytics.user_month import SUBTRACTED, user_month

LAG_DAYS = 30
"""Until proceeds are paid out where no terms tell it; assumed."""
PAID_AFTER_THE_MONTH = ("app_store", "google_play")
"""Stores that count their days from the end of the month of the sale, by their own terms."""
ADVERTISING, DIRECT = "advertising", "direct"
COSTS = tuple(name for name in SUBTRACTED if name not in ("refunds", "chargebacks"))
_BACK = ("refunds", "chargebacks")
OWNED = ("own", "shared_server")
"""Ways of sourcing under which servers are one's own."""
_MACHINES = ("compute_paid", "compute_free")

PaidServers = Literal["bought", "credit", "invested", "line"]
"""How owned servers are paid: on the day they are needed, by a credit, by the scenario's investment
(nothing is paid for them beside it), or a part every month as in the costs (straight line)."""
WAYS: tuple[PaidServers, ...] = ("bought", "credit", "invested", "line")


@dataclass(frozen=True)
class ServersPaid:
    """How owned servers are paid; the months of a credit and its rate a year where there is one."""

    way: PaidServers = "bought"
    credit_months: int = 24
    credit_rate: float = 0.08


@dataclass(frozen=True)
class CashChoice:
    """What the reader supposes beside the scenario.

    Attributes
    ----------
    opening_cash
        Before the first day, in the scenario's currency; ``None`` where nobody tells it. Then only
        what the months need is known, and not how long the cash lasts.
    months
        That are looked at.
    growth_rate
        Of users and what goes with them from month to month, above −1.
    lag_days
        Until proceeds are paid out where no terms tell it.
    cost_lag_days
        Until costs are paid.
    servers
        Where they are owned.
    """

    opening_cash: float | None
    months: int = 12
    growth_rate: float = 0.0
    lag_days: int = LAG_DAYS
    cost_lag_days: int = 0
    servers: ServersPaid = ServersPaid()


@dataclass(frozen=True)
class OwnedServers:
    """Servers of one's own over the months.

    Attributes
    ----------
    paid
        How.
    held
        Whole servers that each month needs.
    terms
        Of one server; without a credit unless it is paid by one.
    """

    paid: ServersPaid
    held: tuple[int, ...]
    terms: ServerTerms


@dataclass(frozen=True)
class Payout:
    """When a store pays.

    Attributes
    ----------
    store
        Its code; :data:`ADVERTISING`, or :data:`DIRECT` where the scenario names no store.
    monthly
        Proceeds of the first month.
    lag_days, counted_from
        As in :class:`etl.analytics.runway.StoreProceeds`.
    evidence_kind, source
        Of the lag; assumed where no terms tell it.
    """

    store: str
    monthly: float
    lag_days: int
    counted_from: CountedFrom
    evidence_kind: str
    source: str = ""


@dataclass(frozen=True)
class CashStudy:
    """How the cash of a scenario goes.

    Attributes
    ----------
    currency
        Of every amount.
    missing
        Inputs without which it is not known; then there is no runway.
    runway
        By day and month.
    payouts
        By store.
    costs
        Name of a cost → its first month, above zero.
    evidence_kind
        Of all of it.
    owned
        Servers of one's own; ``None`` where none is owned, or inputs are missing.
    begins
        First day.
    knows_opening
        Whether the cash at the start is known; without it ``runway`` begins at 0 and shows what is
        needed.
    """

    currency: str
    missing: tuple[str, ...]
    runway: Runway | None
    payouts: tuple[Payout, ...]
    costs: Mapping[str, float]
    evidence_kind: str
    owned: OwnedServers | None
    begins: date
    knows_opening: bool


def opening_cash(study: ScenarioStudy) -> float | None:
    """Return the cash of the scenario at the start; ``None`` where it is not told."""
    told = study.scenario.inputs.given.get("opening_cash")
    return None if told is None else told.value


def first_month(study: ScenarioStudy) -> date:
    """Return the first day of the month after the scenario's day."""
    return month_after(study.scenario.document.as_of, 1)


def cash_study(study: ScenarioStudy, choice: CashChoice) -> CashStudy:
    """Work the cash out by the day.

    Raises
    ------
    ValueError
        A number that cannot be.
    """
    missing = missing_inputs(study)
    begins, knows = first_month(study), choice.opening_cash is not None
    if missing:
        return CashStudy(study.currency, missing, None, (), {}, "assumed", None, begins, knows)
    owned = _owned(study, choice)
    steps = _monthly(study, owned)
    payouts = _payouts(study, steps, choice)
    costs = {name: steps[name] for name in (*COSTS, "fixed_costs") if steps.get(name, 0.0) > 0}
    plan = CashPlan(
        begins,
        choice.opening_cash or 0.0,  # not told: the path shows what is needed
        tuple(_proceeds(each, steps, choice) for each in payouts if each.monthly >= 0),
        (
            *(_cost(name, costs.get(name, 0.0), choice) for name in (*costs, *_nothing(costs))),
            *_acquisition(study, choice),
            *_above_the_price(payouts, choice),
        ),
        (*_investment(study), *_server_payments(owned, begins)),
    )
    kind = _evidence(study, payouts, choice)
    found = runway(plan)
    return CashStudy(study.currency, (), found, payouts, costs, kind, owned, begins, knows)


def missing_inputs(study: ScenarioStudy) -> tuple[str, ...]:
    """Return the inputs without which proceeds or costs of a month are not known."""
    given = study.scenario.inputs.given
    if study.month is None:
        return tuple(name for name in ("active_users", "paying_share") if name not in given)
    lacking = study.month.evaluation.step("contribution_per_user").missing
    users = [] if "active_users" in given else ["active_users"]
    return tuple(dict.fromkeys([*users, *lacking]))


def _owned(study: ScenarioStudy, choice: CashChoice) -> OwnedServers | None:
    """Return the servers of one's own that the users of each month take."""
    sourcing = study.scenario.document.sourcing
    if sourcing not in OWNED:
        return None
    v, paid = study.scenario.inputs.values(), choice.servers
    used = float(servers_used(v, sourcing))
    credit = (paid.credit_months, paid.credit_rate) if paid.way == "credit" else (0, 0.0)
    price, resale = float(v["server_price"]), float(v["resale_share"])
    terms = ServerTerms(price, resale, max(1, round(12 * float(v["life_years"]))), *credit)
    return OwnedServers(paid, whole_servers(_grown(used, choice)), terms)


def _server_payments(owned: OwnedServers | None, begins: date) -> tuple[DatedPayment, ...]:
    if owned is None or owned.paid.way in ("invested", "line"):
        return ()
    return server_payments(owned.held, begins, owned.terms)


def _monthly(study: ScenarioStudy, owned: OwnedServers | None) -> dict[str, float]:
    """Return every step of the first month over all users, but what servers are paid for apart."""
    v, sourcing = study.scenario.inputs.values(), study.scenario.document.sourcing
    users = float(v["active_users"])
    steps = user_month(v, sourcing)
    found = {
        name: float(np.asarray(steps[name])) * users
        for name in ("proceeds", "advertising", *_BACK, *COSTS)
        if name in steps
    }
    if owned is not None and owned.paid.way != "line":
        kept = 1 - _machine_share(v, sourcing)
        found |= {name: kept * found[name] for name in _MACHINES if name in found}
    return found | {"fixed_costs": float(v["fixed_costs"])}


def _machine_share(v: Mapping[str, np.ndarray], sourcing: str) -> float:
    """Return the part of the pictures' cost that is the straight line of their machine."""
    if sourcing == "shared_server":
        return 1.0
    parts = {name: float(part) for name, part in cost_parts(v, sourcing).items()}
    whole = sum(part for name, part in parts.items() if name != "moderation")
    return parts["machine"] / whole if whole else 0.0


def _payouts(
    study: ScenarioStudy, steps: Mapping[str, float], choice: CashChoice
) -> tuple[Payout, ...]:
    """Return what every store owes: the proceeds by the plans' shares, and advertising."""
    by_store: dict[str, float] = {}
    for each in study.scenario.plans:
        if each.net is not None:
            part = each.plan.share * each.net.value
            by_store[each.plan.store] = by_store.get(each.plan.store, 0.0) + part
    total = sum(by_store.values())
    if not total:
        by_store, total = {DIRECT: 1.0}, 1.0
    found = [
        _payout(study, store, steps["proceeds"] * part / total, choice)
        for store, part in by_store.items()
    ]
    if steps.get("advertising", 0.0) > 0:
        amount = steps["advertising"]
        found.append(Payout(ADVERTISING, amount, choice.lag_days, "sale", "assumed"))
    return tuple(found)


def _payout(study: ScenarioStudy, store: str, monthly: float, choice: CashChoice) -> Payout:
    counted: CountedFrom = "month_end" if store in PAID_AFTER_THE_MONTH else "sale"
    for each in study.scenario.plans:
        term = each.terms.get("payout_lag_days")
        if each.plan.store == store and term is not None:
            days = int(float(term.value))
            return Payout(store, monthly, days, counted, term.evidence_kind, term.source)
    told = study.scenario.inputs.given.get("payout_lag_days")
    if told is not None:
        days = round(told.value)
        return Payout(store, monthly, days, counted, told.evidence_kind, told.source)
    return Payout(store, monthly, choice.lag_days, "sale", "assumed")


def _proceeds(payout: Payout, steps: Mapping[str, float], choice: CashChoice) -> StoreProceeds:
    """Return a store's proceeds; refunds fall on the stores by what they took."""
    share = 0.0
    if payout.store != ADVERTISING and steps["proceeds"] > 0:
        share = payout.monthly / steps["proceeds"]
    back = share * sum(steps.get(name, 0.0) for name in _BACK)
    return StoreProceeds(
        payout.store,
        _grown(payout.monthly, choice),
        payout.lag_days,
        payout.counted_from,
        _grown(back, choice) if back else (),
    )


def _cost(name: str, first: float, choice: CashChoice) -> RunningCost:
    grows = name != "fixed_costs"
    monthly = _grown(first, choice) if grows else (first,) * choice.months
    return RunningCost(name, monthly, choice.cost_lag_days)


def _acquisition(study: ScenarioStudy, choice: CashChoice) -> tuple[RunningCost, ...]:
    """Return what it costs to win payers for those who leave, and those who make it grow."""
    given, v = study.scenario.inputs.given, study.scenario.inputs.values()
    if not set(REPLACED) <= set(given):
        return ()
    won = max(0.0, float(v["paid_churn_rate"]) + choice.growth_rate)
    first = float(v["active_users"] * v["paying_share"] * v["cac"]) * won
    return (RunningCost("acquisition", _grown(first, choice), choice.cost_lag_days),)


def _above_the_price(payouts: tuple[Payout, ...], choice: CashChoice) -> tuple[RunningCost, ...]:
    """Return what stores keep beyond the price: it is paid, not received."""
    return tuple(
        RunningCost(f"fees of {each.store}", _grown(-each.monthly, choice), each.lag_days)
        for each in payouts
        if each.monthly < 0
    )


def _nothing(costs: Mapping[str, float]) -> list[str]:
    """Return a cost of nothing where there is none: a plan needs months to be over."""
    return [] if costs else ["fixed_costs"]


def _grown(first: float, choice: CashChoice) -> tuple[float, ...]:
    return tuple(first * (1 + choice.growth_rate) ** month for month in range(choice.months))


def _investment(study: ScenarioStudy) -> tuple[DatedPayment, ...]:
    spent = float(study.scenario.inputs.values()["investment"])
    return (DatedPayment("investment", first_month(study), -spent),) if spent else ()


def _evidence(study: ScenarioStudy, payouts: tuple[Payout, ...], choice: CashChoice) -> str:
    """Return the evidence of the cash; what is left as it was is no assumption of the reader's."""
    assert study.month is not None
    kinds: list[Any] = [study.month.evaluation.step("contribution_per_user").evidence_kind]
    kinds += [each.evidence_kind for each in payouts]
    given = study.scenario.inputs.given
    for name in ("active_users", "fixed_costs", "investment", "opening_cash", *REPLACED):
        if name in given:
            kinds.append(given[name].evidence_kind)
    typed = choice.opening_cash != opening_cash(study)
    owes = study.scenario.document.sourcing in OWNED and choice.servers.way == "credit"
    supposed = typed or choice.growth_rate or choice.cost_lag_days or owes
    return weakest([*kinds, *(["assumed"] if supposed else [])])
