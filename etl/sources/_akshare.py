"""Daily bars of mainland and Hong Kong shares from Eastmoney through akshare, an optional extra."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from etl.errors import SourceError
from etl.sources import Request
from etl.sources._live_prices import (
    Wanted,
    ask_each,
    days_wanted,
    finished,
    gaps,
    watched,
)
from etl.sources._yahoo import AnswerError, Pace, patiently

PORTAL = "Eastmoney through akshare"
SHARES_PER_LOT = 100
"""Mainland volumes are given in lots."""
COLUMNS = {
    "日期": "trade_date",
    "开盘": "open",
    "最高": "high",
    "最低": "low",
    "收盘": "close",
    "成交量": "volume",
    "成交额": "turnover",
    "换手率": "turnover_rate",
}
# What akshare lets through when an answer is not what it expects.
_SPOILT = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class Days:
    """Bars of one share as the provider gave them: columns of ``COLUMNS``, shares and ratios."""

    ticker: str
    currency: str
    frame: pd.DataFrame


def collect(
    request: Request, read: Callable[[Wanted, Any], pd.DataFrame], pace: Pace
) -> tuple[tuple[Days, ...], tuple[str, ...]]:
    """Ask for every share the watch list assigns to akshare; return bars and failures.

    Parameters
    ----------
    request
        The run.
    read
        What to ask for one share, given the module akshare; a frame with ``trade_date``.
    pace
        How politely.

    Raises
    ------
    SourceError
        When shares are assigned to akshare and it is not installed, or none was answered.
    """
    wanted = watched(request, "akshare")
    if not wanted:
        return (), ()
    module = _akshare()

    def ask(one: Wanted) -> Days:
        code_of(one.ticker)
        frame = patiently(pace, _explained, read, one, module)
        return Days(one.ticker, currency_of(one.ticker), finished(frame, one.calendar, request))

    got, failures = ask_each(wanted, ask, pace, PORTAL)
    for one, days in got:
        failures.extend(gaps(one, days.frame, None, request))
    return tuple(days for _, days in got), tuple(dict.fromkeys(failures))


def read_days(one: Wanted, module: Any, request: Request, adjust: str = "") -> pd.DataFrame:
    """Return the bars of one share since 2021, as traded or adjusted (``qfq``, ``hfq``).

    Volumes are in shares, the turnover rate is a ratio. Missing stays missing.
    """
    first, last = days_wanted(request)
    market, code = code_of(one.ticker)
    span = {"start_date": _compact(first), "end_date": _compact(last)}
    if market == "HK":
        answer = module.stock_hk_hist(symbol=code, period="daily", adjust=adjust, **span)
    else:
        answer = module.stock_zh_a_hist(
            symbol=code, period="daily", adjust=adjust, timeout=30, **span
        )
    if answer is None or answer.empty:
        raise AnswerError("the provider answered without any bars for these days")
    absent = [name for name in COLUMNS if name not in answer]
    if absent:
        raise AnswerError(f"the answer has no columns {', '.join(absent)}; akshare has changed")
    frame = answer.rename(columns=COLUMNS).loc[:, list(COLUMNS.values())]
    frame = frame.assign(trade_date=pd.to_datetime(frame["trade_date"]))
    lots = 1 if market == "HK" else SHARES_PER_LOT
    return frame.assign(
        volume=frame["volume"] * lots, turnover_rate=frame["turnover_rate"] / 100
    ).sort_values("trade_date", ignore_index=True)


def code_of(ticker: str) -> tuple[str, str]:
    """Return market and code as Eastmoney writes it: 1357.HK → HK, 01357.

    Raises
    ------
    AnswerError
        For a share of another market, and for an index.
    """
    code, _, market = ticker.rpartition(".")
    if market == "HK" and code.isdigit():
        return market, code.zfill(5)
    if market in {"SZ", "SS"} and len(code) == 6 and not _is_index(code, market):
        return market, code
    raise AnswerError("akshare serves shares of Shenzhen, Shanghai and Hong Kong only")


def currency_of(ticker: str) -> str:
    """Return the currency the bars of a ticker are in."""
    return "HKD" if ticker.endswith(".HK") else "CNY"


def page_of(ticker: str) -> str:
    """Return the provider's page of a share."""
    market, code = code_of(ticker)
    place = {"HK": f"hk/{code}", "SZ": f"sz{code}", "SS": f"sh{code}"}[market]
    return f"https://quote.eastmoney.com/{place}.html"


def _is_index(code: str, market: str) -> bool:
    return code.startswith("000") if market == "SS" else code.startswith("399")


def _akshare() -> Any:
    try:
        return importlib.import_module("akshare")
    except ModuleNotFoundError as error:
        raise SourceError(
            f"got shares whose provider is akshare, which is not here ({error.name})",
            "the optional extra akshare",
            "in the checkout: .venv/bin/pip install -e '.[akshare]'; or choose --provider yahoo "
            "for them",
            code="EXTRA_MISSING",
        ) from error


def _explained(read: Callable[[Wanted, Any], pd.DataFrame], one: Wanted, module: Any) -> Any:
    try:
        return read(one, module)
    except OSError as error:  # requests' own exceptions are of this kind
        reason = f"the connection failed ({type(error).__name__})"
        raise AnswerError(reason, transient=True) from error
    except _SPOILT as error:
        reason = f"the answer is not what akshare expects ({type(error).__name__}: {error})"
        raise AnswerError(reason) from error


def _compact(day: date) -> str:
    return f"{day:%Y%m%d}"
