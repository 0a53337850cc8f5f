"""Rank statistics against scipy's own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from etl.analytics.distributions import signed_rank


@pytest.mark.parametrize("n", [4, 6, 9])
def test_signed_ranks_with_ties_and_zeros_are_those_of_every_sign_pattern(n):
    values = np.round(np.random.default_rng(n).normal(size=(n, 4)), 1)
    values[0, 0] = 0
    statistic, p_value = signed_rank(values)
    for column, (one, p) in enumerate(zip(statistic, p_value, strict=True)):
        kept = values[:, column][values[:, column] != 0]
        expected = stats.wilcoxon(kept, method=stats.PermutationMethod())
        assert p == pytest.approx(expected.pvalue)
        assert one == stats.wilcoxon(kept, alternative="greater").statistic


@pytest.mark.parametrize(("n", "method"), [(30, "exact"), (60, "approx")])
def test_longer_samples_follow_the_exact_law_or_the_normal_one(n, method):
    values = np.random.default_rng(n).normal(size=(n, 2))
    expected = [stats.wilcoxon(column, method=method).pvalue for column in values.T]
    np.testing.assert_allclose(signed_rank(values)[1], expected)
