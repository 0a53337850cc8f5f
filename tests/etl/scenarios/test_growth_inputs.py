"""Inputs from one's own data, on a made-up history whose counts are taken again by hand."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from etl.errors import InputError
from etl.scenarios.growth_inputs import GrowthInputs, bill_quantities, growth_quantities
from etl.scenarios.resolve import scenario
from etl.warehouse import SnapshotReader

APP, PAYMENTS, SPEND = "simulated_app", "simulated_app_payments", "simulated_app_spend"


@pytest.fixture(scope="module")
def own(grown: Path) -> SnapshotReader:
    return SnapshotReader(grown)


@pytest.fixture(scope="module")
def app(own: SnapshotReader) -> GrowthInputs:
    return growth_quantities(own, APP, "USD")


@pytest.fixture(scope="module")
def users(own: SnapshotReader) -> pd.DataFrame:
    """Every user's events: the first day, and what was done when."""
    return own.query(
        "SELECT user_id, event_name, event_date, n_images FROM product_events WHERE source = ?",
        (APP,),
    )


def begun(users: pd.DataFrame) -> pd.Series:
    return users.loc[users["event_name"] == "install"].groupby("user_id")["event_date"].min()


def test_installs_and_their_peak_are_counted(app: GrowthInputs, users: pd.DataFrame) -> None:
    first = begun(users)
    assert app.found["installs"].value == len(first)
    assert app.found["peak_installs_per_day"].value == first.value_counts().max()


def test_retention_is_that_of_day_30_of_users_who_had_it(
    app: GrowthInputs, users: pd.DataFrame
) -> None:
    first, last = begun(users), users["event_date"].max()
    mature = first[first <= last - timedelta(days=30)]
    active = users.loc[users["event_name"] == "session_start"]
    day = active["event_date"] - active["user_id"].map(mature)
    came = active.loc[day == pd.Timedelta(days=30), "user_id"].nunique()
    found = app.found["retained_rate"]
    assert found.value == pytest.approx(came / len(mature))
    assert "n_day" in found.source
    low, high = found.ends
    assert low < found.value < high


def test_the_share_of_payers_is_over_those_active_in_four_weeks(
    app: GrowthInputs, users: pd.DataFrame
) -> None:
    last = users["event_date"].max()
    recent = users.loc[users["event_date"] > last - timedelta(days=28)]
    month = users.loc[users["event_date"] > last - timedelta(days=30)]
    paid = set(month.loc[month["event_name"].isin(["purchase", "renewal"]), "user_id"])
    active = set(recent["user_id"])
    assert app.found["active_users"].value == len(active)
    assert app.found["paying_share"].value == pytest.approx(len(active & paid) / len(active))
    made = recent.loc[~recent["user_id"].isin(paid), "n_images"].sum()
    free = made / len(active - paid) * (365.25 / 12) / 28
    assert app.found["free_images_per_user"].value == pytest.approx(free)


def test_what_was_made_up_stays_simulated(own: SnapshotReader, app: GrowthInputs) -> None:
    told = [app, growth_quantities(own, PAYMENTS, "USD"), growth_quantities(own, SPEND, "USD")]
    kinds = {quantity.evidence_kind for each in told for quantity in each.found.values()}
    assert kinds == {"simulated"}


def test_payers_lost_in_a_month_are_counted_by_user(own: SnapshotReader) -> None:
    rows = own.query(
        """
        SELECT user_id, purchased_at, expires_at FROM subscription_transactions t
        WHERE source = ? AND product_kind = 'subscription' AND price_usd > 0
        AND refunded_at IS NULL AND expires_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM subscription_transactions r WHERE r.price < 0
            AND r.original_transaction_id = t.original_transaction_id
            AND r.purchased_at = t.purchased_at
        )
        """,
        (PAYMENTS,),
    )
    found = growth_quantities(own, PAYMENTS, "USD").found["paid_churn_rate"]
    assert found.as_of is not None
    starts = pd.date_range(end=found.as_of, periods=7, freq="MS", tz="UTC")
    lost = opening = 0
    for start, end in itertools.pairwise(starts):
        live = [
            set(rows.loc[(rows["purchased_at"] < at) & (rows["expires_at"] >= at), "user_id"])
            for at in (start, end)
        ]
        opening += len(live[0])
        lost += len(live[0] - live[1])
    assert found.value == pytest.approx(lost / opening)


def test_spend_is_set_against_those_who_first_paid_in_its_days(own: SnapshotReader) -> None:
    found = growth_quantities(own, SPEND, "USD").found["cac"]
    spent = own.query("SELECT sum(value) AS v FROM acquisition_spend WHERE metric = 'spend'")[
        "v"
    ].iloc[0]
    won = own.query("SELECT count(*) AS n FROM paying_users")["n"].iloc[0]
    assert found.value == pytest.approx(spent / won)
    assert found.unit == "USD/payer"


def test_data_that_were_not_known_on_the_day_are_refused(own: SnapshotReader) -> None:
    with pytest.raises(InputError, match="reach to"):
        growth_quantities(own, APP, "USD", as_of=date(2020, 1, 1))


def test_an_unknown_source_says_so_and_bills_that_are_not_there_have_a_reason(
    own: SnapshotReader,
) -> None:
    with pytest.raises(InputError, match="no import bears that name"):
        growth_quantities(own, "nobody", "USD")
    told = bill_quantities(own, "USD")
    assert not told.found
    assert "no bill" in told.reasons["hourly_price"]


def test_a_scenario_takes_own_data_by_reference(own: SnapshotReader) -> None:
    raw = {
        "name": "own",
        "as_of": "2026-11-01",
        "currency": "CNY",
        "inputs": {
            "active_users": {"own": {"source": APP}},
            "paying_share": {"own": {"source": APP}},
            "net_proceeds": {"own": {"source": PAYMENTS}},
            "paid_churn_rate": {"own": {"source": PAYMENTS}},
            "cac": {"own": {"source": SPEND}},
            "hourly_price": {"own": {"source": "bills"}},
        },
    }
    found = scenario(raw, "own.yml", own)
    assert found.inputs.given["net_proceeds"].unit == "CNY/payer/month"
    assert "USD" in found.inputs.given["net_proceeds"].converted
    assert found.inputs.given["paying_share"].evidence_kind == "simulated"
    assert "hourly_price" in found.reasons
