"""Dated announcements and price moves; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import MARKET_EVENTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "market_events.csv"
INFO = SourceInfo(
    name="market_events",
    table=MARKET_EVENTS,
    title="Dated events around AI art and the listed companies behind it, 2021-2026",
    publisher="Press and web pages named in each row",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="selection says whether the date came from the price itself; such events are not tested.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE, date_column="date")


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``market_events``; dates stand as announced, also on holidays."""
    frame = raw.payload.rename(columns={"date": "event_date"})
    return shape(MARKET_EVENTS, frame, raw, evidence_kind="disclosed")
