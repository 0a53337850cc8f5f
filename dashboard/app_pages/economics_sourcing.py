"""Own, rent, serverless or API: dated prices, their curves, and where each is the cheapest."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages.economics_choice import Present
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures.economics.sourcing import sourcing_figure
from dashboard.figures.theme import Mode
from dashboard.states import fragment
from dashboard.studies.economics.prices import KINDS, Kind, family_of
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.studies.economics.sourcing import (
    MOST,
    SourcingChoice,
    SourcingStudy,
    sourcing_study,
)
from dashboard.studies.economics.speeds import of_scenario
from dashboard.tables.economics import sourcing as tables
from dashboard.text import Words
from etl.analytics.quantities import weakest

_MOST_CARDS = 64


@fragment
def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show the prices to choose from and where each way is the cheapest."""
    st.header(said.t("Own, rent, serverless or API"), anchor=False)
    controls.guarded(lambda: _body(present.written, study, said), said)


def _body(written: str, study: ScenarioStudy, said: Words) -> None:
    choice = _choice(written, study, said)
    if choice is None:
        return
    found = _found(written, choice)
    with st.container(border=True):
        st.markdown(plain(tables.sentence(found, said)))
    for card in cache.drawn(
        "economics:sourcing",
        lambda mode: _cards(written, choice, said, mode),
        said,
        written,
        choice,
    ):
        card()


def _made(said: Words) -> str:
    return said.t(
        "Pictures here are those that machines make, retries and blocked ones among them; above, "
        "the cost of a thousand is that of delivered ones."
    )


def _found(written: str, choice: SourcingChoice) -> SourcingStudy:
    study = cache.study(scenario_study, written)
    held, known = cache.study(of_scenario, written), controls.prices_of(written)
    return sourcing_study(study, held, known, choice)


def _choice(written: str, study: ScenarioStudy, said: Words) -> SourcingChoice | None:
    known = controls.prices_of(written)
    codes: dict[Kind, tuple[str, float]] = {}
    with st.container(border=True):
        speed = controls.speed("src_speed", written, said)
        if speed is None:
            return None
        family = family_of(speed.device)
        columns = st.columns(2)
        for place, kind in enumerate(KINDS):
            with columns[place % 2]:
                default = known.default(kind, family)
                codes[kind] = controls.price("src", kind, known, default, (study.currency, said))
        left, right = st.columns(2)
        with left:
            cards = controls.whole(
                "src_cards",
                said.t("Cards of a bought server"),
                1,
                (1, _MOST_CARDS),
                said,
                said.t("The scenario's own speed is that of a whole machine."),
            )
        with right:
            most = controls.whole(
                "src_most", said.t("Pictures a day, up to"), MOST, (1_000, 10_000_000), said
            )
    return SourcingChoice(
        speed.code,
        **{kind: code for kind, (code, _) in codes.items()},
        typed=(codes["own"][1], codes["rent"][1], codes["serverless"][1], codes["api"][1]),
        cards=cards,
        most=most,
    )


def _cards(written: str, choice: SourcingChoice, said: Words, mode: Mode) -> list[Card]:
    found = _found(written, choice)
    study = cache.study(scenario_study, written)
    kinds = list(found.curves["evidence_kind"])
    told = Provenance(
        weakest(kinds) if kinds else "assumed",
        said.t("{currency} for 1,000 pictures", currency=found.currency),
        study.scenario.document.as_of,
        said.t("the dated prices and the speed chosen above"),
    )
    figure = sourcing_figure(
        tables.curves(found, said), tables.intervals(found, said), found.currency, said, mode
    )
    return [
        partial(
            figure_card,
            said,
            said.t("What a thousand pictures cost, by pictures a day"),
            figure,
            tables.costs(found, said),
            told,
        ),
        *(partial(st.caption, plain(note)) for note in (*tables.notes(found, said), _made(said))),
        partial(
            table_card,
            said,
            tables.stretches(found, said),
            heading=said.t("From how many pictures a day each way is the cheapest"),
            provenance=told,
        ),
        partial(
            table_card,
            said,
            tables.prices(found, said),
            heading=said.t("The dated prices used"),
            note=said.t("Converted at the European Central Bank's rate of the day of each price."),
        ),
    ]
