from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.intervals import Interval
from etl.analytics.unit_economics import (
    StoreTerms,
    Unknown,
    break_even_paid_conversion_rate,
    net_proceeds,
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
