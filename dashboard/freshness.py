"""How fresh the numbers of a part of a page are, and what of their sources is missing.

A part of a page names the sources it is fed by; every line of provenance within it then bears
their state, and one line says which of them failed or had rows kept out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from dashboard import cache, queries
from dashboard.queries import Reader
from dashboard.tables.spoken import NEVER_READ
from dashboard.tables.table import plain
from dashboard.text import Words
from etl.errors import ArtonomicsError
from etl.warehouse import SnapshotReader

_fed_by: ContextVar[tuple[str, ...]] = ContextVar("fed_by", default=())
_of_one: ContextVar[bool] = ContextVar("of_one", default=False)
_older: ContextVar[datetime | None] = ContextVar("older", default=None)


@dataclass(frozen=True)
class Reach:
    """How far a source reaches.

    Attributes
    ----------
    stale
        Whether it is past its own calendar; ``None`` where it never goes stale.
    last
        Day of its last observation.
    n_unread
        How many of its shares were never read.
    """

    stale: bool | None
    last: date | None
    n_unread: int = 0


@contextmanager
def fed_by(*sources: str) -> Iterator[None]:
    """Let what is drawn in the block bear the freshness of ``sources``."""
    before = _fed_by.set(sources or _fed_by.get())
    try:
        yield
    finally:
        _fed_by.reset(before)


@contextmanager
def of_one_series() -> Iterator[None]:
    """Let what is drawn in the block say how far it reaches itself, not how far its source does.

    A source of many shares reaches as far as the one read last.
    """
    before = _of_one.set(True)
    try:
        yield
    finally:
        _of_one.reset(before)


@contextmanager
def of_older(published_at: datetime) -> Iterator[None]:
    """Let what is drawn in the block bear that it is of an older snapshot."""
    before = _older.set(published_at)
    try:
        yield
    finally:
        _older.reset(before)


def badge(said: Words, *, stale: bool | None) -> str:
    """Return the Markdown of a freshness badge; ``None`` is a source that never goes stale."""
    if stale is None:
        colour, icon, told = "gray", "inventory_2", said.t("fixed")
    elif stale:
        colour, icon, told = "orange", "history", said.t("stale")
    else:
        colour, icon, told = "green", "check_circle", said.t("fresh")
    return f":{colour}-badge[:material/{icon}: {told}]"


def mark(said: Words, shown_to: date | None = None) -> str:
    """Return the badge of what feeds the part being drawn; nothing where nothing is known.

    The worst of the sources counts. An older snapshot that is read in place of the newest makes
    every number stale.

    Parameters
    ----------
    shown_to
        Last day of what a card shows; it counts within :func:`of_one_series`.
    """
    try:
        info = cache.info()
        older = _older.get() or (info.published_at if info.note else None)
        if older is not None:
            told = said.t("of the snapshot of {date}", date=said.instant(older))
            return f"{badge(said, stale=True)} {told}"
        reaches = _reaches(_fed_by.get())
    except ArtonomicsError:
        return ""
    if not reaches:
        return ""
    stale = [reach for reach in reaches if reach.stale]
    if stale:
        known = [reach.last for reach in stale if reach.last is not None]
        known += [shown_to] if shown_to is not None and _of_one.get() else []
        told = said.t("reaches to {date}", date=said.date(min(known))) if known else ""
        return f"{badge(said, stale=True)} {told}".rstrip()
    moving = any(reach.stale is False for reach in reaches)
    return badge(said, stale=False if moving else None)


def gaps(said: Words, sources: Sequence[str]) -> list[str]:
    """Return sentences of Markdown on what of ``sources`` failed, or was kept out or lags."""
    told: list[str] = []
    known = _known()
    failed = [name for name in cache.study(queries.failed_sources) if name in sources]
    if failed:
        told.append(
            said.t(
                "{sources} failed when last asked: what stands here is what was held before.",
                sources=said.listed(map(plain, failed)),
            )
        )
    absent = [name for name in sources if name not in known]
    if absent:
        told.append(
            said.t(
                "{sources}: not collected yet, so what rests on it is missing here.",
                sources=said.listed(map(plain, absent)),
            )
        )
    unread = [name for name in sources if name in known and known[name].n_unread]
    if unread:
        told.append(
            said.n(
                "{n} share of {sources} was never read.",
                "{n} shares of {sources} were never read.",
                sum(known[name].n_unread for name in unread),
                sources=said.listed(map(plain, unread)),
            )
        )
    counts = cache.study(kept_out)
    n_rows = sum(counts.get(name, 0) for name in sources)
    if n_rows:
        told.append(
            said.n(
                "{n} row of {sources} failed a check and is in no figure.",
                "{n} rows of {sources} failed a check and are in no figure.",
                n_rows,
                sources=said.listed(plain(name) for name in sources if name in counts),
            )
        )
    return told


def kept_out(reader: Reader) -> dict[str, int]:
    """Return how many rows of each source failed a check and wait for their correction."""
    found = reader.query(
        "SELECT source, count(*) AS n FROM quarantine WHERE resolved_at IS NULL GROUP BY source"
    )
    return {str(name): int(n) for name, n in zip(found["source"], found["n"], strict=True)}


def _reaches(sources: Sequence[str]) -> list[Reach]:
    known = _known()
    return [known[name] for name in sources if name in known]


def held(reader: SnapshotReader, today: date) -> dict[str, Reach]:
    """Return the reach of every source that was collected, as it is on a day."""
    rows: list[dict[Any, Any]] = queries.sources_with_freshness(reader).to_dict("records")
    return {
        str(row["source"]): Reach(_state(row["stale"]), day(row["last_observation"]), _unread(row))
        for row in rows
    }


def _known() -> dict[str, Reach]:
    return cache.study(held, datetime.now(UTC).date())


def _unread(row: dict[Any, Any]) -> int:
    lagging = row.get("lagging")
    return lagging.count(NEVER_READ) if isinstance(lagging, str) else 0


def _state(value: Any) -> bool | None:
    return None if value is None or pd.isna(value) else bool(value)


def day(value: Any) -> date | None:
    """Return the day of a date or an instant; nothing of what is missing."""
    found: Any = pd.Timestamp(value) if value is not None else pd.NaT
    return None if pd.isna(found) else found.date()
