"""What a scenario is given, to look at and to change: inputs, plans, one's own data, settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.column_config import DateColumn, NumberColumn, TextColumn

from dashboard import cache, scenarios
from dashboard.app_pages import economics_plans
from dashboard.app_pages.economics_held import (
    Present,
    commit,
    current,
    hold_typed,
    refuse,
    typed_of,
)
from dashboard.components import evidence_badge, plain
from dashboard.states import fragment
from dashboard.studies.economics import own
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import inputs as tables
from dashboard.tables.economics import names, typed
from dashboard.tables.faults import note
from dashboard.text import MISSING, Words
from etl.analytics.inputs import INPUTS, SOURCINGS
from etl.errors import InputError

_FIRST_DAY = date(2000, 1, 1)
_LAST_DAY = date(2100, 1, 1)
_NUMBER_PX = 95
NO_VALUE = "economics:others"
_BEGUN = "economics:begun"
"""Rows of the table and what was typed before it held them."""


def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show everything that is given, each part behind its tab."""
    st.header(said.t("What goes in"), anchor=False)
    parts = st.tabs(
        [said.t("Inputs"), said.t("Plans"), said.t("Your own data"), said.t("Settings")]
    )
    for part, draw in zip(parts, (_inputs, economics_plans.show, _own, _settings), strict=True):
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


@fragment
def _inputs(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show the table of inputs; what is typed stays until it is applied or taken back."""
    chosen = list(st.session_state.get(NO_VALUE, []))
    frame = tables.with_others(study, chosen)
    st.markdown(_counts(frame, said))
    shown = tables.per_cent(frame, said)
    edited = st.data_editor(
        _begun(present, shown, said),
        hide_index=True,
        height="content",
        column_config=_input_columns(said),
        disabled=[name for name in shown if name not in tables.EDITABLE],
        key=f"economics:table:{present.version}",
        placeholder=MISSING,
        alt=said.t("Inputs of the scenario"),
    )
    rows = _edited(shown, edited)
    hold_typed(present, rows)
    _applying(present, study, rows, said)
    st.caption(
        said.t(
            "Value, low and high can be typed over; a blank value is not given. What you type is "
            "assumed and loses its source. Where the unit is %, type per cent: 5 is 5%."
        )
    )
    st.multiselect(
        said.t("Show other inputs too"),
        [*chosen, *tables.others(frame)],
        key=NO_VALUE,
        format_func=lambda name: names.input_name(name, said),
        placeholder=said.t("Choose"),
    )
    _putting_back(present, said)


def _applying(
    present: Present, study: ScenarioStudy, rows: Mapping[str, scenarios.Row], said: Words
) -> None:
    """Offer to apply what was typed; what cannot be is told beside it and stays."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            said.t("Apply the changes"),
            type="primary",
            icon=":material/check:",
            key="economics:apply",
        )
        if rows:
            waiting = said.n(
                "{n} typed input is not applied yet.",
                "{n} typed inputs are not applied yet.",
                len(rows),
            )
            st.markdown(f":orange-badge[:material/edit: {waiting}]", width="content")
    units = {
        name: INPUTS[name].unit.replace("{c}", study.scenario.document.currency) for name in rows
    }
    faults = [
        told
        for name, row in rows.items()
        if (told := typed.fault(name, (row.value, row.low, row.high), units[name], said))
    ]
    if faults:
        head = said.t("**Not taken.** Nothing was changed.")
        st.error("  \n".join([head, *map(plain, faults)]), icon=":material/error:")
    elif pressed and rows:
        commit(present, lambda: current(present), said)


def _begun(present: Present, shown: pd.DataFrame, said: Words) -> pd.DataFrame:
    """Return the table to type over, with what was typed while it held other rows.

    The editor forgets what was typed when its rows change, and begins anew from what it is given;
    so it is given its own figures only then.
    """
    place = (present.version, said.language, tuple(shown.index))
    held = st.session_state.get(_BEGUN)
    if held is None or held[0] != place:
        held = (place, typed_of(present))
        st.session_state[_BEGUN] = held
    table = shown.copy()
    for name, row in held[1].items():
        if name in table.index:
            told = [row.value, row.low, row.high]
            table.loc[name, list(tables.EDITABLE)] = [
                float("nan") if each is None else typed.shown(name, each) for each in told
            ]
    return table


def _counts(frame: pd.DataFrame, said: Words) -> str:
    missing, left_out = said.t("missing"), said.t("not given, left out")
    looks = {
        tables.MISSING: f":red-badge[:material/error: {missing}]",
        tables.LEFT_OUT: f":gray-badge[:material/remove: {left_out}]",
    }
    return " ".join(
        f"{looks.get(kind) or evidence_badge(said, kind)} {n}"
        for kind, n in tables.counted(frame).items()
    )


def _input_columns(said: Words) -> dict[str, Any]:
    number = "%.6g"
    return {
        "input": TextColumn(said.t("Input"), pinned=True, width=255),
        "value": NumberColumn(said.t("Value"), format=number, width=_NUMBER_PX),
        "low": NumberColumn(said.t("Low"), format=number, width=_NUMBER_PX),
        "high": NumberColumn(said.t("High"), format=number, width=_NUMBER_PX),
        "unit": TextColumn(said.t("Unit"), width=130),
        "evidence": TextColumn(said.t("Evidence"), width=130),
        "source": TextColumn(said.t("Source, or why it is missing"), width=380),
        "as_of": DateColumn(said.t("As of"), format="YYYY-MM-DD", width=95),
        "part": TextColumn(said.t("Part"), width="small"),
    }


def _edited(shown: pd.DataFrame, edited: pd.DataFrame) -> dict[str, scenarios.Row]:
    """Return the rows that a reader changed, by input, each figure in the input's own unit."""
    rows: dict[str, scenarios.Row] = {}
    for name in map(str, shown.index):
        was, now = shown.loc[name], edited.loc[name]
        row = [None if pd.isna(now[key]) else float(now[key]) for key in tables.EDITABLE]
        before = [None if pd.isna(was[key]) else float(was[key]) for key in tables.EDITABLE]
        if row == before:
            continue
        if row[1:] == before[1:] and not _holds(row):
            row[1:] = [None, None]  # the range belonged to the old figure
        rows[name] = scenarios.Row(
            *(each if each is None else typed.meant(name, each) for each in row)
        )
    return rows


def _holds(row: list[float | None]) -> bool:
    value, low, high = row
    return None not in (value, low, high) and low <= value <= high  # pyright: ignore


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
        commit(present, lambda: _put_back(present, back), said)


def _put_back(present: Present, names_of: list[str]) -> scenarios.Raw:
    """Return the scenario with some inputs as they were, whatever was typed over them."""
    kept = {name: row for name, row in typed_of(present).items() if name not in names_of}
    raw = scenarios.with_inputs(present.raw, kept)
    return scenarios.put_back(raw, present.base, names_of)


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
    faults = [plain(note(reason, said)) for reason in found.loc[found["name"].eq(""), "reason"]]
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
            commit(present, lambda: scenarios.with_own_data(current(present), source, chosen), said)


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
            "horizon_months": int(months),
            "hurdle_rate": round(float(hurdle) / 100, 6),
            "as_of": as_of.isoformat() if isinstance(as_of, date) else told.as_of.isoformat(),
        }
        if st.form_submit_button(said.t("Apply the settings"), type="primary"):
            commit(present, lambda: scenarios.with_settings(current(present), settings), said)
    st.caption(said.t("What became public after the day is not used."))
