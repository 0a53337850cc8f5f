"""Abnormal returns around the events of a file."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from etl import user_files
from etl.analytics.cross_section import Outcome
from etl.analytics.distributions import two_sided_power
from etl.analytics.event_calendar import Panel, panel
from etl.analytics.event_study import (
    REASONS,
    Aggregate,
    EventStudy,
    EventStudySpec,
    confounders,
    study,
)
from etl.analytics.event_windows import Events
from etl.analytics.normal_return import Model
from etl.analyze.answers import plain, shown
from etl.errors import InputError
from etl.user_files import UserFile

SELECTIONS = ("exogenous", "price_selected")
SESSIONS = ("pre", "am", "lunch", "pm", "after")
POWER_AT = (0.005, 0.01, 0.02, 0.05)
"""Abnormal returns for which the power of a two-sided 5% test is given."""


def run(
    prices: Path,
    events: Path,
    *,
    benchmark: str,
    window: tuple[int, int] = (-2, 2),
    estimation: int = 120,
    gap: int = 10,
    returns: Literal["log", "simple"] = "log",
    model: Model = "market",
    is_returns: bool = False,
) -> dict[str, Any]:
    """Measure the abnormal returns around the events of a file.

    Parameters
    ----------
    prices
        CSV or Parquet: ``ticker,trade_date,adjusted_close`` (with ``is_returns``:
        ``ticker,trade_date,return``), the benchmark among the tickers. An empty price is a day
        without a bar.
    events
        CSV or Parquet: ``event_id,ticker,event_date[,benchmark][,selection][,session]``.
    benchmark
        Ticker of the market for events that name none.
    window, estimation, gap, returns, model
        As in :class:`etl.analytics.event_study.EventStudySpec`.
    is_returns
        The values are returns as ratios already; ``returns`` is then not used.

    Returns
    -------
    dict
        The document of ``artonomics analyze event-study --json``: strings, finite numbers,
        ``None`` for what is missing, lists and dicts of them.

    Raises
    ------
    InputError
        For a wrong option, file, column or cell.
    """
    try:
        spec = EventStudySpec(window, estimation, gap, "given" if is_returns else returns, model)
    except ValueError as problem:
        raise InputError(str(problem), todo="see `artonomics analyze event-study --help`") from None
    bars, n_repeated = _bars(prices, is_returns=is_returns)
    wanted = _events(events, benchmark)
    _check_tickers(wanted, bars, benchmark)
    result = study(bars, _as_arrays(wanted), spec)
    return {
        "specification": {
            "benchmark": benchmark,
            "window": list(window),
            "estimation": estimation,
            "gap": gap,
            "returns": spec.returns,
            "model": model,
        },
        "events": _event_entries(wanted, result),
        "aggregate": _aggregate_entry(result.aggregate, result.spec),
        "excluded": _excluded_entry(wanted, result),
        "notes": _repetition_note(prices, n_repeated),
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row an event: day 0, its abnormal return, and that of the window."""
    return [_table_row(event) for event in document["events"]]


def tests_table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a test over all events, for the window."""
    return [
        {
            "test over the window": name,
            "statistic": shown(test["car_statistic"], "{:.3f}"),
            "p": shown(test["car_p_value"], "{:.2g}"),
            "note": test.get("reason", ""),
        }
        for name, test in document["aggregate"]["tests"].items()
    ]


def _bars(path: Path, *, is_returns: bool) -> tuple[Panel, int]:
    """Read the prices or returns; return them with the number of rows that repeat another one.

    A wrong value is an error that names its row.
    """
    column = "return" if is_returns else "adjusted_close"
    file = user_files.read(path, ("ticker", "trade_date", column))
    frame = pd.DataFrame(
        {
            "ticker": user_files.text(file, "ticker"),
            "trade_date": user_files.days(file, "trade_date"),
            "value": user_files.numbers(file, column),
        }
    )
    not_positive = frame["value"].to_numpy() <= 0
    if not is_returns and not_positive.any():
        index, row = file.first(not_positive)
        raise InputError(
            f"got the adjusted_close {frame['value'][index]:g} of {frame['ticker'][index]} "
            f"on {frame['trade_date'][index]:%Y-%m-%d} in {row}",
            "a price above zero (use --is-returns for a file of returns)",
            "correct the price, or leave the cell empty if there was no trade",
        )
    given = frame.dropna(subset=["value"])
    frame = given.drop_duplicates()
    repeated = np.asarray(frame.duplicated(["ticker", "trade_date"]), dtype=bool)
    if repeated.any():
        index, row = UserFile(file.path, frame).first(repeated)
        raise InputError(
            f"got a second, different value of {frame['ticker'][index]} "
            f"on {frame['trade_date'][index]:%Y-%m-%d} in {row}",
            "one value for each ticker and day",
            "remove the wrong one",
        )
    bars = panel(
        frame["ticker"].to_numpy(dtype=str),
        frame["trade_date"].to_numpy(dtype="datetime64[D]"),
        frame["value"].to_numpy(dtype=float),
    )
    return bars, len(given) - len(frame)


def _repetition_note(path: Path, n_repeated: int) -> list[str]:
    if not n_repeated:
        return []
    rows = "1 row" if n_repeated == 1 else f"{n_repeated} rows"
    return [f"{path.name}: {rows} repeated another one word for word and counted once"]


def _events(path: Path, benchmark: str) -> pd.DataFrame:
    """Read the events with the defaults of their optional columns."""
    file = user_files.read(
        path, ("event_id", "ticker", "event_date"), ("benchmark", "selection", "session")
    )
    frame = pd.DataFrame(
        {
            "event_id": user_files.text(file, "event_id"),
            "ticker": user_files.text(file, "ticker"),
            "event_date": user_files.days(file, "event_date"),
            "benchmark": benchmark,
            "selection": user_files.one_of(file, "selection", SELECTIONS, "exogenous"),
            "session": user_files.one_of(file, "session", SESSIONS, ""),
        }
    )
    if "benchmark" in file.frame.columns:
        own = user_files.text(file, "benchmark", required=False)
        frame["benchmark"] = own.where(own != "", benchmark)
    repeated = np.asarray(frame.duplicated("event_id"), dtype=bool)
    if repeated.any():
        index, row = file.first(repeated)
        raise InputError(
            f"got the event_id {frame['event_id'][index]!r} a second time in {row}",
            "an event_id of its own for each event",
            "rename one of them",
        )
    return frame.reset_index(drop=True)


def _check_tickers(events: pd.DataFrame, bars: Panel, benchmark: str) -> None:
    """Refuse an unknown market, or a file whose events all name unknown tickers."""
    known = list(bars.columns)
    if benchmark not in known and benchmark in set(events["benchmark"]):
        raise InputError(
            f"got the benchmark {benchmark!r}, of which the prices hold no bar",
            "a ticker among the prices",
            user_files.nearest(benchmark, known),
        )
    if not set(events["ticker"]) & set(known):
        ticker = str(events["ticker"].iloc[0])
        raise InputError(
            f"got no event whose ticker is among the prices (the first is {ticker!r})",
            "events of tickers that have prices",
            user_files.nearest(ticker, known),
        )


def _as_arrays(events: pd.DataFrame) -> Events:
    return Events(
        tickers=events["ticker"].to_numpy(dtype=str),
        benchmarks=events["benchmark"].to_numpy(dtype=str),
        dates=events["event_date"].to_numpy(dtype="datetime64[D]"),
        price_selected=(events["selection"] == "price_selected").to_numpy(dtype=bool),
        after=(events["session"] == "after").to_numpy(dtype=bool),
    )


_PER_EVENT = ("status", "reason", "day_zero", "n_estimation", "alpha", "beta", "sigma")
_PER_DAY = (
    "abnormal_return",
    "abnormal_return_se",
    "t_statistic",
    "p_value",
    "cumulative_abnormal_return",
    "cumulative_abnormal_return_se",
    "car_t_statistic",
    "car_p_value",
)


def _event_entries(events: pd.DataFrame, result: EventStudy) -> list[dict[str, Any]]:
    """Return one entry an event, excluded ones too, with their reason among the flags."""
    others = confounders(events["ticker"].to_numpy(dtype=str), result)
    names = events["event_id"].tolist()
    entries = []
    for index, event in enumerate(events.to_dict("records")):
        entry: dict[str, Any] = {
            **event,
            "event_date": f"{event['event_date']:%Y-%m-%d}",
            "session": event["session"] or None,
        }
        for name in _PER_EVENT:
            entry[name] = plain(getattr(result, name)[index]) or None
        for name in ("alpha", "beta", "sigma", "n_estimation"):
            entry[name] = plain(getattr(result, name)[index])
        entry["day"] = result.spec.days.tolist()
        entry["trade_date"] = plain(result.trade_dates[index])
        for name in _PER_DAY:
            entry[name] = plain(getattr(result, name)[index])
        reason = [entry["reason"]] if entry["reason"] else []
        selected = ["price_selected"] if event["selection"] == "price_selected" else []
        entry["flags"] = [*result.flags[index], *selected, *reason]
        entry["other_events_in_window"] = [names[other] for other in others[index]]
        entries.append(entry)
    return entries


def _aggregate_entry(aggregate: Aggregate, spec: EventStudySpec) -> dict[str, Any]:
    return {
        "n": aggregate.n_events,
        "day": spec.days.tolist(),
        "average_abnormal_return": plain(aggregate.average_abnormal_return),
        "cumulative_average_abnormal_return": plain(aggregate.cumulative_average_abnormal_return),
        "mean_residual_correlation": plain(aggregate.correlation.mean),
        "n_common_estimation_days": aggregate.correlation.n_common_days,
        "power_two_sided_5pct": _power(aggregate),
        "tests": {name: _test_entry(outcome) for name, outcome in aggregate.tests.items()},
    }


def _power(aggregate: Aggregate) -> list[dict[str, float | None]]:
    """Return the chance to find a true one-day abnormal return with this many events.

    Events that move together count as fewer, n/(1 + (n - 1) r): the variance of their mean is
    that of so many independent ones. Where r is not known, neither is the power.
    """
    n, r = aggregate.n_events, aggregate.correlation.mean
    if not n:
        return []
    inflation = 1 + (n - 1) * r if n > 1 else 1.0
    known = math.isfinite(inflation) and inflation > 0
    return [
        {
            "abnormal_return": size,
            "power": two_sided_power(size, aggregate.mean_sigma, n / inflation) if known else None,
        }
        for size in POWER_AT
    ]


def _test_entry(outcome: Outcome) -> dict[str, Any]:
    """Return one test; lists without any value become null."""
    entry: dict[str, Any] = {
        "statistic": plain(outcome.statistic) if np.isfinite(outcome.statistic).any() else None,
        "p_value": plain(outcome.p_value) if np.isfinite(outcome.p_value).any() else None,
        "car_statistic": plain(outcome.car_statistic),
        "car_p_value": plain(outcome.car_p_value),
        "variant": outcome.variant,
    }
    if outcome.reason:
        entry["reason"] = outcome.reason.text
    return entry


def _excluded_entry(events: pd.DataFrame, result: EventStudy) -> dict[str, Any]:
    """Count what is not in the aggregate, by reason."""
    counts = Counter(reason for reason in result.reason.tolist() if reason)
    return {
        "n_described": int((result.status == "described").sum()),
        "n_excluded": int((result.status == "excluded").sum()),
        "reasons": [
            {
                "reason": reason,
                "meaning": REASONS[reason],
                "n": n,
                "event_ids": events.loc[result.reason == reason, "event_id"].tolist(),
            }
            for reason, n in sorted(counts.items())
        ],
    }


def _table_row(event: dict[str, Any]) -> dict[str, Any]:
    """Return the readable row of one event; a window without day 0 shows its first day."""
    day = event["day"].index(0) if 0 in event["day"] else 0
    values = {name: event[name] for name in _PER_DAY}
    return {
        "event": event["event_id"],
        "ticker": event["ticker"],
        "day 0": event["day_zero"] or "",
        "status": event["status"],
        f"AR day {event['day'][day]}": shown(values["abnormal_return"][day], "{:+.4f}"),
        "t": shown(values["t_statistic"][day], "{:.2f}"),
        "p": shown(values["p_value"][day], "{:.2g}"),
        "CAR window": shown(values["cumulative_abnormal_return"][-1], "{:+.4f}"),
        "t window": shown(values["car_t_statistic"][-1], "{:.2f}"),
        "p window": shown(values["car_p_value"][-1], "{:.2g}"),
        "flags": ", ".join(event["flags"]),
    }
