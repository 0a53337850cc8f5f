"""How far users come, step after step, in order and within a window."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from etl.analytics.periods import DAY_SECONDS
from etl.marts.retention import whole_seconds

FUNNEL_DAYS = 60
"""Window of the stored funnel: a month, its trial and the grace of stores fit into it."""
TAKEN_SECONDS = (60, 600, 3_600, DAY_SECONDS, 3 * DAY_SECONDS, 7 * DAY_SECONDS, 14 * DAY_SECONDS)
"""Upper ends of the classes of how long a step took since the beginning; one more lies above."""
_STEP = re.compile(r"(?P<name>.+?)(?::(?P<n>[1-9]\d{0,3}))?")


@dataclass(frozen=True)
class Step:
    """A step: the n-th event of a name since the beginning."""

    name: str
    n: int = 1

    @property
    def label(self) -> str:
        """The name, with its number where that is not the first: ``image:5``."""
        return self.name if self.n == 1 else f"{self.name}:{self.n}"

    @classmethod
    def parsed(cls, text: str) -> Step:
        """Return the step written as its label.

        Raises
        ------
        ValueError
            If there is no name.
        """
        found = _STEP.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"got the step {text!r}; a step is a name, or name:number")
        return cls(found["name"], int(found["n"] or 1))


STEPS = (
    Step("install"),
    Step("image"),
    Step("image", 5),
    Step("paywall"),
    Step("trial"),
    Step("purchase"),
    Step("renewal"),
)


def steps_among(names: Collection[str]) -> tuple[Step, ...]:
    """Return the standard steps after the beginning that a source can show."""
    return tuple(step for step in STEPS[1:] if step.name in names)


def progress(events: Any, starts: Any, steps: Sequence[Step], window_days: int) -> Any:
    """Return the steps every user reached.

    A step is reached by its event at or after the instant of the step before, no later than
    ``window_days`` times 24 hours after the beginning. The n-th event of a name is counted from
    the beginning on, that of the very beginning included.

    Parameters
    ----------
    events
        Ibis table ``user_id, event_name, event_at``.
    starts
        ``user_id, begun_at`` and more columns to keep, one row a user.
    steps
        After the beginning, in order.
    window_days
        Of the whole funnel.

    Returns
    -------
    ibis.expr.types.Table
        The columns of ``starts``, ``step`` (0 is the beginning), ``seconds`` (since then).
    """
    keep = [c for c in starts.columns if c not in ("user_id", "begun_at")]
    reached = starts.mutate(at=starts.begun_at)
    parts = [_with_step(reached, 0, keep)]
    for number, step in enumerate(steps, start=1):
        own = events.filter(events.event_name == step.name).select("user_id", then="event_at")
        joined = reached.inner_join(own, "user_id")
        passed = whole_seconds(joined.then) - whole_seconds(joined.begun_at)
        since = (joined.then >= joined.begun_at) & (passed <= window_days * DAY_SECONDS)
        joined = joined.filter(since)
        if step.n > 1:
            order = ibis.window(group_by="user_id", order_by="then")
            joined = joined.mutate(place=ibis.row_number().over(order))
            joined = joined.filter(joined.place >= step.n - 1)
        joined = joined.filter(joined.then >= joined["at"])
        same = {name: joined[name].min() for name in ("begun_at", *keep)}
        reached = joined.group_by("user_id").agg(**same, at=joined.then.min())
        parts.append(_with_step(reached, number, keep))
    return ibis.union(*parts)


def _with_step(reached: Any, number: int, keep: Sequence[str]) -> Any:
    seconds = whole_seconds(reached["at"]) - whole_seconds(reached.begun_at)
    return reached.select(
        "user_id",
        "begun_at",
        *keep,
        step=ibis.literal(number, "int64"),
        seconds=seconds,
    )


def funnel_cells(progress: Any, keys: Sequence[str]) -> Any:
    """Return ``keys, step, taken, n_users``: users by step and by how long it took them.

    ``taken`` is the number of the class in :data:`TAKEN_SECONDS`.
    """
    branches = [
        (progress.seconds <= end, ibis.literal(number, "int64"))
        for number, end in enumerate(TAKEN_SECONDS)
    ]
    last = ibis.literal(len(TAKEN_SECONDS), "int64")
    placed = progress.mutate(taken=ibis.cases(*branches, else_=last))
    return placed.group_by([*keys, "step", "taken"]).agg(n_users=placed.count())
