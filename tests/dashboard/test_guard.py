"""What stands before the dashboard: only its names, only its own pages, and its headers on all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from dashboard import guard, lean
from tests.dashboard.test_access import COOKIE, login

NAMES = ("localhost", "127.0.0.1", "art.example.com", "*.example.org")


async def _inside(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    kind = b"text/javascript" if scope["path"].endswith(".js") else b"image/svg+xml"
    headers = [
        (b"x-frame-options", b"ALLOWALL"),
        (b"set-cookie", b"kept=1"),
        (b"content-type", kind),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(
    path: str = "/",
    *,
    method: str = "GET",
    kind: str = "http",
    of: Any = None,
    base_path: str = "",
    **headers: str,
) -> list[dict[str, Any]]:
    """Put one request to the guard and return what it sends."""
    told = {"host": "localhost:8501"} | headers
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(guard.Guard(_inside, NAMES, of, base_path)(scope, receive, send))
    return sent


def header(sent: list[dict[str, Any]], name: str) -> str:
    (found,) = [value for key, value in sent[0]["headers"] if key.decode() == name.lower()]
    return found.decode()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8501", "127.0.0.1:1", "art.example.com.", "a.example.org"]
)
def test_its_own_names_are_answered(host: str) -> None:
    assert ask(host=host)[0]["status"] == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.test",
        "example.org",
        "art.example.com.evil.test",
        "localhost@evil.test",
        "localhost:no",
        "evil.test/localhost",
        "[::1",
    ],
)
def test_a_name_that_somebody_points_at_this_machine_is_not_answered(host: str) -> None:
    assert ask(host=host)[0]["status"] == 421
    assert ask(kind="websocket", host=host)[0]["code"] == 1008


@pytest.mark.parametrize("origin", ["http://evil.test", "http://localhost:3000", "null"])
def test_a_page_of_somebody_else_cannot_steer_it(origin: str) -> None:
    assert ask(kind="websocket", origin=origin)[0]["code"] == 1008
    assert ask("/_stcore/upload_file/a/b", method="PUT", origin=origin)[0]["status"] == 403


@pytest.mark.parametrize("origin", ["http://localhost:8501", "https://localhost:8501"])
def test_its_own_pages_steer_it_whether_or_not_a_proxy_speaks_tls(origin: str) -> None:
    assert ask(kind="websocket", origin=origin)[0]["type"] == "websocket.accept"


def test_every_answer_bears_the_headers_once_also_a_refusal() -> None:
    for sent in (ask(), ask(host="evil.test")):
        for name, value in (guard.HEADERS | guard.PAGE_HEADERS).items():
            assert header(sent, name) == value
        assert "frame-ancestors 'none'" in header(sent, "content-security-policy")
    assert header(ask(), "set-cookie") == "kept=1"


def test_a_program_bears_only_the_headers_that_concern_it() -> None:
    sent = ask("/static/js/x.js")
    names = {name.decode() for name, _ in sent[0]["headers"]}
    assert names >= {name.lower() for name in guard.HEADERS}
    assert "content-security-policy" not in names


def test_the_policy_lets_no_script_run_that_is_not_ours() -> None:
    policy = dict(
        rule.split(" ", 1) for rule in header(ask(), "content-security-policy").split("; ")
    )
    words = policy["script-src"].split()
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "blob:"} & set(words)
    assert words[0] == "'self'"
    assert policy["connect-src"] == "'self' ws://localhost:8501 wss://localhost:8501"
    assert policy["object-src"] == "'none'"


def test_a_host_cannot_write_into_the_policy() -> None:
    assert "evil" not in guard.content_policy("x; script-src evil", [])


def cookie(of: Any, claims: Mapping[str, Any], secret: str = COOKIE) -> str:
    whole = {"origin": of.origin, "iat": datetime.now(UTC).timestamp(), **claims}
    signed = create_signed_value(secret, "_streamlit_user", json.dumps(whole))
    return f"_streamlit_user={signed.decode()}"


@pytest.mark.parametrize(
    ("claims", "secret", "status"),
    [
        ({"is_logged_in": True}, COOKIE, 200),
        ({"is_logged_in": True}, "a forger's own secret", 403),
        ({"is_logged_in": False}, COOKIE, 403),
        ({"is_logged_in": True, "origin": "https://other.example.com"}, COOKIE, 403),
        ({"is_logged_in": True, "iat": 0}, COOKIE, 403),
    ],
)
def test_files_are_for_those_who_are_signed_in(
    tmp_path: Path, claims: dict[str, Any], secret: str, status: int
) -> None:
    of = login(tmp_path)
    for base in ("", "art/of"):
        for part in ("/media/x.png", "/_stcore/upload_file/a/b"):
            path = f"/{base}{part}" if base else part
            told = cookie(of, claims, secret)
            assert ask(path, of=of, base_path=base, cookie=told)[0]["status"] == status
            assert ask(path, of=of, base_path=base)[0]["status"] == 403
            assert ask(path, base_path=base)[0]["status"] == 200


def test_the_programs_and_fonts_of_the_sign_in_page_are_for_everybody(tmp_path: Path) -> None:
    of = login(tmp_path)
    for path in ("/", "/static/media/font.woff2", "/static/js/x.js", "/auth/login"):
        assert ask(path, of=of)[0]["status"] == 200


def test_the_shell_of_the_page_asks_for_no_font_and_has_the_length_it_says() -> None:
    static = Path(streamlit.__file__).parent / "static"
    page = (static / "index.html").read_bytes()
    assert b'as="font"' in page

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        assert b"accept-encoding" not in dict(scope["headers"])
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"9999")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page[:900], "more_body": True})
        await send({"type": "http.response.body", "body": page[900:]})

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(dict(message))

    accepts = [(b"accept", b"text/html,*/*"), (b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": "GET", "path": "/market", "headers": accepts}
    asyncio.run(lean.Lean(inside)(scope, Any, send))
    assert b'as="font"' not in sent[1]["body"]
    assert b'src:local("Noto Sans")' in sent[1]["body"]
    assert b"static/js/index" in sent[1]["body"]
    assert header(sent, "content-length") == str(len(sent[1]["body"]))
