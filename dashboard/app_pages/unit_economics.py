"""The page of unit economics answers: does one user earn more than the images cost."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import cache
from dashboard.app_pages import (
    economics_capacity,
    economics_carried,
    economics_compare,
    economics_inputs,
    economics_pictures,
    economics_runway,
    economics_sourcing,
)
from dashboard.app_pages import economics_cards as cards
from dashboard.app_pages import economics_choice as choice
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages import economics_currency as currency
from dashboard.app_pages import economics_verdict as verdicts
from dashboard.app_pages import economics_wave as machines_of_a_wave
from dashboard.app_pages.economics_held import Present
from dashboard.app_pages.economics_what_if import what_ifs
from dashboard.app_pages.filters import kept_line
from dashboard.states import Part, part, parts, with_states
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.text import Words, words
from etl.errors import InputError


def page(said: Words) -> None:
    """Show the page in one language."""
    st.title(said.t("Does one user earn more than the images cost?"), anchor=False)
    with_states(said, _body)


def _body(said: Words) -> None:
    present, known = choice.choose(said)
    kept_line(said)
    if present is not None:
        _scenario(present, said)
    part(
        said,
        lambda: economics_compare.show(present, currency.of_known(known), said),
        name="economics:compare",
    )


def _scenario(present: Present, said: Words) -> None:
    try:
        study = cache.study(scenario_study, present.written)
    except InputError as fault:
        economics_inputs.mend(present, fault, said)
        return
    shown = [
        Part(
            f"economics:{section.__module__}.{section.__qualname__}",
            lambda section=section: section(present, study, said),
            height_px,
            ("disclosed_facts", "net_proceeds", "fx_rates"),
        )
        for section, height_px in SECTIONS.items()
    ]
    parts(said, shown)


def _simulated(present: Present, study: ScenarioStudy, said: Words) -> None:
    given = study.scenario.inputs.given.values()
    if any(quantity.evidence_kind == "simulated" for quantity in given):
        st.warning(
            said.t(
                "**Simulated.** Some inputs come from a made-up history: what follows shows what "
                "the page can do and says nothing about any real app."
            ),
            icon=":material/casino:",
        )


def _answer(present: Present, study: ScenarioStudy, said: Words) -> None:
    if study.month is None and study.wave is None:
        st.info(
            said.t(
                "**This scenario describes neither a month nor a wave.** Give monthly active users "
                "or the payers among them, or the installs of a wave."
            ),
            icon=":material/edit:",
        )
    if study.month is not None:
        verdicts.verdict(present, study, cards.found_of(study, "month"), said)
        verdicts.tiles(study, study.month.evaluation, verdicts.MONTH_TILES, said)
    if study.wave is not None:
        if study.month is not None:
            st.header(said.t("Is the wave turned into cash?"), anchor=False)
        verdicts.verdict(present, study, cards.found_of(study, "wave"), said)
        verdicts.tiles(study, study.wave.evaluation, verdicts.WAVE_TILES, said)


def _try_out(present: Present, study: ScenarioStudy, said: Words) -> None:
    what_ifs(present, said)


def _month(present: Present, study: ScenarioStudy, said: Words) -> None:
    if study.month is None:
        return
    st.header(said.t("From the price to what is left"), anchor=False)
    written = present.written
    controls.draw(
        "economics:month", lambda mode: cards.month_cards(written, said, mode), said, written
    )
    _break_even(present, study, said)
    _odds(present, "month", said)


def _break_even(present: Present, study: ScenarioStudy, said: Words) -> None:
    st.header(said.t("Break-even"), anchor=False)
    written = present.written
    pair = cards.surface_controls(study, said)
    if pair is not None:
        controls.draw(
            "economics:surface",
            lambda mode: cards.surface_cards(written, pair, said, mode),
            said,
            written,
            pair,
        )


def _wave(present: Present, study: ScenarioStudy, said: Words) -> None:
    if study.wave is None:
        return
    st.header(said.t("The wave"), anchor=False)
    written = present.written
    controls.draw(
        "economics:wave", lambda mode: cards.chain_cards(written, said, mode), said, written
    )
    if study.month is None:
        _break_even(present, study, said)
    _odds(present, "wave", said)


def _odds(present: Present, which: str, said: Words) -> None:
    written = present.written
    controls.draw(
        f"economics:odds:{which}",
        lambda mode: cards.odds_cards(written, which, said, mode),
        said,
        written,
    )
    cards.steps_card(written, which, said)


SECTIONS: dict[Callable[[Present, ScenarioStudy, Words], None], int] = {
    _simulated: 1,
    _answer: 420,
    economics_inputs.show: 300,
    _try_out: 420,
    economics_pictures.show: 300,
    _month: 1800,
    _wave: 1200,
    cards.beside: 500,
    economics_capacity.show: 900,
    economics_carried.show: 500,
    economics_sourcing.show: 900,
    machines_of_a_wave.show: 600,
    economics_runway.show: 900,
}
"""What stands on the page about the scenario, in order, and about how high each is in pixels."""


if __name__ == "__main__":
    page(words(st.session_state["lang"]))
