from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.economics import scales
from dashboard.text import words

EN, ZH = words("en"), words("zh")


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (6.99, "USD", "USD 6.99"),
        (0.0031, "USD", "USD 0.0031"),
        (0.03, "USD", "USD 0.03"),
        (-1_300_000, "USD/month", "−USD 1,300,000 a month"),
        (1_234_567, "USD", "USD 1,235,000"),
        (0.045, "ratio", "4.5%"),
        (1.0, "ratio", "100%"),
        (0.00012, "ratio", "0.012%"),
        (12_000, "count", "12,000"),
        (9.6e6, "count", "9.6M"),
        (320_000, "count/day", "320K a day"),
        (94.37, "seconds", "94.4 s"),
        (90, "days", "90 days"),
        (1.25, "CNY/payer/month", "CNY 1.25 a month"),
        (0.004, "CNY/image", "CNY 0.004"),
        (0.08, "ratio/month", "8% a month"),
        (-0.0, "count", "0"),
    ],
)
def test_a_value_is_written_with_its_unit_and_the_figures_that_matter(value, unit, said) -> None:
    assert plain(scales.write(EN, value, unit)) == said


def test_large_counts_are_grouped_as_each_language_does() -> None:
    assert scales.short(ZH, 9_600_000) == "960万"
    assert scales.short(ZH, -1_200_000_000) == "−12亿"
    assert scales.tick_text(ZH, 20_000, "count") == "2万"
    assert scales.tick_text(EN, 20_000, "count") == "20K"


def test_a_missing_value_is_a_dash_and_never_zero() -> None:
    assert scales.write(EN, None, "USD") == "–"
    assert scales.write(EN, np.nan, "ratio") == "–"


def test_a_gain_bears_its_sign_where_that_is_asked() -> None:
    assert plain(scales.write(EN, 0.35, "USD", signed=True)) == "+USD 0.35"
    assert plain(scales.write(EN, -0.35, "USD", signed=True)) == "−USD 0.35"
    assert scales.write(EN, 3, "days", signed=True) == "+3 days"


def test_a_unit_is_named_beside_its_axis() -> None:
    assert scales.Axis("Margin", "USD/month").heading(EN) == "Margin (USD a month)"
    assert scales.Axis("Share", "ratio").heading(EN) == "Share (%)"
    assert scales.Axis("Users").heading(EN) == "Users"
    assert scales.Axis("Speed", "images/s").heading(EN) == "Speed (images/s)"


def test_an_absent_column_is_an_error_and_an_optional_one_is_missing() -> None:
    frame = pd.DataFrame({"a": [1, None], "b": ["x", np.inf]})
    np.testing.assert_equal(scales.values(frame, "a"), [1, np.nan])
    assert np.isnan(scales.values(frame, "b")).all()
    assert np.isnan(scales.values(frame, "low", optional=True)).all()
    with pytest.raises(ValueError, match="expected low"):
        scales.values(frame, "low")


@given(st.floats(-6, 9), st.floats(0.05, 12))
def test_logarithmic_ticks_lie_within_their_axis_and_rise(low: float, decades: float) -> None:
    ends = 10**low, 10 ** (low + decades)
    ticks = scales.log_ticks(*ends)
    assert 2 <= len(ticks) <= 14
    assert ticks == sorted(set(ticks))
    assert ticks[0] >= ends[0] * 0.99
    assert ticks[-1] <= ends[1] * 1.01


@given(st.floats(-1e9, 1e9), st.floats(1e4, 1e9))
def test_linear_ticks_lie_within_their_axis(low: float, span: float) -> None:
    axis = scales.linear_axis(EN, low, low + span, "USD")
    assert axis["range"] == [low, low + span]
    ticks = axis.get("tickvals", [])
    slack = 1e-9 * (abs(low) + span)
    assert all(low - slack <= tick <= low + span + slack for tick in ticks)
    assert len(ticks) == len(axis.get("ticktext", [])) <= 12


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0, 300), st.floats(0, 300))
def test_labels_have_room_on_both_sides(low, span, left, right) -> None:
    begin, end = scales.with_room(low, low + span, left, right)
    assert begin <= low <= low + span <= end
    assert end > begin
    if left + right < 0.7 * scales.NARROW_PLOT_PX and span > 1:
        px = (end - begin) / scales.NARROW_PLOT_PX
        assert (low - begin) / px >= left - 1e-3
        assert (end - low - span) / px >= right - 1e-3


def test_labels_that_would_overlap_stand_in_lanes_of_their_own() -> None:
    assert scales.lanes([0.5, 0.51, 0.99], ["a long label"] * 3) == [0, 1, 0]
    assert scales.lanes([], []) == []


def test_lines_cross_where_they_are_equal() -> None:
    x = np.asarray([0.0, 10.0, 20.0])
    found = scales.crossings(x, np.asarray([0.0, 10, 20]), np.asarray([5.0, 5, 5]))
    np.testing.assert_allclose(found, [(5.0, 5.0)])
    gap = scales.crossings(x, np.asarray([0.0, np.nan, 20]), np.asarray([5.0, 5, 5]))
    assert gap == []


def test_a_crossing_at_the_last_point_is_found_too() -> None:
    x = np.asarray([0.0, 10.0])
    assert scales.crossings(x, np.asarray([0.0, 5.0]), np.asarray([5.0, 5.0])) == [(10.0, 5.0)]


def test_months_are_dates_or_numbers() -> None:
    assert scales.month_text(EN, pd.Timestamp("2022-12-01")) == "2022-12"
    assert scales.month_text(EN, np.int64(3)) == "month 3"
    assert scales.is_calendar(pd.Series(pd.to_datetime(["2022-12-01"])))
    assert not scales.is_calendar(pd.Series([1, 2]))
