"""What the offline sources give: the table's columns, the facts as they stand, nothing invented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl import sources
from etl.config import bundled_dir
from etl.sources import Raw, Request
from etl.sources.app_rating_counts import OURS as RATING_NAMES

from .conftest import NOW

Requests = Callable[..., Request]
# Rates come with a package and measurements from records: neither is a table of strings.
OTHERS = {"fx_rates", "compute_benchmarks", "compute_loads"}
BUNDLED = sorted(set(sources.standing(offline=True)) - OTHERS)
RENAMED = {
    "app_rating_counts": RATING_NAMES,
    "market_events": {"date": "event_date"},
    "concept_groups": {"group": "concept_group"},
}
# Judged by parse() itself: a vague date becomes missing or moves into the note.
JUDGED = {"financials": {"published_on"}, "gpus": {"released_on", "note"}}
YES_NO = {"price_includes_tax", "tax_deducted_before_commission"}


@lru_cache
def bundled(name: str) -> Raw:
    return sources.load(name).fetch(Request(offline=True, bundled=bundled_dir(), now=NOW))


def parsed(name: str) -> pd.DataFrame:
    return sources.load(name).parse(bundled(name))


@pytest.mark.parametrize("name", sources.standing(offline=True))
def test_a_source_gives_the_columns_of_its_table_in_order(name: str) -> None:
    table = sources.load(name).INFO.table
    frame = parsed(name)
    assert list(frame.columns) == [column.name for column in table.frame_columns()]
    assert not frame.duplicated(list(table.key)).any()
    assert frame["retrieved_at"].eq(bundled(name).retrieved_at).all()


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_parsing_never_invents_a_value_where_the_file_has_none(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(BUNDLED))
    raw = bundled(name)
    holes = raw.payload.copy().head(300)
    for _ in range(data.draw(st.integers(1, 8))):
        row = data.draw(st.integers(0, len(holes) - 1))
        column = data.draw(st.sampled_from(list(holes.columns)))
        holes.loc[row, column] = None
    frame = sources.load(name).parse(replace(raw, payload=holes))
    assert len(frame) == len(holes)
    renamed = holes.rename(columns=RENAMED.get(name, {}))
    for column in set(renamed.columns) & set(frame.columns) - JUDGED.get(name, set()):
        given_value = renamed[column].replace({"yes": "true"} if column in YES_NO else {})
        pd.testing.assert_series_equal(frame[column], given_value, check_dtype=False)


@pytest.mark.parametrize("name", sorted(JUDGED))
def test_a_judged_date_is_the_printed_one_or_missing(name: str) -> None:
    for column in JUDGED[name] - {"note"}:
        printed, ours = bundled(name).payload[column], parsed(name)[column]
        assert ours.isna().where(printed.ne(ours) | printed.isna(), True).all()
        assert ours.dropna().str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()
        assert 0 < ours.notna().sum() < printed.notna().sum()


def test_a_vague_release_of_a_card_is_told_in_its_note() -> None:
    cards = parsed("gpus")
    printed = bundled("gpus").payload["released_on"]
    vague = printed.str.len().lt(10).fillna(False)
    assert vague.any()
    for note, date in zip(cards["note"][vague], printed[vague], strict=True):
        assert note.startswith(f"released {date}")


def test_meitu_closed_at_149_as_traded_on_the_day_the_newspaper_picked() -> None:
    bars = parsed("stock_prices").set_index(["ticker", "trade_date"])
    assert bars.loc[("1357.HK", "2022-12-07"), "raw_close"] == "1.49"


def test_shenzhen_bars_have_no_close_as_traded_and_come_from_eastmoney() -> None:
    bars = parsed("stock_prices")
    shenzhen = bars[bars["ticker"].str.endswith(".SZ")]
    assert shenzhen["raw_close"].isna().all()
    assert shenzhen["source_url"].str.startswith("https://quote.eastmoney.com/sz").all()


def test_only_the_derived_index_is_estimated_among_the_prices() -> None:
    bars = parsed("stock_prices")
    assert set(bars.loc[bars["evidence_kind"].eq("estimated"), "ticker"]) == {"HKEW"}
    assert set(bars["evidence_kind"]) == {"estimated", "measured"}


def test_every_priced_ticker_has_an_instrument_in_its_own_currency() -> None:
    instruments = parsed("instruments").set_index("ticker")["currency"]
    pairs = parsed("stock_prices")[["ticker", "currency"]].drop_duplicates()
    assert instruments.reindex(pairs["ticker"]).tolist() == pairs["currency"].tolist()


def test_every_ticker_of_events_and_groups_has_an_instrument() -> None:
    known = set(parsed("instruments")["ticker"])
    assert set(parsed("market_events")["ticker"].dropna()) <= known
    assert set(parsed("concept_groups")["ticker"]) <= known


def test_boards_and_benchmarks_follow_from_the_code() -> None:
    rows = parsed("instruments").set_index("ticker")
    assert rows.loc["300624.SZ", ["board", "benchmark"]].tolist() == ["szse_chinext", "000300.SS"]
    assert rows.loc["000681.SZ", "board"] == "szse_main"
    assert rows.loc["688327.SS", "board"] == "sse_star"
    assert rows.loc["605168.SS", "board"] == "sse_main"
    hong_kong = rows.loc["1357.HK", ["board", "benchmark", "alternative_benchmark"]]
    assert hong_kong.tolist() == ["hk_main", "^HSI", "HKEW"]
    assert set(rows["benchmark"].dropna()) | set(rows["alternative_benchmark"].dropna()) <= set(
        rows.index
    )


def test_getty_begins_after_the_merger_with_its_shell() -> None:
    rows = parsed("instruments").set_index("ticker")
    assert rows["listed_from"].dropna().to_dict() == {"GETY": "2022-07-25"}


def test_facts_are_known_only_from_their_publication() -> None:
    facts = parsed("disclosed_facts").set_index("fact_id")
    printed = facts["source_date"]
    exact = printed.str.len().eq(10).fillna(False)
    assert (facts.loc[exact, "known_on"].dt.strftime("%Y-%m-%d") == printed[exact]).all()
    assert facts.loc[printed.isna(), "known_on_precision"].eq("collected").all()
    assert printed.isna().sum() == 25
    assert facts["known_on"].notna().all()


def test_the_charts_are_undated_and_hold_three_genres_of_77_countries() -> None:
    ranks = parsed("app_chart_ranks")
    assert ranks["observed_on"].isna().all()
    assert ranks["storefront"].nunique() == 77
    assert set(ranks["category"]) == {"photo_and_video", "graphics_and_design", "entertainment"}
    assert set(ranks["chart_type"]) == {"free", "paid"}


def test_apps_join_the_charts_by_their_bundle_identifier() -> None:
    apps = parsed("apps")
    meitu = apps[apps["ticker"].eq("1357.HK").fillna(False)]
    assert "com.meitu.mtxx" in set(meitu["bundle_id"])
    assert set(meitu["bundle_id"]) <= set(parsed("app_chart_ranks")["app_id"])
    assert set(parsed("app_rating_counts")["app_id"]) <= set(apps["app_id"])


def test_refund_rates_are_missing_but_for_the_two_that_were_printed() -> None:
    rates = parsed("net_proceeds")["refund_rate"].dropna()
    assert sorted(rates) == ["0.035", "0.042"]


def test_every_fixed_fee_has_its_currency_and_stands_in_its_note() -> None:
    rows = parsed("net_proceeds").dropna(subset=["fixed_fee"]).set_index(["store", "program"])
    told = rows[["fixed_fee", "fixed_fee_currency"]].agg(" ".join, axis=1).to_dict()
    assert told == {
        ("web_stripe", "standard"): "0.3 USD",
        ("web_stripe", "international_card"): "0.3 USD",
        ("web_paddle", "standard"): "0.5 USD",
    }
    for row in rows.to_dict("records"):
        assert f"USD {float(row['fixed_fee']):.2f}" in row["note"]
    assert parsed("net_proceeds")["fixed_fee_currency"].notna().sum() == len(told)


def test_a_tax_of_which_the_rate_was_not_read_has_a_range_and_is_estimated() -> None:
    taxes = parsed("net_proceeds").dropna(subset=["tax_rate_low"])
    (row,) = taxes.to_dict("records")
    assert (row["storefront"], row["evidence_kind"]) == ("CN", "estimated")
    assert [row[name] for name in ("tax_rate_low", "tax_rate", "tax_rate_high")] == [
        *("0.06", "0.13", "0.13")
    ]
    assert "was not read" in row["note"]


def test_a_corrected_rate_keeps_the_identity_of_its_row() -> None:
    raw = bundled("net_proceeds")
    corrected = replace(raw, payload=raw.payload.assign(commission_rate="0.99"))
    again = sources.load("net_proceeds").parse(corrected)
    assert again["row_id"].tolist() == parsed("net_proceeds")["row_id"].tolist()


def test_a_month_of_evidence_counts_from_its_end_and_no_date_stays_missing() -> None:
    groups = parsed("concept_groups").set_index("ticker")["valid_from_date"]
    assert groups["9888.HK"] == pd.Timestamp("2022-08-31")
    assert pd.isna(groups["NVDA"])


def test_only_events_that_say_after_close_have_a_session() -> None:
    events = parsed("market_events").set_index("event_id")
    assert events["session"].dropna().to_dict() == {"E0007": "after", "E0035": "after"}


def test_waves_name_events_apps_and_shares_that_are_held() -> None:
    waves, events = parsed("waves"), parsed("market_events").set_index("event_id")
    assert set(waves["event_id"].dropna()) <= set(events.index)
    assert set(waves["price_selected_event_id"].dropna()) <= set(events.index)
    further = waves["other_event_ids"].dropna().str.split(",").explode()
    assert set(further) <= set(events.index)
    assert list(events.loc[further, "ticker"]) == list(waves.loc[further.index, "ticker"])
    chosen = events.loc[[*waves["event_id"].dropna(), *further], "selection"]
    picked = events.loc[waves["price_selected_event_id"].dropna(), "selection"]
    assert set(chosen) == {"exogenous"}
    assert set(picked) == {"price_selected"}
    assert set(waves["app_id"].dropna()) <= set(parsed("apps")["app_id"])
    assert set(waves["ticker"].dropna()) <= set(parsed("instruments")["ticker"])
    facts = parsed("disclosed_facts")
    assert set(waves["attention_entity"].dropna()) <= set(facts["entity"])
