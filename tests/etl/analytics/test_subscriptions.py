"""Recurring revenue and its reconciliation, by hand and against a loop over days."""

# pyright: basic

from __future__ import annotations

from datetime import date

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest

from etl.analytics.subscriptions import NotReconciledError, mrr_table, reconcile, renewal_table
from etl.marts import subscriptions as marts

COLUMNS = {
    "transaction_id": "string",
    "original_transaction_id": "string",
    "user_id": "string",
    "product_id": "string",
    "product_kind": "string",
    "period_months": "float64",
    "purchased_at": "timestamp('UTC')",
    "expires_at": "timestamp('UTC')",
    "refunded_at": "timestamp('UTC')",
    "unsubscribed_at": "timestamp('UTC')",
    "renewal_number": "int64",
    "price": "float64",
    "currency": "string",
    "price_usd": "float64",
    "proceeds_usd": "float64",
}


_DUCKDB = {
    "string": "VARCHAR",
    "float64": "DOUBLE",
    "int64": "BIGINT",
    "timestamp('UTC')": "TIMESTAMPTZ",
}


def history(rows: list[dict]) -> pd.DataFrame:
    """Return transactions; what a row does not say is missing."""
    frame = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    for name, kind in COLUMNS.items():
        if kind.startswith("timestamp"):
            frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def paid(chain: str, number: int, begin: str, days: int = 30, price: float = 10.0, **more) -> dict:
    start = pd.Timestamp(begin, tz="UTC")
    return {
        "transaction_id": f"{chain}-{number}",
        "original_transaction_id": chain,
        "user_id": more.pop("user", chain),
        "product_id": more.pop("product", "monthly"),
        "product_kind": "subscription",
        "period_months": 1.0,
        "purchased_at": start,
        "expires_at": start + pd.Timedelta(days=days),
        "renewal_number": number,
        "price": price,
        "currency": "USD",
        "price_usd": price,
    } | more


def ask(frame: pd.DataFrame, make) -> pd.DataFrame:
    """Return the rows of a mart over transactions."""
    table = ibis.table(COLUMNS, name="transactions")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("given", frame)
        typed = ", ".join(f"{c}::{_DUCKDB[k]} AS {c}" for c, k in COLUMNS.items())
        con.execute(f"CREATE TABLE transactions AS SELECT {typed} FROM given")
        found = con.execute(str(ibis.to_sql(make(table), dialect="duckdb")))
        names = [column[0] for column in found.description]
        return pd.DataFrame(found.fetchall(), columns=names)


MONTHS = [date(2025, m, 1) for m in range(2, 8)]


def movements(frame: pd.DataFrame) -> pd.DataFrame:
    def make(table):
        revenue = marts.monthly_revenue(marts.paid_periods(table), MONTHS)
        return marts.movements(revenue, len(MONTHS))

    return mrr_table(ask(frame, make), len(MONTHS)).set_index("position")


def test_every_movement_by_hand():
    table = movements(
        history(
            [
                # Stays and pays more, then less, then leaves, then comes back.
                paid("a", 1, "2025-01-10", 31),
                paid("a", 2, "2025-02-10", 28, price=15.0),
                paid("a", 3, "2025-03-10", 31, price=12.0),
                paid("b", 1, "2025-06-05", 30, user="a"),
                # A year at once is a twelfth a month.
                paid("c", 1, "2025-01-20", 365, price=120.0) | {"period_months": 12.0},
            ]
        )
    )
    assert table.loc[0, ["new", "closing", "n_subscribers"]].tolist() == [20.0, 20.0, 2]
    assert table.loc[1, "expansion"] == 5.0
    assert table.loc[2, "contraction"] == -3.0
    assert table.loc[3, "churn"] == -12.0
    assert table.loc[4, ["opening", "closing", "n_subscribers"]].tolist() == [10.0, 10.0, 1]
    assert table.loc[5, "reactivation"] == 10.0
    assert table.loc[2, "net_churn_rate"] == pytest.approx(3 / 25)
    assert table.loc[5, "net_churn_rate"] == pytest.approx(-1.0)
    assert np.isnan(table.loc[0, "net_churn_rate"])
    assert np.isnan(table.loc[5, "quick_ratio"])


@pytest.mark.parametrize("by_row", [True, False])
def test_a_refund_restates_the_months_before_it(by_row: bool):
    first = paid("a", 1, "2025-01-10", 31)
    rows = [first, paid("a", 2, "2025-02-10", 28)]
    if by_row:
        rows.append(rows[1] | {"transaction_id": "r", "price": -10.0, "price_usd": -10.0})
    else:
        rows[1] = rows[1] | {"refunded_at": "2025-05-02"}
    table = movements(history(rows))
    assert table.loc[0, "closing"] == 10.0
    assert table.loc[1, ["closing", "churn"]].tolist() == [0.0, -10.0]


@pytest.mark.parametrize("seed", range(3))
def test_revenue_equals_a_loop(seed: int):
    rng = np.random.default_rng(seed)
    rows = []
    for chain in range(25):
        begin = pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(days=int(rng.integers(0, 90)))
        for number in range(1, int(rng.integers(2, 6))):
            price = float(rng.choice([5.0, 10.0]))
            rows.append(paid(f"c{chain}", number, str(begin)[:19], 30, price, user=f"u{chain % 9}"))
            begin += pd.Timedelta(days=30 + int(rng.integers(0, 3)))
    frame = history(rows)
    table = movements(frame)
    for position, month in enumerate(MONTHS):
        at = pd.Timestamp(month, tz="UTC")
        active = frame[(frame["purchased_at"] < at) & (frame["expires_at"] >= at)]
        assert table.loc[position, "closing"] == pytest.approx(active["price_usd"].sum())
        assert table.loc[position, "n_subscribers"] == active["user_id"].nunique()


def test_a_month_that_does_not_add_up_is_refused():
    names = ["opening", "new", "expansion", "reactivation", "contraction", "churn", "closing"]
    row = dict.fromkeys(names, 0.0) | {"n_subscribers": 1, "position": 0}
    with pytest.raises(NotReconciledError, match=r"closes at 5\.00"):
        mrr_table(pd.DataFrame([row | {"closing": 5.0}]), 1)
    rows = [row | {"new": 5.0, "closing": 5.0}, row | {"position": 1}]
    with pytest.raises(NotReconciledError, match=r"opens at 0\.00"):
        mrr_table(pd.DataFrame(rows), 2)


def test_every_row_and_cent_is_counted_as_something():
    frame = history(
        [
            paid("a", 1, "2025-01-10"),
            paid("a", 2, "2025-02-10") | {"refunded_at": "2025-03-01"},
            paid("b", 1, "2025-01-10", price=0.1),
            paid("b", 1, "2025-01-10", price=-0.1) | {"transaction_id": "b-r"},
            paid("t", 1, "2025-01-10", price=0.0) | {"product_kind": "trial"},
            paid("p", 1, "2025-01-10", price=4.99) | {"product_kind": "one_time"},
            paid("n", 1, "2025-01-10") | {"price": None, "currency": "JPY"},
        ]
    )
    parts, totals = ask(frame, marts.booked), ask(frame, marts.totals)
    table = reconcile(parts, totals).set_index(["currency", "part"])["amount"]
    assert table[("USD", "recurring")] == 10.0
    assert table[("USD", "recurring_refunded")] == 10.0
    assert table[("USD", "recurring_refunded_by_row")] == 0.1
    assert table[("USD", "refunds")] == -0.1
    assert table[("USD", "once")] == 4.99
    assert table[("USD", "total")] == 24.99
    assert table[("JPY", "without_price")] == 0
    parts.loc[0, "cents"] += 1
    with pytest.raises(NotReconciledError, match=r"the source has .* counted were"):
        reconcile(parts, totals)


def test_a_currency_that_only_one_side_knows_is_no_match():
    one = pd.DataFrame({"currency": ["USD"], "part": ["once"], "n": [1], "cents": [5]})
    other = pd.DataFrame({"currency": ["USD", None], "n": [1, 1], "cents": [5, 0]})
    with pytest.raises(NotReconciledError, match=r"in (nan|None)"):
        reconcile(one, other)


def test_renewals_count_those_due_and_those_who_renewed():
    frame = history(
        [
            paid("a", 1, "2025-01-01"),
            paid("a", 2, "2025-01-31"),
            paid("b", 1, "2025-01-05"),
            paid("c", 1, "2025-03-20"),
        ]
    )
    until = ibis.timestamp("2025-03-25", timezone="UTC")
    table = renewal_table(ask(frame, lambda t: marts.renewal_counts(t, until)))
    assert table[["renewal", "due", "renewed"]].to_numpy().tolist() == [[1, 2, 1], [2, 1, 0]]
    assert table["renewal_rate"].tolist() == [0.5, 0.0]


def test_trials_end_paid_cancelled_or_refunded():
    def trial(chain: str, **more) -> dict:
        return paid(chain, 1, "2025-01-01", 7, price=0.0) | {
            "transaction_id": f"{chain}-0",
            "product_kind": "trial",
            "renewal_number": None,
            **more,
        }

    frame = history(
        [
            trial("a"),
            paid("a", 1, "2025-01-08"),
            trial("b", unsubscribed_at="2025-01-03"),
            trial("c"),
            paid("c", 1, "2025-01-08") | {"refunded_at": "2025-01-20"},
            trial("d") | {"expires_at": "2025-09-01"},
        ]
    )
    until = ibis.timestamp("2025-03-01", timezone="UTC")
    row = ask(frame, lambda t: marts.trial_outcomes(t, until)).iloc[0]
    names = ["n_trials", "n_ended", "n_cancelled", "n_paid", "n_kept"]
    assert row[names].tolist() == [4, 3, 1, 2, 1]


def test_subscriptions_at_a_cut_and_what_they_did_after():
    frame = history(
        [
            paid("a", 1, "2025-01-01"),
            paid("a", 2, "2025-01-31"),
            paid("a", 3, "2025-03-02"),
            paid("b", 1, "2025-01-20"),
            paid("gone", 1, "2024-11-01"),
        ]
    )
    cut, until = (ibis.timestamp(day, timezone="UTC") for day in ("2025-02-10", "2025-04-10"))
    table = ask(frame, lambda t: marts.chains_at(t, cut, until))
    rows = sorted(table[["paid_before", "ahead", "made", "n"]].to_numpy().tolist())
    assert rows == [[1, 2, 0, 1], [2, 2, 1, 1]]


@pytest.mark.parametrize("dialect", ["trino", "bigquery", "duckdb"])
def test_marts_of_money_compile_for_other_engines(dialect: str):
    table = ibis.table(COLUMNS, name="transactions")
    until = ibis.timestamp("2025-03-01", timezone="UTC")
    revenue = marts.monthly_revenue(marts.paid_periods(table), MONTHS)
    for expression in (
        marts.movements(revenue, len(MONTHS)),
        marts.plan_mix(revenue),
        marts.renewal_counts(table, until),
        marts.trial_outcomes(table, until),
        marts.chains_at(table, until, until),
        marts.stays(table, until),
        marts.booked(table),
        marts.totals(table),
    ):
        assert "SELECT" in str(ibis.to_sql(expression, dialect=dialect))
