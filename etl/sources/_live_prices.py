"""Collect live bars of many tickers: coverage against the calendar, failures by ticker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import pandas as pd

from etl.calendars import completed_sessions, missing_days, time_zone
from etl.errors import SourceError
from etl.sources import Raw, Request, instruments
from etl.sources._yahoo import (
    AnswerError,
    Bars,
    Pace,
    RecordingSession,
    file_name,
    prepare_cache,
    read_bars,
)

T = TypeVar("T")
FIRST_DAY = date(2021, 1, 1)
YAHOO = "Yahoo Finance"
ADJUSTMENT = "split_adjusted_with_dividend_adjusted_close"


@dataclass(frozen=True)
class Wanted:
    """A ticker to fetch: our name, Yahoo's symbol and its exchange calendar."""

    ticker: str
    symbol: str
    calendar: str


def watched(request: Request, provider: str | None, types: Sequence[str] = ()) -> list[Wanted]:
    """Return the watched instruments, bundled and the user's own, with a symbol to ask for.

    Parameters
    ----------
    request
        Names the bundle and the user's folder.
    provider
        Only those whose daily bars come from there; ``None`` takes all.
    types
        Only these instrument types; all by default.
    """
    rows = instruments.fetch(request).payload
    rows = rows.loc[rows["watched"] & rows["provider_symbol"].notna()]
    if provider:
        rows = rows.loc[rows["provider"].eq(provider)]
    if types:
        rows = rows.loc[rows["instrument_type"].isin(types)]
    named = rows[["ticker", "provider_symbol", "calendar"]].itertuples(index=False)
    return [Wanted(*names) for names in named]


def collect(
    wanted: Sequence[Wanted], request: Request, session: RecordingSession, pace: Pace
) -> Raw:
    """Fetch the bars of all ``wanted``; one that fails does not stop the others.

    Each series is fetched whole, see :func:`days_wanted`. A bar of a session that is not over is
    left out.

    Raises
    ------
    SourceError
        If not one ticker could be fetched.
    """
    prepare(wanted, request)
    got, failures = ask_each(wanted, lambda one: _fetch_one(one, request, session, pace), pace)
    for one, bars in got:
        failures.extend(gaps(one, bars.frame, bars.first_trade_date, request))
    return Raw(
        payload=tuple(bars for _, bars in got),
        mode="live",
        retrieved_at=request.now,
        failures=tuple(dict.fromkeys(failures)),
    )


def prepare(wanted: Sequence[Wanted], request: Request) -> None:
    """Get yfinance ready to ask for ``wanted``: its cache files, the zone of each exchange."""
    folder = request.raw_dir / "yfinance" if request.raw_dir else None
    prepare_cache(folder, {one.symbol: time_zone(one.calendar) for one in wanted})


def ask_each(
    wanted: Sequence[Wanted], ask: Callable[[Wanted], T], pace: Pace, provider: str = YAHOO
) -> tuple[list[tuple[Wanted, T]], list[str]]:
    """Ask for one ticker after the other; return the answers and, by ticker, the failures.

    Raises
    ------
    SourceError
        If not one ticker was answered.
    """
    got: list[tuple[Wanted, T]] = []
    failures: list[str] = []
    for number, one in enumerate(wanted):
        if number:
            pace.sleep(pace.pause_seconds)
        try:
            got.append((one, ask(one)))
        except AnswerError as error:
            failures.append(f"{one.ticker}: {error}")
            hopeless = error.transient and len(failures) >= pace.hopeless_after
            if not got and (hopeless or error.offline):
                break
    if not got:
        raise SourceError(
            f"got no answer from {provider} for any of {len(wanted)} tickers "
            f"({'; '.join(failures[:3]) or 'none was asked for'})",
            "an answer for at least one",
            "check the connection and try again later, or run `artonomics etl run --offline`",
        )
    return got, failures


def frame_of(payload: Sequence[Bars]) -> pd.DataFrame:
    """Return the bars of all tickers as one frame of the table's own columns; pure.

    ``raw_close`` is the close times all later splits. Prices are passed on as given; a missing
    value stays missing.
    """
    return pd.concat([_own_columns(bars) for bars in payload], ignore_index=True)


def days_wanted(request: Request) -> tuple[date, date]:
    """Return the first and last day to ask for, both inclusive.

    The whole series is asked for whichever days are wanted: every dividend and split changes all
    bars before it, so bars read on different days would stand on different bases, and prices as
    traded need all later splits.
    """
    return min(request.start or FIRST_DAY, FIRST_DAY), _tomorrow(request)


def _tomorrow(request: Request) -> date:
    # East of Greenwich the exchange's day may already be the next one.
    return request.now.astimezone(UTC).date() + timedelta(days=1)


def _fetch_one(one: Wanted, request: Request, session: RecordingSession, pace: Pace) -> Bars:
    first, last = days_wanted(request)
    answer = read_bars(one.symbol, first, last, session, pace)
    if session.last_chart is not None:
        keep_raw(request, "stock_prices", one.symbol, session.last_chart.content)
    meta, frame = answer["meta"], answer["frame"]
    first_trade = meta.get("firstTradeDate")
    return Bars(
        ticker=one.ticker,
        currency=meta.get("currency"),
        frame=finished(frame, one.calendar, request),
        first_trade_date=_day(first_trade, meta) if first_trade is not None else None,
    )


def _day(seconds: float, meta: dict[str, str]) -> date:
    zone = ZoneInfo(meta["exchangeTimezoneName"])
    return datetime.fromtimestamp(seconds, zone).date()


def finished(frame: pd.DataFrame, calendar: str, request: Request) -> pd.DataFrame:
    """Leave out the bar of a session that is still open at the instant of the run."""
    over = completed_sessions(calendar, *days_wanted(request), request.now).days
    newest = over.max() if len(over) else pd.Timestamp.min
    return frame.loc[frame["trade_date"].le(newest)]


def gaps(
    one: Wanted, frame: pd.DataFrame, first_trade_date: date | None, request: Request
) -> Iterator[str]:
    """Say on which sessions since the first trade there is no bar, and where sessions are guessed.

    A provider that does not tell the first trade (missing) owes all days.
    """
    first, last = days_wanted(request)
    first = max(first, first_trade_date or first)
    if first > last:
        return
    sessions = completed_sessions(one.calendar, first, last, request.now)
    absent = missing_days(sessions.days, pd.DatetimeIndex(frame["trade_date"]))
    if absent:
        yield f"{one.ticker}: no bars on {', '.join(absent)} though {one.calendar} was open"
    if sessions.guessed_after:
        yield (
            f"the calendar {one.calendar} ends on {sessions.guessed_after}: "
            "later days are taken as trading days when they are weekdays"
        )


def keep_raw(request: Request, source: str, symbol: str, content: bytes) -> None:
    """Keep an answer as it came, where raw answers are kept."""
    if request.raw_dir is None:
        return
    folder = request.raw_dir / source / f"{request.now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file_name(symbol)).write_bytes(content)


def _own_columns(bars: Bars) -> pd.DataFrame:
    frame = bars.frame
    splits = frame["split_ratio"].where(frame["split_ratio"].gt(0), 1.0)
    later = splits[::-1].cumprod()[::-1] / splits
    return frame.drop(columns="split_ratio").assign(
        ticker=bars.ticker,
        raw_close=frame["close"] * later,
        currency=bars.currency,
        adjustment=ADJUSTMENT,
    )
