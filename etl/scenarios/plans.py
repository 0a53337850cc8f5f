"""What stores and the state leave of a price: dated terms looked up, and their order kept open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from etl.analytics.quantities import Quantity, weakest
from etl.analytics.unit_economics import StoreTerms, Unknown, net_proceeds
from etl.errors import InputError
from etl.scenarios.names import unknown_key
from etl.scenarios.parts import MONTHS, Plan
from etl.sources._dates import known_on

ANY = "*"
DERIVED = {"refund_rate": "ratio", "payout_lag_days": "days"}
"""Term of a plan that is an input of the scenario by itself → its unit."""


@dataclass(frozen=True)
class Term:
    """One term of a store: its value and the row it comes from."""

    value: Any
    source: str = ""
    source_url: str = ""
    evidence_kind: str = "assumed"


@dataclass(frozen=True)
class PlanTerms:
    """A plan with what is kept of a month of it.

    Attributes
    ----------
    plan
        As written.
    price
        Of a month, as shown, in the scenario's currency.
    tax, fees
        What the state and the store keep of it in a month.
    net
        What is left; its range holds both orders of tax and commission where sources disagree.
        ``None`` where a term is missing.
    terms
        ``commission_rate, billing_fee_rate, tax_rate, price_includes_tax,
        tax_deducted_before_commission, payout_lag_days, refund_rate``, those that are known.
    reason
        Why nothing is known of what is left.
    """

    plan: Plan
    price: Quantity
    tax: float | None
    fees: float | None
    net: Quantity | None
    terms: dict[str, Term]
    reason: str = ""


def plan_terms(plan: Plan, price: Quantity, table: pd.DataFrame, day: date) -> PlanTerms:
    """Return what is kept of a plan on a day.

    Parameters
    ----------
    price
        As shown, for one payment, in the scenario's currency.
    table
        Rows of ``net_proceeds``.
    day
        The terms in force then are used.

    Raises
    ------
    InputError
        If the table names no such store, or not this programme of it.
    """
    _know(plan, table)
    terms = _terms(plan, table, day)
    months = MONTHS[plan.period]
    monthly = _scaled(price, 1 / months, f"{price.unit.partition('/')[0]}/payer/month")
    if plan.period == "pack":  # nobody says how many packs a payer buys
        kind = weakest([price.evidence_kind, "assumed"])
        monthly = replace(monthly, evidence_kind=kind, source=f"{price.source}, one pack a month")
    try:
        return _kept(plan, monthly, terms)
    except ValueError as problem:
        raise InputError(
            f"got the plan {plan.name!r}: {problem}", "another price or rate"
        ) from problem


def _kept(plan: Plan, price: Quantity, terms: dict[str, Term]) -> PlanTerms:
    def value(name: str) -> Any:
        return terms[name].value if name in terms else None

    # Where no order is stated, or sources disagree, the range holds both.
    stated = value("tax_deducted_before_commission")
    orders = [True, False] if stated is None else [stated, not stated]
    found: list[tuple[float, float, float]] = []
    for tax_first in orders:
        told = StoreTerms(
            value("commission_rate"),
            value("tax_rate"),
            value("price_includes_tax"),
            tax_first,
            value("billing_fee_rate"),
        )
        kept = [net_proceeds(end, told) for end in (price.value, *price.ends)]
        unknown = next((each for each in kept if isinstance(each, Unknown)), None)
        if unknown is not None:
            return PlanTerms(plan, price, None, None, None, terms, unknown.reason)
        found.append(tuple(kept))  # pyright: ignore[reportArgumentType]  (no unknown among them)
    middle = found[0][0] if stated is not None else (found[0][0] + found[1][0]) / 2
    ends = [end for kept in found for end in kept]
    without_tax = _without_tax(price.value, value("tax_rate") or 0.0, value("price_includes_tax"))
    used = [term for name, term in terms.items() if name not in DERIVED]
    sources = dict.fromkeys(term.source for term in used if term.source)
    net = Quantity(
        middle,
        price.unit,
        weakest([price.evidence_kind, *(term.evidence_kind for term in used)]),
        min(ends),
        max(ends),
        source=f"{plan.name}: {price.source}; {'; '.join(sources)}".strip("; "),
        source_url=price.source_url,
        as_of=price.as_of,
        fact_id=price.fact_id,
    )
    return PlanTerms(plan, price, price.value - without_tax, without_tax - middle, net, terms)


def _without_tax(price: float, tax_rate: float, includes_tax: bool | None) -> float:
    return price / (1 + tax_rate) if includes_tax else price


def blended(plans: list[PlanTerms]) -> Quantity | None:
    """Return what a payer brings in a month over all plans; ``None`` where one is not known.

    Raises
    ------
    InputError
        If the shares do not add up to 1.
    """
    total = sum(each.plan.share for each in plans)
    if abs(total - 1) > 1e-6:
        raise InputError(
            f"got plans whose shares add up to {total:g}", "shares that add up to 1", "mend share"
        )
    known = [(each.plan.share, each.net) for each in plans if each.net is not None]
    if len(known) < len(plans):
        return None
    if len(known) == 1:
        return known[0][1]
    return Quantity(
        sum(share * net.value for share, net in known),
        known[0][1].unit,
        weakest(net.evidence_kind for _, net in known),
        sum(share * net.ends[0] for share, net in known),
        sum(share * net.ends[1] for share, net in known),
        source="; ".join(net.source for _, net in known),
        source_url=known[0][1].source_url,
        as_of=max((net.as_of for _, net in known if net.as_of), default=None),
    )


def derived(plans: Sequence[PlanTerms], name: str) -> Quantity | str:
    """Return a term as the plans together have it, or why it is not known.

    Parameters
    ----------
    name
        A key of :data:`DERIVED`. Each plan weighs by what it brings; by its share of payers where
        that is not known.
    """
    without = [each.plan for each in plans if name not in each.terms]
    if without:
        told = ", ".join(f"{plan.name!r} ({plan.product} of {plan.store})" for plan in without)
        return f"no {name} was stated by the scenario's day for {told}"
    weights = [each.plan.share * (each.net.value if each.net else np.nan) for each in plans]
    if not sum(weights) > 0:
        weights = [each.plan.share for each in plans]
    terms = [each.terms[name] for each in plans]
    kinds = {term.evidence_kind for term in terms}
    return Quantity(
        float(np.average([float(term.value) for term in terms], weights=weights)),
        DERIVED[name],
        kinds.pop() if len(set(terms)) == 1 else weakest(kinds),
        source="; ".join(dict.fromkeys(term.source for term in terms if term.source)),
        source_url=next((term.source_url for term in terms if term.source_url), ""),
    )


def with_term(plans: Sequence[PlanTerms], name: str, told: Quantity) -> tuple[PlanTerms, ...]:
    """Return plans in which a term is what the scenario says of it."""
    term = Term(told.value, told.source, told.source_url, told.evidence_kind)
    return tuple(replace(each, terms={**each.terms, name: term}) for each in plans)


def _scaled(quantity: Quantity, factor: float, unit: str) -> Quantity:
    return replace(
        quantity,
        value=quantity.value * factor,
        low=None if quantity.low is None else quantity.low * factor,
        high=None if quantity.high is None else quantity.high * factor,
        unit=unit,
    )


def _know(plan: Plan, table: pd.DataFrame) -> None:
    stores = sorted(set(table["store"]) - {ANY})
    if plan.store not in stores:
        raise unknown_key(f"store {plan.store} of the plan {plan.name!r}", plan.store, stores)
    own = table.loc[table["store"] == plan.store]
    programs = sorted(set(own.loc[own["commission_rate"].notna(), "program"]))
    if plan.program not in programs and plan.commission_rate is None:
        raise unknown_key(f"program {plan.program} of {plan.store}", plan.program, programs)


def _terms(plan: Plan, table: pd.DataFrame, day: date) -> dict[str, Term]:
    """Return every term: the plan's own before the table's."""
    found: dict[str, Term] = {}
    for name, (store, programs) in _PLACES.items():
        typed = getattr(plan, name, None)
        row = _row(table, name, (store or plan.store, programs or (plan.program,)), plan, day)
        if typed is not None:
            found[name] = Term(typed, plan.source or f"{name} typed in")
        elif row is not None:
            title, url = str(row["source_title"] or ""), str(row["source_url"] or "")
            found[name] = Term(row[name], title, url, str(row["evidence_kind"]))
    return found


_PLACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "commission_rate": ("", ()),
    "billing_fee_rate": ("", ()),
    "tax_rate": (ANY, ("consumption_tax",)),
    "price_includes_tax": ("", ("tax_display", "tax_order")),
    "tax_deducted_before_commission": ("", ("tax_order", "tax_display")),
    "payout_lag_days": ("", ("payout",)),
    # Those who sell pictures made by models sell what that report calls AI apps.
    "refund_rate": (ANY, ("refund_rate_ai_apps",)),
}
"""Term → store and programmes whose rows state it; empty is the plan's own."""


def _row(
    table: pd.DataFrame, term: str, place: tuple[str, tuple[str, ...]], plan: Plan, day: date
) -> dict[str, Any] | None:
    """Return the row in force that fits best: own storefront, own product, then the newest."""
    store, programs = place
    rows = cast(list[dict[str, Any]], table.to_dict("records"))

    def fits(row: dict[str, Any]) -> bool:
        return (
            row["store"] == store
            and row["program"] in programs
            and row["storefront"] in (plan.storefront, ANY)
            and row["product"] in (plan.product, ANY)
            and not pd.isna(row[term])
            and not row["valid_from_date"] > pd.Timestamp(day)
            and not row["valid_to_date"] < pd.Timestamp(day)
            and (term not in _COUNTED or _public_on(row) <= day)
        )

    def rank(row: dict[str, Any]) -> tuple[bool, bool, str]:
        began = row["valid_from_date"]
        since = "" if pd.isna(began) else pd.Timestamp(began).isoformat()
        return row["storefront"] == plan.storefront, row["product"] == plan.product, since

    return max(filter(fits, rows), key=rank, default=None)


_COUNTED = ("refund_rate",)
"""Terms that somebody counted: before they were published nobody could have used them."""


def _public_on(row: Mapping[str, Any]) -> date:
    """Return the day from which a row was surely public."""
    printed = pd.Series([row["source_date"]], dtype="string")
    collected = cast(datetime, pd.Timestamp(row["retrieved_at"]).to_pydatetime())
    return cast(date, known_on(printed, collected)["known_on"].iloc[0].date())
