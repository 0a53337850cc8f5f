"""Versions of followed apps, their prices, genres and release notes, from Apple's look-up."""

from __future__ import annotations

from typing import Any

import pandas as pd
import requests

from etl.schemas import APP_VERSIONS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._itunes import LICENCE, fetch_followed, frame_of
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="itunes_versions",
    table=APP_VERSIONS,
    title="Versions of followed apps in each storefront, with price, genres and release notes",
    publisher="Apple, iTunes look-up",
    licence=LICENCE + " Release notes are the sellers' own texts.",
    redistributable="no",
    live=True,
    freshness_calendar="daily",
    note="Shows only the present: a version that came and went between two readings is lost.",
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
    """Return the frame of ``app_versions``, one row for each app and storefront."""
    frame = frame_of(raw.payload).drop(columns="price").rename(columns={"price_amount": "price"})
    return shape(APP_VERSIONS, frame, raw, store="app_store", evidence_kind="measured")
