"""Own, rent, serverless or API: the cost formula by hand, and exact intervals by brute force."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.analytics.compute import HOURS_PER_YEAR, Electricity, Extras, Speed
from etl.analytics.sourcing import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    ImageApi,
    OwnedServer,
    PriceEvidence,
    RentedCard,
    Serverless,
    SourcingOption,
    Workload,
    capacity,
    machines_needed,
)
from etl.analytics.sourcing_intervals import (
    MOST_STEPS,
    all_break_evens,
    break_evens,
    cheapest_intervals,
)
from etl.analytics.sourcing_table import cheapest

SEEN = PriceEvidence("disclosed", date(2026, 9, 1), "price list", "https://prices.example/")
SPEED = Speed(images_per_second=0.5, joules_gross=1_200.0, idle_watts=100.0)
OWN = OwnedServer(
    *("own", SEEN, SPEED, 30_000.0, Electricity(0.12)), resale_usd=3_000.0, upkeep_usd_per_month=150
)
RENT = RentedCard("rent", SEEN, SPEED, 2.5)
SERVERLESS = Serverless("serverless", SEEN, SPEED, 0.0011, cold_start_share=0.2)
API = ImageApi("api", SEEN, 0.01)
LOAD = Workload(2.0, Extras(0.0001, 0.0002, 0.0003))
ALL = (OWN, RENT, SERVERLESS, API)


def month(option: SourcingOption, images_per_day: float, workload: Workload = LOAD) -> float:
    return option.cost(images_per_day, workload).cost_per_month_usd


# The formula


def test_a_month_of_ones_own_is_machines_electricity_of_work_and_of_waiting_and_extras() -> None:
    images = 50_000.0  # one machine carries 0.5·86,400/2 = 21,600 a day
    found = OWN.cost(images, LOAD)
    assert found.n_machines == 3
    assert found.utilisation == pytest.approx(50_000 / (3 * 43_200))
    pictures = images * DAYS_PER_MONTH
    machines = 3 * (27_000 / 36 + 150)
    idle_hours = 3 * HOURS_PER_MONTH - pictures / 0.5 / 3_600
    kwh = pictures * 1_200 / 3.6e6 + idle_hours * 0.1
    expected = machines + kwh * 0.12 * 1.3 * 1.4 + pictures * 0.0006
    assert found.cost_per_month_usd == pytest.approx(expected, rel=1e-12)
    assert found.cost_per_image_usd == pytest.approx(expected / pictures, rel=1e-12)


def test_a_rented_month_is_whole_machines_and_extras_only() -> None:
    found = RENT.cost(21_600.0, LOAD)
    assert found.n_machines == 1
    assert found.per_image.electricity_usd == 0
    pictures = 21_600 * DAYS_PER_MONTH
    assert found.cost_per_month_usd == pytest.approx(2.5 * HOURS_PER_YEAR / 12 + pictures * 0.0006)
    assert RENT.cost(21_600.1, LOAD).n_machines == 2


def test_serverless_pays_for_its_cold_starts_and_an_hour_is_3600_seconds() -> None:
    found = SERVERLESS.cost(10.0, LOAD)
    assert found.cost_per_image_usd == pytest.approx(0.0011 * 2 * 1.2 + 0.0006)
    hourly = Serverless.by_the_hour("serverless", SEEN, SPEED, 3.96, 0.2)
    assert hourly.cost(10.0, LOAD).cost_per_image_usd == pytest.approx(found.cost_per_image_usd)
    assert (found.n_machines, found.utilisation) == (None, None)


def test_an_api_costs_its_price_and_what_all_options_cost() -> None:
    assert API.cost(123.0, LOAD).cost_per_image_usd == pytest.approx(0.0106)


def test_electricity_that_was_not_measured_is_missing_and_makes_a_lower_bound() -> None:
    found = replace(OWN, speed=Speed(0.5)).cost(1_000.0, LOAD)
    assert found.is_lower_bound
    assert found.per_image.electricity_usd is None
    assert not OWN.cost(1_000.0, LOAD).is_lower_bound


@given(st.floats(1e-3, 1e3), st.floats(1, 10), st.integers(1, 500))
def test_as_many_machines_as_the_busiest_hour_needs(speed: float, ratio: float, n: int) -> None:
    one = capacity(Speed(speed), Workload(ratio))
    assert one * ratio == pytest.approx(speed * 86_400)
    assert machines_needed(one * n, one) == n
    assert machines_needed(one * n * (1 + 1e-9), one) == n + 1
    assert machines_needed(0.0, one) == 0


@given(st.floats(0.1, 1e6), st.floats(1, 5), st.sampled_from(ALL))
def test_the_line_with_steps_is_the_cost_formula(
    images: float, ratio: float, option: SourcingOption
) -> None:
    workload = Workload(ratio, LOAD.extras)
    line = option.line(workload)
    n = machines_needed(images, line.images_per_day_of_one)
    by_line = n * line.usd_per_machine_month + line.usd_per_image * images * DAYS_PER_MONTH
    assert by_line == pytest.approx(month(option, images, workload), rel=1e-9)


DEARER = [
    lambda x: replace(OWN, price_usd=OWN.price_usd * x),
    lambda x: replace(OWN, electricity=Electricity(0.12 * x)),
    lambda x: replace(OWN, upkeep_usd_per_month=150 * x),
    lambda x: replace(RENT, usd_per_hour=2.5 * x),
    lambda x: replace(SERVERLESS, usd_per_second=0.0011 * x),
    lambda x: replace(SERVERLESS, cold_start_share=0.2 * x),
    lambda x: replace(API, usd_per_image=0.01 * x),
]


@given(st.sampled_from(DEARER), st.floats(1, 20), st.floats(0.1, 1e6))
def test_a_higher_price_never_lowers_a_cost(make, factor: float, images: float) -> None:
    assert month(make(factor), images) >= month(make(1.0), images) * (1 - 1e-12)


@given(st.sampled_from(ALL), st.floats(0.1, 1e6), st.floats(1, 3))
def test_more_pictures_never_cost_less_and_a_steeper_day_neither(
    option: SourcingOption, images: float, factor: float
) -> None:
    assert month(option, images * factor) >= month(option, images) * (1 - 1e-12)
    steeper = Workload(LOAD.peak_to_mean_ratio * factor, LOAD.extras)
    assert month(option, images, steeper) >= month(option, images) * (1 - 1e-12)


# The table


def test_the_table_names_the_cheapest_and_the_dated_price_behind_each() -> None:
    found = cheapest(ALL, [100.0, 21_000.0], LOAD)
    assert len(found) == 8
    best = found[found["is_cheapest"]].set_index("images_per_day")["option"]
    assert best.to_dict() == {100.0: "serverless", 21_000.0: "own"}
    assert set(found["as_of"]) == {date(2026, 9, 1)}
    assert set(found["source_url"]) == {"https://prices.example/"}
    own = found[found["option"] == "own"]
    assert own["utilisation"].tolist() == pytest.approx([100 / 43_200, 21_000 / 43_200])
    assert found.loc[found["option"] == "api", "n_machines"].isna().all()
    assert pd.api.types.is_integer_dtype(found["n_machines"])


# Intervals


PRICES = st.floats(0.1, 10)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[SourcingOption], Workload]:
    speed = Speed(draw(st.floats(0.05, 5)), 1_500.0, 70.0)
    fast = Speed(draw(st.floats(0.05, 5)), 2_000.0, 90.0)
    options: list[SourcingOption] = [
        replace(OWN, speed=replace(speed, idle_watts=20.0, joules_gross=900.0)),
        replace(OWN, name="own, small", price_usd=draw(st.floats(500, 9e4)), resale_usd=0.0),
        replace(RENT, speed=speed, usd_per_hour=draw(PRICES)),
        replace(RENT, name="rent, fast", speed=fast, usd_per_hour=draw(PRICES)),
        replace(SERVERLESS, usd_per_second=draw(st.floats(1e-5, 1e-2))),
        replace(API, usd_per_image=draw(st.floats(1e-4, 0.1))),
    ]
    n = draw(st.integers(1, len(options)))
    return options[-n:], Workload(draw(st.floats(1, 4)), LOAD.extras)


@given(markets(), st.lists(st.floats(0.001, 0.999), min_size=5, max_size=20))
@settings(max_examples=150, deadline=None)
def test_the_named_option_is_the_cheapest_everywhere_within_its_interval(market, shares) -> None:
    options, workload = market
    by_name = {option.name: option for option in options}
    found = cheapest_intervals(options, 200_000.0, workload)
    assert found[0].from_images_per_day == 0
    assert found[-1].to_images_per_day == 200_000
    for earlier, later in pairwise(found):
        assert earlier.to_images_per_day == later.from_images_per_day
        assert earlier.option != later.option
    for interval in found:
        low, high = interval.from_images_per_day, interval.to_images_per_day
        assert low < high
        for share in shares:
            images = low + share * (high - low)
            lowest = min(month(option, images, workload) for option in options)
            own = month(by_name[interval.option], images, workload)
            assert own <= lowest * (1 + 1e-9)
        for at, told in (
            (low + 1e-7 * (high - low), interval.from_cost_per_month_usd),
            (high - 1e-7 * (high - low), interval.to_cost_per_month_usd),
        ):
            expected = month(by_name[interval.option], at, workload)
            assert told == pytest.approx(expected, rel=1e-4, abs=0.1)


@given(markets())
@settings(max_examples=150, deadline=None)
def test_at_a_crossing_both_cost_the_same_and_at_a_step_the_cheaper_takes_one_more(market) -> None:
    options, workload = market
    by_name = {option.name: option for option in options}
    for points in all_break_evens(options, 100_000.0, workload).values():
        for point in points:
            below, above = by_name[point.cheaper_below], by_name[point.cheaper_above]
            at = point.images_per_day
            if point.edge == "crossing":
                assert month(below, at, workload) == pytest.approx(month(above, at, workload))
            else:
                n = below.cost(at, workload).n_machines
                assert n is not None
                assert below.cost(at * (1 + 1e-9), workload).n_machines == n + 1
                assert month(below, at, workload) <= month(above, at, workload) * (1 + 1e-9)


def test_a_rented_machine_against_an_api_breaks_even_where_its_month_is_as_dear() -> None:
    rent, api = replace(RENT, usd_per_hour=1.0), replace(API, usd_per_image=0.002)
    found = break_evens(api, rent, 60_000.0, LOAD)
    one = HOURS_PER_MONTH / DAYS_PER_MONTH / 0.002  # pictures a day that pay for one machine
    assert one == pytest.approx(12_000)
    # The second machine comes at 21,600 a day and pays for itself from 24,000 on, the third at
    # 43,200, where 36,000 would be enough.
    assert [p.images_per_day for p in found] == pytest.approx([one, 21_600, 2 * one])
    assert [p.edge for p in found] == ["crossing", "step", "crossing"]
    assert [p.cheaper_above for p in found] == ["rent", "api", "rent"]


def test_an_option_that_is_never_cheapest_has_no_interval_and_break_evens_all_the_same() -> None:
    dear = replace(API, name="dear", usd_per_image=1.0)
    found = cheapest_intervals([API, dear, RENT], 50_000.0, LOAD)
    assert "dear" not in {interval.option for interval in found}
    assert break_evens(dear, API, 50_000.0, LOAD) == []
    assert break_evens(dear, RENT, 50_000.0, LOAD)[0].cheaper_above == "rent"


def test_of_two_that_cost_the_same_the_first_is_named() -> None:
    twin = replace(RENT, name="twin")
    (only,) = cheapest_intervals([RENT, twin], 100_000.0, LOAD)
    assert (only.option, only.from_n_machines, only.to_n_machines) == ("rent", 1, 5)
    assert (only.from_edge, only.to_edge) == ("start", "end")
    assert only.from_cost_per_image_usd is None
    assert only.to_cost_per_image_usd == pytest.approx(
        RENT.cost(100_000.0, LOAD).cost_per_image_usd
    )


@pytest.mark.parametrize("ratio", [1.1, 1.7, 2.3, 3.1])
@pytest.mark.parametrize("parts", [3, 7])
def test_steps_that_fall_together_but_for_rounding_make_no_sliver(ratio: float, parts: int) -> None:
    # Parts are a little cheaper wherever as many of them are needed as of whole ones.
    part = replace(RENT, name="part", speed=Speed(0.7 / parts), usd_per_hour=2.49 / parts)
    whole = replace(RENT, speed=Speed(0.7))
    found = cheapest_intervals([whole, part], 3_000_000.0, Workload(ratio))
    assert [interval.option for interval in found] == ["part"]


def test_the_intervals_carry_the_evidence_of_the_price() -> None:
    (only,) = cheapest_intervals([API], 10.0, LOAD)
    assert only.evidence is SEEN
    assert (only.from_n_machines, only.to_n_machines) == (None, None)


# What is refused


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: replace(API, usd_per_image=-1.0), "usd_per_image"),
        (lambda: replace(API, usd_per_image=math.nan), "usd_per_image"),
        (lambda: replace(RENT, usd_per_hour=math.inf), "usd_per_hour"),
        (lambda: replace(SERVERLESS, cold_start_share=-0.1), "cold_start_share"),
        (lambda: replace(OWN, resale_usd=40_000.0), "resale_usd"),
        (lambda: replace(OWN, life_years=0.0), "life_years"),
        (lambda: replace(OWN, speed=Speed(0.5, 10.0, 100.0)), "joules_gross"),
        (lambda: Workload(0.9), "peak_to_mean_ratio"),
        (lambda: API.cost(0.0, LOAD), "images_per_day"),
        (lambda: RENT.cost(-1.0, LOAD), "images_per_day"),
        (lambda: cheapest([], [1.0], LOAD), "at least one"),
        (lambda: cheapest([API, API], [1.0], LOAD), "each name once"),
        (lambda: cheapest_intervals([API], 0.0, LOAD), "max_images_per_day"),
        (lambda: cheapest_intervals([RENT], 21_600.0 * MOST_STEPS * 2, LOAD), "fewer images"),
    ],
)
def test_impossible_numbers_are_refused_in_words(make, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_many_machines_are_compared_soon() -> None:
    found = cheapest_intervals(ALL, 21_600.0 * 20_000, LOAD)
    assert np.isfinite(found[-1].to_cost_per_month_usd)
