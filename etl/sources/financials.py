"""Figures by reporting period of listed companies; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import FINANCIALS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._dates import exact_days
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "financials.csv"
INFO = SourceInfo(
    name="financials",
    table=FINANCIALS,
    title="Figures by reporting period of ten listed companies",
    publisher="Filings, press and aggregators named in each row",
    licence="No licence is stated; the table holds single facts, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="Meitu's subscription segment changes its basis in 2023; its year 2025 is guidance only.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``financials``; a mere month of publication counts as not found."""
    rows = raw.payload
    return shape(FINANCIALS, rows.assign(published_on=exact_days(rows["published_on"])), raw)
