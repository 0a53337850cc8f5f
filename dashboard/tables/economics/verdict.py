"""What a scenario says in sentences, and what decides it: for the page and for a memo alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import names, results
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.analytics.scenario_result import Evaluation, Outcome

_DECIDING = 3


@dataclass(frozen=True)
class Deciding:
    """An input that decides a result.

    Attributes
    ----------
    name
        Its name in the reader's language.
    evidence_kind
        How it is known; empty where it is missing.
    told
        Its share of the variance, where the result turns, and last what would settle it: in words.
    settled
        What would settle it.
    """

    name: str
    evidence_kind: str
    told: tuple[str, ...]
    settled: str


def sentences(
    study: ScenarioStudy, evaluation: Evaluation, outcome: Outcome, said: Words
) -> list[str]:
    """Say how likely the result is above zero; the first sentence is the verdict."""
    step = evaluation.step(outcome.step)
    if step.value is None:
        told = said.t("Whether it is worth it is not known.")
        return [told, results.reason_of(step.missing, step.reason, said)]
    what = names.step_name(step.name, said)
    value = names.amount(step.value, step.unit.replace("{c}", study.currency), said)
    if not outcome.variance:
        sentence = (
            said.t("{what}: {value}, above zero.", what=what, value=value)
            if step.value > 0
            else said.t("{what}: {value}, not above zero.", what=what, value=value)
        )
        return [
            sentence,
            said.t("No input that it needs has a range, so there is no probability to state."),
        ]
    if outcome.is_by_construction:
        told = _by_construction(evaluation, step.value, (what, value), said)
        return [*told, *_greyed(outcome, said)]
    sentence = said.t(
        "The probability that the result is above zero is {odds} ({what}: {value}).",
        odds=said.percent(outcome.probability_profitable, digits=0),
        what=what,
        value=value,
    )
    return [sentence, *_greyed(outcome, said)]


def _by_construction(
    evaluation: Evaluation, value: float, told: tuple[str, str], said: Words
) -> Iterator[str]:
    what, amount = told
    yield (
        said.t(
            "Above zero in every draw: no value within the ranges given here turns the sign, so no "
            "probability is stated ({what}: {value}).",
            what=what,
            value=amount,
        )
        if value > 0
        else said.t(
            "Not above zero in any draw: no value within the ranges given here turns the sign, so "
            "no probability is stated ({what}: {value}).",
            what=what,
            value=amount,
        )
    )
    if evaluation.left_out:
        named = said.t("; ").join(names.input_name(name, said) for name in evaluation.left_out)
        yield said.t("It stands before what nobody gave: {inputs}.", inputs=named)


def _greyed(outcome: Outcome, said: Words) -> Iterator[str]:
    if outcome.is_greyed:
        yield said.t(
            "Assumed inputs carry {share} of the variance: a sketch, not a forecast.",
            share=said.percent(outcome.assumed_share, digits=0),
        )


def deciding(
    study: ScenarioStudy, evaluation: Evaluation, outcome: Outcome, said: Words
) -> list[Deciding]:
    """Return the three inputs that decide a result, those that are missing first."""
    step = evaluation.step(outcome.step)
    found = dict.fromkeys([*step.missing, *outcome.deciding()])
    return [_input(study, name, outcome, said) for name in list(found)[:_DECIDING]]


def _input(study: ScenarioStudy, name: str, outcome: Outcome, said: Words) -> Deciding:
    given = study.scenario.inputs.given.get(name)
    told: list[str] = []
    if name in outcome.variance:
        share = said.percent(outcome.variance[name], digits=0)
        told.append(said.t("{share} of the variance", share=share))
    if name in outcome.thresholds:
        unit = INPUTS[name].unit.replace("{c}", study.currency)
        at = names.amount(outcome.thresholds[name], unit, said)
        told.append(said.t("the result is zero at {value}", value=at))
    settled = names.settled_by(INPUTS[name].settled_by, said)
    told.append(said.t("would settle it: {what}", what=settled))
    kind = given.evidence_kind if given is not None else ""
    return Deciding(names.input_name(name, said), kind, tuple(told), settled)


def in_words(one: Deciding, said: Words) -> str:
    """Return an input that decides in plain sentences."""
    kind = said.evidence(one.evidence_kind) if one.evidence_kind else said.t("missing, needed")
    *facts, _ = one.told
    decides = (
        said.t("{input} ({kind}): {facts}.", input=one.name, kind=kind, facts=said.listed(facts))
        if facts
        else said.t("{input} decides ({kind}).", input=one.name, kind=kind)
    )
    return said.sentences([decides, said.t("What would settle it: {what}.", what=one.settled)])
