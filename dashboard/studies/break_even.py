"""How many users must pay? The break-even pay rate from disclosed facts alone.

A server's price, spread over its life and its users, is the cost of one user and month; a price
after tax and store fees is what one payer brings; their ratio is the share that must pay. The same
with pictures bought by API, and with what a reader supposes in place of what is stated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.break_even_api import ApiStrip, api_strip
from dashboard.studies.break_even_published import published_pay_rates
from dashboard.studies.break_even_rows import (
    DERIVED_ROW,
    ROW,
    STATED,
    Assumptions,
    assumed_row,
    ends,
    fact_row,
    range_of,
    records,
    span_of,
)
from dashboard.studies.break_even_terms import BREAK_EVEN_ROW, MONTHS, Terms, price_rows
from dashboard.studies.frames import column, columns, ordered, rows
from dashboard.studies.notes import Note
from etl.analytics.intervals import Interval
from etl.analytics.quantities import weakest
from etl.analytics.unit_economics import (
    break_even_paid_conversion_rate,
    server_cost_per_user_month,
)

SERVER_PRICE_FACT, USERS_FACT = "F0484", "F0485"
"""450,000 yuan a server and 10,000–20,000 users on it, as its operator said on 2022-12-08."""

NOT_INCLUDED = ("electricity", "staff", "bandwidth")
SERVER, API = "server", "api"
"""Ways to get the pictures."""

_ANSWER_ROW = (*DERIVED_ROW, "cost_value", "cost_low", "cost_high")


@dataclass(frozen=True)
class BreakEvenStudy:
    """The break-even strip as frames.

    Every row has ``name, value, low, high, unit, evidence_kind, as_of, source_title, source_url,
    fact_id``; what cannot be computed has missing values and a ``reason``. What rests on something
    assumed is assumed.

    Attributes
    ----------
    inputs
        ``gpu_server_price``, ``users_per_server`` and ``life_months`` (assumed).
    cost
        One row ``cost_per_user_month``, also ``as_of_oldest`` (day of its oldest part); none
        where the server facts were not known yet.
    break_even
        One row a price and store terms: also ``entity, entity_zh, metric, price, price_unit,
        price_evidence_kind, program, commission_rate, tax_rate, net_proceeds, net_proceeds_low,
        net_proceeds_high, terms_from, terms_to, terms_title, terms_url, terms_evidence_kind,
        in_force_at_price_date, latest_terms, reason``. The value is the share of users who must
        pay in a month (or buy a pack).
    achieved
        Published shares of payers: also ``entity, entity_zh, metric, note, latest`` (the newest
        of its entity and metric).
    notes
        ``not_included`` (items), ``assumed`` (name, value), ``tax_order_disputed``,
        ``middle_of_range`` (fact_id), ``revenue_without_tax`` (fact_ids),
        ``other_currency_left_out`` (n, currency), ``not_known_yet`` (fact_ids),
        ``penetration_is_not_conversion``, ``api_prices`` (n).
    api
        The cost by API; ``None`` where the server facts were not known yet.
    price
        The row of ``break_even`` that is looked at: the chosen price under the terms in force on
        its day. No row where none is known.
    answers
        The share that must pay at that price: one row each for :data:`SERVER` and :data:`API`
        (``name``), with ``cost_value, cost_low, cost_high`` of a user and month and
        ``as_of_oldest``. Only what is known.
    """

    currency: str
    inputs: pd.DataFrame
    cost: pd.DataFrame
    break_even: pd.DataFrame
    achieved: pd.DataFrame
    notes: list[Note]
    api: ApiStrip | None = None
    price: pd.DataFrame = field(default_factory=pd.DataFrame)
    answers: pd.DataFrame = field(default_factory=pd.DataFrame)


def break_even_study(
    reader: Reader,
    *,
    as_of: date | None = None,
    assumptions: Assumptions = STATED,
) -> BreakEvenStudy:
    """Compute the break-even pay rates from the facts known on a day.

    Parameters
    ----------
    as_of
        Facts that became public later, and store terms that began later, are left out.
    assumptions
        What no source states, and what is supposed in place of what one does.
    """
    facts = queries.facts(reader, as_of=as_of).set_index("fact_id", drop=False)
    achieved = published_pay_rates(reader, as_of)
    unknown = [name for name in (SERVER_PRICE_FACT, USERS_FACT) if name not in facts.index]
    if unknown:
        nothing = pd.DataFrame(columns=pd.Index(DERIVED_ROW))
        no_rate = pd.DataFrame(columns=pd.Index(BREAK_EVEN_ROW))
        notes = [Note("not_known_yet", {"fact_ids": unknown})]
        return BreakEvenStudy("", nothing, nothing, no_rate, achieved, notes)
    currency = str(facts.loc[SERVER_PRICE_FACT]["unit"]).partition("/")[0]
    inputs = _inputs(facts, assumptions)
    cost = _cost_row(inputs, currency)
    prices = rows(facts, column(facts, "metric").isin(["price_plan", "arppu"]))
    same = column(prices, "unit").str.match(rf"{currency}/({'|'.join(MONTHS)})$")
    terms = Terms(queries.net_proceeds(reader), as_of, assumptions)
    table = [row for fact in records(rows(prices, same)) for row in price_rows(fact, cost, terms)]
    break_even = ordered(
        pd.DataFrame(table, columns=pd.Index(BREAK_EVEN_ROW)), "as_of", "fact_id", "terms_from"
    )
    api = api_strip(reader, facts.reset_index(drop=True), currency, (as_of, assumptions))
    price = _chosen(break_even, assumptions.price_fact_id)
    return BreakEvenStudy(
        currency=currency,
        inputs=columns(pd.DataFrame(inputs), *ROW),
        cost=columns(pd.DataFrame([cost]), *DERIVED_ROW),
        break_even=break_even,
        achieved=achieved,
        notes=_notes(prices, same, assumptions, terms),
        api=api,
        price=price,
        answers=_answers(price, {SERVER: [cost], API: records(api.cost)}),
    )


def _chosen(break_even: pd.DataFrame, fact_id: str) -> pd.DataFrame:
    """Return the row of a price under the first terms in force on its day.

    Without a known choice the newest monthly price of a plan, or else the newest price.
    """
    known = rows(break_even, column(break_even, "in_force_at_price_date").astype(bool))
    known = known.dropna(subset=["net_proceeds"])
    program = column(known, "program").map({"small_business": 1}).fillna(0)
    known = ordered(known.assign(later=program), "as_of", "fact_id", "later")
    plans = column(known, "metric").eq("price_plan") & column(known, "price_unit").str.endswith("h")
    for found in (rows(known, known["fact_id"] == fact_id), rows(known, plans), known):
        if len(found):
            newest = column(found, "fact_id").iloc[-1]
            return rows(found, found["fact_id"] == newest).head(1).drop(columns="later")
    return known.drop(columns="later")


def _answers(price: pd.DataFrame, costs: dict[str, list[Any]]) -> pd.DataFrame:
    """Return the share that must pay at the chosen price for each way that has a cost."""
    table: list[dict[str, Any]] = []
    for row in records(price):
        kept = Interval(*(float(row[f"net_proceeds{end}"]) for end in ("", "_low", "_high")))
        for name, found in costs.items():
            for cost in found:
                rate = break_even_paid_conversion_rate(range_of(cost), kept)
                kinds = (cost["evidence_kind"], row["evidence_kind"], row["price_evidence_kind"])
                own = {**cost, **ends(rate), **span_of((cost, row)), "name": name, "unit": "ratio"}
                spent = {f"cost_{end}": cost[end] for end in ("value", "low", "high")}
                table.append({**own, **spent, "evidence_kind": weakest(kinds)})
    return pd.DataFrame(table, columns=pd.Index(_ANSWER_ROW))


def _inputs(facts: pd.DataFrame, assumptions: Assumptions) -> list[dict[str, Any]]:
    """Return the price of the server, its users and its life, stated or supposed."""
    stated: list[dict[str, Any]] = []
    for fact_id, supposed in (
        (SERVER_PRICE_FACT, assumptions.server_price),
        (USERS_FACT, assumptions.users_per_server),
    ):
        fact: Any = facts.loc[fact_id]
        name = str(fact["metric"])
        if supposed is None:
            stated.append(fact_row(fact, name))
        else:
            stated.append(assumed_row(name, supposed, str(fact["unit"])))
    return [*stated, assumed_row("life_months", assumptions.life_months, "month")]


def _cost_row(inputs: list[dict[str, Any]], currency: str) -> dict[str, Any]:
    server, users, life = inputs
    cost = server_cost_per_user_month(range_of(server), range_of(life), range_of(users))
    told = [str(row["fact_id"]) for row in (server, users) if row["fact_id"]]
    return {
        **server,
        "name": "cost_per_user_month",
        **ends(cost),
        "unit": f"{currency}/user/month",
        "evidence_kind": weakest(row["evidence_kind"] for row in inputs),
        **span_of(inputs),
        "fact_id": ", ".join(told) or None,
    }


def _notes(
    prices: pd.DataFrame, same: pd.Series, assumptions: Assumptions, terms: Terms
) -> list[Note]:
    kept, left_out = rows(prices, same), int((~same).sum())
    revenue = column(rows(kept, kept["metric"] == "arppu"), "fact_id").to_list()
    notes = [
        Note("not_included", {"items": list(NOT_INCLUDED)}),
        Note("assumed", {"name": "life_months", "value": assumptions.life_months}),
        Note("middle_of_range", {"fact_id": USERS_FACT}),
        Note("penetration_is_not_conversion"),
    ]
    if terms.tax_rate and assumptions.price_includes_tax is not None:
        value = assumptions.price_includes_tax
        notes.append(Note("assumed", {"name": "price_includes_tax", "value": value}))
    if terms.tax_rate and terms.tax_first is not None:
        notes.append(Note("tax_order_disputed"))
    if terms.tax_rate and len(set(terms.tax_ends)) > 1:
        low, high = terms.tax_ends
        told = {"value": terms.tax_rate, "low": low, "high": high}
        notes.append(Note("tax_rate_not_known", told))
    if revenue:
        notes.append(Note("revenue_without_tax", {"fact_ids": revenue}))
    if left_out:
        notes.append(Note("other_currency_left_out", {"n": left_out}))
    return notes
