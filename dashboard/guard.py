"""What stands before every answer of the dashboard: its names, its origin, its headers.

A page of a stranger's site that a visitor has open beside it can neither read it nor steer it, and
a name somebody else points at this machine is not answered.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dashboard import access, looks
from dashboard.access import Login
from dashboard.reports import interactive

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Sent with every answer."""
PAGE_HEADERS = {
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Sent with whatever a browser could show as a page, as is :func:`content_policy`."""

_PARTS_OF_PAGES = re.compile(
    r"(text|application)/(javascript|css|json|wasm)\b|font/|image/(png|jpeg|webp)\b"
)
"""Kinds that are never shown as a page: a hundred of them make a first visit."""

_FOR_THE_SIGNED_IN = ("/_stcore/upload_file/", "/media/")
"""Beginnings of addresses, below the base, of what visitors send and what pages show."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class Guard:
    """Refuse what no visitor of ours sends, and put the headers on what is answered.

    Parameters
    ----------
    app
        What is guarded.
    names
        Names of hosts it answers to; ``*.example.com`` stands for all below one.
    login
        How visitors sign in, if they do.
    base_path
        Path below which the dashboard is served.
    """

    def __init__(
        self, app: ASGIApp, names: Sequence[str], login: Login | None = None, base_path: str = ""
    ) -> None:
        self.app, self.names, self.login = app, tuple(names), login
        self.guarded = tuple(access.base(base_path) + path for path in _FOR_THE_SIGNED_IN)
        self.digests = tuple(_digests())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refused(scope, headers)
        if refused and scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": refused[1]})
            return
        answer = PlainTextResponse(refused[1] + "\n", refused[0]) if refused else self.app
        await answer(scope, receive, self._with_headers(headers.get("host", ""), send))

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return status and words where a request is not to be answered."""
        host = headers.get("host", "")
        if not is_named(host, self.names):
            return 421, "This dashboard does not go by that name: see --server-name."
        origin = headers.get("origin")
        steers = scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD", "OPTIONS"}
        if origin is not None and steers and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "This dashboard is steered from its own pages only."
        if self.login and scope["path"].startswith(self.guarded):
            claims = _claims(headers, self.login)
            if self.login.refusal(claims, datetime.now(UTC)):
                return 403, "Sign in first."
        return None

    def _with_headers(self, host: str, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not _PARTS_OF_PAGES.match(headers.get("content-type", "")):
                    headers.update(PAGE_HEADERS)
                    headers["Content-Security-Policy"] = content_policy(host, self.digests)
            await send(message)

        return sent


def content_policy(host: str, digests: Iterable[str]) -> str:
    """Return what a page may load: what comes from here, and scripts of these digests.

    Parameters
    ----------
    host
        Host and port the page was asked for, to which its websocket goes.
    digests
        Of the scripts that stand in the page itself.
    """
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    here = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.:\[\]-]+", host) else ""
    rules = {
        "default-src": "'self'",
        "script-src": f"'self' 'wasm-unsafe-eval' {scripts}",
        "style-src": "'self' 'unsafe-inline'",  # as Streamlit and plotly write theirs
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "connect-src": f"'self'{here}",
        "frame-src": "'self'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    return "; ".join(f"{rule} {value}".strip() for rule, value in rules.items())


def is_named(host: str, names: Iterable[str]) -> bool:
    """Return whether a Host header names one of ``names``, whatever the port."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if not name or "@" in host or parts.path or parts.query or parts.fragment:
        return False
    return any(
        name.endswith(one[1:]) if one.startswith("*.") else name == one.rstrip(".") for one in names
    )


def _claims(headers: Headers, login: Login) -> Mapping[str, Any]:
    """Return what the signed cookie of a request says about its sender; nothing if not signed."""
    cookies = cookie_parser(headers.get("cookie", ""))

    def signed(name: str) -> bytes | None:
        value = cookies.get(name, "").encode("latin-1", errors="replace")
        return decode_signed_value(login.cookie_secret, name, value)

    content = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    try:
        claims = json.loads(content or b"{}")
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) and claims.get("origin") == login.origin else {}


def _digests() -> Iterable[str]:
    """Yield the digests of Streamlit's own inline scripts and of those in a report's preview."""
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    for script in (
        *_INLINE.findall(index.read_text(encoding="utf-8")),
        *interactive.scripts(),
        looks.SCRIPT,
    ):
        yield b64encode(sha256(script.encode()).digest()).decode()
