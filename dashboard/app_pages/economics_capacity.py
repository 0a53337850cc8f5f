"""Capacity: machines for a promised wait, who waits how long, and what a promised second costs."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages import economics_second
from dashboard.app_pages.economics_held import Present
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures.economics.day import day_figure
from dashboard.figures.economics.waits import waits_figure
from dashboard.figures.theme import Mode
from dashboard.states import fragment
from dashboard.studies.economics.capacity import (
    AT_ONCE,
    EVENING,
    CapacityChoice,
    CapacityStudy,
    Line,
    capacity_study,
    day_curve,
    missing_inputs,
    offered_machines,
)
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.studies.economics.speeds import SpeedChoice, chosen_speed, is_later, of_scenario
from dashboard.tables.economics import capacity as tables
from dashboard.tables.economics import names
from dashboard.text import MISSING, Words
from etl.analytics.queue_load import Law

_JOBS = ("0", "50000", "200000", "1000000")
_PROMISED = 10.0
_MOST_SEED = 1_000_000


@fragment
def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show what is asked of the machines and who waits how long."""
    st.header(said.t("Capacity and waiting"), anchor=False)
    controls.guarded(lambda: _body(present.written, study, said), said)


def _body(written: str, study: ScenarioStudy, said: Words) -> None:
    missing = missing_inputs(study)
    if missing:
        controls.missing(missing, said)
        return
    with st.container(border=True):
        speed = controls.speed("cap_speed", written, said)
        if speed is None:
            return
        choice = _choice(study, speed, said)
    if is_later(speed, study.scenario.document.as_of):
        st.caption(
            plain(
                said.t(
                    "This speed was published on {date}, after the scenario's day.",
                    date=said.date(speed.as_of),
                )
            )
        )
    with st.spinner(said.t("Working out the waits …"), show_time=True):
        controls.draw(
            "economics:capacity",
            lambda mode: _cards(written, speed.code, choice, said, mode),
            said,
            *(written, speed.code, choice),
        )
    economics_second.show(written, study, (speed, choice), said)


def _choice(study: ScenarioStudy, speed: SpeedChoice, said: Words) -> CapacityChoice:
    given = study.scenario.inputs.given
    own = {name: given[name].value for name in _WAITS if name in given}
    note = said.t("The scenario's own where it has one; 0 promises nothing.")
    first, second, third = st.columns(3)
    with first:
        paid = controls.amount(
            "cap_paid",
            said.t("Promise to payers, p95 (s)"),
            own.get("paid_wait_seconds", _PROMISED),
            (0.0, 86_400.0),
            said,
            note,
        )
        free = controls.amount(
            "cap_free",
            said.t("Bearable for free users, p95 (s)"),
            own.get("free_wait_seconds", 0.0),
            (0.0, 86_400.0),
            said,
            note,
        )
    with second:
        line, law = _queue(speed, said)
        machines = controls.whole(
            "cap_machines",
            said.t("Machines at hand"),
            0,
            (0, 10_000),
            said,
            said.t("0: as many as the promises need."),
        )
    asked = CapacityChoice(paid, free, law, line, machines, weights=_weights(said))
    offered = offered_machines(study, speed, asked)
    with third:
        jobs = controls.option(
            "cap_jobs",
            said.t("Simulation, where no formula gives a wait"),
            _JOBS,
            "50000" if offered <= AT_ONCE else "0",
            said,
            name=lambda code: _jobs_name(code, said),
        )
        seed = controls.whole("cap_seed", said.t("Seed"), 0, (0, _MOST_SEED), said)
    return CapacityChoice(paid, free, law, line, machines, int(jobs), seed, asked.weights)


_WAITS = ("paid_wait_seconds", "free_wait_seconds")


def _jobs_name(code: str, said: Words) -> str:
    if code == "0":
        return said.t("none")
    return said.t("{n} pictures", n=said.number(int(code), digits=0))


def _queue(speed: SpeedChoice, said: Words) -> tuple[Line, Law]:
    lines = {
        "first": said.t("Payers first, nothing interrupted"),
        "one": said.t("One line for all"),
    }
    line = controls.option(
        "cap_line", said.t("Who is served first"), tuple(lines), "first", said,
        name=lines.__getitem__,
    )  # fmt: skip
    known: Line = "one" if line == "one" else "first"
    if speed.batches is not None:
        return known, "deterministic"
    laws = {
        "deterministic": said.t("All the same"),
        "exponential": said.t("Without memory (exponential)"),
    }
    law = controls.option(
        "cap_law", said.t("Times of a picture"), tuple(laws), "deterministic", said,
        name=laws.__getitem__,
    )  # fmt: skip
    return known, "exponential" if law == "exponential" else "deterministic"


def _weights(said: Words) -> tuple[float, ...]:
    """Let the reader type the hours of a day; empty keeps the evening's shape."""
    text = controls.line(
        "cap_hours",
        said.t("Requests of the 24 hours from midnight, your own (relative)"),
        said.t("for example {numbers}", numbers=",".join(map(str, EVENING))),
        said,
    )
    if not text:
        return ()
    parts = text.replace("，", ",").split(",")
    try:
        return tuple(float(part) for part in parts)
    except ValueError:
        raise ValueError(f"got the hours {text[:60]}; expected 24 numbers with commas") from None


def _cards(written: str, code: str, choice: CapacityChoice, said: Words, mode: Mode) -> list[Card]:
    study = cache.study(scenario_study, written)
    speed = chosen_speed(cache.study(of_scenario, written), code)
    assert speed is not None
    found = capacity_study(study, speed, choice)
    day = study.scenario.document.as_of
    told = Provenance(
        found.evidence_kind,
        said.t("machines of this speed; waits in seconds until a machine begins"),
        day,
        said.t(
            "pictures of the scenario, the speed chosen above, the busiest hour as if it lasted"
        ),
    )
    cards: list[Card] = [partial(_sentence, tables.sentence(found, choice, said), found)]
    if not found.n_short:
        cards += [
            partial(_tiles, found, told, said),
            *_waits(found, choice, told, said, mode),
        ]
    hours = pd.DataFrame({"hour": range(24), "over_mean": day_curve(study, choice)})
    assumed = Provenance(
        "assumed",
        said.t("ratio to the mean hour"),
        day,
        said.t("your own hours")
        if choice.weights
        else said.t("an evening's shape, bent to the scenario's busiest hour over mean hour"),
    )
    cards.append(
        partial(
            figure_card,
            said,
            said.t("When on a day pictures are asked for"),
            day_figure(hours, said, mode),
            tables.day(hours, said),
            assumed,
        )
    )
    return cards


def _waits(
    found: CapacityStudy, choice: CapacityChoice, told: Provenance, said: Words, mode: Mode
) -> list[Card]:
    promises = {
        tier: seconds
        for tier, seconds in (
            ("paid", choice.paid_wait_seconds),
            ("free", choice.free_wait_seconds),
        )
        if seconds
    }
    figure = waits_figure(found.distribution, found.marks, promises, said, mode)
    return [
        partial(
            figure_card,
            said,
            said.t("How long they wait in the busiest hour"),
            figure,
            tables.distribution(found, said),
            told,
        ),
        partial(
            table_card,
            said,
            tables.waits(found, choice, said),
            heading=said.t("Waits by tier"),
            provenance=told,
        ),
    ]


def _sentence(text: str, found: CapacityStudy) -> None:
    if found.n_short:
        st.error(plain(text), icon=":material/error:")
        return
    controls.sentence(text)


def _tiles(found: CapacityStudy, told: Provenance, said: Words) -> None:
    at_least = said.n(
        "at least {n} machine for the load", "at least {n} machines for the load", found.n_least
    )
    n = found.n_machines
    shown = (
        (said.t("Machines"), MISSING if n is None else said.number(n, digits=0), at_least),
        (
            said.t("Utilisation, busiest hour"),
            said.percent(found.utilisation_peak),
            said.t("mean of the day: {share}", share=said.percent(found.utilisation_mean)),
        ),
        *(
            (
                said.t("p95 wait: {tier}", tier=tables.tier_name(tier, said)),
                _p95(found, row, said),
                _how(row, said),
            )
            for tier, row in ((str(row["tier"]), row) for row in found.marks.to_dict("records"))
        ),
    )
    controls.tiles(shown, told, said)


def _p95(found: CapacityStudy, row: dict[object, object], said: Words) -> str:
    seconds = found.p95("paid" if row["tier"] == "paid" else "free")
    return MISSING if seconds is None else tables.wait(seconds, said)


def _how(row: dict[object, object], said: Words) -> str:
    """Say how a wait is known, with its interval where it was simulated."""
    if row["reason"]:
        return said.t("No formula gives this wait; it can be simulated.")
    how = tables.method_name(str(row["method"]), said)
    if row["evidence_kind"] != "simulated":
        return how
    low, high = (names.amount(float(str(row[end])), "seconds", said) for end in _ENDS)
    return said.t("{how}, 95% interval {low} to {high}", how=how, low=low, high=high)


_ENDS = ("p95_low", "p95_high")
