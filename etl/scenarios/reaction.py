"""What the market paid for the news of a listed company: one event of the event study."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd

from etl.analytics.distributions import t_quantile
from etl.analytics.event_calendar import panel
from etl.analytics.event_study import REASONS, EventStudySpec, study
from etl.analytics.event_windows import Events
from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.evidence import REPORTING_DAYS, Reader, day_of
from etl.scenarios.parts import Listed

_LEVEL = 0.95


@dataclass(frozen=True)
class Reaction:
    """The abnormal return of an event and the market value on its eve.

    Attributes
    ----------
    cumulative_abnormal_return
        Log ratio with its 95 % interval; an event picked by the price has none.
    market_value
        Close as traded times the shares last published, in the share's currency; ``None`` with a
        reason in ``why_no_value``.
    """

    cumulative_abnormal_return: Quantity
    market_value: Quantity | None
    why_no_value: str = ""


def reaction(reader: Reader, listed: Listed, as_of: date) -> Reaction:
    """Measure the event on the bars of the snapshot known on a day.

    Raises
    ------
    InputError
        The event or the share is not held, or it cannot be measured.
    """
    event = _one(
        reader.query("SELECT * FROM market_events WHERE event_id = ?", (listed.event_id,)),
        f"the event {listed.event_id}",
    )
    share = _one(
        reader.query("SELECT * FROM instruments WHERE ticker = ?", (listed.ticker,)),
        f"the share {listed.ticker}",
    )
    for benchmark in (share["benchmark"], share["alternative_benchmark"]):
        if not isinstance(benchmark, str):
            continue
        found = _measured(reader, listed, event, (benchmark, as_of))
        if isinstance(found, Quantity):
            eve = _eve(reader, listed, event)
            return Reaction(found, *_market_value(reader, listed, share, (eve, as_of)))
        reason = found
    raise InputError(
        f"got {listed.event_id} of {listed.ticker}, which cannot be measured: {reason}",
        "bars of the share and its benchmark around the event",
    )


def _measured(
    reader: Reader, listed: Listed, event: dict[str, Any], against: tuple[str, date]
) -> Quantity | str:
    benchmark, as_of = against
    bars = reader.query(
        "SELECT * FROM stock_prices WHERE list_contains(?, ticker) AND trade_date <= ?::DATE",
        ([listed.ticker, benchmark], as_of),
    )
    events = Events(
        tickers=np.array([listed.ticker]),
        benchmarks=np.array([benchmark]),
        dates=np.array([event["event_date"]], dtype="datetime64[D]"),
        price_selected=np.array([event["selection"] == "price_selected"]),
        after=np.array([event["session"] == "after"]),
    )
    prices = panel(
        bars["ticker"].to_numpy(dtype=str),
        bars["trade_date"].to_numpy(dtype="datetime64[D]"),
        bars["adjusted_close"].to_numpy(dtype=float),
        bars["adjustment"].to_numpy(dtype=str),
    )
    result = study(prices, events, EventStudySpec(window=listed.window, returns="log"))
    if result.status[0] == "excluded":
        return REASONS.get(str(result.reason[0]), str(result.reason[0]))
    value = float(result.cumulative_abnormal_return[0, -1])
    error = float(result.cumulative_abnormal_return_se[0, -1])
    half = error * t_quantile((1 + _LEVEL) / 2, float(result.degrees_of_freedom))
    first, last = listed.window
    car = Quantity(
        value,
        "log ratio",
        "estimated",
        source=f"event study of {listed.event_id}, days {first} to {last}, against {benchmark}",
        source_url=str(event["source_url"] or ""),
        as_of=day_of(event["event_date"]),
    )
    return replace(car, low=value - half, high=value + half) if np.isfinite(half) else car


def _eve(reader: Reader, listed: Listed, event: dict[str, Any]) -> dict[str, Any] | None:
    """Return the last bar before the window."""
    before = min(listed.window[0], 0)
    found = reader.query(
        "SELECT * FROM stock_prices WHERE ticker = ? AND trade_date < ?::DATE "
        "ORDER BY trade_date DESC LIMIT ?",
        (listed.ticker, event["event_date"], 1 - before),
    )
    rows = cast(list[dict[str, Any]], found.to_dict("records"))
    return rows[-1] if rows else None


def _market_value(
    reader: Reader,
    listed: Listed,
    share: dict[str, Any],
    about: tuple[dict[str, Any] | None, date],
) -> tuple[Quantity | None, str]:
    eve, as_of = about
    if eve is None or pd.isna(eve["raw_close"]):
        return None, "no close as traded on the eve is held"
    counted = reader.query(
        "SELECT * FROM financials WHERE ticker = ? AND metric = 'shares_outstanding' "
        "AND period_end <= ? "
        f"AND coalesce(published_on, period_end + INTERVAL {REPORTING_DAYS} DAY) <= ?::DATE "
        "ORDER BY period_end DESC LIMIT 1",
        (listed.ticker, eve["trade_date"], as_of),
    )
    if counted.empty:
        return None, "no share count of that time is held"
    count = cast(dict[str, Any], counted.to_dict("records")[0])
    return (
        Quantity(
            float(eve["raw_close"]) * float(count["value"]),
            str(share["currency"]),
            "estimated",
            source=f"close of {eve['trade_date']:%Y-%m-%d} times shares of {count['period']}",
            source_url=str(count["source_url"] or ""),
            as_of=day_of(eve["trade_date"]),
        ),
        "",
    )


def _one(found: pd.DataFrame, what: str) -> dict[str, Any]:
    if found.empty:
        raise InputError(f"got {what}, which the snapshot does not hold", "one that it holds")
    return cast(dict[str, Any], found.to_dict("records")[0])
