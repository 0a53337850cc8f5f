"""Percentiles with their rule, steadiness, intervals; checked against scipy and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from generator import statistics


def test_percentiles_need_enough_samples() -> None:
    nineteen = [1.0 + index / 100 for index in range(19)]
    assert statistics.percentile(nineteen, 50).value is not None
    assert statistics.percentile(nineteen, 95).reason == "p95 needs 20 samples, 19 were taken"
    assert statistics.percentile([*nineteen, 2.0], 95).value is not None
    assert statistics.percentile([1.0] * 99, 99).value is None
    assert statistics.percentile([1.0] * 100, 99).value == 1.0


@pytest.mark.parametrize("percent", [50, 95, 99])
def test_percentiles_equal_numpy(percent: int) -> None:
    seconds = np.random.default_rng(5).lognormal(size=250).tolist()
    got = statistics.percentile(seconds, percent)
    assert got.value == pytest.approx(np.percentile(seconds, percent))
    assert got.low is not None
    assert got.high is not None
    assert got.low < got.value < got.high


def test_the_median_lies_in_its_interval_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _ in range(400):
        got = statistics.percentile(rng.exponential(size=40).tolist(), 50)
        inside += bool(got.low <= np.log(2) <= got.high)
    assert 0.92 <= inside / 400 <= 0.995


def test_the_table_of_student_is_right() -> None:
    assert (
        pytest.approx([stats.t.ppf(0.975, df) for df in range(1, 10)], abs=6e-4) == statistics._T975
    )


def test_steady_means_the_last_three_within_two_percent() -> None:
    assert statistics.is_steady([3.0, 1.0, 1.01, 1.015])
    assert not statistics.is_steady([1.0, 1.0, 1.03])
    assert not statistics.is_steady([1.0, 1.0])


def test_a_rate_is_all_pictures_over_all_seconds() -> None:
    got = statistics.rate([1.0, 3.0], 4)
    assert got.value == 2.0
    assert statistics.rate([], 1).value is None
    assert statistics.rate([1.0], 1).reason == "an interval needs two calls"


def test_an_interval_is_never_narrower_than_what_processes_differ_by() -> None:
    got = statistics.rate([1.0] * 50, 1)
    assert (got.low, got.high) == (pytest.approx(0.98), pytest.approx(1.02))


def test_a_ratio_carries_both_intervals() -> None:
    a = {"value": 2.0, "low": 1.8, "high": 2.2, "n": 30}
    b = {"value": 1.0, "low": 0.9, "high": 1.1, "n": 20}
    got = statistics.ratio(a, b)
    width = np.log(1 / 0.9)
    assert got.value == 2.0
    assert got.high == pytest.approx(2 * np.exp(np.hypot(width, width)))
    assert got.low == pytest.approx(2 * np.exp(-np.hypot(width, width)))
    assert statistics.ratio({"value": None}, b).reason == "one of the two has no figure"
