"""The claim about the users of a server, worked out again."""

# pyright: basic

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from dashboard.studies.economics.carried import (
    CARDS,
    MODEL,
    HabitChoice,
    card_rates,
    carried,
    claim,
    models,
)
from dashboard.tables.economics import carried as tables
from dashboard.text import words


@pytest.fixture(scope="module")
def rates(published):
    from etl.warehouse import SnapshotReader

    return card_rates(SnapshotReader(published), MODEL).set_index("card", drop=False)


def test_the_claim_is_known_from_its_day_on(reader):
    assert claim(reader, date(2022, 12, 7)) is None
    found = claim(reader, date(2022, 12, 8))
    assert (found.price, found.currency) == (450_000, "CNY")
    assert (found.users_low, found.users_high, found.wait_seconds) == (10_000, 20_000, 20)


def test_a_published_rate_is_disclosed_and_the_rest_of_its_generation_estimated(rates):
    a100, gaming = rates.loc["A100 SXM4 40GB"], rates.loc["GeForce RTX 3090"]
    assert a100["evidence_kind"] == "disclosed"
    assert gaming["evidence_kind"] == "estimated"
    assert gaming["estimated_from"] == "A100 SXM4 40GB"
    expected = a100["images_per_second"] * 71.2 / 312
    assert gaming["images_per_second"] == pytest.approx(expected)


def test_a_card_whose_generation_nobody_measured_has_no_rate_and_says_why(rates):
    for card, reason in (("B200 SXM", "no_generation"), ("A10G", "no_dense_rate")):
        assert np.isnan(rates.loc[card, "images_per_second"])
        assert rates.loc[card, "reason"] == reason


def test_users_follow_from_the_rate_and_the_habits(reader, rates):
    choice = HabitChoice(cards=("A100 SXM4 40GB",), n_cards=2)
    found = carried(rates.reset_index(drop=True), claim(reader, date(2023, 1, 1)), choice)
    row = found.set_index("reading").loc["daily_active"]
    rate = 2 * rates.loc["A100 SXM4 40GB", "images_per_second"] * row["usable_share"]
    assert row["users"] == pytest.approx(rate * 3_600 / (5 * 2 / 24))
    assert row["users_low"] == pytest.approx(row["users"] / 4)  # two habits at their double
    at_claim = row["images_per_user_day_at_claim_low"]
    assert rate * 3_600 / (at_claim * 2 / 24) == pytest.approx(10_000)
    assert set(found["evidence_kind"]) == {"assumed"}


def test_a_card_without_a_rate_keeps_its_row(reader, rates):
    choice = HabitChoice(cards=(*CARDS, "B200 SXM"))
    found = carried(rates.reset_index(drop=True), claim(reader, date(2023, 1, 1)), choice)
    assert len(found) == 3 * len(CARDS) + 1
    assert np.isnan(found.iloc[-1]["users"])


def test_every_model_with_a_rate_can_be_chosen(reader):
    assert {MODEL, "sdxl"} <= set(models(reader))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_sentence_tells_the_speeds_evidence_and_what_makes_each_reading_true(
    reader, rates, language
):
    said, choice = words(language), HabitChoice()
    found = claim(reader, date(2023, 1, 1))
    sentences = tables.sentences(carried(rates, found, choice), choice, said)
    a100, gaming, _ = sentences
    assert said.evidence("disclosed") in a100
    assert said.evidence("estimated") in gaming
    # 5 pictures times 37,375 over 20,000 and over 10,000; 10% times 75,919 over either.
    assert "9.34" in a100
    assert "18.7" in a100
    assert "38.0%" in gaming
    assert "75.9%" in gaming
    assert "%" not in a100, "no share of active users makes the claim true of registered ones"
