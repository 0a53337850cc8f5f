"""Arms of trials against SciPy and statsmodels; always-valid p-values under many looks."""

# pyright: basic

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import power_proportions_2indep

from etl.analytics.experiments import always_valid_p, compare_arms, plan_means, plan_shares, split_p


def sums(values: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Return the sums of arms from each user's payment, pictures and contribution."""
    return pd.DataFrame(
        [
            {
                "variant": name,
                "n_assigned": len(paid),
                "n_users": len(paid),
                "n_paid": int(paid.sum()),
                "images_sum": images.sum(),
                "images_squares": (images**2).sum(),
                "contribution_sum": money.sum(),
                "contribution_squares": (money**2).sum(),
                "n_unpriced": 0,
            }
            for name, (paid, images, money) in values.items()
        ]
    )


@pytest.fixture
def arms() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    made = {}
    for name, n, rate in (("control", 900, 0.05), ("fast", 870, 0.08), ("slow", 20, 0.05)):
        paid = rng.random(n) < rate
        images = rng.poisson(9, n).astype(float)
        made[name] = (paid, images, paid * 8.0 - images * 0.01)
    return made


def test_means_are_compared_as_scipy_does(arms):
    table = compare_arms(sums(arms), "control").set_index(["metric", "variant"])
    for metric, which in (("images", 1), ("contribution_usd", 2)):
        expected = stats.ttest_ind(arms["fast"][which], arms["control"][which], equal_var=False)
        row = table.loc[(metric, "fast")]
        assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)
        interval = expected.confidence_interval(0.95)
        assert row["difference_low"] == pytest.approx(interval.low, rel=1e-9)
        assert row["difference_high"] == pytest.approx(interval.high, rel=1e-9)


def test_shares_are_compared_and_all_p_values_corrected_together(arms):
    table = compare_arms(sums(arms), "control")
    share = table[(table["metric"] == "paid_share") & (table["variant"] == "fast")].iloc[0]
    exact = stats.fisher_exact(
        [[int(a.sum()), int((~a).sum())] for a in (arms["fast"][0], arms["control"][0])]
    )
    assert share["fisher_p"] == pytest.approx(exact.pvalue, rel=1e-9)
    known = table["p_value"].dropna()
    assert len(known) == 6
    smallest = known.min()
    assert table.loc[known.idxmin(), "p_value_holm"] == pytest.approx(min(6 * smallest, 1))


def test_an_arm_whose_money_is_unknown_has_no_contribution(arms):
    frame = sums(arms)
    frame.loc[frame["variant"] == "fast", "n_unpriced"] = 2
    row = compare_arms(frame, "control").set_index(["metric", "variant"])
    assert row.loc[("contribution_usd", "fast"), "reason"] == "proceeds_unknown"
    assert np.isnan(row.loc[("contribution_usd", "fast"), "value"])
    assert np.isnan(row.loc[("contribution_usd", "fast"), "p_value"])
    assert not np.isnan(row.loc[("images", "fast"), "value"])


def test_arms_without_users_and_a_wrong_control_are_told(arms):
    frame = sums(arms)
    frame.loc[frame["variant"] == "slow", ["n_users", "n_paid"]] = 0
    row = compare_arms(frame, "control").set_index(["metric", "variant"])
    assert row.loc[("paid_share", "slow"), "reason"] == "no_user_with_full_time"
    with pytest.raises(ValueError, match="the arms are control, fast, slow"):
        compare_arms(frame, "nobody")


def test_the_split_is_tested(arms):
    assert split_p(sums(arms)) < 1e-10
    assert split_p(sums(arms), [900, 870, 20]) == pytest.approx(1)
    assert np.isnan(split_p(sums({"control": arms["control"]})))


def test_looking_after_every_hundred_users_seldom_finds_what_is_not_there():
    rng = np.random.default_rng(0)
    runs, looks, step = 2_000, 50, 100
    n = np.arange(1, looks + 1) * step
    paid = rng.binomial(step, 0.2, size=(2, runs, looks)).cumsum(axis=2)
    rate = paid / n
    error = np.sqrt((rate * (1 - rate) / n).sum(axis=0))
    difference = rate[1] - rate[0]
    always = always_valid_p(difference, error, n, planned=3_000)
    plain = 2 * stats.norm.sf(np.abs(difference / error))
    assert (always.min(axis=1) < 0.05).mean() < 0.05
    assert (plain.min(axis=1) < 0.05).mean() > 0.2


def test_what_is_there_is_found():
    n, rates = 10_000, np.array([0.05, 0.06])
    error = np.sqrt((rates * (1 - rates) / n).sum())
    p = always_valid_p(0.01, error, n)
    assert 0.005 < p < 0.05
    assert np.isnan(always_valid_p(0.0, 0.0, 10))


@pytest.mark.parametrize("ratio", [1.0, 0.5, 3.0])
@pytest.mark.parametrize(("baseline", "difference"), [(0.05, 0.01), (0.4, -0.1), (0.02, 0.004)])
def test_a_planned_trial_of_shares_has_the_power_statsmodels_gives_it(baseline, difference, ratio):
    plan = plan_shares(baseline, difference, power=0.9, ratio=ratio)

    def power(n_treated: float) -> float:
        return power_proportions_2indep(
            difference, baseline, n_treated, ratio=1 / ratio, return_results=False
        )

    assert power(plan.n_treated) == pytest.approx(0.9, abs=1e-3)
    assert power(0.99 * plan.n_treated) < 0.9


def test_a_planned_trial_of_means_finds_its_difference():
    plan = plan_means(4.0, 0.25, power=0.8)
    noncentral = 0.25 / (4.0 * np.sqrt(2 / plan.n_control))
    assert stats.norm.sf(1.96 - noncentral) == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: plan_shares(0.0, 0.1),
        lambda: plan_shares(0.5, 0.0),
        lambda: plan_shares(0.5, 0.6),
        lambda: plan_shares(0.5, 0.1, power=0.01),
        lambda: plan_means(0.0, 1.0),
        lambda: plan_means(1.0, 0.0),
    ],
)
def test_impossible_plans_are_refused(call):
    with pytest.raises(ValueError, match="got"):
        call()
