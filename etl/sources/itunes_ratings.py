"""Rating counts and averages of followed apps by storefront, from Apple's look-up."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests

from etl.schemas import APP_RATING_COUNTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._itunes import LICENCE, fetch_followed, frame_of
from etl.sources._snapshot import shape
from etl.sources._stores import day_of

INFO = SourceInfo(
    name="itunes_ratings",
    table=APP_RATING_COUNTS,
    title="Rating counts, averages and versions of followed apps in each storefront, today",
    publisher="Apple, iTunes look-up",
    licence=LICENCE,
    redistributable="facts only",
    live=True,
    freshness_calendar="daily",
    note="Shows only the present: a missed day is lost. Counts are those of one storefront, and "
    "can fall. About 20 requests a minute are allowed.",
    bundled=False,
    reach="present",
)


def fetch(request: Request, *, session: requests.Session | None = None, sleep: Any = None) -> Raw:
    """Look up every followed app in every storefront.

    Raises
    ------
    SourceError
        When no storefront answered.
    """
    return fetch_followed(request, INFO.name, session, sleep)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_rating_counts``, one row for each app and storefront."""
    frame = frame_of(raw.payload).assign(observed_on=day_of(raw))
    return shape(APP_RATING_COUNTS, frame, raw, evidence_kind="measured")
