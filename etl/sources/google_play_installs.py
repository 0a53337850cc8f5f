"""How often followed apps were installed from Google Play, as a bracket; live only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_INSTALLS
from etl.sources import Raw, Request, SourceInfo, _google_play
from etl.sources._http import HttpClient
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="google_play_installs",
    table=APP_INSTALLS,
    title="Installs of followed apps from Google Play, world-wide, as a bracket, day by day",
    publisher=_google_play.PUBLISHER,
    licence=_google_play.LICENCE,
    redistributable="no",
    live=True,
    bundled=False,
    reach="present",
    freshness_calendar="daily",
    note=_google_play.LIMITS
    + " Google prints a lower bound only; the upper one follows from its ladder 1, 5, 10, 50.",
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
    """Return the frame of ``app_installs``: one row an app, since the figure is world-wide.

    Every storefront shows the same figure; where their pages differ by a moment, the row with the
    greatest count stands.
    """
    pages = _google_play.frame_of(raw.payload)
    newest = pages.sort_values("installs_counted", ascending=False, kind="stable")
    return shape(
        APP_INSTALLS,
        newest.drop_duplicates("app_id").sort_values("app_id"),
        raw,
        observed_on=raw.retrieved_at.date().isoformat(),
        evidence_kind="disclosed",
    )
