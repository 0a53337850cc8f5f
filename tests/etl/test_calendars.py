"""Which sessions a series should have: the exchange's calendar, its gaps and its end."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd

from etl.calendars import completed_sessions, missing_days

LATER = datetime(2026, 11, 23, tzinfo=UTC)


def days(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(texts)


def test_holidays_and_weekends_are_no_sessions() -> None:
    sessions = completed_sessions("XSHG", date(2022, 9, 29), date(2022, 10, 11), LATER)
    # The national holidays of 2022 closed Shanghai and Shenzhen from 1 to 7 October.
    assert sessions.days.equals(days("2022-09-29", "2022-09-30", "2022-10-10", "2022-10-11"))
    assert sessions.guessed_after is None


def test_the_typhoon_days_of_hong_kong_are_no_sessions() -> None:
    sessions = completed_sessions("XHKG", date(2023, 8, 31), date(2023, 9, 8), LATER)
    assert "2023-09-01" not in sessions.days
    assert "2023-09-08" not in sessions.days
    assert "2023-09-07" in sessions.days


def test_a_session_counts_once_it_has_closed() -> None:
    # Hong Kong closes at 16:00, which is 08:00 in UTC.
    before = completed_sessions(
        "XHKG", date(2024, 3, 7), date(2024, 3, 8), datetime(2024, 3, 8, 7, 59, tzinfo=UTC)
    )
    after = completed_sessions(
        "XHKG", date(2024, 3, 7), date(2024, 3, 8), datetime(2024, 3, 8, 8, 1, tzinfo=UTC)
    )
    assert before.days.equals(days("2024-03-07"))
    assert after.days.equals(days("2024-03-07", "2024-03-08"))


def test_beyond_the_end_of_the_calendar_weekdays_are_taken_and_it_is_said() -> None:
    now = datetime(2027, 1, 6, tzinfo=UTC)
    sessions = completed_sessions("XSHG", date(2026, 12, 30), date(2027, 1, 7), now)
    assert sessions.guessed_after == date(2026, 12, 31)
    assert sessions.days.equals(
        days("2026-12-30", "2026-12-31", "2027-01-01", "2027-01-04", "2027-01-05")
    )


def test_nothing_is_guessed_while_the_calendar_reaches_far_enough() -> None:
    now = datetime(2026, 12, 31, 23, tzinfo=UTC)
    sessions = completed_sessions("XSHG", date(2026, 12, 30), date(2027, 1, 1), now)
    assert sessions.guessed_after is None
    assert sessions.days.equals(days("2026-12-30", "2026-12-31"))


def test_neighbouring_missing_sessions_are_told_as_one_span() -> None:
    expected = days("2022-11-11", "2022-11-14", "2022-11-15", "2022-11-16", "2022-11-17")
    got = days("2022-11-11", "2022-11-16")
    assert missing_days(expected, got) == ["2022-11-14 to 2022-11-15 (2 sessions)", "2022-11-17"]
    assert missing_days(expected, expected) == []
