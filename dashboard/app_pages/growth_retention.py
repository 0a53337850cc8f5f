"""What stands on the Growth page about who comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.app_pages.growth_choices import View
from dashboard.components import Card, Provenance, Table, figure_card, plain, table_card
from dashboard.figures import labels
from dashboard.figures.growth import retention as figures
from dashboard.figures.theme import Mode
from dashboard.studies.growth.retention import (
    ClaimStudy,
    RetentionStudy,
    claim_study,
    retention_study,
)
from dashboard.tables.growth import names
from dashboard.tables.growth import retention as tables
from dashboard.text import Words


def cards(view: View, said: Words, mode: Mode) -> list[Card]:
    """Return the cards of the section."""
    assert view.retention is not None
    study = cache.study(retention_study, view.retention)

    def offered(make: Callable[[RetentionStudy, Words], Table]) -> Table:
        shown = make(study, said)
        if not cache.held_back():
            return shown
        choice = view.retention

        def passed_on() -> pd.DataFrame:
            return make(cache.passed_on(retention_study, choice), said).frame

        return replace(shown, passed_on=passed_on)

    shown = replace(study, triangle=view.times.within(study.triangle, "cohort"))
    counted = Provenance(
        study.evidence_kind,
        said.t("share of users, 95% Wilson intervals"),
        view.told.last_on,
        said.t("{source}: {rule}", source=view.source, rule=_rule(study, said)),
    )
    return [
        partial(st.header, said.t("Who comes back"), anchor=False),
        partial(st.markdown, plain(_sentence(study, said))),
        partial(
            figure_card,
            said,
            said.t("Retention by cohort"),
            figures.triangle_figure(shown, said, mode, said.date),
            offered(tables.triangle),
            counted,
        ),
        partial(
            figure_card,
            said,
            said.t("Retention of all complete cohorts"),
            figures.curves_figure(study, said, mode),
            offered(tables.curves),
            counted,
        ),
        *_claims(view, said, mode),
    ]


def _rule(study: RetentionStudy, said: Words) -> str:
    told = names.events(said)
    return said.t(
        "{rule}; begins with {target}, comes back by {returning}; clock {zone}",
        rule=names.rules(said)[study.choice.rule],
        target=told.get(study.target, study.target),
        returning=told.get(study.returning, study.returning),
        zone=study.choice.zone,
    )


def _sentence(study: RetentionStudy, said: Words) -> str:
    """Say the average of the first step, and how many cohorts it leaves out."""
    first = figures.average_rate(study, 1)
    if pd.isna(first):
        return said.t("No cohort has had its full time yet, so there is no average.")
    own = study.curves.loc[study.curves["period"] == 1]
    return said.n(
        "On {step} {rate} of {n} user came back: all complete cohorts together. Cohorts without "
        "the full time, left out: {left}.",
        "On {step} {rate} of {n} users came back: all complete cohorts together. Cohorts without "
        "the full time, left out: {left}.",
        int(own["size"].sum()),
        step=figures.step_name(study, 1, said),
        rate=said.percent(first),
        left=said.number(float(own["n_left_out"].max()), digits=0),
    )


def _claims(view: View, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(claim_study, view.source, count_rules=view.all_rules)

    def offered(make: Callable[[ClaimStudy], Table]) -> Table:
        shown = make(study)
        if not cache.held_back():
            return shown

        def passed_on() -> pd.DataFrame:
            own = cache.passed_on(claim_study, view.source, count_rules=view.all_rules)
            return make(own).frame

        return replace(shown, passed_on=passed_on)

    claimed = Provenance(
        "disclosed",
        said.t("share of users"),
        None,
        said.t("published figures; their rule is not stated"),
    )
    ours = Provenance(
        study.evidence_kind or "estimated",
        said.t("share of users"),
        view.told.last_on,
        said.t("our own curves: {source}", source=view.source),
    )
    note = said.t(
        "A figure without its rule is a range: what it can mean under each rule, whatever the "
        "users did. The last column adds an estimate for users who come back in the manner of the "
        "history above."
    )
    rules = names.rules(said)
    own = study.facts.loc[study.facts["entity"] == view.claim].to_dict("records")
    claimant = labels.company(own[0], said, "entity") if own else view.claim
    return [
        partial(st.header, said.t("What a published figure can mean"), anchor=False),
        partial(
            figure_card,
            said,
            said.t("Published figures beside our own curves by every rule"),
            figures.claims_figure(study, view.claim, rules, said, mode),
            offered(lambda s: tables.rules(s, said)),
            ours,
        ),
        partial(
            table_card,
            said,
            offered(lambda s: tables.ranges(s, view.claim, said)),
            heading=said.t("Ranges for {entity}", entity=claimant),
            note=note,
            provenance=Provenance(
                "estimated", "", None, said.t("bounds follow from the definitions alone")
            ),
        ),
        partial(
            table_card,
            said,
            offered(lambda s: tables.facts(s, said)),
            heading=said.t("Published figures"),
            provenance=claimed,
        ),
    ]
