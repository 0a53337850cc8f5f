"""The newest price of each model, and the model in the middle."""

# pyright: basic

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.analytics.api_prices import middle_one, newest_by_model


def price(model: str | None, value: float | None, day: str, **told: object) -> dict[str, object]:
    row = {"entity": "A", "model_name": model, "value": value, "value_high": np.nan}
    return {**row, "known_on": pd.Timestamp(day), **told}


def newest(*rows: dict[str, object]) -> pd.DataFrame:
    return newest_by_model(pd.DataFrame(rows))


def test_a_later_price_takes_the_place_of_an_earlier_one() -> None:
    found = newest(
        price("x", 0.04, "2024-01-01"),
        price("x", 0.02, "2025-01-01"),
        price("y", 0.03, "2023-01-01"),
    )
    assert found[["model_name", "value"]].to_numpy().tolist() == [["x", 0.02], ["y", 0.03]]


def test_models_of_one_name_belong_to_whom_they_are_sold_by() -> None:
    found = newest(price("x", 0.04, "2024-01-01"), price("x", 0.05, "2025-01-01", entity="B"))
    assert found["entity"].tolist() == ["A", "B"]


def test_a_stated_range_stays_one_and_its_middle_is_the_value() -> None:
    row = newest(price("x", 0.02, "2024-01-01", value_high=0.10)).iloc[0]
    assert (row["low"], row["value"], row["high"]) == pytest.approx((0.02, 0.06, 0.10))


def test_two_prices_of_one_day_become_one_range() -> None:
    row = newest(price("x", 0.02, "2024-01-01"), price("x", 0.03, "2024-01-01")).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((0.02, 0.03))


def test_a_price_without_a_model_or_without_a_figure() -> None:
    found = newest(price(None, 0.02, "2024-01-01"), price("x", None, "2025-01-01"))
    assert len(found) == 1
    assert found["value"].tolist() == [0.02]


def test_nothing_known_is_nothing() -> None:
    assert newest(price("x", None, "2024-01-01")).empty


def test_a_price_of_nothing_and_a_missing_column_are_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        newest(price("x", 0.0, "2024-01-01"))
    with pytest.raises(ValueError, match="known_on"):
        newest_by_model(pd.DataFrame({"entity": ["A"]}))


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=30))
def test_the_middle_one_is_the_lower_median(values: list[float]) -> None:
    ordered = np.sort(values)
    at = middle_one(ordered)
    assert ordered[at] == np.quantile(ordered, 0.5, method="inverted_cdf")


def test_no_value_has_no_middle() -> None:
    with pytest.raises(ValueError, match="no value"):
        middle_one(np.array([]))
