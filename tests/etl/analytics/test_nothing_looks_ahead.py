"""Whatever happens after a day must not change what was measured as of that day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.analytics.currency import converted, rates_to
from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.holding_period import abnormal_turnover, holding_periods
from etl.analytics.placebo import placebo
from etl.analytics.specification_curve import SpecificationGrid, specification_curve
from tests.fixtures.walks import events_at, walks

PRICES = walks(n_bars=320)
SPEC = EventStudySpec((-2, 2), estimation=60, gap=5, factors=("BTC",))
GRID = SpecificationGrid(((0, 0), (-2, 5)), estimations=(60, 90), benchmarks=("", "ALT"))
LAST_BAR = 240


@st.composite
def futures(draw: st.DrawFn) -> Panel:
    """Return the prices with every bar after LAST_BAR shifted, altered or taken away."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values, after = PRICES.values.copy(), slice(LAST_BAR + 1, None)
    kind = draw(st.sampled_from(["noise", "shift", "gone", "holes"]))
    if kind == "noise":
        values[after] *= np.exp(rng.normal(0, 1, values[after].shape))
    elif kind == "shift":
        values[after] = np.roll(values[after], draw(st.integers(1, 70)), axis=0)
    elif kind == "gone":
        return PRICES.until(PRICES.dates[LAST_BAR])
    else:
        values[after][rng.random(values[after].shape) < 0.5] = np.nan
    return replace(PRICES, values=values)


def events(*bars: int) -> Events:
    return events_at(PRICES, list(bars), ["AAA", "BBB", "CCC", "DDD"][: len(bars)])


def equal(one: Any, other: Any) -> None:
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


@settings(max_examples=25, deadline=None)
@given(futures(), st.lists(st.integers(80, LAST_BAR - 2), min_size=3, max_size=3))
def test_an_event_study_ends_with_its_last_window(future: Panel, bars: list[int]) -> None:
    past, then = study(PRICES, events(*bars), SPEC), study(future, events(*bars), SPEC)
    equal(replace(past, common_bars=then.common_bars), then)
    assert past.aggregate.correlation == then.aggregate.correlation


@settings(max_examples=25, deadline=None)
@given(futures(), st.integers(80, LAST_BAR - 21))
def test_a_holding_return_ends_with_its_horizon(future: Panel, bar: int) -> None:
    wanted = events(bar, LAST_BAR - 20)
    past, then = study(PRICES, wanted, SPEC), study(future, wanted, SPEC)
    equal(
        holding_periods(PRICES, wanted, past, (5, 20)),
        holding_periods(future, wanted, then, (5, 20)),
    )
    equal(
        abnormal_turnover(PRICES, PRICES, wanted, past, (5, 20)),
        abnormal_turnover(future, future, wanted, then, (5, 20)),
    )


@settings(max_examples=15, deadline=None)
@given(futures(), st.integers(120, LAST_BAR - 5))
def test_a_specification_curve_ends_with_its_widest_window(future: Panel, bar: int) -> None:
    wanted = events(bar, LAST_BAR - 5, 130)
    past = specification_curve({"": PRICES}, wanted, GRID)
    then = specification_curve({"": future}, wanted, GRID)
    np.testing.assert_allclose(
        past.cumulative_abnormal_return, then.cumulative_abnormal_return, rtol=1e-9
    )
    np.testing.assert_allclose(past.table["p_value"], then.table["p_value"], rtol=1e-7)


@settings(max_examples=10, deadline=None)
@given(futures(), st.integers(0, 2**32))
def test_placebo_days_as_of_a_day_lie_before_it(future: Panel, seed: int) -> None:
    known = [panel.until(PRICES.dates[LAST_BAR]) for panel in (PRICES, future)]
    wanted = events(150, 200, 200)
    past, then = (
        placebo(
            panel,
            wanted,
            study(panel, wanted, SPEC),
            n_draws=50,
            rng=np.random.default_rng(seed),
        )
        for panel in known
    )
    equal(past, then)
    assert past.day_zero.max() <= PRICES.dates[LAST_BAR - 2]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.floats(0.1, 10))
def test_a_conversion_knows_no_later_rate(after: int, factor: float) -> None:
    days = PRICES.dates[::3]
    rate = np.linspace(0.5, 1, days.size)
    changed = np.where(days > days[after], rate * factor, rate)
    pair = (np.full(days.size, "HKD"), np.full(days.size, "USD"), days)
    currencies = dict.fromkeys(PRICES.columns, "HKD")
    past, then = (
        converted(PRICES, currencies, rates_to("USD", *pair, values), "USD")
        for values in (rate, changed)
    )
    before = PRICES.dates <= days[after]
    np.testing.assert_array_equal(past.values[before], then.values[before])
