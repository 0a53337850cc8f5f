"""What a source's marts count, as published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth import asking
from etl.analytics.periods import Calendar
from etl.errors import InputError
from etl.marts.activity import Definition


@dataclass(frozen=True)
class Definitions:
    """What a source's marts count.

    Attributes
    ----------
    source, evidence_kind
        The history, and how its events came to be.
    definition
        Beginning, activity, payments and window.
    funnel_steps, funnel_days
        Steps after the beginning, and their window.
    first_on, last_on
        First UTC day with events, and the last that was over when it was read: what a later day
        holds is seen in part and counts as not yet known.
    n_events, n_users, n_without_beginning
        Events counted, users whose beginning was seen, and users without one, who belong to no
        cohort.
    in_lake
        Whether the events themselves can be asked.
    """

    source: str
    evidence_kind: str
    definition: Definition
    funnel_steps: tuple[str, ...]
    funnel_days: int
    first_on: date
    last_on: date
    n_events: int
    n_users: int
    n_without_beginning: int
    in_lake: bool

    @property
    def begins(self) -> str:
        """Event that begins a user's time; empty is any."""
        return self.definition.begins

    @property
    def window_days(self) -> int:
        """Days a user may take to pay."""
        return self.definition.window_days

    @property
    def last_day(self) -> int:
        """Last day as days since 1970."""
        return asking.day_number(self.last_on)

    @property
    def until(self) -> datetime:
        """Instant the data reach: the end of the last day."""
        return datetime.combine(self.last_on, datetime.min.time(), UTC) + timedelta(days=1)

    def holds_whole(self, first_days: Any, calendar: Calendar) -> Any:
        """Return by first day of a period whether the history holds every day of the period."""
        days = np.asarray(first_days).astype("datetime64[D]").astype(np.int64)
        last = calendar.first_day(calendar.index(days) + 1) - 1
        return (days >= asking.day_number(self.first_on)) & (last <= self.last_day)

    def require_events(self) -> None:
        """Refuse a question to events that were counted elsewhere.

        Raises
        ------
        InputError
            If only counts are held.
        """
        if not self.in_lake:
            raise InputError(
                f"got a question that the stored counts of {self.source} cannot answer",
                "events in the lake",
                "the events were counted elsewhere and only counts came back; import the events",
                code="ONLY_COUNTS",
            )

    def require_names(self, reader: Reader, names: Sequence[str]) -> None:
        """Refuse names of events that the source does not hold.

        Raises
        ------
        InputError
            With the names there are.
        """
        known = event_names(reader, self.source)
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, 1)
                raise InputError(
                    f"got the event {name!r}",
                    f"one of {', '.join(known)}",
                    f"perhaps you meant {near[0]}" if near else "",
                )


def definitions(reader: Reader, source: str) -> Definitions:
    """Return what the marts of a source count.

    Raises
    ------
    InputError
        If there is no such history.
    """
    found = reader.query(
        "SELECT d.*, EXISTS (SELECT 1 FROM lake_days l WHERE l.source = d.source) AS in_lake "
        "FROM growth_definitions d WHERE source = ?",
        [source],
    )
    if found.empty:
        known = list(reader.query("SELECT source FROM growth_definitions ORDER BY 1")["source"])
        raise InputError(
            f"got the history {source!r}",
            f"one of {', '.join(known)}" if known else "an imported or simulated history",
            "import events, or simulate them",
        )
    row: dict[Any, Any] = found.to_dict("records")[0]
    last = row["last_whole_day"]
    if pd.isna(last):
        raise InputError(
            f"got the history {source!r}, of which no day was over when it was read",
            "at least one whole UTC day of events",
            "import it again when a day is over",
        )
    steps = tuple(step for step in str(row["funnel_steps"]).split(",") if step)
    return Definitions(
        source=source,
        evidence_kind=str(row["evidence_kind"]),
        definition=Definition(
            begins=str(row["begins"]),
            active=str(row["active"]),
            window_days=int(row["window_days"]),
            payments=tuple(str(row["payments"]).split(",")),
            refund=str(row["refund"]),
        ),
        funnel_steps=steps,
        funnel_days=int(row["funnel_days"]),
        first_on=asking.as_date(row["first_day"]),
        last_on=asking.as_date(last),
        n_events=int(row["n_events"]),
        n_users=int(row["n_users"]),
        n_without_beginning=int(row["n_without_beginning"]),
        in_lake=bool(row["in_lake"]),
    )


def event_names(reader: Reader, source: str) -> list[str]:
    """Return the names of events a source holds, the most frequent first."""
    found = reader.query(
        "SELECT event_name FROM event_names WHERE source = ? ORDER BY n_events DESC, event_name",
        [source],
    )
    return [str(name) for name in found["event_name"]]
