"""BG/NBD and Gamma-Gamma: parameters recovered, likelihoods integrated, published values."""

from __future__ import annotations

import numpy as np
import pytest

from etl.analytics.purchases import BgNbd, GammaGamma, fit_bgnbd, fit_gamma_gamma

PUBLISHED = BgNbd(0.243, 4.414, 0.793, 2.426, -9582.4)
"""CDNOW, Fader, Hardie and Lee (2005), table 2."""


def histories(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw customers who buy at their rate and drop out at their chance after each purchase."""
    rng = np.random.default_rng(seed)
    rate, leaving = rng.gamma(0.5, 1 / 6.0, n), rng.beta(0.9, 2.5, n)
    observed = rng.uniform(20, 40, n)
    x, t_x = np.zeros(n), np.zeros(n)
    for i in range(n):
        time = 0.0
        while True:
            time += rng.exponential(1 / rate[i])
            if time > observed[i]:
                break
            x[i], t_x[i] = x[i] + 1, time
            if rng.random() < leaving[i]:
                break
    return x, t_x, observed


def test_published_expectations_follow_from_the_published_parameters() -> None:
    expected = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    times = [0.1429, 1, 3, 31.8571, 32, 78]
    np.testing.assert_allclose(PUBLISHED.expected_purchases(times), expected, rtol=5e-3)
    ahead = PUBLISHED.conditional_purchases(39, 2, 30.43, 38.86)
    assert ahead == pytest.approx(1.226, abs=2e-3)


def test_parameters_are_recovered() -> None:
    found = fit_bgnbd(*histories(20_000, 3))
    assert found.r == pytest.approx(0.5, rel=0.08)
    assert found.alpha == pytest.approx(6.0, rel=0.1)
    assert found.a / (found.a + found.b) == pytest.approx(0.9 / 3.4, rel=0.1)


def test_the_unit_of_time_changes_alpha_alone() -> None:
    x, t_x, observed = histories(2_000, 4)
    weeks, days = fit_bgnbd(x, t_x, observed), fit_bgnbd(x, 7 * t_x, 7 * observed)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-4)
    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-4)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - x.sum() * np.log(7))


def test_who_never_bought_again_is_alive_and_long_silence_is_not() -> None:
    assert PUBLISHED.alive(0, 0, 30) == 1
    assert PUBLISHED.alive(10, 5, 35) < 0.1 < PUBLISHED.alive(10, 34, 35)


def test_values_of_purchases_are_recovered_and_shrunk_to_the_mean() -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(1, 12, 20_000)
    scale = rng.gamma(3.7, 1 / 15.4, x.size)
    value = rng.gamma(6.2 * x, 1 / (scale * x))
    found = fit_gamma_gamma(x, value)
    assert (found.p, found.q, found.v) == pytest.approx((6.2, 3.7, 15.4), rel=0.1)
    assert found.mean == pytest.approx(6.2 * 15.4 / 2.7, rel=0.03)
    assert found.expected_value(0, np.nan) == pytest.approx(found.mean)
    assert found.mean < found.expected_value(5, 2 * found.mean) < 2 * found.mean


def test_an_infinite_mean_is_missing() -> None:
    assert np.isnan(GammaGamma(5.0, 0.8, 10.0, 0.0).mean)


@pytest.mark.parametrize(("n", "reason"), [(5, "too_few_customers"), (50, "no_repeat_purchase")])
def test_without_a_fit_there_is_a_reason(n, reason) -> None:
    found = fit_bgnbd(np.zeros(n), np.zeros(n), np.full(n, 10.0))
    assert found.reason == reason
    assert np.isnan(found.r)


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (([1.0], [11.0], [10.0]), "after the time observed"),
        (([0.0], [3.0], [10.0]), "without a repeat"),
        (([2.0], [0.0], [10.0]), "time of the first"),
        (([1.5], [3.0], [10.0]), "whole number"),
        (([-1.0], [3.0], [10.0]), "negative"),
        (([np.nan], [3.0], [10.0]), "missing"),
    ],
)
def test_contradictions_name_the_customer(history, said) -> None:
    with pytest.raises(ValueError, match=said):
        fit_bgnbd(*history)


def test_a_refund_is_no_value_of_a_purchase() -> None:
    with pytest.raises(ValueError, match="refunds"):
        fit_gamma_gamma([1], [-5.0])
