"""Growth at event scale: cohort retention, a day's increment, a triangle, fits, and PySpark.

Small by default. The targets are set for 50 million events (``--users 1930000 --days 240``), or a
history that lies there already (``--history FOLDER``, drawn by ``artonomics simulate events``).
Peers that are no dependencies of the project (polars, chdb, pandas, lifetimes) run in the Python
named by ``--peers``; without it they are left out. ``--spark`` compares 10 million events with
PySpark, row by row. ``--record`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import growth_peers
import numpy as np
import pyarrow.parquet as pq
from harness import seconds, write_record

from dashboard.studies.growth import retention as studies
from etl import engines, growth, growth_published, growth_sql
from etl.analytics import renewals
from etl.analytics.purchases import fit_bgnbd
from etl.marts import funnel
from etl.marts import growth as marts
from etl.marts.activity import Definition
from etl.marts.retention import RetentionSpec, retention
from etl.simulate import Parameters, simulate

HERE = Path(__file__).parent
ROUNDS = 3
LAST_DAYS = 7
SOURCE = "simulated_app"
SEEN = growth.Seen("simulated", datetime(2026, 1, 1, tzinfo=UTC))
SURVIVORS = (1000, 631, 468, 382, 326, 289, 262, 241)
SPARK_EVENTS = 10_000_000


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=240)
    parser.add_argument("--history", type=Path)
    parser.add_argument("--peers", default="")
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--ours", type=Path, help=argparse.SUPPRESS)
    given, _ = parser.parse_known_args()  # the names of benchmarks stand there too
    if given.ours:
        growth_peers.report(ours, str(given.ours))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        history = given.history or folder / "history"
        if not given.history:
            simulate(Parameters(users=given.users, days=given.days, seed=1), history)
        results = measure(folder, history / "product_events", given.peers)
        if given.spark:
            results["pyspark"] = beside_spark(folder, history / "product_events")
    sys.stdout.write(json.dumps(results, indent=1) + "\n")
    if given.record:
        write_record("growth", results, ("duckdb", "ibis-framework", "numpy", "scipy"))


def measure(folder: Path, events: Path, peers: str) -> dict[str, Any]:
    """Return the figures of all parts but PySpark's."""
    days = lake_days(events)
    return {
        "n_events": sum(day.n_rows for day in days),
        "n_days": len(days),
        "retention": cohort_retention(events, peers),
        **upkeep(folder, days),
        "fits": fits(peers),
    }


# Cohort retention from Parquet


def ours(folder: str) -> growth_peers.Counts:
    """Ask the project's own mart on DuckDB."""
    with (
        tempfile.TemporaryDirectory() as spill,
        engines.scratch(Path(spill)) as con,
    ):
        read = engines.over(con).read_parquet(f"{folder}/**/*.parquet", hive_partitioning=False)
        asked = retention(
            read.select("user_id", "event_name", "event_at"),
            RetentionSpec("install", "session_start", horizon=growth_peers.HORIZON),
        )
        table = asked.to_pyarrow()
    columns = (table[name].to_pylist() for name in ("cohort", "k", "retained"))
    return [(c, k, n) for c, k, n in zip(*columns, strict=True) if k]


def cohort_retention(events: Path, peers: str) -> dict[str, Any]:
    """Return seconds and memory of each engine, in turn, each run in a process of its own."""
    calls = {"ours": [sys.executable, __file__, "--ours", str(events)]}
    if peers:
        calls |= {
            name: [peers, str(HERE / "growth_peers.py"), name, str(events)]
            for name in growth_peers.ENGINES
        }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            runs[name].append(json.loads(subprocess.check_output(call, text=True)))
    answers = {(run["n_cells"], run["sum"]) for own in runs.values() for run in own}
    assert len(answers) == 1, "the engines disagree"
    table: dict[str, Any] = {
        name: {
            "fastest_seconds": min(run["seconds"] for run in own),
            "all_seconds": [round(run["seconds"], 2) for run in own],
            "peak_mib": max(run["peak_mib"] for run in own),
        }
        for name, own in runs.items()
    }
    if peers:
        mine = table["ours"]["fastest_seconds"]
        best = min(table[name]["fastest_seconds"] for name in ("polars", "chdb"))
        table["best_of_polars_and_chdb_over_ours"] = best / mine
        table["pandas_over_ours"] = table["pandas"]["fastest_seconds"] / mine
    return table


# Upkeep by day


def lake_days(events: Path) -> list[growth.Day]:
    """Return the days of a history as the lake would hold them."""
    found = []
    for folder in sorted(events.glob("event_date=*")):
        day = date.fromisoformat(folder.name.partition("=")[2])
        files = sorted(folder.glob("*.parquet"))
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        found.append(growth.Day((day - date(1970, 1, 1)).days, "a", rows, files))
    return found


def upkeep(folder: Path, days: list[growth.Day]) -> dict[str, Any]:
    """Return seconds of a full rebuild, of the last day's increment, and of a triangle."""
    path = folder / "growth.duckdb"
    with without_funnel():
        whole = timed(lambda: growth.bring_up(path, days[:-LAST_DAYS], SEEN))
        # Day after day, as a daily import would bring them.
        each = [
            timed(lambda n=n: growth.bring_up(path, days[:n], SEEN))
            for n in range(len(days) - LAST_DAYS + 1, len(days) + 1)
        ]
        increment = statistics.median(each)
        restated = [*days[:-1], growth.Day(days[-1].number, "b", days[-1].n_rows, days[-1].files)]
        late = timed(lambda: growth.bring_up(path, restated, SEEN))
    path.unlink()
    with_funnel = timed(lambda: growth.bring_up(path, days[:-1], SEEN))
    increment_with_funnel = timed(lambda: growth.bring_up(path, days, SEEN))
    return {
        "upkeep": {
            "rebuild_seconds": whole,
            "increment_seconds": increment,
            "increment_share": increment / whole,
            "all_increments_seconds": [round(one, 3) for one in each],
            "n_events_of_the_increments": [day.n_rows for day in days[-LAST_DAYS:]],
            "restated_day_seconds": late,
            "rebuild_with_funnels_seconds": with_funnel,
            "increment_with_funnels_seconds": increment_with_funnel,
        },
        "triangle": triangle(folder, path),
    }


class without_funnel:  # noqa: N801 (used like a function)
    """Leave the funnels out: the figure is about the cube."""

    def __enter__(self) -> None:
        self.kept = growth._Upkeep._funnel
        growth._Upkeep._funnel = lambda *_: None

    def __exit__(self, *_: object) -> None:
        growth._Upkeep._funnel = self.kept


def triangle(folder: Path, path: Path) -> dict[str, Any]:
    """Return the query time of a page's triangle from the published cube."""
    published = folder / "published.duckdb"
    with engines.stored(published) as con:
        growth_published.publish(con, {SOURCE: path})
        cells = con.execute("SELECT count(*) FROM cohort_cube").fetchone()

        class Reader:
            """Answers as a snapshot's reader does."""

            def query(self, sql: str, parameters: Any = ()) -> Any:
                """Answer one question."""
                return con.execute(sql, list(parameters)).df()

        choices = {
            "all_users": studies.RetentionChoice(SOURCE),
            "by_channel": studies.RetentionChoice(SOURCE, split="channel"),
        }
        return {
            "n_cells": cells[0] if cells else 0,
            **{
                name: min(seconds(lambda c=choice: studies._from_cube(Reader(), c), repeats=5))
                for name, choice in choices.items()
            },
        }


# Fits


def fits(peers: str) -> dict[str, Any]:
    """Return seconds of fits beside the package ``lifetimes``, and of bootstrap refits."""
    rng = np.random.default_rng(0)
    refits = seconds(lambda: renewals.bootstrap([SURVIVORS], 1_000, rng), repeats=5)
    table: dict[str, Any] = {
        "sbg_seconds": min(
            seconds(lambda: renewals.fit(renewals.Cohorts.of([SURVIVORS])), repeats=20)
        ),
        "sbg_1000_refits_seconds": min(refits),
    }
    if not peers:
        return table
    answer = json.loads(subprocess.check_output([peers, "-c", _LIFETIMES], text=True))
    x, t_x, horizon = (np.array(answer[name]) for name in ("frequency", "recency", "T"))
    model = fit_bgnbd(x, t_x, horizon)
    own = min(seconds(lambda: fit_bgnbd(x, t_x, horizon), repeats=20))
    return table | {
        "bgnbd_seconds": own,
        "bgnbd_log_likelihood": model.log_likelihood,
        "lifetimes_bgnbd_seconds": answer["seconds"],
        "lifetimes_log_likelihood": answer["log_likelihood"],
        "lifetimes_over_ours": answer["seconds"] / own,
    }


_LIFETIMES = """
import json, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from lifetimes import BetaGeoFitter
from lifetimes.datasets import load_cdnow_summary
from scipy.special import gammaln
d = load_cdnow_summary(index_col=[0])
x, t, T = (d[c].to_numpy(float) for c in ("frequency", "recency", "T"))
spent = []
for _ in range(10):
    begin = time.perf_counter()
    fitted = BetaGeoFitter()
    fitted.fit(d["frequency"], d["recency"], d["T"])
    spent.append(time.perf_counter() - begin)
r, alpha, a, b = (float(fitted.params_[n]) for n in ("r", "alpha", "a", "b"))
stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + stay
alive = -(r + x) * np.log(alpha + T)
gone = np.log(a) - np.log(np.where(x > 0, b + x - 1, 1)) - (r + x) * np.log(alpha + t)
value = np.where(x > 0, np.logaddexp(alive, gone), alive)
print(json.dumps({"seconds": min(spent), "log_likelihood": float((common + value).sum()),
                  "frequency": x.tolist(), "recency": t.tolist(), "T": T.tolist()}))
"""


# PySpark


def beside_spark(folder: Path, events: Path) -> dict[str, Any]:
    """Return seconds of all marts on both engines, after checking that every row is the same."""
    part, rows = folder / "part", 0
    part.mkdir()
    for day in lake_days(events):
        if rows >= SPARK_EVENTS:
            break
        for file in day.files:
            shutil.copy(file, part / f"{day.number}-{file.name}")
        rows += day.n_rows
    names = {"install", "session_start", *(step.name for step in funnel.STEPS)}
    definition, steps = Definition.of(names, has_sessions=True), funnel.steps_among(names)
    spark = engines.connect("pyspark", **{"spark.driver.memory": "6g"})
    columns = list(growth_sql.events_schema())
    there = marts.cells(spark.read_parquet(str(part)).select(columns), definition, steps)
    answers: dict[str, dict[str, Any]] = {"pyspark": {}, "duckdb": {}}
    spent = {"pyspark": 0.0, "duckdb": 0.0}
    with engines.scratch(folder / "scratch") as con:
        duck = engines.over(con)
        read = duck.read_parquet(f"{part}/*.parquet")
        here = marts.cells(read.select(columns), definition, steps)
        for engine, found in (("pyspark", there), ("duckdb", here)):
            for name, expression in found.items():
                begin = time.perf_counter()
                answers[engine][name] = expression.to_pyarrow()
                spent[engine] += time.perf_counter() - begin
    n_cells = {}
    for name in marts.CELLS:
        one, other = (_ordered(answers[engine][name]) for engine in answers)
        assert one.equals(other), f"{name} differs"
        n_cells[name] = len(one)
    return {"n_events": rows, "identical": True, "n_cells": n_cells, "seconds": spent}


def _ordered(table: Any) -> Any:
    frame = table.to_pandas().astype(object).where(lambda f: f.notna(), None)
    keys = frame.astype(str).agg("|".join, axis=1)
    return keys.sort_values(ignore_index=True)


def timed(action: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
