"""Channels beside their spend, by hand."""

# pyright: basic

from __future__ import annotations

import numpy as np
import pandas as pd

from etl.analytics.channels import channel_table


def table(**more):
    sizes = pd.DataFrame(
        {
            "begun_day": [0, 5, 0, 0],
            "channel": ["ads", "ads", "organic", None],
            "size": [10, 10, 4, 1],
        }
    )
    money = pd.DataFrame(
        {
            "begun_day": [0, 0, 5, 0],
            "channel": ["ads", "ads", "ads", "organic"],
            "age": [0, 7, 1, 3],
            "proceeds_usd": [5.0, 20.0, 100.0, 8.0],
        }
    )
    images = pd.DataFrame(
        {"begun_day": [0, 0], "channel": ["ads", "organic"], "age": [0, 2], "n_images": [100, 40]}
    )
    spend = pd.DataFrame(
        {"begun_day": [0, 5], "channel": ["ads", "ads"], "spend_usd": [20.0, 30.0]}
    )
    given = {"last_day": 10, "horizon": 7, "cost_per_image_usd": 0.01} | more
    found = channel_table(sizes, money, images, spend, **given)
    return found.set_index(found["channel"].fillna("unknown"))


def test_figures_by_age_take_only_days_that_have_reached_it():
    row = table().loc["ads"]
    assert row["spend_usd"] == 50
    assert row["cost_per_install_usd"] == 2.5
    assert row["roas_0"] == 5 / 50
    # Users of day 5 are five days old: neither their money nor their spend counts at age 7.
    assert row["roas_7"] == 25 / 20
    assert np.isnan(row["roas_30"])
    assert row["payback_day"] == 1
    assert row["n_complete"] == 10
    assert row["proceeds_per_install_usd"] == 2.5
    assert row["compute_per_install_usd"] == 0.1
    assert row["contribution_per_install_usd"] == 2.5 - 0.1 - 2.0


def test_organic_users_cost_nothing_but_compute():
    row = table().loc["organic"]
    assert row["reason"] == "organic"
    assert np.isnan(row["payback_day"])
    assert np.isnan(row["cost_per_install_usd"])
    assert row["contribution_per_install_usd"] == 2.0 - 0.1


def test_users_without_a_channel_stand_apart():
    row = table().loc["unknown"]
    assert (row["installs"], row["reason"]) == (1, "organic")


def test_without_full_time_there_is_no_contribution():
    row = table(last_day=3).loc["ads"]
    assert row["reason"] == "no_user_with_full_time"
    assert np.isnan(row["contribution_per_install_usd"])


def test_what_never_comes_back_is_said():
    assert table(last_day=6, horizon=6).loc["ads", "reason"] == ""
    cheap = table(horizon=0).loc["ads"]
    assert np.isnan(cheap["payback_day"])
    assert cheap["reason"] == "not_paid_back"
