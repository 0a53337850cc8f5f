"""The answer of a case in one sentence, from what was evaluated and not from a template."""

# pyright: basic

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from dashboard.studies.economics.scenario import frozen, scenario_study
from dashboard.tables.overview import answer, deciding, lead
from dashboard.text import words
from etl.analytics.scenario_result import Outcome

EN = words("en")
NOTHING = Outcome("contribution", None, np.array([]), [], {}, 0.0, {})


def told(text: str) -> str:
    return text.replace("\\", "").replace("\xa0", " ")


def outcome(odds: float | None, assumed: float = 0.0, varies: bool = True) -> Outcome:
    variance = {"installs": 1.0} if varies else {}
    return replace(NOTHING, probability_profitable=odds, assumed_share=assumed, variance=variance)


LEADS = [
    (outcome(0.95), 1.0, "Yes."),
    (outcome(0.05), -1.0, "No."),
    (outcome(0.5), 1.0, "Undecided."),
    (outcome(1.0, assumed=0.6), 1.0, "Perhaps, and this is a sketch."),
    (outcome(1.0, varies=False), 1.0, "Yes, on what is counted."),
    (outcome(0.0, varies=False), -1.0, "No."),
]


@pytest.mark.parametrize(("found", "value", "expected"), LEADS)
def test_the_word_before_follows_the_odds_and_what_they_rest_on(
    found: Outcome, value: float, expected: str
) -> None:
    assert lead(found, value, EN) == expected


def wave(**changed: Any) -> dict[str, Any]:
    inputs = {
        "installs": 1_000_000,
        "paid_conversion_rate": {"value": 0.02, "low": 0.01, "high": 0.03,
                                 "evidence_kind": "disclosed", "source": "a filing"},
        "net_proceeds": 10,
        "paid_churn_rate": 0.5,
        "retained_rate": 0,
        "free_churn_rate": 1,
        "cost_per_image": 0.01,
        "free_images_per_install": 10,
        "free_images_per_user": 0,
        "paid_images_per_user": 20,
        **changed,
    }  # fmt: skip
    return {"name": "A wave", "as_of": date(2024, 1, 1), "currency": "CNY", "inputs": inputs}


def answered(raw: dict[str, Any]) -> tuple[str, str]:
    study = scenario_study(None, frozen(raw))  # pyright: ignore[reportArgumentType]
    first, sentence = answer(study, "A wave", EN)
    return first, told(sentence)


def test_a_wave_that_pays_on_disclosed_figures_is_a_plain_yes() -> None:
    first, sentence = answered(wave())
    assert first == "Yes."
    assert "is left over 12 months at a hurdle rate of 15% a year" in sentence
    assert "above zero in 100% of them" in sentence
    assert "assumed inputs" not in sentence
    assert "the market" not in sentence


def test_a_wave_that_costs_more_than_it_brings_is_a_plain_no() -> None:
    first, sentence = answered(wave(cost_per_image=0.4))
    assert first == "No."
    assert "**−CNY " in sentence
    assert "above zero in 0% of them" in sentence


def test_what_the_market_did_is_said_with_its_sign_and_its_doubt() -> None:
    listed = {"market_value": 1e9}
    up = {
        "value": 0.1,
        "low": 0.05,
        "high": 0.15,
        "evidence_kind": "estimated",
        "source": "a study",
    }
    _, sentence = answered(wave(**listed, cumulative_abnormal_return=up))
    assert "times as much to the company's value (" in sentence
    down = {
        "value": -0.1,
        "low": -0.3,
        "high": 0.1,
        "evidence_kind": "estimated",
        "source": "a study",
    }
    _, sentence = answered(wave(**listed, cumulative_abnormal_return=down))
    assert "off its value (" in sentence
    assert "in 90% of the draws), a move that cannot be told from chance." in sentence


def test_what_is_missing_is_named_with_the_value_at_which_it_would_break_even() -> None:
    raw = wave()
    del raw["inputs"]["cost_per_image"]
    first, sentence = answered(raw)
    assert first == "Not known."
    assert "never published: cost of a picture." in sentence
    assert "It would break even at **CNY " in sentence


def month(**changed: Any) -> dict[str, Any]:
    inputs = {
        "active_users": 1_000, "paying_share": 0.05, "net_proceeds": 10, "gross_margin": 0.6,
        "fixed_costs": 60, **changed,
    }  # fmt: skip
    return {**wave(), "inputs": inputs, "sourcing": "gross_margin"}


def test_a_month_names_its_result_and_the_share_that_must_pay_beside_the_share_that_does() -> None:
    first, sentence = answered(month())
    assert first == "Yes, on what is counted."
    # 50 payers bring 500, of which 60 % stay; 60 go to fixed costs, which 10 payers would cover.
    assert "**CNY 240** is left in a month" in sentence
    assert "1.0% of the users must pay for it to break even, and 5.0% do." in sentence


def test_where_advertising_pays_for_everything_nobody_has_to() -> None:
    _, sentence = answered(month(ad_revenue_per_free_user=1))
    assert "nobody would have to pay for that, and 5.0% do." in sentence


def test_a_case_of_nothing_is_not_known() -> None:
    first, _ = answered({**wave(), "inputs": {}})
    assert first == "Not known."


def test_without_ranges_the_inputs_that_move_most_decide() -> None:
    study = scenario_study(None, frozen(month()))  # pyright: ignore[reportArgumentType]
    frame = deciding(study, EN).frame
    assert len(frame) == 3
    assert frame["settles"].str.len().gt(0).all()
