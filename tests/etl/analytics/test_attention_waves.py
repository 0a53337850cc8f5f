"""The wave table: peaks between look-ups, half-lives or bounds, and what was left."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from etl.analytics.attention_waves import COLUMNS, curve, wave_table


def rates(values: list[float], every: int = 7, app: str = "A") -> pd.DataFrame:
    edges = pd.date_range("2022-12-01", periods=len(values) + 1, freq=f"{every}D")
    return pd.DataFrame(
        {
            "app_id": app,
            "previous_on": edges[:-1],
            "observed_on": edges[1:],
            "new_ratings_per_day": values,
        }
    )


SLOW = [10.0, *(100 * np.exp(-0.02 * 7 * np.arange(60)))]


def test_a_wave_has_its_peak_half_life_and_what_was_left():
    table = wave_table(rates(SLOW), ["app_id"])
    assert list(table.columns) == ["app_id", *COLUMNS]
    row = table.iloc[0]
    assert (row["peak_begin"], row["peak_end"]) == (
        pd.Timestamp("2022-12-08"),
        pd.Timestamp("2022-12-15"),
    )
    assert row["half_life_days"] == pytest.approx(np.log(2) / 0.02, rel=0.01)
    assert row["left_30_kind"] == row["left_365_kind"] == "measured"
    assert row["left_30"] == pytest.approx(np.exp(-0.02 * 28))


def test_a_day_between_look_ups_that_are_missing_is_estimated_from_the_curve():
    holed = rates(SLOW)
    holed.loc[holed["previous_on"].between("2022-12-30", "2023-01-12"), "new_ratings_per_day"] = (
        np.nan
    )
    row = wave_table(holed, ["app_id"]).iloc[0]
    assert row["left_30_kind"] == "estimated"
    assert row["left_30"] == pytest.approx(np.exp(-0.02 * 30), rel=0.05)


def test_what_lies_after_the_last_look_up_is_not_told():
    row = wave_table(rates(SLOW[:12]), ["app_id"]).iloc[0]
    assert np.isnan(row["left_90"])
    assert row["left_90_kind"] == ""


def test_a_series_that_begins_after_its_peak_has_a_bound():
    row = wave_table(rates(SLOW[1:]), ["app_id"]).iloc[0]
    assert row["reason"] == "begins_after_peak"
    assert np.isnan(row["half_life_days"])
    assert np.isfinite(row["half_life_high"])


def test_series_are_told_apart_and_do_not_touch_each_other():
    alone = wave_table(rates(SLOW), ["app_id"])
    both = wave_table(pd.concat([rates(SLOW), rates([5.0, 9.0, 1.0], app="B")]), ["app_id"])
    pd.testing.assert_frame_equal(both.iloc[:1], alone)
    assert both["reason"].tolist() == ["", "too_few_observations"]


def test_the_curve_of_a_wave_is_given_by_day_and_only_where_there_is_one():
    drawn = curve(rates(SLOW), days=30)
    assert drawn["date"].iloc[0] == pd.Timestamp("2022-12-08")
    assert len(drawn) == 31
    assert drawn["new_ratings_per_day"].is_monotonic_decreasing
    assert curve(rates([1.0, 2.0, 3.0])).empty
