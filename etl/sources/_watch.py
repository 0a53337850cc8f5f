"""The user's watch list: shares and apps beside the bundled ones, kept in ``watch.toml``.

The bundled lists stay as they are. A hidden entry keeps its row, since prices and ranks read
earlier refer to it, but nothing is fetched for it any more.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from etl.errors import InputError
from etl.schemas import INSTRUMENTS, Column, Table
from etl.sources import Request

FILE = "watch.toml"
ORIGIN = "watch.toml in the data folder, edited by the user"
"""What ``source_url`` says of a row that the user added."""

Provider = Literal["yahoo", "akshare"]
Minutes = Literal[1, 2, 5, 15, 30, 60]


def _column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


Ticker = Annotated[str, Field(pattern=_column(INSTRUMENTS, "ticker").pattern)]


class WatchedInstrument(BaseModel):
    """A share, index or fund the user added; the fields are columns of ``instruments``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ticker: Ticker
    name: str = Field(min_length=1)
    name_zh: str | None = None
    company: str | None = None
    company_zh: str | None = None
    instrument_type: Literal["equity", "index", "fund"] = "equity"
    exchange: str | None = None
    calendar: str
    currency: str = Field(pattern=_column(INSTRUMENTS, "currency").pattern)
    board: str = "none"
    price_limit_rule: str = "not stated"
    benchmark: Ticker | None = None
    listed_from: date | None = None
    provider_symbol: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _known(self) -> WatchedInstrument:
        import exchange_calendars

        if self.calendar not in exchange_calendars.get_calendar_names():
            raise ValueError(f"calendar {self.calendar!r} is no name of an exchange calendar")
        boards = _column(INSTRUMENTS, "board").allowed
        if self.board not in boards:
            raise ValueError(f"board {self.board!r} is none of {', '.join(boards)}")
        return self


class WatchedApp(BaseModel):
    """An app the user added; the fields are columns of ``apps``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app_id: str = Field(min_length=1)
    store: Literal["app_store", "google_play"] = "app_store"
    app_name: str = Field(min_length=1)
    app_name_zh: str | None = None
    bundle_id: str | None = None
    seller: str | None = None
    company: str | None = None
    company_zh: str | None = None
    ticker: Ticker | None = None
    category: str = "unsorted"
    note: str | None = None


class WatchList(BaseModel):
    """What the user changed.

    Attributes
    ----------
    instruments, apps
        Added entries.
    hidden_instruments
        Tickers that are no longer fetched, bundled or added.
    hidden_apps
        Such apps, as ``store:app_id``.
    providers
        Where the daily bars of a ticker come from; Yahoo where it is not named.
    intraday_minutes
        Length in minutes of the intraday bars of a ticker; none are fetched for the others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruments: tuple[WatchedInstrument, ...] = ()
    apps: tuple[WatchedApp, ...] = ()
    hidden_instruments: tuple[str, ...] = ()
    hidden_apps: tuple[str, ...] = ()
    providers: dict[str, Provider] = {}
    intraday_minutes: dict[str, Minutes] = {}

    @model_validator(mode="after")
    def _once(self) -> WatchList:
        for what, names in (
            ("instruments", [one.ticker for one in self.instruments]),
            ("apps", [app_key(one.store, one.app_id) for one in self.apps]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} stands there more than once")
        return self


def app_key(store: str, app_id: str) -> str:
    """Return the name of an app in ``hidden_apps``."""
    return f"{store}:{app_id}"


def read(user_dir: Path | None) -> WatchList:
    """Return the watch list of a data folder; an empty one where there is no file.

    Raises
    ------
    InputError
        When the file is no TOML in UTF-8 or says something unknown; each fault with its place.
    """
    path = user_dir / FILE if user_dir else None
    if path is None or not path.exists():
        return WatchList()
    try:
        return validated(tomllib.loads(path.read_text(encoding="utf-8")), path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"got {path}, which is no TOML: {error}",
            "a text file in UTF-8 as `artonomics watch add` writes it",
            f"mend that line, or move {path.name} away and add the entries again",
            code="WATCH_FILE",
        ) from error


def validated(document: dict[str, Any], path: Path) -> WatchList:
    """Return the watch list of a parsed file.

    Raises
    ------
    InputError
        With every fault and its place.
    """
    try:
        return WatchList.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(_fault(document, detail) for detail in error.errors())
        raise InputError(
            f"got {path.name} with {faults}",
            "the fields that `artonomics watch add --help` lists",
            f"edit {path}",
            code="WATCH_FILE",
        ) from error


def with_instruments(bundled: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Return the bundled instruments and the user's, with ``watched``, ``provider``, ``edited_at``.

    A bundled row keeps its values. ``provider`` is missing where there is no symbol to ask for.
    """
    watch = read(request.user_dir)
    rows = [one.model_dump(mode="json") for one in watch.instruments]
    own: Any = pd.DataFrame(rows, columns=list(WatchedInstrument.model_fields)).astype("object")
    added = _added(own, request, set(bundled["ticker"]), own["ticker"])
    frame = pd.concat([bundled, added], ignore_index=True)
    symbol = frame["provider_symbol"]
    frame["provider_symbol"] = symbol.where(
        symbol.notna() | frame["edited_at"].isna(), frame["ticker"]
    )
    chosen = [watch.providers.get(ticker, "yahoo") for ticker in frame["ticker"]]
    provider = pd.Series(chosen, index=frame.index, dtype="object")
    return frame.assign(
        watched=(~frame["ticker"].isin(watch.hidden_instruments)).astype("boolean"),
        provider=provider.where(frame["provider_symbol"].notna()),
    )


def with_apps(bundled: pd.DataFrame, request: Request) -> pd.DataFrame:
    """Return the bundled apps and the user's, with ``watched`` and ``edited_at``."""
    watch = read(request.user_dir)
    rows = [one.model_dump(mode="json") for one in watch.apps]
    own: Any = pd.DataFrame(rows, columns=list(WatchedApp.model_fields)).astype("object")
    keys = own["store"] + ":" + own["app_id"]
    known = set(bundled["store"] + ":" + bundled["app_id"])
    frame = pd.concat([bundled, _added(own, request, known, keys)], ignore_index=True)
    named = frame["store"] + ":" + frame["app_id"]
    return frame.assign(watched=(~named.isin(watch.hidden_apps)).astype("boolean"))


def told_when(shaped: pd.DataFrame, payload: pd.DataFrame) -> pd.DataFrame:
    """Return shaped rows with the hour of the edit as ``retrieved_at`` of the user's own rows."""
    edited: Any = pd.to_datetime(payload["edited_at"], utc=True).reset_index(drop=True)
    return shaped.assign(retrieved_at=edited.fillna(shaped["retrieved_at"]))


def _added(own: pd.DataFrame, request: Request, bundled: set[str], keys: pd.Series) -> pd.DataFrame:
    repeated = sorted(set(keys) & bundled)
    if repeated:
        raise InputError(
            f"got {FILE} with {', '.join(repeated)}, which the bundled list has already",
            "only entries of your own",
            f"take them out of {FILE}; `artonomics watch add` un-hides a bundled entry",
            code="WATCH_FILE",
        )
    return own.assign(
        evidence_kind="assumed", source_url=ORIGIN, edited_at=_edited_at(request.user_dir)
    )


def _edited_at(user_dir: Path | None) -> datetime | None:
    path = user_dir / FILE if user_dir else None
    if path is None or not path.exists():
        return None
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)


def _fault(document: dict[str, Any], detail: Any) -> str:
    """Return one fault in words, with the entry it stands in."""
    entry: Any = document
    for step in detail["loc"][:2]:
        try:
            entry = entry[step]
        except (KeyError, IndexError, TypeError):
            break
    named = (entry.get("ticker") or entry.get("app_name")) if isinstance(entry, dict) else None
    place = ".".join(str(step) for step in detail["loc"]) or "the file"
    words = detail["msg"].removeprefix("Value error, ")
    return f"{place}{f' ({named})' if named else ''}: {words}"
