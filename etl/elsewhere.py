"""Count the marts of product events where the events lie: on a cluster, an object store, a server.

The same expressions as :mod:`etl.growth` keeps up run there over the whole log at once; what comes
back are the small tables by cohort and day, which stand beside the others in the next snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from etl import engines, growth, growth_names, growth_sql, pipeline, sources
from etl.config import Settings, bundled_dir
from etl.errors import InputError, SourceError
from etl.marts import growth as marts
from etl.pipeline import LedgerEntry, Outcome, Progress, Run
from etl.schemas import EVIDENCE_KINDS, SOURCES
from etl.warehouse import Stamp, Warehouse

if TYPE_CHECKING:
    from ibis.backends.sql import SQLBackend

_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_NAME = re.compile(r"[\w$-]+(\.[\w$-]+){0,2}")


@dataclass(frozen=True)
class Question:
    """What to count, and where.

    Attributes
    ----------
    engine
        Name of the engine: ``duckdb``, ``pyspark``, ``trino``, ``bigquery``.
    events
        Parquet files, a folder or an address of an object store; or a table's name, up to three
        parts joined by dots.
    source
        Name the marts are kept under.
    evidence
        Evidence kind of the events.
    options
        How to connect, as the engine's Ibis backend takes them; for PySpark those that begin with
        ``spark.`` configure the session.
    redistributable
        Whether the marts may reach exports.
    """

    engine: str
    events: str
    source: str
    evidence: str
    options: Mapping[str, str] = field(default_factory=dict)
    redistributable: bool = True


def count(
    settings: Settings, question: Question, now: datetime | None = None, say: Progress | None = None
) -> list[LedgerEntry]:
    """Count on another engine, bring the small tables back and publish.

    Returns
    -------
    list of LedgerEntry
        One for the source, and one called ``publish`` where publishing failed.

    Raises
    ------
    InputError
        Where the question cannot be, or the events have not the columns needed.
    SourceError
        Where the engine fails; nothing is changed.
    """
    tell = say or (lambda _: None)
    now = now or datetime.now(UTC)
    _check(question)
    started = datetime.now(UTC)
    request = sources.Request(True, bundled_dir(), now, user_dir=settings.data_dir)
    with Warehouse(settings) as warehouse:
        _refuse_lake(warehouse, question.source)
        this = Run(pipeline.new_run_id(now), request, warehouse)
        tell(f"connecting to {question.engine}")
        try:
            n_rows = _count(settings, question, now, tell)
        except InputError:
            raise
        except Exception as problem:
            raise SourceError(
                f"got {type(problem).__name__} from {question.engine}: "
                f"{str(problem).splitlines()[0][:300]}",
                "an engine that can be reached and read the events",
                "see --set for how to connect; nothing was changed",
            ) from problem
        outcome = Outcome("ok", n_rows)
        done = this.entry(question.source, outcome, "import", started)
        with warehouse.transaction():
            stamp = Stamp(question.source, this.run_id, now)
            warehouse.merge(SOURCES, _described(question, now), stamp)
            warehouse.record(pipeline.ledger_frame([done]))
        tell("publishing")
        return [done, *pipeline.publish(this, "import")]


def _check(question: Question) -> None:
    if not _SOURCE.fullmatch(question.source) or question.source in sources.names():
        raise InputError(
            f"got --source {question.source!r}",
            "a name of your own of letters, digits, dots, dashes and underscores",
        )
    if question.evidence not in EVIDENCE_KINDS:
        raise InputError(
            f"got --evidence {question.evidence!r}", f"one of {', '.join(EVIDENCE_KINDS)}"
        )


def _refuse_lake(warehouse: Warehouse, source: str) -> None:
    held = warehouse.ask("SELECT count(*) AS n FROM lake_days WHERE source = ?", [source])
    if int(held["n"].iloc[0]):
        raise InputError(
            f"got --source {source}, whose events lie in the lake and are counted from there",
            "another name",
            "name another source",
        )


def _count(settings: Settings, question: Question, now: datetime, tell: Progress) -> int:
    backend = engines.connect(question.engine, **question.options)
    try:
        events = _events(backend, question)
        tell("reading the names of events")
        names = marts.names(events).to_pyarrow()
        known = set(names["event_name"].to_pylist())
        in_sessions = sum(n or 0 for n in names["n_in_sessions"].to_pylist())
        said = growth_names.read(settings.data_dir).get(question.source)
        definition, steps = growth_names.meaning(said, known, has_sessions=in_sessions > 0)
        found = {"names": names}
        for name, expression in marts.cells(events, definition, steps).items():
            tell(f"counting {name}")
            found[name] = expression.to_pyarrow()
    finally:
        backend.disconnect()
    seen = growth.Seen(question.evidence, now)
    told = growth.Told(definition, steps, seen, question.engine)
    growth.replace(growth.file_of(settings, question.source), found, told)
    return sum(n or 0 for n in names["n_events"].to_pylist())


def _events(backend: SQLBackend, question: Question) -> Any:
    """Return the events with the columns and types of the lake."""
    if "/" in question.events or question.events.endswith(".parquet"):
        table: Any = backend.read_parquet(question.events)
    elif _NAME.fullmatch(question.events):
        *place, name = question.events.split(".")
        database: Any = tuple(place) or None
        table = backend.table(name, database=database)
    else:
        raise InputError(
            f"got --events {question.events!r}", "Parquet files or the name of a table"
        )
    wanted = growth_sql.events_schema()
    missing = [name for name in ("user_id", "event_name", "event_at") if name not in table.columns]
    if missing:
        raise InputError(
            f"got events without {', '.join(missing)} (columns: {', '.join(table.columns)})",
            "the columns of product_events, see data/README.md",
            "make a view with those names on the engine",
        )
    import ibis

    missing_text: Any = ibis.null("string")
    return table.select(
        **{
            name: (table[name] if name in table.columns else missing_text).cast(kind)
            for name, kind in wanted.items()
        }
    )


def _described(question: Question, now: datetime) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "source": question.source,
                "table_name": "product_events",
                "title": f"events counted on {question.engine}",
                "publisher": "the user",
                "licence": "the user's own data",
                "redistributable": "yes" if question.redistributable else "no",
                "live": False,
                "freshness_calendar": "static",
                "bundled": False,
                "on_request": True,
                "reach": "present",
                "note": f"the events lie at {question.events}; only counts are held here",
                "evidence_kind": question.evidence,
                "source_url": question.events,
                "retrieved_at": now,
                "quality_flags": None,
            }
        ]
    )
