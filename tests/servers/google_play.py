"""A stand-in for Google Play: a page of an app with its data in scripts, as the package reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from servers.web import Page, Web, serving

HOST = "play.google.com"
CONSENT = (
    "<!doctype html><html><head><title>Before you continue to Google</title></head><body>"
    "<script>AF_initDataCallback({key: 'ds:0', hash: '1', data:[[1]], sideChannel: {}});</script>"
    "</body></html>"
)


@dataclass(frozen=True)
class App:
    """An app as Google Play knows it; ``not_in`` names storefronts without it."""

    package: str
    name: str = "Some App"
    installs: tuple[str, int, int] | None = ("1,000,000+", 1_000_000, 1_234_567)
    score: float | None = 4.4
    ratings: int | None = 5678
    version: str | None = "7.8.9"
    price_micros: int | None = 0
    updated: int | None = 1_795_000_000
    released: str | None = "Mar 5, 2019"
    not_in: tuple[str, ...] = ()


@dataclass
class GooglePlay:
    """The store's memory; ``layout`` moves all data to another script, as after a redesign."""

    apps: list[App] = field(default_factory=list)
    layout: str = "ds:5"
    consent_in: tuple[str, ...] = ()
    web: Web = field(init=False)

    def __post_init__(self) -> None:
        self.web = Web(self._answer, with_etags=False)

    def configuration(self, **changes: Any) -> dict[str, Any]:
        """Return a collection that asks this stand-in, without a pause between requests."""
        host = {"requests_per_minute": 6000, "address": self.web.address(HOST)}
        return {"hosts": {HOST: host}, **changes}

    def _answer(self, host: str, path: str, query: dict[str, str]) -> Page | None:
        country = query.get("gl", "").upper()
        found = [a for a in self.apps if a.package == query.get("id") and country not in a.not_in]
        if host != HOST or path != "/store/apps/details" or not found:
            return None
        if country in self.consent_in:
            return Page(CONSENT, "text/html; charset=utf-8")
        return Page(_page(found[0], self.layout), "text/html; charset=utf-8")


@contextmanager
def google_play_server() -> Iterator[GooglePlay]:
    """Run the stand-in on a free port until the block ends."""
    play = GooglePlay()
    with serving(play.web):
        yield play


def _page(app: App, layout: str) -> str:
    told: dict[int, Any] = {
        0: [app.name],
        9: ["Everyone"],
        10: [app.released],
        13: list(app.installs) if app.installs else None,
        51: [
            [None, app.score],
            [None, *([None, stars] for stars in (1, 2, 3, 4, 5))],
            [None, app.ratings],
            [None, 99],
        ]
        if app.score is not None
        else None,
        57: [[[[[None, [[app.price_micros, "USD"]]]]]]] if app.price_micros is not None else None,
        68: ["Seller Ltd."],
        79: [[["Photography", None, "PHOTOGRAPHY"]]],
        140: [[[app.version]]],
        145: [["Nov 20, 2026", [app.updated]]] if app.updated else None,
    }
    fields = [told.get(number) for number in range(160)]
    scripts = {"ds:4": [[None]], layout: [None, [None, None, fields]], "ds:8": [[]]}
    callbacks = "".join(
        f"<script class=\"ds:x\" nonce=\"n\">AF_initDataCallback({{key: '{key}', hash: '{n}', "
        f"data:{json.dumps(data)}, sideChannel: {{}}}});</script>"
        for n, (key, data) in enumerate(scripts.items())
    )
    head = f"<!doctype html><html><head><title>{app.name}</title></head>"
    return f"{head}<body>{callbacks}</body></html>"
