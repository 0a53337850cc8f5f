"""Scenarios side by side, what became known later beside what was known, and what-ifs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.break_even_published import ACHIEVED, published_pay_rates
from dashboard.studies.economics.scenario import SEED, ScenarioStudy, axis, scenario_study
from etl.analytics.curiosity_to_cash import wave_model
from etl.analytics.inputs import INPUTS
from etl.analytics.product_month import month_model
from etl.analytics.quantities import Quantity
from etl.analytics.scenario_result import DRAWS, Evaluation, Outcome
from etl.analytics.sensitivity import Model, dependencies
from etl.errors import InputError
from etl.scenarios.evidence import REPORTING_DAYS
from etl.scenarios.resolve import told_by_every_cell

MOST = 4
"""Scenarios that are compared at a time."""
MAIN_STEPS = (
    *("contribution_per_user", "contribution_per_payer", "result_per_user"),
    *("break_even_paid_conversion_rate", "payback_months", "ltv_to_cac", "npv"),
    *("contribution_per_install", "hype_multiple"),
)
_ROUNDING = 1e-9
MULTIPLES = ("ltv_to_cac", "hype_multiple")
"""Ratios that are told as so many times, not in percent."""
TIMES = "times"
PROBABILITY = "probability_profitable"
COLUMNS = (
    "scenario",
    "name",
    "value",
    "low",
    "high",
    "unit",
    "currency",
    "evidence_kind",
    "reason",
)


@dataclass(frozen=True)
class Comparison:
    """Scenarios side by side.

    Attributes
    ----------
    rows
        A row a scenario and main result: :data:`COLUMNS`; ``scenario`` is its place among those
        asked for. Only results that one of them has at all.
    faults
        Place of a scenario that could not be evaluated → why.
    """

    rows: pd.DataFrame
    faults: Mapping[int, str]

    @property
    def currencies(self) -> list[str]:
        """Return the currencies that occur, in order."""
        return list(dict.fromkeys(self.rows["currency"]))


def comparison(reader: Reader, written: Sequence[str]) -> Comparison:
    """Evaluate several scenarios.

    Parameters
    ----------
    written
        Each of :func:`dashboard.studies.economics.scenario.frozen`. Nothing is converted: every
        amount keeps the currency of its scenario.
    """
    rows: list[dict[str, Any]] = []
    faults: dict[int, str] = {}
    for place, text in enumerate(written):
        try:
            rows += [{"scenario": place, **row} for row in _main(scenario_study(reader, text))]
        except InputError as fault:
            faults[place] = str(fault)
    return Comparison(pd.DataFrame(rows, columns=pd.Index(COLUMNS)), faults)


def _main(study: ScenarioStudy) -> list[dict[str, Any]]:
    steps = {
        step.name: step
        for each in (study.wave, study.month)
        if each is not None
        for step in each.evaluation.steps
    }
    rows = [
        {
            "name": name,
            "value": steps[name].value,
            "low": steps[name].low,
            "high": steps[name].high,
            "unit": TIMES if name in MULTIPLES else steps[name].unit.replace("{c}", study.currency),
            "currency": study.currency,
            "evidence_kind": steps[name].evidence_kind,
            "reason": steps[name].reason,
        }
        for name in MAIN_STEPS
        if name in steps
    ]
    led = leading(study)
    if led is None:
        return rows
    outcome = led[1]
    kind = led[0].step(outcome.step).evidence_kind
    # Without any range the draws are one point, and their share says nothing of chance.
    odds = outcome.probability_profitable if outcome.variance else None
    told = {"name": PROBABILITY, "value": odds, "unit": "ratio", "reason": ""}
    return [*rows, {**told, "currency": study.currency, "evidence_kind": kind}]


def leading(study: ScenarioStudy) -> tuple[Evaluation, Outcome] | None:
    """Return what the verdict of a scenario is about: its month, or else its wave."""
    for found in (study.month, study.wave):
        if found is not None:
            return found.evaluation, found.outcome
    return None


def model_of(study: ScenarioStudy) -> Model | None:
    """Return the model of :func:`leading`."""
    found = study.scenario
    how = (found.inputs, found.document.sourcing, found.horizon)
    if study.month is not None:
        return month_model(*how)
    return None if study.wave is None else wave_model(*how)


def what_if_inputs(study: ScenarioStudy, n: int = 3) -> list[str]:
    """Return the inputs worth trying out.

    Those that are missing, where the result is not known for want of them; then those that decide
    most, those with a range, and the others by how far they move the result.
    """
    led, model = leading(study), model_of(study)
    if led is None or model is None:
        return []
    given, outcome = study.scenario.inputs.given, led[1]
    # What the cells of a mix tell is changed there.
    by_cell = set(told_by_every_cell(study.scenario.document))
    needs = [name for name in dependencies(model)[outcome.step] if name not in by_cell]
    missing = [name for name in needs if name not in given and INPUTS[name].neutral is None]
    varied = [name for name in needs if name in given and not given[name].is_exact]
    moving = _by_effect(study, model, outcome.step, [name for name in needs if name in given])
    deciding = [name for name in outcome.deciding(n) if name not in by_cell]
    names = dict.fromkeys([*missing, *deciding, *varied, *moving])
    return [name for name in names if np.ptp(axis(study, name)) > 0][:n]


def _by_effect(study: ScenarioStudy, model: Model, step: str, names: list[str]) -> list[str]:
    """Return inputs by how far a tenth more of each moves the step, the farthest first."""
    base = study.scenario.inputs.values()
    at = float(model(base)[step])

    def moved(name: str) -> float:
        change = abs(float(model({**base, name: 1.1 * base[name]})[step]) - at)
        return change if np.isfinite(change) else 0.0

    return sorted(names, key=lambda name: -moved(name))


@dataclass(frozen=True)
class WhatIf:
    """A result with some inputs set to other values.

    Attributes
    ----------
    step
        The step that decides; fixed costs are paid where they are given or tried out.
    values
        Step → value; NaN where it is not known.
    probability
        Share of draws above zero, the other ranges kept; ``None`` where it is not known or no
        other range moves the step.
    """

    step: str
    values: Mapping[str, float]
    probability: float | None


def what_if(study: ScenarioStudy, changed: Mapping[str, float]) -> WhatIf:
    """Evaluate a scenario with some inputs at other, exact values: a few milliseconds.

    Raises
    ------
    ValueError
        If the scenario describes neither a month nor a wave.
    """
    led, model = leading(study), model_of(study)
    if led is None or model is None:
        raise ValueError("got a scenario without a month or a wave; expected one of them")
    inputs = study.scenario.inputs.with_(
        **{name: Quantity(value, INPUTS[name].unit, "assumed") for name, value in changed.items()}
    )
    at_values = model(inputs.values())
    step = _step(led[1], at_values)
    drawn = np.atleast_1d(model(inputs.draws(DRAWS, np.random.default_rng(SEED)))[step])
    varies = bool(np.isfinite(drawn).all()) and float(np.ptp(drawn)) > 0
    values = {name: _settled(float(value)) for name, value in at_values.items()}
    return WhatIf(step, values, float((drawn > 0).mean()) if varies else None)


def _settled(value: float) -> float:
    """Return a value, 0 where it is nothing but rounding."""
    return 0.0 if abs(value) < _ROUNDING else value


def _step(outcome: Outcome, values: Mapping[str, Any]) -> str:
    """Return the step that decides: with an input tried out, fixed costs can be paid too."""
    if outcome.step == "contribution_per_user" and np.isfinite(values["result_per_user"]):
        return "result_per_user"
    return outcome.step


LATER = ("what", "what_zh", "metric", "value", "unit", "as_of", "evidence_kind")
LATER_COLUMNS = (
    *LATER,
    "source",
    "source_url",
    "before",
    "before_unit",
    "before_as_of",
    "before_source",
)


def later_frame(reader: Reader, study: ScenarioStudy) -> pd.DataFrame:
    """Return what became known after the scenario's day, each beside what was known on it.

    Returns
    -------
    DataFrame
        :data:`LATER_COLUMNS`: ``what`` is who it is about, ``what_zh`` its name in Chinese where
        one is held, ``before`` the newest figure of the
        same metric about the same that was public on the day; missing where there was none.
    """
    day = study.scenario.document.as_of
    rows: list[dict[str, Any]] = []
    for told in study.scenario.later:
        who, who_zh, metric, table = _about(reader, told.fact_id)
        known = _known_before(
            reader, table, who, metric, (told.unit, str(day), told.fact_id.split()[-1])
        )
        rows.append(
            {
                "what": who,
                "what_zh": who_zh,
                "metric": metric,
                "value": told.value,
                "unit": told.unit,
                "as_of": told.as_of,
                "evidence_kind": told.evidence_kind,
                "source": told.source,
                "source_url": told.source_url,
                **known,
            }
        )
    return pd.DataFrame(rows, columns=pd.Index(LATER_COLUMNS))


def _about(reader: Reader, fact_id: str) -> tuple[str, str | None, str, str]:
    if " " in fact_id:
        ticker, metric, _ = fact_id.split(maxsplit=2)
        return ticker, None, metric, "financials"
    found = reader.query(
        "SELECT entity, entity_zh, metric FROM disclosed_facts WHERE fact_id = ?", [fact_id]
    )
    row = cast(dict[str, Any], found.to_dict("records")[0])
    return str(row["entity"]), row["entity_zh"], str(row["metric"]), "disclosed_facts"


_BEFORE = {
    "financials": (
        "SELECT value, unit, period_end AS as_of, source_title FROM financials "
        "WHERE ticker = ? AND metric = ? AND unit = ? "
        f"AND coalesce(published_on, period_end + INTERVAL {REPORTING_DAYS} DAY) <= ?::DATE "
        "AND period <> ? "
        "ORDER BY period_end DESC, published_on DESC LIMIT 1"
    ),
    "disclosed_facts": (
        "SELECT value, unit, coalesce(period_end, known_on) AS as_of, source_title "
        "FROM disclosed_facts WHERE entity = ? AND metric = ? AND unit = ? "
        "AND known_on <= ?::DATE AND fact_id <> ? ORDER BY as_of DESC, fact_id LIMIT 1"
    ),
}


def _known_before(
    reader: Reader, table: str, who: str, metric: str, about: tuple[str, str, str]
) -> dict[str, Any]:
    found = reader.query(_BEFORE[table], [who, metric, *about])
    if found.empty:
        return {}
    row = cast(dict[str, Any], found.to_dict("records")[0])
    return {
        "before": row["value"],
        "before_unit": row["unit"],
        "before_as_of": row["as_of"],
        "before_source": row["source_title"],
    }


CLAIMED = {"paying_share": "subscription_penetration_rate", "users_per_server": "users_per_server"}
CLAIMED |= {"cost_per_image": "compute_cost_per_image", "api_price": "image_api_price"}
CLAIMED |= {"gross_margin": "gross_margin"}
"""Input → metric of published claims that answer the same question."""


def claims_frame(reader: Reader, study: ScenarioStudy, x_name: str, y_name: str) -> pd.DataFrame:
    """Return published claims about one of two inputs, at the scenario's own value of the other.

    Returns
    -------
    DataFrame
        ``entity, entity_zh, period_end, name`` (the input it is about), ``x``, ``y``,
        ``evidence_kind``: the newest claim of everybody, as known on the scenario's day, in the
        input's own unit; nothing is converted. Shares of payers are those of
        :func:`published_pay_rates`: where two figures of one day differ, both stand.
    """
    given, day = study.scenario.inputs.given, study.scenario.document.as_of
    rows: list[dict[str, Any]] = []
    for name, other in ((x_name, y_name), (y_name, x_name)):
        if name not in CLAIMED or other not in given:
            continue
        for claim in _claims(reader, name, study.currency, day):
            own, elsewhere = float(claim["middle"]), given[other].value
            at = (own, elsewhere) if name == x_name else (elsewhere, own)
            told = {key: claim[key] for key in ("entity", "entity_zh", "period_end")}
            kind = claim["evidence_kind"]
            rows.append({**told, "name": name, "x": at[0], "y": at[1], "evidence_kind": kind})
    names = ["entity", "entity_zh", "period_end", "name", "x", "y", "evidence_kind"]
    return pd.DataFrame(rows, columns=pd.Index(names))


def _claims(reader: Reader, name: str, currency: str, day: date) -> list[dict[str, Any]]:
    if CLAIMED[name] in ACHIEVED:
        rates = published_pay_rates(reader, day)
        rates = rates.loc[rates["latest"].astype(bool) & (rates["metric"] == CLAIMED[name])]
        found = rates.rename(columns={"value": "middle", "as_of": "period_end"}).iloc[::-1]
    else:
        unit = INPUTS[name].unit.replace("{c}", currency).removesuffix("/server")
        found = reader.query(_CLAIMS, [CLAIMED[name], unit, str(day)])
    return cast(list[dict[str, Any]], found.to_dict("records"))


_CLAIMS = (
    "SELECT entity, entity_zh, period_end, evidence_kind, "
    "coalesce((value + value_high) / 2, value) AS middle FROM disclosed_facts "
    "WHERE metric = ? AND unit = ? AND known_on <= ?::DATE "
    "QUALIFY row_number() OVER (PARTITION BY entity ORDER BY period_end DESC NULLS LAST, "
    "known_on DESC, fact_id) = 1 ORDER BY period_end DESC, entity"
)
