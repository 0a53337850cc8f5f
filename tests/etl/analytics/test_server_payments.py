"""Cash of owned servers: purchases, replacement, credits."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.cashflow import irr
from etl.analytics.inputs import INPUTS
from etl.analytics.server_payments import (
    BOUGHT,
    INSTALMENT,
    SOLD,
    ServerTerms,
    server_payments,
    servers_used,
    whole_servers,
)
from etl.analytics.user_month import HOURS_PER_MONTH, user_month

MAY = date(2023, 5, 17)


def told(payments) -> list[tuple[str, str, float]]:
    return [(each.name, each.on.isoformat(), pytest.approx(each.amount)) for each in payments]


def test_a_server_is_paid_on_the_first_day_and_sold_at_the_end_of_its_life() -> None:
    found = server_payments([1] * 5, MAY, ServerTerms(450_000, 0.1, 3))
    assert told(found) == [
        (BOUGHT, "2023-05-01", -450_000),
        (SOLD, "2023-08-01", 45_000),
        (BOUGHT, "2023-08-01", -450_000),
    ]


def test_more_are_bought_when_more_are_needed_and_none_is_sold_before_its_time() -> None:
    found = server_payments([1, 3, 1, 1], MAY, ServerTerms(10, 0, 12))
    assert told(found) == [(BOUGHT, "2023-05-01", -10), (BOUGHT, "2023-06-01", -20)]


def test_the_instalments_of_a_credit_are_worth_the_price_at_its_rate() -> None:
    terms = ServerTerms(450_000, 0, 36, credit_months=24, credit_rate=0.08)
    paid = server_payments([1] * 30, MAY, terms)
    assert {each.name for each in paid} == {INSTALMENT}
    assert len(paid) == 24
    assert paid[0].on == date(2023, 6, 1)
    monthly = irr([450_000, *(each.amount for each in paid)]).roots[0]
    assert (1 + monthly) ** 12 - 1 == pytest.approx(0.08)
    free = ServerTerms(450_000, 0, 36, credit_months=24)
    assert free.instalment == pytest.approx(450_000 / 24)


def test_a_credit_that_outlives_the_months_is_paid_only_within_them() -> None:
    terms = ServerTerms(1_200, 0, 36, credit_months=12)
    assert sum(each.amount for each in server_payments([1] * 6, MAY, terms)) == -500


def test_a_part_of_a_server_takes_a_whole_one_and_rounding_none() -> None:
    assert whole_servers([0, 0.2, 1, 1 + 1e-12, 2.5]) == (0, 1, 1, 1, 3)
    with pytest.raises(ValueError, match="expected 0 or more"):
        whole_servers([float("nan")])


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(1, 12))
def test_every_month_has_the_servers_it_needs(held: list[int], life: int) -> None:
    bought = np.zeros(len(held))
    for each in server_payments(held, MAY, ServerTerms(1, 0, life)):
        bought[(each.on.year - 2023) * 12 + each.on.month - 5] -= each.amount
    alive = [bought[max(0, i - life + 1) : i + 1].sum() for i in range(len(held))]
    assert all(has >= needs for has, needs in zip(alive, held, strict=True))


def test_the_straight_line_of_the_servers_used_is_the_machine_cost_of_the_month() -> None:
    some = {"active_users": 50_000.0, "paying_share": 0.04, "paid_images_per_user": 90.0,
            "free_images_per_user": 6.0, "images_per_second": 2.0, "server_price": 450_000.0,
            "retry_rate": 0.3, "blocked_rate": 0.1}  # fmt: skip
    v = {
        name: np.asarray(
            spec.neutral if spec.neutral is not None else spec.default or np.nan, dtype=float
        )
        for name, spec in INPUTS.items()
    } | {name: np.asarray(value) for name, value in some.items()}
    steps = user_month(v, "own")
    cost = (steps["compute_paid"] + steps["compute_free"]) * v["active_users"]
    hourly = 450_000 * (1 - v["resale_share"]) / (v["life_years"] * 8_766)
    assert servers_used(v, "own") * hourly * HOURS_PER_MONTH == pytest.approx(float(cost))


def test_users_share_a_server_by_the_claim() -> None:
    v = {"active_users": np.asarray(45_000.0), "users_per_server": np.asarray(15_000.0)}
    assert servers_used(v, "shared_server") == 3
    with pytest.raises(ValueError, match="expected own or shared_server"):
        servers_used(v, "rent")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"price": -1}, "got a price of -1; expected 0 or more"),
        ({"resale_share": 1.5}, "expected 0 to 1"),
        ({"life_months": 0}, "expected 1 or more"),
        ({"credit_months": -1}, "got a credit of -1 months"),
        ({"credit_rate": float("nan")}, "a year; expected 0 or more"),
    ],
)
def test_terms_that_cannot_be_are_refused(wrong: dict[str, float], message: str) -> None:
    right = {"price": 1.0, "resale_share": 0.0, "life_months": 12}
    with pytest.raises(ValueError, match=message):
        ServerTerms(**{**right, **wrong})
