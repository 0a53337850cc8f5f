"""A stand-in for Apple: both chart feeds, look-up and search in their real formats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from servers.web import Page, Web, serving

ITUNES = "itunes.apple.com"
TOOLS = "rss.marketingtools.apple.com"
TOOLS_BEFORE = "rss.applemarketingtools.com"
HOSTS = (ITUNES, TOOLS, TOOLS_BEFORE)
_LEGACY = re.compile(
    r"/(?P<cc>\w\w)/rss/top(?P<kind>\w+)applications/limit=(?P<limit>\d+)"
    r"(/genre=(?P<genre>\d+))?/json"
)
_TOOLS = re.compile(r"/api/v2/(?P<cc>\w\w)/apps/top-(?P<kind>\w+)/(?P<limit>\d+)/apps\.json")


@dataclass(frozen=True)
class App:
    """An app as Apple knows it; ``sold_in`` names its storefronts, empty is everywhere."""

    track_id: str
    bundle_id: str
    name: str
    version: str = "1.2.3"
    rating_count: int = 1234
    rating_average: float = 4.5
    sold_in: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass
class Apple:
    """The store's memory.

    Attributes
    ----------
    updated_at
        When the feeds say that they were made.
    charts
        Apps in order by (storefront, kind, genre or "overall"), or by ("*", kind, …) for all.
    apps
        All apps that can be looked up.
    bare_single
        Whether a chart of one app is written as one object, as the older feed does.
    rename
        Fields of the feeds under other names, as after a change of format.
    without_bundle_ids
        Whether the older feed leaves out the bundle identifiers.
    """

    updated_at: datetime
    charts: dict[tuple[str, str, str], list[App]] = field(default_factory=dict)
    apps: list[App] = field(default_factory=list)
    bare_single: bool = True
    rename: dict[str, str] = field(default_factory=dict)
    without_bundle_ids: bool = False
    web: Web = field(init=False)

    def __post_init__(self) -> None:
        self.web = Web(self._answer)

    def configuration(self, **changes: Any) -> dict[str, Any]:
        """Return a collection that asks this stand-in, without a pause between requests."""
        hosts = {
            host: {"requests_per_minute": 6000, "address": self.web.address(host)} for host in HOSTS
        }
        return {"hosts": hosts, **changes}

    def _answer(self, host: str, path: str, query: dict[str, str]) -> Page | None:
        if host == ITUNES and path == "/lookup":
            return self._lookup(query)
        if host == ITUNES and path == "/search":
            term = query["term"].casefold()
            return _results([a for a in self.apps if term in a.name.casefold()], query["country"])
        pattern, write = (_LEGACY, self._legacy) if host == ITUNES else (_TOOLS, self._tools)
        found = pattern.fullmatch(path)
        if found is None:
            return None
        listed = self._chart(found["cc"].upper(), found["kind"], found.groupdict().get("genre"))
        document = json.dumps(write(found["cc"], listed[: int(found["limit"])]))
        for ours, theirs in self.rename.items():
            document = document.replace(f'"{ours}"', f'"{theirs}"')
        kind = "text/javascript; charset=utf-8" if host == ITUNES else "application/json"
        return Page(document, kind)

    def _chart(self, storefront: str, kind: str, genre: str | None) -> list[App]:
        category = genre or "overall"
        everywhere = self.charts.get(("*", kind, category), [])
        return self.charts.get((storefront, kind, category), everywhere)

    def _lookup(self, query: dict[str, str]) -> Page:
        if "bundleId" in query:
            found = [app for app in self.apps if app.bundle_id == query["bundleId"]]
        else:
            wanted = query["id"].split(",")
            found = [app for app in self.apps if app.track_id in wanted]
        return _results(found, query["country"])

    def _legacy(self, country: str, apps: list[App]) -> dict[str, Any]:
        entries = [self._entry(country, app) for app in apps]
        local = self.updated_at.astimezone(ZoneInfo("America/Los_Angeles"))
        feed: dict[str, Any] = {
            "author": {
                "name": {"label": "iTunes Store"},
                "uri": {"label": "http://www.apple.com/uk/itunes/"},
            },
            "entry": entries,
            "updated": {"label": local.isoformat(timespec="seconds")},
            "rights": {"label": "Copyright 2008 Apple Inc."},
            "title": {"label": "iTunes Store: Top Free Applications"},
            "icon": {"label": "http://itunes.apple.com/favicon.ico"},
            "link": [{"attributes": {"rel": "self", "href": f"https://mzstoreservices/{country}"}}],
            "id": {"label": f"https://mzstoreservices/{country}"},
        }
        if not entries:
            del feed["entry"]
        elif len(entries) == 1 and self.bare_single:
            feed["entry"] = entries[0]
        return {"feed": feed}

    def _entry(self, country: str, app: App) -> dict[str, Any]:
        page = f"https://apps.apple.com/{country}/app/id{app.track_id}?uo=2"
        told = {"im:id": app.track_id, "im:bundleId": app.bundle_id}
        if self.without_bundle_ids:
            del told["im:bundleId"]
        return {
            "im:name": {"label": app.name},
            "im:image": [{"label": "https://is1-ssl/53x53bb.png", "attributes": {"height": "53"}}],
            "summary": {"label": "…"},
            "im:price": {"label": "Get", "attributes": {"amount": "0", "currency": "JPY"}},
            "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
            "rights": {"label": f"© {app.name}"},
            "title": {"label": f"{app.name} - Seller"},
            "link": {"attributes": {"rel": "alternate", "type": "text/html", "href": page}},
            "id": {"label": page, "attributes": told},
            "im:artist": {"label": "Seller", "attributes": {"href": "https://apps.apple.com/dev"}},
            "category": {"attributes": {"im:id": "6008", "label": "Photo & Video"}},
            "im:releaseDate": {
                "label": "2020-01-01T00:00:00-07:00",
                "attributes": {"label": "1 January 2020"},
            },
        }

    def _tools(self, country: str, apps: list[App]) -> dict[str, Any]:
        return {
            "feed": {
                "title": "Top Free Apps",
                "id": f"https://rss.marketingtools.apple.com/api/v2/{country}/apps.json",
                "author": {"name": "Apple", "url": "https://www.apple.com/"},
                "links": [{"self": "https://rss.marketingtools.apple.com/api/v2/apps.json"}],
                "copyright": "Copyright © 2026 Apple Inc. All rights reserved.",
                "country": country,
                "icon": "https://www.apple.com/favicon.ico",
                "updated": format_datetime(self.updated_at),
                "results": [
                    {
                        "artistName": "Seller",
                        "id": app.track_id,
                        "name": app.name,
                        "releaseDate": "2020-01-01",
                        "kind": "apps",
                        "artworkUrl100": "https://is1-ssl/100x100bb.png",
                        "genres": [],
                        "url": f"https://apps.apple.com/{country}/app/id{app.track_id}",
                    }
                    for app in apps
                ],
            }
        }


@contextmanager
def apple_server(updated_at: datetime) -> Iterator[Apple]:
    """Run the stand-in on a free port until the block ends."""
    apple = Apple(updated_at)
    with serving(apple.web):
        yield apple


def some_apps(number: int, first: int = 100) -> list[App]:
    """Return made-up apps with consecutive track ids."""
    ids = range(first, first + number)
    return [App(str(n), f"com.example.app{n}", f"App {n}") for n in ids]


def _results(apps: list[App], country: str) -> Page:
    sold = [a for a in apps if not a.sold_in or country.upper() in a.sold_in]
    results = [_result(app, country) for app in sold]
    document = {"resultCount": len(results), "results": results}
    return Page("\n\n\n" + json.dumps(document, indent=0) + "\n\n\n")


def _result(app: App, country: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "wrapperType": "software",
        "kind": "software",
        "artistName": "Seller Inc.",
        "sellerName": "Seller Inc.",
        "trackId": int(app.track_id),
        "trackName": app.name,
        "bundleId": app.bundle_id,
        "version": app.version,
        "primaryGenreName": "Photo & Video",
        "genres": ["Photo & Video", "Graphics & Design"],
        "genreIds": ["6008", "6027"],
        "price": 0.0,
        "formattedPrice": "Free",
        "currency": "JPY" if country == "jp" else "USD",
        "averageUserRating": app.rating_average,
        "averageUserRatingForCurrentVersion": app.rating_average,
        "userRatingCount": app.rating_count,
        "userRatingCountForCurrentVersion": app.rating_count,
        "releaseDate": "2019-04-01T07:00:00Z",
        "currentVersionReleaseDate": "2026-11-20T08:09:10Z",
        "releaseNotes": f"What is new in {app.version}",
        "minimumOsVersion": "15.0",
        "fileSizeBytes": "123456789",
        "trackViewUrl": f"https://apps.apple.com/{country}/app/id{app.track_id}?uo=4",
    }
    for ours, theirs in app.renamed:
        result[theirs] = result.pop(ours)
    return result
