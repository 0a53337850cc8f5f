"""Dated prices and where each way is the cheapest, against what a hand works out."""

# pyright: basic

from __future__ import annotations

from datetime import date

import pytest

from dashboard.studies.economics.prices import (
    chosen_hour,
    dated_prices,
    family_of,
)
from dashboard.studies.economics.scenario import frozen
from dashboard.studies.economics.sourcing import SourcingChoice, images_per_day, sourcing_study
from dashboard.studies.economics.speeds import speeds
from dashboard.tables.economics.sourcing import price_unit
from dashboard.text import words
from tests.dashboard.studies.economics.conftest import FULL

HOURS, DAYS = 730.5, 30.4375


def written(**changed) -> str:
    return frozen({**FULL, **changed})


@pytest.fixture(scope="module")
def known(published):
    from etl.warehouse import SnapshotReader

    return dated_prices(SnapshotReader(published), written())


@pytest.fixture
def worked_out(reader, study, known):
    def found(choice, **changed):
        own = study(**changed)
        return sourcing_study(own, speeds(reader, own), known, choice)

    return found


def test_only_what_was_public_on_the_day_can_be_chosen(reader):
    early = dated_prices(reader, written(as_of="2022-12-01"))
    assert early.held["own"] == ()
    assert early.held["serverless"] == ()
    assert {price.code for price in early.held["api"]} == {"F0294", "F0295", "F0296"}
    assert all(price.day <= date(2022, 12, 1) for price in early.held["rent"][1:])


def test_every_price_is_converted_at_the_rate_of_its_own_day(known):
    api = known.find("api", "F0294")
    assert api.quantity.unit == "CNY/image"
    assert "of 2022-11-03" in api.quantity.converted
    assert api.quantity.value == pytest.approx(0.02 * 7.31744, rel=1e-5)
    assert known.left_out == ()


def test_the_newest_comes_first_and_the_scenarios_own_before_it(known):
    assert known.default("rent").code == "scenario"
    days = [price.day for price in known.held["api"]]
    assert days == sorted(days, reverse=True)
    newest = [price.quantity.value for price in known.held["api"] if price.day == days[0]]
    assert known.default("api").quantity.value == sorted(newest)[(len(newest) - 1) // 2]


def test_a_price_of_another_card_does_not_stand_in(known):
    assert known.default("serverless", "H100").family == "H100"
    assert known.default("serverless", "B200") is None


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("NVIDIA H100-SXM-80GB", "H100"),
        ("NVIDIA A100-SXM4-40GB", "A100"),
        ("NVIDIA L40S", "L40S"),
        ("RTX 4090", "RTX 4090"),
        ("AMD Instinct MI325X 256GB HBM3e", "MI325X"),
        ("Intel(R) Xeon(R) Processor", ""),
    ],
)
def test_a_card_is_known_by_its_family(name, family):
    assert family_of(name) == family


def test_an_api_is_cheapest_until_a_rented_machine_costs_the_same(worked_out):
    choice = SourcingChoice(
        own="none", rent="typed", serverless="none", api="typed", typed=(0, 10, 0, 0.05)
    )
    found = worked_out(choice)
    first, second = found.intervals.iloc[0], found.intervals.iloc[1]
    assert (first["option"], second["option"]) == ("api", "rent")
    assert first["to_images_per_day"] == pytest.approx(10 * HOURS / DAYS / 0.05)
    assert first["to_cost_per_1000"] == pytest.approx(50)


def test_an_owned_server_is_spread_over_its_life(worked_out):
    choice = SourcingChoice(
        own="typed", rent="none", serverless="none", api="none", typed=(360_000, 0, 0, 0)
    )
    found = worked_out(choice, life_years=3)
    row = found.curves.iloc[-1]
    month = row["n_machines"] * 360_000 / 36
    assert row["cost_per_1000"] == pytest.approx(month / (row["images_per_day"] * DAYS) * 1_000)
    assert found.is_lower_bound
    assert set(found.left_out) == {"rent", "serverless", "api"}


def test_electricity_that_is_known_is_counted(worked_out):
    def cost(**given):
        choice = SourcingChoice(own="typed", rent="none", api="none", typed=(360_000, 0, 0, 0))
        own = worked_out(choice, **given)
        return own.is_lower_bound, float(own.curves["cost_per_1000"].iloc[0])

    energy = {"joules_per_image": 1_000, "idle_watts": 100, "tariff_per_kwh": 1.0}
    without, of_all = cost(), cost(**energy)
    assert (without[0], of_all[0]) == (True, False)
    assert of_all[1] > without[1]
    assert cost(**{**energy, "tariff_per_kwh": None}) == without


def test_the_demand_is_that_of_the_scenario(study):
    asked = images_per_day(study())
    assert asked == pytest.approx(304_375 * (0.1 * 100 + 0.9 * 10) / DAYS)
    assert images_per_day(study(active_users=None)) is None


def test_what_the_reader_types_is_assumed(worked_out):
    found = worked_out(SourcingChoice(api="typed", typed=(0, 0, 0, 0.5)))
    assert found.prices["api"].quantity.evidence_kind == "assumed"
    api = found.curves.loc[found.curves["option"] == "api", "evidence_kind"]
    assert set(api) == {"assumed"}


def test_the_hour_of_a_machine_is_the_chosen_one(study, known):
    own = study()
    assert chosen_hour(own, known, "scenario", 0).value == 10
    assert chosen_hour(own, known, "typed", 7).value == 7
    assert chosen_hour(own, known, "typed", 0) is None
    assert chosen_hour(own, known, "none", 0) is None


def test_a_server_whose_cards_nobody_stated_is_set_against_a_card_with_a_warning(
    worked_out, reader, study
):
    from dashboard.tables.economics.sourcing import notes
    from dashboard.text import words

    card = next(speed for speed in speeds(reader, study()) if speed.kind == "published")
    warning = "how many cards the server holds"

    def told(**choice):
        return " ".join(notes(worked_out(SourcingChoice(**choice)), words("en")))

    assert warning in told(speed=card.code, own="F0484")
    typed = {"own": "typed", "typed": (9e5, 0.0, 0.0, 0.0)}
    assert warning not in told(speed=card.code, **typed)  # the reader knows the server
    assert warning not in told(own="F0484")  # the scenario's speed is a whole machine's
    assert "8 cards of the chosen speed" in told(speed=card.code, own="F0484", cards=8)


def test_a_price_is_per_machine_or_picture_as_chinese_writes_units():
    said = words("zh")
    assert price_unit("own", "USD", said) == "USD/台"
    assert price_unit("api", "USD", said) == "USD/张"
    assert price_unit("rent", "USD", said) == "USD/机器·小时"
    assert price_unit("own", "USD", words("en")) == "USD per server"
