"""The watch list: the user's edits beside the bundled lists, and files that cannot be trusted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import artonomics
from etl import app_search, pipeline, sources
from etl.config import Settings, bundled_dir
from etl.errors import InputError
from etl.schemas import STOCK_PRICES
from etl.sources import _live_prices
from etl.sources._watch import FILE, ORIGIN
from etl.warehouse import SnapshotReader
from etl.watchlist import Editor, market_of


@pytest.fixture
def editor(tmp_path: Path) -> Editor:
    return Editor(Settings(data_dir=tmp_path))


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run one command on a data folder of its own; return status, document and errors."""
    monkeypatch.setenv("ARTONOMICS_DATA", str(tmp_path))

    def run(*tokens: str) -> tuple[int, Any, str]:
        status = artonomics.run_command([*tokens, "--json"])
        told = capsys.readouterr()
        return status, json.loads(told.out) if told.out else None, told.err

    return run


def add(editor: Editor, ticker: str, **given: Any) -> dict[str, Any]:
    provider, intraday = given.pop("provider", None), given.pop("intraday", None)
    return editor.add_instrument(ticker, given, provider=provider, intraday=intraday)


def request_over(folder: Path) -> sources.Request:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 23, tzinfo=UTC)
    return sources.Request(True, bundled_dir(), now, user_dir=folder)


def test_a_share_is_added_with_what_follows_from_its_ticker(editor: Editor):
    row = add(editor, "9626.HK", name="Bilibili", company="Bilibili")

    assert row["calendar"] == "XHKG"
    assert row["currency"] == "HKD"
    assert row["benchmark"] == "^HSI"
    assert row["provider"] == "yahoo"
    assert row["provider_symbol"] == "9626.HK"
    assert row["evidence_kind"] == "assumed"
    assert row["watched"]


@pytest.mark.parametrize(
    ("ticker", "calendar", "board"),
    [
        ("300033.SZ", "XSHG", "szse_chinext"),
        ("000001.SZ", "XSHG", "szse_main"),
        ("688001.SS", "XSHG", "sse_star"),
        ("AAPL", "XNYS", "us"),
        ("6758.T", "XTKS", "none"),
    ],
)
def test_the_notation_says_where_a_share_trades(ticker: str, calendar: str, board: str):
    market = market_of(ticker)
    assert market is not None
    assert (market.calendar, market.board) == (calendar, board)


@pytest.mark.parametrize("ticker", ["^FTSE", "VOD.L", "EURUSD=X"])
def test_where_the_notation_is_silent_nothing_is_guessed(editor: Editor, ticker: str):
    with pytest.raises(InputError, match="--calendar and --currency"):
        add(editor, ticker, name="something")
    assert not editor.path.exists()


def test_the_bundled_rows_stay_as_they_are(editor: Editor, tmp_path: Path):
    module = sources.load("instruments")
    before = module.parse(module.fetch(request_over(tmp_path / "nobody")))
    add(editor, "9626.HK", name="Bilibili")

    after = module.parse(module.fetch(request_over(tmp_path)))

    own = after["ticker"] == "9626.HK"
    assert own.sum() == 1
    assert after.loc[own, "source_url"].tolist() == [ORIGIN]
    bundled = after.loc[~own].reset_index(drop=True)
    pd.testing.assert_frame_equal(bundled, before, check_dtype=False)


def test_a_removed_bundled_share_is_hidden_and_can_come_back(editor: Editor, tmp_path: Path):
    def fetched() -> list[str]:
        return [one.ticker for one in _live_prices.watched(request_over(tmp_path), "yahoo")]

    assert "1357.HK" in fetched()
    editor.remove_instrument("1357.HK")
    assert "1357.HK" not in fetched()
    assert "1357.HK" in set(editor.instruments()["ticker"])
    with pytest.raises(InputError, match="not watched"):
        editor.remove_instrument("1357.HK")
    add(editor, "1357.HK")
    assert "1357.HK" in fetched()


def test_an_added_share_is_fetched_until_it_is_removed(editor: Editor, tmp_path: Path):
    add(editor, "9626.HK", name="Bilibili", provider_symbol="BILI.X")
    wanted = _live_prices.watched(request_over(tmp_path), "yahoo")
    assert _live_prices.Wanted("9626.HK", "BILI.X", "XHKG") in wanted
    editor.remove_instrument("9626.HK")
    wanted = _live_prices.watched(request_over(tmp_path), "yahoo")
    assert "9626.HK" not in {one.ticker for one in wanted}


def test_a_bundled_share_takes_another_provider_but_no_other_name(editor: Editor):
    row = add(editor, "300058.SZ", provider="akshare", intraday=5)
    assert row["provider"] == "akshare"
    assert row["evidence_kind"] == "disclosed"
    with pytest.raises(InputError, match="bundled list describes"):
        add(editor, "300058.SZ", name="Another")


def test_the_users_comments_survive_an_edit(editor: Editor):
    add(editor, "9626.HK", name="Bilibili")
    text = editor.path.read_text().replace("[[instruments]]", "# mine\n[[instruments]]")
    editor.path.write_text(text)
    editor.remove_instrument("0700.HK")
    editor.remove_instrument("9888.HK")
    add(editor, "9626.HK", name="Bilibili Inc.")

    kept = editor.path.read_text()
    assert "# mine" in kept
    assert kept.count("Bilibili") == 1
    assert set(editor.instruments().query("not watched")["ticker"]) == {"0700.HK", "9888.HK"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("instruments = [", "no TOML"),
        ("hiden_apps = []", "hiden_apps: Extra inputs"),
        ('[[instruments]]\nticker = "A"\ncalendar = "XNYS"\ncurrency = "USD"', "name"),
        (
            '[[instruments]]\nticker = "A"\nname = "A"\ncalendar = "NOWHERE"\ncurrency = "USD"',
            "(A)",
        ),
        ('[providers]\n"1357.HK" = "bloomberg"', "providers.1357.HK"),
        (
            '[[instruments]]\nticker = "ADBE"\nname = "A"\ncalendar = "XNYS"\ncurrency = "USD"',
            "ADBE, which the bundled list has already",
        ),
        ('[[apps]]\napp_id = "1"\napp_name = "A"\n[[apps]]\napp_id = "1"\napp_name = "B"', "once"),
    ],
)
def test_a_spoilt_file_is_refused_with_the_place(editor: Editor, text: str, says: str):
    editor.path.write_text(text)
    with pytest.raises(InputError, match=r"got .*watch\.toml") as caught:
        editor.instruments(), editor.apps()
    assert says in str(caught.value)
    assert editor.path.read_text() == text


def test_an_app_of_a_known_seller_is_linked_to_company_and_ticker(editor: Editor):
    row = editor.add_app(
        "42", "app_store", {"app_name": "Splice", "seller": "Bending Spoons Apps APS"}
    )
    assert (row["company"], row["ticker"]) == ("Bending Spoons", "BSP")
    stranger = editor.add_app("43", "app_store", {"app_name": "X", "seller": "Nobody Else Ltd"})
    assert (stranger["company"], stranger["ticker"]) == (None, None)


def test_a_company_with_two_tickers_is_linked_to_none(editor: Editor):
    row = editor.add_app("44", "google_play", {"app_name": "Wenxin", "company": "Baidu"})
    assert row["ticker"] is None  # 9888.HK and BIDU


def test_a_run_brings_the_users_entries_into_the_snapshot(editor: Editor, tmp_path: Path):
    add(editor, "9626.HK", name="Bilibili")
    editor.add_app("42", "app_store", {"app_name": "Splice"})
    editor.remove_instrument("ADBE")
    settings = Settings(data_dir=tmp_path)
    first = pipeline.run(settings, ["instruments", "apps"], offline=True)
    second = pipeline.run(settings, ["instruments", "apps"], offline=True)
    add(editor, "ADBE")
    third = pipeline.run(settings, ["instruments"], offline=True)

    assert [entry.status for entry in (*first, *second)] == ["ok", "ok", "unchanged", "unchanged"]
    assert third[0].rows_changed == 1
    rows = SnapshotReader(tmp_path).query(
        "SELECT evidence_kind, watched FROM instruments WHERE ticker IN ('9626.HK', 'ADBE')"
    )
    assert sorted(rows["evidence_kind"]) == ["assumed", "disclosed"]
    assert rows["watched"].all()


def test_a_spoilt_file_fails_its_sources_and_no_other(tmp_path: Path):
    (tmp_path / FILE).write_text("hidden_apps = 3")
    done = pipeline.run(Settings(data_dir=tmp_path), ["apps", "gpus"], offline=True)
    assert [entry.status for entry in done] == ["failed", "ok"]
    assert "hidden_apps" in (done[0].error or "")


def test_bars_of_an_added_share_pass_the_rule_over_the_instruments(editor: Editor, tmp_path: Path):
    bar = pd.DataFrame({"ticker": ["9626.HK", "NONE"], "currency": ["HKD", "USD"]})
    rule = pipeline.extra_rule(STOCK_PRICES, replace(request_over(tmp_path), offline=False))
    assert rule is not None
    assert rule(bar)[0] is not None
    add(editor, "9626.HK", name="Bilibili")
    rule = pipeline.extra_rule(STOCK_PRICES, request_over(tmp_path))
    assert rule is not None
    assert rule(bar).isna().tolist() == [True, False]


def test_two_edits_at_once_lose_nothing(editor: Editor, tmp_path: Path):
    tickers = [f"{9600 + n}.HK" for n in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda ticker: add(editor, ticker, name=ticker), tickers))
    assert set(tickers) <= set(editor.instruments()["ticker"])
    assert [path.name for path in tmp_path.glob(".watch*")] == []


# The verbs


def test_the_verbs_edit_and_list(ask: Any):
    assert (
        ask("watch", "add", "instrument", "9626.HK", "--name", "Bilibili")[1]["currency"] == "HKD"
    )
    status, row, _ = ask(
        "watch", "add", "app", "--id", "7", "--name", "Lens", "--seller", "SNOW Corporation"
    )
    assert (status, row["company"]) == (0, "SNOW")
    assert ask("watch", "remove", "app", "7")[0] == 0
    _, listed, _ = ask("watch", "list")
    shares = {one["ticker"]: one for one in listed["instruments"]}
    apps = {one["app_id"]: one for one in listed["apps"]}
    assert (shares["9626.HK"]["origin"], shares["1357.HK"]["origin"]) == ("added", "bundled")
    assert apps["7"]["watched"] is False


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        (("add", "app"), "neither --id nor --search"),
        (("add", "app", "--id", "1"), "without its name"),
        (("add", "instrument", "a b", "--name", "x"), "ticker"),
        (("remove", "instrument", "1357.KH"), "perhaps you meant '1357.HK'"),
        (("remove", "app", "12"), "watch list"),
    ],
)
def test_wrong_input_is_told_and_writes_nothing(ask: Any, tmp_path: Path, tokens: Any, says: str):
    status, document, error = ask("watch", *tokens)
    assert (status, document) == (2, None)
    assert says in error
    assert not (tmp_path / FILE).exists()


RESULT = {
    "trackId": 1436732536,
    "trackName": "Lensa AI",
    "bundleId": "com.prisma-ai.lensa-app",
    "sellerName": "Prisma labs, inc.",
    "primaryGenreName": "Photo & Video",
}


def test_one_result_is_chosen_and_several_are_shown():
    other = RESULT | {"trackId": 2}
    asked: list[tuple[str, str]] = []

    def search(term: str, storefront: str):
        asked.append((term, storefront))
        return [RESULT, other]

    assert isinstance(app_search.choose("Lensa", "us", None, search), list)
    picked = app_search.choose("Lensa", "us", 2, search)
    assert isinstance(picked, app_search.Found)
    assert picked.app_id == "2"
    assert asked[0] == ("Lensa", "US")
    with pytest.raises(InputError, match="from 1 to 2"):
        app_search.choose("Lensa", "us", 3, search)
    with pytest.raises(InputError, match="no app for"):
        app_search.choose("Lensa", "us", None, lambda *_: [])


def test_a_found_app_is_added_with_its_company(ask: Any, monkeypatch: pytest.MonkeyPatch):
    found = RESULT | {"trackId": 99}
    monkeypatch.setattr(app_search, "_apple", lambda: lambda term, storefront: [found])
    status, row, _ = ask("watch", "add", "app", "--search", "Lensa", "--storefront", "US")
    assert status == 0
    assert (row["app_id"], row["company"]) == ("99", "Prisma Labs")
