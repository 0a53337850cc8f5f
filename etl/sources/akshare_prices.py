"""Daily bars of mainland and Hong Kong shares from a second provider, where the user chose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from etl.errors import SourceError
from etl.schemas import STOCK_PRICES
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import shape
from etl.sources._terms import AKSHARE_TERMS

if TYPE_CHECKING:
    from etl.sources._live_prices import Wanted
    from etl.sources._yahoo import Pace

ADJUSTMENT = "raw_bars_with_eastmoney_forward_adjusted_close"
INFO = SourceInfo(
    name="akshare_prices",
    table=STOCK_PRICES,
    title="Daily bars of mainland and Hong Kong shares since 2021, read live from Eastmoney",
    publisher="Eastmoney, through akshare (optional extra)",
    licence=AKSHARE_TERMS,
    redistributable="no",
    live=True,
    freshness_calendar="XSHG",
    note="Only shares with `--provider akshare` in the watch list. Bars are as traded. The "
    "adjusted close is Eastmoney's forward-adjusted one: it subtracts dividends instead of "
    "scaling, so returns before a dividend come out slightly too large, and values at or below "
    "zero are kept out. No indices.",
    bundled=False,
)


def fetch(request: Request, *, pace: Pace | None = None) -> Raw:
    """Ask for the bars of every share assigned to akshare; nothing where there is none.

    Raises
    ------
    SourceError
        If akshare is needed and not installed, not one share was answered, or an offline run is
        asked for.
    """
    if request.offline:
        raise SourceError("got --offline", "a live run: nothing is bundled", "leave --offline out")
    from etl.sources._akshare import collect, read_days
    from etl.sources._yahoo import Pace

    def read(one: Wanted, module: Any) -> pd.DataFrame:
        traded = read_days(one, module, request)
        adjusted = read_days(one, module, request, "qfq")
        closes = adjusted.rename(columns={"close": "adjusted_close"})
        closes = closes.loc[:, ["trade_date", "adjusted_close"]]
        return traded.merge(closes, on="trade_date", how="left", validate="1:1")

    got, failures = collect(request, read, pace or Pace())
    return Raw(got, "live", request.now, failures, may_be_empty=not got)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``stock_prices``; missing stays missing."""
    from etl.sources._akshare import page_of

    columns = [column.name for column in STOCK_PRICES.columns]
    parts = [
        days.frame.assign(
            ticker=days.ticker,
            raw_close=days.frame["close"],
            currency=days.currency,
            adjustment=ADJUSTMENT,
        )
        for days in raw.payload
    ]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    pages = [page_of(ticker) for ticker in frame["ticker"]]
    return shape(STOCK_PRICES, frame, raw, evidence_kind="measured", source_url=pages)
