"""Edit the watch list: shares and apps to fetch beside the bundled ones.

Comments and order of the user's own ``watch.toml`` survive an edit; the file is replaced whole or
not at all, and never by one that could not be read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import pandas as pd
import tomlkit
from filelock import FileLock

from etl import sources
from etl.config import Settings, bundled_dir
from etl.errors import InputError
from etl.sources import _watch as watch_file
from etl.sources._watch import app_key

HEADER = """\
# Shares and apps watched beside the bundled ones; written by `artonomics watch`, and yours to edit.
# An entry whose name stands in hidden_instruments or hidden_apps is kept, but no longer fetched.
"""
LOCK_SECONDS = 10.0
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Market:
    """What the ending of a ticker in Yahoo's notation says about a share."""

    calendar: str
    currency: str
    exchange: str | None = None
    board: str = "none"
    rule: str = "not stated"
    benchmark: str | None = None


_SHENZHEN = Market("XSHG", "CNY", "XSHE", "szse_main", "±10%; risk-warning shares ±5%", "000300.SS")
_CHINEXT = "±20% since 2020-08-24, ±10% before"
_SHANGHAI = Market("XSHG", "CNY", "XSHG", "sse_main", "±10%; risk-warning shares ±5%", "000300.SS")
MARKETS = {
    "": Market(
        "XNYS",
        "USD",
        None,
        "us",
        "no daily price limit; limit-up limit-down bands and market-wide halts",
        "^GSPC",
    ),
    "HK": Market(
        "XHKG",
        "HKD",
        "XHKG",
        "hk_main",
        "no daily price limit; volatility control mechanism",
        "^HSI",
    ),
    "SZ": _SHENZHEN,
    "SS": _SHANGHAI,
    "T": Market("XTKS", "JPY", "XTKS"),
    "KS": Market("XKRX", "KRW", "XKRX"),
    "TW": Market("XTAI", "TWD", "XTAI"),
    "DE": Market("XETR", "EUR", "XETR"),
    "PA": Market("XPAR", "EUR", "XPAR"),
    "SA": Market("BVMF", "BRL", "BVMF"),
}
"""By ending; London is absent because its quotes are in pence or pounds by the share."""


def market_of(ticker: str) -> Market | None:
    """Return what the notation says of a share; ``None`` for an index, a pair or an unknown one."""
    if not ticker[:1].isalnum() or "=" in ticker:
        return None
    code, _, ending = ticker.rpartition(".") if "." in ticker else (ticker, "", "")
    if ending == "SZ" and code.startswith(("300", "301")):
        return Market("XSHG", "CNY", "XSHE", "szse_chinext", _CHINEXT, "000300.SS")
    if ending == "SS" and code.startswith("688"):
        return Market("XSHG", "CNY", "XSHG", "sse_star", "±20%", "000300.SS")
    return MARKETS.get(ending)


class Editor:
    """The watch list of one data folder, with what it stands beside."""

    def __init__(self, settings: Settings) -> None:
        self._dir = settings.data_dir
        self.path = settings.data_dir / watch_file.FILE

    def instruments(self) -> pd.DataFrame:
        """Return all instruments, bundled and added: columns of the table, by ticker."""
        return self._table("instruments").sort_values("ticker", ignore_index=True)

    def apps(self) -> pd.DataFrame:
        """Return all apps, bundled and added: columns of the table, by name."""
        return self._table("apps").sort_values("app_name", ignore_index=True)

    def listed(self) -> dict[str, Rows]:
        """Return what is watched and what is hidden, as rows for the table and for JSON."""
        watch = watch_file.read(self._dir)
        shares: Any = self.instruments()
        shares = shares.assign(
            origin=_origin(shares), intraday_minutes=shares["ticker"].map(watch.intraday_minutes)
        )
        apps: Any = self.apps()
        apps = apps.assign(origin=_origin(apps))
        told = ("ticker", "name", "company", "calendar", "currency", "provider")
        also = ("store", "app_id", "app_name", "bundle_id", "company", "ticker")
        return {
            "instruments": _rows(shares, (*told, "provider_symbol", "intraday_minutes")),
            "apps": _rows(apps, also),
        }

    def add_instrument(
        self, ticker: str, given: Mapping[str, Any], *, provider: str | None, intraday: int | None
    ) -> dict[str, Any]:
        """Watch a share, index or fund; return its row.

        Parameters
        ----------
        ticker
            In Yahoo's notation.
        given
            Other columns of ``instruments``; missing ones follow from the ticker's ending where
            it says so. A bundled entry takes none: it is shown again where it was hidden.
        provider, intraday
            Where its daily bars come from, and the minutes of its intraday bars.

        Raises
        ------
        InputError
            When something is missing, unknown or contradicts the bundled list.
        """
        told = {name: value for name, value in given.items() if value is not None}
        bundled = set(self._bundled("instruments")["ticker"])
        if ticker in bundled and told:
            raise InputError(
                f"got {', '.join(sorted(told))} for {ticker}, which the bundled list describes",
                "a bundled entry as it stands",
                "leave these options out; --provider and --intraday can be given",
            )
        with self._edited() as document:
            if ticker not in bundled:
                entry = {"ticker": ticker, **_followed(ticker, told), **told}
                _replace(document, "instruments", entry, lambda one: one.get("ticker") == ticker)
            _set(document, "providers", ticker, provider)
            _set(document, "intraday_minutes", ticker, intraday)
            _show(document, "hidden_instruments", ticker)
        return self._row(self.instruments(), "ticker", ticker)

    def add_app(self, app_id: str, store: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Watch an app; return its row, linked to company and ticker where they are known.

        Raises
        ------
        InputError
            When something is missing or contradicts the bundled list.
        """
        told = {name: value for name, value in given.items() if value is not None}
        known = self._bundled("apps")
        bundled = set(known["store"] + ":" + known["app_id"])
        key = app_key(store, app_id)
        if key not in bundled and "app_name" not in told:
            raise InputError(
                f"got the app {app_id!r} without its name", "a name", "add --name NAME"
            )
        with self._edited() as document:
            if key not in bundled:
                entry = {"app_id": app_id, "store": store, **self.linked(told)}
                _replace(
                    document,
                    "apps",
                    entry,
                    lambda one: app_key(one.get("store", "app_store"), one.get("app_id")) == key,
                )
            _show(document, "hidden_apps", key)
        found = self.apps()
        return self._row(found.loc[found["store"] == store], "app_id", app_id)

    def linked(self, app: Mapping[str, Any]) -> dict[str, Any]:
        """Return the app with company and ticker where bundled apps or shares know its seller.

        A seller that already stands behind one company links to it; a company that is listed under
        one ticker links to that. Nothing is linked by likeness.
        """
        told = dict(app)
        apps, shares = self.apps(), self.instruments()
        if "company" not in told and told.get("seller"):
            same = apps.loc[_folded(apps["seller"]) == _fold(told["seller"]), "company"]
            named = shares.loc[_folded(shares["company"]) == _fold(told["seller"]), "company"]
            _fill(told, "company", [*same, *named])
        if "ticker" not in told and told.get("company"):
            same = apps.loc[_folded(apps["company"]) == _fold(told["company"]), "ticker"].dropna()
            held = shares.loc[_folded(shares["company"]) == _fold(told["company"]), "ticker"]
            _fill(told, "ticker", list(same) or list(held))
        return told

    def remove_instrument(self, ticker: str) -> None:
        """Stop fetching a ticker; its row and its bars stay.

        Raises
        ------
        InputError
            When it is not watched; the message names the nearest one.
        """
        shares = self.instruments()
        _require(ticker, shares.loc[shares["watched"], "ticker"], "ticker")
        with self._edited() as document:
            _hide(document, "hidden_instruments", ticker)

    def remove_app(self, app_id: str, store: str) -> None:
        """Stop fetching an app; its row and what was read about it stay.

        Raises
        ------
        InputError
            When it is not watched.
        """
        apps = self.apps()
        watched = apps.loc[apps["watched"] & (apps["store"] == store), "app_id"]
        _require(app_id, watched, f"app in {store}")
        with self._edited() as document:
            _hide(document, "hidden_apps", app_key(store, app_id))

    def _table(self, name: str) -> pd.DataFrame:
        module = sources.load(name)
        request = sources.Request(True, bundled_dir(), datetime.now(UTC), user_dir=self._dir)
        return module.parse(module.fetch(request))

    def _bundled(self, name: str) -> pd.DataFrame:
        module = sources.load(name)
        return module.parse(module.fetch(sources.Request(True, bundled_dir(), datetime.now(UTC))))

    def _row(self, frame: pd.DataFrame, column: str, name: str) -> dict[str, Any]:
        found: Any = frame.loc[frame[column] == name]
        row = found.assign(origin=_origin(found)).iloc[0].drop(["retrieved_at", "source_url"])
        return {str(key): None if pd.isna(value) else value for key, value in row.items()}

    @contextmanager
    def _edited(self) -> Iterator[tomlkit.TOMLDocument]:
        """Yield the file to change, and put it in its place once all of it is right."""
        self._dir.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS):
            watch_file.read(self._dir)  # a spoilt file is refused before anything is added to it
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else HEADER
            document = tomlkit.parse(text)
            yield document
            watch_file.validated(document.unwrap(), self.path)
            unfinished = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            unfinished.write_text(tomlkit.dumps(document), encoding="utf-8")
            unfinished.replace(self.path)


def _followed(ticker: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that follow from the ticker's ending."""
    market = market_of(ticker)
    if market is None:
        needed = [name for name in ("name", "calendar", "currency") if name not in told]
        ending = f"got {ticker!r}, whose notation does not say where it trades"
    else:
        needed = [] if "name" in told else ["name"]
        ending = f"got {ticker!r} without its name"
    if needed:
        options = " and ".join(f"--{name}" for name in needed)
        raise InputError(ending, f"{options} too", "see `artonomics watch add instrument --help`")
    if market is None:
        return {}
    columns = {
        "calendar": market.calendar,
        "currency": market.currency,
        "exchange": market.exchange,
        "board": market.board,
        "price_limit_rule": market.rule,
        "benchmark": market.benchmark,
    }
    return {name: value for name, value in columns.items() if value is not None}


def _fill(told: dict[str, Any], name: str, found: Sequence[Any]) -> None:
    """Fill a field where all that is known says the same."""
    known = {value for value in found if isinstance(value, str)}
    if len(known) == 1:
        told[name] = known.pop()


def _fold(text: object) -> str:
    return " ".join(str(text).casefold().replace(",", " ").replace(".", " ").split())


def _folded(values: Any) -> Any:
    return values.dropna().map(_fold).reindex(values.index)


def _origin(frame: Any) -> Any:
    own = frame["source_url"] == watch_file.ORIGIN
    return own.map({True: "added", False: "bundled"})


def _rows(frame: Any, columns: Sequence[str]) -> Rows:
    kept = frame.loc[:, [*columns, "origin", "watched"]]
    return [
        {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for row in kept.astype("object").to_dict("records")
    ]


def _require(name: str, known: pd.Series, what: str) -> None:
    if name in set(known):
        return
    near = get_close_matches(name, list(known), n=1)
    hint = f"perhaps you meant {near[0]!r}; " if near else ""
    raise InputError(
        f"got the {what} {name!r}, which is not watched",
        "one that is",
        f"{hint}see `artonomics watch list`",
    )


def _replace(document: Any, name: str, entry: Mapping[str, Any], same: Any) -> None:
    """Put an entry into an array of tables, in the place of the one it replaces."""
    if name not in document:
        document.append(name, tomlkit.aot())
    array = document[name]
    fresh = tomlkit.table()
    fresh.update({key: value for key, value in entry.items() if value is not None})
    for number, one in enumerate(array):
        if same(one):
            array[number] = fresh
            return
    array.append(fresh)


def _set(document: Any, name: str, key: str, value: object) -> None:
    if value is None:
        return
    if name not in document:
        document.append(name, tomlkit.table())
    document[name][key] = value


def _hide(document: Any, name: str, key: str) -> None:
    """Add a name to a list; the list stands above all tables, as TOML wants it."""
    listed = [*document.get(name, []), key]
    if name in document:
        document[name] = listed
        return
    rest = {key: document.pop(key) for key in list(document)}
    document.append(name, listed)
    for key, value in rest.items():
        document.append(key, value)


def _show(document: Any, name: str, key: str) -> None:
    if key in document.get(name, []):
        document[name] = [one for one in document[name] if one != key]
