"""The derived tables, against pandas and by hand."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
import pytest

from etl import engines, marts
from etl.errors import InputError
from etl.marts import daily_returns
from etl.warehouse import SnapshotReader


def test_daily_returns_equal_an_independent_calculation(published):
    reader = SnapshotReader(published)
    mart = reader.query("SELECT * FROM daily_returns ORDER BY ticker, trade_date")
    prices = reader.query("SELECT * FROM stock_prices ORDER BY ticker, trade_date")
    ratio = prices["adjusted_close"] / prices.groupby("ticker")["adjusted_close"].shift()
    known = mart["log_return"].notna()
    np.testing.assert_allclose(mart["log_return"][known], np.log(ratio[known]), rtol=1e-12)
    np.testing.assert_allclose(mart["simple_return"][known], ratio[known] - 1, atol=1e-12)
    assert set(mart["ticker"][~known]) >= set(prices["ticker"].unique())


def test_a_return_that_cannot_be_had_is_missing_with_its_reason():
    days = pd.to_datetime(["2022-01-03", "2022-01-04", "2022-01-05", "2022-01-06"])
    prices = pd.DataFrame(
        {
            "ticker": "A",
            "trade_date": days,
            "raw_close": [1.0, np.nan, 3.0, 4.0],
            "adjusted_close": [1.0, 2.0, 4.0, 8.0],
            "volume": 1.0,
            "currency": "USD",
            "adjustment": ["none", "none", "split", "split"],
            "evidence_kind": "measured",
        }
    )
    listed = pd.DataFrame({"ticker": ["A"], "listed_from": pd.to_datetime(["2022-01-04"])})
    mart = daily_returns.expression(ibis.memtable(prices), ibis.memtable(listed))
    got = mart.order_by("trade_date").to_pandas()
    assert got["simple_return"].isna().tolist() == [True, True, True, False]
    assert got["simple_return"].iloc[3] == 1.0
    assert got["return_note"].tolist()[:3] == [
        "first bar",
        "before or on the first day of today's company",
        "the bar before is adjusted on another basis",
    ]


def test_no_return_of_the_shell_before_getty_is_used(published):
    notes = SnapshotReader(published).query(
        "SELECT return_note FROM daily_returns WHERE ticker = 'GETY' AND trade_date < '2022-07-25'"
    )
    assert len(notes) > 0
    assert not notes["return_note"].isna().to_numpy().any()


@pytest.mark.parametrize("table", marts.TABLES.values(), ids=lambda t: t.name)
def test_a_mart_has_the_columns_its_schema_tells(published, table):
    got = SnapshotReader(published).query(f"SELECT * FROM {table.name} LIMIT 1")
    assert list(got.columns) == [c.name for c in table.columns]


def test_freshness_counts_the_rows_that_are_there(published):
    reader = SnapshotReader(published)
    for row in reader.query("SELECT * FROM source_freshness").to_dict("records"):
        counted = reader.query(
            f"SELECT count(*) AS n FROM {row['table_name']} WHERE source = ?", [row["source"]]
        )
        assert row["n_rows"] == counted["n"].iloc[0] > 0


def test_an_engine_that_is_not_there_is_said_with_what_to_install():
    with pytest.raises(InputError, match="no_such_engine"):
        engines.connect("no_such_engine")


def test_the_default_engine_can_be_had_by_its_name():
    assert engines.connect("duckdb", database=":memory:").list_tables() == []
