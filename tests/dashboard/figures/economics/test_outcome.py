from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures import theme
from dashboard.figures.economics.outcome import Odds, histogram, outcome_figure
from dashboard.text import words

EN = words("en")
ODDS = Odds(0.8, -90.0, 300.0, 0.64, is_greyed=False)


def drawn(draws, odds=ODDS):
    return outcome_figure(histogram(draws), odds, "USD", EN, title="Contribution")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_bins_hold_all_draws_but_the_tails_and_never_straddle_zero(values) -> None:
    bins = histogram(np.asarray(values))
    assert 0.98 <= bins["share"].sum() <= 1 + 1e-9
    low, high = bins["bin_low"].to_numpy(), bins["bin_high"].to_numpy()
    width = high - low
    assert (width > 0).all()
    straddle = (low < -1e-6 * width) & (high > 1e-6 * width)
    assert not straddle.any()


def test_bins_are_counted_as_numpy_counts(draws) -> None:
    bins = histogram(draws)
    edges = [*bins["bin_low"], bins["bin_high"].iloc[-1]]
    np.testing.assert_allclose(bins["share"], np.histogram(draws, edges)[0] / draws.size)


def test_a_draw_far_off_leaves_room_for_the_others(draws) -> None:
    bins = histogram(np.append(draws, 1e12))
    assert bins["bin_high"].max() < 1e4


def test_equal_or_missing_draws_have_bins_too() -> None:
    assert histogram(np.full(10, 5.0))["share"].sum() == pytest.approx(1)
    assert histogram(np.zeros(10))["share"].sum() == pytest.approx(1)
    assert histogram(np.asarray([np.nan])).empty


def test_losses_and_profits_stand_on_their_sides_of_the_zero_line(draws) -> None:
    figure = drawn(draws)
    loss, profit = figure.data[:2]
    assert (loss.name, profit.name) == ("▼ loss", "▲ profit")
    assert max(loss.x) < 0 < min(profit.x)
    assert any(shape.x0 == shape.x1 == 0 for shape in figure.layout.shapes)


def test_the_middle_of_the_draws_is_a_band(draws) -> None:
    band = drawn(draws).data[2]
    assert tuple(band.x) == (-90.0, 300.0)


def test_the_probability_is_written(draws) -> None:
    note = drawn(draws).layout.annotations[0].text.replace("\xa0", " ").replace("<br>", " ")
    assert note == (
        "Probability of a profit: 80%. 90% of the draws lie between −USD 90.00 and USD 300.00."
    )


def test_it_is_grey_where_assumptions_carry_most_and_says_so(draws) -> None:
    figure = drawn(draws, replace(ODDS, is_greyed=True))
    colors = {trace.marker.color for trace in figure.data[:2]}
    assert theme.BLUE not in colors
    assert theme.ORANGE not in colors
    assert len(colors) == 2
    assert "assumed inputs carry 64% of the variance" in figure.layout.meta["alt"]
    assert "Grey" not in drawn(draws).layout.meta["alt"]


def test_draws_beyond_the_ends_are_counted(draws) -> None:
    assert "of the draws lie beyond the ends" in drawn(draws).layout.meta["alt"]


def test_no_probability_is_said(draws) -> None:
    figure = drawn(draws, replace(ODDS, probability=None))
    assert not figure.data
    assert "nothing can be said" in figure.layout.meta["alt"]
    assert not drawn(np.asarray([])).data
