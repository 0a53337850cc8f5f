"""Bring files into a table of the warehouse: mapped in the engine, checked and merged in portions.

Rows with the same key always meet in the same portion, so that repeats are seen however large the
file is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from etl import checks, pipeline, sources
from etl.config import bundled_dir
from etl.engines import EngineError, Scratch
from etl.errors import InputError
from etl.imports import conversions, scan
from etl.imports.job import Job, Part, require_one_evidence
from etl.imports.mapping import Plan, condition, metric_sql
from etl.schemas import Column
from etl.sources._dates import known_on
from etl.warehouse import MergeCounts, Stamp, Warehouse

PORTION_ROWS = 200_000
KEPT_ROWS = 10_000
"""Rejected rows that are told one by one; all of them are counted."""
_STAGED = "staged"
_ADDEND = "TRY_CAST(value::VARCHAR AS DECIMAL(38, 9))"
# Decimals add up to the same sum in any order. What cannot be read stays, for the checks to reject.
_SUM = f"coalesce(min(value::VARCHAR) FILTER ({_ADDEND} IS NULL), sum({_ADDEND})::DOUBLE::VARCHAR)"

NO_ROWS = pd.DataFrame(columns=["row_key", "check_name", "reason", "payload"])


@dataclass(frozen=True)
class Brought:
    """What came of an import: rows read, merged, and kept out by reason.

    ``rejected`` holds the first ``KEPT_ROWS`` of those kept out.
    """

    rows_in: int
    counts: MergeCounts
    kept_out: Counter[str]
    rejected: pd.DataFrame

    @property
    def rows_quarantined(self) -> int:
        """How many rows were kept out."""
        return self.kept_out.total()


def bring(con: Scratch, warehouse: Warehouse, job: Job, parts: Sequence[Part]) -> Brought:
    """Merge all rows that pass; to be called inside a transaction of the warehouse."""
    rows_in = stage(con, job, parts)
    _check_evidence(con, warehouse, job)
    counts, kept_out = MergeCounts(), Counter[str]()
    first: list[pd.DataFrame] = []
    for frame in portions(con, job, rows_in):
        checked = check(job, frame, warehouse)
        merged = warehouse.merge(
            job.kind.table, checked.rows, Stamp(job.source, job.run_id, job.now)
        )
        counts = MergeCounts(
            counts.new + merged.new,
            counts.changed + merged.changed,
            counts.unchanged + merged.unchanged,
        )
        kept_out.update(checked.rejected["reason"])
        if not checked.rejected.empty:
            first.append(checked.rejected.head(KEPT_ROWS - sum(map(len, first))))
            warehouse.quarantine(
                checks.as_quarantine(
                    checked.rejected, job.source, job.kind.table.name, job.run_id, job.now
                )
            )
    rejected = pd.concat(first, ignore_index=True) if first else NO_ROWS
    return Brought(rows_in, counts, kept_out, rejected)


def check(job: Job, frame: pd.DataFrame, warehouse: Warehouse | None = None) -> checks.Checked:
    """Check one portion as a collected frame is checked.

    With a ``warehouse`` a row that contradicts another source's row of the same key is kept out:
    what was collected is never replaced by a file, nor one file of the user's by another's.
    """
    table = job.kind.table
    request = sources.Request(True, bundled_dir(), job.now, user_dir=job.settings.data_dir)
    known = pipeline.extra_rule(table, request)
    if warehouse is None:
        return checks.check(table, frame, known)

    def rule(typed: pd.DataFrame) -> pd.Series:
        held_by = warehouse.held_elsewhere(table, _once(job, typed), job.source)
        held_by = held_by.reindex(typed.index)
        words = f"another source, {{}}, says something else for this {' + '.join(table.key)}"
        found = held_by.map(
            lambda name: None if pd.isna(name) else ("held_elsewhere", words.format(name))
        ).astype(object)
        return found if known is None else found.where(found.notna(), known(typed))

    return checks.check(table, frame, rule)


def _once(job: Job, typed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a whole key, one a key: repeats are judged by the checks."""
    key = list(job.kind.table.key)
    return typed.dropna(subset=key).drop_duplicates(key)


def stage(con: Scratch, job: Job, parts: Sequence[Part], limit: int = 0) -> int:
    """Read the files, mapped, into a temporary table; return its number of rows.

    Raises
    ------
    InputError
        Where a file cannot be read to its end, or holds no row.
    """
    rows = fill(con, job, parts, limit)
    if not rows:
        raise InputError(
            f"got no rows in {', '.join(p.scan.name for p in parts)}",
            "at least one row below the header",
        )
    return rows


def fill(con: Scratch, job: Job, parts: Sequence[Part], limit: int = 0) -> int:
    """Read the files as :func:`stage` does, of which there may be none with a row."""
    con.execute(f"DROP TABLE IF EXISTS {_STAGED}")
    for number, part in enumerate(parts):
        question = mapped(con, job, part) + (f" LIMIT {limit}" if limit else "")
        verb = f"INSERT INTO {_STAGED}" if number else f"CREATE TEMP TABLE {_STAGED} AS"
        try:
            con.execute(f"{verb} {question}")
        except EngineError as error:
            scan.refuse(error, part.scan)
    found = con.execute(f"SELECT count(*) FROM {_STAGED}").fetchone()
    return int(found[0]) if found else 0


def portions(con: Scratch, job: Job, rows: int, size: int = PORTION_ROWS) -> Iterator[pd.DataFrame]:
    """Yield the staged rows as frames of about ``size`` rows, equal keys in the same one."""
    n = max(math.ceil(rows / size), 1)
    key = ", ".join(f'"{c}"::VARCHAR' for c in job.kind.table.key)
    for i in range(n):
        frame: Any = con.execute(f"SELECT * FROM {_STAGED} WHERE hash({key}) % {n} = {i}").df()
        yield _finished(job, frame)


def _finished(job: Job, frame: Any) -> pd.DataFrame:
    """Add what is not made in SQL: the day a fact was known by, from its date as printed."""
    if job.kind.verb == "facts":
        known = known_on(frame["source_date"].astype("string"), job.now)
        given = frame["known_on"].notna()
        precision = frame["known_on_precision"].where(given, known["known_on_precision"])
        precision = precision.fillna("day")
        day = frame["known_on"].where(given, known["known_on"].dt.strftime("%Y-%m-%d"))
        frame = frame.assign(known_on=day, known_on_precision=precision)
    return frame.assign(retrieved_at=pd.Timestamp(job.now))


def _check_evidence(con: Scratch, warehouse: Warehouse, job: Job) -> None:
    coming = con.execute(f"SELECT DISTINCT evidence_kind FROM {_STAGED}").fetchall()
    there = warehouse.ask(
        f"SELECT DISTINCT evidence_kind AS kind FROM {job.kind.table.name} WHERE source = ?",
        [job.source],
    )
    kinds = {str(kind) for (kind,) in coming if kind} | set(there["kind"])
    require_one_evidence(job.source, kinds)


def mapped(con: Scratch, job: Job, part: Part) -> str:
    """Return the question that reads a part with the table's columns, as the checks take them."""
    _require_currency(part.plan)
    raw = with_defaults(job, part.plan, union_of_figures(job, part))
    types = {row[0]: row[1] for row in con.execute(f"DESCRIBE {raw}").fetchall()}
    listed = [
        f"{_expression(column, types)} AS {scan.name(column.name)}"
        for column in job.kind.table.frame_columns()
        if column.name != "retrieved_at"
    ]
    return f"SELECT {', '.join([*listed, *part.scan.numbers])} FROM ({raw})"


def _expression(column: Column, types: dict[str, str]) -> str:
    kind = types.get(column.name)
    return conversions.for_checks(column, scan.name(column.name), kind) if kind else "NULL::VARCHAR"


def _require_currency(plan: Plan) -> None:
    if any(m.money for m in plan.measures) and plan.of("currency") is None:
        named = ", ".join(dict.fromkeys(m.metric for m in plan.measures if m.money))
        raise InputError(
            f"got money ({named}) without a currency",
            "a column with ISO 4217 codes",
            "say --set currency=USD if all of it is in one currency",
        )


def union_of_figures(job: Job, part: Part) -> str:
    """Return the question for the mapped raw columns, a row a figure where columns are figures."""
    plan = part.plan
    direct = [a for a in plan.assignments if a.how != "default"]
    provenance = {a.ours for a in direct}
    if "source_url" not in provenance:
        direct_sql = [f"{part.scan.file_name()} AS source_url"]
    else:
        direct_sql = []
    own = {a.ours: a.sql for a in direct}
    if not plan.measures:
        return _select(own, direct_sql, part, plan)
    selects = []
    for m in plan.measures:
        figures = own | {"metric": metric_sql(m, part.scan), "value": m.sql}
        if m.days:
            figures["days_after_install"] = m.days
        if not m.money and "currency" in figures:
            figures["currency"] = "NULL::VARCHAR"
        selects.append(f"FROM ({_select(figures, direct_sql, part, plan)}) WHERE value IS NOT NULL")
    if plan.layout and plan.layout.summed:
        selects = [f"EXCLUDE (value), {_SUM} AS value {s} GROUP BY ALL" for s in selects]
    return " UNION ALL BY NAME ".join(f"SELECT * {s}" for s in selects)


def _select(own: dict[str, str], more: Sequence[str], part: Part, plan: Plan) -> str:
    listed = [f"{sql} AS {scan.name(ours)}" for ours, sql in own.items()]
    return (
        f"SELECT {', '.join([*listed, *more, *part.scan.numbers])} FROM {part.scan.relation}"
        f"{condition(plan, part.scan)}"
    )


def with_defaults(job: Job, plan: Plan, question: str) -> str:
    """Return the question with the defaults of what the file lacks, each over those before."""
    names = {a.ours for a in plan.assignments if a.how != "default"}
    if "evidence_kind" not in names:
        defaults = [*_defaults(plan), ("evidence_kind", job.evidence)]
    else:
        defaults = _defaults(plan)
    there = names | ({"metric", "value"} if plan.measures else set())
    there |= {"days_after_install"} if any(m.days for m in plan.measures) else set()
    for ours, sql in defaults:
        if ours not in there:
            filled = _known(sql.replace("$source", scan.text(job.source)), job, there)
            question = f"SELECT *, {filled} AS {scan.name(ours)} FROM ({question})"
            there.add(ours)
    return question


def _known(sql: str, job: Job, there: set[str]) -> str:
    """Replace our columns that the file has not by a missing value."""
    for column in job.kind.table.columns:
        if column.name not in there:
            sql = sql.replace(f'"{column.name}"', "NULL")
    return sql


def _defaults(plan: Plan) -> list[tuple[str, str]]:
    return [(a.ours, a.sql) for a in plan.assignments if a.how == "default"]
