"""Lifetime value and its forecasts, against sums by hand and simulated subscribers."""

# pyright: basic

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etl.analytics import renewals
from etl.analytics.lifetime_value import (
    LtvSpec,
    cohorts_of,
    forecast_error,
    hold_out,
    ltv_curve,
)
from etl.analytics.renewals import BootstrapFits, Cohorts, ShiftedBetaGeometric

LAW = ShiftedBetaGeometric(0.8, 1.9, 0.0)


def fits(n: int = 500) -> BootstrapFits:
    rng = np.random.default_rng(0)
    return BootstrapFits(0.8 * rng.lognormal(0, 0.1, n), 1.9 * rng.lognormal(0, 0.1, n), 0)


@pytest.mark.parametrize(("timing", "first"), [("start", 0), ("end", 1)])
def test_the_curve_is_a_discounted_sum(timing, first):
    spec = LtvSpec(5.0, 12, 12.0, 0.2, timing)
    table = ltv_curve(LAW, fits(), spec)
    total = sum(5.0 * float(LAW.survival(t)) / 1.2 ** ((t + first) / 12) for t in range(12))
    assert table["ltv"].iloc[-1] == pytest.approx(total, rel=1e-12)
    assert table["ltv"].iloc[0] == pytest.approx(5.0 / 1.2 ** (first / 12))
    inside = (table["low"] <= table["ltv"]) & (table["ltv"] <= table["high"])
    assert inside.all()
    assert (table["high"] - table["low"]).is_monotonic_increasing


def test_a_long_horizon_reaches_the_discounted_lifetime():
    spec = LtvSpec(1.0, 2_000, 1.0, 0.1)
    assert ltv_curve(LAW, fits(3), spec)["ltv"].iloc[-1] == pytest.approx(
        LAW.expected_lifetime(0.1), rel=1e-6
    )


@pytest.mark.parametrize(
    "change", [{"n_periods": 0}, {"periods_per_year": 0}, {"annual_discount_rate": -1}]
)
def test_sums_without_meaning_are_refused(change):
    with pytest.raises(ValueError, match="got"):
        LtvSpec(**({"value_usd": 1.0, "n_periods": 1, "periods_per_year": 12.0} | change))


def simulated(rng: np.random.Generator, n: int, periods: int) -> np.ndarray:
    """Return how often each of n subscribers renews, at most ``periods`` times."""
    leave = rng.beta(LAW.alpha, LAW.beta, n)
    return np.minimum(rng.geometric(leave) - 1, periods)


def test_held_out_payments_of_the_same_law_are_forecast_within_their_interval():
    rng = np.random.default_rng(5)
    renewed = simulated(rng, 4_000, 12)
    seen, ahead = 5, 4
    due = np.array([(renewed >= j - 1).sum() for j in range(1, seen + 1)], float)
    kept = np.array([(renewed >= j).sum() for j in range(1, seen + 1)], float)
    counts = pd.DataFrame({"renewal": range(1, seen + 1), "due": due, "renewed": kept})
    cohorts = cohorts_of(counts)
    assert isinstance(cohorts, Cohorts)
    model = renewals.fit(cohorts)
    drawn = renewals.bootstrap_counts(cohorts, 400, rng)
    stood = renewed[renewed >= seen] - seen
    made, n = np.unique(np.minimum(stood, ahead), return_counts=True)
    chains = pd.DataFrame({"paid_before": seen + 1, "ahead": ahead, "made": made, "n": n})
    table = hold_out(chains, model, drawn, rng)
    assert table["actual"].tolist() == [(stood >= p).sum() for p in range(1, ahead + 1)]
    assert table["actual"].between(table["low"], table["high"]).all()
    assert abs(forecast_error(table)) < 0.05


def test_without_payments_there_is_no_error():
    empty = hold_out(
        pd.DataFrame({"paid_before": [], "ahead": [], "made": [], "n": []}),
        LAW,
        fits(3),
        np.random.default_rng(0),
    )
    assert empty.empty
    assert np.isnan(forecast_error(empty))


def test_the_bootstrap_of_counts_covers_as_the_one_of_survivors_does():
    rng = np.random.default_rng(1)
    survivors = [1000, 631, 468, 382, 326]
    plain = renewals.bootstrap([survivors], 2_000, rng)
    counts = Cohorts.of([survivors])
    weird = renewals.bootstrap_counts(counts, 2_000, rng)
    for t in (1, 4, 10):
        one, other = (renewals.survival(f.alpha, f.beta, t) for f in (plain, weird))
        assert one.mean() == pytest.approx(other.mean(), abs=0.01)
        assert one.std() == pytest.approx(other.std(), rel=0.15)


def test_renewals_that_never_fell_due_are_no_cohort():
    assert cohorts_of(pd.DataFrame({"renewal": [], "due": [], "renewed": []})) is None
