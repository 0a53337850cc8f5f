"""Rating counts, averages and prices of followed apps at Google Play today; live only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_RATING_COUNTS
from etl.sources import Raw, Request, SourceInfo, _google_play
from etl.sources._http import HttpClient
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="google_play_ratings",
    table=APP_RATING_COUNTS,
    title="Rating counts and averages of followed apps at Google Play by storefront, day by day",
    publisher=_google_play.PUBLISHER,
    licence=_google_play.LICENCE,
    redistributable="no",
    live=True,
    bundled=False,
    reach="present",
    freshness_calendar="daily",
    note=_google_play.LIMITS
    + " A page without ratings gives a row for the quarantine: its count is not known.",
)


def fetch(request: Request, *, client: HttpClient | None = None) -> Raw:
    """Read the page of every followed app in every storefront.

    Raises
    ------
    SourceError
        In an offline run, or when not one page could be read.
    """
    return _google_play.collect(request, client)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_rating_counts``; the day is the day of reading in UTC."""
    return shape(
        APP_RATING_COUNTS,
        _google_play.frame_of(raw.payload),
        raw,
        observed_on=raw.retrieved_at.date().isoformat(),
        evidence_kind="measured",
    )
