"""Prices in another currency, at the rates known on the day."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import DateArray, Panel, panel

LONGEST_RATE_DAYS = 7
"""A rate serves for at most this many calendar days, enough for a holiday and a weekend."""


def rates_to(
    currency: str,
    base: NDArray[np.str_],
    quote: NDArray[np.str_],
    dates: DateArray,
    rates: FloatArray,
) -> Panel:
    """Return units of ``currency`` for one unit of each other currency.

    Parameters
    ----------
    base, quote, dates, rates
        Shape (n,): one unit of base is ``rates`` units of quote. A pair may stand either way
        round, and a currency may be reached through one other on the days both rates exist.

    Raises
    ------
    ValueError
        If a rate is not positive and finite, or a pair has two rates on one day.
    """
    wrong = ~(np.isfinite(rates) & (rates > 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"got the rate {rates[row]} of {base[row]}/{quote[row]} on {dates[row]}; rates are "
            "positive and finite"
        )
    one_way = pd.DataFrame({"base": base, "quote": quote, "day": dates, "rate": rates})
    other_way = pd.DataFrame({"base": quote, "quote": base, "day": dates, "rate": 1 / rates})
    both = pd.concat([one_way, other_way]).drop_duplicates(["base", "quote", "day"])
    direct = both.loc[both["quote"] == currency]
    through = both.merge(
        direct, left_on=["quote", "day"], right_on=["base", "day"], suffixes=("", "_last")
    )
    through = through[through["base"] != currency].assign(
        rate=through["rate"] * through["rate_last"]
    )
    # A rate as quoted goes before one through a third currency.
    found = pd.concat([direct, through]).drop_duplicates(["base", "day"])
    return panel(
        found["base"].to_numpy(dtype=object),
        found["day"].to_numpy(dtype="datetime64[D]"),
        found["rate"].to_numpy(dtype=float),
    )


def converted(prices: Panel, currency_of: Mapping[str, str], rates: Panel, target: str) -> Panel:
    """Return the prices in ``target``.

    Parameters
    ----------
    prices
        Each ticker in its own currency.
    currency_of
        Ticker → currency, for every ticker of ``prices``.
    rates
        Units of ``target`` for one unit of each column, from :func:`rates_to`.

    Returns
    -------
    Panel
        A price takes the last rate not after its day and at most :data:`LONGEST_RATE_DAYS` old;
        without one it is missing.

    Raises
    ------
    ValueError
        If a currency has no rate.
    """
    values = prices.values.copy()
    for ticker, column in prices.columns.items():
        currency = currency_of[ticker]
        if currency != target:
            values[:, column] *= _rates_on(prices.dates, rates, currency, target)
    return Panel(prices.dates, prices.columns, values, prices.bases)


def _rates_on(days: DateArray, rates: Panel, currency: str, target: str) -> FloatArray:
    """Return the rates known on the given days, missing where the last is too old."""
    if currency not in rates.columns:
        raise ValueError(f"got no rate of {currency} in {target}; there are {list(rates.columns)}")
    own = rates.values[:, rates.columns[currency]]
    given = np.isfinite(own)
    known, rate = rates.dates[given], own[given]
    last = np.searchsorted(known, days, side="right") - 1
    fresh = (last >= 0) & (days - known[last] <= np.timedelta64(LONGEST_RATE_DAYS, "D"))
    return np.where(fresh, rate[last], np.nan)
