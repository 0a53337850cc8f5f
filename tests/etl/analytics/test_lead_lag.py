from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from etl.analytics.event_calendar import Panel, panel
from etl.analytics.forecast_test import (
    ForecastSpec,
    clark_west,
    diebold_mariano,
    expanding_splits,
    forecast_test,
)
from etl.analytics.hac import regress
from etl.analytics.lead_lag import (
    ATTENTION_FIRST,
    RETURNS_FIRST,
    STATEMENTS,
    cross_correlation,
    granger,
    shifted,
    weekly_series,
    what_data_cannot_tell,
)
from etl.analytics.rating_rates import rating_rates

MONDAY = np.datetime64("2023-01-02")


def persistent(rng: np.random.Generator, n: int, memory: float) -> np.ndarray:
    values = rng.standard_normal(n)
    for week in range(1, n):
        values[week] += memory * values[week - 1]
    return values


def leading(rng: np.random.Generator, n: int, lag: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Attention, and returns that follow it ``lag`` weeks later."""
    attention = rng.standard_normal(n)
    returns = 0.03 * (0.7 * np.nan_to_num(shifted(attention, lag)) + rng.standard_normal(n))
    return attention, returns


# Regression


@pytest.mark.parametrize("n_lags", [0, 3, 8])
def test_errors_equal_those_of_statsmodels(n_lags: int) -> None:
    rng = np.random.default_rng(1)
    regressors = sm.add_constant(np.column_stack([persistent(rng, 90, 0.5) for _ in range(2)]))
    target = regressors @ [0.1, 0.5, -0.2] + persistent(rng, 90, 0.6)
    found = regress(target, regressors, n_lags)
    wanted = sm.OLS(target, regressors).fit(
        cov_type="HAC", cov_kwds={"maxlags": n_lags, "use_correction": True}, use_t=True
    )
    np.testing.assert_allclose(found.coefficients, wanted.params)
    np.testing.assert_allclose(found.covariance, wanted.cov_params())
    np.testing.assert_allclose(found.p_values, wanted.pvalues)


def test_missing_weeks_keep_their_distance() -> None:
    rng = np.random.default_rng(2)
    x, y = persistent(rng, 60, 0.7), persistent(rng, 60, 0.7)
    y[[10, 11, 30]] = np.nan
    regressors = sm.add_constant(x)
    found = regress(y, regressors, 2)
    known = np.isfinite(y)
    coefficients = np.linalg.lstsq(regressors[known], y[known], rcond=None)[0]
    score = regressors * (y - regressors @ coefficients)[:, None]
    middle = np.zeros((2, 2))
    for first in np.flatnonzero(known):
        for second in np.flatnonzero(known):
            weight = max(0, 1 - abs(first - second) / 3)
            middle += weight * np.outer(score[first], score[second])
    bread = np.linalg.inv(regressors[known].T @ regressors[known])
    np.testing.assert_allclose(found.covariance, bread @ middle @ bread * 57 / 55)


def test_regressions_that_cannot_be_are_refused() -> None:
    ones = np.ones((30, 1))
    with pytest.raises(ValueError, match="collinear"):
        regress(np.arange(30.0), np.hstack([ones, 2 * ones]))
    with pytest.raises(ValueError, match="1 complete rows for 1"):
        regress(np.array([1.0, np.nan]), np.ones((2, 1)))
    with pytest.raises(ValueError, match="infinite"):
        regress(np.array([1.0, np.inf, 3]), np.ones((3, 1)))


# Weeks


def weekly_rates(counts: list[float], every_days: int = 7) -> pd.DataFrame:
    days = pd.Timestamp(MONDAY) + pd.to_timedelta(np.arange(len(counts)) * every_days, unit="D")
    frame = pd.DataFrame(
        {"app_id": "A", "storefront": "NO", "observed_on": days, "rating_count": counts}
    )
    return rating_rates(frame)


def prices_of(n_days: int, rng: np.random.Generator) -> Panel:
    """Working days from Monday on; a share S and its market M."""
    days = MONDAY + np.flatnonzero(np.arange(n_days) % 7 < 5)
    values = 100 * np.exp(0.01 * rng.standard_normal((len(days), 2)).cumsum(axis=0))
    return panel(np.tile(["S", "M"], len(days)), np.repeat(days, 2), values.ravel())


def test_weeks_hold_what_was_known_at_their_end() -> None:
    prices = prices_of(60, np.random.default_rng(3))
    weekly = weekly_series(weekly_rates([10, 17, 45, 40, 61, 61, 68]), prices, "S", "M")
    # The look-up of Monday, the 9th, tells the week from the 2nd; it counts for the week it is in.
    assert weekly["week_ending"].iloc[0] == pd.Timestamp("2023-01-13")
    rates = [1.0, 4.0, np.nan, 3.0, 0.0, 1.0]
    np.testing.assert_allclose(weekly["new_ratings_per_day"], rates)
    np.testing.assert_allclose(
        weekly["attention"], np.diff(np.log1p([np.nan, *rates])), equal_nan=True
    )
    close = pd.DataFrame(prices.values, index=pd.DatetimeIndex(prices.dates))
    friday = np.log(close.resample("W-FRI").last()).diff()
    excess = (friday[prices.columns["S"]] - friday[prices.columns["M"]]).reindex(
        weekly["week_ending"]
    )
    np.testing.assert_allclose(weekly["excess_return"], excess)


def test_a_week_without_look_up_or_trade_is_missing() -> None:
    prices = prices_of(60, np.random.default_rng(4))
    closed = (prices.dates >= MONDAY + 21) & (prices.dates < MONDAY + 28)
    values = np.where(closed[:, None], np.nan, prices.values)
    prices = Panel(prices.dates, prices.columns, values, prices.bases)
    weekly = weekly_series(weekly_rates([10, 24, 52], every_days=14), prices, "S", "M")
    assert weekly["new_ratings_per_day"].isna().tolist() == [False, True, False]
    assert weekly["n_days"].tolist()[::2] == [14, 14]
    assert weekly["excess_return"].isna().tolist() == [False, True, False]


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(3, 11), seed=st.integers(0, 99))
def test_weeks_do_not_know_the_future(cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.cumsum(rng.integers(1, 50, 14)).astype(float)
    prices = prices_of(100, rng)
    before = weekly_series(weekly_rates(counts.tolist()), prices, "S", "M")
    end = before["week_ending"].iloc[cut]
    counts[cut + 2 :] += 1000  # the look-up on the Monday after that week's end, and later ones
    later = prices.dates > end.to_datetime64()
    values = np.where(later[:, None], prices.values * rng.uniform(1, 3), prices.values)
    changed = Panel(prices.dates, prices.columns, values, prices.bases)
    after = weekly_series(weekly_rates(counts.tolist()), changed, "S", "M")
    pd.testing.assert_frame_equal(before[: cut + 1], after[: cut + 1])
    assert before["attention"].iloc[cut + 1] != after["attention"].iloc[cut + 1]


def test_weeks_that_cannot_be_are_refused() -> None:
    rng = np.random.default_rng(5)
    prices = prices_of(60, rng)
    rates = weekly_rates([10, 17, 45])
    with pytest.raises(ValueError, match="'X', of which the prices hold no bar"):
        weekly_series(rates, prices, "X", "M")
    with pytest.raises(ValueError, match="several apps"):
        weekly_series(pd.concat([rates, rates.assign(app_id="B")]), prices, "S", "M")
    far = rates.assign(observed_on=rates["observed_on"] + pd.Timedelta(days=700))
    with pytest.raises(ValueError, match="no week in common"):
        weekly_series(far, prices, "S", "M")
    with pytest.raises(ValueError, match="no week in common"):
        weekly_series(rates[:0], prices, "S", "M")


# Correlation by lag


def test_the_planted_lead_is_found_at_its_lag() -> None:
    attention, returns = leading(np.random.default_rng(6), 150, lag=2)
    found = cross_correlation(attention, returns, max_lag=4).set_index("lag")
    assert found["p_value_holm"].idxmin() == 2
    assert found.loc[2, "p_value_holm"] < 0.001
    assert (found["p_value_holm"].drop(2) > 0.05).all()
    wanted = stats.pearsonr(attention[:-2], returns[2:])
    assert found.loc[2, "correlation"] == pytest.approx(wanted.statistic)
    assert found.loc[2, "low"] < wanted.statistic < found.loc[2, "high"]


def test_each_lag_equals_statsmodels() -> None:
    rng = np.random.default_rng(7)
    x, y = persistent(rng, 120, 0.6), persistent(rng, 120, 0.6)
    row = cross_correlation(x, y, max_lag=3).set_index("lag").loc[-3]
    fit = sm.OLS(y[:-3], sm.add_constant(x[3:])).fit(
        cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": True}, use_t=True
    )
    assert row["hac_t"] == pytest.approx(fit.tvalues[1])
    assert row["p_value"] == pytest.approx(fit.pvalues[1])


def test_series_with_memory_have_fewer_effective_weeks_and_honest_intervals() -> None:
    rng = np.random.default_rng(8)
    rows = [
        cross_correlation(persistent(rng, 150, 0.8), persistent(rng, 150, 0.8), max_lag=0).iloc[0]
        for _ in range(300)
    ]
    table = pd.DataFrame(rows)
    assert (table["n_effective"] <= 150).all()
    assert table["n_effective"].median() < 75
    covered = ((table["low"] < 0) & (table["high"] > 0)).mean()
    naive = (np.abs(np.arctanh(table["correlation"].to_numpy(float))) < 1.96 / 147**0.5).mean()
    assert covered > 0.85
    assert naive < 0.75


def test_missing_weeks_take_no_part() -> None:
    attention, returns = leading(np.random.default_rng(9), 60)
    attention[[5, 20]] = np.nan
    row = cross_correlation(attention, returns, max_lag=1).set_index("lag").loc[1]
    known = np.isfinite(attention[:-1])
    assert row["n"] == 57
    wanted = np.corrcoef(attention[:-1][known], returns[1:][known])[0, 1]
    assert row["correlation"] == pytest.approx(wanted)


def test_too_short_constant_and_wrong_series_say_so() -> None:
    attention, returns = leading(np.random.default_rng(10), 60)
    apart = np.where(np.arange(60) < 30, attention, np.nan), np.where(
        np.arange(60) < 30, np.nan, returns
    )  # fmt: skip
    assert set(cross_correlation(*apart, max_lag=2)["reason"]) == {"too_few_weeks"}
    assert set(granger(*apart)["reason"]) == {"too_few_weeks"}
    still = np.full(60, 0.1)
    assert set(cross_correlation(still, returns)["reason"]) == {"constant_series"}
    assert set(granger(attention, still)["reason"]) == {"constant_series"}
    assert set(granger(returns, returns)["reason"]) == {"collinear_lags"}
    infinite = np.where(np.arange(60) == 7, np.inf, attention)
    for function in (cross_correlation, granger):
        with pytest.raises(ValueError, match="infinite"):
            function(infinite, returns)
        with pytest.raises(ValueError, match="shape"):
            function(attention[1:], returns)


# Granger


def test_granger_equals_statsmodels() -> None:
    rng = np.random.default_rng(11)
    attention, returns = leading(rng, 130)
    found = granger(attention, returns, lags=3).set_index("direction")
    past = [shifted(series, lag)[3:] for series in (returns, attention) for lag in (1, 2, 3)]
    regressors = sm.add_constant(np.column_stack(past))
    restriction = np.eye(7)[4:]
    for column, kind in (
        ("p_value", {"cov_type": "HAC", "cov_kwds": {"maxlags": 4, "use_correction": True}}),
        ("p_value_white", {"cov_type": "HC1"}),
    ):
        fit = sm.OLS(returns[3:], regressors).fit(use_t=True, **kind)
        wanted = fit.f_test(restriction)
        assert found.loc[ATTENTION_FIRST, column] == pytest.approx(float(wanted.pvalue))
        assert found.loc[ATTENTION_FIRST, "df_denominator"] == wanted.df_denom
    assert found.loc[ATTENTION_FIRST, "sum_of_coefficients"] == pytest.approx(fit.params[4:].sum())


def test_granger_finds_the_direction() -> None:
    attention, returns = leading(np.random.default_rng(12), 150)
    forwards = granger(attention, returns).set_index("direction")["p_value_white"]
    assert forwards[ATTENTION_FIRST] < 0.001
    assert forwards[RETURNS_FIRST] > 0.05
    backwards = granger(returns, attention).set_index("direction")["p_value_white"]
    assert backwards[RETURNS_FIRST] == forwards[ATTENTION_FIRST]


# Forecasts


@settings(max_examples=100, deadline=None)
@given(
    n=st.integers(1, 120),
    horizon=st.integers(1, 8),
    first_train=st.integers(1, 60),
    test_size=st.integers(1, 20),
    embargo=st.integers(0, 6),
)
def test_no_training_label_overlaps_what_is_forecast(
    n: int, horizon: int, first_train: int, test_size: int, embargo: int
) -> None:
    splits = expanding_splits(
        n, horizon=horizon, first_train=first_train, test_size=test_size, embargo=embargo
    )
    for split in splits:
        last_label_week = split.train.max() + horizon
        # Known when the first forecast is made, and apart from the weeks that one is about.
        assert last_label_week + embargo <= split.test.min()
        assert split.train.size >= first_train
        assert split.train.tolist() == list(range(split.train.size))
    tested = [int(position) for split in splits for position in split.test]
    assert tested == list(range(min(first_train + horizon + embargo - 1, n), n))


SPEC = ForecastSpec(first_train=40, refit_every=10)


def test_forecasts_equal_a_plain_loop() -> None:
    attention, returns = leading(np.random.default_rng(13), 100)
    returns[60] = np.nan
    spec = ForecastSpec(horizon=2, lags=2, first_train=40, refit_every=7, embargo=1, penalty=5.0)
    found = forecast_test(
        attention, returns, spec, n_placebo=1, rng=np.random.default_rng(0)
    ).forecasts.set_index("position")
    label = np.array([returns[week + 1] + returns[week + 2] for week in range(98)])
    features = np.array(
        [[returns[w], returns[w - 1], attention[w], attention[w - 1]] for w in range(1, 98)]
    )
    features = np.vstack([np.full(4, np.nan), features])
    whole = np.isfinite(np.column_stack([features, label])).all(axis=1)
    # The first week is missing, so the first split that holds 40 whole ones starts 7 later.
    start = 40 + 3 - 1 + 7
    train = np.flatnonzero(whole[: start - 3 + 1])
    mean, scale = features[train].mean(axis=0), features[train].std(axis=0)
    x = (features - mean) / scale
    y_mean = label[train].mean()
    slopes = np.linalg.solve(
        x[train].T @ x[train] + 5 * np.eye(4), x[train].T @ (label[train] - y_mean)
    )
    assert found.index[0] == start
    for week in range(start, start + 7):
        assert found.loc[week, "with_attention"] == pytest.approx(y_mean + x[week] @ slopes)
        assert found.loc[week, "mean"] == pytest.approx(y_mean)
        assert found.loc[week, "actual"] == pytest.approx(label[week])
    assert not set(found.index) & {58, 59, 60, 61}
    assert found.index[-1] == 97


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(60, 90), seed=st.integers(0, 99))
def test_forecasts_do_not_know_the_future(cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    attention, returns = leading(rng, 100)

    def forecasts() -> pd.DataFrame:
        found = forecast_test(attention, returns, SPEC, n_placebo=1, rng=np.random.default_rng(0))
        return found.forecasts.set_index("position").drop(columns="actual")

    before = forecasts()
    attention[cut + 1 :] = rng.standard_normal(99 - cut)
    returns[cut + 1 :] = rng.standard_normal(99 - cut)
    after = forecasts()
    pd.testing.assert_frame_equal(before.loc[:cut], after.loc[:cut])
    assert not before.loc[cut + 1 :].equals(after.loc[cut + 1 :])


def test_attention_that_foretells_is_found_and_its_placebo_is_not() -> None:
    attention, returns = leading(np.random.default_rng(14), 160)
    found = forecast_test(attention, returns, SPEC, n_placebo=49, rng=np.random.default_rng(0))
    table = found.comparisons.set_index(["model", "against"])
    row = table.loc[("with_attention", "returns_only")]
    assert found.gain == row["r_squared"] > 0.15
    assert row["clark_west_p_value"] < 0.01
    assert found.placebo_p_value == 1 / 50
    assert np.median(found.placebo_gains) < 0.02
    assert (found.n_rows, found.n_left_out) == (156, 4)


def test_comparisons_are_those_of_the_forecasts_shown() -> None:
    attention, returns = leading(np.random.default_rng(21), 120)
    found = forecast_test(attention, returns, SPEC, n_placebo=1, rng=np.random.default_rng(0))
    shown = found.forecasts
    small, large = (shown["actual"] - shown[name] for name in ("mean", "with_attention"))
    noise = (shown["mean"] - shown["with_attention"]) ** 2
    row = found.comparisons.set_index(["model", "against"]).loc[("with_attention", "mean")]
    assert row["r_squared"] == pytest.approx(1 - (large**2).sum() / (small**2).sum())
    saved = (small**2 - large**2).to_numpy()
    assert row["clark_west"] == pytest.approx(clark_west(saved + noise.to_numpy(), 1))
    assert row["clark_west_p_value"] == pytest.approx(stats.norm.sf(row["clark_west"]))
    assert row["diebold_mariano"] == pytest.approx(diebold_mariano(saved, 1))
    assert row["n"] == len(shown)


def test_attention_without_meaning_is_seldom_found() -> None:
    rng = np.random.default_rng(15)
    found = [
        forecast_test(*rng.standard_normal((2, 130)), SPEC, n_placebo=9, rng=rng) for _ in range(15)
    ]
    assert np.mean([one.gain > 0.05 for one in found]) <= 0.1
    assert np.mean([one.placebo_p_value <= 0.1 for one in found]) <= 0.3
    p_values = [one.comparisons["clark_west_p_value"].iloc[2] for one in found]
    assert np.mean(np.array(p_values) < 0.05) <= 0.2


def test_returns_in_the_same_week_cannot_be_used() -> None:
    rng = np.random.default_rng(16)
    attention = rng.standard_normal(150)
    returns = 0.03 * (attention + 0.1 * rng.standard_normal(150))
    found = forecast_test(attention, returns, SPEC, n_placebo=1, rng=rng)
    assert found.gain < 0.05


def test_the_placebo_is_seeded() -> None:
    attention, returns = leading(np.random.default_rng(17), 100)
    first, again, other = (
        forecast_test(attention, returns, SPEC, n_placebo=5, rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.placebo_gains, again.placebo_gains)
    assert not np.array_equal(first.placebo_gains, other.placebo_gains)


def test_tests_of_accuracy_equal_their_formulas() -> None:
    saved = np.random.default_rng(18).standard_normal(60) + 0.2
    fit = sm.OLS(saved, np.ones(60)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 3, "use_correction": True}
    )
    assert clark_west(saved, horizon=4) == pytest.approx(float(fit.tvalues[0]))
    centred = saved - saved.mean()
    weights = [1, 2 / 3, 1 / 3]
    variance = sum(
        (1 if lag == 0 else 2) * weight * (centred[lag:] @ centred[: 60 - lag]) / 60
        for lag, weight in enumerate(weights)
    )
    plain = saved.mean() / np.sqrt(variance / 60)
    correction = np.sqrt((60 + 1 - 2 * 3 + 3 * 2 / 60) / 60)
    assert diebold_mariano(saved, horizon=3) == pytest.approx(plain * correction)


def test_forecasts_that_cannot_be_say_why() -> None:
    attention, returns = leading(np.random.default_rng(19), 100)
    rng = np.random.default_rng(0)
    short = forecast_test(attention[:40], returns[:40], SPEC, n_placebo=1, rng=rng)
    assert short.reason == "too_few_weeks"
    assert set(short.comparisons["reason"]) == {"too_few_weeks"}
    assert short.comparisons["r_squared"].isna().all()
    assert short.n_rows + short.n_left_out == 40
    still = forecast_test(np.ones(100), returns, SPEC, n_placebo=1, rng=rng)
    assert still.reason == "constant_series"
    few = forecast_test(attention[:65], returns[:65], SPEC, n_placebo=1, rng=rng)
    assert set(few.comparisons["reason"]) == {"too_few_forecasts"}
    assert few.comparisons["clark_west_p_value"].isna().all()
    assert np.isfinite(few.gain)
    with pytest.raises(ValueError, match="infinite"):
        forecast_test(np.full(100, np.inf), returns, SPEC, rng=rng)
    with pytest.raises(ValueError, match="horizon 0"):
        expanding_splits(50, horizon=0, first_train=10, test_size=5)
    with pytest.raises(ValueError, match="penalty 0"):
        ForecastSpec(penalty=0)


# What cannot be told


def test_statements_hold_their_numbers() -> None:
    prices = prices_of(60, np.random.default_rng(20))
    rates = weekly_rates([10, 17, 45, 40, 61, 61, 68])
    weekly = weekly_series(rates, prices, "S", "M")
    said = {
        statement.code: statement.values
        for statement in what_data_cannot_tell(weekly, rates, own_app=False, n_tests=17)
    }
    assert set(said) <= set(STATEMENTS)
    assert said["too_few_weeks"] == {"n_weeks": 3, "weeks_needed": 104}
    assert said["missing_weeks"] == {"n_missing": 3, "n_weeks": 6}
    assert said["one_storefront"] == {"storefront": "NO"}
    assert said["counts_fell"] == {"n_intervals": 1}
    assert said["many_looks"] == {"n_tests": 17}
    assert {"common_cause", "app_of_another_company", "attention_known_after_prices"} <= set(said)
    assert "attention_spans_weeks" not in said


def test_long_good_data_still_leave_what_no_data_settle() -> None:
    n = 160
    weekly = pd.DataFrame(
        {"attention": np.ones(n), "excess_return": np.ones(n), "n_days": np.full(n, 7.0)}
    )
    rates = pd.DataFrame({"flag": [""] * n, "storefront": ["NO", "JP"] * 80})
    said = what_data_cannot_tell(weekly, rates, own_app=True)
    assert [statement.code for statement in said] == [
        "smallest_visible_correlation",
        "attention_known_after_prices",
        "ratings_are_not_installs",
        "common_cause",
    ]
    correlation = said[0].values["correlation"]
    # A z test of that correlation finds it in 80 of 100 cases.
    power = stats.norm.sf(stats.norm.ppf(0.975) - np.arctanh(correlation) * np.sqrt(n - 3))
    assert power == pytest.approx(0.8, abs=1e-4)
    weekly["n_days"] = 14.0
    longer = {one.code: one.values for one in what_data_cannot_tell(weekly, rates, own_app=True)}
    assert longer["attention_spans_weeks"] == {"n_weeks": n, "longest_days": 14.0}
