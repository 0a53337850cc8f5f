"""What stores and the state leave of a price: dated terms looked up, and their order kept open."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.quantities import Quantity, weakest
from etl.analytics.unit_economics import StoreTerms, Unknown, net_proceeds
from etl.errors import InputError
from etl.scenarios.parts import MONTHS, Plan
from etl.scenarios.store_terms import Convert, Term, fixed_fee, refuse_unknown, terms_of

DERIVED = {"refund_rate": "ratio", "payout_lag_days": "days"}
"""Term of a plan that is an input of the scenario by itself → its unit."""


@dataclass(frozen=True)
class Charge:
    """One payment of a plan, in the scenario's currency.

    Attributes
    ----------
    price
        As shown.
    fixed_fee
        What the plan says is kept of every charge; ``None`` where the table is asked.
    """

    price: Quantity
    fixed_fee: Quantity | None = None


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
        What the state and the store keep of it in a month, the fixed fee of every charge within.
    net
        What is left; its range holds both orders of tax and commission where sources disagree, and
        every tax that it may be. ``None`` where a term is missing.
    terms
        ``commission_rate, billing_fee_rate, fixed_fee, tax_rate, price_includes_tax,
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


def plan_terms(
    plan: Plan, charge: Charge, table: pd.DataFrame, day: date, convert: Convert
) -> PlanTerms:
    """Return what is kept of a plan on a day.

    Parameters
    ----------
    charge
        One payment.
    table
        Rows of ``net_proceeds``.
    day
        The terms in force then are used.
    convert
        For the fixed fee of the table, at the rate of the day.

    Raises
    ------
    InputError
        If the table names no such store, or not this programme of it.
    """
    refuse_unknown(plan, table)
    terms = terms_of(plan, table, day)
    fee = fixed_fee(plan, charge.fixed_fee, table, (day, convert))
    if fee is not None:
        terms["fixed_fee"] = fee
    price, months = charge.price, MONTHS[plan.period]
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
    shares = _shares_kept(price, terms)
    if isinstance(shares, Unknown):
        return PlanTerms(plan, price, None, None, None, terms, shares.reason)
    fee = terms.get("fixed_fee", Term(0.0))
    # Paid once a charge: a year's plan pays it once for all its months.
    fees = [each / MONTHS[plan.period] for each in (fee.value, *fee.ends)]
    middle, ends = shares
    kept = middle - fees[0]
    tax_rate = terms["tax_rate"].value if "tax_rate" in terms else 0.0
    includes_tax = terms["price_includes_tax"].value if "price_includes_tax" in terms else None
    without_tax = _without_tax(price.value, tax_rate, includes_tax)
    used = [term for name, term in terms.items() if name not in DERIVED]
    sources = dict.fromkeys(term.source for term in used if term.source)
    net = Quantity(
        kept,
        price.unit,
        weakest([price.evidence_kind, *(term.evidence_kind for term in used)]),
        min(ends) - fees[2],
        max(ends) - fees[1],
        source=f"{plan.name}: {price.source}; {'; '.join(sources)}".strip("; "),
        source_url=price.source_url,
        as_of=price.as_of,
        fact_id=price.fact_id,
    )
    return PlanTerms(plan, price, price.value - without_tax, without_tax - kept, net, terms)


def _shares_kept(price: Quantity, terms: Mapping[str, Term]) -> tuple[float, list[float]] | Unknown:
    """Return what tax and rates leave of a price, and all that it may be."""

    def value(name: str) -> Any:
        return terms[name].value if name in terms else None

    # Where no order is stated, or sources disagree, the range holds both; so it does every tax.
    stated = value("tax_deducted_before_commission")
    orders = [True, False] if stated is None else [stated, not stated]
    tax = terms.get("tax_rate", Term(None))
    middles: list[float] = []
    ends: list[float] = []
    for tax_first, tax_rate in itertools.product(orders, dict.fromkeys((tax.value, *tax.ends))):
        told = StoreTerms(
            value("commission_rate"),
            tax_rate,
            value("price_includes_tax"),
            tax_first,
            value("billing_fee_rate"),
        )
        for place, end in enumerate((price.value, *price.ends)):
            kept = net_proceeds(end, told)
            if isinstance(kept, Unknown):
                return kept
            ends.append(kept)
            if place == 0 and tax_rate == tax.value:
                middles.append(kept)
    return middles[0] if stated is not None else sum(middles) / len(middles), ends


def _without_tax(price: float, tax_rate: float, includes_tax: bool | None) -> float:
    return price / (1 + tax_rate) if includes_tax else price


def blended(plans: list[PlanTerms]) -> Quantity | None:
    """Return what a payer brings in a month over all plans; ``None`` where one is not known.

    Raises
    ------
    InputError
        If the shares do not add up to 1.
    """
    refuse_shares([each.plan for each in plans])
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


def refuse_shares(plans: Sequence[Plan]) -> None:
    """Refuse shares of payers that do not add up to 1."""
    total = sum(plan.share for plan in plans)
    if abs(total - 1) > 1e-6:
        raise InputError(
            f"got plans whose shares add up to {total:g}", "shares that add up to 1", "mend share"
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
