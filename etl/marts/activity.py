"""From events to what a user did on a day: sessions, days, begins and payments.

Days are UTC days, as the lake is cut, so that a day of events makes a day of each of these tables
and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from etl.marts.retention import day_of, whole_seconds

ATTRIBUTES = ("country", "channel", "platform", "plan")
"""Of the event that begins a user's time; cohorts are split by them."""
OUTSIDE = ("renewal", "refund")
"""Names of events that come without the user."""
PAYMENTS = ("purchase", "renewal")
REFUND = "refund"
SESSION_GAP_SECONDS = 1_800
WINDOW_DAYS = 35


@dataclass(frozen=True)
class Definition:
    """What begins a user's time in an event log, what is activity, what is a payment.

    Attributes
    ----------
    begins
        Event that begins a user's time; ``""`` is the first event of any name.
    active
        Event that makes a day an active one; ``""`` is any event but those of :data:`OUTSIDE`.
    has_sessions
        Whether the source names its sessions; otherwise a pause of more than half an hour ends
        one. No session crosses midnight.
    payments, refund
        Names of the events of payments, and of refunds.
    window_days
        A payer pays no later than so many days after the day the time began.
    """

    begins: str = "install"
    active: str = "session_start"
    has_sessions: bool = True
    payments: Sequence[str] = PAYMENTS
    refund: str = REFUND
    window_days: int = WINDOW_DAYS

    @classmethod
    def of(cls, names: Collection[str], *, has_sessions: bool) -> Definition:
        """Return the definition for a source by the event names it holds."""
        plain = cls()
        return cls(
            begins=plain.begins if plain.begins in names else "",
            active=plain.active if plain.active in names else "",
            has_sessions=has_sessions,
        )


def utc_day(instant: Any) -> Any:
    """Return days since 1970 (UTC) of an expression of instants."""
    return day_of(whole_seconds(instant))


def sessions(events: Any, definition: Definition) -> Any:
    """Return one row a session.

    Parameters
    ----------
    events
        Ibis table ``user_id, event_name, event_at, session_id, n_images``.
    definition
        What is activity.

    Returns
    -------
    ibis.expr.types.Table
        ``user_id, day`` (days since 1970, UTC), ``session`` (missing for events outside sessions),
        ``begun_at, ended_at, n_events, n_active, n_images``.
    """
    name = events.event_name
    active = name == definition.active if definition.active else name.notin(list(OUTSIDE))
    own = events.select(
        "user_id",
        "event_at",
        session_id=events.session_id,
        day=utc_day(events.event_at),
        active=active.cast("int64"),
        images=events.n_images.fill_null(0).cast("int64"),
    )
    named = own if definition.has_sessions else _by_pauses(own)
    return named.group_by(["user_id", "day", "session_id"]).agg(
        begun_at=named.event_at.min(),
        ended_at=named.event_at.max(),
        n_events=named.count(),
        n_active=named.active.sum(),
        n_images=named.images.sum(),
    )


def _by_pauses(events: Any) -> Any:
    """Return the events with the number of their session within the day as ``session_id``."""
    order = ibis.window(group_by=["user_id", "day"], order_by="event_at")
    seconds = whole_seconds(events.event_at)
    pause = events.mutate(pause=seconds - seconds.lag().over(order))
    begins: Any = (pause.pause.isnull() | (pause.pause > SESSION_GAP_SECONDS)).cast("int64")
    marked = pause.mutate(begins=begins)
    until_here = ibis.cumulative_window(group_by=["user_id", "day"], order_by="event_at")
    number = marked.begins.sum().over(until_here)
    return marked.mutate(session_id=number.cast("string")).drop("pause", "begins")


def user_day(sessions: Any) -> Any:
    """Return what users did by day.

    Returns
    -------
    ibis.expr.types.Table
        ``day, user_id, is_active`` (0 or 1), ``n_events, n_images, n_sessions, session_seconds``
        (from the first to the last event of a session), one row a user and UTC day.
    """
    within = sessions.session_id.notnull()
    seconds = whole_seconds(sessions.ended_at) - whole_seconds(sessions.begun_at)
    length: Any = ibis.ifelse(within, seconds, 0)
    days = sessions.group_by(["day", "user_id"]).agg(
        is_active=(sessions.n_active > 0).cast("int64").max(),
        n_events=sessions.n_events.sum(),
        n_images=sessions.n_images.sum(),
        n_sessions=within.cast("int64").sum(),
        session_seconds=length.sum(),
    )
    counts = ("is_active", "n_events", "n_images", "n_sessions", "session_seconds")
    return days.select("day", "user_id", *counts).cast(dict.fromkeys(counts, "int64"))


def begins(events: Any, definition: Definition) -> Any:
    """Return the first event of each day that begins a user's time: ``day, user_id, begun_at``.

    With the attributes it bears.
    """
    own = events.filter(events.event_name == definition.begins) if definition.begins else events
    own = own.mutate(day=utc_day(own.event_at))
    # One event of the instant is taken for all of its attributes: the first by identifier.
    first = ibis.window(group_by=["day", "user_id"], order_by=["event_at", "event_id"])
    own = own.mutate(place=ibis.row_number().over(first))
    own = own.filter(own.place == 0)
    return own.select("day", "user_id", *ATTRIBUTES, begun_at=own.event_at)


def money(events: Any, definition: Definition) -> Any:
    """Return payments by user and day: ``day, user_id, n_payments, n_refunds, first_paid_at``."""
    own = events.filter(events.event_name.isin([*definition.payments, definition.refund]))
    own = own.mutate(day=utc_day(own.event_at), pays=own.event_name.isin(list(definition.payments)))
    return own.group_by(["day", "user_id"]).agg(
        n_payments=own.pays.cast("int64").sum(),
        n_refunds=(~own.pays).cast("int64").sum(),
        first_paid_at=own.event_at.min(where=own.pays),
    )
