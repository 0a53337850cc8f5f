"""Where each of our columns comes from in a file: given, by layout, by name, or guessed.

A mapping is made from the names alone and shown before anything is written; how sure it is stands
beside each column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from etl.errors import InputError
from etl.imports.kinds import Kind
from etl.imports.layouts import Layout, Measure
from etl.imports.scan import Field, Scan, text
from etl.schemas import Column

How = Literal["given", "set", "layout", "name", "guess", "default", "measure"]
_BRACES = re.compile(r"\{([^{}]+)\}")
PROVIDED = ("evidence_kind", "source_url")
"""Columns of provenance that a file may bring itself."""
MISSING = re.compile(
    "got no column for (?P<missing>.+) in .+, whose columns are (?P<theirs>.+?)( and \\d+ more)?"
)
"""How the refusal of a file that lacks columns names them, for pages that ask which is which."""


@dataclass(frozen=True)
class Assignment:
    """One of our columns.

    Attributes
    ----------
    ours, theirs
        Our column, and the columns of the file it is made of.
    how, sure
        How it was found, and how sure that is, 0–1.
    sql
        Expression over the scan; over our earlier columns for a default.
    unit, note
        Our unit, and what a reader must know.
    """

    ours: str
    theirs: tuple[str, ...]
    how: How
    sure: float
    sql: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """All assignments of one file, its figures where they become rows, and what is not used."""

    kind: Kind
    layout: Layout | None
    assignments: tuple[Assignment, ...]
    measures: tuple[Measure, ...]
    unused: tuple[str, ...]

    def of(self, ours: str) -> Assignment | None:
        """Return the assignment of one of our columns."""
        return next((a for a in self.assignments if a.ours == ours), None)

    def described(self) -> dict[str, str]:
        """Return our column → how it is made, for the record."""
        told = {a.ours: a.sql for a in self.assignments}
        return told | {f"metric {m.metric} {m.days}".strip(): m.sql for m in self.measures}


@dataclass(frozen=True)
class Wishes:
    """What the user says of the columns: theirs → ours, and fixed values by our column."""

    maps: Mapping[str, str]
    constants: Mapping[str, str]


def propose(kind: Kind, scan: Scan, layout: Layout | None, wishes: Wishes) -> Plan:
    """Return the mapping of a file.

    Raises
    ------
    InputError
        Where a wish names a column that is not there, or a required column is not found; the
        message lists what was found and the nearest name.
    """
    columns = _importable(kind)
    _check_wishes(kind, scan, columns, wishes)
    found = {a.ours: a for a in _wished(columns, scan, wishes)}
    if layout:
        found = {a.ours: a for a in _of_layout(columns, scan, layout)} | found
    taken = {t for a in found.values() for t in a.theirs}
    measures = _measures(kind, scan, layout, wishes, taken)
    taken |= {t for m in measures for t in _BRACES.findall(m.sql + m.metric)}
    for assignment in _by_name(kind, columns, scan, set(found), taken, guess=layout is None):
        found.setdefault(assignment.ours, assignment)
    measured = {"metric", "value"} if measures else set()
    for ours, sql in kind.defaults.items():
        default = Assignment(ours, (), "default", 1.0, sql, columns[ours].unit)
        found.setdefault(ours, default)
    taken |= {t for a in found.values() for t in a.theirs}
    _require(kind, scan, columns, (set(found) | measured, taken))
    # What is set for all rows comes first, so that layouts can name it.
    own = [found[c] for c in columns if c in found and c not in measured]
    ordered = tuple(sorted(own, key=lambda a: a.how != "set"))
    used = {t for a in ordered for t in a.theirs} | taken
    unused = tuple(f.name for f in scan.fields.values() if f.top and f.name not in used)
    return Plan(kind, layout, ordered, tuple(_resolved(scan, measures)), unused)


def _importable(kind: Kind) -> dict[str, Column]:
    columns = {c.name: c for c in kind.table.columns}
    provenance = {c.name: c for c in kind.table.frame_columns() if c.name in PROVIDED}
    return columns | provenance


def _check_wishes(kind: Kind, scan: Scan, columns: Mapping[str, Column], wishes: Wishes) -> None:
    for theirs in wishes.maps:
        if theirs not in scan.fields:
            raise InputError(
                f"got --map {theirs}=…, but {scan.name} has no column {theirs!r}",
                f"one of {_listed(list(scan.fields))}",
                _nearest(theirs, list(scan.fields)),
            )
    metrics = set(kind.measures.values())
    for ours in (*wishes.maps.values(), *wishes.constants):
        if ours not in columns and ours not in metrics:
            raise InputError(
                f"got the column {ours!r} to map to",
                f"one of {', '.join([*columns, *sorted(metrics)])}",
                _nearest(ours, list(columns)),
            )


def _wished(columns: Mapping[str, Column], scan: Scan, wishes: Wishes) -> Iterator[Assignment]:
    for theirs, ours in wishes.maps.items():
        if ours in columns:
            unit, sql = columns[ours].unit, scan.fields[theirs].expression
            yield Assignment(ours, (theirs,), "given", 1.0, sql, unit)
    for ours, value in wishes.constants.items():
        yield Assignment(ours, (), "set", 1.0, text(value), columns[ours].unit)


def _of_layout(columns: Mapping[str, Column], scan: Scan, layout: Layout) -> Iterator[Assignment]:
    for ours, sql in layout.columns.items():
        theirs = tuple(dict.fromkeys(t for t in _BRACES.findall(sql) if t in scan.fields))
        if not theirs and _BRACES.search(sql):
            continue
        note = layout.notes.get(ours, "")
        unit = columns[ours].unit
        yield Assignment(ours, theirs, "layout", 1.0, fill(sql, scan), unit, note)


def condition(plan: Plan, scan: Scan) -> str:
    """Return the WHERE clause of a layout that takes only some rows of a report, or nothing."""
    where = plan.layout.where if plan.layout else ""
    return f" WHERE {fill(where, scan)}" if where else ""


def fill(sql: str, scan: Scan) -> str:
    """Return SQL with their columns in place of the braces; a column that is absent is missing."""
    absent = Field("", "NULL")
    return _BRACES.sub(lambda m: scan.fields.get(m[1], absent).expression, sql)


def _measures(
    kind: Kind, scan: Scan, layout: Layout | None, wishes: Wishes, taken: set[str]
) -> list[Measure]:
    metrics = set(kind.measures.values())
    if not metrics:
        return []
    given = [
        Measure(ours, "{" + theirs + "}", ours in kind.money)
        for theirs, ours in wishes.maps.items()
        if ours in metrics
    ]
    if layout and layout.measures:
        return [*given, *_of_columns(kind, scan, layout, wishes)]
    if any(normalised(f) in ("metric", "value") for f in scan.fields) or "value" in (
        *wishes.maps.values(),
        *wishes.constants,
    ):
        return given
    done = {m.metric for m in given}
    for field in scan.fields.values():
        metric = kind.measures.get(normalised(field.name))
        if metric and metric not in done and field.name not in (taken | set(wishes.maps)):
            given.append(Measure(metric, "{" + field.name + "}", metric in kind.money))
            done.add(metric)
    return given


def _of_columns(kind: Kind, scan: Scan, layout: Layout, wishes: Wishes) -> Iterator[Measure]:
    """Yield a layout's figures that are there, one a column where it tells them by a pattern."""
    left = list(scan.fields)
    for measure in layout.measures:
        if not measure.pattern:
            if set(_BRACES.findall(measure.sql)) & set(scan.fields):
                yield measure
            continue
        found = [(column, measure.of_column(column)) for column in left]
        left = [column for column, figure in found if figure is None]
        for column, figure in found:
            if figure is not None:
                yield _set_by_user(kind, figure, column, wishes)


def _set_by_user(kind: Kind, figure: Measure, column: str, wishes: Wishes) -> Measure:
    """Return the figure with the metric the user sets, where the column does not tell it."""
    if figure.metric != "$metric":
        return figure
    if "metric" not in wishes.constants:
        raise InputError(
            f"got the column {column!r}, which does not say what it counts",
            "the figure all such columns hold",
            "say --set metric=retained_users, or the name of whatever they hold",
        )
    metric = wishes.constants["metric"]
    return replace(figure, metric=metric, money=metric in kind.money)


def metric_sql(measure: Measure, scan: Scan) -> str:
    """Return SQL for the name of a figure, which may be made of their columns."""
    return fill(_BRACES.sub(r"' || {\1} || '", text(measure.metric)), scan)


def _resolved(scan: Scan, measures: Sequence[Measure]) -> Iterator[Measure]:
    for m in measures:
        yield replace(m, sql=fill(m.sql, scan), days=fill(m.days, scan))


def _by_name(
    kind: Kind,
    columns: Mapping[str, Column],
    scan: Scan,
    done: set[str],
    taken: set[str],
    *,
    guess: bool,
) -> Iterator[Assignment]:
    """Yield columns called as ours, then by other names; each of theirs serves once."""
    free = {f.name: f for f in scan.fields.values() if f.name not in taken}
    by_name: dict[str, Field] = {}
    for field in free.values():
        by_name.setdefault(normalised(field.name), field)
    left = [c for c in columns.values() if c.name not in done]
    used: set[str] = set()
    for column in left:
        field = by_name.get(column.name)
        if field:
            used.add(field.name)
            yield Assignment(column.name, (field.name,), "name", 1.0, field.expression, column.unit)
    if not guess:
        return
    for theirs, (ours, factor) in kind.scaled.items():
        field = by_name.get(theirs)
        if field and ours not in done and field.name not in used:
            used.add(field.name)
            sql = f"TRY_CAST({field.expression} AS DOUBLE) * {factor}"
            note = f"{field.name} times {factor}"
            yield Assignment(ours, (field.name,), "guess", 0.8, sql, columns[ours].unit, note)
    for column in left:
        yield from _guessed(kind, column, by_name, used)


def _guessed(
    kind: Kind, column: Column, by_name: Mapping[str, Field], used: set[str]
) -> Iterator[Assignment]:
    if column.name in by_name:
        return
    names = kind.synonyms.get(column.name, ())
    for place, synonym in enumerate(names):
        field = by_name.get(synonym)
        if field and field.name not in used:
            used.add(field.name)
            sure = 0.9 if place == 0 else 0.8
            yield Assignment(
                column.name, (field.name,), "guess", sure, field.expression, column.unit
            )
            return
    near = get_close_matches(column.name, [n for n in by_name if len(n) > 4], n=1, cutoff=0.9)
    if near and by_name[near[0]].name not in used:
        field = by_name[near[0]]
        used.add(field.name)
        yield Assignment(column.name, (field.name,), "guess", 0.6, field.expression, column.unit)


def _require(
    kind: Kind,
    scan: Scan,
    columns: Mapping[str, Column],
    done: tuple[set[str], set[str]],
) -> None:
    """Refuse a file that lacks a column; ``done`` are ours that are found and theirs in use."""
    found, taken = done
    needed = _needed(kind, columns)
    missing = [n for n in needed if n not in found]
    if not missing:
        return
    theirs = list(scan.fields)
    free = [name for name in theirs if name not in taken]
    hints = []
    for ours in missing:
        terms = (ours, *kind.synonyms.get(ours, ()))
        near = next(iter(n for t in terms for n in get_close_matches(t, free, 1, 0.5)), "")
        hints.append(f"--map {near or 'THEIRS'}={ours}")
    raise InputError(
        f"got no column for {', '.join(missing)} in {scan.name}, whose columns are "
        f"{_listed(theirs)}",
        f"the columns {', '.join(needed)}"
        + (f", or one a figure ({', '.join(kind.measures)})" if kind.measures else ""),
        "; ".join(
            [
                f"name them: {' '.join(hints)}, or give one value for all rows with "
                "--set OURS=VALUE",
                *(kind.advice[ours] for ours in missing if ours in kind.advice),
            ]
        ),
        code="MISSING_COLUMNS",
    )


def required(kind: Kind) -> list[str]:
    """Return our columns that a file must have: nothing stands in for them."""
    return [name for name in _needed(kind, _importable(kind)) if name not in kind.defaults]


def _needed(kind: Kind, columns: Mapping[str, Column]) -> list[str]:
    hashed = {"event_id"} if kind.table.key == ("event_id",) and kind.verb == "events" else set()
    made = {"known_on", "known_on_precision"} if kind.verb == "facts" else set()
    return [
        c.name
        for c in columns.values()
        if not c.nullable and c.name not in (*PROVIDED, *hashed, *made)
    ]


def normalised(name: str) -> str:
    """Return a name in small letters with underscores: ``eventTime``, ``Event Time``."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^0-9a-z\u0080-\uffff]+", "_", split.lower()).strip("_")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def _nearest(given: str, known: Sequence[str]) -> str:
    near = get_close_matches(given, known, n=1)
    return f"perhaps you meant {near[0]!r}" if near else "see --dry-run"
