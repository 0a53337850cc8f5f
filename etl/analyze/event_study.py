"""Abnormal returns around the events of a file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from etl.analytics.cross_section import Outcome, effective_events
from etl.analytics.distributions import two_sided_power
from etl.analytics.event_study import (
    REASONS,
    Aggregate,
    CarError,
    EventStudy,
    EventStudySpec,
    confounders,
    overlapping,
    study,
)
from etl.analytics.event_windows import Events
from etl.analytics.holding_period import HORIZONS
from etl.analytics.multiple_testing import benjamini_hochberg, holm
from etl.analytics.normal_return import Model
from etl.analyze import event_extras
from etl.analyze.answers import plain, shown
from etl.analyze.event_files import check_tickers, in_currency, read_events, read_prices
from etl.errors import InputError

POWER_AT = (0.005, 0.01, 0.02, 0.05)
"""Abnormal returns for which the power of a two-sided 5% test is given."""


@dataclass(frozen=True)
class Extras:
    """What is measured beside the abnormal returns.

    Attributes
    ----------
    horizons
        Trading days after day 0 for holding returns and turnover.
    placebo
        Random days drawn for each event; 0 draws none.
    seed
        Of the random numbers.
    currency, fx
        Currency to convert all prices to, and the file of rates (``base,quote,rate_date,rate``).
    curve
        Whether to measure the specification curve.
    """

    horizons: tuple[int, ...] = HORIZONS
    placebo: int = 0
    seed: int = 0
    currency: str | None = None
    fx: Path | None = None
    curve: bool = False


def horizons_of(text: str) -> tuple[int, ...]:
    """Return the trading days of a list such as ``20,60,250``.

    Raises
    ------
    InputError
        If an item is not a whole number.
    """
    try:
        return tuple(int(item) for item in text.split(","))
    except ValueError:
        raise InputError(
            f"got the horizons {text!r}",
            "whole numbers separated by commas, as in 20,60,250",
            _HELP,
        ) from None


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
    factors: tuple[str, ...] = (),
    car_error: CarError = "exact",
    extras: Extras | None = None,
) -> dict[str, Any]:
    """Measure the abnormal returns around the events of a file.

    Parameters
    ----------
    prices
        CSV or Parquet: ``ticker,trade_date,adjusted_close`` (with ``is_returns``:
        ``ticker,trade_date,return``), the benchmark among the tickers. An empty price is a day
        without a bar. Optional columns: ``volume``, ``shares_outstanding``, ``currency``.
    events
        CSV or Parquet: ``event_id,ticker,event_date[,benchmark][,selection][,session]``.
    benchmark
        Ticker of the market for events that name none.
    window, estimation, gap, returns, model, factors, car_error
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
    extras = Extras() if extras is None else extras
    kind = "given" if is_returns else returns
    try:
        spec = EventStudySpec(window, estimation, gap, kind, model, factors, car_error)
        event_extras.check(extras.horizons, extras.placebo)
    except ValueError as problem:
        raise InputError(str(problem), todo=_HELP) from None
    if is_returns and (extras.currency or extras.curve):
        raise InputError(
            "got returns where prices are needed", "--currency and --curve with prices", _HELP
        )
    file = read_prices(prices, is_returns=is_returns)
    bars, notes = file.prices, []
    if extras.currency:
        bars, notes = in_currency(file, extras.currency, extras.fx)
    wanted = read_events(events, benchmark)
    check_tickers(wanted, bars, benchmark, factors)
    given = _as_arrays(wanted)
    result = study(bars, given, spec)
    holding = event_extras.holding(bars, file.extras, given, result, extras.horizons)
    rng = np.random.default_rng(extras.seed)
    drawn = event_extras.random_days(bars, given, result, extras.placebo, rng)
    holding = event_extras.ranked(holding, bars, given, result, drawn)
    panels = {"": file.prices} | ({extras.currency: bars} if extras.currency else {})
    entries = _event_entries(wanted, result)
    for index, entry in enumerate(entries):
        entry |= holding.of_event(index) | event_extras.placebo_of_event(drawn, index)
    return {
        "specification": {
            "benchmark": benchmark,
            "window": list(window),
            "estimation": estimation,
            "gap": gap,
            "returns": spec.returns,
            "model": model,
            "factors": list(factors),
            "car_error": car_error,
            "currency": extras.currency,
            "horizons": list(extras.horizons),
            "placebo": extras.placebo,
            "seed": extras.seed,
        },
        "events": entries,
        "aggregate": _aggregate_entry(result.aggregate, result.spec)
        | holding.of_all(result.status == "tested", rng)
        | event_extras.placebo_of_all(drawn),
        "specification_curve": event_extras.curve(panels, given, spec) if extras.curve else None,
        "excluded": _excluded_entry(wanted, result) | holding.missing(),
        "notes": [*file.notes, *notes],
    }


_HELP = "see `artonomics analyze event-study --help`"


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


def _as_arrays(events: pd.DataFrame) -> Events:
    return Events(
        tickers=events["ticker"].to_numpy(dtype=str),
        benchmarks=events["benchmark"].to_numpy(dtype=str),
        dates=events["event_date"].to_numpy(dtype="datetime64[D]"),
        price_selected=(events["selection"] == "price_selected").to_numpy(dtype=bool),
        after=(events["session"] == "after").to_numpy(dtype=bool),
    )


def horizons_table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row an event and horizon: holding returns and turnover."""
    return [
        {
            "event": event["event_id"],
            "days": f"+{held['horizon']}",
            "to": held["end_date"] or "",
            "share %": shown(held["share_return_percent"], "{:+.1f}"),
            "benchmark %": shown(held["benchmark_return_percent"], "{:+.1f}"),
            "BHAR %": shown(held["abnormal_return_percent"], "{:+.1f}"),
            "turnover": shown(traded["abnormal_turnover"], "{:+.0%}"),
            "note": held["reason"] or traded["reason"] or "",
        }
        for event in document["events"]
        for held, traded in zip(event["bhar"], event["abnormal_turnover"], strict=True)
    ]


def curve_table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row that sums up the specification curve; none where it was not asked."""
    curve = document["specification_curve"]
    if curve is None:
        return []
    return [
        {
            "specifications": curve["n_specifications"],
            "tested": curve["n_tested"],
            "median mean CAR": shown(curve["median_mean_car"], "{:+.4f}"),
            "significant": shown(curve["share_significant"], "{:.1%}"),
            "expected without effect": shown(curve["expected_share_significant"], "{:.1%}"),
        }
    ]


def explanations(document: dict[str, Any]) -> list[str]:
    """Return in words why events were left out, one line an event."""
    found = [(event["event_id"], event["explanation"]) for event in document["events"]]
    return [f"{name} is left out: {words}" for name, words in found if words]


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
    tickers = events["ticker"].to_numpy(dtype=str)
    others, overlaps = confounders(tickers, result), overlapping(tickers, result)
    window_p = result.car_p_value[:, -1]
    corrected = {"holm": holm(window_p), "benjamini_hochberg": benjamini_hochberg(window_p)}
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
        names_of = result.spec.coefficient_names
        entry["coefficients"] = dict(zip(names_of, plain(result.coefficients[index]), strict=True))
        entry["day"] = result.spec.days.tolist()
        entry["trade_date"] = plain(result.trade_dates[index])
        for name in _PER_DAY:
            entry[name] = plain(getattr(result, name)[index])
        reason = [entry["reason"]] if entry["reason"] else []
        selected = ["price_selected"] if event["selection"] == "price_selected" else []
        shared = [f"overlaps_event:{names[other]}" for other in overlaps[index]]
        entry["flags"] = [*result.flags[index], *selected, *shared, *reason]
        entry["explanation"] = _explanation(event, result, index)
        entry["days_left_out"] = plain(result.left_out[index])
        for name, values in corrected.items():
            entry[f"car_p_value_{name}"] = plain(values[index])
        entry["other_events_in_window"] = [names[other] for other in others[index]]
        entries.append(entry)
    return entries


def _explanation(event: dict[str, Any], result: EventStudy, index: int) -> str | None:
    """Return in words, with ticker and days, why an event is left out."""
    reason = str(result.reason[index])
    if not reason:
        return None
    pair = f"{event['ticker']} against {event['benchmark']} on {event['event_date']:%Y-%m-%d}"
    words = [f"{pair}: {REASONS[reason]}"]
    if reason == "too_short_estimation_window":
        words.append(f"{result.n_estimation[index]} of {result.spec.estimation}")
    first, last = result.common_bars[index]
    if not np.isnat(first):
        words.append(f"common returns run from {first} to {last}")
    return "; ".join(words)


def _aggregate_entry(aggregate: Aggregate, spec: EventStudySpec) -> dict[str, Any]:
    return {
        "n": aggregate.n_events,
        "n_effective": plain(effective_events(aggregate.n_events, aggregate.correlation.mean)),
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

    Events that move together count as fewer; where their correlation is not known, neither is
    the power.
    """
    n = effective_events(aggregate.n_events, aggregate.correlation.mean)
    if not aggregate.n_events:
        return []
    sigma = aggregate.mean_sigma
    return [
        {
            "abnormal_return": size,
            "power": two_sided_power(size, sigma, n) if np.isfinite(n) else None,
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
    overlaps = overlapping(events["ticker"].to_numpy(dtype=str), result)
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
        "n_overlapping_events": sum(map(bool, overlaps)),
        "n_days_left_out": sum(days.size for days in result.left_out),
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
        "p Holm": shown(event["car_p_value_holm"], "{:.2g}"),
        "p placebo": shown((event["placebo"] or {}).get("p_value"), "{:.2g}"),
        "flags": ", ".join(event["flags"]),
    }
