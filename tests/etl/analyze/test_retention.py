"""``analyze retention`` against worked cases and against a reading that counts user by user."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from etl.analyze.retention import Question, run
from etl.errors import InputError

EVENTS = ("user_id", "event_name", "event_at")
PERIODS = [("day", "monday"), ("week", "monday"), ("week", "sunday"), ("month", "monday")]


def write(path: Path, rows, names=EVENTS) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    return path


def log(seed: int, n: int = 300) -> list[tuple[str, str, datetime]]:
    """Draw events of a few users over some weeks around a change of the clock."""
    rng = np.random.default_rng(seed)
    begin = datetime(2022, 10, 1, tzinfo=UTC)
    return [
        (
            f"u{rng.integers(25)}",
            ["open", "image"][rng.integers(2)],
            begin + timedelta(seconds=int(rng.integers(50 * 86_400))),
        )
        for _ in range(n)
    ]


def period_index(day: date, period: str, week_start: str) -> int:
    if period == "month":
        return day.year * 12 + day.month
    shift = 0 if week_start == "monday" else 1
    return (day.toordinal() - 1 + shift) // 7 if period == "week" else day.toordinal()


def counted(events, question: Question) -> dict[int, list[int]]:
    """Return users by cohort and k, found by looking at every user and every step."""
    zone = ZoneInfo(question.timezone)

    def index(at: datetime) -> int:
        return period_index(at.astimezone(zone).date(), question.period, question.week_start)

    brackets = [tuple(map(int, part.split("-"))) for part in question.brackets.split(",") if part]
    n_steps = len(brackets) if question.rule == "bracket" else question.horizon
    cohorts: dict[int, list[int]] = {}
    for user in {row[0] for row in events}:
        targets = sorted(at for who, name, at in events if who == user and name == question.target)
        back = [at for who, name, at in events if who == user and name == question.returning]
        begun: dict[int, datetime] = {}
        for at in targets[:1] if question.cohort == "first_time" else targets:
            begun.setdefault(index(at), at)
        for cohort, first in begun.items():
            counts = cohorts.setdefault(cohort, [0] * (n_steps + 1))
            counts[0] += 1
            after = {index(at) - cohort for at in back}
            hours = {(at - first) // timedelta(days=1) for at in back}
            for k in range(1, n_steps + 1):
                match question.rule:
                    case "n_day":
                        found = k in after
                    case "n_day_24h":
                        found = k in hours
                    case "unbounded":
                        found = any(step >= k for step in after)
                    case "bracket":
                        a, b = brackets[k - 1]
                        found = any(a <= step <= b for step in after)
                    case _:
                        last = range(max(k - question.window_days + 1, 0), k + 1)
                        found = any(step in after for step in last)
                counts[k] += found
    return cohorts


@pytest.mark.parametrize("cohort", ["first_time", "recurring"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("rule", "period", "week_start"),
    [(rule, *period) for rule in ("n_day", "unbounded", "bracket") for period in PERIODS]
    + [(rule, *PERIODS[0]) for rule in ("n_day_24h", "rolling_window")],
)
def test_every_rule_counts_as_a_reading_user_by_user(
    tmp_path, rule, period, week_start, zone, cohort
):
    events = log(len(rule + period + zone + cohort))
    question = Question(
        target="open",
        returning="image",
        rule=rule,
        cohort=cohort,
        period=period,
        week_start=week_start,
        horizon=9,
        timezone=zone,
        brackets="1-2,3-3,5-8" if rule == "bracket" else "",
        window_days=3,
        until="2023-12-31",
    )
    file = write(tmp_path / "log.csv", [(u, name, at.isoformat()) for u, name, at in events])
    found = {
        period_index(date.fromisoformat(row["cohort"]), period, week_start): row["retained"]
        for row in run(file, question)["cohorts"]
        if row["size"]
    }
    assert found == counted(events, question)


@pytest.mark.reference
def test_worked_cases_are_met_exactly(reference: Path, tmp_path):
    cases = json.loads((reference / "retention" / "event_cases.json").read_text())
    for case in cases:
        rows = [(u, "T", at) for u, at in case["target"]]
        rows += [(u, "R", at) for u, at in case["returning"]]
        first = date(2020, 6, 10) + timedelta(case["start"])
        last = first + timedelta(case["n"] - 1)
        question = Question(
            target="T",
            returning="R",
            cohort="first_time" if case.get("first_time") else "recurring",
            horizon=case["n"] - 1,
            until=last.isoformat(),
        )
        found = run(write(tmp_path / f"{case['id']}.csv", rows), question)
        by_day = {row["cohort"]: row["retained"] for row in found["cohorts"]}
        for i, expected in enumerate(case["expected"]):
            retained = by_day[(first + timedelta(i)).isoformat()]
            assert retained[: len(expected)] == expected
            assert set(retained[len(expected) :]) <= {None}


def test_aliases_are_one_user(tmp_path):
    rows = [("a", "open", "2022-12-01T10:00:00Z"), ("b", "open", "2022-12-02T10:00:00Z")]
    aliases = write(tmp_path / "aliases.csv", [("b", "c"), ("c", "a")], ("alias", "user_id"))
    file = write(tmp_path / "log.csv", rows)
    assert [c["size"] for c in run(file, Question(horizon=1))["cohorts"]] == [1, 1]
    found = run(file, Question(horizon=1), aliases)
    assert [c["retained"] for c in found["cohorts"]] == [[1, 1], [0, None]]
    circle = write(tmp_path / "circle.csv", [("b", "c"), ("c", "b")], ("alias", "user_id"))
    with pytest.raises(InputError, match="circle"):
        run(file, Question(), circle)


def test_what_has_not_ended_is_marked_and_kept_out_of_the_average(tmp_path):
    rows = [("a", "open", "2022-12-01T10:00:00Z"), ("b", "open", "2022-12-02T10:00:00Z")]
    rows += [("a", "open", "2022-12-02T11:00:00Z"), ("b", "open", "2022-12-03T01:00:00Z")]
    found = run(write(tmp_path / "log.csv", rows), Question(horizon=2))
    first, second, third = found["cohorts"]
    assert first["complete"] == [True, True, False]
    assert second["complete"] == [True, False, False]
    assert second["retained"] == [1, 1, None]
    assert (third["size"], third["retention_rate"][0]) == (0, None)
    step = found["average"][1]
    assert (step["n_cohorts"], step["retained"], step["n_left_out"]) == (1, 1, 1)


def test_days_of_23_and_25_hours_are_days_of_the_clock(tmp_path):
    zone = "Europe/Berlin"
    rows = [("a", "open", "2022-10-29T12:00:00"), ("a", "open", "2022-10-30T23:30:00")]
    rows += [("a", "open", "2022-10-31T00:10:00")]
    found = run(write(tmp_path / "log.csv", rows), Question(horizon=2, timezone=zone))
    assert found["cohorts"][0]["retained"] == [1, 1, 1]
    assert "no zone" in found["notes"][0]


def test_exclusions_are_counted(tmp_path):
    rows = [
        ("a", "open", "2022-12-01T10:00:00Z", "1"),
        ("a", "open", "2022-12-02T10:00:00Z", "1"),
        ("", "open", "2022-12-01T10:00:00Z", "2"),
        ("b", "", "2022-12-01T10:00:00Z", "3"),
        ("c", "open", "", "4"),
    ]
    found = run(write(tmp_path / "log.csv", rows, (*EVENTS, "event_id")), Question(horizon=1))
    assert found["excluded"] == {
        "missing_user_id": 1,
        "missing_event_name": 1,
        "missing_event_at": 1,
        "repeated_event_id": 1,
        "after_until": 0,
    }
    assert found["n_users"] == 1


def test_users_active_before_they_begin_are_told(tmp_path):
    rows = [("a", "image", "2022-12-01T10:00:00Z"), ("a", "install", "2022-12-02T10:00:00Z")]
    rows += [("b", "image", "2022-12-02T10:00:00Z")]
    found = run(write(tmp_path / "log.csv", rows), Question(target="install", horizon=1))
    assert "1 users have events before their first install" in found["notes"][0]
    assert "1 users have no install" in found["notes"][1]


@pytest.mark.parametrize(
    ("rows", "asked", "said"),
    [
        ([("a", "instal", "2022-12-01T10:00:00Z")], {"target": "install"}, "perhaps you meant"),
        ([("a", "open", "yesterday")], {}, "'yesterday' in line 2"),
        ([("a", "open", "2022-13-01T10:00:00Z")], {}, "2022-13-01T10:00:00Z"),
        (
            [("a", "open", "2022-12-01T10:00:00Z"), ("a", "open", "2022-12-01T10:00:00")],
            {},
            "without a zone, beside others with one",
        ),
        ([("a", "open", "2022-12-01T10:00:00Z")], {"timezone": "Tokyo"}, "Asia/Tokyo"),
        (
            [("a", "open", "2022-12-01T10:00:00Z")],
            {"rule": "bracket", "brackets": "1-3,3-5"},
            "without overlap",
        ),
        ([("a", "open", "2022-12-01T10:00:00Z")], {"rule": "bracket"}, "--brackets"),
        (
            [("a", "open", "2022-12-01T10:00:00Z")],
            {"rule": "rolling_window", "period": "week"},
            "it counts days",
        ),
        ([("a", "open", "2022-12-01T10:00:00Z")], {"until": "2021-01-01"}, "mend --until"),
        ([("", "open", "2022-12-01T10:00:00Z")], {}, "no event"),
    ],
)
def test_bad_input_is_refused_in_words(tmp_path, rows, asked, said):
    with pytest.raises(InputError, match=said):
        run(write(tmp_path / "log.csv", rows), Question(**asked))
