"""Who comes back: the five rules of retention as one question to any engine.

All rules begin alike: instants become seconds of the stated clock, those become numbers of days and
periods, and the log shrinks to one row a user and period. Only then cohorts are formed, so that the
log is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis

from etl.analytics.periods import DAY_SECONDS, WEEK_SHIFT, Calendar, Offsets
from etl.marts import _dialects

_dialects.teach()

Rule = Literal["n_day", "n_day_24h", "unbounded", "bracket", "rolling_window"]
Cohort = Literal["first_time", "recurring"]
RULES: tuple[Rule, ...] = ("n_day", "n_day_24h", "unbounded", "bracket", "rolling_window")
SEGMENT = "segment"


@dataclass(frozen=True)
class RetentionSpec:
    """What counts as coming back.

    Attributes
    ----------
    target, returning
        Names of the event that begins and of the event that comes back; ``""`` is any event.
    rule
        ``n_day``: active in the k-th period after; ``n_day_24h``: active in hours [24k, 24k + 24)
        after the first target event of the cohort, to the second; ``unbounded``: active in the
        k-th period or later; ``bracket``: active at least once within the k-th bracket of periods;
        ``rolling_window``: active in the ``window_days`` days that end on day k, none of them
        before the cohort's own day.
    cohort
        ``first_time``: each user once, by the first target event ever; ``recurring``: in every
        period with a target event.
    calendar
        Periods; the rules of hours and of windows know days alone.
    horizon
        Largest k.
    offsets
        Of the clock that tells days.
    brackets
        First and last period after the cohort's own of each bracket, in order.
    window_days
        Length of the rolling window.
    """

    target: str = ""
    returning: str = ""
    rule: Rule = "n_day"
    cohort: Cohort = "first_time"
    calendar: Calendar = field(default_factory=Calendar)
    horizon: int = 30
    offsets: Offsets = field(default_factory=lambda: Offsets(0))
    brackets: Sequence[tuple[int, int]] = ()
    window_days: int = 7

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        if self.rule in ("n_day_24h", "rolling_window") and self.calendar.period != "day":
            raise ValueError(
                f"got the rule {self.rule} with periods of a {self.calendar.period}; it counts days"
            )
        if self.rule == "bracket" and not self.brackets:
            raise ValueError("got the rule bracket without brackets")
        if self.horizon < 1:
            raise ValueError(f"got the horizon {self.horizon}; it is 1 or more")
        if self.window_days < 1:
            raise ValueError(f"got a window of {self.window_days} days; it is 1 or more")
        self._require_brackets()

    def _require_brackets(self) -> None:
        last = 0
        for begin, end in self.brackets:
            if not last < begin <= end:
                raise ValueError(
                    f"got the bracket {begin}-{end}; brackets begin after period 0, end no earlier "
                    "than they begin, and follow each other without overlap"
                )
            last = end

    @property
    def begins(self) -> tuple[int, ...]:
        """The first period that each k = 1, 2, … looks at, relative to the cohort's own."""
        if self.rule == "bracket":
            return tuple(begin for begin, _ in self.brackets)
        return tuple(range(1, self.horizon + 1))

    @property
    def reaches(self) -> tuple[int, ...]:
        """The last period that each k = 1, 2, … looks at, relative to the cohort's own."""
        if self.rule == "bracket":
            return tuple(end for _, end in self.brackets)
        more = 1 if self.rule == "n_day_24h" else 0
        return tuple(k + more for k in range(1, self.horizon + 1))


def whole_seconds(instant: Any) -> Any:
    """Return whole seconds since 1970 (UTC) of an expression of instants, on every engine alike."""
    return instant.epoch_seconds().floor().cast("int64")


def local_seconds(instant: Any, offsets: Offsets) -> Any:
    """Return the seconds of the stated clock since 1970, whole, of an expression of instants."""
    seconds = whole_seconds(instant)
    if not offsets.changes:
        return seconds + offsets.first
    begins = [moment for moment, _ in offsets.changes]
    added = [offsets.first, *(value for _, value in offsets.changes)]
    branches = [
        (seconds < moment, ibis.literal(value, "int64"))
        for moment, value in zip(begins, added, strict=False)
    ]
    return seconds + ibis.cases(*branches, else_=ibis.literal(added[-1], "int64"))


def day_of(seconds: Any) -> Any:
    """Return days since 1970 of an expression of local seconds."""
    return seconds // DAY_SECONDS


def period_of(seconds: Any, calendar: Calendar) -> Any:
    """Return the number of the period, see :class:`etl.analytics.periods.Calendar`."""
    if calendar.period == "month":
        moment = seconds.as_timestamp("s")
        return ((moment.year() - 1970) * 12 + moment.month() - 1).cast("int64")
    if calendar.period == "week":
        return (day_of(seconds) + WEEK_SHIFT[calendar.week_start]) // 7
    return day_of(seconds)


def retention(events: Any, spec: RetentionSpec, by: str = "") -> Any:
    """Return how many users of each cohort came back.

    Parameters
    ----------
    events
        Ibis table: ``user_id, event_name, event_at`` (instants), and the column ``by``.
    spec
        What counts.
    by
        A column of the events: cohorts are split by its value at the user's first target event of
        the cohort. Without one there is one segment.

    Returns
    -------
    ibis.expr.types.Table
        ``segment`` (only with ``by``), ``cohort`` (number of the period), ``k`` (0 is the cohort
        itself), ``retained``. A k nobody came back in has no row.
    """
    members, activity = _members(events, spec, by), _activity(events, spec)
    keys = ["cohort", *([SEGMENT] if by else [])]
    sizes = members.group_by(keys).agg(k=ibis.literal(0, "int64"), retained=members.count())
    together: Any = members.inner_join(activity, "user_id")
    counted = _COUNTS[spec.rule](together, spec, keys)
    columns = [*keys[1:], "cohort", "k", "retained"]
    kinds = {"cohort": "int64", "k": "int64", "retained": "int64"}
    return ibis.union(*(part.select(*columns).cast(kinds) for part in (sizes, counted)))


def _named(events: Any, name: str) -> Any:
    return events.filter(events.event_name == name) if name else events


def _members(events: Any, spec: RetentionSpec, by: str) -> Any:
    """Return ``user_id, cohort`` and the ``instant`` the user begins it."""
    targets = _named(events, spec.target)
    seconds = local_seconds(targets.event_at, spec.offsets)
    period = period_of(seconds, spec.calendar)
    attribute = {SEGMENT: targets[by]} if by else {}
    targets = targets.select("user_id", "event_at", cohort=period, **attribute)
    users = ["user_id"] if spec.cohort == "first_time" else ["user_id", "cohort"]
    values: dict[str, Any] = {"instant": targets.event_at.min()}
    if spec.cohort == "first_time":
        values["cohort"] = targets.cohort.min()
    if by:
        values[SEGMENT] = targets[SEGMENT].argmin(targets.event_at)
    members = targets.group_by(users).agg(**values)
    return members.select("user_id", "cohort", "instant", *([SEGMENT] if by else []))


def _activity(events: Any, spec: RetentionSpec) -> Any:
    """Return periods of users with the returning event, or instants.

    Each once where a user belongs to many cohorts, which would meet every row; otherwise as they
    come, since a user's periods are gathered later anyway.
    """
    back = _named(events, spec.returning)
    if spec.rule == "n_day_24h":
        return back.select("user_id", at=back.event_at)
    seconds = local_seconds(back.event_at, spec.offsets)
    periods = back.select("user_id", period=period_of(seconds, spec.calendar))
    return periods if spec.cohort == "first_time" else periods.distinct()


def _n_day(together: Any, spec: RetentionSpec, keys: list[str]) -> Any:
    k = together.period - together.cohort
    found = together.mutate(k=k).filter(lambda t: (t.k >= 1) & (t.k <= spec.horizon))
    return _distinct(found, spec, keys)


def _n_day_24h(together: Any, spec: RetentionSpec, keys: list[str]) -> Any:
    passed = whole_seconds(together["at"]) - whole_seconds(together.instant)
    k = passed // DAY_SECONDS
    found = together.mutate(k=k).filter(lambda t: (t.k >= 1) & (t.k <= spec.horizon))
    return _distinct(found, spec, keys)


def _unbounded(together: Any, spec: RetentionSpec, keys: list[str]) -> Any:
    last = together.group_by(["user_id", *keys]).agg(last=together.period.max())
    last = last.mutate(reach=ibis.least(last["last"] - last.cohort, spec.horizon))
    found = last.filter(last.reach >= 1)
    ends = found.group_by([*keys, "reach"]).agg(users=found.count())
    # Who was last seen in period j counts for every k up to j.
    steps = _steps(range(1, spec.horizon + 1))
    spread = ends.cross_join(steps).filter(lambda t: t.k <= t.reach)
    return spread.group_by([*keys, "k"]).agg(retained=spread.users.sum())


def _bracket(together: Any, spec: RetentionSpec, keys: list[str]) -> Any:
    after = together.period - together.cohort
    branches = [
        ((after >= begin) & (after <= end), ibis.literal(k, "int64"))
        for k, (begin, end) in enumerate(spec.brackets, start=1)
    ]
    placed = together.mutate(k=ibis.cases(*branches, else_=ibis.null("int64")))
    return _distinct(placed.filter(placed.k.notnull()), spec, keys)


def _rolling_window(together: Any, spec: RetentionSpec, keys: list[str]) -> Any:
    after = together.period - together.cohort
    near = together.mutate(after=after)
    near = near.filter((near.after >= 0) & (near.after <= spec.horizon))
    steps = _steps(range(spec.window_days))
    spread = near.cross_join(steps).mutate(k=lambda t: t.after + t.k)
    found = spread.filter((spread.k >= 1) & (spread.k <= spec.horizon))
    return _distinct(found, spec, keys)


def _steps(numbers: range) -> Any:
    return ibis.range(numbers.start, numbers.stop).unnest().name("k").as_table()


def _distinct(found: Any, spec: RetentionSpec, keys: list[str]) -> Any:
    """Count the users of each step, however many rows a user has in it."""
    if len(spec.begins) > _MOST_BITS:
        users = found.select("user_id", *keys, "k").distinct()
        return users.group_by([*keys, "k"]).agg(retained=users.count())
    # A bit for each step makes one row a member of what would be one a member and step.
    one = ibis.literal(1, "int64")
    seen = found.group_by(["user_id", *keys]).agg(seen=(one << found.k).bit_or())
    steps = _steps(range(1, len(spec.begins) + 1))
    spread = seen.cross_join(steps.mutate(bit=one << steps.k))
    spread = spread.filter((spread.seen & spread.bit) != 0)
    return spread.group_by([*keys, "k"]).agg(retained=spread.count())


_MOST_BITS = 62
_COUNTS = {
    "n_day": _n_day,
    "n_day_24h": _n_day_24h,
    "unbounded": _unbounded,
    "bracket": _bracket,
    "rolling_window": _rolling_window,
}
