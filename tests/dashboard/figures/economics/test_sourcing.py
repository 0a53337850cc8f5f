from __future__ import annotations

import numpy as np

from dashboard.figures.economics.sourcing import sourcing_figure
from dashboard.text import words

EN = words("en")


def test_both_axes_are_logarithmic(sourcing) -> None:
    figure = sourcing_figure(*sourcing, "USD", EN)
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert figure.layout.xaxis.range[0] < 1
    assert figure.layout.xaxis.range[1] > 6


def test_bands_end_where_another_way_becomes_the_cheapest(sourcing) -> None:
    shapes = sourcing_figure(*sourcing, "USD", EN).layout.shapes
    np.testing.assert_allclose([shapes[0].x1, shapes[1].x0], 25_000)
    assert shapes[0].x0 < 10
    assert shapes[1].x1 > 1e6


def test_bands_are_named_above_the_plot_in_the_colour_of_their_curve(sourcing) -> None:
    figure = sourcing_figure(*sourcing, "USD", EN)
    names = {note.text: note for note in figure.layout.annotations}
    assert {"<b>own a server</b>", "<b>an interface</b>"} <= set(names)
    assert all(note.yref == "paper" and note.y == 1 for note in names.values())
    fills = [shape.fillcolor for shape in figure.layout.shapes]
    assert "213, 94, 0" in fills[0]
    assert "0, 114, 178" in fills[1]


def test_values_without_a_place_are_left_out(sourcing) -> None:
    curves, intervals = sourcing
    curves = curves.assign(cost_per_1000=curves["cost_per_1000"].where(curves["option"] == "api"))
    figure = sourcing_figure(curves, intervals, "USD", EN)
    assert [trace.name for trace in figure.data] == ["an interface"]


def test_the_evidence_stands_in_the_legend(sourcing) -> None:
    curves, intervals = sourcing
    figure = sourcing_figure(curves.assign(evidence_kind="assumed"), intervals, "USD", EN)
    assert figure.data[0].name == "own a server (assumed)"


def test_the_text_names_the_cheapest_way_of_each_stretch(sourcing) -> None:
    alt = sourcing_figure(*sourcing, "USD", EN).layout.meta["alt"]
    assert "an interface is the cheapest up to 25,000 pictures a day." in alt
    assert "own a server is the cheapest from 25,000 pictures a day on." in alt


def test_one_way_may_be_the_cheapest_throughout_or_between(sourcing) -> None:
    curves, intervals = sourcing
    one = intervals.iloc[[0]]
    alone = sourcing_figure(curves, one.assign(to_images_per_day=np.nan), "USD", EN)
    assert "an interface is the cheapest throughout." in alone.layout.meta["alt"]
    between = one.assign(from_images_per_day=100, to_images_per_day=5000)
    alt = sourcing_figure(curves, between, "USD", EN).layout.meta["alt"]
    assert "from 100 to 5,000 pictures a day" in alt


def test_intervals_beyond_the_axis_are_not_drawn(sourcing) -> None:
    curves, intervals = sourcing
    beyond = intervals.assign(from_images_per_day=1e12, to_images_per_day=np.inf)
    assert not sourcing_figure(curves, beyond, "USD", EN).layout.shapes


def test_nothing_known_is_said(sourcing) -> None:
    curves, intervals = sourcing
    figure = sourcing_figure(curves.assign(cost_per_1000=np.nan), intervals, "USD", EN)
    assert "No way to have the machines" in figure.layout.meta["alt"]
