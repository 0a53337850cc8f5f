"""The dated terms of stores as the bundled table holds them, looked up for a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.names import unknown
from etl.scenarios.parts import Plan
from etl.sources._dates import known_on

ANY = "*"


@dataclass(frozen=True)
class Term:
    """One term of a store: its value and the row it comes from.

    Attributes
    ----------
    value
        Of an amount, in the scenario's currency.
    low, high
        Ends of what it may be; both missing where it is one value.
    unit
        Of an amount; empty for rates, days and answers.
    note
        What the row says that a reader must know.
    converted
        How an amount in another currency was converted.
    """

    value: Any
    source: str = ""
    source_url: str = ""
    evidence_kind: str = "assumed"
    low: float | None = None
    high: float | None = None
    unit: str = ""
    note: str = ""
    converted: str = ""

    @property
    def ends(self) -> tuple[Any, Any]:
        """Return low and high; the value itself where it is one value."""
        return (
            self.value if self.low is None else self.low,
            self.value if self.high is None else self.high,
        )

    def told(self) -> dict[str, Any]:
        """Return the term as a document tells it: what is not known of it is ``None``."""
        return {
            "value": _plain(self.value),
            "low": self.low,
            "high": self.high,
            "unit": self.unit or None,
            "evidence_kind": self.evidence_kind,
            "source": self.source,
            "source_url": self.source_url,
            "note": self.note or None,
            "converted": self.converted or None,
        }


def _plain(value: Any) -> bool | float | str:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return value if isinstance(value, str) else float(value)


Convert = Callable[[Quantity], Quantity]
"""Returns an amount in the scenario's currency."""


def refuse_unknown(plan: Plan, table: pd.DataFrame) -> None:
    """Refuse a store or a programme that the table does not name."""
    stores = sorted(set(table["store"]) - {ANY})
    if plan.store not in stores:
        got = f"the unknown store {plan.store} of the plan {plan.name!r}"
        raise unknown(got, plan.store, stores)
    own = table.loc[table["store"] == plan.store]
    programs = sorted(set(own.loc[own["commission_rate"].notna(), "program"]))
    if plan.program not in programs and plan.commission_rate is None:
        got = f"the unknown program {plan.program} of {plan.store}"
        raise unknown(got, plan.program, programs)


def terms_of(plan: Plan, table: pd.DataFrame, day: date) -> dict[str, Term]:
    """Return every term but the fixed fee: the plan's own before the table's."""
    found: dict[str, Term] = {}
    for name, (store, programs) in _PLACES.items():
        typed = getattr(plan, name, None)
        row = _row(table, name, (store or plan.store, programs or (plan.program,)), plan, day)
        if typed is not None:
            found[name] = Term(typed, plan.source or f"{name} typed in")
        elif row is not None:
            found[name] = replace(_told_by(row), value=row[name], **_ends(row, name))
    return found


def _told_by(row: Mapping[str, Any]) -> Term:
    """Return the source, evidence and note of a row, without a value."""
    return Term(
        None,
        _text(row["source_title"]),
        _text(row["source_url"]),
        str(row["evidence_kind"]),
        note=_text(row["note"]),
    )


def _ends(row: Mapping[str, Any], name: str) -> dict[str, float]:
    """Return the ends of a term where the row states them."""
    ends = {end: _text(row.get(f"{name}_{end}")) for end in ("low", "high")}
    return {end: float(value) for end, value in ends.items() if value}


def _text(value: Any) -> str:
    return "" if value is None or bool(pd.isna(value)) else str(value)


def fixed_fee(
    plan: Plan, told: Quantity | None, table: pd.DataFrame, about: tuple[date, Convert]
) -> Term | None:
    """Return what is kept of every charge: the plan's own (``told``) before the table's.

    ``about`` is the day, and what brings an amount into the scenario's currency at its rate.
    """
    if told is not None:
        return _amount(told, Term(None))
    day, convert = about
    row = _row(table, "fixed_fee", (plan.store, (plan.program,)), plan, day)
    if row is None:
        return None
    currency, term = _text(row["fixed_fee_currency"]), _told_by(row)
    if not currency:
        raise InputError(f"got a fixed fee of {plan.store} without a currency", "its currency")
    amount = Quantity(
        float(row["fixed_fee"]), f"{currency}/charge", term.evidence_kind, source=term.source
    )
    return _amount(convert(amount), term)


def _amount(told: Quantity, term: Term) -> Term:
    """Return an amount in the scenario's currency as a term."""
    return replace(
        term,
        value=told.value,
        source=term.source or told.source,
        source_url=term.source_url or told.source_url,
        evidence_kind=told.evidence_kind,
        low=told.low,
        high=told.high,
        unit=f"{told.unit.partition('/')[0]}/charge",
        converted=told.converted,
    )


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
            and bool(_text(row.get(term)))  # snapshots of before know no fixed fee
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
