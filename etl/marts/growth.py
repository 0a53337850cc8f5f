"""What product events come to, as published: small tables by cohort, day and source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etl.marts import activity, cohorts, funnel
from etl.marts.activity import ATTRIBUTES, Definition
from etl.marts.funnel import FUNNEL_DAYS, Step
from etl.schemas import Column, Table

_SOURCE = Column("source", "string", "the source (joins sources.source)")
_BEGUN = Column("begun_on", "date", "UTC day the users' time began")
_DAY = Column("active_on", "date", "UTC day of the activity")
_COUNTRY, _CHANNEL, _PLATFORM, _PLAN = (
    Column(name, "string", f"{name} of the event that began the user's time", nullable=True)
    for name in ATTRIBUTES
)
_THREE = (_COUNTRY, _CHANNEL, _PLATFORM)

GROWTH_DEFINITIONS = Table(
    "growth_definitions",
    "What a source's marts count: what begins a user's time, what is activity, which days are in.",
    (
        _SOURCE,
        Column("begins", "string", "event that begins a user's time; empty = the first of any"),
        Column("active", "string", "event that makes a day active; empty = any of the user's own"),
        Column("window_days", "integer", "days a user may take to pay", "days"),
        Column("payments", "string", "events of payments, by comma"),
        Column("refund", "string", "event of a refund"),
        Column("funnel_steps", "string", "steps after the beginning, by comma"),
        Column("funnel_days", "integer", "window of the funnel", "days"),
        Column("first_day", "date", "first UTC day with events", nullable=True),
        Column("last_day", "date", "last UTC day with events", nullable=True),
        Column(
            "last_whole_day",
            "date",
            "last UTC day that was over when it was read; later ones are seen in part",
            nullable=True,
        ),
        Column("n_events", "integer", "events counted", "events"),
        Column("n_users", "integer", "users whose beginning was seen", "users"),
        Column(
            "n_without_beginning",
            "integer",
            "users seen without their beginning; they belong to no cohort",
            "users",
        ),
        Column("evidence_kind", "string", "how the events came to be"),
        Column("engine", "string", "engine that counted"),
        Column("built_at", "timestamp", "when it counted last", "UTC"),
    ),
    key=("source",),
    ledger=True,
)
EVENT_NAMES = Table(
    "event_names",
    "Which events a source holds.",
    (
        _SOURCE,
        Column("event_name", "string", "what happened"),
        Column("n_events", "integer", "how often", "events"),
        Column("first_day", "date", "first UTC day"),
        Column("last_day", "date", "last UTC day"),
    ),
    key=("source", "event_name"),
    ledger=True,
)
COHORT_CUBE = Table(
    "cohort_cube",
    "Users by the day they began and the day they were active: retention by calendar days.",
    (
        _SOURCE,
        _BEGUN,
        *_THREE,
        _PLAN,
        _DAY,
        Column("n_users", "integer", "active users", "users"),
        Column("n_images", "integer", "pictures they made", "images"),
    ),
    key=("source", "begun_on", *ATTRIBUTES, "active_on"),
    ledger=True,
)
PAID_CONVERSION = Table(
    "paid_conversion",
    "Users by the day they began, and those of them who paid within the window.",
    (
        _SOURCE,
        _BEGUN,
        *_THREE,
        _PLAN,
        Column("size", "integer", "users", "users"),
        Column("payers", "integer", "paid within the window, and kept a payment", "users"),
        Column("refunded", "integer", "paid within the window, and got every payment back"),
    ),
    key=("source", "begun_on", *ATTRIBUTES),
    ledger=True,
)
PAYING_USERS = Table(
    "paying_users",
    "Everybody who ever paid, with what their time began with: joins payments to channels.",
    (
        _SOURCE,
        Column("user_id", "string", "pseudonymous identifier"),
        _BEGUN,
        *_THREE,
        _PLAN,
        Column("paid", "integer", "1: paid within the window, and kept a payment"),
        Column("refunded", "integer", "1: paid within the window, and got every payment back"),
        Column("first_paid_on", "date", "UTC day of the first payment"),
    ),
    key=("source", "user_id"),
    ledger=True,
)
DAILY_ACTIVITY = Table(
    "daily_activity",
    "What users did on each day, by what they began with.",
    (
        _SOURCE,
        _DAY,
        *_THREE,
        Column("n_active", "integer", "active users", "users"),
        Column("n_new", "integer", "users whose time began", "users"),
        Column("n_events", "integer", "events", "events"),
        Column("n_images", "integer", "pictures made", "images"),
        Column("n_sessions", "integer", "sessions", "sessions"),
        Column("session_seconds", "integer", "time from first to last event of sessions", "s"),
    ),
    key=("source", "active_on", *ATTRIBUTES[:3]),
    ledger=True,
)
FUNNEL_STEPS = Table(
    "funnel_steps",
    "Users by the steps they reached in order, and how long each took since the beginning.",
    (
        _SOURCE,
        _BEGUN,
        *_THREE,
        Column("step", "integer", "0 is the beginning; then as growth_definitions lists them"),
        Column(
            "taken",
            "integer",
            "class of the time since the beginning: up to 1 min, 10 min, 1 h, 1 d, 3 d, 7 d, 14 d, "
            "longer",
        ),
        Column("n_users", "integer", "users who reached the step", "users"),
    ),
    key=("source", "begun_on", *ATTRIBUTES[:3], "step", "taken"),
    ledger=True,
)
TABLES = (
    GROWTH_DEFINITIONS,
    EVENT_NAMES,
    COHORT_CUBE,
    PAID_CONVERSION,
    PAYING_USERS,
    DAILY_ACTIVITY,
    FUNNEL_STEPS,
)
CELLS = ("cohort_cube", "paid_conversion", "paying_users", "daily_activity", "funnel_steps")
"""Those that are counted, with days as days since 1970 until they are published."""


def names(events: Any) -> Any:
    """Return ``day, event_name, n_events, n_in_sessions`` (events that name a session)."""
    events = events.mutate(day=activity.utc_day(events.event_at))
    return events.group_by(["day", "event_name"]).agg(
        n_events=events.count(), n_in_sessions=events.session_id.count()
    )


def cells(events: Any, definition: Definition, steps: Sequence[Step]) -> dict[str, Any]:
    """Return the cells of a whole log at once, for engines that keep nothing by day.

    Parameters
    ----------
    events
        Ibis table ``event_id, user_id, event_name, event_at, session_id, n_images`` and
        :data:`etl.marts.activity.ATTRIBUTES`.
    definition, steps
        What is counted.

    Returns
    -------
    dict
        Ibis tables by the names of :data:`CELLS`.
    """
    days = activity.user_day(activity.sessions(events, definition))
    begins, money = activity.begins(events, definition), activity.money(events, definition)
    users = cohorts.users(days.select("user_id").distinct(), begins, money, definition)
    keys = ("begun_day", *ATTRIBUTES[:3])
    starts = users.filter(users.begun_day.notnull()).select("user_id", "begun_at", *keys)
    return {
        "cohort_cube": cohorts.cohort_cube(days, users),
        "paid_conversion": cohorts.paid_conversion(users),
        "paying_users": cohorts.paying_users(users, money),
        "daily_activity": cohorts.daily_activity(days, users),
        "funnel_steps": funnel.funnel_cells(
            funnel.progress(events, starts, steps, FUNNEL_DAYS), keys
        ),
    }
