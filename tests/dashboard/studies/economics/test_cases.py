"""What became known after a case's day, and never before it was known."""

# pyright: basic

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboard.studies.economics.cases import REPORTING_DAYS, known_later
from dashboard.studies.economics.scenario import frozen
from etl.scenarios import store
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def reader(published: Path) -> SnapshotReader:
    return SnapshotReader(published)


def written(key: str, tmp: Path = Path("/nowhere")) -> str:
    return frozen(store.load(key, tmp))


def test_beside_each_figure_stands_an_earlier_period_of_its_length_known_on_the_day(reader) -> None:
    frame = known_later(reader, written("meitu-2022"))
    subscribers = frame[frame["metric"] == "paying_subscribers"].iloc[0]
    assert (subscribers["before"], subscribers["value"]) == (4_000_000, 7_200_000)
    halves = frame[frame["metric"] == "revenue_subscription"].set_index("as_of")
    assert halves["before"].tolist() == [339_200_000, 339_200_000]
    margin = frame[frame["metric"] == "gross_margin"].iloc[0]
    assert pd.Timestamp(margin["before_as_of"]) == pd.Timestamp("2021-12-31")


def test_nothing_of_the_day_itself_counts_as_known_on_it(reader) -> None:
    frame = known_later(reader, written("meitu-2022"))
    day = pd.Timestamp("2022-12-31")
    assert (pd.to_datetime(frame["before_as_of"]) < day).all()


def test_a_figure_without_a_day_of_publication_is_public_three_months_after_its_period(
    reader,
) -> None:
    frame = known_later(reader, written("meitu-2022")).set_index("metric")
    end = pd.Timestamp("2023-06-30")
    assert frame.loc["paying_subscribers", "known_on"] == end + pd.Timedelta(days=REPORTING_DAYS)


@pytest.mark.parametrize(
    ("day", "n"), [(date(2022, 12, 31), 0), (date(2023, 5, 1), 1), (date(2024, 12, 31), 4)]
)
def test_a_readers_day_leaves_out_what_was_not_known_by_it(reader, day: date, n: int) -> None:
    assert len(known_later(reader, written("meitu-2022"), day)) == n


def test_facts_are_known_from_their_own_day(reader) -> None:
    frame = known_later(reader, written("lensa-2022"))
    assert frame["known_on"].notna().all()
    assert known_later(reader, written("lensa-2022"), date(2023, 2, 1)).empty
