"""What a scenario says in one sentence, what that rests on, and its main figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard import cache, scenarios
from dashboard.app_pages.economics_choice import Present
from dashboard.components import Provenance, evidence_badge, metric_tile, plain
from dashboard.studies import break_even_study
from dashboard.studies.economics.comparison import MULTIPLES, TIMES
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import names, results
from dashboard.tables.economics import verdict as words_of
from dashboard.text import Words
from etl.analytics.scenario_result import Evaluation, Outcome, Step

MONTH_TILES = (
    *("contribution_per_user", "contribution_per_payer", "break_even_paid_conversion_rate"),
    *("payback_months", "ltv_to_cac", "npv"),
)
WAVE_TILES = ("contribution", "contribution_per_install", "hype_multiple")
_A_ROW = 3
PENETRATION = "subscription_penetration_rate"


def verdict(
    present: Present,
    study: ScenarioStudy,
    found: tuple[Evaluation, Outcome],
    said: Words,
) -> None:
    """Say how likely the result is above zero, and what decides it."""
    evaluation, outcome = found
    first, *others = words_of.sentences(study, evaluation, outcome, said)
    told = [_about(present, study, said), f"**{plain(first)}**", *map(plain, others)]
    if outcome.is_greyed:
        greyed = said.t("rests on assumptions")
        told.insert(1, f":gray-badge[:material/blur_on: {greyed}]")
    deciding = words_of.deciding(study, evaluation, outcome, said)
    with st.container(border=True):
        st.markdown(said.sentences(told))
        if deciding:
            st.markdown("\n".join(f"- {_line(one, said)}" for one in deciding))


def _line(one: words_of.Deciding, said: Words) -> str:
    """Return the Markdown of an input that decides, with its badge."""
    missing = said.t("missing, needed")
    badge = (
        evidence_badge(said, one.evidence_kind)
        if one.evidence_kind
        else f":red-badge[:material/error: {missing}]"
    )
    return " · ".join((f"**{plain(one.name)}**", badge, *map(plain, one.told)))


def _about(present: Present, study: ScenarioStudy, said: Words) -> str:
    told = study.scenario.document
    return said.t(
        "{subject}, as known on {date}, over {months} at a hurdle rate of {rate} a year:",
        subject=plain(scenarios.name_of(present.raw, said.language)),
        date=said.date(told.as_of),
        months=said.n("{n} month", "{n} months", told.horizon_months),
        rate=said.percent(told.hurdle_rate, digits=0),
    )


def tiles(study: ScenarioStudy, evaluation: Evaluation, shown: Sequence[str], said: Words) -> None:
    """Show main figures, each with its range, evidence, day and what it was computed from."""
    steps = {step.name: step for step in evaluation.steps}
    held = [name for name in shown if name in steps]
    for first in range(0, len(held), _A_ROW):
        row = held[first : first + _A_ROW]
        for column, name in zip(st.columns(_A_ROW), row, strict=False):
            with column:
                _tile(study, steps[name], said)


def _tile(study: ScenarioStudy, step: Step, said: Words) -> None:
    unit = step.unit.replace("{c}", study.currency)
    is_ratio = step.name in MULTIPLES

    def write(x: float | None) -> str:
        if not is_ratio:
            return names.amount(x, unit.partition("/")[0], said)
        return said.number(x, digits=2 if x is None or abs(x) < 100 else 0)

    notes: list[str] = []
    if step.value is None:
        notes.append(plain(results.reason_of(step.missing, step.reason, said)))
        if step.missing:
            notes.append(plain(results.todo_of(step.missing, said)))
    elif step.low is not None:
        ends = {"low": write(step.low), "high": write(step.high)}
        notes.append(plain(said.t("90% of the draws: {low} to {high}", **ends)))
    if step.name == "break_even_paid_conversion_rate":
        notes.append(plain(_with_fixed_costs(study, said)))
        notes += _achieved(study.scenario.document.as_of, said)
    told = Provenance(
        step.evidence_kind,
        names.unit_name(TIMES, said) if is_ratio else names.figure_unit(unit, said),
        study.scenario.document.as_of,
        results.computed_from(study, step, said),
    )
    metric_tile(said, names.step_name(step.name, said), write(step.value), told, notes=notes)


def _with_fixed_costs(study: ScenarioStudy, said: Words) -> str:
    """Say what the rate is with fixed costs: without them 0 says nothing."""
    given = study.scenario.inputs.given.get("fixed_costs")
    if given is None or not given.value or study.month is None:
        return said.t("Before fixed costs, which nobody gave.")
    step = study.month.evaluation.step("break_even_with_fixed_costs")
    if step.value is None:
        return said.t("Before fixed costs; with them no share is enough, or it is not known.")
    return said.t("Before fixed costs; with them {rate}.", rate=said.percent(step.value, digits=2))


def _achieved(day: date, said: Words) -> list[str]:
    """Say what companies disclose: known on the day, or else what became known later."""
    for as_of, head in ((day, said.t("Disclosed by then")), (None, said.t("Disclosed later"))):
        held = cache.study(break_even_study, as_of=as_of).achieved
        rows = held.loc[held["latest"] & (held["metric"] == PENETRATION)]
        if rows.empty:
            continue
        low, high = (said.percent(end) for end in (rows["value"].min(), rows["value"].max()))
        told = said.t("{low} to {high}", low=low, high=high) if low != high else low
        return [
            plain(
                said.n(
                    "{head}: {share} of monthly actives subscribe ({n} figure).",
                    "{head}: {share} of monthly actives subscribe ({n} figures).",
                    len(rows),
                    head=head,
                    share=told,
                )
            )
        ]
    return [plain(said.t("No share of subscribers was disclosed."))]
