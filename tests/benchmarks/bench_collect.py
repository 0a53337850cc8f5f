"""A live run over many share series from a local server, beside merely asking for them.

The peer asks the same server for the same addresses with the same session and throws the answers
away: what the server alone takes. The run parses, checks, merges and publishes them too. The
series lie ready in the server's memory, so it is faster than any real one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import pandas as pd
from harness import write_record

from etl import checks, pipeline, sources
from etl.config import Settings
from etl.sources import _live_prices, _yahoo
from tests.servers.yahoo import LocalSession, Series, rising_bars, yahoo_server

FIRST_DAY, LAST_DAY = "2016-01-04", "2025-12-31"
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickers", type=int, default=500)
    given, _ = parser.parse_known_args()
    wanted = [
        _live_prices.Wanted(f"{number:04d}.HK", f"{number:04d}.HK", "XHKG")
        for number in range(1, given.tickers + 1)
    ]
    days = [day.date() for day in pd.bdate_range(FIRST_DAY, LAST_DAY)]
    series = Series(rising_bars(days))
    with yahoo_server() as server, tempfile.TemporaryDirectory() as folder:
        server.series = {one.symbol: series for one in wanted}
        session = LocalSession(server.port)
        pace = _yahoo.Pace(pause_seconds=0.0)
        request = sources.Request(False, Path(folder), NOW, date.fromisoformat(FIRST_DAY))
        begin = time.perf_counter()
        asked = ask_only(wanted, request, session)
        bare_seconds = time.perf_counter() - begin
        begin = time.perf_counter()
        rows, stages = run(Settings(data_dir=Path(folder)), wanted, session, pace)
        seconds = time.perf_counter() - begin
    results = {
        "tickers": given.tickers,
        "rows": rows,
        "bytes_asked_for": asked,
        "bare_seconds": bare_seconds,
        "run_seconds": seconds,
        "run_over_bare": seconds / bare_seconds,
        "stages_seconds": stages,
        "milliseconds_of_ours_a_ticker": 1e3 * (seconds - bare_seconds) / given.tickers,
    }
    # What a live run waits for between tickers, out of politeness; here the wait is left out.
    waits = _yahoo.Pace().pause_seconds * (given.tickers - 1)
    results["seconds_a_live_run_waits"] = waits
    results["ours_over_server_and_waits"] = (seconds - bare_seconds) / (bare_seconds + waits)
    path = write_record("collect", results, ("duckdb", "pandas", "yfinance"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")


def ask_only(
    wanted: list[_live_prices.Wanted], request: sources.Request, session: LocalSession
) -> int:
    """Ask for every series and throw the answer away; return the bytes."""
    first, last = _live_prices.days_wanted(request)
    begin, end = (
        int(datetime.combine(day, time_of_day(), UTC).timestamp())
        for day in (first, last + timedelta(days=1))
    )
    address = "https://query2.finance.yahoo.com/v8/finance/chart/{}"
    query = {
        "period1": begin,
        "period2": end,
        "interval": "1d",
        "events": "div,splits,capitalGains",
    }
    return sum(
        len(session.request("GET", address.format(one.symbol), params=query).content)
        for one in wanted
    )


def run(
    settings: Settings,
    wanted: list[_live_prices.Wanted],
    session: LocalSession,
    pace: _yahoo.Pace,
) -> tuple[int, dict[str, float]]:
    """Collect, check, merge and publish all series; return the rows and the seconds by stage."""
    stock_prices = sources.load("stock_prices")
    fetched: dict[str, float] = {}

    class Local:
        """The source over the wanted series."""

        INFO = replace(stock_prices.INFO, reach="whole")

        @staticmethod
        def fetch(request: sources.Request) -> sources.Raw:
            """Ask the local server."""
            begin = time.perf_counter()
            raw = _live_prices.collect(wanted, request, session, pace)
            fetched["fetch"] = time.perf_counter() - begin
            return raw

        parse = staticmethod(stock_prices.parse)

    # The made-up tickers are in no list of instruments.
    checks.against_instruments = lambda _: None  # pyright: ignore[reportAttributeAccessIssue]
    sources.load = lambda name: Local if name == "stock_prices" else real(name)  # pyright: ignore
    [entry] = pipeline.run(
        settings, ["stock_prices"], offline=False, start=date.fromisoformat(FIRST_DAY), now=NOW
    )
    if entry.status == "failed":
        raise SystemExit(entry.error)
    return entry.rows_new, fetched


real = sources.load

if __name__ == "__main__":
    main()
