"""What follows from a scenario, as tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from dashboard.figures import labels
from dashboard.figures.economics.outcome import Odds
from dashboard.studies.economics.comparison import PROBABILITY, Comparison
from dashboard.studies.economics.scenario import ScenarioStudy, Surface, steps_frame, tornado_frame
from dashboard.tables.economics import names, typed
from dashboard.tables.economics.claims import contradictions as contradictions
from dashboard.tables.economics.plans import plans as plans
from dashboard.tables.metrics import metric_name
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.analytics.scenario_result import Evaluation, Outcome, Step
from etl.analytics.sensitivity import middle_range

_NAMED = 6
_COSTS = ("compute", "moderation", "variable_costs", "marketing", "fixed_costs")
_BEYOND_CHAIN = ("contribution_per_install", "abnormal_value", "hype_multiple")


def label_of(name: str, said: Words) -> str:
    """Name a step of the way from a price, or a main result."""
    own = {
        "price": said.t("Price"),
        "tax": said.t("Consumption tax"),
        "store": said.t("Store and payment fees"),
        "net_proceeds": said.t("Kept after tax and store"),
        PROBABILITY: said.t("Probability of a profit"),
    }
    return own.get(name) or names.step_name(name, said)


def axis_unit(unit: str, said: Words) -> str:
    """Return a unit as figures take it: codes they know as they are, others in words."""
    head, _, per = unit.partition("/")
    known = head in ("ratio", "count", "seconds") or (len(head) == 3 and head.isupper())
    return unit if known and per in ("", "day", "month") else names.unit_name(unit, said)


def reason_of(missing: Sequence[str], reason: str, said: Words) -> str:
    """Say why a step is not known; empty where it is."""
    if missing:
        told = [names.input_name(name, said) for name in missing]
        return said.t("Not known without: {inputs}.", inputs=said.t("; ").join(told))
    sentences = {
        "a payer brings no more than a user who does not pay": said.t(
            "A payer brings no more than a user who does not pay."
        ),
        "a payer never brings back what it cost to win one": said.t(
            "A payer never brings back what it cost to win one."
        ),
        "the month's result does not pay the investment back": said.t(
            "The month's result does not pay the investment back."
        ),
        "nothing is spent to win a payer": said.t("Nothing is spent to win a payer."),
        "the contribution is not above zero": said.t("The contribution is not above zero."),
        "no value at these inputs": said.t("No value at these inputs."),
    }
    return sentences.get(reason, reason)


def todo_of(missing: Sequence[str], said: Words) -> str:
    """Say what to do about a step that is not known for want of inputs."""
    settled = dict.fromkeys(INPUTS[name].settled_by for name in missing)
    return said.t(
        "Type it among the inputs below; what would settle it: {what}.",
        what=said.t("; ").join(names.settled_by(code, said) for code in settled),
    )


def computed_from(study: ScenarioStudy, step: Step, said: Words) -> str:
    """Say from which given inputs a step was computed; at most six are named."""
    given = [name for name in step.needs if name in study.scenario.inputs.given]
    if not given:
        return said.t("computed")
    told = said.t("; ").join(names.input_name(name, said) for name in given[:_NAMED])
    if len(given) > _NAMED:
        n = len(given) - _NAMED
        return said.t("computed from: {inputs} and {n} more", inputs=told, n=n)
    return said.t("computed from: {inputs}", inputs=told)


def _evidence(frame: Any, said: Words, figure: str = "value") -> list[str]:
    """Return how every figure is known; one that is missing is told as missing, of no kind."""
    figures = frame[figure] if figure in frame else [0.0] * len(frame)
    return [
        said.t("missing")
        if pd.isna(value)
        else (said.evidence(kind) if isinstance(kind, str) else "")
        for kind, value in zip(frame["evidence_kind"], figures, strict=True)
    ]


def steps(evaluation: Evaluation, currency: str, said: Words) -> Table:
    """Return every computed step with its range and evidence."""
    frame = steps_frame(evaluation, currency)
    scales = [
        names.step_scale(name, unit)
        for name, unit in zip(frame["name"], frame["unit"], strict=True)
    ]
    frame = frame.assign(
        **{column: frame[column].astype(float) * scales for column in ("value", "low", "high")},
        step=[names.step_name(name, said) for name in frame["name"]],
        unit=_units(frame, said),
        evidence=_evidence(frame, said),
        reason=[reason_of(step.missing, step.reason, said) for step in evaluation.steps],
        computed_from=[
            said.t("; ").join(names.input_name(name, said) for name in step.needs)
            for step in evaluation.steps
        ],
    )
    columns = {
        "step": TableColumn(said.t("Step")),
        "value": TableColumn(said.t("Value"), "any"),
        **_ends(said),
        "unit": TableColumn(said.t("Unit")),
        "evidence": TableColumn(said.t("Evidence")),
        "reason": TableColumn(said.t("Why not known"), "wide"),
        "computed_from": TableColumn(said.t("Computed from"), "wide"),
    }
    return Table(frame, columns, "economics-steps")


def _units(frame: Any, said: Words) -> list[str]:
    return [
        names.step_unit(name, unit, said)
        for name, unit in zip(frame["name"], frame["unit"], strict=True)
    ]


def _ends(said: Words) -> dict[str, TableColumn]:
    middle = said.t("Ends of the middle 90% of the draws; empty where nothing varies.")
    return {
        "low": TableColumn(said.t("Low"), "any", help=middle),
        "high": TableColumn(said.t("High"), "any", help=middle),
    }


def waterfall(frame: pd.DataFrame, per: str, said: Words) -> Table:
    """Return the way from the price to the contribution."""
    shown = frame.assign(
        label=[label_of(name, said) for name in frame["name"]],
        signed=[
            -x if role == "subtract" else x
            for x, role in zip(frame["amount"], frame["role"], strict=True)
        ],
        evidence=_evidence(frame, said, "amount"),
        reason=[reason_of(missing, "", said) for missing in frame["missing"]],
    )
    columns = {
        "label": TableColumn(said.t("Step")),
        "signed": TableColumn(said.t("Amount"), "number", 4),
        "low": TableColumn(said.t("Size, low"), "number", 4),
        "high": TableColumn(said.t("Size, high"), "number", 4),
        "evidence": TableColumn(said.t("Evidence")),
        "reason": TableColumn(said.t("Why not known"), "wide"),
    }
    return Table(shown, columns if len(shown) else {}, f"waterfall-{per}")


def swings(study: ScenarioStudy, outcome: Outcome, said: Words) -> pd.DataFrame:
    """Return the swings of a result with labels and units, as the figures take them."""
    frame = tornado_frame(study, outcome)
    units = [INPUTS[name].unit.replace("{c}", study.currency) for name in frame["name"]]
    return frame.assign(
        label=[names.input_name(name, said) for name in frame["name"]],
        own_unit=units,
        input_unit=[axis_unit(unit, said) for unit in units],
        share=frame["variance_share"],
    )


def tornado(frame: pd.DataFrame, what: str, said: Words, file_name: str = "tornado") -> Table:
    """Return the swings of a result over each input's range."""
    own = {
        column: [
            typed.shown(name, value) if pd.notna(value) else value
            for name, value in zip(frame["name"], frame[column], strict=True)
        ]
        for column in ("input_low", "input_high", "threshold")
    }
    shown = frame.assign(
        **own,
        input_unit=[
            typed.unit(name, unit, said)
            for name, unit in zip(frame["name"], frame["own_unit"], strict=True)
        ],
        evidence=_evidence(frame, said),
        settles=[names.settled_by(code, said) for code in frame["settled_by"]],
    )
    columns = {
        "label": TableColumn(said.t("Input")),
        "input_low": TableColumn(said.t("Input, low"), "any"),
        "input_high": TableColumn(said.t("Input, high"), "any"),
        "input_unit": TableColumn(said.t("Unit")),
        "result_low": TableColumn(said.t("{what} at its low", what=what), "any"),
        "result_high": TableColumn(said.t("{what} at its high", what=what), "any"),
        "variance_share": TableColumn(said.t("Share of variance"), "percent"),
        "threshold": TableColumn(
            said.t("Zero at"),
            "any",
            help=said.t("Value of the input at which the result is zero, the others as they are."),
        ),
        "evidence": TableColumn(said.t("Evidence")),
        "settles": TableColumn(said.t("What would settle it"), "wide"),
    }
    return Table(shown, columns if len(shown) else {}, file_name)


def odds(outcome: Outcome) -> Odds:
    """Return what the draws of a result say, as its figure takes it."""
    low, high = middle_range(outcome.draws) or (None, None)
    return Odds(outcome.probability_profitable, low, high, outcome.assumed_share, outcome.is_greyed)


def histogram(bins: pd.DataFrame, said: Words, file_name: str = "outcome") -> Table:
    """Return the draws of a result in bins."""
    columns = {
        "bin_low": TableColumn(said.t("From"), "any"),
        "bin_high": TableColumn(said.t("To"), "any"),
        "share": TableColumn(said.t("Share of the draws"), "percent"),
    }
    return Table(bins, columns if len(bins) else {}, file_name)


def surface(found: Surface | None, said: Words) -> Table:
    """Return the contribution over two inputs, a row a point."""
    if found is None:
        return Table(pd.DataFrame(), {}, "break-even-surface")
    frame = pd.DataFrame(found.z, index=found.y, columns=found.x).stack().reset_index()
    frame.columns = ["y", "x", "contribution"]
    columns = {
        "x": TableColumn(names.input_name(found.x_name, said), "any"),
        "y": TableColumn(names.input_name(found.y_name, said), "any"),
        "contribution": TableColumn(names.step_name(found.step, said), "any"),
    }
    return Table(frame, columns, "break-even-surface")


def chain_frame(evaluation: Evaluation, currency: str, said: Words) -> pd.DataFrame:
    """Return the steps of a wave from attention to contribution, with labels and roles.

    Returns
    -------
    DataFrame
        As :func:`dashboard.studies.economics.scenario.steps_frame`, with ``label``, ``role``
        (``add`` or ``subtract``) and ``reason`` in words.
    """
    frame = steps_frame(evaluation, currency)
    frame = frame.assign(
        label=[names.step_name(name, said) for name in frame["name"]],
        role=["subtract" if name in _COSTS else "add" for name in frame["name"]],
        reason=[reason_of(step.missing, step.reason, said) for step in evaluation.steps],
    )
    return frame.loc[~frame["name"].isin(_BEYOND_CHAIN)].reset_index(drop=True)


def claim_label(row: Any, said: Words) -> str:
    """Name a published claim on a figure: whose it is, and of when."""
    zh = row["entity_zh"]
    name = str(zh) if said.language == "zh" and isinstance(zh, str) else str(row["entity"])
    if pd.isna(row["period_end"]):
        return name
    return f"{name}, {pd.Timestamp(row['period_end']):%Y-%m}"


def claim_labels(claims: pd.DataFrame, said: Words) -> list[str]:
    """Name published claims; those that would read alike also by the input they are about."""
    found = claims.to_dict("records")
    told = [claim_label(row, said) for row in found]
    return [
        said.labelled(label, names.input_name(str(row["name"]), said))
        if told.count(label) > 1
        else label
        for label, row in zip(told, found, strict=True)
    ]


def chain(frame: pd.DataFrame, said: Words) -> Table:
    """Return the chain of a wave."""
    shown = frame.assign(
        evidence=_evidence(frame, said),
        unit_told=_units(frame, said),
    )
    columns = {
        "label": TableColumn(said.t("Step")),
        "value": TableColumn(said.t("Value"), "any"),
        **_ends(said),
        "unit_told": TableColumn(said.t("Unit")),
        "evidence": TableColumn(said.t("Evidence")),
        "reason": TableColumn(said.t("Why not known"), "wide"),
    }
    return Table(shown, columns if len(shown) else {}, "wave-chain")


def later(frame: pd.DataFrame, said: Words) -> Table:
    """Return what became known later, beside what was known on the day."""
    shown = frame.assign(
        what=[labels.company(row, said, "what") for row in frame.to_dict("records")],
        evidence=_evidence(frame, said),
        metric=[metric_name(str(metric), said) for metric in frame["metric"]],
        value_told=[
            names.amount(value, unit, said)
            for value, unit in zip(frame["value"], frame["unit"], strict=True)
        ],
        before_told=[
            names.amount(value, unit if isinstance(unit, str) else "count", said)
            for value, unit in zip(frame["before"], frame["before_unit"], strict=True)
        ],
    )
    columns = {
        "what": TableColumn(said.t("About")),
        "metric": TableColumn(said.t("Figure")),
        "before_told": TableColumn(said.t("Known on the day")),
        "before_as_of": TableColumn(said.t("Of (then)"), "date"),
        "value_told": TableColumn(said.t("Later")),
        "as_of": TableColumn(said.t("Of (later)"), "date"),
        "evidence": TableColumn(said.t("Evidence")),
        "source": TableColumn(said.t("Source"), "wide"),
        "source_url": TableColumn(said.t("Address"), "link"),
    }
    return Table(shown, columns if len(shown) else {}, "known-later")


def comparison(found: Comparison, scenarios: Sequence[str], said: Words) -> Table:
    """Return scenarios side by side: a row a result, a column a scenario."""
    rows: dict[str, dict[str, Any]] = {}
    for row in found.rows.to_dict("records"):
        per = names.unit_name(str(row["unit"]), said).partition("/")[2]
        label = label_of(str(row["name"]), said)
        result = said.t("{what}, per {unit}", what=label, unit=per) if per else label
        told = rows.setdefault(str(row["name"]), {"result": result})
        told[str(row["scenario"])] = cell(row, said)
    places = sorted({int(place) for place in found.rows["scenario"]})
    columns = {
        "result": TableColumn(said.t("Result")),
        **{str(place): TableColumn(scenarios[place], "wide") for place in places},
    }
    frame = pd.DataFrame(list(rows.values()), columns=pd.Index(list(columns)))
    return Table(frame, columns if rows else {}, "scenario-comparison")


def cell(row: dict[Any, Any], said: Words) -> str:
    """Write a result with its interval and its evidence."""
    if pd.isna(row["value"]):
        return said.t("not known")
    unit = str(row["unit"]).partition("/")[0]
    value = names.amount(row["value"], unit, said)
    kind = said.evidence(str(row["evidence_kind"]))
    if pd.isna(row["low"]):
        return said.t("{value} ({kind})", value=value, kind=kind)
    ends = [names.amount(row[end], unit, said) for end in ("low", "high")]
    return said.t(
        "{value}, {low} to {high} ({kind})",
        value=value,
        kind=kind,
        low=ends[0],
        high=ends[1],
    )
