"""One report that is built and delivered by itself: what it is, and when it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, field_validator

from dashboard import reports
from dashboard.reports.choice import Choice
from dashboard.reports.edition import Reader, house_words
from dashboard.text import LANGUAGES
from etl.delivery import channels, lines
from etl.errors import InputError

RUNS = Path("reports") / "schedule_runs.jsonl"
_NOTHING_YET = ("EMPTY_PERIOD", "NOTHING_TO_REPORT")
SHORTEST_HOURS = 1
"""The scheduler of the machine looks no more often than this."""


class Options(BaseModel):
    """What a scheduled report is about: fields of :class:`~dashboard.reports.choice.Choice`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ticker: str | None = None
    event: str | None = None
    wave: str | None = None
    window: tuple[int, int] | None = None
    app: str | None = None
    storefront: str | None = None
    source: str | None = None
    scenario: str | None = None
    currency: str | None = None


class Schedule(BaseModel):
    """One report that is built and delivered by itself.

    Attributes
    ----------
    name
        By which it is called; the key in the file.
    report, options, formats, languages
        What to build.
    cron, timezone
        When, by the five fields of cron, in the time of a place.
    to
        Channels of ``delivery.yml``.
    since_days
        What counts as new: so many days before the day it is due; by default as the report has it.
    stop_on_failed_source
        Build nothing where a source failed when it was last asked; by default the message says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", exclude=True)
    report: str
    options: Options = Options()
    formats: tuple[str, ...] = Field(default=("pdf", "html"), min_length=1)
    languages: tuple[str, ...] = Field(default=("en", "zh"), min_length=1)
    cron: str
    timezone: str = "UTC"
    to: tuple[str, ...] = Field(min_length=1)
    since_days: int | None = Field(default=None, ge=1, le=3660)
    stop_on_failed_source: bool = False

    @field_validator("timezone")
    @classmethod
    def _is_a_place(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (KeyError, OSError, ValueError):  # no such name, a folder of names, an odd one
            raise ValueError(f"{given!r} is no time zone; write Asia/Shanghai, say") from None
        return given

    @field_validator("cron")
    @classmethod
    def _is_a_line_of_cron(cls, given: str) -> str:
        try:
            if len(given.split()) != 5:
                raise CronSimError("it does not have five fields")
            coming = CronSim(given, datetime(2026, 1, 1, tzinfo=UTC))
            found = [next(coming) for _ in range(50)]
        except (CronSimError, StopIteration) as error:
            why = str(error) or "it never comes"
            raise ValueError(
                f"{given!r}: {why}; write '0 8 * * 1', say (minute, hour, day, month, weekday)"
            ) from None
        gaps = [later - earlier for earlier, later in pairwise(found)]
        if min(gaps) < timedelta(hours=SHORTEST_HOURS):
            raise ValueError(
                f"{given!r} comes more often than once an hour, which nothing looks at"
            )
        return given

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.timezone)

    def choice(self, data_dir: Path, instant: datetime) -> Choice:
        """Return what the report is about when it is due at ``instant``."""
        day = instant.astimezone(self.zone).date()
        since = day - timedelta(days=self.since_days) if self.since_days else None
        return Choice(
            **{name: getattr(self.options, name) for name in Options.model_fields},
            since=since,
            house=house_words(data_dir),
            data_dir=data_dir,
            schedule=self.name,
        )

    def require_known(self, data_dir: Path) -> None:
        """Raise InputError where it names a report, format, language, option or channel unknown."""
        own = reports.definition(self.report)
        reports.require("format", self.formats, reports.FORMATS)
        reports.require("language", self.languages, LANGUAGES)
        self.choice(data_dir, datetime.now(UTC)).require_only(self.report, own.OPTIONS)
        channels.chosen(data_dir, self.to)

    def require_held(self, reader: Reader, data_dir: Path) -> str:
        """Raise InputError where it names something of which the snapshot holds nothing.

        That nothing is held or has happened as yet is no fault of a schedule: it is returned in
        words, empty where there is something to report.
        """
        choice = self.choice(data_dir, datetime.now(UTC))
        try:
            reports.definition(self.report).prepare(reader, choice)
        except InputError as fault:
            if fault.code not in _NOTHING_YET:
                raise
            return fault.got
        return ""


@dataclass(frozen=True)
class Due:
    """An instant that has come (UTC), and how many before it were missed."""

    instant: datetime
    n_missed: int = 0


def due(schedule: Schedule, now: datetime, last_run: datetime) -> Due | None:
    """Return the last instant of a schedule after ``last_run`` and not after ``now``.

    Earlier ones in between were missed and are not caught up. Where the clock is put forward over
    an instant, it comes when the clock goes on; where an hour comes twice, it comes once (an hourly
    one in each).
    """
    found: list[datetime] = []
    for instant in CronSim(schedule.cron, last_run.astimezone(schedule.zone)):
        utc = instant.astimezone(UTC)
        if utc > now:
            break
        found.append(utc)
    return Due(found[-1], len(found) - 1) if found else None


def following(schedule: Schedule, now: datetime) -> datetime:
    """Return the next instant of a schedule, in its time zone."""
    return next(CronSim(schedule.cron, now.astimezone(schedule.zone)))


def last_run(data_dir: Path, name: str) -> datetime | None:
    """Return the last instant that was dealt with, or when the schedule was first seen."""
    own = [one for one in runs(data_dir, name) if one["state"] != "failed"]
    if not own or own[-1]["state"] == "removed":
        return None
    return datetime.fromisoformat(own[-1]["instant"])


def last_of_day(data_dir: Path, schedule: Schedule, now: datetime) -> datetime | None:
    """Return the last instant of today, in the schedule's zone, that was sent or failed."""
    found: datetime | None = None
    for one in runs(data_dir, schedule.name):
        if one["state"] == "removed":  # what comes after bears the same name alone
            found = None
        elif one["state"] in ("done", "failed"):
            found = datetime.fromisoformat(one["instant"])
    today = now.astimezone(schedule.zone).date()
    is_today = found is not None and found.astimezone(schedule.zone).date() == today
    return found if is_today else None


def note_run(data_dir: Path, name: str, instant: datetime, state: str, detail: str = "") -> None:
    """Write down that an instant was dealt with (``done``), ``failed``, or ``seen``."""
    told = {"at": datetime.now(UTC), "schedule": name, "instant": instant.astimezone(UTC)}
    lines.add(data_dir / RUNS, {**told, "state": state, "detail": detail})


def runs(data_dir: Path, name: str) -> list[dict[str, Any]]:
    """Return what happened to a schedule, the oldest first: instant, state and detail."""

    def whole(told: dict[str, Any]) -> dict[str, Any]:
        datetime.fromisoformat(told["instant"])
        return {name: told[name] for name in ("schedule", "instant", "state", "detail")}

    return [one for one in lines.read(data_dir / RUNS, whole)[0] if one["schedule"] == name]
