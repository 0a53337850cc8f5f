from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures.economics import tornado
from dashboard.figures.economics.scales import Axis
from dashboard.text import words


def drawn(swings: pd.DataFrame, base: float = 1.0, unit: str = "USD") -> go.Figure:
    return tornado.tornado_figure(swings, base, words("en"), result=Axis("Margin", unit))


def bars(figure: go.Figure) -> list[go.Bar]:
    return [trace for trace in figure.data if trace.type == "bar" and trace.base is not None]


def texts(figure: go.Figure) -> str:
    parts = [
        text
        for trace in figure.data
        if trace.type == "scatter" and trace.mode == "text"
        for text in trace.text
    ]
    return "|".join(parts).replace("\xa0", " ")


def test_the_widest_swing_stands_on_top(swings) -> None:
    names = [text.split("<br>")[0] for text in drawn(swings).layout.yaxis.ticktext]
    assert names == ["Conversion", "Half-life", "Refunds"]
    first, last = drawn(swings).layout.yaxis.range
    assert first > last


def test_bars_reach_from_the_base_to_each_end(swings) -> None:
    low, high = bars(drawn(swings))
    assert low.base == high.base == 1.0
    np.testing.assert_allclose(1.0 + np.asarray(low.x, float), [-1.0, 1.2, 1.1])
    np.testing.assert_allclose(1.0 + np.asarray(high.x, float), [3.0, 1.8, 0.9])


def test_both_ends_on_one_side_of_the_base_do_not_cover_each_other(swings) -> None:
    low, high = bars(drawn(swings))
    half_life = 1
    assert low.y[half_life] < half_life < high.y[half_life]
    apart = high.y[half_life] - low.y[half_life]
    assert apart >= (low.width[half_life] + high.width[half_life]) / 2 - 1e-9
    assert low.y[0] == high.y[0] == 0


def test_ends_are_written_with_the_value_of_the_input(swings) -> None:
    said = texts(drawn(swings))
    assert "−USD 1.00" in said
    assert "USD 3.00" in said
    assert ">2%<" in said
    assert ">6%<" in said
    assert ">90 days<" in said


def test_the_base_is_a_line_with_its_value(swings) -> None:
    figure = drawn(swings)
    assert any(shape.x0 == shape.x1 == 1.0 for shape in figure.layout.shapes)
    assert "USD 1.00" in figure.layout.annotations[0].text


def test_assumed_inputs_are_hatched(swings) -> None:
    for trace in bars(drawn(swings)):
        assert tuple(trace.marker.pattern.shape) == ("/", "", "")


def test_ends_have_room_for_their_words(swings) -> None:
    low, high = drawn(swings).layout.xaxis.range
    assert low < -1.5
    assert high > 3.5


def test_a_ratio_is_written_as_percent(swings) -> None:
    figure = drawn(swings, unit="ratio")
    assert "300%" in texts(figure)
    assert "%" in figure.layout.xaxis.tickformat


def test_no_more_than_twelve_are_drawn_and_the_others_counted(swings) -> None:
    many = pd.concat([swings] * 5, ignore_index=True)
    many.loc[0, "result_low"] = np.nan
    figure = drawn(many)
    assert len(figure.layout.yaxis.ticktext) == tornado.MOST_INPUTS
    alt = figure.layout.meta["alt"]
    assert "2 inputs that move it less are not drawn." in alt
    assert "1 input is left out" in alt


def test_the_text_names_the_input_that_moves_it_most(swings) -> None:
    alt = drawn(swings).layout.meta["alt"].replace("\xa0", " ")
    assert alt.startswith("USD 1.00 at the inputs' own values; Conversion moves it most, ")
    assert "from −USD 1.00 to USD 3.00" in alt
    assert "Assumed: Conversion." in alt


def test_an_unknown_base_or_no_range_is_said(swings) -> None:
    for figure in (drawn(swings, np.nan), drawn(swings.assign(result_low=np.nan))):
        assert not figure.data
        assert "No input has a range" in figure.layout.meta["alt"]
