from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etl.analyze import event_study
from etl.errors import InputError

PER_EVENT = {
    "alpha": "alpha",
    "beta": "beta",
    "sigma": "sigma",
    "ar": "abnormal_return",
    "ar_se_pe": "abnormal_return_se",
    "car": "cumulative_abnormal_return",
    "car_se_exact": "cumulative_abnormal_return_se",
}


def walk(days: pd.DatetimeIndex, seed: int, market: np.ndarray | float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(rng.normal(0, 0.02, len(days)) + market))


@pytest.fixture
def prices() -> pd.DataFrame:
    """Two shares and a market over 200 weekdays, 2022-01-03 … 2022-10-07."""
    days = pd.bdate_range("2022-01-03", periods=200)
    series = {"MKT": walk(days, 1), "AAA": walk(days, 2), "BBB": walk(days, 3)}
    frame = pd.DataFrame({"trade_date": days, **series}).melt(
        "trade_date", var_name="ticker", value_name="adjusted_close"
    )
    return frame[["ticker", "trade_date", "adjusted_close"]]


@pytest.fixture
def events() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "event_id": ["one", "two"],
            "ticker": ["AAA", "BBB"],
            "event_date": ["2022-09-01", "2022-09-07"],
        }
    )


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    def run(prices: pd.DataFrame, events: pd.DataFrame, **options: Any) -> dict[str, Any]:
        prices.to_csv(tmp_path / "prices.csv", index=False)
        events.to_csv(tmp_path / "events.csv", index=False)
        options = {"benchmark": "MKT", **options}
        return event_study.run(tmp_path / "prices.csv", tmp_path / "events.csv", **options)

    return run


@pytest.mark.reference
def test_a_file_of_returns_equals_the_reference(reference: Path, measure) -> None:
    folder = reference / "event_study"
    expected = json.loads((folder / "covid5_expected.json").read_text())
    returns = pd.read_csv(folder / "covid5_returns.csv", dtype=str)
    market = pd.read_csv(folder / "covid5_market_returns.csv", dtype=str)
    long = returns.merge(market, on="date").melt("date", var_name="ticker", value_name="return")
    names = [event["security"] for event in expected["events"]]
    wanted = pd.DataFrame({"event_id": names, "ticker": names, "event_date": "2020-03-16"})
    document = measure(
        long.rename(columns={"date": "trade_date"}),
        wanted,
        benchmark="^GSPC",
        window=(0, 4),
        estimation=240,
        gap=0,
        is_returns=True,
    )
    _assert_events_equal(document, expected["events"])
    tests, theirs = document["aggregate"]["tests"], expected["aggregate"]
    np.testing.assert_allclose(tests["bmp"]["statistic"], theirs["bmp_t_aar"], rtol=1e-9)
    np.testing.assert_allclose(
        tests["kolari_pynnonen_patell"]["statistic"], theirs["kp_patell_aar"], rtol=1e-9
    )
    assert document["aggregate"]["n"] == 5
    assert document["aggregate"]["day"] == [0, 1, 2, 3, 4]


@pytest.mark.reference
@pytest.mark.parametrize("returns", ["log", "simple"])
def test_a_file_of_prices_equals_the_reference(reference: Path, measure, returns: str) -> None:
    folder = reference / "event_study"
    expected = json.loads((folder / "additions16_expected_per_event.json").read_text())
    parts = [
        pd.read_csv(folder / f"additions16_{name}.csv", sep=";", header=None)
        for name in ("prices", "market")
    ]
    long = pd.concat(parts).set_axis(["ticker", "trade_date", "adjusted_close"], axis=1)
    long["trade_date"] = pd.to_datetime(long["trade_date"], format="%d.%m.%Y")
    long["adjusted_close"] = long["adjusted_close"].abs()
    theirs = expected[returns]["events"]
    wanted = pd.DataFrame(
        {
            "event_id": [event["event_id"] for event in theirs],
            "ticker": [event["firm"] for event in theirs],
            "event_date": [event["event_date"] for event in theirs],
        }
    )
    document = measure(long, wanted, benchmark="SP500", gap=8, returns=returns)
    _assert_events_equal(document, theirs)


def _assert_events_equal(document: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert len(document["events"]) == len(expected)
    for ours, theirs in zip(document["events"], expected, strict=True):
        assert ours["n_estimation"] == theirs["n"]
        for name, field in PER_EVENT.items():
            np.testing.assert_allclose(ours[field], theirs[name], rtol=1e-9)


def test_the_document_is_plain_json_with_the_fixed_fields(prices, events, measure) -> None:
    document = json.loads(json.dumps(measure(prices, events), allow_nan=False))
    fixed = "event_id ticker event_date n_estimation alpha beta sigma abnormal_return "
    fixed += "abnormal_return_se cumulative_abnormal_return cumulative_abnormal_return_se flags"
    assert set(fixed.split()) <= set(document["events"][0])
    aggregate = document["aggregate"]
    assert {"n", "day", "average_abnormal_return", "cumulative_average_abnormal_return"} <= set(
        aggregate
    )
    names = "cross_sectional patell bmp kolari_pynnonen_bmp kolari_pynnonen_patell corrado_rank "
    assert set(aggregate["tests"]) == set((names + "generalised_sign wilcoxon grank").split())
    for test in aggregate["tests"].values():
        assert {"statistic", "p_value", "car_statistic", "car_p_value"} <= set(test)
        assert "reason" not in test
        assert len(test["statistic"]) == len(test["p_value"]) == 5


def test_parquet_and_csv_give_the_same_document(prices, events, measure, tmp_path: Path) -> None:
    from_csv = measure(prices, events)
    prices.to_parquet(tmp_path / "prices.parquet")
    events.to_parquet(tmp_path / "events.parquet")
    files = (tmp_path / "prices.parquet", tmp_path / "events.parquet")
    assert event_study.run(*files, benchmark="MKT") == from_csv


def test_the_gap_counts_the_trading_days_between_the_windows(prices, events, measure) -> None:
    moved = prices.copy()
    # Day 0 of event one is bar 173; window -2 … 2, gap 3: days 168, 169 and 170 lie between.
    days = moved["trade_date"].unique()
    for bar in (168, 169):
        moved.loc[(moved.ticker == "AAA") & (moved.trade_date == days[bar]), "adjusted_close"] *= 2
    assert str(days[173])[:10] == "2022-09-01"
    options = {"window": (-2, 2), "estimation": 100, "gap": 3}
    before, after = measure(prices, events, **options), measure(moved, events, **options)
    assert after["events"][0]["abnormal_return"] == pytest.approx(
        before["events"][0]["abnormal_return"], rel=1e-9
    )
    wider = measure(moved, events, window=(-2, 2), estimation=100, gap=2)
    assert wider["events"][0]["sigma"] > 2 * before["events"][0]["sigma"]


def test_a_weekend_moves_to_the_next_trading_day_and_says_so(prices, events, measure) -> None:
    events["event_date"] = ["2022-09-03", "2022-09-05"]
    first, second = measure(prices, events)["events"]
    assert first["day_zero"] == second["day_zero"] == "2022-09-05"
    assert first["flags"] == ["moved_to_next_trading_day"]
    assert second["flags"] == []


def test_the_calendar_is_the_days_share_and_benchmark_both_traded(prices, events, measure) -> None:
    holiday = (prices["ticker"] == "MKT") & (prices["trade_date"] == "2022-09-01")
    first, second = measure(prices[~holiday], events)["events"]
    assert first["day_zero"] == "2022-09-02"
    assert first["flags"] == ["moved_to_next_trading_day"]
    assert "2022-09-01" not in first["trade_date"]
    assert "2022-09-01" not in second["trade_date"]


def test_news_after_the_close_belongs_to_the_next_session(prices, events, measure) -> None:
    events["event_date"] = ["2022-09-02", "2022-09-03"]
    events["session"] = ["after", "after"]
    friday, saturday = measure(prices, events)["events"]
    assert friday["day_zero"] == saturday["day_zero"] == "2022-09-05"
    assert friday["flags"] == ["moved_to_next_session"]
    assert saturday["flags"] == ["moved_to_next_trading_day"]


def test_a_price_selected_event_is_described_and_never_tested(prices, events, measure) -> None:
    plain = measure(prices, events)
    events["selection"] = ["exogenous", "price_selected"]
    document = measure(prices, events)
    described = document["events"][1]
    assert described["abnormal_return"] == plain["events"][1]["abnormal_return"]
    for name in ("abnormal_return_se", "t_statistic", "p_value", "cumulative_abnormal_return_se"):
        assert described[name] == [None] * 5
    assert described["flags"] == ["price_selected"]
    assert document["aggregate"]["n"] == 1
    assert document["aggregate"]["average_abnormal_return"] == pytest.approx(
        document["events"][0]["abnormal_return"]
    )
    assert document["excluded"]["n_described"] == 1


def test_one_event_has_no_test_over_events_and_says_why(prices, events, measure) -> None:
    tests = measure(prices, events.head(1))["aggregate"]["tests"]
    assert tests["bmp"]["statistic"] is None
    assert tests["bmp"]["car_p_value"] is None
    assert tests["bmp"]["reason"] == "needs at least 2 events, got 1"
    assert tests["patell"]["statistic"] is not None


def test_every_exclusion_is_counted_with_its_reason(prices, measure) -> None:
    still = prices[prices["ticker"] == "AAA"].assign(ticker="STILL", adjusted_close=5.0)
    copy = prices[prices["ticker"] == "MKT"].assign(ticker="COPY")
    wanted = pd.DataFrame(
        {
            "event_id": ["good", "early", "before", "late", "end", "still", "copy", "unknown"],
            "ticker": ["AAA", "AAA", "AAA", "AAA", "AAA", "STILL", "COPY", "CCC"],
            "event_date": [
                "2022-09-01",
                "2022-02-01",
                "2021-06-01",
                "2023-01-02",
                "2022-10-07",
                "2022-09-01",
                "2022-09-01",
                "2022-09-01",
            ],
        }
    )
    document = measure(pd.concat([prices, still, copy]), wanted)
    found = {row["reason"]: row["event_ids"] for row in document["excluded"]["reasons"]}
    assert found == {
        "too_short_estimation_window": ["early"],
        "event_outside_bars": ["before", "late"],
        "event_window_incomplete": ["end"],
        "constant_series": ["still"],
        "no_residual_variance": ["copy"],
        "no_prices_for_ticker": ["unknown"],
    }
    assert document["excluded"]["n_excluded"] == 7
    assert document["aggregate"]["n"] == 1
    early = document["events"][1]
    assert early["flags"] == ["too_short_estimation_window"]
    assert early["n_estimation"] == 8
    assert early["abnormal_return"] == [None] * 5


def test_an_event_may_name_its_own_benchmark(prices, events, measure) -> None:
    events["benchmark"] = ["BBB", ""]
    first, second = measure(prices, events)["events"]
    swapped = measure(prices, events.drop(columns="benchmark"), benchmark="BBB")
    assert first["beta"] == swapped["events"][0]["beta"]
    assert second["benchmark"] == "MKT"


def test_events_of_one_share_stay_apart_and_name_each_other(prices, measure) -> None:
    wanted = pd.DataFrame(
        {
            "event_id": ["a", "b", "c"],
            "ticker": ["AAA", "AAA", "AAA"],
            "event_date": ["2022-09-01", "2022-09-02", "2022-09-20"],
        }
    )
    a, b, c = measure(prices, wanted)["events"]
    assert a["other_events_in_window"] == ["b"]
    assert b["other_events_in_window"] == ["a"]
    assert c["other_events_in_window"] == []
    assert a["abnormal_return"][3] == pytest.approx(b["abnormal_return"][2], rel=0.2)
    assert a["trade_date"][1:] == b["trade_date"][:-1]


WRONG = [
    ("prices", {"adjusted_close": "close"}, "without 'adjusted_close'", "'close'"),
    ("prices", {"trade_date": "date"}, "without 'trade_date'", "'date'"),
    ("events", {"event_date": "day"}, "without 'event_date'", "there are"),
]


@pytest.mark.parametrize(("which", "renamed", "got", "hint"), WRONG)
def test_a_missing_column_is_named_with_its_nearest(
    prices, events, measure, which: str, renamed: dict[str, str], got: str, hint: str
) -> None:
    frames = {"prices": prices, "events": events}
    frames[which] = frames[which].rename(columns=renamed)
    with pytest.raises(InputError, match=got) as caught:
        measure(**frames)
    assert hint in caught.value.todo


CELLS = [
    ("prices", "adjusted_close", -1.0, "adjusted_close -1 of MKT on 2022-01-05 in line 4"),
    ("prices", "adjusted_close", 0.0, "adjusted_close 0 of MKT"),
    ("prices", "adjusted_close", "inf", "'inf' in line 4"),
    ("prices", "adjusted_close", "1,234.5", "'1,234.5' in line 4"),
    ("prices", "trade_date", "05/01/2022", "'05/01/2022' in line 4"),
    ("prices", "trade_date", "2022-02-30", "'2022-02-30' in line 4"),
    ("events", "event_date", "soon", "'soon' in line 4"),
    ("events", "ticker", "", "no ticker in line 4"),
    ("events", "selection", "price", "selection 'price' in line 4"),
    ("events", "session", "evening", "session 'evening' in line 4"),
    ("events", "event_id", "one", "event_id 'one' a second time in line 4"),
]


@pytest.mark.parametrize(("which", "column", "value", "message"), CELLS)
def test_a_wrong_cell_is_named_with_its_line(
    prices, events, measure, which: str, column: str, value: object, message: str
) -> None:
    third = pd.DataFrame({"event_id": ["three"], "ticker": ["AAA"], "event_date": ["2022-09-09"]})
    events = pd.concat([events, third], ignore_index=True)
    frames = {"prices": prices, "events": events.assign(selection="exogenous", session="am")}
    frames[which] = frames[which].astype(object).reset_index(drop=True)
    frames[which].loc[2, column] = value
    with pytest.raises(InputError) as caught:
        measure(**frames)
    assert message in caught.value.got


def test_a_repeated_bar_is_told_and_a_contradicting_one_refused(prices, events, measure) -> None:
    doubled = pd.concat([prices, prices.head(1)])
    once, told = measure(prices, events), measure(doubled, events)
    assert once["notes"] == []
    assert told == once | {
        "notes": ["prices.csv: 1 row repeated another one word for word and counted once"]
    }
    contradicting = pd.concat([prices, prices.head(1).assign(adjusted_close=7.0)])
    with pytest.raises(InputError, match="second, different value of MKT on 2022-01-03"):
        measure(contradicting, events)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_said_instead_of_a_missing_column(
    prices, events, tmp_path, separator
) -> None:
    given, wanted = tmp_path / "prices.csv", tmp_path / "events.csv"
    prices.to_csv(given, index=False, sep=separator)
    events.to_csv(wanted, index=False)
    with pytest.raises(InputError, match="got one column") as caught:
        event_study.run(given, wanted, benchmark="MKT")
    assert "separated by commas" in caught.value.expected


def test_an_unknown_benchmark_names_the_nearest(prices, events, measure) -> None:
    with pytest.raises(InputError, match="benchmark 'MKTT'") as caught:
        measure(prices, events, benchmark="MKTT")
    assert caught.value.todo == "perhaps you meant 'MKT'"


def test_events_of_unknown_tickers_only_are_refused(prices, events, measure) -> None:
    with pytest.raises(InputError, match="no event whose ticker is among the prices"):
        measure(prices, events.assign(ticker="AAB"))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"window": (3, -3)}, "window"),
        ({"gap": -1}, "gap"),
        ({"estimation": 2}, "estimation"),
    ],
)
def test_a_wrong_option_is_an_input_error(prices, events, measure, option, message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure(prices, events, **option)


@pytest.mark.parametrize("content", ["", "ticker,trade_date,adjusted_close\n", "\x00\x01\x02"])
def test_an_empty_or_broken_file_is_an_input_error(tmp_path: Path, events, content: str) -> None:
    (tmp_path / "prices.csv").write_text(content)
    events.to_csv(tmp_path / "events.csv", index=False)
    with pytest.raises(InputError):
        event_study.run(tmp_path / "prices.csv", tmp_path / "events.csv", benchmark="MKT")


def test_a_missing_or_binary_file_is_an_input_error(tmp_path: Path, events) -> None:
    events.to_csv(tmp_path / "events.csv", index=False)
    (tmp_path / "prices.parquet").write_bytes(b"not parquet")
    (tmp_path / "latin.csv").write_bytes("ticker,trade_date,adjusted_close\né,1,2".encode("latin1"))
    for name in ("prices.parquet", "latin.csv", "absent.csv"):
        with pytest.raises(InputError):
            event_study.run(tmp_path / name, tmp_path / "events.csv", benchmark="MKT")


def test_the_table_shows_day_zero_and_the_window(prices, events, measure) -> None:
    document = measure(prices, events)
    row = event_study.table(document)[0]
    assert row["AR day 0"] == f"{document['events'][0]['abnormal_return'][2]:+.4f}"
    assert row["CAR window"] == f"{document['events'][0]['cumulative_abnormal_return'][4]:+.4f}"
    tests = event_study.tests_table(document)
    assert [test["test over the window"] for test in tests] == list(document["aggregate"]["tests"])


ODD_FILES = [
    ("A,2022-01-03,100,1234\n", "got 4 cells in line 2"),
    ("A,2022-01-03T16:00:00+00:00,100\n", "an instant with a time zone"),
]


@pytest.mark.parametrize(("row", "message"), ODD_FILES)
def test_nothing_is_cut_off_or_moved_to_another_day(events, tmp_path, row, message) -> None:
    given, wanted = tmp_path / "prices.csv", tmp_path / "events.csv"
    given.write_text(f"ticker,trade_date,adjusted_close\n{row}")
    events.to_csv(wanted, index=False)
    with pytest.raises(InputError, match=message):
        event_study.run(given, wanted, benchmark="MKT")


def test_midnights_of_several_offsets_are_days(prices, events, measure) -> None:
    zoned = prices.assign(trade_date=prices["trade_date"].astype(str) + " 00:00:00-05:00")
    zoned.loc[zoned.index[:3], "trade_date"] = [
        f"{day} 00:00:00-04:00" for day in prices["trade_date"].astype(str)[:3]
    ]
    assert measure(zoned, events) == measure(prices, events)


def test_a_column_that_is_there_twice_is_refused(prices, events, tmp_path) -> None:
    given, wanted = tmp_path / "prices.csv", tmp_path / "events.csv"
    doubled = prices.assign(again=1.0).rename(columns={"again": " adjusted_close"})
    doubled.to_csv(given, index=False)
    events.to_csv(wanted, index=False)
    with pytest.raises(InputError, match="'adjusted_close' 2 times"):
        event_study.run(given, wanted, benchmark="MKT")


def test_events_that_move_together_have_the_power_of_fewer(prices, events, measure) -> None:
    one = events.iloc[:1].assign(selection="exogenous")
    twins = pd.concat([one, one.assign(event_id="twin")])
    alone, together = measure(prices, one)["aggregate"], measure(prices, twins)["aggregate"]
    assert together["mean_residual_correlation"] == pytest.approx(1)
    powers = [[p["power"] for p in found["power_two_sided_5pct"]] for found in (alone, together)]
    assert powers[1] == pytest.approx(powers[0])


def test_a_window_of_a_lifetime_is_refused(prices, events, measure) -> None:
    with pytest.raises(InputError, match="reach at most"):
        measure(prices, events, window=(-2, 10**11))
