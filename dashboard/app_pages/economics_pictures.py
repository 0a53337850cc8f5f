"""What a thousand pictures cost: each kind, the mix, and an avatar pack."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages.economics_choice import Present
from dashboard.app_pages.growth_paying import offered
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures.economics.waterfall import waterfall_figure
from dashboard.figures.theme import Mode
from dashboard.states import fragment
from dashboard.studies.economics.pictures import pictures_study
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.tables.economics import names
from dashboard.tables.economics import pictures as tables
from dashboard.text import Words
from etl.analytics.user_month import BY_USER


@fragment
def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show what the pictures of a scenario cost."""
    st.header(said.t("What a thousand pictures cost"), anchor=False)
    controls.guarded(lambda: _body(present.written, study, said), said)


def _body(written: str, study: ScenarioStudy, said: Words) -> None:
    sourcing = study.scenario.document.sourcing
    if sourcing in BY_USER:
        st.info(
            said.t(
                "**A picture has no cost of its own here**: the scenario counts by user "
                "({sourcing}). Choose another way of sourcing in its settings.",
                sourcing=names.sourcing_name(sourcing, said),
            ),
            icon=":material/image:",
        )
        return
    controls.draw("economics:pictures", lambda mode: _cards(written, said, mode), said, written)


def _cards(written: str, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(scenario_study, written)
    costs = cache.study(pictures_study, written)
    if costs.per_1000 is None:
        if study.scenario.document.mix is None:
            return [partial(controls.missing, list(costs.missing), said)]
        return [partial(controls.sentence, text) for text in tables.lacking(costs, said)]
    currency, told = study.currency, costs.per_1000
    unit = said.t("{currency} for 1,000 pictures", currency=currency)
    provenance = Provenance(
        told.evidence_kind,
        unit,
        study.scenario.document.as_of,
        said.t("inputs of the scenario; retries, blocked pictures and moderation included"),
    )
    frame = tables.parts(costs, told.evidence_kind, said)
    return [
        partial(controls.sentence, said.sentences(tables.sentences(costs, currency, said))),
        partial(
            figure_card,
            said,
            said.t("Parts of the cost of a thousand pictures"),
            waterfall_figure(frame, currency, said, mode, heading_unit=unit),
            offered(pictures_study, (written,), lambda found: tables.kinds(found, currency, said)),
            provenance,
        ),
        *(partial(st.caption, plain(text)) for text in tables.lacking(costs, said)),
        *(_mixed(written, said) if study.scenario.document.mix is not None else ()),
    ]


def _mixed(written: str, said: Words) -> list[Card]:
    """Return what each kind of a mix rests on; one kind alone stands in the table of inputs."""
    table = offered(pictures_study, (written,), lambda found: tables.inputs_of_cells(found, said))
    return [partial(table_card, said, table, heading=said.t("What each kind's cost rests on"))]
