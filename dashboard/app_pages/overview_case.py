"""A ready case on the Overview: choice, answer, bridge, verdict, and what came later."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.app_pages import economics_cards as cards
from dashboard.app_pages import economics_verdict as verdicts
from dashboard.components import (
    MISSING_KIND,
    Provenance,
    evidence_badge,
    plain,
    provenance_note,
    table_card,
)
from dashboard.scenarios import Choice
from dashboard.studies.economics.cases import REPORTING_DAYS, known_later
from dashboard.studies.economics.comparison import leading
from dashboard.studies.economics.scenario import ScenarioStudy, frozen, scenario_study
from dashboard.tables import overview as tables
from dashboard.tables.economics import results
from dashboard.text import MISSING, Words
from etl.analytics.scenario_result import Step

KEY, DEFAULT = "case", "meitu-2022"
ORDER = ("meitu-2022", "lensa-2022", "meitu-2023", "meitu-2024", "meitu-2025", "small-platform")
WAVE_TILES = ("contribution", "contribution_per_install", "hype_multiple")
MONTH_TILES = (
    *("monthly_result", "break_even_paid_conversion_rate", "break_even_with_fixed_costs"),
    *("result_per_user", "contribution_per_user", "contribution_per_payer"),
)


def choose(said: Words) -> Choice:
    """Offer the ready cases; return the chosen one, whose key stands in the address."""
    known = {
        key: case for key, case in scenarios.choices(cache.data_dir()).items() if not case.is_own
    }
    keys = [*(key for key in ORDER if key in known), *(key for key in known if key not in ORDER)]
    permalinks.restore(KEY, permalinks.one_of(keys, said), DEFAULT, said)
    st.selectbox(
        said.t("Case"), keys, key=KEY, format_func=lambda key: known[key].name(said.language)
    )
    return known[permalinks.chosen(KEY)]


def answer(case: Choice, as_of: date | None, said: Words) -> None:
    """Answer the page's question for the case in one sentence."""
    study = _known(case, as_of, said)
    if study is None:
        return
    subject = scenarios.name_of(case.raw or {}, said.language, "subject")
    lead, sentence = tables.answer(study, subject, said)
    with st.container(border=True):
        st.header(lead, anchor=False)
        st.markdown(sentence)
        provenance_note(said, _told(study, said))


def show(case: Choice, as_of: date | None, said: Words) -> None:
    """Show the bridge from attention to contribution, and the verdict."""
    name = plain(case.name(said.language))
    st.header(said.t("From curiosity to cash: {case}", case=name), anchor=False)
    study = _known(case, as_of, said)
    if study is None:
        return
    _warn(study, said)
    _chain(case, study, said)
    st.header(said.t("The verdict"), anchor=False)
    _verdict(study, said)
    which = "month" if study.month is not None else "wave"
    evaluation, _ = cards.found_of(study, which)
    shown = MONTH_TILES if which == "month" else WAVE_TILES
    verdicts.tiles(study, evaluation, shown, said)
    if told := tables.before_fixed_costs(study, evaluation, said):
        st.markdown(told)
    table_card(
        said,
        tables.deciding(study, said),
        heading=said.t("The inputs that decide"),
        note=said.t("Those without which the result is not known stand first."),
    )
    _later(case, study, as_of, said)
    _notes(case, said)


def _known(case: Choice, as_of: date | None, said: Words) -> ScenarioStudy | None:
    """Return the case evaluated; say why not where it cannot be read or could not be known."""
    if case.raw is None:
        st.error(
            said.t("**This case cannot be read.** {reason}", reason=plain(case.fault)),
            icon=":material/error:",
        )
        return None
    study = cache.study(scenario_study, frozen(case.raw))
    day = study.scenario.document.as_of
    if as_of is not None and day > as_of:
        st.info(
            said.t(
                "**Not known then.** This case rests on what was public by {day}, which lies after "
                "{as_of}: choose a later day, or another case.",
                day=said.date(day),
                as_of=said.date(as_of),
            ),
            icon=":material/history_toggle_off:",
        )
        return None
    return study


def _warn(study: ScenarioStudy, said: Words) -> None:
    """Say where an input comes from a made-up history."""
    if any(each.evidence_kind == "simulated" for each in study.scenario.inputs.given.values()):
        st.warning(
            said.t(
                "**Simulated.** Some inputs come from a made-up history: what follows shows what "
                "the page can do and says nothing about any real app."
            ),
            icon=":material/casino:",
        )


def _chain(case: Choice, study: ScenarioStudy, said: Words) -> None:
    """Show the bridge of a wave, or the way from the price of a month."""
    written = frozen(case.raw or {})
    make = cards.chain_cards if study.wave is not None else cards.month_cards
    for card in cache.drawn(
        "overview:chain", lambda mode: make(written, said, mode), said, written
    ):
        card()
    st.page_link(
        "app_pages/unit_economics.py",
        label=said.t("Change its inputs on the page of unit economics"),
        icon=":material/tune:",
        query_params={"lang": said.language, "scenario": case.key},
    )


def _told(study: ScenarioStudy, said: Words) -> Provenance:
    led = leading(study)
    kind, source = MISSING_KIND, ""
    if led is not None:
        step = led[0].step(led[1].step)
        kind = MISSING_KIND if step.value is None else step.evidence_kind
        source = results.computed_from(study, step, said)
    return Provenance(kind, "", study.scenario.document.as_of, source)


def _verdict(study: ScenarioStudy, said: Words) -> None:
    """Show the probability of a profit with its subject, horizon and hurdle rate."""
    led = leading(study)
    if led is None:
        return
    evaluation, outcome = led
    told = study.scenario.document
    step = evaluation.step(outcome.step)
    has_odds = step.value is not None and bool(outcome.variance)
    odds = said.percent(outcome.probability_profitable, digits=0) if has_odds else MISSING
    with st.container(border=True):
        left, right = st.columns([1, 2])
        with left:
            st.markdown(said.t("Probability of a profit"))
            if has_odds and outcome.is_by_construction:
                told_why = _same_sign(step, said)
                st.markdown(f":gray[{told_why}]" if outcome.is_greyed else f"**{told_why}**")
            else:
                st.markdown(f"## :gray[{odds}]" if outcome.is_greyed else f"## {odds}")
        with right:
            st.markdown("\n".join(f"- {line}" for line in _terms(study, said)))
            sure = _sure(has_odds, step, outcome, said)
            if has_odds and outcome.is_by_construction:
                sure.append(
                    said.t(
                        "No value within the ranges given here turns the sign, so no probability "
                        "is stated: that follows from the ranges that were chosen, and does not "
                        "show how likely a profit was."
                    )
                )
            st.markdown(said.sentences(sure))
            provenance_note(said, _told(study, said))
    left = [
        name
        for each in (study.month, study.wave)
        if each is not None
        for name in each.evaluation.left_out
    ]
    if left:
        st.caption(plain(tables.left_out(left, said)))
    if has_odds and told.listed is None and study.wave is not None:
        st.caption(said.t("No hype multiple: the company is not listed."))


def _same_sign(step: Step, said: Words) -> str:
    """Say what every draw has in common, which is no probability."""
    if step.value is not None and step.value > 0:
        return said.t("Above zero in every draw; no probability to state")
    return said.t("Not above zero in any draw; no probability to state")


def _terms(study: ScenarioStudy, said: Words) -> list[str]:
    told = study.scenario.document
    subject = told.subject_zh if said.language == "zh" and told.subject_zh else told.subject
    return [
        said.t("Subject: {subject}", subject=plain(subject)),
        said.t(
            "Horizon: {months}",
            months=said.n("{n} month", "{n} months", told.horizon_months),
        ),
        said.t("Hurdle rate: {rate} a year", rate=said.percent(told.hurdle_rate, digits=0)),
    ]


def _sure(has_odds: bool, step: Any, outcome: Any, said: Words) -> list[str]:
    if step.value is None:
        reason = results.reason_of(step.missing, step.reason, said)
        unknown = said.t("not known")
        return [f":red-badge[{unknown}]", plain(reason)]
    if not has_odds:
        return [said.t("No input that it needs has a range, so there is no probability to state.")]
    share = said.percent(outcome.assumed_share, digits=0)
    if outcome.is_greyed:
        greyed = said.t("rests on assumptions")
        return [
            f":gray-badge[:material/blur_on: {greyed}]",
            said.t(
                "Assumed inputs carry {share} of the variance: a sketch, not a forecast.",
                share=share,
            ),
        ]
    return [
        evidence_badge(said, step.evidence_kind),
        said.t("Assumed inputs carry {share} of the variance.", share=share),
    ]


def _later(case: Choice, study: ScenarioStudy, as_of: date | None, said: Words) -> None:
    if not study.scenario.later:
        return
    frame = cache.study(known_later, frozen(case.raw or {}), as_of)
    table_card(
        said,
        tables.later(frame, said),
        heading=said.t("What became known later"),
        note=said.t(
            "None of it is used. Beside it stands the newest figure of the same kind that was "
            "public on {date}. A figure whose day of publication is not held counts as public {n} "
            "days after its period.",
            date=said.date(study.scenario.document.as_of),
            n=REPORTING_DAYS,
        ),
    )


def _notes(case: Choice, said: Words) -> None:
    notes = [plain(note) for note in scenarios.notes_of(case.raw or {}, said.language)]
    if notes:
        with st.expander(said.t("What to know about it")):
            st.markdown("\n".join(f"- {note}" for note in notes))
