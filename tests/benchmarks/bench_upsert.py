"""How long it takes to restate one million of ten million prices, history kept.

The peer is bare DuckDB in the same run: the same frame, an update in place and no history. The
target is three seconds without publishing.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from harness import write_record

from etl.config import Settings
from etl.schemas import STOCK_PRICES
from etl.statements import stored_name
from etl.warehouse import Stamp, Warehouse

TARGET_SECONDS = 3.0
ROWS, CHANGED, DAYS = 10_000_000, 1_000_000, 2_500
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FRAME = """
    SELECT 'T' || lpad((i // {days})::VARCHAR, 5, '0') AS ticker,
           DATE '2016-01-01' + (i % {days})::INTEGER AS trade_date,
           {price} + i % 97 AS close, {price} + i % 97 AS adjusted_close
    FROM range({rows}) t(i)
"""


def frame(warehouse: Warehouse, rows: int, price: float) -> pd.DataFrame:
    """Return made-up bars as they come out of the checks."""
    asked = FRAME.format(days=DAYS, rows=rows, price=price)
    bars = warehouse._connection.execute(asked).df()
    empty = {c.name: None for c in STOCK_PRICES.frame_columns() if c.name not in bars}
    told = {
        "currency": "HKD",
        "adjustment": "none",
        "evidence_kind": "simulated",
        "source_url": "made up",
        "retrieved_at": pd.Timestamp(NOW),
        "quality_flags": None,
    }
    return bars.assign(**(empty | told))


def fill(warehouse: Warehouse) -> None:
    """Bring the ten million rows in, a million at a time."""
    everything = frame(warehouse, ROWS, 1.0)
    for begin in range(0, ROWS, CHANGED):
        with warehouse.transaction():
            part = everything.iloc[begin : begin + CHANGED]
            warehouse.merge(STOCK_PRICES, part, Stamp("made", "run-1", NOW))


def bare_update(warehouse: Warehouse, rows: pd.DataFrame) -> float:
    """Return the seconds bare DuckDB takes to update a copy of the table from the same frame."""
    con = warehouse._connection
    con.execute(
        f"CREATE TEMP TABLE peer AS FROM {stored_name(STOCK_PRICES)} WHERE valid_to IS NULL"
    )
    con.register("changed", rows)
    begin = time.perf_counter()
    con.execute(
        "UPDATE peer SET close = c.close, adjusted_close = c.adjusted_close FROM changed c "
        "WHERE peer.ticker = c.ticker AND peer.trade_date = c.trade_date"
    )
    took = time.perf_counter() - begin
    con.execute("DROP TABLE peer")
    return took


def main() -> None:
    """Measure, print and record; the exit status is 1 where the target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), fold_log_bytes=2**40)
        with Warehouse(settings) as warehouse:
            fill(warehouse)
        samples, peers = [], []
        for number in range(3):
            with Warehouse(settings.model_copy(update={"fold_log_bytes": 2**20})):
                pass  # the log of the time before is folded, as between two runs
            with Warehouse(settings) as warehouse:
                changed = frame(warehouse, CHANGED, 200.0 + number)
                begin = time.perf_counter()
                with warehouse.transaction():
                    stamp = Stamp("made", f"run-{number + 2}", NOW)
                    counts = warehouse.merge(STOCK_PRICES, changed, stamp)
                samples.append(time.perf_counter() - begin)
                assert counts.changed == CHANGED
                peers.append(bare_update(warehouse, changed.assign(close=changed["close"] + 0.5)))
    results = {
        "rows": ROWS,
        "changed": CHANGED,
        "seconds": samples,
        "bare_update_seconds": peers,
        "ratio_to_bare_update": min(samples) / min(peers),
        "target_seconds": TARGET_SECONDS,
    }
    path = write_record("upsert", results, ("duckdb", "pandas"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")
    sys.exit(int(sorted(samples)[1] > TARGET_SECONDS))


if __name__ == "__main__":
    main()
