"""Rating counts of apps by day of look-up; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_RATING_COUNTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "app_rating_counts.csv"
OURS = {
    "track_id": "app_id",
    "crawl_date": "observed_on",
    "track_name": "app_name",
    "version_date": "version_released_at",
    "avg_rating": "rating_average",
    "release_date": "app_released_at",
}
ADDRESS = "https://github.com/olekenneth/appstore"
INFO = SourceInfo(
    name="app_rating_counts",
    table=APP_RATING_COUNTS,
    title="Rating counts and averages in the Norwegian App Store, 2019-2026",
    publisher="olekenneth/appstore",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="Spaced 1 to 725 days apart; counts can fall; series of 2022 begin after the peak.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE, date_column="crawl_date")


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_rating_counts``; days without a look-up have no row."""
    frame = raw.payload.rename(columns=OURS)
    constants = {"store": "app_store", "evidence_kind": "measured", "source_url": ADDRESS}
    return shape(APP_RATING_COUNTS, frame, raw, **constants)
