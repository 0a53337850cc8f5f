"""A stand-in for Yahoo Finance: cookie, crumb, v8 charts and share counts, faults on demand.

Hosts are kept apart by the first part of the path: a :class:`LocalSession` sends
``https://query2.finance.yahoo.com/v8/…`` to ``http://127.0.0.1:PORT/query2.finance.yahoo.com/v8/…``.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time as time_module
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from etl.sources._yahoo import RecordingSession

Fault = Literal["empty", "429", "500", "html", "cut"]
CRUMB = "c0ok1e.Cr/umb"
COOKIE = "A3=d=stand-in; Path=/"


@dataclass(frozen=True)
class Bar:
    """One day of a series; ``None`` is what Yahoo answers where it does not know."""

    day: date
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    adjusted_close: float | None
    volume: int | None


@dataclass(frozen=True)
class Series:
    """What the server knows about one symbol."""

    bars: tuple[Bar, ...]
    currency: str = "HKD"
    timezone: str = "Asia/Hong_Kong"
    opens_at: time = time(9, 30)
    splits: tuple[tuple[date, int, int], ...] = ()
    instrument_type: str = "EQUITY"
    answers_as: str = ""
    with_adjusted_close: bool = True
    dividends: tuple[tuple[date, float], ...] = ()
    minutes: dict[str, tuple[tuple[datetime, float | None, int | None], ...]] = field(
        default_factory=dict
    )
    """Intraday bars by interval: begin, price, volume."""
    shares: tuple[tuple[date, float], ...] = ()


@dataclass
class Yahoo:
    """The server's memory: series, faults still to be served, and what was asked."""

    port: int = 0
    series: dict[str, Series] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    retry_after: str = ""
    paths: list[str] = field(default_factory=list)
    crumbs: list[str] = field(default_factory=list)
    spans: list[tuple[str, int, int]] = field(default_factory=list)
    """Intraday questions: symbol, first second, last second."""

    def charts_asked(self, symbol: str) -> int:
        """Return how often a chart of ``symbol`` was asked for."""
        return sum(path.endswith(f"/v8/finance/chart/{symbol}") for path in self.paths)


class LocalSession(RecordingSession):
    """The session of the program, with every host rewritten to the stand-in."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._base = f"http://127.0.0.1:{port}/"

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Any:
        response = super().request(method, self._base + url.split("://", 1)[1], *args, **options)
        for cookie in [copy(one) for one in self.cookies.jar if one.domain == "127.0.0.1"]:
            # As from Yahoo: yfinance keeps a cookie of that domain and asks for none again.
            cookie.domain, cookie.expires = ".yahoo.com", int(time_module.time()) + 86_400
            self.cookies.jar.set_cookie(cookie)
        return response


@contextmanager
def yahoo_server() -> Iterator[Yahoo]:
    """Run the stand-in on a free port until the block ends."""
    memory = Yahoo()
    handler = type("Handler", (_Handler,), {"memory": memory})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    memory.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def rising_bars(days: Iterable[date], first_close: float = 10.0) -> tuple[Bar, ...]:
    """Return made-up bars that rise by a tenth a day."""
    closes = [(day, first_close + 0.1 * number) for number, day in enumerate(days)]
    return tuple(Bar(d, c - 0.05, c + 0.1, c - 0.1, c, c * 0.9, 1_000_000) for d, c in closes)


class _Handler(BaseHTTPRequestHandler):
    memory: Yahoo
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms between its head and its body

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        host, _, path = unquote(parts.path).lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.memory.paths.append(f"{host}/{path}")
        if host == "fc.yahoo.com":
            return self._send(404, "text/html", "<html>not found</html>", {"Set-Cookie": COOKIE})
        if path == "v1/test/getcrumb":
            return self._crumb()
        if path.startswith("ws/fundamentals-timeseries/"):
            return self._shares(path.rsplit("/", 1)[1], query)
        if path.startswith("v8/finance/chart/"):
            self.memory.crumbs.append(query.get("crumb", ""))
            return self._chart(path.rsplit("/", 1)[1], query)
        return self._send(404, "text/html", "<html>not found</html>")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._send(404, "text/html", "<html>not found</html>")

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def _crumb(self) -> None:
        if "A3=" not in (self.headers.get("Cookie") or ""):
            return self._error(401, "finance", "Unauthorized", "Invalid Cookie")
        return self._send(200, "text/plain", CRUMB)

    def _chart(self, symbol: str, query: dict[str, str]) -> None:
        waiting = self.memory.faults[symbol]
        fault = waiting.pop(0) if waiting else None
        if fault == "cut":
            return self._cut()
        if fault == "429":
            headers = {"Retry-After": self.memory.retry_after} if self.memory.retry_after else {}
            return self._send(429, "text/plain", "Too Many Requests\r\n", headers)
        if fault == "500":
            return self._error(500, "chart", "Internal Server Error", "Something went wrong")
        if fault == "html":
            return self._send(200, "text/html", "<!DOCTYPE html><html>Please wait</html>")
        series = self.memory.series.get(symbol)
        if series is None:
            reason = "No data found, symbol may be delisted"
            return self._error(404, "chart", "Not Found", reason)
        if query.get("interval", "1d") != "1d" and "period1" in query:
            self.memory.spans.append((symbol, int(query["period1"]), int(query["period2"])))
            result = _intraday(symbol, series, query)
            return self._json(200, {"chart": {"result": [result], "error": None}})
        bars = () if fault == "empty" else _within(series, query)
        result = _result(symbol, series, bars)
        return self._json(200, {"chart": {"result": [result], "error": None}})

    def _shares(self, symbol: str, query: dict[str, str]) -> None:
        series = self.memory.series.get(symbol)
        told: dict[str, Any] = {"meta": {"symbol": [symbol], "type": ["shares_out"]}}
        low, high = int(query["period1"]), int(query["period2"])
        counts = [(_instant(series, day), n) for day, n in series.shares] if series else []
        counts = [(at, n) for at, n in counts if low <= at < high]
        if counts:
            told |= {"timestamp": [at for at, _ in counts], "shares_out": [n for _, n in counts]}
        self._json(200, {"timeseries": {"result": [told], "error": None}})

    def _cut(self) -> None:
        """Promise more than is sent, then reset the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b'{"chart":{"result":[{"meta":')
        self.wfile.flush()
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True

    def _error(self, status: int, root: str, code: str, text: str) -> None:
        self._json(status, {root: {"result": None, "error": {"code": code, "description": text}}})

    def _json(self, status: int, document: object) -> None:
        self._send(status, "application/json;charset=utf-8", json.dumps(document))

    def _send(
        self, status: int, kind: str, text: str, headers: dict[str, str] | None = None
    ) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _instant(series: Series, day: date) -> int:
    local = datetime.combine(day, series.opens_at, tzinfo=ZoneInfo(series.timezone))
    return int(local.timestamp())


def _within(series: Series, query: dict[str, str]) -> tuple[Bar, ...]:
    if "range" in query:
        return series.bars[-1:]
    low, high = int(query["period1"]), int(query["period2"])
    return tuple(bar for bar in series.bars if low <= _instant(series, bar.day) < high)


def _result(symbol: str, series: Series, bars: tuple[Bar, ...]) -> dict[str, Any]:
    meta = {
        "currency": series.currency,
        "symbol": series.answers_as or symbol,
        "exchangeName": "HKG",
        "instrumentType": series.instrument_type,
        "firstTradeDate": _instant(series, series.bars[0].day) if series.bars else None,
        "gmtoffset": 28800,
        "timezone": "HKT",
        "exchangeTimezoneName": series.timezone,
        "priceHint": 3,
        "dataGranularity": "1d",
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
    }
    if not bars:
        return {"meta": meta, "indicators": {"quote": [{}], "adjclose": [{}]}}
    names = ("open", "high", "low", "close", "volume")
    indicators: dict[str, Any] = {
        "quote": [{name: [getattr(bar, name) for bar in bars] for name in names}]
    }
    if series.with_adjusted_close:
        indicators["adjclose"] = [{"adjclose": [bar.adjusted_close for bar in bars]}]
    events: dict[str, Any] = {}
    if series.dividends:
        events["dividends"] = {
            str(_instant(series, day)): {"amount": amount, "date": _instant(series, day)}
            for day, amount in series.dividends
        }
    splits = {
        str(_instant(series, day)): {
            "date": _instant(series, day),
            "numerator": new,
            "denominator": old,
            "splitRatio": f"{new}:{old}",
        }
        for day, new, old in series.splits
    }
    return {
        "meta": meta,
        "timestamp": [_instant(series, bar.day) for bar in bars],
        "indicators": indicators,
        **({"events": events | ({"splits": splits} if splits else {})} if splits or events else {}),
    }


def _intraday(symbol: str, series: Series, query: dict[str, str]) -> dict[str, Any]:
    low, high = int(query["period1"]), int(query["period2"])
    bars = [
        (int(at.timestamp()), price, volume)
        for at, price, volume in series.minutes.get(query["interval"], ())
        if low <= at.timestamp() < high
    ]
    meta = _result(symbol, series, ())["meta"] | {"dataGranularity": query["interval"]}
    if not bars:
        return {"meta": meta, "indicators": {"quote": [{}]}}
    prices = [price for _, price, _ in bars]
    quote = dict.fromkeys(("open", "high", "low", "close"), prices)
    volumes = [volume for *_, volume in bars]
    return {
        "meta": meta,
        "timestamp": [at for at, *_ in bars],
        "indicators": {"quote": [quote | {"volume": volumes}]},
    }
