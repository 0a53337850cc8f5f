"""Models of paying: they find what is there, judge on later users, and refuse too little."""

# pyright: basic

from __future__ import annotations

import numpy as np
import pandas as pd

from etl.analytics.drivers import drivers


def users(n: int, rng: np.random.Generator, effect: float = 1.5) -> pd.DataFrame:
    images = rng.poisson(3, n)
    country = rng.choice(["JP", "US", None], n)
    odds = -3.2 + effect * (images > 4) + 0.8 * (country == "JP")
    return pd.DataFrame(
        {
            "begun_day": np.sort(rng.integers(0, 100, n)),
            "n_images": images,
            "n_sessions": 1,
            "wait_seconds": np.where(rng.random(n) < 0.2, np.nan, rng.exponential(20, n)),
            "n_paywalls": rng.integers(0, 2, n),
            "country": country,
            "channel": rng.choice(["ads", "organic"], n),
            "platform": "ios",
            "paid_on_first_day": (rng.random(n) < 0.02).astype(int),
            "paid": (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int),
        }
    )


def test_what_goes_along_with_paying_is_found_on_later_users():
    found = drivers(users(12_000, np.random.default_rng(0)))
    assert found.reason == ""
    assert found.n_train + found.n_test + found.n_left_out == 12_000
    scores = found.scores.set_index("model")
    for model in ("logistic", "boosting"):
        assert scores.loc[model, "roc_auc"] > 0.6
        assert scores.loc[model, "log_loss"] < scores.loc["share", "log_loss"]
        bins = found.calibration[found.calibration["model"] == model]
        assert bins["n"].sum() == found.n_test
        assert bins["predicted"].is_monotonic_increasing
        assert (bins["predicted"] - bins["observed"]).abs().max() < 0.05
    assert set(found.importance["feature"].iloc[:2]) == {"n_images", "country"}
    odds = found.odds.set_index("feature")["odds_ratio"]
    assert odds["country_JP"] > odds["country_US"]
    assert odds["n_images"] > 1.2


def test_nothing_is_found_where_nothing_is():
    rng = np.random.default_rng(1)
    frame = users(8_000, rng).assign(paid=(rng.random(8_000) < 0.05).astype(int))
    scores = drivers(frame).scores.set_index("model")
    assert abs(scores.loc["logistic", "roc_auc"] - 0.5) < 0.06


def test_the_split_is_by_time_and_the_outcome_repeats():
    frame = users(6_000, np.random.default_rng(2))
    one, other = drivers(frame, seed=3), drivers(frame, seed=3)
    pd.testing.assert_frame_equal(one.scores, other.scores)
    later = frame[(frame["begun_day"] >= one.split_day) & (frame["paid_on_first_day"] == 0)]
    assert one.n_test == len(later)


def test_too_little_is_refused_with_its_reason():
    few = users(300, np.random.default_rng(0), effect=0).assign(paid=0)
    assert drivers(few).reason == "too_few_payers"
    assert drivers(few.iloc[:0]).reason == "no_users"
