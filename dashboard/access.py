"""Who may come in: sign-in by OpenID Connect, named in a secrets file or in the environment.

Nothing configured leaves the dashboard open, as it is meant to be on one's own machine; anything
configured by halves is an error before the start. Secrets are in no message.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from packaging.version import Version

from etl.errors import InputError

FILE = "secrets.toml"
FILE_VARIABLE = "ARTONOMICS_SECRETS"
PREFIX = "ARTONOMICS_AUTH_"
CALLBACK = "/oauth2callback"
REQUIRED = ("redirect_uri", "client_id", "client_secret", "server_metadata_url", "cookie_secret")
LISTS = ("allowed_domains", "allowed_addresses")
_COOKIE_SECRET_CHARACTERS = 32
_OLDEST_AUTHLIB = "1.6"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.?[^@\s]*")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")

Refusal = Literal["signed out", "expired", "no address", "not verified", "not allowed"]


@dataclass(frozen=True)
class Login:
    """How visitors sign in, and who of them is let in.

    Attributes
    ----------
    redirect_uri
        Public address of the dashboard with ``/oauth2callback`` behind it.
    server_metadata_url
        Where the provider describes itself (``…/.well-known/openid-configuration``).
    client_id, client_secret
        What the provider knows the dashboard by.
    cookie_secret
        Signs the cookies of those who are signed in.
    allowed_domains, allowed_addresses
        Mail domains and addresses that are let in; where both are empty, everybody whom the
        provider signs in.
    unverified_addresses
        Let in addresses that the provider does not vouch for (``email_verified``).
    session_hours
        How long a sign-in holds.
    """

    redirect_uri: str
    client_id: str
    server_metadata_url: str
    client_secret: str = field(repr=False)
    cookie_secret: str = field(repr=False)
    allowed_domains: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = ()
    unverified_addresses: bool = False
    session_hours: float = 24.0

    @property
    def origin(self) -> str:
        """Scheme, host and port of the dashboard as visitors know it."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        """Name of the host visitors come to."""
        return urlsplit(self.redirect_uri).hostname or ""

    @property
    def is_restricted(self) -> bool:
        """Whether only some of those whom the provider knows are let in."""
        return bool(self.allowed_domains or self.allowed_addresses)

    def secrets(self) -> dict[str, Any]:
        """Return the section that Streamlit's own sign-in reads."""
        return {"auth": {name: getattr(self, name) for name in REQUIRED}}

    def refusal(self, claims: Mapping[str, Any], now: datetime) -> Refusal | None:
        """Return why somebody is not let in; ``None`` lets them in.

        Parameters
        ----------
        claims
            What the provider says about them, as kept in the signed cookie.
        now
            The present instant, with its zone.
        """
        if claims.get("is_logged_in") is not True:
            return "signed out"
        issued = claims.get("iat")
        if not isinstance(issued, int | float) or isinstance(issued, bool):
            return "expired"
        if now.timestamp() - issued > timedelta(hours=self.session_hours).total_seconds():
            return "expired"
        return self._not_on_the_list(claims) if self.is_restricted else None

    def _not_on_the_list(self, claims: Mapping[str, Any]) -> Refusal | None:
        address = str(claims.get("email") or "").strip().lower()
        if not _ADDRESS.fullmatch(address):
            return "no address"
        if claims.get("email_verified") is not True and not self.unverified_addresses:
            return "not verified"
        listed = address in self.allowed_addresses
        return (
            None
            if listed or address.rpartition("@")[2] in self.allowed_domains
            else ("not allowed")
        )


@cache
def of_process(data_dir: Path) -> Login | None:
    """Return what :func:`load` said first in this process.

    A file that goes away while the dashboard runs does not open it.
    """
    return load(data_dir)


def load(data_dir: Path, environ: Mapping[str, str] | None = None) -> Login | None:
    """Return how visitors sign in; ``None`` where nothing is configured.

    A variable ``ARTONOMICS_AUTH_…`` goes before the same key of the section ``[auth]`` in the
    secrets file.

    Parameters
    ----------
    data_dir
        The data folder; its ``secrets.toml`` is read unless ``ARTONOMICS_SECRETS`` names another.
    environ
        The variables; by default those of this process.

    Raises
    ------
    InputError
        If something is missing, unknown or impossible, or Authlib is not installed.
    """
    environ = os.environ if environ is None else environ
    told = _in_file(data_dir, environ) | _in_environment(environ)
    if not told:
        return None
    missing = [name for name in REQUIRED if not told.get(name)]
    if missing:
        raise InputError(
            f"got a sign-in without {', '.join(missing)}",
            f"all of {', '.join(REQUIRED)}",
            f"add them to [auth] of {_place(data_dir, environ)}, or set "
            f"{', '.join(PREFIX + name.upper() for name in missing)}; without any of them the "
            "dashboard is open",
            code="LOGIN",
        )
    login = Login(**told)
    _require_addresses(login)
    _require_authlib()
    return login


def notes(data_dir: Path, login: Login) -> list[str]:
    """Return what whoever starts the dashboard ought to know about its sign-in."""
    found: list[str] = []
    path = _place(data_dir, os.environ)
    if path.exists() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        found.append(f"{path} can be read by other users of this machine: chmod 600 {path}")
    if not login.is_restricted:
        who = urlsplit(login.server_metadata_url).hostname
        found.append(
            f"everybody whom {who} signs in is let in: allowed_domains or allowed_addresses in "
            "[auth] name some"
        )
    return found


def told(data_dir: Path) -> str:
    """Return in words, without secrets, who may come in."""
    login = load(data_dir)
    if login is None:
        return "no sign-in: open to whoever reaches it"
    who = [*login.allowed_addresses, *(f"@{domain}" for domain in login.allowed_domains)]
    provider = urlsplit(login.server_metadata_url).hostname
    return f"by {provider} at {login.origin}, for {', '.join(who) or 'everybody it signs in'}"


def base(path: str) -> str:
    """Return the path that a dashboard is served below: ``/art``, or nothing."""
    return f"/{path.strip('/')}".rstrip("/")


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those of the sign-in, for processes that need none of them."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(PREFIX) and name != FILE_VARIABLE
    }


def _place(data_dir: Path, environ: Mapping[str, str]) -> Path:
    named = environ.get(FILE_VARIABLE)
    return Path(named).expanduser() if named else data_dir / FILE


def _in_file(data_dir: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    path = _place(data_dir, environ)
    if not path.exists() and not environ.get(FILE_VARIABLE):
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at (line \d+)|at end", str(error))  # its other words may quote it
        raise _wrong(path, f"no TOML ({where[0] if where else 'somewhere'})", "[auth]") from None
    except (OSError, UnicodeDecodeError) as error:
        what = f"a file that cannot be read ({type(error).__name__})"
        raise _wrong(path, what, "a text file with the section [auth]") from None
    section = content.get("auth")
    if section is None:
        raise _wrong(path, "no section [auth]", "[auth], as the sign-in is named there")
    if not isinstance(section, dict):
        raise _wrong(path, "no section named auth", "[auth]")
    if not section:
        raise _wrong(path, "an empty section [auth]", f"the keys {', '.join(REQUIRED)}")
    return {name: _checked(name, value, f"{path}: auth.{name}") for name, value in section.items()}


def _in_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable in sorted(environ):
        if variable.startswith(PREFIX):
            name = variable.removeprefix(PREFIX).lower()
            found[name] = _checked(name, _spelt(name, environ[variable]), variable)
    return found


def _spelt(name: str, text: str) -> Any:
    """Return the text of a variable as the value that a file would hold."""
    if name in LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if name == "unverified_addresses":
        return {"true": True, "false": False}.get(text.strip().lower(), text)
    if name == "session_hours":
        try:
            return float(text)
        except ValueError:
            return text
    return text.strip()


def _checked(name: str, value: Any, place: str) -> Any:
    """Return a value as it is kept; it is never shown, as it may be a secret in a wrong place."""
    known = [each.name for each in fields(Login)]
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"perhaps you meant {near[0]!r}" if near else ""
        raise _wrong(place, "an unknown key", f"one of {', '.join(known)}", hint)
    if name in LISTS:
        return _listed(name, value, place)
    if name == "unverified_addresses":
        if not isinstance(value, bool):
            raise _wrong(place, f"a {type(value).__name__}", "true or false")
        return value
    if name == "session_hours":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 < value <= 720:
            raise _wrong(place, "no such number", "hours above 0, 720 at most")
        return float(value)
    if not isinstance(value, str):
        raise _wrong(place, f"a {type(value).__name__}", "a text")
    return value.strip()


def _listed(name: str, value: Any, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise _wrong(place, "no list of texts", '["example.com"]')
    words = tuple(one.strip().lower() for one in value)
    form, example = (
        (_DOMAIN, "example.com, without @")
        if name == "allowed_domains"
        else (_ADDRESS, "someone@example.com")
    )
    if not all(form.fullmatch(word) for word in words):
        raise _wrong(place, "an entry of another form", example)
    return words


def _require_addresses(login: Login) -> None:
    """Raise InputError where an address or the secret of the cookies cannot be right."""
    if not (_is_safe(login.redirect_uri) and login.redirect_uri.endswith(CALLBACK)):
        expected = f"https://your.host{CALLBACK} (http only on this machine)"
        raise _wrong("auth.redirect_uri", "another address", expected)
    metadata = login.server_metadata_url
    if not (_is_safe(metadata) and "/.well-known/" in metadata):
        expected = "https://…/.well-known/openid-configuration (http only on this machine)"
        raise _wrong("auth.server_metadata_url", "another address", expected)
    if len(login.cookie_secret) < _COOKIE_SECRET_CHARACTERS:
        raise _wrong(
            "auth.cookie_secret",
            f"{len(login.cookie_secret)} characters",
            f"at least {_COOKIE_SECRET_CHARACTERS} that nobody can guess",
            "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )


def _is_safe(address: str) -> bool:
    """Return whether what is sent to an address can be read by nobody on the way."""
    parts = urlsplit(address)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or plain) and not parts.query


def _require_authlib() -> None:
    try:
        held = version("authlib")
    except PackageNotFoundError:
        held = ""
    if not held or Version(held) < Version(_OLDEST_AUTHLIB):
        raise InputError(
            f"got a sign-in with {f'Authlib {held}' if held else 'no Authlib'} installed",
            f"Authlib {_OLDEST_AUTHLIB} or newer",
            "pip install 'artonomics[login]'",
            code="LOGIN",
        )


def _wrong(place: object, got: str, expected: str, todo: str = "") -> InputError:
    return InputError(f"got {place} with {got}", expected, todo or "mend it there", code="LOGIN")


def server_names(names: Sequence[str], login: Login | None) -> tuple[str, ...]:
    """Return every name the dashboard answers to: this machine's own, those given, the public."""
    public = [login.host] if login else []
    return tuple(dict.fromkeys([*_LOOPBACK, *(name.lower() for name in names), *public]))
