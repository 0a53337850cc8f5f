"""A scenario evaluated for a page: its month, its wave, and every input with its evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from etl.analytics.curiosity_to_cash import (
    CuriosityToCash,
    WaveModel,
    curiosity_to_cash,
    wave_model,
)
from etl.analytics.inputs import INPUTS, SOURCINGS
from etl.analytics.product_month import MonthModel, ProductMonth, month_model, product_month
from etl.analytics.scenario_result import SEED, Evaluation, Outcome
from etl.analytics.sensitivity import dependencies
from etl.scenarios.resolve import Scenario, scenario

GRID = 61
"""Points of the break-even surface along each input."""
_ROUNDING = 1e-12
"""An end of an axis that is less of the other one than this is 0 but for rounding."""


@dataclass(frozen=True)
class ScenarioStudy:
    """A scenario with what follows from it.

    Attributes
    ----------
    scenario
        With every reference looked up.
    month
        The steady month; ``None`` where none is described.
    wave
        The chain of a wave; ``None`` where none is described.
    """

    scenario: Scenario
    month: ProductMonth | None
    wave: CuriosityToCash | None

    @property
    def currency(self) -> str:
        """Return the currency of every amount."""
        return self.scenario.document.currency


def frozen(raw: Mapping[str, Any]) -> str:
    """Return a scenario as written in one text, so that it can be a key of the cache."""
    return json.dumps(raw, ensure_ascii=False, sort_keys=False, default=str)


def scenario_study(reader: Reader, written: str) -> ScenarioStudy:
    """Evaluate a scenario.

    Parameters
    ----------
    written
        Of :func:`frozen`.

    Raises
    ------
    InputError
        As :func:`etl.scenarios.resolve.scenario`.
    """
    raw: dict[str, Any] = json.loads(written)
    found = scenario(raw, str(raw.get("name", "the scenario")), reader)
    how = (found.inputs, found.document.sourcing, found.horizon)
    month = product_month(*how, seed=SEED) if found.has_month else None
    wave = curiosity_to_cash(*how, seed=SEED) if found.has_wave else None
    return ScenarioStudy(found, month, wave)


def inputs_frame(study: ScenarioStudy) -> pd.DataFrame:
    """Return every input that plays a part, given or missing, in the order of the catalogue.

    Returns
    -------
    DataFrame
        ``name, group, value, low, high, unit, evidence_kind, source, source_url, as_of, fact_id,
        converted, is_needed, reason, settled_by``; what is not given is missing, and ``is_needed``
        says whether some result is not known without it.
    """
    given, reasons = study.scenario.inputs.given, study.scenario.reasons
    played = played_inputs(study)
    rows: list[dict[str, Any]] = []
    for name, spec in INPUTS.items():
        if name not in played and name not in given:
            continue
        quantity = given.get(name)
        told = ("value", "low", "high", "evidence_kind", "source", "source_url")
        told += ("as_of", "fact_id", "converted")
        unit = spec.unit.replace("{c}", study.currency)
        rows.append(
            {
                "name": name,
                "group": spec.group,
                **{key: None if quantity is None else getattr(quantity, key) for key in told},
                "unit": unit if quantity is None else quantity.unit,
                "is_needed": quantity is None and spec.neutral is None,
                "reason": reasons.get(name, ""),
                "settled_by": spec.settled_by,
            }
        )
    return pd.DataFrame(rows)


def played_inputs(study: ScenarioStudy) -> set[str]:
    """Return the inputs that some step of the month or the wave depends on."""
    found: set[str] = set(SOURCINGS[study.scenario.document.sourcing])
    for evaluated in (study.month, study.wave):
        if evaluated is not None:
            found |= {name for step in evaluated.evaluation.steps for name in step.needs}
    return found


def steps_frame(evaluation: Evaluation, currency: str) -> pd.DataFrame:
    """Return ``name, value, low, high, unit, evidence_kind, source, missing, reason`` a step."""
    return pd.DataFrame(
        [
            {
                "name": step.name,
                "value": step.value,
                "low": step.low,
                "high": step.high,
                "unit": step.unit.replace("{c}", currency),
                "evidence_kind": step.evidence_kind,
                "source": step.source,
                "missing": list(step.missing),
                "reason": step.reason,
            }
            for step in evaluation.steps
        ]
    )


def tornado_frame(study: ScenarioStudy, outcome: Outcome) -> pd.DataFrame:
    """Return a row an input with a range, the largest swing first.

    Returns
    -------
    DataFrame
        ``name, input_low, input_high, result_low, result_high, variance_share, threshold,
        evidence_kind, settled_by``.
    """
    given = study.scenario.inputs.given
    names = ["name", "input_low", "input_high", "result_low", "result_high", "variance_share"]
    names += ["threshold", "evidence_kind", "settled_by"]
    rows = [
        {
            "name": swing.name,
            "input_low": swing.input_low,
            "input_high": swing.input_high,
            "result_low": swing.result_low,
            "result_high": swing.result_high,
            "variance_share": outcome.variance.get(swing.name),
            "threshold": outcome.thresholds.get(swing.name),
            "evidence_kind": given[swing.name].evidence_kind,
            "settled_by": INPUTS[swing.name].settled_by,
        }
        for swing in outcome.tornado
    ]
    return pd.DataFrame(rows, columns=pd.Index(names))


@dataclass(frozen=True)
class Surface:
    """What is earned over two inputs.

    Attributes
    ----------
    step
        What ``z`` is: a user's result in a month, or an install's contribution.
    x, y
        Shapes (m,) and (n,).
    z
        Shape (n, m), in the scenario's currency.
    """

    step: str
    x_name: str
    y_name: str
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


def surface(study: ScenarioStudy, x_name: str, y_name: str) -> Surface | None:
    """Return the break-even surface over two inputs; ``None`` where it is not known.

    Each axis runs over the input's range widened to twice its width, over a tenth to four times its
    value where it has none, or up to three times where nothing is earned or lost if it is missing.
    """
    model, step = _earning(study)
    x, y = axis(study, x_name), axis(study, y_name)
    values = study.scenario.inputs.values() | {x_name: x[None, :], y_name: y[:, None]}
    z = np.broadcast_to(model(values)[step], (y.size, x.size))
    return Surface(step, x_name, y_name, x, y, z) if np.isfinite(z).all() else None


def axis(study: ScenarioStudy, name: str) -> np.ndarray:
    """Return the values of an input that a surface runs over; an end that rounding made is 0."""
    spec, given = INPUTS[name], study.scenario.inputs.given.get(name)
    if given is None:
        evaluated = study.month or study.wave
        zero = None if evaluated is None else evaluated.outcome.thresholds.get(name)
        top = min(spec.maximum, 100.0 if zero is None else 3 * zero)
        return np.linspace(spec.minimum, top, GRID)
    low, high = given.ends
    if low == high:
        low, high = given.value / 10, given.value * 4
    else:
        low, high = low - (high - low) / 2, high + (high - low) / 2
    floor = spec.minimum if not spec.above_zero else max(spec.minimum, given.value / 100)
    low, high = max(low, floor), min(high, spec.maximum)
    noise = _ROUNDING * max(abs(low), abs(high))
    low, high = (0.0 if abs(end) < noise else end for end in (low, high))
    return np.linspace(low, high, GRID)


def surface_inputs(study: ScenarioStudy) -> list[str]:
    """Return the inputs that a surface can run over: those that what is earned depends on."""
    model, step = _earning(study)
    return list(dependencies(model)[step])


def _earning(study: ScenarioStudy) -> tuple[MonthModel | WaveModel, str]:
    """Return the model of a scenario and the step whose zero is its break-even."""
    found, sourcing = study.scenario, study.scenario.document.sourcing
    if study.month is None:
        return wave_model(found.inputs, sourcing, found.horizon), "contribution_per_install"
    return month_model(found.inputs, sourcing, found.horizon), study.month.outcome.step
