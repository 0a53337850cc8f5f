"""The tables of a source's file of marts, and the statements that bring them up.

What counts is written once, in the expressions of :mod:`etl.marts`; here they become SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from etl.marts import activity, cohorts, funnel, growth
from etl.marts.activity import ATTRIBUTES, Definition
from etl.marts.funnel import FUNNEL_DAYS, Step

VERSION = 2
"""Raised when the tables of the file change."""
_SPLIT = ", ".join(f"{name} VARCHAR" for name in ATTRIBUTES)
_THREE = ", ".join(f"{name} VARCHAR" for name in ATTRIBUTES[:3])
_INTS = "n_active BIGINT, n_new BIGINT, n_events BIGINT, n_images BIGINT, n_sessions BIGINT"
TABLES = {
    "days": "day BIGINT, generation VARCHAR",
    "names": "day BIGINT, event_name VARCHAR, n_events BIGINT, n_in_sessions BIGINT",
    "user_day": "day BIGINT, user_id VARCHAR, is_active BIGINT, n_events BIGINT, n_images BIGINT, "
    "n_sessions BIGINT, session_seconds BIGINT",
    "begins": f"day BIGINT, user_id VARCHAR, {_SPLIT}, begun_at TIMESTAMPTZ",
    "money": "day BIGINT, user_id VARCHAR, n_payments BIGINT, n_refunds BIGINT, "
    "first_paid_at TIMESTAMPTZ",
    "users": f"user_id VARCHAR, begun_day BIGINT, begun_at TIMESTAMPTZ, {_SPLIT}, "
    "paid BIGINT, refunded BIGINT",
    "cohort_cube": f"begun_day BIGINT, {_SPLIT}, day BIGINT, n_users BIGINT, n_images BIGINT",
    "paid_conversion": f"begun_day BIGINT, {_SPLIT}, size BIGINT, payers BIGINT, refunded BIGINT",
    "paying_users": f"user_id VARCHAR, begun_day BIGINT, {_SPLIT}, paid BIGINT, refunded BIGINT, "
    "first_paid_day BIGINT",
    "daily_activity": f"day BIGINT, {_THREE}, {_INTS}, session_seconds BIGINT",
    "funnel_steps": f"begun_day BIGINT, {_THREE}, step BIGINT, taken BIGINT, n_users BIGINT",
    "told": "version BIGINT, definition VARCHAR, steps VARCHAR, evidence_kind VARCHAR, "
    "read_at TIMESTAMPTZ, engine VARCHAR, built_at TIMESTAMPTZ",
}
"""Tables of a source's file with their columns; days are days since 1970 (UTC)."""

_READ = ("event_id", "user_id", "event_name", "event_at", "session_id", "n_images", *ATTRIBUTES)


def events_view(paths: Sequence[Path]) -> str:
    """Return the statement that makes the view ``events`` over files of the lake."""
    if not paths:
        columns = ", ".join(f"NULL::{_DUCKDB[c]} AS {c}" for c in _READ)
        return f"CREATE OR REPLACE TEMP VIEW events AS SELECT {columns} WHERE false"
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    columns = ", ".join(f"{c}::{_DUCKDB[c]} AS {c}" for c in _READ)
    return (
        f"CREATE OR REPLACE TEMP VIEW events AS SELECT {columns} "
        f"FROM read_parquet([{listed}], hive_partitioning = false)"
    )


_DUCKDB = {"event_at": "TIMESTAMPTZ", "n_images": "BIGINT"} | dict.fromkeys(
    ("event_id", "user_id", "event_name", "session_id", *ATTRIBUTES), "VARCHAR"
)

# What a restated day takes away before its new rows come.
WITHDRAW = (
    "CREATE OR REPLACE TEMP TABLE old_users AS "
    "SELECT DISTINCT user_id FROM user_day SEMI JOIN touched USING (day)",
    "CREATE OR REPLACE TEMP TABLE old_begins AS "
    "SELECT DISTINCT user_id FROM begins SEMI JOIN touched USING (day) "
    "UNION SELECT user_id FROM money SEMI JOIN touched USING (day)",
    *(
        f"DELETE FROM {name} WHERE day IN (SELECT day FROM touched)"
        for name in ("user_day", "begins", "money", "days")
    ),
    "CREATE OR REPLACE TEMP TABLE gone AS SELECT user_id FROM old_users "
    "ANTI JOIN new_user_day USING (user_id) ANTI JOIN user_day USING (user_id)",
)
NOTHING_WITHDRAWN = tuple(
    f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT ''::VARCHAR AS user_id WHERE false"
    for name in ("old_users", "old_begins", "gone")
)
AFFECTED = (
    # Users met for the first time, and those whose beginning or payments may have changed.
    "CREATE OR REPLACE TEMP TABLE unknown AS "
    "SELECT DISTINCT user_id FROM new_user_day ANTI JOIN users USING (user_id)",
    "CREATE OR REPLACE TEMP TABLE affected AS "
    "SELECT user_id FROM new_begins UNION SELECT user_id FROM new_money "
    "UNION SELECT user_id FROM old_begins UNION FROM unknown",
    "CREATE OR REPLACE TEMP TABLE known AS FROM affected ANTI JOIN gone USING (user_id)",
    "CREATE OR REPLACE TEMP TABLE own_money AS FROM money SEMI JOIN affected USING (user_id)",
    "CREATE OR REPLACE TEMP TABLE former AS FROM users SEMI JOIN "
    "(FROM affected UNION FROM gone) USING (user_id)",
)
ALL_BEGINS = (
    "CREATE OR REPLACE TEMP TABLE own_begins AS FROM begins SEMI JOIN affected USING (user_id)"
)
# Where nothing is withdrawn, the first beginning of a known user stands in the user's own row.
FIRST_BEGINS = (
    "CREATE OR REPLACE TEMP TABLE own_begins AS FROM new_begins UNION ALL BY NAME "
    f"SELECT begun_day AS day, user_id, {', '.join(ATTRIBUTES)}, begun_at FROM former "
    "WHERE begun_day IS NOT NULL"
)
MOVED = (
    "CREATE OR REPLACE TEMP TABLE unlike AS SELECT user_id, f.user_id IS NOT NULL AS was_known, "
    "f.begun_day AS day_before, n.begun_day AS day_after, "
    "(f.begun_day, f.begun_at, f.country, f.channel, f.platform, f.plan) IS DISTINCT FROM "
    "(n.begun_day, n.begun_at, n.country, n.channel, n.platform, n.plan) AS has_moved "
    "FROM former f FULL JOIN fresh n USING (user_id) "
    "WHERE has_moved OR (f.paid, f.refunded) IS DISTINCT FROM (n.paid, n.refunded)",
    "CREATE OR REPLACE TEMP TABLE cohort_days AS SELECT DISTINCT day FROM "
    "(SELECT day_before AS day FROM unlike UNION ALL SELECT day_after FROM unlike) "
    "WHERE day IS NOT NULL",
    "CREATE OR REPLACE TEMP TABLE strays AS SELECT user_id FROM unlike "
    "WHERE has_moved AND user_id IN (SELECT user_id FROM former)",
    "CREATE OR REPLACE TEMP TABLE active_days AS FROM touched UNION "
    "SELECT DISTINCT day FROM user_day WHERE (SELECT count(*) FROM strays) > 0 "
    "AND user_id IN (FROM strays)",
    "DELETE FROM users WHERE user_id IN (SELECT user_id FROM former)",
    "INSERT INTO users FROM fresh",
)
CELLS = {
    "cohort_cube": "day IN (FROM active_days)",
    "daily_activity": "day IN (FROM active_days)",
    "paid_conversion": "begun_day IN (FROM cohort_days)",
    "paying_users": "user_id IN (SELECT user_id FROM former)",
}
_IBIS = {"VARCHAR": "string", "BIGINT": "int64", "TIMESTAMPTZ": "timestamp('UTC')"}


def _table(name: str, columns: str) -> Any:
    import ibis

    pairs = [column.rsplit(" ", 1) for column in columns.split(", ")]
    return ibis.table({column: _IBIS[kind] for column, kind in pairs}, name=name)


def events_schema() -> dict[str, str]:
    """Return the columns of the events that the marts read, with their Ibis types."""
    return {name: _IBIS[_DUCKDB[name]] for name in _READ}


def _events_table() -> Any:
    import ibis

    return ibis.table(events_schema(), name="events")


def _as_sql(expression: Any, columns: str) -> str:
    import ibis

    wanted = [column.rsplit(" ", 1)[0] for column in columns.split(", ")]
    return str(ibis.to_sql(expression.select(*wanted), dialect="duckdb"))


@cache
def sql_names() -> str:
    """Return the question that counts the names of events by day."""
    return _as_sql(growth.names(_events_table()), TABLES["names"])


@cache
def sql_days(definition: Definition) -> dict[str, str]:
    """Return what is counted of the days in the view ``events``, by the table it goes to."""
    events = _events_table()
    expressions = {
        "user_day": activity.user_day(activity.sessions(events, definition)),
        "begins": activity.begins(events, definition),
        "money": activity.money(events, definition),
    }
    return {name: _as_sql(e, TABLES[name]) for name, e in expressions.items()}


@cache
def sql_users(definition: Definition) -> str:
    """Return the question that makes the users who are affected anew."""
    known, begins, money = (
        _table(name, columns)
        for name, columns in (
            ("known", "user_id VARCHAR"),
            ("own_begins", TABLES["begins"]),
            ("own_money", TABLES["money"]),
        )
    )
    return _as_sql(cohorts.users(known, begins, money, definition), TABLES["users"])


@cache
def sql_cells() -> dict[str, str]:
    """Return what is counted of users and days, by the table of cells it goes to."""
    days, users = _table("user_day", TABLES["user_day"]), _table("users", TABLES["users"])
    active = days.semi_join(_table("active_days", "day BIGINT"), "day")
    begun = users.semi_join(_table("cohort_days", "day BIGINT"), [("begun_day", "day")])
    expressions = {
        "cohort_cube": cohorts.cohort_cube(active, users),
        "daily_activity": cohorts.daily_activity(active, users),
        "paid_conversion": cohorts.paid_conversion(begun),
        "paying_users": cohorts.paying_users(
            _table("fresh", TABLES["users"]), _table("own_money", TABLES["money"])
        ),
    }
    return {name: _as_sql(e, TABLES[name]) for name, e in expressions.items()}


@cache
def sql_funnel(steps: tuple[Step, ...]) -> str:
    """Return the question that counts the funnels of the cohorts in the table ``starting``."""
    users = _table("users", TABLES["users"])
    starts = users.semi_join(_table("starting", "day BIGINT"), [("begun_day", "day")])
    keys = ("begun_day", *ATTRIBUTES[:3])
    starts = starts.select("user_id", "begun_at", *keys)
    reached = funnel.progress(_events_table(), starts, steps, FUNNEL_DAYS)
    return _as_sql(funnel.funnel_cells(reached, keys), TABLES["funnel_steps"])
