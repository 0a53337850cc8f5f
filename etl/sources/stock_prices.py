"""Daily bars of shares and indices: the bundled ones, or live from Yahoo Finance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from etl.schemas import STOCK_PRICES
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import fetch_snapshot, shape
from etl.sources._terms import YAHOO_TERMS

if TYPE_CHECKING:
    from etl.sources._yahoo import Pace, RecordingSession

FILE = "stock_prices.csv.gz"
EASTMONEY = "https://quote.eastmoney.com/"
YAHOO = "https://finance.yahoo.com/quote/"
DERIVED = "HKEW"
INFO = SourceInfo(
    name="stock_prices",
    table=STOCK_PRICES,
    title="Daily bars of listed companies around AI art, and of their markets, 2021-2026",
    publisher="Yahoo Finance (Hong Kong, United States, indices) and Eastmoney (Shenzhen)",
    licence="Unlicense for dieperdev/yfinance-stock-data, Apache-2.0 for alexhanl/my-trade; none "
    "stated for the others. Publicly reported prices.",
    redistributable="facts only",
    live=True,
    freshness_calendar="XHKG",
    note="Each ticker ends on its own day; adjustment says on which basis its bars are. Live, each "
    "series is fetched whole, since a dividend or split changes all bars before it.",
)
LIVE = replace(
    INFO,
    name="yahoo_prices",
    title="Daily bars of the watched shares, funds and indices, read live",
    publisher="Yahoo Finance",
    licence=YAHOO_TERMS,
    redistributable="no",
    bundled=False,
    note="Collected by the source stock_prices. The whole series since 2021 each time, since a "
    "dividend or split changes all bars before it; the server limits how often it is asked.",
)
"""What a live run stores: other terms than the bundled bars."""


def fetch(
    request: Request, *, session: RecordingSession | None = None, pace: Pace | None = None
) -> Raw:
    """Read the bundled bars, or ask Yahoo for every instrument that has a symbol there.

    Parameters
    ----------
    request
        Offline or live, which days, and where raw answers are kept.
    session, pace
        How Yahoo is reached and how politely; the defaults suit the real server.

    Raises
    ------
    SourceError
        If the bundled file is spoilt, or not one ticker could be fetched live.
    """
    if request.offline:
        return fetch_snapshot(request, FILE, date_column="trade_date")
    # yfinance is heavy: an offline run must not wait for it.
    from etl.sources import _live_prices as live
    from etl.sources._yahoo import Pace, RecordingSession

    wanted = live.watched(request, "yahoo")
    if session is not None:
        return live.collect(wanted, request, session, pace or Pace())
    with RecordingSession() as own:
        return live.collect(wanted, request, own, pace or Pace())


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``stock_prices``; prices are passed on as they are, missing too."""
    if raw.mode == "live":
        from etl.sources._live_prices import frame_of

        bars = frame_of(raw.payload)
        return shape(
            STOCK_PRICES,
            bars,
            raw,
            evidence_kind="measured",
            source_url=YAHOO + bars["ticker"] + "/history",
        )
    bars = raw.payload
    return shape(
        STOCK_PRICES,
        bars,
        raw,
        evidence_kind=bars["ticker"].map({DERIVED: "estimated"}).fillna("measured"),
        source_url=bars["ticker"].map({t: page_of(t) for t in bars["ticker"].dropna().unique()}),
    )


def page_of(ticker: str) -> str:
    """Return the vendor's page for a bundled ticker; the sidecar for the derived index."""
    code, _, market = ticker.partition(".")
    if ticker == DERIVED:
        return f"data/snapshots/{FILE}.yml"
    return f"{EASTMONEY}sz{code}.html" if market == "SZ" else f"{YAHOO}{ticker}/history"
