"""Factors, holding returns, turnover and corrected p-values against another implementation."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from etl.analytics.event_calendar import Panel, panel
from etl.analytics.event_study import EventStudy, EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.holding_period import (
    abnormal_turnover,
    holding_periods,
    holding_placebo,
    long_run_test,
    skewness_adjusted_t,
)
from etl.analytics.multiple_testing import benjamini_hochberg, holm
from etl.analytics.placebo import placebo
from tests.fixtures.walks import events_at, walks

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "event_study_long.json").read_text())
DAYS = np.array(GOLDEN["days"], dtype="datetime64[D]")
SHARES = list(GOLDEN["volume"])
HORIZONS = tuple(GOLDEN["horizons"])
SPEC = EventStudySpec(tuple(GOLDEN["window"]), GOLDEN["estimation"], 0, factors=("BTC", "RATE"))


def panel_of(series: dict[str, Any], days: np.ndarray = DAYS) -> Panel:
    names = np.repeat(list(series), days.size)
    return panel(names, np.tile(days, len(series)), np.array(list(series.values()), float).ravel())


PRICES = panel_of(GOLDEN["prices"])
VOLUME = panel_of(GOLDEN["volume"])


def events_on(days: np.ndarray, tickers: list[str] | None = None) -> Events:
    names = np.array(SHARES if tickers is None else tickers)
    none = np.zeros(names.size, dtype=bool)
    return Events(names, np.full(names.size, "MKT"), days, none, none)


EVENTS = events_on(np.full(len(SHARES), DAYS[GOLDEN["zero"]]))


@pytest.fixture(scope="module")
def result() -> EventStudy:
    return study(PRICES, EVENTS, SPEC)


@pytest.mark.parametrize("name", GOLDEN["factors"][0])
def test_the_model_with_two_factors_equals_statsmodels(result: EventStudy, name: str) -> None:
    wanted = np.array([event[name] for event in GOLDEN["factors"]])
    np.testing.assert_allclose(getattr(result, name), wanted, rtol=1e-9)


def test_coefficients_carry_their_names(result: EventStudy) -> None:
    assert result.spec.coefficient_names == ("alpha", "beta", "BTC", "RATE")
    assert result.degrees_of_freedom == GOLDEN["estimation"] - 4
    np.testing.assert_array_equal(result.coefficients[:, 1], result.beta)


def test_a_factor_that_repeats_the_market_excludes_the_event() -> None:
    double = {**GOLDEN["prices"], "RATE": (3 * np.array(GOLDEN["prices"]["MKT"])).tolist()}
    found = study(panel_of(double), EVENTS, SPEC)
    assert set(found.reason) == {"collinear_factor"}


def test_factors_are_refused_where_they_cannot_be_used() -> None:
    with pytest.raises(ValueError, match="extend market only"):
        replace(SPEC, model="mean")
    with pytest.raises(ValueError, match="factor 'GOLD', of which the prices hold no bar"):
        study(PRICES, EVENTS, replace(SPEC, factors=("GOLD",)))


def test_days_without_a_bar_of_a_factor_are_told(result: EventStudy) -> None:
    gap = DAYS[GOLDEN["zero"] - 10]
    holed = PRICES.values.copy()
    holed[PRICES.dates == gap, PRICES.columns["BTC"]] = np.nan
    found = study(replace(PRICES, values=holed), EVENTS, SPEC)
    assert [days.tolist() for days in found.left_out] == [[gap.item()]] * len(SHARES)
    assert all(days.size == 0 for days in result.left_out)


def test_holding_returns_equal_day_by_day_compounding(result: EventStudy) -> None:
    found = holding_periods(PRICES, EVENTS, result, HORIZONS)
    wanted = np.array(GOLDEN["bhar"], dtype=float)
    np.testing.assert_allclose(found.abnormal_return, wanted, rtol=1e-9)
    assert np.isnan(wanted[:, 2]).all()
    assert set(found.reason[:, 2]) == {"horizon_beyond_bars"}
    assert np.isnat(found.end_date[:, 2]).all()
    assert set(found.end_date[:, 1]) == {DAYS[GOLDEN["zero"] + 20]}


def test_the_last_horizon_that_fits_is_measured_and_the_next_is_not(result: EventStudy) -> None:
    left = DAYS.size - 1 - GOLDEN["zero"]
    found = holding_periods(PRICES, EVENTS, result, (left, left + 1))
    assert np.isfinite(found.abnormal_return[:, 0]).all()
    assert np.isnan(found.abnormal_return[:, 1]).all()


def test_no_holding_return_is_taken_across_a_change_of_adjustment(result: EventStudy) -> None:
    bases = PRICES.bases.copy()
    bases[GOLDEN["zero"] + 10 :, PRICES.columns["S0"]] = 1
    found = holding_periods(replace(PRICES, bases=bases), EVENTS, result, HORIZONS)
    assert found.reason[0].tolist() == ["", "adjustment_changes", "horizon_beyond_bars"]
    assert found.reason[1].tolist() == ["", "", "horizon_beyond_bars"]


def test_returns_have_no_holding_return_and_say_so() -> None:
    returns = panel_of({n: np.diff(np.log(p)) for n, p in GOLDEN["prices"].items()}, DAYS[1:])
    result = study(returns, EVENTS, replace(SPEC, returns="given"))
    found = holding_periods(returns, EVENTS, result, HORIZONS)
    assert set(found.reason.ravel()) == {"no_prices"}
    with pytest.raises(ValueError, match="got the horizons"):
        holding_periods(returns, EVENTS, result, (0,))


def test_abnormal_turnover_equals_plain_means(result: EventStudy) -> None:
    shares = panel_of(dict.fromkeys(SHARES, GOLDEN["shares_outstanding"]))
    found = abnormal_turnover(PRICES, VOLUME, EVENTS, result, HORIZONS, shares)
    wanted = np.array(GOLDEN["abnormal_turnover"], dtype=float)
    np.testing.assert_allclose(found.abnormal_turnover, wanted, rtol=1e-9)
    assert found.per_share_outstanding.all()


def test_without_a_share_count_turnover_is_the_volume_and_says_so(result: EventStudy) -> None:
    volume = dict(GOLDEN["volume"])
    volume["S1"] = [None if i == GOLDEN["zero"] + 10 else v for i, v in enumerate(volume["S1"])]
    volume["S2"] = [0] * GOLDEN["zero"] + volume["S2"][GOLDEN["zero"] :]
    found = abnormal_turnover(PRICES, panel_of(volume), EVENTS, result, (5, 20))
    assert not found.per_share_outstanding.any()
    assert found.reason[:3].tolist() == [["", ""], ["", "missing_volume"], ["no_turnover"] * 2]
    begin, zero = GOLDEN["zero"] + SPEC.window[0], GOLDEN["zero"]
    before = np.mean(volume["S0"][begin - SPEC.estimation : begin])
    wanted = np.mean(volume["S0"][zero : zero + 6]) / before - 1
    assert found.abnormal_turnover[0, 0] == pytest.approx(wanted, rel=1e-12)


def test_the_skewness_adjusted_t_equals_the_printed_formula(result: EventStudy) -> None:
    found = holding_periods(PRICES, EVENTS, result, HORIZONS)
    test = long_run_test(found.abnormal_return, result.status == "tested")
    np.testing.assert_allclose(test.statistic[:2], GOLDEN["skewness_adjusted_t"], rtol=1e-9)
    np.testing.assert_allclose(test.p_value[:2], GOLDEN["skewness_adjusted_p"], rtol=1e-9)
    assert test.n_events.tolist() == [6, 6, 0]
    assert np.isnan(test.bootstrap_p_value).all()
    assert np.isnan(skewness_adjusted_t(np.full(4, 0.1)))


def test_described_events_have_no_part_in_the_long_run_test() -> None:
    values, tested = np.arange(10.0)[:, None], np.arange(10) < 4
    assert long_run_test(values, tested).mean[0] == np.arange(4).mean()


def test_the_bootstrap_rejects_about_one_in_twenty_skewed_samples() -> None:
    rng = np.random.default_rng(4)
    rejected = [
        long_run_test(
            rng.exponential(size=(100, 1)) - 1, np.ones(100, bool), n_draws=400, rng=rng
        ).bootstrap_p_value[0]
        < 0.05
        for _ in range(300)
    ]
    assert 0.02 < np.mean(rejected) < 0.085


@pytest.mark.parametrize(
    ("name", "method"), [("holm", holm), ("benjamini_hochberg", benjamini_hochberg)]
)
def test_corrected_p_values_equal_statsmodels(name: str, method: Any) -> None:
    np.testing.assert_allclose(method(np.array(GOLDEN["p_values"])), GOLDEN[name], rtol=1e-12)


@pytest.mark.parametrize("method", [holm, benjamini_hochberg])
def test_a_missing_p_value_stays_missing_and_does_not_count(method: Any) -> None:
    given = np.array([0.01, np.nan, 0.03])
    np.testing.assert_array_equal(method(given)[[0, 2]], method(given[[0, 2]]))
    assert np.isnan(method(given)[1])
    assert method(np.full(2, np.nan)).shape == (2,)


def test_a_holding_return_is_ranked_among_those_of_days_without_an_event() -> None:
    prices = walks(n_bars=500)
    shocked = prices.values.copy()
    shocked[300:, prices.columns["AAA"]] *= 1.4
    prices = replace(prices, values=shocked)
    events = events_at(prices, [300, 400, 300], ["AAA", "AAA", "BBB"], (2,))
    result = study(prices, events, EventStudySpec((-1, 1), 60, 5))
    held = holding_periods(prices, events, result, (10, 40, 110))
    drawn = placebo(prices, events, result, n_draws=300, rng=np.random.default_rng(2))
    found = holding_placebo(prices, events, result, held, drawn)
    assert found.percentile[0, 0] > 0.99
    values = []
    for day in drawn.day_zero[0]:
        zero = int(np.searchsorted(prices.dates, day))
        bars = prices.values[:, [prices.columns["AAA"], prices.columns["MKT"]]]
        if zero + 40 < 500 and not {300, 400} & set(range(zero, zero + 41)):
            share, market = bars[zero + 40] / bars[zero - 1]
            values.append(100 * (share - market))
    own = held.abnormal_return[0, 1]
    assert found.percentile[0, 1] == pytest.approx(np.mean(np.array(values) < own))
    as_far = np.sum(np.abs(values) >= abs(own))
    assert found.p_value[0, 1] == pytest.approx((1 + as_far) / (1 + len(values)))
    assert np.isnan(found.p_value[2]).all()  # price-selected
    assert held.reason[1, 2] == "horizon_beyond_bars"
    assert np.isnan(found.p_value[1, 2])


def test_the_simple_error_of_a_window_leaves_the_forecast_error_out() -> None:
    simple = study(PRICES, EVENTS, replace(SPEC, car_error="simple"))
    root = np.sqrt(np.arange(1, SPEC.days.size + 1))
    np.testing.assert_allclose(
        simple.cumulative_abnormal_return_se, simple.sigma[:, None] * root, rtol=1e-12
    )
    exact = study(PRICES, EVENTS, SPEC)
    assert (exact.cumulative_abnormal_return_se > simple.cumulative_abnormal_return_se).all()
