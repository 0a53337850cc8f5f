"""Who comes back: from the cohort cube where it can tell, else from the events themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth import asking
from dashboard.studies.growth.definitions import Definitions, definitions
from etl.analytics import retention_claims
from etl.analytics.periods import Calendar, Period, WeekStart, offsets
from etl.analytics.proportions import wilson
from etl.analytics.retention import FEW, average, retention_table
from etl.analytics.retention_claims import READINGS
from etl.errors import InputError
from etl.marts.activity import ATTRIBUTES
from etl.marts.retention import RULES, RetentionSpec, Rule, retention

SPLITS = ATTRIBUTES
"""What cohorts can be split by."""
RULE_NAMES: tuple[str, ...] = RULES
"""The five rules."""
FEW_USERS = FEW
"""Cohorts smaller than this are shown grey."""
FEW_EVENTS = 5_000_000
"""Up to so many events all rules are counted without being asked for."""
CLAIM_DAYS = {"retention_d1": 1, "retention_d7": 7, "retention_d30": 30}
BRACKETS = ((1, 1), (2, 3), (4, 7), (8, 14), (15, 30))


@dataclass(frozen=True)
class RetentionChoice:
    """What the reader asks about who comes back.

    Attributes
    ----------
    source
        Source of the events.
    rule, cohort, period, week_start
        As :class:`etl.marts.retention.RetentionSpec` has them.
    horizon
        Periods after the cohort's own.
    zone
        IANA zone whose clock tells days.
    target, returning
        Event names; ``""`` is any event, ``None`` the source's own definition.
    split
        Attribute the cohorts are split by; empty for none.
    segment
        Value of the attribute the triangle shows; empty for all.
    group
        Cohorts of days are shown together by ``day``, ``week`` or ``month``.
    """

    source: str
    rule: str = "n_day"
    cohort: str = "first_time"
    period: str = "day"
    week_start: str = "monday"
    horizon: int = 30
    zone: str = "UTC"
    target: str | None = None
    returning: str | None = None
    split: str = ""
    segment: str = ""
    group: str = "week"


@dataclass(frozen=True)
class RetentionStudy:
    """Cohorts and curves.

    Attributes
    ----------
    triangle
        ``cohort, size, period, retained, retention_rate, low, high, complete, whole`` by cohort and
        step; a cohort is ``whole`` where the history holds every day of its week or month.
    curves
        ``segment, period, n_cohorts, size, retained, retention_rate, low, high, n_left_out`` of
        all complete cohorts together.
    target, returning
        The events that were counted; empty is any.
    until
        Instant the data reach.
    steps
        First and last period of each step.
    from_cube
        Whether the stored cube answered.
    evidence_kind
        Of the events.
    """

    choice: RetentionChoice
    triangle: pd.DataFrame
    curves: pd.DataFrame
    target: str
    returning: str
    until: datetime
    steps: tuple[tuple[int, int], ...]
    from_cube: bool
    evidence_kind: str


def retention_study(reader: Reader, choice: RetentionChoice) -> RetentionStudy:
    """Count who comes back.

    Raises
    ------
    InputError
        If the source is unknown, its events are not here, or rule and period do not fit.
    """
    told = definitions(reader, choice.source)
    target = told.begins if choice.target is None else choice.target
    returning = told.definition.active if choice.returning is None else choice.returning
    told.require_names(reader, [name for name in (target, returning) if name])
    from_cube = _in_cube(choice, told, target, returning)
    spec = _spec(choice, told, target, returning)
    until = told.until
    counts: Any = (
        _from_cube(reader, choice) if from_cube else _from_events(reader, choice, spec, told)
    )
    counts["segment"] = counts["segment"].astype("object").where(counts["segment"].notna(), "")
    looks = tuple(zip(spec.begins, spec.reaches, strict=True))
    end = int(until.timestamp())
    local_end = end + spec.offsets.at(end - 1)
    chosen = counts if not choice.segment else counts.loc[counts["segment"] == choice.segment]
    days = retention_table(_summed(chosen), spec.calendar, looks, local_end)
    triangle = grouped(days, choice) if choice.period == "day" else days
    of = choice.group if choice.period == "day" else choice.period
    calendar = Calendar(cast(Period, of), cast(WeekStart, choice.week_start))
    return RetentionStudy(
        choice,
        triangle.assign(whole=told.holds_whole(triangle["cohort"], calendar)),
        _curves(counts, choice, spec, looks, local_end),
        target,
        returning,
        until,
        looks,
        from_cube,
        told.evidence_kind,
    )


def grouped(table: pd.DataFrame, choice: RetentionChoice) -> pd.DataFrame:
    """Return cohorts of days together by week or month.

    A cell is missing while a day of the cohort has not reached the step, and complete when all
    have had the full time.
    """
    if choice.group == "day" or table.empty:
        return table
    calendar = Calendar(cast(Period, choice.group), cast(WeekStart, choice.week_start))
    days: Any = table["cohort"].to_numpy().astype("datetime64[D]").astype(np.int64)
    first = calendar.first_day(calendar.index(days)).astype("datetime64[D]")
    held: Any = table.assign(cohort=first.astype("datetime64[s]"))
    held = held.assign(unknown=held["retained"].isna() & (held["size"] > 0))
    whole: Any = held.groupby(["cohort", "period"], as_index=False).agg(
        size=("size", "sum"),
        retained=("retained", "sum"),
        unknown=("unknown", "max"),
        complete=("complete", "min"),
    )
    retained = whole["retained"].where(~whole["unknown"].astype(bool)).to_numpy(np.float64)
    size = whole["size"].to_numpy(np.float64)
    low, high = wilson(retained, size)
    rate = np.where(size > 0, retained / np.where(size > 0, size, 1), np.nan)
    return whole.assign(
        retained=retained,
        retention_rate=rate,
        low=low,
        high=high,
        complete=whole["complete"].astype(bool),
    )[["cohort", "size", "period", "retained", "retention_rate", "low", "high", "complete"]]


def _in_cube(choice: RetentionChoice, told: Definitions, target: str, returning: str) -> bool:
    """Say whether the stored cube counts exactly what is asked."""
    return (choice.rule, choice.cohort, choice.period, choice.zone) == (
        "n_day",
        "first_time",
        "day",
        "UTC",
    ) and (target, returning) == (told.begins, told.definition.active)


def _spec(choice: RetentionChoice, told: Definitions, target: str, returning: str) -> RetentionSpec:
    begin = datetime.combine(told.first_on, datetime.min.time(), UTC)
    try:
        return RetentionSpec(
            target=target,
            returning=returning,
            rule=cast(Rule, choice.rule),
            cohort=cast(Any, choice.cohort),
            calendar=Calendar(cast(Period, choice.period), cast(WeekStart, choice.week_start)),
            horizon=choice.horizon,
            offsets=offsets(choice.zone, begin, told.until),
            brackets=BRACKETS if choice.rule == "bracket" else (),
        )
    except ValueError as problem:
        raise InputError(str(problem), "a rule and periods that fit together") from problem


def _from_cube(reader: Reader, choice: RetentionChoice) -> pd.DataFrame:
    """Return ``segment, cohort, k, retained`` as the events would give it."""
    if choice.split and choice.split not in ATTRIBUTES:
        raise InputError(f"got the attribute {choice.split!r}", f"one of {', '.join(ATTRIBUTES)}")
    segment = f"coalesce({choice.split}, '')" if choice.split else "''"
    return reader.query(
        f"""
        SELECT {segment} AS segment, date_diff('day', DATE '1970-01-01', begun_on) AS cohort,
               0 AS k, sum(size)::BIGINT AS retained
        FROM paid_conversion WHERE source = ? GROUP BY ALL
        UNION ALL
        SELECT {segment}, date_diff('day', DATE '1970-01-01', begun_on),
               date_diff('day', begun_on, active_on) AS age, sum(n_users)::BIGINT
        FROM cohort_cube
        WHERE source = ? AND active_on > begun_on AND active_on <= begun_on + ?::INTEGER
        GROUP BY ALL HAVING sum(n_users) > 0
        """,
        [choice.source, choice.source, choice.horizon],
    )


def _from_events(
    reader: Reader, choice: RetentionChoice, spec: RetentionSpec, told: Definitions
) -> pd.DataFrame:
    told.require_events()
    counts = asking.ask(reader, retention(asking.events(choice.source), spec, by=choice.split))
    return counts if choice.split else counts.assign(segment="")


def _summed(counts: Any) -> pd.DataFrame:
    return counts.groupby(["cohort", "k"], as_index=False)["retained"].sum()


def _curves(
    counts: Any, choice: RetentionChoice, spec: RetentionSpec, looks: Any, local_end: int
) -> pd.DataFrame:
    sizes = counts.loc[counts["k"] == 0].groupby("segment")["retained"].sum()
    names = list(sizes.sort_values(ascending=False).index)
    parts = []
    for name in names:
        table = retention_table(
            _summed(counts.loc[counts["segment"] == name]), spec.calendar, looks, local_end
        )
        parts.append(average(table).assign(segment=name))
    if not parts:
        return pd.DataFrame(columns=["segment", "period", "retention_rate", "low", "high"])
    return pd.concat(parts, ignore_index=True)


# Claims


@dataclass(frozen=True)
class ClaimStudy:
    """Claims of retention beside our own curves.

    Attributes
    ----------
    rules
        Our own average by each rule: ``rule, period, size, retention_rate, low, high``; empty
        where the events are too many to count unasked or are not here.
    facts
        Published figures: ``fact_id, entity, entity_zh, day, value, value_high, confidence, grade,
        note, source_title, source_url, source_date``.
    ranges
        For every entity with figures: ``entity, read_as, rule, day, low, high, like_ours,
        reason``.
    """

    rules: pd.DataFrame
    facts: pd.DataFrame
    ranges: pd.DataFrame
    evidence_kind: str = ""


def claim_study(reader: Reader, source: str, *, count_rules: bool = True) -> ClaimStudy:
    """Turn published figures without a rule into ranges, beside our own curves by every rule."""
    facts = _claims(reader)
    told = definitions(reader, source)
    able = told.in_lake and count_rules
    rules = _all_rules(reader, source) if able else pd.DataFrame(columns=_RULE_COLUMNS)
    ranges = [row for _, own in facts.groupby("entity", sort=False) for row in _ranges(own, rules)]
    return ClaimStudy(
        rules, facts, pd.DataFrame(ranges, columns=_RANGE_COLUMNS), told.evidence_kind
    )


_RULE_COLUMNS = ["rule", "period", "size", "retention_rate", "low", "high"]
_RANGE_COLUMNS = ["entity", "read_as", "rule", "day", "low", "high", "like_ours", "reason"]


def _claims(reader: Reader) -> pd.DataFrame:
    facts: Any = reader.query(
        "SELECT fact_id, entity, entity_zh, metric, value, value_high, confidence, note, "
        "source_title, source_url, source_date FROM disclosed_facts "
        "WHERE list_contains(?, metric) ORDER BY entity, metric",
        [list(CLAIM_DAYS)],
    )
    # No published figure names its rule or the number of users behind it.
    grades = [
        retention_claims.grade(str(c), has_rule=False, has_size=False) for c in facts["confidence"]
    ]
    return facts.assign(day=facts["metric"].map(CLAIM_DAYS), grade=grades)


def _all_rules(reader: Reader, source: str) -> pd.DataFrame:
    """Return our own average retention on days 1 to 30 by every rule."""
    parts = []
    for rule in RULES:
        choice = RetentionChoice(source, rule=rule, horizon=max(CLAIM_DAYS.values()))
        if rule == "bracket":
            parts += [
                average_of_bracket(reader, source, day).assign(rule=rule)
                for day in CLAIM_DAYS.values()
            ]
            continue
        curve: Any = retention_study(reader, choice).curves
        parts.append(curve.loc[curve["period"] > 0].assign(rule=rule))
    whole: Any = pd.concat(parts, ignore_index=True)
    return whole[_RULE_COLUMNS]


def average_of_bracket(reader: Reader, source: str, day: int) -> pd.DataFrame:
    """Return the share active on any of the days 1 to ``day``, of all complete cohorts."""
    told = definitions(reader, source)
    spec = RetentionSpec(
        target=told.begins,
        returning=told.definition.active,
        rule="bracket",
        brackets=((1, day),),
    )
    counts = asking.ask(reader, retention(asking.events(source), spec))
    end = int(told.until.timestamp())
    table = retention_table(counts, spec.calendar, ((1, day),), end)
    found: Any = average(table)
    return found.loc[found["period"] == 1].assign(period=day)


def _ranges(own: Any, rules: pd.DataFrame) -> list[dict[str, Any]]:
    claims = {int(day): float(value) for day, value in zip(own["day"], own["value"], strict=True)}
    entity = own["entity"].iloc[0]
    rows: list[dict[str, Any]] = []
    for read_as in READINGS:
        try:
            found = retention_claims.implied(claims, read_as)
        except ValueError:
            rows.append({"entity": entity, "read_as": read_as, "reason": "contradicts_itself"})
            continue
        for row in cast(Any, found).itertuples():
            near = retention_claims.like_ours(
                claims[row.day], _ours(rules, read_as, row.day), _ours(rules, row.rule, row.day)
            )
            rows.append(
                {
                    "entity": entity,
                    "read_as": read_as,
                    "rule": row.rule,
                    "day": row.day,
                    "low": row.low,
                    "high": row.high,
                    "like_ours": near,
                    "reason": "",
                }
            )
    return rows


def _ours(rules: Any, rule: str, day: int) -> float:
    found = rules.loc[(rules["rule"] == rule) & (rules["period"] == day), "retention_rate"]
    return float(found.iloc[0]) if len(found) else float("nan")
