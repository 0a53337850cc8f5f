"""Survival curves, restricted means and the log-rank test against R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import survdiff

from etl.analytics.survival import kaplan_meier, log_rank, restricted_mean


@pytest.mark.reference
@pytest.mark.parametrize("case", ["freireich", "lung"])
def test_curves_means_and_test_equal_r(reference: Path, case: str) -> None:
    folder = reference / "survival"
    data = pd.read_csv(folder / f"{case}.csv")
    curves = pd.read_csv(folder / f"{case}_km.csv")
    tests = pd.read_csv(folder / f"{case}_logrank.csv").set_index("group")
    for group, rows in data.groupby("group"):
        curve = kaplan_meier(rows["time"], rows["status"])
        expected = curves[curves["strata"] == f"group={group}"]
        for ours, name in (
            (curve.time, "time"),
            (curve.at_risk, "n_risk"),
            (curve.events, "n_event"),
            (curve.survival, "surv"),
            (curve.se_greenwood, "se_greenwood"),
            (curve.low, "lo_loglog"),
            (curve.high, "hi_loglog"),
        ):
            np.testing.assert_allclose(ours, expected[name].to_numpy(), rtol=1e-10, atol=1e-14)
        row = tests.loc[f"group={group}"]
        assert curve.median == row["median"]
        mean = restricted_mean(curve, row["tau"])
        assert mean.rmst == pytest.approx(row["rmean"], rel=1e-10)
        assert mean.rmst_se == pytest.approx(row["rmean_se"], rel=1e-10)
    found = log_rank(data["time"], data["status"], data["group"])
    assert found.chi_square == pytest.approx(tests["logrank_chisq"].iloc[0], rel=1e-10)
    assert found.p_value == pytest.approx(tests["logrank_p"].iloc[0], rel=1e-9)


def test_a_step_on_one_half_has_its_middle_as_median() -> None:
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 1, 1]).median == 2.5
    assert kaplan_meier([1, 2, 3, 4], [1, 1, 0, 0]).median == 2
    thirds = kaplan_meier([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1])
    assert thirds.median == 3.5
    assert np.isnan(kaplan_meier([1, 2, 3], [1, 0, 0]).median)


def test_who_leaves_at_the_time_of_an_event_is_at_risk_in_it() -> None:
    curve = kaplan_meier([2, 2, 3], [1, 0, 1])
    assert curve.at_risk.tolist() == [3, 1]
    assert curve.survival.tolist() == pytest.approx([2 / 3, 0])


def test_one_subject_and_no_event_have_curves() -> None:
    assert kaplan_meier([5], [1]).survival.tolist() == [0]
    still = kaplan_meier([5, 6], [0, 0])
    assert still.time.size == 0
    assert restricted_mean(still, 5).rmst == 5
    assert restricted_mean(still, 5).rmst_se == 0


def test_a_mean_beyond_the_observation_is_missing_unless_everybody_ended() -> None:
    assert np.isnan(restricted_mean(kaplan_meier([1, 4], [1, 0]), 5).rmst)
    assert restricted_mean(kaplan_meier([1, 4], [1, 1]), 5).rmst == 2.5


def test_the_curve_is_known_to_the_end_of_the_observation_alone() -> None:
    curve = kaplan_meier([1, 4], [1, 0])
    np.testing.assert_array_equal(curve.at([0, 1, 4, 5]), [1, 0.5, 0.5, np.nan])


def test_three_groups_are_tested_as_statsmodels_does() -> None:
    rng = np.random.default_rng(1)
    time, status = rng.integers(1, 20, 90), rng.integers(0, 2, 90)
    group = np.repeat(["a", "b", "c"], 30)
    found = log_rank(time, status, group)
    chi_square, p_value = survdiff(time, status, group)
    assert found.degrees_of_freedom == 2
    assert (found.chi_square, found.p_value) == pytest.approx((chi_square, p_value))


def test_one_group_has_no_test() -> None:
    assert np.isnan(log_rank([1, 2], [1, 1], ["a", "a"]).p_value)


@pytest.mark.parametrize(
    ("time", "status", "said"),
    [
        ([], [], "0 times"),
        ([-1], [1], "negative"),
        ([1], [2], "status"),
        ([np.nan], [1], "missing"),
    ],
)
def test_impossible_input_is_refused(time, status, said) -> None:
    with pytest.raises(ValueError, match=said):
        kaplan_meier(time, status)
