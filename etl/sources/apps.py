"""Apps and the companies behind them; the bundled ones and the user's own."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from etl.schemas import APPS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape
from etl.sources._watch import told_when, with_apps

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
    note="The bundled charts name apps by bundle identifier: join them with apps.bundle_id. "
    "Entries the user added are assumed and say so in source_url.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table and the user's watch list beside it."""
    bundled = fetch_snapshot(request, FILE)
    return replace(bundled, payload=with_apps(bundled.payload, request))


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``apps``; values as they stand, missing stays missing."""
    return told_when(shape(APPS, raw.payload, raw), raw.payload)
