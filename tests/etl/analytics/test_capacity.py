"""Servers for a promise, what a second costs, and what a claim about users takes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from etl.analytics.capacity import servers_needed, wait_quantiles
from etl.analytics.capacity_claim import Habits, Range, usable_share, users_per_server
from etl.analytics.capacity_demand import Demand, Promises, Service
from etl.analytics.capacity_price import HOURS_PER_MONTH, Terms, price_of_a_second
from etl.analytics.queue_answer import solve
from etl.analytics.queue_arrivals import peak_to_mean_ratio
from etl.analytics.queue_batches import BatchCurve
from etl.analytics.queue_load import Load

CURVE = [1.0] * 12 + [3.0] * 12
DEMAND = Demand(20_000, 0.05, 20, 5, 0.2, CURVE)
ALIKE = Service(2, 2, "exponential", "fcfs")


def test_demand_is_users_times_pictures_and_retries():
    paid, free = DEMAND.mean_rates
    assert paid == pytest.approx(1_000 * 20 * 1.2 / 86_400)
    assert free == pytest.approx(19_000 * 5 * 1.2 / 86_400)
    assert peak_to_mean_ratio(CURVE) == DEMAND.peak_to_mean_ratio == pytest.approx(1.5)
    assert DEMAND.peak_rates == pytest.approx((1.5 * paid, 1.5 * free))


@pytest.mark.parametrize(
    "arguments",
    [
        (-1, 0.1, 1, 1, 0, CURVE),
        (1, 1.1, 1, 1, 0, CURVE),
        (1, 0.1, 1, 1, -0.1, CURVE),
        (1, 0.1, 1, 1, 0, CURVE[1:]),
        (0, 0.1, 1, 1, 0, CURVE),
        (math.nan, 0.1, 1, 1, 0, CURVE),
    ],
)
def test_a_demand_that_cannot_be_is_refused(arguments):
    with pytest.raises(ValueError, match="expected"):
        Demand(*arguments)


@pytest.mark.parametrize("promise", [0.0, 0.5, 2.0, 30.0, 1e6])
def test_the_fewest_servers_are_those_that_trying_one_after_another_finds(promise):
    plan = servers_needed(DEMAND, ALIKE, Promises(promise, promise))
    rates, n = DEMAND.peak_rates, math.floor(sum(DEMAND.peak_rates) * 2) + 1
    least = n
    while solve(Load(*rates, 2, 2, n, "exponential", "fcfs")).quantile("all", 0.95) > promise:
        n += 1
    assert plan.n_servers == n
    assert plan.utilisation_peak == pytest.approx(sum(rates) * 2 / n)
    assert plan.utilisation_mean == pytest.approx(plan.utilisation_peak / 1.5)
    assert plan.evidence_kind == "estimated"
    assert plan.bound_by == ("load" if n == least else "paid")
    assert not plan.is_capped


def test_waits_without_a_formula_are_simulated_and_the_binding_promise_is_named():
    service = Service(2, 2, "deterministic", "priority")
    loose = servers_needed(DEMAND, service, Promises(5, 60), n_jobs=50_000)
    tight = servers_needed(DEMAND, service, Promises(5, 2), n_jobs=50_000)
    assert loose.evidence_kind == "simulated"
    assert "simulation" in loose.waits.method
    assert tight.n_servers > loose.n_servers
    assert tight.bound_by == "free"
    assert tight.waits.p95_free <= 2
    fewer = wait_quantiles(service, DEMAND.peak_rates, tight.n_servers - 1, n_jobs=50_000, seed=0)
    assert fewer.p95_free > 2


def test_an_untried_fullness_is_said():
    # 3.94 servers' worth: four would be 98.5% full, and their free users' tail has no formula.
    demand = Demand(86_400, 0.5, 1.97, 1.97, 0, [1.0] * 24)
    plan = servers_needed(
        demand, Service(2, 2, "deterministic", "priority"), Promises(1e4, 1e4), n_jobs=20_000
    )
    assert (plan.n_servers, plan.is_capped) == (5, True)
    exact = servers_needed(demand, Service(2, 2, "deterministic", "fcfs"), Promises(1e4, 1e4))
    assert (exact.n_servers, exact.is_capped) == (4, False)


def test_batches_need_fewer_servers():
    curve = BatchCurve.of([1, 4], [2.0, 4.0])
    plan = servers_needed(DEMAND, Service.in_batches(curve), Promises(10, 60), n_jobs=50_000)
    single = servers_needed(
        DEMAND, Service(2, 2, "deterministic", "priority"), Promises(10, 60), n_jobs=50_000
    )
    assert plan.n_servers < single.n_servers


def test_a_shorter_promise_costs_more_and_asks_for_more_payers():
    terms = Terms(3.0, 100_000, 3_000, 4.0)
    frame = price_of_a_second(DEMAND, ALIKE, [0.5, 5, 30], None, terms)
    assert frame["promise_paid_seconds"].tolist() == [30, 5, 0.5]
    assert frame["n_servers"].is_monotonic_increasing
    last = frame.iloc[-1]
    extra = (last["n_servers"] - frame["n_servers"].iloc[0]) * 3.0 * HOURS_PER_MONTH
    assert extra > 0
    assert last["extra_cost_per_month"] == pytest.approx(extra)
    assert last["needed_conversion_uplift"] * 100_000 * 4.0 == pytest.approx(extra)
    assert last["needed_relative_uplift"] == pytest.approx(last["needed_conversion_uplift"] / 0.03)
    assert frame["needed_conversion_uplift"].iloc[0] == 0
    assert last["cost_per_payer"] == pytest.approx(last["cost_per_month"] / 3_000)


@pytest.mark.parametrize("law", ["deterministic", "exponential"])
def test_the_usable_share_keeps_the_promise_and_a_little_more_breaks_it(law):
    share = usable_share(0.5, 6.0, law)
    for times, keeps in ((0.999, True), (1.001, False)):
        load = Load(share * times * 0.5, 0, 2, 2, 1, law, "fcfs")
        assert (solve(load).quantile("all", 0.95) <= 6.0) is keeps


HABITS = Habits(Range(0.5, 2, 8), Range(0.03, 0.1, 0.2), Range(3, 6, 15), Range(0.06, 0.08, 0.12),
                Range(20, 40, 90))  # fmt: skip


def test_users_of_a_server_differ_by_what_the_word_means():
    frame = users_per_server(HABITS, 10.0, (10_000, 20_000)).set_index("reading")
    rate = 2 * usable_share(2, 10.0)
    active = rate * 3_600 / (6 * 0.08)
    assert frame.loc["daily_active", "users"] == pytest.approx(active)
    assert frame.loc["registered", "users"] == pytest.approx(active / 0.1)
    assert frame.loc["concurrent", "users"] == pytest.approx(rate * 40)
    assert (frame["users_low"] < frame["users"]).all()
    assert (frame["users"] < frame["users_high"]).all()
    assert frame["verdict"].to_dict() == {
        "registered": "within reach",
        "daily_active": "within reach",
        "concurrent": "below the claim",
    }


def test_what_would_make_the_claim_true_makes_it_true():
    frame = users_per_server(HABITS, 10.0, (10_000, 20_000)).set_index("reading")
    images = frame.loc["daily_active", "images_per_user_day_at_claim_high"]
    share = frame.loc["registered", "active_share_at_claim_high"]
    seconds = frame.loc["concurrent", "seconds_between_images_at_claim_low"]
    exact = Range.exact
    changed = Habits(exact(2), exact(share), exact(6), exact(0.08), exact(seconds))
    again = users_per_server(changed, 10.0, (10_000, 20_000)).set_index("reading")
    assert again.loc["registered", "users"] == pytest.approx(20_000)
    assert again.loc["concurrent", "users"] == pytest.approx(10_000)
    fewer = Habits(exact(2), exact(0.1), exact(images), exact(0.08), exact(40))
    once = users_per_server(fewer, 10.0, (10_000, 20_000)).set_index("reading")
    assert once.loc["daily_active", "users"] == pytest.approx(20_000)
    assert np.isnan(frame.loc["concurrent", "images_per_user_day_at_claim_low"])


@pytest.mark.parametrize(
    "build",
    [
        lambda: Range(2, 1, 3),
        lambda: Range(0, 1, 3),
        lambda: Habits(HABITS.images_per_second, Range(0.5, 0.9, 1.1), HABITS.images_per_user_day,
                       HABITS.peak_hour_share, HABITS.seconds_between_images),
        lambda: Habits(HABITS.images_per_second, HABITS.active_share, HABITS.images_per_user_day,
                       Range.exact(0.01), HABITS.seconds_between_images),
        lambda: users_per_server(HABITS, 10.0, (20_000, 10_000)),
        lambda: Terms(1, 100, 200, 1),
        lambda: Promises(-1, None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(build):
    with pytest.raises(ValueError, match="expected"):
        build()
