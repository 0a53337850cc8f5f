"""Rates that a device holds at a promised wait: the loads in the generator's records."""

from __future__ import annotations

import json
from statistics import fmean
from typing import Any

import pandas as pd

from etl.schemas import COMPUTE_LOADS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._generator_records import entries, fetch_records, run_of
from etl.sources._snapshot import shape

INFO = SourceInfo(
    name="compute_loads",
    table=COMPUTE_LOADS,
    title="Rates of requests that a device holds at a promised wait",
    publisher="This program, on the machine that each row names",
    licence="The user's own measurements; bundled ones under the project's licence.",
    redistributable="yes",
    live=False,
    freshness_calendar="static",
    note="The rate is searched by simulation on measured times; the run at that rate is measured. "
    "Pauses in which nothing waits are not waited out.",
)


def fetch(request: Request) -> Raw:
    """Read the records; they are files here, so a live run reads the same."""
    return fetch_records(request)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``compute_loads``."""
    rows = [
        run_of(name, record, entry) | _row(entry)
        for name, record, entry in entries(raw, "loads")
        # One that a suite could not measure has no rate and no place here; its record says why.
        if entry.get("status", "measured") == "measured"
    ]
    names = [column.name for column in COMPUTE_LOADS.columns]
    frame = pd.DataFrame(rows, columns=[*names, "source_url"])
    # The rate itself is simulated; what was measured says so in its column.
    return shape(COMPUTE_LOADS, frame, raw, evidence_kind="simulated")


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    promise, ran = entry["promise"], entry.get("run_at_rate") or {}
    tiers = ran.get("tiers") or {}
    waits = {
        f"{tier}_p95_seconds": ((tiers.get(tier) or {}).get("p95_seconds") or {}).get("value")
        for tier in ("paid", "free")
    }
    return waits | {
        "paid_p95_promise_seconds": promise["paid_p95_seconds"],
        "free_p95_promise_seconds": promise["free_p95_seconds"],
        "p99_promise_seconds": promise["p99_seconds"],
        "paid_share": promise["paid_share"],
        "max_batch": promise["max_batch"],
        "highest_rate_per_second": entry["highest_rate_per_second"],
        "utilisation": ran.get("utilisation"),
        "batch_curve": json.dumps({size: fmean(times) for size, times in entry["curve"].items()}),
    }
