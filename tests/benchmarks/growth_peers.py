"""Cohort retention by other engines: ``python growth_peers.py ENGINE FOLDER`` prints one JSON line.

The same question for each: users by the UTC day of their first ``install``, those of them with a
``session_start`` on each of the 30 days after. Run in a process of its own by ``bench_growth.py``,
with a Python that has polars, chdb and pandas.
"""

# pyright: basic
# The peers are no dependencies of the project.

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HORIZON = 30
Counts = list[tuple[int, int, int]]


def polars(folder: str) -> Counts:
    """Ask Polars, streaming."""
    import polars as pl  # pyright: ignore[reportMissingImports]

    events = pl.scan_parquet(f"{folder}/**/*.parquet", hive_partitioning=False)
    day = pl.col("event_at").dt.epoch("s") // 86_400
    first = (
        events.filter(pl.col("event_name") == "install")
        .group_by("user_id")
        .agg(day.min().alias("cohort"))
    )
    active = (
        events.filter(pl.col("event_name") == "session_start")
        .select("user_id", day.alias("day"))
        .unique()
    )
    found = (
        active.join(first, on="user_id")
        .with_columns((pl.col("day") - pl.col("cohort")).alias("k"))
        .filter(pl.col("k").is_between(1, HORIZON))
        .group_by("cohort", "k")
        .agg(pl.len())
        .collect(engine="streaming")
    )
    return found.rows()


def chdb(folder: str) -> Counts:
    """Ask chDB."""
    import chdb as engine  # pyright: ignore[reportMissingImports]

    table = f"file('{folder}/*/*.parquet', Parquet)"
    day = "intDiv(toUnixTimestamp(event_at), 86400)"
    answer = engine.query(
        f"""
        SELECT cohort, day - cohort AS k, count() AS n
        FROM (SELECT DISTINCT user_id, {day} AS day FROM {table}
              WHERE event_name = 'session_start') AS a
        INNER JOIN (SELECT user_id, min({day}) AS cohort FROM {table}
                    WHERE event_name = 'install' GROUP BY user_id) AS f USING (user_id)
        WHERE k BETWEEN 1 AND {HORIZON} GROUP BY cohort, k
        """,
        "JSONCompactEachRow",
    )
    rows = [json.loads(line) for line in str(answer).splitlines() if line]
    return [(int(c), int(k), int(n)) for c, k, n in rows]


def pandas(folder: str) -> Counts:
    """Ask pandas."""
    import pandas as pd

    events = pd.read_parquet(folder, columns=["user_id", "event_name", "event_at"])
    day = events["event_at"].astype("int64") // (86_400 * _ticks(events["event_at"]))
    own = events[["user_id", "event_name"]].assign(day=day)
    first = own[own["event_name"] == "install"].groupby("user_id")["day"].min().rename("cohort")
    active = own.loc[own["event_name"] == "session_start", ["user_id", "day"]].drop_duplicates()
    both = active.join(first, on="user_id", how="inner")
    k = both["day"] - both["cohort"]
    both = both.assign(k=k)[(k >= 1) & (k <= HORIZON)]
    counted = both.groupby(["cohort", "k"]).size()
    return [(int(c), int(k), int(n)) for (c, k), n in counted.items()]


def _ticks(column: Any) -> int:
    return {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[column.dt.unit]


def peak_mib() -> int:
    """Return the most memory of this process; ``getrusage`` would count what it was forked from."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def report(ask: Callable[[str], Counts], folder: str) -> None:
    """Ask once, timed, and print what it took and found."""
    begin = time.perf_counter()
    counts = ask(folder)
    passed = time.perf_counter() - begin
    answer = {
        "seconds": passed,
        "peak_mib": peak_mib(),
        "n_cells": len(counts),
        "sum": sum(int(c) % 997 * int(k) * int(n) for c, k, n in counts),
    }
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # an embedded server would take its time to stop


ENGINES = {"polars": polars, "chdb": chdb, "pandas": pandas}

if __name__ == "__main__":
    report(ENGINES[sys.argv[1]], sys.argv[2])
