"""Dividends and splits of the watched shares and funds, live from Yahoo Finance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from etl.errors import SourceError
from etl.schemas import CORPORATE_ACTIONS
from etl.sources import Raw, Request, SourceInfo
from etl.sources._snapshot import shape
from etl.sources._terms import YAHOO_TERMS

if TYPE_CHECKING:
    from etl.sources._yahoo import Pace, RecordingSession

INFO = SourceInfo(
    name="corporate_actions",
    table=CORPORATE_ACTIONS,
    title="Dividends and splits of the watched shares and funds since 2021",
    publisher="Yahoo Finance",
    licence=YAHOO_TERMS,
    redistributable="no",
    live=True,
    freshness_calendar="XHKG",
    note="Yahoo gives dividends adjusted for later splits; the amount as paid is restored from the "
    "splits it names. The currency is that of the share, also where a dividend was declared in "
    "another one.",
    bundled=False,
)
COLUMNS = ["ticker", "at", "amount", "numerator", "denominator", "timezone", "currency"]


def fetch(
    request: Request, *, session: RecordingSession | None = None, pace: Pace | None = None
) -> Raw:
    """Ask Yahoo for the dividends and splits of every watched share and fund.

    Raises
    ------
    SourceError
        If not one ticker was answered, or an offline run is asked for.
    """
    if request.offline:
        raise SourceError(
            "got --offline", "a live run: no dividends are bundled", "leave --offline out"
        )
    from etl.sources import _live_prices as live
    from etl.sources._yahoo import Pace, read_bars, session_or_own

    pace, days = pace or Pace(), live.days_wanted(request)
    with session_or_own(session) as open_session:

        def ask(one: live.Wanted) -> list[dict[str, Any]]:
            answer = read_bars(one.symbol, *days, open_session, pace)
            if open_session.last_chart is not None:
                live.keep_raw(request, INFO.name, one.symbol, open_session.last_chart.content)
            return _rows(one.ticker, answer)

        wanted = [one for one in live.watched(request, None) if not one.ticker.startswith("^")]
        live.prepare(wanted, request)
        got, failures = live.ask_each(wanted, ask, pace)
    rows = pd.DataFrame([row for _, rows in got for row in rows], columns=COLUMNS)
    return Raw(rows, "live", request.now, tuple(failures), may_be_empty=True)


def parse(raw: Raw) -> pd.DataFrame:
    """Return the frame of ``corporate_actions``; several dividends of one day are added up."""
    rows = raw.payload.assign(action_date=[_day(row) for row in raw.payload.to_dict("records")])
    splits = rows.loc[rows["numerator"].notna()].assign(kind="split")
    splits = splits.assign(split_ratio=splits["numerator"] / splits["denominator"], currency=None)
    dividends = rows.loc[rows["amount"].notna()].assign(kind="dividend")
    key = ["ticker", "action_date", "kind", "currency"]
    paid = dividends.groupby(key, as_index=False, dropna=False)["amount"].sum()
    paid = paid.assign(
        amount_split_adjusted=paid["amount"],
        amount_as_paid=paid["amount"] * _later_splits(paid, splits),
        split_ratio=None,
    )
    splits = splits.assign(amount_split_adjusted=None, amount_as_paid=None)
    named = [c.name for c in CORPORATE_ACTIONS.columns]
    found = [part[named].astype("object") for part in (paid, splits) if len(part)]
    frame = pd.concat(found) if found else pd.DataFrame(columns=named)
    frame = frame.sort_values(["ticker", "action_date", "kind"], ignore_index=True)
    return shape(
        CORPORATE_ACTIONS,
        frame,
        raw,
        evidence_kind="measured",
        source_url="https://finance.yahoo.com/quote/" + frame["ticker"].astype(str) + "/history",
    )


def _rows(ticker: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of one chart, flat."""
    meta, events = answer["meta"], answer["events"]
    common = {
        "ticker": ticker,
        "timezone": meta["exchangeTimezoneName"],
        "currency": meta.get("currency"),
    }
    found = [*events.get("dividends", {}).values(), *events.get("splits", {}).values()]
    return [
        common
        | {"at": event["date"]}
        | {name: event.get(name) for name in ("amount", "numerator", "denominator")}
        for event in found
    ]


def _day(row: dict[Any, Any]) -> Any:
    at: Any = pd.Timestamp(row["at"], unit="s", tz="UTC")
    return at.tz_convert(row["timezone"]).tz_localize(None).normalize()


def _later_splits(paid: Any, splits: Any) -> list[float]:
    """Return for each dividend the product of the splits after its day."""
    products = []
    for ticker, day in zip(paid["ticker"], paid["action_date"], strict=True):
        later = (splits["ticker"] == ticker) & (splits["action_date"] > day)
        products.append(float(splits.loc[later, "split_ratio"].prod()))
    return products
