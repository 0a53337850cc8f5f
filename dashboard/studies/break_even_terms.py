"""What is kept of each published price under the store terms of its day, and who must pay then."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from typing import Any

import pandas as pd

from dashboard.studies.break_even_rows import (
    ROW,
    SOURCE,
    Assumptions,
    day_of,
    ends,
    first_known,
    number,
    range_of,
    records,
)
from dashboard.studies.frames import column, ordered, rows
from etl.analytics.intervals import Interval
from etl.analytics.quantities import weakest
from etl.analytics.unit_economics import (
    StoreTerms,
    Unknown,
    break_even_paid_conversion_rate,
    net_proceeds_either_order,
)

STORE, STOREFRONT = "app_store", "CN"
PROGRAMS = ("standard", "small_business")
ASSUMED_PROGRAM = "assumed"
"""A fee that the reader supposes, in place of the store's programmes."""

MONTHS = {"month": 1, "year": 12, "pack": 1}
PROCEEDS = ("net_proceeds", "net_proceeds_low", "net_proceeds_high")
BREAK_EVEN_ROW = (
    *ROW,
    *("entity", "entity_zh", "metric", "price", "price_unit", "price_evidence_kind"),
    *("program", "commission_rate", "tax_rate", *PROCEEDS, "terms_from", "terms_to"),
    *("terms_title", "terms_url", "terms_evidence_kind"),
    *("in_force_at_price_date", "latest_terms", "reason"),
)


class Terms:
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
        self.tax_rate = first_known(taxes, "tax_rate")
        # Which of several rates an app sale takes may not be known: then the range holds them all.
        # Snapshots of before know no such range.
        held = [name for name in ("tax_rate_low", "tax_rate_high") if name in taxes]
        ends = [first_known(taxes, name) for name in held]
        known = len(ends) == 2 and None not in ends
        self.tax_ends = tuple(ends) if known else (self.tax_rate, self.tax_rate)
        self.tax_first = first_known(orders, "tax_deducted_before_commission")
        self.assumptions = assumptions
        self._as_of = as_of

    def still_in_force(self, ended: Any) -> bool:
        """Return whether terms that end on ``ended`` hold on the day of the view."""
        if pd.isna(ended):
            return True
        return self._as_of is not None and ended >= pd.Timestamp(self._as_of)

    def evidence_kind(self, commission: dict[Hashable, Any], *, taxed: bool) -> str:
        """Return the evidence kind of what is kept under these terms.

        Whether a price contains the tax is assumed, so that what is kept after tax is too.
        """
        return "assumed" if taxed and self.tax_rate else str(commission["evidence_kind"])

    def commissions(self) -> list[dict[Hashable, Any]]:
        """Return the rows of commission by programme and first day, or the one that is supposed."""
        supposed = self.assumptions.commission_rate
        if supposed is not None:
            unknown = dict.fromkeys(("billing_fee_rate", "source_title", "source_url"))
            days = {"valid_from_date": pd.NaT, "valid_to_date": pd.NaT}
            told = {"program": ASSUMED_PROGRAM, "evidence_kind": "assumed"}
            return [{**told, "commission_rate": supposed, **unknown, **days}]
        return records(ordered(self._commission, "program", "valid_from_date"))

    def proceeds(
        self, price: float, commission: dict[Hashable, Any], *, taxed: bool
    ) -> Interval | Unknown:
        """Return what is kept of a price: by the stated order of tax and fee, with both orders.

        The range holds every tax that it may be too. Revenue as a company reports it (``taxed``
        false) holds no tax any more.
        """
        taxes = (self.tax_rate, *self.tax_ends) if taxed else (0.0,)
        found: list[Interval] = []
        for tax_rate in taxes:
            terms = StoreTerms(
                commission_rate=number(commission["commission_rate"]),
                billing_fee_rate=number(commission["billing_fee_rate"]),
                tax_rate=tax_rate,
                price_includes_tax=self.assumptions.price_includes_tax,
                tax_deducted_before_commission=self.tax_first,
            )
            kept = net_proceeds_either_order(price, terms)
            if isinstance(kept, Unknown):
                return kept
            found.append(kept)
        lowest, highest = min(each.low for each in found), max(each.high for each in found)
        return Interval(found[0].value, lowest, highest)


def price_rows(
    fact: dict[Hashable, Any], cost: dict[str, Any], terms: Terms
) -> list[dict[str, Any]]:
    """Return a row for each programme and period of store terms."""
    currency, _, period = str(fact["unit"]).partition("/")
    price = float(fact["value"]) / MONTHS[period]
    day = day_of(fact)
    taxed = fact["metric"] != "arppu"
    result: list[dict[str, Any]] = []
    for commission in terms.commissions():
        kept = terms.proceeds(price, commission, taxed=taxed)
        began, ended = commission["valid_from_date"], commission["valid_to_date"]
        terms_kind = terms.evidence_kind(commission, taxed=taxed)
        row: dict[str, Any] = {
            "name": "break_even_paid_conversion_rate",
            **_rate(range_of(cost), kept),
            "unit": "ratio",
            "evidence_kind": weakest((cost["evidence_kind"], fact["evidence_kind"], terms_kind)),
            "as_of": day,
            **{name: fact[name] for name in SOURCE},
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
            "terms_evidence_kind": commission["evidence_kind"],
            "in_force_at_price_date": not (began > day or ended < day),
            "latest_terms": terms.still_in_force(ended),
        }
        result.append(row)
    return result


def _rate(cost: Interval, kept: Interval | Unknown) -> dict[str, Any]:
    """Return the break-even rate with its range, or missing values with the reason."""
    if isinstance(kept, Unknown):
        names = ("value", "low", "high", *PROCEEDS)
        return {**dict.fromkeys(names, float("nan")), "reason": kept.reason}
    rate = break_even_paid_conversion_rate(cost, kept)
    return {
        **ends(rate),
        **dict(zip(PROCEEDS, (kept.value, kept.low, kept.high), strict=True)),
        "reason": None,
    }
