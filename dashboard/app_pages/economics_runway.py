"""Cash runway: what comes and goes by month where stores pay later than users."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages.economics_choice import Present
from dashboard.components import Card, Provenance, figure_card, metric_tile, plain, table_card
from dashboard.figures.economics.runway import runway_figure
from dashboard.figures.theme import Mode
from dashboard.studies.economics.runway import (
    LAG_DAYS,
    CashChoice,
    CashStudy,
    cash_study,
    missing_inputs,
    opening_cash,
)
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.tables.economics import names
from dashboard.tables.economics import runway as tables
from dashboard.text import MISSING, Words

_MOST = 1e15


@st.fragment
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
            cash = controls.amount(
                "cash_opening",
                said.t("Cash at the start ({currency}; 0 = not told)", currency=study.currency),
                opening_cash(study) or 0.0,
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
    known = cash if cash or opening_cash(study) is not None else None
    return CashChoice(known, months, growth / 100, lag, cost_lag)


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
