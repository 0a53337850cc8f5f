"""The bars of a snapshot as the analytics want them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.frames import column, columns, ordered, rows
from etl.analytics.event_calendar import Panel, pair_returns, panel
from etl.analytics.price_mechanics import (
    Bars,
    abnormal_fluctuations,
    limit_days,
    limit_percent,
    suspended_days,
)

FLAG_COLUMNS = ("ticker", "trade_date", "flag", "detail")


def load(
    reader: Reader, tickers: list[str], instruments: pd.DataFrame, as_of: date | None
) -> pd.DataFrame:
    """Return the bars of ``tickers`` that belong to today's companies.

    Bars before ``listed_from`` are a predecessor's (a shell's, say) and are left out.
    """
    bars = queries.prices(reader, tickers, as_of)
    listed_from = column(bars, "ticker").map(column(instruments, "listed_from"))
    return rows(bars, ~(bars["trade_date"] < listed_from))


def price_panel(bars: pd.DataFrame) -> Panel:
    """Return adjusted closes by day and ticker, with the basis of their adjustment."""
    return panel(
        bars["ticker"].to_numpy(dtype=str),
        bars["trade_date"].to_numpy(dtype="datetime64[D]"),
        bars["adjusted_close"].to_numpy(dtype=float),
        bars["adjustment"].to_numpy(dtype=str),
    )


def mechanics(instrument: pd.Series, prices: Panel, bars: pd.DataFrame) -> pd.DataFrame:
    """Return what the exchange's rules did to one share, sorted by day.

    Returns
    -------
    DataFrame
        Columns ``ticker, trade_date, flag, detail``. Flags: ``suspension`` (detail ``no_bar`` or
        ``no_volume``), ``limit_up_touched``, ``limit_up_closed``, ``limit_up_locked`` and the
        same ``limit_down_…`` (detail ``exact``, or ``approximate`` where only adjusted bars are
        held), ``abnormal_fluctuation`` (detail the three-day deviation as a ratio).
    """
    ticker, benchmark = str(instrument.name), instrument["benchmark"]
    own = rows(bars, bars["ticker"] == ticker)
    share = _as_bars(own)
    parts = [_limits(share, str(instrument["board"]))]
    if isinstance(benchmark, str) and benchmark in prices.columns and ticker in prices.columns:
        market_days = prices.dates[np.isfinite(prices.values[:, prices.columns[benchmark]])]
        absent, still = suspended_days(share, market_days)
        parts += [_flags(absent, "suspension", "no_bar"), _flags(still, "suspension", "no_volume")]
        pair = pair_returns(prices, ticker, benchmark, "simple")
        found = abnormal_fluctuations(pair.dates, pair.stock, pair.market, str(instrument["board"]))
        detail = [f"{deviation:+.4f}" for deviation in found.deviation]
        parts.append(_flags(found.days, "abnormal_fluctuation", detail))
    flags = pd.concat(parts, ignore_index=True).assign(ticker=ticker)
    return ordered(columns(flags, *FLAG_COLUMNS), "trade_date", "flag")


def _as_bars(own: pd.DataFrame) -> Bars:
    numbers = {
        name: own[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("open", "high", "low", "close", "raw_close", "volume")
    }
    return Bars(own["trade_date"].to_numpy(dtype="datetime64[D]"), **numbers)


def _limits(share: Bars, board: str) -> pd.DataFrame:
    found = limit_days(share, limit_percent(board, share.dates))
    met = found.direction != 0
    side = np.where(found.direction[met] > 0, "up", "down")
    degree = np.select([found.locked[met], found.closed[met]], ["locked", "closed"], "touched")
    names = [f"limit_{way}_{how}" for way, how in zip(side, degree, strict=True)]
    detail = np.where(found.exact[met], "exact", "approximate").tolist()
    return _flags(share.dates[met], names, detail)


def _flags(days: np.ndarray, flag: str | list[str], detail: str | list[str]) -> pd.DataFrame:
    dates = pd.to_datetime(days)
    codes = {
        "flag": pd.Series(flag, index=range(len(dates)), dtype=object),
        "detail": pd.Series(detail, index=range(len(dates)), dtype=object),
    }
    return pd.DataFrame({"trade_date": dates.as_unit("us"), **codes})
