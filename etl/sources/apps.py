"""Apps and the companies behind them; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import APPS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "apps.csv"
INFO = SourceInfo(
    name="apps",
    table=APPS,
    title="Apps of the bundled rating counts and charts, and the companies behind them",
    publisher="this project",
    licence="Apache-2.0 (this project)",
    redistributable="yes",
    live=False,
    freshness_calendar="static",
    note="The bundled charts name apps by bundle identifier: join them with apps.bundle_id.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``apps``; values as bundled, missing stays missing."""
    return shape(APPS, raw.payload, raw)
