"""Costs against figures worked out by hand."""

from __future__ import annotations

import pytest

from etl.analytics.compute import (
    Electricity,
    Extras,
    Machine,
    Speed,
    TaskShare,
    cost_of_mix,
    cost_of_pack,
    cost_per_image,
    cost_per_training,
    owned_hourly_price,
)


def test_a_rented_card_costs_its_hours_over_its_used_pictures() -> None:
    # 3.60 USD an hour at 0.5 pictures/s and half used: 900 pictures an hour.
    cost = cost_per_image(Speed(0.5), Machine(3.60, utilisation=0.5))
    assert cost.total_usd == pytest.approx(0.004)
    assert cost.electricity_usd == 0  # a cloud's price contains it


def test_an_owned_card_pays_electricity_for_work_and_for_waiting() -> None:
    electricity = Electricity(0.10, server_overhead=1.5, pue=1.2)
    machine = Machine(0.0, utilisation=0.25, electricity=electricity)
    speed = Speed(2.0, joules_gross=300.0, idle_watts=100.0)
    # 300 J, and 100 W over the 1.5 s that stand between two pictures: 450 J at the card.
    expected = 450 * 1.5 * 1.2 * 0.10 / 3.6e6
    assert cost_per_image(speed, machine).electricity_usd == pytest.approx(expected)


def test_energy_that_nobody_measured_is_missing_and_not_free() -> None:
    machine = Machine(1.0, electricity=Electricity(0.1))
    assert cost_per_image(Speed(1.0), machine).electricity_usd is None
    assert cost_per_image(Speed(1.0, 100.0), machine).electricity_usd is None


def test_a_server_is_written_off_in_a_straight_line() -> None:
    assert owned_hourly_price(26_298.0, 3) == pytest.approx(1.0)
    assert owned_hourly_price(26_298.0, 3, resale_usd=13_149.0) == pytest.approx(0.5)


def test_extras_are_added_to_every_picture() -> None:
    extras = Extras(0.001, 0.002, 0.003)
    assert cost_per_image(Speed(1.0), Machine(0.0), extras).total_usd == pytest.approx(0.006)


def test_a_training_costs_like_a_picture_that_takes_so_long() -> None:
    cost = cost_per_training(600.0, Machine(6.0, utilisation=0.5))
    assert cost.total_usd == pytest.approx(2.0)


def test_retries_and_blocked_pictures_are_paid_by_those_delivered() -> None:
    tasks = [TaskShare(0.75, 0.01, retry_rate=0.5), TaskShare(0.25, 0.02, blocked_rate=0.2)]
    assert cost_of_mix(tasks) == pytest.approx(0.75 * 0.015 + 0.25 * 0.025)
    assert cost_of_pack(0.5, 100, 0.015) == pytest.approx(2.0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Machine(1.0, utilisation=0.0),
        lambda: Machine(1.0, utilisation=1.2),
        lambda: Machine(float("nan")),
        lambda: Speed(0.0),
        lambda: Electricity(0.1, pue=0.9),
        lambda: TaskShare(0.5, 0.1, blocked_rate=1.0),
        lambda: cost_of_mix([TaskShare(0.5, 0.1)]),
        lambda: owned_hourly_price(100.0, 0),
        lambda: owned_hourly_price(100.0, 3, resale_usd=200.0),
        lambda: cost_of_pack(1.0, 0, 0.1),
    ],
)
def test_what_cannot_be_is_refused(wrong) -> None:
    with pytest.raises(ValueError, match=r"got .*; expected"):
        wrong()
