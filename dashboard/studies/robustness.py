"""How far a reaction stands out: random days, longer holding, every specification."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.frames import column, rows
from dashboard.studies.market import Measured, measured
from etl.analytics.distributions import t_quantile
from etl.analytics.event_calendar import Panel, panel
from etl.analytics.event_study import EventStudy, EventStudySpec
from etl.analytics.event_windows import Events
from etl.analytics.holding_period import (
    HORIZONS,
    abnormal_turnover,
    holding_periods,
    holding_placebo,
)
from etl.analytics.multiple_testing import benjamini_hochberg, holm
from etl.analytics.placebo import Placebo, placebo
from etl.analytics.specification_curve import (
    SpecificationCurve,
    SpecificationGrid,
    specification_curve,
)

SEED = 20221207
"""Of the random days; the same study always draws the same."""
N_DRAWS = 1_000
_WINDOWS = ((0, 0), (-1, 1), (-2, 2), (0, 4), (0, 10))
_ESTIMATIONS = (60, 120, 250)
_BAND = 0.975


@dataclass(frozen=True)
class RobustnessStudy:
    """How far the chosen events stand out.

    Attributes
    ----------
    bands
        Placebo band by event and day: ``event_id, day, low, high`` (ratios), the middle 95% of
        the cumulated returns from random days of the same share.
    placebo
        One row an event: ``event_id, n_days`` to draw from, ``percentile`` of its window among
        the draws, ``p_value``, ``reason``; rank and p are missing for described events.
    holding
        One row an event and horizon: ``event_id, horizon`` (trading days after day 0),
        ``end_date, share_return, benchmark_return, abnormal_return`` (simple ratios),
        ``percentile`` among random days, ``abnormal_turnover`` (ratio), ``reason``,
        ``turnover_reason``.
    corrected
        One row a tested event: ``event_id, p_value`` of its window, ``holm``,
        ``benjamini_hochberg``.
    curve
        One row a specification of the chosen exogenous events together: ``window, model,
        benchmark, estimation, gap, returns, n_events, car, low, high, p_value, test``.
    n_significant, n_tested
        Specifications with p below 5%, and with a p at all.
    """

    bands: pd.DataFrame
    placebo: pd.DataFrame
    holding: pd.DataFrame
    corrected: pd.DataFrame
    curve: pd.DataFrame
    n_significant: int
    n_tested: int


def robustness_study(
    reader: Reader,
    ticker: str,
    spec: EventStudySpec,
    *,
    as_of: date | None = None,
    event_ids: Sequence[str] | None = None,
) -> RobustnessStudy:
    """Put the chosen events of a share to harder questions; parameters as ``market_study``."""
    found = measured(reader, ticker, spec, as_of, event_ids)
    events, result = found.reactions.arrays, found.reactions.result
    drawn = placebo(found.prices, events, result, n_draws=N_DRAWS, rng=np.random.default_rng(SEED))
    ids = found.reactions.events["event_id"].to_numpy(dtype=str)
    chosen = np.isin(ids, list(ids if event_ids is None else event_ids))
    curve = _curve(found, events, chosen)
    return RobustnessStudy(
        bands=_bands(ids, chosen, result, drawn),
        placebo=_ranks(ids, chosen, drawn),
        holding=_holding(found, ids, chosen, drawn),
        corrected=_corrected(ids, chosen, result),
        curve=_curve_rows(curve),
        n_significant=curve.n_significant if curve else 0,
        n_tested=curve.n_tested if curve else 0,
    )


def _bands(ids: np.ndarray, chosen: np.ndarray, result: EventStudy, drawn: Placebo) -> pd.DataFrame:
    held = chosen & (drawn.reason == "")
    days = result.spec.days
    return pd.DataFrame(
        {
            "event_id": np.repeat(ids[held], days.size).astype(object),
            "day": np.tile(days, int(held.sum())),
            "low": drawn.low[held].ravel(),
            "high": drawn.high[held].ravel(),
        }
    )


def _ranks(ids: np.ndarray, chosen: np.ndarray, drawn: Placebo) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "event_id": ids.astype(object),
            "n_days": drawn.n_days,
            "percentile": drawn.percentile,
            "p_value": drawn.p_value,
            "reason": [reason or None for reason in drawn.reason.tolist()],
        }
    )
    return rows(frame, chosen)


def _holding(found: Measured, ids: np.ndarray, chosen: np.ndarray, drawn: Placebo) -> pd.DataFrame:
    events, result = found.reactions.arrays, found.reactions.result
    held = holding_periods(found.prices, events, result, HORIZONS)
    ranked = holding_placebo(found.prices, events, result, held, drawn)
    turnover = abnormal_turnover(found.prices, _volume(found.bars), events, result, HORIZONS)
    n = len(HORIZONS)
    frame = pd.DataFrame(
        {
            "event_id": np.repeat(ids, n).astype(object),
            "horizon": np.tile(HORIZONS, ids.size),
            "end_date": pd.DatetimeIndex(held.end_date.ravel().astype("datetime64[us]")),
            "share_return": held.share_return.ravel() / 100,
            "benchmark_return": held.benchmark_return.ravel() / 100,
            "abnormal_return": held.abnormal_return.ravel() / 100,
            "percentile": ranked.percentile.ravel(),
            "abnormal_turnover": turnover.abnormal_turnover.ravel(),
            "reason": [reason or None for reason in held.reason.ravel().tolist()],
            "turnover_reason": [reason or None for reason in turnover.reason.ravel().tolist()],
        }
    )
    return rows(frame, np.repeat(chosen, n))


def _volume(bars: pd.DataFrame) -> Panel:
    return panel(
        bars["ticker"].to_numpy(dtype=str),
        bars["trade_date"].to_numpy(dtype="datetime64[D]"),
        bars["volume"].to_numpy(dtype=float, na_value=np.nan),
    )


def _corrected(ids: np.ndarray, chosen: np.ndarray, result: EventStudy) -> pd.DataFrame:
    tested = chosen & (result.status == "tested")
    p_values = result.car_p_value[tested, -1]
    return pd.DataFrame(
        {
            "event_id": ids[tested].astype(object),
            "p_value": p_values,
            "holm": holm(p_values),
            "benjamini_hochberg": benjamini_hochberg(p_values),
        }
    )


def _curve(found: Measured, events: Events, chosen: np.ndarray) -> SpecificationCurve | None:
    """Return the curve of the chosen exogenous events; nothing where there is none."""
    asked = chosen & ~events.price_selected & np.isin(events.tickers, list(found.prices.columns))
    if not asked.any():
        return None
    grid = SpecificationGrid(
        windows=_WINDOWS, estimations=_ESTIMATIONS, benchmarks=_benchmarks(found)
    )
    return specification_curve({"": found.prices}, events.where(asked), grid)


def _benchmarks(found: Measured) -> tuple[str, ...]:
    """Return the share's benchmark and its alternative, those that have prices."""
    names: list[Any] = [found.instrument["benchmark"], found.instrument["alternative_benchmark"]]
    held = [str(name) for name in names if pd.notna(name) and name in found.prices.columns]
    return tuple(dict.fromkeys(held)) or ("",)


def _curve_rows(curve: SpecificationCurve | None) -> pd.DataFrame:
    """Return the table with its window in one word and a 95% interval.

    One event: by its exact error and t(T − k), k that of the market model. Several: across the
    events, by t(n − 1).
    """
    if curve is None:
        return pd.DataFrame({"car": []})
    table = curve.table
    n_events = table["n_events"].to_numpy(dtype=float)
    tested = np.isfinite(curve.standard_error)
    cars = np.where(tested, curve.cumulative_abnormal_return, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # specifications without any event
        own = np.nanmean(np.where(tested, curve.standard_error, np.nan), axis=1)
        across = np.nanstd(cars, axis=1, ddof=1) / np.sqrt(n_events)
    single = n_events == 1
    freedom = np.where(single, table["estimation"] - 2, n_events - 1)
    quantile = np.array([t_quantile(_BAND, max(degrees, 1)) for degrees in freedom.tolist()])
    half = np.where(single, own, across) * quantile
    car = column(table, "mean_car")
    first, last = column(table, "window_first"), column(table, "window_last")
    return table.assign(
        window=first.astype(str) + "," + last.astype(str), car=car, low=car - half, high=car + half
    )
