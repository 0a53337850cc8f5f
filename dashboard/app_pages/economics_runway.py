"""Cash runway: what comes and goes by month where stores pay later than users."""

from __future__ import annotations

from functools import partial
from typing import cast

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages.economics_choice import Present
from dashboard.components import Card, Provenance, figure_card, metric_tile, plain, table_card
from dashboard.figures.economics.runway import runway_figure
from dashboard.figures.theme import Mode
from dashboard.states import fragment
from dashboard.studies.economics.runway import (
    LAG_DAYS,
    OWNED,
    WAYS,
    CashChoice,
    CashStudy,
    PaidServers,
    ServersPaid,
    cash_study,
    missing_inputs,
    opening_cash,
)
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.tables.economics import names
from dashboard.tables.economics import runway as tables
from dashboard.text import MISSING, Words

_MOST = 1e15


@fragment
def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show how long the cash lasts."""
    st.header(said.t("Cash runway"), anchor=False)
    controls.guarded(lambda: _body(present.written, study, said), said)


def _body(written: str, study: ScenarioStudy, said: Words) -> None:
    missing = missing_inputs(study)
    if missing:
        controls.missing(missing, said)
        return
    choice = _choice(study, said)
    cards = cache.drawn(
        "economics:runway", lambda mode: _cards(written, choice, said, mode), said, written, choice
    )
    for card in cards:
        card()


def _choice(study: ScenarioStudy, said: Words) -> CashChoice:
    with st.container(border=True):
        first, second, third = st.columns(3)
        with first:
            cash = controls.amount_or_none(
                "cash_opening",
                said.t("Cash at the start ({currency})", currency=study.currency),
                opening_cash(study),
                (-_MOST, _MOST),
                said,
                said.t("The scenario's own, or what you type: then it is assumed."),
            )
            months = controls.whole(
                "cash_months",
                said.t("Months to look at"),
                study.scenario.document.horizon_months,
                (1, 120),
                said,
            )
        with second:
            growth = controls.amount(
                "cash_growth",
                said.t("Growth of users a month (%), assumed"),
                0.0,
                (-99.0, 1_000.0),
                said,
            )
            cost_lag = controls.whole(
                "cash_cost_lag", said.t("Days until costs are paid, assumed"), 0, (0, 365), said
            )
        with third:
            lag = controls.whole(
                "cash_lag",
                said.t("Days until payout where no terms tell it, assumed"),
                LAG_DAYS,
                (0, 365),
                said,
            )
        servers = _servers(study, said)
    return CashChoice(cash, months, growth / 100, lag, cost_lag, servers)


def _servers(study: ScenarioStudy, said: Words) -> ServersPaid:
    """Let the reader say how owned servers are paid."""
    usual = ServersPaid()
    if study.scenario.document.sourcing not in OWNED:
        return usual
    first, second, third = st.columns(3)
    with first:
        way = controls.option(
            "cash_servers",
            said.t("Owned servers are paid"),
            WAYS,
            usual.way,
            said,
            name=lambda way: tables.way_name(way, said),
            help=said.t(
                "Where the scenario's investment is what the servers cost, choose it, or they are "
                "paid twice."
            ),
        )
    if way != "credit":
        return ServersPaid(cast(PaidServers, way))
    with second:
        months = controls.whole(
            "cash_credit_months",
            said.t("Months of the credit, assumed"),
            usual.credit_months,
            (1, 120),
            said,
        )
    with third:
        rate = controls.amount(
            "cash_credit_rate",
            said.t("Interest of the credit a year (%), assumed"),
            100 * usual.credit_rate,
            (0.0, 100.0),
            said,
        )
    return ServersPaid("credit", months, rate / 100)


def _cards(written: str, choice: CashChoice, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(scenario_study, written)
    found = cash_study(study, choice)
    assert found.runway is not None
    told = Provenance(
        found.evidence_kind,
        said.t("{currency} at the end of each month", currency=found.currency),
        study.scenario.document.as_of,
        said.t("a month of the scenario spread evenly over its days; payouts by the stores' terms"),
    )
    return [
        partial(_sentence, tables.sentence(found, said)),
        partial(_tiles, found, told, said),
        partial(
            figure_card,
            said,
            said.t("Cash by month"),
            runway_figure(tables.figure_frame(found.runway), found.currency, said, mode),
            tables.months(found, said),
            told,
        ),
        *(partial(st.caption, plain(line)) for line in tables.lags(found, said)),
        partial(
            table_card,
            said,
            tables.stores(found, said),
            heading=said.t("Proceeds by store"),
            provenance=told,
        ),
    ]


def _sentence(text: str) -> None:
    with st.container(border=True):
        st.markdown(plain(text))


def _tiles(study: CashStudy, told: Provenance, said: Words) -> None:
    found = study.runway
    assert found is not None
    lowest = (
        (
            said.t("Lowest cash"),
            names.amount(found.lowest_cash, study.currency, said),
            said.date(found.lowest_on),
        ),
        (
            said.t("First day below zero"),
            MISSING if found.below_zero_on is None else said.date(found.below_zero_on),
            said.t("not within these months") if found.below_zero_on is None else "",
        ),
    )
    needed = (
        (
            said.t("Cash needed to get through"),
            names.amount(tables.cash_needed(study), study.currency, said),
            said.date(found.lowest_on),
        ),
    )
    shown = (
        *(lowest if study.knows_opening else needed),
        (
            said.t("Working capital bound"),
            names.amount(found.most_working_capital, study.currency, said),
            said.date(found.most_working_capital_on),
        ),
    )
    for column, (label, value, note) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            metric_tile(said, label, value, told, notes=[plain(note)] if note else [])
