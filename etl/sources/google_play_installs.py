"""Installs of followed apps at Google Play, as the bracket the store prints."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests

from etl.schemas import APP_INSTALLS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._google_play import LICENCE, fetch_pages, frame_of, upper_end
from etl.sources._snapshot import shape
from etl.sources._stores import day_of

ONE_COUNTRY = ("US",)
INFO = SourceInfo(
    name="google_play_installs",
    table=APP_INSTALLS,
    title="Installs of followed apps at Google Play, worldwide, as the bracket the store prints",
    publisher="Google Play, app pages read with google-play-scraper",
    licence=LICENCE,
    redistributable="no",
    live=True,
    freshness_calendar="daily",
    note="Shows only the present. A bracket is wide: its ends differ by a factor of two or five. "
    "The finer count in the page is not explained by the store.",
    bundled=False,
    reach="present",
)


def fetch(request: Request, *, session: requests.Session | None = None, sleep: Any = None) -> Raw:
    """Read the page of every followed app in one country: installs are worldwide.

    Raises
    ------
    SourceError
        When no page was answered.
    """
    return fetch_pages(request, INFO.name, session, sleep, ONE_COUNTRY)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_installs``, one row for each app; the bracket is disclosed."""
    frame = frame_of(raw.payload)
    ends = pd.array([upper_end(int(low)) for low in frame["installs_low"]], dtype="Int64")
    frame = frame.assign(observed_on=day_of(raw), installs_high=ends)
    return shape(APP_INSTALLS, frame, raw, evidence_kind="disclosed")
