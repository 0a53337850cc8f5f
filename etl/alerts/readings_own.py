"""Readings of the reader's own questions, and of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from etl import pipeline
from etl.alerts import rules
from etl.alerts.question_evidence import kind_of
from etl.alerts.reading import Look, Reading, crossing, day_of, number_of, require
from etl.analytics.quantities import EVIDENCE_KINDS
from etl.errors import InputError

MOST_SUBJECTS = 500
"""Of one question."""


def answers(rule: rules.QueryCrosses, look: Look) -> Iterator[Reading]:
    """Yield what a question answers, a reading a row."""
    frame = look.reader.query(rule.question)
    if not {"subject", "value"} <= set(frame.columns):
        raise InputError(
            f"got the columns {', '.join(map(str, frame.columns))} from the question of "
            f"{rule.name}",
            "subject and value (and as_of, evidence_kind where known)",
            f"name them so in {rules.FILE}",
        )
    subjects = frame["subject"].map(lambda told: " ".join(str(told).split()))
    named = frame["subject"].notna() & (subjects.str.len() > 0) & (subjects.str.len() <= 200)
    if subjects.duplicated().any() or not named.all() or len(frame) > MOST_SUBJECTS:
        raise InputError(
            f"got subjects that cannot be told apart from the question of {rule.name}",
            f"at most {MOST_SUBJECTS}, each once and none empty or over 200 characters",
            "group by subject",
        )
    rows = frame.assign(subject=subjects).to_dict("records")
    is_told = all(_is_told(row.get("evidence_kind")) for row in rows)
    of_tables = "" if is_told else kind_of(rule.question, look)
    for row in rows:
        yield _answer(rule, row, of_tables)


def _is_told(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _answer(rule: rules.QueryCrosses, row: dict[Any, Any], of_tables: str) -> Reading:
    subject, link = str(row["subject"]), "/data"
    try:
        value = number_of(row["value"])
        day = row.get("as_of")
        as_of = None if day is None or pd.isna(day) else day_of(day)
    except (TypeError, ValueError) as problem:
        raise InputError(
            f"got {problem} from the question of {rule.name}", "value a number, as_of a day"
        ) from None
    told = row.get("evidence_kind")
    kind = str(told) if _is_told(told) else of_tables
    if kind not in EVIDENCE_KINDS:
        raise InputError(
            f"got the evidence kind {kind[:60]!r} from the question of {rule.name}",
            f"one of {', '.join(EVIDENCE_KINDS)}",
        )
    if value is None:
        why = "the value is missing"
        return Reading(rule.name, rule.kind, subject, "unknown", reason=why, link=link)
    source = f"question of the rule {rule.name}"
    return crossing(
        rule, subject, value, rule.unit, as_of=as_of, evidence_kind=kind, source=source, link=link
    )


def sources(rule: rules.SourceStale, look: Look) -> Iterator[Reading]:
    """Yield whether each source is stale or failed; one that never ages only where it is named."""
    frame = pipeline.status(look.reader, look.now)
    held = list(frame["source"].astype(str))
    for name in rule.sources:
        require("source", name, held, rule)
    for row in frame.loc[frame["source"].isin(list(rule.sources) or held)].to_dict("records"):
        has_failed = row["last_status"] == "failed"
        ages = not pd.isna(row["stale"])
        has_run = not pd.isna(row["last_status"])
        if not has_failed and not rule.sources and not ages:
            continue  # what never ages says nothing
        is_stale = ages and bool(row["stale"])
        last = row["last_observation"]
        is_known = has_failed or is_stale or has_run
        yield Reading(
            rule.name,
            rule.kind,
            str(row["source"]),
            "raised" if has_failed or is_stale else "clear" if is_known else "unknown",
            as_of=None if pd.isna(last) else day_of(last),
            evidence_kind="measured",
            source="run ledger",
            link="/data?view=sources",
            told={"has_failed": has_failed, "error": _short(row["last_error"])},
            reason="" if is_known else "this source was never collected",
        )


def _short(error: Any) -> str:
    """Return an error on one line, cut."""
    words = "" if error is None or pd.isna(error) else " ".join(str(error).split())
    return words if len(words) <= 300 else f"{words[:299]}…"
