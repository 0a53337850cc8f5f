from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from etl.analyze import event_study, rank_demand, rank_shocks
from etl.errors import InputError

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "rankings.json").read_text())["demand"]


def demand_of(tmp_path: Path, text: str) -> dict[str, Any]:
    path = tmp_path / "ranks.csv"
    path.write_text(text)
    return rank_demand.run(path)


@pytest.fixture
def sample() -> pd.DataFrame:
    names = ("rank_paid", "rank_grossing", "price")
    return pd.DataFrame({**{name: GOLDEN[name] for name in names}, "app_id": GOLDEN["app"]})


def test_a_file_gives_the_shapes_with_intervals(tmp_path: Path, sample: pd.DataFrame) -> None:
    by_row, by_app = (GOLDEN[name] for name in ("by_row", "by_app"))

    plain = demand_of(tmp_path, sample.drop(columns="app_id").to_csv(index=False))
    grouped = demand_of(tmp_path, sample.to_csv(index=False))

    assert plain["a_paid"] == pytest.approx(by_row["a_paid"][0])
    assert plain["a_grossing"] == pytest.approx(by_row["a_grossing"][0])
    assert plain["scale_ratio"] == pytest.approx(by_row["scale_ratio"][0])
    assert list(plain["coefficients"].values()) == pytest.approx(by_row["coefficients"])
    assert plain["n"] == len(sample)
    assert plain["r2"] == pytest.approx(GOLDEN["r2"])
    assert grouped["intervals"]["a_paid"]["low"] == pytest.approx(by_app["a_paid"][1], rel=1e-6)
    assert any("app_id" in note for note in plain["notes"])
    assert not any("app_id" in note for note in grouped["notes"])
    assert plain == demand_of(tmp_path, sample.drop(columns="app_id").to_csv(index=False))
    json.dumps(plain, allow_nan=False)


def test_rows_outside_a_chart_are_counted_and_few_rows_are_told(
    tmp_path: Path, sample: pd.DataFrame
) -> None:
    few = sample.head(12).astype({"rank_grossing": "Int64"})
    few.loc[3, "rank_grossing"] = pd.NA

    document = demand_of(tmp_path, few.to_csv(index=False))

    assert (document["n"], document["n_left_out"]) == (11, 1)
    assert any("left out: 1" in note for note in document["notes"])
    assert any("11 rows are few" in note for note in document["notes"])


def test_ranks_that_follow_no_price_are_told(tmp_path: Path, sample: pd.DataFrame) -> None:
    shuffled = sample.assign(price=sample["price"].sample(frac=1, random_state=1).to_numpy())

    notes = " ".join(demand_of(tmp_path, shuffled.to_csv(index=False))["notes"])

    assert "not distinct from zero" in notes or "do not follow the model" in notes


@pytest.mark.parametrize(
    ("column", "value", "got"),
    [
        ("rank_paid", "0", "rank_paid 0 in line 5"),
        ("rank_grossing", "3.5", "rank_grossing 3.5 in line 5"),
        ("price", "-1", "price -1 in line 5"),
        ("price", "free", "price 'free' in line 5"),
    ],
)
def test_a_wrong_cell_is_named_with_its_line(
    tmp_path: Path, sample: pd.DataFrame, column: str, value: str, got: str
) -> None:
    wrong = sample.astype(str)
    wrong.loc[3, column] = value

    with pytest.raises(InputError, match=got):
        demand_of(tmp_path, wrong.to_csv(index=False))


def test_a_file_that_cannot_tell_the_shapes_is_refused(
    tmp_path: Path, sample: pd.DataFrame
) -> None:
    with pytest.raises(InputError, match="one price"):
        demand_of(tmp_path, sample.assign(price=0.99).to_csv(index=False))
    with pytest.raises(InputError, match="got 3 rows"):
        demand_of(tmp_path, sample.head(3).to_csv(index=False))


# Shocks

CHART = """observed_on,storefront,chart_type,category,app_id,rank,chart_depth
2022-11-29,JP,free,photo,com.meitu.mtxx,60,100
2022-11-30,JP,free,photo,com.meitu.mtxx,5,100
2022-12-01,JP,free,photo,com.meitu.mtxx,1,100
,JP,free,photo,com.meitu.mtxx,3,100
"""


def shocks_of(tmp_path: Path, text: str, **files: Path) -> dict[str, Any]:
    path = tmp_path / "charts.csv"
    path.write_text(text)
    return rank_shocks.run(path, **files, out=tmp_path / "events.csv")


def test_a_chart_goes_straight_into_the_event_study(tmp_path: Path) -> None:
    document = shocks_of(tmp_path, CHART)
    days = pd.bdate_range("2022-01-03", "2022-12-30")
    rng = np.random.default_rng(1)
    prices = pd.concat(
        pd.DataFrame(
            {
                "ticker": ticker,
                "trade_date": days,
                "adjusted_close": np.exp(rng.normal(0, 0.01, len(days)).cumsum()),
            }
        )
        for ticker in ("1357.HK", "^HSI")
    )
    prices.to_csv(tmp_path / "prices.csv", index=False)

    study = event_study.run(tmp_path / "prices.csv", tmp_path / "events.csv", benchmark="^HSI")

    assert [event["event_id"] for event in study["events"]] == [
        event["event_id"] for event in document["events"]
    ]
    assert [event["day_zero"] for event in study["events"]] == ["2022-11-30", "2022-12-01"]
    assert {event["status"] for event in study["events"]} == {"tested"}
    assert any("undated rows, which show no shocks: 1" in note for note in document["notes"])
    json.dumps(document, allow_nan=False)


def test_the_users_own_apps_and_counts_are_taken(tmp_path: Path) -> None:
    apps, counts = tmp_path / "apps.csv", tmp_path / "counts.csv"
    apps.write_text("app_id,ticker,app_name\ncom.meitu.mtxx,T1,=1+1\n")
    days = pd.date_range("2022-11-01", periods=12)
    total = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 300, 299]
    pd.DataFrame(
        {
            "observed_on": days,
            "storefront": "NO",
            "app_id": "com.meitu.mtxx",
            "rating_count": total,
        }
    ).to_csv(counts, index=False)

    document = shocks_of(tmp_path, CHART, ratings=counts, apps=apps)

    assert [event["event_type"] for event in document["events"]] == [
        "rating_surge",
        "entered_top_10",
        "first_top_1",
    ]
    assert {event["ticker"] for event in document["events"]} == {"T1"}
    assert any("counts that fell" in note and note.endswith(": 1") for note in document["notes"])
    titles = pd.read_csv(tmp_path / "events.csv")["title"]
    assert titles.str.startswith("'=1+1").all(), "a spreadsheet would run it"


def test_shocks_that_are_no_events_are_counted(tmp_path: Path) -> None:
    document = shocks_of(tmp_path, CHART.replace("com.meitu.mtxx", "com.nobody"))

    assert document["events"] == []
    assert [(entry["reason"], entry["n"]) for entry in document["left_out"]] == [("unknown_app", 3)]
    assert "events.csv holds no event" in document["notes"]
    assert (tmp_path / "events.csv").read_text().startswith("event_id,ticker,event_date")


@pytest.mark.parametrize(
    ("old", "new", "got"),
    [
        ("2022-11-30", "30.11.2022", "observed_on '30.11.2022' in line 3"),
        (",5,100", ",0,100", "rank 0 in line 3"),
        (",5,100", ",5.5,100", "rank 5.5 in line 3"),
        (",5,100", ",5,-1", "chart_depth -1 in line 3"),
        (",5,100", ",5,4", "line 3 .*at most its chart_depth, 4"),
        ("category", "kind", "without 'category'"),
    ],
)
def test_a_wrong_chart_is_named_with_its_line(tmp_path: Path, old: str, new: str, got: str) -> None:
    with pytest.raises(InputError, match=got):
        shocks_of(tmp_path, CHART.replace(old, new))


def test_two_counts_on_one_day_are_named(tmp_path: Path) -> None:
    counts = tmp_path / "counts.csv"
    counts.write_text(
        "observed_on,storefront,app_id,rating_count\n2022-11-01,NO,1,5\n2022-11-01,NO,1,6\n"
    )

    with pytest.raises(InputError, match="second rating_count of 1 on 2022-11-01 in line 3"):
        rank_shocks.run(None, counts, out=tmp_path / "events.csv")
    with pytest.raises(InputError, match="neither --ranks nor --ratings"):
        rank_shocks.run(out=tmp_path / "events.csv")
