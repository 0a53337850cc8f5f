"""Collect past days piece by piece; a piece that is done already is not asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

import pandas as pd

from etl import pipeline, sources
from etl.config import Settings
from etl.errors import InputError
from etl.pipeline import LedgerEntry, Progress, Run
from etl.warehouse import Warehouse

Piece = Literal["day", "week", "month", "year"]
_PERIODS: dict[Piece, str] = {"day": "D", "week": "W-SUN", "month": "M", "year": "Y"}


@dataclass(frozen=True)
class Wanted:
    """What to fill up.

    Attributes
    ----------
    first, last
        First and last day, both inclusive.
    by
        Length of the pieces that range sources are asked for; weeks begin on Monday.
    again
        Ask also for pieces that are done.
    """

    first: date
    last: date
    by: Piece = "month"
    again: bool = False

    def pieces(self) -> Iterator[tuple[date, date]]:
        """Yield first and last day of every piece, cut to the wanted days."""
        for period in pd.period_range(self.first, self.last, freq=_PERIODS[self.by]):
            begin, end = period.start_time.date(), period.end_time.date()
            yield max(begin, self.first), min(end, self.last)


def backfill(
    settings: Settings,
    wanted: Wanted,
    names: Sequence[str] | None = None,
    *,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> list[LedgerEntry]:
    """Collect past days from live sources and publish once at the end.

    A source that can be asked for a range of days is asked piece by piece, each piece one
    transaction with its own ledger entry; after an interruption the same command goes on with
    what is missing. A source whose series always comes whole is asked once.

    Parameters
    ----------
    settings
        Where the warehouse lies.
    wanted
        Which days.
    names
        Sources; by default all live ones that can look back.
    now
        The instant of the run in UTC; the clock's by default.
    progress
        Told each step in a few words.

    Returns
    -------
    list of LedgerEntry
        One for each piece that was asked for; none where all are done.

    Raises
    ------
    InputError
        When the days are in the wrong order or to come, or a source cannot look back.
    """
    now = now or datetime.now(UTC)
    _check_days(wanted, now)
    modules = _modules(names)
    with Warehouse(settings) as warehouse:
        jobs = [
            (Run.begun(warehouse, now, offline=False, start=first, end=last), module)
            for module in modules
            for first, last in _missing(warehouse, module, wanted, now)
        ]
        return pipeline.collect(jobs, progress) if jobs else []


def _check_days(wanted: Wanted, now: datetime) -> None:
    if wanted.last < wanted.first:
        raise InputError(
            f"got --from {wanted.first} --to {wanted.last}",
            "a first day not after the last",
            "swap them",
        )
    if wanted.last > now.date():
        raise InputError(
            f"got --to {wanted.last}, which is still to come",
            f"at most {now.date()}",
            "end earlier",
        )


def _modules(names: Sequence[str] | None) -> list[sources.Source]:
    known = [sources.load(name) for name in (names or sources.standing(offline=False))]
    able = [m for m in known if m.INFO.live and m.INFO.reach != "present"]
    unable = [m.INFO.name for m in known if m not in able]
    if names and unable:
        raise InputError(
            f"got the source {', '.join(unable)}, which cannot look back",
            f"one of {', '.join(m.INFO.name for m in _modules(None))}",
            "a reading of the present that was missed is lost; import a file where you have one",
        )
    return able


def _missing(
    warehouse: Warehouse, module: sources.Source, wanted: Wanted, now: datetime
) -> Iterator[tuple[date | None, date | None]]:
    """Yield the pieces that no earlier run has brought whole."""
    if module.INFO.reach == "whole":
        yield None, None  # the series comes whole whichever days are wanted
        return
    covered = [] if wanted.again else warehouse.covered(module.INFO.name)
    for first, last in wanted.pieces():
        done = any((a is None or a <= first) and b and b >= last for a, b in covered)
        if not done or last >= now.date():
            yield first, last
