"""The verbs of the watch list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from etl.commandline import Given, Session
from etl.errors import InputError

app = App(name="watch", help="Choose the shares and apps to fetch beside the bundled ones.")
add_app = App(name="add", help="Watch a share or an app.")
remove_app = App(name="remove", help="Stop fetching a share or an app; what was read stays.")
app.command(add_app)
app.command(remove_app)

Store = Literal["app_store", "google_play"]


@add_app.command(name="instrument")
def add_instrument(
    ticker: str,
    /,
    *,
    name: str | None = None,
    company: str | None = None,
    kind: Annotated[Literal["equity", "index", "fund"] | None, Parameter(name="--type")] = None,
    calendar: str | None = None,
    currency: str | None = None,
    symbol: str | None = None,
    benchmark: str | None = None,
    provider: Literal["yahoo", "akshare"] | None = None,
    intraday: Literal[1, 2, 5, 15, 30, 60] | None = None,
    session: Given,
) -> None:
    """Watch a share, an index or a fund, or show a hidden one again.

    Parameters
    ----------
    ticker
        In Yahoo's notation, for example 9626.HK or 300033.SZ.
    name
        Name in English.
    company
        Company behind the share.
    kind
        What it is; a share by default.
    calendar
        Exchange calendar, for example XHKG; follows from the ticker where its ending says so.
    currency
        ISO 4217 code; follows from the ticker where its ending says so.
    symbol
        Symbol at Yahoo; the ticker by default.
    benchmark
        Ticker of the market it is measured against.
    provider
        Where its daily bars come from; Yahoo by default.
    intraday
        Minutes of its intraday bars; none are fetched by default.
    """
    given = {
        "name": name,
        "company": company,
        "instrument_type": kind,
        "calendar": calendar,
        "currency": currency,
        "provider_symbol": symbol,
        "benchmark": benchmark,
    }
    editor = _editor(session)
    _told(session, editor.add_instrument(ticker, given, provider=provider, intraday=intraday))


@add_app.command(name="app")
def add_application(
    *,
    id: str | None = None,
    name: str | None = None,
    store: Store = "app_store",
    bundle: str | None = None,
    seller: str | None = None,
    company: str | None = None,
    ticker: str | None = None,
    category: str | None = None,
    search: str | None = None,
    storefront: str = "US",
    pick: int | None = None,
    session: Given,
) -> None:
    """Watch an app by its store id, or one found by a search.

    Parameters
    ----------
    id
        Track id at Apple, package name at Google Play.
    name
        Name of the app.
    store
        Which store.
    bundle
        Bundle identifier.
    seller
        Seller as the store prints it; a known one links to its company.
    company
        Company behind it; a listed one links to its ticker.
    ticker
        Ticker of that company.
    category
        What kind of app it is.
    search
        Words to search Apple's store for, in place of --id.
    storefront
        Country of the store that is searched.
    pick
        Number of the search result to add; without it several results are listed and none added.
    """
    given = {
        "app_name": name,
        "bundle_id": bundle,
        "seller": seller,
        "company": company,
        "ticker": ticker,
        "category": category,
    }
    if (id is None) == (search is None):
        raise InputError(
            "got both --id and --search" if id else "got neither --id nor --search",
            "one of them",
            "see `artonomics watch add app --help`",
        )
    if search is not None:
        from etl import app_search

        found = app_search.choose(search, storefront, pick)
        if isinstance(found, list):
            return _several(session, found)
        id, store = found.app_id, "app_store"
        given = found.columns() | {key: value for key, value in given.items() if value is not None}
    return _told(session, _editor(session).add_app(str(id), store, given))


@remove_app.command(name="instrument")
def remove_instrument(ticker: str, /, *, session: Given) -> None:
    """Stop fetching a share, an index or a fund.

    Parameters
    ----------
    ticker
        In Yahoo's notation.
    """
    _editor(session).remove_instrument(ticker)
    _told(session, {"ticker": ticker, "watched": False})


@remove_app.command(name="app")
def remove_application(id: str, /, *, store: Store = "app_store", session: Given) -> None:
    """Stop fetching an app.

    Parameters
    ----------
    id
        Its id in the store, as `artonomics watch list` shows it.
    store
        Which store.
    """
    _editor(session).remove_app(id, store)
    _told(session, {"app_id": id, "store": store, "watched": False})


@app.command(name="list")
def list_all(*, session: Given) -> None:
    """List the shares and apps, bundled and added, and whether they are fetched."""
    from etl import console

    document = _editor(session).listed()

    def tables() -> None:
        for rows in document.values():
            console.print_rows(rows)

    session.show(document, tables)


def _editor(session: Session) -> Any:
    from etl.watchlist import Editor

    return Editor(session.settings())


def _several(session: Session, found: list[Any]) -> None:
    from dataclasses import asdict

    from etl import console

    rows = [{"pick": number} | asdict(one) for number, one in enumerate(found, start=1)]
    session.show(rows, lambda: console.print_rows(rows))
    console.note("several apps were found and none was added: repeat with --pick N")


def _told(session: Session, row: Mapping[str, Any]) -> None:
    from etl import console

    document = console.plain(row)
    shown = {name: value for name, value in document.items() if value is not None}
    session.show(document, lambda: console.print_rows([shown]))
