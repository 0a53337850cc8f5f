from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.figures.economics.waits import waits_figure
from dashboard.text import words

EN = words("en")


def lines(figure):
    return {trace.name: trace for trace in figure.data if trace.mode == "lines"}


def test_each_tier_is_a_curve_that_names_its_evidence(waits) -> None:
    figure = waits_figure(*waits, {}, EN)
    assert set(lines(figure)) == {"paying users (measured)", "free users (simulated)"}


def test_those_who_do_not_wait_stand_at_zero(waits) -> None:
    figure = waits_figure(*waits, {}, EN)
    at_zero = [trace for trace in figure.data if trace.mode == "lines+markers"]
    np.testing.assert_allclose([trace.y[1] for trace in at_zero], [0.75, 0.2])
    assert all(tuple(trace.x) == (0, 0) for trace in at_zero)


def test_quantiles_are_marked_and_written(waits) -> None:
    figure = waits_figure(*waits, {}, EN)
    marks = {(trace.x[0], trace.y[0]) for trace in figure.data if trace.mode == "markers"}
    assert marks == {(0.0, 0.5), (6.4, 0.95), (4.2, 0.5), (25.0, 0.95)}
    assert {"p50 0 s", "p95 25 s"} <= {note.text for note in figure.layout.annotations}


def test_marks_of_a_simulation_are_hollow(waits) -> None:
    figure = waits_figure(*waits, {}, EN)
    fills = {trace.y[0]: trace.marker for trace in figure.data if trace.name and (
        trace.mode == "markers" and "free" in trace.name
    )}  # fmt: skip
    assert all(mark.color != mark.line.color for mark in fills.values())


def test_a_promise_is_a_dashed_line_of_its_tier(waits) -> None:
    figure = waits_figure(*waits, {"paid": 10.0, "free": np.nan}, EN)
    assert [(shape.x0, shape.line.dash) for shape in figure.layout.shapes] == [(10.0, "dash")]
    assert "promise to paying users: 10 s" in {note.text for note in figure.layout.annotations}


def test_promises_close_together_are_named_in_two_lines(waits) -> None:
    figure = waits_figure(*waits, {"paid": 10.0, "free": 12.0}, EN)
    heights = [note.yshift for note in figure.layout.annotations if "promise" in note.text]
    assert len(set(heights)) == 2


def test_a_hundredfold_range_stands_on_a_logarithmic_axis_with_zero_left_of_it(waits) -> None:
    distribution, marks = waits
    wide = distribution.assign(wait_seconds=distribution["wait_seconds"] ** 2)
    figure = waits_figure(wide, marks, {"paid": 10.0}, EN)
    axis = figure.layout.xaxis
    assert axis.ticktext[0] == "0"
    assert axis.tickvals[0] < axis.tickvals[1]
    np.testing.assert_allclose(figure.layout.shapes[0].x0, 1.0)
    places = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    np.testing.assert_allclose(places["100"], 2.0)


def test_the_text_says_whether_promises_are_kept(waits) -> None:
    alt = waits_figure(*waits, {"paid": 10.0, "free": 12.0}, EN).layout.meta["alt"]
    assert "paying users: half wait at most 0 s; the 95% wait is 6.4 s." in alt
    assert "The promise of 10 s is kept." in alt
    assert "The promise of 12 s is broken." in alt


def test_a_quantile_that_is_not_known_has_no_mark_and_no_verdict(waits) -> None:
    distribution, marks = waits
    marks.loc[1, "p95"] = np.nan
    figure = waits_figure(distribution, marks, {"free": 12.0}, EN)
    alt = figure.layout.meta["alt"]
    assert "the 95% wait is not known" in alt
    assert "promise" not in alt
    assert not any(note.text.startswith("p95 25") for note in figure.layout.annotations)


def test_marks_without_a_curve_name_their_tier_once(waits) -> None:
    distribution, marks = waits
    paid = distribution.loc[distribution["tier"] == "paid"]
    figure = waits_figure(paid, marks, {}, EN)
    named = [
        trace for trace in figure.data
        if trace.name == "free users (simulated)" and trace.showlegend
    ]  # fmt: skip
    assert len(named) == 1


def test_nothing_known_is_said(waits) -> None:
    distribution, marks = waits
    figure = waits_figure(
        distribution.iloc[:0], marks.assign(p50=np.nan, p95=np.nan), {"paid": 10.0}, EN
    )
    assert not figure.data
    assert isinstance(marks, pd.DataFrame)
    assert "No waiting time" in figure.layout.meta["alt"]
