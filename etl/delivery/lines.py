"""Files of JSON lines that are only ever added to, by several processes, and survive a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

LOCK_SECONDS = 30.0
T = TypeVar("T")


def add(path: Path, told: Mapping[str, Any]) -> None:
    """Add a line, after the end of a torn one, and have it on the disk before returning.

    Instants and paths become text. A new file is readable by its user alone: it tells who is
    written to, and when.
    """
    line = json.dumps(told, ensure_ascii=False, default=_plain) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_SECONDS)
    with lock, open(path, "ab+", opener=_own) as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, understood: Callable[[dict[str, Any]], T]) -> tuple[list[T], int]:
    """Return what is made of each line, and how many were torn; nothing where there is no file.

    Parameters
    ----------
    path
        The file.
    understood
        Raises ValueError, TypeError or KeyError for a line that is not whole.
    """
    if not path.exists():
        return [], 0
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found: list[T] = []
    for line in filter(None, lines):
        try:
            found.append(understood(json.loads(line)))
        except (ValueError, TypeError, KeyError):
            continue
    return found, sum(map(bool, lines)) - len(found)


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)  # pyright: ignore
