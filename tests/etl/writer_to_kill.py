"""Writers that merge and publish until they are killed; they note each step they have finished.

Each round adds ten bars and changes all older ones to the round's number, so that a half state
would show: a reader must see equal values only, ten times as many as the value says.
"""

from __future__ import annotations

import itertools
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from etl.config import Settings
from etl.schemas import STOCK_PRICES
from etl.warehouse import Stamp, Warehouse

BARS = 10
FOLD_LOG_BYTES = 200_000  # every few rounds, so that kills fall into it too
FIRST_DAY = pd.Timestamp("2000-01-03")


def frame(number: int) -> pd.DataFrame:
    """Return all bars of the rounds 1 to ``number``, each with the close ``number``."""
    days = pd.date_range(FIRST_DAY, periods=BARS * number)
    rows = pd.DataFrame(
        {c.name: None for c in STOCK_PRICES.frame_columns()}, index=range(len(days))
    )
    return rows.assign(
        ticker="A",
        trade_date=days,
        close=float(number),
        adjusted_close=float(number),
        currency="HKD",
        adjustment="none",
        evidence_kind="simulated",
        source_url="made up",
        retrieved_at=datetime(2026, 1, 1, tzinfo=UTC),
        quality_flags=None,
    )


def write(data_dir: Path, first: int, diary: Path) -> None:
    """Write round after round, beginning with ``first``; note each finished step in ``diary``."""
    settings = Settings(data_dir=data_dir, keep_snapshots=3, fold_log_bytes=FOLD_LOG_BYTES)
    with diary.open("a") as steps:

        def finished(step: str, number: int) -> None:
            steps.write(f"{step} {number}\n")
            steps.flush()

        for number in itertools.count(first):
            now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            with Warehouse(settings) as warehouse:
                finished("opened", number)
                with warehouse.transaction():
                    warehouse.merge(STOCK_PRICES, frame(number), Stamp("a", f"run-{number}", now))
                finished("committed", number)
                warehouse.publish(f"run-{number}", now)
                finished("published", number)


def main(data_dir: Path) -> None:
    """Start a writer for each line ``first diary``, tell its process, tell when it is dead.

    The writers are forked, so that none of them spends its life importing.
    """
    for line in sys.stdin:
        first, diary = line.split(maxsplit=1)
        writer = os.fork()
        if writer == 0:
            write(data_dir, int(first), Path(diary.strip()))
        sys.stdout.write(f"{writer}\n")
        sys.stdout.flush()
        _, how = os.waitpid(writer, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(how)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
