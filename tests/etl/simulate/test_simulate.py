"""A simulated history is labelled, repeatable, fits the schemas and keeps its promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from scipy import stats

from etl import simulate
from etl.checks import check
from etl.errors import InputError
from etl.schemas import ACQUISITION_SPEND, PRODUCT_EVENTS, SUBSCRIPTION_TRANSACTIONS
from etl.simulate import Parameters, run, world


def events_of(folder: Path) -> pd.DataFrame:
    """Return all events of a history with their ``event_date``."""
    return ds.dataset(folder / "product_events", partitioning="hive").to_table().to_pandas()


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def inside(successes: int, trials: int, rate: float, alpha: float = 1e-4) -> bool:
    """Say whether a count agrees with a rate by the exact binomial test."""
    return stats.binomtest(successes, trials, rate).pvalue > alpha


@pytest.fixture(scope="module")
def events(history: Path) -> pd.DataFrame:
    return events_of(history)


@pytest.fixture(scope="module")
def distinct(events: pd.DataFrame) -> pd.DataFrame:
    return events.drop_duplicates("event_id")


@pytest.fixture(scope="module")
def transactions(history: Path) -> pd.DataFrame:
    return pq.read_table(history / "subscription_transactions.parquet").to_pandas()


@pytest.fixture(scope="module")
def manifest(history: Path) -> dict[str, Any]:
    return json.loads((history / "simulation.json").read_text())


# Labels and schemas


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (PRODUCT_EVENTS, "product_events"),
        (SUBSCRIPTION_TRANSACTIONS, "subscription_transactions.parquet"),
        (ACQUISITION_SPEND, "acquisition_spend.parquet"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_every_row_is_labelled(history: Path, table: Any, name: str):
    rows = ds.dataset(history / name, format="parquet").to_table()

    assert rows.column_names == [column.name for column in table.frame_columns()]
    assert pc.unique(rows["evidence_kind"]).to_pylist() == ["simulated"]
    (address,) = pc.unique(rows["source_url"]).to_pylist()
    assert address.startswith("artonomics:simulate/events?version=1&seed=11&scenario=default")
    assert rows["retrieved_at"].null_count == 0


def test_events_pass_the_checks_of_the_boundary_but_for_the_repeats(history: Path):
    parts = sorted((history / "product_events").glob("*/*.parquet"))[:3]
    frame = pd.concat([pq.ParquetFile(part).read().to_pandas() for part in parts])
    n_repeats = int(frame["event_id"].duplicated().sum())

    checked = check(PRODUCT_EVENTS, frame)

    assert set(checked.rejected["check_name"]) == {"duplicate_key"}
    assert len(checked.rejected) == n_repeats > 0


@pytest.mark.parametrize("table", [SUBSCRIPTION_TRANSACTIONS, ACQUISITION_SPEND])
def test_money_passes_the_checks_of_the_boundary(history: Path, table: Any):
    frame = pq.read_table(history / f"{table.name}.parquet").to_pandas()

    checked = check(table, frame)

    assert len(checked.rows) == len(frame) > 0
    assert checked.rejected.empty


def test_words_are_words_and_instants_are_utc(history: Path):
    part = next((history / "product_events").glob("*/*.parquet"))
    schema = pq.read_schema(part)

    assert str(schema.field("channel").type) == "string"
    assert str(schema.field("event_at").type) == "timestamp[us, tz=UTC]"
    assert str(schema.field("n_images").type) == "int64"


def test_every_event_lies_in_the_folder_of_its_day(events: pd.DataFrame):
    assert (events["event_at"].dt.strftime("%Y-%m-%d") == events["event_date"].astype(str)).all()
    assert events["event_date"].astype(str).min() == "2025-01-01"


def test_the_manifest_tells_the_files_and_their_rows(
    history: Path, manifest: dict[str, Any], events: pd.DataFrame
):
    told = {file["path"]: file["sha256"] for file in manifest["files"]}

    found = hashes(history)
    del found["simulation.json"]
    assert told == found
    assert manifest["n_rows"]["product_events"] == len(events)
    assert manifest["n_distinct_events"] == events["event_id"].nunique()
    assert manifest["evidence_kind"] == "simulated"
    assert "Not evidence" in manifest["notice"]
    assert set(manifest["n_rows_by_event_name"]) == set(events["event_name"])


# The same again


def test_the_bytes_do_not_depend_on_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = Parameters(users=3_000, days=40, seed=3)
    monkeypatch.setattr(run, "_BLOCK_ROWS", 8_000)  # several blocks, also for few users
    one = simulate.simulate(asked, tmp_path / "one", workers=1)
    simulate.simulate(asked, tmp_path / "two", workers=2)
    simulate.simulate(asked, tmp_path / "three", workers=3)

    assert hashes(tmp_path / "one") == hashes(tmp_path / "two") == hashes(tmp_path / "three")
    assert one["n_rows"]["product_events"] > 20_000


def test_another_seed_gives_other_people(tmp_path: Path):
    for seed in (1, 2):
        simulate.simulate(Parameters(50, 5, seed), tmp_path / str(seed), workers=1)
    one, two = (events_of(tmp_path / str(seed)) for seed in (1, 2))

    assert not set(one["event_id"]) & set(two["event_id"])
    assert not set(one["user_id"]) & set(two["user_id"])


def test_a_row_group_never_depends_on_what_was_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(run, "_BLOCK_ROWS", 8_000)
    monkeypatch.setattr(run, "ROW_GROUP", 700)
    simulate.simulate(Parameters(2_000, 3, 3), tmp_path / "out", workers=1)

    for part in (tmp_path / "out" / "product_events").glob("*/*.parquet"):
        meta = pq.read_metadata(part)
        sizes = [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]
        assert all(size == 700 for size in sizes[:-1])


# Calibration


def realised(frame: pd.DataFrame, k: int, days: int) -> tuple[int, int]:
    """Count returns on the k-th UTC day by the definition, from the events alone."""
    frame = frame.assign(day=pd.to_datetime(frame["event_date"].astype(str)))
    installs = frame[frame["event_name"] == "install"].set_index("user_id")["day"]
    complete = installs[installs < installs.min() + pd.Timedelta(days=days - k)]
    starts = frame[frame["event_name"] == "session_start"]
    age = (starts["day"] - starts["user_id"].map(complete)).dt.days
    return int(starts.loc[age == k, "user_id"].nunique()), len(complete)


@pytest.mark.parametrize(("k", "rate"), [(1, 0.25), (7, 0.11), (30, 0.05)])
def test_the_stated_retention_is_met(
    distinct: pd.DataFrame, manifest: dict[str, Any], k: int, rate: float
):
    returned, observed = realised(distinct, k, days=75)

    told = {row["day"]: row for row in manifest["retention"]}[k]
    assert inside(returned, observed, rate), returned / observed
    assert (told["n_returned"], told["n_observed"], told["rate"]) == (returned, observed, rate)
    assert told["evidence_kind"] == "assumed"


def test_the_claim_of_the_article_is_met(tmp_path: Path):
    asked = Parameters(6_000, 45, 5, scenario="claim")
    told = simulate.simulate(asked, tmp_path / "out", workers=1)["retention"]

    assert [row["rate"] for row in told[:2]] == [0.40, 0.30]
    assert [row["evidence_kind"] for row in told] == ["disclosed", "disclosed", "assumed"]
    for row in told:
        assert inside(row["n_returned"], row["n_observed"], row["rate"])


@pytest.mark.parametrize("rates", [(0.9, 0.5, 0.4), (0.5, 0.1, 0.09), (0.3, 0.29, 0.01)])
def test_any_falling_targets_can_be_met(tmp_path: Path, rates: tuple[float, ...]):
    asked = Parameters(4_000, 40, 9, retention=rates)
    for row in simulate.simulate(asked, tmp_path / "out", workers=1)["retention"]:
        assert inside(row["n_returned"], row["n_observed"], row["rate"])


def test_some_users_are_loyal_and_most_are_not(distinct: pd.DataFrame):
    days = distinct[distinct["event_name"] == "session_start"].groupby("user_id")
    n_days = days["event_date"].nunique()

    # Were all alike, the number of active days would vary little more than a Poisson count.
    assert n_days.var() > 2 * n_days.mean()


def test_a_session_never_crosses_midnight(distinct: pd.DataFrame):
    sessions = distinct.dropna(subset="session_id").groupby("session_id")
    assert (sessions["event_date"].nunique() == 1).all()
    assert (sessions["user_id"].nunique() == 1).all()


def test_a_user_installs_once_and_does_nothing_before(distinct: pd.DataFrame):
    installs = distinct[distinct["event_name"] == "install"].set_index("user_id")["event_at"]

    assert installs.index.is_unique
    assert len(installs) == 20_000
    assert (distinct["event_at"] >= distinct["user_id"].map(installs)).all()


# Experiments


def arms(distinct: pd.DataFrame) -> pd.DataFrame:
    """Return one row a user: arm, country and channel."""
    return distinct[distinct["event_name"] == "install"].set_index("user_id")[
        ["experiment_id", "variant", "country", "channel", "assigned_wait_seconds", "properties"]
    ]


def test_users_are_randomised_as_stated(distinct: pd.DataFrame, manifest: dict[str, Any]):
    users = arms(distinct)
    for arm in manifest["experiments"]:
        chosen = (users["experiment_id"] == arm["experiment_id"]) & (
            users["variant"] == arm["variant"]
        )
        assert inside(int(chosen.sum()), len(users), arm["assignment_probability"])


@pytest.mark.parametrize("attribute", ["country", "channel"])
@pytest.mark.parametrize("experiment", [world.WAIT_EXPERIMENT, world.PRICE_EXPERIMENT])
def test_arms_are_balanced(distinct: pd.DataFrame, attribute: str, experiment: str):
    users = arms(distinct)
    chosen = users[users["experiment_id"] == experiment]
    table = pd.crosstab(chosen[attribute], chosen["variant"])

    result: Any = stats.chi2_contingency(table)

    assert table.shape[1] == 3
    assert result.pvalue > 1e-4


def test_an_arm_keeps_its_users_and_its_wait(distinct: pd.DataFrame):
    by_user = distinct.groupby("user_id")[["variant", "assigned_wait_seconds"]]
    assert (by_user.nunique(dropna=False) == 1).all(axis=None)
    free = distinct[(distinct["plan"] == "free") & (distinct["event_name"] == "image")]
    waits = free.groupby("assigned_wait_seconds")["wait_seconds"].mean()
    assert waits.to_numpy() == pytest.approx([5, 20, 60], rel=0.03)


def test_the_true_effect_is_in_the_data(manifest: dict[str, Any]):
    for arm in manifest["experiments"]:
        rate = arm["true_effects"]["paid_within_35_days_rate"]
        assert inside(arm["n_paid_within_35_days"], arm["n_complete_35_days"], rate)


def test_the_manifest_counts_payers_as_the_tables_do(
    distinct: pd.DataFrame, transactions: pd.DataFrame, manifest: dict[str, Any]
):
    installs = distinct[distinct["event_name"] == "install"].set_index("user_id")
    first = transactions[(transactions["renewal_number"] == 1) & (transactions["price"] > 0)]
    paid_at = first.set_index("user_id")["purchased_at"]
    complete = installs[
        pd.to_datetime(installs["event_date"].astype(str)) + pd.Timedelta(days=35)
        < pd.Timestamp("2025-01-01") + pd.Timedelta(days=75)
    ]
    waited = (paid_at - installs["event_at"]).dropna()
    assert waited.max() <= pd.Timedelta(days=35)
    told = next(a for a in manifest["experiments"] if a["variant"] == "wait_60s")
    arm = complete[complete["variant"] == "wait_60s"]
    assert told["n_complete_35_days"] == len(arm)
    assert told["n_paid_within_35_days"] == int(arm.index.isin(paid_at.index).sum())


def test_the_price_of_the_arm_is_charged(distinct: pd.DataFrame, transactions: pd.DataFrame):
    variant = arms(distinct)["variant"]
    monthly = transactions[
        (transactions["product_id"] == "pro_monthly")
        & (transactions["price"] > 0)
        & (transactions["currency"] == "USD")
    ]
    assert monthly.groupby(monthly["user_id"].map(variant))["price"].agg(["min", "max"]).loc[
        "price_14_99"
    ].tolist() == [14.99, 14.99]
    told = arms(distinct).query("variant == 'price_6_99'")["properties"].map(json.loads)
    assert {entry["assigned_price_usd"] for entry in told} == {6.99}


# Money


def test_refunds_are_rows_of_their_own_with_two_dates(transactions: pd.DataFrame):
    refunds = transactions[transactions["refunded_at"].notna()]
    paid = transactions[(transactions["price"] > 0)]
    keys = ["original_transaction_id", "purchased_at", "product_id"]
    pairs = refunds.merge(paid, on=keys, suffixes=("", "_paid"))

    assert len(refunds) > 5
    assert (refunds["price"] < 0).all()
    assert (refunds["refunded_at"] > refunds["purchased_at"]).all()
    assert len(pairs) == len(refunds)
    assert (pairs["price"] == -pairs["price_paid"]).all()
    assert paid["refunded_at"].isna().all()


def test_a_trial_costs_nothing_and_renewals_count_on(transactions: pd.DataFrame):
    kept = transactions[transactions["refunded_at"].isna()]
    trials = kept[kept["product_kind"] == "trial"]
    chains = kept[kept["product_kind"] == "subscription"].groupby("original_transaction_id")

    assert (trials["price"] == 0).all()
    assert trials["renewal_number"].isna().all()
    assert (chains["renewal_number"].max() == chains.size()).all()
    assert chains.size().max() >= 2
    assert set(kept["original_transaction_id"]) <= set(kept["transaction_id"])


def test_renewals_follow_the_stated_law():
    from etl.simulate import payments

    rng = np.random.default_rng(0)
    n = 60_000
    who = payments.draw_subscribers(rng, np.arange(n), np.zeros(n, int))
    monthly = who.n_payments[who.product == 0]
    product = world.PRODUCTS[0]
    a, b = product.renewal_alpha, product.renewal_beta
    for t in (1, 2, 5):
        survival = np.exp(stats_beta(a, b + t) - stats_beta(a, b))
        assert inside(int((monthly > t).sum()), len(monthly), float(survival))


def stats_beta(a: float, b: float) -> Any:
    from scipy.special import betaln

    return betaln(a, b)


def test_nothing_is_told_that_lies_after_the_end(
    events: pd.DataFrame, transactions: pd.DataFrame, parameters: Parameters
):
    end = pd.Timestamp(parameters.start, tz="UTC") + pd.Timedelta(days=parameters.days)

    assert events["event_at"].max() < end
    for column in ("purchased_at", "refunded_at", "unsubscribed_at"):
        assert transactions[column].max() < end
    assert events["received_at"].max() <= parameters.retrieved_at


def test_the_plan_at_an_event_agrees_with_the_transactions(
    distinct: pd.DataFrame, transactions: pd.DataFrame
):
    kept = transactions[
        transactions["refunded_at"].isna() & (transactions["product_kind"] != "one_time")
    ]
    refunds = transactions[transactions["refunded_at"].notna()].set_index("user_id")["refunded_at"]
    refunds = refunds.groupby(level=0).min()
    starts = distinct[distinct["event_name"] == "session_start"]
    pairs = starts.merge(kept, on="user_id", suffixes=("", "_sold"))
    holds = (pairs["event_at"] >= pairs["purchased_at"]) & (pairs["event_at"] < pairs["expires_at"])
    sold = pairs[holds].set_index("event_id")["product_kind"]
    expected = starts["event_id"].map(sold).map({"trial": "trial", "subscription": "pro"})
    untouched = ~starts["user_id"].isin(refunds.index)
    agrees = starts["plan"] == expected.fillna("free")
    assert agrees[untouched].all()
    assert (starts["plan"] == "pro").sum() > 100


def test_events_and_transactions_tell_the_same_money(
    distinct: pd.DataFrame, transactions: pd.DataFrame
):
    told = distinct.groupby("currency")["amount"].sum()
    sold = transactions.groupby("currency")["price"].sum()
    pd.testing.assert_series_equal(told, sold, check_names=False)
    assert (distinct.loc[distinct["event_name"] == "refund", "amount"] < 0).all()


def test_paid_channels_have_spend_and_all_have_installs(history: Path, distinct: pd.DataFrame):
    spend = pq.read_table(history / "acquisition_spend.parquet").to_pandas()
    installs = spend[spend["metric"] == "installs"].groupby("channel")["value"].sum()
    money = spend[spend["metric"] == "spend"].groupby("channel")["value"].sum()

    seen = distinct[distinct["event_name"] == "install"].groupby("channel").size()
    assert installs.to_dict() == seen.to_dict()
    assert set(money.index) == {"search_ads", "social_ads", "influencer"}
    cost = money / installs[money.index]
    assert cost.to_numpy() == pytest.approx([1.1, 2.4, 1.6], rel=0.25)


# Late and repeated rows


def test_repeats_are_as_frequent_as_stated(events: pd.DataFrame, manifest: dict[str, Any]):
    n = int(events["event_id"].duplicated().sum())

    assert n == manifest["n_duplicate_rows"] == int(events.duplicated().sum())
    assert inside(n, len(events) - n, manifest["rates"]["duplicate_rate"])


def test_late_rows_are_as_frequent_as_stated(distinct: pd.DataFrame, manifest: dict[str, Any]):
    delay = distinct["received_at"] - distinct["event_at"]

    assert delay.min() >= pd.Timedelta(0)
    assert delay.max() <= pd.Timedelta(hours=72)
    n_late = int((delay >= pd.Timedelta(hours=1)).sum())
    assert inside(n_late, len(distinct), manifest["rates"]["late_rate"])


# Shape of the waves


def test_a_burst_rises_over_the_base_and_fades(parameters: Parameters):
    from etl.simulate.waves import draw_plan

    plan = draw_plan(Parameters(1_000_000, 400, 4))
    burst = max(plan.bursts, key=lambda b: b.height)
    viral = plan.installs[:, [c.code for c in world.COUNTRIES].index(burst.country), 1]

    peak = viral[burst.day : burst.day + 3].max()
    assert plan.installs.sum() == 1_000_000
    assert peak > 10 * np.median(viral)


# What cannot be asked for


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Parameters(0, 10, 1), "--users 0"),
        (lambda: Parameters(-3, 10, 1), "--users -3"),
        (lambda: Parameters(10, 0, 1), "--days 0"),
        (lambda: Parameters(10, 9_999, 1), "--days 9999"),
        (lambda: Parameters(10, 10, -1), "--seed -1"),
        (lambda: Parameters(10, 10, 1, scenario="dream"), "'dream'"),
        (lambda: Parameters(10, 10, 1, start=date(1200, 1, 1)), "--start 1200"),
        (lambda: Parameters(10, 10, 1, retention=(0.1, 0.2, 0.05)), "--retention 0.1,0.2"),
        (lambda: Parameters(10, 10, 1, retention=(0.2, 0.2, 0.1)), "--retention 0.2,0.2"),
        (lambda: Parameters(10, 10, 1, retention=(0.2, 0.1)), "--retention 0.2,0.1"),
        (lambda: Parameters(10, 10, 1, retention=(1.0, 0.1, 0.0)), "--retention 1,"),
        (lambda: Parameters(10, 10, 1, retention=(0.3, float("nan"), 0.1)), "--retention 0.3,nan"),
    ],
)
def test_wrong_parameters_are_named(make: Callable[[], Parameters], words: str):
    with pytest.raises(InputError) as caught:
        make()

    assert words in caught.value.got
    assert caught.value.expected
    assert caught.value.todo


@pytest.mark.parametrize("users, days", [(1, 1), (1, 400), (7, 2)])  # noqa: PT006
def test_the_smallest_histories_are_whole(tmp_path: Path, users: int, days: int):
    document = simulate.simulate(Parameters(users, days, 8), tmp_path / "out", workers=2)

    events = events_of(tmp_path / "out")
    assert (events["event_name"] == "install").sum() >= users
    assert document["n_rows"]["product_events"] == len(events)
