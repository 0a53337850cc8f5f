"""Does attention come before returns? Correlation by lag, forecasts, and what cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies import bars as share_bars
from dashboard.studies.frames import column, rows
from dashboard.studies.notes import Note
from dashboard.studies.robustness import SEED
from etl.analytics.forecast_test import ForecastSpec, forecast_test
from etl.analytics.lead_lag import (
    cross_correlation,
    granger,
    weekly_series,
    what_data_cannot_tell,
)
from etl.analytics.rating_rates import rating_rates

MAX_LAG = 8
_LAGS = 4


@dataclass(frozen=True)
class LeadLagStudy:
    """Weekly attention of one app beside the weekly excess return of one share.

    Attributes
    ----------
    app_name, ticker, benchmark, storefront
        What is compared; attention is the change of ln(1 + new ratings a day).
    n_weeks, first_week, last_week
        Weeks that have both, and their span.
    correlation
        ``lag`` (above 0: attention comes first), ``n, n_effective, correlation, low, high,
        p_value, p_value_holm, reason``.
    granger
        ``direction, lags, n, f_statistic, p_value_white, reason``.
    comparisons
        Forecasts of weeks not known to them: ``model, against, n, r_squared,
        clark_west_p_value, reason``.
    gain, placebo_p_value
        What attention adds out of sample, and how often shuffled attention adds as much.
    cannot_tell
        Codes of :data:`etl.analytics.lead_lag.STATEMENTS` with their values.
    reason
        Why nothing could be compared, as a code; empty where something was.
    """

    app_name: str
    ticker: str
    benchmark: str
    storefront: str
    n_weeks: int
    first_week: Any
    last_week: Any
    correlation: pd.DataFrame
    granger: pd.DataFrame
    comparisons: pd.DataFrame
    gain: float
    placebo_p_value: float
    cannot_tell: list[Note]
    reason: str


def lead_lag_study(
    reader: Reader, app_id: str, ticker: str, *, as_of: date | None = None
) -> LeadLagStudy:
    """Compare the attention to an app with the returns of a share, week by week."""
    apps = queries.apps(reader).drop_duplicates("app_id").set_index("app_id")
    instruments = queries.instruments(reader).set_index("ticker")
    app: Any = apps.loc[app_id]
    named: Any = instruments.loc[ticker, "benchmark"]
    counts = queries.rating_counts(reader, as_of)
    counts = rows(counts, counts["app_id"] == app_id)
    storefront = str(column(counts, "storefront").mode().iloc[0]) if len(counts) else ""
    rates = rating_rates(rows(counts, counts["storefront"] == storefront))
    benchmark = "" if pd.isna(named) else str(named)
    bars = share_bars.load(reader, [ticker, benchmark], instruments, as_of)
    prices = share_bars.price_panel(bars)
    try:
        weekly = weekly_series(rates, prices, ticker, benchmark)
    except ValueError:
        return _nothing(str(app["app_name"]), ticker, benchmark, storefront)
    both = weekly.dropna(subset=["attention", "excess_return"])
    attention = weekly["attention"].to_numpy(dtype=float)
    returns = weekly["excess_return"].to_numpy(dtype=float)
    rng = np.random.default_rng(SEED)
    tested = forecast_test(attention, returns, ForecastSpec(lags=_LAGS), rng=rng)
    own = app["ticker"] == ticker
    told = what_data_cannot_tell(weekly, rates, own_app=bool(own), n_tests=2 * MAX_LAG + 1)
    return LeadLagStudy(
        app_name=str(app["app_name"]),
        ticker=ticker,
        benchmark=benchmark,
        storefront=storefront,
        n_weeks=len(both),
        first_week=both["week_ending"].min(),
        last_week=both["week_ending"].max(),
        correlation=cross_correlation(attention, returns, max_lag=MAX_LAG),
        granger=granger(attention, returns, lags=_LAGS),
        comparisons=tested.comparisons,
        gain=tested.gain,
        placebo_p_value=tested.placebo_p_value,
        cannot_tell=[Note(one.code, dict(one.values)) for one in told],
        reason=tested.reason,
    )


def _nothing(app_name: str, ticker: str, benchmark: str, storefront: str) -> LeadLagStudy:
    empty = pd.DataFrame()
    return LeadLagStudy(
        app_name, ticker, benchmark, storefront, 0, pd.NaT, pd.NaT, empty, empty, empty,
        np.nan, np.nan, [], "no_common_week",
    )  # fmt: skip
