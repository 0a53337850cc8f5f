"""Exports of vendors are recognised by their columns and read as what they mean."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from etl.imports import kinds, layouts
from tests.etl.imports.test_events import stored


@pytest.mark.parametrize("version", ["v4", "v5", "v7"])
def test_revenuecat_transactions_of_every_version(desk, fixture, version):
    path = fixture(f"revenuecat_{version}.csv.gz")
    assert desk.brought("subscriptions", path) == ("ok", 4, 4, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY transaction_id")
    assert list(rows["product_kind"]) == ["trial", "subscription", "subscription", "one_time"]
    assert list(rows["price"]) == [0, 600, 5800, 250]
    assert rows["period_months"].round(3).tolist()[:3] == [0.23, 1, 12]
    assert rows["refunded_at"].notna().tolist() == [False, False, True, False]
    assert rows["purchased_at"][0] == pd.Timestamp("2022-12-01T10:00:00Z")
    assert rows["original_transaction_id"][1] == "43000000"
    assert rows["commission_rate"][0] == pytest.approx(0.1364)
    assert set(rows["currency"]) == {"JPY"}


def test_app_store_sales(desk, fixture):
    path = fixture("app_store_sales.txt")
    assert desk.brought("subscriptions", path) == ("ok", 3, 3, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY n_units")
    assert list(rows["n_units"]) == [-1, 12, 300]
    assert list(rows["product_kind"]) == ["subscription", "subscription", "unknown"]
    assert list(rows["price"]) == [-600, 600, 0]
    assert rows["purchased_at"][0] == pd.Timestamp("2022-12-01T08:00:00Z")
    assert desk.brought("subscriptions", path) == ("unchanged", 3, 0, 0, 0)


def test_app_store_subscriptions_take_their_day_from_the_user(desk, fixture):
    path = fixture("app_store_subscriptions.txt")
    assert "no column for purchased_at" in desk.refused("subscriptions", path)
    for day in ("2022-12-01", "2022-12-02"):
        done = desk.brought("subscriptions", path, constants={"purchased_at": day})
        assert done == ("ok", 1, 1, 0, 0)
    assert set(desk.ask("SELECT n_units FROM subscription_transactions")["n_units"]) == {840}


def test_app_store_subscription_events_count_payments_alone(desk, fixture):
    path = fixture("app_store_subscription_events.txt")
    assert desk.brought("subscriptions", path) == ("ok", 4, 4, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY n_units")
    assert list(rows["n_units"]) == [-2, 5, 9, 30]
    assert list(rows["product_kind"]) == ["subscription", "trial", "subscription", "subscription"]
    assert rows["renewal_number"][3] == 2
    [file] = desk.preview("subscriptions", path).files
    assert "'Renew'" in file["only_rows"]


def test_app_store_subscribers(desk, fixture):
    assert desk.brought("subscriptions", fixture("app_store_subscribers.txt"))[:3] == ("ok", 3, 3)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY purchased_at, user_id")
    assert list(rows["user_id"]) == ["700000000", "700000001", "700000001"]
    assert rows["refunded_at"].notna().tolist() == [False, False, True]
    assert list(rows["price"]) == [600, 600, -600]


def test_google_play_earnings(desk, fixture):
    path = fixture("google_play_earnings.zip")
    assert desk.brought("subscriptions", path) == ("ok", 3, 3, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY purchased_at")
    assert list(rows["price"]) == [4.99, -4.99, 1004.99]
    assert rows["purchased_at"][0] == pd.Timestamp("2022-12-01T13:48:38Z")
    assert rows["renewal_number"].fillna(0).tolist() == [0, 0, 2]
    assert set(rows["user_id"]) == {"GPA.3300-0000-0000-00001"}
    assert rows["refunded_at"].notna().tolist() == [False, True, False]


def test_google_play_installs(desk, fixture):
    assert desk.brought("spend", fixture("google_play_installs.csv"))[:2] == ("ok", 6)
    rows = desk.ask(
        "SELECT country, value FROM acquisition_spend WHERE metric = 'device_installs' ORDER BY 1"
    )
    assert rows.to_numpy().tolist() == [["JP", 400], ["US", 90]]


@pytest.mark.parametrize(
    ("name", "metric"),
    [("adjust_cohorts.csv", "retained_users"), ("appsflyer_cohorts.csv", "active_users")],
)
def test_cohorts_of_attribution_tools(desk, fixture, name, metric):
    assert desk.brought("spend", fixture(name))[0] == "ok"
    rows = desk.ask(
        "SELECT days_after_install, metric, value, currency, country FROM acquisition_spend "
        "ORDER BY metric, days_after_install"
    )
    users = rows[rows["metric"] == metric]
    assert users[["days_after_install", "value"]].to_numpy().tolist() == [
        [0, 500],
        [1, 125],
        [7, 55],
    ]
    assert users["currency"].isna().all()
    assert set(rows["currency"].dropna()) == {"USD"}
    assert set(rows["country"]) == {"JP"}


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_firebase_from_bigquery(desk, fixture, form):
    path = fixture("firebase_bigquery.jsonl")
    if form == "parquet":
        frame = pd.read_json(path, lines=True, dtype=False)
        frame["event_timestamp"] = frame["event_timestamp"].astype("int64")
        path = desk.files / "firebase.parquet"
        frame.to_parquet(path)
    assert desk.brought("events", path) == ("ok", 3, 3, 0, 0)
    rows = stored(desk)
    assert rows["event_at"][0] == pd.Timestamp("2022-12-01T10:03:20Z")
    assert list(rows["user_id"][1:]) == ["u7", "u7"]
    assert set(rows["country"]) == {"JP"}
    assert set(rows["app_version"]) == {"1.2.0"}
    kept = json.loads(rows["properties"][1])
    assert kept["event_params"][0]["value"]["string_value"] == "anime"
    assert kept["geo"]["city"] == "Tokyo"
    assert "event_name" not in kept


def test_amplitude(desk, fixture):
    assert desk.brought("events", fixture("amplitude.zip")) == ("ok", 2, 2, 0, 0)
    rows = stored(desk)
    assert list(rows["event_id"]) == ["i0", "i1"]
    assert list(rows["user_id"]) == ["d0", "d1"]
    assert set(rows["country"]) == {"KR"}
    assert rows["session_id"].tolist()[0] == "1669889000000"
    assert pd.isna(rows["session_id"][1])
    assert json.loads(rows["properties"][0])["style"] == "anime"
    assert rows["source_url"][0].endswith("amplitude.zip#1000/1000_2022-12-01_10#0.json.gz")


def test_mixpanel(desk, fixture):
    assert desk.brought("events", fixture("mixpanel.jsonl")) == ("ok", 2, 2, 0, 0)
    rows = stored(desk)
    assert list(rows["event_id"]) == ["m0", "m1"]
    assert rows["event_at"][1] == pd.Timestamp("2022-12-01T10:03:21Z")
    assert (set(rows["country"]), set(rows["platform"])) == ({"JP"}, {"ios"})
    assert json.loads(rows["properties"][0])["style"] == "anime"


@pytest.mark.parametrize("layout", layouts.known(), ids=lambda layout: layout.name)
def test_a_layout_names_columns_that_exist(layout):
    table = kinds.named(layout.kind).table
    assert set(layout.columns) <= {c.name for c in table.columns}
    assert layout.title
    assert layouts.recognise(layout.kind, [*layout.recognise, *layout.any]) is not None
