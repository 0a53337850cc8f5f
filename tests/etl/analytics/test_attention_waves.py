"""The wave table: peaks between look-ups, half-lives or bounds, and what was left."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from etl import corrections
from etl.analytics.attention_waves import COLUMNS, curve, wave_table
from etl.analytics.rating_rates import rating_rates
from etl.config import bundled_dir
from etl.sources import Request, app_rating_counts, disclosed_facts


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


def test_a_rate_over_a_long_stretch_is_no_measurement_of_one_day():
    held = rates(SLOW[:14])
    gap = {
        "app_id": "A",
        "previous_on": held["observed_on"].iloc[-1],
        "observed_on": held["observed_on"].iloc[-1] + pd.Timedelta(days=725),
        "new_ratings_per_day": 0.4,
    }
    row = wave_table(pd.concat([held, pd.DataFrame([gap])]), ["app_id"]).iloc[0]
    assert row["left_30_kind"] == row["left_90_kind"].replace("estimated", "measured")
    assert row["left_365_kind"] == "estimated"
    assert row["left_365"] == pytest.approx(np.exp(-0.02 * 365), rel=0.1)


def test_what_is_not_told_has_a_reason():
    row = wave_table(rates(SLOW[:12]), ["app_id"]).iloc[0]
    assert (row["left_30_reason"], row["left_90_reason"]) == ("", "after_last_look_up")
    few = wave_table(rates([5.0, 9.0, 8.0, 1.0], every=40), ["app_id"]).iloc[0]
    assert few["left_30_reason"] == "no_close_look_up_and_no_curve"


def test_what_others_estimated_is_never_called_measured():
    row = wave_table(rates(SLOW).assign(evidence_kind="estimated"), ["app_id"]).iloc[0]
    assert row["peak_kind"] == row["half_life_kind"] == row["left_30_kind"] == "estimated"
    assert wave_table(rates(SLOW), ["app_id"]).iloc[0]["peak_kind"] == "measured"


def test_rates_that_are_missing_are_counted():
    holed = rates(SLOW)
    holed.loc[[5, 9], "new_ratings_per_day"] = np.nan
    row = wave_table(holed, ["app_id"]).iloc[0]
    assert row["n_left_out"] == 2
    assert row["n_observations"] == len(SLOW) - 2


@pytest.fixture(scope="module")
def norway() -> pd.DataFrame:
    """Waves of the bundled Norwegian rating counts, corrected, by app."""
    bundled = bundled_dir()
    raw = app_rating_counts.fetch(Request(True, bundled, datetime(2026, 11, 1, tzinfo=UTC)))
    counts, taken_out = corrections.apply(
        app_rating_counts.INFO.table, app_rating_counts.parse(raw), bundled
    )
    assert taken_out["reason"].str.contains("world-wide").all()
    frame = counts.assign(
        observed_on=pd.to_datetime(counts["observed_on"]),
        rating_count=pd.to_numeric(counts["rating_count"]).astype(float),
    )
    return wave_table(rating_rates(frame), ["app_id"]).set_index("app_id")


LENSA, FACEAPP = "1436732536", "1180884341"


def test_lensa_in_norway_begins_after_its_peak_and_has_lost_half_within_two_weeks(norway):
    row = norway.loc[LENSA]
    assert row["peak_begin"] == pd.Timestamp("2022-12-08")
    assert row["peak_per_day"] == pytest.approx((1937 - 1330) / 7)
    assert row["reason"] == "begins_after_peak"
    assert np.isnan(row["half_life_days"])
    assert row["half_life_high"] == row["half_gone_by_days"] == 14
    assert row["half_life_kind"] == row["left_30_kind"] == "measured"
    assert row["left_30"] == pytest.approx(20 / 7 / (607 / 7), rel=0.3)
    assert row["n_left_out"] == 5


def test_faceapp_peaks_in_april_2023_since_its_world_wide_count_is_taken_out(norway):
    assert norway.loc[FACEAPP, "peak_begin"] == pd.Timestamp("2023-04-22")


def test_every_app_held_has_a_half_life_a_bound_or_a_reason(norway):
    assert len(norway) >= 10
    told = np.isfinite(norway["half_life_days"]) | norway["reason"].ne("")
    assert told.all()


def test_the_published_basket_of_avatar_apps_is_bracketed_by_its_three_figures():
    bundled = bundled_dir()
    facts = disclosed_facts.parse(
        disclosed_facts.fetch(Request(True, bundled, datetime(2026, 11, 1, tzinfo=UTC)))
    )
    daily = facts[
        facts["metric"].eq("downloads")
        & facts["unit"].eq("count/day")
        & facts["entity"].str.startswith("AI photo apps basket")
    ]
    published = pd.DataFrame(
        {
            "entity": daily["entity"],
            "previous_on": pd.to_datetime(daily["period_start"]),
            "observed_on": pd.to_datetime(daily["period_end"]),
            "new_ratings_per_day": pd.to_numeric(daily["value"]).astype(float),
            "evidence_kind": daily["evidence_kind"],
        }
    )
    row = wave_table(published, ["entity"]).iloc[0]
    assert (row["n_observations"], row["peak_per_day"]) == (3, 4.3e6)
    assert row["reason"] == "too_few_observations"
    assert row["half_gone_by_days"] == 65, "10 December 2022 to 13 February 2023"
    assert row["peak_kind"] == "estimated"
