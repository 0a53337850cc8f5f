"""Half-lives recover what was put in, keep to what look-ups can tell, and never look ahead."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import curve_fit

from etl.analytics import decay as curves
from etl.analytics.attention import Series, attention
from etl.analytics.change_points import breaks
from etl.analytics.decay import MODELS, Observations, decay

START = np.datetime64("2022-12-01")
DAYS = np.arange(60.0)


def points(value: np.ndarray) -> Observations:
    days = np.arange(value.size, dtype=float)
    return Observations(days, days, value)


def daily(value: np.ndarray, start: np.datetime64 = START) -> Series:
    days = start + np.arange(value.size)
    return Series(days, days, value)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def noise(size: int = 60, sigma: float = 0.5) -> np.ndarray:
    return np.random.default_rng(0).normal(0, sigma, size)


TRUE = {
    "exponential": (lambda t: 100 * np.exp(-0.1 * t), np.log(2) / 0.1),
    "exponential_above_level": (lambda t: 20 + 100 * np.exp(-0.1 * t), np.log(2) / 0.1),
    "power": (lambda t: 100 * (1 + t) ** -0.8, 2 ** (1 / 0.8) - 1),
    "bass": (lambda t: 100 / np.cosh(0.1 * t) ** 2, 2 * np.arccosh(np.sqrt(2)) / 0.2),
}


@pytest.mark.parametrize("model", ["exponential_above_level", "power", "bass"])
def test_the_curve_that_made_the_series_is_chosen_and_its_half_life_found(model):
    curve, half_life = TRUE[model]
    found = decay(points(curve(DAYS) + noise()), rng())
    assert found.fit is not None
    assert found.fit.model == model
    assert found.fit.half_life_days == pytest.approx(half_life, rel=0.03)
    assert found.half_life_low < found.fit.half_life_days < found.half_life_high


@pytest.mark.parametrize("model", MODELS)
def test_least_squares_equal_those_of_scipy(model):
    curve, _ = TRUE[model]
    value = curve(DAYS) + noise()
    shape = curves._POINT[model]
    fit = curves._fit(points(value), model)
    assert fit is not None
    if model == "exponential_above_level":
        peer, _ = curve_fit(lambda t, a, k, c: a * shape(t, k) + c, DAYS, value, (90, 0.2, 10))
        assert fit.level == pytest.approx(peer[2], rel=1e-3)
    else:
        peer, _ = curve_fit(lambda t, a, k: a * shape(t, k), DAYS, value, (90, 0.3))
    assert (fit.scale, fit.rate) == pytest.approx(tuple(peer[:2]), rel=1e-3)
    rss = float(((value - fit.at(DAYS)) ** 2).sum())
    assert fit.rss == pytest.approx(rss)
    k = 4 if model == "exponential_above_level" else 3
    aicc = 60 * np.log(rss / 60) + 2 * k + 2 * k * (k + 1) / (60 - k - 1)
    assert fit.aicc == pytest.approx(aicc)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rate", [0.05, 0.5, 1.0, 2.0])
def test_a_mean_over_a_stretch_is_the_integral_of_the_curve(model, rate):
    seen = Observations(np.array([0.0, 7.0]), np.array([7.0, 10.0]), np.ones(2))
    mean = curves._mean_shape(model, seen, np.array([[rate]]))[0, 0]
    shape = curves._POINT[model]
    for got, (a, b) in zip(mean, ((0, 7), (7, 10)), strict=True):
        area, _ = quad(lambda t: float(shape(np.asarray(t), np.asarray(rate))), a, b)
        assert got == pytest.approx(area / (b - a), rel=1e-8)


def test_uneven_means_give_the_half_life_that_daily_values_give():
    edges = np.array([0, 3, 10, 17, 40, 55, 60])
    begin, end = edges[:-1].astype(float), edges[1:].astype(float)
    means = 100 * (np.exp(-0.1 * begin) - np.exp(-0.1 * end)) / 0.1 / (end - begin)
    found = decay(Observations(begin, end, means), rng())
    assert found.fit is not None
    assert found.fit.half_life_days == pytest.approx(np.log(2) / 0.1, rel=1e-3)


def test_a_series_that_begins_with_its_peak_has_a_bound_alone():
    found = attention(daily(100 * np.exp(-0.1 * DAYS) + 2 + noise()), rng())
    assert found.reason == "begins_after_peak"
    assert np.isnan(found.half_life_days)
    assert np.isnan(found.half_life_low)
    assert 6.5 < found.half_life_high < 8


def test_what_goes_faster_than_the_look_ups_is_bounded_by_them():
    begin = START + np.arange(0, 70, 7)
    value = np.array([1, 100, 9, 4, 3, 2, 1.5, 1.2, 1, 0.9])
    found = attention(Series(begin, begin + 7, value), rng())
    assert found.reason == "finer_than_look_ups"
    assert np.isnan(found.half_life_days)
    assert found.half_life_high == 14, "the end of the first stretch below half of the highest"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.full(20, 3.0), "does_not_vary"),
        (np.arange(1.0, 21.0), "peak_is_last"),
        (np.array([1.0, 9.0, 5.0, 2.0]), "too_few_observations"),
        (np.array([5.0]), "peak_is_last"),
    ],
)
def test_where_nothing_fades_the_reason_stands_in_place_of_a_number(value, reason):
    found = attention(daily(value), rng())
    assert found.reason == reason
    assert np.isnan([found.half_life_days, found.half_life_low, found.half_life_high]).all()
    assert np.isnan(found.forecast(np.arange(3))[0]).all()


@pytest.mark.parametrize(
    ("value", "said"),
    [([1.0, -1.0], "-1"), ([1.0, np.inf], "inf"), ([1.0, np.nan], "nan"), ([], "no observation")],
)
def test_values_that_cannot_be_are_refused_with_their_day(value, said):
    with pytest.raises(ValueError, match=said):
        daily(np.array(value))


def test_days_out_of_order_or_twice_are_refused():
    days = np.array([START, START])
    with pytest.raises(ValueError, match="not in order"):
        Series(days, days, np.ones(2))


@settings(max_examples=15, deadline=None)
@given(
    later=st.lists(st.floats(0, 1e6), min_size=30, max_size=30),
    factor=st.floats(0.01, 100),
)
def test_later_values_change_nothing_as_known_on_a_day_and_scale_does_not_matter(later, factor):
    rise = np.array([10.0, 40.0])
    value = np.concatenate([rise, 100 * np.exp(-0.1 * np.arange(28.0)) + 3 + noise(28)])
    whole = daily(np.concatenate([value, np.array(later)]))
    known = attention(daily(value), rng())
    again = attention(whole.until(START + np.timedelta64(29, "D")), rng())
    assert again.half_life_days == known.half_life_days
    assert again.breaks == known.breaks
    scaled = attention(daily(value * factor), rng())
    assert scaled.half_life_days == pytest.approx(known.half_life_days, rel=1e-6)


def test_the_band_of_a_forecast_holds_the_curve():
    value = np.concatenate([[10.0], 100 * np.exp(-0.1 * np.arange(40.0)) + 3 + noise(40)])
    found = attention(daily(value), rng())
    value, low, high = found.forecast(np.arange(0, 90))
    assert (low <= value + 1e-9).all()
    assert (value <= high + 1e-9).all()
    assert found.share_left(0) == 1
    assert 0 < found.share_left(30) < 0.2


def test_the_nile_breaks_once_where_strucchange_says(reference):
    case = json.loads((reference / "attention/nile_one_break.json").read_text())
    found = breaks(np.array(case["y"], dtype=float))
    assert [after + 1 for after in found.after] == [case["break_after"]]
    assert found.rss == pytest.approx(case["rss"], abs=1e-3)
    assert [(s.first, s.last) for s in found.segments] == [(0, 27), (28, 99)]


def test_a_constant_or_short_series_has_no_break():
    assert breaks(np.full(10, 3.0)).after == ()
    assert breaks(np.array([1.0, 2.0])).after == ()
    with pytest.raises(ValueError, match="missing or infinite"):
        breaks(np.array([1.0, np.nan]))


def test_every_position_can_be_a_break():
    value = np.concatenate([np.zeros(13), np.full(20, 5.0)])
    assert breaks(value).after == (12,)
