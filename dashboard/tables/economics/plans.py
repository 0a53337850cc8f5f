"""What is kept of each plan of a scenario, as a table."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables import bundled, spoken
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words, is_without_minor_unit
from etl.scenarios.store_terms import Term


def plans(study: ScenarioStudy, said: Words) -> Table:
    """Return what is kept of each plan, with the terms it follows from.

    What no plan has, a fixed fee or a tax that may be another, has no column.
    """
    rows = [
        {
            "name": each.plan.name,
            "price": each.price.value,
            "tax": each.tax,
            "fees": each.fees,
            "net": None if each.net is None else each.net.value,
            "net_low": None if each.net is None else each.net.ends[0],
            "net_high": None if each.net is None else each.net.ends[1],
            "commission": _term(each.terms, "commission_rate"),
            "fixed_fee": _term(each.terms, "fixed_fee"),
            "tax_rate": _term(each.terms, "tax_rate"),
            "tax_rate_low": _term(each.terms, "tax_rate", "low"),
            "tax_rate_high": _term(each.terms, "tax_rate", "high"),
            "evidence": (
                said.t("missing") if each.net is None else said.evidence(each.net.evidence_kind)
            ),
            "reason": spoken.input_source(each.reason, said),
            "note": " · ".join(
                dict.fromkeys(
                    bundled.note(term.note, said) for term in each.terms.values() if term.note
                )
            ),
            "source": spoken.input_source((each.net or each.price).source, said),
        }
        for each in study.scenario.plans
    ]
    optional = ("fixed_fee", "tax_rate_low", "tax_rate_high")
    empty = {key for key in optional if all(row[key] is None for row in rows)}
    columns = {
        key: column for key, column in _plan_columns(study, said).items() if key not in empty
    }
    return Table(pd.DataFrame(rows), columns if rows else {}, "plan-terms")


def unsettled(study: ScenarioStudy, said: Words) -> list[str]:
    """Say of which plans it is not known which tax applies, a sentence a plan."""
    return [
        said.t(
            "{plan}: which tax applies is not known: {low} to {high}, {value} taken. {note}.",
            plan=each.plan.name,
            note=bundled.note(tax.note, said).rstrip(".。"),
            **{key: said.percent(end, digits=0) for key, end in _rates(tax).items()},
        )
        for each in study.scenario.plans
        if (tax := each.terms.get("tax_rate")) is not None and tax.low != tax.high
    ]


def without_an_order(study: ScenarioStudy, said: Words) -> list[str]:
    """Say of which plans it is not known what the fee is taken on, a sentence a plan."""
    return [
        said.t(
            "{plan}: whether the fee is taken on the price with tax or without it is not stated. "
            "The fee and what is kept are the middle of both, each rounded by itself: their sum "
            "may miss the price by a cent.",
            plan=each.plan.name,
        )
        for each in study.scenario.plans
        if each.tax and "tax_deducted_before_commission" not in each.terms
    ]


def _rates(tax: Term) -> dict[str, float]:
    low, high = tax.ends
    return {"value": tax.value, "low": low, "high": high}


def _plan_columns(study: ScenarioStudy, said: Words) -> dict[str, TableColumn]:
    def money(label: str) -> TableColumn:
        digits = 0 if is_without_minor_unit(study.currency) else 2
        return TableColumn(said.noted(label, study.currency), "number", digits)

    return {
        "name": TableColumn(said.t("Plan")),
        "price": money(said.t("Price a month")),
        "tax": money(said.t("Amount of tax")),
        "fees": money(said.t("Store and payment")),
        "net": money(said.t("Kept")),
        "net_low": money(said.t("Kept, low")),
        "net_high": money(said.t("Kept, high")),
        "commission": TableColumn(said.t("Commission"), "percent"),
        "fixed_fee": money(said.t("Fixed fee a charge")),
        "tax_rate": TableColumn(said.t("Tax rate"), "percent"),
        "tax_rate_low": TableColumn(said.t("Tax rate, low"), "percent"),
        "tax_rate_high": TableColumn(said.t("Tax rate, high"), "percent"),
        "evidence": TableColumn(said.t("Evidence")),
        "reason": TableColumn(said.t("Why not known"), "wide"),
        "note": TableColumn(said.t("Note"), "wide"),
        "source": TableColumn(said.t("Source"), "wide"),
    }


def _term(terms: Mapping[str, Term], name: str, what: str = "value") -> float | None:
    value = getattr(terms[name], what) if name in terms else None
    return None if value is None else float(value)
