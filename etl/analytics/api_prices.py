"""Prices of pictures bought by API: the newest of each model."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import numpy as np
import pandas as pd

NEEDED = ("entity", "model_name", "value", "value_high", "known_on")


def newest_by_model(prices: pd.DataFrame) -> pd.DataFrame:
    """Return the newest price of each model, cheapest first.

    Parameters
    ----------
    prices
        ``entity, model_name, value, value_high`` (any one unit per picture; ``value_high`` is
        missing where no range is stated) and ``known_on``, a row a published price. Rows without
        a price are left out; a missing ``model_name`` stands for one model of its entity.

    Returns
    -------
    DataFrame
        All columns of the newest row of each entity and model, and ``low``, ``high``: its range,
        widened over rows that became known on the same day and name another price. ``value`` is
        the middle of that range.

    Raises
    ------
    ValueError
        If a column is absent, or a price is not above zero.
    """
    absent = [name for name in NEEDED if name not in prices]
    if absent:
        raise ValueError(f"got no column {', '.join(absent)}; expected {', '.join(NEEDED)}")
    known = prices.dropna(subset=["value"])
    top = known["value_high"].astype(float).fillna(known["value"].astype(float))
    known = known.assign(low=known["value"].astype(float), high=np.fmax(known["value"], top))
    if bool((known["low"] <= 0).any()):
        raise ValueError(f"got the price {known['low'].min():g}; expected prices above zero")
    by = ["entity", "model_name"]
    groups = known.groupby(by, dropna=False)
    newest = known[known["known_on"] == groups["known_on"].transform("max")]
    ends = newest.groupby(by, dropna=False)
    newest = newest.assign(low=ends["low"].transform("min"), high=ends["high"].transform("max"))
    one = newest.drop_duplicates(by)
    one = one.assign(value=(one["low"] + one["high"]) / 2)
    return one.sort_values(["value", *by], ignore_index=True, kind="stable")


def middle_one(values: np.ndarray) -> int:
    """Return the place of the (lower) median in an ascending array, shape (n,), n above zero.

    Raises
    ------
    ValueError
        If the array is empty.
    """
    if not len(values):
        raise ValueError("got no value; expected at least one")
    return (len(values) - 1) // 2
