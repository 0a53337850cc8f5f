"""What the Overview says of a ready case: the answer in a sentence, and the inputs that decide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboard.studies.economics.comparison import leading, what_if_inputs
from dashboard.studies.economics.scenario import ScenarioStudy
from dashboard.tables.economics import names, results
from dashboard.tables.table import Table, TableColumn, plain
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.analytics.scenario_result import Evaluation, Outcome, Step

SURE = 0.9
"""A probability from which the answer is plainly yes, and below 1 less this plainly no."""
N_DECIDING = 3


def amount(value: float | None, unit: str, currency: str, said: Words) -> str:
    """Write a figure in prose: money with four telling digits at most, without what it is per."""
    unit = unit.replace("{c}", currency).partition("/")[0]
    if value is not None and np.isfinite(value) and abs(value) >= 10_000:
        value = float(f"{value:.3g}")
    return names.amount(value, unit, said)


def answer(study: ScenarioStudy, subject: str, said: Words) -> tuple[str, str]:
    """Return the answer to the page's question: a word, and one sentence of Markdown."""
    led = leading(study)
    if led is None:
        return said.t("Not known."), said.t("The case describes neither a month nor a wave.")
    evaluation, outcome = led
    step = evaluation.step(outcome.step)
    if step.value is None:
        return said.t("Not known."), _unknown(study, (step, outcome), subject, said)
    told = _wave if study.month is None else _month
    return lead(outcome, step.value, said), told(study, (evaluation, outcome), subject, said)


def lead(outcome: Outcome, value: float, said: Words) -> str:
    """Return the word before the sentence: yes, no, undecided, or that it is a sketch."""
    odds = outcome.probability_profitable
    if outcome.is_greyed:
        return said.t("Perhaps, and this is a sketch.")
    if not outcome.variance or odds is None:
        return said.t("Yes, on what is counted.") if value > 0 else said.t("No.")
    if odds >= SURE:
        return said.t("Yes.")
    return said.t("No.") if odds <= 1 - SURE else said.t("Undecided.")


def _within(name: str) -> str:
    """Return a name as it stands within a sentence."""
    return name[:1].lower() + name[1:]


def _unknown(study: ScenarioStudy, found: tuple[Step, Outcome], subject: str, said: Words) -> str:
    step, outcome = found
    named = [_within(names.input_name(name, said)) for name in step.missing]
    told = said.t(
        "{subject}: whether anything was left cannot be told, for this was never published: "
        "{missing}.",
        subject=plain(subject),
        missing=plain(said.t("; ").join(named)),
    )
    parts = [told]
    for name in step.missing:
        if name in outcome.thresholds:
            at = names.amount(
                outcome.thresholds[name], INPUTS[name].unit.replace("{c}", study.currency), said
            )
            parts.append(
                said.t("It would break even at {value}.", value=f"**{plain(at)}**")
                if len(step.missing) == 1
                else said.t(
                    "It would break even at {value} ({input}).",
                    value=f"**{plain(at)}**",
                    input=plain(names.input_name(name, said)),
                )
            )
    return said.sentences(parts)


def _wave(
    study: ScenarioStudy, found: tuple[Evaluation, Outcome], subject: str, said: Words
) -> str:
    evaluation, outcome = found
    told, step = study.scenario.document, evaluation.step(outcome.step)
    assert step.value is not None
    parts = [
        said.t(
            "{subject}: {value} is left over {months} at a hurdle rate of {rate} a year",
            subject=plain(subject),
            value=f"**{plain(amount(step.value, step.unit, study.currency, said))}**",
            months=said.n("{n} month", "{n} months", told.horizon_months),
            rate=said.percent(told.hurdle_rate, digits=0),
        )
        + _spread(study, step, outcome, said)
        + _hype(study, evaluation, said)
        + said.t("."),
    ]
    return said.sentences(parts)


def _spread(study: ScenarioStudy, step: Step, outcome: Outcome, said: Words) -> str:
    """Return the interval, the odds, and how much of it rests on guesses."""
    if step.low is None or not outcome.variance:
        return ""
    ends = {
        "low": plain(amount(step.low, step.unit, study.currency, said)),
        "high": plain(amount(step.high, step.unit, study.currency, said)),
    }
    if outcome.is_by_construction:
        told = said.t(
            " ({low} to {high} in 90% of the draws; no range given here turns the sign)", **ends
        )
    else:
        odds = said.percent(outcome.probability_profitable, digits=0)
        told = said.t(
            " ({low} to {high} in 90% of the draws, above zero in {odds} of them)",
            odds=odds,
            **ends,
        )
    if not outcome.is_greyed:
        return told
    return told + said.t(
        ", with assumed inputs carrying {share} of the variance",
        share=said.percent(outcome.assumed_share, digits=0),
    )


def _hype(study: ScenarioStudy, evaluation: Evaluation, said: Words) -> str:
    """Return how many times as much the market paid, and whether that differs from nothing."""
    steps = {step.name: step for step in evaluation.steps}
    multiple = steps.get("hype_multiple")
    if multiple is None or multiple.value is None:
        return ""
    car = study.scenario.inputs.given["cumulative_abnormal_return"]
    times = said.number(abs(multiple.value), digits=0)
    told = (
        said.t("; the market added {multiple} times as much to the company's value", multiple=times)
        if multiple.value > 0
        else said.t("; the market took {multiple} times as much off its value", multiple=times)
    )
    if multiple.low is not None and multiple.high is not None:
        told += said.t(
            " ({low} to {high} times in 90% of the draws)",
            low=said.number(multiple.low, digits=0),
            high=said.number(multiple.high, digits=0),
        )
    if car.low is not None and car.high is not None and car.low < 0 < car.high:
        return told + said.t(", a move that cannot be told from chance")
    return told


def _month(
    study: ScenarioStudy, found: tuple[Evaluation, Outcome], subject: str, said: Words
) -> str:
    evaluation, outcome = found
    steps = {step.name: step for step in evaluation.steps}
    result = steps["monthly_result"]
    if result.value is None:
        result = steps[outcome.step]
    assert result.value is not None
    sentence = said.t(
        "{subject}: {value} is left in a month",
        subject=plain(subject),
        value=f"**{plain(amount(result.value, result.unit, study.currency, said))}**",
    )
    parts = [sentence + _spread(study, result, outcome, said) + _must_pay(study, steps, said)]
    return said.sentences(parts) + said.t(".")


def _must_pay(study: ScenarioStudy, steps: dict[str, Step], said: Words) -> str:
    """Return which share must pay, beside the share that does."""
    rate = steps.get("break_even_with_fixed_costs") or steps.get("break_even_paid_conversion_rate")
    paying = study.scenario.inputs.given.get("paying_share")
    if rate is None or rate.value is None or paying is None:
        return ""
    does = said.percent(paying.value, digits=1)
    must = said.percent(rate.value, digits=1)
    if "fixed_costs" in study.scenario.inputs.given:
        if rate.value == 0:
            return said.t(
                "; even with fixed costs nobody would have to pay for that, and {does} do",
                does=does,
            )
        return said.t(
            "; with fixed costs {must} of the users must pay for it to break even, and {does} do",
            must=must,
            does=does,
        )
    if rate.value == 0:
        return said.t(
            "; before fixed costs, which are not known, nobody would have to pay for that, and "
            "{does} do",
            does=does,
        )
    return said.t(
        "; before fixed costs, which are not known, {must} of the users must pay for it to break "
        "even, and {does} do",
        must=must,
        does=does,
    )


def before_fixed_costs(study: ScenarioStudy, evaluation: Evaluation, said: Words) -> str:
    """Say what a break-even rate of zero leaves out, as Markdown; empty where it is not zero."""
    steps = {step.name: step for step in evaluation.steps}
    rate, whole = (
        steps.get(name)
        for name in ("break_even_paid_conversion_rate", "break_even_with_fixed_costs")
    )
    if rate is None or rate.value != 0:
        return ""
    if "fixed_costs" not in study.scenario.inputs.given or whole is None or whole.value is None:
        return said.t(
            "A break-even pay rate of 0% is before fixed costs, which are not known: what users "
            "bring without paying covers what they cost, and nothing is said of the rest."
        )
    return said.t(
        "A break-even pay rate of 0% is before fixed costs: what users bring without paying covers "
        "what they cost. With fixed costs, {rate} must pay.",
        rate=f"**{said.percent(whole.value, digits=2)}**",
    )


def deciding(study: ScenarioStudy, said: Words) -> Table:
    """Return the inputs that decide, with what would settle each; missing ones first."""
    led = leading(study)
    rows = (
        []
        if led is None
        else [_deciding_row(study, led, name, said) for name in _names(study, led)]
    )
    columns = {
        "input": TableColumn(said.t("Input")),
        "used": TableColumn(said.t("Used here")),
        "evidence": TableColumn(said.t("Evidence")),
        "share": TableColumn(said.t("Share of variance"), "percent"),
        "zero_at": TableColumn(
            said.t("Zero at"),
            help=said.t("Value of the input at which the result is zero, the others as they are."),
        ),
        "settles": TableColumn(said.t("What would settle it"), "wide"),
    }
    return Table(pd.DataFrame(rows), columns if rows else {}, "deciding-inputs")


def _names(study: ScenarioStudy, led: tuple[Evaluation, Outcome]) -> list[str]:
    evaluation, outcome = led
    missing = evaluation.step(outcome.step).missing
    found = [*missing, *outcome.deciding(N_DECIDING)]
    if not outcome.variance:
        # Where nothing has a range, what moves the result most by its size decides.
        found += what_if_inputs(study, N_DECIDING)
    return list(dict.fromkeys(found))[:N_DECIDING]


def _deciding_row(
    study: ScenarioStudy, led: tuple[Evaluation, Outcome], name: str, said: Words
) -> dict[str, Any]:
    outcome, given = led[1], study.scenario.inputs.given.get(name)
    unit = INPUTS[name].unit.replace("{c}", study.currency)
    used = said.t("not known")
    if given is not None:
        used = names.amount(given.value, given.unit, said)
        if not given.is_exact:
            low, high = (names.amount(end, given.unit, said) for end in given.ends)
            used = said.t("{low} to {high}", low=low, high=high)
    return {
        "input": names.input_name(name, said),
        "used": used,
        "evidence": said.t("missing, needed")
        if given is None
        else said.evidence(given.evidence_kind),
        "share": outcome.variance.get(name),
        "zero_at": names.amount(outcome.thresholds.get(name), unit, said),
        "settles": names.settled_by(INPUTS[name].settled_by, said),
    }


def later(frame: pd.DataFrame, said: Words) -> Table:
    """Return what became known later beside what was known, with the day it became known."""
    table = results.later(frame, said)
    if frame.empty:
        return table
    known_on = {"known_on": TableColumn(said.t("Known on"), "date")}
    columns: dict[str, TableColumn] = {}
    for name, look in table.columns.items():
        columns |= {name: look} if name != "evidence" else {**known_on, name: look}
    return Table(table.frame, columns, table.file_name)


def left_out(inputs: list[str], said: Words) -> str:
    """Name the inputs that nobody gave and whose term is therefore left out."""
    told = said.t("; ").join(names.input_name(name, said) for name in dict.fromkeys(inputs))
    return said.t("Left out, for nobody gave them: {inputs}.", inputs=told)
