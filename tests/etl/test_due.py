"""What is due follows from the ledger and from each source's own calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from etl import calendars, due, pipeline, sources
from etl.config import Settings
from etl.pipeline import ledger_frame
from etl.schemas import GPUS
from etl.sources import SourceInfo
from etl.warehouse import Warehouse

FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def source(calendar: str, **others: object) -> SimpleNamespace:
    info = SourceInfo("made", GPUS, "", "", "", "yes", True, calendar, **others)  # pyright: ignore
    return SimpleNamespace(INFO=info)


@pytest.fixture
def warehouse(tmp_path):
    with Warehouse(Settings(data_dir=tmp_path)) as warehouse:
        yield warehouse


@pytest.fixture
def only(monkeypatch):
    """Let there be one source."""

    def use(module: object) -> None:
        monkeypatch.setattr(sources, "names", lambda: ["made"])
        monkeypatch.setattr(sources, "load", lambda _: module)

    return use


def read(warehouse: Warehouse, at: datetime, status: pipeline.Status = "ok") -> None:
    run = pipeline.Run.begun(warehouse, at, offline=False)
    entry = run.entry("made", pipeline.Outcome(status), "live", at)
    warehouse.record(ledger_frame([entry]))


def test_a_source_never_read_is_due_and_one_on_request_is_not(warehouse, only):
    only(source("static"))
    assert due.due(warehouse, FRIDAY_NOON) == ["made"]
    only(source("daily", on_request=True))
    assert due.due(warehouse, FRIDAY_NOON) == []


def test_a_daily_source_is_due_once_a_day(warehouse, only):
    only(source("daily"))
    read(warehouse, FRIDAY_NOON)
    assert due.due(warehouse, FRIDAY_NOON + timedelta(hours=11)) == []
    assert due.due(warehouse, FRIDAY_NOON + timedelta(hours=13)) == ["made"]


def test_a_static_source_is_not_due_again(warehouse, only):
    only(source("static"))
    read(warehouse, FRIDAY_NOON)
    assert due.due(warehouse, FRIDAY_NOON + timedelta(days=900)) == []


def test_a_failed_run_is_tried_again_and_a_partial_one_waits_for_news(warehouse, only):
    only(source("XHKG"))
    read(warehouse, FRIDAY_NOON, "failed")
    assert due.due(warehouse, FRIDAY_NOON + timedelta(hours=1)) == ["made"]
    read(warehouse, FRIDAY_NOON + timedelta(hours=1), "partial")
    assert due.due(warehouse, FRIDAY_NOON + timedelta(hours=2)) == []


def test_an_exchange_has_news_an_hour_after_its_close_and_none_on_holidays(warehouse, only):
    only(source("XTKS"))
    # Tokyo closed on 2026-04-30 at 15:30 (06:30 UTC) for Golden Week, save Friday, 1 May.
    read(warehouse, datetime(2026, 5, 1, 7, 45, tzinfo=UTC))
    for day in (2, 3, 4, 5, 6):  # a weekend and three Japanese holidays
        assert due.due(warehouse, datetime(2026, 5, day, 23, tzinfo=UTC)) == []
    assert due.due(warehouse, datetime(2026, 5, 7, 7, 0, tzinfo=UTC)) == []
    assert due.due(warehouse, datetime(2026, 5, 7, 7, 45, tzinfo=UTC)) == ["made"]


def test_a_japanese_holiday_is_no_staleness():
    before, after = datetime(2026, 5, 6, 23, tzinfo=UTC), datetime(2026, 5, 9, tzinfo=UTC)
    assert calendars.is_stale("XTKS", pd.Timestamp("2026-05-01"), before) is False
    assert calendars.is_stale("XTKS", pd.Timestamp("2026-05-01"), after) is True


def test_beyond_the_end_of_a_calendar_every_day_may_have_news():
    now = datetime(2035, 1, 2, 3, tzinfo=UTC)
    assert calendars.last_due("XHKG", now) == datetime(2035, 1, 2, tzinfo=UTC)


def test_prices_follow_every_exchange_of_the_list(warehouse):
    prices = sources.load("stock_prices")
    followed = due._calendars(prices, warehouse, FRIDAY_NOON)
    assert {"XHKG", "XNYS", "XSHG"} <= followed
