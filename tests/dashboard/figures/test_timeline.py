from __future__ import annotations

import pandas as pd

from dashboard.figures.timeline import timeline_figure
from dashboard.text import words


def events() -> pd.DataFrame:
    rows = [
        ("E1", "2022-11-24", "feature_launch", "day", "exogenous", "Launch"),
        ("E2", "2022-12-01", "chart_top", "week", "exogenous", "Top of the chart"),
        ("E3", "2022-12-07", "price_move", "day", "price_selected", "Price jumps"),
        ("E4", "2023-01-05", "something_new", "day", "exogenous", "Unheard of"),
    ]
    names = ["event_id", "event_date", "event_type", "date_precision", "selection", "title_en"]
    frame = pd.DataFrame(rows, columns=pd.Index(names))
    return frame.assign(event_date=pd.to_datetime(frame["event_date"]), title_zh=None)


def test_events_stand_in_the_lane_of_their_theme() -> None:
    figure = timeline_figure(events(), words("en"))
    lanes = {y for trace in figure.data if trace.mode == "markers" for y in trace.y}
    assert lanes == {"Product", "Attention", "Price move", "something_new"}


def test_price_selected_events_have_another_marker() -> None:
    figure = timeline_figure(events(), words("en"))
    symbols = {trace.marker.symbol for trace in figure.data if trace.mode == "markers"}
    assert symbols == {"circle", "diamond-open"}


def test_an_event_known_to_the_week_is_a_line_of_seven_days() -> None:
    figure = timeline_figure(events(), words("en"))
    spans = [trace for trace in figure.data if trace.mode == "lines" and len(trace.x)]
    assert len(spans) == 1
    first, last = pd.to_datetime(list(spans[0].x[:2]))
    assert (first, last) == (pd.Timestamp("2022-12-01"), pd.Timestamp("2022-12-07"))


def test_the_text_counts_events_by_theme() -> None:
    alt = timeline_figure(events(), words("en")).layout.meta["alt"]
    assert alt.startswith("4 events from 24 Nov 2022 to 5 Jan 2023")
    assert "1 date was picked by the price" in alt


def test_no_event_is_said_in_words() -> None:
    figure = timeline_figure(events().iloc[:0], words("en"))
    assert not figure.data
    assert figure.layout.meta["alt"] == "No event is held for this choice."
