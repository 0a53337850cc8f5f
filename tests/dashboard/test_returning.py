"""Whoever signs in comes back to the page they asked for; nobody is sent to a stranger's."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from dashboard.returning import COOKIE, Returning, own_path
from tests.dashboard.test_access import login

LOGIN = login(Path())
ORIGIN = LOGIN.origin


def ask(path: str, *, base: str = "", location: str = "/", **headers: str) -> list[dict[str, Any]]:
    """Put one request through and return what is sent."""

    async def inside(_scope: Any, _receive: Any, send: Any) -> None:
        told = [(b"location", location.encode()), (b"set-cookie", b"_xsrf=1")]
        await send({"type": "http.response.start", "status": 302, "headers": told})
        await send({"type": "http.response.body", "body": b""})

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    told = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "headers": told}
    asyncio.run(Returning(inside, LOGIN, base)(scope, receive, send))
    return sent


def values(sent: list[dict[str, Any]], name: str) -> list[str]:
    return [value.decode() for key, value in sent[0]["headers"] if key.decode() == name]


def kept(sent: list[dict[str, Any]]) -> Any:
    """Return the cookie of the page that was asked for."""
    (found,) = (one for one in values(sent, "set-cookie") if one.startswith(COOKIE))
    return SimpleCookie(found)[COOKIE]


@pytest.mark.parametrize("base", ["", "/art"])
def test_a_sign_in_ends_where_it_began(base: str) -> None:
    asked = f"{base}/market?lang=zh&ticker=1357.HK&window=-2%2C2"
    cookie = kept(ask(f"{base}/auth/login", base=base, referer=f"{ORIGIN}{asked}"))
    assert unquote(cookie.value) == asked
    assert [cookie[one] for one in ("httponly", "secure", "samesite")] == [True, True, "Lax"]
    back = ask(
        f"{base}/oauth2callback",
        base=base,
        location=f"{base}/",
        cookie=f"other=1; {COOKIE}={cookie.value}",
    )
    assert values(back, "location") == [asked]
    assert "_xsrf=1" in values(back, "set-cookie"), "what Streamlit sends goes through"
    assert kept(back)["max-age"] == "0", "it is not come back to twice"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.test/market",
        f"{ORIGIN}.evil.test/market",
        f"{ORIGIN}//evil.test/market",
        f"{ORIGIN}/\\evil.test",
        f"{ORIGIN}/market\r\nset-cookie: a=b",
        f"{ORIGIN}/market?q=" + "x" * 3_000,
    ],
)
def test_a_strangers_address_is_not_kept(address: str) -> None:
    assert own_path(address, ORIGIN, "") == ""
    assert kept(ask("/auth/login", referer=address))["max-age"] == "0"


@pytest.mark.parametrize("path", ["//evil.test/", "https://evil.test/", "/\\evil.test", "evil", ""])
def test_a_forged_cookie_leads_nowhere_else(path: str) -> None:
    back = ask("/oauth2callback", cookie=f"{COOKIE}={quote(path, safe='')}")
    assert values(back, "location") == ["/"]


def test_what_leads_to_the_provider_is_left_as_it_is() -> None:
    begun = ask(
        "/auth/login", location="https://id.example.com/authorize", referer=f"{ORIGIN}/data"
    )
    assert values(begun, "location") == ["https://id.example.com/authorize"]
    back = ask("/oauth2callback", location="https://id.example.com/end", cookie=f"{COOKIE}=%2Fdata")
    assert values(back, "location") == ["https://id.example.com/end"]
    assert values(ask("/market"), "set-cookie") == ["_xsrf=1"]
