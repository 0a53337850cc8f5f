"""Daily bars from Yahoo Finance through yfinance, one ticker at a time, failures said aloud.

``yfinance.download()`` swallows failures, so each ticker is asked for by ``Ticker.history()``.
Three habits of yfinance are undone here because they would invent values: a volume that Yahoo
does not know is filled with zero, a missing adjusted close is replaced by the close, and an
answer to a past date range is cached even when it was an error.
"""

from __future__ import annotations

import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import yfinance
from curl_cffi import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)
from yfinance.cache import get_tz_cache
from yfinance.data import YfData
from yfinance.exceptions import YFException, YFRateLimitError

CHART_PATH = "/v8/finance/chart/"
SHARES_PATH = "/fundamentals-timeseries/"
COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adjusted_close",
    "Volume": "volume",
    "Stock Splits": "split_ratio",
}
# What yfinance lets through when an answer is not what it expects.
SPOILT_ANSWER = (
    YFException,
    requests.exceptions.RequestException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)


class AnswerError(Exception):
    """Yahoo gave no usable answer for one ticker.

    Attributes
    ----------
    transient
        Whether asking again may help.
    retry_after_seconds
        How long the server asked to wait; zero where it did not say.
    offline
        Whether not even the server's name is known here: then no ticker is answered.
    """

    def __init__(
        self,
        reason: str,
        *,
        transient: bool = False,
        retry_after_seconds: float = 0.0,
        offline: bool = False,
    ) -> None:
        super().__init__(reason)
        self.transient = transient
        self.retry_after_seconds = retry_after_seconds
        self.offline = offline


class RecordingSession(requests.Session):
    """A browser-like session that remembers the last answer with data as it came."""

    def __init__(self) -> None:
        super().__init__(impersonate="chrome")
        self.last_chart: requests.Response | None = None

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> requests.Response:
        """Send the request; one for data that gets no answer leaves ``last_chart`` empty."""
        if CHART_PATH not in url and SHARES_PATH not in url:
            return super().request(method, url, *args, **options)
        self.last_chart = None
        response = super().request(method, url, *args, **options)
        self.last_chart = response
        return response


@dataclass(frozen=True)
class Pace:
    """How politely Yahoo is asked.

    Attributes
    ----------
    pause_seconds
        Between two tickers.
    attempts
        For one ticker, the first among them.
    first_wait_seconds, longest_wait_seconds
        Exponential backoff with jitter between attempts; a server that asks for more than the
        longest wait is not asked again.
    timeout_seconds
        Of one request.
    hopeless_after
        Tickers in a row, from the first on, after whose passing faults nobody else is asked: the
        server is out of reach, not the ticker.
    sleep
        Waits; replaced in tests.
    """

    pause_seconds: float = 0.5
    attempts: int = 4
    first_wait_seconds: float = 2.0
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0
    hopeless_after: int = 3
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Bars:
    """Daily bars of one ticker as Yahoo gave them.

    Attributes
    ----------
    ticker, currency
        Our ticker; the currency the chart names (missing where it names none).
    frame
        Columns trade_date (naive midnight), open, high, low, close (adjusted for splits),
        adjusted_close, volume, split_ratio (0 = no split on that day). Missing stays missing.
    first_trade_date
        First day Yahoo has for the ticker, where it says so.
    """

    ticker: str
    currency: str | None
    frame: pd.DataFrame
    first_trade_date: date | None


def read_bars(
    symbol: str, first: date, last: date, session: RecordingSession, pace: Pace
) -> dict[str, Any]:
    """Ask for the bars of ``symbol`` within two days, both inclusive; retry what may pass.

    Returns
    -------
    dict
        ``frame`` (as in :class:`Bars`), ``meta`` (the chart's own description) and ``events``
        (dividends and splits as they came).

    Raises
    ------
    AnswerError
        With the reason, once asking again does not help or the attempts are used up.
    """
    return patiently(pace, _ask, symbol, first, last, session, pace.timeout_seconds)


def read_intraday(
    symbol: str, span: tuple[date, date], minutes: int, session: RecordingSession, pace: Pace
) -> dict[str, Any]:
    """Ask for bars of some minutes within two days, both inclusive, hours before and after too.

    Returns
    -------
    dict
        The chart as it came: ``meta``, ``timestamp``, ``indicators``.

    Raises
    ------
    AnswerError
        As :func:`read_bars`.
    """
    return patiently(pace, _ask_intraday, symbol, span, minutes, session, pace.timeout_seconds)


def read_shares(
    symbol: str, first: date, last: date, session: RecordingSession, pace: Pace
) -> pd.DataFrame:
    """Ask for the shares in issue within two days: ``observed_on`` and ``shares``, as counted.

    Raises
    ------
    AnswerError
        As :func:`read_bars`.
    """
    return patiently(pace, _ask_shares, symbol, first, last, session)


def patiently(pace: Pace, ask: Callable[..., Any], *given: Any) -> Any:
    """Ask, and again where asking again may help; waits grow and heed what the server asks for."""
    backoff = wait_exponential_jitter(
        multiplier=pace.first_wait_seconds,
        max=pace.longest_wait_seconds,
        jitter=pace.first_wait_seconds,
    )

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_seconds if isinstance(error, AnswerError) else 0.0
        return max(backoff(state), asked)

    def worth_it(error: BaseException) -> bool:
        return (
            isinstance(error, AnswerError)
            and error.transient
            and error.retry_after_seconds <= pace.longest_wait_seconds
        )

    retrying = Retrying(
        stop=stop_after_attempt(pace.attempts),
        wait=wait,
        retry=retry_if_exception(worth_it),
        sleep=pace.sleep,
        reraise=True,
    )
    return retrying(ask, *given)


def prepare_cache(folder: Path | None, zones: Mapping[str, str]) -> None:
    """Keep yfinance's cache files in ``folder``, or in a folder that goes with the process.

    ``zones`` has the time zone by symbol, for which yfinance would else ask Yahoo one by one.
    """
    location = folder or Path(_scratch_folder().name)
    location.mkdir(parents=True, exist_ok=True)
    yfinance.set_tz_cache_location(str(location))
    known: Any = get_tz_cache()
    for symbol, zone in zones.items():
        known.store(symbol, zone)


def _ask(
    symbol: str, first: date, last: date, session: RecordingSession, timeout: float
) -> dict[str, Any]:
    YfData.cache_get.cache_clear()  # it would repeat an earlier error for the same past dates
    session.last_chart = None
    try:
        with _exceptions_shown():
            frame = yfinance.Ticker(symbol, session=session).history(
                start=first.isoformat(),
                end=(last + timedelta(days=1)).isoformat(),
                auto_adjust=False,
                actions=True,
                timeout=timeout,
            )
        chart = _chart_of(session.last_chart)
    except SPOILT_ANSWER as error:
        raise _explain(session.last_chart, error) from error
    _check_answer(symbol, chart)
    events = chart.get("events") or {}
    return {"frame": _as_given(frame, chart), "meta": chart["meta"], "events": events}


def _ask_intraday(
    symbol: str,
    span: tuple[date, date],
    minutes: int,
    session: RecordingSession,
    timeout: float,
) -> dict[str, Any]:
    YfData.cache_get.cache_clear()
    session.last_chart = None
    try:
        with _exceptions_shown():
            yfinance.Ticker(symbol, session=session).history(
                start=span[0].isoformat(),
                end=(span[1] + timedelta(days=1)).isoformat(),
                interval=f"{minutes}m",
                prepost=True,
                auto_adjust=False,
                timeout=timeout,
            )
        chart = _chart_of(session.last_chart)
    except SPOILT_ANSWER as error:
        raise _explain(session.last_chart, error) from error
    answered = chart["meta"].get("symbol")
    if answered != symbol:
        raise AnswerError(f"Yahoo answered for {answered!r} instead")
    granularity = chart["meta"].get("dataGranularity")
    if granularity != f"{minutes}m":
        raise AnswerError(f"Yahoo answered with bars of {granularity}, not of {minutes} minutes")
    return chart


def _ask_shares(symbol: str, first: date, last: date, session: RecordingSession) -> pd.DataFrame:
    YfData.cache_get.cache_clear()
    session.last_chart = None
    try:
        with _exceptions_shown():
            counted = yfinance.Ticker(symbol, session=session).get_shares_full(
                start=first.isoformat(), end=(last + timedelta(days=1)).isoformat()
            )
    except SPOILT_ANSWER as error:
        raise _explain(session.last_chart, error) from error
    if counted is None or counted.empty:
        if session.last_chart is None or session.last_chart.status_code >= 400:
            raise _explain(session.last_chart, LookupError("no share count"))
        raise AnswerError("Yahoo counts no shares for it")
    days = pd.DatetimeIndex(counted.index).tz_localize(None).normalize()
    frame = pd.DataFrame({"observed_on": days, "shares": counted.to_numpy(dtype=float)})
    # Several counts of one day: the last one stands, as the provider shows it.
    return frame.drop_duplicates("observed_on", keep="last", ignore_index=True)


@contextmanager
def _exceptions_shown() -> Iterator[None]:
    debug, log = yfinance.config.debug, logging.getLogger("yfinance")
    before, loudness = debug.hide_exceptions, log.level
    debug.hide_exceptions = False
    log.setLevel(logging.CRITICAL)  # what fails is said once, by the ledger
    try:
        with warnings.catch_warnings():
            # It uses what pandas 3.1 deprecates and turns the display of that on by itself.
            warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
            yield
    finally:
        debug.hide_exceptions = before
        log.setLevel(loudness)


def _chart_of(response: requests.Response | None) -> dict[str, Any]:
    if response is None:
        raise LookupError("no chart was answered")
    return response.json()["chart"]["result"][0]


def _check_answer(symbol: str, chart: dict[str, Any]) -> None:
    answered = chart["meta"].get("symbol")
    if answered != symbol:
        raise AnswerError(f"Yahoo answered for {answered!r} instead")
    if "adjclose" not in chart["indicators"]:
        raise AnswerError("Yahoo gave no adjusted close; returns cannot be computed from its bars")


def _as_given(frame: pd.DataFrame, chart: dict[str, Any]) -> pd.DataFrame:
    days = pd.DatetimeIndex(frame.index).tz_localize(None).normalize()
    given = frame.rename(columns=COLUMNS).set_axis(days).loc[:, list(COLUMNS.values())]
    volume = chart["indicators"]["quote"][0].get("volume") or []
    instants = pd.to_datetime(chart["timestamp"], unit="s", utc=True)
    local = instants.tz_convert(chart["meta"]["exchangeTimezoneName"]).normalize()
    unknown = local.tz_localize(None)[[value is None for value in volume]]
    known = given["volume"].astype("float64").mask(given.index.isin(unknown))
    return given.assign(volume=known).rename_axis("trade_date").reset_index()


def _explain(response: requests.Response | None, error: Exception) -> AnswerError:
    if response is None and isinstance(error, requests.exceptions.DNSError):
        return AnswerError("the server's name is not known here", offline=True)
    if response is None:
        return AnswerError(f"the connection failed ({type(error).__name__})", transient=True)
    status = response.status_code
    if status == 429 or isinstance(error, YFRateLimitError):
        wait = _retry_after(response)
        asked = f", asked to wait {wait:g} s" if wait else ""
        return AnswerError(
            f"too many requests (HTTP 429{asked})", transient=True, retry_after_seconds=wait
        )
    if status == 404:
        return AnswerError("Yahoo knows no such ticker (HTTP 404)")
    if status >= 400:
        return AnswerError(f"the server answered HTTP {status}", transient=status >= 500)
    try:
        response.json()
    except ValueError:
        kind = response.headers.get("content-type", "no content type")
        return AnswerError(f"the answer is not JSON ({kind})", transient=True)
    if isinstance(error, YFException):
        return AnswerError("Yahoo answered without any bars for these days")
    return AnswerError(f"the answer is not a chart ({type(error).__name__}: {error})")


def _retry_after(response: requests.Response) -> float:
    value = response.headers.get("retry-after") or ""
    return float(value) if value.isdigit() else 0.0


@lru_cache(maxsize=1)
def _scratch_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="artonomics-yfinance-", ignore_cleanup_errors=True)


@contextmanager
def session_or_own(session: RecordingSession | None) -> Iterator[RecordingSession]:
    """Yield the given session, or a fresh one that ends with the block."""
    if session is not None:
        yield session
        return
    with RecordingSession() as own:
        yield own


def file_name(symbol: str) -> str:
    """Return a safe file name for the raw answer of ``symbol``."""
    return f"{quote(symbol, safe='.-')}.json"
