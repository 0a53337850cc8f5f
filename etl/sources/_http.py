"""One polite way to ask a web server: paced, conditional, patient, within a budget.

Whatever does not come as expected becomes a :class:`~etl.errors.SourceError` that says what was
got, what was expected and what to do; its ``code`` is one of ``etl.sources._http_errors``.
"""

from __future__ import annotations

import importlib.metadata
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError, ReadTimeoutError

from etl.collection import Collection
from etl.errors import SourceError
from etl.sources._http_cache import AnswerCache, Kept, fingerprint, instant
from etl.sources._http_errors import (
    FORMAT,
    LATER,
    NOT_FOUND,
    RATE_LIMITED,
    STATUS,
    TRUNCATED,
    left_alone,
    out_of_reach,
    over_budget,
    too_large,
    truncated,
)

_PIECE_BYTES = 2**16
T = TypeVar("T")
_BROKEN_OFF = (ProtocolError, DecodeError)


@dataclass(frozen=True)
class Manners:
    """How patiently a server is asked.

    Attributes
    ----------
    attempts
        For one answer, the first among them.
    first_wait_seconds, longest_wait_seconds
        Exponential backoff with jitter between attempts; a server that asks for more than the
        longest wait is not asked again in this run.
    timeout_seconds
        To connect, and between two pieces of an answer.
    answer_seconds
        For one whole answer, however steadily it drips.
    hopeless_after
        Unanswered questions in a row after which a host is taken for out of reach.
    body_limit_bytes
        Largest answer that is read, unpacked.
    clock, sleep
        Seconds that only grow, and how to wait; replaced in tests.
    """

    attempts: int = 3
    first_wait_seconds: float = 2.0
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 30.0
    answer_seconds: float = 180.0
    hopeless_after: int = 2
    body_limit_bytes: int = 32 * 2**20
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Visits:
    """What is remembered between clients, so that several sources of one run share a pace.

    Attributes
    ----------
    last
        When each host was asked last, on the clock of :class:`Manners`.
    spent
        Requests of the run that is going on.
    unanswered
        Questions in a row that got no answer, by host, in that run.
    closed
        Hosts that asked to be left alone in that run, and why.
    """

    run: datetime | None = None
    last: dict[str, float] = field(default_factory=dict)
    spent: int = 0
    unanswered: dict[str, int] = field(default_factory=dict)
    closed: dict[str, str] = field(default_factory=dict)

    def begin(self, run: datetime | None) -> None:
        """Start counting anew where the run is another one."""
        if run is None or run != self.run:
            self.run, self.spent = run, 0
            self.unanswered.clear()
            self.closed.clear()


VISITS = Visits()
"""Of this process."""


@dataclass(frozen=True)
class Answer:
    """What a server answered: the body, and the address it came from after redirects."""

    url: str
    content_type: str
    body: bytes


class _FaultError(Exception):
    """One attempt that failed."""

    def __init__(self, error: SourceError, *, transient: bool, wait_seconds: float = 0.0) -> None:
        super().__init__(str(error))
        self.error, self.transient, self.wait_seconds = error, transient, wait_seconds


class HttpClient:
    """Asks the hosts of a :class:`~etl.collection.Collection`.

    Parameters
    ----------
    collection
        Rates, addresses and budget.
    run
        Instant of the run, which shares its budget; an answer of the same run is not asked for
        twice.
    keep_in
        Folder of the last answers; ``None`` keeps nothing, and then nothing is conditional.
    manners, visits, session
        Replaced in tests.
    """

    def __init__(
        self,
        collection: Collection,
        run: datetime | None = None,
        keep_in: Path | None = None,
        *,
        manners: Manners | None = None,
        visits: Visits | None = None,
        session: requests.Session | None = None,
    ) -> None:
        self.collection = collection
        self._run = run
        self._cache = AnswerCache(keep_in)
        self._manners = manners or Manners()
        self._visits = VISITS if visits is None else visits
        self._visits.begin(run)
        self._session = session or requests.Session()
        self._session.headers["User-Agent"] = user_agent()

    def __enter__(self) -> Self:
        """Open nothing; connections are made as they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, url: str, read: Callable[[Answer], T], accept: str = "*/*") -> T:
        """Return what ``read`` makes of the answer of ``url``; an unchanged answer is a kept one.

        Parameters
        ----------
        url
            A host of the collection.
        read
            Pure; raises a SourceError for an answer that is not what it should be. Such an answer
            is not kept, and one that broke off (code ``SOURCE_TRUNCATED``) is asked for again.
        accept
            The header Accept.

        Raises
        ------
        SourceError
            Of ``read``, or of the transport, once asking again does not help.
        """
        found = self._cache.find(url)
        if found and self._run and found[0].run == instant(self._run):
            return read(Answer(url, found[0].content_type, found[1]))
        manners = self._manners
        retrying = Retrying(
            stop=stop_after_attempt(manners.attempts),
            wait=self._wait,
            retry=retry_if_exception(self._worth_it),
            sleep=manners.sleep,
            reraise=True,
        )
        try:
            return retrying(self._ask, url, read, accept, found)
        except _FaultError as fault:
            if fault.error.code == RATE_LIMITED:  # patience was of no use: leave the host alone
                self._visits.closed.setdefault(urlsplit(url).hostname or "", "asked to wait before")
            raise fault.error from fault

    def _wait(self, state: RetryCallState) -> float:
        manners = self._manners
        backoff = wait_exponential_jitter(
            multiplier=manners.first_wait_seconds,
            max=manners.longest_wait_seconds,
            jitter=manners.first_wait_seconds,
        )
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.wait_seconds if isinstance(fault, _FaultError) else 0.0
        return max(backoff(state), asked)

    def _worth_it(self, fault: BaseException) -> bool:
        longest = self._manners.longest_wait_seconds
        return isinstance(fault, _FaultError) and fault.transient and fault.wait_seconds <= longest

    def _ask(
        self,
        url: str,
        read: Callable[[Answer], T],
        accept: str,
        found: tuple[Kept, bytes] | None,
    ) -> T:
        """Ask once."""
        host = urlsplit(url).hostname or ""
        self._admit(host)
        headers = {"Accept": accept, **(_conditions(found[0]) if found else {})}
        try:
            status, answer, told = self._read(self._address(url, host), headers)
        except (requests.Timeout, ReadTimeoutError) as error:
            raise self._unanswered(host, "no answer in time") from error
        except _BROKEN_OFF as error:
            reason = "the connection ended in the middle of it"
            raise _FaultError(truncated(url, reason), transient=True) from error
        except (requests.RequestException, HTTPError) as error:
            if "NameResolutionError" in repr(error):  # wrapped twice; asking again is of no use
                raise self._unknown(host) from error
            raise self._unanswered(host, f"no connection ({type(error).__name__})") from error
        self._visits.unanswered.pop(host, None)
        if status == 304 and found:
            answer, told = Answer(url, found[0].content_type, found[1]), vars(found[0])
        else:
            self._refuse_status(url, host, status, told)
        return self._understood(url, read, answer, told)

    def _understood(
        self, url: str, read: Callable[[Answer], T], answer: Answer, told: Mapping[str, str]
    ) -> T:
        """Read an answer, and keep it only if it could be read."""
        try:
            result = read(answer)
        except SourceError as error:
            raise _FaultError(error, transient=error.code == TRUNCATED) from error
        etag = told.get("etag", "")
        modified = told.get("last-modified") or told.get("last_modified", "")
        digest = fingerprint(answer.body)
        kept = Kept(url, answer.content_type, etag, modified, instant(self._run), digest)
        self._cache.keep(kept, answer.body)
        return result

    def _address(self, url: str, host: str) -> str:
        known = self.collection.hosts.get(host)
        if known is None or known.address is None:
            return url
        return known.address.rstrip("/") + url.split(host, 1)[1]

    def _admit(self, host: str) -> None:
        """Wait for the host's turn, and count the request; refuse where nothing may be asked."""
        visits, manners = self._visits, self._manners
        if host in visits.closed:
            raise _FaultError(left_alone(host, visits.closed[host]), transient=False)
        if visits.unanswered.get(host, 0) >= manners.hopeless_after * manners.attempts:
            raise _FaultError(out_of_reach(host, "asked often enough"), transient=False)
        if visits.spent >= self.collection.requests_per_run:
            raise _FaultError(over_budget(self.collection.requests_per_run), transient=False)
        rate = self.collection.hosts[host].requests_per_minute
        pause = visits.last.get(host, float("-inf")) + 60.0 / rate - manners.clock()
        if pause > 0:
            manners.sleep(min(pause, 60.0 / rate))  # never longer, should the clock jump back
        visits.last[host] = manners.clock()
        visits.spent += 1

    def _read(self, address: str, headers: dict[str, str]) -> tuple[int, Answer, Mapping[str, str]]:
        manners = self._manners
        until = manners.clock() + manners.answer_seconds
        with self._session.get(
            address, headers=headers, stream=True, timeout=manners.timeout_seconds
        ) as response:
            body = b"".join(self._pieces(response, until))
            kind = response.headers.get("content-type", "")
            answer = Answer(response.url, kind, body)
            return response.status_code, answer, response.headers

    def _pieces(self, response: requests.Response, until: float) -> Iterator[bytes]:
        size, limit = 0, self._manners.body_limit_bytes
        # read1() gives what has come; iter_content() would wait for a piece to be full.
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            size += len(piece)
            if size > limit:
                raise _FaultError(too_large(response.url, limit), transient=False)
            if self._manners.clock() > until:
                raise requests.ReadTimeout("the answer drips")
            yield piece

    def _refuse_status(self, url: str, host: str, status: int, told: Mapping[str, str]) -> None:
        if status == 200:
            return
        if status == 429 or (status == 503 and "retry-after" in told):
            wait = retry_after_seconds(told.get("retry-after", ""), told.get("date", ""))
            words = f"HTTP {status}" + (f", asked to wait {wait:g} s" if wait else "")
            if wait > self._manners.longest_wait_seconds:
                self._visits.closed[host] = words
            raise _FaultError(left_alone(host, words), transient=True, wait_seconds=wait)
        if status in (404, 410):
            error = SourceError(
                f"got HTTP {status} from {url}",
                "an address that exists",
                "see whether the store still has it",
                code=NOT_FOUND,
            )
            raise _FaultError(error, transient=False)
        error = SourceError(f"got HTTP {status} from {url}", "HTTP 200", LATER, code=STATUS)
        raise _FaultError(error, transient=status >= 500)

    def _unanswered(self, host: str, reason: str) -> _FaultError:
        counted = self._visits.unanswered
        counted[host] = counted.get(host, 0) + 1
        return _FaultError(out_of_reach(host, reason), transient=True)

    def _unknown(self, host: str) -> _FaultError:
        """Give the host up for this run: a name that is not known is not known a second later."""
        self._visits.unanswered[host] = self._manners.hopeless_after * self._manners.attempts
        return _FaultError(out_of_reach(host, "its name is not known here"), transient=False)


def user_agent() -> str:
    """Return the name under which servers are asked."""
    try:
        version = importlib.metadata.version("artonomics")
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return f"Artonomics/{version} (app market research)"


def json_of(answer: Answer) -> Any:
    """Return the JSON document of an answer; a page in its place is told apart from half a one."""
    text = answer.body.lstrip()
    if text.startswith(b"<") or answer.content_type.startswith("text/html"):
        raise SourceError(
            f"got a page in place of JSON from {answer.url} ({_title(text)})",
            "JSON; the server may ask for a login, a consent or a proof of being human",
            "open the address in a browser and see what it asks for",
            code=FORMAT,
        )
    try:
        return json.loads(answer.body)
    except ValueError as error:
        if text.startswith((b"{", b"[")):
            raise truncated(answer.url, f"the JSON breaks off or is spoilt: {error}") from error
        raise SourceError(
            f"got no JSON from {answer.url} ({answer.content_type or 'no content type'}): {error}",
            "one whole JSON document",
            LATER,
            code=FORMAT,
        ) from error


def retry_after_seconds(value: str, date: str) -> float:
    """Return how long a server asks to wait; 0 where it does not say or is not understood.

    Parameters
    ----------
    value
        The header Retry-After: seconds, or an HTTP date.
    date
        The header Date, the server's own now, so that a wrong clock here does no harm.
    """
    if value.strip().isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _conditions(kept: Kept) -> dict[str, str]:
    told = {"If-None-Match": kept.etag, "If-Modified-Since": kept.last_modified}
    return {name: value for name, value in told.items() if value}


def _title(page: bytes) -> str:
    low = page[:4096].lower()
    begin, end = low.find(b"<title>"), low.find(b"</title>")
    if 0 <= begin < end:
        return page[begin + 7 : end].decode("utf-8", "replace").strip() or "no title"
    return "no title"
