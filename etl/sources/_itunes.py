"""Apple's look-up and search: apps by track id or bundle identifier, in one storefront."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import requests

from etl.config import Collection
from etl.errors import InputError
from etl.sources import Raw, Request
from etl.sources._http import Answer, Polite
from etl.sources._stores import Asked, answered, begin, each, followed, keep, need

BASE = "https://itunes.apple.com"
BATCH = 100
"""Ids in one look-up; Apple takes about 200."""
LICENCE = (
    "Apple's terms for its Search API and feeds: store content may be shown to promote the "
    "content itself; the tables hold single facts in our own layout."
)


@dataclass(frozen=True)
class LookUp:
    """The apps of one answer with their storefront."""

    storefront: str
    answer: Answer
    results: tuple[Mapping[str, Any], ...]


def look_up(polite: Polite, ids: Sequence[str], storefront: str) -> Iterator[LookUp]:
    """Yield look-ups of apps, :data:`BATCH` at a time; an id Apple does not know has no result.

    Parameters
    ----------
    polite
        How Apple is asked.
    ids
        Track ids (digits) or bundle identifiers.
    storefront
        Country of the store, ISO 3166-1 alpha-2.
    """
    for name, some in (
        ("id", [one for one in ids if one.isdigit()]),
        ("bundleId", [one for one in ids if not one.isdigit()]),
    ):
        for begin_at in range(0, len(some), BATCH):
            wanted = ",".join(some[begin_at : begin_at + BATCH])
            query = urlencode({name: wanted, "country": storefront.lower(), "entity": "software"})
            yield _results(polite.get(f"{BASE}/lookup?{query}"), storefront)


def search(
    term: str, storefront: str, *, limit: int = 20, polite: Polite | None = None
) -> list[Mapping[str, Any]]:
    """Return apps that Apple finds for some words, best first, under Apple's own field names.

    Parameters
    ----------
    term
        Words to look for.
    storefront
        Country of the store, ISO 3166-1 alpha-2.
    limit
        How many at most; Apple gives up to 200.
    polite
        How Apple is asked.

    Raises
    ------
    InputError
        When there are no words.
    SourceError
        When Apple does not answer, or answers something else.
    """
    if not term.strip():
        raise InputError("got no words to search for", "a part of the app's name", "name it")
    ask = polite or Polite(Collection().seconds_between_requests, budget=5)
    query = {"term": term, "country": storefront.lower(), "entity": "software", "limit": limit}
    return list(_results(ask.get(f"{BASE}/search?{urlencode(query)}"), storefront).results)


def fetch_followed(
    request: Request, name: str, session: requests.Session | None, sleep: Any
) -> Raw:
    """Look up every followed app in every storefront; the payload holds :class:`LookUp`."""
    asked = begin(request, name, session, sleep)
    ids = followed(request, "app_store")
    found: list[LookUp] = []
    failures: list[str] = []

    def ask(storefront: str) -> None:
        for one in look_up(asked.polite, ids, storefront):
            keep(request, name, f"{storefront}-{len(found)}.json", one.answer)
            found.append(one)

    each(asked.wanted.storefronts, ask, failures)
    failures += _not_sold_anywhere(asked, found, ids)
    return answered(found, request, failures, "look-up from itunes.apple.com")


def frame_of(look_ups: Iterable[LookUp]) -> pd.DataFrame:
    """Return one row for each app and storefront, under our names; pure.

    Raises
    ------
    SourceError
        When a result lacks what every app has.
    """
    rows = [_row(one, result) for one in look_ups for result in one.results]
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    return frame.drop_duplicates(["app_id", "storefront"], ignore_index=True)


_COLUMNS = [
    "app_id", "storefront", "app_name", "bundle_id", "seller", "genre", "genres", "version",
    "version_released_at", "rating_average", "rating_count", "price", "price_amount", "currency",
    "app_released_at", "release_notes", "source_url",
]  # fmt: skip


def _row(one: LookUp, result: Mapping[str, Any]) -> dict[str, Any]:
    genres = result.get("genres") or []
    return {
        "app_id": str(need(one.answer, result, "trackId")),
        "storefront": one.storefront,
        "app_name": need(one.answer, result, "trackName"),
        "bundle_id": result.get("bundleId"),
        "seller": result.get("sellerName"),
        "genre": result.get("primaryGenreName"),
        "genres": ",".join(genres) or None,
        "version": result.get("version"),
        "version_released_at": result.get("currentVersionReleaseDate"),
        "rating_average": result.get("averageUserRating"),
        "rating_count": need(one.answer, result, "userRatingCount"),
        "price": result.get("formattedPrice"),
        "price_amount": result.get("price"),
        "currency": result.get("currency"),
        "app_released_at": result.get("releaseDate"),
        "release_notes": result.get("releaseNotes"),
        "source_url": result.get("trackViewUrl") or one.answer.url,
    }


def _results(answer: Answer, storefront: str) -> LookUp:
    document = answer.json()
    results = need(answer, document, "results")
    count = need(answer, document, "resultCount")
    if not isinstance(results, list) or count != len(results):
        raise answer.unlike("as many results as resultCount says", f"{count} and another number")
    apps = tuple(one for one in results if one.get("kind", "software") == "software")
    return LookUp(storefront, answer, apps)


def _not_sold_anywhere(asked: Asked, found: Sequence[LookUp], ids: Sequence[str]) -> list[str]:
    """Say which followed apps no storefront that answered knows."""
    if len({one.storefront for one in found}) < len(asked.wanted.storefronts):
        return []  # a storefront is missing: nothing can be said
    known = {
        str(result.get(key))
        for one in found
        for result in one.results
        for key in ("trackId", "bundleId")
    }
    absent = [one for one in ids if one not in known]
    return [f"no storefront sells {', '.join(absent)}"] if absent else []
