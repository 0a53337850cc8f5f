"""Half-lives recover what was put in, keep to what look-ups can tell, and never look ahead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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


def golden() -> dict[str, Any]:
    path = Path(__file__).parents[2] / "golden" / "attention.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", golden()["decay"], ids=lambda c: f"{c['made_by']}-{c['end'][0]}")
def test_curves_equal_those_fitted_by_a_second_implementation(case):
    begin, end, value = (np.array(case[name], dtype=float) for name in ("begin", "end", "value"))
    seen = Observations(begin, end, value)
    found = decay(seen, rng())
    expected = case["fits"]
    assert found.fit is not None
    assert found.fit.model == min(expected, key=lambda name: expected[name]["aicc"])
    best = expected[found.fit.model]
    assert found.fit.half_life_days == pytest.approx(best["half_life_days"], rel=1e-4)
    for name, aicc in found.aicc.items():
        assert aicc == pytest.approx(expected[name]["aicc"], rel=1e-5, abs=1e-3)
        fit = curves._fit(seen, name)  # pyright: ignore[reportArgumentType]
        assert fit is not None
        assert fit.rss == pytest.approx(expected[name]["rss"], rel=1e-5)


def test_an_exact_exponential_has_the_half_life_of_its_logarithms():
    case = golden()["log_linear"]
    days = np.array(case["days"])
    found = decay(Observations(days, days, np.array(case["value"])), rng())
    assert found.fit is not None
    assert found.fit.half_life_days == pytest.approx(case["half_life_days"], rel=1e-4)


def test_divisions_equal_those_found_by_trying_every_one():
    case = golden()["breaks"]
    expected = case["by_number"]
    found = breaks(np.array(case["value"]), most=3)
    for number, one in expected.items():
        assert found.rss_by_number[int(number)] == pytest.approx(one["rss"], rel=1e-9)
        assert found.bic[int(number)] == pytest.approx(one["bic"], rel=1e-9)
    chosen = min(expected.values(), key=lambda one: one["bic"])
    assert [after + 1 for after in found.after] == chosen["cut"] == [13, 19]
    assert found.rss == pytest.approx(chosen["rss"])


def test_values_that_merely_vary_have_no_half_life():
    draw = np.random.default_rng(1)
    found = [attention(daily(100 + draw.normal(0, 10, 60)), rng()) for _ in range(60)]
    numbers = [one.half_life_days for one in found if np.isfinite(one.half_life_days)]
    assert len(numbers) <= 9, "no more than chance makes of a criterion without a level"
    assert sum(one.reason == "no_decay" for one in found) >= 45


def test_a_single_high_day_is_bounded_by_the_next_one():
    found = attention(daily(np.array([10, 10, 500, 10, 11, 10, 9, 10, 11, 10.0])), rng())
    assert found.reason == "finer_than_look_ups"
    assert np.isnan(found.half_life_days)
    assert found.half_life_high == 1


def test_what_was_seen_brackets_the_half_even_without_a_curve():
    begin = np.array(["2022-11-19", "2022-12-10", "2023-02-13"], dtype="datetime64[D]")
    end = np.array(["2022-11-19", "2022-12-20", "2023-02-13"], dtype="datetime64[D]")
    found = attention(Series(begin, end, np.array([840.0, 4300, 952])), rng())
    assert found.reason == "too_few_observations"
    assert (found.above_half_until_days, found.half_gone_by_days) == (0, 65)
    still_high = attention(Series(begin, end, np.array([840.0, 4300, 3000])), rng())
    assert still_high.above_half_until_days == 65
    assert np.isnan(still_high.half_gone_by_days)


def test_a_series_said_to_begin_after_its_peak_has_a_bound_alone():
    value = np.concatenate([[60.0], 100 * np.exp(-0.1 * DAYS) + 2 + noise()])
    known, said = (attention(daily(value), rng(), begins_after_peak=flag) for flag in (False, True))
    assert known.reason == ""
    assert said.reason == "begins_after_peak"
    assert np.isnan([said.half_life_days, said.half_life_low]).all()
    assert said.half_life_high == known.half_life_high


@pytest.mark.parametrize("model", ["exponential", "power"])
def test_the_bound_after_an_unseen_peak_holds_the_half_life_from_the_peak(model):
    curve, half_life = TRUE[model]
    late = attention(daily(curve(DAYS)[5:]), rng())
    assert late.reason == "begins_after_peak"
    assert late.half_life_high >= half_life * (1 - 1e-3)


def test_an_interval_is_open_where_resampled_series_do_not_fade():
    value = 100 * np.exp(-0.002 * np.arange(24.0)) + np.random.default_rng(0).normal(0, 3, 24)
    found = decay(points(value), rng())
    assert found.fit is not None
    assert np.isfinite(found.half_life_low)
    assert np.isnan(found.half_life_high)


def test_half_lives_are_counted_in_days_whatever_the_spacing():
    value = TRUE["exponential_above_level"][0](DAYS) + noise()
    weekly = Observations(7 * DAYS, 7 * DAYS, value)
    found, stretched = decay(points(value), rng()), decay(weekly, rng())
    assert found.fit is not None
    assert stretched.fit is not None
    ratio = stretched.fit.half_life_days / found.fit.half_life_days
    assert ratio == pytest.approx(7, rel=1e-3)


def test_thousands_of_days_are_divided_too():
    value = np.concatenate([np.zeros(1_500), np.full(1_500, 1.0)]) + 1e6
    assert breaks(value).after == (1_499,)
    with pytest.raises(ValueError, match="at most 10000"):
        breaks(np.zeros(10_001))
