"""Machines, waits and the price of a second against what a hand works out."""

# pyright: basic

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dashboard.studies.economics.capacity import (
    EVENING,
    CapacityChoice,
    bent,
    capacity_study,
    demand_of,
    missing_inputs,
)
from dashboard.studies.economics.seconds import (
    PROMISES,
    gain_of_a_payer,
    in_one_line,
    seconds_need_simulation,
    seconds_study,
)
from dashboard.studies.economics.speeds import speeds
from etl.analytics.quantities import Quantity
from etl.analytics.queue_answer import solve
from etl.analytics.queue_load import Load

PER_DAY = 304_375 * (0.1 * 100 + 0.9 * 10) / 30.4375
ONE_LINE = CapacityChoice(5, 60, line="one")


@pytest.fixture
def speed(reader, study):
    return speeds(reader, study())[0]


def test_demand_is_the_months_pictures_over_its_days(study):
    demand = demand_of(study(retry_rate=0.5), CapacityChoice())
    assert sum(demand.mean_rates) * 86_400 == pytest.approx(1.5 * PER_DAY)
    assert demand.mean_rates[0] / demand.mean_rates[1] == pytest.approx(10 / 9)
    assert demand.peak_to_mean_ratio == pytest.approx(2.0)


def test_a_day_is_bent_to_its_busiest_hour():
    for ratio in (1.0, 1.3, 2.0, 6.0):
        weights = np.array(bent(EVENING, ratio))
        assert weights.max() == pytest.approx(ratio)
        assert weights.mean() == pytest.approx(1)
        if ratio > 1:
            assert weights.argmax() == np.argmax(EVENING)
    with pytest.raises(ValueError, match="expected 1 to 23"):
        bent(EVENING, 24)


def test_machines_carry_the_busiest_hour_and_are_half_as_busy_on_the_mean(study, speed):
    found = capacity_study(study(), speed, ONE_LINE)
    offered = 2 * PER_DAY / 86_400  # a picture a second of one machine
    assert found.offered == pytest.approx(offered)
    assert found.n_least == math.ceil(offered)
    assert found.n_machines >= found.n_least
    assert found.utilisation_peak == pytest.approx(offered / found.n_machines)
    assert found.utilisation_mean == pytest.approx(found.utilisation_peak / 2)


def test_one_line_is_answered_by_formula_and_is_the_fewest_that_keeps_the_promise(study, speed):
    found = capacity_study(study(), speed, ONE_LINE)
    assert set(found.marks["evidence_kind"]) == {"estimated"}
    assert set(found.marks["method"]) == {"mdc"}
    rates = demand_of(study(), ONE_LINE).peak_rates
    load = Load(*rates, 1.0, 1.0, found.n_machines, "deterministic", "fcfs")
    assert found.p95("paid") == pytest.approx(solve(load).quantile("all", 0.95), rel=1e-6)
    assert found.p95("paid") <= 5
    if found.bound_by == "paid":
        fewer = capacity_study(study(), speed, replace(ONE_LINE, n_machines=found.n_machines - 1))
        assert fewer.p95("paid") > 5


def test_payers_first_is_simulated_with_an_interval_and_the_same_seed_again(study, speed):
    choice = CapacityChoice(5, 60, n_jobs=20_000, seed=4)
    found, again = (capacity_study(study(), speed, choice) for _ in range(2))
    assert found.marks.equals(again.marks)
    assert (found.marks["p95_low"] <= found.marks["p95"]).all()
    assert (found.marks["p95"] <= found.marks["p95_high"]).all()
    assert found.p95("paid") < found.p95("free")
    assert found.evidence_kind == "simulated"
    assert found.n_replications > 0


def test_without_a_simulation_a_wait_without_formula_is_missing_with_its_reason(study, speed):
    found = capacity_study(study(), speed, CapacityChoice(5, 60, n_jobs=0))
    assert found.n_machines is None
    assert found.marks["p95"].isna().all()
    assert found.marks["reason"].all()
    assert found.distribution.empty


def test_too_few_machines_have_no_wait_and_say_how_many_are_missing(study, speed):
    found = capacity_study(study(), speed, replace(ONE_LINE, n_machines=2))
    assert found.n_short == found.n_least - 2 > 0
    assert found.marks.empty
    assert found.utilisation_peak is None


def test_a_measured_load_is_served_in_its_batches(reader, study):
    load = next(each for each in speeds(reader, study()) if each.kind == "load")
    assert load.evidence_kind == "measured"
    assert load.images_per_second == pytest.approx(load.batches.saturated_rate)
    found = capacity_study(study(), load, CapacityChoice(5, 60, line="one", n_jobs=20_000))
    assert set(found.marks["method"]) == {"simulation"}
    assert found.offered == pytest.approx(2 * PER_DAY / 86_400 / load.batches.saturated_rate)


def test_published_speeds_are_disclosed_and_per_device(reader, study):
    held = {each.code: each for each in speeds(reader, study(images_per_second=None))}
    mlperf = held["mlperf-5.1-0092-datacenter-offline"]
    assert mlperf.evidence_kind == "disclosed"
    assert mlperf.images_per_second == pytest.approx(18.1007 / 8, rel=1e-4)
    assert all(each.kind != "scenario" for each in held.values())


def test_a_shorter_promise_never_takes_fewer_machines(study, speed):
    hour = Quantity(10.0, "CNY/hour", "disclosed")
    frame = seconds_study(study(), speed, ONE_LINE, hour)
    assert list(frame["promise_seconds"]) == list(PROMISES)
    assert (frame["servers"].diff().dropna() <= 0).all()
    payers = 30_437.5
    cost = frame["servers"] * 10 * 730.5
    assert np.allclose(frame["cost_per_month"], cost)
    assert np.allclose(frame["cost_per_payer"], cost / payers)
    extra = cost - cost.iloc[-1]
    # A payer brings 20 and takes 90 pictures more than a user who does not pay.
    gain = 20 - 90 * 10 / 3_600 / 0.35
    assert gain_of_a_payer(study()) == (pytest.approx(gain), True)
    assert np.allclose(frame["needed_uplift_ratio"], extra / gain / payers)


def test_without_a_contribution_a_payer_brings_what_is_left_after_refunds(study):
    told = study(paid_images_per_user=None, refund_rate=0.1, chargeback_rate=0.02)
    assert gain_of_a_payer(told) == (pytest.approx(20 * 0.88), False)


def test_only_a_line_without_formula_asks_for_a_simulation(study, speed):
    first = CapacityChoice(5, 60)
    assert seconds_need_simulation(study(), speed, first)
    assert not seconds_need_simulation(study(), speed, in_one_line(first))
    assert not seconds_need_simulation(study(), speed, replace(first, law="exponential"))


def test_what_is_missing_is_named(study):
    assert missing_inputs(study()) == []
    lacking = study(active_users=None, free_images_per_user=None)
    assert missing_inputs(lacking) == ["active_users", "free_images_per_user"]
