"""The scoreboard: one row a wave, every number with its reason where it is missing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dashboard.studies import wave_study
from dashboard.studies.market import market_study
from dashboard.tables import waves as tables
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec


@pytest.fixture(scope="module")
def board(published):
    from etl.warehouse import SnapshotReader

    return wave_study(SnapshotReader(published)).waves.set_index("wave_id")


def test_a_listed_wave_has_the_numbers_of_the_event_study(board, reader):
    meitu = board.loc["W01"]
    study = market_study(reader, "1357.HK", EventStudySpec())
    day = study.paths[(study.paths["event_id"] == "E0084") & (study.paths["day"] == 0)].iloc[0]
    assert meitu["abnormal_return"] == pytest.approx(day["abnormal_return"])
    assert meitu["p_value"] == pytest.approx(day["p_value"])
    assert meitu["status"] == "tested"
    assert 0 < meitu["percentile"] < 1


def test_the_day_picked_by_the_price_is_described_and_has_no_p(board):
    meitu = board.loc["W01"]
    assert meitu["picked_event_id"] == "E0085"
    assert meitu["picked_return"] == pytest.approx(0.2435, abs=0.005)
    assert not [name for name in board.columns if name.startswith("picked") and "p_value" in name]


def test_the_abnormal_value_is_the_eves_market_value_times_the_simple_return(board):
    meitu = board.loc["W01"]
    assert meitu["value_kind"] == "estimated"
    assert meitu["currency"] == "HKD"
    expected = np.expm1(meitu["cumulative_abnormal_return"]) * meitu["market_value"]
    assert meitu["abnormal_value"] == pytest.approx(expected)
    assert meitu["market_value"] == pytest.approx(4_352_403_000 * 1.02)


def test_the_half_year_of_the_event_and_the_next_two_are_told(board):
    meitu = board.loc["W01"]
    assert [meitu[f"revenue_{n}_period"] for n in range(3)] == ["2022H2", "2023H1", "2023H2"]
    assert meitu["revenue_1"] == 1_260_881_000
    assert [meitu[f"payers_{n}"] for n in range(3)] == [5_620_000, 7_200_000, 9_110_000]


def test_what_cannot_be_known_has_a_reason(board):
    assert board.loc["W03", "reason"] == "not_listed"
    assert board.loc["W05", "reason"] == "no_dated_event"
    assert board.loc["W12", "reason"] == "no_prices_for_ticker"
    assert board.loc["W02", "value_reason"] == "no_close_as_traded"
    assert board.loc["W01", "half_life_reason"] == "no_attention_series"
    assert board.loc["W03", "half_life_reason"] == "begins_after_peak"
    assert board.loc["W03", "half_life_high"] <= 14
    assert board.loc["W03", "left_30"] == pytest.approx(0.033, abs=0.001)
    assert board.loc["W04", "attention_unit"] == "downloads"
    assert board.loc["W04", "peak_per_day"] == 4_300_000


def test_as_known_on_a_day_leaves_out_what_came_later(reader):
    early = wave_study(reader, as_of=date(2022, 12, 31)).waves.set_index("wave_id")
    assert early.loc["W01", "abnormal_return"] == pytest.approx(0.0199, abs=1e-3)
    assert np.isnan(early.loc["W01", "bhar_60"])
    assert pd.isna(early.loc["W01", "revenue_1"])
    assert pd.isna(early.loc["W12", "event_date"])
    assert early.loc["W10", "half_life_reason"] == "no_attention_series"


def test_the_table_says_bounds_and_reasons_in_both_languages(reader):
    study = wave_study(reader)
    english = tables.scoreboard(study, words("en")).frame.set_index("wave_id")
    assert english.loc["W03", "half_life"] == "at most 14 days, from the highest rate held"
    assert "the company is not listed" in english.loc["W03", "why"]
    assert "2023H1: CNY 1,260,881,000" in english.loc["W01", "revenue"]
    chinese = tables.scoreboard(study, words("zh")).frame.set_index("wave_id")
    assert chinese.loc["W03", "half_life"].startswith("至多 14 天（自")
    assert chinese.loc["W01", "name"] == "美图 AI 绘画"


def test_three_published_figures_give_a_bound_and_a_missing_end_is_open(reader):
    study = wave_study(reader)
    english = tables.scoreboard(study, words("en")).frame.set_index("wave_id")
    assert english.loc["W04", "half_life_reason"] == "too_few_observations"
    assert english.loc["W04", "half_life"] == "at most 65 days", "10 December to 13 February"
    row = {"half_life_days": 9.0, "half_life_low": 7.0, "half_life_high": np.nan}
    assert tables.half_life({**row, "half_gone_by_days": 8.0}, words("en")) == "9 days (7–∞)"
