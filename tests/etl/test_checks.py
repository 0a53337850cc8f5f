"""What is wrong is kept out with its reason; nothing is mended and nothing is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from etl import checks
from etl.errors import SourceError
from etl.schemas import APP_RATING_COUNTS, INSTRUMENTS, MARKET_EVENTS, NET_PROCEEDS, STOCK_PRICES


def bars(*changes: dict[str, object]) -> pd.DataFrame:
    """One good bar for each of ``changes``, each on its own day, with the changes applied."""
    rows = [
        {
            "ticker": "1357.HK",
            "trade_date": f"2022-12-{day:02d}",
            "open": "1.20",
            "high": "1.50",
            "low": "1.10",
            "close": "1.49",
            "raw_close": "1.49",
            "adjusted_close": "1.41",
            "volume": "1000",
            "currency": "HKD",
            "adjustment": "none",
            "evidence_kind": "measured",
            "source_url": "https://example.org/",
            "retrieved_at": "2026-11-22T00:00:00Z",
        }
        | change
        for day, change in enumerate(changes, start=1)
    ]
    return pd.DataFrame(rows)


def names(checked: checks.Checked) -> list[str]:
    return list(checked.rejected["check_name"])


def test_a_good_row_is_let_in_with_the_types_of_the_schema():
    checked = checks.check(STOCK_PRICES, bars({}))
    row = checked.rows.iloc[0]
    assert row["close"] == 1.49
    assert row["trade_date"] == pd.Timestamp("2022-12-01")
    assert row["retrieved_at"] == pd.Timestamp("2026-11-22", tz="UTC")
    assert pd.isna(row["quality_flags"])
    assert checked.rejected.empty


@pytest.mark.parametrize(
    ("change", "check_name"),
    [
        ({"high": "1.00", "low": "1.10"}, "high_below_low"),
        ({"close": "abc"}, "close_unreadable"),
        ({"close": "inf"}, "close_refused"),
        ({"close": "-1"}, "close_refused"),
        ({"adjusted_close": "0"}, "adjusted_close_refused"),
        ({"adjusted_close": None}, "adjusted_close_missing"),
        ({"volume": "-5"}, "volume_refused"),
        ({"trade_date": "07/12/2022"}, "trade_date_unreadable"),
        ({"trade_date": "2022-12-01T09:30"}, "trade_date_unreadable"),
        ({"ticker": "no such ticker"}, "ticker_refused"),
        ({"currency": "dollars"}, "currency_refused"),
        ({"evidence_kind": "guessed"}, "evidence_kind_refused"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_its_raw_content(change, check_name):
    checked = checks.check(STOCK_PRICES, bars({}, change))
    assert len(checked.rows) == 1
    assert names(checked) == [check_name]
    payload = json.loads(checked.rejected["payload"].iloc[0])
    for column, value in change.items():
        assert payload[column] == value


def test_a_bar_whose_close_lies_outside_its_range_is_kept_and_flagged():
    checked = checks.check(STOCK_PRICES, bars({"close": "1.60", "open": "1.00"}))
    assert checked.rows["quality_flags"].tolist() == ["open_outside_range,close_outside_range"]


def test_missing_prices_break_no_rule_and_stay_missing():
    unknown = ("open", "high", "low", "close", "raw_close", "volume")
    only_adjusted: dict[str, object] = {name: None for name in unknown}
    checked = checks.check(STOCK_PRICES, bars(only_adjusted))
    assert checked.rejected.empty
    assert checked.rows[list(only_adjusted)].isna().to_numpy().all()


@pytest.mark.parametrize(
    "day", ["2022", "2022-12", "2022-02-30", "2022-12-01 10:00:00", "2022-12-01T00:00:00+08:00"]
)
def test_what_is_no_whole_day_is_no_date_whatever_its_neighbours_are(day):
    checked = checks.check(STOCK_PRICES, bars({}, {"trade_date": day}))
    assert names(checked) == ["trade_date_unreadable"]
    assert len(checked.rows) == 1


def test_an_integer_that_is_not_whole_or_that_a_float_cannot_hold_is_refused():
    row = {c.name: None for c in APP_RATING_COUNTS.frame_columns()}
    row |= {"app_id": "1", "app_name": "A", "storefront": "NO", "evidence_kind": "measured"}
    row |= {"source_url": "u", "retrieved_at": "2026-11-22", "store": "app_store"}
    counts = ["80", "1e300", "9007199254740993", "80.5"]
    frame = pd.DataFrame(
        [row | {"observed_on": f"2022-12-0{day}", "rating_count": count}
         for day, count in enumerate(counts, start=1)]
    )  # fmt: skip
    checked = checks.check(APP_RATING_COUNTS, frame)
    assert checked.rows["rating_count"].tolist() == [80]
    assert names(checked) == ["rating_count_unreadable"] * 3


def test_a_repeated_bar_is_kept_once_and_the_repeat_is_told():
    frame = bars({}, {"trade_date": "2022-12-01"})
    checked = checks.check(STOCK_PRICES, frame)
    assert len(checked.rows) == 1
    assert names(checked) == ["duplicate_key"]


def test_two_bars_that_contradict_each_other_are_both_rejected():
    frame = bars({}, {"trade_date": "2022-12-01", "close": "1.30"}, {})
    checked = checks.check(STOCK_PRICES, frame)
    assert names(checked) == ["contradictory_key", "contradictory_key"]
    assert checked.rows["trade_date"].tolist() == [pd.Timestamp("2022-12-03")]


def test_a_renamed_column_stops_the_whole_frame():
    with pytest.raises(SourceError, match=r"adjusted_close.*adj_close"):
        checks.check(STOCK_PRICES, bars({}).rename(columns={"adjusted_close": "adj_close"}))


def test_a_currency_other_than_the_instruments_and_an_unknown_ticker_are_rejected():
    instruments = pd.DataFrame({"ticker": ["1357.HK"], "currency": ["HKD"]})
    frame = bars({}, {"currency": "CNY"}, {"ticker": "NOPE"})
    checked = checks.check(STOCK_PRICES, frame, checks.against_instruments(instruments))
    assert names(checked) == ["currency_mismatch", "unknown_ticker"]
    assert len(checked.rows) == 1


def test_every_bad_row_is_counted_once_however_many_rules_it_breaks():
    frame = bars({"close": "-1", "volume": "-1", "currency": "x"}, {})
    checked = checks.check(STOCK_PRICES, frame)
    assert len(checked.rejected) == 1
    assert len(checked.rows) + len(checked.rejected) == len(frame)


def test_words_for_truth_are_read_and_others_refused():
    row = {c.name: None for c in NET_PROCEEDS.frame_columns()}
    row |= {"store": "s", "storefront": "*", "program": "p", "product": "*", "row_id": "1"}
    row |= {"evidence_kind": "disclosed", "source_url": "u", "retrieved_at": "2026-11-22"}
    frame = pd.DataFrame(
        [row | {"row_id": str(n), "price_includes_tax": v}
         for n, v in enumerate(["true", "FALSE", None, "perhaps"])]
    )  # fmt: skip
    checked = checks.check(NET_PROCEEDS, frame)
    assert checked.rows["price_includes_tax"].tolist() == [True, False, pd.NA]
    assert names(checked) == ["price_includes_tax_unreadable"]


def test_equal_rejected_rows_get_equal_identifiers_whatever_the_run():
    rejected = checks.check(STOCK_PRICES, bars({"close": "abc"})).rejected
    now = datetime(2026, 11, 22, tzinfo=UTC)
    first = checks.as_quarantine(rejected, "stock_prices", "stock_prices", "run-1", now)
    second = checks.as_quarantine(rejected, "stock_prices", "stock_prices", "run-2", now)
    assert first["quarantine_id"].tolist() == second["quarantine_id"].tolist()


@pytest.mark.parametrize("table", [INSTRUMENTS, MARKET_EVENTS], ids=lambda t: t.name)
def test_an_empty_frame_with_the_right_columns_passes(table):
    frame = pd.DataFrame(columns=[c.name for c in table.frame_columns()], dtype=object)
    checked = checks.check(table, frame)
    assert checked.rows.empty
    assert checked.rejected.empty
