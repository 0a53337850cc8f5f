"""Apple's charts from a stand-in that speaks both feeds, and every way they can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from servers.apple import ITUNES, TOOLS, TOOLS_BEFORE, Apple, apple_server, some_apps

from etl import checks
from etl.collection import Collection
from etl.config import bundled_dir
from etl.errors import SourceError
from etl.schemas import APP_CHART_RANKS
from etl.sources import Raw, Request, apple_charts
from etl.sources._http import HttpClient, Manners, Visits

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
UPDATED = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
SMALL = {"storefronts": ["JP", "US"], "genres": {"photo_and_video": 6008}, "depth": 5}
Fetch = Callable[..., Raw]


@pytest.fixture
def apple() -> Iterator[Apple]:
    with apple_server(UPDATED) as made:
        made.apps = some_apps(6)
        for kind in ("free", "paid", "grossing"):
            made.charts["*", kind, "6008"] = made.apps[:3]
            made.charts["*", kind, "overall"] = made.apps
        yield made


@pytest.fixture
def fetch(apple: Apple) -> Iterator[Fetch]:
    """Run the source against the stand-in; without waiting."""
    opened: list[HttpClient] = []

    def run(now: datetime = NOW, **changes: Any) -> Raw:
        wanted = Collection.model_validate(apple.configuration(**(SMALL | changes)))
        manners = Manners(sleep=lambda _: None, timeout_seconds=0.25)
        opened.append(HttpClient(wanted, now, manners=manners, visits=Visits()))
        return apple_charts.fetch(Request(False, bundled_dir(), now), client=opened[-1])

    yield run
    for client in opened:
        client.__exit__()


def ranks(raw: Raw) -> pd.DataFrame:
    checked = checks.check(APP_CHART_RANKS, apple_charts.parse(raw))
    assert checked.rejected.empty
    return checked.rows


def one(rows: pd.DataFrame, storefront: str, chart_type: str, category: str) -> pd.DataFrame:
    chosen = rows["storefront"].eq(storefront) & rows["chart_type"].eq(chart_type)
    return rows[chosen & rows["category"].eq(category)].sort_values("rank")


def test_every_configured_chart_is_read_with_its_day_and_depth(fetch: Fetch, apple: Apple):
    raw = fetch()
    rows = ranks(raw)
    assert raw.failures == ()
    assert len(rows.groupby(["storefront", "chart_type", "category"])) == 12
    japan = one(rows, "JP", "grossing", "photo_and_video")
    assert japan["rank"].tolist() == [1, 2, 3]
    assert japan["app_id"].tolist() == [app.bundle_id for app in apple.apps[:3]]
    assert set(japan["chart_depth"]) == {3}
    assert set(rows["observed_on"]) == {pd.Timestamp("2026-11-23")}
    assert set(rows["chart_snapshot_id"]) == {"apple-2026-11-23"}
    assert set(rows["evidence_kind"]) == {"measured"}
    assert rows["source_url"].str.startswith(f"https://{ITUNES}/").all()


def test_the_address_names_storefront_kind_depth_and_genre(fetch: Fetch, apple: Apple):
    fetch()
    assert f"{ITUNES}/jp/rss/topgrossingapplications/limit=5/genre=6008/json" in apple.web.asked
    assert f"{ITUNES}/us/rss/topfreeapplications/limit=5/json" in apple.web.asked


def test_no_app_beyond_the_depth_has_a_row(fetch: Fetch):
    assert one(ranks(fetch()), "JP", "free", "overall")["rank"].max() == 5


def test_a_chart_of_one_app_is_an_object_in_the_older_feed(fetch: Fetch, apple: Apple):
    apple.charts["JP", "paid", "6008"] = apple.apps[:1]
    japan = one(ranks(fetch()), "JP", "paid", "photo_and_video")
    assert japan["app_id"].tolist() == [apple.apps[0].bundle_id]


def test_an_empty_chart_has_no_rows_and_is_told(fetch: Fetch, apple: Apple):
    apple.charts["JP", "grossing", "6008"] = []
    raw = fetch()
    assert one(ranks(raw), "JP", "grossing", "photo_and_video").empty
    assert raw.failures == ("JP grossing photo_and_video: the chart is empty",)


def test_nothing_but_empty_charts_is_a_failure(fetch: Fetch, apple: Apple):
    apple.charts.clear()
    with pytest.raises(SourceError, match="not one chart"):
        fetch()


def test_the_newer_feed_takes_over_where_the_older_one_fails(fetch: Fetch, apple: Apple):
    apple.web.always["/rss/"] = "500"
    raw = fetch()
    rows = ranks(raw)
    assert set(rows["category"]) == {"overall"}
    assert set(rows["chart_type"]) == {"free", "paid"}
    assert one(rows, "US", "free", "overall")["app_id"].tolist() == [
        app.bundle_id for app in apple.apps[:5]
    ]
    assert rows["source_url"].str.startswith(f"https://{TOOLS}/").all()
    told = "\n".join(raw.failures)
    assert "read from marketing_tools since itunes_rss failed" in told
    assert "HTTP 500" in told
    assert "JP grossing photo_and_video" in told


def test_the_former_host_of_the_newer_feed_is_tried_after_the_new_one(fetch: Fetch, apple: Apple):
    apple.web.always[f"{TOOLS}/"] = "html"
    raw = fetch(feeds=["marketing_tools"])
    assert ranks(raw)["source_url"].str.startswith(f"https://{TOOLS_BEFORE}/").all()
    assert "page in place of JSON" in "\n".join(raw.failures)


def test_the_newer_feed_stops_at_100_rows(fetch: Fetch, apple: Apple):
    apple.apps = some_apps(150)
    apple.charts["*", "free", "overall"] = apple.apps
    raw = fetch(feeds=["marketing_tools"], depth=200, chart_types=["free"], storefronts=["JP"])
    assert len(ranks(raw)) == 100
    assert apple.web.times("/lookup?id=") == 1
    assert apple.web.times("/100/apps.json") == 1


def test_a_chart_that_no_feed_has_is_told(fetch: Fetch):
    raw = fetch(feeds=["marketing_tools"], storefronts=["JP"])
    assert any("none of the feeds marketing_tools has it" in line for line in raw.failures)


def test_bundle_identifiers_left_out_by_a_feed_are_looked_up(fetch: Fetch, apple: Apple):
    apple.without_bundle_ids = True
    apple.apps = apple.apps[:5]  # the sixth is in no chart that is read
    rows = ranks(fetch())
    assert set(rows["app_id"]) == {app.bundle_id for app in apple.apps}
    assert apple.web.times("/lookup?id=") == 1


def test_an_app_that_cannot_be_looked_up_keeps_its_track_id_and_is_told(fetch: Fetch, apple: Apple):
    apple.without_bundle_ids = True
    apple.apps = apple.apps[1:]
    raw = fetch(storefronts=["JP"])
    assert "100" in set(ranks(raw)["app_id"])
    assert any(line.startswith("100: known by track id only in JP") for line in raw.failures)


@pytest.mark.parametrize(
    ("renamed", "told"),
    [
        ("entry", "not one chart"),
        ("im:id", "feed.entry[].id.attributes.im:id"),
        ("im:name", "feed.entry[].im:name.label"),
        ("updated", "feed.updated.label"),
        ("feed", "feed.updated.label"),
    ],
)
def test_a_renamed_field_is_named_and_nothing_is_guessed(
    fetch: Fetch, apple: Apple, renamed: str, told: str
):
    apple.rename = {renamed: "renamed"}
    with pytest.raises(SourceError) as error:
        fetch(feeds=["itunes_rss"])
    assert told in str(error.value)


@pytest.mark.parametrize("renamed", ["results", "id", "name", "updated"])
def test_a_renamed_field_of_the_newer_feed_is_named(fetch: Fetch, apple: Apple, renamed: str):
    apple.rename = {renamed: "renamed"}
    with pytest.raises(SourceError, match="renamed its fields") as error:
        fetch(feeds=["marketing_tools"], chart_types=["free"], genres={})
    assert renamed in error.value.got


def test_one_spoilt_chart_stops_no_other(fetch: Fetch, apple: Apple):
    apple.web.always["jp/rss/toppaid"] = "html"
    raw = fetch()
    rows = ranks(raw)
    assert one(rows, "JP", "paid", "photo_and_video").empty
    assert len(one(rows, "US", "paid", "photo_and_video")) == 3
    assert len(one(rows, "JP", "paid", "overall")) == 5  # the newer feed has that one


def test_a_late_chart_goes_to_its_own_day_and_is_told(fetch: Fetch, apple: Apple):
    apple.updated_at = NOW - timedelta(days=3)
    raw = fetch()
    rows = ranks(raw)
    assert set(rows["observed_on"]) == {pd.Timestamp("2026-11-20")}
    assert any("stands still at 2026-11-20" in line for line in raw.failures)


def test_a_chart_from_the_future_shows_a_wrong_clock_and_is_left_out(fetch: Fetch, apple: Apple):
    apple.updated_at = NOW + timedelta(days=400)
    with pytest.raises(SourceError, match="a clock is wrong"):
        fetch()


def test_the_day_of_a_chart_is_that_of_utc(fetch: Fetch, apple: Apple):
    apple.updated_at = datetime(2026, 11, 23, 1, tzinfo=UTC)  # still the 22nd in California
    assert set(ranks(fetch())["observed_on"]) == {pd.Timestamp("2026-11-23")}


def test_an_app_that_stands_twice_in_a_chart_keeps_both_places_and_is_told(
    fetch: Fetch, apple: Apple
):
    apple.charts["JP", "free", "6008"] = [apple.apps[0], apple.apps[1], apple.apps[0]]
    raw = fetch()
    assert len(one(ranks(raw), "JP", "free", "photo_and_video")) == 3
    assert raw.failures == ("JP free photo_and_video: apps stand there more than once: 100",)


def test_a_spent_budget_keeps_what_was_read_and_names_the_rest(fetch: Fetch):
    raw = fetch(requests_per_run=4)
    assert len(ranks(raw).groupby(["storefront", "chart_type", "category"])) == 4
    [told] = raw.failures
    assert "and 5 more" in told or "and 13 more" in told or "more: got to the end" in told
    assert "budget of 4 requests" in told


def test_an_offline_run_says_that_there_is_no_bundled_reading(request_for: Callable[..., Request]):
    with pytest.raises(SourceError, match="only live") as error:
        apple_charts.fetch(request_for())
    assert "--offline" in error.value.todo
