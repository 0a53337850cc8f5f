"""What the document of the event study holds beside the abnormal returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etl.analytics.event_study import EventStudySpec, study
from etl.analytics.holding_period import holding_periods
from etl.analyze import event_study
from etl.analyze.event_study import Extras, horizons_of
from etl.errors import InputError
from tests.fixtures.walks import SHARES, events_at, walks

PRICES = walks()
BARS = [300, 302, 420, 20, 599]
TICKERS = ["AAA", "AAA", "BBB", "CCC", "DDD"]
Measure = Callable[..., dict[str, Any]]


def long_prices() -> pd.DataFrame:
    """Return the walks as a file has them, with volumes, and a share count of AAA alone."""
    frame = pd.DataFrame(PRICES.values, columns=list(PRICES.columns))
    frame.insert(0, "trade_date", PRICES.dates)
    long = frame.melt("trade_date", var_name="ticker", value_name="adjusted_close")
    long["volume"] = np.arange(len(long)) % 97 + 1
    return long.assign(shares_outstanding=np.where(long["ticker"] == "AAA", 1e6, np.nan))


def event_rows() -> pd.DataFrame:
    names = [f"E{index}" for index in range(len(BARS))]
    days = PRICES.dates[BARS]
    selection = ["", "", "price_selected", "", ""]
    return pd.DataFrame(
        {"event_id": names, "ticker": TICKERS, "event_date": days, "selection": selection}
    )


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    def run(prices: pd.DataFrame | None = None, **options: Any) -> dict[str, Any]:
        given, wanted = tmp_path / "prices.csv", tmp_path / "events.csv"
        (long_prices() if prices is None else prices).to_csv(given, index=False)
        event_rows().to_csv(wanted, index=False)
        document = event_study.run(given, wanted, **{"benchmark": "MKT", **options})
        json.dumps(document, allow_nan=False)
        return document

    return run


def test_factors_bring_their_coefficients(measure: Measure) -> None:
    document = measure(factors=("BTC",))
    events = events_at(PRICES, BARS, TICKERS, (2,))
    wanted = study(PRICES, events, EventStudySpec(factors=("BTC",)))
    assert list(document["events"][0]["coefficients"]) == ["alpha", "beta", "BTC"]
    for index, event in enumerate(document["events"][:3]):
        np.testing.assert_allclose(
            list(event["coefficients"].values()), wanted.coefficients[index], rtol=1e-8
        )
        np.testing.assert_allclose(
            event["cumulative_abnormal_return"],
            wanted.cumulative_abnormal_return[index],
            rtol=1e-7,
        )
    assert document["specification"]["factors"] == ["BTC"]
    assert document["events"][3]["coefficients"] == {"alpha": None, "beta": None, "BTC": None}


def test_an_unknown_factor_names_the_nearest(measure: Measure) -> None:
    with pytest.raises(InputError, match="factor 'BTCC'") as caught:
        measure(factors=("BTCC",))
    assert caught.value.todo == "perhaps you meant 'BTC'"


def test_holding_returns_stand_with_each_event_and_horizon(measure: Measure) -> None:
    document = measure(extras=Extras(horizons=(20, 300)))
    events = events_at(PRICES, BARS, TICKERS)
    result = study(PRICES, events, EventStudySpec())
    wanted = holding_periods(PRICES, events, result, (20, 300))
    first, late = document["events"][0]["bhar"], document["events"][4]["bhar"]
    assert first[0]["abnormal_return_percent"] == pytest.approx(wanted.abnormal_return[0, 0])
    assert first[1]["abnormal_return_percent"] is None
    assert first[1]["reason"] == late[0]["reason"] == "horizon_beyond_bars"
    tests = document["aggregate"]["bhar"]
    assert [test["n"] for test in tests] == [2, 0]
    assert tests[0]["mean_percent"] == pytest.approx(wanted.abnormal_return[:2, 0].mean())
    assert document["excluded"]["horizons"] == [
        {
            "reason": "horizon_beyond_bars",
            "meaning": "the horizon reaches beyond the bars",
            "n": 5,
        }
    ]


def test_turnover_says_what_it_is_measured_by(measure: Measure) -> None:
    document = measure()
    bases = [event["abnormal_turnover"][0]["basis"] for event in document["events"][:3]]
    assert bases == ["shares_outstanding", "shares_outstanding", "volume_only"]
    without = measure(long_prices().drop(columns=["volume", "shares_outstanding"]))
    assert without["events"][0]["abnormal_turnover"][0]["reason"] == "no_volume_column"
    assert without["aggregate"]["abnormal_turnover"] == []


def test_placebo_days_are_seeded_and_never_judge_a_price_selected_event(measure: Measure) -> None:
    one, again, other = (measure(extras=Extras(placebo=200, seed=seed)) for seed in (1, 1, 2))
    assert one == again
    assert one["events"][0]["placebo"] != other["events"][0]["placebo"]
    described, excluded = one["events"][2]["placebo"], one["events"][3]["placebo"]
    assert described["p_value"] is None
    assert len(described["low"]) == 5
    assert excluded["reason"] == "excluded"
    assert one["aggregate"]["placebo"]["n"] == 2
    assert measure()["events"][0]["placebo"] is None


def test_p_values_are_corrected_for_the_number_of_tested_events(measure: Measure) -> None:
    events = measure()["events"]
    p = [event["car_p_value"][-1] for event in events[:2]]
    assert events[p.index(min(p))]["car_p_value_holm"] == pytest.approx(min(1, 2 * min(p)))
    assert events[p.index(max(p))]["car_p_value_benjamini_hochberg"] == pytest.approx(max(p))
    assert events[2]["car_p_value_holm"] is None


def test_windows_of_one_firm_that_meet_are_flagged_and_counted(measure: Measure) -> None:
    document = measure(window=(0, 2))
    assert document["events"][0]["flags"] == ["overlaps_event:E1"]
    assert document["events"][1]["flags"] == ["overlaps_event:E0"]
    assert document["excluded"]["n_overlapping_events"] == 2
    assert document["events"][0]["other_events_in_window"] == ["E1"]
    narrow = measure(window=(0, 1))
    assert narrow["excluded"]["n_overlapping_events"] == 0


def test_an_exclusion_says_what_and_where(measure: Measure) -> None:
    document = measure()
    early, last = document["events"][3], document["events"][4]
    assert early["explanation"] == (
        f"CCC against MKT on {PRICES.dates[20]}: there are fewer estimation days than asked for; "
        f"7 of 120; common returns run from {PRICES.dates[1]} to {PRICES.dates[599]}"
    )
    assert last["reason"] == "event_window_incomplete"
    assert document["events"][0]["explanation"] is None
    told = event_study.explanations(document)
    assert told[0] == f"E3 is left out: {early['explanation']}"
    assert len(told) == 2
    assert document["excluded"]["n_excluded"] == 2


def test_a_benchmark_that_does_not_overlap_is_said(measure: Measure) -> None:
    long = long_prices()
    apart = (long["ticker"] == "MKT") == (long["trade_date"] < PRICES.dates[100])
    document = measure(long[apart])
    assert {event["reason"] for event in document["events"]} == {"benchmark_does_not_overlap"}
    assert document["excluded"]["reasons"][0]["n"] == 5


def test_days_the_calendar_skips_are_listed_and_counted(measure: Measure) -> None:
    long = long_prices()
    gap = PRICES.dates[280]
    document = measure(long[(long["ticker"] != "AAA") | (long["trade_date"] != gap)])
    assert document["events"][0]["days_left_out"] == [str(gap)]
    assert document["events"][2]["days_left_out"] == []
    assert document["excluded"]["n_days_left_out"] == 2


def test_prices_are_converted_at_the_rates_known(measure: Measure, tmp_path: Path) -> None:
    long = long_prices()
    local = long.assign(currency=np.where(long["ticker"] == "MKT", "USD", "HKD"))
    rate = np.linspace(0.1, 0.2, PRICES.dates.size)
    fx = tmp_path / "fx.csv"
    pd.DataFrame(
        {"base": "USD", "quote": "HKD", "rate_date": PRICES.dates, "rate": 1 / rate}
    ).to_csv(fx, index=False)
    document = measure(local, extras=Extras(currency="USD", fx=fx))
    by_hand = long.copy()
    own = by_hand["ticker"] != "MKT"
    by_hand.loc[own, "adjusted_close"] *= np.tile(rate, 6)
    wanted = measure(by_hand)
    np.testing.assert_allclose(
        document["events"][0]["abnormal_return"],
        wanted["events"][0]["abnormal_return"],
        rtol=1e-9,
    )
    assert document["notes"] == ["prices are in USD, at the last rate known on the day"]
    with pytest.raises(InputError, match="without exchange rates"):
        measure(local, extras=Extras(currency="USD"))
    with pytest.raises(InputError, match="prices without one"):
        measure(long, extras=Extras(currency="USD", fx=fx))
    with pytest.raises(InputError, match="no rate of HKD in EUR"):
        measure(local, extras=Extras(currency="EUR", fx=fx))


def test_prices_without_a_rate_are_counted(measure: Measure, tmp_path: Path) -> None:
    fx = tmp_path / "fx.csv"
    days = PRICES.dates[100:]
    pd.DataFrame({"base": "HKD", "quote": "USD", "rate_date": days, "rate": 0.1}).to_csv(
        fx, index=False
    )
    long = long_prices().assign(currency="HKD")
    notes = measure(long, extras=Extras(currency="USD", fx=fx))["notes"]
    assert notes[1].startswith(f"{100 * (3 + len(SHARES))} prices have no rate")


def test_the_curve_holds_the_chosen_specification(measure: Measure) -> None:
    document = measure(window=(-3, 1), extras=Extras(curve=True))
    curve = document["specification_curve"]
    chosen = [
        row
        for row in curve["specifications"]
        if (row["window_first"], row["window_last"]) == (-3, 1)
        and (row["model"], row["estimation"], row["gap"], row["returns"])
        == ("market", 120, 10, "log")
    ]
    assert len(chosen) == 1
    mean = document["aggregate"]["cumulative_average_abnormal_return"][-1]
    assert chosen[0]["mean_car"] == pytest.approx(mean, rel=1e-9)
    assert curve["n_specifications"] == len(curve["specifications"]) == 8 * 3 * 4 * 2 * 2
    assert curve["expected_share_significant"] == 0.05
    assert event_study.curve_table(document)[0]["specifications"] == curve["n_specifications"]
    assert measure()["specification_curve"] is None


WRONG = [
    ({"extras": Extras(horizons=(0,))}, "horizons"),
    ({"extras": Extras(horizons=(20, 20))}, "horizons"),
    ({"extras": Extras(placebo=-1)}, "placebo"),
    ({"is_returns": True, "extras": Extras(curve=True)}, "returns where prices"),
    ({"factors": ("BTC",), "model": "mean"}, "factors"),
    ({"factors": ("BTC", "BTC")}, "once"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_a_wrong_option_is_an_input_error(
    measure: Measure, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        measure(**options)


@pytest.mark.parametrize(
    ("column", "value"), [("volume", -5), ("shares_outstanding", 0), ("currency", "USD")]
)
def test_a_wrong_cell_is_named_with_its_line(measure: Measure, column: str, value: object) -> None:
    long = long_prices().assign(currency="HKD").astype(object)
    long.loc[2, column] = value
    with pytest.raises(InputError) as caught:
        measure(long)
    assert "line 4 of prices.csv" in caught.value.got
    assert column in caught.value.got


def test_horizons_are_read_from_a_list() -> None:
    assert horizons_of("20, 60") == (20, 60)
    with pytest.raises(InputError, match="got the horizons '20;60'"):
        horizons_of("20;60")


def test_the_table_of_horizons_has_a_row_for_each(measure: Measure) -> None:
    document = measure()
    rows = event_study.horizons_table(document)
    assert len(rows) == 5 * 3
    assert (
        rows[0]["BHAR %"] == f"{document['events'][0]['bhar'][0]['abnormal_return_percent']:+.1f}"
    )
    assert rows[9]["note"] == "no_estimation_window"
