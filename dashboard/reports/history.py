"""Which reports were built: a line each in ``reports/history.jsonl`` of the data folder.

A report itself knows no instant but that of its data; who built it, when and for how long stands
here.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from filelock import FileLock

FILE = "history.jsonl"
COLUMNS = (
    "built_at",
    "name",
    "choice",
    "as_of",
    "published_at",
    "data_version",
    "formats",
    "languages",
    "files",
    "started_by",
    "duration_seconds",
)
LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class Built:
    """A report that was built.

    Attributes
    ----------
    built_at, duration_seconds
        When it was finished (UTC), and how long that took.
    name, choice, as_of
        Which report, about what (only what was chosen), and as known on which day.
    published_at, data_version
        The data it stands on.
    formats, languages, files
        What was written.
    started_by
        ``hand`` or ``schedule``.
    """

    built_at: datetime
    duration_seconds: float
    name: str
    choice: dict[str, Any]
    as_of: str | None
    published_at: datetime
    data_version: str
    formats: tuple[str, ...]
    languages: tuple[str, ...]
    files: tuple[Path, ...]
    started_by: Literal["hand", "schedule"] = "hand"


def record(data_dir: Path, built: Built) -> None:
    """Add a line for a report, with the size and SHA-256 of each of its files."""
    told = {**asdict(built), "files": [_file(path) for path in built.files]}
    line = json.dumps(told, ensure_ascii=False, default=_plain) + "\n"
    path = _path(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS), path.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(line.encode())


def read(data_dir: Path) -> pd.DataFrame:
    """Return what was built, the oldest first: the columns :data:`COLUMNS`.

    Instants are UTC; ``choice`` is a mapping, ``files`` a list of mappings (path, size_bytes,
    sha256), ``formats`` and ``languages`` are lists, ``as_of`` is text or missing. Lines that
    cannot be read are left out and counted in ``attrs["n_torn"]``.
    """
    path = _path(data_dir)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    told: list[Any] = [found for line in filter(None, lines) if (found := _read(line))]
    frame = pd.DataFrame(told, columns=pd.Index(COLUMNS))
    for name in ("built_at", "published_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    frame.attrs["n_torn"] = sum(bool(line) for line in lines) - len(told)
    return frame


def last(data_dir: Path, name: str) -> datetime | None:
    """Return when the data of the last report of that name was published (UTC); ``None`` for none.

    Parameters
    ----------
    data_dir
        The data folder.
    name
        One of :data:`dashboard.reports.REPORTS`.
    """
    frame = read(data_dir)
    own = frame.loc[frame["name"] == name, "published_at"]
    return own.iloc[-1].to_pydatetime() if len(own) else None


def _path(data_dir: Path) -> Path:
    return data_dir / "reports" / FILE


def _file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"path": str(path), "size_bytes": len(content), "sha256": digest}


def _read(line: str) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
        pd.Timestamp(told["built_at"]), pd.Timestamp(told["published_at"])
    except (ValueError, TypeError, KeyError):
        return None
    return told


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
