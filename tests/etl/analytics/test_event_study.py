from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etl.analytics.cross_section import (
    TESTS,
    ResidualCorrelation,
    Sample,
    residual_correlation,
)
from etl.analytics.distributions import two_sided_power
from etl.analytics.event_calendar import pair_returns, panel
from etl.analytics.event_study import CarError, EventStudy, EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.normal_return import Windows, abnormal_returns
from tests.fixtures.walks import events_at, walks


def events_of(frame: pd.DataFrame, benchmark: str) -> Events:
    n = len(frame)
    selection = frame.get("selection", pd.Series(["exogenous"] * n))
    session = frame.get("session", pd.Series([""] * n))
    return Events(
        frame["ticker"].to_numpy(dtype=str),
        np.full(n, benchmark),
        frame["event_date"].to_numpy(dtype="datetime64[D]"),
        (selection == "price_selected").to_numpy(),
        (session == "after").to_numpy(),
    )


def study_of(
    long: pd.DataFrame, events: pd.DataFrame, spec: EventStudySpec, benchmark: str = "MKT"
) -> EventStudy:
    prices = panel(
        long["ticker"].to_numpy(dtype=str),
        long["trade_date"].to_numpy(dtype="datetime64[D]"),
        long["value"].to_numpy(dtype=float),
    )
    return study(prices, events_of(events, benchmark), spec)


@pytest.fixture
def covid(reference: Path) -> tuple[EventStudy, dict]:
    folder = reference / "event_study"
    returns = pd.read_csv(folder / "covid5_returns.csv")
    market = pd.read_csv(folder / "covid5_market_returns.csv").set_axis(["date", "MKT"], axis=1)
    expected = json.loads((folder / "covid5_expected.json").read_text())
    names = [event["security"] for event in expected["events"]]
    long = returns.merge(market, on="date").melt("date", var_name="ticker", value_name="value")
    long = long.rename(columns={"date": "trade_date"})
    events = pd.DataFrame({"ticker": names, "event_date": "2020-03-16"})
    spec = EventStudySpec((0, 4), estimation=240, gap=0, returns="given")
    return study_of(long, events, spec), expected


def additions(
    reference: Path, returns: str, car_error: CarError = "exact"
) -> tuple[EventStudy, list[dict]]:
    folder = reference / "event_study"
    frames = [
        pd.read_csv(folder / f"additions16_{name}.csv", sep=";", header=None)
        for name in ("prices", "market")
    ]
    long = pd.concat(frames).set_axis(["ticker", "trade_date", "value"], axis=1)
    long["ticker"] = long["ticker"].str.strip()
    long["trade_date"] = pd.to_datetime(long["trade_date"], format="%d.%m.%Y")
    long["value"] = long["value"].abs()  # the vendor marks a quote by a minus sign
    expected = json.loads((folder / "additions16_expected_per_event.json").read_text())
    events = expected[returns]["events"]
    wanted = pd.DataFrame(
        {"ticker": [e["firm"] for e in events], "event_date": [e["event_date"] for e in events]}
    )
    # The estimation window ends on day -11, so days -10 … -3 lie between it and the window.
    spec = EventStudySpec((-2, 2), estimation=120, gap=8, returns=returns, car_error=car_error)  # pyright: ignore[reportArgumentType]
    return study_of(long, wanted, spec, "SP500"), events


PER_EVENT = {
    "alpha": "alpha",
    "beta": "beta",
    "sigma": "sigma",
    "ar": "abnormal_return",
    "ar_se_pe": "abnormal_return_se",
    "ar_t_pe": "t_statistic",
    "car": "cumulative_abnormal_return",
    "car_se_exact": "cumulative_abnormal_return_se",
    "car_t_exact": "car_t_statistic",
}


@pytest.mark.reference
@pytest.mark.parametrize(("theirs", "ours"), PER_EVENT.items())
def test_five_firms_in_one_week_equal_the_reference(covid, theirs: str, ours: str) -> None:
    result, expected = covid
    wanted = np.array([event[theirs] for event in expected["events"]])
    np.testing.assert_allclose(getattr(result, ours), wanted, rtol=1e-9)


@pytest.mark.reference
@pytest.mark.parametrize("returns", ["log", "simple"])
@pytest.mark.parametrize(("theirs", "ours"), PER_EVENT.items())
def test_sixteen_index_additions_equal_the_reference(
    reference: Path, returns: str, theirs: str, ours: str
) -> None:
    result, events = additions(reference, returns)
    assert set(result.status) == {"tested"}
    wanted = np.array([event[theirs] for event in events])
    np.testing.assert_allclose(getattr(result, ours), wanted, rtol=1e-9)


@pytest.mark.reference
@pytest.mark.parametrize("returns", ["log", "simple"])
def test_the_simple_error_of_the_window_equals_the_reference(reference: Path, returns: str) -> None:
    result, events = additions(reference, returns, "simple")
    wanted = np.array([event["car_se_simple"] for event in events])
    np.testing.assert_allclose(result.cumulative_abnormal_return_se, wanted, rtol=1e-9)


AGGREGATE = {
    "cross_sectional": "csect_t_aar",
    "patell": "patell_z_aar",
    "bmp": "bmp_t_aar",
    "kolari_pynnonen_bmp": "kp_t_aar",
    "kolari_pynnonen_patell": "kp_patell_aar",
    "corrado_rank": "corrado_rank_z_aar",
    "generalised_sign": "gsign_z",
}
AGGREGATE_WINDOW = {
    "cross_sectional": "csect_t_caar",
    "patell": "patell_z_caar",
    "bmp": "bmp_t_caar_scar_exact",
    "corrado_rank": "corrado_rank_z_caar",
}


@pytest.mark.reference
@pytest.mark.parametrize(("test", "theirs"), AGGREGATE.items())
def test_tests_over_events_equal_the_reference_by_day(covid, test: str, theirs: str) -> None:
    result, expected = covid
    wanted = expected["aggregate"][theirs]
    np.testing.assert_allclose(result.aggregate.tests[test].statistic, wanted, rtol=1e-9)


@pytest.mark.reference
@pytest.mark.parametrize(("test", "theirs"), AGGREGATE_WINDOW.items())
def test_tests_over_events_equal_the_reference_for_the_window(covid, test, theirs) -> None:
    result, expected = covid
    wanted = np.atleast_1d(expected["aggregate"][theirs])[-1]
    assert result.aggregate.tests[test].car_statistic == pytest.approx(wanted, rel=1e-9)


@pytest.mark.reference
def test_averages_and_residual_correlation_equal_the_reference(covid) -> None:
    result, expected = covid
    ours, wanted = result.aggregate, expected["aggregate"]
    assert ours.n_events == wanted["N"]
    np.testing.assert_allclose(ours.average_abnormal_return, wanted["aar"], rtol=1e-9)
    np.testing.assert_allclose(ours.cumulative_average_abnormal_return, wanted["caar"], rtol=1e-9)
    assert ours.correlation.mean == pytest.approx(wanted["rbar"], rel=1e-9)
    ratio = ours.tests["kolari_pynnonen_bmp"].car_statistic / ours.tests["bmp"].car_statistic
    assert ratio == pytest.approx(wanted["kp_adj_bmp"], rel=1e-9)


@pytest.mark.reference
def test_wilcoxon_sums_the_positive_ranks(covid) -> None:
    result, expected = covid
    wanted = expected["peer"]["np"]["wlcx_stat"]
    np.testing.assert_array_equal(result.aggregate.tests["wilcoxon"].statistic, wanted)


@pytest.mark.reference
def test_scattered_events_have_no_residual_correlation_and_say_why(reference: Path) -> None:
    result, _ = additions(reference, "log")
    assert np.isnan(result.aggregate.correlation.mean)
    adjusted = result.aggregate.tests["kolari_pynnonen_bmp"]
    assert np.isnan(adjusted.car_statistic)
    assert "0 calendar days in common" in adjusted.reason.text


GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "event_study.json").read_text())


def golden_study(model: str) -> EventStudy:
    stock, market = np.array(GOLDEN["stock"]), np.array(GOLDEN["market"])
    days = pd.bdate_range("2022-01-03", periods=market.size)
    names = [f"S{index}" for index in range(len(stock))]
    wide = pd.DataFrame({"trade_date": days, "MKT": market, **dict(zip(names, stock, strict=True))})
    long = wide.melt("trade_date", var_name="ticker", value_name="value")
    n_estimation = GOLDEN["n_estimation"]
    events = pd.DataFrame({"ticker": names, "event_date": [days[n_estimation]] * len(names)})
    window = (0, market.size - n_estimation - 1)
    spec = EventStudySpec(window, n_estimation, 0, "given", model)  # pyright: ignore[reportArgumentType]
    return study_of(long, events, spec)


@pytest.mark.parametrize("model", GOLDEN["models"])
def test_each_event_equals_statsmodels(model: str) -> None:
    result, expected = golden_study(model), GOLDEN["models"][model]["events"]
    fields = {
        "sigma": "sigma",
        "ar": "abnormal_return",
        "ar_se": "abnormal_return_se",
        "car": "cumulative_abnormal_return",
        "car_se": "cumulative_abnormal_return_se",
    }
    for theirs, ours in fields.items():
        wanted = np.array([event[theirs] for event in expected])
        np.testing.assert_allclose(getattr(result, ours), wanted, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("model", GOLDEN["models"])
@pytest.mark.parametrize("test", GOLDEN["models"]["market"]["tests"])
def test_each_test_over_events_equals_plain_loops(model: str, test: str) -> None:
    outcome = golden_study(model).aggregate.tests[test]
    wanted = GOLDEN["models"][model]["tests"][test]
    assert outcome.reason is None
    np.testing.assert_allclose(
        [*outcome.statistic, outcome.car_statistic], wanted["statistic"], rtol=1e-9
    )
    np.testing.assert_allclose(
        [*outcome.p_value, outcome.car_p_value], wanted["p_value"], rtol=1e-9
    )


def test_the_residual_correlation_leaves_out_each_event_with_itself() -> None:
    result = golden_study("market")
    wanted = GOLDEN["models"]["market"]["mean_residual_correlation"]
    assert result.aggregate.correlation.mean == pytest.approx(wanted, rel=1e-12)
    assert result.aggregate.correlation.n_common_days == GOLDEN["n_estimation"]


@pytest.mark.parametrize(
    ("test", "highest"),
    [("patell", 0.075), ("bmp", 0.075), ("corrado_rank", 0.075), ("grank", 0.075)],
)
def test_without_an_effect_a_test_rejects_about_one_in_twenty(test: str, highest: float) -> None:
    rng = np.random.default_rng(11)
    rejected = []
    for _ in range(400):
        windows = Windows(*(rng.normal(0, 0.02, (12, length)) for length in (60, 60, 3, 3)))
        fits = abnormal_returns(windows, "market")
        sample = Sample(fits, ResidualCorrelation(0.0, 60))
        rejected.append(TESTS[test](sample).car_p_value < 0.05)
    assert 0.025 < np.mean(rejected) < highest


def test_correlation_needs_thirty_common_days_and_uses_no_others() -> None:
    rng = np.random.default_rng(5)
    days = np.arange(80).astype("datetime64[D]")
    residuals = rng.normal(size=(2, 50))
    overlapping = np.stack([days[:50], days[20:70]])
    found = residual_correlation(residuals, overlapping)
    assert found.n_common_days == 30
    wanted = np.corrcoef(residuals[0, 20:], residuals[1, :30])[0, 1]
    assert found.mean == pytest.approx(wanted, rel=1e-12)
    apart = residual_correlation(residuals, np.stack([days[:50], days[21:71]]))
    assert np.isnan(apart.mean)
    assert "29 calendar days in common" in apart.reason.text


def test_events_of_one_estimation_window_are_not_called_a_strong_nothing() -> None:
    rng = np.random.default_rng(4)
    estimation = [np.tile(rng.normal(0, 0.02, 60), (3, 1)) for _ in range(2)]
    event = [rng.normal(0.05, 0.01, (3, 3)), rng.normal(0, 0.001, (3, 3))]
    sample = Sample(
        abnormal_returns(Windows(*estimation, *event), "market"), ResidualCorrelation(0.99999, 60)
    )
    outcome = TESTS["kolari_pynnonen_bmp"](sample)
    assert np.isnan(outcome.car_statistic)
    assert np.isnan(outcome.p_value).all()
    assert outcome.reason.code == "residuals_alike"
    assert np.isfinite(TESTS["bmp"](sample).car_p_value)
    assert np.isfinite(TESTS["kolari_pynnonen_patell"](sample).car_p_value)


def test_equal_events_have_no_cross_sectional_test_and_say_why() -> None:
    rng = np.random.default_rng(3)
    row = [np.tile(rng.normal(0, 0.02, length), (3, 1)) for length in (60, 60, 3, 3)]
    fits = abnormal_returns(Windows(*row), "market")
    outcome = TESTS["bmp"](Sample(fits, ResidualCorrelation(1.0, 60)))
    assert np.isnan(outcome.car_statistic)
    assert outcome.reason.code == "no_variation"


def test_no_return_is_taken_across_a_change_of_adjustment() -> None:
    days = np.arange(5).astype("datetime64[D]")
    values = np.array([10.0, 11.0, 5.5, 6.0, 6.0])
    bars = panel(
        np.array(["A"] * 5 + ["M"] * 5),
        np.concatenate([days, days]),
        np.concatenate([values, np.ones(5)]),
        np.array(["old", "old", "new", "new", "new"] + ["none"] * 5),
    )
    found = pair_returns(bars, "A", "M", "simple").stock
    np.testing.assert_allclose(found, [0.1, np.nan, 6 / 5.5 - 1, 0.0])


def test_a_price_of_zero_is_refused_where_a_logarithm_is_needed() -> None:
    days = np.arange(2).astype("datetime64[D]")
    bars = panel(np.array(["A", "A", "M", "M"]), np.tile(days, 2), np.array([1.0, 0.0, 1.0, 1.0]))
    with pytest.raises(ValueError, match="price 0 of A on 1970-01-02, which is not positive"):
        pair_returns(bars, "A", "M", "log")


def test_an_infinite_price_is_named_with_its_day() -> None:
    days = np.arange(2).astype("datetime64[D]")
    with pytest.raises(ValueError, match="infinite value of A on 1970-01-02"):
        panel(np.array(["A", "A"]), days, np.array([1.0, np.inf]))


def test_each_calendar_of_its_own_gives_the_same_as_alone() -> None:
    prices = walks()
    values = prices.values.copy()
    values[280, prices.columns["AAA"]] = values[290, prices.columns["CCC"]] = np.nan
    values[285, prices.columns["ALT"]] = np.nan
    prices = replace(prices, values=values)
    events = events_at(prices, [300, 310, 320, 330], ["AAA", "BBB", "CCC", "DDD"])
    events = replace(events, benchmarks=np.array(["MKT", "ALT", "MKT", "MKT"]))
    together = study(prices, events, EventStudySpec())
    for row in range(4):
        alone = study(prices, events.where(np.arange(4) == row), EventStudySpec())
        for name in ("abnormal_return", "abnormal_return_se", "trade_dates", "estimation_span"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[row])
        pair = pair_returns(prices, str(events.tickers[row]), str(events.benchmarks[row]), "log")
        begin = int(np.searchsorted(pair.dates, together.trade_dates[row, 0]))
        wanted = np.polyfit(
            pair.market[begin - 130 : begin - 10], pair.stock[begin - 130 : begin - 10], 1
        )
        assert [together.beta[row], together.alpha[row]] == pytest.approx(list(wanted), rel=1e-9)
    assert [len(days) for days in together.left_out] == [1, 1, 1, 0]


@pytest.mark.reference
def test_power_equals_the_reference(reference: Path) -> None:
    expected = json.loads((reference / "event_study" / "power_two_sided_5pct.json").read_text())
    for sigma, sizes in expected.items():
        for size, powers in sizes.items():
            for n_events, power in powers.items():
                values = [float(name.partition("=")[2]) for name in (size, sigma)]
                assert two_sided_power(*values, int(n_events)) == pytest.approx(power, rel=1e-10)
