"""The one question that maps, checks and dates the events of a file while they are copied.

Rows that fail keep the name of the check in ``quality_flags``, their raw content in
``properties`` and no ``event_date``, so that one pass over the file parts the good from the bad.
"""

from __future__ import annotations

from typing import Any

from etl.checks import REPEATS
from etl.engines import Scratch
from etl.imports import conversions
from etl.imports.job import Job, Part
from etl.imports.mapping import condition
from etl.imports.scan import Field, name, text
from etl.schemas import EVIDENCE_KINDS, PRODUCT_EVENTS, Column

HASHED = "hash-"
"""Begin of identifiers made here, for events that bring none."""
EARLIEST = "2000-01-01"
_COLUMNS = {c.name: c for c in PRODUCT_EVENTS.columns}
_PLAIN = {"string", "number", "integer"}
STORED = tuple(c.name for c in PRODUCT_EVENTS.stored_columns() if c.name != "source")
"""Columns of the files; the source and the day are in their path."""


def question(con: Scratch, job: Job, part: Part) -> str:
    """Return the question that reads a part as rows of the lake, with ``event_date``."""
    raw = _raw(job, part)
    described = con.execute(f"DESCRIBE {raw}").fetchall()
    types = {row[0].removeprefix("r_"): row[1] for row in described if row[0].startswith("r_")}
    typed = ", ".join(_typed(column, types, part) for column in _COLUMNS.values())
    bad = "CASE " + " ".join(_checks(job, types)) + " END"
    event_id = f"'{HASHED}' || md5(concat_ws('|', user_id, event_name, epoch_us(event_at), 1))"
    if "event_id" in types:
        event_id = f"coalesce(event_id, {event_id})"
    shown = {
        "event_id": event_id,
        "event_at": "make_timestamptz(epoch_us(event_at))",
        "received_at": "make_timestamptz(epoch_us(received_at))",
        "properties": f"CASE WHEN bad IS NULL THEN properties ELSE {_payload(part)} END",
        "evidence_kind": "r_evidence_kind" if "evidence_kind" in types else _one_of(job.evidence),
        "source_url": "r_source_url",
        "retrieved_at": f"TIMESTAMPTZ {text(job.now.isoformat())}",
        "quality_flags": f"bad::ENUM({', '.join(map(text, reasons()))})",
        "run_id": _one_of(text(job.run_id)),
    }
    absent = [c.name for c in _COLUMNS.values() if c.type == "string" and c.name not in types]
    shown = {name: "NULL::ENUM('')" for name in absent if name not in shown} | shown
    listed = ", ".join(
        [*(f"{shown.get(c, name(c))} AS {name(c)}" for c in STORED), *part.scan.numbers]
    )
    return (
        f"SELECT {listed}, {text(job.source)} AS source, "
        "CASE WHEN bad IS NULL THEN event_at::DATE END AS event_date "
        f"FROM (SELECT *, {bad} AS bad FROM (SELECT *, {typed} FROM ({raw})))"
    )


def _one_of(literal: str) -> str:
    """Return a value that is the same in all rows as an enumeration.

    Parquet files hold it as text; written as text it would cost as much as a column of its own.
    """
    return f"{literal}::ENUM({literal})"


def reasons() -> dict[str, str]:
    """Return check → reason in words, as the checks of frames say them."""
    words: dict[str, str] = {
        "event_at_outside": f"event_at is before {EARLIEST} or in the future",
        "evidence_kind_refused": f"evidence_kind is not one of {', '.join(EVIDENCE_KINDS)}",
        "duplicate_key": f"{REPEATS} with the same event_id",
        "contradictory_key": "several rows with the same event_id say different things",
    }
    for column in _COLUMNS.values():
        words[f"{column.name}_missing"] = f"{column.name} is missing"
        words[f"{column.name}_unreadable"] = f"{column.name} is not a {column.type}"
        if column.minimum is not None:
            words[f"{column.name}_refused"] = f"{column.name} is not at least {column.minimum:g}"
        if column.pattern:
            words[f"{column.name}_refused"] = f"{column.name} is not like {column.pattern}"
    return words


def _raw(job: Job, part: Part) -> str:
    """Return the question for the values as written (``r_``) and all their fields (``f_``)."""
    listed = [f"{a.sql} AS {name('r_' + a.ours)}" for a in part.plan.assignments]
    if part.plan.of("source_url") is None:
        listed.append(f"{_address(part)} AS r_source_url")
    if part.scan.files[0].format == "jsonl":
        listed.append('"json" AS f_json')
    else:
        listed += [f"{f.whole or f.expression} AS f_{i}" for i, f in enumerate(_top(part))]
    listed += part.scan.numbers
    where = condition(part.plan, part.scan)
    return f"SELECT {', '.join(listed)} FROM {part.scan.relation}{where}"


def _address(part: Part) -> str:
    if len(part.scan.files) == 1:
        return _one_of(text(part.scan.files[0].address))
    known = ", ".join(text(file.address) for file in part.scan.files)
    pairs = ", ".join(f"{text(str(file.path))}: {text(file.address)}" for file in part.scan.files)
    return f"map_extract_value(MAP {{{pairs}}}, filename)::ENUM({known})"


def _top(part: Part) -> list[Field]:
    return [field for field in part.scan.fields.values() if field.top]


def _payload(part: Part) -> str:
    if part.scan.files[0].format == "jsonl":
        return "f_json::VARCHAR"
    pairs = ", ".join(f"{text(f.name)}: f_{i}" for i, f in enumerate(_top(part)))
    return f"to_json({{{pairs}}})::VARCHAR"


def _typed(column: Column, types: dict[str, str], part: Part) -> str:
    if column.name == "properties":
        return f"{_properties(part, types)} AS properties"
    if column.name not in types:
        nothing = "TIMESTAMP" if column.type == "timestamp" else _type_of(column)
        return f"NULL::{nothing} AS {name(column.name)}"
    raw, kind = name(f"r_{column.name}"), types[column.name]
    match column.type:
        case "timestamp":
            sql = conversions.as_instant(raw, kind)
        case "number":
            sql = conversions.as_number(raw, kind)
        case "integer":
            sql = conversions.as_integer(raw, kind)
        case _:
            sql = raw if kind == "VARCHAR" else f"{raw}::VARCHAR"
            # Text files have no empty string: there it reads as missing.
            if part.scan.files[0].format != "csv":
                sql = f"nullif({sql}, '')"
    return f"{sql} AS {name(column.name)}"


def _type_of(column: Column) -> str:
    return {"number": "DOUBLE", "integer": "BIGINT"}.get(column.type, "VARCHAR")


def _properties(part: Part, types: dict[str, str]) -> str:
    """Return SQL for all fields that fill none of our columns, as one JSON object."""
    own = "r_properties" if "properties" in types else ""
    rest = _rest(part)
    if not rest:
        return f"{own}::VARCHAR" if own else "NULL::VARCHAR"
    if own:
        rest = f"json_merge_patch({rest}, coalesce({own}, '{{}}')::JSON)"
    return f"nullif({rest}::VARCHAR, '{{}}')"


def _rest(part: Part) -> str:
    unused = set(part.plan.unused)
    if part.scan.files[0].format == "jsonl":
        used = [f.name for f in _top(part) if f.name not in unused]
        gone = ", ".join(f'"{_escaped(u)}": null' for u in used)
        return f"json_merge_patch(f_json, {text('{' + gone + '}')}::JSON)"
    pairs = ", ".join(
        f"{text(f.name)}: f_{i}" for i, f in enumerate(_top(part)) if f.name in unused
    )
    # Missing fields are left out, as they are where the file is JSON.
    return f"json_merge_patch('{{}}'::JSON, to_json({{{pairs}}}))" if pairs else ""


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"')


def _checks(job: Job, types: dict[str, Any]) -> list[str]:
    """Return what keeps a row out, in the order of the columns; the first that holds is told."""
    whens: list[tuple[str, str]] = []
    for column in _COLUMNS.values():
        if column.name not in types or column.name in ("properties", "event_id"):
            continue
        value, raw = name(column.name), name(f"r_{column.name}")
        if not column.nullable:
            whens.append((_missing(raw, types[column.name]), f"{column.name}_missing"))
        if column.type != "string":
            there = f"NOT ({_missing(raw, types[column.name])})"
            whens.append((f"{value} IS NULL AND {there}", f"{column.name}_unreadable"))
        if column.minimum is not None:
            whens.append((f"{value} < {column.minimum}", f"{column.name}_refused"))
        if column.pattern:
            bare = column.pattern.removeprefix("^").removesuffix("$")
            odd = f"NOT regexp_full_match({value}, {text(bare)})"
            whens.append((odd, f"{column.name}_refused"))
    last = "2200-01-01" if job.simulated else f"{job.now.date()}"
    outside = f"event_at < TIMESTAMP '{EARLIEST}' OR event_at >= DATE '{last}' + INTERVAL 3 DAY"
    whens.append((outside, "event_at_outside"))
    if "evidence_kind" in types:
        known = ", ".join(text(k) for k in EVIDENCE_KINDS)
        odd = f"r_evidence_kind IS NULL OR r_evidence_kind NOT IN ({known})"
        whens.append((odd, "evidence_kind_refused"))
    return [f"WHEN {condition} THEN {text(check)}" for condition, check in whens]


def _missing(raw: str, kind: str) -> str:
    return f"{raw} IS NULL OR {raw} = ''" if kind == "VARCHAR" else f"{raw} IS NULL"
