"""Half-life against payback: machines through a fading wave, rented, bought, or some of each."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard import cache
from dashboard.app_pages import economics_controls as controls
from dashboard.app_pages.economics_held import Present
from dashboard.components import Card, Provenance, figure_card, plain, table_card
from dashboard.figures.economics.wave import rent_or_buy_figure, wave_capacity_figure
from dashboard.figures.theme import Mode
from dashboard.states import fragment
from dashboard.studies.economics.needs import wave_missing
from dashboard.studies.economics.prices import Kind, family_of
from dashboard.studies.economics.scenario import ScenarioStudy, scenario_study
from dashboard.studies.economics.sourcing import SourcingChoice, chosen_prices
from dashboard.studies.economics.speeds import chosen_speed, of_scenario
from dashboard.studies.economics.wave import (
    PLANS,
    Machines,
    PlanName,
    WaveChoice,
    WaveStudy,
    scenario_half_life,
    scenario_peak,
    wave_study,
)
from dashboard.tables.economics import names
from dashboard.tables.economics import wave as tables
from dashboard.text import MISSING, Words
from etl.analytics.wave_demand import WaveLaw

_BUYING: tuple[Kind, ...] = ("own", "rent")


@fragment
def show(present: Present, study: ScenarioStudy, said: Words) -> None:
    """Show the wave, its machines, and from which half-life buying pays."""
    st.header(said.t("Half-life against payback"), anchor=False)
    controls.guarded(lambda: _body(present.written, study, said), said)


def _body(written: str, study: ScenarioStudy, said: Words) -> None:
    with st.container(border=True):
        choice = _wave(study, said)
        priced = _machines(written, study, said)
        shown = _plan(said)
    if priced is None:
        return
    told = {"half_life_days": choice.half_life_days}
    lacking = [
        name for name in wave_missing(study) if not told.get(name, choice.peak_images_per_day)
    ]
    if lacking:
        controls.missing(lacking, said)
        st.caption(said.t("Or type the peak and the half-life above: they are then assumed."))
        return
    if _found(written, priced, choice) is None:
        st.info(
            said.t(
                "**No price to buy or to rent was known by the day.** Choose one above, or type "
                "your own."
            ),
            icon=":material/sell:",
        )
        return
    controls.draw(
        "economics:machines",
        lambda mode: _cards(written, (priced, choice, shown), said, mode),
        said,
        *(written, priced, choice, shown),
    )


def _wave(study: ScenarioStudy, said: Words) -> WaveChoice:
    first, second, third = st.columns(3)
    laws: tuple[WaveLaw, ...] = ("exponential", "power")
    law_names = {"exponential": said.t("halves evenly"), "power": said.t("ever more slowly")}
    with first:
        peak = controls.amount(
            "wav_peak",
            said.t("Pictures on the peak day"),
            scenario_peak(study),
            (0.0, 1e10),
            said,
            said.t("Installs of the peak day times the pictures of an install, retries included."),
        )
        floor = controls.whole(
            "wav_floor", said.t("Share of the peak that stays (%)"), 0, (0, 100), said
        )
    with second:
        half_life = controls.amount(
            "wav_half",
            said.t("Half-life of the wave (days)"),
            scenario_half_life(study),
            (0.0, 10_000.0),
            said,
        )
        law = controls.option(
            "wav_law", said.t("How it fades"), laws, laws[0], said, name=law_names.__getitem__
        )
    with third:
        months = controls.whole(
            "wav_months",
            said.t("Months that are counted"),
            study.scenario.document.horizon_months,
            (1, 600),
            said,
        )
        resale = controls.whole(
            "wav_resale", said.t("Resale value after a year (%)"), 0, (0, 100), said
        )
    with first:
        cards = controls.whole("wav_cards", said.t("Cards of a bought server"), 1, (1, 64), said)
    known: WaveLaw = "power" if law == "power" else "exponential"
    return WaveChoice(peak, half_life, known, floor / 100, months, cards, resale / 100)


def _machines(written: str, study: ScenarioStudy, said: Words) -> SourcingChoice | None:
    """Let the reader choose speed and prices."""
    known = controls.prices_of(written)
    speed = controls.speed("wav_speed", written, said)
    if speed is None:
        return None
    codes: dict[Kind, tuple[str, float]] = {}
    for column, kind in zip(st.columns(2), _BUYING, strict=True):
        with column:
            default = known.default(kind, family_of(speed.device))
            codes[kind] = controls.price("wav", kind, known, default, (study.currency, said))
    typed = (codes["own"][1], codes["rent"][1], 0.0, 0.0)
    return SourcingChoice(speed.code, codes["own"][0], codes["rent"][0], "none", "none", typed)


def _plan(said: Words) -> PlanName:
    code = controls.option(
        "wav_plan",
        said.t("Plan of machines to look at"),
        PLANS,
        "buy",
        said,
        name=lambda plan: tables.plan_name(plan, said),
    )
    return next(plan for plan in PLANS if plan == code)


def _found(written: str, priced: SourcingChoice, choice: WaveChoice) -> WaveStudy | None:
    """Return the plans; ``None`` where no price is known."""
    study = cache.study(scenario_study, written)
    speed = chosen_speed(cache.study(of_scenario, written), priced.speed)
    prices = chosen_prices(study, controls.prices_of(written), priced, speed)
    if speed is None or not set(_BUYING) <= set(prices):
        return None
    return wave_study(study, Machines(prices["own"], prices["rent"], speed), choice)


def _cards(
    written: str, about: tuple[SourcingChoice, WaveChoice, PlanName], said: Words, mode: Mode
) -> list[Card]:
    priced, choice, shown = about
    found = _found(written, priced, choice)
    assert found is not None
    study = cache.study(scenario_study, written)
    told = Provenance(
        found.evidence_kind,
        said.t("{currency}, present value at the peak", currency=found.currency),
        study.scenario.document.as_of,
        said.t("the wave, the dated prices and the speed chosen above"),
    )
    return [
        partial(controls.sentence, tables.sentence(found, said)),
        partial(_tiles, found, told, said),
        partial(
            figure_card,
            said,
            said.t("Machines through the wave: {plan}", plan=tables.plan_name(shown, said)),
            wave_capacity_figure(found.months(shown), found.currency, said, mode),
            tables.months(found, shown, said),
            told,
        ),
        partial(
            figure_card,
            said,
            said.t("What renting and buying cost, by half-life"),
            rent_or_buy_figure(found.by_half_life, found.currency, said, mode),
            tables.by_half_life(found, said),
            told,
        ),
        partial(
            table_card,
            said,
            tables.plans(found, said),
            heading=said.t("The plans side by side"),
            provenance=told,
        ),
        *(partial(st.caption, plain(note)) for note in tables.notes(found, said)),
    ]


def _tiles(found: WaveStudy, told: Provenance, said: Words) -> None:
    buy = found.plan("buy")
    pays = found.pays_from_days
    shown = (
        (
            said.t("Half-life from which buying pays"),
            MISSING if pays.value is None else names.amount(pays.value, "days", said),
            "" if pays.value is not None else tables.pays(pays, said),
        ),
        (
            said.t("Idle capacity if bought for the peak"),
            said.n("{n} machine-month", "{n} machine-months", buy.idle_machine_months),
            "",
        ),
        (
            said.t("Book value at risk"),
            names.amount(buy.book_value_at_risk_usd, found.currency, said),
            "",
        ),
    )
    controls.tiles(shown, told, said)
