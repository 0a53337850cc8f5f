"""Dates as printed: a day, a month or a year."""

from __future__ import annotations

from datetime import datetime

import pandas as pd


def last_days(printed: pd.Series) -> pd.DataFrame:
    """Turn printed dates into the last day each can mean.

    Parameters
    ----------
    printed
        Strings such as ``2022-12-07``, ``2022-12`` or ``2022``; shape (n,).

    Returns
    -------
    DataFrame
        ``day`` (datetime64, the day itself or the end of the month or year) and ``precision``
        (``day``, ``month``, ``year``); both missing where nothing readable is printed.
    """
    length = printed.str.len()
    day = pd.to_datetime(printed.where(length.eq(10)), format="%Y-%m-%d", errors="coerce")
    month = pd.to_datetime(printed.where(length.eq(7)), format="%Y-%m", errors="coerce")
    year = pd.to_datetime(printed.where(length.eq(4)), format="%Y", errors="coerce")
    last = day.fillna(month + pd.offsets.MonthEnd(0)).fillna(year + pd.offsets.YearEnd(0))
    precision = length.map({10: "day", 7: "month", 4: "year"}).where(last.notna())
    return pd.DataFrame({"day": last, "precision": precision})


def exact_days(printed: pd.Series) -> pd.Series:
    """Return only what is printed to the day (strings); a mere month or year becomes missing."""
    return printed.where(printed.str.len().eq(10))


def known_on(printed: pd.Series, collected_at: datetime) -> pd.DataFrame:
    """Return the first day on which a figure was surely public, and how that was found.

    Parameters
    ----------
    printed
        Publication dates as printed; shape (n,). Missing where the source prints none.
    collected_at
        Instant of collection; the figure was public then at the latest, so it bounds the end
        of a printed month or year that was not over yet.

    Returns
    -------
    DataFrame
        ``known_on`` (datetime64, never missing) and ``known_on_precision`` (``day``, ``month``,
        ``year`` or ``collected``).
    """
    collected = pd.Timestamp(collected_at.date())
    last = last_days(printed)
    bounded = last["precision"].isin(["month", "year"]) & last["day"].gt(collected)
    by_collection = last["day"].isna() | bounded
    return pd.DataFrame(
        {
            "known_on": last["day"].mask(by_collection, collected),
            "known_on_precision": last["precision"].mask(by_collection, "collected"),
        }
    )
