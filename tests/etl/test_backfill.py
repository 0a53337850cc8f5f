"""Past days come piece by piece; what is done is not asked for again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from etl import pipeline, sources
from etl.backfill import Wanted, backfill
from etl.config import Settings
from etl.errors import InputError, SourceError
from etl.schemas import FX_RATES
from etl.sources import Raw, Request, SourceInfo
from etl.warehouse import SnapshotReader

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
Days = list[tuple[date | None, date | None]]


class Rates:
    """A source of made-up rates for every day it is asked for."""

    def __init__(self, reach: str = "range", name: str = "made_rates") -> None:
        info: dict[str, Any] = {"reach": reach}
        self.INFO = SourceInfo(name, FX_RATES, "", "", "", "yes", True, "daily", **info)
        self.asked: Days = []
        self.fails_in: set[date] = set()

    def fetch(self, request: Request) -> Raw:
        self.asked.append((request.start, request.end))
        if request.start in self.fails_in:
            raise SourceError("got nothing", "rates", "wait")
        days = pd.date_range(request.start or date(2026, 11, 1), request.end or request.now.date())
        return Raw(days, "live", request.now)

    def parse(self, raw: Raw) -> pd.DataFrame:
        own = {
            "base": "EUR",
            "quote": "USD",
            "rate_date": raw.payload,
            "rate": 1.1,
            "evidence_kind": "simulated",
            "source_url": "made up",
            "retrieved_at": raw.retrieved_at,
        }
        return pd.DataFrame(own)[[column.name for column in FX_RATES.frame_columns()]]


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def rates(monkeypatch) -> Rates:
    """Let there be one live source, which can be asked for a range."""
    made = Rates()
    monkeypatch.setattr(sources, "names", lambda: ["made_rates"])
    monkeypatch.setattr(sources, "load", lambda _: made)
    return made


def november(by: Any = "week", *, again: bool = False) -> Wanted:
    return Wanted(date(2026, 11, 4), date(2026, 11, 17), by, again)


WEEKS = [
    (date(2026, 11, 4), date(2026, 11, 8)),
    (date(2026, 11, 9), date(2026, 11, 15)),
    (date(2026, 11, 16), date(2026, 11, 17)),
]


def test_pieces_are_whole_weeks_months_and_years_cut_to_the_wanted_days():
    assert list(november().pieces()) == WEEKS
    assert len(list(november("day").pieces())) == 14
    assert list(november("month").pieces()) == [(date(2026, 11, 4), date(2026, 11, 17))]
    over = Wanted(date(2025, 12, 31), date(2026, 1, 1), "year")
    assert [a for a, _ in over.pieces()] == [date(2025, 12, 31), date(2026, 1, 1)]


def test_every_piece_has_its_entry_and_all_is_published_once(settings, rates):
    entries = backfill(settings, november(), now=NOW)
    assert rates.asked == WEEKS
    assert [(e.range_from, e.range_to) for e in entries] == WEEKS
    assert [e.rows_new for e in entries] == [5, 7, 2]
    reader = SnapshotReader(settings.data_dir)
    assert len(reader.query("SELECT 1 FROM fx_rates")) == 14
    assert len(reader.query("SELECT 1 FROM etl_runs")) == 3
    assert len(pipeline.snapshots(settings)) == 1


def test_what_is_done_is_not_asked_for_again_unless_wanted(settings, rates):
    backfill(settings, november(), now=NOW)
    assert backfill(settings, november(), now=NOW + timedelta(hours=1)) == []
    assert len(rates.asked) == 3
    entries = backfill(settings, november(again=True), now=NOW + timedelta(hours=2))
    assert {e.status for e in entries} == {"unchanged"}


def test_after_a_failure_only_the_missing_piece_is_asked_for(settings, rates):
    rates.fails_in = {date(2026, 11, 9)}
    assert [e.status for e in backfill(settings, november(), now=NOW)] == ["ok", "failed", "ok"]
    rates.fails_in, rates.asked = set(), []
    [entry] = backfill(settings, november(), now=NOW + timedelta(hours=1))
    assert rates.asked == [WEEKS[1]]
    assert entry.status == "ok"


def test_a_piece_that_is_not_over_is_asked_for_again(settings, rates):
    wanted = Wanted(date(2026, 11, 16), NOW.date(), "day")
    backfill(settings, wanted, now=NOW)
    rates.asked = []
    backfill(settings, wanted, now=NOW + timedelta(hours=1))
    assert rates.asked == [(NOW.date(), NOW.date())]


def test_a_series_that_comes_whole_is_asked_for_once(settings, monkeypatch):
    whole = Rates("whole")
    monkeypatch.setattr(sources, "load", lambda _: whole)
    backfill(settings, november(), ["made_rates"], now=NOW)
    assert whole.asked == [(None, None)]


def test_a_source_of_the_present_cannot_look_back(settings, monkeypatch):
    monkeypatch.setattr(sources, "names", lambda: ["made_rates"])
    monkeypatch.setattr(sources, "load", lambda _: Rates("present"))
    with pytest.raises(InputError, match="cannot look back"):
        backfill(settings, november(), ["made_rates"], now=NOW)
    assert backfill(settings, november(), now=NOW) == []


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [("2026-11-10", "2026-11-09", "swap them"), ("2026-11-10", "2026-12-01", "still to come")],
)
def test_impossible_days_are_refused(settings, rates, first, last, words):
    wanted = Wanted(date.fromisoformat(first), date.fromisoformat(last))
    with pytest.raises(InputError, match=words):
        backfill(settings, wanted, now=NOW)


def test_a_run_catches_up_from_the_last_day_that_was_covered(settings, rates):
    pipeline.run(settings, ["made_rates"], offline=False, now=NOW)
    assert rates.asked == [(None, None)]
    # The machine slept for two weeks; the ledger knows until when the days are covered.
    reader = SnapshotReader(settings.data_dir)
    covered = reader.query("SELECT max(started_at) AS at FROM etl_runs")["at"].iloc[0].date()
    later = datetime.combine(covered, datetime.min.time(), UTC) + timedelta(days=14)
    pipeline.run(settings, ["made_rates"], offline=False, now=later)
    assert rates.asked[-1] == (covered, None)
    days = SnapshotReader(settings.data_dir).query("SELECT max(rate_date) AS d FROM fx_rates")
    assert days["d"].iloc[0].date() == later.date()
