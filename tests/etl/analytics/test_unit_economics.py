from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.intervals import Interval
from etl.analytics.unit_economics import (
    StoreTerms,
    Unknown,
    api_cost_per_user_month,
    break_even_paid_conversion_rate,
    net_proceeds,
    net_proceeds_either_order,
    server_cost_per_user_month,
)

POSITIVE = st.floats(min_value=1e-3, max_value=1e6)


def test_a_server_of_450_000_over_36_months_costs_about_a_yuan_for_each_user() -> None:
    cost = server_cost_per_user_month(
        Interval.of(450_000), Interval.of(36), Interval.of(10_000, 20_000)
    )
    assert (cost.low, cost.high) == pytest.approx((0.625, 1.25))
    assert cost.value == pytest.approx(12_500 / 15_000)


PROCEEDS = [
    # price 113 with 13% tax inside, 30% commission: on 100 after tax, or on 113 before.
    (StoreTerms(0.3, 0.13, True, True), 70.0),
    (StoreTerms(0.3, 0.13, True, False), 100 - 0.3 * 113),
    # the same price with the tax on top: 113 is the seller's, 127.69 is paid.
    (StoreTerms(0.3, 0.13, False, True), 113 * 0.7),
    (StoreTerms(0.3, 0.13, False, False), 113 - 0.3 * 113 * 1.13),
    (StoreTerms(0.3, 0.0, None, None), 113 * 0.7),
    (StoreTerms(0.2, 0.0, None, None, billing_fee_rate=0.05), 113 * 0.75),
]


@pytest.mark.parametrize(("terms", "expected"), PROCEEDS)
def test_tax_and_commission_come_off_in_the_order_of_the_terms(
    terms: StoreTerms, expected: float
) -> None:
    assert net_proceeds(113.0, terms) == pytest.approx(expected)


def test_a_missing_term_is_missing_and_named_never_zero() -> None:
    found = net_proceeds(15.0, StoreTerms(0.3, 0.13, None, True))
    assert found == Unknown(("price_includes_tax",))
    assert found.reason == "not known: price_includes_tax"
    everything = net_proceeds(15.0, StoreTerms(None, None, None, None))
    assert everything == Unknown(("commission_rate", "tax_rate"))


def test_the_break_even_rate_is_cost_over_proceeds_with_the_range_of_both() -> None:
    rate = break_even_paid_conversion_rate(Interval(0.8, 0.625, 1.25), Interval.of(10.0))
    assert (rate.value, rate.low, rate.high) == pytest.approx((0.08, 0.0625, 0.125))


@pytest.mark.parametrize("price", [0.0, -1.0])
def test_a_price_must_be_above_zero(price: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        net_proceeds(price, StoreTerms(0.3, 0.0, None, None))


def test_a_rate_in_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_proceeds(15.0, StoreTerms(30, 0.0, None, None))


@pytest.mark.parametrize("ends", [(2.0, 3.0, 1.0), (0.0, 0.0, 0.0), (1.0, 1.0, float("inf"))])
def test_a_range_upside_down_or_not_positive_is_refused(ends: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="in order"):
        Interval(*ends)


@given(a=POSITIVE, b=POSITIVE, c=POSITIVE, d=POSITIVE)
def test_the_range_of_a_quotient_holds_every_quotient_of_the_ends(
    a: float, b: float, c: float, d: float
) -> None:
    top, bottom = Interval.of(min(a, b), max(a, b)), Interval.of(min(c, d), max(c, d))
    quotient = top / bottom
    for upper in (a, b):
        for lower in (c, d):
            assert quotient.low <= upper / lower <= quotient.high


def test_forty_pictures_at_two_to_four_cents_cost_a_user_80_to_160_cents() -> None:
    cost = api_cost_per_user_month(Interval.of(0.02, 0.04), Interval.of(40))
    assert (cost.low, cost.value, cost.high) == pytest.approx((0.8, 1.2, 1.6))


def test_the_stated_order_is_the_value_and_the_other_an_end() -> None:
    kept = net_proceeds_either_order(113.0, StoreTerms(0.3, 0.13, True, True))
    assert isinstance(kept, Interval)
    assert (kept.value, kept.low, kept.high) == pytest.approx((70.0, 66.1, 70.0))
    other = net_proceeds_either_order(113.0, StoreTerms(0.3, 0.13, True, False))
    assert isinstance(other, Interval)
    assert (other.value, other.high) == pytest.approx((66.1, 70.0))


def test_without_a_tax_the_order_does_not_matter_and_with_one_it_must_be_known() -> None:
    kept = net_proceeds_either_order(10.0, StoreTerms(0.3, 0.0, None, None))
    assert kept == Interval.of(7.0)
    unknown = net_proceeds_either_order(10.0, StoreTerms(0.3, 0.13, True, None))
    assert unknown == Unknown(("tax_deducted_before_commission",))


@given(price=POSITIVE, fee=st.floats(0, 0.8), more=st.floats(0.001, 0.1))
def test_a_higher_fee_leaves_less_and_asks_for_more_payers(
    price: float, fee: float, more: float
) -> None:
    cost = Interval.of(price / 10)
    kept = [
        net_proceeds_either_order(price, StoreTerms(each, 0.06, True, True))
        for each in (fee, fee + more)
    ]
    rates = [
        break_even_paid_conversion_rate(cost, each) for each in kept if isinstance(each, Interval)
    ]
    assert rates[1].value > rates[0].value
    assert rates[1].high > rates[0].high
