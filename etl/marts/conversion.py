"""What waiting has to do with paying, and what the arms of trials did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis

from etl.marts import activity, cohorts
from etl.marts.activity import Definition, utc_day


def people(events: Any, definition: Definition) -> Any:
    """Return one row a user whose beginning was seen, see :func:`etl.marts.cohorts.users`."""
    begins, money = activity.begins(events, definition), activity.money(events, definition)
    known = begins.select("user_id").distinct()
    return cohorts.users(known, begins, money, definition)


def waiting(events: Any, users: Any, edges: Sequence[float], last_begun_day: int) -> Any:
    """Return payers by the mean waiting time of users' pictures on their first day.

    Users of a trial of waiting times are left out: how long the others waited was nobody's
    choice, and what made them wait may also keep them from paying.

    Parameters
    ----------
    events
        With ``wait_seconds`` (of a picture), ``assigned_wait_seconds`` (of an arm).
    users
        As :func:`people` gives them.
    edges
        Upper ends of the buckets in seconds, ascending; one more holds what lies above.
    last_begun_day
        Users who began later have not had the full time to pay and are left out.

    Returns
    -------
    ibis.expr.types.Table
        ``bucket`` (from 0), ``n_users, n_paid, wait_seconds`` (mean of users' means).
    """
    tried = events.filter(events.assigned_wait_seconds.notnull()).select("user_id").distinct()
    begun = users.filter(users.begun_day <= last_begun_day).anti_join(tried, "user_id")
    images = events.filter(events.wait_seconds.notnull())
    images = images.select("user_id", "wait_seconds", day=utc_day(images.event_at))
    seen = images.inner_join(begun, "user_id")
    seen = seen.filter(seen.day == seen.begun_day)
    waits = seen.group_by("user_id").agg(wait=seen.wait_seconds.mean(), paid=seen.paid.max())
    branches = [(waits.wait <= edge, ibis.literal(i, "int64")) for i, edge in enumerate(edges)]
    last = ibis.literal(len(edges), "int64")
    placed = waits.mutate(bucket=ibis.cases(*branches, else_=last))
    return placed.group_by("bucket").agg(
        n_users=placed.count(), n_paid=placed.paid.sum(), wait_seconds=placed.wait.mean()
    )


def proceeds(transactions: Any) -> Any:
    """Return what stores paid out by user and day of the payment: ``user_id, day, proceeds_usd``.

    Refunds count on the day of their payment, ``n_unpriced`` counts rows whose proceeds in US
    dollars nobody stated.
    """
    paid = transactions.mutate(day=utc_day(transactions.purchased_at))
    refunded = paid.refunded_at.notnull() & (paid.price > 0)
    amount = ibis.ifelse(refunded, 0.0, paid.proceeds_usd)
    priced = paid.mutate(amount=amount, unpriced=(paid.price != 0) & amount.isnull())
    return priced.group_by(["user_id", "day"]).agg(
        proceeds_usd=priced.amount.fill_null(0.0).sum(), n_unpriced=priced.unpriced.sum()
    )


def trial_users(
    events: Any, users: Any, proceeds: Any, window_days: int, last_begun_day: int
) -> Any:
    """Return one row a user and trial: arm, payment, pictures and proceeds within the window.

    Parameters
    ----------
    events
        With ``experiment_id, variant, n_images``.
    users
        As :func:`people` gives them.
    proceeds
        As :func:`proceeds` gives them.
    window_days
        Pictures and proceeds count from the day a user began to so many days after.
    last_begun_day
        Users who began later have not had the full window: they are marked.

    Returns
    -------
    ibis.expr.types.Table
        ``experiment_id, user_id, variant`` (missing where the user was seen in several arms),
        ``is_complete`` (0 or 1), ``paid, n_images, proceeds_usd, n_unpriced``.
    """
    assigned = events.filter(events.experiment_id.notnull() & events.variant.notnull())
    arms = assigned.group_by(["experiment_id", "user_id"]).agg(
        first=assigned.variant.min(), last=assigned.variant.max()
    )
    one_arm = ibis.ifelse(arms["first"] == arms["last"], arms["first"], ibis.null("string"))
    arms = arms.mutate(variant=one_arm).inner_join(
        users.select("user_id", "begun_day", "paid"), "user_id"
    )
    made = events.filter(events.n_images > 0).select(
        "user_id", "n_images", day=utc_day(events.event_at)
    )
    images = _within(made, arms, window_days).agg(n_images=ibis._.n_images.sum())
    money = _within(proceeds, arms, window_days).agg(
        proceeds_usd=ibis._.proceeds_usd.sum(), n_unpriced=ibis._.n_unpriced.sum()
    )
    keys = ["experiment_id", "user_id"]
    joined = arms.left_join(images, keys).drop("experiment_id_right", "user_id_right")
    joined = joined.left_join(money, keys).drop("experiment_id_right", "user_id_right")
    return joined.select(
        *keys,
        "variant",
        "paid",
        is_complete=(joined.begun_day <= last_begun_day).cast("int64"),
        n_images=joined.n_images.fill_null(0).cast("int64"),
        proceeds_usd=joined.proceeds_usd.fill_null(0.0),
        n_unpriced=joined.n_unpriced.fill_null(0).cast("int64"),
    )


def _within(rows: Any, arms: Any, window_days: int) -> Any:
    own = rows.inner_join(arms.select("experiment_id", "user_id", "begun_day"), "user_id")
    own = own.filter((own.day >= own.begun_day) & (own.day <= own.begun_day + window_days))
    return own.group_by(["experiment_id", "user_id"])


def arm_sums(trial_users: Any, cost_per_image_usd: float) -> Any:
    """Return the sums of each arm, from which means and their errors follow.

    Returns
    -------
    ibis.expr.types.Table
        ``experiment_id, variant, n_assigned`` (all users), and of those with the full window
        ``n_users, n_paid, images_sum, images_squares, contribution_sum, contribution_squares``
        (US dollars: proceeds less the compute of the pictures), ``n_unpriced``.
    """
    own = trial_users.mutate(
        contribution=trial_users.proceeds_usd - trial_users.n_images * cost_per_image_usd,
        images=trial_users.n_images.cast("float64"),
    )
    whole = own.is_complete == 1
    return own.group_by(["experiment_id", "variant"]).agg(
        n_assigned=own.count(),
        n_users=own.is_complete.sum(),
        n_paid=own.paid.sum(where=whole),
        images_sum=own.images.sum(where=whole),
        images_squares=(own.images * own.images).sum(where=whole),
        contribution_sum=own.contribution.sum(where=whole),
        contribution_squares=(own.contribution * own.contribution).sum(where=whole),
        n_unpriced=own.n_unpriced.sum(where=whole),
    )


def first_day_features(events: Any, users: Any, payments: Sequence[str]) -> Any:
    """Return what is known of users at the end of their first day, and whether they paid later.

    Parameters
    ----------
    events, users
        As :func:`people` takes and gives them.
    payments
        Names of the events of payments.

    Returns
    -------
    ibis.expr.types.Table
        ``user_id, begun_day`` and the attributes, ``n_images, n_sessions, wait_seconds`` (mean),
        ``n_paywalls`` of the first day, ``assigned_wait_seconds`` (missing outside trials),
        ``paid_on_first_day`` (0 or 1), ``paid``.
    """
    own = events.select(
        "user_id",
        "event_name",
        "session_id",
        "wait_seconds",
        "assigned_wait_seconds",
        images=events.n_images.fill_null(0),
        day=utc_day(events.event_at),
    )
    seen = own.inner_join(users.filter(users.begun_day.notnull()), "user_id")
    first = seen.filter(seen.day == seen.begun_day)
    keys = ["user_id", "begun_day", "country", "channel", "platform", "paid"]
    pays = first.event_name.isin(list(payments))
    return first.group_by(keys).agg(
        n_images=first.images.sum(),
        n_sessions=first.session_id.nunique(),
        wait_seconds=first.wait_seconds.mean(),
        n_paywalls=(first.event_name == "paywall").cast("int64").sum(),
        assigned_wait_seconds=first.assigned_wait_seconds.max(),
        paid_on_first_day=pays.cast("int64").max(),
    )
