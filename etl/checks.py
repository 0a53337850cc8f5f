"""Validation at the frame boundary: what is wrong goes to quarantine with its reason.

Columns are coerced to the types of the schema and checked with pandera, rows by the table's
own rules, keys for repeats. Nothing is mended and nothing is dropped: a row is either let in or
rejected with its raw content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from etl.errors import SourceError
from etl.schemas import Column, Table

Rejection = tuple[str, str]
"""Name of the failed check, and the reason in words."""
REPEATS = "the row repeats another one"
"""Begin of the reason for a harmless rejection: the same row came twice."""
_EXACT = 2**53
"""From here on floats no longer hold every integer."""


@dataclass(frozen=True)
class Checked:
    """The outcome: rows to store, and rows kept out.

    Attributes
    ----------
    rows
        The table's frame columns, typed, and ``quality_flags``.
    rejected
        ``row_key``, ``check_name``, ``reason`` and ``payload`` (the raw row as JSON).
    let_in
        Index labels of the checked frame whose rows are in ``rows``.
    """

    rows: pd.DataFrame
    rejected: pd.DataFrame
    let_in: pd.Index


def check(
    table: Table, frame: pd.DataFrame, extra: Callable[[pd.DataFrame], pd.Series] | None = None
) -> Checked:
    """Check a parsed frame against its table.

    Parameters
    ----------
    table
        The table it is meant for.
    frame
        Its frame columns as parsed, as text or typed; shape (n, columns).
    extra
        A rule over other tables: typed frame → Series of ``Rejection`` or missing, length n.

    Raises
    ------
    SourceError
        When columns are missing or unknown: then no row can be trusted.
    """
    columns = table.frame_columns()
    _require_columns(table, frame)
    raw: Any = frame[[c.name for c in columns]].reset_index(drop=True)  # pandas types are unions
    found: Any = pd.Series([None] * len(raw), index=raw.index, dtype=object)
    typed: Any = raw.copy()
    for column in columns:
        typed[column.name], unreadable = _coerce(raw[column.name], column)
        _note(
            found, unreadable, f"{column.name}_unreadable", f"{column.name} is not a {column.type}"
        )
    _check_columns(columns, typed, found)
    flags = _check_rows(table, typed, found)
    if extra is not None:
        found = found.where(found.notna(), extra(typed))
    _check_keys(table, typed, found)
    good = found.isna()
    rows = typed.loc[good].assign(quality_flags=flags.loc[good]).reset_index(drop=True)
    rejected = _rejected(table, raw.loc[~good], found.loc[~good])
    return Checked(rows, rejected, frame.index[good.to_numpy(dtype=bool)])


def rejected_rows(table: Table, raw: pd.DataFrame, name: str, reason: str) -> pd.DataFrame:
    """Return raw rows as rejected for one common reason (for corrections)."""
    return _rejected(table, raw, pd.Series([(name, reason)] * len(raw), index=raw.index))


def against_instruments(instruments: pd.DataFrame) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the rule that a bar's ticker is known and its currency that of the instrument."""
    currency: Any = dict(zip(instruments["ticker"], instruments["currency"], strict=True))

    def rule(frame: pd.DataFrame) -> pd.Series:
        expected = frame["ticker"].map(currency)
        found: pd.Series = pd.Series([None] * len(frame), index=frame.index, dtype=object)
        _note(found, expected.isna(), "unknown_ticker", "the ticker is not among the instruments")
        _note(
            found,
            expected.notna() & (frame["currency"] != expected),
            "currency_mismatch",
            "the currency is not the one the instrument trades in",
        )
        return found

    return rule


def _require_columns(table: Table, frame: pd.DataFrame) -> None:
    expected = [c.name for c in table.frame_columns()]
    missing = [name for name in expected if name not in frame]
    unknown = [name for name in frame if name not in expected]
    if missing or unknown:
        raise SourceError(
            f"got {table.name} without {missing or 'nothing'} and with unknown {unknown}",
            f"the columns {expected}",
            "see whether the source has renamed a column and mend its parse()",
            code="SOURCE_COLUMNS",
        )


def _coerce(values: Any, column: Column) -> tuple[Any, Any]:
    """Return values of the column's type, and where one was there but could not be read."""
    if pd.api.types.is_string_dtype(values):
        values = values.mask(values.isin(["", "nan", "NaN"]))
    known = values.notna()
    match column.type:
        case "string":
            typed = values.astype("string")
        case "number":
            typed = _numbers(values)
        case "integer":
            numbers = _numbers(values)
            whole = numbers.where((numbers.abs() < _EXACT) & (numbers % 1 == 0))
            typed = whole.astype("Int64")
        case "boolean":
            words = values.astype("string").str.lower()
            typed = words.isin(["true", "1"]).astype("boolean")
            typed = typed.mask(~words.isin(["true", "1", "false", "0"]).fillna(False))
        case "date":
            typed = _dates(values)
        case "timestamp":
            typed = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    return typed, known & typed.isna()


def _numbers(values: Any) -> Any:
    read: Any = pd.to_numeric(values, errors="coerce")
    return read.astype(float)


def _dates(values: Any) -> Any:
    """Read whole ISO days; neither a month nor an instant with a time of day is a day."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.where(values == values.dt.normalize())
    words = values.astype("string").str.removesuffix(" 00:00:00").str.removesuffix("T00:00:00")
    return pd.to_datetime(words, errors="coerce", format="%Y-%m-%d")


def _check_columns(columns: Iterable[Column], typed: Any, found: Any) -> None:
    schema = pa.DataFrameSchema({c.name: _pandera_column(c) for c in columns})
    try:
        schema.validate(typed, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].isna().any():  # a check that could not run says nothing of the rows
            raise
        for (name, rule), rows in cases.groupby(["column", "check"], sort=False)["index"]:
            bad = typed.index.isin(rows.dropna())
            reason = "is missing" if rule == "not_nullable" else f"is not {rule}"
            check_name = f"{name}_missing" if rule == "not_nullable" else f"{name}_refused"
            _note(found, pd.Series(bad, index=typed.index), check_name, f"{name} {reason}")


def _pandera_column(column: Column) -> pa.Column:
    rules: list[pa.Check] = []

    def rule(holds: Callable[[Any], Any], words: str) -> None:
        rules.append(pa.Check(holds, name=words, error=words, ignore_na=True))

    if column.type == "number":
        rule(lambda v: np.isfinite(v), "a finite number")
    if column.positive:
        rule(lambda v: v > 0, "greater than zero")
    if column.minimum is not None:
        rule(lambda v: v >= column.minimum, f"at least {column.minimum:g}")
    if column.maximum is not None:
        rule(lambda v: v <= column.maximum, f"at most {column.maximum:g}")
    if column.allowed:
        rule(lambda v: v.isin(column.allowed), f"one of {', '.join(column.allowed)}")
    if column.pattern:
        rule(lambda v: v.str.match(column.pattern), f"like {column.pattern}")
    return pa.Column(nullable=column.nullable, checks=rules)


def _check_rows(table: Table, typed: Any, found: Any) -> Any:
    """Apply the table's own rules; return the flags of the rows that are let in."""
    flags: Any = pd.Series([""] * len(typed), index=typed.index, dtype=object)
    for rule in table.checks:
        broken = ~rule.holds(typed).astype(bool)
        if rule.action == "quarantine":
            _note(found, broken, rule.name, rule.reason)
        else:
            flags = flags.where(~broken, flags + "," + rule.name)
    return flags.str.lstrip(",").replace("", pd.NA).astype("string")


def _check_keys(table: Table, typed: Any, found: Any) -> None:
    """Reject repeated keys: all but the first where identical, all where they contradict."""
    standing = typed.loc[found.isna()]
    key = list(table.key)
    repeated = standing[standing.duplicated(key, keep=False)]
    if repeated.empty:
        return
    told = [c for c in repeated.columns if c != "retrieved_at"]
    versions = repeated.drop_duplicates(told).groupby(key, dropna=False).size()
    contradicting = versions[versions > 1].index
    keys = pd.MultiIndex.from_frame(repeated[key]) if len(key) > 1 else pd.Index(repeated[key[0]])
    against = pd.Series(keys.isin(contradicting), index=repeated.index)
    later = repeated.duplicated(key, keep="first")
    everywhere = found.index
    _note(
        found,
        against.reindex(everywhere, fill_value=False),
        "contradictory_key",
        f"several rows with the same {' + '.join(key)} say different things",
    )
    _note(
        found,
        (later & ~against).reindex(everywhere, fill_value=False),
        "duplicate_key",
        f"{REPEATS} with the same {' + '.join(key)}",
    )


def _note(found: Any, where: Any, name: str, reason: str) -> None:
    """Note a rejection where none has been noted yet; the first reason stands."""
    for index in found.index[where.to_numpy(dtype=bool) & found.isna().to_numpy()]:
        found.at[index] = (name, reason)


def _rejected(table: Table, raw: Any, found: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "row_key": row_keys(table, raw).tolist(),
            "check_name": [name for name, _ in found],
            "reason": [reason for _, reason in found],
            "payload": payloads(raw).tolist(),
        }
    )


def row_keys(table: Table, raw: Any) -> Any:
    """Return the key of each row as text, as rejected rows bear it; shape (n,)."""
    told = None
    for name in table.key:
        part = raw[name].astype(object).where(raw[name].notna(), None).map(str)
        told = part if told is None else told + " | " + part
    return told


def payloads(raw: Any) -> pd.Series:
    """Return each row as the JSON that is kept of a rejected one; shape (n,)."""
    records = [
        {str(name): None if pd.isna(value) else str(value) for name, value in row.items()}
        for row in raw.to_dict("records")
    ]
    told = [json.dumps(r, ensure_ascii=False, sort_keys=True) for r in records]
    return pd.Series(told, index=raw.index, dtype=object)


def as_quarantine(
    rejected: pd.DataFrame, source: str, table_name: str, run_id: str, at: datetime
) -> pd.DataFrame:
    """Return rejected rows as rows of ``quarantine``; equal rows of a source get equal names."""
    return rejected.assign(
        quarantine_id=[
            quarantine_id(table_name, source, check, payload)
            for check, payload in zip(rejected["check_name"], rejected["payload"], strict=True)
        ],
        run_id=run_id,
        source=source,
        table_name=table_name,
        quarantined_at=at,
        resolved_at=None,
        resolved_by=None,
        file_rows=rejected.get("file_rows"),
        file_urls=rejected.get("file_urls"),
    ).drop_duplicates("quarantine_id")


def quarantine_id(table_name: str, source: str, check: str, payload: str) -> str:
    """Return the name of a rejected row: what a source says, not when it was read."""
    try:
        row = json.loads(payload)
    except ValueError:
        row = payload
    if isinstance(row, dict):
        row.pop("retrieved_at", None)
    told = json.dumps(row, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256("\n".join((table_name, source, check, told)).encode()).hexdigest()[:24]
