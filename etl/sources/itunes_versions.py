"""Versions of followed apps in Apple's store with their release notes; live only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_VERSIONS
from etl.sources import Raw, Request, SourceInfo, _itunes
from etl.sources._http import HttpClient
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="itunes_versions",
    table=APP_VERSIONS,
    title="Versions of followed apps in Apple's store: release, notes, price, genres",
    publisher=_itunes.PUBLISHER,
    licence=_itunes.LICENCE,
    redistributable="no",
    live=True,
    bundled=False,
    reach="present",
    freshness_calendar="daily",
    note="Only the version on sale: one that came and went between two runs is not known.",
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
    """Return the frame of ``app_versions``, one row an app and storefront."""
    rows = _itunes.frame_of(raw.payload)
    released = rows["app_released_at"].str.slice(0, 10)
    return shape(
        APP_VERSIONS, rows.assign(app_released_on=released), raw, evidence_kind="disclosed"
    )
