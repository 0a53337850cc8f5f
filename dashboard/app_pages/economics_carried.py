"""A published claim about the users of a server, worked out again for cards then and now."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages.economics_choice import Present
from dashboard.components import Card, Provenance, figure_card, plain
from dashboard.figures.economics.carried import carried_users_figure
from dashboard.figures.theme import Mode
from dashboard.states import fragment
from dashboard.studies.economics.carried import (
    CARDS,
    MODEL,
    SPREAD,
    HabitChoice,
    card_rates,
    carried,
    claim,
    models,
)
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import carried as tables
from dashboard.text import Words

_DAY_HOURS = 24


@fragment
def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show how many users a server carries under each reading of the word."""
    st.header(said.t("How many users does one server carry?"), anchor=False)
    controls.guarded(lambda: _body(study, said), said)


def _body(study: ScenarioStudy, said: Words) -> None:
    day = study.scenario.document.as_of
    found = cache.study(claim, day)
    if found is None:
        st.info(
            said.t(
                "**No claim about the users of a server was public on {date}.** Move the "
                "scenario's day in its settings.",
                date=said.date(day),
            ),
            icon=":material/inbox:",
        )
        return
    held = cache.study(models)
    if not held:
        st.info(
            said.t(
                "**No published benchmark is held.** Run `artonomics etl run --offline` to collect "
                "the bundled ones."
            ),
            icon=":material/inbox:",
        )
        return
    choice = _choice(study, held, found.wait_seconds or HabitChoice().wait_seconds, said)
    if not choice.cards:
        st.info(said.t("**No card is chosen.** Choose one above."), icon=":material/memory:")
        return
    cards = cache.drawn(
        "economics:carried", lambda mode: _cards(study, choice, said, mode), said, day, choice
    )
    for card in cards:
        card()


def _choice(study: ScenarioStudy, held: list[str], wait: float, said: Words) -> HabitChoice:
    ratio = float(study.scenario.inputs.values()["peak_to_mean_ratio"])
    with st.container(border=True):
        left, right = st.columns(2)
        with left:
            model = controls.option(
                "car_model",
                said.t("Pictures of the model (published benchmark)"),
                held,
                MODEL if MODEL in held else held[0],
                said,
                name=str,
            )
        rates = cache.study(card_rates, model)
        with right:
            known = [str(card) for card in rates["card"]]
            default = [card for card in CARDS if card in known]
            cards = controls.several("car_cards", said.t("Cards to compare"), known, default, said)
        first, second, third = st.columns(3)
        with first:
            n_cards = controls.whole(
                "car_n", said.t("Cards of a server, assumed"), 4, (1, 64), said
            )
            seconds = controls.amount(
                "car_wait", said.t("Wait promised, p95 (s)"), wait, (0.1, 86_400.0), said
            )
        with second:
            active = controls.amount(
                "car_active",
                said.t("Registered users active on a day (%)"),
                10.0,
                (0.1, 100.0),
                said,
            )
            images = controls.amount(
                "car_images",
                said.t("Pictures of an active user a day"),
                5.0,
                (0.01, 10_000.0),
                said,
            )
        with third:
            peak = controls.amount(
                "car_peak",
                said.t("Busiest hour over mean hour"),
                min(max(ratio, 1.0), float(_DAY_HOURS)),
                (1.0, float(_DAY_HOURS)),
                said,
            )
            gap = controls.amount(
                "car_gap", said.t("Seconds between a user's pictures"), 30.0, (1.0, 86_400.0), said
            )
    return HabitChoice(
        model, tuple(cards), n_cards, active / 100, images, peak / _DAY_HOURS, gap, seconds
    )


def _cards(study: ScenarioStudy, choice: HabitChoice, said: Words, mode: Mode) -> list[Card]:
    found = cache.study(claim, study.scenario.document.as_of)
    assert found is not None
    frame = carried(cache.study(card_rates, choice.model), found, choice)
    told = Provenance(
        "assumed",
        said.t("users of one server"),
        found.as_of,
        said.t(
            "claim: {source}; speeds: published benchmark; habits as above", source=found.source
        ),
        found.source_url,
    )
    notes = (
        said.t(
            "Habits are assumed, each between its value over {n} and its value times {n}; the ends "
            "take all of them at their worst and at their best.",
            n=said.number(SPREAD, digits=0),
        ),
        said.t(
            "The cards of a server work as one at their joint speed, and times of a picture vary "
            "as much as exponential ones. A card without a published rate is estimated from the "
            "benchmarked card of its generation that is nearest in dense rate."
        ),
    )
    return [
        partial(
            _sentences, tables.claim_sentence(found, said), tables.sentences(frame, choice, said)
        ),
        partial(
            figure_card,
            said,
            said.t("Users of one server, beside the claim"),
            carried_users_figure(tables.figure_frame(frame, said), said, mode),
            tables.table(frame, said),
            told,
        ),
        *(partial(st.caption, plain(note)) for note in notes),
    ]


def _sentences(claimed: str, cards: list[str]) -> None:
    with st.container(border=True):
        st.markdown("\n".join([plain(claimed), "", *(f"- {plain(card)}" for card in cards)]))
