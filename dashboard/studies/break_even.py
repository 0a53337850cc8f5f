"""How many users must pay? The break-even pay rate from disclosed facts alone.

A server's price, spread over its life and its users, is the cost of one user and month; a price
after tax and store fees is what one payer brings; their ratio is the share that must pay.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.frames import column, columns, ordered, rows
from dashboard.studies.notes import Note
from etl.analytics.intervals import Interval
from etl.analytics.unit_economics import (
    StoreTerms,
    Unknown,
    break_even_paid_conversion_rate,
    net_proceeds,
    server_cost_per_user_month,
)

SERVER_PRICE_FACT, USERS_FACT = "F0484", "F0485"
"""450,000 yuan a server and 10,000–20,000 users on it, as its operator said on 2022-12-08."""

STORE, STOREFRONT = "app_store", "CN"
PROGRAMS = ("standard", "small_business")
ACHIEVED = ("subscription_penetration_rate", "download_to_paid_d30", "download_to_paid_d35")
"""What companies publish about paying users. The first is subscribers over monthly actives, the
others payers over installs within so many days: different shares, never to be mixed."""

NOT_INCLUDED = ("electricity", "staff", "bandwidth")

_MONTHS = {"month": 1, "year": 12, "pack": 1}
_NUMBER = ("value", "low", "high", "unit", "evidence_kind", "as_of")
_SOURCE = ("source_title", "source_url", "fact_id")
_ROW = ("name", *_NUMBER, *_SOURCE)
_PROCEEDS = ("net_proceeds", "net_proceeds_low", "net_proceeds_high")
_BREAK_EVEN_ROW = (
    *_ROW,
    *("entity", "entity_zh", "metric", "price", "price_unit", "price_evidence_kind"),
    *("program", "commission_rate", "tax_rate", *_PROCEEDS, "terms_from", "terms_to"),
    *("terms_title", "terms_url", "in_force_at_price_date", "latest_terms", "reason"),
)
_ACHIEVED_ROW = (*_ROW, "entity", "entity_zh", "metric", "note")


@dataclass(frozen=True)
class Assumptions:
    """What no source states; shown as assumed wherever it is used.

    Attributes
    ----------
    life_months
        Months over which a server is written off, without resale value.
    price_includes_tax
        Whether prices shown in the store contain consumption tax. ``None`` assumes nothing:
        net proceeds are then missing where a tax applies.
    """

    life_months: float = 36.0
    price_includes_tax: bool | None = True


@dataclass(frozen=True)
class BreakEvenStudy:
    """The break-even strip as frames.

    Every row has ``name, value, low, high, unit, evidence_kind, as_of, source_title, source_url,
    fact_id``; what cannot be computed has missing values and a ``reason``.

    Attributes
    ----------
    inputs
        ``gpu_server_price``, ``users_per_server`` and ``life_months`` (assumed).
    cost
        One row ``cost_per_user_month``; none where the server facts were not known yet.
    break_even
        One row a price and store terms: also ``entity, entity_zh, metric, price, price_unit,
        price_evidence_kind, program, commission_rate, tax_rate, net_proceeds, net_proceeds_low,
        net_proceeds_high, terms_from, terms_to, terms_title, terms_url, in_force_at_price_date,
        latest_terms, reason``. The value is the share of users who must pay in a month (or buy a
        pack).
    achieved
        Published shares of payers: also ``entity, entity_zh, metric, note, latest`` (the newest
        of its entity and metric).
    notes
        ``not_included`` (items), ``assumed`` (name, value), ``tax_order_disputed``,
        ``middle_of_range`` (fact_id), ``revenue_without_tax`` (fact_ids),
        ``other_currency_left_out`` (n, currency), ``not_known_yet`` (fact_ids),
        ``penetration_is_not_conversion``.
    """

    currency: str
    inputs: pd.DataFrame
    cost: pd.DataFrame
    break_even: pd.DataFrame
    achieved: pd.DataFrame
    notes: list[Note]


def break_even_study(
    reader: Reader,
    *,
    as_of: date | None = None,
    assumptions: Assumptions = Assumptions(),
) -> BreakEvenStudy:
    """Compute the break-even pay rates from the facts known on a day.

    Parameters
    ----------
    as_of
        Facts that became public later, and store terms that began later, are left out.
    """
    facts = queries.facts(reader, as_of=as_of).set_index("fact_id", drop=False)
    achieved = _achieved(facts)
    unknown = [name for name in (SERVER_PRICE_FACT, USERS_FACT) if name not in facts.index]
    if unknown:
        nothing = pd.DataFrame(columns=pd.Index(_ROW))
        no_rate = pd.DataFrame(columns=pd.Index(_BREAK_EVEN_ROW))
        notes = [Note("not_known_yet", {"fact_ids": unknown})]
        return BreakEvenStudy("", nothing, nothing, no_rate, achieved, notes)
    server, users = facts.loc[SERVER_PRICE_FACT], facts.loc[USERS_FACT]
    currency = str(server["unit"]).partition("/")[0]
    cost = server_cost_per_user_month(
        _interval(server), Interval.of(assumptions.life_months), _interval(users)
    )
    prices = rows(facts, column(facts, "metric").isin(["price_plan", "arppu"]))
    same = column(prices, "unit").str.match(rf"{currency}/({'|'.join(_MONTHS)})$")
    terms = _Terms(queries.net_proceeds(reader), as_of, assumptions)
    table = [row for fact in _records(rows(prices, same)) for row in _price_rows(fact, cost, terms)]
    return BreakEvenStudy(
        currency=currency,
        inputs=_inputs(server, users, assumptions),
        cost=_cost_row(cost, server, users, currency),
        break_even=ordered(
            pd.DataFrame(table, columns=pd.Index(_BREAK_EVEN_ROW)), "as_of", "fact_id", "terms_from"
        ),
        achieved=achieved,
        notes=_notes(prices, same, assumptions, terms),
    )


class _Terms:
    """Store terms of one storefront: commission by programme and day, tax and its order."""

    def __init__(self, table: pd.DataFrame, as_of: date | None, assumptions: Assumptions) -> None:
        if as_of is not None:
            table = rows(table, ~(column(table, "valid_from_date") > pd.Timestamp(as_of)))
        ours = column(table, "store") == STORE
        self._commission = rows(
            table,
            ours & (table["storefront"] == STOREFRONT) & column(table, "program").isin(PROGRAMS),
        )
        taxes = rows(
            table, (table["storefront"] == STOREFRONT) & (table["program"] == "consumption_tax")
        )
        orders = rows(table, ours & (table["program"] == "tax_order"))
        self.tax_rate = _known(taxes, "tax_rate")
        self.tax_first = _known(orders, "tax_deducted_before_commission")
        self.price_includes_tax = assumptions.price_includes_tax
        self._as_of = as_of

    def still_in_force(self, ended: Any) -> bool:
        """Return whether terms that end on ``ended`` hold on the day of the view."""
        if pd.isna(ended):
            return True
        return self._as_of is not None and ended >= pd.Timestamp(self._as_of)

    def commissions(self) -> list[dict[Hashable, Any]]:
        """Return the rows of commission, by programme and first day."""
        return _records(ordered(self._commission, "program", "valid_from_date"))

    def proceeds(
        self, price: float, commission: dict[Hashable, Any], *, taxed: bool
    ) -> Interval | Unknown:
        """Return what is kept of a price: by the stated order of tax and fee, with both orders.

        Revenue as a company reports it (``taxed`` false) holds no tax any more.
        """
        found = []
        for tax_first in (self.tax_first, None if self.tax_first is None else not self.tax_first):
            terms = StoreTerms(
                commission_rate=_number(commission["commission_rate"]),
                billing_fee_rate=_number(commission["billing_fee_rate"]),
                tax_rate=self.tax_rate if taxed else 0.0,
                price_includes_tax=self.price_includes_tax,
                tax_deducted_before_commission=tax_first,
            )
            kept = net_proceeds(price, terms)
            if isinstance(kept, Unknown):
                return kept
            found.append(kept)
        return Interval(found[0], min(found), max(found))


def _price_rows(fact: dict[Hashable, Any], cost: Interval, terms: _Terms) -> list[dict[str, Any]]:
    """Return a row for each programme and period of store terms."""
    currency, _, period = str(fact["unit"]).partition("/")
    price = float(fact["value"]) / _MONTHS[period]
    day = _day(fact)
    taxed = fact["metric"] != "arppu"
    result = []
    for commission in terms.commissions():
        kept = terms.proceeds(price, commission, taxed=taxed)
        began, ended = commission["valid_from_date"], commission["valid_to_date"]
        row: dict[str, Any] = {
            "name": "break_even_paid_conversion_rate",
            **_rate(cost, kept),
            "unit": "ratio",
            "evidence_kind": "estimated",
            "as_of": day,
            **{name: fact[name] for name in _SOURCE},
            **{name: fact[name] for name in ("entity", "entity_zh", "metric")},
            "price": price,
            "price_unit": f"{currency}/{'pack' if period == 'pack' else 'month'}",
            "price_evidence_kind": fact["evidence_kind"],
            "program": commission["program"],
            "commission_rate": commission["commission_rate"],
            "tax_rate": terms.tax_rate if taxed else 0.0,
            "terms_from": began,
            "terms_to": ended,
            "terms_title": commission["source_title"],
            "terms_url": commission["source_url"],
            "in_force_at_price_date": not (began > day or ended < day),
            "latest_terms": terms.still_in_force(ended),
        }
        result.append(row)
    return result


def _rate(cost: Interval, kept: Interval | Unknown) -> dict[str, Any]:
    """Return the break-even rate with its range, or missing values with the reason."""
    if isinstance(kept, Unknown):
        names = ("value", "low", "high", *_PROCEEDS)
        return {**dict.fromkeys(names, float("nan")), "reason": kept.reason}
    rate = break_even_paid_conversion_rate(cost, kept)
    return {
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        **dict(zip(_PROCEEDS, (kept.value, kept.low, kept.high), strict=True)),
        "reason": None,
    }


def _inputs(server: pd.Series, users: pd.Series, assumptions: Assumptions) -> pd.DataFrame:
    months = assumptions.life_months
    life = {
        "name": "life_months",
        "value": months,
        "low": months,
        "high": months,
        "unit": "month",
        "evidence_kind": "assumed",
        "as_of": pd.NaT,
    }
    stated = [_fact_row(fact, str(fact["metric"])) for fact in (server, users)]
    return columns(pd.DataFrame([*stated, life]), *_ROW)


def _cost_row(cost: Interval, server: pd.Series, users: pd.Series, currency: str) -> pd.DataFrame:
    row = {
        **_fact_row(server, "cost_per_user_month"),
        "value": cost.value,
        "low": cost.low,
        "high": cost.high,
        "unit": f"{currency}/user/month",
        "evidence_kind": "estimated",
        "as_of": max(_day(server), _day(users)),
        "fact_id": f"{server['fact_id']}, {users['fact_id']}",
    }
    return columns(pd.DataFrame([row]), *_ROW)


def _achieved(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the published shares of payers, the oldest first."""
    chosen = rows(facts, column(facts, "metric").isin(ACHIEVED))
    table = pd.DataFrame(
        [
            {
                **_fact_row(fact, str(fact["metric"])),
                **{name: fact[name] for name in ("entity", "entity_zh", "metric", "note")},
            }
            for fact in _records(chosen)
        ],
        columns=pd.Index(_ACHIEVED_ROW),
    )
    table = ordered(table.assign(as_of=pd.to_datetime(table["as_of"])), "as_of", "fact_id")
    newest = table.groupby(["entity", "metric"])["as_of"].transform("max")
    return table.assign(latest=column(table, "as_of") == newest)


def _notes(
    prices: pd.DataFrame, same: pd.Series, assumptions: Assumptions, terms: _Terms
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
    if revenue:
        notes.append(Note("revenue_without_tax", {"fact_ids": revenue}))
    if left_out:
        notes.append(Note("other_currency_left_out", {"n": left_out}))
    return notes


def _fact_row(fact: Any, name: str) -> dict[str, Any]:
    """Return a fact as a row: its value (the middle of a range) with the ends of the range."""
    interval = _interval(fact)
    return {
        "name": name,
        "value": interval.value,
        "low": interval.low,
        "high": interval.high,
        "unit": fact["unit"],
        "evidence_kind": fact["evidence_kind"],
        "as_of": _day(fact),
        **{key: fact[key] for key in _SOURCE},
    }


def _interval(fact: Any) -> Interval:
    return Interval.of(float(fact["value"]), _number(fact["value_high"]))


def _day(fact: Any) -> pd.Timestamp:
    """Return the last day the fact is about, or the day it became public."""
    return fact["known_on"] if pd.isna(fact["period_end"]) else fact["period_end"]


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _known(table: pd.DataFrame, name: str) -> Any:
    """Return the first known value of a column, or ``None``."""
    values = column(table, name).dropna()
    return values.iloc[0] if len(values) else None


def _records(table: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return table.to_dict("records")
