"""Days, weeks and months as whole numbers, counted from 1970, on a stated calendar.

Numbers make "k periods after" a subtraction that every engine does alike.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

Period = Literal["day", "week", "month"]
WeekStart = Literal["monday", "sunday"]
IntArray = NDArray[np.int64]

DAY_SECONDS = 86_400
WEEK_SHIFT = {"monday": 3, "sunday": 4}
"""Days from the begin of its week to 1 January 1970, a Thursday."""


@dataclass(frozen=True)
class Calendar:
    """How days are grouped.

    Attributes
    ----------
    period
        ``day``, ``week`` or ``month``.
    week_start
        First day of a week.
    """

    period: Period = "day"
    week_start: WeekStart = "monday"

    def index(self, days: ArrayLike) -> IntArray:
        """Return the number of the period that holds each day (days since 1970)."""
        numbers = np.asarray(days, dtype=np.int64)
        if self.period == "week":
            return (numbers + WEEK_SHIFT[self.week_start]) // 7
        if self.period == "month":
            return numbers.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return numbers

    def first_day(self, index: ArrayLike) -> IntArray:
        """Return the first day (days since 1970) of each period."""
        numbers = np.asarray(index, dtype=np.int64)
        if self.period == "week":
            return 7 * numbers - WEEK_SHIFT[self.week_start]
        if self.period == "month":
            return numbers.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        return numbers


@dataclass(frozen=True)
class Offsets:
    """Seconds between UTC and a zone's clock over a span of time.

    Attributes
    ----------
    first
        Seconds to add at the begin of the span.
    changes
        ``(instant, seconds)``: from that second since 1970 (UTC) on, so many are added.
    """

    first: int
    changes: tuple[tuple[int, int], ...] = ()

    def at(self, instant: int) -> int:
        """Return the seconds to add at an instant (seconds since 1970, UTC)."""
        position = bisect_right([moment for moment, _ in self.changes], instant)
        return self.changes[position - 1][1] if position else self.first


def offsets(zone: str, begin: datetime, end: datetime) -> Offsets:
    """Return the offsets of an IANA zone from ``begin`` to ``end`` (instants with a zone).

    Raises
    ------
    zoneinfo.ZoneInfoNotFoundError
        If there is no such zone.
    """
    place = ZoneInfo(zone)

    def offset(second: int) -> int:
        shown = datetime.fromtimestamp(second, UTC).astimezone(place).utcoffset()
        return int((shown or timedelta()).total_seconds())

    first, last = int(begin.timestamp()), int(end.timestamp()) + DAY_SECONDS
    changes: list[tuple[int, int]] = []
    known = offset(first)
    for second in range(first, last, DAY_SECONDS):
        later = offset(min(second + DAY_SECONDS, last))
        if later == known:
            continue
        low, high = second, min(second + DAY_SECONDS, last)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == known else (low, middle)
        changes.append((high, later))
        known = later
    return Offsets(offset(first), tuple(changes))


def day_number(day: date) -> int:
    """Return the days since 1970 of a calendar day."""
    return (day - date(1970, 1, 1)).days


def as_dates(days: ArrayLike) -> NDArray[np.datetime64]:
    """Return days since 1970 as ``datetime64[D]``."""
    return np.asarray(days, dtype=np.int64).astype("datetime64[D]")
