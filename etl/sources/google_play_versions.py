"""Versions of followed apps at Google Play."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests

from etl.schemas import APP_VERSIONS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._google_play import LICENCE, fetch_pages, frame_of
from etl.sources._snapshot import shape

ONE_COUNTRY = ("US",)
INFO = SourceInfo(
    name="google_play_versions",
    table=APP_VERSIONS,
    title="Versions, prices and genres of followed apps at Google Play",
    publisher="Google Play, app pages read with google-play-scraper",
    licence=LICENCE,
    redistributable="no",
    live=True,
    freshness_calendar="daily",
    note="Shows only the present, read in one country. Many apps say only 'Varies with device'. "
    "Release notes are not in what google-play-scraper reads.",
    bundled=False,
    reach="present",
)


def fetch(request: Request, *, session: requests.Session | None = None, sleep: Any = None) -> Raw:
    """Read the page of every followed app.

    Raises
    ------
    SourceError
        When no page was answered.
    """
    return fetch_pages(request, INFO.name, session, sleep, ONE_COUNTRY)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_versions``, one row for each app."""
    frame = frame_of(raw.payload).rename(columns={"price_amount": "price"})
    constants = {"store": "google_play", "release_notes": None, "evidence_kind": "measured"}
    return shape(APP_VERSIONS, frame, raw, **constants)
