"""The second provider: same contract as the first, chosen share by share, absent by default."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from servers.akshare import Akshare

from etl import checks, pipeline
from etl.calendars import completed_sessions
from etl.config import Settings, bundled_dir
from etl.errors import SourceError
from etl.sources import (
    Raw,
    Request,
    _akshare,
    _live_prices,
    akshare_prices,
    instruments,
    share_turnover,
)
from etl.sources._yahoo import AnswerError, Pace

NOW = datetime(2024, 3, 8, 12, tzinfo=UTC)
FIRST = date(2024, 2, 19)
BLUEFOCUS, MEITU = "300058.SZ", "1357.HK"
BOTH = (akshare_prices, share_turnover)

Fetch = Callable[..., Raw]


def sessions(calendar: str) -> list[date]:
    return [day.date() for day in completed_sessions(calendar, FIRST, NOW.date(), NOW).days]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Akshare:
    """Put the stand-in where the package would be."""
    monkeypatch.setattr(_live_prices, "FIRST_DAY", FIRST)
    known = Akshare({"300058": sessions("XSHG"), "01357": sessions("XHKG")})
    monkeypatch.setitem(sys.modules, "akshare", known)  # pyright: ignore
    return known


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    """Run a source live with two shares assigned to akshare."""
    lines = "\n".join(f'"{ticker}" = "akshare"' for ticker in (BLUEFOCUS, MEITU))
    (tmp_path / "watch.toml").write_text(f"[providers]\n{lines}\n")

    def run(module: Any, **changes: Any) -> Raw:
        request = Request(False, bundled_dir(), **{"now": NOW, "user_dir": tmp_path, **changes})
        return module.fetch(request, pace=Pace(sleep=lambda _: None))

    return run


def test_bars_are_as_traded_with_a_forward_adjusted_close(fetch: Fetch, provider: Akshare):
    raw = fetch(akshare_prices)
    assert raw.failures == ()
    listed = instruments.parse(instruments.fetch(Request(True, bundled_dir(), NOW)))
    rule = checks.against_instruments(listed)
    checked = checks.check(akshare_prices.INFO.table, akshare_prices.parse(raw), rule)
    assert checked.rejected.empty
    rows = checked.rows.set_index(["ticker", "trade_date"])
    share = rows.loc[BLUEFOCUS].iloc[0]
    assert share[["close", "raw_close", "adjusted_close"]].tolist() == [10.0, 10.0, 9.5]
    assert share["volume"] == 216320 * 100  # given in lots
    assert rows.loc[MEITU].iloc[0]["volume"] == 216320
    assert share[["currency", "adjustment"]].tolist() == ["CNY", akshare_prices.ADJUSTMENT]
    assert share["source_url"] == "https://quote.eastmoney.com/sz300058.html"
    assert rows.loc[MEITU].iloc[0]["source_url"] == "https://quote.eastmoney.com/hk/01357.html"
    assert len(rows.loc[BLUEFOCUS]) == len(sessions("XSHG"))
    assert ("hk", "01357", "qfq") in provider.asked


def test_turnover_comes_in_money_and_as_a_ratio(fetch: Fetch, provider: Akshare):
    raw = fetch(share_turnover)
    checked = checks.check(share_turnover.INFO.table, share_turnover.parse(raw))
    assert checked.rejected.empty
    assert checked.rows["turnover_rate"].unique().tolist() == [pytest.approx(0.0079)]
    assert checked.rows["turnover"].unique().tolist() == [108760642.0]
    assert {adjust for *_, adjust in provider.asked} == {""}


@pytest.mark.parametrize("module", BOTH, ids=lambda module: module.INFO.name)
def test_without_a_share_of_its_own_nothing_is_asked_nor_needed(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "akshare", None)
    name = module.INFO.name
    done = pipeline.run(Settings(data_dir=tmp_path), [name], offline=False, now=NOW)
    assert [(entry.status, entry.error) for entry in done] == [("unchanged", None)]


@pytest.mark.parametrize("module", BOTH, ids=lambda module: module.INFO.name)
def test_an_absent_package_names_the_extra(
    fetch: Fetch, module: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "akshare", None)
    with pytest.raises(SourceError, match=r"\.\[akshare\]"):
        fetch(module)


def test_a_share_of_its_own_is_not_asked_of_yahoo(fetch: Fetch, tmp_path: Path):
    request = Request(False, bundled_dir(), NOW, user_dir=tmp_path)
    yahoo = {one.ticker for one in _live_prices.watched(request, "yahoo")}
    assert not yahoo & {BLUEFOCUS, MEITU}
    assert "ADBE" in yahoo


def test_missing_days_and_open_sessions_are_treated_as_with_the_first_provider(
    fetch: Fetch, provider: Akshare
):
    provider.days["01357"] = [d for d in sessions("XHKG") if d != date(2024, 2, 26)]
    raw = fetch(akshare_prices, now=datetime(2024, 3, 8, 4, tzinfo=UTC))
    assert raw.failures == (f"{MEITU}: no bars on 2024-02-26 though XHKG was open",)
    assert akshare_prices.parse(raw)["trade_date"].max().date() == date(2024, 3, 7)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (requests.exceptions.ConnectionError("reset"), "the connection failed (ConnectionError)"),
        (requests.exceptions.ReadTimeout("slow"), "the connection failed (ReadTimeout)"),
        (ValueError("Expecting value"), "not what akshare expects"),
        (TypeError("'NoneType' object is not subscriptable"), "not what akshare expects"),
    ],
)
def test_faults_are_told_by_share(fetch: Fetch, provider: Akshare, fault: Exception, says: str):
    provider.fault = fault
    with pytest.raises(SourceError) as caught:
        fetch(akshare_prices)
    assert f"{MEITU}: " in caught.value.got
    assert says in caught.value.got
    assert "Eastmoney through akshare" in caught.value.got


def test_a_passing_fault_is_asked_again_and_a_lasting_one_is_not(fetch: Fetch, provider: Akshare):
    provider.fault = ValueError("no JSON")
    with pytest.raises(SourceError):
        fetch(share_turnover)
    assert len(provider.asked) == 2
    provider.fault, provider.asked = requests.exceptions.ConnectionError(), []
    with pytest.raises(SourceError):
        fetch(share_turnover)
    assert len(provider.asked) == 2 * Pace().attempts


def test_a_renamed_column_is_told(fetch: Fetch, provider: Akshare):
    provider.without = "成交额"
    with pytest.raises(SourceError, match="no columns 成交额; akshare has changed"):
        fetch(akshare_prices)


def test_an_unknown_share_is_told_and_the_other_goes_on(fetch: Fetch, provider: Akshare):
    del provider.days["01357"]
    raw = fetch(akshare_prices)
    assert raw.failures == (f"{MEITU}: the provider answered without any bars for these days",)
    assert set(akshare_prices.parse(raw)["ticker"]) == {BLUEFOCUS}


@pytest.mark.parametrize("ticker", ["ADBE", "^HSI", "000300.SS", "399001.SZ", "6758.T"])
def test_other_markets_and_indices_are_refused(ticker: str):
    with pytest.raises(AnswerError, match="Shenzhen, Shanghai and Hong Kong"):
        _akshare.code_of(ticker)


@pytest.mark.parametrize("module", BOTH, ids=lambda module: module.INFO.name)
def test_its_terms_forbid_an_export(module: ModuleType):
    assert module.INFO.redistributable == "no"
    assert not module.INFO.bundled
