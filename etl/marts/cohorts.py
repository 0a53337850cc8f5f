"""From days of users to cohorts: who began when, who came back, who paid."""

from __future__ import annotations

from typing import Any

import ibis

from etl.marts.activity import ATTRIBUTES, Definition, utc_day

GROUPS = ("begun_day", *ATTRIBUTES)


def users(known: Any, begins: Any, money: Any, definition: Definition) -> Any:
    """Return one row a user.

    Parameters
    ----------
    known
        ``user_id`` of everybody seen, once each.
    begins, money
        As :func:`etl.marts.activity.begins` and ``money`` give them, of all days.
    definition
        Says how long a user may take to pay.

    Returns
    -------
    ibis.expr.types.Table
        ``user_id, begun_day, begun_at`` and the attributes (missing for a user whose beginning was
        not seen), ``paid`` (0 or 1: paid within the window, and not every payment came back),
        ``refunded`` (0 or 1: paid within the window, and every payment came back).
    """
    order = ibis.window(group_by="user_id", order_by="begun_at")
    first = begins.mutate(place=ibis.row_number().over(order))
    first = first.filter(first.place == 0).drop("place")
    paid = money.group_by("user_id").agg(
        n_payments=money.n_payments.sum(),
        n_refunds=money.n_refunds.sum(),
        first_paid_at=money.first_paid_at.min(),
    )
    joined = known.left_join(first, "user_id").drop("user_id_right")
    joined = joined.left_join(paid, "user_id").drop("user_id_right")
    last_day = joined.day + definition.window_days
    in_time = (joined.first_paid_at >= joined.begun_at) & (
        utc_day(joined.first_paid_at) <= last_day
    )
    returned = joined.n_refunds >= joined.n_payments
    return joined.select(
        "user_id",
        "begun_at",
        *ATTRIBUTES,
        begun_day=joined.day,
        paid=ibis.coalesce(in_time & ~returned, False).cast("int64"),
        refunded=ibis.coalesce(in_time & returned, False).cast("int64"),
    ).select("user_id", "begun_day", "begun_at", *ATTRIBUTES, "paid", "refunded")


def cohort_cube(user_day: Any, users: Any) -> Any:
    """Return what each cohort did on each day, from its first day on.

    Returns
    -------
    ibis.expr.types.Table
        ``begun_day, country, channel, platform, plan, day, n_users`` (active ones), ``n_images``.
    """
    begun = users.filter(users.begun_day.notnull()).select("user_id", *GROUPS)
    days = user_day.filter((user_day.is_active == 1) | (user_day.n_images > 0))
    both = days.select("user_id", "day", "is_active", "n_images").inner_join(begun, "user_id")
    both = both.filter(both.day >= both.begun_day)
    return both.group_by([*GROUPS, "day"]).agg(
        n_users=both.is_active.sum(), n_images=both.n_images.sum()
    )


def paying_users(users: Any, money: Any) -> Any:
    """Return everybody who ever paid: ``user_id, first_paid_day`` and the columns of ``users``."""
    paid = money.filter(money.n_payments > 0).group_by("user_id")
    first = paid.agg(first_paid_day=money.day.min())
    joined = first.inner_join(users.filter(users.begun_day.notnull()), "user_id")
    columns = ("begun_day", *ATTRIBUTES, "paid", "refunded")
    return joined.select("user_id", *columns, "first_paid_day")


def paid_conversion(users: Any) -> Any:
    """Return ``begun_day, country, channel, platform, plan, size, payers, refunded``."""
    begun = users.filter(users.begun_day.notnull())
    return begun.group_by(list(GROUPS)).agg(
        size=begun.count(), payers=begun.paid.sum(), refunded=begun.refunded.sum()
    )


def daily_activity(user_day: Any, users: Any) -> Any:
    """Return what happened on each day, by the attributes users began with.

    Returns
    -------
    ibis.expr.types.Table
        ``day, country, channel, platform, n_active, n_new, n_events, n_images, n_sessions,
        session_seconds``.
    """
    split = ("country", "channel", "platform")
    joined = user_day.left_join(users.select("user_id", "begun_day", *split), "user_id")
    new: Any = ibis.coalesce(joined.begun_day == joined.day, False)
    return joined.group_by(["day", *split]).agg(
        n_active=joined.is_active.sum(),
        n_new=new.cast("int64").sum(),
        n_events=joined.n_events.sum(),
        n_images=joined.n_images.sum(),
        n_sessions=joined.n_sessions.sum(),
        session_seconds=joined.session_seconds.sum(),
    )
