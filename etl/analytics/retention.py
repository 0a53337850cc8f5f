"""From counts of who came back to rates that say how sure and how complete they are."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.periods import DAY_SECONDS, Calendar, as_dates
from etl.analytics.proportions import wilson

FEW = 50
"""Cohorts smaller than this are shown grey: their intervals are wide."""
COLUMNS = ["cohort", "size", "period", "retained", "retention_rate", "low", "high", "complete"]


def retention_table(
    counts: pd.DataFrame,
    calendar: Calendar,
    looks: Sequence[tuple[int, int]],
    until: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return every cohort and step, those without anybody among them.

    Parameters
    ----------
    counts
        ``cohort`` (number of the period), ``k``, ``retained``; k = 0 holds the size. Steps that
        nobody came back in may be absent.
    calendar
        What the numbers of periods mean.
    looks
        First and last period that k = 1, 2, … looks at, relative to the cohort's own.
    until
        Second of the stated clock (since 1970) up to which the data reach, exclusive.
    level
        Of the Wilson intervals.

    Returns
    -------
    DataFrame
        ``cohort`` (first day), ``size, period`` (k), ``retained, retention_rate, low, high,
        complete``, by cohort and k. What had not begun by ``until`` is missing; what had not
        ended is counted so far and not ``complete``. Without members there is no rate.
    """
    if counts.empty:
        return pd.DataFrame(columns=COLUMNS)
    steps = np.array([(0, 0), *looks], dtype=np.int64)
    held: Any = counts["cohort"]
    first = int(held.min())
    last = max(int(calendar.index((until - 1) // DAY_SECONDS)), int(held.max()))
    cohorts = np.arange(first, last + 1)
    grid = np.zeros((cohorts.size, len(steps)))
    kept: Any = counts[counts["k"] < len(steps)]
    at = kept["cohort"].to_numpy(np.int64) - first
    grid[at, kept["k"].to_numpy(np.int64)] = kept["retained"].to_numpy(np.float64)
    begin = calendar.first_day(cohorts[:, None] + steps[:, 0]) * DAY_SECONDS
    end = calendar.first_day(cohorts[:, None] + steps[:, 1] + 1) * DAY_SECONDS
    retained = np.where(begin < until, grid, np.nan)
    size = np.broadcast_to(grid[:, :1], grid.shape)
    with np.errstate(invalid="ignore"):
        rate = np.where(size > 0, retained / np.where(size > 0, size, 1), np.nan)
    low, high = wilson(retained, size, level)
    return pd.DataFrame(
        {
            "cohort": np.repeat(as_dates(calendar.first_day(cohorts)), len(steps)).astype(
                "datetime64[s]"
            ),
            "size": size.ravel().astype(np.int64),
            "period": np.tile(np.arange(len(steps)), cohorts.size),
            "retained": retained.ravel(),
            "retention_rate": rate.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
            "complete": (end <= until).ravel(),
        }
    )


def average(table: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Return the retention of all complete cohorts together, weighted by their sizes.

    Parameters
    ----------
    table
        As :func:`retention_table` gives it, of one segment.

    Returns
    -------
    DataFrame
        ``period, n_cohorts, size, retained, retention_rate, low, high, n_left_out`` (cohorts that
        had members, but not the full time), one row a period; no rate where no cohort is complete.
    """
    held: Any = table[table["size"] > 0]
    whole: Any = held[held["complete"].astype(bool)]
    summed: Any = whole.groupby("period").agg(
        n_cohorts=("cohort", "size"), size=("size", "sum"), retained=("retained", "sum")
    )
    every = held.groupby("period").size()
    summed = summed.reindex(sorted(set(table["period"])), fill_value=0)
    left_out = every.reindex(summed.index, fill_value=0) - summed["n_cohorts"]
    size = summed["size"].to_numpy(np.float64)
    retained = summed["retained"].to_numpy(np.float64)
    low, high = wilson(retained, size, level)
    rate = np.where(size > 0, retained / np.where(size > 0, size, 1), np.nan)
    return (
        summed.assign(retention_rate=rate, low=low, high=high, n_left_out=left_out)
        .rename_axis("period")
        .reset_index()
    )
