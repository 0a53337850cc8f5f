from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.analytics.rank_shocks import (
    NO_TICKER,
    PREVIOUS_TOO_OLD,
    UNKNOWN_APP,
    ShockRules,
    as_events,
    rank_shocks,
    rating_shocks,
)
from etl.analytics.rating_rates import rating_rates

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "rankings.json").read_text())
START = pd.Timestamp("2022-11-01")
APPS = pd.DataFrame(
    {
        "app_id": ["1", "2", "3"],
        "bundle_id": ["com.meitu.mtxx", None, "com.lensa"],
        "app_name": ["Meitu", "Remini", "Lensa"],
        "ticker": ["1357.HK", "BSP", None],
    }
)


def chart(
    ranks: dict[str, list[float | None]], storefront: str = "JP", depth: float | None = 100
) -> pd.DataFrame:
    """Return a chart of one row a day and app from 1 November; ``None`` is not ranked."""
    return pd.DataFrame(
        [
            {
                "observed_on": START + pd.Timedelta(days=day),
                "storefront": storefront,
                "chart_type": "free",
                "category": "photo",
                "app_id": app,
                "rank": rank,
                "chart_depth": depth,
            }
            for app, series in ranks.items()
            for day, rank in enumerate(series)
        ]
    ).astype({"rank": "float64"})


def kinds(frame: pd.DataFrame, **rules: int) -> list[tuple[str, str]]:
    shocks = rank_shocks(frame, ShockRules(**rules))  # pyright: ignore[reportArgumentType]
    days = shocks["event_date"].dt.strftime("%m-%d")
    return list(zip(days, shocks["shock"], strict=True))


def test_shocks_equal_a_walk_through_the_days() -> None:
    case = GOLDEN["charts"]
    rows = [
        {"day": day, "app_id": str(app), "rank": rank}
        for day, ranks in enumerate(case["days"])
        for app, rank in enumerate(ranks)
        if rank is not None
    ]
    frame = pd.DataFrame(rows).sample(frac=1, random_state=0)
    frame["observed_on"] = START + pd.to_timedelta(frame["day"], unit="D")
    frame = frame.assign(storefront="JP", chart_type="free", category="all", chart_depth=8)

    shocks = rank_shocks(frame, ShockRules(top=3, jump=4, quiet_days=3))

    day = (shocks["event_date"] - START).dt.days
    found = zip(
        day, shocks["app_id"].astype(int), shocks["shock"], shocks["places"],
        shocks["from_unranked"], strict=True,
    )  # fmt: skip
    assert sorted(map(list, found)) == sorted(case["shocks"])
    assert shocks["from_unranked"].any()


def test_rating_surges_equal_a_walk_through_the_look_ups() -> None:
    case = GOLDEN["counts"]
    counts = pd.DataFrame({"observed_on": case["day"], "rating_count": case["count"]})
    counts["observed_on"] = START + pd.to_timedelta(counts["observed_on"], unit="D")

    shocks = rating_shocks(rating_rates(counts.assign(app_id="1")), ShockRules(surge_history=4))

    found = zip((shocks["event_date"] - START).dt.days, shocks["trailing_median"], strict=True)
    assert list(map(list, found)) == case["surges"]
    assert len(shocks) >= 2


def test_each_shock_has_its_day() -> None:
    climb = chart({"a": [70, 60, 9, 1, 2, 1]})

    assert kinds(climb) == [
        ("11-03", "entered_top_10"),
        ("11-03", "jump_of_50_places"),
        ("11-04", "first_top_1"),
    ]
    assert kinds(climb, top=5, jump=8) == [
        ("11-02", "jump_of_8_places"),
        ("11-03", "jump_of_8_places"),
        ("11-04", "first_top_1"),
        ("11-04", "entered_top_5"),
        ("11-04", "jump_of_8_places"),
    ]


def test_the_first_reading_has_no_shocks_and_tells_who_was_first_before() -> None:
    assert kinds(chart({"a": [1, 2, 1]})) == []
    assert kinds(chart({"a": [None, 1]})) == [
        ("11-02", "first_top_1"),
        ("11-02", "entered_top_10"),
        ("11-02", "jump_of_50_places"),
    ]


@pytest.mark.parametrize(
    ("rank", "depth", "jumps"), [(51, 100, True), (52, 100, False), (52, 101, True)]
)
def test_a_rise_from_not_ranked_counts_from_the_end_of_the_chart(
    rank: int, depth: int, jumps: bool
) -> None:
    shocks = rank_shocks(chart({"a": [None, rank], "other": [3, 3]}, depth=depth))

    assert len(shocks) == jumps
    if jumps:
        assert shocks.loc[0, "from_unranked"]
        assert np.isnan(shocks.loc[0, "previous_rank"])
        assert shocks.loc[0, "places"] == depth + 1 - rank


def test_a_gap_is_not_ranked_and_never_the_last_known_rank() -> None:
    gap = chart({"a": [40, None, 39, 38], "other": [2, 2, 2, 2]})

    assert rank_shocks(gap, ShockRules(jump=60))["previous_rank"].isna().all()
    assert kinds(gap, jump=60) == [("11-03", "jump_of_60_places")]
    # A day without any row of the chart was not read: nothing is known of it.
    unread = gap[gap["observed_on"] != "2022-11-02"]
    assert kinds(unread, jump=60) == []


def test_a_short_chart_does_not_tell_who_was_in_the_top_ten() -> None:
    grown = chart({"a": [None, 8], "other": [1, 1]})
    grown.loc[grown["observed_on"] == "2022-11-01", "chart_depth"] = 5
    assert kinds(grown) == []
    assert kinds(chart({"a": [None, 8], "other": [1, 1]}, depth=10)) == [
        ("11-02", "entered_top_10")
    ]
    unknown = chart({"a": [None, 8], "other": [1, 1]}).drop(columns="chart_depth")
    assert kinds(unknown) == [("11-02", "entered_top_10")]


def test_charts_and_storefronts_are_kept_apart() -> None:
    japan, norway = chart({"a": [60, 1]}), chart({"a": [1, 1]}, "NO")

    shocks = rank_shocks(pd.concat([japan, norway]))

    assert set(shocks["storefront"]) == {"JP"}


def test_undated_readings_have_no_shocks() -> None:
    undated = chart({"a": [60, 1]}).assign(observed_on=pd.NaT)

    assert rank_shocks(undated).empty
    assert kinds(pd.concat([undated, chart({"a": [30, 29]})])) == []


def test_quiet_days_leave_out_what_goes_up_and_down() -> None:
    swing = chart({"a": [20, 5, 20, 5, 20, 20, 20, 20, 5]})

    assert [day for day, _ in kinds(swing)] == ["11-02", "11-04", "11-09"]
    assert [day for day, _ in kinds(swing, quiet_days=2)] == ["11-02", "11-09"]


def test_of_several_readings_a_day_the_best_counts() -> None:
    twice = pd.concat([chart({"a": [60, 20]}), chart({"a": [70, 9]})])

    shocks = rank_shocks(twice)

    assert shocks[["rank", "previous_rank"]].to_numpy().tolist() == [[9, 60], [9, 60]]


def test_impossible_ranks_and_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="rank 0"):
        rank_shocks(chart({"a": [0, 1]}))
    with pytest.raises(ValueError, match="rank 101 in a chart of 100"):
        rank_shocks(chart({"a": [101, 1]}))
    for rules in ({"top": 1}, {"jump": 0}, {"quiet_days": -1}, {"surge": 1.0}):
        with pytest.raises(ValueError, match=next(iter(rules))):
            ShockRules(**rules)


# Events


def test_shocks_of_a_company_on_one_day_are_one_event_of_the_strongest() -> None:
    shocks = pd.concat(
        [
            rank_shocks(chart({"com.meitu.mtxx": [70, 9]}, "NO")),
            rank_shocks(chart({"com.meitu.mtxx": [20, 1], "2": [90, 30]}, "JP")),
        ]
    )

    events = as_events(shocks, APPS).events

    assert events["event_id"].tolist() == ["shock-1357.HK-2022-11-02", "shock-BSP-2022-11-02"]
    assert events["event_type"].tolist() == ["first_top_1", "jump_of_50_places"]
    assert events["n_shocks"].tolist() == [4, 1]
    assert set(events["selection"]) == {"exogenous"}
    assert events["title"][0] == "Meitu: rank 1 in the free photo chart, JP, before 20"


def test_what_is_no_event_is_counted_by_reason() -> None:
    late = chart({"2": [90, 30]})
    late.loc[1, "observed_on"] += pd.Timedelta(days=7)
    shocks = pd.concat(
        [rank_shocks(chart({"com.lensa": [90, 30], "x": [80, 1]})), rank_shocks(late)]
    )

    made = as_events(shocks, APPS)

    assert made.events.empty
    assert made.left_out == {UNKNOWN_APP: 3, NO_TICKER: 1, PREVIOUS_TOO_OLD: 1}
    assert len(as_events(shocks, APPS, longest_gap_days=8).events) == 1


def test_a_surge_of_ratings_becomes_an_event_beside_the_ranks() -> None:
    counts = pd.DataFrame(
        {
            "app_id": "2",
            "observed_on": pd.date_range("2022-10-31", periods=6),
            "rating_count": [0, 5, 10, 15, 115, 120],
        }
    )
    surges = rating_shocks(rating_rates(counts), ShockRules(surge_history=3))

    events = as_events(pd.concat([rank_shocks(chart({"2": [90, 30]})), surges]), APPS).events

    assert events["event_type"].tolist() == ["jump_of_50_places", "rating_surge"]
    assert events["title"][1] == "Remini: 100 new ratings a day, before 5"


def test_an_app_with_two_tickers_is_refused() -> None:
    apps = pd.concat([APPS, APPS.iloc[:1].assign(ticker="BSP")])

    with pytest.raises(ValueError, match="two tickers"):
        as_events(rank_shocks(chart({"1": [90, 30]})), apps)


# Nothing looks ahead

RANKS = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 100)), min_size=3, max_size=3),
    min_size=2,
    max_size=12,
)


# The machine may be busy: a deadline would test it, not the code.
@settings(deadline=None, max_examples=20)
@given(days=RANKS, other=RANKS, known=st.integers(1, 11), quiet=st.integers(0, 5))
def test_later_charts_never_change_earlier_shocks(
    days: list, other: list, known: int, quiet: int
) -> None:
    def table(rows: list) -> pd.DataFrame:
        ranks = dict(zip(["1", "2", "com.meitu.mtxx"], zip(*rows, strict=True), strict=True))
        return chart({app: list(series) for app, series in ranks.items()})

    rules = ShockRules(top=10, jump=20, quiet_days=quiet)
    days_known = days[:known]
    until = START + pd.Timedelta(days=len(days_known) - 1)

    def past(rows: list) -> tuple[pd.DataFrame, pd.DataFrame]:
        shocks = rank_shocks(table(rows), rules)
        events = as_events(shocks, APPS).events
        return (
            shocks[shocks["event_date"] <= until].reset_index(drop=True),
            events[events["event_date"] <= until].reset_index(drop=True),
        )

    for before, after in zip(past(days), past(days_known + other), strict=True):
        pd.testing.assert_frame_equal(before, after, check_dtype=False)


COUNTS = st.lists(st.tuples(st.integers(1, 9), st.integers(-20, 300)), min_size=2, max_size=25)


@settings(deadline=None, max_examples=20)
@given(steps=COUNTS, other=COUNTS, known=st.integers(1, 24))
def test_later_counts_never_change_earlier_rates_and_surges(
    steps: list, other: list, known: int
) -> None:
    def table(rows: list) -> pd.DataFrame:
        days, change = np.array(rows).T
        counts = np.maximum(0, 1000 + np.cumsum(change))
        dates = START + pd.to_timedelta(np.cumsum(days), unit="D")
        return pd.DataFrame({"app_id": "1", "observed_on": dates, "rating_count": counts})

    rules = ShockRules(surge_history=3)
    until = START + pd.Timedelta(days=sum(days for days, _ in steps[:known]))

    def past(rows: list) -> tuple[pd.DataFrame, pd.DataFrame]:
        rates = rating_rates(table(rows))
        surges = rating_shocks(rates, rules)
        return (
            rates[rates["observed_on"] <= until].reset_index(drop=True),
            surges[surges["event_date"] <= until].reset_index(drop=True),
        )

    for before, after in zip(past(steps), past(steps[:known] + other), strict=True):
        pd.testing.assert_frame_equal(before, after, check_dtype=False)
