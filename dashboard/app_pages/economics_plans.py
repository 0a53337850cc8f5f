"""The plans of a scenario: their prices, stores and shares of payers, and what is kept of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.column_config import NumberColumn, SelectboxColumn, TextColumn

from dashboard import cache, queries, scenarios
from dashboard.app_pages.economics_held import Present, commit, current
from dashboard.components import plain, table_card
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import inputs as tables
from dashboard.tables.economics import results
from dashboard.tables.economics.plans import unsettled
from dashboard.text import MISSING, Words

CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD", "JPY", "KRW", "TWD", "INR", "BRL")


def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show the plans to change, and what is kept of each."""
    if "net_proceeds" in study.scenario.document.inputs:
        st.info(
            said.t(
                "What is kept of a payer is an input of its own here: plans would not be used "
                "while it stands."
            ),
            icon=":material/info:",
        )
    terms = cache.ask(queries.net_proceeds)
    rows = _plan_rows(present, study)
    with st.form(f"economics:plans:{present.version}", border=False):
        frame = pd.DataFrame(rows, columns=pd.Index(_PLAN_COLUMNS)).astype({"price": "float"})
        edited = st.data_editor(
            frame,
            hide_index=True,
            num_rows="dynamic",
            column_config=_plan_columns(terms, rows, present, said),
            key=f"economics:plans:table:{present.version}",
            placeholder=MISSING,
            alt=said.t("Plans of the scenario"),
        )
        if st.form_submit_button(
            said.t("Apply the plans"), type="primary", icon=":material/check:"
        ):
            told = [
                (int(place) if place in frame.index else None, _plan(row))
                for place, row in zip(edited.index, edited.to_dict("records"), strict=True)
            ]
            shown = [_plan(row) for row in rows]
            if told != list(enumerate(shown)):
                commit(present, lambda: scenarios.with_plans(current(present), shown, told), said)
    st.caption(
        said.t(
            "The payers of all plans add up to 100%. Commission, fees and tax are those of the "
            "dated store terms on the day of the scenario, a fixed fee once for every payment; a "
            "price you type is assumed."
        )
    )
    table_card(
        said,
        results.plans(study, said),
        heading=said.t("What is kept of each plan"),
        note="  \n".join(plain(each) for each in unsettled(study, said)),
    )


_PLAN_COLUMNS = (
    *("name", "price", "currency", "period", "share", "store", "storefront", "program"),
    *("product", "price_includes_tax"),
)
_TAX = {True: "yes", False: "no", None: "terms"}


def _plan_rows(present: Present, study: ScenarioStudy) -> list[dict[str, Any]]:
    months = {"week": 12 / 52, "month": 1.0, "year": 12.0, "pack": 1.0}
    rows: list[dict[str, Any]] = []
    for plan, found in zip(present.raw.get("plans") or (), study.scenario.plans, strict=True):
        price = found.price.value * months[found.plan.period]
        row = scenarios.plan_row(present.raw, plan, price)
        tax = _TAX[row["price_includes_tax"]]
        rows.append({**row, "share": _tidy(100 * row["share"]), "price_includes_tax": tax})
    return rows


def _plan(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of the editor as a plan is written; empty cells are missing."""
    told = {str(key): None if pd.isna(each) else each for key, each in row.items()}
    taxed = {"yes": True, "no": False}.get(str(told["price_includes_tax"]))
    share = told["share"]
    told["share"] = None if share is None else _tidy(float(share) / 100)
    return {**told, "price_includes_tax": taxed}


def _tidy(value: float) -> float:
    """Return a figure that was scaled and scaled back as what was typed."""
    return float(f"{value:.12g}")


def _plan_columns(
    terms: pd.DataFrame, rows: list[dict[str, Any]], present: Present, said: Words
) -> dict[str, Any]:
    def choice(
        label: str,
        codes: Mapping[str, str] | list[str],
        default: str,
        width: int,
        note: str | None = None,
    ) -> Any:
        shown = codes if isinstance(codes, Mapping) else {}
        return SelectboxColumn(
            label,
            width=width,
            help=note,
            options=list(codes),
            format_func=lambda code: str(shown.get(str(code), code)),
            default=default,
            required=True,
        )

    def held(column: str) -> list[str]:
        return tables.options(terms, column, [str(row[column]) for row in rows])

    currency = str(present.raw["currency"])
    named, programs = tables.store_names(said), tables.program_names(said)
    stores = {code: named.get(code, code) for code in held("store")}
    programs = {code: programs.get(code, code.replace("_", " ")) for code in held("program")}
    storefronts = {code: tables.storefront_name(code, said) for code in held("storefront")}
    price = said.t("Of one payment, as users see it.")
    taxed = said.t("Whether the price contains consumption tax.")
    return {
        "name": TextColumn(said.t("Plan"), required=True, default=said.t("monthly"), width=130),
        "price": NumberColumn(said.t("Price"), min_value=0.0, format="%.6g", width=85, help=price),
        "currency": choice(
            said.t("Currency"), [*dict.fromkeys((currency, *CURRENCIES))], currency, 90
        ),
        "period": choice(said.t("It covers"), tables.period_names(said), "month", 125),
        "share": NumberColumn(
            said.t("Payers (%)"),
            min_value=0.0,
            max_value=100.0,
            default=100.0,
            format="%.4g",
            width=125,
            help=said.t("Share of the payers who take this plan, in per cent."),
        ),
        "store": choice(said.t("Store"), stores, "app_store", 145),
        "storefront": choice(said.t("Storefront"), storefronts, "*", 125),
        "program": choice(said.t("Programme"), programs, "standard", 160),
        "product": choice(said.t("Product"), tables.product_names(said), "subscription", 115),
        "price_includes_tax": choice(
            said.t("Contains tax"), tables.tax_names(said), "terms", 150, taxed
        ),
    }
