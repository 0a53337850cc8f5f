"""The schedules of a data folder: ``schedules.yml``.

The file is the user's own: it may be edited, and adding or removing a schedule here leaves every
other line as it is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock
from pydantic import ValidationError

from dashboard.reports.schedule import Due, Schedule, due, last_run, note_run
from etl.errors import InputError

FILE = "schedules.yml"
HEADER = "# Written by `artonomics report schedule add`, and yours to edit.\n"
LOCK_SECONDS = 10.0


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


def wanted(data_dir: Path, name: str, told: Mapping[str, Any]) -> Schedule:
    """Return the schedule that would be added.

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
    return schedule


def add(data_dir: Path, name: str, told: Mapping[str, Any]) -> Schedule:
    """Add a schedule to the file, below the others, and return it.

    Raises
    ------
    InputError
        As :func:`wanted`, or if the file cannot be edited line by line.
    """
    schedule = wanted(data_dir, name, told)

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

    others = {key: one for key, one in load(data_dir).items() if key != name}
    _edit(data_dir, without, others)
    note_run(data_dir, name, datetime.now(UTC), "removed")
    return schedule


def _edit(data_dir: Path, change: Any, expected: Mapping[str, Schedule]) -> None:
    """Replace the file whole, if the change says what is wanted and nothing else."""
    path = data_dir / FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS):
        text = change(path.read_text(encoding="utf-8") if path.exists() else "")
        try:
            fits = _parsed(text, path) == dict(expected)
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
