from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.compute import (
    Electricity,
    Extras,
    Machine,
    Speed,
    TaskShare,
    cost_per_image,
    owned_hourly_price,
)
from etl.analytics.inputs import INPUTS, SOURCINGS
from etl.analytics.picture_cost import delivered_cost
from etl.analytics.user_month import ADDED, SUBTRACTED, free_images, user_month
from tests.etl.analytics.economics_cases import TYPED, values


def test_a_months_contribution_is_what_the_formula_says() -> None:
    v = values()
    found = user_month(v, "stated")
    each = (0.004 + 0.0003) * 1.1 / 0.98
    free = 0.95 * 6 + 0.05 * 60
    moderated = 0.0003 * 1.1 / 0.98
    payer = 8 * (1 - 0.04 - 0.01) - 90 * (each + moderated) - 0.01
    other = 0.02 - free * (each + moderated) - 0.01
    assert float(found["contribution_per_user"]) == pytest.approx(0.03 * payer + 0.97 * other)
    assert float(found["contribution_per_payer"]) == pytest.approx(payer)
    assert float(found["result_per_user"]) == pytest.approx(
        0.03 * payer + 0.97 * other - 3_000 / 100_000
    )


def test_a_picture_costs_what_the_compute_page_says() -> None:
    extras = Extras(storage_usd=0.0001, egress_usd=0.0002)
    speed = Speed(1.5, 300, 90)
    machines = {
        "rent": Machine(20, 0.35),
        "own": Machine(owned_hourly_price(450_000, 3, 45_000), 0.35, Electricity(0.7, 1.3, 1.4)),
    }
    for sourcing, machine in machines.items():
        cost = cost_per_image(speed, machine, extras).total_usd
        expected = TaskShare(1.0, cost, 0.1, 0.02).delivered_usd
        assert float(delivered_cost(values(), sourcing)) == pytest.approx(expected)


@pytest.mark.parametrize("sourcing", SOURCINGS)
def test_the_steps_add_up_to_the_contribution(sourcing: str) -> None:
    found = user_month(values(), sourcing)
    added = sum(float(found[name]) for name in ADDED if name in found)
    spent = sum(float(found[name]) for name in SUBTRACTED if name in found)
    assert added - spent == pytest.approx(float(found["contribution_per_user"]), abs=1e-12)


@given(
    st.dictionaries(
        st.sampled_from(["net_proceeds", "cost_per_image", "paid_images_per_user", "refund_rate"]),
        st.floats(0.0, 0.9),
    )
)
def test_at_the_break_even_rate_nothing_is_earned_or_lost(changed: dict[str, float]) -> None:
    rate = float(user_month(values(**changed), "stated")["break_even_with_fixed_costs"])
    if np.isfinite(rate) and 0 < rate <= 1:
        again = user_month(values(**changed, paying_share=rate), "stated")
        assert float(again["result_per_user"]) == pytest.approx(0, abs=1e-9)


def test_where_a_payer_brings_no_more_than_a_free_user_no_share_is_enough() -> None:
    found = user_month(values(net_proceeds=0.0), "stated")
    assert np.isnan(found["break_even_paid_conversion_rate"])
    covered = user_month(values(ad_revenue_per_free_user=5.0), "stated")
    assert float(covered["break_even_paid_conversion_rate"]) == 0


MONOTONE = {
    "net_proceeds": 1,
    "ad_revenue_per_free_user": 1,
    "cost_per_image": -1,
    "paid_images_per_user": -1,
    "free_images_per_user": -1,
    "free_cap_images": -1,
    "refund_rate": -1,
    "chargeback_rate": -1,
    "retry_rate": -1,
    "blocked_rate": -1,
    "moderation_per_image": -1,
    "other_cost_per_user": -1,
    "abuse_images_per_user": -1,
}


@pytest.mark.parametrize(("name", "sign"), MONOTONE.items())
@given(factors=st.tuples(st.floats(0, 3), st.floats(0, 3)).map(sorted))
def test_more_of_an_input_moves_the_contribution_one_way(
    name: str, sign: int, factors: list[float]
) -> None:
    top = INPUTS[name].maximum
    low, high = (min(TYPED[name] * factor, top) for factor in factors)
    at_low = float(user_month(values(**{name: low}), "stated")["contribution_per_user"])
    at_high = float(user_month(values(**{name: high}), "stated")["contribution_per_user"])
    assert sign * (at_high - at_low) >= -1e-12


def test_a_cap_binds_those_who_do_not_dodge_it() -> None:
    assert float(free_images(values(abuse_share=0))) == 6
    assert float(free_images(values(abuse_share=0, free_cap_images=np.inf))) == 9
    assert float(free_images(values(abuse_share=1))) == 60


def test_a_missing_input_makes_missing_what_needs_it_and_nothing_else() -> None:
    found = user_month(values(paid_images_per_user=np.nan), "stated")
    assert np.isnan(found["contribution_per_user"])
    assert np.isfinite(found["cost_per_image"])
    assert np.isfinite(found["proceeds"])
