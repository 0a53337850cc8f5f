"""Shares in issue of the watched shares, live from Yahoo Finance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from etl.errors import SourceError
from etl.schemas import SHARES_OUTSTANDING
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import shape
from etl.sources._terms import YAHOO_TERMS

if TYPE_CHECKING:
    from etl.sources._yahoo import Pace, RecordingSession

INFO = SourceInfo(
    name="shares_outstanding",
    table=SHARES_OUTSTANDING,
    title="Shares in issue of the watched shares since 2021",
    publisher="Yahoo Finance",
    licence=YAHOO_TERMS,
    redistributable="no",
    live=True,
    freshness_calendar="XHKG",
    note="Counts come at irregular days, and none for many shares outside the United States; a "
    "count after a split is on the new base, one before it on the old.",
    bundled=False,
)


def fetch(
    request: Request, *, session: RecordingSession | None = None, pace: Pace | None = None
) -> Raw:
    """Ask Yahoo for the share counts of every watched share.

    Raises
    ------
    SourceError
        If not one ticker was answered, or an offline run is asked for.
    """
    if request.offline:
        raise SourceError(
            "got --offline", "a live run: no share counts are bundled", "leave --offline out"
        )
    from etl.sources import _live_prices as live
    from etl.sources._yahoo import Pace, read_shares, session_or_own

    pace, days = pace or Pace(), live.days_wanted(request)
    with session_or_own(session) as open_session:

        def ask(one: live.Wanted) -> pd.DataFrame:
            counted = read_shares(one.symbol, *days, open_session, pace)
            if open_session.last_chart is not None:
                live.keep_raw(request, INFO.name, one.symbol, open_session.last_chart.content)
            return counted.assign(ticker=one.ticker)

        wanted = live.watched(request, None, types=("equity",))
        live.prepare(wanted, request)
        got, failures = live.ask_each(wanted, ask, pace)
    frames = [frame for _, frame in got]
    return Raw(pd.concat(frames, ignore_index=True), "live", request.now, tuple(failures))


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``shares_outstanding``."""
    pages = "https://finance.yahoo.com/quote/" + raw.payload["ticker"] + "/key-statistics"
    return shape(SHARES_OUTSTANDING, raw.payload, raw, evidence_kind="disclosed", source_url=pages)
