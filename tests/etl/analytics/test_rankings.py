from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etl.analytics.intervals import Interval
from etl.analytics.rankings import (
    PAID_2011,
    ShapePrior,
    calibrate,
    downloads,
    downloads_ratio,
    prior_law,
)
from etl.analytics.rating_rates import installs, rating_rates

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "rankings.json").read_text())
ESTIMATE = ["downloads_per_day", "downloads_low", "downloads_high"]


@pytest.mark.reference
def test_the_prior_takes_in_every_published_shape(reference: Path) -> None:
    case = json.loads((reference / "rankings" / "garg_telang_2013.json").read_text())
    law = prior_law()

    assert all(law.a_low <= shape <= law.a_high for shape in case["shape_literature"].values())


@pytest.mark.parametrize("case", GOLDEN["calibrations"], ids=lambda case: len(case["rank"]))
def test_the_posterior_equals_statsmodels_with_the_prior_as_an_observation(case: dict) -> None:
    law = calibrate(case["rank"], case["downloads_per_day"])

    assert (law.a, law.ln_b) == pytest.approx((case["a"], case["ln_b"]), rel=1e-9)
    assert law.spread == pytest.approx(case["spread"], rel=1e-9)
    frame = downloads(law, case["at"], 200)
    np.testing.assert_allclose(frame["downloads_per_day"], case["downloads"], rtol=1e-9)
    np.testing.assert_allclose(frame["downloads_low"], case["low"], rtol=1e-9)
    np.testing.assert_allclose(frame["downloads_high"], case["high"], rtol=1e-9)


def test_without_disclosed_downloads_only_ratios_are_told() -> None:
    law = prior_law()

    assert downloads(law, [1, 50, np.nan], 200).drop(columns="evidence_kind").isna().all(axis=None)
    ratio = downloads_ratio(law, [1, 200, np.nan])
    assert ratio["ratio"][0] == ratio["ratio_low"][0] == ratio["ratio_high"][0] == 1
    assert ratio["ratio"][1] == pytest.approx(200**-PAID_2011.mean)
    assert ratio["ratio_low"][1] < ratio["ratio"][1] < ratio["ratio_high"][1]
    assert np.isnan(ratio["ratio"][2])
    assert set(ratio["evidence_kind"]) == {"assumed"}


def test_one_disclosed_figure_sets_the_scale_and_leaves_the_shape_to_the_prior() -> None:
    prior, law = prior_law(), calibrate([4], [20_000])

    assert (law.a, law.a_low, law.a_high) == pytest.approx((prior.a, prior.a_low, prior.a_high))
    frame = downloads(law, [4, 100], 100)
    assert frame["downloads_per_day"][0] == pytest.approx(20_000)
    spans = frame["downloads_high"] / frame["downloads_low"]
    assert spans[1] > spans[0]
    assert law.evidence == "estimated"
    assert set(frame["evidence_kind"]) == {"estimated"}


def test_many_disclosed_figures_overrule_the_prior() -> None:
    rank = np.arange(1, 101)

    law = calibrate(rank, 5e4 * rank**-0.6)

    assert law.a == pytest.approx(0.6, abs=0.02)
    assert law.a_high < PAID_2011.mean
    assert np.exp(law.ln_b) == pytest.approx(5e4, rel=0.1)
    assert law.ln_b_low < law.ln_b < law.ln_b_high


def test_an_app_that_is_not_ranked_has_a_bound_and_no_estimate() -> None:
    law = calibrate([1, 10, 100], [50_000, 5_000, 800])

    frame = downloads(law, [100, np.nan, np.nan], [100, 100, np.nan])

    assert frame.loc[1, ESTIMATE].isna().all()
    assert frame["below"][1] == frame["downloads_per_day"][0]
    assert frame["below_high"][1] == frame["downloads_high"][0]
    assert frame.loc[2].drop("evidence_kind").isna().all(), "without a depth there is no bound"
    assert np.isnan(frame["below"][0]), "a ranked app needs no bound"


@pytest.mark.parametrize(
    ("rank", "figures", "message"),
    [
        ([], [], "0 ranks"),
        ([1, 2], [100], "2 ranks and 1 figures"),
        ([1, 0], [100, 100], "row 1 .*rank 0"),
        ([1, 1.5], [100, 100], "row 1 .*rank 1.5"),
        ([1, np.nan], [100, 100], "row 1"),
        ([1, 2], [100, 0], "row 1 .*0 downloads"),
        ([1, 2], [np.nan, 9], "row 0"),
    ],
)
def test_an_impossible_point_is_named(rank: list, figures: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibrate(rank, figures)


def test_impossible_ranks_priors_and_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="rank 101 in a chart of 100"):
        downloads(prior_law(), [101], 100)
    with pytest.raises(ValueError, match="row 0"):
        downloads_ratio(prior_law(), [-3])
    with pytest.raises(ValueError, match="prior"):
        ShapePrior(0.9, 0, 0.5, 4)
    with pytest.raises(ValueError, match="level"):
        prior_law(level=95)


# Ratings


def counts(values: dict[str, float | None], app: str = "lensa") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "app_id": app,
            "storefront": "NO",
            "observed_on": pd.to_datetime(list(values)),
            "rating_count": list(values.values()),
        }
    )


def test_rates_equal_a_plain_loop_over_uneven_days() -> None:
    case = GOLDEN["counts"]
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(case["day"], unit="D")
    frame = counts(dict(zip(days.astype(str), case["count"], strict=True)))

    rates = rating_rates(frame.sample(frac=1, random_state=0))

    expected = np.array(case["rates"], dtype=float)
    np.testing.assert_allclose(rates["new_ratings_per_day"], expected)
    assert (rates["flag"] == "count_fell").tolist() == np.isnan(expected).tolist()


def test_a_count_that_fell_is_flagged_and_has_no_installs() -> None:
    rates = rating_rates(
        counts({"2023-02-01": 2191, "2023-02-08": 2176, "2023-02-15": None, "2023-02-22": 2190})
    )

    frame = installs(rates, Interval(50, 20, 200))

    assert frame["flag"].tolist() == ["count_fell", ""]
    assert frame["change"].tolist() == [-15, 14]
    assert frame["installs_per_week"].isna().tolist() == [True, False]
    # 14 ratings in 14 days, since a missing count is not a look-up.
    assert frame.loc[1, ["installs_per_week", "installs_low", "installs_high"]].tolist() == [
        7 * 50,
        7 * 20,
        7 * 200,
    ]
    assert set(frame["evidence_kind"]) == {"estimated"}


def test_series_do_not_run_into_each_other() -> None:
    one = counts({"2023-01-01": 10, "2023-01-02": 20})
    other = counts({"2023-01-01": 1000, "2023-01-03": 1010}, "wonder")

    rates = rating_rates(pd.concat([one, other]))

    assert rates["app_id"].tolist() == ["lensa", "wonder"]
    assert rates["new_ratings_per_day"].tolist() == [10, 5]


def test_two_counts_on_one_day_and_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="two rating counts of lensa on 2023-01-01"):
        rating_rates(pd.concat([counts({"2023-01-01": 1}), counts({"2023-01-01": 2})]))
    with pytest.raises(ValueError, match="-1"):
        rating_rates(counts({"2023-01-01": -1}))
