"""How fresh the numbers of a part of a page are, and what of their sources is missing.

A part of a page names the sources it is fed by; every line of provenance within it then bears
their state. Where a page is about a past day, only what is the newest of a source bears it, and the
page says once what is past its calendar. One line says which sources failed or had rows kept out.
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
from dashboard.tables import bundled
from dashboard.tables.spoken import NEVER_READ
from dashboard.tables.table import plain
from dashboard.text import Words
from etl.errors import ArtonomicsError
from etl.warehouse import SnapshotReader

_fed_by: ContextVar[tuple[str, ...]] = ContextVar("fed_by", default=())
_dated: ContextVar[bool] = ContextVar("dated", default=False)
_of_one: ContextVar[bool] = ContextVar("of_one", default=False)
_older: ContextVar[datetime | None] = ContextVar("older", default=None)
_AGELESS = ("assumed", "disclosed")
"""What was supposed or said on a past day: collecting again would not renew it."""


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
def dated() -> Iterator[None]:
    """Let numbers in the block bear their own day: they are about what was, and do not age.

    What is past its calendar must then be told once: see :func:`past_calendar`.
    """
    before = _dated.set(True)
    try:
        yield
    finally:
        _dated.reset(before)


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


def mark(said: Words, shown_to: date | None = None, kind: str = "") -> str:
    """Return the badge of what feeds the part being drawn; nothing where nothing can age.

    The worst of the sources counts. An older snapshot that is read in place of the newest makes
    every number stale.

    Parameters
    ----------
    shown_to
        Day of the number, or last day of what a card shows. It counts within
        :func:`of_one_series`; within :func:`dated` a day before the last of a source is history.
    kind
        How the number is known: within :func:`dated` what is assumed or disclosed does not age.
    """
    try:
        info = cache.info()
        older = _older.get() or (info.published_at if info.note else None)
        if older is not None:
            told = said.t("of the snapshot of {date}", date=said.instant(older))
            return f"{badge(said, stale=True)} {told}"
        ageless = kind == "missing" or (_dated.get() and kind in _AGELESS)
        reaches = [] if ageless else _reaches(_fed_by.get())
    except ArtonomicsError:
        return ""
    moving = [reach for reach in reaches if reach.stale is not None]
    newest = [reach for reach in moving if not _is_history(shown_to, reach)]
    if not reaches or (moving and not newest):
        return ""
    stale = [reach for reach in newest if reach.stale]
    if stale:
        known = [reach.last for reach in stale if reach.last is not None]
        known += [shown_to] if shown_to is not None and _of_one.get() else []
        told = said.t("reaches to {date}", date=said.date(min(known))) if known else ""
        return f"{badge(said, stale=True)} {told}".rstrip()
    return badge(said, stale=False if newest else None)


def _is_history(shown_to: date | None, reach: Reach) -> bool:
    if not _dated.get() or shown_to is None or reach.last is None:
        return False
    return shown_to < reach.last


def past_calendar(said: Words, sources: Sequence[str]) -> str:
    """Return Markdown that names which of ``sources`` are past their calendar and how far they go.

    Nothing where none is.
    """
    known = _known()
    stale = [(name, known[name]) for name in sources if name in known and known[name].stale]
    if not stale:
        return ""
    told = said.t("; ").join(
        said.t(
            "{source} to {date}",
            source=plain(bundled.source_name(name, said)),
            date=said.date(reach.last),
        )
        for name, reach in stale
    )
    return f"{badge(said, stale=True)} {told}"


def gaps(said: Words, sources: Sequence[str]) -> list[str]:
    """Return sentences of Markdown on what of ``sources`` failed, or was kept out or lags."""
    told: list[str] = []
    known = _known()
    failed = [name for name in cache.study(queries.failed_sources) if name in sources]
    if failed:
        told.append(
            said.t(
                "{sources} failed when last asked: what stands here is what was held before.",
                sources=_listed(failed, said),
            )
        )
    absent = [name for name in sources if name not in known]
    if absent:
        told.append(
            said.t(
                "{sources}: not collected yet, so what rests on it is missing here.",
                sources=_listed(absent, said),
            )
        )
    unread = [name for name in sources if name in known and known[name].n_unread]
    if unread:
        told.append(
            said.n(
                "{sources}: {n} share was never read.",
                "{sources}: {n} shares were never read.",
                sum(known[name].n_unread for name in unread),
                sources=_listed(unread, said),
            )
        )
    counts = cache.study(kept_out)
    n_rows = sum(counts.get(name, 0) for name in sources)
    if n_rows:
        told.append(
            said.n(
                "{sources}: {n} row failed a check and is in no figure.",
                "{sources}: {n} rows failed a check and are in no figure.",
                n_rows,
                sources=_listed([name for name in sources if name in counts], said),
            )
        )
    return told


def _listed(sources: Sequence[str], said: Words) -> str:
    return said.listed(plain(bundled.source_name(name, said)) for name in sources)


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
