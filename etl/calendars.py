"""Trading calendars: which days a series should have, and when a source lags behind."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import exchange_calendars as xc
import pandas as pd

UNSCHEDULED_CLOSURES = {
    # Typhoon Saola and the black rainstorm closed Hong Kong; the calendar does not know it.
    "XHKG": ("2023-09-01", "2023-09-08"),
}

GRACE_SESSIONS = 1
"""Sessions that may pass before a source is stale: a close is often published the day after."""
PUBLICATION_DELAY = timedelta(hours=1)
"""How long after the close a run waits: the auction's prices come late."""


@dataclass(frozen=True)
class Sessions:
    """Trading days whose session is over (naive midnights), and a warning where they are guessed.

    ``guessed_after`` is the calendar's last known day where the range goes beyond it: later
    days are plain weekdays.
    """

    days: pd.DatetimeIndex
    guessed_after: date | None = None


@lru_cache(maxsize=64)
def completed_sessions(calendar: str, first: date, last: date, now: datetime) -> Sessions:
    """Return the sessions of ``calendar`` within ``first`` and ``last`` that are over at ``now``.

    Parameters
    ----------
    calendar
        Name as in the package exchange_calendars (XSHG serves Shenzhen too).
    first, last
        Bounds, both inclusive.
    now
        Instant with a time zone; a session counts once it has closed.
    """
    known = _calendar(calendar)
    bounds = pd.Timestamp(first), pd.Timestamp(last)
    scheduled = known.sessions[(known.sessions >= bounds[0]) & (known.sessions <= bounds[1])]
    over = scheduled[known.closes.loc[scheduled].le(pd.Timestamp(now)).to_numpy()]
    days = pd.DatetimeIndex(over.difference(_closures(calendar)))
    if bounds[1] <= known.last_session:
        return Sessions(days)
    begin = max(bounds[0], known.last_session + pd.Timedelta(days=1))
    yesterday = pd.Timestamp(now.date()) - pd.Timedelta(days=1)
    weekdays = pd.bdate_range(begin, min(bounds[1], yesterday))
    guessed_after = known.last_session.date() if len(weekdays) else None
    return Sessions(pd.DatetimeIndex(days.union(weekdays)), guessed_after)


def is_stale(calendar: str, last_observation: object, now: datetime) -> bool | None:
    """Say whether a source that ends on ``last_observation`` lags behind its own calendar.

    Parameters
    ----------
    calendar
        Name of an exchange calendar, ``daily``, or ``static`` for a source that does not age.
    last_observation
        Latest day the source speaks of; missing where nothing is dated.
    now
        Instant of the question, with a time zone.

    Returns
    -------
    bool or None
        ``None`` for a static source or an undated one.
    """
    last = pd.to_datetime(pd.Series([last_observation])).iloc[0]
    if calendar == "static" or pd.isna(last):
        return None
    begin, today = last.date() + timedelta(days=1), now.date()
    if calendar == "daily":
        return (today - begin).days > GRACE_SESSIONS
    return len(completed_sessions(calendar, begin, today, now).days) > GRACE_SESSIONS


def last_due(calendar: str, now: datetime) -> datetime | None:
    """Return the latest instant from which a source of this calendar had something new to give.

    Parameters
    ----------
    calendar
        Name of an exchange calendar (an hour after its last close), ``daily`` (midnight UTC), or
        ``static``.
    now
        Instant with a time zone.

    Returns
    -------
    datetime or None
        ``None`` for a static source, which gives nothing new.
    """
    if calendar == "static":
        return None
    known = None if calendar == "daily" else _calendar(calendar)
    if known is None or now.date() > known.last_session.date():
        return datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    given: Any = pd.DatetimeIndex(known.closes) + PUBLICATION_DELAY  # pandas types are unions
    return given[given <= pd.Timestamp(now)].max().to_pydatetime()


def publication_time(calendar: str) -> tuple[time, str]:
    """Return the time of day from which a source of this calendar gives the day, and its zone.

    An exchange: an hour after its regular close, in its own zone. ``daily``: 06:30 UTC.
    """
    if calendar == "daily":
        return time(6, 30), "UTC"
    known = _calendar(calendar)
    close = datetime.combine(date(2000, 1, 1), known.close_times[-1][1]) + PUBLICATION_DELAY
    return close.time(), time_zone(calendar)


def time_zone(calendar: str) -> str:
    """Return the time zone of the exchange, as in the tz database."""
    return str(_calendar(calendar).tz)


def session_of(calendar: str, instants: pd.Series) -> list[str | None]:
    """Say for each instant (UTC) whether it lies before, within or after the exchange's hours.

    Parameters
    ----------
    calendar
        Name of the exchange calendar.
    instants
        Begins of bars, with a time zone.

    Returns
    -------
    list of str or None
        ``pre``, ``regular`` or ``after``; ``None`` on days the calendar does not know as sessions.
    """
    known = _calendar(calendar)
    days = instants.dt.tz_convert(known.tz).dt.tz_localize(None).dt.normalize()
    opens, closes = days.map(known.opens), days.map(known.closes)
    told = pd.Series("regular", index=instants.index, dtype="object")
    told = told.mask(instants < opens, "pre").mask(instants >= closes, "after")
    return [word if day else None for word, day in zip(told, opens.notna(), strict=True)]


def missing_days(expected: pd.DatetimeIndex, got: pd.DatetimeIndex) -> list[str]:
    """Return the expected days that are not in ``got``, neighbouring sessions as ``a to b (n)``."""
    absent = ~expected.isin(got)
    run = pd.Series(absent).ne(pd.Series(absent).shift()).cumsum().to_numpy()
    spans = pd.Series(expected[absent]).groupby(run[absent])
    return [_span(span) for _, span in spans]


def _calendar(name: str) -> xc.ExchangeCalendar:
    # exchange_calendars uses what pandas 3.1 deprecates, and pandas blames itself for a part of
    # it, so that no filter by module would hit only this package.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return xc.get_calendar(name)


def _closures(calendar: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(UNSCHEDULED_CLOSURES.get(calendar, ()))


def _span(days: pd.Series) -> str:
    first, last = days.iloc[0].date(), days.iloc[-1].date()
    return f"{first}" if first == last else f"{first} to {last} ({len(days)} sessions)"
