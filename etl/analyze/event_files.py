"""The files of the event study: prices, events and exchange rates as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from etl import user_files
from etl.analytics.currency import converted, rates_to
from etl.analytics.event_calendar import Panel, panel
from etl.errors import InputError
from etl.user_files import UserFile

SELECTIONS = ("exogenous", "price_selected")
SESSIONS = ("pre", "am", "lunch", "pm", "after")
EXTRAS = ("volume", "shares_outstanding")
_EXPECTED = {
    "adjusted_close": (
        "a price above zero (use --is-returns for a file of returns)",
        "correct the price, or leave the cell empty if there was no trade",
    ),
    "volume": (
        "a number of shares, 0 for a day without trading",
        "correct the volume, or leave the cell empty if it is not known",
    ),
    "shares_outstanding": (
        "a number of shares above zero",
        "correct the number, or leave the cell empty if it is not known",
    ),
}


@dataclass(frozen=True)
class PriceFile:
    """A file of prices.

    Attributes
    ----------
    prices
        Prices, or returns where the file holds those.
    extras
        ``volume`` and ``shares_outstanding`` where the file has the column.
    currencies
        Ticker → currency; empty where the file has no such column.
    notes
        What a reader should know about the file.
    """

    prices: Panel
    extras: dict[str, Panel]
    currencies: dict[str, str]
    notes: list[str]


def read_prices(path: Path, *, is_returns: bool) -> PriceFile:
    """Read prices or returns; a wrong value is an :class:`InputError` that names its row."""
    column = "return" if is_returns else "adjusted_close"
    file = user_files.read(path, ("ticker", "trade_date", column), (*EXTRAS, "currency"))
    given = [name for name in EXTRAS if name in file.frame.columns]
    frame = pd.DataFrame(
        {
            "ticker": user_files.text(file, "ticker"),
            "trade_date": user_files.days(file, "trade_date"),
            "value": user_files.numbers(file, column),
            **{name: user_files.numbers(file, name) for name in given},
        }
    )
    if "currency" in file.frame.columns:
        frame["currency"] = user_files.text(file, "currency")
    if not is_returns:
        _refuse(file, frame.rename(columns={"value": column}), column)
    for name in given:
        _refuse(file, frame, name)
    kept = frame.dropna(subset=["value"])
    frame = kept.drop_duplicates()
    repeated = np.asarray(frame.duplicated(["ticker", "trade_date"]), dtype=bool)
    if repeated.any():
        index, row = UserFile(file.path, frame).first(repeated)
        raise InputError(
            f"got a second, different value of {frame['ticker'][index]} "
            f"on {frame['trade_date'][index]:%Y-%m-%d} in {row}",
            "one value for each ticker and day",
            "remove the wrong one",
        )
    return PriceFile(
        _panel(frame, "value"),
        {name: _panel(frame, name) for name in given},
        _currencies(file, frame),
        _repetition_note(path, len(kept) - len(frame)),
    )


def _refuse(file: UserFile, frame: pd.DataFrame, column: str) -> None:
    """Refuse a negative cell, and a zero where there can be none."""
    values = frame[column].to_numpy(dtype=float)
    wrong = values < 0 if column == "volume" else values <= 0
    if not wrong.any():
        return
    index, row = file.first(wrong)
    expected, todo = _EXPECTED[column]
    raise InputError(
        f"got the {column} {frame[column][index]:g} of {frame['ticker'][index]} "
        f"on {frame['trade_date'][index]:%Y-%m-%d} in {row}",
        expected,
        todo,
    )


def _panel(frame: pd.DataFrame, column: str) -> Panel:
    return panel(
        frame["ticker"].to_numpy(dtype=str),
        frame["trade_date"].to_numpy(dtype="datetime64[D]"),
        frame[column].to_numpy(dtype=float),
    )


def _currencies(file: UserFile, frame: pd.DataFrame) -> dict[str, str]:
    """Return each ticker's currency; a ticker has one."""
    if "currency" not in frame.columns:
        return {}
    first = frame.groupby("ticker")["currency"].transform("first")
    other = (frame["currency"] != first).to_numpy(dtype=bool)
    if other.any():
        index, row = UserFile(file.path, frame).first(other)
        raise InputError(
            f"got the currency {frame['currency'][index]!r} of {frame['ticker'][index]} in {row} "
            f"after {first[index]!r}",
            "one currency for each ticker",
            "write the prices of each ticker in one currency",
        )
    return dict(zip(frame["ticker"], first, strict=True))


def _repetition_note(path: Path, n_repeated: int) -> list[str]:
    if not n_repeated:
        return []
    rows = "1 row" if n_repeated == 1 else f"{n_repeated} rows"
    return [f"{path.name}: {rows} repeated another one word for word and counted once"]


def in_currency(file: PriceFile, currency: str, fx: Path | None) -> tuple[Panel, list[str]]:
    """Return the prices in ``currency`` and what was left out for want of a rate.

    Parameters
    ----------
    fx
        CSV or Parquet: ``base,quote,rate_date,rate`` (one unit of base is ``rate`` of quote).
    """
    absent = sorted(set(file.prices.columns) - set(file.currencies))
    if absent:
        raise InputError(
            f"got the currency {currency!r} for prices without one (the first is {absent[0]!r})",
            "a column currency in the file of prices",
            "add the currency each ticker is quoted in",
        )
    if set(file.currencies.values()) == {currency}:
        return file.prices, []
    if fx is None:
        raise InputError(
            f"got the currency {currency!r} without exchange rates",
            "a file of rates with the columns base, quote, rate_date, rate",
            "name it with --fx",
        )
    given = user_files.read(fx, ("base", "quote", "rate_date", "rate"))
    try:
        rates = rates_to(
            currency,
            user_files.text(given, "base").to_numpy(dtype=str),
            user_files.text(given, "quote").to_numpy(dtype=str),
            user_files.days(given, "rate_date").to_numpy(dtype="datetime64[D]"),
            user_files.numbers(given, "rate").to_numpy(dtype=float),
        )
        prices = converted(file.prices, file.currencies, rates, currency)
    except ValueError as problem:
        raise InputError(
            str(problem), f"rates from every currency to {currency}", f"complete {fx.name}"
        ) from None
    lost = np.isfinite(file.prices.values) & ~np.isfinite(prices.values)
    notes = [f"prices are in {currency}, at the last rate known on the day"]
    if lost.any():
        count = int(lost.sum())
        notes.append(f"{count} prices have no rate of the last seven days and are left out")
    return prices, notes


def read_events(path: Path, benchmark: str) -> pd.DataFrame:
    """Read the events with the defaults of their optional columns."""
    file = user_files.read(
        path, ("event_id", "ticker", "event_date"), ("benchmark", "selection", "session")
    )
    frame = pd.DataFrame(
        {
            "event_id": user_files.text(file, "event_id"),
            "ticker": user_files.text(file, "ticker"),
            "event_date": user_files.days(file, "event_date"),
            "benchmark": benchmark,
            "selection": user_files.one_of(file, "selection", SELECTIONS, "exogenous"),
            "session": user_files.one_of(file, "session", SESSIONS, ""),
        }
    )
    if "benchmark" in file.frame.columns:
        own = user_files.text(file, "benchmark", required=False)
        frame["benchmark"] = own.where(own != "", benchmark)
    repeated = np.asarray(frame.duplicated("event_id"), dtype=bool)
    if repeated.any():
        index, row = file.first(repeated)
        raise InputError(
            f"got the event_id {frame['event_id'][index]!r} a second time in {row}",
            "an event_id of its own for each event",
            "rename one of them",
        )
    return frame.reset_index(drop=True)


def check_tickers(
    events: pd.DataFrame, bars: Panel, benchmark: str, factors: tuple[str, ...] = ()
) -> None:
    """Refuse an unknown market or factor, or a file whose events all name unknown tickers."""
    known = list(bars.columns)
    if benchmark not in known and benchmark in set(events["benchmark"]):
        raise InputError(
            f"got the benchmark {benchmark!r}, of which the prices hold no bar",
            "a ticker among the prices",
            user_files.nearest(benchmark, known),
        )
    for factor in factors:
        if factor not in known:
            raise InputError(
                f"got the factor {factor!r}, of which the prices hold no bar",
                "tickers among the prices",
                user_files.nearest(factor, known),
            )
    if not set(events["ticker"]) & set(known):
        ticker = str(events["ticker"].iloc[0])
        raise InputError(
            f"got no event whose ticker is among the prices (the first is {ticker!r})",
            "events of tickers that have prices",
            user_files.nearest(ticker, known),
        )
