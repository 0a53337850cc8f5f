"""Three sliders over the inputs that decide most, answered without running the page again."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard import cache, scenarios
from dashboard.app_pages.economics_choice import Present, commit
from dashboard.components import Provenance, metric_tile, plain
from dashboard.studies.economics.comparison import WhatIf, leading, what_if, what_if_inputs
from dashboard.studies.economics.scenario import ScenarioStudy, axis, scenario_study
from dashboard.tables.economics import names
from dashboard.text import MISSING, Words
from etl.analytics.inputs import INPUTS

_STEPS = 200


@st.fragment
def what_ifs(present: Present, said: Words) -> None:
    """Show the sliders and what would follow."""
    study = cache.study(scenario_study, present.written)
    tried = what_if_inputs(study)
    if not tried:
        return
    st.header(said.t("What if"), anchor=False)
    with st.container(border=True):
        columns = st.columns(len(tried))
        changed: dict[str, float] = {}
        for column, name in zip(columns, tried, strict=True):
            with column:
                changed[name] = _slider(present, study, name, said)
        _answer(study, what_if(study, changed), said)
        if st.button(
            said.t("Take these values into the scenario"),
            icon=":material/input:",
            key="economics:take",
        ):
            rows = {name: scenarios.Row(value) for name, value in changed.items()}
            commit(present, lambda: scenarios.with_inputs(present.raw, rows), said)


def _slider(present: Present, study: ScenarioStudy, name: str, said: Words) -> float:
    """Show a slider over an input's range, shares in percent."""
    given = study.scenario.inputs.given.get(name)
    reach, start = axis(study, name), _start(study, name)
    unit = INPUTS[name].unit.replace("{c}", study.currency)
    scale = 100.0 if unit.partition("/")[0] == "ratio" else 1.0
    low, high = float(reach[0]) * scale, float(reach[-1]) * scale
    told = "%" if scale > 1 else names.unit_name(unit, said)
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
    shown = (
        ("contribution_per_user", "break_even_paid_conversion_rate")
        if study.month is not None
        else ("contribution", "contribution_per_install")
    )
    led = leading(study)
    assert led is not None
    units = {step.name: step.unit.replace("{c}", study.currency) for step in led[0].steps}
    columns = st.columns(len(shown) + 1)
    day = study.scenario.document.as_of
    source = said.t("the sliders above; all else as in the scenario")
    for column, name in zip(columns, shown, strict=False):
        if name not in units:
            continue
        unit = units[name]
        with column:
            metric_tile(
                said,
                names.step_name(name, said),
                names.amount(found.values[name], unit.partition("/")[0], said),
                Provenance("assumed", names.unit_name(unit, said), day, source),
            )
    with columns[-1]:
        odds = found.probability
        notes = [plain(said.t("The inputs of the sliders are fixed; all other ranges are kept."))]
        if odds is None:
            known = bool(np.isfinite(found.values[led[1].step]))
            why = said.t("More is missing than what the sliders set.")
            if known:
                why = said.t("No other input has a range, so there is no probability to state.")
            notes = [plain(why)]
        metric_tile(
            said,
            said.t("Probability of a profit"),
            MISSING if odds is None else said.percent(odds, digits=0),
            Provenance("assumed", said.t("share of the draws"), day, source),
            notes=notes,
        )
