"""Pages of apps at Google Play, read with the package google-play-scraper.

The package is used for reading only: its own requests know neither pace nor patience, and merely
importing it turns off the check of certificates for the whole process, which is undone here.
"""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import pandas as pd

from etl.collection import GOOGLE_PLAY
from etl.errors import SourceError
from etl.sources import Raw, Request
from etl.sources._app_stores import Failures, client_of, followed_apps
from etl.sources._http import Answer, HttpClient
from etl.sources._http_errors import FORMAT, NOT_FOUND, missing_field

PUBLISHER = "Google Play, through the package google-play-scraper"
LICENCE = (
    "Google Play Terms of Service, which grant no automated reading; MIT for google-play-scraper. "
    "The facts are for your own use"
)
LIMITS = (
    "Pages in English of the followed apps; no charts: the package cannot read them, and Google "
    "publishes no feed. Not for China, where there is no Google Play. The present state only."
)
_PATH = "/store/apps/details"
_SHAPE = "a page of an app with its data in the script ds:5"


@dataclass(frozen=True)
class Page:
    """A page of an app in one storefront: what the package reads in it, in its own names."""

    storefront: str
    address: str
    app: dict[str, Any]


def collect(request: Request, given: HttpClient | None) -> Raw:
    """Read the page of every followed app in every storefront.

    An app that a storefront does not have has no page there; one that none has is told.

    Raises
    ------
    SourceError
        When not one page could be read.
    """
    failures, pages = Failures(), []
    followed = followed_apps(request, "google_play")
    if not followed and not request.offline:
        return Raw((), "live", request.now, may_be_empty=True)
    with client_of(request, given) as client:
        storefronts = client.collection.google_play_storefronts
        for one in followed:
            found = [_page(client, one.app_id, name, failures) for name in storefronts]
            pages.extend(page for page in found if page)
            if not any(found) and not failures.by_reason:
                failures.add(one.app_id, "in none of the storefronts of Google Play")
    if not pages:
        raise SourceError(
            f"got none of {len(followed)} apps from {GOOGLE_PLAY} "
            f"({'; '.join(failures.told()[:2]) or 'no app or no storefront is named'})",
            "at least one page of an app",
            "see `artonomics doctor`, and google_play_apps in collection.toml",
        )
    return Raw(tuple(pages), "live", request.now, failures.told())


def read(answer: Answer, app_id: str) -> dict[str, Any]:
    """Return what a page says, in the names of the package; pure.

    Raises
    ------
    SourceError
        When it is another page (a consent, a login), or has no title where it was.
    """
    text = answer.body.decode("utf-8", "replace")
    here = urlsplit(answer.url).path.endswith(_PATH)
    if not here or "AF_initDataCallback" not in text:
        raise SourceError(
            f"got another page in place of {app_id} ({answer.url[:120]})",
            _SHAPE,
            "open the address in a browser: Google may ask for a consent or a proof of being human",
            code=FORMAT,
        )
    try:
        app = _parser()(dom=text, app_id=app_id, url=answer.url)
    except ValueError as error:
        raise SourceError(
            f"got a page of {app_id} whose data cannot be read: {error}",
            _SHAPE,
            "try again later; if it stays so, update the package google-play-scraper",
            code=FORMAT,
        ) from error
    # The package answers an unknown layout with missing values, never with an error.
    if not app["title"]:
        raise missing_field(f"a page of {app_id}", "title (ds:5, 1.2.0.0)", _SHAPE)
    return app


def frame_of(payload: Sequence[Page]) -> pd.DataFrame:
    """Return one row a page in our names; missing stays missing; pure."""
    rows = [_row(page) for page in payload]
    return pd.DataFrame(rows, columns=list(_row(Page("", "", defaultdict(lambda: None)))))


def next_bracket(low: int) -> int | None:
    """Return the last count before Google's next bracket (1, 5, 10, 50, 100 …).

    ``None`` where ``low`` is no step of that ladder.
    """
    digits = str(low)
    if low < 1 or digits[0] not in "15" or digits[1:].strip("0"):
        return low if low == 0 else None
    return low * (5 if digits[0] == "1" else 2) - 1


def _row(page: Page) -> dict[str, Any]:
    app = page.app
    updated, low = app["updated"], app["minInstalls"]
    return {
        "store": "google_play",
        "app_id": app["appId"],
        "storefront": page.storefront,
        "app_name": app["title"],
        "bundle_id": app["appId"],
        "seller": app["developer"],
        "genre": app["genre"],
        "genres": ", ".join(c["name"] for c in app["categories"] or () if c["name"]) or None,
        "version": app["version"],
        "version_released_at": None if updated is None else datetime.fromtimestamp(updated, UTC),
        "rating_average": app["score"],
        "rating_count": app["ratings"],
        "price": _price(app),
        "price_amount": app["price"],
        "currency": app["currency"],
        "app_released_at": None,  # the page prints a day, and a day is no instant
        "app_released_on": _day(app["released"]),
        "release_notes": None,  # the package does not read them
        "minimum_os_version": None,
        "installs_printed": app["installs"],
        "installs_low": low,
        "installs_high": None if low is None else next_bracket(low),
        "installs_counted": app["realInstalls"],
        "source_url": page.address,
    }


def _page(client: HttpClient, app_id: str, storefront: str, failures: Failures) -> Page | None:
    asked = urlencode({"id": app_id, "hl": "en", "gl": storefront.lower()})
    address = f"https://{GOOGLE_PLAY}{_PATH}?{asked}"
    try:
        app = client.get(address, lambda answer: read(answer, app_id), "text/html")
        return Page(storefront, address, app)
    except SourceError as error:
        if error.code != NOT_FOUND:  # not there is an answer
            failures.add(f"{app_id} in {storefront}", error)
        return None


def _price(app: dict[str, Any]) -> str | None:
    if app["price"] is None:
        return None
    return "Free" if app["free"] else f"{app['price']:g} {app['currency'] or ''}".strip()


def _day(printed: str | None) -> str | None:
    """Return a day as ISO text; a notation that is not English stays missing."""
    try:
        return datetime.strptime(printed or "", "%b %d, %Y").date().isoformat()  # noqa: DTZ007
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _parser() -> Callable[..., dict[str, Any]]:
    checked = ssl._create_default_https_context
    try:
        from google_play_scraper.features.app import parse_dom
    finally:
        ssl._create_default_https_context = checked
    return parse_dom
