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
from pathlib import Path
from typing import Any, cast

from etl import engines, growth_names, growth_sql
from etl.config import Settings
from etl.engines import EngineError, Scratch
from etl.errors import InputError, WarehouseError
from etl.growth_names import Names
from etl.marts.activity import Definition
from etl.marts.funnel import FUNNEL_DAYS, Step
from etl.schemas import PRODUCT_EVENTS
from etl.warehouse import Warehouse

ROWS_AT_ONCE = 5_000_000
"""Days are read together up to so many events."""
COHORTS_AT_ONCE = FUNNEL_DAYS
_EPOCH = date(1970, 1, 1)


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
        for name in growth_sql.TABLES:
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
            # Counts of another engine: the lake holds the events now.
            for name in growth_sql.TABLES:
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
        for name in growth_sql.TABLES:
            if name != "names":
                self.con.execute(f"DELETE FROM {name}")

    def _read_names(self, touched: Sequence[Day], gone: Sequence[int]) -> None:
        numbers = [*gone, *(day.number for day in touched)]
        self.con.execute("DELETE FROM names WHERE day IN (SELECT unnest(?))", [numbers])
        for batch in _batches(touched):
            self._events(batch)
            self.con.execute(f"INSERT INTO names {growth_sql.sql_names()}")

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
        self.con.execute(growth_sql.events_view(paths))

    def _bring(self, batch: Sequence[Day], definition: Definition) -> set[int]:
        """Count the days of a batch anew; return the days of beginning whose users changed."""
        con, numbers = self.con, [day.number for day in batch]
        self._events(batch)
        con.execute("CREATE OR REPLACE TEMP TABLE touched AS SELECT unnest(?) AS day", [numbers])
        for name, question in growth_sql.sql_days(definition).items():
            con.execute(f"CREATE OR REPLACE TEMP TABLE new_{name} AS {question}")
        held = con.execute("SELECT count(*) FROM days SEMI JOIN touched USING (day)").fetchone()
        is_restated = bool(held and held[0])
        for statement in growth_sql.WITHDRAW if is_restated else growth_sql.NOTHING_WITHDRAWN:
            con.execute(statement)
        for name in ("user_day", "begins", "money"):
            con.execute(f"INSERT INTO {name} FROM new_{name}")
        rows = [[day.number, day.generation] for day in batch if day.generation]
        if rows:
            con.executemany("INSERT INTO days VALUES (?, ?)", rows)
        for statement in (
            *growth_sql.AFFECTED,
            growth_sql.ALL_BEGINS if is_restated else growth_sql.FIRST_BEGINS,
        ):
            con.execute(statement)
        con.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {growth_sql.sql_users(definition)}")
        for statement in growth_sql.MOVED:
            con.execute(statement)
        for name, question in growth_sql.sql_cells().items():
            con.execute(f"DELETE FROM {name} WHERE {growth_sql.CELLS[name]}")
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
            self.con.execute(f"INSERT INTO funnel_steps {growth_sql.sql_funnel(tuple(steps))}")


def _note(con: Scratch, told: Told) -> None:
    con.execute("DELETE FROM told")
    con.execute(
        "INSERT INTO told VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            growth_sql.VERSION,
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
        if version and version[0] not in (None, growth_sql.VERSION):
            for name in growth_sql.TABLES:
                con.execute(f"DROP TABLE IF EXISTS {name}")
    for name, columns in growth_sql.TABLES.items():
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
