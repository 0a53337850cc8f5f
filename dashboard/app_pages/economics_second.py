"""The price of a second: what each promise to payers costs, and who would have to pay for it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.components import Card, Provenance, figure_card, plain
from dashboard.figures.economics.second import price_of_a_second_figure
from dashboard.figures.theme import Mode
from dashboard.studies.economics.capacity import CapacityChoice
from dashboard.studies.economics.prices import chosen_hour, family_of
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.studies.economics.seconds import (
    gain_of_a_payer,
    in_one_line,
    seconds_missing,
    seconds_need_simulation,
    seconds_study,
)
from dashboard.studies.economics.speeds import SpeedChoice, chosen_speed, of_scenario
from dashboard.tables.economics import capacity as tables
from dashboard.tables.economics import names
from dashboard.text import Words


def show(
    written: str, study: ScenarioStudy, about: tuple[SpeedChoice, CapacityChoice], said: Words
) -> None:
    """Show what a promised second costs."""
    speed, choice = about
    st.subheader(said.t("The price of a second"), anchor=False)
    missing = seconds_missing(study)
    if missing:
        controls.missing(missing, said)
        return
    known = controls.prices_of(written)
    with st.container(border=True):
        default = known.default("rent", family_of(speed.device))
        code, typed = controls.price("cap", "rent", known, default, (study.currency, said))
        has_formula = not seconds_need_simulation(study, speed, choice)
        simulates = False
        if not has_formula:
            simulates = controls.switch(
                "cap_second",
                said.t("Simulate every promise (some seconds)"),
                said,
                said.t("Without it everybody is taken to wait in one line, by formula."),
            )
    hour = chosen_hour(study, known, code, typed)
    if hour is None:
        st.info(
            said.t("**No price of a machine's hour was chosen.** Choose one, or type your own."),
            icon=":material/sell:",
        )
        return
    if speed.batches is not None and not simulates:
        st.caption(said.t("Batches have no formula for the wait: simulate the promises above."))
        return
    asked = choice if simulates or has_formula else in_one_line(choice)
    with st.spinner(said.t("Working out the promises …"), show_time=True):
        cards = cache.drawn(
            "economics:second",
            lambda mode: _cards(written, (speed.code, asked, code, typed), said, mode),
            said,
            written,
            speed.code,
            asked,
            code,
            typed,
        )
    for card in cards:
        card()


def _cards(
    written: str, about: tuple[str, CapacityChoice, str, float], said: Words, mode: Mode
) -> list[Card]:
    speed_code, choice, code, typed = about
    study = cache.study(scenario_study, written)
    speed = chosen_speed(cache.study(of_scenario, written), speed_code)
    hour = chosen_hour(study, controls.prices_of(written), code, typed)
    assert speed is not None
    assert hour is not None
    frame = seconds_study(study, speed, choice, hour)
    source = said.t(
        "machines for the busiest hour run all month, at {price} an hour",
        price=names.amount(hour.value, study.currency, said),
    )
    told = Provenance(
        str(frame["evidence_kind"].iloc[0]),
        said.t("{currency} a payer and month", currency=study.currency),
        hour.as_of or study.scenario.document.as_of,
        source,
        hour.source_url,
    )
    line = (
        said.t("Payers first; free users are promised nothing.")
        if choice.line == "first"
        else said.t("One line for all, so that free users wait no longer than payers.")
    )
    return [
        partial(_sentence, tables.price_sentence(frame, study.currency, said)),
        partial(
            figure_card,
            said,
            said.t("What each promise to payers costs"),
            price_of_a_second_figure(frame, study.currency, said, mode),
            tables.seconds(frame, study.currency, said),
            told,
        ),
        partial(st.caption, plain(said.sentences([line, _gain(study, said)]))),
    ]


def _gain(study: ScenarioStudy, said: Words) -> str:
    """Say what one more payer is taken to bring."""
    gain, counts_pictures = gain_of_a_payer(study)
    amount = names.amount(gain, study.currency, said)
    if counts_pictures:
        return said.t(
            "One more paying user is taken to bring {amount} a month: a payer's contribution less "
            "that of a user who does not pay.",
            amount=amount,
        )
    return said.t(
        "One more paying user is taken to bring {amount} a month: proceeds after refunds and "
        "chargebacks, since the contribution is not known or no higher.",
        amount=amount,
    )


def _sentence(text: str) -> None:
    with st.container(border=True):
        st.markdown(plain(text))
