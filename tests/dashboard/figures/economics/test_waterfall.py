from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.figures.economics.waterfall import waterfall_figure
from dashboard.text import words

EN = words("en")


def drawn(steps: pd.DataFrame, language: str = "en") -> go.Figure:
    return waterfall_figure(steps, "USD", words(language), heading_unit="USD a month")


def bars(figure: go.Figure) -> dict[int, tuple[float, float]]:
    """Return where each row's bar begins and ends."""
    return {
        int(row): (float(base), float(base + length))
        for trace in figure.data
        if trace.type == "bar" and trace.base is not None
        for row, base, length in zip(trace.y, trace.base, trace.x, strict=True)
    }


def labels(figure: go.Figure) -> list[str]:
    trace = next(trace for trace in figure.data if trace.type == "scatter" and trace.mode == "text")
    return [text.replace("\xa0", " ").strip() for text in trace.text]


def test_each_step_begins_where_the_last_one_ended(steps) -> None:
    assert bars(drawn(steps)) == {
        0: (0, 10),
        1: (10, 7),
        2: (0, 7),
        3: (7, 8),
        4: (8, -1),
        5: (0, -1),
    }


def test_labels_bear_sign_and_glyph(steps) -> None:
    assert labels(drawn(steps)) == [
        "<b>USD 10.00</b>",
        "▼ −USD 3.00",
        "<b>USD 7.00</b>",
        "▲ +USD 1.00",
        "▼ −USD 9.00",
        "<b>▼ −USD 1.00</b>",
    ]


def test_assumed_steps_are_hatched_and_the_legend_says_so(steps) -> None:
    figure = drawn(steps)
    shapes = {
        int(row): shape
        for trace in figure.data
        if trace.type == "bar" and trace.base is not None
        for row, shape in zip(trace.y, trace.marker.pattern.shape, strict=True)
    }
    assert {row for row, shape in shapes.items() if shape == "/"} == {4, 5}
    assert shapes[3] == "."
    assert {"assumed", "simulated"} <= {trace.name for trace in figure.data if trace.showlegend}


def test_totals_have_a_colour_of_their_own(steps) -> None:
    colors = {
        int(row): color
        for trace in drawn(steps).data
        if trace.type == "bar" and trace.base is not None
        for row, color in zip(trace.y, trace.marker.color, strict=True)
    }
    assert colors[0] == colors[2] == colors[5]
    assert len({colors[0], colors[1], colors[3]}) == 3


def test_the_interval_of_a_deduction_lies_around_its_end(steps) -> None:
    whiskers = next(trace for trace in drawn(steps).data if trace.error_x.array is not None)
    at = list(whiskers.y).index(1)
    end, up, down = (np.asarray(v)[at] for v in (
        whiskers.x, whiskers.error_x.array, whiskers.error_x.arrayminus
    ))  # fmt: skip
    assert (end - down, end, end + up) == (10 - 3.5, 7, 10 - 1.5)


def test_every_label_lies_within_the_axis(steps) -> None:
    low, high = drawn(steps).layout.xaxis.range
    assert low < -4
    assert high > 10 * 1.1


def test_a_missing_step_is_said_and_what_follows_is_not_placed(steps) -> None:
    steps.loc[3, "amount"] = np.nan
    steps.loc[5, "amount"] = np.nan
    figure = drawn(steps)
    assert set(bars(figure)) == {0, 1, 2}
    texts = labels(figure)
    assert texts[3] == texts[5] == "<i>not known</i>"
    assert "place not known" in texts[4]
    assert "Not known: Advertising; Contribution." in figure.layout.meta["alt"]
    assert figure.layout.yaxis.ticktext[3] == "Advertising"


def test_after_a_known_total_steps_are_placed_again(steps) -> None:
    steps.loc[1, "amount"] = np.nan
    assert bars(drawn(steps))[3] == (7, 8)


def test_two_steps_of_one_name_keep_their_rows(steps) -> None:
    steps["label"] = "Same"
    assert len(bars(drawn(steps))) == 6


def test_the_text_names_the_ends_the_largest_deduction_and_what_is_assumed(steps) -> None:
    alt = drawn(steps).layout.meta["alt"].replace("\xa0", " ")
    assert alt.startswith("From Price (USD 10.00) to Contribution (−USD 1.00) in 6 steps.")
    assert "Pictures takes the most: −USD 9.00." in alt
    assert "Assumed: Pictures; Contribution." in alt


def test_nothing_known_is_said(steps) -> None:
    figure = drawn(steps.assign(amount=np.nan))
    assert not figure.data
    assert "No amount" in figure.layout.meta["alt"]
    assert not drawn(steps.iloc[:0]).data


def test_an_unknown_role_is_an_error(steps) -> None:
    with pytest.raises(ValueError, match="got the roles gift; expected start, add"):
        drawn(steps.assign(role=["start", "gift", "total", "add", "subtract", "total"]))
