"""Look-ups and searches in Apple's store against a stand-in, and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from servers.apple import App, Apple, apple_server, some_apps

from etl import checks
from etl.collection import Collection
from etl.errors import InputError, SourceError
from etl.schemas import APP_RATING_COUNTS, APP_VERSIONS
from etl.sources import Raw, Request, _itunes, itunes_ratings, itunes_versions
from etl.sources._http import HttpClient, Manners, Visits

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
Fetch = Callable[..., Raw]


@pytest.fixture
def apple() -> Iterator[Apple]:
    """Run a store that has the apps of the bundle: by track id, and Meitu by bundle identifier."""
    with apple_server(NOW) as made:
        made.apps = [
            App("1180884341", "io.faceapp.ios", "FaceApp"),
            App("1470373330", "com.bigwinepot.nwdn.international", "Remini", sold_in=("JP", "US")),
            App("416048305", "com.meitu.mtxx", "Meitu", rating_count=0, rating_average=0.0),
        ]
        yield made


@pytest.fixture
def bundle(own_bundle: Path) -> Path:
    """Return a bundle whose apps are FaceApp, Remini and Meitu."""
    path = own_bundle / "snapshots" / "apps.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [
        x for x in lines if x.startswith(("app_id,", "1180884341", "1470373330", "com.meitu.mtxx"))
    ]
    path.write_text("".join(kept), encoding="utf-8")
    return own_bundle


@pytest.fixture
def client(apple: Apple) -> Iterator[HttpClient]:
    wanted = Collection.model_validate(apple.configuration(storefronts=["JP", "US", "DE"]))
    manners = Manners(sleep=lambda _: None, timeout_seconds=0.25)
    with HttpClient(wanted, NOW, manners=manners, visits=Visits()) as made:
        yield made


@pytest.fixture
def fetch(bundle: Path, client: HttpClient) -> Fetch:
    return lambda: itunes_ratings.fetch(Request(False, bundle, NOW), client=client)


def counts(raw: Raw) -> checks.Checked:
    return checks.check(APP_RATING_COUNTS, itunes_ratings.parse(raw))


def versions(raw: Raw) -> checks.Checked:
    return checks.check(APP_VERSIONS, itunes_versions.parse(raw))


def test_every_followed_app_has_a_row_where_it_is_sold(fetch: Fetch):
    raw = fetch()
    found = counts(raw)
    assert raw.failures == ()
    assert found.rejected.empty
    by_app = found.rows.groupby("app_id")["storefront"].apply(list).to_dict()
    assert by_app == {
        "1180884341": ["JP", "US", "DE"],
        "1470373330": ["JP", "US"],
        "416048305": ["JP", "US", "DE"],
    }
    face = found.rows.iloc[0]
    assert (face["store"], face["rating_count"], face["rating_average"]) == ("app_store", 1234, 4.5)
    assert (face["price"], face["version"], face["genre"]) == ("Free", "1.2.3", "Photo & Video")
    assert face["version_released_at"] == pd.Timestamp("2026-11-20T08:09:10Z")
    assert face["observed_on"] == pd.Timestamp("2026-11-23")


def test_an_app_without_ratings_has_no_average_instead_of_zero_stars(fetch: Fetch):
    meitu = counts(fetch()).rows.query("bundle_id == 'com.meitu.mtxx'")
    assert set(meitu["rating_count"]) == {0}
    assert meitu["rating_average"].isna().all()


def test_versions_carry_notes_genres_price_and_the_first_release(fetch: Fetch):
    found = versions(fetch())
    assert found.rejected.empty
    face = found.rows.iloc[0]
    assert face["release_notes"] == "What is new in 1.2.3"
    assert face["genres"] == "Photo & Video, Graphics & Design"
    assert (face["price_amount"], face["currency"]) == (0.0, "JPY")
    assert face["app_released_on"] == pd.Timestamp("2019-04-01")


def test_apps_are_asked_for_in_batches_and_a_bundle_identifier_is_resolved_once(
    fetch: Fetch, apple: Apple
):
    fetch()
    assert apple.web.times("bundleId=com.meitu.mtxx") == 1
    assert apple.web.times("lookup?id=") == 3
    assert apple.web.times("id=1180884341,1470373330,416048305&country=de") == 1


def test_a_batch_has_the_configured_size(bundle: Path, apple: Apple):
    wanted = Collection.model_validate(apple.configuration(storefronts=["JP"], lookup_batch=2))
    with HttpClient(wanted, NOW, visits=Visits()) as client:
        itunes_ratings.fetch(Request(False, bundle, NOW), client=client)
    assert apple.web.times("lookup?id=") == 2


def test_an_app_that_is_sold_nowhere_is_told(fetch: Fetch, apple: Apple):
    apple.apps[1] = replace(apple.apps[1], sold_in=("FR",))
    assert fetch().failures == ("1470373330: sold in none of the storefronts",)


def test_a_storefront_that_fails_stops_no_other(fetch: Fetch, apple: Apple):
    apple.web.always["country=us"] = "500"
    raw = fetch()
    assert set(counts(raw).rows["storefront"]) == {"JP", "DE"}
    [told] = raw.failures
    assert told.startswith("look-up in US: got HTTP 500")


def test_no_answer_at_all_is_a_failure(fetch: Fetch, apple: Apple):
    apple.web.always["lookup"] = "html"
    with pytest.raises(SourceError, match="got none of 3 apps"):
        fetch()


@pytest.mark.parametrize("name", ["trackId", "userRatingCount", "version", "bundleId"])
def test_a_field_that_no_app_has_any_more_is_named(fetch: Fetch, apple: Apple, name: str):
    apple.apps = [replace(app, renamed=((name, "renamed"),)) for app in apple.apps]
    with pytest.raises(SourceError, match=rf"without the field results\[\].{name}"):
        fetch()


def test_a_field_that_one_app_lacks_sends_that_app_to_quarantine(fetch: Fetch, apple: Apple):
    apple.apps[0] = replace(apple.apps[0], renamed=(("userRatingCount", "renamed"),))
    found = counts(fetch())
    assert set(found.rejected["check_name"]) == {"rating_count_missing"}
    assert len(found.rejected) == 3
    assert len(found.rows) == 5


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"rating_average": 45.0}, "rating_average_refused"),
        ({"rating_average": 90.0}, "rating_average_refused"),
        ({"rating_count": -1}, "rating_count_refused"),
        ({"rating_count": 12.5}, "rating_count_unreadable"),
    ],
)
def test_a_changed_unit_is_kept_out_with_its_raw_content(
    fetch: Fetch, apple: Apple, change: dict[str, Any], check: str
):
    apple.apps[0] = replace(apple.apps[0], **change)
    found = counts(fetch())
    assert set(found.rejected["check_name"]) == {check}
    assert found.rejected["payload"].str.contains(str(next(iter(change.values())))).all()
    assert len(found.rows) == 5


def test_an_app_listed_twice_is_kept_once(fetch: Fetch, apple: Apple):
    apple.apps.append(apple.apps[0])
    found = counts(fetch())
    assert set(found.rejected["check_name"]) == {"duplicate_key"}
    assert found.rows["app_id"].eq("1180884341").sum() == 3


def test_two_answers_that_contradict_each_other_are_both_kept_out(fetch: Fetch, apple: Apple):
    apple.apps.append(replace(apple.apps[0], rating_count=7))
    found = counts(fetch())
    assert set(found.rejected["check_name"]) == {"contradictory_key"}
    assert not found.rows["app_id"].eq("1180884341").any()


def test_search_gives_apps_in_apples_own_words(client: HttpClient, apple: Apple):
    apple.apps = [*some_apps(3), *apple.apps]
    found = _itunes.search("face", "us", client=client)
    assert [(app["trackId"], app["bundleId"]) for app in found] == [(1180884341, "io.faceapp.ios")]
    assert found[0]["primaryGenreName"] == "Photo & Video"
    assert "term=face&country=us&entity=software" in apple.web.asked[-1]


@pytest.mark.parametrize(("term", "storefront"), [("", "US"), (" ", "US"), ("face", "Japan")])
def test_a_search_without_words_or_country_is_refused(term: str, storefront: str):
    with pytest.raises(InputError):
        _itunes.search(term, storefront)


def test_a_search_that_finds_nothing_is_an_answer(client: HttpClient):
    assert _itunes.search("zzz", "US", client=client) == []


@pytest.mark.parametrize(
    "document", [[], {"resultCount": 1}, {"results": "none"}, {"results": [1]}]
)
def test_what_is_no_look_up_is_refused(document: Any):
    with pytest.raises(SourceError, match="without the field results"):
        _itunes.results_of(document)


def test_an_app_the_user_added_is_looked_up_and_a_hidden_one_is_not(
    bundle: Path, client: HttpClient, apple: Apple, tmp_path: Path
):
    apple.apps.append(App("77", "com.example.mine", "Mine"))
    (tmp_path / "watch.toml").write_text(
        'hidden_apps = ["app_store:1180884341"]\n[[apps]]\napp_id = "77"\napp_name = "Mine"\n'
    )
    request = Request(False, bundle, NOW, user_dir=tmp_path)
    found = set(counts(itunes_ratings.fetch(request, client=client)).rows["app_id"])
    assert "77" in found
    assert "1180884341" not in found


def test_where_no_app_is_followed_nothing_is_asked_and_that_is_no_failure(
    bundle: Path, client: HttpClient, apple: Apple
):
    path = bundle / "snapshots" / "apps.csv"
    path.write_text(path.read_text(encoding="utf-8").splitlines(keepends=True)[0])
    raw = itunes_ratings.fetch(Request(False, bundle, NOW), client=client)
    assert raw.may_be_empty
    assert counts(raw).rows.empty
    assert versions(raw).rows.empty
    assert apple.web.asked == []
