"""Present value, every rate of return and payback: textbook, exact root counts, other programs."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pyxirr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from etl.analytics.cashflow import (
    REASONS,
    discounted_payback,
    irr,
    mirr,
    npv,
    payback,
    payback_turns,
    profitability_index,
    xirr,
    xnpv,
)

RATES = st.floats(-0.9, 5.0)
FLOWS = st.lists(st.integers(-20, 20), min_size=2, max_size=9)
MONEY = st.floats(-1e6, 1e6).map(lambda amount: round(amount, 2))


@pytest.fixture(scope="module")
def published(reference: Path) -> dict:
    return json.loads((reference / "finance" / "irr_npv_payback.json").read_text())


def by_hand(flows: list[float], rate: float) -> float:
    return math.fsum(flow / (1 + rate) ** t for t, flow in enumerate(flows))


def distinct_roots_above_minus_one(flows: list[int]) -> int:
    """Count them by Sturm's theorem in exact arithmetic, in y = 1/(1 + r) over (0, ∞)."""
    first = next(i for i, flow in enumerate(flows) if flow)
    chain = [[Fraction(flow) for flow in flows[first:]]]  # rising powers; y = 0 is no rate
    while not chain[0][-1]:
        chain[0].pop()
    chain.append([k * c for k, c in enumerate(chain[0])][1:])
    while chain[-1] and any(chain[-1]):
        chain.append([-c for c in remainder(chain[-2], chain[-1])])
    chain = [p for p in chain if p and any(p)]

    def changes(values: list[Fraction]) -> int:
        signs = [value > 0 for value in values if value]
        return sum(a != b for a, b in pairwise(signs))

    return changes([p[0] for p in chain]) - changes([p[-1] for p in chain])


def remainder(dividend: list[Fraction], divisor: list[Fraction]) -> list[Fraction]:
    left = dividend.copy()
    while len(left) >= len(divisor):
        factor = left[-1] / divisor[-1]
        for k, c in enumerate(divisor):
            left[len(left) - len(divisor) + k] -= factor * c
        left.pop()
    while left and not left[-1]:
        left.pop()
    return left


# Textbook and reference


@pytest.mark.reference
def test_rates_of_return_equal_the_reference(published: dict) -> None:
    for case in published["irr"]:
        assert irr(case["cf"]).value == pytest.approx(case["irr"], rel=1e-12)
    for case in published["npv"]:
        assert npv(case["cf"], case["rate"]) == pytest.approx(case["npv"], rel=1e-12)


@pytest.mark.reference
def test_every_figure_of_the_textbook_machine_equals_the_reference(published: dict) -> None:
    case = published["brigham_K"]
    flows, rate = case["cf"], case["rate"]
    found = [
        npv(flows, rate),
        irr(flows).value,
        payback(flows).value,
        discounted_payback(flows, rate).value,
        mirr(flows, rate, rate).value,
        profitability_index(flows, rate).value,
    ]
    expected = [case[name] for name in ("npv", "irr", "payback", "disc_payback", "mirr", "pi")]
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.reference
def test_paybacks_of_the_vitamin_machines_equal_the_reference(published: dict) -> None:
    case = published["vitamin"]
    assert payback(case["A"]).value == case["payback_A"]
    assert payback(case["B"]).value == case["payback_B"]
    for name in ("A", "B"):
        found = discounted_payback(case[name], 0.15).value
        assert found == pytest.approx(case[f"disc_payback_{name}_15"], rel=1e-12)


# Roots


@pytest.mark.parametrize(
    ("flows", "rates"),
    [
        ([-1000, 2500, -1540], [0.1, 0.4]),
        ([-100, 220, -121], [0.1]),  # touches zero
        ([-1000, 3300, -3630, 1331], [0.1]),  # a triple root
        ([-1, 6, -11, 6], [0.0, 1.0, 2.0]),
        ([0, 0, -100, 110], [0.1]),
        ([100, -110], [0.1]),
        ([-100, 100], [0.0]),
        ([-100, 1], [-0.99]),
        ([-1, 0, 0, 10**9], [999.0]),
    ],
)
def test_every_root_is_found_once(flows, rates) -> None:
    found = irr(flows)
    assert found.roots == pytest.approx(rates, rel=1e-9, abs=1e-12)
    assert found.value == pytest.approx(min(rates, key=abs), rel=1e-9, abs=1e-12)
    assert (found.reason == "several_rates") == (len(rates) > 1)


def test_of_two_rates_equally_near_zero_the_higher_is_named() -> None:
    # 1/(1+r) = 2/3 and 2: r = 1/2 and -1/2.
    found = irr([-4, 8, -3])
    assert found.roots == pytest.approx([-0.5, 0.5])
    assert found.value == pytest.approx(0.5)


@given(FLOWS)
@settings(max_examples=400, deadline=None)
def test_there_are_as_many_rates_as_sturm_counts(flows: list[int]) -> None:
    assume(any(flows))
    found = irr(flows)
    assert len(found.roots) == distinct_roots_above_minus_one(flows)
    assert (found.value is None) == (not found.roots)
    for root in found.roots:
        size = sum(abs(flow) / (1 + root) ** t for t, flow in enumerate(flows))
        assert abs(by_hand(list(flows), root)) <= 1e-9 * size


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.lists(st.integers(1, 9), min_size=1, max_size=100),
)
@settings(max_examples=100, deadline=None)
def test_a_rate_at_which_the_value_only_touches_zero_is_found(p: int, q: int, rest) -> None:
    flows = np.convolve([p * p, -2 * p * q, q * q], rest)
    found = irr(flows.tolist())
    assert found.roots == pytest.approx([q / p - 1], rel=1e-6, abs=1e-9)


@given(st.floats(-0.05, 0.2), st.lists(st.floats(0.01, 100), min_size=119, max_size=119))
@settings(max_examples=50, deadline=None)
def test_ten_years_of_months_have_the_rate_they_were_made_with(rate: float, income) -> None:
    price = by_hand([0.0, *income], rate)
    found = irr([-price, *income])
    assert found.roots == pytest.approx([rate], abs=1e-9)
    # pyxirr stops a little earlier than the rate that the flows were made with.
    assert found.value == pytest.approx(pyxirr.irr([-price, *income]), abs=1e-7)


def test_three_rates_far_apart_over_120_months() -> None:
    rates = np.array([-0.02, 0.01, 0.5])
    flows = -np.poly(1 / (1 + rates))[::-1]
    spread = np.zeros(121)
    spread[::40] = flows
    expected = (1 + rates) ** (1 / 40) - 1
    assert irr(spread.tolist()).roots == pytest.approx(expected, rel=1e-9)


def test_months_that_change_sign_every_time_are_solved_soon() -> None:
    rng = np.random.default_rng(5)
    flows = (-1.0) ** np.arange(120) * rng.uniform(0.5, 1.5, 120)
    y = np.roots(flows[::-1])
    real = np.sort(1 / y[(np.abs(y.imag) < 1e-9) & (y.real > 0)].real - 1)
    assert irr(flows.tolist()).roots == pytest.approx(real, rel=1e-6)


@pytest.mark.parametrize(
    ("flows", "reason"),
    [
        ([-100, 100, -100], "no_rate"),
        ([100, 50], "one_sign"),
        ([-100, -50, 0], "one_sign"),
        ([0, 0], "no_flow"),
        ([-100], "one_sign"),
        ([-1, 1e-30], "out_of_range"),
    ],
)
def test_without_a_rate_there_is_a_reason_and_no_number(flows, reason) -> None:
    found = irr(flows)
    assert (found.value, found.roots, found.reason) == (None, (), reason)
    assert reason in REASONS


# Dates

START = date(2024, 1, 31)
DAYS = st.lists(st.integers(1, 900), min_size=2, max_size=8, unique=True).map(sorted)


@given(DAYS, st.data())
@settings(max_examples=150, deadline=None)
def test_dated_values_and_rates_are_those_of_another_program(days: list[int], data) -> None:
    income = data.draw(st.lists(st.floats(1, 1e4), min_size=len(days), max_size=len(days)))
    dates = [START, *(START + timedelta(days=d) for d in days)]
    flows = [-data.draw(st.floats(1, 1e4)) - 1.0, *income]
    rate = data.draw(RATES)
    assert xnpv(flows, dates, rate) == pytest.approx(pyxirr.xnpv(rate, dates, flows), rel=1e-9)
    found = xirr(flows, dates)
    theirs = pyxirr.xirr(dates, flows)
    assert len(found.roots) <= 1
    if found.value is not None and found.value < 1e3 and theirs is not None:
        assert found.value == pytest.approx(theirs, rel=1e-6, abs=1e-9)


def test_a_leap_year_is_366_days_of_365() -> None:
    dates = [date(2024, 1, 1), date(2025, 1, 1)]
    assert xnpv([-100, 110], dates, 0.1) == pytest.approx(110 / 1.1 ** (366 / 365) - 100)
    assert xirr([-100, 110], dates).value == pytest.approx(1.1 ** (365 / 366) - 1)


def test_dated_flows_may_have_several_rates_too() -> None:
    dates = [date(2025, 1, 1), date(2025, 4, 1), date(2026, 11, 13)]
    at = np.array([0, 90, 681]) / 365
    # Two unknown amounts bring the value to zero at 5% and at 80%.
    table = np.array([[1.05**-t for t in at[1:]], [1.8**-t for t in at[1:]]])
    rest = np.linalg.solve(table, [100.0, 100.0])
    found = xirr([-100.0, *rest], dates)
    assert found.roots == pytest.approx([0.05, 0.8], rel=1e-9)
    assert found.reason == "several_rates"


def test_half_the_money_back_after_one_day_is_a_rate_no_number_can_hold() -> None:
    found = xirr([-100, 50], [date(2025, 1, 1), date(2025, 1, 2)])
    assert (found.value, found.reason) == (None, "out_of_range")


def test_a_year_of_365_days_a_period_makes_both_the_same() -> None:
    flows = [-100.0, 39.0, 59.0, 55.0, 20.0]
    dates = [START + timedelta(days=365 * t) for t in range(5)]
    assert xirr(flows, dates).value == pytest.approx(irr(flows).value, rel=1e-12)
    assert xnpv(flows, dates, 0.07) == pytest.approx(npv(flows, 0.07), rel=1e-12)


# Present value and modified rate


@given(st.lists(MONEY, min_size=1, max_size=20), RATES)
def test_the_present_value_is_the_discounted_sum(flows: list[float], rate: float) -> None:
    size = sum(abs(flow) / (1 + rate) ** t for t, flow in enumerate(flows))
    assert npv(flows, rate) == pytest.approx(by_hand(flows, rate), abs=1e-9 * size + 1e-12)


@given(st.lists(MONEY, min_size=2, max_size=12), st.floats(-0.5, 1), st.floats(-0.5, 1))
def test_the_modified_rate_carries_what_came_in_and_discounts_what_went_out(
    flows: list[float], finance: float, reinvest: float
) -> None:
    n = len(flows) - 1
    out = -by_hand([min(flow, 0.0) for flow in flows], finance)
    back = by_hand([max(flow, 0.0) for flow in flows], reinvest) * (1 + reinvest) ** n
    found = mirr(flows, finance, reinvest)
    if out == 0 or back == 0:
        assert found.value is None
        assert found.reason in ("one_sign", "no_flow")
    else:
        assert found.value == pytest.approx((back / out) ** (1 / n) - 1, rel=1e-9, abs=1e-9)


# Payback


@pytest.mark.parametrize(
    ("flows", "periods", "reason"),
    [
        ([-100, 40, 40, 40], 2.5, ""),
        ([-100, 50, 50], 2.0, ""),
        ([-0.3, 0.1, 0.1, 0.1], 3.0, ""),  # the sum of the decimals is not exactly zero
        ([-100, 40, 40], None, "never_back"),
        ([100, -150], None, "never_back"),
        ([100, -50], 0.0, "never_out"),
        ([100, -200, 150], 1 + 100 / 150, ""),
        ([-100, 150, -100, 100], 2.5, "several_times"),
        ([-100, 150, -100], 2 / 3, "below_again"),
        ([-100, 100, -50, 40], 1.0, "below_again"),
        ([-100, 0, 0, 100], 3.0, ""),
    ],
)
def test_payback_is_the_last_turn_to_zero_or_above(flows, periods, reason) -> None:
    found = payback(flows)
    assert found.reason == reason
    assert found.value == (None if periods is None else pytest.approx(periods, rel=1e-12))


@given(st.lists(st.floats(1, 1e3), min_size=1, max_size=20), st.floats(0.001, 1))
def test_discounting_never_shortens_the_payback(income: list[float], rate: float) -> None:
    flows = [-sum(income) * 0.6, *income]
    plain, discounted = payback(flows).value, discounted_payback(flows, rate).value
    assert plain is not None
    assert discounted is None or discounted >= plain - 1e-9
    assert discounted_payback(flows, 0.0) == payback(flows)


def test_without_an_outlay_there_is_no_profitability_index() -> None:
    assert profitability_index([100, -50], 0.1).reason == "no_outlay"
    assert profitability_index([-100, 121], 0.1).value == pytest.approx(1.1)


# What is refused


@pytest.mark.parametrize("rate", [-1.0, -1.5, math.nan, math.inf])
def test_a_rate_must_be_above_minus_one(rate: float) -> None:
    for ask in (
        lambda: npv([-1, 2], rate),
        lambda: mirr([-1, 2], rate, 0.1),
        lambda: mirr([-1, 2], 0.1, rate),
        lambda: discounted_payback([-1, 2], rate),
        lambda: xnpv([-1, 2], [date(2025, 1, 1), date(2026, 1, 1)], rate),
    ):
        with pytest.raises(ValueError, match="above -1"):
            ask()


@pytest.mark.parametrize("flows", [[], [math.nan, 1.0], [math.inf, -1.0]])
def test_flows_must_be_finite_numbers(flows) -> None:
    for ask in (irr, payback, lambda given: npv(given, 0.1)):
        with pytest.raises(ValueError, match="finite"):
            ask(flows)


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ([date(2025, 1, 1)], "1 dates for 2"),
        ([date(2025, 1, 2), date(2025, 1, 1)], "none before the first"),
    ],
)
def test_dates_must_be_one_for_each_flow_from_the_first_on(dates, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        xirr([-1, 2], dates)


def test_dates_may_stand_in_any_order_and_several_flows_on_one_day() -> None:
    flows = [-100.0, 39.0, 20.0, 55.0, 59.0, -7.0]
    days = [date(2024, 2, 29), date(2024, 2, 29), date(2026, 3, 1), date(2025, 1, 2),
            date(2024, 6, 1), date(2025, 1, 2)]  # fmt: skip
    found = xirr(flows, days)
    assert found.value == pytest.approx(pyxirr.xirr(days, flows), abs=1e-9)
    assert xnpv(flows, days, 0.1) == pytest.approx(pyxirr.xnpv(0.1, days, flows))
    assert xnpv(flows, days, found.value) == pytest.approx(0, abs=1e-9)


def test_every_turn_of_the_sum_is_told_and_the_payback_is_the_last() -> None:
    flows = [-100, 60, 60, -50, 40]
    assert payback_turns(flows) == pytest.approx((1 + 40 / 60, 3.75))
    assert payback(flows).value == payback_turns(flows)[-1]
    assert payback_turns([-100, 30]) == ()
    assert payback_turns([5, 30]) == ()


def test_a_value_that_is_nothing_but_rounding_is_zero() -> None:
    assert npv([-100, 230, -132], 0.1) == 0.0
    assert npv([-100, 230, -132], 0.11) != 0.0
