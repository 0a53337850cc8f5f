"""The Growth page: every part in both languages, its states, and its permalinks."""

# pyright: basic

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard import cache
from dashboard.app_pages import growth_choices

SECTIONS = {
    "retention": 3,
    "conversion": 3,
    "trials": 3,
    "revenue": 3,
    "value": 2,
    "channels": 2,
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_part_opens_badged_as_simulated(grown, open_page, section, lang):
    page = open_page(grown, "growth", lang=lang, section=section)
    assert not page.exception
    assert not page.error
    assert len(page.get("plotly_chart")) >= SECTIONS[section]
    assert ("Simulated" if lang == "en" else "模拟数据") in page.warning[0].value
    badge = "simulated" if lang == "en" else "模拟"
    assert any(badge in element.value for element in page.markdown)


def test_without_a_history_it_says_what_to_do(published, open_page):
    page = open_page(published, "growth")
    assert not page.exception
    assert "simulate demo" in page.info[0].value


def test_the_address_restores_every_choice(grown, open_page):
    page = open_page(
        grown,
        "growth",
        section="retention",
        rule="unbounded",
        group="month",
        zone="Asia/Tokyo",
        split="channel",
        segment="organic",
    )
    assert not page.exception
    for key, code in {
        "rule": "unbounded",
        "group": "month",
        "zone": "Asia/Tokyo",
        "split": "channel",
        "segment": "organic",
    }.items():
        assert page.selectbox(key=key).value == code


def test_a_rule_that_counts_days_offers_no_weeks(grown, open_page):
    page = open_page(grown, "growth", rule="rolling_window")
    assert not page.exception
    assert list(page.selectbox(key="period").options) == ["days"]


def test_without_payments_money_is_not_made_up(grown, open_page):
    for section in ("revenue", "value", "channels"):
        page = open_page(grown, "growth", section=section, payments="none")
        assert not page.exception
        assert "No payments stand beside" in page.info[0].value


def test_an_impossible_choice_is_told_and_replaced(grown, open_page):
    page = open_page(grown, "growth", rule="guess")
    assert not page.exception
    assert any("rule=`guess`" in warning.value for warning in page.warning)


def test_one_user_without_a_beginning_is_told_in_the_singular(grown, open_page, monkeypatch):
    cache.forget()
    known = growth_choices.definitions
    monkeypatch.setattr(
        growth_choices,
        "definitions",
        lambda *asked: replace(known(*asked), n_without_beginning=1),
    )
    page = open_page(grown, "growth")
    assert not page.exception
    assert "1 more user was seen without a beginning" in page.warning[0].value
    cache.forget()


def test_waiting_is_told_as_confounded(grown, open_page):
    page = open_page(grown, "growth", section="conversion")
    assert any("Confounded" in warning.value for warning in page.warning)


def test_the_planner_answers_and_refuses(grown, open_page):
    page = open_page(grown, "growth", section="trials")
    assert any(tile.label == "Users an arm" for tile in page.metric)
    page.number_input(key="plan_difference").set_value(0.0).run()
    assert any("differ" in error.value for error in page.error)


def test_counts_without_events_say_what_they_cannot_answer(tmp_path, open_page):
    from etl import elsewhere
    from etl.config import Settings
    from etl.simulate import Parameters, simulate

    made = tmp_path / "made"
    simulate(Parameters(users=300, days=45, seed=3), made, workers=1)
    data = tmp_path / "data"
    asked = elsewhere.Question(
        "duckdb", f"{made}/product_events/**/*.parquet", "counted", "simulated", {}
    )
    elsewhere.count(Settings(data_dir=data), asked)
    page = open_page(data, "growth")
    assert not page.exception
    assert len(page.get("plotly_chart")) == 3
    page = open_page(data, "growth", rule="unbounded")
    assert not page.exception
    assert "only counts came back" in page.error[0].value.replace("\\", "")
