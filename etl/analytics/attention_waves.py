"""The wave table: for each app when attention peaked, its half-life and what was left later."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.attention import Attention, Series, attention

LEFT_AFTER = (30, 90, 365)
"""Days after the peak at which the share left is told."""
FITTED_DAYS = 365
"""Later look-ups say little of a wave and much of what came after it."""
COLUMNS = (
    "peak_begin",
    "peak_end",
    "peak_per_day",
    "half_life_days",
    "half_life_low",
    "half_life_high",
    "reason",
    "model",
    *(name for days in LEFT_AFTER for name in (f"left_{days}", f"left_{days}_kind")),
    "n_observations",
    "last_seen",
)


def wave_table(rates: pd.DataFrame, keys: list[str], seed: int = 0) -> pd.DataFrame:
    """Return one row a series of ``rates``.

    Parameters
    ----------
    rates
        Frame of :func:`etl.analytics.rating_rates.rating_rates`: ``previous_on, observed_on,
        new_ratings_per_day`` (a missing rate takes no part) and the columns ``keys``.
    keys
        Columns that tell series apart.
    seed
        Of the intervals; each series draws the same whatever the others are.

    Returns
    -------
    DataFrame
        ``keys`` and :data:`COLUMNS`. ``peak_begin`` and ``peak_end`` are the look-ups the peak
        lies between. ``left_30`` is the share of the peak rate 30 days after its begin:
        ``measured`` where a rate between look-ups covers that day, else ``estimated`` from the
        fitted curve, missing where neither is known or the day lies after the last look-up. A
        series that begins with its highest rate has a bound in ``half_life_high`` alone.
    """
    found = [
        dict(zip(keys, name if isinstance(name, tuple) else (name,), strict=True))
        | _row(_attention(own, seed))
        for name, own in waves(rates, keys)
    ]
    return pd.DataFrame(found, columns=pd.Index([*keys, *COLUMNS]))


def waves(rates: pd.DataFrame, keys: list[str]) -> list[tuple[Any, pd.DataFrame]]:
    """Return the series that have a rate, with their rows in order."""
    known = rates.dropna(subset=["new_ratings_per_day"]).sort_values([*keys, "observed_on"])
    groups: Any = known.groupby(keys if len(keys) > 1 else keys[0], sort=True)
    return list(groups)


def curve(rates: pd.DataFrame, days: int = FITTED_DAYS, seed: int = 0) -> pd.DataFrame:
    """Return the fitted decay of one series by day: ``date, new_ratings_per_day, low, high``.

    Empty where no curve could be fitted.
    """
    found = _attention(rates.sort_values("observed_on"), seed)
    since = np.arange(days + 1)
    if found.decay.fit is None:
        since = since[:0]
    value, low, high = found.forecast(since)
    dates = pd.DatetimeIndex((found.peak_date + since).astype("datetime64[us]"))
    return pd.DataFrame({"date": dates, "new_ratings_per_day": value, "low": low, "high": high})


def _attention(own: pd.DataFrame, seed: int) -> Attention:
    known = own.dropna(subset=["new_ratings_per_day"])
    series = Series(
        known["previous_on"].to_numpy(dtype="datetime64[D]"),
        known["observed_on"].to_numpy(dtype="datetime64[D]"),
        known["new_ratings_per_day"].to_numpy(dtype=float),
    )
    return attention(series, np.random.default_rng(seed), FITTED_DAYS)


def _row(found: Attention) -> dict[str, Any]:
    series, fit = found.series, found.decay.fit
    row: dict[str, Any] = {
        "peak_begin": pd.Timestamp(series.begin[found.peak]),
        "peak_end": pd.Timestamp(series.end[found.peak]),
        "peak_per_day": float(series.value[found.peak]),
        "half_life_days": found.half_life_days,
        "half_life_low": found.half_life_low,
        "half_life_high": found.half_life_high,
        "reason": found.reason,
        "model": fit.model if fit else "",
        "n_observations": series.value.size,
        "last_seen": pd.Timestamp(series.end[-1]),
    }
    for days in LEFT_AFTER:
        row[f"left_{days}"], row[f"left_{days}_kind"] = _left(found, days)
    return row


def _left(found: Attention, days: int) -> tuple[float, str]:
    """Return the share of the peak left after ``days`` and how it is known."""
    series, peak = found.series, found.series.value[found.peak]
    day = found.peak_date + np.timedelta64(days, "D")
    covers = (series.begin <= day) & (day <= series.end) & (series.begin > found.peak_date)
    if covers.any() and peak > 0:
        return float(series.value[np.flatnonzero(covers)[0]] / peak), "measured"
    if found.decay.fit is not None and day <= series.end[-1]:
        return found.share_left(days), "estimated"
    return np.nan, ""
