"""Exports of vendors are recognised by their columns and read as what they mean."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from etl import dictionary
from etl.imports import kinds, layouts
from tests.etl.imports.test_events import stored

A_DAY = {
    "adjust_cohorts": ["retained_users_d7"],
    "appsflyer_cohort_api": ["revenue_sum_day_7"],
    "cohort_days": ["Day 7"],
}
"""Columns that only a pattern tells."""


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
    assert desk.brought("subscriptions", path) == ("ok", 5, 5, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY n_units")
    assert list(rows["n_units"]) == [-2, 1, 5, 9, 30]
    assert list(rows["product_kind"]) == ["subscription"] * 2 + ["trial"] + ["subscription"] * 2
    assert rows["renewal_number"][4] == 2
    [file] = desk.preview("subscriptions", path).files
    assert "Renew" in file["only_rows"]


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
    assert set(rows["product_kind"]) == {"subscription"}


def test_google_play_earnings_under_their_newer_names(desk, fixture):
    path = fixture("google_play_earnings_2026.csv")
    assert desk.brought("subscriptions", path) == ("ok", 2, 2, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY product_id")
    assert list(rows["product_id"]) == ["pack_100", "pro_month"]
    assert list(rows["product_kind"]) == ["one_time", "subscription"]
    assert set(rows["purchased_at"]) == {pd.Timestamp("2026-07-01T17:15:00Z")}


def test_a_zone_that_google_play_does_not_use_is_not_guessed(desk, fixture):
    text = fixture("google_play_earnings_2026.csv").read_text("utf-8").replace("PDT", "CET")
    path = desk.write("earnings.csv", text)
    assert desk.brought("subscriptions", path)[1:] == (2, 0, 0, 2)


def test_google_play_estimated_sales(desk, fixture):
    path = fixture("google_play_sales.csv")
    assert desk.brought("subscriptions", path) == ("ok", 2, 2, 0, 0)
    rows = desk.ask("SELECT * FROM subscription_transactions ORDER BY purchased_at")
    assert list(rows["price"]) == [27.99, -27.99]
    assert rows["purchased_at"][0] == pd.Timestamp("2024-01-01T12:42:28Z")
    assert rows["refunded_at"].notna().tolist() == [False, True]
    assert set(rows["original_transaction_id"]) == {"GPA.3300-0000-0000-00001"}
    assert set(rows["product_kind"]) == {"subscription"}


def test_google_play_installs(desk, fixture):
    assert desk.brought("spend", fixture("google_play_installs.csv"))[:2] == ("ok", 6)
    rows = desk.ask(
        "SELECT country, value FROM acquisition_spend WHERE metric = 'device_installs' ORDER BY 1"
    )
    assert rows.to_numpy().tolist() == [["JP", 400], ["US", 90]]


@pytest.mark.parametrize(
    ("name", "metric", "options"),
    [
        ("adjust_kpi_cohorts.csv", "retained_users", {}),
        ("adjust_cohorts.csv", "retained_users", {}),
        ("appsflyer_cohorts.csv", "active_users", {}),
        ("appsflyer_cohort_api.csv", "af_purchase_unique_users", {"currency": "USD"}),
        ("cohort_days.csv", "retained_users", {"metric": "retained_users"}),
    ],
)
def test_cohorts_of_attribution_tools(desk, fixture, name, metric, options):
    status, *_, rejected = desk.brought("spend", fixture(name), constants=options)
    assert (status, rejected) == ("ok", 0)
    rows = cohorts(desk)
    users = rows[rows["metric"] == metric]
    assert users[["days_after_install", "value"]].to_numpy().tolist() == [
        [0, 500],
        [1, 125],
        [7, 55],
    ]
    assert users["currency"].isna().all()
    assert set(rows["spend_date"].astype(str).str[:10]) == {"2022-12-01"}


def cohorts(desk):
    return desk.ask("SELECT * FROM acquisition_spend ORDER BY metric, days_after_install")


def test_adjust_figures_of_a_day_and_up_to_it_are_different_ones(desk, fixture):
    desk.brought("spend", fixture("adjust_cohorts.csv"))
    rows = cohorts(desk).set_index(["metric", "days_after_install"])
    assert rows["value"]["revenue", 7] == 0.55
    assert rows["value"]["revenue_total", 7] == 1.1
    assert set(rows["currency"]["revenue_total"]) == {"USD"}
    assert rows["currency"]["revenue_events"].isna().all()
    assert rows["value"]["spend"].to_dict() == {0: 250.5}
    assert set(rows["campaign"]) == {"brand (12) / exact (34)"}
    assert set(rows["country"]) == {"JP"}


def test_appsflyer_rows_of_one_cohort_are_added_up(desk, fixture):
    desk.brought("spend", fixture("appsflyer_cohorts.csv"))
    rows = cohorts(desk).set_index(["metric", "days_after_install"])
    assert rows["value"]["sessions", 7] == 2 * 55 + 3
    assert rows["value"]["af_purchase_count", 7] == 2 * 55 + 3
    assert rows["value"]["revenue", 7] == pytest.approx(0.55 + 3 * 0.1, abs=1e-12)
    assert set(rows["currency"]["revenue"]) == {"USD"}
    assert set(rows["platform"]) == {"ios"}
    assert set(rows["reported_by"]) == {"AppsFlyer id1000000001"}


def test_an_addend_that_cannot_be_read_is_rejected_not_left_out(desk, fixture):
    text = fixture("appsflyer_cohorts.csv").read_text("utf-8")
    path = desk.write("locker.csv", text.replace(",500,1000,", ",many,1000,", 1))
    assert desk.brought("spend", path)[-1] == 1
    [told] = desk.ask("SELECT payload FROM quarantine")["payload"]
    assert "many" in told


def test_money_of_the_cohort_api_needs_its_currency(desk, fixture):
    assert "revenue_sum" in desk.refused("spend", fixture("appsflyer_cohort_api.csv"))


def test_columns_a_day_need_the_name_of_what_they_hold(desk, fixture):
    assert "--set metric=" in desk.refused("spend", fixture("cohort_days.csv"))
    told = desk.refused("spend", fixture("cohort_days.csv"), constants={"metric": "revenue"})
    assert "got money (revenue)" in told


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
    columns = [*layout.recognise, *layout.any, *A_DAY.get(layout.name, [])]
    assert layouts.recognise(layout.kind, columns) == layout


def test_a_table_of_the_user_is_not_taken_for_a_vendor_s():
    assert layouts.recognise("spend", ["day", "source", "spend", "retention_d7"]) is None
    assert layouts.recognise("spend", ["date", "channel", "birthday 7", "spend"]) is None


def test_layouts_say_where_their_columns_are_known_from(desk, fixture):
    told = dictionary.document()
    for layout in layouts.known():
        assert layout.headers in ("documented", "public code", "unverified")
        assert bool(layout.sources) == (layout.headers != "unverified")
        assert f"| {layout.title} | `{layout.name}` | {layout.headers} |" in told
    options = {"metric": "retained_users"}
    [file] = desk.preview("spend", fixture("cohort_days.csv"), constants=options).files
    assert file["headers"] == "unverified"


def test_what_a_vendor_exports_in_utc_is_not_read_in_the_zone_of_the_user(desk, fixture):
    desk.brought("events", fixture("amplitude.zip"), timezone="Asia/Tokyo")
    assert stored(desk)["event_at"][0] == pd.Timestamp("2022-12-01T10:03:20.25Z")
