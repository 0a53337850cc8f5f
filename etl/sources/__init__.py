"""One module a source: constants, ``fetch()`` does the I/O, ``parse()`` is pure.

A source is a module of this package whose name does not begin with an underscore. It has ``INFO``
(a :class:`SourceInfo`), ``fetch(request) -> Raw`` and ``parse(raw) -> DataFrame``; nothing is
registered.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import pandas as pd

from etl.errors import InputError
from etl.schemas import Table


@dataclass(frozen=True)
class SourceInfo:
    """What a source gives and under which terms (a row of the table ``sources``).

    Attributes
    ----------
    name, table, title, publisher
        The source, the table it fills, what it gives and who publishes it.
    licence, redistributable
        Its terms, and whether its rows may be passed on; ``no`` keeps them out of exports.
    live, bundled
        Whether a live run can refresh it, and whether the bundled snapshot holds it.
    on_request
        Collected only when it is named; a run over all sources leaves it out.
    reach
        What a live fetch can give: the ``whole`` series, a ``range`` of days that is asked for, or
        only the ``present`` state, so that a missed day is lost.
    freshness_calendar
        Calendar by which it goes stale: an exchange, ``daily`` or ``static``.
    note
        Doubts and limits.
    """

    name: str
    table: Table
    title: str
    publisher: str
    licence: str
    redistributable: Literal["yes", "facts only", "no"]
    live: bool
    freshness_calendar: str
    note: str = ""
    bundled: bool = True
    on_request: bool = False
    reach: Literal["whole", "range", "present"] = "whole"


@dataclass(frozen=True)
class Request:
    """What to fetch.

    Attributes
    ----------
    offline
        Take the bundled snapshot and touch no network.
    bundled
        Folder with ``snapshots/`` and ``corrections/``.
    now
        The instant of the run in UTC; sources never read the clock themselves.
    start, end
        First and last day wanted, both inclusive; ``None`` means all there is.
    raw_dir
        Where a live source keeps the raw answers; ``None`` keeps nothing.
    user_dir
        The data folder, where the user's own edits lie; ``None`` means there are none.
    """

    offline: bool
    bundled: Path
    now: datetime
    start: date | None = None
    end: date | None = None
    raw_dir: Path | None = None
    user_dir: Path | None = None


@dataclass(frozen=True)
class Raw:
    """What a source answered, before any judgement.

    Attributes
    ----------
    payload
        Whatever ``parse`` of the same module understands.
    mode
        From the bundled snapshot, or live.
    retrieved_at
        When the values were read, in UTC (for a snapshot: the day its sidecar names).
    failures
        Parts that could not be fetched, in plain words; the run is then ``partial``.
    may_be_empty
        No rows are a right answer too: nothing was wanted, or nothing has happened.
    """

    payload: Any
    mode: Literal["snapshot", "live"]
    retrieved_at: datetime
    failures: tuple[str, ...] = ()
    may_be_empty: bool = False


class Source(Protocol):
    """The shape of a source module."""

    INFO: SourceInfo

    def fetch(self, request: Request) -> Raw:
        """Do the input and output."""
        ...

    def parse(self, raw: Raw) -> pd.DataFrame:
        """Turn the raw answer into a frame with the table's frame columns; pure."""
        ...


def info_of(source: Source, raw: Raw) -> SourceInfo:
    """Return under whose name and terms an answer is stored.

    A module whose live values stand under other terms than its bundled ones names them ``LIVE``.
    """
    live = getattr(source, "LIVE", None)
    return live if live and raw.mode == "live" else source.INFO


def names() -> list[str]:
    """Return the names of all sources, sorted."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def standing(*, offline: bool) -> list[str]:
    """Return the names of the sources that a run over all of them collects, sorted."""
    told = {name: load(name).INFO for name in names()}
    return [
        name for name, info in told.items() if (info.bundled if offline else not info.on_request)
    ]


def load(name: str) -> Source:
    """Return the source module called ``name``.

    Raises
    ------
    InputError
        If there is no such source; the message names the nearest one.
    """
    known = names()
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"perhaps you meant {near[0]!r}" if near else "see `artonomics etl status`"
        raise InputError(f"got the source {name!r}", f"one of {', '.join(known)}", hint)
    return cast(Source, importlib.import_module(f"{__name__}.{name}"))
