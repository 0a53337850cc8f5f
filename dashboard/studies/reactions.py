"""The event study over rows of the snapshot: frames in, frames out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dashboard.studies.frames import column
from etl.analytics.distributions import t_quantile
from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudy, EventStudySpec, confounders, study
from etl.analytics.event_windows import Events

_ANOTHER_MARKET_MAY_HELP = (
    "no_prices_for_benchmark",
    "event_outside_bars",
    "event_window_incomplete",
    "too_short_estimation_window",
    "constant_benchmark",
)
_BAND = 0.95


@dataclass(frozen=True)
class Reactions:
    """Measured events as frames; see :class:`dashboard.studies.market.MarketStudy`.

    Attributes
    ----------
    switched
        Events measured against the alternative benchmark, because theirs has no bars.
    estimation_spans
        First and last day of the estimation window of every measured event.
    result, arrays
        The study itself and the events it was given, in the order of ``events``.
    """

    events: pd.DataFrame
    paths: pd.DataFrame
    aggregate: pd.DataFrame
    switched: tuple[str, ...]
    estimation_spans: dict[str, tuple[np.datetime64, np.datetime64]]
    result: EventStudy
    arrays: Events


def measure(
    events: pd.DataFrame,
    instruments: pd.DataFrame,
    prices: Panel,
    spec: EventStudySpec,
    together: Sequence[str] | None = None,
) -> Reactions:
    """Measure every event against the benchmark of its own share.

    Parameters
    ----------
    events
        Columns of ``market_events``; every ticker is in the index of ``instruments``.
    together
        Events over which the tests run, all by default; the others are still measured, since an
        event inside the window of another one must be seen.

    Notes
    -----
    Where the benchmark has no bars in the windows of an event, the share's alternative one is
    taken, if that one has.
    """
    main = _markets(events, instruments, "benchmark")
    other = _markets(events, instruments, "alternative_benchmark")
    result = study(prices, _as_arrays(events, main), spec)
    retry = np.isin(result.reason, _ANOTHER_MARKET_MAY_HELP) & (other != "")
    switched = np.zeros(len(events), dtype=bool)
    if retry.any():
        second = study(prices, _as_arrays(events, np.where(retry, other, main)), spec)
        switched = retry & (second.status != "excluded")
    benchmarks = np.where(switched, other, main)
    if switched.any():
        result = study(prices, _as_arrays(events, benchmarks), spec)
    names = events["event_id"].to_numpy(dtype=str)
    measured = result.status != "excluded"
    among = np.isin(names, list(names if together is None else together))
    spans = dict(zip(names[measured], map(tuple, result.estimation_span[measured]), strict=True))
    return Reactions(
        _event_rows(events, result, benchmarks),
        path_rows(names, result),
        aggregate_rows(_over(result, prices, _as_arrays(events, benchmarks), among)),
        tuple(names[switched].tolist()),
        spans,
        result,
        _as_arrays(events, benchmarks),
    )


def _over(result: EventStudy, prices: Panel, events: Events, among: np.ndarray) -> EventStudy:
    """Return the study of the events ``among``, shape (n,), alone."""
    return result if among.all() else study(prices, events.where(among), result.spec)


def path_rows(names: np.ndarray, result: EventStudy) -> pd.DataFrame:
    """Return one row an event and day, with the 95% band of the cumulative return."""
    n_days = result.spec.days.size
    quantile = t_quantile((1 + _BAND) / 2, result.degrees_of_freedom)
    half = quantile * result.cumulative_abnormal_return_se
    values = {
        "abnormal_return": result.abnormal_return,
        "abnormal_return_se": result.abnormal_return_se,
        "cumulative_abnormal_return": result.cumulative_abnormal_return,
        "cumulative_abnormal_return_se": result.cumulative_abnormal_return_se,
        "car_low": result.cumulative_abnormal_return - half,
        "car_high": result.cumulative_abnormal_return + half,
        "t_statistic": result.t_statistic,
        "p_value": result.p_value,
    }
    measured = result.status != "excluded"
    columns: dict[str, Any] = {
        "event_id": np.repeat(names[measured], n_days).astype(object),
        "day": np.tile(result.spec.days, int(measured.sum())),
        "trade_date": _days(result.trade_dates[measured].ravel()),
    }
    columns |= {name: array[measured].ravel() for name, array in values.items()}
    return pd.DataFrame(columns)


def aggregate_rows(result: EventStudy) -> pd.DataFrame:
    """Return one row a test and day, and one for the window; reasons are codes."""
    days = [str(day) for day in result.spec.days]
    parts = [
        pd.DataFrame(
            {
                "test": name,
                "day": [*days, "window"],
                "statistic": [*outcome.statistic, outcome.car_statistic],
                "p_value": [*outcome.p_value, outcome.car_p_value],
                "reason": outcome.reason.code if outcome.reason else None,
            }
        )
        for name, outcome in result.aggregate.tests.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _markets(events: pd.DataFrame, instruments: pd.DataFrame, name: str) -> np.ndarray:
    """Return a benchmark for each event; ``""`` where its share has none."""
    return column(events, "ticker").map(column(instruments, name)).fillna("").to_numpy(dtype=str)


def _as_arrays(events: pd.DataFrame, benchmarks: np.ndarray) -> Events:
    return Events(
        tickers=events["ticker"].to_numpy(dtype=str),
        benchmarks=benchmarks.astype(str),
        dates=events["event_date"].to_numpy(dtype="datetime64[D]"),
        price_selected=(events["selection"] == "price_selected").to_numpy(dtype=bool),
        after=(events["session"] == "after").fillna(False).to_numpy(dtype=bool),
    )


def _event_rows(events: pd.DataFrame, result: EventStudy, benchmarks: np.ndarray) -> pd.DataFrame:
    others = confounders(events["ticker"].to_numpy(dtype=str), result)
    names = events["event_id"].to_list()
    day_zero = _days(result.day_zero)
    announced = events["event_date"].to_numpy(dtype="datetime64[D]")
    kept = (
        "event_id ticker entity event_date title_en title_zh event_type selection date_precision "
    )
    kept += "session source_url"
    return events[kept.split()].assign(
        day_zero=day_zero,
        moved=result.day_zero > announced,
        status=result.status.astype(object),
        reason=[reason or None for reason in result.reason.tolist()],
        flags=[", ".join(flags) for flags in result.flags],
        benchmark=benchmarks.astype(object),
        n_estimation=result.n_estimation,
        alpha=result.alpha,
        beta=result.beta,
        sigma=result.sigma,
        other_events=[", ".join(names[other] for other in row) for row in others],
    )


def _days(values: np.ndarray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(values.astype("datetime64[us]"))
