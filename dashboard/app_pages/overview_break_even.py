"""The break-even strip of the Overview: who must pay, with what is stated or what one supposes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.app_pages.overview_sliders import choices
from dashboard.components import (
    Provenance,
    figure_card,
    metric_tile,
    missing_tile,
    plain,
    table_card,
)
from dashboard.figures.break_even import break_even_figure
from dashboard.states import fragment
from dashboard.studies import BreakEvenStudy, break_even_study
from dashboard.studies.break_even import API, SERVER
from dashboard.studies.break_even_rows import Assumptions
from dashboard.tables import break_even as tables
from dashboard.text import MISSING, Words


def show(as_of: date | None, said: Words) -> None:
    """Show the strip; it runs alone when a slider is moved."""
    st.header(said.t("What it would take to break even"), anchor=False)
    study = cache.study(break_even_study, as_of=as_of)
    if study.cost.empty:
        st.info(said.t("The facts about the server were not public yet."), icon=":material/inbox:")
        return
    _strip(as_of, said)


@fragment
def _strip(as_of: date | None, said: Words) -> None:
    answers = st.container()
    assumptions = choices(as_of, said)
    study = cache.study(break_even_study, as_of=as_of, assumptions=assumptions)
    with answers:
        st.markdown(tables.sentence(study, said))
        _tiles(study, said)
    _figure(study, (as_of, assumptions), said)


def _tiles(study: BreakEvenStudy, said: Words) -> None:
    rates = {row["name"]: row for row in study.answers.to_dict("records")}
    columns = st.columns(4)
    with columns[0]:
        label, told = said.t("Must pay: own server"), tables.server_arithmetic(study, said)
        _rate_tile(label, rates.get(SERVER), _first(study.cost), told, said)
    with columns[1]:
        label, told = said.t("Must pay: pictures by API"), tables.api_arithmetic(study, said)
        api = None if study.api is None else _first(study.api.cost)
        _rate_tile(label, rates.get(API), api, told, said)
    with columns[2]:
        _kept_tile(study, said)
    with columns[3]:
        _achieved_tile(study, said)


def _first(frame: pd.DataFrame) -> dict[Any, Any] | None:
    rows = frame.to_dict("records")
    return rows[0] if rows else None


def _rate_tile(
    label: str,
    rate: dict[Any, Any] | None,
    cost: dict[Any, Any] | None,
    told: str,
    said: Words,
) -> None:
    """Show a break-even rate with its arithmetic; without a price the cost stands alone."""
    notes = [told]
    if rate is not None and rate["low"] != rate["high"]:
        ends = {end: said.percent(rate[end]) for end in ("low", "high")}
        notes.insert(0, said.t("{low} to {high}", **ends))
    if rate is not None and rate["low"] > 1:
        more = said.t("more than everybody")
        notes.insert(0, f":orange-badge[{more}]")
    row = rate or cost
    if row is None:
        missing_tile(said, label, told)
        return
    if rate is None:
        notes.append(plain(said.t("no price that users pay was known")))
    metric_tile(
        said,
        label,
        MISSING if rate is None else said.percent(rate["value"]),
        Provenance(row["evidence_kind"], said.t("share of users, in a month"), row["as_of"]),
        notes=[*notes, *tables.oldest_part(row, said)],
    )


def _kept_tile(study: BreakEvenStudy, said: Words) -> None:
    row = _first(study.price)
    label = said.t("Kept of a payment")
    if row is None:
        missing_tile(said, label, plain(said.t("no price that users pay was known")))
        return
    value = said.money(row["net_proceeds"], study.currency)
    kind = "assumed" if row["evidence_kind"] == "assumed" else "estimated"
    terms = Provenance(
        kind, said.t("after tax and store"), row["as_of"], *_source(row, "terms_title", "terms_url")
    )
    metric_tile(said, label, value, terms, notes=[tables.kept_arithmetic(row, study, said)])


def _achieved_tile(study: BreakEvenStudy, said: Words) -> None:
    found = tables.published(study, "subscription_penetration_rate", said)
    label = said.t("Published pay rates")
    if found is None:
        missing_tile(said, label, plain(said.t("nothing was published then")))
        return
    row = found.newest
    what = said.t("subscribers ÷ monthly actives: {told}", told=found.told)
    notes = [
        plain(what),
        *tables.earlier_note(study, found.newest, said),
        *tables.conversion_note(study, said),
        *tables.oldest_part(found.span, said),
    ]
    metric_tile(
        said,
        label,
        found.value,
        Provenance(
            found.evidence_kind,
            "",
            found.span["as_of"],
            *_source(row, "source_title", "source_url"),
        ),
        notes=notes,
    )


def _source(row: dict[Any, Any], *names: str) -> tuple[str, ...]:
    return tuple("" if pd.isna(row[name]) else str(row[name]) for name in names)


def _figure(study: BreakEvenStudy, asked: tuple[date | None, Assumptions], said: Words) -> None:
    newest: Any = None if study.break_even.empty else study.break_even["as_of"].iloc[-1]
    with st.expander(said.t("Every price, every model, and what the strip leaves out")):
        figure_card(
            said,
            said.t("Pay rate that would cover the server, and what is achieved"),
            cache.drawn(
                "break_even", lambda mode: break_even_figure(study, said, mode=mode), said, *asked
            ),
            tables.rates(study, said),
            Provenance(
                "assumed",
                said.t("share of users who pay in a month"),
                newest,
                said.t("stated server, published prices and store terms; assumed life"),
            ),
        )
        if study.api is not None:
            table_card(
                said,
                tables.api_prices(study, said),
                heading=said.t("Prices of pictures by API, and the cost of a user and month"),
                note=said.t("The newest price of each model known on the day."),
            )
        table_card(said, tables.achieved(study, said), heading=said.t("Published shares of payers"))
        notes = [plain(tables.note_sentence(note, said)) for note in study.notes]
        st.markdown("\n".join(f"- {note}" for note in notes))
