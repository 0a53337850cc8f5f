"""The event lake: a day of a source is a set of files that are never changed, only replaced.

``lake/<table>/source=…/event_date=…/<generation>-<n>.parquet`` holds what counts now; replaced
files move to the same place below ``lake/.superseded``. The table ``lake_days`` says which
generation held a day and when. An import writes into ``lake/.staging/<run>`` first; its moves
stand in ``moves.json`` there before the warehouse commits, so that a killed process leaves either
nothing or moves that the next import finishes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from etl.config import Settings
from etl.warehouse import SnapshotReader, Warehouse
from etl.writer_files import sync

MOVES = "moves.json"


@dataclass(frozen=True)
class Lake:
    """The folders of one table and source in the lake."""

    root: Path
    table: str
    source: str

    @classmethod
    def of(cls, settings: Settings, table: str, source: str) -> Lake:
        """Return the place of a table and source."""
        return cls(settings.lake_dir, table, source)

    def day(self, day: str) -> Path:
        """Return the folder of what counts on a day (ISO)."""
        return self.root / self.table / f"source={self.source}" / f"event_date={day}"

    def superseded(self, day: str) -> Path:
        """Return the folder of what counted on a day before."""
        return self.root / ".superseded" / self.day(day).relative_to(self.root)

    def rejects(self, run_id: str) -> Path:
        """Return the file of all rows an import kept out."""
        folder = self.root / ".rejects" / self.table / f"source={self.source}"
        return folder / f"{run_id}.parquet"

    def staging(self, run_id: str) -> Path:
        """Return the folder an import writes into first."""
        return self.root / ".staging" / run_id

    def generation(self, day: str, generation: str) -> list[Path]:
        """Return the files of a day as one generation wrote them, wherever they lie now."""
        folders = (self.day(day), self.superseded(day))
        return sorted(p for f in folders for p in f.glob(f"{generation}-*.parquet"))


def promise(staging: Path, moves: Sequence[tuple[Path, Path]]) -> None:
    """Write down the moves of an import, after its files have reached the disk."""
    for origin, _ in moves:
        sync(origin)
    half = staging / f".{MOVES}"
    half.write_text(json.dumps([[str(a), str(b)] for a, b in moves]), encoding="utf-8")
    sync(half)
    half.rename(staging / MOVES)
    sync(staging)


def fulfil(staging: Path) -> None:
    """Do the moves that were written down, those not done yet, and remove the folder."""
    folders: set[Path] = set()
    for origin, target in json.loads((staging / MOVES).read_text(encoding="utf-8")):
        target_path = Path(target)
        if Path(origin).exists():
            target_path.parent.mkdir(parents=True, exist_ok=True)
            Path(origin).replace(target_path)
            folders.add(target_path.parent)
    for folder in folders:
        sync(folder)
    shutil.rmtree(staging)


def recover(settings: Settings, warehouse: Warehouse) -> None:
    """Finish what a killed import had committed, and remove what it had not."""
    for staging in sorted((settings.lake_dir / ".staging").glob("*")):
        recorded = warehouse.ask(
            "SELECT run_id FROM imported_files WHERE run_id = ?", [staging.name]
        )
        if len(recorded) and (staging / MOVES).exists():
            fulfil(staging)
        else:
            shutil.rmtree(staging)


def files(
    reader: SnapshotReader,
    data_dir: Path,
    table: str,
    *,
    source: str = "",
    start: date | None = None,
    end: date | None = None,
    as_of: datetime | None = None,
) -> list[Path]:
    """Return the Parquet files of a table of the lake, as published or as it was known.

    Parameters
    ----------
    reader, data_dir
        The published snapshot, and the data folder it lies in.
    table
        Table of the lake, for example ``product_events``.
    source
        Only this source.
    start, end
        First and last UTC day, inclusive.
    as_of
        Instant (UTC) as of which the lake is wanted; what counts now by default.
    """
    at = f"lake_days_as_of(TIMESTAMPTZ '{as_of.isoformat()}')" if as_of else "lake_days"
    days = reader.query(
        f"SELECT source, event_date::VARCHAR AS day, generation FROM {at} WHERE table_name = ? "
        "AND source = coalesce(?, source) AND event_date BETWEEN coalesce(?, event_date) "
        "AND coalesce(?, event_date) ORDER BY ALL",
        [table, source or None, start, end],
    )
    found: list[Path] = []
    for row in days.to_dict("records"):
        place = Lake(data_dir / "lake", table, row["source"])
        found += place.generation(row["day"], row["generation"])
    return found
