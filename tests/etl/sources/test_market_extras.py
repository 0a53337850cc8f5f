"""Dividends, splits, share counts, factors and intraday bars from Yahoo's stand-in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from servers.yahoo import LocalSession, Series, Yahoo, rising_bars

from etl import checks, pipeline
from etl.calendars import completed_sessions, session_of
from etl.config import Settings
from etl.errors import SourceError
from etl.sources import (
    Raw,
    Request,
    _live_prices,
    corporate_actions,
    factor_series,
    intraday_prices,
    shares_outstanding,
    stock_prices,
)
from etl.sources._yahoo import Pace

NOW = datetime(2024, 3, 8, 12, tzinfo=UTC)
FIRST = date(2024, 2, 19)
DAYS = [day.date() for day in completed_sessions("XHKG", FIRST, date(2024, 3, 8), NOW).days]
MEITU, TENCENT = "1357.HK", "0700.HK"
ALL = (corporate_actions, factor_series, intraday_prices, shares_outstanding)

Fetch = Callable[..., Raw]


@pytest.fixture
def fetch(yahoo: Yahoo, own_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    """Run a source live over Meitu and Tencent, against the stand-in and without waiting."""
    monkeypatch.setattr(_live_prices, "FIRST_DAY", FIRST)
    path = own_bundle / "snapshots" / "instruments.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], *(x for x in lines if x.startswith((MEITU, TENCENT)))]))
    yahoo.series = {MEITU: Series(rising_bars(DAYS)), TENCENT: Series(rising_bars(DAYS, 300.0))}

    def run(module: Any, **changes: Any) -> Raw:
        request = Request(False, own_bundle, NOW, raw_dir=tmp_path / "raw", user_dir=tmp_path)
        with LocalSession(yahoo.port) as session:
            asked = replace(request, **changes)
            return module.fetch(asked, session=session, pace=Pace(sleep=lambda _: None))

    return run


def let_in(module: Any, raw: Raw) -> pd.DataFrame:
    """Parse and check as a run does; nothing may be rejected."""
    checked = checks.check(module.INFO.table, module.parse(raw))
    assert checked.rejected.empty, checked.rejected["reason"].tolist()
    return checked.rows


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.INFO.name)
def test_their_terms_forbid_an_export_and_nothing_is_bundled(module: ModuleType):
    assert (module.INFO.redistributable, module.INFO.live, module.INFO.bundled) == (
        "no",
        True,
        False,
    )
    with pytest.raises(SourceError, match="--offline"):
        module.fetch(Request(True, Path(), NOW))


def test_only_intraday_bars_wait_to_be_asked_for():
    assert [module.INFO.name for module in ALL if module.INFO.on_request] == ["intraday_prices"]


# Dividends and splits


def test_a_dividend_is_told_as_paid_and_as_adjusted(fetch: Fetch, yahoo: Yahoo):
    yahoo.series[MEITU] = replace(
        yahoo.series[MEITU],
        dividends=((DAYS[2], 0.1), (DAYS[9], 0.2)),
        splits=((DAYS[5], 2, 1), (DAYS[7], 1, 10)),
    )
    rows = let_in(corporate_actions, fetch(corporate_actions)).set_index(["action_date", "kind"])
    assert len(rows) == 4
    early, late = (rows.loc[(pd.Timestamp(DAYS[n]), "dividend")] for n in (2, 9))
    assert early["amount_split_adjusted"] == 0.1
    assert early["amount_as_paid"] == pytest.approx(0.1 * 2 / 10)
    assert late["amount_as_paid"] == pytest.approx(0.2)
    assert (early["currency"], early["evidence_kind"]) == ("HKD", "measured")
    split = rows.loc[(pd.Timestamp(DAYS[7]), "split")]
    assert split["split_ratio"] == pytest.approx(0.1)
    assert pd.isna(split["currency"])


def test_where_nothing_happened_the_answer_is_right_and_empty(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    raw = fetch(corporate_actions)
    assert raw.failures == ()
    assert let_in(corporate_actions, raw).empty
    monkeypatch.setattr(corporate_actions, "fetch", lambda _: raw)
    settings = Settings(data_dir=tmp_path / "data")
    done = pipeline.run(settings, ["corporate_actions"], offline=False)
    assert [(entry.status, entry.error) for entry in done] == [("unchanged", None)]


def test_a_day_in_new_york_keeps_its_date(fetch: Fetch, yahoo: Yahoo):
    yahoo.series[MEITU] = Series(
        rising_bars(DAYS), "USD", "America/New_York", time(9, 30), dividends=((DAYS[3], 1.0),)
    )
    rows = let_in(corporate_actions, fetch(corporate_actions))
    assert rows["action_date"].tolist() == [pd.Timestamp(DAYS[3])]


# Share counts


def test_share_counts_come_as_counted(fetch: Fetch, yahoo: Yahoo):
    counts = ((DAYS[1], 4.5e9), (DAYS[6], 4.6e9))
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], shares=counts)
    raw = fetch(shares_outstanding)
    rows = let_in(shares_outstanding, raw)
    assert rows[["observed_on", "shares"]].values.tolist() == [
        [pd.Timestamp(day), shares] for day, shares in counts
    ]
    assert raw.failures == (f"{TENCENT}: Yahoo counts no shares for it",)


def test_no_share_count_at_all_is_an_error(fetch: Fetch):
    with pytest.raises(SourceError, match="counts no shares"):
        fetch(shares_outstanding)


# Factors


def test_a_crypto_day_ends_at_midnight_utc_and_an_index_day_with_its_session(
    fetch: Fetch, yahoo: Yahoo
):
    days = [day.date() for day in pd.date_range(FIRST, "2024-03-08")]
    for symbol in ("BTC-USD", "ETH-USD"):
        yahoo.series[symbol] = Series(rising_bars(days, 5e4), "USD", "UTC", time(0))
    weekdays = [d.date() for d in completed_sessions("XNYS", FIRST, date(2024, 3, 8), NOW).days]
    yahoo.series["^IXIC"] = Series(rising_bars(weekdays), "USD", "America/New_York")
    raw = fetch(factor_series)
    rows = let_in(factor_series, raw)
    btc = rows.loc[rows["factor"] == "BTC-USD"]
    assert btc["observed_on"].tolist() == list(pd.date_range(FIRST, "2024-03-07"))
    assert set(btc["factor_type"]) == {"crypto"}
    assert set(rows.loc[rows["factor"] == "^IXIC", "unit"]) == {"index points"}
    assert raw.failures == ("^VIX: Yahoo knows no such ticker (HTTP 404)",)


# Intraday


def five_minutes(day: str, *hours: str) -> tuple[tuple[datetime, float | None, int | None], ...]:
    """Return bars of New York's or Hong Kong's local hours, given with their offset."""
    return tuple(
        (datetime.fromisoformat(f"{day}T{hour}"), 3.0 + n / 10, 1000 * n)
        for n, hour in enumerate(hours)
    )


def test_intraday_bars_are_utc_with_their_session(fetch: Fetch, yahoo: Yahoo):
    bars = five_minutes("2024-03-07", "09:25+08:00", "09:30+08:00", "15:55+08:00", "16:00+08:00")
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], minutes={"5m": bars})
    raw = fetch(intraday_prices)
    rows = let_in(intraday_prices, raw)
    assert rows["opened_at"].tolist()[0] == pd.Timestamp("2024-03-07 01:25", tz="UTC")
    assert rows["session"].tolist() == ["pre", "regular", "regular", "after"]
    assert rows["volume"].isna().tolist() == [True, False, False, False]
    assert set(rows["trade_date"]) == {pd.Timestamp("2024-03-07")}
    assert set(rows["interval_minutes"]) == {5}
    assert raw.failures[-1].startswith(f"{TENCENT}: Yahoo answered without any bars")


def test_a_bar_without_a_trade_or_not_over_has_no_row(fetch: Fetch, yahoo: Yahoo):
    bars = five_minutes("2024-03-08", "10:00+08:00", "10:05+08:00", "10:10+08:00")
    bars = (bars[0], (bars[1][0], None, None), bars[2])
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], minutes={"5m": bars})
    at = datetime(2024, 3, 8, 2, 12, tzinfo=UTC)  # 10:12 in Hong Kong
    rows = let_in(intraday_prices, fetch(intraday_prices, now=at))
    assert rows["opened_at"].tolist() == [pd.Timestamp("2024-03-08 02:00", tz="UTC")]


def test_the_users_choice_of_shares_and_minutes_is_kept(fetch: Fetch, yahoo: Yahoo, tmp_path: Path):
    (tmp_path / "watch.toml").write_text(f'[intraday_minutes]\n"{MEITU}" = 1\n')
    bars = five_minutes("2024-03-07", "10:00+08:00")
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], minutes={"1m": bars})
    raw = fetch(intraday_prices, start=date(2024, 2, 26))
    rows = let_in(intraday_prices, raw)
    assert raw.failures[0].startswith(f"{MEITU}: 2024-02-26 to 2024-03-03: Yahoo answered without")
    assert rows["interval_minutes"].tolist() == [1]
    spans = [(high - low) // 86400 for symbol, low, high in yahoo.spans]
    assert {symbol for symbol, *_ in yahoo.spans} == {MEITU}
    assert len(spans) == 2
    assert max(spans) <= 7


def test_days_the_provider_no_longer_keeps_are_told(fetch: Fetch, yahoo: Yahoo):
    bars = five_minutes("2024-03-07", "10:00+08:00")
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], minutes={"5m": bars})
    raw = fetch(intraday_prices, start=date(2023, 1, 1))
    assert any("for 60 days only; nothing before 2024-01-09" in told for told in raw.failures)
    with pytest.raises(SourceError, match="no bars of 5 minutes before"):
        fetch(intraday_prices, start=date(2023, 1, 1), end=date(2023, 1, 5))


def test_bars_of_another_length_are_refused(fetch: Fetch, yahoo: Yahoo, monkeypatch: Any):
    import servers.yahoo as stand_in

    real = stand_in._intraday

    def as_hours(symbol: str, series: Series, query: dict[str, str]) -> dict[str, Any]:
        answer = real(symbol, series, query)
        return answer | {"meta": answer["meta"] | {"dataGranularity": "1h"}}

    monkeypatch.setattr(stand_in, "_intraday", as_hours)
    bars = five_minutes("2024-03-07", "10:00+08:00")
    yahoo.series[MEITU] = replace(yahoo.series[MEITU], minutes={"5m": bars})
    with pytest.raises(SourceError, match="bars of 1h, not of 5 minutes"):
        fetch(intraday_prices)


def test_days_without_a_session_have_no_session():
    instants = pd.Series(pd.to_datetime(["2024-03-09 10:00", "2024-03-08 16:00"], utc=True))
    assert session_of("XNYS", instants) == [None, "regular"]


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.INFO.name)
def test_a_failing_server_is_told_and_not_swallowed(fetch: Fetch, yahoo: Yahoo, module: ModuleType):
    for symbol in (MEITU, TENCENT, *factor_series.FACTORS):
        yahoo.series[symbol] = Series(rising_bars(DAYS))
        yahoo.faults[symbol] = ["html"] * 200
    with pytest.raises(SourceError, match=r"not JSON|no answer"):
        fetch(module)


def test_raw_answers_are_kept_by_source(fetch: Fetch, tmp_path: Path):
    fetch(corporate_actions)
    fetch(stock_prices)
    kept = {path.parent.parent.name for path in (tmp_path / "raw").rglob("1357.HK.json")}
    assert kept == {"corporate_actions", "stock_prices"}
