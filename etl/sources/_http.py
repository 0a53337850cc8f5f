"""One polite way to ask a server: paced, conditional, tried again, within a budget.

Every source of this package that is not asked through a library asks through :class:`Polite`.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from etl.errors import SourceError

USER_AGENT = "Artonomics/0.1 (market research on AI-art apps; one request at a time)"
TIMEOUT_SECONDS = (5.0, 20.0)
TRIES = 4
LONGEST_WAIT_SECONDS = 120.0
MAX_BODY_BYTES = 20 * 2**20
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class BudgetSpentError(SourceError):
    """The run has asked as often as it may."""

    default_code = "BUDGET"


@dataclass(frozen=True)
class Answer:
    """A body with where it came from.

    Attributes
    ----------
    url
        The address that was asked.
    content
        The body as bytes.
    kept
        Whether the server said that the body kept from an earlier reading still holds.
    """

    url: str
    content: bytes
    kept: bool = False

    def text(self) -> str:
        """Return the body as text; bytes that are no UTF-8 are an error."""
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.unlike("text in UTF-8", str(error)) from error

    def json(self) -> Any:
        """Return the JSON document.

        Raises
        ------
        SourceError
            When it is another thing, such as a login page.
        """
        text = self.text().lstrip("\ufeff \r\n\t")
        if text.startswith("<"):
            raise self.unlike("a JSON document", f"a page: {_title(text)}")
        try:
            return json.loads(text)
        except ValueError as error:
            raise self.unlike("a JSON document", f"{text[:60]!r} ({error})") from error

    def unlike(self, expected: str, got: str) -> SourceError:
        """Return the error that this answer is not what it should be."""
        return SourceError(
            f"got {got} from {self.url}",
            expected,
            "open the address in a browser; where the source has changed its form, its module "
            "in etl/sources must follow",
            code="SOURCE_FORMAT",
        )


@dataclass
class Polite:
    """Asks servers politely.

    Attributes
    ----------
    pauses
        Seconds between two requests to a host; ``*`` stands for any other host.
    budget
        Requests this run may still make.
    cache_dir
        Folder of bodies kept for conditional requests; ``None`` keeps none.
    session, sleep, clock
        How the network and the time are reached; tests bring their own.
    """

    pauses: Mapping[str, float]
    budget: int
    cache_dir: Path | None = None
    session: requests.Session = field(default_factory=requests.Session)
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _asked_at: dict[str, float] = field(default_factory=dict[str, float])

    def get(self, url: str) -> Answer:
        """Return the answer of a server; a passing fault is tried again.

        Raises
        ------
        BudgetSpentError
            When the run has asked as often as it may.
        SourceError
            When the server cannot be reached, refuses, or breaks off again and again.
        """
        kept = self._kept(url)
        told = ""
        for number in range(TRIES):
            self._wait_for_turn(url)
            try:
                return self._once(url, kept)
            except _PassingError as fault:
                told = str(fault)
                if number + 1 == TRIES or fault.wait > LONGEST_WAIT_SECONDS:
                    break
                # Some luck in the wait keeps several machines from coming back together.
                self.sleep(max(fault.wait, 2.0**number) + random.uniform(0, 1))
        raise SourceError(
            f"got {told} from {url}",
            "an answer",
            "check the connection and try again later; what other addresses gave is kept",
            code="SOURCE_UNREACHABLE",
        )

    def _wait_for_turn(self, url: str) -> None:
        if self.budget <= 0:
            raise BudgetSpentError(
                f"got no request left for {url}",
                "fewer requests, or a larger budget",
                "raise requests_per_run in collection.toml, or follow fewer stores and genres",
            )
        self.budget -= 1
        host = str(urlsplit(url).hostname)
        pause = self.pauses.get(host, self.pauses.get("*", 1.0))
        before = self._asked_at.get(host)
        if before is not None and (left := before + pause - self.clock()) > 0:
            self.sleep(left)
        self._asked_at[host] = self.clock()

    def _once(self, url: str, kept: _Kept | None) -> Answer:
        headers = {"User-Agent": USER_AGENT} | (kept.conditions() if kept else {})
        try:
            answer = self.session.get(url, headers=headers, timeout=TIMEOUT_SECONDS, stream=True)
            with answer:
                if answer.status_code == 304 and kept is not None:
                    return Answer(url, kept.content, kept=True)
                if answer.status_code in _PASSING:
                    raise _PassingError(f"status {answer.status_code}", _retry_after(answer))
                if answer.status_code != 200:
                    raise SourceError(
                        f"got status {answer.status_code} from {url}",
                        "status 200",
                        "open the address in a browser: it may have moved or need a login",
                    )
                content = _body(answer, url)
        except requests.RequestException as error:
            raise _PassingError(f"{type(error).__name__}: {error}") from error
        self._keep(url, content, answer.headers)
        return Answer(url, content)

    def _path(self, url: str) -> Path | None:
        name = hashlib.sha256(url.encode()).hexdigest()[:32]
        return self.cache_dir / f"{name}.json" if self.cache_dir else None

    def _kept(self, url: str) -> _Kept | None:
        path = self._path(url)
        # A kept body that cannot be read is simply asked for anew.
        with suppress(OSError, ValueError, KeyError):
            if path is not None:
                told = json.loads(path.read_text(encoding="utf-8"))
                content = path.with_suffix(".body").read_bytes()
                if hashlib.sha256(content).hexdigest() == told["sha256"]:
                    return _Kept(content, told.get("etag"), told.get("last_modified"))
        return None

    def _keep(self, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        path = self._path(url)
        told = {"etag": headers.get("ETag"), "last_modified": headers.get("Last-Modified")}
        if path is None or not any(told.values()):
            return
        with suppress(OSError):  # without it the next run asks for the whole body
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".body").write_bytes(content)
            told |= {"url": url, "sha256": hashlib.sha256(content).hexdigest()}
            path.write_text(json.dumps(told), encoding="utf-8")


class _PassingError(Exception):
    """A fault that may be gone on the next try; ``wait`` is what the server asks for, in s."""

    def __init__(self, told: str, wait: float = 0.0) -> None:
        super().__init__(told)
        self.wait = wait


@dataclass(frozen=True)
class _Kept:
    content: bytes
    etag: str | None
    last_modified: str | None

    def conditions(self) -> dict[str, str]:
        told = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in told.items() if value}


def _body(answer: requests.Response, url: str) -> bytes:
    parts, size = [], 0
    for part in answer.iter_content(2**16):
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise SourceError(
                f"got more than {MAX_BODY_BYTES} bytes from {url}",
                "a feed of a few megabytes",
                "open the address in a browser: it is not what it was",
            )
        parts.append(part)
    return b"".join(parts)


def _retry_after(answer: requests.Response) -> float:
    """Return the seconds a server asks to wait: given as such, or as a date."""
    said = answer.headers.get("Retry-After", "")
    if said.strip().isdigit():
        return float(said)
    with suppress(TypeError, ValueError):
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    return 0.0


def _title(page: str) -> str:
    _, begun, rest = page.partition("<title>")
    return repr((rest.partition("</title>")[0] if begun else page)[:60].strip())
