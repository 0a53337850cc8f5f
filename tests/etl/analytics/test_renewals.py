"""The shifted-beta-geometric law against published fits, sums and simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from etl.analytics.renewals import REASONS, Cohorts, bootstrap, fit, survival

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
"""Regular customers of Fader and Hardie (2007), table 1, of 1,000."""


@pytest.fixture(scope="module")
def law():
    return fit(Cohorts.of([REGULAR]))


def test_the_fit_is_the_published_one(law) -> None:
    assert (law.alpha, law.beta) == pytest.approx((0.704, 1.182), abs=5e-4)
    assert law.log_likelihood == pytest.approx(-1680.27, abs=5e-3)


@pytest.mark.reference
def test_curve_rates_and_lifetimes_equal_the_reference(reference: Path, law) -> None:
    text = (reference / "lifetime_value" / "sbg_regular.json").read_text()
    expected = json.loads(text)
    assert (law.alpha, law.beta) == pytest.approx((expected["alpha"], expected["beta"]), abs=1e-6)
    t = np.arange(1, 13)
    np.testing.assert_allclose(law.survival(t), expected["S_proj_1_12"], atol=1e-7)
    np.testing.assert_allclose(law.renewal_rate(t), expected["retention_1_12"], atol=1e-7)
    assert law.expected_lifetime(0.1) == pytest.approx(expected["DEL_d10"], abs=1e-6)
    residual = law.residual_lifetime(t - 1, 0.1)
    np.testing.assert_allclose(residual, expected["DERL_d10_by_renewals_0_11"], atol=1e-6)


def test_lifetimes_are_discounted_sums_of_the_curve(law) -> None:
    t = np.arange(0, 4000)
    left = law.survival(t)
    assert law.expected_lifetime(0.1) == pytest.approx((left / 1.1**t).sum(), rel=1e-9)
    ahead = left[4:] / left[3] / 1.1 ** (t[4:] - 4)
    assert law.residual_lifetime(3, 0.1) == pytest.approx(ahead.sum(), rel=1e-9)


def test_cohorts_together_are_the_fit_to_their_sum(law) -> None:
    two = fit(Cohorts.of([np.array(REGULAR) * 0.4, np.array(REGULAR) * 0.6]))
    assert (two.alpha, two.beta) == pytest.approx((law.alpha, law.beta), rel=1e-6)


def test_younger_cohorts_count_for_what_was_seen_of_them() -> None:
    rng = np.random.default_rng(1)
    leaving = rng.beta(1.2, 2.0, 60_000)
    life = rng.geometric(leaving)
    cohorts = [
        [int((life[part] > t).sum()) for t in range(length)]
        for part, length in ((slice(0, 30_000), 10), (slice(30_000, None), 4))
    ]
    found = fit(Cohorts.of(cohorts))
    assert found.alpha == pytest.approx(1.2, rel=0.05)
    assert found.beta == pytest.approx(2.0, rel=0.05)


def test_the_bootstrap_covers_the_fit_and_counts_what_has_none(law) -> None:
    fits = bootstrap([REGULAR], 500, np.random.default_rng(2))
    low, high = np.quantile(fits.alpha, [0.025, 0.975])
    assert low < law.alpha < high
    assert fits.n_without_fit == 0
    few = bootstrap([[3, 2, 2]], 200, np.random.default_rng(2))
    assert few.n_without_fit > 0
    assert few.alpha.size + few.n_without_fit == 200
    drawn = survival(fits.alpha, fits.beta, 1)
    assert np.std(drawn) == pytest.approx(np.sqrt(0.63 * 0.37 / 1000), rel=0.15)


@pytest.mark.parametrize(
    ("survivors", "reason"),
    [
        ([100, 100, 100], "nobody_left"),
        ([100, 0, 0], "everybody_left_at_once"),
        ([100, 60], "too_few_periods"),
        ([1000, 500, 250, 125], "renewal_rate_does_not_rise"),
        ([1000, 900, 729, 500], "renewal_rate_does_not_rise"),
        ([100, 99, 99, 99], "leave_at_once_or_never"),
    ],
)
def test_without_a_fit_there_is_a_reason_and_no_number(survivors, reason) -> None:
    found = fit(Cohorts.of([survivors]))
    assert found.reason == reason
    assert reason in REASONS
    assert np.isnan(found.alpha)


@pytest.mark.parametrize(
    ("survivors", "said"),
    [([], "no cohort"), ([[10]], "one renewal"), ([[10, 11]], "never rise"), ([[0, 0]], "empty")],
)
def test_impossible_survivors_are_refused(survivors, said) -> None:
    with pytest.raises(ValueError, match=said):
        Cohorts.of(survivors)


def test_without_discounting_there_is_no_lifetime(law) -> None:
    with pytest.raises(ValueError, match="discount"):
        law.expected_lifetime(0.0)
