"""The published tables of product events, from the files that hold each source's marts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from etl import statements
from etl.engines import Scratch
from etl.growth_sql import VERSION
from etl.marts import growth
from etl.marts.activity import ATTRIBUTES
from etl.marts.funnel import FUNNEL_DAYS


def publish(con: Scratch, found: Mapping[str, Path]) -> None:
    """Make the tables of :mod:`etl.marts.growth` in ``con`` from the sources' files."""
    for table in growth.TABLES:
        for statement in statements.create(table):
            con.execute(statement)
    for source, path in found.items():
        con.execute(f"ATTACH '{statements.quoted(path)}' AS growth_of_one (READ_ONLY)")
        try:
            if not _is_readable(con):
                continue  # never counted, or by an older program where the events lie elsewhere
            for name, question in _published(source).items():
                con.execute(f"INSERT INTO {name} {question}")
        finally:
            con.execute("DETACH growth_of_one")


def _is_readable(con: Scratch) -> bool:
    """Say whether the attached file holds counts of this version."""
    there = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'growth_of_one' "
        "AND table_name = 'told'"
    ).fetchone()
    if not there or not there[0]:
        return False
    return con.execute("SELECT max(version) FROM growth_of_one.told").fetchone() == (VERSION,)


def _published(source: str) -> dict[str, str]:
    """Return the questions that fill the published tables from the attached file of a source."""
    of, named = "growth_of_one", f"'{source}' AS source"
    split, three = ", ".join(ATTRIBUTES), ", ".join(ATTRIBUTES[:3])
    begun = "DATE '1970-01-01' + begun_day::INTEGER AS begun_on"
    active = "DATE '1970-01-01' + day::INTEGER AS active_on"
    days = "DATE '1970-01-01' + min(day)::INTEGER, DATE '1970-01-01' + max(day)::INTEGER"
    return {
        "growth_definitions": f"SELECT {named}, definition->>'begins', definition->>'active', "
        "(definition->>'window_days')::BIGINT, "
        "array_to_string((definition->'payments')::VARCHAR[], ','), definition->>'refund', "
        f"array_to_string(steps::VARCHAR[], ','), {FUNNEL_DAYS}, "
        f"(SELECT DATE '1970-01-01' + min(day)::INTEGER FROM {of}.names), "
        f"(SELECT DATE '1970-01-01' + max(day)::INTEGER FROM {of}.names), "
        f"(SELECT DATE '1970-01-01' + max(day)::INTEGER FROM {of}.names "
        "WHERE to_timestamp((day + 1) * 86400) <= read_at), "
        f"(SELECT coalesce(sum(n_events), 0) FROM {of}.names), "
        f"(SELECT coalesce(sum(size), 0) FROM {of}.paid_conversion), "
        f"(SELECT count(*) FROM {of}.users WHERE begun_day IS NULL), "
        f"evidence_kind, engine, built_at FROM (SELECT * REPLACE (definition::JSON AS definition, "
        f"steps::JSON AS steps) FROM {of}.told)",
        "event_names": f"SELECT {named}, event_name, sum(n_events), {days} FROM {of}.names "
        "GROUP BY event_name ORDER BY event_name",
        # In order of cohorts, so that a question about some of them passes over the others.
        "cohort_cube": f"SELECT {named}, {begun}, {split}, {active}, n_users, n_images "
        f"FROM {of}.cohort_cube ORDER BY begun_day, day",
        "paid_conversion": f"SELECT {named}, {begun}, {split}, size, payers, refunded "
        f"FROM {of}.paid_conversion ORDER BY begun_day",
        "paying_users": f"SELECT {named}, user_id, {begun}, {split}, paid, refunded, "
        f"DATE '1970-01-01' + first_paid_day::INTEGER FROM {of}.paying_users ORDER BY user_id",
        "daily_activity": f"SELECT {named}, {active}, {three}, n_active, n_new, n_events, "
        f"n_images, n_sessions, session_seconds FROM {of}.daily_activity ORDER BY day",
        "funnel_steps": f"SELECT {named}, {begun}, {three}, step, taken, n_users "
        f"FROM {of}.funnel_steps ORDER BY begun_day",
    }
