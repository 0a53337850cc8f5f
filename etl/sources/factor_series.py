"""Crypto prices and wide indices, live from Yahoo Finance.

They are there to ask whether a share moved with what its company held or with its market. Which
company held which coins, and since when, is a disclosed fact and stands among those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from etl.errors import SourceError
from etl.schemas import FACTOR_SERIES
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import shape
from etl.sources._terms import YAHOO_TERMS

if TYPE_CHECKING:
    from etl.sources._yahoo import Pace, RecordingSession

FACTORS = {
    "BTC-USD": ("crypto", "Bitcoin", "USD per coin", "24/7"),
    "ETH-USD": ("crypto", "Ether", "USD per coin", "24/7"),
    "^IXIC": ("index", "Nasdaq Composite", "index points", "XNYS"),
    "^VIX": ("volatility", "Cboe Volatility Index", "percent a year", "XNYS"),
}
"""Symbol → kind, name, unit, calendar."""
INFO = SourceInfo(
    name="factor_series",
    table=FACTOR_SERIES,
    title="Daily prices of Bitcoin and Ether, Nasdaq Composite and VIX since 2021",
    publisher="Yahoo Finance",
    licence=YAHOO_TERMS,
    redistributable="no",
    live=True,
    freshness_calendar="daily",
    note="A day of crypto runs from midnight to midnight UTC and is read once it is over.",
    bundled=False,
)


def fetch(
    request: Request, *, session: RecordingSession | None = None, pace: Pace | None = None
) -> Raw:
    """Ask Yahoo for every factor.

    Raises
    ------
    SourceError
        If not one was answered, or an offline run is asked for.
    """
    if request.offline:
        raise SourceError(
            "got --offline", "a live run: no factors are bundled", "leave --offline out"
        )
    from etl.sources import _live_prices as live
    from etl.sources._yahoo import Pace, session_or_own

    wanted = [live.Wanted(symbol, symbol, told[-1]) for symbol, told in FACTORS.items()]
    with session_or_own(session) as open_session:
        return live.collect(wanted, request, open_session, pace or Pace())


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``factor_series``; a day without a close has no row."""
    parts = []
    for bars in raw.payload:
        kind, name, unit, _ = FACTORS[bars.ticker]
        days = bars.frame.dropna(subset="close").rename(columns={"trade_date": "observed_on"})
        parts.append(days.assign(factor=bars.ticker, factor_type=kind, name=name, unit=unit))
    frame = pd.concat(parts, ignore_index=True)
    pages = "https://finance.yahoo.com/quote/" + frame["factor"] + "/history"
    return shape(FACTOR_SERIES, frame, raw, evidence_kind="measured", source_url=pages)
