"""The ledger of deliveries: a line a step, only ever added to, under one lock.

An attempt writes ``sending`` before it does anything, and how it ended afterwards. A line
``sending`` that nothing follows is an attempt that broke off: nobody knows whether it arrived.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from etl.delivery import lines
from etl.delivery.faults import DeliveryError

State = Literal["sending", "sent", "failed", "uncertain"]
FOLDER, FILE = "delivery", "ledger.jsonl"
TURN_SECONDS = 900.0
"""How long one waits for another process that is sending through the same channel."""


@dataclass(frozen=True)
class Entry:
    """One line.

    Attributes
    ----------
    at
        Instant in UTC, ISO 8601.
    key, channel
        What was delivered, and where.
    state
        What is known of it.
    reached
        Recipients (or parts) that have it, also from attempts before.
    detail
        In words, without secrets.
    """

    at: str
    key: str
    channel: str
    state: State
    reached: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Standing:
    """What the ledger knows of one key on one channel.

    Attributes
    ----------
    state
        Of its last line; ``None`` where it has none.
    reached
        Who has it.
    n_attempts
        How often it was begun.
    last
        The last line.
    """

    state: State | None
    reached: tuple[str, ...]
    n_attempts: int
    last: Entry | None


class Ledger:
    """The ledger of one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / FOLDER
        self.path = self.folder / FILE

    def entries(self) -> tuple[list[Entry], int]:
        """Return the lines in order, and how many were torn and could not be read."""
        return lines.read(
            self.path, lambda told: Entry(**{**told, "reached": tuple(told["reached"])})
        )

    def standing(self, key: str, channel: str) -> Standing:
        """Return what is known of a key on a channel."""
        return self.standings([key], channel)[key]

    def standings(self, keys: Sequence[str], channel: str) -> dict[str, Standing]:
        """Return what is known of several keys on a channel, by key."""
        own: dict[str, list[Entry]] = {key: [] for key in keys}
        for one in self.entries()[0]:
            if one.channel == channel and one.key in own:
                own[one.key].append(one)
        return {key: _standing(found) for key, found in own.items()}

    def write(self, entry: Entry) -> None:
        """Add a line."""
        lines.add(self.path, asdict(entry))

    @contextmanager
    def turn(self, channel: str) -> Iterator[None]:
        """Hold a channel: of two processes, the second one waits and then sees what was sent.

        Raises
        ------
        DeliveryError
            If another process holds it too long.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / f"channel-{channel}.lock", timeout=TURN_SECONDS):
                yield
        except Timeout as error:
            raise DeliveryError(
                f"got the channel {channel!r} held by another process for {TURN_SECONDS:.0f} s",
                "one process at a time",
                "see whether it hangs; what was not sent is tried at the next run",
            ) from error


def _standing(own: Sequence[Entry]) -> Standing:
    last = own[-1] if own else None
    begun = sum(one.state == "sending" for one in own)
    return Standing(last.state if last else None, last.reached if last else (), begun, last)
