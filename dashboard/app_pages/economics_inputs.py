"""What a scenario is given, to look at and to change: inputs, plans, one's own data, settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.column_config import DateColumn, NumberColumn, SelectboxColumn, TextColumn

from dashboard import cache, queries, scenarios
from dashboard.app_pages.economics_choice import Present, commit, refuse
from dashboard.components import evidence_badge, plain, table_card
from dashboard.studies.economics import own
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import inputs as tables
from dashboard.tables.economics import names, results
from dashboard.text import MISSING, Words
from etl.analytics.inputs import SOURCINGS
from etl.errors import InputError

CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD", "JPY", "KRW", "TWD", "INR", "BRL")
_FIRST_DAY = date(2000, 1, 1)
_LAST_DAY = date(2100, 1, 1)
_NUMBER_PX = 105
NO_VALUE = "economics:others"


def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show everything that is given, each part behind its tab."""
    st.header(said.t("What goes in"), anchor=False)
    parts = st.tabs(
        [said.t("Inputs"), said.t("Plans"), said.t("Your own data"), said.t("Settings")]
    )
    for part, draw in zip(parts, (_inputs, _plans, _own, _settings), strict=True):
        with part:
            draw(present, study, said)


def mend(present: Present, fault: InputError, said: Words) -> None:
    """Show why a scenario cannot be evaluated, and its text to mend."""
    refuse(fault, said, said.t("**This scenario cannot be evaluated.**"))
    with st.form(f"economics:mend:{present.version}"):
        text = st.text_area(
            said.t("The scenario as YAML"),
            scenarios.text_of(present.raw),
            height=420,
            key=f"economics:text:{present.version}",
        )
        if st.form_submit_button(said.t("Apply"), type="primary"):
            commit(present, lambda: scenarios.of_text(text.encode(), said.t("the text")), said)


def _inputs(present: Present, study: ScenarioStudy, said: Words) -> None:
    frame = tables.with_others(study, st.session_state.get(NO_VALUE, []))
    st.markdown(_counts(frame, said))
    others = tables.others(frame)
    with st.form(f"economics:inputs:{present.version}", border=False):
        shown = tables.editable(frame, said)
        edited = st.data_editor(
            shown,
            hide_index=True,
            height="content",
            column_config=_input_columns(said),
            disabled=[name for name in shown if name not in tables.EDITABLE],
            key=f"economics:table:{present.version}",
            placeholder=MISSING,
            alt=said.t("Inputs of the scenario"),
        )
        if st.form_submit_button(
            said.t("Apply the changes"), type="primary", icon=":material/check:"
        ):
            rows = _edited(shown, edited)
            if rows:
                commit(present, lambda: scenarios.with_inputs(present.raw, rows), said)
    st.caption(
        said.t(
            "Value, low and high can be typed over; a blank value is not given. What you type is "
            "assumed and loses its source. A ratio is between 0 and 1: 0.024 is 2.4%."
        )
    )
    chosen = list(st.session_state.get(NO_VALUE, []))
    st.multiselect(
        said.t("Show other inputs too"),
        [*chosen, *others],
        key=NO_VALUE,
        format_func=lambda name: names.input_name(name, said),
        placeholder=said.t("Choose"),
    )
    _putting_back(present, said)


def _counts(frame: pd.DataFrame, said: Words) -> str:
    needed, left_out = said.t("missing, needed"), said.t("not given, left out")
    looks = {
        tables.NEEDED: f":red-badge[:material/error: {needed}]",
        tables.LEFT_OUT: f":gray-badge[:material/remove: {left_out}]",
    }
    return " ".join(
        f"{looks.get(kind) or evidence_badge(said, kind)} {n}"
        for kind, n in tables.counted(frame).items()
    )


def _input_columns(said: Words) -> dict[str, Any]:
    number = "%.6g"
    return {
        "part": TextColumn(said.t("Part"), width="small"),
        "input": TextColumn(said.t("Input"), pinned=True),
        "value": NumberColumn(said.t("Value"), format=number, width=_NUMBER_PX),
        "low": NumberColumn(said.t("Low"), format=number, width=_NUMBER_PX),
        "high": NumberColumn(said.t("High"), format=number, width=_NUMBER_PX),
        "unit": TextColumn(said.t("Unit")),
        "evidence": TextColumn(said.t("Evidence")),
        "source": TextColumn(said.t("Source"), width="large"),
        "as_of": DateColumn(said.t("As of"), format="YYYY-MM-DD"),
    }


def _edited(shown: pd.DataFrame, edited: pd.DataFrame) -> dict[str, scenarios.Row]:
    """Return the rows that a reader changed, by input."""
    rows: dict[str, scenarios.Row] = {}
    for name in shown.index:
        was, now = shown.loc[name], edited.loc[name]
        row = [None if pd.isna(now[key]) else float(now[key]) for key in tables.EDITABLE]
        before = [None if pd.isna(was[key]) else float(was[key]) for key in tables.EDITABLE]
        if row == before:
            continue
        if row[1:] == before[1:] and not _holds(row):
            row[1:] = [None, None]  # the range belonged to the old figure
        rows[str(name)] = scenarios.Row(*row)
    return rows


def _holds(row: list[float | None]) -> bool:
    value, low, high = row
    return None in (value, low, high) or low <= value <= high  # pyright: ignore


def _putting_back(present: Present, said: Words) -> None:
    changed = scenarios.changed_inputs(present.raw, present.base)
    if not changed:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        back = st.multiselect(
            said.t("Inputs that were changed"),
            changed,
            key=f"economics:changed:{present.version}",
            format_func=lambda name: names.input_name(name, said),
            placeholder=said.t("Choose"),
        )
        pressed = st.button(
            said.t("Put back"), icon=":material/undo:", key="economics:back", disabled=not back
        )
    if pressed:
        commit(present, lambda: scenarios.put_back(present.raw, present.base, back), said)


def _plans(present: Present, study: ScenarioStudy, said: Words) -> None:
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
                commit(present, lambda: scenarios.with_plans(present.raw, shown, told), said)
    st.caption(
        said.t(
            "Shares of payers add up to 1. Commission, fees and tax are those of the dated store "
            "terms on the day of the scenario; a price you type is assumed."
        )
    )
    table_card(said, results.plans(study, said), heading=said.t("What is kept of each plan"))


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
        rows.append({**row, "price_includes_tax": _TAX[row["price_includes_tax"]]})
    return rows


def _plan(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row of the editor as a plan is written; empty cells are missing."""
    told = {str(key): None if pd.isna(each) else each for key, each in row.items()}
    taxed = {"yes": True, "no": False}.get(str(told["price_includes_tax"]))
    return {**told, "price_includes_tax": taxed}


def _plan_columns(
    terms: pd.DataFrame, rows: list[dict[str, Any]], present: Present, said: Words
) -> dict[str, Any]:
    def choice(label: str, codes: Mapping[str, str] | list[str], default: str) -> Any:
        shown = codes if isinstance(codes, Mapping) else {}
        return SelectboxColumn(
            label,
            options=list(codes),
            format_func=lambda code: str(shown.get(str(code), code)),
            default=default,
            required=True,
        )

    def held(column: str) -> list[str]:
        return tables.options(terms, column, [str(row[column]) for row in rows])

    currency = str(present.raw["currency"])
    stores = {code: tables.store_names(said).get(code, code) for code in held("store")}
    return {
        "name": TextColumn(said.t("Plan"), required=True, default=said.t("monthly")),
        "price": NumberColumn(said.t("Price of a payment"), min_value=0.0, format="%.6g"),
        "currency": choice(said.t("Currency"), [*dict.fromkeys((currency, *CURRENCIES))], currency),
        "period": choice(said.t("It covers"), tables.period_names(said), "month"),
        "share": NumberColumn(
            said.t("Share of payers"), min_value=0.0, max_value=1.0, default=1.0, format="%.3g"
        ),
        "store": choice(said.t("Store"), stores, "app_store"),
        "storefront": choice(said.t("Storefront"), held("storefront"), "*"),
        "program": choice(said.t("Programme"), held("program"), "standard"),
        "product": choice(said.t("Product"), tables.product_names(said), "subscription"),
        "price_includes_tax": choice(said.t("Price contains tax"), tables.tax_names(said), "terms"),
    }


def _own(present: Present, study: ScenarioStudy, said: Words) -> None:
    held = cache.ask(own.sources)
    if held.empty:
        st.info(
            said.t(
                "No data of your own are held. Import events, payments or bills on the Data page, "
                "or draw a made-up history with `artonomics simulate demo`."
            ),
            icon=":material/inbox:",
        )
        return
    kinds = dict(zip(held["source"], held["evidence_kind"], strict=True))
    bills = said.t("bills of machines")
    source = st.selectbox(
        said.t("Source"),
        list(kinds),
        key="economics:own",
        format_func=lambda code: (
            f"{bills if code == own.BILLS else code} ({said.evidence(kinds[code])})"
        ),
    )
    if source is None:
        return
    if kinds[source] == "simulated":
        st.warning(
            said.t(
                "**Simulated.** This history is made up: a result that rests on it says nothing "
                "about any real app."
            ),
            icon=":material/casino:",
        )
    told = study.scenario.document
    found = cache.study(own.own_inputs, source, told.currency, told.as_of)
    known = found.loc[found["value"].notna()]
    faults = [plain(reason) for reason in found.loc[found["name"].eq(""), "reason"]]
    if known.empty:
        head = said.t("As known on {date}, it tells no input.", date=said.date(told.as_of))
        st.info("  \n".join([head, *faults]), icon=":material/inbox:")
    else:
        _taking(present, source, known, said)
    untold = found.loc[found["value"].isna() & found["name"].ne("")]
    if len(untold):
        lines = [
            f"- {plain(names.input_name(row['name'], said))}: {plain(row['reason'])}"
            for row in untold.to_dict("records")
        ]
        with st.expander(said.t("What it does not tell, and why")):
            st.markdown("\n".join(lines))


def _taking(present: Present, source: str, known: pd.DataFrame, said: Words) -> None:
    figures = {
        str(row["name"]): (
            f"{names.input_name(row['name'], said)}: "
            f"{names.amount(row['value'], row['unit'], said)}"
        )
        for row in known.to_dict("records")
    }
    with st.form(f"economics:own:{source}", border=False):
        chosen = st.multiselect(
            said.t("Inputs to take from it"),
            list(figures),
            key="economics:own:names",
            format_func=figures.__getitem__,
            placeholder=said.t("Choose"),
        )
        if st.form_submit_button(said.t("Take them"), type="primary") and chosen:
            commit(present, lambda: scenarios.with_own_data(present.raw, source, chosen), said)


def _settings(present: Present, study: ScenarioStudy, said: Words) -> None:
    told = study.scenario.document
    with st.form(f"economics:settings:{present.version}", border=False):
        first, second, third = st.columns(3)
        with first:
            sourcing = st.selectbox(
                said.t("How pictures are sourced"),
                list(SOURCINGS),
                list(SOURCINGS).index(told.sourcing),
                key=f"economics:sourcing:{present.version}",
                format_func=lambda code: names.sourcing_name(code, said),
            )
            currencies = [*dict.fromkeys((told.currency, *CURRENCIES))]
            currency = st.selectbox(
                said.t("Currency"), currencies, key=f"economics:currency:{present.version}"
            )
        with second:
            months = st.number_input(
                said.t("Horizon (months)"),
                1,
                600,
                told.horizon_months,
                key=f"economics:horizon:{present.version}",
            )
            hurdle = st.number_input(
                said.t("Hurdle rate (% a year)"),
                -99.0,
                1_000.0,
                100 * told.hurdle_rate,
                1.0,
                key=f"economics:hurdle:{present.version}",
            )
        with third:
            as_of = st.date_input(
                said.t("As known on"),
                told.as_of,
                _FIRST_DAY,
                _LAST_DAY,
                key=f"economics:as-of:{present.version}",
                format="YYYY-MM-DD",
            )
        settings = {
            "sourcing": sourcing,
            "currency": currency,
            "horizon_months": int(months),
            "hurdle_rate": round(float(hurdle) / 100, 6),
            "as_of": as_of.isoformat() if isinstance(as_of, date) else told.as_of.isoformat(),
        }
        if st.form_submit_button(said.t("Apply the settings"), type="primary"):
            commit(present, lambda: scenarios.with_settings(present.raw, settings), said)
    st.caption(
        said.t(
            "With another currency, amounts are converted at the European Central Bank's rate of "
            "their day, and each says so. What became public after the day is not used."
        )
    )
