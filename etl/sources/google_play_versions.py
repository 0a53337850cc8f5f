"""Versions of followed apps at Google Play; live only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_VERSIONS
from etl.sources import Raw, Request, SourceInfo, _google_play
from etl.sources._http import HttpClient
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="google_play_versions",
    table=APP_VERSIONS,
    title="Versions of followed apps at Google Play: release, price, genres",
    publisher=_google_play.PUBLISHER,
    licence=_google_play.LICENCE,
    redistributable="no",
    live=True,
    bundled=False,
    reach="present",
    freshness_calendar="daily",
    note=_google_play.LIMITS
    + " No release notes. Many apps have no one version: it then varies with the device.",
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
    """Return the frame of ``app_versions``, one row an app and storefront."""
    return shape(APP_VERSIONS, _google_play.frame_of(raw.payload), raw, evidence_kind="disclosed")
