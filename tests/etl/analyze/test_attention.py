"""``analyze attention``: the fields of the document, and files that cannot be."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from etl.analyze import attention
from etl.errors import InputError


def file(folder: Path, values: list[object], header: str = "date,value") -> Path:
    path = folder / "series.csv"
    days = [date(2022, 12, 1) + timedelta(days=n) for n in range(len(values))]
    lines = [f"{day},{value}" for day, value in zip(days, values, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


FADING = [10.0, 60.0, *(round(v, 3) for v in 100 * np.exp(-0.1 * np.arange(40.0)) + 3)]


def test_all_fields_are_there(tmp_path):
    told = attention.run(file(tmp_path, list(FADING)), forecast=10)
    assert told["peak_date"] == "2022-12-03"
    assert told["half_life_days"] == pytest.approx(np.log(2) / 0.1, rel=0.01)
    assert told["half_life_low"] <= told["half_life_days"] <= told["half_life_high"]
    assert told["model"] == "exponential_above_level"
    assert set(told["aicc"]) == {"exponential", "exponential_above_level", "power", "bass"}
    assert len(told["forecast"]) == 10
    assert told["forecast"][0]["date"] == "2023-01-12"
    assert len(told["segments"]) == len(told["breaks"]) + 1
    assert told["evidence_kind"] == "estimated"


def test_running_counts_become_rates_and_a_fall_takes_no_part(tmp_path):
    counts = np.cumsum([5, 40, 100, *(100 * np.exp(-0.2 * np.arange(1, 25)))]).round(2).tolist()
    counts[12] -= 500
    told = attention.run(file(tmp_path, counts), cumulative=True)
    assert told["n_observations"] == len(counts) - 2
    assert "1 stretches in which the count fell take no part" in told["notes"]


def test_days_without_a_value_are_counted(tmp_path):
    told = attention.run(file(tmp_path, [*FADING[:5], "", *FADING[6:]]))
    assert told["notes"][0] == "1 rows without a value take no part"


def test_a_bound_says_why(tmp_path):
    told = attention.run(file(tmp_path, list(FADING[2:])))
    assert told["half_life_days"] is None
    assert told["reason"] == "begins_after_peak"
    assert "half of it had gone at most" in told["notes"][-1]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, -2], r"got the value -2 on 2022-12-02 in line 3"),
        ([1, "inf"], "got the value 'inf' in line 3"),
        (["", ""], "got 0 dates with a value"),
    ],
)
def test_values_that_cannot_be_are_refused(tmp_path, values, said):
    with pytest.raises(InputError, match=said):
        attention.run(file(tmp_path, values))


def test_a_day_twice_with_other_values_is_refused(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("date,value\n2022-12-01,1\n2022-12-01,2\n")
    with pytest.raises(InputError, match="a second, different value of 2022-12-01"):
        attention.run(path)


def test_a_wrong_column_or_horizon_is_refused(tmp_path):
    with pytest.raises(InputError, match="value"):
        attention.run(file(tmp_path, [1, 2], "date,ratings"))
    with pytest.raises(InputError, match="--forecast -1"):
        attention.run(file(tmp_path, [1, 2]), forecast=-1)


def test_every_number_of_breaks_is_answered_with_its_error_and_bic(tmp_path):
    told = attention.run(file(tmp_path, [1, 1.1, 0.9, 1, 5, 5.2, 4.9, 5, 5.1, 4.8]))
    assert [one["date"] for one in told["breaks"]] == ["2022-12-04"]
    assert list(told["rss_by_number"]) == list(told["bic"]) == ["0", "1", "2", "3", "4"]
    assert told["rss"] == told["rss_by_number"]["1"]
    assert told["segments"][0]["mean"] == pytest.approx(1)
    assert (told["segments"][1]["start"], told["segments"][1]["n"]) == ("2022-12-05", 6)


def test_rows_in_any_order_are_one_series_and_repeated_rows_are_counted(tmp_path):
    path = file(tmp_path, list(FADING))
    once = attention.run(path)
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(lines), lines[3]]) + "\n")
    again = attention.run(path)
    assert again.pop("notes") == ["1 rows repeat another one and count once", *once.pop("notes")]
    assert again == once


def test_one_count_has_no_rate(tmp_path):
    with pytest.raises(InputError, match="at least two counts"):
        attention.run(file(tmp_path, [5]), cumulative=True)


def test_one_value_has_a_reason_in_place_of_a_half_life(tmp_path):
    told = attention.run(file(tmp_path, [5]))
    assert told["reason"] == "peak_is_last"
    assert told["half_life_days"] is None
    assert told["forecast"] == []


def test_a_peak_known_to_lie_before_the_file_makes_a_bound(tmp_path):
    told = attention.run(file(tmp_path, list(FADING)), begins_after_peak=True)
    assert told["reason"] == "begins_after_peak"
    assert told["half_life_days"] is None
    assert 6 < told["half_life_high"] < 8
    assert "days after 2022-12-03" in told["notes"][-1]


def test_a_file_of_many_years_is_answered(tmp_path):
    told = attention.run(file(tmp_path, [1000 / (1 + abs(n - 300)) for n in range(2_500)]))
    assert told["model"] == "power"
    assert told["breaks"]


def test_a_forecast_is_estimated_row_by_row(tmp_path):
    told = attention.run(file(tmp_path, list(FADING)), forecast=3)
    assert {row["evidence_kind"] for row in told["forecast"]} == {"estimated"}
