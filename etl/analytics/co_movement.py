"""How closely two shares move together, and whether an event drew them closer.

Two shares move together because their market moves, and they seem to move closer when one of them
merely swings more. Both are taken out before anything is called contagion.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.distributions import (
    FloatArray,
    normal_quantile,
    t_quantiles,
    two_sided_normal,
)
from etl.analytics.event_calendar import PairReturns, Panel, Returns, pair_returns
from etl.analytics.multiple_testing import holm

MIN_OBSERVATIONS = 30
"""Fewer days than this on one side of an event and no correlation is given."""

CONSTANT = 1e-10
"""A daily standard deviation of returns below this is rounding, not movement."""

REASONS = {
    "too_few_observations": "the trailing window holds fewer returns than asked for",
    "constant_series": "one of the series does not vary",
    "no_prices": "the prices hold no bar of one of the shares or markets",
    "event_outside_bars": "the event lies outside the common bars",
    "too_few_days_before": f"fewer than {MIN_OBSERVATIONS} common days before the event",
    "too_few_days_after": f"fewer than {MIN_OBSERVATIONS} common days from the event on",
}
"""Why a value is missing, by code."""

VERDICTS = {
    "contagion": "closer than before, beyond what the source's larger swings explain",
    "volatility_only": "closer than before, as the source's larger swings alone would make it",
    "looser": "less close than before",
    "no_change_found": "no change beyond chance",
}
"""What a pair's change of correlation amounts to, by code."""


def fisher_interval(
    correlation: FloatArray | float, n: FloatArray | float, level: float, n_controls: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the interval of a (partial) correlation, by Fisher's z.

    Parameters
    ----------
    correlation, n
        Any shape, and the (effective) observations behind it.
    n_controls
        Variables whose part was taken out of both series.

    Returns
    -------
    tuple
        Low and high ends; missing with fewer than ``4 + n_controls`` observations.
    """
    freedom = np.asarray(n, dtype=np.float64) - 3 - n_controls
    with np.errstate(divide="ignore"):
        z = np.arctanh(correlation)
    half = normal_quantile((1 + level) / 2) / np.sqrt(np.where(freedom >= 1, freedom, np.nan))
    return np.tanh(z - half), np.tanh(z + half)


def rolling(
    pair: PairReturns, *, window: int = 60, min_observations: int = 40, level: float = 0.95
) -> pd.DataFrame:
    """Return beta and correlation of a share over the trailing days of its common calendar.

    Parameters
    ----------
    pair
        A share and its benchmark, or two shares, on the trading days they have in common.
    window
        Common trading days looked back on, the day itself included.
    min_observations
        Returns a window needs; a missing return is left out of it, never filled.

    Returns
    -------
    DataFrame
        One row a common trading day: ``trade_date, n_observations, beta, beta_low, beta_high,
        correlation, correlation_low, correlation_high, reason``; values are missing where
        ``reason`` holds a code of :data:`REASONS`. A row depends on no later day.

    Raises
    ------
    ValueError
        If a return is infinite, or the window shorter than the observations it needs.
    """
    if not 4 <= min_observations <= window:
        raise ValueError(
            f"got a window of {window} days and {min_observations} observations; a window holds "
            "at least as many days as it needs observations, and those are 4 or more"
        )
    if np.isinf(pair.stock).any() or np.isinf(pair.market).any():
        raise ValueError("got an infinite return")
    known = np.isfinite(pair.stock) & np.isfinite(pair.market)
    within = _trailing(known, window, fill=False)
    n = within.sum(axis=1)
    share = _centred(_trailing(pair.stock, window, fill=np.nan), within)
    market = _centred(_trailing(pair.market, window, fill=np.nan), within)
    still = np.maximum(n - 1, 1) * CONSTANT**2
    squares_share, squares_market = (share**2).sum(axis=1), (market**2).sum(axis=1)
    reason = np.select(
        [n < min_observations, (squares_share <= still) | (squares_market <= still)],
        ["too_few_observations", "constant_series"],
        "",
    )
    usable = reason == ""
    squares_share, squares_market = (
        np.where(usable, squares, np.nan) for squares in (squares_share, squares_market)
    )
    products = (share * market).sum(axis=1)
    beta = products / squares_market
    correlation = np.clip(products / np.sqrt(squares_share * squares_market), -1, 1)
    error = np.sqrt((1 - correlation**2) * squares_share / squares_market / np.maximum(n - 2, 1))
    half = t_quantiles((1 + level) / 2, n - 2.0) * error
    low, high = fisher_interval(correlation, n, level)
    return pd.DataFrame(
        {
            "trade_date": pd.DatetimeIndex(pair.dates.astype("datetime64[us]")),
            "n_observations": n,
            "beta": beta,
            "beta_low": beta - half,
            "beta_high": beta + half,
            "correlation": correlation,
            "correlation_low": low,
            "correlation_high": high,
            "reason": reason.astype(object),
        }
    )


def _trailing(values: np.ndarray, window: int, *, fill: Any) -> np.ndarray:
    """Return each day's trailing window, shape (days, window); days before the first are filled."""
    padded = np.concatenate([np.full(window - 1, fill, dtype=values.dtype), values])
    return np.lib.stride_tricks.sliding_window_view(padded, window)[: values.size]


def _centred(values: FloatArray, within: np.ndarray) -> FloatArray:
    """Return deviations from each window's mean; 0 outside ``within``, where they do not count."""
    n = np.maximum(within.sum(axis=1, keepdims=True), 1)
    mean = np.where(within, values, 0).sum(axis=1, keepdims=True) / n
    return np.where(within, values - mean, 0)


@dataclass(frozen=True)
class CoMovementSpec:
    """Common trading days compared: ``before`` the event, and ``after`` from day 0 on.

    Attributes
    ----------
    before, after
        Most days on each side; at least 30.
    gap
        Days left out between the two.
    returns
        ``log`` or ``simple``.
    level
        Of the intervals; 1 − level is the size of the tests.

    Raises
    ------
    ValueError
        If a side is too short, the gap negative or the level not between 0 and 1.
    """

    before: int = 120
    after: int = 60
    gap: int = 0
    returns: Returns = "log"
    level: float = 0.95

    def __post_init__(self) -> None:
        if min(self.before, self.after) < MIN_OBSERVATIONS:
            raise ValueError(
                f"got {self.before} days before and {self.after} after; a correlation needs at "
                f"least {MIN_OBSERVATIONS} on each side"
            )
        if self.gap < 0:
            raise ValueError(f"got the gap {self.gap}; it counts trading days, 0 or more")
        if not 0 < self.level < 1:
            raise ValueError(f"got the level {self.level}; it lies between 0 and 1")


_PAIR_COLUMNS = (
    "source",
    "other",
    "n_before",
    "n_after",
    "first_day",
    "day_zero",
    "last_day",
    "correlation_before",
    "correlation_before_low",
    "correlation_before_high",
    "correlation_after",
    "correlation_after_low",
    "correlation_after_high",
    "variance_ratio",
    "correlation_adjusted",
    "correlation_adjusted_low",
    "correlation_adjusted_high",
    "p_value",
    "adjusted_p_value",
    "adjusted_p_value_holm",
    "verdict",
    "reason",
)


def excess_co_movement(
    prices: Panel,
    pairs: Sequence[tuple[str, str]],
    markets: Mapping[str, str],
    event_date: np.datetime64,
    spec: CoMovementSpec | None = None,
) -> pd.DataFrame:
    """Compare how closely shares moved before and after an event, their markets taken out.

    Parameters
    ----------
    prices
        Positive prices.
    pairs
        Source and other share. The source is the one the news is about: its volatility adjusts.
    markets
        Benchmark of each share. A pair with two of them is freed from both.
    event_date
        A day without trading moves to the next common trading day.

    Returns
    -------
    DataFrame
        One row a pair, in the order given. ``correlation_*`` are of the residuals, with Fisher
        intervals; ``variance_ratio`` is the source's residual variance after over before;
        ``correlation_adjusted`` is the later correlation at the earlier variance. ``p_value``
        compares the plain correlations, ``adjusted_p_value`` the adjusted later one with the
        earlier, ``adjusted_p_value_holm`` corrects that for the number of pairs, and ``verdict``
        (:data:`VERDICTS`) reads it. Pairs that cannot be compared have a ``reason``.

    Raises
    ------
    ValueError
        If a share has no entry in ``markets``, is paired with itself, or a price is not positive.

    Notes
    -----
    Forbes and Rigobon (2002), "No contagion, only interdependence": with δ the relative rise of
    the source's variance, ρ* = ρ/√(1 + δ(1 − ρ²)). Its test is conditional on the source's
    residuals, so it allows for δ being read from the same days. Residuals are fitted on each
    side by itself, so that the earlier side does not know the later one.
    """
    spec = spec or CoMovementSpec()
    lost = sorted({share for pair in pairs for share in pair} - set(markets))
    if lost:
        raise ValueError(f"got no benchmark for {lost[0]}; name one in markets")
    rows = [_pair_row(prices, pair, markets, event_date, spec) for pair in pairs]
    table = pd.DataFrame(rows, columns=pd.Index(_PAIR_COLUMNS))
    adjusted = table["adjusted_p_value"].to_numpy(dtype=np.float64)
    table["adjusted_p_value_holm"] = holm(adjusted)
    table["verdict"] = _verdicts(table, 1 - spec.level)
    return table


def _pair_row(
    prices: Panel,
    pair: tuple[str, str],
    markets: Mapping[str, str],
    event_date: np.datetime64,
    spec: CoMovementSpec,
) -> dict[str, Any]:
    source, other = pair
    if source == other:
        raise ValueError(f"got {source} paired with itself; two shares are compared")
    row: dict[str, Any] = {"source": source, "other": other, "reason": ""}
    controls = tuple(sorted({markets[source], markets[other]}))
    if not {*pair, *controls} <= set(prices.columns):
        return row | {"reason": "no_prices"}
    days = pair_returns(prices, source, other, spec.returns, controls)
    values = np.column_stack([days.stock, days.market, days.factors])
    known = np.isfinite(values).all(axis=1)
    dates, values = days.dates[known], values[known]
    zero = int(np.searchsorted(dates, event_date))
    if zero == dates.size or event_date < dates[0]:
        return row | {"reason": "event_outside_bars"}
    end = max(zero - spec.gap, 0)
    start, stop = max(end - spec.before, 0), min(zero + spec.after, dates.size)
    row |= {"n_before": end - start, "n_after": stop - zero}
    row |= {"first_day": dates[start], "day_zero": dates[zero], "last_day": dates[stop - 1]}
    if end - start < MIN_OBSERVATIONS:
        return row | {"reason": "too_few_days_before"}
    if stop - zero < MIN_OBSERVATIONS:
        return row | {"reason": "too_few_days_after"}
    sides = [_residuals(values[start:end]), _residuals(values[zero:stop])]
    if any((side.std(axis=0) <= CONSTANT).any() for side in sides):
        return row | {"reason": "constant_series"}
    return row | _comparison(sides[0], sides[1], len(controls), spec.level)


def _residuals(values: FloatArray) -> FloatArray:
    """Return what the markets, columns 2 on, leave of the first two columns: (days, 2)."""
    regressors = np.column_stack([np.ones(len(values)), values[:, 2:]])
    return values[:, :2] - regressors @ np.linalg.lstsq(regressors, values[:, :2], rcond=None)[0]


def _comparison(
    before: FloatArray, after: FloatArray, n_controls: int, level: float
) -> dict[str, float]:
    """Return the correlations of both sides, the adjusted one and the tests."""
    found: dict[str, float] = {}
    for name, side in (("before", before), ("after", after)):
        correlation = float(np.asarray(np.corrcoef(side.T))[0, 1])
        low, high = fisher_interval(correlation, len(side), level, n_controls)
        found[f"correlation_{name}"] = correlation
        found[f"correlation_{name}_low"] = float(low)
        found[f"correlation_{name}_high"] = float(high)
    squares = [(side[:, 0] ** 2).sum() / (len(side) - 1 - n_controls) for side in (before, after)]
    ratio = float(squares[1] / squares[0])
    found["variance_ratio"] = ratio
    for end in ("", "_low", "_high"):
        plain = found[f"correlation_after{end}"]
        found[f"correlation_adjusted{end}"] = forbes_rigobon(plain, ratio)
    freedom = np.array([len(before), len(after)]) - 3.0 - n_controls
    earlier, later = found["correlation_before"], found["correlation_after"]
    plain = (np.arctanh(later) - np.arctanh(earlier)) / np.sqrt((1 / freedom).sum())
    # Of a slope over its residual deviation, in units of the source's earlier deviation.
    slopes = np.sinh(np.arctanh([earlier, found["correlation_adjusted"]]))
    variances = (np.array([1, 1 / ratio]) + slopes**2 / 2) / freedom
    adjusted = (slopes[1] - slopes[0]) / np.sqrt(variances.sum())
    found["p_value"] = float(two_sided_normal(float(plain)))
    found["adjusted_p_value"] = float(two_sided_normal(float(adjusted)))
    return found


def forbes_rigobon(correlation: float, variance_ratio: float) -> float:
    """Return the correlation there would be had the source's variance not changed.

    Parameters
    ----------
    correlation
        Of the days whose variance is ``variance_ratio`` times that of the days compared with.
    """
    rise = variance_ratio - 1
    return float(correlation / np.sqrt(1 + rise * (1 - correlation**2)))


def _verdicts(table: pd.DataFrame, size: float) -> list[str]:
    """Read the tests of each pair; empty where there are none."""
    adjusted = table["adjusted_p_value_holm"] < size
    closer = table["correlation_adjusted"] > table["correlation_before"]
    plain = (table["p_value"] < size) & (table["correlation_after"] > table["correlation_before"])
    verdicts = np.select(
        [table["reason"] != "", adjusted & closer, adjusted & ~closer, plain],
        ["", "contagion", "looser", "volatility_only"],
        "no_change_found",
    )
    return verdicts.tolist()
