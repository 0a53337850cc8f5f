"""Does attention come before returns, or after: correlation by lag, and Granger regressions.

Attention of a week is what look-ups of that week tell, so it is known by the week's end. Returns of
the same week have partly gone before it: only later weeks' returns can be foretold by it.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.co_movement import CONSTANT, fisher_interval
from etl.analytics.distributions import FloatArray, normal_quantile, upper_f
from etl.analytics.event_calendar import Panel, pair_returns
from etl.analytics.hac import Regression, bandwidth, regress
from etl.analytics.multiple_testing import holm
from etl.analytics.rating_rates import COUNT_FELL, app_keys

MIN_WEEKS = 20
"""Fewer pairs of weeks, or degrees of freedom, and nothing is estimated."""

ATTENTION_FIRST, RETURNS_FIRST = "attention_to_returns", "returns_to_attention"

REASONS = {
    "too_few_weeks": f"fewer than {MIN_WEEKS} weeks, or degrees of freedom, are left",
    "constant_series": "one of the series does not vary",
    "collinear_lags": "the lags determine one another",
}
"""Why a value is missing, by code."""

STATEMENTS = {
    "too_few_weeks": "n_weeks have both values, of weeks_needed: a pattern takes several waves",
    "app_of_another_company": "the app is not of the company whose share is looked at",
    "one_storefront": "attention is that of one storefront; the share's buyers live elsewhere",
    "missing_weeks": "n_missing of n_weeks have no attention or no return",
    "attention_spans_weeks": "n_weeks have a rate over more than 10 days, up to longest_days",
    "counts_fell": "n_intervals have no rate: the store removed ratings or counts others",
    "smallest_visible_correlation": "a weaker one than this is missed in 1 of 5 cases or more",
    "many_looks": "n_tests were made; one in twenty falls below 5% by chance",
    "attention_known_after_prices": "a week's attention is known at its end, after its prices",
    "ratings_are_not_installs": "new ratings are taken for installs; the ratio may change",
    "common_cause": "news can move attention and price at once; coming first is not causing",
}
"""What the data cannot tell, by code, with the names of the values."""

_LONG_SPAN_DAYS = 10
_WEEK = np.timedelta64(7, "D")


def weekly_series(
    rates: pd.DataFrame, prices: Panel, ticker: str, benchmark: str, *, last_weekday: int = 4
) -> pd.DataFrame:
    """Put attention and returns on weeks, each as it was known at the week's end.

    Parameters
    ----------
    rates
        From :func:`etl.analytics.rating_rates.rating_rates`, of one app and storefront. A
        look-up counts for the week it was made in.
    prices
        Positive prices.
    last_weekday
        Last day of a week, 0 for Monday; Friday by default.

    Returns
    -------
    DataFrame
        One row a week, from the first to the last that both sides reach: ``week_ending``;
        ``new_ratings_per_day`` over the look-ups of the week; ``n_days`` these reach back over;
        ``attention``, the change of ln(1 + rate) on the week before; ``excess_return``, log
        return of the share over its benchmark's on the days of the week both traded. A week
        without a look-up, or without a common trading day, is missing (NaN).

    Raises
    ------
    ValueError
        If the rates are of several series, a ticker has no bars, or no week is common.
    """
    if len(rates[app_keys(rates)].drop_duplicates()) > 1:
        raise ValueError("got rates of several apps or storefronts; one is expected")
    unknown = [name for name in (ticker, benchmark) if name not in prices.columns]
    if unknown:
        raise ValueError(f"got {unknown[0]!r}, of which the prices hold no bar")
    returns = _weekly_returns(prices, ticker, benchmark, last_weekday)
    found = _weekly_rates(rates, last_weekday)
    first = last = None
    if len(returns) and len(found):
        first = max(returns.index[0], found.index[0])
        last = min(returns.index[-1], found.index[-1])
    if first is None or first > last:
        raise ValueError(f"got attention and prices of {ticker} that have no week in common")
    weeks = pd.date_range(first, last, freq="7D", unit="us")
    rate = found["rate"].reindex(weeks.insert(0, first - _WEEK)).to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "week_ending": weeks,
            "new_ratings_per_day": rate[1:],
            "n_days": found["n_days"].reindex(weeks).to_numpy(dtype=np.float64),
            "attention": np.diff(np.log1p(rate)),
            "excess_return": returns.reindex(weeks).to_numpy(dtype=np.float64),
        }
    )


def _weekly_returns(prices: Panel, ticker: str, benchmark: str, last_weekday: int) -> Any:
    """Return the excess returns by week; missing where a day of the week is."""
    pair = pair_returns(prices, ticker, benchmark, "log")
    daily = pd.Series(pair.stock - pair.market, index=_week_of(pair.dates, last_weekday))
    return daily.groupby(level=0).agg(lambda days: days.sum(skipna=False))


def _weekly_rates(rates: pd.DataFrame, last_weekday: int) -> Any:
    """Return ``rate`` and ``n_days`` by week; the rate is missing where an interval has none."""
    days = rates["observed_on"].to_numpy(dtype="datetime64[D]")
    weekly = rates.groupby(_week_of(days, last_weekday)).agg(
        known=("new_ratings_per_day", lambda found: found.notna().all()),
        change=("change", "sum"),
        n_days=("n_days", "sum"),
    )
    return weekly.assign(rate=(weekly["change"] / weekly["n_days"]).where(weekly["known"]))


def _week_of(days: np.ndarray, last_weekday: int) -> pd.DatetimeIndex:
    """Return the last day of the week each day lies in."""
    # The calendar of NumPy begins on a Thursday, 3 counted from Monday.
    weekdays = (days.astype("datetime64[D]").astype(np.int64) + 3) % 7
    return pd.DatetimeIndex((days + (last_weekday - weekdays) % 7).astype("datetime64[us]"))


def cross_correlation(
    attention: FloatArray, returns: FloatArray, *, max_lag: int = 8, level: float = 0.95
) -> pd.DataFrame:
    """Correlate attention with earlier and later returns.

    Parameters
    ----------
    attention, returns
        Shape (T,), evenly spaced; missing values keep their place and take no part.
    max_lag
        Most weeks either is moved.

    Returns
    -------
    DataFrame
        One row a lag from −max_lag to max_lag: ``lag`` (above zero: attention comes first),
        ``n`` pairs, ``n_effective``, ``correlation``, its ``low`` and ``high`` by Fisher's z with
        the effective number, ``hac_t`` and ``p_value`` of the slope with Newey–West errors,
        ``p_value_holm`` over the lags, ``reason`` (:data:`REASONS`).

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, or ``max_lag`` is negative.

    Notes
    -----
    Bartlett (1946): n/(1 + 2·Σ(1 − j/n)·ρx(j)·ρy(j)) independent pairs tell as much as n
    that follow one another; at most n are counted.
    """
    require_series(attention, returns)
    if max_lag < 0:
        raise ValueError(f"got the lag {max_lag}; it is 0 or more")
    lags = range(-max_lag, max_lag + 1)
    table = pd.DataFrame([_at_lag(attention, returns, lag, level) for lag in lags])
    table["p_value_holm"] = holm(table["p_value"].to_numpy(dtype=np.float64))
    return table


def require_series(attention: FloatArray, returns: FloatArray) -> None:
    """Refuse series that do not lie side by side, and infinite values."""
    if attention.ndim != 1 or attention.shape != returns.shape:
        raise ValueError(
            f"got attention of shape {attention.shape} and returns of shape {returns.shape}; both "
            "are (T,)"
        )
    if np.isinf(attention).any() or np.isinf(returns).any():
        raise ValueError("got an infinite value")


def shifted(values: FloatArray, lag: int) -> FloatArray:
    """Return the values ``lag`` steps earlier, shape (T,); missing where there are none."""
    found = np.full(values.shape, np.nan)
    if abs(lag) < values.size:
        found[max(lag, 0) : values.size + min(lag, 0)] = values[
            max(-lag, 0) : values.size + min(-lag, 0)
        ]
    return found


def _at_lag(attention: FloatArray, returns: FloatArray, lag: int, level: float) -> dict[str, Any]:
    earlier = shifted(attention, lag)
    both = np.isfinite(earlier) & np.isfinite(returns)
    row: dict[str, Any] = {"lag": lag, "n": int(both.sum())}
    missing = ("n_effective", "correlation", "low", "high", "hac_t", "p_value")
    row |= dict.fromkeys(missing, np.nan)
    if row["n"] < MIN_WEEKS:
        return row | {"reason": "too_few_weeks"}
    x, y = (np.where(both, series, np.nan) for series in (earlier, returns))
    if min(np.nanstd(x), np.nanstd(y)) <= CONSTANT:
        return row | {"reason": "constant_series"}
    x, y = ((series - np.nanmean(series)) / np.nanstd(series) for series in (x, y))
    n_effective = _effective(x, y)
    correlation = float(np.nanmean(x * y))
    low, high = fisher_interval(correlation, n_effective, level)
    fit = regress(y, np.column_stack([np.ones_like(x), x]))
    return row | {
        "n_effective": n_effective,
        "correlation": correlation,
        "low": float(low),
        "high": float(high),
        "hac_t": float(fit.t_statistics[1]),
        "p_value": float(fit.p_values[1]),
        "reason": "",
    }


def _effective(x: FloatArray, y: FloatArray) -> float:
    """Return Bartlett's effective number of pairs of two standardised series, at most n."""
    n = int(np.isfinite(x).sum())
    total = 1.0
    for step in range(1, bandwidth(n) + 1):
        # Sums over pairs that exist, over all n: as for a series without gaps, biased to zero.
        products = [np.nansum(series[step:] * series[:-step]) / n for series in (x, y)]
        total += 2 * (1 - step / n) * float(products[0] * products[1])
    return n / max(total, 1.0)


def granger(attention: FloatArray, returns: FloatArray, *, lags: int = 4) -> pd.DataFrame:
    """Test whether past attention adds to past returns in telling returns, and the reverse.

    Parameters
    ----------
    attention, returns
        As in :func:`cross_correlation`.
    lags
        Past weeks of both series.

    Returns
    -------
    DataFrame
        Rows ``attention_to_returns`` and ``returns_to_attention``: ``direction, lags, n,
        f_statistic, df_numerator, df_denominator, p_value, p_value_white, sum_of_coefficients,
        reason``. The joint F of the other series' lags has Newey–West errors; ``p_value_white``
        is that of errors without correlation in time, which enough own lags leave. The sum is
        what a lasting change by one adds within ``lags`` weeks.

    Raises
    ------
    ValueError
        If the shapes differ, a value is infinite, or ``lags`` is below one.

    Notes
    -----
    Granger (1969): a statement on what comes first in the two series, not on causes. At a nominal
    5%, four lags and 154 weeks of noise the Newey–West F rejects about 10%, White's about 6%.
    """
    require_series(attention, returns)
    if lags < 1:
        raise ValueError(f"got {lags} lags; at least 1 is needed")
    return pd.DataFrame(
        [
            _granger(ATTENTION_FIRST, returns, attention, lags),
            _granger(RETURNS_FIRST, attention, returns, lags),
        ]
    )


def _granger(direction: str, target: FloatArray, cause: FloatArray, lags: int) -> dict[str, Any]:
    past = [shifted(series, lag) for series in (target, cause) for lag in range(1, lags + 1)]
    regressors = np.column_stack([np.ones_like(target), *past])
    known = np.isfinite(np.column_stack([target, regressors])).all(axis=1)
    n, k = int(known.sum()), regressors.shape[1]
    row: dict[str, Any] = {"direction": direction, "lags": lags, "n": n}
    degrees, p_values = ("df_numerator", "df_denominator"), ("p_value", "p_value_white")
    row |= dict.fromkeys(("f_statistic", *degrees, *p_values, "sum_of_coefficients"), np.nan)
    if n - k < MIN_WEEKS:
        return row | {"reason": "too_few_weeks"}
    if np.column_stack([target, *past])[known].std(axis=0).min() <= CONSTANT:
        return row | {"reason": "constant_series"}
    if np.linalg.matrix_rank(regressors[known] / np.abs(regressors[known]).max(axis=0)) < k:
        return row | {"reason": "collinear_lags"}
    fit, white = regress(target, regressors), regress(target, regressors, n_lags=0)
    freedom, f_statistic = fit.degrees_of_freedom, _joint_f(fit, lags)
    return row | {
        "f_statistic": f_statistic,
        "df_numerator": lags,
        "df_denominator": freedom,
        "p_value": upper_f(f_statistic, lags, freedom),
        "p_value_white": upper_f(_joint_f(white, lags), lags, freedom),
        "sum_of_coefficients": float(fit.coefficients[-lags:].sum()),
        "reason": "",
    }


def _joint_f(fit: Regression, n_last: int) -> float:
    """Return the F of the last coefficients all being zero."""
    last = fit.coefficients[-n_last:]
    return float(last @ np.linalg.solve(fit.covariance[-n_last:, -n_last:], last)) / n_last


@dataclass(frozen=True)
class Statement:
    """Something the data cannot tell: a code of :data:`STATEMENTS`, and its numbers and names."""

    code: str
    values: Mapping[str, Any]


def what_data_cannot_tell(
    weekly: pd.DataFrame,
    rates: pd.DataFrame,
    *,
    own_app: bool,
    n_tests: int = 1,
    weeks_needed: int = 104,
) -> list[Statement]:
    """Return what no result from these weeks can settle, the most severe first.

    Parameters
    ----------
    weekly, rates
        From :func:`weekly_series`, and what it was made of.
    own_app
        Whether the app is of the company whose share it is.
    n_tests
        Tests made on these weeks: lags, models, apps.
    weeks_needed
        Weeks wanted, two years by default: several waves, not one.
    """
    values = weekly[["attention", "excess_return", "n_days"]].to_numpy(dtype=np.float64)
    spans = values[np.isfinite(values).all(axis=1), 2]
    n = spans.size
    n_long = int((spans > _LONG_SPAN_DAYS).sum())
    n_fell = int((rates["flag"].to_numpy() == COUNT_FELL).sum())
    storefronts = sorted(set(rates["storefront"])) if "storefront" in rates else []
    smallest = None
    if n > 4:
        z = (normal_quantile(0.975) + normal_quantile(0.8)) / np.sqrt(n - 3)
        smallest = float(np.tanh(z))
    longest = float(spans.max()) if n else None
    said: dict[str, tuple[bool, dict[str, Any]]] = {
        "too_few_weeks": (n < weeks_needed, {"n_weeks": n, "weeks_needed": weeks_needed}),
        "app_of_another_company": (not own_app, {}),
        "one_storefront": (len(storefronts) == 1, {"storefront": "".join(storefronts)}),
        "missing_weeks": (n < len(weekly), {"n_missing": len(weekly) - n, "n_weeks": len(weekly)}),
        "attention_spans_weeks": (n_long > 0, {"n_weeks": n_long, "longest_days": longest}),
        "counts_fell": (n_fell > 0, {"n_intervals": n_fell}),
        "smallest_visible_correlation": (n > 4, {"n_weeks": n, "correlation": smallest}),
        "many_looks": (n_tests > 1, {"n_tests": n_tests}),
        "attention_known_after_prices": (True, {}),
        "ratings_are_not_installs": (True, {}),
        "common_cause": (True, {}),
    }
    return [Statement(code, values) for code, (holds, values) in said.items() if holds]
