"""Keep the marts of product events up, day by day, in a file beside the lake.

One file a source. Each day remembers which generation of the lake it was made from, so that only
days that are new or were restated are read again; a file that is lost or cannot be read is made
anew. All of it follows from the lake and the expressions in :mod:`etl.marts`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from etl import engines, growth_names, statements
from etl.config import Settings
from etl.engines import EngineError, Scratch
from etl.errors import InputError, WarehouseError
from etl.growth_names import Names
from etl.marts import activity, cohorts, funnel, growth
from etl.marts.activity import ATTRIBUTES, Definition
from etl.marts.funnel import FUNNEL_DAYS, Step
from etl.schemas import PRODUCT_EVENTS
from etl.warehouse import Warehouse

VERSION = 2
"""Raised when the tables of the file change."""
ROWS_AT_ONCE = 5_000_000
"""Days are read together up to so many events."""
COHORTS_AT_ONCE = FUNNEL_DAYS
_EPOCH = date(1970, 1, 1)
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


@dataclass(frozen=True)
class Seen:
    """How events came to be, and when the last day of them was read: it may not have been over."""

    evidence_kind: str
    read_at: datetime


@dataclass(frozen=True)
class Told:
    """What a source's marts count, and what was seen."""

    definition: Definition
    steps: Sequence[Step]
    seen: Seen
    engine: str = "duckdb"

    def meaning(self) -> tuple[str, str]:
        """Return definition and steps as JSON."""
        steps = [step.label for step in self.steps]
        return json.dumps(asdict(self.definition)), json.dumps(steps)


@dataclass(frozen=True)
class Day:
    """A day of the lake as it counts now."""

    number: int
    generation: str
    n_rows: int
    files: Sequence[Path]


def folder(settings: Settings) -> Path:
    """Return the folder of the sources' files."""
    return settings.lake_dir / ".marts"


def file_of(settings: Settings, source: str) -> Path:
    """Return the file of a source."""
    return folder(settings) / f"{source}.duckdb"


def files(settings: Settings) -> dict[str, Path]:
    """Return the files there are, by source."""
    found = sorted(folder(settings).glob("*.duckdb"))
    return {path.name.removesuffix(".duckdb"): path for path in found}


def keep_up(
    settings: Settings, warehouse: Warehouse, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Bring the marts of all sources in the lake up to what the warehouse says it holds.

    To be called by the holder of the lock, after the lake has settled.

    Returns
    -------
    list of str
        What is wrong in ``growth.toml``; the marts it concerns stay as they were.

    Raises
    ------
    WarehouseError
        When the lake cannot be read, or the disk not be written.
    """
    from etl.imports.lake import Lake  # the imports publish through what calls this

    known = warehouse.ask(
        "SELECT source, event_date, generation, n_rows, evidence_kind, retrieved_at FROM lake_days "
        "WHERE table_name = ? ORDER BY source, event_date",
        [PRODUCT_EVENTS.name],
    )
    complaints: list[str] = []
    try:
        named = growth_names.read(settings.data_dir)
    except InputError as problem:
        return [str(problem)]
    for source, rows in known.groupby("source"):
        place = Lake.of(settings, PRODUCT_EVENTS.name, str(source))
        days = [
            Day(
                (row.event_date.date() - _EPOCH).days,
                row.generation,
                row.n_rows,
                place.generation(f"{row.event_date:%Y-%m-%d}", row.generation),
            )
            for row in cast(Any, rows).itertuples()
        ]
        last: Any = rows.iloc[-1]
        seen = Seen(str(last["evidence_kind"]), last["retrieved_at"].to_pydatetime())
        try:
            bring_up(file_of(settings, str(source)), days, seen, say, named.get(str(source)))
        except InputError as problem:
            complaints.append(f"{source}: {problem}")
        except (EngineError, OSError) as problem:
            raise WarehouseError(
                f"got {str(problem).splitlines()[0][:300]} while counting the users of {source}",
                "the files of the lake, and room on the disk",
                "free the disk, or import the events again; what was imported is kept",
                code="MARTS_FAULT",
            ) from problem
    return complaints


def bring_up(
    path: Path,
    days: Sequence[Day],
    seen: Seen,
    say: Callable[[str], None] = lambda _: None,
    named: Names | None = None,
) -> int:
    """Make the file of a source follow the days of its lake; return how many days were read.

    Parameters
    ----------
    path, days, seen
        The file, the days of the lake as they count now, and how they came to be.
    say
        Told each step in a few words.
    named
        What the user says about the names of the events.

    Raises
    ------
    InputError
        Where ``named`` speaks of events that the source does not hold; the file stays as it was.
    """
    try:
        with engines.stored(path) as con:
            return _Upkeep(con, days, seen, say, named).run()
    except EngineError:
        # Whatever is wrong with the file, it says nothing that the lake does not say.
        for spoilt in path.parent.glob(f"{path.name}*"):
            spoilt.unlink()
        with engines.stored(path) as con:
            return _Upkeep(con, days, seen, say, named).run()


def replace(path: Path, found: Mapping[str, Any], told: Told) -> None:
    """Put the counts of another engine into the file of a source, in place of what it holds.

    Parameters
    ----------
    path
        The file.
    found
        Arrow tables ``names`` and :data:`etl.marts.growth.CELLS`.
    told
        What they count.
    """
    with engines.stored(path) as con:
        con.execute("BEGIN")
        _make_tables(con)
        for name in TABLES:
            con.execute(f"DELETE FROM {name}")
        for name, table in found.items():
            con.register("brought", table)
            con.execute(f"INSERT INTO {name} BY NAME FROM brought")
            con.unregister("brought")
        _note(con, told)
        con.execute("COMMIT")


@dataclass(frozen=True)
class _Upkeep:
    """One source being brought up, in one transaction."""

    con: Scratch
    days: Sequence[Day]
    seen: Seen
    say: Callable[[str], None]
    named: Names | None

    def run(self) -> int:
        self.con.execute("BEGIN")
        try:
            n_read = self._run()
            self.con.execute("COMMIT")
        except BaseException:
            with suppress(EngineError):
                self.con.execute("ROLLBACK")
            raise
        return n_read

    def _run(self) -> int:
        _make_tables(self.con)
        if self.con.execute("FROM told WHERE engine <> 'duckdb'").fetchone():
            for name in TABLES:  # counts of another engine: the lake holds the events now
                self.con.execute(f"DELETE FROM {name}")
        held = dict(self.con.execute("FROM days").fetchall())
        now = {day.number: day for day in self.days}
        gone = sorted(set(held) - set(now))
        touched = [day for day in self.days if held.get(day.number) != day.generation]
        if touched or gone:
            self._read_names(touched, gone)
        definition, steps = self._definition()
        told = Told(definition, steps, self.seen)
        if self._told() != told.meaning():
            # Another meaning of the beginning or of activity: every day counts anew.
            self._forget()
            touched, gone = list(self.days), []
        if not touched and not gone:
            return 0
        moved: set[int] = set()
        for batch in _batches(touched):
            self.say(f"counting users by day: {len(batch)} day(s)")
            moved |= self._bring(batch, definition)
        if gone:
            moved |= self._bring([Day(n, "", 0, ()) for n in gone], definition)
        self._funnel(moved, {day.number for day in touched} | set(gone), steps)
        _note(self.con, told)
        return len(touched)

    # What is there

    def _told(self) -> tuple[str, str] | None:
        return self.con.execute("SELECT definition, steps FROM told").fetchone()

    def _forget(self) -> None:
        for name in TABLES:
            if name != "names":
                self.con.execute(f"DELETE FROM {name}")

    def _read_names(self, touched: Sequence[Day], gone: Sequence[int]) -> None:
        numbers = [*gone, *(day.number for day in touched)]
        self.con.execute("DELETE FROM names WHERE day IN (SELECT unnest(?))", [numbers])
        for batch in _batches(touched):
            self._events(batch)
            self.con.execute(f"INSERT INTO names {_sql_names()}")

    def _definition(self) -> tuple[Definition, tuple[Step, ...]]:
        found = self.con.execute(
            "SELECT event_name, sum(n_in_sessions) FROM names GROUP BY 1"
        ).fetchall()
        names = {name for name, _ in found}
        has_sessions = any(n for _, n in found)
        return growth_names.meaning(self.named, names, has_sessions=has_sessions)

    # What is counted

    def _events(self, batch: Sequence[Day]) -> None:
        paths = [file for day in batch for file in day.files]
        self.con.execute(events_view(paths))

    def _bring(self, batch: Sequence[Day], definition: Definition) -> set[int]:
        """Count the days of a batch anew; return the days of beginning whose users changed."""
        con, numbers = self.con, [day.number for day in batch]
        self._events(batch)
        con.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT unnest(?) AS day", [numbers])
        for name, question in _sql_days(definition).items():
            con.execute(f"CREATE OR REPLACE TEMP TABLE new_{name} AS {question}")
        held = con.execute("SELECT count(*) FROM days SEMI JOIN touched USING (day)").fetchone()
        is_restated = bool(held and held[0])
        for statement in _WITHDRAW if is_restated else _NOTHING_WITHDRAWN:
            con.execute(statement)
        for name in ("user_day", "begins", "money"):
            con.execute(f"INSERT INTO {name} FROM new_{name}")
        rows = [[day.number, day.generation] for day in batch if day.generation]
        if rows:
            con.executemany("INSERT INTO days VALUES (?, ?)", rows)
        for statement in (*_AFFECTED, _ALL_BEGINS if is_restated else _FIRST_BEGINS):
            con.execute(statement)
        con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {_sql_users(definition)}")
        for statement in _MOVED:
            con.execute(statement)
        for name, question in _sql_cells().items():
            con.execute(f"DELETE FROM {name} WHERE {_CELLS[name]}")
            con.execute(f"INSERT INTO {name} {question}")
        return {day for (day,) in con.execute("FROM cohort_days").fetchall()}

    def _funnel(self, moved: set[int], touched: set[int], steps: Sequence[Step]) -> None:
        """Count the funnels of the cohorts that the touched days can have changed."""
        held = self.con.execute("SELECT DISTINCT begun_day FROM paid_conversion").fetchall()
        begun = sorted(
            day
            for (day,) in held
            if day in moved or any(t in touched for t in range(day, day + FUNNEL_DAYS + 2))
        )
        gone = sorted(moved - set(begun))
        self.con.execute("DELETE FROM funnel_steps WHERE begun_day IN (SELECT unnest(?))", [gone])
        for first in range(0, len(begun), COHORTS_AT_ONCE):
            batch = begun[first : first + COHORTS_AT_ONCE]
            self.say(f"counting funnels: {len(batch)} cohort(s)")
            reach = (batch[0], batch[-1] + FUNNEL_DAYS + 1)
            self._events([day for day in self.days if reach[0] <= day.number <= reach[1]])
            self.con.execute(
                "CREATE OR REPLACE TEMP TABLE starting AS SELECT unnest(?) AS day", [batch]
            )
            self.con.execute(
                "DELETE FROM funnel_steps WHERE begun_day IN (SELECT day FROM starting)"
            )
            self.con.execute(f"INSERT INTO funnel_steps {_sql_funnel(tuple(steps))}")


def _note(con: Scratch, told: Told) -> None:
    con.execute("DELETE FROM told")
    con.execute(
        "INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            VERSION,
            *told.meaning(),
            told.seen.evidence_kind,
            told.seen.read_at,
            told.engine,
            datetime.now(UTC),
        ],
    )


def _make_tables(con: Scratch) -> None:
    """Make the tables that are not there, and all anew where another version made them."""
    found = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'told'").fetchone()
    if found and found[0]:
        version = con.execute("SELECT max(version) FROM told").fetchone()
        if version and version[0] not in (None, VERSION):
            for name in TABLES:
                con.execute(f"DROP TABLE IF EXISTS {name}")
    for name, columns in TABLES.items():
        con.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")


def _batches(days: Sequence[Day]) -> Iterator[list[Day]]:
    batch: list[Day] = []
    for day in days:
        if batch and sum(d.n_rows for d in batch) + day.n_rows > ROWS_AT_ONCE:
            yield batch
            batch = []
        batch.append(day)
    if batch:
        yield batch


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
_WITHDRAW = (
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
_NOTHING_WITHDRAWN = tuple(
    f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT ''::VARCHAR AS user_id WHERE false"
    for name in ("old_users", "old_begins", "gone")
)
_AFFECTED = (
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
_ALL_BEGINS = (
    "CREATE OR REPLACE TEMP TABLE own_begins AS FROM begins SEMI JOIN affected USING (user_id)"
)
# Where nothing is withdrawn, the first beginning of a known user stands in the user's own row.
_FIRST_BEGINS = (
    "CREATE OR REPLACE TEMP TABLE own_begins AS FROM new_begins UNION ALL BY NAME "
    f"SELECT begun_day AS day, user_id, {', '.join(ATTRIBUTES)}, begun_at FROM former "
    "WHERE begun_day IS NOT NULL"
)
_MOVED = (
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
_CELLS = {
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
def _sql_names() -> str:
    return _as_sql(growth.names(_events_table()), TABLES["names"])


@cache
def _sql_days(definition: Definition) -> dict[str, str]:
    events = _events_table()
    expressions = {
        "user_day": activity.user_day(activity.sessions(events, definition)),
        "begins": activity.begins(events, definition),
        "money": activity.money(events, definition),
    }
    return {name: _as_sql(e, TABLES[name]) for name, e in expressions.items()}


@cache
def _sql_users(definition: Definition) -> str:
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
def _sql_cells() -> dict[str, str]:
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
def _sql_funnel(steps: tuple[Step, ...]) -> str:
    users = _table("users", TABLES["users"])
    starts = users.semi_join(_table("starting", "day BIGINT"), [("begun_day", "day")])
    keys = ("begun_day", *ATTRIBUTES[:3])
    starts = starts.select("user_id", "begun_at", *keys)
    reached = funnel.progress(_events_table(), starts, steps, FUNNEL_DAYS)
    return _as_sql(funnel.funnel_cells(reached, keys), TABLES["funnel_steps"])


def publish(con: Scratch, found: Mapping[str, Path]) -> None:
    """Make the tables of :mod:`etl.marts.growth` in ``con`` from the sources' files."""
    for table in growth.TABLES:
        for statement in statements.create(table):
            con.execute(statement)
    for source, path in found.items():
        con.execute(f"ATTACH '{_quoted(path)}' AS growth_of_one (READ_ONLY)")
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


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
