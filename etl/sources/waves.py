"""Waves of curiosity and the event each is measured by; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import WAVES
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "waves.csv"
INFO = SourceInfo(
    name="waves",
    table=WAVES,
    title="Waves of curiosity about AI art, and the event each is measured by",
    publisher="this project",
    licence="Apache-2.0 (this project)",
    redistributable="yes",
    live=False,
    freshness_calendar="static",
    note="Which waves are listed and by which event each is measured is our choice (assumed).",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``waves``; values as they stand, missing stays missing."""
    return shape(WAVES, raw.payload, raw)
