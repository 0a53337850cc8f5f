"""Whoever signs in comes back to the page they asked for, and not to the first page.

Streamlit's sign-in ends at the first page whatever it began at, so a link that somebody was sent
would be lost. The browser says where a sign-in begins (``Referer``); a cookie of ten minutes keeps
the path of it until the provider sends the visitor back.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import access
from dashboard.access import CALLBACK, Login

COOKIE = "artonomics_asked"
_BEGIN = "/auth/login"
_SECONDS = 600
_MOST_CHARACTERS = 3_000
"""A cookie of over 4 kB is kept by no browser; a longer address is not come back to."""


class Returning:
    """Remember where a sign-in began, and end it there.

    Parameters
    ----------
    app
        What signs visitors in.
    login
        How they do; nothing is done where nobody signs in.
    base_path
        Path below which the dashboard is served.
    """

    def __init__(self, app: ASGIApp, login: Login | None, base_path: str = "") -> None:
        self.app, self.login = app, login
        self.base = access.base(base_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self.login is not None and scope["type"] == "http":
            headers = Headers(scope=scope)
            if scope["path"] == self.base + _BEGIN:
                begun = own_path(headers.get("referer", ""), self.login.origin, self.base)
                send = self._kept(begun, send)
            elif scope["path"] == self.base + CALLBACK:
                kept = unquote(cookie_parser(headers.get("cookie", "")).get(COOKIE, ""))
                send = self._returned(own_path(kept, "", self.base), send)
        await self.app(scope, receive, send)

    def _kept(self, begun: str, send: Send) -> Send:
        return _amended(send, lambda headers: self._set_cookie(headers, begun))

    def _returned(self, asked: str, send: Send) -> Send:
        def amend(headers: MutableHeaders) -> None:
            if asked and urlsplit(headers.get("location", "")).path == f"{self.base}/":
                headers["location"] = asked
            self._set_cookie(headers, "")

        return _amended(send, amend)

    def _set_cookie(self, headers: MutableHeaders, path: str) -> None:
        """Keep a path for the time that a sign-in takes; an empty one is forgotten."""
        secure = "; Secure" if self.login and self.login.origin.startswith("https:") else ""
        headers.append(
            "set-cookie",
            f"{COOKIE}={quote(path, safe='/')}; Max-Age={_SECONDS if path else 0}; "
            f"Path={self.base or '/'}; HttpOnly; SameSite=Lax{secure}",
        )


def own_path(address: str, origin: str, base: str) -> str:
    """Return path and query of an address of ours; empty where it is another's or too long.

    Parameters
    ----------
    address
        What a browser says, or what a cookie held: nothing of it is believed.
    origin
        Scheme, host and port that it must begin with; empty for a path alone.
    base
        Path below which the dashboard is served.
    """
    if not address.startswith(f"{origin}{base}/"):
        return ""
    path = address.removeprefix(origin).partition("#")[0]
    # A browser reads "//host" and "/\host" as another host's.
    foreign = path[1:2] in {"/", "\\"} or not path.isprintable() or " " in path
    return "" if foreign or len(quote(path, safe="/")) > _MOST_CHARACTERS else path


def _amended(send: Send, amend: Callable[[MutableHeaders], None]) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            amend(MutableHeaders(scope=message))
        await send(message)

    return sent
