"""The shell of the page calls for no font; whatever else is sent goes through as it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dashboard.lean import Lean

SHELL = b'<html><head><link rel="preload" href="a.woff2" as="font"></head><body></body></html>'


def answered(content: bytes, **headers: str) -> tuple[dict[str, str], bytes]:
    """Return headers and content of an answer in two pieces, sent through."""
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        named = {"content-length": str(len(content))} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        pairs = [(name.encode(), value.encode()) for name, value in named.items()]
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        await send({"type": "http.response.body", "body": content[:20], "more_body": True})
        await send({"type": "http.response.body", "body": content[20:]})

    async def collect(message: Any) -> None:
        sent.append(message)

    asked = {"type": "http", "method": "GET", "headers": [(b"accept", b"text/html")]}
    asyncio.run(Lean(app)(asked, None, collect))  # type: ignore[arg-type]
    held = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return held, b"".join(message["body"] for message in sent[1:])


def test_the_page_asks_for_no_font() -> None:
    headers, content = answered(SHELL, content_type="text/html; charset=utf-8")
    assert b"woff2" not in content
    assert b"@font-face" in content
    assert headers["content-length"] == str(len(content))


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/html", "content_disposition": "attachment; filename=report.html"},
        {"content_type": "text/html", "content_encoding": "gzip"},
        {"content_type": "application/json"},
    ],
)
def test_a_file_is_given_as_it_is(headers: dict[str, str]) -> None:
    held, content = answered(SHELL, **headers)
    assert content == SHELL
    assert held["content-length"] == str(len(SHELL))
