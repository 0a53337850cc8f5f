"""Google Play's app pages, read by the package google-play-scraper from answers of our own.

The package's own requests are not used: importing it switches certificate checks off for the
whole process, which is undone here, and it neither paces nor conditions what it asks.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import requests

from etl.sources import Raw, Request
from etl.sources._http import Answer
from etl.sources._stores import answered, begin, each, followed, keep

PAGE = "https://play.google.com/store/apps/details"
LICENCE = (
    "Google Play's terms forbid automated access without permission: for your own look at single "
    "public pages, a few a day; nothing of it may be passed on."
)
BRACKETS = tuple(
    sorted({n * 10**k for k in range(11) for n in (1, 5) if n * 10**k <= 10_000_000_000})
)
"""Lower ends of the brackets that the store prints."""


@dataclass(frozen=True)
class AppPage:
    """One app's page in one country, as the package reads it."""

    storefront: str
    answer: Answer
    told: Mapping[str, Any]


def fetch_pages(
    request: Request,
    name: str,
    session: requests.Session | None,
    sleep: Any,
    storefronts: tuple[str, ...] = (),
) -> Raw:
    """Read the page of every followed app; the payload holds :class:`AppPage`.

    Parameters
    ----------
    request
        A live run.
    name
        The source that asks.
    session, sleep
        How the network is reached and how time is waited.
    storefronts
        Countries; those of the configuration by default.
    """
    asked = begin(request, name, session, sleep)
    ids = sorted({*followed(request, "google_play"), *asked.wanted.google_play_apps})
    pages: list[AppPage] = []
    failures: list[str] = []

    def ask(one: tuple[str, str]) -> None:
        app_id, storefront = one
        query = urlencode({"id": app_id, "hl": "en", "gl": storefront.lower()})
        answer = asked.polite.get(f"{PAGE}?{query}")
        page = AppPage(storefront, answer, _read(answer, app_id))
        keep(request, name, f"{storefront}-{app_id}.html", answer)
        pages.append(page)

    wanted = storefronts or asked.wanted.storefronts
    # Google Play is not in mainland China.
    each([(i, s) for s in wanted if s != "CN" for i in ids], ask, failures)
    return answered(pages, request, failures, "app page from play.google.com")


def frame_of(pages: tuple[AppPage, ...]) -> pd.DataFrame:
    """Return one row for each app and country, under our names; pure."""
    return pd.DataFrame([_row(page) for page in pages])


def upper_end(installs_low: int) -> int | None:
    """Return the next bracket's lower end; ``None`` beyond the brackets we know."""
    return next((bracket for bracket in BRACKETS if bracket > installs_low), None)


def _row(page: AppPage) -> dict[str, Any]:
    told = page.told
    updated = told.get("updated")
    return {
        "app_id": told["appId"],
        "storefront": page.storefront,
        "app_name": told["title"],
        "bundle_id": told["appId"],
        "seller": told.get("developer"),
        "genre": told.get("genre"),
        "genres": told.get("genre"),
        "version": told.get("version"),
        "version_released_at": pd.Timestamp(updated, unit="s", tz="UTC") if updated else None,
        "rating_average": told.get("score"),
        "rating_count": told.get("ratings"),
        "price_amount": told.get("price"),
        "currency": told.get("currency"),
        "installs_printed": told.get("installs"),
        "installs_low": told.get("minInstalls"),
        "installs_in_page": told.get("realInstalls"),
        "source_url": page.answer.url,
    }


def _read(answer: Answer, app_id: str) -> Mapping[str, Any]:
    told = _parser()(dom=answer.text(), app_id=app_id, url=answer.url)
    # The package answers with empty fields where the page has another form or is a login page.
    missing = [name for name in ("title", "installs", "minInstalls") if told.get(name) is None]
    if missing:
        raise answer.unlike(
            "an app's page as google-play-scraper reads it", f"a page without {', '.join(missing)}"
        )
    return told


def _parser() -> Any:
    checked = ssl._create_default_https_context
    try:
        from google_play_scraper.features.app import parse_dom
    finally:
        ssl._create_default_https_context = checked
    return parse_dom
