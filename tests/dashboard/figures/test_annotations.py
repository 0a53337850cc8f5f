"""Dated events on the calendar of a figure: named apart, the rest as ticks, hovered in full."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures import annotations, theme
from dashboard.text import words

EN = words("en")
FIRST: Any = pd.Timestamp("2022-01-01")
LAST: Any = pd.Timestamp("2023-12-31")


def events(*days: str, **named: object) -> pd.DataFrame:
    rows = {
        "event_id": [f"E{number}" for number in range(len(days))],
        "event_date": pd.to_datetime(list(days)),
        "event_type": "product_release",
        "entity": "Somebody",
        "title_en": [f"Release number {number} of a long title" for number in range(len(days))],
        "title_zh": None,
        "selection": "exogenous",
        "evidence_kind": "disclosed",
    }
    return pd.DataFrame(rows | named)


def figure() -> go.Figure:
    drawn = go.Figure(go.Scatter(x=[FIRST, LAST], y=[1, 2]))
    return theme.finish(
        drawn, alt="A line.", mode="light", axis_titles=("Day", "Value"), height=300
    )


def marked(held: pd.DataFrame) -> go.Figure:
    return annotations.mark_events(figure(), held, (FIRST, LAST), EN)


def test_an_event_has_a_line_a_short_name_and_says_the_rest_on_hover() -> None:
    drawn = marked(events("2022-06-01"))
    assert [note.text for note in drawn.layout.annotations] == ["Release number<br>0 of a long…"]
    (line,) = drawn.layout.shapes
    assert (line.x0, line.y0, line.y1) == (pd.Timestamp("2022-06-01"), 0, 1)
    told = drawn.data[-1].text[0]
    assert "Release number 0 of a long title" in told
    assert "date not taken from the price" in told
    assert "disclosed" in told


def test_the_figure_grows_by_the_room_of_the_names_and_keeps_its_plot() -> None:
    before, after = figure().layout, marked(events("2022-06-01", "2022-06-02")).layout
    grown = after.height - before.height
    assert grown > 0
    assert after.margin.t - before.margin.t == grown


def test_the_line_of_a_name_goes_on_up_to_it() -> None:
    notes = marked(events("2022-06-01", "2022-06-02")).layout.annotations
    assert {note.ax for note in notes} == {0}
    assert all(note.showarrow and note.arrowcolor for note in notes)
    # What is written last lies over the lines of the others: it is the lowest name.
    heights = [-note.ay for note in notes]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == 2


def test_no_scale_moves_for_the_marks() -> None:
    mark = marked(events("2022-06-01")).data[-1]
    assert mark.yaxis == "y2"
    assert mark.showlegend is False


def test_what_lies_outside_the_days_drawn_is_not_marked() -> None:
    drawn = marked(events("2021-12-31", "2024-01-01"))
    assert not drawn.layout.shapes
    assert len(drawn.data) == 1


def test_a_figure_that_draws_nothing_is_not_marked() -> None:
    empty = theme.empty("Nothing.")
    assert not annotations.mark_events(empty, events("2022-06-01"), (FIRST, LAST), EN).data


def test_a_crowd_is_ticks_and_at_most_eight_have_a_name() -> None:
    days = pd.date_range("2022-01-05", periods=60, freq="12D").strftime("%Y-%m-%d")
    drawn = marked(events(*days))
    assert 0 < len(drawn.layout.annotations) <= annotations.MOST_NAMED
    ticks = [line for line in drawn.layout.shapes if line.y0 > 0]
    assert len(ticks) + len(drawn.layout.annotations) == 60
    assert " more as ticks" in drawn.layout.meta["alt"]


def test_what_is_of_the_subject_is_named_before_the_rest_of_the_market() -> None:
    days = ["2022-06-01", "2022-06-02", "2022-06-03", "2022-06-04", "2022-06-05"]
    held = events(*days, is_own=[False, False, False, False, True])
    named = [note.x for note in marked(held).layout.annotations]
    assert pd.Timestamp("2022-06-05") in named
    assert len(named) == 4


def test_an_event_that_the_price_picked_looks_otherwise() -> None:
    held = events("2022-06-01", "2022-09-01", selection=["exogenous", "price_selected"])
    marker = marked(held).data[-1].marker
    assert len(set(marker.symbol)) == 2
    assert len({line.line.dash for line in marked(held).layout.shapes}) == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_come_in_both_languages(language: str) -> None:
    held = events("2022-06-01", title_zh="中文标题")
    drawn = annotations.mark_events(figure(), held, (FIRST, LAST), words(language))
    expected = "中文标题" if language == "zh" else "Release number<br>0 of a long…"
    assert drawn.layout.annotations[0].text == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 729), st.text("ab 中", min_size=1, max_size=16), st.booleans()),
        max_size=30,
    )
)
def test_no_two_names_overlap_and_none_is_clipped(held: list[tuple[int, str, bool]]) -> None:
    days = [FIRST + pd.Timedelta(days=day) for day, _, _ in held]
    names = [name for _, name, _ in held]
    own = [is_own for _, _, is_own in held]
    places = annotations.place_names(names, days, (FIRST, LAST), named_first=own)
    spans = []
    for day, name, place in zip(days, names, places, strict=True):
        if place is None:
            continue
        at = (day - FIRST) / (LAST - FIRST)
        width = 6.2 * theme.columns(name) / 225
        low = at - width if place.is_left else at
        assert -1e-9 <= low <= 1
        assert low + width <= 1 + 1e-9
        spans.append((place.row, low, low + width))
    for (row, low, high), (other, begin, end) in combinations(spans, 2):
        assert row != other or high <= begin or end <= low
