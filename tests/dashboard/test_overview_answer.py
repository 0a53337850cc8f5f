"""The answer of a case in one sentence, from what was evaluated and not from a template."""

# pyright: basic

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.app_pages import economics_verdict as verdicts
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
    assert "no range given here turns the sign" in sentence
    assert "assumed inputs" not in sentence
    assert "the market" not in sentence


def test_a_wave_that_costs_more_than_it_brings_is_a_plain_no() -> None:
    first, sentence = answered(wave(cost_per_image=0.4))
    assert first == "No."
    assert "**−CNY " in sentence
    assert "no range given here turns the sign" in sentence


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


def test_what_carries_nothing_of_the_variance_is_not_listed_as_deciding() -> None:
    hardly = {"value": 0.001, "low": 0.0009999, "high": 0.0010001, "source": "a guess"}
    study = scenario_study(None, frozen(wave(refund_rate=hardly)))  # pyright: ignore[reportArgumentType]
    assert study.wave is not None
    assert study.wave.outcome.variance["refund_rate"] < 0.005
    frame = deciding(study, EN).frame
    assert frame["input"].tolist() == ["Payers among installs"]


def test_one_disclosed_figure_is_no_range(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_of(*values: float, language: str = "en") -> str:
        held = pd.DataFrame({"latest": True, "metric": verdicts.PENETRATION, "value": values})
        found = SimpleNamespace(achieved=held)
        monkeypatch.setattr(verdicts.cache, "study", lambda *_, **__: found)
        return told(verdicts._achieved(date(2022, 12, 31), words(language))[0])

    assert told_of(0.029) == "Disclosed by then: 2.9% of monthly actives subscribe (1 figure)."
    assert "4.0% to 5.5% of monthly actives subscribe (2 figures)" in told_of(0.055, 0.04)
    assert "（2 项数据）" in told_of(0.055, 0.04, language="zh")
