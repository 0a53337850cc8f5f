"""Rating counts and averages of followed apps at Google Play by country."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests

from etl.schemas import APP_RATING_COUNTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._google_play import LICENCE, fetch_pages, frame_of
from etl.sources._snapshot import shape
from etl.sources._stores import day_of

INFO = SourceInfo(
    name="google_play_ratings",
    table=APP_RATING_COUNTS,
    title="Rating counts and averages of followed apps at Google Play by country, today",
    publisher="Google Play, app pages read with google-play-scraper",
    licence=LICENCE,
    redistributable="no",
    live=True,
    freshness_calendar="daily",
    note="Shows only the present: a missed day is lost. google-play-scraper reads no charts, so "
    "there are no ranks of Google Play. An app too new for ratings has no row.",
    bundled=False,
    reach="present",
)


def fetch(request: Request, *, session: requests.Session | None = None, sleep: Any = None) -> Raw:
    """Read the page of every followed app in every country.

    Raises
    ------
    SourceError
        When no page was answered.
    """
    return fetch_pages(request, INFO.name, session, sleep)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_rating_counts``, one row for each app and country with ratings."""
    frame = frame_of(raw.payload).dropna(subset="rating_count")
    frame = frame.assign(observed_on=day_of(raw), price=None, app_released_at=None)
    return shape(APP_RATING_COUNTS, frame, raw, evidence_kind="measured")
