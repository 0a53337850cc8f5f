"""Shares, indices and funds: names, boards, benchmarks; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import INSTRUMENTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "instruments.csv"
INFO = SourceInfo(
    name="instruments",
    table=INSTRUMENTS,
    title="Shares, indices and funds: owner, board, benchmark, price-limit rule",
    publisher="this project",
    licence="Apache-2.0 (this project)",
    redistributable="yes",
    live=False,
    freshness_calendar="static",
    note="listed_from is filled only where a predecessor traded under the same ticker (GETY).",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``instruments``; values as bundled, missing stays missing."""
    return shape(INSTRUMENTS, raw.payload, raw)
