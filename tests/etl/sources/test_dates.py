"""Printed dates become days only as far as they say so, and never too early."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from etl.sources._dates import exact_days, known_on, last_days

COLLECTED = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("printed", "day", "precision"),
    [
        ("2022-12-07", "2022-12-07", "day"),
        ("2024-02", "2024-02-29", "month"),
        ("2022-12", "2022-12-31", "month"),
        ("2023", "2023-12-31", "year"),
        # The end of this year lies after the day of collection, on which it was public already.
        ("2026", "2026-11-22", "collected"),
        ("2026-11", "2026-11-22", "collected"),
        (None, "2026-11-22", "collected"),
        ("spring 2023", "2026-11-22", "collected"),
    ],
)
def test_a_figure_is_known_from_the_end_of_what_is_printed(
    printed: str | None, day: str, precision: str
) -> None:
    known = known_on(pd.Series([printed], dtype="str"), COLLECTED).iloc[0]
    assert known["known_on"] == pd.Timestamp(day)
    assert known["known_on_precision"] == precision


def test_a_printed_day_after_the_collection_stands_as_printed() -> None:
    known = known_on(pd.Series(["2026-12-01"], dtype="str"), COLLECTED).iloc[0]
    assert (known["known_on"], known["known_on_precision"]) == (pd.Timestamp("2026-12-01"), "day")


def test_an_unreadable_date_has_no_last_day() -> None:
    last = last_days(pd.Series(["2022-13-41", "soon", None], dtype="str"))
    assert last.isna().all().all()


def test_only_whole_days_count_as_exact() -> None:
    exact = exact_days(pd.Series(["2022-12-07", "2022-12", "2022", None], dtype="str"))
    assert exact.tolist()[0] == "2022-12-07"
    assert exact[1:].isna().all()
