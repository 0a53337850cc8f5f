"""Stand-ins for Apple's feeds and look-up and for Google Play's pages, in their real formats.

One local server plays all hosts: a :class:`LocalSession` sends ``https://itunes.apple.com/x`` to
``http://127.0.0.1:PORT/itunes.apple.com/x``. Faults are switched on by a part of the path.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

UPDATED = "2026-11-22T09:12:33-07:00"
NEWER_UPDATED = "Sun, 22 Nov 2026 16:12:33 +0000"
GENRES = {"": "overall", "6008": "photo", "6027": "graphics", "6016": "entertainment"}
APPS = {
    "1436732536": ("com.prisma-ai.lensa-app", "Lensa AI", 31_000),
    "1470373330": ("com.bigwinepot.nwdn.international", "Remini", 90_000),
    "1180884341": ("io.faceapp.ios", "FaceApp", 70_000),
    "1642969698": ("com.aiby.aiart", "ARTA", 5_000),
}
"""Apps the stores know: bundle identifier, name, rating count."""


@dataclass
class Stores:
    """The servers' memory: what was asked, and faults to serve.

    ``faults`` maps a part of a path to what is served in its place, as often as it says (``None``:
    always): a status, ``html``, ``cut``, ``slow``, or a callable over the JSON document.
    """

    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    agents: set[str] = field(default_factory=set[str])
    not_modified: int = 0
    faults: dict[str, tuple[Any, int | None]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict[str, str])
    updated: str = UPDATED
    charts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    with_etags: bool = True

    def fault(self, path: str) -> Any:
        for part, (what, left) in self.faults.items():
            if part in path and left != 0:
                self.faults[part] = (what, None if left is None else left - 1)
                return what
        return None

    def times(self, part: str) -> int:
        """Return how often a path with ``part`` in it was asked for."""
        return sum(part in path for path in self.asked)


class LocalSession(requests.Session):
    """A session that finds every host at the local server."""

    def __init__(self, port: int, timeout: float = 5.0) -> None:
        super().__init__()
        self._port, self._timeout = port, timeout

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
        parts = urlsplit(str(url))
        local = f"http://127.0.0.1:{self._port}/{parts.hostname}{parts.path}"
        options["timeout"] = self._timeout
        return super().request(
            method, f"{local}?{parts.query}" if parts.query else local, *args, **options
        )


@contextmanager
def stores_server() -> Iterator[Stores]:
    """Serve on a free local port."""
    stores = Stores()
    handler = type("Handler", (_Handler,), {"stores": stores})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    stores.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stores
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def legacy_entry(track_id: str) -> dict[str, Any]:
    """Return an app as the iTunes feed prints it."""
    bundle, name, _ = APPS[track_id]
    return {
        "im:name": {"label": name},
        "im:image": [{"label": "https://is1.example/53x53bb.png", "attributes": {"height": "53"}}],
        "summary": {"label": "Made-up summary."},
        "im:price": {"label": "Get", "attributes": {"amount": "0.00", "currency": "USD"}},
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "rights": {"label": "© made up"},
        "title": {"label": f"{name} - Seller"},
        "link": {"attributes": {"rel": "alternate", "type": "text/html", "href": "https://a"}},
        "id": {
            "label": f"https://apps.apple.com/us/app/x/id{track_id}?uo=2",
            "attributes": {"im:id": track_id, "im:bundleId": bundle},
        },
        "im:artist": {"label": "Seller", "attributes": {"href": "https://apps.apple.com/us/dev"}},
        "category": {"attributes": {"im:id": "6008", "term": "Photo & Video"}},
        "im:releaseDate": {"label": "2018-11-15T00:00:00-07:00", "attributes": {"label": "2018"}},
    }


def lookup_result(track_id: str) -> dict[str, Any]:
    """Return an app as the look-up prints it."""
    bundle, name, ratings = APPS[track_id]
    return {
        "wrapperType": "software",
        "kind": "software",
        "trackId": int(track_id),
        "trackName": name,
        "bundleId": bundle,
        "sellerName": "Seller Inc.",
        "primaryGenreName": "Photo & Video",
        "genres": ["Photo & Video", "Graphics & Design"],
        "version": "5.1.2",
        "currentVersionReleaseDate": "2026-11-18T10:00:00Z",
        "releaseDate": "2018-11-15T08:00:00Z",
        "averageUserRating": 4.7321,
        "userRatingCount": ratings,
        "price": 0.0,
        "formattedPrice": "Free",
        "currency": "USD",
        "releaseNotes": "Bug fixes.",
        "trackViewUrl": f"https://apps.apple.com/us/app/x/id{track_id}?uo=4",
    }


def play_page(app_id: str, changes: dict[tuple[int, ...], Any] | None = None) -> str:
    """Return an app's page as Google Play embeds its data, with values at paths changed."""
    data: list[Any] = []
    values: dict[tuple[int, ...], Any] = {
        (1, 2, 0, 0): "Remini",
        (1, 2, 13, 0): "100,000,000+",
        (1, 2, 13, 1): 100_000_000,
        (1, 2, 13, 2): 187_654_321,
        (1, 2, 51, 0, 1): 4.31,
        (1, 2, 51, 2, 1): 4_200_000,
        (1, 2, 57, 0, 0, 0, 0, 1, 0, 0): 0,
        (1, 2, 57, 0, 0, 0, 0, 1, 0, 1): "USD",
        (1, 2, 68, 0): "Bending Spoons",
        (1, 2, 79, 0, 0, 0): "Photography",
        (1, 2, 79, 0, 0, 2): "PHOTOGRAPHY",
        (1, 2, 140, 0, 0, 0): "3.9.1",
        (1, 2, 145, 0, 1, 0): 1_763_500_000,
    } | (changes or {})
    for path, value in values.items():
        _put(data, path, value)
    script = f"AF_initDataCallback({{key: 'ds:5', hash: '9', data:{json.dumps(data)}, "
    return f"<!doctype html><html><script>{script}sideChannel: {{}}}});</script></html>"


def _put(data: list[Any], path: tuple[int, ...], value: Any) -> None:
    for number, step in enumerate(path):
        data.extend([None] * (step + 1 - len(data)))
        if number + 1 == len(path):
            data[step] = value
            return
        if data[step] is None:
            data[step] = []
        data = data[step]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stores: Stores

    def do_GET(self) -> None:
        """Answer one request, or serve the fault that is switched on for its path."""
        stores = self.stores
        stores.asked.append(self.path)
        stores.agents.add(self.headers.get("User-Agent", ""))
        fault = stores.fault(self.path)
        if isinstance(fault, int):
            self._send(b"no", fault, extra=stores.headers)
            return
        if fault == "html":
            self._send(b"<!doctype html><title>Sign in</title><form>", kind="text/html")
            return
        if fault == "slow":
            time.sleep(1.0)
        host, _, path = urlsplit(self.path).path.lstrip("/").partition("/")
        query = {name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()}
        if host == "play.google.com":
            body, kind = play_page(query["id"], fault if isinstance(fault, dict) else None), "html"
        else:
            document = self._apple(host, path, query)
            if document is None:
                self._send(b"not found", 404)
                return
            body = json.dumps(fault(document) if callable(fault) else document)
            kind = "javascript"
        self._send(body.encode(), kind=f"text/{kind}; charset=utf-8", cut=fault == "cut")

    def _apple(self, host: str, path: str, query: dict[str, str]) -> Any:
        if path == "lookup":
            known = {bundle: track for track, (bundle, _, _) in APPS.items()}
            ids = query.get("id", query.get("bundleId", "")).split(",")
            found = [track for one in ids if (track := known.get(one, one)) in APPS]
            return {"resultCount": len(found), "results": [lookup_result(t) for t in found]}
        if path == "search":
            words = query["term"].lower()
            found = [track for track, (_, name, _) in APPS.items() if words in name.lower()]
            return {"resultCount": len(found), "results": [lookup_result(t) for t in found]}
        parts = path.split("/")
        if host == "itunes.apple.com" and parts[1] == "rss":
            ids = self.stores.charts.get(parts[2], list(APPS))
            entries = [legacy_entry(track) for track in ids]
            feed: dict[str, Any] = {
                "author": {"name": {"label": "iTunes Store"}},
                "updated": {"label": self.stores.updated},
                "title": {"label": "iTunes Store: Top Free Applications"},
            }
            if entries:
                feed["entry"] = entries if len(entries) > 1 else entries[0]
            return {"feed": feed}
        if host.startswith("rss.") and parts[:2] == ["api", "v2"]:
            results = [
                {"id": track, "name": name, "artistName": "Seller", "kind": "apps", "genres": []}
                for track, (_, name, _) in APPS.items()
            ]
            return {"feed": {"updated": NEWER_UPDATED, "country": parts[2], "results": results}}
        return None

    def _send(
        self,
        body: bytes,
        status: int = 200,
        kind: str = "text/javascript",
        *,
        extra: dict[str, str] | None = None,
        cut: bool = False,
    ) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if status == 200 and self.headers.get("If-None-Match") == etag:
            self.stores.not_modified += 1
            self.send_response(304)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", email.utils.formatdate(0, usegmt=True))
        if self.stores.with_etags and status == 200:
            self.send_header("ETag", etag)
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.wfile.flush()
            self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""
