"""Shares and their comparison against statsmodels, scipy and a published experiment."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from etl.analytics.proportions import compare, sample_ratio_p, wilson


def test_wilson_is_that_of_statsmodels_and_touches_the_ends() -> None:
    k, n = np.array([0, 1, 7, 50, 50]), np.array([12, 12, 50, 100, 50])
    low, high = wilson(k, n)
    expected = proportion_confint(k, n, method="wilson")
    np.testing.assert_allclose([low, high], expected, atol=1e-14)
    assert low[0] == 0
    assert high[-1] == 1


def test_without_trials_there_is_no_interval() -> None:
    assert np.isnan(wilson(0, 0)).all()


@pytest.mark.reference
def test_the_published_experiment_has_every_figure(reference: Path) -> None:
    path = reference / "retention" / "cookie_cats_d1_expected.json"
    expected = json.loads(path.read_text())["retention_1"]
    found = compare(expected["k"], expected["n"])
    assert found.rate == pytest.approx(expected["rate"], rel=1e-10)
    assert found.difference == pytest.approx(expected["diff"], rel=1e-10)
    assert found.newcombe == pytest.approx(expected["diff_ci_newcomb"], rel=1e-10)
    assert found.z_pooled == pytest.approx(expected["z_pooled"], rel=1e-10)
    assert found.p_pooled == pytest.approx(expected["p_pooled"], rel=1e-10)
    assert found.fisher_p == pytest.approx(expected["p_fisher"], rel=1e-9)
    for arm, name in enumerate(("gate_30", "gate_40")):
        ends = (found.wilson_low[arm], found.wilson_high[arm])
        assert ends == pytest.approx(expected["ci_wilson"][name], rel=1e-10)


def test_newcombe_is_that_of_statsmodels_for_small_counts() -> None:
    found = compare((3, 9), (12, 15))
    expected = confint_proportions_2indep(3, 12, 9, 15, method="newcomb", compare="diff")
    assert found.newcombe == pytest.approx(expected)


def test_an_arm_too_large_for_its_split_is_seen() -> None:
    assert sample_ratio_p([44_700, 45_489], [1, 1]) == pytest.approx(0.00858, abs=5e-5)
    assert sample_ratio_p([500, 1000], [1, 2]) == pytest.approx(1)


def test_nobody_succeeds_and_there_is_no_z() -> None:
    assert np.isnan(compare((0, 0), (10, 10)).z_pooled)


@pytest.mark.parametrize(
    ("k", "n", "said"),
    [((5, 5), (4, 9), "never more"), ((-1, 0), (4, 4), "0 or more"), ((0, 0), (0, 3), "1 or more")],
)
def test_impossible_counts_are_refused(k, n, said) -> None:
    with pytest.raises(ValueError, match=said):
        compare(k, n)
