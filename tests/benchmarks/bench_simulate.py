"""How fast a product history is drawn.

The peer is pyarrow, which writes the finished rows once more with its defaults
(``pyarrow.parquet.write_table``, one core): it draws nothing and only has to write.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from harness import seconds, summary, write_record

from etl import simulate
from etl.simulate import Parameters

PARAMETERS = Parameters(users=400_000, days=180, seed=1)
CORES = os.cpu_count() or 1


def peer_seconds(history: Path, scratch: Path) -> float:
    """Return how long pyarrow takes to write every day of ``history`` once; reading is free."""
    spent = 0.0
    for part in sorted((history / "product_events").glob("*/*.parquet")):
        table = pq.ParquetFile(part).read()
        begin = time.perf_counter()
        pq.write_table(table, scratch / "peer.parquet")
        spent += time.perf_counter() - begin
    return spent


def main() -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "history"

        def draw(workers: int) -> None:
            simulate.simulate(PARAMETERS, out, workers=workers, force=True)

        one = summary(seconds(lambda: draw(1), repeats=3))
        peer = summary([peer_seconds(out, Path(folder)) for _ in range(3)])
        every = summary(seconds(lambda: draw(CORES), repeats=3, warm_up=0))
        document = json.loads((out / "simulation.json").read_text(encoding="utf-8"))
    n_events = document["n_rows"]["product_events"]
    results = {
        "n_events": n_events,
        "simulate_one_worker": one,
        f"simulate_{CORES}_workers": every,
        "pyarrow_write_table": peer,
        "events_per_second_one_worker": n_events / one["median_seconds"],
        f"events_per_second_{CORES}_workers": n_events / every["median_seconds"],
        "events_per_second_pyarrow_write_table": n_events / peer["median_seconds"],
        "one_worker_over_pyarrow_write_table": peer["median_seconds"] / one["median_seconds"],
    }
    path = write_record("simulate", results, ("numpy", "pyarrow", "scipy"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")


if __name__ == "__main__":
    main()
