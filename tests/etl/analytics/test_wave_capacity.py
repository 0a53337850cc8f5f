"""A fading wave against bought machines: counted month by month by hand, and laws that hold."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.analytics.compute import Electricity, Speed
from etl.analytics.sourcing import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    OwnedServer,
    PriceEvidence,
    RentedCard,
)
from etl.analytics.wave_capacity import (
    MOST_MACHINES,
    REASONS,
    CapacityPlan,
    compare,
    half_life_that_pays,
    plan,
)
from etl.analytics.wave_costs import CapacityTerms, ResaleCurve
from etl.analytics.wave_demand import DemandWave

SEEN = PriceEvidence("assumed", date(2026, 9, 1), "made up")
SPEED = Speed(0.5, 1_200.0, 100.0)
OWN = OwnedServer(
    *("own", SEEN, SPEED, 30_000.0, Electricity(0.12)), resale_usd=3_000.0, upkeep_usd_per_month=150
)
RENT = RentedCard("rent", SEEN, SPEED, 2.5)
RESALE = ResaleCurve(((0, 0.8), (1, 0.5), (3, 0.15)))
TERMS = CapacityTerms(OWN, RENT, RESALE, 24, 0.1)
WAVE = DemandWave(200_000.0, 60.0, floor_share=0.05)
FREE_POWER = replace(TERMS, owned=replace(OWN, electricity=Electricity(0.0)))
"""Without the electricity of work a bought machine costs the same whatever it makes."""

WAVES = st.builds(
    DemandWave,
    st.floats(1_000, 500_000),
    st.floats(1, 2_000),
    st.sampled_from(["exponential", "power"]),
    st.floats(0, 1),
)


def counted_by_hand(wave: DemandWave, terms: CapacityTerms, n: int) -> tuple[list, float, int]:
    """Count machines and money in a plain loop, images by adding up small steps of a day."""
    per_day = terms.owned.speed.images_per_second * 86_400 / terms.peak_to_mean_ratio
    rented_per_day = terms.rented.speed.images_per_second * 86_400 / terms.peak_to_mean_ratio
    total, idle_months, rows = n * terms.owned.price_usd, 0, []
    for month in range(terms.horizon_months):
        start = month * DAYS_PER_MONTH
        steps = start + (np.arange(4_000) + 0.5) / 4_000 * DAYS_PER_MONTH
        images = wave.at(steps).mean()
        busiest = float(wave.at(np.array([start]))[0])
        if busiest < terms.least_images_per_day:
            busiest = images = 0.0
        alive = month < terms.owned.life_years * 12
        owned = n if alive else 0
        in_use = min(owned, math.ceil(busiest / per_day - 1e-9))
        rented = math.ceil(max(busiest - owned * per_day, 0) / rented_per_day - 1e-9)
        in_all = in_use * per_day + rented * rented_per_day
        made = images * in_use * per_day / in_all if in_all else 0.0
        pictures = made * DAYS_PER_MONTH
        watt_hours = pictures * 1_200 / 3_600
        watt_hours += 100 * (in_use * HOURS_PER_MONTH - pictures / 0.5 / 3_600)
        kwh_price = terms.owned.electricity.tariff_usd_per_kwh * 1.3 * 1.4
        cost = owned * 150 + watt_hours / 1_000 * kwh_price
        cost += rented * terms.rented.usd_per_hour * HOURS_PER_MONTH
        total += cost / (1 + terms.discount_rate) ** (month / 12)
        idle_months += owned - in_use
        rows.append((owned, rented, owned - in_use))
    end = min(terms.horizon_months, int(terms.owned.life_years * 12))
    sold = n * terms.owned.price_usd * float(terms.resale.shares(np.array(end / 12)))
    return rows, total - sold / (1 + terms.discount_rate) ** (end / 12), idle_months


# Demand


@pytest.mark.parametrize("law", ["exponential", "power"])
def test_after_a_half_life_half_of_what_fades_is_gone(law) -> None:
    wave = DemandWave(1_000.0, 30.0, law, floor_share=0.2)
    assert wave.at(np.array([0.0, 30.0])) == pytest.approx([1_000, 200 + 400])
    assert wave.at(np.array([1e12]))[0] == pytest.approx(200, rel=0.02)


@given(WAVES)
@settings(deadline=None)
def test_a_months_mean_is_the_mean_of_its_days(wave: DemandWave) -> None:
    # The curve is steepest at its peak: the first month is cut finely there.
    edges = np.concatenate([[0.0], np.geomspace(1e-4, DAYS_PER_MONTH, 40_000)])
    first = np.sum(wave.at((edges[1:] + edges[:-1]) / 2) * np.diff(edges)) / DAYS_PER_MONTH
    days = (np.arange(20_000) + 0.5) / 20_000 * DAYS_PER_MONTH
    means = wave.monthly_means(3)
    expected = [first, *(wave.at(days + m * DAYS_PER_MONTH).mean() for m in (1, 2))]
    assert means == pytest.approx(expected, rel=1e-3, abs=0)
    assert np.all(np.diff(means) <= 1e-9 * means[0])


def test_a_power_law_with_a_half_life_of_a_day_has_an_area_too() -> None:
    means = DemandWave(1_000.0, 1.0, "power").monthly_means(1)
    assert means[0] == pytest.approx(1_000 * math.log1p(DAYS_PER_MONTH) / DAYS_PER_MONTH)


# Plans


@given(WAVES, st.integers(0, 12), st.integers(1, 50), st.floats(-0.2, 0.5), st.floats(0.2, 3))
@settings(max_examples=60, deadline=None)
def test_machines_and_cost_are_those_counted_by_hand(
    wave: DemandWave, n: int, horizon: int, rate: float, speed: float
) -> None:
    rented = replace(RENT, speed=Speed(speed))
    terms = replace(TERMS, rented=rented, horizon_months=horizon, discount_rate=rate)
    rows, total, idle_months = counted_by_hand(wave, terms, n)
    found = plan(wave, terms, n)
    months = found.months[["machines_owned", "machines_rented", "idle_machines"]]
    assert [tuple(row) for row in months.to_numpy().tolist()] == rows
    assert found.idle_machine_months == idle_months
    # The hand counts a steep first day in coarser steps.
    assert found.present_value_usd == pytest.approx(total, rel=2e-3)


@given(WAVES, st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_machines_and_money_add_up(wave: DemandWave, n: int) -> None:
    found = plan(wave, TERMS, n)
    months = found.months
    used = months["machines_owned"] - months["idle_machines"] + months["machines_rented"]
    assert (months["machines_needed"] == used).all()
    parts = months["purchase_usd"] + months["running_usd"] + months["rent_usd"]
    assert (months["cost_usd"] - (parts - months["resale_usd"])).abs().max() < 1e-6
    undiscounted = plan(wave, replace(TERMS, discount_rate=0.0), n)
    assert undiscounted.present_value_usd == pytest.approx(months["cost_usd"].sum(), rel=1e-12)
    assert months["present_value_usd"].sum() == pytest.approx(found.present_value_usd, rel=1e-12)


def test_the_book_value_falls_in_a_straight_line_and_idle_machines_put_it_at_risk() -> None:
    forever = replace(TERMS, least_images_per_day=0.0)
    found = plan(DemandWave(43_200.0, 30.4375), forever, 2)  # two machines, one from month 2 on
    months = found.months
    assert months["machines_needed"].tolist()[:3] == [2, 1, 1]
    assert months["book_value_usd"].iloc[0] == 60_000
    assert months["book_value_usd"].iloc[12] == pytest.approx(2 * (30_000 - 9_000))
    assert found.idle_machine_months == 23
    assert found.at_risk_month == 2
    assert found.book_value_at_risk_usd == pytest.approx(30_000 - 27_000 / 36)
    sale = 30_000 * (0.8 - 0.3 / 12)
    assert found.unrecoverable_usd == pytest.approx(29_250 - sale)


def test_a_machine_is_used_no_longer_than_its_life_and_sold_then() -> None:
    terms = replace(TERMS, owned=replace(OWN, life_years=1.0), horizon_months=18)
    months = plan(WAVE, terms, 2).months
    assert months["machines_owned"].tolist() == [2] * 12 + [0] * 6
    assert months["resale_usd"].iloc[11] == pytest.approx(2 * 30_000 * 0.5)
    assert months["resale_usd"].drop(11).eq(0).all()
    assert months["book_value_usd"].iloc[12] == 0


def test_payback_is_when_the_saved_rent_has_paid_for_the_machine() -> None:
    steady = DemandWave(10_000.0, 60.0, floor_share=1.0)
    found = plan(steady, FREE_POWER, 1)
    saved = 2.5 * HOURS_PER_MONTH - 150
    # The first saving comes with the purchase, the next a month later.
    assert found.payback_months.value == pytest.approx(30_000 / saved - 1)
    later = found.discounted_payback_months.value
    assert later is not None
    assert later > 30_000 / saved - 1
    assert plan(steady, TERMS, 0).payback_months.reason == "nothing_bought"
    assert plan(replace(WAVE, half_life_days=5.0), TERMS, 10).payback_months.value is None


def test_electricity_that_was_not_measured_makes_a_lower_bound() -> None:
    blind = replace(TERMS, owned=replace(OWN, speed=Speed(0.5)))
    assert plan(WAVE, blind, 1).is_lower_bound
    assert not plan(WAVE, blind, 0).is_lower_bound
    assert not plan(WAVE, TERMS, 1).is_lower_bound


# Comparison


@given(WAVES)
@settings(max_examples=40, deadline=None)
def test_the_cheapest_mix_is_the_cheapest_of_all(wave: DemandWave) -> None:
    found = compare(wave, TERMS)
    assert found.rent.n_owned == 0
    assert found.buy.months["machines_rented"].eq(0).all()
    assert found.floor.idle_machine_months == 0
    lowest = found.cheapest.present_value_usd
    each = [plan(wave, TERMS, n).present_value_usd for n in range(found.buy.n_owned + 1)]
    assert lowest == pytest.approx(min(each), rel=1e-12)
    assert found.curve["present_value_usd"].tolist() == pytest.approx(each, rel=1e-12)


def test_a_short_wave_is_rented_and_a_lasting_one_bought() -> None:
    assert compare(replace(WAVE, half_life_days=10.0, floor_share=0.0), TERMS).cheapest.n_owned == 0
    assert compare(replace(WAVE, half_life_days=5_000.0), TERMS).cheapest.n_owned >= 9
    found = compare(WAVE, TERMS)
    assert 0 < found.cheapest.n_owned < found.buy.n_owned


def cost(wave: DemandWave, terms: CapacityTerms, n: int) -> float:
    return plan(wave, terms, n).present_value_usd


@given(WAVES, st.integers(1, 12), st.floats(1, 20))
@settings(max_examples=60, deadline=None)
def test_a_longer_half_life_never_lowers_the_advantage_of_buying(
    wave: DemandWave, n: int, longer: float
) -> None:
    lasting = replace(wave, half_life_days=wave.half_life_days * longer)
    short, long = (cost(w, FREE_POWER, 0) - cost(w, FREE_POWER, n) for w in (wave, lasting))
    assert long >= short - 1e-6 * abs(short)


@given(WAVES, st.integers(0, 12), st.floats(1, 5))
@settings(max_examples=60, deadline=None)
def test_a_higher_price_never_lowers_a_cost(wave: DemandWave, n: int, dearer: float) -> None:
    before = cost(wave, TERMS, n)
    price, hour = OWN.price_usd * dearer, RENT.usd_per_hour * dearer
    for terms in (
        replace(TERMS, owned=replace(OWN, price_usd=price)),
        replace(TERMS, owned=replace(OWN, electricity=Electricity(0.12 * dearer))),
        replace(TERMS, owned=replace(OWN, upkeep_usd_per_month=150 * dearer)),
        replace(TERMS, rented=replace(RENT, usd_per_hour=hour)),
        replace(TERMS, resale=ResaleCurve()),
    ):
        assert cost(wave, terms, n) >= before * (1 - 1e-12)


# The half-life that pays


@pytest.mark.parametrize(("law", "n"), [("exponential", None), ("exponential", 3), ("power", 3)])
def test_buying_pays_at_the_found_half_life_and_not_just_below(law, n: int | None) -> None:
    wave = replace(WAVE, law=law, floor_share=0.0)
    days = half_life_that_pays(wave, TERMS, n).value
    assert days is not None
    bought = n or compare(wave, TERMS).buy.n_owned
    for factor, pays in ((1 + 1e-6, True), (1.5, True), (4.0, True), (1 - 1e-4, False)):
        at = replace(wave, half_life_days=days * factor)
        assert (cost(at, TERMS, bought) < cost(at, TERMS, 0)) == pays


def test_a_wave_that_is_over_needs_no_machine() -> None:
    fading = DemandWave(100_000.0, 3.0)  # a millionth is left after 60 days
    assert plan(fading, TERMS, 0).months["machines_rented"].tolist() == [5, 1] + [0] * 22
    forever = replace(TERMS, least_images_per_day=0.0)
    assert plan(fading, forever, 0).months["machines_rented"].tolist() == [5] + [1] * 23


def test_a_dearer_server_must_be_used_longer() -> None:
    days = [
        half_life_that_pays(WAVE, replace(TERMS, owned=replace(OWN, price_usd=price))).value
        for price in (15_000.0, 20_000.0, 30_000.0)
    ]
    assert days == sorted(days)


def test_where_no_half_life_decides_there_is_a_reason_and_no_number() -> None:
    dear = replace(TERMS, owned=replace(OWN, price_usd=300_000.0))
    assert half_life_that_pays(WAVE, dear) == half_life_that_pays(WAVE, dear, 3)
    assert half_life_that_pays(WAVE, dear).reason == "never_pays"
    cheap = replace(TERMS, owned=replace(OWN, price_usd=0.0, resale_usd=0.0))
    assert half_life_that_pays(WAVE, cheap, 1).reason == "always_pays"
    assert half_life_that_pays(WAVE, cheap, 0).reason == "nothing_bought"
    assert {"never_pays", "always_pays", "nothing_bought"} <= set(REASONS)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: replace(WAVE, peak_images_per_day=0.0), "peak"),
        (lambda: replace(WAVE, half_life_days=0.0), "half_life_days"),
        (lambda: replace(WAVE, floor_share=1.1), "floor_share"),
        (lambda: replace(WAVE, law="linear"), "exponential or power"),
        (lambda: replace(TERMS, horizon_months=0), "horizon_months"),
        (lambda: replace(TERMS, discount_rate=-1.0), "above -1"),
        (lambda: replace(TERMS, peak_to_mean_ratio=0.5), "peak_to_mean_ratio"),
        (lambda: replace(TERMS, owned=replace(OWN, life_years=0.05)), "life_years"),
        (lambda: replace(TERMS, least_images_per_day=-1.0), "least_images_per_day"),
        (lambda: ResaleCurve(((1, 0.5),)), "rise from 0"),
        (lambda: ResaleCurve(((0, 0.5), (1, 0.6))), "never rise"),
        (lambda: ResaleCurve(((0, 0.5), (0, 0.4))), "rise from 0"),
        (lambda: ResaleCurve(((0, 1.5),)), "between 0 and 1"),
        (lambda: plan(WAVE, TERMS, -1), "-1 machines"),
        (lambda: plan(WAVE, TERMS, MOST_MACHINES + 1), "machines to buy"),
        (lambda: compare(replace(WAVE, peak_images_per_day=1e9), TERMS), "machines to buy"),
        (lambda: half_life_that_pays(WAVE, TERMS, 1, (5.0, 5.0)), "shortest < longest"),
    ],
)
def test_impossible_numbers_are_refused_in_words(make, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_a_plan_is_one_frame_by_month() -> None:
    found: CapacityPlan = plan(WAVE, TERMS, 1)
    assert found.months["month"].tolist() == list(range(1, 25))
    assert found.months["machines_needed"].dtype == "int64"
