from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score
from statsmodels.regression.rolling import RollingOLS

from etl.analytics.co_movement import (
    CoMovementSpec,
    excess_co_movement,
    fisher_interval,
    forbes_rigobon,
    rolling,
)
from etl.analytics.event_calendar import PairReturns, Panel, pair_returns, panel
from etl.analytics.return_structure import (
    REASONS,
    ResidualReturns,
    clusters,
    principal_components,
    residual_returns,
)

START = np.datetime64("2023-01-02")


def pair_of(share: np.ndarray, market: np.ndarray) -> PairReturns:
    days = START + np.arange(share.size)
    none = np.empty((share.size, 0))
    return PairReturns(days, share, market, none, np.empty(0, "datetime64[D]"))


def prices_of(returns: dict[str, np.ndarray]) -> Panel:
    """One price a day; a missing return leaves out the day's bar."""
    parts = []
    for ticker, change in returns.items():
        level = 100 * np.exp(np.nancumsum(np.append(0, change)))
        level[np.flatnonzero(np.isnan(change)) + 1] = np.nan
        days = START + np.arange(level.size)
        parts.append(pd.DataFrame({"ticker": ticker, "day": days, "value": level}).dropna())
    bars = pd.concat(parts)
    return panel(
        bars["ticker"].to_numpy(dtype=str),
        bars["day"].to_numpy(dtype="datetime64[D]"),
        bars["value"].to_numpy(dtype=float),
    )


def correlated(rng: np.random.Generator, n: int, slope: float, swing: float = 1.0) -> np.ndarray:
    """Two series, the second the first times the slope and noise: (n, 2)."""
    source = rng.standard_normal(n) * swing
    return 0.01 * np.column_stack([source, slope * source + rng.standard_normal(n)])


def test_rolling_values_equal_statsmodels_and_pandas() -> None:
    share, market = correlated(np.random.default_rng(1), 200, 0.5).T
    found = rolling(pair_of(share, market), window=50, min_observations=50)
    fit = RollingOLS(share, sm.add_constant(market), window=50).fit()
    np.testing.assert_allclose(found["beta"][49:], fit.params[49:, 1], rtol=1e-8)
    ends = fit.conf_int()[49:, :, 1]
    # The rolling intervals of statsmodels are normal; ours are Student's with the same error.
    ratio = stats.t.ppf(0.975, 48) / stats.norm.ppf(0.975)
    half = (ends[:, 1] - ends[:, 0]) / 2 * ratio
    np.testing.assert_allclose(found["beta_high"][49:] - found["beta"][49:], half, rtol=1e-8)
    wanted = pd.Series(share).rolling(50).corr(pd.Series(market))
    np.testing.assert_allclose(found["correlation"], wanted, rtol=1e-8)
    assert set(found["reason"][:49]) == {"too_few_observations"}


def test_missing_days_are_left_out_and_not_filled() -> None:
    share, market = correlated(np.random.default_rng(2), 100, 0.5).T
    share[60:70] = np.nan
    found = rolling(pair_of(share, market), window=30, min_observations=20).iloc[75]
    kept = np.r_[46:60, 70:76]
    assert found["n_observations"] == 20
    assert found["correlation"] == pytest.approx(np.corrcoef(share[kept], market[kept])[0, 1])
    assert rolling(pair_of(share, market), window=30, min_observations=21)["beta"].isna()[75]


def test_a_series_that_stands_still_has_a_reason() -> None:
    share, market = correlated(np.random.default_rng(3), 100, 0.5).T
    share[40:] = 0.0
    found = rolling(pair_of(share, market), window=30, min_observations=30).iloc[-1]
    assert found["reason"] == "constant_series"
    assert np.isnan(found["beta"])
    assert np.isnan(found["correlation"])


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(40, 119), seed=st.integers(0, 99))
def test_rolling_values_do_not_know_the_future(cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    share, market = correlated(rng, 120, 0.5).T
    before = rolling(pair_of(share, market), window=30, min_observations=20)
    share[cut:], market[cut:] = rng.standard_normal((2, 120 - cut))
    after = rolling(pair_of(share, market), window=30, min_observations=20)
    pd.testing.assert_frame_equal(before[:cut], after[:cut])
    assert not before[cut:].equals(after[cut:])


def test_rolling_refuses_infinite_returns_and_windows_too_short() -> None:
    share, market = correlated(np.random.default_rng(4), 100, 0.5).T
    with pytest.raises(ValueError, match="window of 20 days and 30 observations"):
        rolling(pair_of(share, market), window=20, min_observations=30)
    share[3] = np.inf
    with pytest.raises(ValueError, match="infinite"):
        rolling(pair_of(share, market))


def test_fisher_interval_equals_scipy() -> None:
    share, market = correlated(np.random.default_rng(5), 40, 0.5).T
    found = stats.pearsonr(share, market)
    low, high = fisher_interval(float(found.statistic), 40, 0.95)
    wanted = found.confidence_interval(0.95)
    np.testing.assert_allclose([low, high], [wanted.low, wanted.high], rtol=1e-12)
    assert np.isnan(fisher_interval(0.5, 3, 0.95)[0])


def test_adjustment_returns_the_correlation_of_calm_days() -> None:
    slope, noise = 0.6, 0.8
    calm, wild = (slope * s / np.sqrt(slope**2 * s**2 + noise**2) for s in (1.0, 3.0))
    assert forbes_rigobon(wild, 9.0) == pytest.approx(calm)


EVENT = START + 121
"""Day 0: returns 0 … 119 lie before it."""


def around(before: np.ndarray, after: np.ndarray, rng: np.random.Generator) -> Panel:
    """Prices of A and B, whose residuals are given, each on top of its market's moves."""
    residuals = np.concatenate([before, after])
    market = rng.standard_normal((len(residuals), 2)) * 0.03
    a, b = (residuals + 1.3 * market).T
    return prices_of({"A": a, "B": b, "M": market[:, 0], "N": market[:, 1]})


MARKETS = {"A": "M", "B": "N"}


def test_residual_correlations_equal_partial_correlations_by_statsmodels() -> None:
    rng = np.random.default_rng(6)
    prices = around(correlated(rng, 120, 0.3), correlated(rng, 60, 0.3), rng)
    row = excess_co_movement(prices, [("A", "B")], MARKETS, EVENT).iloc[0]
    change = np.diff(np.log(prices.values), axis=0)
    for name, days in (("before", slice(0, 120)), ("after", slice(120, 180))):
        regressors = sm.add_constant(change[days, 2:])
        residuals = [sm.OLS(change[days, column], regressors).fit().resid for column in (0, 1)]
        wanted = np.corrcoef(residuals)[0, 1]
        assert row[f"correlation_{name}"] == pytest.approx(wanted, rel=1e-9)
    assert (row["n_before"], row["n_after"]) == (120, 60)
    assert row["day_zero"] == pd.Timestamp(EVENT)


def test_larger_swings_alone_are_not_called_contagion() -> None:
    rng = np.random.default_rng(7)
    prices = around(correlated(rng, 120, 0.5), correlated(rng, 60, 0.5, swing=4), rng)
    row = excess_co_movement(prices, [("A", "B")], MARKETS, EVENT).iloc[0]
    assert row["p_value"] < 0.001
    assert row["variance_ratio"] > 9
    assert row["verdict"] == "volatility_only"


def test_a_closer_tie_is_called_contagion() -> None:
    rng = np.random.default_rng(8)
    prices = around(correlated(rng, 120, 0.0), correlated(rng, 60, 1.5), rng)
    row = excess_co_movement(prices, [("A", "B")], MARKETS, EVENT).iloc[0]
    assert row["verdict"] == "contagion"
    assert row["adjusted_p_value_holm"] == row["adjusted_p_value"]


def test_size_of_the_adjusted_test_under_larger_swings() -> None:
    rng = np.random.default_rng(9)
    spec = CoMovementSpec()
    found = [
        excess_co_movement(
            around(correlated(rng, 120, 0.5), correlated(rng, 60, 0.5, swing=3), rng),
            [("A", "B")], MARKETS, EVENT, spec,
        ).iloc[0]
        for _ in range(300)
    ]  # fmt: skip
    adjusted = np.mean([row["adjusted_p_value"] < 0.05 for row in found])
    plain = np.mean([row["p_value"] < 0.05 for row in found])
    assert 0.02 <= adjusted <= 0.085
    assert plain > 0.4


def test_values_before_the_event_do_not_know_what_follows() -> None:
    rng = np.random.default_rng(10)
    before = correlated(rng, 120, 0.3)
    market = rng.standard_normal((180, 2)) * 0.03
    rows = []
    for _ in range(2):
        after = rng.standard_normal((60, 4)) * 0.01
        table = np.vstack([np.column_stack([before + market[:120], market[:120]]), after])
        prices = prices_of(dict(zip("ABMN", table.T, strict=True)))
        rows.append(excess_co_movement(prices, [("A", "B")], MARKETS, EVENT).iloc[0])
    known = ["n_before", "first_day", "correlation_before", "correlation_before_high"]
    assert rows[0][known].equals(rows[1][known])
    assert rows[0]["correlation_after"] != rows[1]["correlation_after"]


def test_a_return_across_a_change_of_adjustment_is_left_out() -> None:
    rng = np.random.default_rng(16)
    prices = around(correlated(rng, 120, 0.3), correlated(rng, 60, 0.3), rng)
    bases = prices.bases.copy()
    bases[80:] = 1
    values = np.where(bases == 1, 3 * prices.values, prices.values)
    changed = Panel(prices.dates, prices.columns, values, bases)
    row = excess_co_movement(changed, [("A", "B")], MARKETS, EVENT).iloc[0]
    change = np.delete(np.diff(np.log(prices.values), axis=0)[:120], 79, axis=0)
    regressors = sm.add_constant(change[:, 2:])
    residuals = [sm.OLS(change[:, column], regressors).fit().resid for column in (0, 1)]
    assert row["n_before"] == 119
    assert row["correlation_before"] == pytest.approx(np.corrcoef(residuals)[0, 1])


def test_pairs_that_cannot_be_compared_say_why() -> None:
    rng = np.random.default_rng(11)
    series = dict(zip("ABMS", rng.standard_normal((4, 100)) * 0.01, strict=True))
    series["S"][:] = 0.0
    prices = prices_of(series)
    markets = dict.fromkeys("ABSX", "M")
    pairs = [("A", "B"), ("A", "S"), ("A", "X")]

    def reasons(day: int) -> list[str]:
        return excess_co_movement(prices, pairs, markets, START + day)["reason"].to_list()

    assert reasons(50) == ["", "constant_series", "no_prices"]
    assert reasons(20)[0] == "too_few_days_before"
    assert reasons(80)[0] == "too_few_days_after"
    assert reasons(500)[0] == "event_outside_bars"
    lone = excess_co_movement(prices, [("A", "B")], {"A": "M", "B": "Z"}, EVENT)
    assert lone["reason"].to_list() == ["no_prices"]
    with pytest.raises(ValueError, match="no benchmark for B"):
        excess_co_movement(prices, [("A", "B")], {"A": "M"}, EVENT)
    with pytest.raises(ValueError, match="paired with itself"):
        excess_co_movement(prices, [("A", "A")], markets, EVENT)


def two_blocks(seed: int = 12) -> ResidualReturns:
    """Five shares with one common factor, four with another."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((200, 2))
    values = np.repeat(factors, [5, 4], axis=1) + rng.standard_normal((200, 9))
    return ResidualReturns(START + np.arange(200), tuple("ABCDEFGHI"), values, {})


def noise(seed: int) -> ResidualReturns:
    values = np.random.default_rng(seed).standard_normal((200, 9))
    return ResidualReturns(START + np.arange(200), tuple("ABCDEFGHI"), values, {})


def test_components_equal_the_eigenvalues_of_the_correlations() -> None:
    residuals = two_blocks()
    found = principal_components(residuals, rng=np.random.default_rng(0))
    correlation = np.corrcoef(residuals.values.T)
    np.testing.assert_allclose(
        found.explained_variance_ratio, np.linalg.eigvalsh(correlation)[::-1] / 9
    )
    np.testing.assert_allclose(found.loadings @ found.loadings.T, correlation, atol=1e-12)
    with_scores = [np.corrcoef(residuals.values[:, 3], score)[0, 1] for score in found.scores.T]
    np.testing.assert_allclose(found.loadings[3], with_scores, atol=1e-12)


def test_the_largest_loading_is_positive_whatever_the_signs_of_the_shares() -> None:
    residuals = two_blocks()
    turned = ResidualReturns(residuals.dates, residuals.tickers, -residuals.values, {})
    for given_residuals in (residuals, turned):
        loadings = principal_components(
            given_residuals, n_draws=1, rng=np.random.default_rng(0)
        ).loadings
        assert (loadings.max(axis=0) >= -loadings.min(axis=0)).all()


def test_two_factors_are_found_and_noise_has_none() -> None:
    assert principal_components(two_blocks(), rng=np.random.default_rng(0)).n_significant == 2
    found = [
        principal_components(noise(seed), n_draws=100, rng=np.random.default_rng(0)).n_significant
        for seed in range(40)
    ]
    assert np.mean(np.array(found) > 0) <= 0.15


def test_clusters_are_the_blocks_and_equal_scikit_learn() -> None:
    residuals = two_blocks()
    found = clusters(residuals, rng=np.random.default_rng(0))
    assert found.tickers == tuple("ABCDEFGHI")
    assert found.labels.tolist() == [1] * 5 + [2] * 4
    assert found.mean_silhouette > found.bound
    distance = 1 - np.corrcoef(residuals.values.T)
    np.fill_diagonal(distance, 0)
    for count, width in found.by_count.items():
        model = AgglomerativeClustering(count, metric="precomputed", linkage="average")
        labels = model.fit_predict(distance)
        assert width == pytest.approx(silhouette_score(distance, labels, metric="precomputed"))
    assert found.n_clusters == max(found.by_count, key=lambda count: found.by_count[count])


def test_clusters_of_noise_stay_below_the_bound() -> None:
    results = [clusters(noise(seed), rng=np.random.default_rng(0)) for seed in range(6)]
    assert sum(found.mean_silhouette > found.bound for found in results) <= 2


def test_the_order_of_shares_does_not_change_the_clusters() -> None:
    residuals = two_blocks()
    order = np.random.default_rng(1).permutation(9)
    names = tuple(np.array(residuals.tickers)[order])
    mixed = ResidualReturns(residuals.dates, names, residuals.values[:, order], {})
    first = clusters(residuals, n_draws=1, rng=np.random.default_rng(0))
    second = clusters(mixed, n_draws=1, rng=np.random.default_rng(0))
    assert first.tickers == second.tickers
    assert adjusted_rand_score(first.labels, second.labels) == 1
    np.testing.assert_allclose(first.silhouette, second.silhouette)


def test_residuals_are_of_common_days_and_leave_out_with_a_reason() -> None:
    rng = np.random.default_rng(13)
    series = dict(zip("ABCDM", rng.standard_normal((5, 150)) * 0.01, strict=True))
    series["A"] += series["M"]
    series["B"][50:55] = np.nan
    series["C"][:100] = np.nan
    series["D"] = 2 * series["M"]
    prices = prices_of(series)
    prices = Panel(
        prices.dates,
        prices.columns | {"E": prices.columns["A"]},
        prices.values,
        prices.bases,
    )
    markets = dict.fromkeys("ABCDX", "M") | {"E": "Z"}
    found = residual_returns(prices, markets, START, START + 150)
    assert found.tickers == ("A", "B")
    assert found.left_out == {
        "C": "too_few_days",
        "D": "constant_series",
        "E": "no_prices_for_benchmark",
        "X": "no_prices",
    }
    assert len(found.dates) == 145
    pair = pair_returns(prices, "A", "M", "log", ("B",))
    np.testing.assert_array_equal(found.dates, pair.dates)
    wanted = sm.OLS(pair.stock, sm.add_constant(pair.market)).fit().resid
    np.testing.assert_allclose(found.values[:, 0], wanted, atol=1e-12)


def test_residuals_of_a_span_do_not_know_what_lies_outside() -> None:
    rng = np.random.default_rng(14)
    series = dict(zip("ABM", rng.standard_normal((3, 200)) * 0.01, strict=True))
    first = residual_returns(prices_of(series), {"A": "M", "B": "M"}, START, START + 120)
    for values in series.values():
        values[120:] *= 5
    second = residual_returns(prices_of(series), {"A": "M", "B": "M"}, START, START + 120)
    np.testing.assert_array_equal(first.values, second.values)
    longer = residual_returns(prices_of(series), {"A": "M", "B": "M"}, START, START + 130)
    assert not np.array_equal(longer.values[:120], second.values)


def test_too_few_days_leave_no_share_and_say_why() -> None:
    prices = prices_of({"A": np.full(40, 0.01), "M": np.full(40, 0.02)})
    short = residual_returns(prices, {"A": "M"}, START, START + 40)
    assert (short.tickers, short.left_out) == ((), {"A": "too_few_common_days"})
    assert short.values.size == len(short.dates) == 0
    later = residual_returns(prices, {"A": "M"}, START + 90, START + 100)
    assert (later.tickers, set(later.left_out)) == ((), {"A"})
    assert set(later.left_out.values()) <= set(REASONS)


def test_too_few_shares_are_refused() -> None:
    rng = np.random.default_rng(0)
    two = ResidualReturns(START + np.arange(90), ("A", "B"), rng.standard_normal((90, 2)), {})
    with pytest.raises(ValueError, match="at least 3"):
        clusters(two, rng=rng)
    one = ResidualReturns(START + np.arange(90), ("A",), rng.standard_normal((90, 1)), {})
    with pytest.raises(ValueError, match="needs 2 shares"):
        principal_components(one, rng=rng)
