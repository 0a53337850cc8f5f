"""Which reports were built: a line each in ``reports/history.jsonl`` of the data folder.

A report itself knows no instant but that of its data; who built it, when and for how long stands
here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from dashboard.reports import Order
from dashboard.reports.edition import PublishedData
from etl.delivery import lines

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
    "schedule",
    "duration_seconds",
)


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
    schedule
        Its name; ``None`` of a report built by hand.
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
    schedule: str | None = None


def built(
    order: Order,
    files: Sequence[Path],
    info: PublishedData,
    duration_seconds: float,
    started_by: Literal["hand", "schedule"] = "hand",
) -> Built:
    """Return what is to be recorded of an order that was filled just now."""
    hidden = ("as_of", "house", "data_dir", "schedule")
    chosen = {
        each.name: getattr(order.choice, each.name)
        for each in fields(order.choice)
        if each.name not in hidden and getattr(order.choice, each.name) is not None
    }
    as_of = order.choice.as_of
    return Built(
        built_at=datetime.now(UTC),
        duration_seconds=round(duration_seconds, 3),
        name=order.name,
        choice=chosen,
        as_of=as_of.isoformat() if as_of else None,
        published_at=info.published_at,
        data_version=info.data_version,
        formats=tuple(order.formats),
        languages=tuple(order.languages),
        files=tuple(files),
        started_by=started_by,
        schedule=order.choice.schedule,
    )


def record(data_dir: Path, built: Built) -> None:
    """Add a line for a report, with the size and SHA-256 of each of its files."""
    told = {**asdict(built), "files": [_file(path) for path in built.files]}
    lines.add(_path(data_dir), told)


def read(data_dir: Path) -> pd.DataFrame:
    """Return what was built, the oldest first: the columns :data:`COLUMNS`.

    Instants are UTC; ``choice`` is a mapping, ``files`` a list of mappings (path, size_bytes,
    sha256), ``formats`` and ``languages`` are lists, ``as_of`` is text or missing. Lines that
    cannot be read are left out and counted in ``attrs["n_torn"]``.
    """
    told, n_torn = lines.read(_path(data_dir), _whole)
    frame = pd.DataFrame(told, columns=pd.Index(COLUMNS))
    for name in ("built_at", "published_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    frame.attrs["n_torn"] = n_torn
    return frame


def last(data_dir: Path, name: str, schedule: str | None = None) -> datetime | None:
    """Return when the newest data that a reader was told of was published (UTC).

    Parameters
    ----------
    data_dir
        The data folder.
    name
        One of :data:`dashboard.reports.REPORTS`.
    schedule
        Whose readers; left out, reports built by hand count. ``None`` is returned for none.
    """
    frame = read(data_dir)
    same = frame["schedule"].isna() if schedule is None else frame["schedule"] == schedule
    by_hand = (frame["started_by"] == "hand") | (schedule is not None)
    own = frame.loc[(frame["name"] == name) & same & by_hand, "published_at"]
    return own.max().to_pydatetime() if len(own) else None


def _path(data_dir: Path) -> Path:
    return data_dir / "reports" / FILE


def _file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"path": str(path), "size_bytes": len(content), "sha256": digest}


def _whole(told: dict[str, Any]) -> dict[str, Any]:
    for name in ("built_at", "published_at"):
        datetime.fromisoformat(told[name])
    return told
