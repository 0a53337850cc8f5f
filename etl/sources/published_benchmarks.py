"""Speed and energy of pictures as others published them; bundled only."""

from __future__ import annotations

import pandas as pd

from etl.schemas import PUBLISHED_BENCHMARKS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape

FILE = "published_benchmarks.csv"
INFO = SourceInfo(
    name="published_benchmarks",
    table=PUBLISHED_BENCHMARKS,
    title="Published speed and energy of pictures: MLPerf SDXL and ML.ENERGY",
    publisher="MLCommons; ML.ENERGY leaderboard",
    licence="Single facts with attribution to MLCommons and ML.ENERGY, gathered in our own layout.",
    redistributable="facts only",
    live=False,
    freshness_calendar="static",
    note="MLPerf figures are for a whole system at 20 steps; ML.ENERGY measured other models.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table."""
    return fetch_snapshot(request, FILE)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``published_benchmarks``; values as they stand."""
    return shape(PUBLISHED_BENCHMARKS, raw.payload, raw, evidence_kind="disclosed")
