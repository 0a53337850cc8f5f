"""When reports are built by themselves, and where they go: ``schedules.yml`` of the data folder.

The file is the user's own: it may be edited, and adding or removing a schedule here leaves every
other line as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from cronsim import CronSim, CronSimError
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dashboard import reports
from dashboard.reports.choice import Choice
from dashboard.reports.edition import house_words
from dashboard.text import LANGUAGES
from etl.delivery import channels, lines
from etl.errors import InputError

FILE = "schedules.yml"
RUNS = Path("reports") / "schedule_runs.jsonl"
HEADER = "# Written by `artonomics report schedule add`, and yours to edit.\n"
LOCK_SECONDS = 10.0
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
        )

    def require_known(self, data_dir: Path) -> None:
        """Raise InputError where it names a report, format, language, option or channel unknown."""
        own = reports.definition(self.report)
        reports.require("format", self.formats, reports.FORMATS)
        reports.require("language", self.languages, LANGUAGES)
        self.choice(data_dir, datetime.now(UTC)).require_only(self.report, own.OPTIONS)
        channels.chosen(data_dir, self.to)


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


def all_due(data_dir: Path, now: datetime) -> list[tuple[Schedule, Due]]:
    """Return what is due; a schedule that was never looked at counts from now on."""
    found: list[tuple[Schedule, Due]] = []
    for schedule in load(data_dir).values():
        last = last_run(data_dir, schedule.name)
        if last is None:
            note_run(data_dir, schedule.name, now, "seen")
        elif one := due(schedule, now, last):
            found.append((schedule, one))
    return found


def last_run(data_dir: Path, name: str) -> datetime | None:
    """Return the last instant that was dealt with, or when the schedule was first seen."""
    own = [one for one in runs(data_dir, name) if one["state"] != "failed"]
    if not own or own[-1]["state"] == "removed":
        return None
    return datetime.fromisoformat(own[-1]["instant"])


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


def load(data_dir: Path) -> dict[str, Schedule]:
    """Return the schedules by name; none where there is no file.

    Raises
    ------
    InputError
        If the file is no YAML or says something wrong.
    """
    path = data_dir / FILE
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return _parsed(text, path)


def find(data_dir: Path, name: str) -> Schedule:
    """Return the schedule of a name, or raise InputError with the nearest."""
    known = load(data_dir)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise InputError(
            f"got the schedule {name!r}",
            f"one of {', '.join(known)}" if known else "a schedule that was added",
            f"perhaps you meant {near[0]!r}" if near else "see `artonomics report schedule list`",
        )
    return known[name]


def add(data_dir: Path, name: str, told: Mapping[str, Any]) -> Schedule:
    """Add a schedule to the file, below the others, and return it.

    Raises
    ------
    InputError
        If something in it is unknown or wrong, or the name is taken.
    """
    schedule = _schedule(name, told, str(data_dir / FILE))
    schedule.require_known(data_dir)
    if name in load(data_dir):
        todo = f"choose another name, or `artonomics report schedule remove {name}` first"
        raise InputError(f"got the schedule {name!r}, which is there", "a new name", todo)

    def added(text: str) -> str:
        entries = _entries(text)
        indent = entries[0][0].start_mark.column if entries else 2
        kept = text if text.strip() and yaml.safe_load(text) else f"{text or HEADER}schedules:\n"
        plain = schedule.model_dump(mode="json", exclude_defaults=True)
        block = yaml.safe_dump({name: plain}, sort_keys=False, allow_unicode=True)
        return (
            kept.rstrip("\n")
            + "\n"
            + "".join(f"{' ' * indent}{line}\n" for line in block.splitlines())
        )

    _edit(data_dir, added, {**load(data_dir), name: schedule})
    note_run(data_dir, name, datetime.now(UTC), "seen")
    return schedule


def remove(data_dir: Path, name: str) -> Schedule:
    """Take a schedule out of the file, and return it.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    schedule = find(data_dir, name)

    def without(text: str) -> str:
        all_lines = text.splitlines(keepends=True)
        entries = _entries(text)
        for number, (key, value) in enumerate(entries):
            if key.value == name:
                is_last = number + 1 == len(entries)
                end = value.end_mark.line if is_last else entries[number + 1][0].start_mark.line
                end = max(end, key.start_mark.line + 1)
                return "".join([*all_lines[: key.start_mark.line], *all_lines[end:]])
        return text

    wanted = {key: one for key, one in load(data_dir).items() if key != name}
    _edit(data_dir, without, wanted)
    note_run(data_dir, name, datetime.now(UTC), "removed")
    return schedule


def _edit(data_dir: Path, change: Any, wanted: Mapping[str, Schedule]) -> None:
    """Replace the file whole, if the change says what is wanted and nothing else."""
    path = data_dir / FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):
        text = change(path.read_text(encoding="utf-8") if path.exists() else "")
        try:
            fits = _parsed(text, path) == dict(wanted)
        except InputError:
            fits = False
        if not fits:
            raise InputError(
                f"got {path} in a form that cannot be edited here line by line",
                "a block of lines for each schedule",
                "edit the file by hand, or move it away",
            )
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)


def _entries(text: str) -> list[tuple[Any, Any]]:
    """Return the nodes of name and schedule, which know their lines."""
    root: Any = yaml.compose(text) if text.strip() else None
    found = root.value[0][1].value if root is not None and root.value else None
    return list(found) if isinstance(found, list) else []


def _parsed(text: str, path: Path) -> dict[str, Schedule]:
    try:
        told = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise _wrong(str(path), f"no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(told, dict) or set(told) - {"schedules"}:
        raise _wrong(str(path), "other keys than `schedules` at its top")
    held = told.get("schedules") or {}
    if not isinstance(held, dict):
        raise _wrong(str(path), "no mapping named `schedules`")
    return {str(name): _schedule(str(name), one, str(path)) for name, one in held.items()}


def _schedule(name: str, told: Any, place: str) -> Schedule:
    if not isinstance(told, Mapping):
        raise _wrong(place, f"no keys in the schedule {name!r}")
    fields = [field for field in Schedule.model_fields if field != "name"]
    for word in map(str, told):
        if word not in fields:
            near = get_close_matches(word, fields, n=1)
            hint = f" (perhaps you meant {near[0]!r})" if near else ""
            raise _wrong(place, f"the unknown key {word!r} in the schedule {name!r}{hint}")
    try:
        return Schedule.model_validate({**told, "name": name})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}".replace("Value error, ", "")
            for one in error.errors()
        )
        raise _wrong(place, f"the schedule {name!r}, whose {faults}") from None


def _wrong(place: str, got: str) -> InputError:
    return InputError(
        f"got {place} with {got}",
        "schedules: {monday: {report: market, cron: '0 8 * * 1', timezone: Asia/Shanghai, "
        "to: [desk]}}",
        "mend it; see `artonomics report schedule add --help`",
        code="SCHEDULES_FILE",
    )
