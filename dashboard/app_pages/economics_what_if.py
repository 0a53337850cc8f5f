"""Sliders over the inputs that decide most and those changed, without running the page again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from dashboard import cache, scenarios
from dashboard.app_pages.economics_controls import missing_tile
from dashboard.app_pages.economics_held import Present, commit, current
from dashboard.components import Provenance, metric_tile, plain
from dashboard.states import fragment
from dashboard.studies.economics.comparison import WhatIf, leading, what_if, what_if_inputs
from dashboard.studies.economics.scenario import (
    ScenarioStudy,
    axis,
    scenario_study,
    surface_inputs,
)
from dashboard.tables.economics import names, typed
from dashboard.text import MISSING, Words
from etl.analytics import curiosity_to_cash, product_month
from etl.analytics.inputs import INPUTS

_STEPS = 200
_A_LINE, _MOST = 3, 6
_UNITS = {**curiosity_to_cash.UNITS, **product_month.UNITS}
_BESIDE = {
    "result_per_user": "break_even_with_fixed_costs",
    "contribution_per_user": "break_even_paid_conversion_rate",
    "contribution": "contribution_per_install",
}
"""Step of the verdict → what stands beside it."""


@fragment
def what_ifs(present: Present, said: Words) -> None:
    """Show the sliders and what would follow."""
    study = cache.study(scenario_study, present.written)
    tried = _tried(present, study)
    if not tried:
        return
    st.header(said.t("What if"), anchor=False)
    with st.container(border=True):
        changed: dict[str, float] = {}
        for first in range(0, len(tried), _A_LINE):
            in_line = tried[first : first + _A_LINE]
            columns = st.columns(max(len(in_line), min(len(tried), _A_LINE)))
            for column, name in zip(columns, in_line, strict=False):
                with column:
                    changed[name] = _slider(present, study, name, said)
        _answer(study, what_if(study, changed), said)
        rows = _moved(study, changed)
        if st.button(
            said.t("Take the moved values into the scenario"),
            icon=":material/input:",
            key="economics:take",
            disabled=not rows,
        ):
            commit(present, lambda: scenarios.with_inputs(current(present), rows), said)


def _tried(present: Present, study: ScenarioStudy) -> list[str]:
    """Return the inputs of the sliders: those that decide, and those that the reader changed."""
    tried = what_if_inputs(study)
    if not tried:
        return []
    needed = surface_inputs(study)
    changed = scenarios.changed_inputs(present.raw, present.base)
    own = [name for name in changed if name in needed and np.ptp(axis(study, name)) > 0]
    return list(dict.fromkeys([*tried, *own]))[:_MOST]


def _moved(study: ScenarioStudy, changed: Mapping[str, float]) -> dict[str, scenarios.Row]:
    """Return the inputs whose slider was moved; a range that still holds the value stays."""
    rows: dict[str, scenarios.Row] = {}
    for name, value in changed.items():
        if np.isclose(value, _start(study, name), rtol=1e-9, atol=0):
            continue
        given = study.scenario.inputs.given.get(name)
        ends = (None, None)
        if given is not None and given.low is not None and given.high is not None:
            ends = (given.low, given.high) if given.low <= value <= given.high else ends
        rows[name] = scenarios.Row(value, *ends)
    return rows


def _slider(present: Present, study: ScenarioStudy, name: str, said: Words) -> float:
    """Show a slider over an input's range, shares in percent."""
    given = study.scenario.inputs.given.get(name)
    reach, start = axis(study, name), _start(study, name)
    unit = INPUTS[name].unit.replace("{c}", study.currency)
    scale = typed.scale(name)
    low, high = float(reach[0]) * scale, float(reach[-1]) * scale
    told = typed.unit(name, unit, said)
    value = st.slider(
        said.t("{what} ({unit})", what=names.input_name(name, said), unit=told),
        low,
        high,
        float(np.clip(start * scale, low, high)),
        (high - low) / _STEPS,
        format="%.4g",
        key=f"economics:if:{name}:{present.version}",
    )
    if given is None:
        note = said.t("Not given: the slider begins where the result is zero.")
        if name not in _thresholds(study):
            note = said.t("Not given: the slider begins in the middle of what is possible.")
        st.caption(note)
    return value / scale


def _start(study: ScenarioStudy, name: str) -> float:
    given = study.scenario.inputs.given.get(name)
    if given is not None:
        return given.value
    return _thresholds(study).get(name, float(axis(study, name).mean()))


def _thresholds(study: ScenarioStudy) -> dict[str, float]:
    led = leading(study)
    return {} if led is None else dict(led[1].thresholds)


def _answer(study: ScenarioStudy, found: WhatIf, said: Words) -> None:
    shown = (found.step, _BESIDE[found.step])
    columns = st.columns(len(shown) + 1)
    day = study.scenario.document.as_of
    source = said.t("the sliders above; all else as in the scenario")
    for column, name in zip(columns, shown, strict=False):
        unit = _UNITS[name].replace("{c}", study.currency)
        with column:
            if not np.isfinite(found.values[name]):
                why = said.t("More is missing than what the sliders set.")
                missing_tile(names.step_name(name, said), why, said)
                continue
            metric_tile(
                said,
                names.step_name(name, said),
                names.amount(found.values[name], unit.partition("/")[0], said),
                Provenance("assumed", names.figure_unit(unit, said), day, source),
            )
    with columns[-1]:
        odds = found.probability
        notes = [plain(said.t("The inputs of the sliders are fixed; all other ranges are kept."))]
        if odds is None:
            _no_odds(bool(np.isfinite(found.values[found.step])), said)
            return
        metric_tile(
            said,
            said.t("Probability of a profit"),
            said.percent(odds, digits=0),
            Provenance("assumed", said.t("share of the draws"), day, source),
            notes=notes,
        )


def _no_odds(is_known: bool, said: Words) -> None:
    """Say why no probability is stated; where the result is known, nothing is missing."""
    what = said.t("Probability of a profit")
    if not is_known:
        missing_tile(what, said.t("More is missing than what the sliders set."), said)
        return
    with st.container(border=True, height="stretch"):
        st.metric(what, MISSING)
        st.markdown(
            plain(said.t("No other range changes this result: there is no probability to state."))
        )
