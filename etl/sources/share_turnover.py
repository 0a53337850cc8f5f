"""Money turned over and share of the float traded, from the provider that gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from etl.errors import SourceError
from etl.schemas import SHARE_TURNOVER
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import shape
from etl.sources._terms import AKSHARE_TERMS

if TYPE_CHECKING:
    from etl.sources._live_prices import Wanted
    from etl.sources._yahoo import Pace

INFO = SourceInfo(
    name="share_turnover",
    table=SHARE_TURNOVER,
    title="Turnover and turnover rate of mainland and Hong Kong shares since 2021",
    publisher="Eastmoney, through akshare (optional extra)",
    licence=AKSHARE_TERMS,
    redistributable="no",
    live=True,
    freshness_calendar="XSHG",
    note="Only shares with `--provider akshare` in the watch list; Yahoo gives no turnover.",
    bundled=False,
)


def fetch(request: Request, *, pace: Pace | None = None) -> Raw:
    """Ask for the turnover of every share assigned to akshare; nothing where there is none.

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
        return read_days(one, module, request)

    got, failures = collect(request, read, pace or Pace())
    return Raw(got, "live", request.now, failures, may_be_empty=not got)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``share_turnover``; missing stays missing."""
    from etl.sources._akshare import page_of

    columns = [column.name for column in SHARE_TURNOVER.columns]
    parts = [d.frame.assign(ticker=d.ticker, currency=d.currency) for d in raw.payload]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    pages = [page_of(ticker) for ticker in frame["ticker"]]
    return shape(SHARE_TURNOVER, frame, raw, evidence_kind="measured", source_url=pages)
