"""Write rounds on a disk with ever less room; print what each round came to, one JSON a line.

The rounds are those of ``writer_to_kill``: after each, the writer's file and the snapshot must be
whole, whatever the disk refused.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import writer_to_kill

from etl.config import Settings
from etl.errors import WarehouseError
from etl.schemas import STOCK_PRICES
from etl.warehouse import SnapshotReader, Stamp, Warehouse

ASK = "SELECT count(*) AS n, min(close) AS low, max(close) AS high FROM stock_prices"
ROOMS = (0, 4_096, 40_000, 400_000, 1_000_000, 2_000_000, 4_000_000, None)
"""Bytes that are free during a round; ``None`` leaves all."""


def fill(disk: Path, room: int) -> None:
    """Take all of the disk but ``room`` bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 65_536):
                pass
        except OSError:
            size = file.tell()
    with ballast.open("r+b") as file:
        file.truncate(max(0, size - room))


def write_round(settings: Settings, number: int) -> str:
    """Return the error of a round in words; empty where it went well."""
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    try:
        with Warehouse(settings) as warehouse:
            with warehouse.transaction():
                stamp = Stamp("a", f"run-{number}", now)
                warehouse.merge(STOCK_PRICES, writer_to_kill.frame(number), stamp)
            warehouse.publish(f"run-{number}", now)
    except WarehouseError as error:
        return f"{error.code} {error}"
    return ""


def main(disk: Path) -> None:
    """Try a round with every room, then look at what is kept and shown."""
    settings = Settings(data_dir=disk / "data", keep_snapshots=2, fold_log_bytes=1)
    assert not write_round(settings, 1)
    committed = 1
    for room in ROOMS:
        if room is not None:
            fill(disk, room)
        error = write_round(settings, committed + 1)
        shown_while_full = SnapshotReader(settings.data_dir).query(ASK).iloc[0].tolist()
        (disk / "ballast").unlink(missing_ok=True)
        with Warehouse(settings) as warehouse:
            kept = warehouse._connection.execute(ASK).fetchone()
        shown = SnapshotReader(settings.data_dir).query(ASK).iloc[0].tolist()
        told = {"room": room, "error": error, "kept": kept, "shown": shown}
        sys.stdout.write(json.dumps(told | {"shown_while_full": shown_while_full}) + "\n")
        committed = int(kept[2]) if kept else 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
