"""The files of the writer: each is made whole beside the others and never rewritten in place.

DuckDB rewrites blocks in place when it folds its log into the file; a process killed inside such
a write leaves a block whose checksum is wrong, and with it a file that cannot be opened. So the
writer only appends to the log. When the log has grown, all that is committed goes into a new file
of the next number; the file counts once it is renamed, and the old one and its log are dropped.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

_NUMBERED = re.compile(r"writer-(\d{6})\.duckdb")


class WriterFiles:
    """The numbered files of one writer in ``folder``; the highest number counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self) -> Path | None:
        """Return the file that counts, or ``None`` where there is none."""
        return max(self._all(), default=None)

    def add(self, make: Callable[[Path], None]) -> Path:
        """Let ``make`` write a whole database at a hidden path, and let it count from now on."""
        last = self.current()
        number = int(last.stem.removeprefix("writer-")) + 1 if last else 1
        path = self._folder / f"writer-{number:06}.duckdb"
        half = self._folder / f".{path.name}"
        for stale in (half, log_of(half), log_of(path)):  # an old log would be replayed into it
            stale.unlink(missing_ok=True)
        make(half)
        if log_of(half).exists():
            raise RuntimeError(f"got {log_of(half)}; a whole file has no log beside it")
        sync(half)
        half.rename(path)
        sync(self._folder)
        self.sweep()
        return path

    def sweep(self) -> None:
        """Remove what no longer counts: older files, their logs, and half-made ones."""
        current = self.current()
        for path in (*self._folder.glob("writer-*.duckdb*"), *self._folder.glob(".writer-*")):
            if current is None or not path.name.startswith(current.name):
                path.unlink(missing_ok=True)

    def _all(self) -> list[Path]:
        return [path for path in self._folder.glob("writer-*") if _NUMBERED.fullmatch(path.name)]


def log_of(path: Path) -> Path:
    """Return the path of the log DuckDB keeps beside a database file."""
    return path.with_name(f"{path.name}.wal")


def sync(path: Path) -> None:
    """Force a file or folder to the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
