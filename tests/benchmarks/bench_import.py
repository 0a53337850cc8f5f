"""How fast an event log comes in, beside a bare copy by DuckDB into the same layout.

The copy only splits the rows by day; the import maps, checks, dates and records them too. Both
get the same threads and memory. ``--rows 100000000`` is the size the targets are set for: 0.70 of
the copy's speed, 0.45 with the search for repeated identifiers, 0.60 from CSV.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness import write_record

from etl import imports
from etl.config import Settings
from etl.engines import scratch
from etl.imports import events

TARGETS = {"parquet": 0.70, "parquet_deduplicated": 0.45, "csv": 0.60}
_ROWS = """
    SELECT printf('%016x%016x', hash(i), hash(-i)) AS event_id,
           'u' || (hash(i // 40) % 2000000) AS user_id,
           list_extract(['install', 'open', 'image', 'wait', 'purchase'],
                        1 + (hash(i + 1) % 5)::INT) AS event_name,
           make_timestamptz(1669852800000000 + (i * 1e6 * 86400 * {days} / {rows})::BIGINT)
               AS event_at,
           list_extract(['JP', 'US', 'CN', 'TW', 'KR'], 1 + (hash(i + 2) % 5)::INT) AS country,
           'organic' AS channel, 'ios' AS platform, 'free' AS plan, '1.0.' || i % 7 AS app_version,
           (hash(i + 3) % 9000) / 100 AS wait_seconds, 1 AS n_images
    FROM range({rows}) AS r(i)
"""


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    given, _ = parser.parse_known_args()  # the names of benchmarks stand there too
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder), given.rows, given.days, given.repeats)
    sys.stdout.write(json.dumps(results, indent=1) + "\n")
    if given.record:
        write_record("import", results, ("duckdb", "pyarrow"))


def measure(folder: Path, rows: int, days: int, repeats: int) -> dict[str, object]:
    """Return the seconds of copies and imports, and their ratios."""
    log = {form: folder / f"log.{form}" for form in ("parquet", "csv")}
    with scratch(folder) as con:
        made = _ROWS.format(rows=rows, days=days)
        con.execute(f"COPY ({made}) TO '{log['parquet']}' (FORMAT parquet)")
        con.execute(f"COPY (FROM '{log['parquet']}') TO '{log['csv']}' (FORMAT csv, HEADER)")
    results: dict[str, object] = {"rows": rows, "days": days, "targets": TARGETS}
    for name, target in TARGETS.items():
        path = log[name.split("_")[0]]
        copies, brought = [], []
        for _ in range(repeats):
            copies.append(_timed(lambda p=path: bare_copy(folder / "bare", p)))
            deduplicate = name != "parquet"
            brought.append(_timed(lambda p=path, d=deduplicate: bring(folder / "data", p, rows, d)))
        ratio = min(copies) / min(brought)
        results[name] = {
            "copy_seconds": min(copies),
            "import_seconds": min(brought),
            "ratio": ratio,
            "met": ratio >= target,
        }
    # Copies and imports share the process, so this bounds what an import needs.
    results["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return results


def bare_copy(folder: Path, path: Path) -> None:
    """Split a file by source and day, and do nothing else."""
    with scratch(folder / "scratch") as con:
        con.execute(
            f"COPY (SELECT *, 'bench' AS source, "
            f"make_timestamp(epoch_us(event_at::TIMESTAMPTZ))::DATE AS event_date FROM '{path}') "
            f"TO '{folder}' (FORMAT parquet, PARTITION_BY (source, event_date))"
        )
    shutil.rmtree(folder)


def bring(data: Path, path: Path, rows: int, deduplicate: bool) -> None:
    """Import a file into an empty data folder."""
    kept = events._find_repeated
    if not deduplicate:
        events._find_repeated = lambda *_: False
    try:
        done = imports.import_files(Settings(data_dir=data), "events", [path])
    finally:
        events._find_repeated = kept
    assert done.error is None, done.error
    assert done.entries[0].rows_new == rows
    shutil.rmtree(data)


def _timed(action: Callable[[], None]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
