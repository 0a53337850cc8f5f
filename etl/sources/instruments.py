"""Shares, indices and funds: names, boards, benchmarks; the bundled ones and the user's own."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from etl.schemas import INSTRUMENTS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape
from etl.sources._watch import told_when, with_instruments

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
    note="listed_from is filled only where a predecessor traded under the same ticker (GETY). "
    "Entries the user added are assumed and say so in source_url.",
)


def fetch(request: Request) -> Raw:
    """Read the bundled table and the user's watch list beside it."""
    bundled = fetch_snapshot(request, FILE)
    return replace(bundled, payload=with_instruments(bundled.payload, request))


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``instruments``; values as they stand, missing stays missing."""
    return told_when(shape(INSTRUMENTS, raw.payload, raw), raw.payload)
