"""The figures of a scenario: from the price to the contribution, break-even, what decides, odds."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import cache, permalinks, scenarios
from dashboard.app_pages.economics_held import Present
from dashboard.app_pages.growth_paying import offered
from dashboard.components import Card, Provenance, Table, figure_card, plain, table_card
from dashboard.figures.economics import bridge, contour, tornado, variance, waterfall
from dashboard.figures.economics import outcome as odds_figures
from dashboard.figures.economics.scales import Axis
from dashboard.figures.theme import Mode
from dashboard.studies.economics.comparison import claims_frame, later_frame
from dashboard.studies.economics.scenario import (
    ScenarioStudy,
    axis,
    scenario_study,
    surface,
    surface_inputs,
)
from dashboard.studies.economics.waterfall import Per
from dashboard.studies.economics.waterfall import waterfall as way
from dashboard.tables.economics import names, results
from dashboard.text import Words
from etl.analytics.inputs import INPUTS
from etl.analytics.scenario_result import Evaluation, Outcome

_SUITS_A_SURFACE = (
    *("paying_share", "cost_per_image", "api_price", "hourly_price", "users_per_server"),
    *("gross_margin", "net_proceeds"),
)


def _told(study: ScenarioStudy, kind: str, unit: str, source: str) -> Provenance:
    return Provenance(kind, unit, study.scenario.document.as_of, source)


def month_cards(written: str, said: Words, mode: Mode) -> list[Card]:
    """Return the ways from the price to the contribution, of a payer and of a user."""
    study = cache.study(scenario_study, written)
    per_what: tuple[tuple[Per, str, str], ...] = (
        ("payer", said.t("A payer's month"), said.t("payer and month")),
        ("user", said.t("A user's month, paying or not"), said.t("user and month")),
    )
    cards: list[Card] = []
    for per, heading, of in per_what:
        frame = way(study, per)
        shown = frame.assign(label=[results.label_of(name, said) for name in frame["name"]])
        unit = said.t("{currency} per {what}", currency=study.currency, what=of)
        kind = str(frame["evidence_kind"].iloc[-1])
        table = offered(
            scenario_study, (written,), lambda s, per=per: results.waterfall(way(s, per), per, said)
        )
        figure = waterfall.waterfall_figure(shown, study.currency, said, mode, heading_unit=unit)
        source = said.t("steps of a user-month; terms of the stores on the day")
        cards.append(
            partial(figure_card, said, heading, figure, table, _told(study, kind, unit, source))
        )
        missing = frame["missing"].iloc[-1]
        if missing:
            cards.append(partial(st.caption, plain(results.reason_of(missing, "", said))))
    return cards


def surface_controls(study: ScenarioStudy, said: Words) -> tuple[str, str] | None:
    """Let the reader choose the two inputs of the break-even surface."""
    options = [name for name in surface_inputs(study) if np.ptp(axis(study, name)) > 0]
    if len(options) < 2:
        return None
    suited = [name for name in _SUITS_A_SURFACE if name in options]
    first, second = list(dict.fromkeys([*suited, *options]))[:2]
    columns = st.columns(2)
    chosen: list[str] = []
    for column, key, label, default in (
        (columns[0], "x", said.t("Across"), first),
        (columns[1], "y", said.t("Upwards"), second),
    ):
        left = tuple(name for name in options if name not in chosen)
        if st.session_state.get(key) not in (None, *left):
            permalinks.forget(key)
        with column:
            own = default if default in left else left[0]
            permalinks.restore(key, permalinks.one_of(left, said), own, said)
            st.selectbox(
                label, left, key=key, format_func=lambda name: names.input_name(name, said)
            )
        chosen.append(permalinks.chosen(key))
    return chosen[0], chosen[1]


def surface_cards(written: str, pair: tuple[str, str], said: Words, mode: Mode) -> list[Card]:
    """Return the break-even surface over two inputs."""
    study = cache.study(scenario_study, written)
    found = surface(study, *pair)
    if found is None:
        return [
            partial(
                st.info,
                said.t(
                    "With these two inputs alone the contribution is not known: more is missing."
                ),
                icon=":material/grid_off:",
            )
        ]
    given = study.scenario.inputs.given
    base = None
    if set(pair) <= set(given):
        base = given[pair[0]].value, given[pair[1]].value
    units = [INPUTS[name].unit.replace("{c}", study.currency) for name in pair]
    axes = (
        Axis(names.input_name(pair[0], said), results.axis_unit(units[0], said)),
        Axis(names.input_name(pair[1], said), results.axis_unit(units[1], said)),
        Axis(names.step_name(found.step, said), study.currency),
    )
    claims = cache.study(_claims, written, *pair)
    labels = results.claim_labels(claims, said)
    figure = contour.contour_figure(
        contour.Grid(found.x, found.y, found.z, base),
        claims.assign(label=labels),
        said,
        mode,
        axes=axes,
    )
    table = offered(scenario_study, (written,), lambda s: results.surface(surface(s, *pair), said))
    told = _told(
        study,
        "assumed" if base is None else _kind(study, found.step),
        said.t(
            "{currency} per {what}",
            currency=study.currency,
            what=said.t("user and month") if study.month is not None else said.t("install"),
        ),
        said.t("all other inputs at their own values"),
    )
    cards: list[Card] = [
        partial(figure_card, said, _surface_heading(study, said), figure, table, told)
    ]
    if labels:
        note = said.t(
            "A published claim is about one of the two inputs; it stands at this scenario's own "
            "value of the other."
        )
        cards.append(partial(st.caption, note))
    return cards


def _claims(reader: Any, written: str, x: str, y: str) -> pd.DataFrame:
    return claims_frame(reader, scenario_study(reader, written), x, y)


def _surface_heading(study: ScenarioStudy, said: Words) -> str:
    if study.month is None:
        return said.t("Where an install breaks even")
    return said.t("Where a user breaks even")


def _kind(study: ScenarioStudy, step: str) -> str:
    evaluated = study.month or study.wave
    assert evaluated is not None
    return evaluated.evaluation.step(step).evidence_kind


def odds_cards(written: str, which: str, said: Words, mode: Mode) -> list[Card]:
    """Return what decides a result, what its variance comes from, and its odds.

    Parameters
    ----------
    which
        ``month`` or ``wave``.
    """
    study = cache.study(scenario_study, written)
    evaluation, outcome = found_of(study, which)
    step = evaluation.step(outcome.step)
    if step.value is None or not outcome.tornado:
        return []
    what = names.step_name(step.name, said)
    unit = step.unit.replace("{c}", study.currency)
    swings = results.swings(study, outcome, said)
    told = _told(
        study,
        step.evidence_kind,
        names.figure_unit(unit, said),
        results.computed_from(study, step, said),
    )
    table = offered(
        scenario_study,
        (written,),
        lambda s: results.tornado(
            results.swings(s, found_of(s, which)[1], said), what, said, f"tornado-{which}"
        ),
    )
    bins = odds_figures.histogram(outcome.draws)
    odds = results.odds(outcome)
    return [
        partial(
            figure_card,
            said,
            said.t("What moves the result"),
            tornado.tornado_figure(
                swings, step.value, said, mode, result=Axis(what, _result_unit(unit))
            ),
            table,
            told,
        ),
        partial(
            figure_card,
            said,
            said.t("Where its uncertainty comes from"),
            variance.variance_figure(swings, said, mode),
            _renamed(table, f"variance-{which}"),
            told,
        ),
        partial(
            figure_card,
            said,
            said.t("How likely a profit is"),
            odds_figures.outcome_figure(bins, odds, study.currency, said, mode, title=what),
            results.histogram(bins, said, f"outcome-{which}"),
            told,
        ),
    ]


def _result_unit(unit: str) -> str:
    """Return the currency of an amount per user; what it is per stands in its name."""
    return unit.partition("/")[0]


def _renamed(table: Table, file_name: str) -> Table:
    return Table(table.frame, table.columns, file_name, table.passed_on)


def found_of(study: ScenarioStudy, which: str) -> tuple[Evaluation, Outcome]:
    """Return the month or the wave of a scenario that has it."""
    found = study.month if which == "month" else study.wave
    assert found is not None
    return found.evaluation, found.outcome


def chain_cards(written: str, said: Words, mode: Mode) -> list[Card]:
    """Return the chain of a wave from attention to contribution."""
    study = cache.study(scenario_study, written)
    frame = results.chain_frame(found_of(study, "wave")[0], study.currency, said)
    kind = str(frame["evidence_kind"].iloc[-1])
    unit = said.t("people; {currency} in present value", currency=study.currency)
    told = _told(study, kind, unit, said.t("first payment with the install, others a month apart"))

    def table(found: ScenarioStudy) -> Table:
        own = results.chain_frame(found_of(found, "wave")[0], found.currency, said)
        return results.chain(own, said)

    return [
        partial(
            figure_card,
            said,
            said.t("From attention to contribution"),
            bridge.bridge_figure(frame, said, mode),
            offered(scenario_study, (written,), table),
            told,
        )
    ]


def steps_card(written: str, which: str, said: Words) -> None:
    """Show every computed step as a table."""
    study = cache.study(scenario_study, written)

    def table(found: ScenarioStudy) -> Table:
        made = results.steps(found_of(found, which)[0], found.currency, said)
        return _renamed(made, f"economics-steps-{which}")

    shown = offered(scenario_study, (written,), table)
    evaluation, outcome = found_of(study, which)
    kind = evaluation.step(outcome.step).evidence_kind
    told = _told(study, kind, "", said.t("each step with its own evidence"))
    table_card(said, shown, heading=said.t("Every step"), provenance=told)


def beside(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show what contradicts it, what became known later, what is left out, and the notes."""
    notes = scenarios.notes_of(present.raw, said.language)
    if notes:
        st.header(said.t("What to know about it"), anchor=False)
        st.markdown("\n".join(f"- {plain(note)}" for note in notes))
    if study.scenario.contradictions:
        table_card(
            said,
            results.contradictions(study, said),
            heading=said.t("Claims that contradict each other"),
            note=said.t("The one marked is used; the others answer the same question otherwise."),
        )
    if study.scenario.later:
        frame = cache.study(_later, present.written)
        table_card(
            said,
            results.later(frame, said),
            heading=said.t("What became known later"),
            note=said.t(
                "None of it is used. Beside it stands the newest figure of the same kind that was "
                "public on {date}.",
                date=said.date(study.scenario.document.as_of),
            ),
        )
    left_out = [
        name
        for each in (study.month, study.wave)
        if each is not None
        for name in each.evaluation.left_out
    ]
    if left_out:
        told = said.t("; ").join(names.input_name(name, said) for name in dict.fromkeys(left_out))
        st.caption(plain(said.t("Left out, for nobody gave them: {inputs}.", inputs=told)))


def _later(reader: Any, written: str) -> pd.DataFrame:
    return later_frame(reader, scenario_study(reader, written))
