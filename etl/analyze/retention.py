"""Who of a file's users comes back, by cohort and by a stated rule."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from etl import engines
from etl.analytics.periods import Calendar, offsets
from etl.analytics.retention import average, retention_table
from etl.analyze.answers import plain, shown
from etl.analyze.event_log import EventLog, read_events
from etl.errors import InputError
from etl.marts.retention import RetentionSpec, retention

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Question:
    """What is asked of the file, as the options say it.

    Attributes
    ----------
    target, returning
        Event names; empty is any event.
    rule, cohort, period, week_start, horizon, window_days
        As in :class:`etl.marts.retention.RetentionSpec`.
    timezone
        IANA zone whose clock tells days; instants written without a zone are of this clock.
    brackets
        ``1-3,4-7,…`` in periods after the cohort's own; for the rule ``bracket`` alone.
    until
        ISO day (its end) or instant up to which the data reach; the last event by default.
    """

    target: str = ""
    returning: str = ""
    rule: str = "n_day"
    cohort: str = "first_time"
    period: str = "day"
    week_start: str = "monday"
    horizon: int = 30
    timezone: str = "UTC"
    brackets: str = ""
    window_days: int = 7
    until: str = ""


def run(events: Path, question: Question, aliases: Path | None = None) -> dict[str, Any]:
    """Count who comes back.

    Parameters
    ----------
    events
        CSV or Parquet: ``user_id,event_name,event_at[,event_id]``.
    question
        Rule, cohorts and clock.
    aliases
        CSV or Parquet: ``alias,user_id``; users are merged before anything is counted.

    Returns
    -------
    dict
        The document of ``artonomics analyze retention --json``. A step that had not begun when
        the data end is missing; one that had not ended is not ``complete``.

    Raises
    ------
    InputError
        For a wrong file, column, cell or option, or an event name the file does not hold.
    """
    zone = _zone(question.timezone)
    log = read_events(events, zone, aliases)
    for option, name in (("--target", question.target), ("--returning", question.returning)):
        log.require(name, option)
    until = _until(question.until, zone) or _after(log)
    log = log.before(until)
    spec = _spec(question, log, until)
    with tempfile.TemporaryDirectory() as folder, engines.scratch(Path(folder)) as con:
        table = engines.over(con).create_table("events", log.frame, temp=True)
        counts = pd.DataFrame(retention(table, spec).execute())
    end = int(until.timestamp())
    local_end = end + spec.offsets.at(end - 1)
    looks = tuple(zip(spec.begins, spec.reaches, strict=True))
    frame: Any = retention_table(counts, spec.calendar, looks, local_end)
    notes = [*log.notes(), *_early(log, question)]
    return {
        "cohorts": _cohorts(frame),
        "average": _average(frame),
        "rule": question.rule,
        "cohort": question.cohort,
        "period": question.period,
        "week_start": question.week_start,
        "timezone": question.timezone,
        "horizon": len(spec.begins),
        "target": question.target or None,
        "returning": question.returning or None,
        "brackets": [list(bracket) for bracket in spec.brackets] or None,
        "window_days": question.window_days if question.rule == "rolling_window" else None,
        "until": until.astimezone(UTC).isoformat(),
        "n_events": len(log.frame),
        "n_users": len(set(log.frame["user_id"])),
        "excluded": log.excluded,
        "notes": notes,
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a cohort: its size and the share that came back; * is partial."""
    steps = _shown_steps(document)
    rows = []
    for cohort in document["cohorts"]:
        if not cohort["size"]:
            continue
        row: dict[str, Any] = {"cohort": cohort["cohort"], "users": f"{cohort['size']:,}"}
        for k, name in steps:
            rate = shown(cohort["retention_rate"][k], "{:.1%}")
            row[name] = rate if cohort["complete"][k] or not rate else f"{rate}*"
        rows.append(row)
    return rows


def _shown_steps(document: dict[str, Any]) -> list[tuple[int, str]]:
    """Return the steps that fit on a terminal, with their names."""
    if document["brackets"]:
        return [(k, f"{a}-{b}") for k, (a, b) in enumerate(document["brackets"], start=1)]
    wanted = [k for k in (1, 2, 3, 4, 5, 6, 7, 14, 21, 30) if k <= document["horizon"]]
    return [(k, f"{document['period'][0].upper()}{k}") for k in wanted]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as problem:
        raise InputError(
            f"got --timezone {name!r}", "a name such as Asia/Tokyo or UTC"
        ) from problem


def _until(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant up to which data reach: the end of a day, or the instant itself."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as problem:
        raise InputError(
            f"got --until {text!r}", "a day such as 2022-12-31 or an instant in ISO form"
        ) from problem
    if _DAY.fullmatch(text):
        parsed += timedelta(days=1)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)


def _after(log: EventLog) -> datetime:
    """Return the second after the last event: nobody knows what came then."""
    last = log.frame["event_at"].max()
    return datetime.fromtimestamp(int(last.timestamp()) + 1, UTC)


def _spec(question: Question, log: EventLog, until: datetime) -> RetentionSpec:
    begin = log.frame["event_at"].min().to_pydatetime()
    try:
        return RetentionSpec(
            target=question.target,
            returning=question.returning,
            rule=cast(Any, question.rule),
            cohort=cast(Any, question.cohort),
            calendar=Calendar(cast(Any, question.period), cast(Any, question.week_start)),
            horizon=question.horizon,
            offsets=offsets(question.timezone, begin, until),
            brackets=_brackets(question.brackets) if question.rule == "bracket" else (),
            window_days=question.window_days,
        )
    except ValueError as problem:
        raise InputError(
            str(problem), "a rule and options that fit together", "see --help"
        ) from problem


def _brackets(text: str) -> tuple[tuple[int, int], ...]:
    found = [re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part) for part in text.split(",")]
    if not all(found):
        raise InputError(
            f"got --brackets {text!r}", "first and last period of each, such as 1-3,4-7,8-14"
        )
    return tuple((int(one[1]), int(one[2] or one[1])) for one in found if one)


def _early(log: EventLog, question: Question) -> list[str]:
    """Say how many users did something before what makes them members."""
    if question.cohort != "first_time" or not question.target:
        return []
    frame: Any = log.frame
    begun = frame[frame["event_name"] == question.target].groupby("user_id")["event_at"].min()
    first = frame.groupby("user_id")["event_at"].min()
    n_early = int((first.reindex(begun.index) < begun).sum())
    never = int(first.index.difference(begun.index).size)
    told = []
    if n_early:
        told.append(
            f"{n_early:,} users have events before their first {question.target}; those count for "
            "nothing, the users count from that event on"
        )
    if never:
        told.append(f"{never:,} users have no {question.target} and belong to no cohort")
    return told


def _cohorts(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    for cohort, own in frame.groupby("cohort", sort=True):
        rows.append(
            {
                "cohort": f"{cohort:%Y-%m-%d}",
                "size": int(own["size"].iloc[0]),
                "retained": [None if np.isnan(n) else int(n) for n in own["retained"]],
                "retention_rate": plain(own["retention_rate"].to_numpy()),
                "low": plain(own["low"].to_numpy()),
                "high": plain(own["high"].to_numpy()),
                "complete": [bool(flag) for flag in own["complete"]],
            }
        )
    return rows


def _average(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {name: plain(value) for name, value in row.items()}
        for row in average(frame).to_dict("records")
    ]
