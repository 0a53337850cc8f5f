"""Machines through a wave against what a hand works out."""

# pyright: basic

from __future__ import annotations

import pytest

from dashboard.studies.economics.prices import typed_price
from dashboard.studies.economics.speeds import speeds
from dashboard.studies.economics.wave import (
    Machines,
    WaveChoice,
    scenario_half_life,
    scenario_peak,
    wave_study,
)

DAY = 86_400 / 2  # pictures a day of one machine at twice the mean in the busiest hour


@pytest.fixture
def worked_out(reader, study):
    def found(choice, own=36_000, rent=10, **changed):
        about = study(**changed)
        speed = speeds(reader, about)[0]
        prices = typed_price("own", own, "CNY"), typed_price("rent", rent, "CNY")
        return wave_study(about, Machines(*prices, speed), choice)

    return found


def test_the_peak_is_that_of_the_scenario(study):
    told = study(peak_installs_per_day=1_000, free_images_per_install=8, retry_rate=0.25)
    assert scenario_peak(told) == pytest.approx(10_000)
    assert scenario_peak(study()) == 0
    assert scenario_half_life(study(half_life_days=12)) == 12


def test_renting_pays_for_the_machines_of_every_month(worked_out):
    found = worked_out(WaveChoice(4 * DAY, 30.4375, months=3))
    assert list(found.months("rent")["machines_rented"]) == [4, 2, 1]
    assert found.plan("rent").present_value_usd == pytest.approx(7 * 10 * 730.5)


def test_bought_for_the_peak_machines_stand_idle_and_their_book_value_is_at_risk(worked_out):
    found = worked_out(WaveChoice(4 * DAY, 30.4375, months=3))
    buy = found.plan("buy")
    assert list(found.months("buy")["idle_machines"]) == [0, 2, 3]
    assert buy.idle_machine_months == 5
    assert buy.book_value_at_risk_usd == pytest.approx(3 * 36_000 * 34 / 36)
    assert buy.present_value_usd == pytest.approx(4 * 36_000)


def test_the_half_life_that_pays_is_where_both_cost_the_same(worked_out):
    found = worked_out(WaveChoice(4 * DAY, 30.0, months=12))
    days = found.pays_from_days.value
    assert days is not None
    beyond = worked_out(WaveChoice(4 * DAY, days * 1.01, months=12))
    before = worked_out(WaveChoice(4 * DAY, days * 0.99, months=12))
    for at, pays in ((beyond, True), (before, False)):
        bought, rented = (at.plan(name).present_value_usd for name in ("buy", "rent"))
        assert (bought < rented) == pays


def test_the_curve_over_half_lives_is_that_of_the_plans(worked_out):
    found = worked_out(WaveChoice(4 * DAY, 30.0, months=6))
    row = found.by_half_life.iloc[40]
    at = worked_out(WaveChoice(4 * DAY, row["half_life_days"], months=6))
    assert row["rent_cost"] == pytest.approx(at.plan("rent").present_value_usd)
    assert row["buy_cost"] == pytest.approx(at.plan("buy").present_value_usd)
    assert row["mix_cost"] == pytest.approx(at.plan("floor").present_value_usd)


def test_a_resale_lowers_the_cost_of_buying(worked_out):
    without = worked_out(WaveChoice(4 * DAY, 30.0, months=12))
    sold = worked_out(WaveChoice(4 * DAY, 30.0, months=12, resale_share=0.5))
    saved = without.plan("buy").present_value_usd - sold.plan("buy").present_value_usd
    assert saved == pytest.approx(4 * 36_000 * 0.5)


def test_a_wave_that_was_typed_in_is_assumed(worked_out):
    assert worked_out(WaveChoice(DAY, 30.0)).evidence_kind == "assumed"
