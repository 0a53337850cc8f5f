"""Studies of growth on a made-up history whose truth is known."""

# pyright: basic

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboard.studies.growth import (
    channels,
    conversion,
    definitions,
    retention,
    sources,
    subscriptions,
    trials,
    value,
)
from dashboard.studies.growth.retention import RetentionChoice
from etl import imports
from etl.config import Settings
from etl.errors import InputError
from etl.warehouse import SnapshotReader

APP, PAYMENTS, SPEND = "simulated_app", "simulated_app_payments", "simulated_app_spend"
COST = 0.003


@pytest.fixture(scope="module")
def reader(grown: Path) -> SnapshotReader:
    return SnapshotReader(grown)


def test_a_week_that_the_history_holds_in_part_is_no_whole_one(reader: SnapshotReader) -> None:
    told = definitions.definitions(reader, APP)
    day = pd.Timedelta(days=1)
    for cohorts in (
        retention.retention_study(reader, RetentionChoice(APP)).triangle,
        conversion.conversion_study(reader, APP, "week").cohorts,
    ):
        first, last = pd.Timestamp(told.first_on), pd.Timestamp(told.last_on)
        begun = pd.to_datetime(cohorts["cohort"])
        held = (begun >= first) & (begun + 6 * day <= last)
        assert held.any()
        assert not held.all()
        assert list(cohorts["whole"]) == list(held)


@pytest.fixture(scope="module")
def truth(grown: Path) -> dict:
    return json.loads((grown / "simulation.json").read_text())


def test_histories_stand_beside_those_of_their_own_kind(reader):
    held = sources.histories(reader)
    assert list(held.events["source"]) == [APP]
    assert held.subscriptions_beside(APP) == [PAYMENTS]
    assert held.spend_beside(APP) == [SPEND]
    measured = held.events.assign(evidence_kind="measured")
    assert replace(held, events=measured).subscriptions_beside(APP) == []


def test_retention_is_what_the_simulator_drew(reader, truth):
    curve = retention.retention_study(reader, RetentionChoice(APP)).curves.set_index("period")
    for target in truth["retention"]:
        row = curve.loc[target["day"]]
        assert (row["retained"], row["size"]) == (target["n_returned"], target["n_observed"])


@pytest.mark.parametrize("split", ["", "channel"])
def test_the_cube_answers_as_the_events_do(reader, monkeypatch, split):
    choice = RetentionChoice(APP, split=split, horizon=14)
    stored = retention.retention_study(reader, choice)
    assert stored.from_cube
    monkeypatch.setattr(retention, "_in_cube", lambda *_: False)
    counted = retention.retention_study(reader, choice)
    assert not counted.from_cube
    pd.testing.assert_frame_equal(stored.triangle, counted.triangle, check_dtype=False)
    key = ["segment", "period"]
    one, other = (s.curves.sort_values(key, ignore_index=True) for s in (stored, counted))
    pd.testing.assert_frame_equal(one, other, check_dtype=False)


def test_the_page_agrees_with_the_command_line(reader, grown, tmp_path):
    from etl.analyze import retention as method

    events = reader.query(
        "SELECT user_id, event_name, event_at FROM product_events WHERE source = ?", [APP]
    )
    path = tmp_path / "events.parquet"
    events.to_parquet(path)
    question = method.Question(
        "install", "session_start", "unbounded", horizon=10, timezone="Asia/Tokyo"
    )
    document = method.run(path, replace(question, until="2025-05-31T00:00:00+00:00"))
    choice = RetentionChoice(APP, rule="unbounded", horizon=10, zone="Asia/Tokyo", group="day")
    study = retention.retention_study(reader, choice)
    assert study.until == datetime(2025, 5, 31, tzinfo=UTC)
    table = study.triangle.set_index(["cohort", "period"])
    for cohort in document["cohorts"]:
        day = pd.Timestamp(cohort["cohort"])
        for k, count in enumerate(cohort["retained"]):
            own = table.loc[(day, k), "retained"]
            assert count == own if count is not None else np.isnan(own)


def test_weeks_of_cohorts_add_their_days_up_and_wait_for_the_last(reader):
    days = retention.retention_study(reader, RetentionChoice(APP, group="day")).triangle
    weeks = retention.retention_study(reader, RetentionChoice(APP)).triangle
    assert weeks["size"][weeks["period"] == 0].sum() == days["size"][days["period"] == 0].sum()
    last = weeks[weeks["cohort"] == weeks["cohort"].max()].set_index("period")
    assert last.loc[1, "retained"] != last.loc[1, "retained"]
    assert not last.loc[6, "complete"]


def test_a_segment_is_what_the_split_says(reader):
    whole = retention.retention_study(reader, RetentionChoice(APP, split="channel"))
    own = retention.retention_study(
        reader, RetentionChoice(APP, split="channel", segment="organic")
    )
    n = own.triangle.loc[own.triangle["period"] == 0, "size"].sum()
    curve = whole.curves[(whole.curves["segment"] == "organic") & (whole.curves["period"] == 0)]
    assert n == curve["size"].iloc[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "nobody"}, "one of simulated_app"),
        ({"target": "instal"}, "perhaps you meant install"),
        ({"rule": "n_day_24h", "period": "week"}, "it counts days"),
    ],
)
def test_what_cannot_be_asked_is_told(reader, change, said):
    with pytest.raises(InputError, match=said):
        retention.retention_study(reader, RetentionChoice(**({"source": APP} | change)))


def test_a_published_figure_becomes_ranges_beside_our_own_rules(reader):
    study = retention.claim_study(reader, APP)
    assert set(study.rules["rule"]) == {
        "n_day",
        "n_day_24h",
        "unbounded",
        "bracket",
        "rolling_window",
    }
    own = study.ranges[study.ranges["entity"].str.startswith("Dream-stealer")]
    read = own[own["read_as"] == "n_day"].set_index(["rule", "day"])
    assert read.loc[("unbounded", 7), ["low", "high"]].tolist() == [0.3, 1.0]
    assert 0.3 < read.loc[("unbounded", 7), "like_ours"] < 1
    assert set(own.loc[own["read_as"] == "bracket", "reason"]) == {"contradicts_itself"}
    assert set(study.facts["grade"]) <= {"C", "D"}
    assert retention.claim_study(reader, APP, count_rules=False).rules.empty


def test_conversion_adds_up_and_marks_what_is_not_over(reader):
    study = conversion.conversion_study(reader, APP)
    told = definitions.definitions(reader, APP)
    assert study.cohorts["size"].sum() == told.n_users == 6_000
    assert study.cohorts["complete"].tolist() == [True, True, True, False, False]
    for _, own in study.segments.groupby("attribute"):
        assert own["size"].sum() + own["n_left_out"].sum() == told.n_users
    truth = reader.query(
        """
        SELECT count(*) AS n FROM (
            SELECT user_id, min(event_at) FILTER (event_name = 'install') AS begun,
                   min(event_at) FILTER (event_name IN ('purchase', 'renewal')) AS paid,
                   count(*) FILTER (event_name IN ('purchase', 'renewal')) AS n,
                   count(*) FILTER (event_name = 'refund') AS back
            FROM product_events GROUP BY user_id
        ) WHERE paid::DATE <= begun::DATE + 35 AND n > back
        """
    )
    assert study.cohorts["payers"].sum() == truth["n"].iloc[0]


def test_the_stored_funnel_is_the_one_counted_from_the_events(reader):
    told = definitions.definitions(reader, APP)
    stored = conversion.conversion_study(reader, APP).funnel
    counted = conversion.own_funnel(reader, APP, told.funnel_steps, told.funnel_days)
    assert stored["n_users"].tolist() == counted["n_users"].tolist()
    assert (
        stored[[f"taken_{i}" for i in range(8)]].sum(axis=1).tolist() == stored["n_users"].tolist()
    )
    with pytest.raises(InputError, match="perhaps you meant paywall"):
        conversion.own_funnel(reader, APP, ("paywal",), 30)
    with pytest.raises(InputError, match="a shorter window"):
        conversion.own_funnel(reader, APP, ("image",), 500)


def test_groups_of_the_funnel_and_of_payers_add_up(reader):
    study = conversion.conversion_study(reader, APP)
    for _, own in study.funnel_groups.groupby("attribute"):
        assert own["n_users"].sum() == study.funnel["n_users"].iloc[0]
        reached = (own["share_1"] * own["n_users"]).sum()
        assert reached == pytest.approx(study.funnel["n_users"].iloc[1])
    everybody = study.time_to_pay.iloc[0]
    assert pd.isna(everybody["value"])
    assert everybody["n_payers"] == study.time_to_pay["n_payers"].iloc[1:].sum()
    assert 0 <= everybody["share_on_day_0"] <= everybody["share_within_7_days"] <= 1


def test_waiting_counts_users_outside_the_trial_alone(reader):
    frame = conversion.waiting(reader, APP)
    outside = reader.query(
        "SELECT count(*) AS n FROM (SELECT user_id FROM product_events "
        "GROUP BY user_id HAVING count(assigned_wait_seconds) = 0)"
    )
    assert 0 < frame["n_users"].sum() <= outside["n"].iloc[0]
    assert frame["paid_share"].between(frame["low"], frame["high"]).all()


def test_arms_are_the_users_the_simulator_assigned(reader, truth):
    study = trials.trial_study(reader, APP, PAYMENTS, "waiting_time_1", COST)
    arms = study.sums.set_index("variant")
    for row in truth["experiments"]:
        if row["experiment_id"] == "waiting_time_1":
            assert arms.loc[row["variant"], "n_users"] == row["n_complete_35_days"]
    assert study.split_p > 0.001
    images = study.comparison[study.comparison["metric"] == "images"].set_index("variant")
    # Shorter waits make more pictures: true by the way the history was drawn.
    assert images.loc["wait_5s", "difference"] > 0
    assert images.loc["wait_60s", "difference"] < 0


def test_contribution_is_proceeds_less_compute_user_by_user(reader):
    study = trials.trial_study(reader, APP, PAYMENTS, "monthly_price_1", COST)
    users = reader.query(
        """
        WITH arm AS (
            SELECT user_id, min(variant) AS variant, min(event_at)::DATE AS begun
            FROM product_events WHERE user_id IN (
                SELECT user_id FROM product_events WHERE experiment_id = 'monthly_price_1')
            GROUP BY user_id
        ), made AS (
            SELECT user_id, sum(n_images) AS n FROM product_events JOIN arm USING (user_id)
            WHERE event_at::DATE <= begun + 35 GROUP BY user_id
        ), money AS (
            SELECT user_id, sum(proceeds_usd) AS usd FROM subscription_transactions
            JOIN arm USING (user_id) WHERE purchased_at::DATE <= begun + 35 GROUP BY user_id
        )
        SELECT variant, avg(coalesce(usd, 0) - 0.003 * coalesce(n, 0)) AS mean
        FROM arm LEFT JOIN made USING (user_id) LEFT JOIN money USING (user_id)
        WHERE begun + 35 <= (SELECT max(last_day) FROM growth_definitions)
        GROUP BY variant
        """
    ).set_index("variant")["mean"]
    table = study.comparison[study.comparison["metric"] == "contribution_usd"]
    for row in table.itertuples():
        assert row.value == pytest.approx(users[row.variant], rel=1e-9)


def test_without_payments_a_trial_has_no_contribution(reader):
    table = trials.trial_study(reader, APP, "", "waiting_time_1", COST).comparison
    own = table[table["metric"] == "contribution_usd"]
    assert set(own["reason"]) == {"proceeds_unknown"}
    assert own["value"].isna().all()
    assert table.loc[table["metric"] == "paid_share", "value"].notna().all()


def test_a_trial_nobody_names_is_told(reader):
    with pytest.raises(InputError, match="the list of trials"):
        trials.trial_study(reader, APP, PAYMENTS, "no_trial", COST)


def test_every_cent_is_reconciled(reader):
    study = subscriptions.subscription_study(reader, PAYMENTS)
    totals = reader.query(
        "SELECT currency, sum(price) AS amount FROM subscription_transactions GROUP BY currency"
    ).set_index("currency")["amount"]
    table = study.money[study.money["part"] == "total"].set_index("currency")["amount"]
    pd.testing.assert_series_equal(
        table.sort_index(), totals.sort_index(), check_names=False, rtol=0, atol=1e-6
    )
    assert study.evidence_kind == "simulated"
    assert study.movements["closing"].iloc[-1] > 0
    shares = study.mix.groupby("month")["share"].sum()
    assert shares.to_numpy() == pytest.approx(1)


def test_money_that_does_not_add_up_stops_the_study(reader, monkeypatch):
    from dashboard.studies.growth import asking

    real = asking.ask

    def short(reader, expression):
        frame = real(reader, expression)
        if list(frame.columns) == ["currency", "part", "n", "cents"]:
            frame.loc[0, "cents"] -= 1
        return frame

    monkeypatch.setattr(subscriptions.asking, "ask", short)
    with pytest.raises(subscriptions.UnreconciledError, match="every cent"):
        subscriptions.subscription_study(reader, PAYMENTS)


def test_survival_and_value_follow_the_law_the_history_was_drawn_by(reader, truth):
    law = next(r for r in truth["renewals"] if r["product_id"] == "pro_monthly")
    study = value.value_study(reader, PAYMENTS, "pro_monthly")
    first = study.rates.iloc[0]
    chance = law["beta"] / (law["alpha"] + law["beta"])
    assert first["low"] < chance < first["high"]
    last = study.ltv.iloc[-1]
    assert last["low"] < last["ltv"] < last["high"]
    survival = value.survival_study(reader, PAYMENTS)
    monthly = survival.curves[survival.curves["product_id"] == "pro_monthly"]
    assert monthly["at_risk"].iloc[:-1].min() >= value.FEWEST_AT_RISK
    at_zero = survival.at_risk[survival.at_risk["time"] == 0].set_index("product_id")["at_risk"]
    assert at_zero["pro_monthly"] == survival.groups.set_index("product_id").loc["pro_monthly", "n"]


def test_a_plan_without_renewals_has_a_reason_and_no_value(reader):
    study = value.value_study(reader, PAYMENTS, "pro_annual")
    assert study.model.reason == "too_few_periods"
    assert study.ltv.empty
    assert study.hold_out.empty


def test_packs_are_counted_by_buyer(reader):
    study = value.pack_study(reader, PAYMENTS)
    assert study.n_buyers >= study.n_repeaters > 0
    assert study.forecast.empty == bool(study.model.reason)


def test_channels_hold_every_install_and_cent_of_spend(reader):
    study = channels.channel_study(reader, APP, PAYMENTS, SPEND, COST)
    assert study.table["installs"].sum() == 6_000
    spent = reader.query("SELECT sum(value) AS v FROM acquisition_spend WHERE metric = 'spend'")
    assert study.table["spend_usd"].sum() == pytest.approx(spent["v"].iloc[0])
    assert study.n_unmatched == 0
    with pytest.raises(InputError, match="import subscriptions"):
        channels.channel_study(reader, APP, "", SPEND, COST)


def test_spend_that_nobody_stated_is_missing_and_not_nothing(reader):
    for study in (
        channels.arrivals_study(reader, APP, "", COST),
        channels.channel_study(reader, APP, PAYMENTS, "", COST),
    ):
        assert study.table["installs"].sum() > 0
        assert study.table[["spend_usd", "cost_per_install_usd"]].isna().all(axis=None)


def test_without_payments_channels_hold_what_installs_cost_and_nothing_of_what_they_bring(reader):
    whole = channels.channel_study(reader, APP, PAYMENTS, SPEND, COST).table
    table = channels.arrivals_study(reader, APP, SPEND, COST).table
    kept = ["channel", "installs", "spend_usd", "cost_per_install_usd", "compute_per_install_usd"]
    pd.testing.assert_frame_equal(table[kept], whole[kept])
    unknown = [name for name in table if name.startswith(channels.OF_PAYMENTS)]
    assert {"roas_7", "payback_day", "contribution_per_install_usd"} <= set(unknown)
    assert table[unknown].isna().all(axis=None)


def test_drivers_leave_out_who_had_paid_already(reader):
    found = trials.driver_study(reader, APP)
    if not found.reason:
        assert found.n_left_out > 0
        assert set(found.scores["model"]) == {"logistic", "boosting", "share"}


def test_odd_transactions_are_counted(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "transaction_id,user_id,product_id,product_kind,period_months,purchased_at,expires_at,"
        "renewal_number,price,currency,price_usd\n"
        "1,u,m,subscription,1,2025-01-01T00:00:00Z,2025-02-01T00:00:00Z,1,10,USD,10\n"
        "2,u,y,subscription,12,2025-01-05T00:00:00Z,2026-01-05T00:00:00Z,1,99,USD,99\n"
        "3,v,m,subscription,1,2025-01-05T00:00:00Z,2025-02-05T00:00:00Z,1,8,EUR,\n"
        "4,w,m,unknown,,2025-01-05T00:00:00Z,,,5,EUR,\n"
    )
    settings = Settings(data_dir=tmp_path / "data")
    imports.import_files(settings, "subscriptions", [path], imports.Options(source="own"))
    reader = SnapshotReader(settings.data_dir)
    study = subscriptions.subscription_study(reader, "own", datetime(2025, 3, 15, tzinfo=UTC))
    doubts = dict(zip(study.doubts["code"], study.doubts["n"], strict=True))
    assert doubts == {"overlapping": 1, "unknown_kind": 1, "without_usd": 1}
    assert study.movements["closing"].tolist() == [pytest.approx(10 + 99 / 12), 99 / 12]
    with pytest.raises(InputError, match="has none"):
        subscriptions.subscription_study(reader, "nobody")
