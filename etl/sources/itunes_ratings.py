"""Rating counts, averages and prices of followed apps in Apple's store today; live only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_RATING_COUNTS
from etl.sources import Raw, Request, SourceInfo, _itunes
from etl.sources._http import HttpClient
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="itunes_ratings",
    table=APP_RATING_COUNTS,
    title="Rating counts, averages and prices of followed apps by storefront, day by day",
    publisher=_itunes.PUBLISHER,
    licence=_itunes.LICENCE,
    redistributable="no",
    live=True,
    bundled=False,
    reach="present",
    freshness_calendar="daily",
    note="The present state only: a missed day is lost. Apple allows about 20 calls a minute. An "
    "app that a storefront does not sell has no row there. Without ratings there is no average.",
)


def fetch(request: Request, *, client: HttpClient | None = None) -> Raw:
    """Look up every followed app in every storefront.

    Raises
    ------
    SourceError
        In an offline run, or when not one app could be looked up.
    """
    return _itunes.collect(request, client)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_rating_counts``; the day is the day of the look-up in UTC."""
    return shape(
        APP_RATING_COUNTS,
        _itunes.frame_of(raw.payload),
        raw,
        observed_on=raw.retrieved_at.date().isoformat(),
        evidence_kind="measured",
    )
