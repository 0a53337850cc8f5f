"""Random days, holding returns, many tests and specifications of the chosen events."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from dashboard import cases
from dashboard.studies import robustness_study
from etl.analytics.event_study import EventStudySpec


@pytest.fixture(scope="module")
def hard(published):
    from etl.warehouse import SnapshotReader

    reader = SnapshotReader(published)
    return robustness_study(reader, cases.TICKER, EventStudySpec(), event_ids=cases.WAVE)


def test_tested_events_are_ranked_and_the_picked_day_is_not(hard):
    ranks = hard.placebo.set_index("event_id")
    assert set(ranks.index) == set(cases.WAVE)
    assert ranks.loc[list(cases.CAUSES), "percentile"].between(0, 1).all()
    assert np.isnan(
        ranks.loc[cases.CHOSEN_BY_PRICE, ["percentile", "p_value"]].to_numpy(float)
    ).all()
    assert set(hard.corrected["event_id"]) == set(cases.CAUSES)


def test_the_same_study_draws_the_same_days(hard, reader):
    again = robustness_study(reader, cases.TICKER, EventStudySpec(), event_ids=cases.WAVE)
    assert again.placebo.equals(hard.placebo)
    assert again.bands.equals(hard.bands)


def test_p_corrected_for_many_tests_is_never_smaller(hard):
    for name in ("holm", "benjamini_hochberg"):
        assert (hard.corrected[name] >= hard.corrected["p_value"] - 1e-12).all()


def test_a_holding_return_is_that_of_the_prices(hard, reader):
    row = hard.holding.set_index(["event_id", "horizon"]).loc[("E0084", 20)]
    closes = reader.query(
        "SELECT trade_date, adjusted_close FROM stock_prices WHERE ticker = '1357.HK' "
        "AND trade_date BETWEEN '2022-11-30' AND '2023-01-31' ORDER BY 1"
    ).set_index("trade_date")["adjusted_close"]
    assert row["share_return"] == pytest.approx(closes[row["end_date"]] / closes.iloc[0] - 1)
    assert row["abnormal_return"] == pytest.approx(row["share_return"] - row["benchmark_return"])


def test_the_curve_holds_every_combination_with_its_interval(hard):
    assert len(hard.curve) == hard.n_tested == 180
    assert hard.curve["car"].is_monotonic_increasing
    assert (hard.curve["low"] <= hard.curve["car"]).all()
    assert set(hard.curve["benchmark"]) == {"^HSI", "HKEW"}


def test_a_horizon_beyond_what_was_known_is_missing_with_its_reason(reader):
    early = robustness_study(
        reader, cases.TICKER, EventStudySpec(), as_of=date(2022, 12, 31), event_ids=cases.WAVE
    )
    far = early.holding[early.holding["horizon"] == 60]
    assert far["abnormal_return"].isna().all()
    assert set(far["reason"]) == {"horizon_beyond_bars"}


def test_a_share_without_events_has_nothing_to_show(reader):
    empty = robustness_study(reader, "NVDA", EventStudySpec())
    assert empty.placebo.empty
    assert empty.curve.empty
    assert empty.n_tested == 0
