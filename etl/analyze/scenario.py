"""A scenario file evaluated: its steady month, or the chain of a wave, and what both rest on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from etl.analytics.curiosity_to_cash import CuriosityToCash, curiosity_to_cash
from etl.analytics.inputs import INPUTS
from etl.analytics.product_month import product_month
from etl.analytics.quantities import Quantity
from etl.analytics.scenario_result import DRAWS, SEED, Evaluation, Outcome, Step
from etl.analytics.user_month import BY_USER
from etl.analyze.answers import plain, shown
from etl.errors import InputError
from etl.scenarios import cost_report
from etl.scenarios.document import read
from etl.scenarios.evidence import Evidence, Reader
from etl.scenarios.plans import PlanTerms
from etl.scenarios.resolve import MONTH, Scenario, scenario

MOST_DRAWS = 1_000_000
_MONTH_TIMING = (
    "payer_months, ltv and payback_months: a payer pays at the start of each month; npv and irr: "
    "the month's result comes at its end, the investment at once"
)
_WAVE_TIMING = (
    "the first payment comes with the install and the others a month apart, as long as the horizon "
    "counted from the peak is not over; installs come by the half-life, or without one all on the "
    "peak day; fixed costs are paid at the start of each month"
)


def run_month(
    path: Path, reader: Reader | None, *, draws: int = DRAWS, seed: int = SEED
) -> dict[str, Any]:
    """Evaluate the steady month of a scenario.

    Parameters
    ----------
    path
        A scenario (:mod:`etl.scenarios.document`).
    reader
        Of the published snapshot; ``None`` where there is none.
    draws, seed
        Of every range.

    Returns
    -------
    dict
        The document of ``artonomics analyze unit-economics --json``.

    Raises
    ------
    InputError
        For a wrong scenario, too few draws, or one without a month.
    """
    found = _read(path, reader, (draws, seed))
    if not found.has_month:
        raise _without(path, "month", " or ".join(MONTH), "curiosity-to-cash")
    result = product_month(
        found.inputs, found.document.sourcing, found.horizon, n_draws=draws, seed=seed
    )
    document = _document(found, result.evaluation, result.outcome, (draws, seed))
    document["timing"] = _MONTH_TIMING
    for name in ("break_even_paid_conversion_rate", "payback_months"):
        _answer(document, name, result.evaluation.step(name))
    return document


def run_wave(
    path: Path, reader: Reader | None, *, draws: int = DRAWS, seed: int = SEED
) -> dict[str, Any]:
    """Evaluate the chain of a wave; parameters and errors as in :func:`run_month`."""
    found = _read(path, reader, (draws, seed))
    if not found.has_wave:
        raise _without(
            path, "wave", "installs, or peak_installs_per_day with half_life_days", "unit-economics"
        )
    sourcing, horizon = found.document.sourcing, found.horizon
    result = curiosity_to_cash(found.inputs, sourcing, horizon, n_draws=draws, seed=seed)
    document = _document(found, result.evaluation, result.outcome, (draws, seed))
    month = product_month(found.inputs, sourcing, horizon, n_draws=draws, seed=seed)
    document["timing"] = _WAVE_TIMING
    # The share of a month's users who must pay is another question than that of a wave's installs.
    document["break_even_paid_conversion_rate"] = result.break_even_conversion
    if result.break_even_conversion is None:
        document["not_known"]["break_even_paid_conversion_rate"] = _no_conversion(result)
    _answer(document, "payback_months", month.evaluation.step("payback_months"))
    return document


def _no_conversion(result: CuriosityToCash) -> str:
    """Say why there is no conversion at which a wave breaks even."""
    if result.by_spend:
        return "revenue comes from what users spend for each install, not from payers"
    step = result.evaluation.step("contribution")
    return step.reason or "no share of the installs up to 100 % is enough"


def _answer(document: dict[str, Any], name: str, step: Step) -> None:
    """Put a step at the top, and why where it is not known."""
    document[name] = plain(step.value)
    if step.value is None:
        document["not_known"][name] = step.reason


def _read(path: Path, reader: Reader | None, drawn: tuple[int, int]) -> Scenario:
    draws, seed = drawn
    if seed < 0:
        raise InputError(f"got --seed {seed}", "0 or above")
    if not 100 <= draws <= MOST_DRAWS:
        raise InputError(f"got --draws {draws}", f"100 to {MOST_DRAWS:,} draws")
    return scenario(read(path), path.name, reader)


def _without(path: Path, what: str, inputs: str, other: str) -> InputError:
    return InputError(
        f"got {path.stem}, which describes no {what}",
        f"the input {inputs}",
        f"add it, or evaluate the other part of it: artonomics analyze {other}",
    )


def _document(
    found: Scenario, evaluation: Evaluation, outcome: Outcome, drawn: tuple[int, int]
) -> dict[str, Any]:
    told, currency = found.document, found.document.currency
    return {
        "scenario": {
            "name": told.name,
            "subject": told.subject,
            "as_of": told.as_of.isoformat(),
            "currency": currency,
            "horizon_months": told.horizon_months,
            "hurdle_rate": told.hurdle_rate,
            "sourcing": told.sourcing,
        },
        "inputs": [_told(name, each) for name, each in found.inputs.given.items()],
        "steps": [
            {
                "name": step.name,
                "value": plain(step.value),
                "low": step.low,
                "high": step.high,
                "unit": step.unit.replace("{c}", currency),
                "evidence_kind": step.evidence_kind,
                "source": step.source,
                "missing": list(step.missing),
                "reason": step.reason or None,
            }
            for step in evaluation.steps
        ],
        "plans": [_plan(each) for each in found.plans],
        "pictures": _pictures(found),
        "verdict": _verdict(outcome),
        "probability_profitable": outcome.probability_profitable,
        "not_known": _no_probability(evaluation, outcome),
        "sensitivity": _sensitivity(found, outcome),
        "missing": evaluation.missing,
        "left_out": list(evaluation.left_out),
        "reasons": dict(found.reasons),
        "contradictions": [
            {"fact_id": each.fact_id, "others": [_told(q.fact_id, q) for q in each.others]}
            for each in found.contradictions
        ],
        "later": [_told(each.fact_id, each) for each in found.later],
        "notes": list(told.notes),
        "draws": drawn[0],
        "seed": drawn[1],
    }


def _pictures(found: Scenario) -> dict[str, Any] | None:
    """Return what pictures cost; ``None`` where they have no cost of their own."""
    if found.document.sourcing in BY_USER:
        return None
    same_currency = Evidence(None, found.document.as_of)
    return cost_report.document(found, same_currency, found.document.currency)


def _no_probability(evaluation: Evaluation, outcome: Outcome) -> dict[str, str]:
    """Return why there is no probability; nothing where there is one."""
    if outcome.probability_profitable is not None:
        return {}
    return {"probability_profitable": evaluation.step(outcome.step).reason}


def _verdict(outcome: Outcome) -> dict[str, Any]:
    return {
        "step": outcome.step,
        "probability_profitable": outcome.probability_profitable,
        "assumed_share_of_variance": outcome.assumed_share,
        "is_greyed": outcome.is_greyed,
        "is_by_construction": outcome.is_by_construction,
        "decided_by": [
            {"name": name, "settled_by": INPUTS[name].settled_by} for name in outcome.deciding()
        ],
        "thresholds": dict(outcome.thresholds),
    }


def _sensitivity(found: Scenario, outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "name": swing.name,
            "input_low": swing.input_low,
            "input_high": swing.input_high,
            "result_low": swing.result_low,
            "result_high": swing.result_high,
            "variance_share": outcome.variance.get(swing.name),
            "threshold": outcome.thresholds.get(swing.name),
            "evidence_kind": found.inputs.given[swing.name].evidence_kind,
            "settled_by": INPUTS[swing.name].settled_by,
        }
        for swing in outcome.tornado
    ]


def _plan(terms: PlanTerms) -> dict[str, Any]:
    net = terms.net
    return {
        "name": terms.plan.name,
        "share": terms.plan.share,
        "price": terms.price.value,
        "unit": terms.price.unit,
        "tax": terms.tax,
        "fees": terms.fees,
        "net_proceeds": None if net is None else net.value,
        "net_proceeds_low": None if net is None else net.ends[0],
        "net_proceeds_high": None if net is None else net.ends[1],
        "evidence_kind": None if net is None else net.evidence_kind,
        "terms": {name: term.told() for name, term in terms.terms.items()},
        "reason": terms.reason or None,
    }


def _told(name: str, quantity: Quantity) -> dict[str, Any]:
    return {
        "name": name,
        "value": quantity.value,
        "low": quantity.low,
        "high": quantity.high,
        "unit": quantity.unit,
        "evidence_kind": quantity.evidence_kind,
        "source": quantity.source,
        "source_url": quantity.source_url or None,
        "as_of": None if quantity.as_of is None else quantity.as_of.isoformat(),
        "fact_id": quantity.fact_id or None,
        "converted": quantity.converted or None,
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a readable row a step."""
    return [
        {
            "step": step["name"],
            "value": shown(step["value"], "{:,.6g}"),
            "5 %": shown(step["low"], "{:,.6g}"),
            "95 %": shown(step["high"], "{:,.6g}"),
            "unit": step["unit"],
            "evidence": step["evidence_kind"],
            "why not": step["reason"] or "",
        }
        for step in document["steps"]
    ]


def sensitivity_table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a readable row an input with a range."""
    return [
        {
            "input": row["name"],
            "from": shown(row["input_low"], "{:,.6g}"),
            "to": shown(row["input_high"], "{:,.6g}"),
            "result from": shown(row["result_low"], "{:,.6g}"),
            "to ": shown(row["result_high"], "{:,.6g}"),
            "share of variance": shown(row["variance_share"], "{:.0%}"),
            "zero at": shown(row["threshold"], "{:,.6g}"),
            "evidence": row["evidence_kind"],
            "settled by": row["settled_by"],
        }
        for row in document["sensitivity"]
    ]


def sentences(document: dict[str, Any]) -> list[str]:
    """Return the verdict and what stands behind it in words."""
    told, verdict = document["scenario"], document["verdict"]
    about = (
        f"{told['name']}, as known on {told['as_of']}, over {_months(told['horizon_months'])} at a "
        f"hurdle rate of {told['hurdle_rate']:.0%}"
    )
    lines = [_outcome_sentence(about, document, verdict)]
    if document["missing"]:
        lines.append(f"not known: {', '.join(document['missing'])}")
    for name, value in verdict["thresholds"].items():
        if name in document["missing"]:
            lines.append(f"nothing would be earned or lost at {name} = {value:,.4g}")
    if document["left_out"]:
        lines.append(f"left out, since nothing is given: {', '.join(document['left_out'])}")
    lines += _contradictions(document["contradictions"])
    lines += [f"{name}: {why}" for name, why in document["reasons"].items()]
    lines += [
        f"beside it stands, not used: {q['name']}: {q['value']:,.6g} {q['unit']} ({q['as_of']})"
        for q in document["later"]
    ]
    lines.append(f"{document['draws']:,} draws, seed {document['seed']}")
    return [*lines, document["timing"], *document["notes"]]


def _contradictions(found: list[dict[str, Any]]) -> list[str]:
    """Say which facts differ: facts that differ from each other once, whichever was asked for."""
    lines: list[str] = []
    told: set[frozenset[str]] = set()
    for each in found:
        group = frozenset([each["fact_id"], *(q["name"] for q in each["others"])])
        if group not in told:
            others = "; ".join(f"{q['name']}: {_figure(q)}" for q in each["others"])
            lines.append(f"{each['fact_id']} is contradicted by {others}")
        told.add(group)
    return lines


def _figure(told: dict[str, Any]) -> str:
    """Return a figure as it was stated: a range by its ends."""
    if told["low"] is None or told["low"] == told["high"]:
        return f"{told['value']:g} {told['unit']}"
    return f"{told['low']:g} to {told['high']:g} {told['unit']}"


def _months(n: int) -> str:
    return f"{n} month" if n == 1 else f"{n} months"


def _outcome_sentence(about: str, document: dict[str, Any], verdict: dict[str, Any]) -> str:
    probability = verdict["probability_profitable"]
    if probability is None:
        return f"{about}: no verdict, since {verdict['step']} is not known"
    if not document["sensitivity"]:
        sign = "a profit" if probability > 0.5 else "no profit"
        return (
            f"{about}: {sign} at these inputs; none of them has a range, so nothing says how sure"
        )
    if verdict["is_by_construction"]:
        sign = "above zero in every draw" if probability > 0.5 else "not above zero in any draw"
        before = ", ".join(document["left_out"])
        rest = f"; it stands before what nobody gave: {before}" if before else ""
        return (
            f"{about}: {verdict['step']} is {sign}: no value within the ranges given here turns "
            f"the sign, so no probability is stated{rest}"
        )
    grey = "; assumptions carry more than half of the variance" if verdict["is_greyed"] else ""
    decided = ", ".join(each["name"] for each in verdict["decided_by"])
    return (
        f"{about}: profitable with a probability of {probability:.0%}{grey}; decided by {decided}"
    )
