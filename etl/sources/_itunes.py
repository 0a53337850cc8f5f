"""Apple's look-up and search of apps: by track id, by bundle identifier, by words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pandas as pd

from etl.collection import ITUNES, Collection
from etl.errors import InputError, SourceError
from etl.sources import Raw, Request
from etl.sources._app_stores import Failures, Followed, client_of, followed_apps
from etl.sources._http import Answer, HttpClient, json_of
from etl.sources._http_errors import missing_field

BASE = f"https://{ITUNES}"
PUBLISHER = "Apple, iTunes Search API"
LICENCE = (
    "Apple's terms of the iTunes Search API: promotional content, only to promote the store. The "
    "facts are for your own use"
)
EXPECTED = "resultCount and results, each app with trackId, bundleId, userRatingCount, version"
_JSON = "application/json"
_REQUIRED = ("trackId", "trackName", "bundleId", "version", "userRatingCount")


@dataclass(frozen=True)
class Listing:
    """An app as Apple describes it in one storefront, under Apple's own field names."""

    storefront: str
    app: dict[str, Any]


@dataclass
class Shelf:
    """Apps looked up so far: listings, and track ids by the followed app's own id."""

    listings: list[Listing] = field(default_factory=list)
    track_ids: dict[str, str] = field(default_factory=dict)
    failures: Failures = field(default_factory=Failures)


def search(
    term: str, storefront: str, *, client: HttpClient | None = None, limit: int = 25
) -> list[dict[str, Any]]:
    """Return apps found by words, best first, under Apple's own field names.

    Parameters
    ----------
    term
        Words to look for.
    storefront
        Country of the store, ISO 3166-1 alpha-2.
    client
        How Apple is asked; by default with the default manners.
    limit
        Most results, 1 to 200.

    Raises
    ------
    InputError
        When there are no words, or the storefront is no country code.
    SourceError
        When Apple does not answer, or its fields have changed.
    """
    country = storefront.strip().lower()
    if not term.strip() or not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InputError(
            f"got the search {term!r} in the storefront {storefront!r}",
            "some words, and two letters such as JP",
            "name both",
        )
    asked = {"term": term, "country": country, "entity": "software", "limit": limit}
    url = f"{BASE}/search?{urlencode(asked)}"
    if client is not None:
        return client.get(url, _results, _JSON)
    with HttpClient(Collection()) as own:
        return own.get(url, _results, _JSON)


def lookup(
    client: HttpClient, ids: Sequence[str], storefront: str, *, by: str = "id"
) -> list[dict[str, Any]]:
    """Return the apps of ``ids`` that the storefront sells, under Apple's own field names.

    Parameters
    ----------
    client
        How Apple is asked.
    ids
        Track ids, at most 200; or one bundle identifier with ``by="bundleId"``.
    storefront
        Country code in upper case.
    """
    asked = {by: ",".join(ids), "country": storefront.lower(), "entity": "software"}
    return client.get(f"{BASE}/lookup?{urlencode(asked, safe=',')}", _results, _JSON)


def results_of(document: Any) -> list[dict[str, Any]]:
    """Return the apps in an answer; pure.

    Raises
    ------
    SourceError
        When the answer has no results, or not one of them has a field that all must have.
    """
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise missing_field("a look-up", "results", EXPECTED)
    software = [one for one in results if one.get("kind", "software") == "software"]
    for name in _REQUIRED:
        # One app may lack a field and is judged by the checks; if all do, it has another name.
        if software and not any(name in one for one in software):
            raise missing_field("a look-up", f"results[].{name}", EXPECTED)
    return software


def collect(request: Request, given: HttpClient | None) -> Raw:
    """Look up every followed app of Apple's store in every storefront.

    An app that a storefront does not sell has no listing there; one that none sells is told.

    Raises
    ------
    SourceError
        When not one app could be looked up.
    """
    followed = followed_apps(request, "app_store")
    if not followed and not request.offline:
        return Raw((), "live", request.now, may_be_empty=True)
    shelf = Shelf()
    with client_of(request, given) as client:
        _resolve(client, followed, shelf)
        for storefront in client.collection.storefronts:
            for batch in batches(sorted(set(shelf.track_ids.values())), client):
                _look_up(client, batch, storefront, shelf)
    _tell_missing(followed, shelf)
    if not shelf.listings:
        raise SourceError(
            f"got none of {len(followed)} apps from {ITUNES} "
            f"({'; '.join(shelf.failures.told()[:2]) or 'no app is followed'})",
            "at least one app in one storefront",
            "check the connection with `artonomics doctor`, and the watch list",
        )
    return Raw(tuple(shelf.listings), "live", request.now, shelf.failures.told())


def batches(ids: Sequence[str], client: HttpClient) -> Iterator[Sequence[str]]:
    """Yield ids in pieces of the configured size."""
    size = client.collection.lookup_batch
    return (ids[begin : begin + size] for begin in range(0, len(ids), size))


def frame_of(payload: Sequence[Listing]) -> pd.DataFrame:
    """Return one row a listing with Apple's fields in our names; missing stays missing; pure.

    An app without ratings has an average of 0 at Apple, which is none: it is missing here.
    """
    columns = list(_row(Listing("", {})))
    return pd.DataFrame([_row(listing) for listing in payload], columns=columns)


def _results(answer: Answer) -> list[dict[str, Any]]:
    return results_of(json_of(answer))


def _row(listing: Listing) -> dict[str, Any]:
    app = listing.app
    count, average = app.get("userRatingCount"), app.get("averageUserRating")
    track_id = app.get("trackId")
    return {
        "store": "app_store",
        "app_id": None if track_id is None else str(track_id),
        "storefront": listing.storefront,
        "app_name": app.get("trackName"),
        "bundle_id": app.get("bundleId"),
        "seller": app.get("sellerName") or app.get("artistName"),
        "genre": app.get("primaryGenreName"),
        "genres": ", ".join(app.get("genres") or []) or None,
        "version": app.get("version"),
        "version_released_at": app.get("currentVersionReleaseDate"),
        "rating_average": None if count == 0 else average,
        "rating_count": count,
        "price": app.get("formattedPrice"),
        "price_amount": app.get("price"),
        "currency": app.get("currency"),
        "app_released_at": app.get("releaseDate"),
        "release_notes": app.get("releaseNotes"),
        "minimum_os_version": app.get("minimumOsVersion"),
        "source_url": app.get("trackViewUrl") or f"{BASE}/lookup?id={track_id}",
    }


def _resolve(client: HttpClient, followed: Sequence[Followed], shelf: Shelf) -> None:
    """Find the track id of apps that are known by their bundle identifier only."""
    for one in followed:
        if one.app_id.isdigit():
            shelf.track_ids[one.app_id] = one.app_id
            continue
        for storefront in client.collection.storefronts:
            try:
                found = lookup(client, [one.app_id], storefront, by="bundleId")
            except SourceError as error:
                shelf.failures.add(one.app_id, error)
                break
            if found and "trackId" in found[0]:
                shelf.track_ids[one.app_id] = str(found[0]["trackId"])
                break


def _look_up(client: HttpClient, batch: Sequence[str], storefront: str, shelf: Shelf) -> None:
    try:
        found = lookup(client, batch, storefront)
    except SourceError as error:
        shelf.failures.add(f"look-up in {storefront}", error)
        return
    shelf.listings.extend(Listing(storefront, app) for app in found)


def _tell_missing(followed: Sequence[Followed], shelf: Shelf) -> None:
    if shelf.failures.by_reason:
        return  # an app may only seem to be missing
    seen = {str(listing.app.get("trackId")) for listing in shelf.listings}
    for one in followed:
        if shelf.track_ids.get(one.app_id) not in seen:
            shelf.failures.add(one.app_id, "sold in none of the storefronts")
