"""A provider of sign-ins (OpenID Connect) that keeps to the protocol, on this machine.

It shows a page on which a visitor picks who they are, asks for PKCE, hands out each code once,
signs its tokens with RS256, and refuses whoever does not know the secret.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "artonomics-of-the-tests"
CLIENT_SECRET = "a-secret-that-nothing-may-show-7f3a"
ALICE = {"sub": "1", "name": "Alice", "email": "alice@example.com", "email_verified": True}
MALLORY = {"sub": "2", "name": "Mallory", "email": "mallory@evil.test", "email_verified": True}
LIAR = {"sub": "3", "name": "Liar", "email": "boss@example.com", "email_verified": False}
PEOPLE = (ALICE, MALLORY, LIAR)


@dataclass
class Provider:
    """What the provider knows and what it was asked."""

    redirect_uri: str = ""
    issuer: str = ""
    age_seconds: int = 0
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "of-today"}))

    @property
    def metadata_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile"],
        }

    def id_token(self, person: Mapping[str, Any], nonce: str) -> str:
        now = int(time.time()) - self.age_seconds
        claims = {
            **person,
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": int(time.time()) + 3600,
            "nonce": nonce,
        }
        return jwt.encode({"alg": "RS256", "kid": "of-today"}, claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.provider.asked.append(parts.path)
        answers = {
            "/.well-known/openid-configuration": lambda: self._json(self.provider.metadata()),
            "/jwks": lambda: self._json({"keys": [self.provider.key.as_dict(private=False)]}),
            "/authorize": lambda: self._choose(asked),
            "/continue": lambda: self._continue(asked),
            "/userinfo": lambda: self._json({"error": "not needed"}, 401),
            "/end": lambda: self._to(asked["post_logout_redirect_uri"]),
        }
        answers.get(parts.path, lambda: self._json({"error": "not found"}, 404))()

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        told = {n: v[0] for n, v in parse_qs(self.rfile.read(length).decode()).items()}
        self.provider.asked.append(self.path)
        if self.path != "/token":
            self._json({"error": "not found"}, 404)
        elif self._client(told) != (CLIENT_ID, CLIENT_SECRET):
            self._json({"error": "invalid_client"}, 401)
        else:
            self._token(told)

    def _client(self, told: Mapping[str, str]) -> tuple[str, str]:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            name, _, secret = base64.b64decode(given).decode().partition(":")
            return unquote(name), unquote(secret)
        return told.get("client_id", ""), told.get("client_secret", "")

    def _choose(self, asked: Mapping[str, str]) -> None:
        fits = (
            asked.get("client_id") == CLIENT_ID
            and asked.get("redirect_uri") == self.provider.redirect_uri
            and asked.get("response_type") == "code"
            and "openid" in asked.get("scope", "").split()
            and asked.get("code_challenge_method") == "S256"
            and {"state", "nonce", "code_challenge"} <= set(asked)
        )
        if not fits:
            self._json({"error": "invalid_request", "got": sorted(asked)}, 400)
            return
        links = "".join(
            f'<p><a href="/continue?{escape(urlencode({**asked, "as": one["sub"]}))}">'
            f"Continue as {one['name']}</a></p>"
            for one in PEOPLE
        )
        self._send(f"<html><body>{links}</body></html>".encode(), "text/html")

    def _continue(self, asked: Mapping[str, str]) -> None:
        code = secrets.token_urlsafe(16)
        person = next(one for one in PEOPLE if one["sub"] == asked["as"])
        self.provider.codes[code] = {**asked, "person": person}
        self._to(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    def _token(self, told: Mapping[str, str]) -> None:
        asked = self.provider.codes.pop(told.get("code", ""), None)  # each code once
        digest = hashlib.sha256(told.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or told.get("redirect_uri") != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            self._json({"error": "invalid_grant"}, 400)
            return
        self._json(
            {
                "access_token": secrets.token_urlsafe(16),
                "token_type": "Bearer",
                "expires_in": 3600,
                "id_token": self.provider.id_token(asked["person"], asked["nonce"]),
            }
        )

    def _json(self, document: Any, status: int = 200) -> None:
        self._send(json.dumps(document).encode(), "application/json", status)

    def _to(self, address: str) -> None:
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve a provider on a free port of this machine."""
    known = Provider()
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": known})
    )
    known.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
