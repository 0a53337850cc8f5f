"""Shocks of attention as events of the share behind the app."""

from __future__ import annotations

from datetime import date

from dashboard import cases
from dashboard.figures import labels
from dashboard.studies import market_study
from dashboard.studies.market import events_of
from dashboard.studies.shocks import share_events
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec

REMINI = "shock-BSP-2025-10-08"


def test_a_surge_of_ratings_is_an_event_of_the_company_known_to_the_week(reader):
    found = share_events(reader, "BSP").set_index("event_id")
    assert found.loc[REMINI, "date_precision"] == "week"
    assert found.loc[REMINI, "selection"] == "exogenous"
    assert labels.event_title({**found.loc[REMINI], "event_id": REMINI}, words("zh")) == (
        "Remini：评分激增（自动识别）"
    )


def test_nothing_is_detected_before_it_happened(reader):
    assert share_events(reader, "BSP", date(2025, 10, 7)).empty


def test_the_event_study_takes_detected_events_beside_announced_ones(reader):
    assert REMINI in set(events_of(reader, "BSP")["event_id"])
    study = market_study(reader, "BSP", EventStudySpec(), event_ids=[REMINI])
    row = study.events.set_index("event_id").loc[REMINI]
    assert row["status"] == "tested" or row["reason"]


def test_a_page_opens_on_announced_events_where_there_are_any():
    assert cases.default_events("BSP", ["E1", REMINI]) == ["E1"]
    assert cases.default_events("BSP", [REMINI]) == [REMINI]
