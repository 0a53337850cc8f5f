"""Live bars from a stand-in that speaks Yahoo's format, and every way it can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yfinance
from curl_cffi import requests
from servers.yahoo import CRUMB, Fault, LocalSession, Series, Yahoo, rising_bars

from etl.calendars import completed_sessions
from etl.config import bundled_dir
from etl.errors import SourceError
from etl.sources import Raw, Request, _live_prices, stock_prices
from etl.sources._live_prices import ADJUSTMENT
from etl.sources._yahoo import Pace

NOW = datetime(2024, 3, 8, 12, tzinfo=UTC)
FIRST = date(2024, 2, 19)
DAYS = [day.date() for day in completed_sessions("XHKG", FIRST, date(2024, 3, 8), NOW).days]
MEITU, TENCENT = "1357.HK", "0700.HK"

Fetch = Callable[..., Raw]


@pytest.fixture
def waits() -> list[float]:
    """Return the list of all waits the collector would have made."""
    return []


@pytest.fixture
def two_tickers(own_bundle: Path) -> Path:
    """Return a bundle whose instruments are Meitu and Tencent."""
    path = own_bundle / "snapshots" / "instruments.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *(x for x in lines if x.startswith((MEITU, TENCENT)))]))
    return own_bundle


@pytest.fixture
def fetch(
    yahoo: Yahoo,
    two_tickers: Path,
    tmp_path: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> Fetch:
    """Run the source as it is run live, against the stand-in and without waiting."""
    monkeypatch.setattr(_live_prices, "FIRST_DAY", FIRST)
    yahoo.series = {MEITU: Series(rising_bars(DAYS)), TENCENT: Series(rising_bars(DAYS, 300.0))}

    def run(**changes: Any) -> Raw:
        request = Request(
            **{
                "offline": False,
                "bundled": two_tickers,
                "now": NOW,
                "raw_dir": tmp_path / "raw",
                **changes,
            }
        )
        with LocalSession(yahoo.port) as session:
            return stock_prices.fetch(request, session=session, pace=Pace(sleep=waits.append))

    return run


def bars_of(raw: Raw, ticker: str = MEITU) -> pd.DataFrame:
    frame = stock_prices.parse(raw)
    return frame[frame["ticker"].eq(ticker)].set_index("trade_date")


def test_bars_arrive_as_yahoo_gave_them(fetch: Fetch) -> None:
    raw = fetch()
    assert raw.failures == ()
    assert raw.mode == "live"
    bars = bars_of(raw)
    assert list(bars.index) == [pd.Timestamp(day) for day in DAYS]
    first = bars.iloc[0]
    assert first[["open", "high", "low", "close"]].tolist() == [9.95, 10.1, 9.9, 10.0]
    assert first[["adjusted_close", "volume", "currency"]].tolist() == [9.0, 1_000_000, "HKD"]
    assert set(bars["adjustment"]) == {ADJUSTMENT}
    assert set(bars["evidence_kind"]) == {"measured"}
    assert set(bars["source_url"]) == {"https://finance.yahoo.com/quote/1357.HK/history"}


def test_the_server_is_asked_with_cookie_and_crumb_and_politely(
    fetch: Fetch, yahoo: Yahoo, waits: list[float]
) -> None:
    fetch()
    assert "fc.yahoo.com/" in yahoo.paths
    assert "query1.finance.yahoo.com/v1/test/getcrumb" in yahoo.paths
    assert set(yahoo.crumbs) == {CRUMB}
    assert waits == [Pace().pause_seconds]
    charts = [path for path in yahoo.paths if "/v8/finance/chart/" in path]
    assert len(yahoo.paths) == len(set(yahoo.paths)), "each address is asked for once"
    assert len(charts) == 2


def test_raw_answers_and_the_cache_lie_under_the_raw_folder(
    fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    fetch()
    kept = tmp_path / "raw" / "stock_prices" / "20240308T120000Z" / "1357.HK.json"
    assert json.loads(kept.read_text())["chart"]["result"][0]["meta"]["symbol"] == MEITU
    assert list((tmp_path / "raw" / "yfinance").iterdir())
    assert not list(home.iterdir())


@pytest.mark.parametrize(
    ("fault", "reason", "asks_again"),
    [
        ("empty", "Yahoo answered without any bars for these days", False),
        ("429", "too many requests (HTTP 429)", True),
        ("500", "the server answered HTTP 500", True),
        ("html", "the answer is not JSON (text/html)", True),
        ("cut", "the connection failed (", True),
    ],
)
def test_a_fault_is_told_by_ticker_and_the_others_go_on(
    fetch: Fetch, yahoo: Yahoo, waits: list[float], fault: Fault, reason: str, asks_again: bool
) -> None:
    yahoo.faults[MEITU] = [fault] * 100
    raw = fetch()
    assert len(raw.failures) == 1
    assert raw.failures[0].startswith(f"{MEITU}: {reason}")
    assert bars_of(raw).empty
    assert len(bars_of(raw, TENCENT)) == len(DAYS)
    assert len(waits) == (Pace().attempts - 1 if asks_again else 0) + 1


@pytest.mark.parametrize("fault", ["429", "500", "html", "cut"])
def test_a_passing_fault_is_overcome_by_asking_again(
    fetch: Fetch, yahoo: Yahoo, waits: list[float], fault: Fault
) -> None:
    # yfinance itself repeats once after an error status, so two in a row reach the collector.
    yahoo.faults[MEITU] = [fault] * 2
    raw = fetch()
    assert raw.failures == ()
    assert len(bars_of(raw)) == len(DAYS)
    assert waits[0] >= Pace().first_wait_seconds


def test_waits_grow_and_are_never_equal(fetch: Fetch, yahoo: Yahoo, waits: list[float]) -> None:
    yahoo.faults[MEITU] = ["html"] * 100
    fetch()
    first, second, third = waits[:3]
    assert 2 <= first <= 4 <= second <= 6 <= 8 <= third <= 10
    yahoo.faults[MEITU] = ["html"] * 100
    waits_before = waits[:3]
    waits.clear()
    fetch()
    assert waits[:3] != waits_before


def test_a_rate_limited_server_is_given_the_time_it_asks_for(
    fetch: Fetch, yahoo: Yahoo, waits: list[float]
) -> None:
    yahoo.retry_after = "45"
    yahoo.faults[MEITU] = ["429"] * 2
    assert fetch().failures == ()
    assert waits[0] == 45


def test_a_server_that_asks_for_an_hour_is_not_asked_again(
    fetch: Fetch, yahoo: Yahoo, waits: list[float]
) -> None:
    yahoo.retry_after = "3600"
    yahoo.faults[MEITU] = ["429"] * 100
    raw = fetch()
    assert raw.failures == (f"{MEITU}: too many requests (HTTP 429, asked to wait 3600 s)",)
    assert waits == [Pace().pause_seconds]


def test_a_ticker_that_does_not_exist_is_told_and_not_asked_for_again(
    fetch: Fetch, yahoo: Yahoo, waits: list[float]
) -> None:
    del yahoo.series[MEITU]
    raw = fetch()
    assert raw.failures == (f"{MEITU}: Yahoo knows no such ticker (HTTP 404)",)
    assert waits == [Pace().pause_seconds]


def test_an_answer_for_another_ticker_is_refused(fetch: Fetch, yahoo: Yahoo) -> None:
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], answers_as="MEITU.OLD")
    assert fetch().failures == (f"{MEITU}: Yahoo answered for 'MEITU.OLD' instead",)


def test_a_close_is_not_taken_for_a_missing_adjusted_close(fetch: Fetch, yahoo: Yahoo) -> None:
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], with_adjusted_close=False)
    assert "no adjusted close" in fetch().failures[0]


def test_missing_days_are_told_by_ticker_and_date(fetch: Fetch, yahoo: Yahoo) -> None:
    kept = rising_bars(day for day in DAYS if not date(2024, 2, 26) <= day <= date(2024, 2, 28))
    yahoo.series[MEITU] = Series(kept)
    raw = fetch()
    assert raw.failures == (
        f"{MEITU}: no bars on 2024-02-26 to 2024-02-28 (3 sessions) though XHKG was open",
    )
    assert len(bars_of(raw)) == len(DAYS) - 3


def test_days_before_the_first_trade_are_not_missing(fetch: Fetch, yahoo: Yahoo) -> None:
    yahoo.series[MEITU] = Series(rising_bars(DAYS[5:]))
    assert fetch().failures == ()


def test_a_bar_of_a_session_that_is_not_over_is_left_out(fetch: Fetch) -> None:
    at_noon_in_hong_kong = datetime(2024, 3, 8, 4, tzinfo=UTC)
    raw = fetch(now=at_noon_in_hong_kong)
    assert bars_of(raw).index.max() == pd.Timestamp("2024-03-07")
    assert raw.failures == ()


def test_an_unknown_volume_or_price_stays_missing_and_zero_stays_zero(
    fetch: Fetch, yahoo: Yahoo
) -> None:
    bars = list(rising_bars(DAYS))
    bars[2] = replace(bars[2], volume=None)
    bars[3] = replace(bars[3], volume=0)
    bars[4] = replace(bars[4], open=None, low=None)
    yahoo.series[MEITU] = Series(tuple(bars))
    got = bars_of(fetch())
    assert got["volume"].isna().tolist() == [n == 2 for n in range(len(DAYS))]
    assert got["volume"].iloc[3] == 0
    assert got["open"].isna().tolist() == got["low"].isna().tolist()
    assert got["open"].isna().tolist() == [n == 4 for n in range(len(DAYS))]


def test_prices_as_traded_are_restored_from_later_splits(fetch: Fetch, yahoo: Yahoo) -> None:
    splits = ((DAYS[4], 2, 1), (DAYS[8], 5, 1))
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], splits=splits)
    bars = bars_of(fetch())
    factor = bars["raw_close"] / bars["close"]
    expected = [10.0] * 4 + [5.0] * 4 + [1.0] * (len(DAYS) - 8)
    assert factor.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("days", [{"end": date(2024, 3, 1)}, {"start": date(2024, 3, 1)}])
def test_a_series_comes_whole_whichever_days_are_wanted(fetch: Fetch, days: Any) -> None:
    pd.testing.assert_frame_equal(bars_of(fetch(**days)), bars_of(fetch()))


def test_an_error_about_past_days_is_not_remembered(fetch: Fetch, yahoo: Yahoo) -> None:
    yahoo.faults[MEITU] = ["html"] * 2
    raw = fetch(end=date(2024, 3, 1))
    assert raw.failures == ()
    assert not bars_of(raw).empty


def test_a_day_in_new_york_keeps_its_date(fetch: Fetch, yahoo: Yahoo, two_tickers: Path) -> None:
    path = two_tickers / "snapshots" / "instruments.csv"
    shipped = (bundled_dir() / "snapshots" / "instruments.csv").read_text().splitlines()
    path.write_text("\n".join([shipped[0], *(x for x in shipped if x.startswith("ADBE,"))]) + "\n")
    days = completed_sessions("XNYS", FIRST, date(2024, 3, 7), NOW).days
    yahoo.series["ADBE"] = Series(
        rising_bars(day.date() for day in days), "USD", "America/New_York", time(9, 30)
    )
    raw = fetch()
    assert raw.failures == ()
    assert list(bars_of(raw, "ADBE").index) == list(days)


def test_nothing_at_all_is_an_error_that_says_what_to_do(fetch: Fetch, yahoo: Yahoo) -> None:
    yahoo.series.clear()
    with pytest.raises(SourceError) as caught:
        fetch()
    assert "2 tickers" in caught.value.got
    assert MEITU in caught.value.got
    assert "artonomics etl run --offline" in caught.value.todo


def test_a_server_out_of_reach_is_given_up_before_every_ticker_has_waited(
    yahoo: Yahoo, own_bundle: Path, waits: list[float]
) -> None:
    everything = Request(offline=False, bundled=own_bundle, now=NOW)
    with LocalSession(port=9) as session, pytest.raises(SourceError):
        stock_prices.fetch(everything, session=session, pace=Pace(sleep=waits.append))
    asked = Pace().hopeless_after
    assert len(waits) == asked * (Pace().attempts - 1) + (asked - 1)


def test_without_a_connection_nobody_else_is_asked_and_nothing_is_muttered(
    yahoo: Yahoo, own_bundle: Path, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    class Nowhere(LocalSession):
        """Knows no server's name."""

        def request(self, method: Any, url: str, *args: Any, **options: Any) -> Any:
            asked.append(url)
            raise requests.exceptions.DNSError("Could not resolve host", 6)

    asked: list[str] = []
    everything = Request(offline=False, bundled=own_bundle, now=NOW)
    with Nowhere(yahoo.port) as session, pytest.raises(SourceError, match="name is not known"):
        stock_prices.fetch(everything, session=session, pace=Pace(sleep=waits.append))
    assert waits == []
    charts = {url for url in asked if "/v8/finance/chart/" in url}
    assert len(charts) == 1
    assert not caplog.records


def test_yfinance_is_left_as_it_was_found(fetch: Fetch) -> None:
    assert yfinance.config.debug.hide_exceptions is True
    fetch()
    assert yfinance.config.debug.hide_exceptions is True
