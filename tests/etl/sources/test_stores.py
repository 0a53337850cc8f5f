"""The app stores, against local servers that speak their formats, with the faults they can have."""

from __future__ import annotations

import email.utils
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from etl import checks, pipeline, sources
from etl.config import Collection, Settings, bundled_dir, collection
from etl.errors import InputError, SourceError
from etl.sources import Raw, Request, _http, _itunes, _stores
from etl.sources._google_play import BRACKETS, upper_end
from etl.sources._http import Polite
from etl.warehouse import SnapshotReader
from tests.servers.stores import APPS, LocalSession, Stores, stores_server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STORE_SOURCES = (
    "apple_charts",
    "itunes_ratings",
    "itunes_versions",
    "google_play_ratings",
    "google_play_versions",
    "google_play_installs",
)
SMALL = """
storefronts = ["JP", "US"]
genres = ["overall", "photo_and_video"]
google_play_apps = ["com.bigwinepot.nwdn.international"]
"""
Fetch = Callable[..., Raw]


@pytest.fixture
def stores() -> Iterator[Stores]:
    with stores_server() as server:
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def fetch(stores: Stores, waits: list[float], tmp_path: Path) -> Fetch:
    """Return a function that lets a source ask the stand-in: ``fetch("apple_charts")``."""

    def ask(name: str, settings: str = SMALL, timeout: float = 5.0) -> Raw:
        (tmp_path / "collection.toml").write_text(settings)
        request = Request(False, bundled_dir(), NOW, raw_dir=tmp_path / "raw", user_dir=tmp_path)
        module: Any = sources.load(name)
        session = LocalSession(stores.port, timeout)
        return module.fetch(request, session=session, sleep=waits.append)

    return ask


@pytest.fixture
def polite(stores: Stores, waits: list[float]) -> Polite:
    session = LocalSession(stores.port)
    return Polite({"*": 0.0}, 50, session=session, sleep=waits.append)


def checked(name: str, raw: Raw) -> checks.Checked:
    module = sources.load(name)
    return checks.check(module.INFO.table, module.parse(raw))


# What the sources give


@pytest.mark.parametrize("name", STORE_SOURCES)
def test_a_source_gives_rows_that_pass_every_check(fetch: Fetch, name: str) -> None:
    raw = fetch(name)
    told = checked(name, raw)
    assert len(told.rows) > 0
    assert told.rejected.empty
    assert (told.rows["retrieved_at"] == pd.Timestamp(NOW)).all()


@pytest.mark.parametrize("name", STORE_SOURCES)
def test_an_offline_run_does_not_touch_a_store(name: str, stores: Stores) -> None:
    assert name not in sources.standing(offline=True)
    with pytest.raises(SourceError, match="live run"):
        sources.load(name).fetch(Request(True, bundled_dir(), NOW))
    assert stores.asked == []


def test_charts_are_read_by_storefront_type_and_genre(fetch: Fetch, stores: Stores) -> None:
    rows = checked("apple_charts", fetch("apple_charts")).rows
    assert len(rows) == 2 * 2 * 3 * len(APPS)
    first = rows.query("storefront == 'JP' and chart_type == 'paid' and category == 'overall'")
    assert first["rank"].tolist() == [1, 2, 3, 4]
    assert first["app_id"].tolist() == [bundle for bundle, _, _ in APPS.values()]
    assert set(first["chart_depth"]) == {4}
    # The instant is the feed's own, 09:12:33 at -07:00.
    assert set(first["chart_snapshot_id"]) == {"apple-20261122T161233Z"}
    assert set(first["observed_on"].dt.date) == {date(2026, 11, 22)}
    assert stores.times("/jp/rss/toppaidapplications/limit=200/json") == 1
    assert stores.times("/us/rss/topgrossingapplications/limit=200/genre=6008/json") == 1


def test_a_chart_of_one_app_and_of_none_are_charts_too(fetch: Fetch, stores: Stores) -> None:
    stores.charts = {"topfreeapplications": ["1436732536"], "toppaidapplications": []}
    raw = fetch("apple_charts")
    counted = checked("apple_charts", raw).rows["chart_type"].value_counts()
    assert counted["free"] == 2 * 2
    assert "paid" not in counted
    assert raw.failures == ()


def test_where_the_old_feed_fails_the_newer_one_is_read_and_told(
    fetch: Fetch, stores: Stores
) -> None:
    stores.faults = {"/jp/rss/topfreeapplications/limit=200/json": (403, None)}
    raw = fetch("apple_charts")
    rows = checked("apple_charts", raw).rows
    newer = rows[rows["chart_snapshot_id"].str.startswith("apple-newer")]
    assert newer["app_id"].tolist() == [bundle for bundle, _, _ in APPS.values()]
    assert set(newer["storefront"]) == {"JP"}
    assert [f for f in raw.failures if "newer feed was read instead" in f]
    assert stores.times("rss.marketingtools.apple.com") == 1
    assert stores.times("rss.applemarketingtools.com") == 0


def test_the_newer_feeds_old_host_is_tried_too(fetch: Fetch, stores: Stores) -> None:
    stores.faults = {
        "/rss/topfreeapplications/limit=200/json": (403, None),
        "rss.marketingtools.apple.com": (404, None),
    }
    rows = checked("apple_charts", fetch("apple_charts")).rows
    assert rows["source_url"].str.startswith("https://rss.applemarketingtools.com/").sum() == 8


def test_an_app_without_a_known_bundle_identifier_waits_in_quarantine(
    fetch: Fetch, stores: Stores
) -> None:
    stores.faults = {
        "/rss/topfreeapplications/limit=200/json": (403, None),
        "/lookup": (lambda found: {"resultCount": 0, "results": []}, None),
    }
    told = checked("apple_charts", fetch("apple_charts"))
    assert len(told.rejected) == 2 * len(APPS)


def test_a_look_up_tells_ratings_versions_and_apps_nobody_sells(fetch: Fetch) -> None:
    raw = fetch("itunes_ratings")
    lensa = checked("itunes_ratings", raw).rows.query("app_id == '1436732536'")
    assert lensa["storefront"].tolist() == ["JP", "US"]
    assert lensa["rating_count"].tolist() == [31_000, 31_000]
    assert lensa["rating_average"].iloc[0] == pytest.approx(4.7321)
    assert set(lensa["observed_on"].dt.date) == {NOW.date()}
    [absent] = [f for f in raw.failures if "no storefront sells" in f]
    assert "com.meitu.mtxx" in absent
    versions = checked("itunes_versions", fetch("itunes_versions")).rows
    one = versions.query("app_id == '1436732536' and storefront == 'US'").iloc[0]
    assert (one["version"], one["release_notes"], one["price"]) == ("5.1.2", "Bug fixes.", 0.0)
    assert one["genres"] == "Photo & Video,Graphics & Design"


def test_google_play_tells_ratings_installs_and_versions(fetch: Fetch, stores: Stores) -> None:
    installs = checked("google_play_installs", fetch("google_play_installs")).rows.iloc[0]
    assert installs["installs_printed"] == "100,000,000+"
    assert (installs["installs_low"], installs["installs_high"]) == (100_000_000, 500_000_000)
    assert installs["installs_in_page"] == 187_654_321
    assert installs["evidence_kind"] == "disclosed"
    ratings = checked("google_play_ratings", fetch("google_play_ratings")).rows
    assert ratings["rating_count"].tolist() == [4_200_000] * 2
    version = checked("google_play_versions", fetch("google_play_versions")).rows.iloc[0]
    assert (version["store"], version["version"]) == ("google_play", "3.9.1")
    assert stores.times("hl=en&gl=jp") == 1


def test_the_brackets_of_installs_follow_each_other() -> None:
    assert BRACKETS[:5] == (1, 5, 10, 50, 100)
    assert upper_end(10_000_000) == 50_000_000
    assert upper_end(0) == 1
    assert upper_end(BRACKETS[-1]) is None


def test_reading_google_plays_pages_leaves_certificate_checks_on(fetch: Fetch) -> None:
    before = ssl._create_default_https_context
    fetch("google_play_installs")
    assert ssl._create_default_https_context is before


def test_a_search_finds_apps_by_words(polite: Polite) -> None:
    [lensa] = _itunes.search("lensa", "US", polite=polite)
    assert lensa["trackId"] == 1436732536
    assert _itunes.search("nothing like it", "US", polite=polite) == []
    with pytest.raises(InputError, match="no words"):
        _itunes.search("  ", "US", polite=polite)


# Faults


FAULTS = [
    (500, "status 500"),
    (429, "status 429"),
    (403, "status 403"),
    ("html", "Sign in"),
    ("cut", "IncompleteRead"),
    ("slow", "timed out"),
    (lambda found: {"feed": found["feed"] | {"updated": "soon"}}, "feed.updated"),
    (lambda found: {"feeds": found["feed"]}, "the field feed"),
    (lambda found: found | {"feed": found["feed"] | {"entry": [{"name": "Lensa"}]}}, "the field"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS)
def test_a_chart_with_a_fault_is_told_and_the_others_come(
    fetch: Fetch, stores: Stores, fault: Any, words: str
) -> None:
    stores.faults = {"/jp/rss/topfreeapplications/limit=200/genre=6008": (fault, None)}
    raw = fetch("apple_charts", timeout=0.5)
    [told] = raw.failures
    assert words in told
    assert "topfreeapplications" in told
    rows = checked("apple_charts", raw).rows
    assert len(rows) == (2 * 2 * 3 - 1) * len(APPS)


@pytest.mark.parametrize("fault", [500, 429, "cut"])
def test_a_passing_fault_is_overcome_by_asking_again(
    fetch: Fetch, stores: Stores, waits: list[float], fault: Any
) -> None:
    stores.faults = {"/jp/rss/topfreeapplications/limit=200/json": (fault, 2)}
    raw = fetch("apple_charts")
    assert raw.failures == ()
    assert stores.times("/jp/rss/topfreeapplications/limit=200/json") == 3


@pytest.mark.parametrize("as_a_date", [False, True])
def test_a_server_that_names_a_time_is_given_it(
    fetch: Fetch, stores: Stores, waits: list[float], as_a_date: bool
) -> None:
    at = email.utils.format_datetime(datetime.now(UTC) + timedelta(seconds=42))
    said = at if as_a_date else "40"
    stores.faults = {"/jp/rss/topfreeapplications/limit=200/json": (429, 1)}
    stores.headers = {"Retry-After": said}
    fetch("apple_charts")
    assert any(38 < wait < 47 for wait in waits)


def test_a_server_that_asks_for_an_hour_is_not_asked_again(
    fetch: Fetch, stores: Stores, waits: list[float]
) -> None:
    stores.faults = {"/jp/rss/topgrossingapplications": (429, None)}
    stores.headers = {"Retry-After": "3600"}
    fetch("apple_charts")
    assert stores.times("/jp/rss/topgrossingapplications/limit=200/json") == 1
    assert max(waits, default=0) < 60


def test_a_changed_unit_is_kept_out_with_its_reason(fetch: Fetch, stores: Stores) -> None:
    def in_percent(found: Any) -> Any:
        return found | {"results": [r | {"averageUserRating": 94.6} for r in found["results"]]}

    stores.faults = {"/lookup": (in_percent, None)}
    told = checked("itunes_ratings", fetch("itunes_ratings"))
    assert told.rows.empty
    assert told.rejected["reason"].str.contains("rating_average").all()


def test_a_play_page_of_another_form_is_told(fetch: Fetch, stores: Stores) -> None:
    stores.faults = {"gl=jp": ("html", None), "gl=us": ({(1, 2, 0, 0): None}, None)}
    with pytest.raises(SourceError, match="google-play-scraper reads it"):
        fetch("google_play_ratings")


def test_an_app_without_ratings_has_no_row(fetch: Fetch, stores: Stores) -> None:
    stores.faults = {"gl=jp": ({(1, 2, 51, 2, 1): None}, None)}
    rows = checked("google_play_ratings", fetch("google_play_ratings")).rows
    assert rows["storefront"].tolist() == ["US"]


def test_nothing_at_all_is_a_failure_with_what_to_do(fetch: Fetch, stores: Stores) -> None:
    stores.faults = {"/": (503, None)}
    with pytest.raises(SourceError, match="artonomics doctor"):
        fetch("apple_charts")


# Politeness


def test_a_host_is_asked_at_its_pace_and_with_our_name(
    fetch: Fetch, stores: Stores, waits: list[float]
) -> None:
    fetch("apple_charts")
    assert stores.agents == {_http.USER_AGENT}
    assert len(waits) == len(stores.asked) - 1
    assert all(2.5 < wait <= 3.0 for wait in waits)


def test_what_has_not_changed_is_not_sent_again(fetch: Fetch, stores: Stores) -> None:
    first = fetch("apple_charts")
    asked = len(stores.asked)
    second = fetch("apple_charts")
    assert stores.not_modified == asked
    parse = sources.load("apple_charts").parse
    pd.testing.assert_frame_equal(parse(first), parse(second))


def test_a_kept_body_that_was_damaged_is_asked_for_anew(
    fetch: Fetch, stores: Stores, tmp_path: Path
) -> None:
    fetch("apple_charts")
    for path in (tmp_path / "raw" / "http").glob("*.body"):
        path.write_bytes(b"torn")
    assert fetch("apple_charts").failures == ()
    assert stores.not_modified == 0


def test_a_spent_budget_stops_the_asking_and_says_what_was_left_out(
    fetch: Fetch, stores: Stores
) -> None:
    raw = fetch("apple_charts", SMALL + "requests_per_run = 5\n")
    assert len(stores.asked) == 5
    [told] = raw.failures
    assert told.startswith("7 of 12 left out")
    assert "requests_per_run" in told


def test_too_large_an_answer_is_refused(
    fetch: Fetch, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_http, "MAX_BODY_BYTES", 100)
    with pytest.raises(SourceError, match="more than 100 bytes"):
        fetch("apple_charts")


def test_raw_answers_are_kept(fetch: Fetch, tmp_path: Path) -> None:
    fetch("apple_charts")
    kept = list((tmp_path / "raw" / "apple_charts" / "20261123T120000Z").iterdir())
    assert len(kept) == 12


# Configuration


def test_the_defaults_follow_photo_apps_in_nine_countries() -> None:
    assert collection(None) == Collection()
    assert Collection().storefronts == ("JP", "US", "CN", "TW", "HK", "KR", "GB", "DE", "BR")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("storefronts = ['Japan']", "'Japan' is no country code"),
        ("depth = 500", "less than or equal to 200"),
        ("genre = ['overall']", "expected: some of storefronts"),
        ("genres = ['weather']", "photo_and_video"),
        ("depth = ", "collection.toml that cannot be used"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "collection.toml").write_text(text)
    with pytest.raises(InputError, match=words):
        collection(tmp_path)


# A whole run


def test_a_run_brings_charts_in_and_a_repeat_on_the_same_day_changes_nothing(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "collection.toml").write_text(SMALL)

    def local(*given: Any, **named: Any) -> Polite:
        own = {"session": LocalSession(stores.port), "sleep": lambda _: None}
        return Polite(*given, **named | own)

    monkeypatch.setattr(_stores, "Polite", local)
    settings, names = Settings(data_dir=tmp_path), list(STORE_SOURCES)
    first = pipeline.run(settings, names, offline=False, now=NOW)
    assert {e.source: e.status for e in first} == dict.fromkeys(names, "ok") | {
        "itunes_ratings": "partial",  # Meitu's apps are known by bundle identifiers nobody sells
        "itunes_versions": "partial",
    }
    again = pipeline.run(settings, names, offline=False, now=NOW + timedelta(hours=3))
    assert sum(e.rows_new + e.rows_changed for e in again) == 0
    reader = SnapshotReader(tmp_path)
    top = reader.query("SELECT app_name FROM app_chart_ranks WHERE rank = 1")
    assert set(top["app_name"]) == {"Lensa AI"}
    told = pipeline.status(reader, NOW + timedelta(hours=3)).set_index("source")
    assert not told.loc["apple_charts", "stale"]
