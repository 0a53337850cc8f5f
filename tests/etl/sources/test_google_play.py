"""Pages of Google Play from a stand-in, read by the real package."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from servers.google_play import App, GooglePlay, google_play_server

from etl import checks
from etl.collection import Collection
from etl.errors import SourceError
from etl.schemas import APP_INSTALLS, APP_RATING_COUNTS, APP_VERSIONS, Table
from etl.sources import (
    Raw,
    Request,
    _google_play,
    google_play_installs,
    google_play_ratings,
    google_play_versions,
)
from etl.sources._http import HttpClient, Manners, Visits

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
CHAT, FACE = "com.openai.chatgpt", "io.faceapp"
Fetch = Callable[..., Raw]


@pytest.fixture
def play() -> Iterator[GooglePlay]:
    with google_play_server() as made:
        made.apps = [App(CHAT, "ChatGPT"), App(FACE, "FaceApp", not_in=("DE",))]
        yield made


@pytest.fixture
def fetch(play: GooglePlay, own_bundle: Path, tmp_path: Path) -> Iterator[Fetch]:
    """Run the source against the stand-in for the two apps; without waiting."""
    opened: list[HttpClient] = []

    def run(**changes: Any) -> Raw:
        text = f'google_play_apps = ["{CHAT}", "{FACE}"]\n'
        (tmp_path / "collection.toml").write_text(text)
        asked = play.configuration(**({"storefronts": ["JP", "CN", "DE"]} | changes))
        manners = Manners(sleep=lambda _: None, timeout_seconds=0.25)
        opened.append(
            HttpClient(Collection.model_validate(asked), NOW, manners=manners, visits=Visits())
        )
        request = Request(False, own_bundle, NOW, user_dir=tmp_path)
        return google_play_ratings.fetch(request, client=opened[-1])

    yield run
    for client in opened:
        client.__exit__()


def checked(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    found = checks.check(table, frame)
    assert found.rejected.empty
    return found.rows


def test_ratings_are_read_where_the_app_is_and_never_in_china(fetch: Fetch, play: GooglePlay):
    raw = fetch()
    rows = checked(APP_RATING_COUNTS, google_play_ratings.parse(raw))
    assert raw.failures == ()
    assert rows[["app_id", "storefront"]].to_numpy().tolist() == [
        [CHAT, "JP"],
        [CHAT, "DE"],
        [FACE, "JP"],
    ]
    chat = rows.iloc[0]
    assert (chat["store"], chat["rating_count"], chat["rating_average"]) == (
        "google_play",
        5678,
        4.4,
    )
    assert (chat["app_name"], chat["seller"], chat["price"]) == ("ChatGPT", "Seller Ltd.", "Free")
    assert chat["source_url"].startswith(f"https://play.google.com/store/apps/details?id={CHAT}")
    assert not any("gl=cn" in path for path in play.web.asked)


def test_versions_are_read_with_the_day_of_the_first_release(fetch: Fetch):
    row = checked(APP_VERSIONS, google_play_versions.parse(fetch())).iloc[0]
    assert (row["version"], row["genres"]) == ("7.8.9", "Photography")
    assert row["version_released_at"] == pd.Timestamp(1_795_000_000, unit="s", tz="UTC")
    assert row["app_released_on"] == pd.Timestamp("2019-03-05")
    assert pd.isna(row["release_notes"])


def test_installs_are_one_bracket_an_app(fetch: Fetch):
    rows = checked(APP_INSTALLS, google_play_installs.parse(fetch()))
    assert rows["app_id"].tolist() == [CHAT, FACE]
    told = rows.iloc[0][["installs_printed", "installs_low", "installs_high", "installs_counted"]]
    assert told.tolist() == ["1,000,000+", 1_000_000, 4_999_999, 1_234_567]
    assert rows["quality_flags"].isna().all()


def test_a_count_outside_the_printed_bracket_is_flagged(fetch: Fetch, play: GooglePlay):
    play.apps = [App(CHAT, installs=("1,000+", 1000, 999_999))]
    rows = checked(APP_INSTALLS, google_play_installs.parse(fetch()))
    assert rows["quality_flags"].tolist() == ["count_outside_bracket"]


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 0), (1, 4), (5, 9), (10, 49), (50, 99), (500_000, 999_999), (10**10, 5 * 10**10 - 1)],
)
def test_a_bracket_ends_before_the_next_one(low: int, high: int):
    assert _google_play.next_bracket(low) == high


@pytest.mark.parametrize("low", [2, 15, 51, 1001, -1])
def test_what_is_no_step_of_the_ladder_has_no_upper_bound(low: int):
    assert _google_play.next_bracket(low) is None


def test_what_a_page_does_not_say_stays_missing(fetch: Fetch, play: GooglePlay):
    play.apps = [App(CHAT, version=None, updated=None, released="5. März 2019", price_micros=None)]
    raw = fetch()
    row = checked(APP_VERSIONS, google_play_versions.parse(raw)).iloc[0]
    assert row["version"] == "Varies with device"
    assert row[["version_released_at", "app_released_on", "price_amount"]].isna().all()
    assert checked(APP_RATING_COUNTS, google_play_ratings.parse(raw))["price"].isna().all()


def test_a_price_is_told_with_its_currency(fetch: Fetch, play: GooglePlay):
    play.apps = [App(CHAT, price_micros=4_990_000)]
    raw = fetch()
    assert set(google_play_ratings.parse(raw)["price"]) == {"4.99 USD"}
    assert set(checked(APP_VERSIONS, google_play_versions.parse(raw))["price_amount"]) == {4.99}


def test_an_app_whose_ratings_are_not_shown_is_kept_out_with_the_reason(
    fetch: Fetch, play: GooglePlay
):
    play.apps[0] = replace(play.apps[0], score=None)
    found = checks.check(APP_RATING_COUNTS, google_play_ratings.parse(fetch()))
    assert set(found.rejected["check_name"]) == {"rating_count_missing"}
    assert found.rows["app_id"].tolist() == [FACE]


def test_a_changed_unit_is_kept_out(fetch: Fetch, play: GooglePlay):
    play.apps[0] = replace(play.apps[0], score=45.0)
    found = checks.check(APP_RATING_COUNTS, google_play_ratings.parse(fetch()))
    assert set(found.rejected["check_name"]) == {"rating_average_refused"}


def test_an_app_that_is_nowhere_is_told(fetch: Fetch, play: GooglePlay):
    play.apps = play.apps[:1]
    assert fetch().failures == (f"{FACE}: in none of the storefronts of Google Play",)


def test_a_redesigned_page_is_no_page_without_values(fetch: Fetch, play: GooglePlay):
    play.layout = "ds:7"
    with pytest.raises(SourceError, match="without the field title"):
        fetch()


def test_a_page_that_asks_for_consent_stops_no_other_storefront(fetch: Fetch, play: GooglePlay):
    play.consent_in = ("DE",)
    raw = fetch()
    assert set(google_play_ratings.parse(raw)["storefront"]) == {"JP"}
    assert f"{CHAT} in DE" in raw.failures[0]


@pytest.mark.parametrize("fault", ["html", "500", "429", "hang"])
def test_no_page_at_all_is_a_failure(fetch: Fetch, play: GooglePlay, fault: Any):
    play.web.always["details"] = fault
    with pytest.raises(SourceError, match="got none of 2 apps"):
        fetch()


def test_the_package_does_not_turn_off_the_check_of_certificates(fetch: Fetch):
    checked_before = ssl._create_default_https_context
    _google_play._parser.cache_clear()
    fetch()
    assert ssl._create_default_https_context is checked_before
    assert ssl._create_default_https_context is not ssl._create_unverified_context
    context: Any = ssl._create_default_https_context()
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_where_no_app_is_followed_nothing_is_asked_and_that_is_no_failure(
    own_bundle: Path, tmp_path: Path
):
    (tmp_path / "collection.toml").write_text("google_play_apps = []")
    raw = google_play_ratings.fetch(Request(False, own_bundle, NOW, user_dir=tmp_path))
    assert raw.may_be_empty
    for table, source in (
        (APP_RATING_COUNTS, google_play_ratings),
        (APP_VERSIONS, google_play_versions),
        (APP_INSTALLS, google_play_installs),
    ):
        assert checked(table, source.parse(raw)).empty
