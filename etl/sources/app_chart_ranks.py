"""Positions in the App Store charts of one undated reading; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APP_CHART_RANKS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "app_chart_ranks.csv.gz"
SNAPSHOT_ID = "app-store-top-apps-1.0.609"
ADDRESS = "https://github.com/eliottvincent/app-store-top-apps"
INFO = SourceInfo(
    name="app_chart_ranks",
    table=APP_CHART_RANKS,
    title="Top 100 of three genres of the App Store in 77 countries, one undated reading",
    publisher="Eliott Vincent, app-store-top-apps 1.0.609",
    licence="MIT, Copyright (c) 2022 Eliott Vincent; see LICENSES/app-store-top-apps.txt",
    redistributable="yes",
    live=False,
    freshness_calendar="static",
    note="Undated, after May 2024; no grossing ranks, no prices; apps by bundle identifier.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``app_chart_ranks``; the reading is undated: no ``observed_on``.

    ``app_id`` is the bundle identifier, as the source has it. An app outside the chart has no
    row and is never given a rank.
    """
    return shape(
        APP_CHART_RANKS,
        raw.payload,
        raw,
        chart_snapshot_id=SNAPSHOT_ID,
        observed_on=None,
        track_id=None,
        app_name=None,
        evidence_kind="measured",
        source_url=ADDRESS,
    )
