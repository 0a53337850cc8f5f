"""New ratings as a second measure of installs: new ratings a week ∝ installs.

Counts are read on uneven days, so that they become rates a day first. A store also removes
ratings, or changes which ones it counts: where a count fell, new ratings are not known.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import numpy as np
import pandas as pd

from etl.analytics.intervals import Interval

DAYS_A_WEEK = 7
COUNT_FELL = "count_fell"


def app_keys(frame: pd.DataFrame) -> list[str]:
    """Return the columns that tell the count series apart: app_id, and what else is there."""
    return [name for name in ("store", "app_id", "storefront") if name in frame.columns]


def rating_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """Turn rating counts into new ratings a day between one look-up and the next.

    Parameters
    ----------
    counts
        ``app_id, observed_on, rating_count`` and, where present, ``store`` and ``storefront``:
        one row a series and day, in any order. A missing count or day takes no part.

    Returns
    -------
    DataFrame
        One row for each look-up but the first of a series, by series and day: the series'
        columns, ``previous_on``, ``observed_on``, ``n_days``, ``change`` of the count,
        ``new_ratings_per_day`` and ``flag``. Where the count fell the rate is missing and the
        flag ``count_fell``; else the rate is net of removed ratings, so at least as many are new.

    Raises
    ------
    ValueError
        If a series has two counts on one day, or a count is below zero.
    """
    keys = app_keys(counts)
    known: pd.DataFrame = counts.dropna(subset=["observed_on", "rating_count"])
    ordered: pd.DataFrame = known.sort_values([*keys, "observed_on"], ignore_index=True)
    _require_counts(ordered, keys)
    series = ordered.groupby(keys, sort=False, dropna=False)
    days = ordered["observed_on"].to_numpy(dtype="datetime64[D]")
    previous = series["observed_on"].shift().to_numpy(dtype="datetime64[D]")
    n_days = (days - previous) / np.timedelta64(1, "D")
    change = series["rating_count"].diff().to_numpy(dtype=np.float64)
    fell = change < 0
    rates = ordered[keys].assign(
        previous_on=pd.to_datetime(previous),
        observed_on=pd.to_datetime(days),
        n_days=n_days,
        change=change,
        new_ratings_per_day=np.where(fell, np.nan, change / n_days),
        flag=np.where(fell, COUNT_FELL, ""),
    )
    later: pd.DataFrame = rates.loc[np.isfinite(n_days)]
    return later.astype({"n_days": "int64"}).reset_index(drop=True)


def _require_counts(ordered: pd.DataFrame, keys: list[str]) -> None:
    """Refuse two counts of a series on one day, and a count below zero."""
    repeated = np.asarray(ordered.duplicated([*keys, "observed_on"]), dtype=bool)
    if repeated.any():
        row = ordered[repeated].iloc[0]
        raise ValueError(
            f"got two rating counts of {row['app_id']} on {row['observed_on']:%Y-%m-%d}; one a "
            "day is expected"
        )
    counts = ordered["rating_count"].to_numpy(dtype=np.float64)
    if (counts < 0).any():
        raise ValueError(f"got the rating count {counts.min():g}, below zero")


def installs(rates: pd.DataFrame, installs_per_rating: Interval) -> pd.DataFrame:
    """Return rates with the installs a week that they stand for.

    Parameters
    ----------
    rates
        Frame with ``new_ratings_per_day``, as :func:`rating_rates` gives it.
    installs_per_rating
        How many installs stand behind one new rating: a stated range. It differs between apps and
        changes when an app starts to ask for ratings; where a store discloses installs,
        ``Interval.of(installs_low, installs_high) / Interval.of(rating_count)`` measures it.

    Returns
    -------
    DataFrame
        ``rates`` and ``installs_per_week``, ``installs_low``, ``installs_high`` (the range of the
        ratio alone) and ``evidence_kind``, which is ``estimated``. A missing rate stays missing.
    """
    weekly = DAYS_A_WEEK * rates["new_ratings_per_day"]
    return rates.assign(
        installs_per_week=weekly * installs_per_rating.value,
        installs_low=weekly * installs_per_rating.low,
        installs_high=weekly * installs_per_rating.high,
        evidence_kind="estimated",
    )
