from __future__ import annotations

import numpy as np
import pytest

from etl.analytics.currency import converted, rates_to
from etl.analytics.event_calendar import Panel, panel

DAYS = np.array(["2022-01-03", "2022-01-04", "2022-01-05", "2022-01-20"], dtype="datetime64[D]")


def rates(*rows: tuple[str, str, str, float], to: str = "USD") -> Panel:
    base, quote, day, rate = (np.array(column) for column in zip(*rows, strict=True))
    return rates_to(to, base, quote, day.astype("datetime64[D]"), rate.astype(float))


def prices_of(ticker: str, values: list[float]) -> Panel:
    return panel(np.array([ticker] * 4), DAYS, np.array(values))


def test_a_pair_serves_both_ways_and_through_a_third_currency() -> None:
    held = rates(
        ("EUR", "USD", "2022-01-03", 1.25),
        ("EUR", "HKD", "2022-01-03", 10.0),
        ("USD", "CNY", "2022-01-03", 6.4),
    )
    found = {name: held.values[0, column] for name, column in held.columns.items()}
    assert found == pytest.approx({"EUR": 1.25, "HKD": 0.125, "CNY": 1 / 6.4})


def test_a_quoted_rate_goes_before_a_cross_rate() -> None:
    held = rates(
        ("EUR", "USD", "2022-01-03", 1.25),
        ("EUR", "HKD", "2022-01-03", 10.0),
        ("HKD", "USD", "2022-01-03", 0.13),
    )
    assert held.values[0, held.columns["HKD"]] == 0.13


def test_the_last_rate_known_is_taken_and_none_of_the_future() -> None:
    held = rates(("HKD", "USD", "2022-01-04", 0.5), ("HKD", "USD", "2022-01-19", 0.25))
    found = converted(prices_of("AAA", [8.0, 8.0, 8.0, 8.0]), {"AAA": "HKD"}, held, "USD")
    np.testing.assert_array_equal(found.values[:, 0], [np.nan, 4.0, 4.0, 2.0])


def test_an_old_rate_is_missing_instead() -> None:
    held = rates(("HKD", "USD", "2022-01-03", 0.5))
    found = converted(prices_of("AAA", [8.0, 8.0, 8.0, 8.0]), {"AAA": "HKD"}, held, "USD")
    np.testing.assert_array_equal(found.values[:, 0], [4.0, 4.0, 4.0, np.nan])


def test_prices_in_the_target_stay() -> None:
    held = rates(("HKD", "USD", "2022-01-03", 0.5))
    given = prices_of("AAA", [8.0, 9.0, 7.0, 8.0])
    np.testing.assert_array_equal(
        converted(given, {"AAA": "USD"}, held, "USD").values, given.values
    )


def test_wrong_rates_are_named() -> None:
    with pytest.raises(ValueError, match=r"rate -1\.0 of HKD/USD on 2022-01-03"):
        rates(("HKD", "USD", "2022-01-03", -1.0))
    held = rates(("HKD", "USD", "2022-01-03", 0.5))
    with pytest.raises(ValueError, match="no rate of CNY in USD"):
        converted(prices_of("AAA", [1.0] * 4), {"AAA": "CNY"}, held, "USD")
