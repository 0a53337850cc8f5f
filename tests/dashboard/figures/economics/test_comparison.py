from __future__ import annotations

import numpy as np

from dashboard.figures.economics.comparison import comparison_figure
from dashboard.text import words

EN = words("en")


def texts(figure):
    return [text.replace("\xa0", " ").strip() for trace in figure.data for text in trace.text]


def test_each_measure_has_an_axis_and_a_heading_with_its_unit(scenarios) -> None:
    figure = comparison_figure(scenarios, EN)
    headings = [note.text for note in figure.layout.annotations]
    assert headings == ["<b>Margin (USD a month)</b>", "<b>Chance (%)</b>"]
    assert {trace.xaxis for trace in figure.data} == {"x", "x2"}


def test_a_scenario_keeps_its_row_colour_and_marker(scenarios) -> None:
    scenarios.loc[3, "value"] = 0.5
    figure = comparison_figure(scenarios, EN)
    looks = {
        (trace.y[0], trace.marker.color, trace.marker.symbol)
        for trace in figure.data
        if trace.marker.color
    }
    assert len(looks) == 2


def test_intervals_are_drawn(scenarios) -> None:
    first = comparison_figure(scenarios, EN).data[0]
    np.testing.assert_allclose(first.error_x.array[0], 0.3)
    np.testing.assert_allclose(first.error_x.arrayminus[0], 0.3)


def test_a_missing_value_says_so_in_its_row(scenarios) -> None:
    figure = comparison_figure(scenarios, EN)
    assert "<i>not known</i>" in texts(figure)
    assert "Chance – as it is: 30%; small model: not known." in figure.layout.meta["alt"]


def test_the_zero_is_shown_where_it_is_near(scenarios) -> None:
    low, high = comparison_figure(scenarios, EN).layout.xaxis.range
    assert low < -0.5 < 0.7 < high
    far = scenarios.assign(value=[1000.0, 0.3, 1001.0, 0.4], low=np.nan, high=np.nan)
    assert comparison_figure(far, EN).layout.xaxis.range[0] > 900


def test_nothing_known_is_said(scenarios) -> None:
    assert not comparison_figure(scenarios.assign(value=np.nan), EN).data
    assert not comparison_figure(scenarios.iloc[:0], EN).data
