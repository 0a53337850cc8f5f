from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.placebo import Placebo, placebo
from tests.fixtures.walks import events_at, walks

SPEC = EventStudySpec((-1, 2), estimation=60, gap=5)
PRICES = walks()
EVENTS = events_at(PRICES, [300, 300, 420, 500], ["AAA", "BBB", "AAA", "CCC"], (3,))


def drawn(prices: Panel = PRICES, events: Events = EVENTS, n_draws: int = 400) -> Placebo:
    result = study(prices, events, SPEC)
    return placebo(prices, events, result, n_draws=n_draws, rng=np.random.default_rng(8))


def test_a_draw_is_the_event_study_of_that_day_by_statsmodels() -> None:
    found = drawn()
    for row, draw in ((0, 0), (2, 17), (3, 399)):
        zero = int(np.searchsorted(PRICES.dates, found.day_zero[row, draw]))
        returns = np.diff(np.log(PRICES.values), axis=0, prepend=np.nan)
        stock = returns[:, PRICES.columns[EVENTS.tickers[row]]]
        design = sm.add_constant(returns[:, PRICES.columns["MKT"]])
        estimation = slice(zero - 1 - 5 - 60, zero - 1 - 5)
        fit = sm.OLS(stock[estimation], design[estimation]).fit()
        window = slice(zero - 1, zero + 3)
        wanted = (stock[window] - fit.predict(design[window])).cumsum()
        np.testing.assert_allclose(found.cumulative_abnormal_return[row, draw], wanted, rtol=1e-8)


def test_rank_and_p_count_the_draws() -> None:
    found, result = drawn(), study(PRICES, EVENTS, SPEC)
    own = result.cumulative_abnormal_return[0, -1]
    draws = found.cumulative_abnormal_return[0, :, -1]
    assert found.percentile[0] == np.mean(draws < own)
    assert found.p_value[0] == (1 + np.sum(np.abs(draws) >= abs(own))) / 401
    np.testing.assert_allclose(
        found.low[0], np.quantile(found.cumulative_abnormal_return[0], 0.025, axis=0)
    )


def test_no_draw_comes_near_an_event_of_the_share() -> None:
    found = drawn(n_draws=3000)
    for row, bars in ((0, (300, 420)), (1, (300,)), (3, (500,))):
        zero = np.searchsorted(PRICES.dates, found.day_zero[row])
        for bar in bars:
            assert np.abs(zero - bar).min() == 4 if row == 1 else np.abs(zero - bar).min() >= 4
        assert zero.min() >= 1 + 60 + 5 + 1
        assert zero.max() <= PRICES.dates.size - 1 - 2


def test_events_of_one_day_draw_the_same_days() -> None:
    found = drawn()
    np.testing.assert_array_equal(found.day_zero[0], found.day_zero[1])
    assert (found.day_zero[0] != found.day_zero[2]).any()
    assert found.n_mean_events == 3
    mean = found.cumulative_abnormal_return[:3].mean(axis=0)
    np.testing.assert_allclose(found.mean_high, np.quantile(mean, 0.975, axis=0))


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(drawn().day_zero, drawn().day_zero)


def test_a_described_event_has_a_band_and_no_verdict() -> None:
    found = drawn()
    assert np.isnan(found.p_value[3])
    assert np.isnan(found.percentile[3])
    assert np.isfinite(found.low[3]).all()


def test_too_few_days_and_excluded_events_say_so() -> None:
    short = walks(n_bars=105)
    events = events_at(short, [80, 10], ["AAA", "AAA"])
    found = drawn(short, events)
    assert found.reason.tolist() == ["too_few_placebo_days", "excluded"]
    assert np.isnan(found.p_value).all()
    assert found.n_mean_events == 0


def test_a_real_shock_stands_out_and_none_does_not() -> None:
    shocked = PRICES.values.copy()
    shocked[300:, PRICES.columns["AAA"]] *= 1.5
    assert drawn(replace(PRICES, values=shocked)).p_value[0] < 0.01
    p_values = []
    for seed in range(60):
        prices = walks(n_bars=300, seed=seed)
        events = events_at(prices, [200], ["AAA"])
        result = study(prices, events, SPEC)
        rng = np.random.default_rng(seed)
        p_values.append(placebo(prices, events, result, n_draws=200, rng=rng).p_value[0])
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.06)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)
