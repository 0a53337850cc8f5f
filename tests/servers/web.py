"""A stand-in for any web server: answers by path, faults on demand, and what was asked.

Hosts are kept apart by the first part of the path: ``https://itunes.apple.com/lookup`` is asked for
at ``http://127.0.0.1:PORT/itunes.apple.com/lookup``.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

Fault = Literal[
    "hang", "drip", "429", "500", "503", "html", "login", "cut", "reset", "half_json", "huge"
]
LOGIN = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>…</body></html>"


@dataclass(frozen=True)
class Page:
    """An answer as a server gives it."""

    body: str
    content_type: str = "text/javascript; charset=utf-8"
    status: int = 200


@dataclass
class Web:
    """The memory of a stand-in.

    Attributes
    ----------
    answer
        (host, path, query) → page; ``None`` is not found.
    faults
        By a part of the path: faults still to be served, one a request; ``always`` has those
        that never end.
    retry_after
        The header sent with 429 and 503.
    with_etags
        Whether answers carry an ETag and conditional requests are honoured.
    asked
        Host and path with query of each request, in order, and the headers beside it.
    """

    answer: Callable[[str, str, dict[str, str]], Page | None]
    port: int = 0
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    always: dict[str, Fault] = field(default_factory=dict)
    retry_after: str = ""
    with_etags: bool = True
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def address(self, host: str) -> str:
        """Return where this stands in for ``host``."""
        return f"http://127.0.0.1:{self.port}/{host}"

    def times(self, part: str) -> int:
        """Return how many requests had ``part`` in their address."""
        return sum(part in path for path in self.asked)

    def fault_of(self, path: str) -> Fault | None:
        """Return the fault to serve now, if any."""
        for part, waiting in self.faults.items():
            if part in path and waiting:
                return waiting.pop(0)
        return next((fault for part, fault in self.always.items() if part in path), None)


@contextmanager
def serving(web: Web) -> Iterator[Web]:
    """Run a stand-in on a free port until the block ends."""
    handler = type("Handler", (_Handler,), {"web": web})
    server = _Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *given: Any) -> None:
        """Keep quiet where the client has hung up: that is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*given)


class _Handler(BaseHTTPRequestHandler):
    web: Web
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = unquote(self.path).lstrip("/")
        self.web.asked.append(path)
        self.web.headers.append(dict(self.headers.items()))
        fault = self.web.fault_of(path)
        if fault:
            getattr(self, f"_{fault}" if fault.isalpha() or "_" in fault else f"_http_{fault}")()
            return
        self._serve()

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        host, _, path = unquote(parts.path).lstrip("/").partition("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        page = self.web.answer(host, f"/{path}", query)
        if page is None:
            self._send(Page("<html><title>Not found</title></html>", "text/html", 404))
            return
        etag = f'"{hashlib.sha256(page.body.encode()).hexdigest()[:12]}"'
        if not self.web.with_etags:
            self._send(page)
        elif self.headers.get("If-None-Match") == etag:
            self._send(Page("", page.content_type, 304), {"ETag": etag})
        else:
            self._send(page, {"ETag": etag})

    def _send(self, page: Page, headers: dict[str, str] | None = None) -> None:
        body = page.body.encode()
        self.send_response(page.status)
        for name, value in {"Content-Type": page.content_type, **(headers or {})}.items():
            self.send_header(name, value)
        if page.status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _patience(self) -> dict[str, str]:
        return {"Retry-After": self.web.retry_after} if self.web.retry_after else {}

    def _http_429(self) -> None:
        self._send(Page("Too Many Requests", "text/plain", 429), self._patience())

    def _http_503(self) -> None:
        self._send(Page("Unavailable", "text/plain", 503), self._patience())

    def _http_500(self) -> None:
        self._send(Page("<html>oops</html>", "text/html", 500))

    def _html(self) -> None:
        self._send(Page("\n" + LOGIN, "text/html; charset=utf-8"))

    def _login(self) -> None:
        """Send a page under the content type of JSON, as some proxies do."""
        self._send(Page(LOGIN, "application/json"))

    def _half_json(self) -> None:
        self._send(Page('{"feed": {"entry": [{"im:na', "application/json"))

    def _huge(self) -> None:
        self._send(Page("[" + " " * 200_000 + "]", "application/json"))

    def _hang(self) -> None:
        self.web.released.wait(5)
        self.close_connection = True

    def _drip(self) -> None:
        self._begin(10_000)
        for _ in range(40):
            self.wfile.write(b" ")
            self.wfile.flush()
            if self.web.released.wait(0.03):
                break
        self.close_connection = True

    def _cut(self) -> None:
        """Promise more than is sent, then end the connection in good order."""
        self._begin(5000)
        self.wfile.write(b'{"feed": {"entry": [')
        self.close_connection = True

    def _reset(self) -> None:
        """Promise more than is sent, then reset the connection."""
        self._begin(5000)
        self.wfile.write(b'{"feed": {"entry": [')
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _begin(self, promised: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(promised))
        self.end_headers()
