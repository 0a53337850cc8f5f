"""A user's file of events, read so that every instant is one and nothing goes missing unsaid."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from etl import user_files
from etl.errors import InputError
from etl.user_files import UserFile, nearest

_ZONED = r"(?:Z|[+-]\d{2}:?\d{2})$"
_INSTANT = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?$"
EXCLUSIONS = {
    "missing_user_id": "without a user_id",
    "missing_event_name": "without an event_name",
    "missing_event_at": "without an event_at",
    "repeated_event_id": "that repeat an event_id",
    "after_until": "after --until",
}
"""Why an event takes no part, in words that follow "events"."""


@dataclass(frozen=True)
class EventLog:
    """Events of a file.

    Attributes
    ----------
    frame
        ``user_id, event_name`` (text), ``event_at`` (UTC), one row an event, aliases merged.
    excluded
        Events that take no part, by the codes of :data:`EXCLUSIONS`.
    remarks
        What a reader must know about how the file was read.
    """

    frame: pd.DataFrame
    excluded: dict[str, int]
    remarks: tuple[str, ...]

    def require(self, name: str, option: str) -> None:
        """Raise InputError where no event bears a name that was asked for."""
        held = sorted(set(self.frame["event_name"]))
        if name and name not in held:
            raise InputError(
                f"got {option} {name!r}, which no event of the file bears",
                f"one of {', '.join(held[:20])}{' …' if len(held) > 20 else ''}",
                nearest(name, held),
            )

    def before(self, until: datetime) -> EventLog:
        """Return the log without the events from an instant on, counting them."""
        kept: Any = self.frame["event_at"] < pd.Timestamp(until)
        later = int((~kept).sum())
        if kept.sum() == 0:
            raise InputError(
                f"got no event before {until.isoformat()}", "events before --until", "mend --until"
            )
        excluded = self.excluded | {"after_until": later}
        return replace(self, frame=self.frame.loc[kept], excluded=excluded)

    def notes(self) -> list[str]:
        """Return what was left out and how the file was read, in sentences."""
        told = [
            f"{n:,} events {EXCLUSIONS[code]} take no part"
            for code, n in self.excluded.items()
            if n
        ]
        return [*told, *self.remarks]


def read_events(path: Path, zone: ZoneInfo, aliases: Path | None = None) -> EventLog:
    """Read a file of events.

    Parameters
    ----------
    path
        CSV or Parquet: ``user_id,event_name,event_at[,event_id]``. Instants bear a zone, or none
        of them does: then they are of ``zone``.
    zone
        Clock of instants without a zone.
    aliases
        CSV or Parquet: ``alias,user_id``; the user of an alias may be an alias itself.

    Raises
    ------
    InputError
        For a wrong file, column or cell, mixed instants, or aliases that contradict each other.
    """
    file = user_files.read(path, ("user_id", "event_name", "event_at"), ("event_id",))
    users = user_files.text(file, "user_id", required=False)
    names = user_files.text(file, "event_name", required=False)
    instants, remarks = _instants(file, zone)
    checks = {
        "missing_user_id": users == "",
        "missing_event_name": names == "",
        "missing_event_at": instants.isna(),
        "repeated_event_id": _repeats(file),
    }
    excluded, out = {}, np.zeros(len(users), dtype=bool)
    for code, found in checks.items():
        new = found.to_numpy(dtype=bool) & ~out
        excluded[code] = int(new.sum())
        out |= new
    frame: Any = pd.DataFrame({"user_id": users, "event_name": names, "event_at": instants})[~out]
    if frame.empty:
        raise InputError(
            f"got no event in {path} that could take part", "user, name and instant in some row"
        )
    if aliases is not None:
        merged = _owners(aliases)
        known: Any = frame["user_id"].isin(list(merged))
        frame["user_id"] = frame["user_id"].map(merged).where(known, frame["user_id"])
        remarks = (*remarks, f"{int(known.sum()):,} events of aliases were given to their users")
    return EventLog(frame.reset_index(drop=True), excluded, remarks)


def _instants(file: UserFile, zone: ZoneInfo) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the instants in UTC, missing where a cell is empty, and how they were read."""
    values: Any = file.frame["event_at"]
    if pd.api.types.is_datetime64_any_dtype(values):
        if values.dt.tz is not None:
            return values.dt.tz_convert("UTC"), ()
        return _localised(values, zone)
    written = values.astype("string").str.strip().fillna("")
    wrong = ((written != "") & ~written.str.match(_INSTANT)).to_numpy(dtype=bool)
    if wrong.any():
        index, row = file.first(wrong)
        raise _no_instant(str(written[index]), row)
    zoned, empty = written.str.contains(_ZONED, regex=True), written == ""
    # A bare day ends in digits that look like an offset: 2022-12-01.
    zoned &= written.str.len() > 10
    if (zoned & ~empty).any() and (~zoned & ~empty).any():
        index, row = file.first((~zoned & ~empty).to_numpy(dtype=bool))
        raise InputError(
            f"got the event_at {written[index]!r} in {row}, without a zone, beside others with one",
            "a zone (Z or +08:00) in every event_at, or in none",
            "write all of them alike; those without one are read on the clock of --timezone",
        )
    try:
        if zoned.any():
            parsed = pd.to_datetime(written.mask(empty), format="ISO8601", utc=True)
            return parsed, ()
        return _localised(pd.to_datetime(written.mask(empty), format="ISO8601"), zone)
    except ValueError:
        each = pd.to_datetime(written.mask(empty), format="ISO8601", errors="coerce", utc=True)
        index, row = file.first((each.isna() & ~empty).to_numpy(dtype=bool))
        raise _no_instant(str(written[index]), row) from None


def _no_instant(cell: str, row: str) -> InputError:
    return InputError(
        f"got the event_at {cell!r} in {row}",
        "an instant such as 2022-12-01T09:30:00Z or 2022-12-01 09:30:00",
        "correct the cell or rewrite the column in ISO form",
    )


def _localised(values: pd.Series, zone: ZoneInfo) -> tuple[pd.Series, tuple[str, ...]]:
    """Return instants of a zone's clock in UTC; an hour told twice counts as the first of both."""
    twice = np.ones(len(values), dtype=bool)
    local = values.dt.tz_localize(zone, ambiguous=twice, nonexistent="shift_forward")
    remarks = [f"event_at bears no zone and is read on the clock of {zone.key}"]
    unclear = values.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").isna()
    n_unclear = int((unclear & values.notna()).sum())
    if n_unclear:
        remarks.append(
            f"{n_unclear:,} instants lie in an hour that the clock told twice (the first is taken) "
            "or skipped (the next second is taken)"
        )
    return local.dt.tz_convert("UTC"), tuple(remarks)


def _repeats(file: UserFile) -> pd.Series:
    if "event_id" not in file.frame.columns:
        return pd.Series(False, index=file.frame.index)
    names = user_files.text(file, "event_id", required=False)
    return names.ne("") & names.duplicated()


def _owners(path: Path) -> dict[str, str]:
    """Return the user behind every alias, followed to the end."""
    file = user_files.read(path, ("alias", "user_id"))
    alias, user = (user_files.text(file, name) for name in ("alias", "user_id"))
    owner: dict[str, str] = {}
    for position, (one, other) in enumerate(zip(alias, user, strict=True)):
        if owner.setdefault(one, other) != other:
            raise InputError(
                f"got the alias {one!r} of {owner[one]!r} and of {other!r} in {file.row(position)}",
                "one user for each alias",
                "correct the file",
            )
    return {one: _end(one, owner, path) for one in owner}


def _end(alias: str, owner: dict[str, str], path: Path) -> str:
    seen, user = {alias}, owner[alias]
    while user in owner and owner[user] != user:
        if user in seen:
            raise InputError(
                f"got aliases in {path} that lead in a circle through {user!r}",
                "each alias to lead to a user",
                "correct the file",
            )
        seen.add(user)
        user = owner[user]
    return user
