"""A message on its way through one channel, how it ended, and how often it is tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from etl.delivery.channels import Channel
from etl.delivery.faults import TransientError
from etl.delivery.ledger import Standing
from etl.delivery.message import Message
from etl.delivery.secret import redact

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 120.0
T = TypeVar("T")


@dataclass(frozen=True)
class Parcel:
    """A message on its way.

    Attributes
    ----------
    channel, secrets
        Where to, and the secrets by field.
    message, key
        What, and what makes it one delivery.
    now
        The instant (UTC).
    reached
        Recipients or parts that have it already: they are left out.
    repeat
        How often it was sent again on purpose; 0 for the first time.
    more_keys
        Further deliveries that the same message makes.
    """

    channel: Channel
    secrets: Mapping[str, str] = field(repr=False)
    message: Message
    key: str
    now: datetime
    reached: tuple[str, ...] = ()
    repeat: int = 0
    more_keys: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Every delivery that it makes."""
        return (self.key, *self.more_keys)

    def after(self, standing: Standing, *, resend: bool) -> Parcel:
        """Return it without those who have it, or for everybody where it is sent again."""
        if resend:
            return replace(self, repeat=standing.n_attempts)
        return replace(self, reached=standing.reached)


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    Attributes
    ----------
    state
        ``sent`` to everybody, ``failed`` for some or all, ``uncertain``.
    reached
        Who has it, those of attempts before among them.
    detail
        In words.
    """

    state: Literal["sent", "failed", "uncertain"]
    reached: tuple[str, ...]
    detail: str

    def without(self, secrets: Iterable[str]) -> Outcome:
        """Return it without secrets that a server may have said back."""
        return replace(self, detail=redact(self.detail, secrets))


def patiently(attempts: int, what: Callable[[], T]) -> T:
    """Do something, again where it failed for what may pass; the waits grow.

    Raises
    ------
    TransientError
        Of the last attempt.
    """
    retrying = Retrying(
        stop=stop_after_attempt(attempts),
        wait=wait_exponential_jitter(
            multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=FIRST_WAIT_SECONDS
        ),
        retry=retry_if_exception_type(TransientError),
        reraise=True,
    )
    return retrying(what)
