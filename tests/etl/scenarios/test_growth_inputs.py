"""Inputs from one's own data, on a made-up history whose counts are taken again by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from etl.errors import InputError
from etl.scenarios.growth_inputs import growth_quantities
from etl.scenarios.resolve import scenario
from etl.scenarios.spend_inputs import GrowthInputs, bill_quantities
from etl.warehouse import SnapshotReader

# As for the snapshot's reader: DuckDB makes frames by a call that pandas deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")

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


LIVE = """
    SELECT DISTINCT user_id FROM subscription_transactions t
    WHERE source = ? AND product_kind = 'subscription' AND price > 0 AND refunded_at IS NULL
    AND purchased_at < ? AND expires_at >= ? AND NOT EXISTS (
        SELECT 1 FROM subscription_transactions r WHERE r.price < 0
        AND r.original_transaction_id = t.original_transaction_id
        AND r.purchased_at = t.purchased_at
    )
"""


def test_payers_of_a_month_are_those_whose_subscription_is_live(
    own: SnapshotReader, app: GrowthInputs, users: pd.DataFrame
) -> None:
    last = users["event_date"].max()
    end = pd.Timestamp(last, tz="UTC") + timedelta(days=1)
    live = set(own.query(LIVE, (PAYMENTS, end, end))["user_id"])
    recent = users.loc[users["event_date"] > last - timedelta(days=28)]
    active = set(recent.loc[recent["event_name"] == "session_start", "user_id"])
    assert live - active
    assert app.found["active_users"].value == len(active)
    assert app.found["paying_share"].value == pytest.approx(len(live) / len(active))
    made = recent.loc[recent["user_id"].isin(active)].groupby("user_id")["n_images"].sum()
    a_month = (365.25 / 12) / 28
    free = made[~made.index.isin(live)].sum() / len(active - live) * a_month
    paid = made[made.index.isin(live)].sum() / len(live) * a_month
    assert app.found["free_images_per_user"].value == pytest.approx(free)
    assert app.found["paid_images_per_user"].value == pytest.approx(paid)


def test_a_renewal_without_the_user_makes_nobody_active(
    app: GrowthInputs, users: pd.DataFrame
) -> None:
    recent = users.loc[users["event_date"] > users["event_date"].max() - timedelta(days=28)]
    assert app.found["active_users"].value < recent["user_id"].nunique()


def test_conversion_is_that_of_users_who_had_the_whole_window(
    app: GrowthInputs, users: pd.DataFrame
) -> None:
    first, last = begun(users), users["event_date"].max()
    mature = first[first <= last - timedelta(days=35)]
    paid = users.loc[users["event_name"].isin(["purchase", "renewal"])]
    paid = paid.loc[paid["user_id"].isin(mature.index)]
    n_paid, n_back = (
        rows.groupby("user_id").size().reindex(mature.index, fill_value=0)
        for rows in (paid, users.loc[users["event_name"] == "refund"])
    )
    days = paid.groupby("user_id")["event_date"].min() - mature
    payers = (days <= pd.Timedelta(days=35)) & (n_back < n_paid)
    found = app.found["paid_conversion_rate"]
    assert found.value == pytest.approx(payers.sum() / len(mature))
    assert f"{last - timedelta(days=35):%Y-%m-%d}" in found.source


def test_pictures_of_the_first_month_are_over_everybody_who_began(
    app: GrowthInputs, users: pd.DataFrame
) -> None:
    first, last = begun(users), users["event_date"].max()
    mature = first[first <= last - timedelta(days=30)]
    day = users["event_date"] - users["user_id"].map(mature)
    made = users.loc[day < pd.Timedelta(days=30), "n_images"].sum()
    found = app.found["free_images_per_install"]
    assert found.value == pytest.approx(made / len(mature))
    assert "payers' among them" in found.source


def test_a_month_s_loss_is_that_between_days_30_and_60(
    app: GrowthInputs, users: pd.DataFrame
) -> None:
    first, last = begun(users), users["event_date"].max()
    mature = first[first <= last - timedelta(days=60)]
    active = users.loc[users["event_name"] == "session_start"]
    day = active["event_date"] - active["user_id"].map(mature)
    early, late = (active.loc[day == pd.Timedelta(days=k), "user_id"].nunique() for k in (30, 60))
    found = app.found["free_churn_rate"]
    assert found.value == pytest.approx(1 - (late / early) ** (365.25 / 12 / 30))
    assert 0 < found.ends[0] < found.value < found.ends[1] < 1


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
    assert found.inputs.given["paying_share"].evidence_kind == "simulated"
    assert "hourly_price" in found.reasons


class Made:
    """A reader over a few tables that a test makes; the others are there and empty."""

    def __init__(self, own: SnapshotReader, **rows: pd.DataFrame) -> None:
        self._con = duckdb.connect()
        for name in TABLES:
            # The name stands in the text too: a question that names the lake sees its columns.
            columns = own.query(
                f"SELECT column_name AS name, data_type AS kind FROM duckdb_columns() "
                f"WHERE table_name = '{name}' ORDER BY column_index"
            )
            listed = ", ".join(f"{c} {k}" for c, k in columns.itertuples(index=False))
            self._con.execute(f"CREATE TABLE {name} ({listed})")
        for name, frame in rows.items():
            self.add(name, frame)

    def add(self, name: str, frame: pd.DataFrame) -> None:
        self._con.register("given", frame)
        self._con.execute(f"INSERT INTO {name} BY NAME FROM given")
        self._con.unregister("given")

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        return self._con.execute(sql, list(parameters)).df()


TABLES = (
    *("growth_definitions", "event_names", "paid_conversion", "cohort_cube", "paying_users"),
    *("lake_days", "product_events", "subscription_transactions", "acquisition_spend"),
    *("gpu_bills", "fx_rates"),
)
LAST = date(2026, 6, 30)


def small(own: SnapshotReader, *, payments: bool = True, pictures: int = 1) -> Made:
    """Return a reader over a hundred measured users, ten of whom pay in the last month."""
    start = LAST - timedelta(days=90)
    about = {"source": "app", "evidence_kind": "measured", "active": "open"}
    about |= {"begins": "signup", "payments": "paid", "window_days": 35}
    about |= {"first_day": start, "last_whole_day": LAST}
    people = [f"u{i}" for i in range(100)]
    events = [(user, "open", LAST - timedelta(days=3), pictures) for user in people]
    events += [(user, "paid", LAST - timedelta(days=2), 0) for user in people[:10] if payments]
    columns = ["user_id", "event_name", "event_date", "n_images"]
    lake = pd.DataFrame(events, columns=pd.Index(columns)).assign(source="app")
    days = {"source": "app", "table_name": "product_events", "event_date": [start, LAST]}
    names = ["signup", "open", *(["paid"] if payments else [])]
    cube = {"source": "app", "begun_on": start, "n_images": pictures}
    began = {"source": "app", "begun_on": [start, start + timedelta(days=1)], "size": [60, 40]}
    return Made(
        own,
        growth_definitions=pd.DataFrame([about]),
        event_names=pd.DataFrame({"source": "app", "event_name": names}),
        paid_conversion=pd.DataFrame(began | {"payers": [5 * payments, 0], "refunded": 0}),
        cohort_cube=pd.DataFrame([cube | {"active_on": start, "n_users": 60}]),
        lake_days=pd.DataFrame(days),
        product_events=lake,
    )


def payments_of(people: Sequence[str], source: str = "store") -> pd.DataFrame:
    rows = {"source": source, "transaction_id": people, "user_id": people, "price": 60.0}
    rows |= {"product_id": "yearly", "product_kind": "subscription", "period_months": 12.0}
    rows |= {"purchased_at": pd.Timestamp("2026-01-05", tz="UTC")}
    rows |= {"expires_at": pd.Timestamp("2027-01-05", tz="UTC"), "evidence_kind": "measured"}
    rows |= {"unsubscribed_at": pd.Timestamp(LAST, tz="UTC")}
    return pd.DataFrame(rows)


def test_events_without_payments_or_pictures_tell_neither(own: SnapshotReader) -> None:
    told = growth_quantities(small(own, payments=False, pictures=0), "app", "USD")
    assert "no payments" in told.reasons["paid_conversion_rate"]
    assert "no payments" in told.reasons["paying_share"]
    assert "no pictures" in told.reasons["free_images_per_install"]
    assert told.found["active_users"].value == 100
    told = growth_quantities(small(own, pictures=0), "app", "USD")
    assert "no pictures" in told.reasons["paid_images_per_user"]


def test_without_payments_beside_them_payers_are_those_of_the_events(own: SnapshotReader) -> None:
    share = growth_quantities(small(own), "app", "USD").found["paying_share"]
    assert share.value == pytest.approx(0.1)
    assert share.evidence_kind == "measured"
    assert "longer periods are not seen" in share.source


@pytest.mark.parametrize(
    ("change", "is_used"),
    [
        ({}, True),
        ({"evidence_kind": "simulated"}, False),
        ({"unsubscribed_at": pd.Timestamp("2026-05-01", tz="UTC")}, False),
        ({"user_id": [f"stranger{i}" for i in range(20)]}, False),
    ],
)
def test_payments_count_beside_events_of_the_same_kind_time_and_users(
    own: SnapshotReader, change: dict[str, object], is_used: bool
) -> None:
    reader, people = small(own), [f"u{i}" for i in range(20)]
    reader.add("paying_users", pd.DataFrame({"source": "app", "user_id": people}))
    reader.add("subscription_transactions", payments_of(people).assign(**change))
    share = growth_quantities(reader, "app", "USD").found["paying_share"]
    assert share.value == pytest.approx(0.2 if is_used else 0.1)
    assert share.evidence_kind == "measured"


def test_two_payments_beside_the_events_are_not_mixed(own: SnapshotReader) -> None:
    reader, people = small(own), [f"u{i}" for i in range(20)]
    reader.add("paying_users", pd.DataFrame({"source": "app", "user_id": people}))
    for source in ("store", "web"):
        reader.add("subscription_transactions", payments_of(people, source))
    assert growth_quantities(reader, "app", "USD").found["paying_share"].value == pytest.approx(0.1)


def test_counts_without_their_events_or_four_weeks_tell_no_month(own: SnapshotReader) -> None:
    reader = small(own)
    reader.query("DELETE FROM lake_days WHERE event_date < ?", (LAST,))
    assert "fewer than 28" in growth_quantities(reader, "app", "USD").reasons["active_users"]
    reader.query("DELETE FROM lake_days")
    told = growth_quantities(reader, "app", "USD")
    assert "only counts" in told.reasons["free_images_per_user"]
    assert told.found["installs"].value == 100


def test_cohorts_nobody_of_whom_was_active_count_all_the_same(own: SnapshotReader) -> None:
    told = growth_quantities(small(own, pictures=150), "app", "USD")
    assert told.found["free_images_per_install"].value == pytest.approx(1.5)
    assert "too few" in told.reasons["free_churn_rate"]


def test_a_history_without_a_whole_day_is_refused(own: SnapshotReader) -> None:
    reader = small(own)
    reader.query("UPDATE growth_definitions SET last_whole_day = NULL")
    with pytest.raises(InputError, match="no day was over"):
        growth_quantities(reader, "app", "USD")


def spend_of(**change: object) -> pd.DataFrame:
    days = [LAST - timedelta(days=2), LAST, LAST + timedelta(days=5)]
    rows = {"source": "ads", "spend_date": days, "channel": "search", "metric": "spend"}
    rows |= {"reported_by": "tool", "campaign": "*", "country": "*", "platform": "*"}
    rows |= {"value": [40.0, 60.0, 500.0], "currency": "EUR", "days_after_install": 0}
    return pd.DataFrame(rows | {"evidence_kind": "measured"} | change)


def test_spend_counts_on_the_days_that_the_events_reach(own: SnapshotReader) -> None:
    reader = small(own)
    reader.add("acquisition_spend", spend_of())
    assert "nobody first paid" in growth_quantities(reader, "ads", "USD").reasons["cac"]
    won = {"source": "app", "user_id": list("abcd"), "first_paid_on": LAST - timedelta(days=1)}
    reader.add("paying_users", pd.DataFrame(won))
    cac = growth_quantities(reader, "ads", "USD").found["cac"]
    assert (cac.value, cac.unit, cac.as_of) == (25.0, "EUR/payer", LAST)
    reader.add("acquisition_spend", spend_of(reported_by="another tool"))
    assert "counts twice" in growth_quantities(reader, "ads", "USD").reasons["cac"]


def bill(amount: float, hours: float | None, **change: object) -> dict[str, object]:
    told: dict[str, object] = {"bill_id": "x", "provider": "cloud", "gpu_name": "H100"}
    told |= {"period_start": date(2026, 6, 1), "period_end": LAST, "currency": "EUR"}
    return told | {"amount": amount, "gpu_hours": hours, "evidence_kind": "measured"} | change


def test_an_hour_of_a_card_costs_the_newest_amounts_over_their_hours(own: SnapshotReader) -> None:
    before = {"period_start": date(2026, 5, 1), "period_end": date(2026, 5, 31)}
    lines = [
        bill(200, 100),
        bill(900, 300),
        bill(-40, 20),
        bill(7, None),
        bill(3, 0.0),
        bill(1, 100, **before),
    ]
    told = bill_quantities(Made(own, gpu_bills=pd.DataFrame(lines)), "USD")
    price = told.found["hourly_price"]
    assert price.value == pytest.approx(1_060 / 420)
    assert price.ends == (2.0, 3.0)
    assert (price.unit, price.as_of, price.evidence_kind) == ("EUR/hour", LAST, "measured")
    for word in ("cloud", "2026-06-01 to 2026-06-30", "H100", "2 lines without hours"):
        assert word in price.source
    assert "at work" in told.reasons["utilisation"]


def test_bills_that_were_not_known_on_the_day_are_not_looked_at(own: SnapshotReader) -> None:
    before = {"period_start": date(2026, 5, 1), "period_end": date(2026, 5, 31)}
    reader = Made(own, gpu_bills=pd.DataFrame([bill(200, 100), bill(100, 100, **before)]))
    told = bill_quantities(reader, "USD", as_of=date(2026, 6, 15))
    assert told.found["hourly_price"].value == 1.0


def test_made_up_bills_never_stand_beside_measured_ones(own: SnapshotReader) -> None:
    lines = [bill(200, 100), bill(300, 100, evidence_kind="simulated")]
    told = bill_quantities(Made(own, gpu_bills=pd.DataFrame(lines)), "USD")
    assert "made up" in told.reasons["hourly_price"]


def paid(own: SnapshotReader, **change: object) -> Made:
    """Return a reader over yearly plans of twenty users, paid in euros on one day."""
    reader, people = Made(own), [f"u{i}" for i in range(20)]
    rows = payments_of(people).assign(currency="EUR", proceeds=36.0)
    late = payments_of(["late"]).assign(purchased_at=pd.Timestamp(LAST, tz="UTC"), price=0.0)
    reader.add("subscription_transactions", pd.concat([rows.assign(**change), late]))
    day = {"rate_date": date(2026, 1, 2), "base": "EUR", "quote": "CNY", "rate": 8.0}
    reader.add("fx_rates", pd.DataFrame([day]))
    return reader


def test_payouts_are_told_at_the_rate_of_their_day(own: SnapshotReader) -> None:
    told = growth_quantities(paid(own), "store", "CNY")
    found = told.found["net_proceeds"]
    assert (found.value, found.unit) == (pytest.approx(24.0), "CNY/payer/month")
    assert told.found["paid_churn_rate"].value == 0
    assert growth_quantities(paid(own), "store", "EUR").found["net_proceeds"].value == 3.0


@pytest.mark.parametrize(
    "change", [{"currency": "TWD"}, {"proceeds": [None] * 3 + [36.0] * 17}, {"period_months": None}]
)
def test_a_payout_that_is_not_known_is_a_reason_and_no_loss_of_payers(
    own: SnapshotReader, change: dict[str, object]
) -> None:
    told = growth_quantities(paid(own, **change), "store", "CNY")
    assert "no payout, period or rate" in told.reasons["net_proceeds"]
    assert told.found["paid_churn_rate"].value == 0


def test_the_range_of_proceeds_is_that_of_payers_not_of_their_months(own: SnapshotReader) -> None:
    reader = paid(own, proceeds=[24.0, 48.0] * 10)
    low, high = growth_quantities(reader, "store", "EUR").found["net_proceeds"].ends
    error = np.std([2.0, 4.0] * 10, ddof=1) / np.sqrt(20)
    assert high - low == pytest.approx(2 * 1.959964 * error)


def test_refunds_are_not_taken_off_twice(own: SnapshotReader) -> None:
    reference = {"own": {"source": PAYMENTS}}
    raw = {
        "name": "own",
        "as_of": "2026-11-01",
        "currency": "USD",
        "inputs": {"active_users": 1_000, "net_proceeds": reference, "refund_rate": reference},
    }
    found = scenario(raw, "own.yml", own)
    assert "refund_rate" not in found.inputs.given
    assert "hold no refunded one" in found.reasons["refund_rate"]
    raw["inputs"] = {"active_users": 1_000, "net_proceeds": 5, "refund_rate": reference}
    assert scenario(raw, "own.yml", own).inputs.given["refund_rate"].value > 0
