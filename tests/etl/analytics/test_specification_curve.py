from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from etl.analytics.event_study import EventStudySpec, study
from etl.analytics.specification_curve import (
    SpecificationCurve,
    SpecificationGrid,
    specification_curve,
)
from tests.fixtures.walks import events_at, walks

PRICES = walks()
DEAR = replace(PRICES, values=PRICES.values * np.linspace(1, 2, PRICES.dates.size)[:, None])
EVENTS = events_at(PRICES, [300, 300, 305, 400, 597], ["AAA", "BBB", "CCC", "DDD", "AAA"], (3,))
GRID = SpecificationGrid(
    windows=((0, 0), (-2, 2), (1, 10), (-5, -1)),
    models=("market", "mean", "adjusted", "factors"),
    benchmarks=("", "ALT"),
    estimations=(60, 200),
    gaps=(0, 15),
    currencies=("", "XXX"),
    factors=("BTC",),
)


@pytest.fixture(scope="module")
def curve() -> SpecificationCurve:
    return specification_curve({"": PRICES, "XXX": DEAR}, EVENTS, GRID)


def test_every_combination_is_there_once_and_sorted(curve: SpecificationCurve) -> None:
    assert len(curve.table) == 4 * 4 * 2 * 2 * 2 * 2 * 2
    choices = ["window_first", "window_last", "model", "benchmark", "estimation", "gap", "returns"]
    assert not curve.table.duplicated([*choices, "currency"]).any()
    assert curve.table["mean_car"].is_monotonic_increasing


def test_each_specification_equals_the_event_study(curve: SpecificationCurve) -> None:
    for index in range(0, len(curve.table), 7):
        row = cast(Any, curve.table.iloc[index])
        with_factors = row["model"] == "factors"
        spec = EventStudySpec(
            (int(row["window_first"]), int(row["window_last"])),
            int(row["estimation"]),
            int(row["gap"]),
            row["returns"],
            "market" if with_factors else row["model"],
            ("BTC",) if with_factors else (),
        )
        events = EVENTS
        if row["benchmark"]:
            events = replace(EVENTS, benchmarks=np.full(5, row["benchmark"]))
        wanted = study({"": PRICES, "XXX": DEAR}[row["currency"]], events, spec)
        np.testing.assert_allclose(
            curve.cumulative_abnormal_return[index],
            wanted.cumulative_abnormal_return[:, -1],
            rtol=1e-9,
        )
        np.testing.assert_allclose(
            curve.standard_error[index], wanted.cumulative_abnormal_return_se[:, -1], rtol=1e-9
        )
        assert row["n_events"] == wanted.aggregate.n_events
        test = wanted.aggregate.tests[row["test"]]
        if row["test"] == "bmp":
            assert wanted.aggregate.correlation.reason is not None
        assert row["statistic"] == pytest.approx(test.car_statistic, rel=1e-8)
        assert row["p_value"] == pytest.approx(test.car_p_value, rel=1e-8)


def test_events_of_one_time_are_tested_with_their_correlation(curve: SpecificationCurve) -> None:
    together = replace(EVENTS, dates=np.full(5, PRICES.dates[300]))
    found = specification_curve({"": PRICES}, together, SpecificationGrid())
    assert set(found.table["test"]) == {"kolari_pynnonen_bmp"}
    assert "bmp" in set(curve.table["test"])  # the windows of bars 300 and 597 share no days


def test_a_single_event_is_tested_by_its_own_t() -> None:
    events = events_at(PRICES, [300], ["AAA"])
    grid = SpecificationGrid(windows=((-2, 2),), models=("market",), estimations=(60,))
    found = specification_curve({"": PRICES}, events, grid)
    wanted = study(PRICES, events, EventStudySpec((-2, 2), 60, 10))
    row = found.table[found.table["returns"] == "log"].iloc[0]
    assert row["test"] == "t"
    assert row["p_value"] == pytest.approx(wanted.car_p_value[0, -1], rel=1e-9)


def test_described_events_are_measured_and_never_tested() -> None:
    events = events_at(PRICES, [300, 300], ["AAA", "BBB"], (0, 1))
    found = specification_curve({"": PRICES}, events)
    assert np.isfinite(found.cumulative_abnormal_return).all()
    assert np.isnan(found.standard_error).all()
    assert found.n_tested == 0
    assert np.isnan(found.share_significant)


def test_without_an_effect_about_one_in_twenty_specifications_is_significant() -> None:
    shares = []
    for seed in range(40):
        prices = walks(n_bars=420, seed=100 + seed)
        events = events_at(prices, [350, 352, 380, 390], ["AAA", "BBB", "CCC", "DDD"])
        found = specification_curve({"": prices}, events)
        shares.append(found.share_significant)
    assert np.mean(shares) == pytest.approx(found.expected_share_significant, abs=0.045)


def test_the_share_of_significant_specifications_is_counted(curve: SpecificationCurve) -> None:
    p_value = curve.table["p_value"].to_numpy(dtype=float)
    assert curve.n_significant == int(curve.table["significant"].sum()) == (p_value < 0.05).sum()
    assert curve.share_significant == curve.n_significant / curve.n_tested


def test_constant_series_and_copies_are_missing() -> None:
    values = PRICES.values.copy()
    values[:, PRICES.columns["AAA"]] = 5.0
    values[:, PRICES.columns["BBB"]] = values[:, PRICES.columns["MKT"]]
    found = specification_curve({"": replace(PRICES, values=values)}, EVENTS)
    still = found.cumulative_abnormal_return[:, 0]
    copied = found.cumulative_abnormal_return[found.table["model"] == "market", 1]
    assert np.isnan(still[found.table["model"] != "adjusted"]).all()
    assert np.isnan(copied).all()


WRONG = [
    ({"models": ("garch",)}, "got the models"),
    ({"models": ("factors",)}, "needs tickers"),
    ({"windows": ((2, 1),)}, "got the windows"),
    ({"estimations": (2,)}, "got the estimations"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_wrong_grid_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SpecificationGrid(**options)


def test_an_unknown_currency_or_benchmark_is_refused() -> None:
    for options in ({"currencies": ("USD",)}, {"benchmarks": ("NONE",)}):
        with pytest.raises(ValueError, match="got the"):
            specification_curve({"": PRICES}, EVENTS, SpecificationGrid(**cast(Any, options)))


def test_a_window_long_after_the_event_and_no_event_at_all() -> None:
    grid = SpecificationGrid(windows=((30, 32),), models=("mean",), estimations=(10,), gaps=(0,))
    found = specification_curve({"": PRICES}, EVENTS, grid)
    wanted = study(PRICES, EVENTS, EventStudySpec((30, 32), 10, 0, model="mean"))
    log = found.cumulative_abnormal_return[found.table["returns"] == "log"][0]
    np.testing.assert_allclose(log, wanted.cumulative_abnormal_return[:, -1], rtol=1e-9)
    nothing = specification_curve({"": PRICES}, EVENTS.where(np.zeros(5, dtype=bool)), GRID_LOCAL)
    assert nothing.n_tested == 0
    assert set(nothing.table["n_events"]) == {0}


GRID_LOCAL = replace(GRID, currencies=("",))
