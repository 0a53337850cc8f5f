from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dashboard import queries
from dashboard.studies import MarketStudy, market_study
from dashboard.studies.bars import mechanics, price_panel
from dashboard.studies.peers import peer_shares
from etl.analytics.event_study import EventStudySpec
from etl.errors import InputError
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def reader(published: Path) -> SnapshotReader:
    return SnapshotReader(published)


@pytest.fixture(scope="module")
def meitu(reader: SnapshotReader) -> MarketStudy:
    return market_study(reader, "1357.HK", EventStudySpec())


def by_id(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("event_id")


def test_the_newspapers_day_jumped_and_is_described_without_a_test(meitu: MarketStudy) -> None:
    event = by_id(meitu.events).loc["E0085"]
    assert event["status"] == "described"
    day = by_id(meitu.paths[meitu.paths["day"] == 0]).loc["E0085"]
    assert day["abnormal_return"] == pytest.approx(0.2432, abs=5e-5)
    for name in ("abnormal_return_se", "car_low", "car_high", "t_statistic", "p_value"):
        assert np.isnan(day[name])


@pytest.mark.parametrize(
    ("event_id", "day_zero", "abnormal_return"),
    [
        ("E0018", "2022-11-24", -0.0527),
        ("E0019", "2022-11-28", -0.0063),
        ("E0084", "2022-12-01", 0.0199),
    ],
)
def test_the_days_of_the_causes_are_tested_and_not_significant(
    meitu: MarketStudy, event_id: str, day_zero: str, abnormal_return: float
) -> None:
    event = by_id(meitu.events).loc[event_id]
    assert event["status"] == "tested"
    assert event["day_zero"] == pd.Timestamp(day_zero)
    day = by_id(meitu.paths[meitu.paths["day"] == 0]).loc[event_id]
    assert day["abnormal_return"] == pytest.approx(abnormal_return, abs=5e-5)
    assert day["p_value"] > 0.05
    half = day["car_high"] - day["cumulative_abnormal_return"]
    assert half == pytest.approx(1.9803 * day["cumulative_abnormal_return_se"], rel=1e-4)


def test_a_sunday_moves_and_news_after_the_close_moves(meitu: MarketStudy) -> None:
    events = by_id(meitu.events)
    assert events.loc["E0019", "moved"]
    assert events.loc["E0019", "flags"] == "moved_to_next_trading_day"
    assert not events.loc["E0018", "moved"]
    assert events.loc["E0018", "other_events"] == "E0019"


def test_the_alternative_benchmark_steps_in_where_the_first_has_no_bars(meitu) -> None:
    events = by_id(meitu.events)
    assert events.loc["E0049", "benchmark"] == "^HSI"
    assert events.loc["E0060", "benchmark"] == "HKEW"
    assert events.loc["E0060", "status"] == "tested"
    note = next(note for note in meitu.notes if note.code == "alternative_benchmark")
    assert "E0060" in note.values["event_ids"]
    assert note.values["alternative"] == "HKEW"


def test_an_event_beyond_all_bars_is_excluded_with_its_reason(meitu: MarketStudy) -> None:
    event = by_id(meitu.events).loc["E0078"]
    assert (event["status"], event["reason"]) == ("excluded", "event_outside_bars")
    assert pd.isna(event["day_zero"])
    assert "E0078" not in set(meitu.paths["event_id"])


def test_prices_are_shown_as_traded_beside_their_market(meitu: MarketStudy) -> None:
    day = meitu.prices.set_index("trade_date").loc["2022-12-07"]
    assert day["close_as_traded"] == 1.49
    assert day["adjusted_close"] < day["close_as_traded"]
    assert day["benchmark_adjusted_close"] > 10_000
    assert meitu.prices["trade_date"].is_monotonic_increasing
    assert meitu.instrument["ticker"] == "1357.HK"
    assert meitu.prices_source.startswith("https://")


def test_the_aggregate_has_every_test_by_day_and_window_with_reasons(meitu) -> None:
    table = meitu.aggregate
    assert table.groupby("test").size().tolist() == [6] * 9
    assert set(table["day"]) == {"-2", "-1", "0", "1", "2", "window"}
    adjusted = table[table["test"] == "kolari_pynnonen_bmp"]
    assert adjusted["statistic"].isna().all()
    assert set(adjusted["reason"]) == {"too_few_common_days"}


def test_peers_of_a_price_selected_day_are_described_each_on_its_own_market(meitu) -> None:
    peers = meitu.peers.set_index("ticker")
    assert meitu.peers_event_id == "E0085"
    assert "1357.HK" not in peers.index
    assert peers.loc["300624.SZ", "benchmark"] == "000300.SS"
    assert np.isfinite(peers.loc["300624.SZ", "abnormal_return"])
    assert peers["t_statistic"].isna().all()
    assert peers.loc["000977.SZ", "reason"] == "no_prices_for_ticker"
    # Getty's bars before July 2022 are a shell's: too few days are left to estimate from.
    assert peers.loc["GETY", "reason"] == "too_short_estimation_window"
    assert "group_dated_later" in peers.loc["ADBE", "flags"]


def test_peers_of_an_exogenous_day_have_a_t(reader: SnapshotReader) -> None:
    study = market_study(reader, "1357.HK", EventStudySpec(), event_ids=["E0018", "E0019"])
    assert study.peers_event_id == "E0019"
    assert study.peers.set_index("ticker").loc["0700.HK", "t_statistic"] != 0
    assert study.peers["t_statistic"].notna().sum() == study.peers["abnormal_return"].count() > 5


def test_the_tests_run_over_the_chosen_events_and_other_events_are_still_seen(
    meitu, reader
) -> None:
    alone = market_study(reader, "1357.HK", EventStudySpec(), event_ids=["E0018"])
    assert by_id(alone.events).loc["E0018", "other_events"] == "E0019"
    assert len(alone.events) == len(meitu.events)
    statistic = alone.aggregate.set_index(["test", "day"])["statistic"]
    day_zero = by_id(alone.paths[alone.paths["day"] == 0]).loc["E0018"]
    assert statistic["patell", "0"] == pytest.approx(
        day_zero["t_statistic"] / np.sqrt(118 / 116), rel=1e-9
    )


def test_a_view_as_of_a_day_knows_nothing_later(reader: SnapshotReader) -> None:
    study = market_study(reader, "1357.HK", EventStudySpec(), as_of=date(2022, 12, 1))
    assert study.prices["trade_date"].max() == pd.Timestamp("2022-12-01")
    assert study.events["event_date"].max() == pd.Timestamp("2022-12-01")
    last = by_id(study.events).loc["E0084"]
    assert (last["status"], last["reason"]) == ("excluded", "event_window_incomplete")


def test_a_share_without_events_still_has_prices_and_flags(reader: SnapshotReader) -> None:
    study = market_study(reader, "002995.SZ", EventStudySpec())
    assert study.events.empty
    assert study.paths.empty
    assert study.peers.empty
    assert study.peers_event_id == ""
    assert study.aggregate["reason"].unique().tolist() == ["no_tested_event"]
    flags = study.flags.set_index("trade_date")
    halt = study.flags[study.flags["flag"] == "suspension"]
    assert {pd.Timestamp(2022, 11, day) for day in range(14, 19)} <= set(halt["trade_date"])
    assert "limit_up_locked" in set(flags.loc[["2022-11-02"], "flag"])
    assert set(flags.loc[["2022-11-02"], "detail"]) >= {"approximate"}
    assert "abnormal_fluctuation" in set(flags.loc[["2022-11-04"], "flag"])
    assert "adjusted_bars_only" in {note.code for note in study.notes}


def test_a_shell_before_the_merger_is_left_out(reader: SnapshotReader) -> None:
    study = market_study(reader, "GETY", EventStudySpec())
    assert study.prices["trade_date"].min() >= pd.Timestamp("2022-07-25")
    assert "bars_from" in {note.code for note in study.notes}


def test_a_share_without_limit_run_or_vague_date_has_no_such_note(reader) -> None:
    study = market_study(reader, "ADBE", EventStudySpec())
    assert study.notes == []


def test_a_run_of_limit_days_before_an_event_is_noted(reader: SnapshotReader) -> None:
    # COL closed at its limit on 6 and 8 November 2023 but on no two days running before April.
    quiet = market_study(reader, "300364.SZ", EventStudySpec())
    assert "limit_run_in_estimation" not in {note.code for note in quiet.notes}
    noted = market_study(reader, "300364.SZ", EventStudySpec(window=(0, 0), estimation=340, gap=0))
    run = next(note for note in noted.notes if note.code == "limit_run_in_estimation")
    assert run.values == {
        "event_id": "E0035",
        "first": date(2021, 11, 22),
        "last": date(2021, 11, 23),
    }


def test_an_unknown_ticker_or_event_is_an_input_error(reader: SnapshotReader) -> None:
    with pytest.raises(InputError, match="9999"):
        market_study(reader, "9999.HK", EventStudySpec())
    with pytest.raises(InputError, match="'E0058', which is not an event"):
        market_study(reader, "1357.HK", EventStudySpec(), event_ids=["E0058"])


def test_a_company_belongs_to_the_group_it_had_on_the_day(reader: SnapshotReader) -> None:
    groups, shares = queries.concept_groups(reader), queries.instruments(reader)
    shares = shares.set_index("ticker")

    def group(day: str) -> pd.Series:
        event = pd.Series({"event_date": pd.Timestamp(day)})
        found = peer_shares(groups, shares, "1357.HK", event).set_index("ticker")
        return found.loc["300364.SZ", ["concept_group", "later"]]

    assert group("2022-11-01").tolist() == ["label_only", True]
    assert group("2022-12-07").tolist() == ["label_only", False]
    assert group("2023-04-12").tolist() == ["ai_art_product_no_revenue", False]


def test_an_index_without_benchmark_has_no_flags(reader: SnapshotReader) -> None:
    bars = queries.prices(reader, ["^HSI"])
    index = queries.instruments(reader).set_index("ticker").loc["^HSI"]
    assert mechanics(index, price_panel(bars), bars).empty


class WithoutMarket:
    """The published snapshot as if no share had a market to be measured against."""

    def __init__(self, reader: SnapshotReader) -> None:
        self._reader = reader

    def query(self, sql: str, parameters: object = ()) -> pd.DataFrame:
        frame = self._reader.query(sql, parameters)  # pyright: ignore[reportArgumentType]
        blank = {"benchmark": None, "alternative_benchmark": None}
        return frame.assign(**blank) if "alternative_benchmark" in frame else frame


def test_a_share_without_a_market_is_shown_and_measured_against_none(
    reader: SnapshotReader,
) -> None:
    study = market_study(WithoutMarket(reader), "1357.HK", EventStudySpec())
    assert study.benchmark == "–"
    assert len(study.prices) > 1000
    assert set(study.events["status"]) <= {"excluded"}


def test_peers_are_compared_around_the_last_event_that_can_be_studied(
    reader: SnapshotReader,
) -> None:
    study = market_study(reader, "GETY", EventStudySpec())
    left_out = study.events.loc[study.events["status"] == "excluded", "event_id"]
    assert len(left_out), "the benchmark ends before the newest events"
    assert study.peers_event_id not in set(left_out)
    assert study.peers["abnormal_return"].notna().any()


def test_where_no_chosen_event_can_be_studied_the_last_one_is_named(reader: SnapshotReader) -> None:
    events = by_id(market_study(reader, "GETY", EventStudySpec()).events)
    excluded = tuple(events.index[events["status"] == "excluded"])
    study = market_study(reader, "GETY", EventStudySpec(), event_ids=excluded)
    assert study.peers_event_id == excluded[-1]
