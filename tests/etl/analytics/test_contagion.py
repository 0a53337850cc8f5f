from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from etl.analytics.contagion import (
    ContagionSpec,
    GroupComparison,
    GroupEvent,
    compare_groups,
    groups_on,
    pooled,
)
from etl.analytics.event_calendar import Panel, panel
from etl.analytics.event_study import EventStudySpec
from etl.analytics.group_tests import permutation_p

START = np.datetime64("2023-01-02")
EVENT = START + 140
FIRST, SECOND = "ai_art_revenue", "label_only"
STUDY = EventStudySpec((0, 1), estimation=100, gap=5)
SPEC = ContagionSpec(study=STUDY)


def returns_of(
    n_first: int, n_second: int, rng: np.random.Generator, shared: Sequence[float] = (0, 0, 0)
) -> np.ndarray:
    """Return (160, firms) with factors of all firms, of the first and of the second group."""
    n_days, n = 160, n_first + n_second
    everyone, first, second = (strength * rng.standard_normal((n_days, 1)) for strength in shared)
    own = rng.standard_normal((n_days, n)) + everyone
    own[:, :n_first] += first
    own[:, n_first:] += second
    return 0.02 * own


def prices_of(table: np.ndarray, rng: np.random.Generator) -> Panel:
    """Prices of F0, F1 … and of their market M, whose part in the returns is drawn here."""
    market = 0.01 * rng.standard_normal((len(table), 1))
    values = 100 * np.exp(np.vstack([np.zeros(table.shape[1] + 1), np.hstack([table, 0 * market])
                                     + market]).cumsum(axis=0))  # fmt: skip
    names = [*(f"F{firm}" for firm in range(table.shape[1])), "M"]
    days = START + np.arange(len(values))
    return panel(np.tile(names, len(days)), np.repeat(days, len(names)), values.ravel())


def members_of(n_first: int, n_second: int) -> pd.DataFrame:
    groups = pd.DataFrame(
        {
            "ticker": [f"F{firm}" for firm in range(n_first + n_second)],
            "concept_group": [FIRST] * n_first + [SECOND] * n_second,
            "valid_from_date": pd.Timestamp("2022-11-18"),
        }
    )
    return groups_on(groups, EVENT)


def compared(
    table: np.ndarray, n_first: int, event: GroupEvent | None = None, spec: ContagionSpec = SPEC
) -> GroupComparison:
    prices = prices_of(table, np.random.default_rng(99))
    members = members_of(n_first, table.shape[1] - n_first)
    markets = dict.fromkeys(members["ticker"], "M")
    event = event or GroupEvent(EVENT)
    return compare_groups(prices, members, event, markets, spec, np.random.default_rng(0))


def outcomes(found: GroupComparison) -> pd.DataFrame:
    return found.tests.set_index("test")


def sides(found: GroupComparison) -> list[np.ndarray]:
    firms = found.firms[found.firms["reason"] == ""]
    return [
        firms.loc[firms["concept_group"] == group, "cumulative_abnormal_return"].to_numpy()
        for group in (FIRST, SECOND)
    ]


DATED = pd.DataFrame(
    [
        ("W", "ai_art_product_no_revenue", "2022-11-18"),
        ("W", "ai_art_product_no_revenue", "2023-05-04"),
        ("W", "ai_art_revenue", "2025-08-28"),
        ("L", "label_only", "2023-04-13"),
        ("T", "label_only", "2022-01-01"),
        ("T", "supplier", "2022-01-01"),
    ],
    columns=["ticker", "concept_group", "valid_from_date"],
).assign(valid_from_date=lambda frame: pd.to_datetime(frame["valid_from_date"]))


@pytest.mark.parametrize(
    ("day", "group", "reason"),
    [
        ("2022-11-17", None, "group_dated_later"),
        ("2022-11-18", "ai_art_product_no_revenue", ""),
        ("2025-08-27", "ai_art_product_no_revenue", ""),
        ("2025-08-28", "ai_art_revenue", ""),
    ],
)
def test_a_group_is_that_of_the_evidence_there_was(day: str, group: str, reason: str) -> None:
    row = groups_on(DATED, np.datetime64(day)).set_index("ticker").loc["W"]
    assert (row["concept_group"] if group else None, row["reason"]) == (group, reason)


def test_every_share_has_one_row_and_two_groups_at_once_are_told() -> None:
    found = groups_on(DATED, np.datetime64("2023-01-01")).set_index("ticker")["reason"]
    assert found.to_dict() == {"L": "group_dated_later", "T": "group_ambiguous", "W": ""}


def test_later_evidence_does_not_change_an_earlier_day() -> None:
    early = DATED[DATED["valid_from_date"] <= "2023-01-01"]
    day = np.datetime64("2023-01-01")
    both = groups_on(DATED, day).set_index("ticker").loc[["T", "W"]]
    pd.testing.assert_frame_equal(both, groups_on(early, day).set_index("ticker"))
    with pytest.raises(ValueError, match="dated after the event"):
        compare_groups(
            prices_of(returns_of(1, 1, np.random.default_rng(0)), np.random.default_rng(0)),
            groups_on(DATED, np.datetime64("2025-09-01")),
            GroupEvent(EVENT), {}, SPEC, np.random.default_rng(0),
        )  # fmt: skip


def test_welch_and_its_interval_equal_scipy() -> None:
    found = compared(returns_of(4, 7, np.random.default_rng(1)), 4)
    wanted = stats.ttest_ind(*sides(found), equal_var=False)
    welch = outcomes(found).loc["welch"]
    assert welch["statistic"] == pytest.approx(wanted.statistic)
    assert welch["degrees_of_freedom"] == pytest.approx(wanted.df)
    assert welch["p_value"] == pytest.approx(wanted.pvalue)
    ends = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert (found.n_first, found.n_second) == (4, 7)


def difference(first: np.ndarray, second: np.ndarray, axis: int) -> np.ndarray:
    return np.abs(first.mean(axis=axis) - second.mean(axis=axis))


def test_exact_permutation_equals_scipy() -> None:
    found = compared(returns_of(3, 6, np.random.default_rng(2)), 3)
    wanted = stats.permutation_test(
        sides(found), difference, vectorized=True, alternative="greater", n_resamples=np.inf
    )
    row = outcomes(found).loc["permutation"]
    assert row["p_value"] == pytest.approx(wanted.pvalue)
    assert row["variant"].endswith("exact, 84 divisions")


def test_drawn_permutation_is_seeded_and_near_the_exact_one() -> None:
    values = np.random.default_rng(3).standard_normal(14) + np.r_[np.ones(6), np.zeros(8)]
    first = np.arange(14) < 6
    exact, _ = permutation_p(values, first, 9999, np.random.default_rng(0))
    drawn, how = permutation_p(values, first, 2000, np.random.default_rng(0))
    assert how == "2000 drawn"
    assert drawn == permutation_p(values, first, 2000, np.random.default_rng(0))[0]
    assert drawn == pytest.approx(exact, abs=0.03)
    assert drawn != permutation_p(values, first, 2000, np.random.default_rng(1))[0]


def test_what_all_firms_share_cancels_and_what_a_group_shares_widens_the_error() -> None:
    rng = np.random.default_rng(4)
    alone, everyone, grouped = (
        outcomes(compared(returns_of(5, 5, rng, shared), 5))["statistic"]
        for shared in ((0, 0, 0), (2, 0, 0), (0, 2, 2))
    )
    assert abs(alone["kolari_pynnonen"] / alone["welch"]) == pytest.approx(1, abs=0.3)
    assert abs(everyone["kolari_pynnonen"] / everyone["welch"]) == pytest.approx(1, abs=0.3)
    assert abs(grouped["kolari_pynnonen"] / grouped["welch"]) < 0.4


def test_kolari_pynnonen_against_a_group_of_little_weight_is_that_of_one_group() -> None:
    rng = np.random.default_rng(5)
    everyone = rng.standard_normal((160, 1))
    table = 0.02 * np.hstack([everyone + rng.standard_normal((160, 6)), np.zeros((160, 3))])
    table[:, 6:] += 1e-7 * rng.standard_normal((160, 3))
    found = compared(table, 6)
    first, _ = sides(found)
    assert found.correlations is not None
    shared = found.correlations.within_first
    plain = first.mean() / (first.std(ddof=1) / np.sqrt(6))
    wanted = plain * np.sqrt((1 - shared) / (1 + 5 * shared))
    row = outcomes(found).loc["kolari_pynnonen"]
    assert row["statistic"] == pytest.approx(wanted, rel=0.1)
    assert row["degrees_of_freedom"] == 7


def test_sizes_when_each_group_shares_something() -> None:
    rng = np.random.default_rng(6)
    spec = ContagionSpec(study=STUDY, n_permutations=99)
    drawn = [compared(returns_of(4, 6, rng, (0.5, 0.7, 0.7)), 4, spec=spec) for _ in range(200)]
    rejected = pd.DataFrame([outcomes(found)["p_value"] < 0.05 for found in drawn]).mean()
    assert rejected["welch"] > 0.15
    assert 0.01 <= rejected["kolari_pynnonen"] <= 0.1
    assert 0.01 <= rejected["portfolio"] <= 0.1


def test_portfolio_equals_an_event_study_of_the_difference() -> None:
    table = returns_of(4, 5, np.random.default_rng(7), (1, 0.5, 0.7))
    found = compared(table, 4)
    prices = prices_of(table, np.random.default_rng(99))
    change = np.diff(np.log(prices.values), axis=0)
    spread = change[:, :4].mean(axis=1) - change[:, 4:9].mean(axis=1)
    market = change[:, 9]
    zero = 139
    days = slice(zero - 105, zero - 5)
    fit = stats.linregress(market[days], spread[days])
    event = slice(zero, zero + 2)
    total = (spread[event] - fit.intercept - fit.slope * market[event]).sum()
    assert found.difference == pytest.approx(total)
    residuals = spread[days] - fit.intercept - fit.slope * market[days]
    centred = market[days] - market[days].mean()
    ahead = (market[event] - market[days].mean()).sum()
    forecast = 2 + 4 / 100 + ahead**2 / (centred**2).sum()
    error = np.sqrt((residuals**2).sum() / 98 * forecast)
    assert outcomes(found).loc["portfolio", "statistic"] == pytest.approx(total / error)


@pytest.mark.parametrize(("n_first", "n_second"), [(1, 6), (2, 6), (6, 2)])
def test_fewer_than_three_firms_have_power_told_and_no_p(n_first: int, n_second: int) -> None:
    found = compared(returns_of(n_first, n_second, np.random.default_rng(8)), n_first)
    assert found.reason == "too_few_firms"
    assert found.tests["p_value"].isna().all()
    assert set(found.tests["reason"]) == {"too_few_firms"}
    assert np.isfinite(found.difference)
    assert np.isnan(found.low)
    assert found.power is not None
    assert 0.05 < found.power.power < 1
    # By the definition of the difference found with a chance of 80%.
    again = compared(
        returns_of(n_first, n_second, np.random.default_rng(8)), n_first,
        spec=ContagionSpec(study=STUDY, effect=found.power.detectable),
    )  # fmt: skip
    assert again.power is not None
    assert again.power.power == pytest.approx(0.8, abs=1e-4)


def test_a_side_without_firms_has_no_difference() -> None:
    found = compared(returns_of(0, 4, np.random.default_rng(9)), 0)
    assert (found.n_first, found.n_second, found.reason) == (0, 4, "too_few_firms")
    assert np.isnan(found.difference)
    assert found.power is None
    assert found.correlations is None


def test_a_day_picked_by_its_price_is_described_and_not_tested() -> None:
    table = returns_of(4, 5, np.random.default_rng(10))
    found = compared(table, 4, GroupEvent(EVENT, price_selected=True))
    assert found.difference == compared(table, 4).difference
    assert found.reason == "price_selected"
    assert found.tests["p_value"].isna().all()
    assert found.firms["standard_error"].isna().all()


def test_everyone_left_out_is_listed_with_the_reason() -> None:
    rng = np.random.default_rng(11)
    table = returns_of(5, 4, rng)
    table[:, 3] = 0.0
    prices = prices_of(table, rng)
    members = pd.concat(
        [
            members_of(5, 4),
            pd.DataFrame(
                [
                    ("P", "global_peer", pd.Timestamp("2020-01-01"), ""),
                    ("N", SECOND, pd.Timestamp("2020-01-01"), ""),
                    ("Y", None, pd.NaT, "group_dated_later"),
                ],
                columns=["ticker", "concept_group", "valid_from_date", "reason"],
            ),
        ]
    )
    markets = dict.fromkeys([*members["ticker"]], "M")
    del markets["F6"]
    event = GroupEvent(EVENT, own=("F0",))
    found = compare_groups(prices, members, event, markets, SPEC, np.random.default_rng(0))
    reasons = found.firms.set_index("ticker")["reason"].to_dict()
    assert len(found.firms) == len(members)
    assert {name: reason for name, reason in reasons.items() if reason} == {
        "F0": "own_news",
        "F3": "no_residual_variance",
        "F6": "no_benchmark",
        "P": "other_group",
        "N": "no_prices_for_ticker",
        "Y": "group_dated_later",
    }
    assert (found.n_first, found.n_second) == (3, 3)
    assert sum(found.left_out.values()) + 6 == len(members)
    late = compare_groups(
        prices, members, GroupEvent(START + 50), markets, SPEC, np.random.default_rng(0)
    )
    assert late.left_out["too_short_estimation_window"] == 8


def test_days_after_the_window_do_not_change_the_result() -> None:
    rng = np.random.default_rng(12)
    table = returns_of(4, 5, rng)
    found = compared(table, 4)
    table[141:] *= 10
    pd.testing.assert_frame_equal(found.tests, compared(table, 4).tests)
    table[139:141] += 0.1 * np.arange(9)
    assert compared(table, 4).difference != found.difference


def days_apart(differences: Sequence[float], step: int = 10) -> list[GroupComparison]:
    base = compared(returns_of(3, 3, np.random.default_rng(13)), 3)
    fields = {name: getattr(base, name) for name in base.__dataclass_fields__}
    return [
        GroupComparison(
            **fields
            | {
                "difference": value,
                "first_day": START + step * day,
                "last_day": START + step * day + 1,
            }
        )
        for day, value in enumerate(differences)
    ]


def test_pooled_days_equal_a_t_test_over_days() -> None:
    values = [0.01, -0.02, 0.03, 0.02, np.nan]
    found = pooled(days_apart(values))
    wanted = stats.ttest_1samp(values[:4], 0)
    assert (found.statistic, found.p_value) == pytest.approx((wanted.statistic, wanted.pvalue))
    ends = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high))
    assert (found.n_days, found.n_left_out) == (4, 1)


def test_two_days_are_not_tested_and_overlapping_ones_refused() -> None:
    found = pooled(days_apart([0.01, 0.02]))
    assert found.reason == "too_few_event_days"
    assert np.isnan(found.p_value)
    assert found.mean == pytest.approx(0.015)
    with pytest.raises(ValueError, match="overlap"):
        pooled(days_apart([0.01, 0.02, 0.03], step=1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"second_group": FIRST}, "two groups"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"effect": 0.0}, "above zero"),
    ],
)
def test_wrong_specifications_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ContagionSpec(**wrong)
