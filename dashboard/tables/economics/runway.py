"""How cash goes, in words and tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from dashboard.studies.economics.runway import (
    ADVERTISING,
    DIRECT,
    CashStudy,
    OwnedServers,
    PaidServers,
)
from dashboard.tables import spoken
from dashboard.tables.economics import inputs, names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.runway import Runway


def store_name(store: str, said: Words) -> str:
    """Name who pays the proceeds out."""
    known = {
        ADVERTISING: said.t("Advertising"),
        DIRECT: said.t("The store"),
        **inputs.store_names(said),
    }
    return known.get(store, store)


def sentence(study: CashStudy, said: Words) -> str:
    """Say where the cash is lowest, when it falls below zero, and what lags hold back."""
    found = study.runway
    assert found is not None
    parts = [*_lasts(study, said)] if study.knows_opening else [*_needs(study, said)]
    if found.most_working_capital > 0:
        parts.append(
            said.t(
                "Payouts that lag hold back up to {amount} of working capital ({date}).",
                amount=_money(study, found.most_working_capital, said),
                date=said.date(found.most_working_capital_on),
            )
        )
    if study.knows_opening:
        parts.append(
            said.t(
                "At the end {cash} is at hand and {owed} is still to be paid out.",
                cash=_money(study, float(found.months["cash"].iloc[-1]), said),
                owed=_money(study, found.receivables_at_end, said),
            )
        )
    return said.sentences(parts)


def _lasts(study: CashStudy, said: Words) -> Iterator[str]:
    """Say where the cash is lowest, and how long it lasts."""
    found = study.runway
    assert found is not None
    yield said.t(
        "Cash is lowest on {date}: {amount}.",
        date=said.date(found.lowest_on),
        amount=_money(study, found.lowest_cash, said),
    )
    end = found.below_zero_on
    if end is None:
        yield said.n(
            "It does not fall below zero within {n} month.",
            "It does not fall below zero within {n} months.",
            len(found.months),
        )
        return
    whole = 12 * (end.year - study.begins.year) + end.month - study.begins.month
    yield said.n(
        "It lasts {n} whole month and falls below zero on {date}.",
        "It lasts {n} whole months and falls below zero on {date}.",
        whole,
        date=said.date(end),
    )


def cash_needed(study: CashStudy) -> float:
    """Return the cash that the months take before they give it back; 0 where they take none."""
    assert study.runway is not None
    return max(0.0, -study.runway.lowest_cash)


def _needs(study: CashStudy, said: Words) -> Iterator[str]:
    """Say what the months take, where the cash at the start is not known."""
    found = study.runway
    assert found is not None
    if cash_needed(study) > 0:
        yield said.t(
            "These months need {amount} of cash to get through, most of all on {date}.",
            amount=_money(study, cash_needed(study), said),
            date=said.date(found.lowest_on),
        )
    else:
        yield said.t("These months need no cash of their own.")
    yield said.t("How long the cash lasts is not known without the cash at the start.")


def _money(study: CashStudy, value: float, said: Words) -> str:
    return names.amount(value, study.currency, said)


def lags(study: CashStudy, said: Words) -> list[str]:
    """Return when every store pays, with the evidence of it."""
    told: list[str] = []
    for each in study.payouts:
        days = said.n("{n} day", "{n} days", each.lag_days)
        counted = (
            said.t("after the end of the month of the sale")
            if each.counted_from == "month_end"
            else said.t("after the sale")
        )
        told.append(
            said.t(
                "{store} pays {days} {counted} ({kind}{source}).",
                store=store_name(each.store, said),
                days=days,
                counted=counted,
                kind=said.evidence(each.evidence_kind),
                source=spoken.beside(each.source, said),
            )
        )
    told.append(said.t("The figure shows the ends of months; the lowest day may lie within one."))
    if study.owned is not None:
        told.append(_servers(study.owned, study, said))
    return told


def way_name(way: PaidServers, said: Words) -> str:
    """Name how owned servers are paid."""
    return {
        "bought": said.t("when they are needed"),
        "credit": said.t("by a credit"),
        "invested": said.t("by the scenario's investment"),
        "line": said.t("a part every month (straight line)"),
    }[way]


def _servers(owned: OwnedServers, study: CashStudy, said: Words) -> str:
    """Say how many servers there are and how they are paid."""
    price = _money(study, owned.terms.price, said)
    first, last = owned.held[0], owned.held[-1]
    held = said.n("{n} server", "{n} servers", first)
    if last != first:
        held = said.t("{first}, at the end {last}", first=held, last=said.number(last, digits=0))
    match owned.paid.way:
        case "bought":
            return said.t(
                "Owned servers ({held}, {price} each) are paid on the first day of the month that "
                "needs them and sold at the end of their life; a part of one takes a whole one.",
                held=held,
                price=price,
            )
        case "credit":
            return said.t(
                "Owned servers ({held}, {price} each) are paid off in {months} at {rate} a year, "
                "{instalment} a month for each; what is owed after the last month is not shown.",
                held=held,
                price=price,
                months=said.n(
                    "{n} equal instalment", "{n} equal instalments", owned.terms.credit_months
                ),
                rate=said.percent(owned.terms.credit_rate, digits=1),
                instalment=_money(study, owned.terms.instalment, said),
            )
        case "invested":
            return said.t(
                "Owned servers ({held}, {price} each) are what the scenario's investment pays for: "
                "nothing is paid for them beside it.",
                held=held,
                price=price,
            )
        case "line":
            return said.t(
                "Owned servers are counted by their straight line, a part every month, and not on "
                "the day they are paid for."
            )


def figure_frame(found: Runway) -> pd.DataFrame:
    """Return the months as the figure takes them: refunds and investments are paid as costs are."""
    months = found.months
    moved = months["payments"]
    return pd.DataFrame(
        {
            "month": months["month"],
            "cash": months["cash"],
            "proceeds_received": months["proceeds_received"] + moved.clip(lower=0),
            "costs_paid": months["costs_paid"] + months["refunds"] + (-moved).clip(lower=0),
        }
    )


def months(study: CashStudy, said: Words) -> Table:
    """Return the cash by month."""
    assert study.runway is not None
    labels = {
        "proceeds_earned": said.t("Proceeds earned"),
        "proceeds_received": said.t("Proceeds received"),
        "refunds": said.t("Refunds"),
        "costs_incurred": said.t("Costs incurred"),
        "costs_paid": said.t("Costs paid"),
        "payments": said.t("Investment"),
        "cash": said.t("Cash at its end"),
        "lowest_cash": said.t("Lowest cash"),
        "receivables": said.t("Still to be paid out"),
        "payables": said.t("Still to be paid"),
        "working_capital": said.t("Working capital bound"),
    }
    columns = {
        "month": TableColumn(said.t("Month"), "date"),
        **{
            name: TableColumn(said.noted(label, study.currency), "number", 2)
            for name, label in labels.items()
        },
    }
    return Table(study.runway.months, columns, "cash-runway")


def stores(study: CashStudy, said: Words) -> Table:
    """Return what every store owes and pays by month."""
    assert study.runway is not None
    frame = study.runway.by_store
    shown = frame.assign(store=[store_name(str(store), said) for store in frame["store"]])
    columns: dict[str, Any] = {
        "month": TableColumn(said.t("Month"), "date"),
        "store": TableColumn(said.t("Store")),
    }
    labels = {
        "proceeds_earned": said.t("Proceeds earned"),
        "proceeds_received": said.t("Proceeds received"),
        "refunds": said.t("Refunds"),
        "receivables": said.t("Still to be paid out"),
    }
    columns |= {
        name: TableColumn(said.noted(label, study.currency), "number", 2)
        for name, label in labels.items()
    }
    return Table(shown, columns if len(shown) else {}, "cash-by-store")
