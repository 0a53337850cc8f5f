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
LONGEST_STRETCH = 0.25
"""A rate counts as measured at a day if its look-ups lie no further apart than this part of the
days since the peak, or a week: a mean over longer tells little of one day."""
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
    *(
        name
        for days in LEFT_AFTER
        for name in (f"left_{days}", f"left_{days}_kind", f"left_{days}_reason")
    ),
    "above_half_until_days",
    "half_gone_by_days",
    "peak_kind",
    "half_life_kind",
    "n_observations",
    "n_left_out",
    "last_seen",
)


def wave_table(rates: pd.DataFrame, keys: list[str], seed: int = 0) -> pd.DataFrame:
    """Return one row a series of ``rates``.

    Parameters
    ----------
    rates
        Frame of :func:`etl.analytics.rating_rates.rating_rates`: ``previous_on, observed_on,
        new_ratings_per_day`` (a missing rate takes no part and is counted), the columns
        ``keys`` and, where present, ``evidence_kind`` (else ``measured``).
    keys
        Columns that tell series apart.
    seed
        Of the intervals; each series draws the same whatever the others are.

    Returns
    -------
    DataFrame
        ``keys`` and :data:`COLUMNS`. ``peak_begin`` and ``peak_end`` are the look-ups the peak
        lies between. ``left_30`` is the share of the peak rate 30 days after its begin:
        the kind of the rates where one covers that day closely (:data:`LONGEST_STRETCH`), else
        ``estimated`` from the fitted curve, missing where neither is known or the day lies after
        the last look-up; ``left_30_reason`` says which. A series that begins with its highest
        rate has a bound in ``half_life_high`` alone; ``above_half_until_days`` and
        ``half_gone_by_days`` are what the rates show without any curve. ``n_left_out`` counts
        rates that are missing.
    """
    groups: Any = rates.groupby(keys if len(keys) > 1 else keys[0])
    n_rates = {name: len(rows) for name, rows in groups.indices.items()}
    found = [
        dict(zip(keys, name if isinstance(name, tuple) else (name,), strict=True))
        | _row(_attention(own, seed), _kind(own))
        | {"n_left_out": n_rates[name] - len(own)}
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


def _kind(own: pd.DataFrame) -> str:
    """Return how the rates are known: ``measured`` only if all of them are."""
    kinds = set(own["evidence_kind"]) if "evidence_kind" in own.columns else {"measured"}
    return kinds.pop() if len(kinds) == 1 else "estimated"


def _row(found: Attention, kind: str) -> dict[str, Any]:
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
        "above_half_until_days": found.above_half_until_days,
        "half_gone_by_days": found.half_gone_by_days,
        "peak_kind": kind,
        "half_life_kind": _half_life_kind(found, kind),
        "n_observations": series.value.size,
        "last_seen": pd.Timestamp(series.end[-1]),
    }
    for days in LEFT_AFTER:
        names = (f"left_{days}", f"left_{days}_kind", f"left_{days}_reason")
        row |= dict(zip(names, _left(found, days, kind), strict=True))
    return row


def _half_life_kind(found: Attention, kind: str) -> str:
    """Return how the half-life or its bound is known: a bound between look-ups is as they are."""
    if np.isfinite(found.half_life_high) and found.half_life_high == found.half_gone_by_days:
        return kind
    return "estimated" if np.isfinite([found.half_life_days, found.half_life_high]).any() else ""


def _left(found: Attention, days: int, kind: str) -> tuple[float, str, str]:
    """Return the share of the peak left after ``days``, how it is known, and why it is not."""
    series, peak = found.series, found.series.value[found.peak]
    day = found.peak_date + np.timedelta64(days, "D")
    if day > series.end[-1]:
        return np.nan, "", "after_last_look_up"
    n_days = (series.end - series.begin) / np.timedelta64(1, "D")
    covers = (series.begin <= day) & (day <= series.end) & (series.begin > found.peak_date)
    close = covers & (n_days <= max(7, LONGEST_STRETCH * days))
    if close.any() and peak > 0:
        return float(series.value[np.flatnonzero(close)[0]] / peak), kind, ""
    if found.decay.fit is not None:
        return found.share_left(days), "estimated", ""
    return np.nan, "", "no_close_look_up_and_no_curve"
