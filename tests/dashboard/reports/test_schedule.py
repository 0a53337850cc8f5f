"""A schedule: when it is due, also where the clock is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.reports.schedule import Due, Schedule, due

PLAIN: dict[str, Any] = {"report": "market", "cron": "0 8 * * 1", "to": ["share"]}


def made(**told: Any) -> Schedule:
    return Schedule.model_validate({**PLAIN, "name": "monday", **told})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_instant_is_told_in_its_time_zone():
    monday = made(timezone="Asia/Shanghai")
    seen = at("2026-11-20 00:00")
    assert due(monday, at("2026-11-22 23:59"), seen) is None
    assert due(monday, at("2026-11-23 00:00"), seen) == Due(at("2026-11-23 00:00"), 0)


def test_an_instant_comes_once():
    monday = made(timezone="Asia/Shanghai")
    done = at("2026-11-23 00:00")
    assert due(monday, at("2026-11-23 00:17"), done) is None


def test_a_machine_that_slept_catches_up_with_the_last_instant_and_counts_the_others():
    daily = made(cron="0 8 * * *")
    assert due(daily, at("2026-11-23 09:00"), at("2026-11-19 08:00")) == Due(
        at("2026-11-23 08:00"), 3
    )


@pytest.mark.parametrize(
    ("cron", "zone", "start", "days", "instants"),
    [
        # 8 March 2026: 02:00 becomes 03:00 in New York.
        ("30 2 * * *", "America/New_York", "2026-03-07 12:00", 2, ["08 07:00", "09 06:30"]),
        # 1 November 2026: 01:30 comes twice there.
        ("30 1 * * *", "America/New_York", "2026-10-31 12:00", 2, ["01 05:30", "02 06:30"]),
        ("0 8 * * *", "America/New_York", "2026-10-31 00:00", 2, ["31 12:00", "01 13:00"]),
        # China has no summer time since 1991; in 1991 it had.
        ("0 8 * * *", "Asia/Shanghai", "2026-03-07 12:00", 2, ["08 00:00", "09 00:00"]),
        ("0 8 * * *", "Asia/Shanghai", "1991-09-13 12:00", 2, ["13 23:00", "15 00:00"]),
    ],
)
def test_each_instant_comes_once_though_the_clock_is_changed(cron, zone, start, days, instants):
    one = made(cron=cron, timezone=zone)
    last = now = at(start)
    found: list[str] = []
    while now < at(start) + timedelta(days=days):
        now += timedelta(minutes=17)
        if came := due(one, now, last):
            assert came.n_missed == 0
            found.append(f"{came.instant:%d %H:%M}")
            last = came.instant
    assert found == instants


def test_an_hourly_line_comes_in_both_of_an_hour_that_comes_twice():
    hourly = made(cron="30 * * * *", timezone="America/New_York")
    came = due(hourly, at("2026-11-01 07:59"), at("2026-11-01 05:00"))
    assert came == Due(at("2026-11-01 07:30"), 2)  # 01:30, 01:30 again, 02:30


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["America/New_York", "Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"]),
    st.integers(4, 20),
    st.integers(0, 59),
    st.integers(0, 350 * 24 * 60),
    st.integers(0, 400),
)
def test_a_daily_instant_is_the_one_of_the_wall_clock(zone, hour, minute, minutes, hours):
    """Hours in which no clock is changed: compare with the days counted one by one."""
    last = at("2026-01-02 00:00") + timedelta(minutes=minutes)
    now = last + timedelta(hours=hours)
    days = (last.astimezone(ZoneInfo(zone)).date() + timedelta(days=n) for n in range(-1, 20))
    clock = (datetime(d.year, d.month, d.day, hour, minute, tzinfo=ZoneInfo(zone)) for d in days)
    expected = [one.astimezone(UTC) for one in clock if last < one.astimezone(UTC) <= now]
    found = due(made(cron=f"{minute} {hour} * * *", timezone=zone), now, last)
    assert found == (Due(expected[-1], len(expected) - 1) if expected else None)


def test_what_is_new_is_counted_back_from_the_day_it_is_due(tmp_path):
    weekly = made(report="weekly", since_days=7, timezone="Asia/Shanghai")
    choice = weekly.choice(tmp_path, at("2026-11-22 23:00"))  # Monday there
    assert choice.since is not None
    assert choice.since.isoformat() == "2026-11-16"
