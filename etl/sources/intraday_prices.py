"""Bars within the day, live from Yahoo Finance, when they are asked for by name.

Yahoo keeps one-minute bars for 30 days and gives at most seven of them at a time, bars of 2 to 30
minutes for 60 days, and bars of an hour for 730 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from etl.calendars import session_of
from etl.errors import SourceError
from etl.schemas import INTRADAY_PRICES
from etl.sources import Raw, Request, SourceInfo, _watch
from etl.sources._snapshot import shape
from etl.sources._terms import YAHOO_TERMS

if TYPE_CHECKING:
    from etl.sources._live_prices import Wanted
    from etl.sources._yahoo import Pace, RecordingSession

    Answer = tuple[Wanted, int, dict[str, Any]]

INFO = SourceInfo(
    name="intraday_prices",
    table=INTRADAY_PRICES,
    title="Bars of 1 to 60 minutes of chosen shares",
    publisher="Yahoo Finance",
    licence=YAHOO_TERMS,
    redistributable="no",
    live=True,
    freshness_calendar="static",
    note="Yahoo keeps bars of 1 minute for 30 days, of 2 to 30 minutes for 60 days and of an hour "
    "for 730 days. Volumes before and after hours are not given. Choose with `artonomics watch add "
    "instrument TICKER --intraday MINUTES`; without a choice every watched share gives bars of 5 "
    "minutes.",
    bundled=False,
    on_request=True,
    reach="range",
)
DEFAULT_MINUTES, DEFAULT_DAYS = 5, 7
KEPT_DAYS = {1: 30, 2: 60, 5: 60, 15: 60, 30: 60, 60: 730}
"""How far back Yahoo goes, by length of the bar in minutes."""
DAYS_AT_A_TIME = {1: 7}
"""Days one question may span where that is less than is kept."""


def fetch(
    request: Request, *, session: RecordingSession | None = None, pace: Pace | None = None
) -> Raw:
    """Ask Yahoo for the bars of the chosen shares; by default of the last seven days.

    Raises
    ------
    SourceError
        If not one ticker was answered, the days are too long ago, or an offline run is asked for.
    """
    if request.offline:
        raise SourceError(
            "got --offline", "a live run: no intraday bars are bundled", "leave --offline out"
        )
    from etl.sources import _live_prices as live
    from etl.sources._yahoo import Pace, session_or_own

    pace, chosen = pace or Pace(), _watch.read(request.user_dir).intraday_minutes
    partly: list[str] = []
    with session_or_own(session) as open_session:

        def ask(one: Wanted) -> list[Answer]:
            minutes = int(chosen.get(one.ticker, DEFAULT_MINUTES))
            return _ask_by_span(one, minutes, request, (open_session, pace), partly)

        wanted = live.watched(request, None, types=("equity",))
        if chosen:
            wanted = [one for one in live.watched(request, None) if one.ticker in chosen]
        live.prepare(wanted, request)
        got, failures = live.ask_each(wanted, ask, pace)
    answers = tuple(answer for _, given in got for answer in given)
    return Raw(answers, "live", request.now, tuple(dict.fromkeys((*partly, *failures))))


def _ask_by_span(
    one: Wanted,
    minutes: int,
    request: Request,
    how: tuple[RecordingSession, Pace],
    partly: list[str],
) -> list[Answer]:
    """Return the charts of one ticker; a span that is refused is told where another one is not."""
    from etl.sources._live_prices import keep_raw
    from etl.sources._yahoo import AnswerError, read_intraday

    answers: list[Answer] = []
    refused: AnswerError | None = None
    for span in _spans(request, minutes, one.ticker, partly):
        try:
            chart = read_intraday(one.symbol, span, minutes, *how)
        except AnswerError as error:
            refused = error
            partly.append(f"{one.ticker}: {span[0]} to {span[1]}: {error}")
            continue
        if how[0].last_chart is not None:
            kept_as = f"{one.symbol}_{minutes}m_{span[0]}"
            keep_raw(request, INFO.name, kept_as, how[0].last_chart.content)
        answers.append((one, minutes, chart))
    if refused and not answers:
        raise refused
    return answers


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``intraday_prices``; a bar that is not over yet is left out."""
    parts = [_bars(one, minutes, chart, raw) for one, minutes, chart in raw.payload]
    frame = pd.concat(parts, ignore_index=True)
    key = ["ticker", "interval_minutes", "opened_at"]
    frame = frame.drop_duplicates(key, keep="last", ignore_index=True)
    return shape(
        INTRADAY_PRICES,
        frame,
        raw,
        evidence_kind="measured",
        source_url="https://finance.yahoo.com/chart/" + frame["ticker"],
    )


def _spans(
    request: Request, minutes: int, ticker: str, cut: list[str]
) -> Iterator[tuple[date, date]]:
    """Yield the days to ask for, as many at a time as Yahoo gives; say where it keeps none."""
    today = request.now.date()
    last = min(request.end or today, today)
    first = request.start or last - timedelta(days=DEFAULT_DAYS - 1)
    oldest = today - timedelta(days=KEPT_DAYS[minutes] - 1)
    if first < oldest:
        told = f"{ticker}: Yahoo keeps bars of {minutes} minutes for {KEPT_DAYS[minutes]} days only"
        cut.append(f"{told}; nothing before {oldest}")
    first, step = max(first, oldest), DAYS_AT_A_TIME.get(minutes, KEPT_DAYS[minutes])
    if first > last:
        raise SourceError(
            f"got the days to {last}, but Yahoo has no bars of {minutes} minutes before {oldest}",
            f"days since {oldest}",
            "choose later days, or longer bars with `artonomics watch add instrument --intraday`",
        )
    while first <= last:
        yield first, min(first + timedelta(days=step - 1), last)
        first += timedelta(days=step)


def _bars(one: Any, minutes: int, chart: dict[str, Any], raw: Raw) -> pd.DataFrame:
    quote = chart["indicators"]["quote"][0]
    names = ("open", "high", "low", "close", "volume")
    opened = pd.to_datetime(
        pd.Series(chart.get("timestamp") or [], dtype="int64"), unit="s", utc=True
    )
    frame = pd.DataFrame({name: quote.get(name) or [None] * len(opened) for name in names})
    local = opened.dt.tz_convert(chart["meta"]["exchangeTimezoneName"])
    session: Any = session_of(one.calendar, opened)
    frame = frame.astype("float64").assign(
        ticker=one.ticker,
        interval_minutes=minutes,
        opened_at=opened,
        trade_date=local.dt.tz_localize(None).dt.normalize(),
        session=session,
        currency=chart["meta"].get("currency"),
    )
    # Outside trading hours Yahoo writes a zero where it has no volume.
    unknown = frame["session"].isin(["pre", "after"]) & frame["volume"].eq(0)
    frame["volume"] = frame["volume"].mask(unknown)
    over = opened + pd.Timedelta(minutes=minutes) <= pd.Timestamp(raw.retrieved_at)
    return frame.loc[over & frame["close"].notna()]
