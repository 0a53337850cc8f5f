"""What is raised at present, and what happened: files of the data folder, written whole or not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from etl.delivery import lines
from etl.errors import ArtonomicsError

FOLDER, FILE, EVENTS = "alerts", "state.json", "events.jsonl"
LOCK_SECONDS = 30.0


@dataclass
class Standing:
    """One alert that is raised, told so that it can be said in either language.

    Attributes
    ----------
    rule, kind, subject
        Which.
    opened_at
        When it was raised (UTC, ISO 8601).
    number
        Which of all alerts it is: an instant may come twice, where a clock is set back or stands.
    mark
        Of the rule when it was last read.
    value, line, unit, evidence_kind, source, url, link, told
        What was found, with its evidence, as last known; see :class:`etl.alerts.reading.Reading`.
    as_of
        The day it is about.
    known_at
        When something was last known of it (UTC).
    unknown
        Why nothing is known of it at present; empty while something is.
    """

    rule: str
    kind: str
    subject: str
    opened_at: str
    number: int
    mark: str = ""
    value: float | None = None
    line: float | None = None
    unit: str = ""
    evidence_kind: str = ""
    as_of: date | None = None
    source: str = ""
    url: str = ""
    link: str = ""
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    known_at: str = ""
    unknown: str = ""

    @property
    def key(self) -> str:
        """What tells it from every other alert."""
        return f"alert/{self.rule}/{self.subject}/{self.opened_at}/{self.number}"


@dataclass
class Waiting:
    """A beginning or an end that is still to be sent.

    Attributes
    ----------
    key
        By which the delivery ledger knows it.
    what
        ``raised`` or ``cleared``.
    to
        Channels it is still to go to.
    quiet
        The quiet hours of its rule, as written; empty without any.
    subject, text, link
        The message.
    """

    key: str
    what: Literal["raised", "cleared"]
    rule: str
    to: list[str]
    subject: str
    text: str
    link: str = ""
    quiet: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def alert(self) -> str:
        """The key of the alert that begins or ends."""
        return self.key.rpartition("/")[0]


@dataclass
class State:
    """Everything that is remembered between two looks.

    Attributes
    ----------
    raised
        What is raised, the oldest first.
    waiting
        What is still to be sent, in order.
    to_note
        What happened and may not stand in the file of events yet.
    n_raised
        How many alerts there ever were.
    checked_at
        When was last looked (UTC); empty before the first time.
    n_rules, n_subjects, n_unknown
        Then: rules, their subjects, and of how many of these nothing was known.
    faults
        Then: why a rule could not be looked at, by its name.
    """

    raised: list[Standing] = field(default_factory=list[Standing])
    waiting: list[Waiting] = field(default_factory=list[Waiting])
    to_note: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    n_raised: int = 0
    checked_at: str = ""
    n_rules: int = 0
    n_subjects: int = 0
    n_unknown: int = 0
    faults: dict[str, str] = field(default_factory=dict[str, str])

    def find(self, rule: str, subject: str) -> Standing | None:
        """Return what is raised of a rule about a subject."""
        own = (one for one in self.raised if (one.rule, one.subject) == (rule, subject))
        return next(own, None)


def read(data_dir: Path) -> State:
    """Return the state; an empty one before the first look.

    Raises
    ------
    ArtonomicsError
        If the file is not whole: taken for empty, everything would be sent a second time.
    """
    path = data_dir / FOLDER / FILE
    if not path.is_file():
        return State()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        raised = [Standing(**one | {"as_of": _day(one["as_of"])}) for one in told.pop("raised")]
        waiting = [Waiting(**one) for one in told.pop("waiting")]
        return State(raised, waiting, **told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise ArtonomicsError(
            f"got {path}, which cannot be read: {problem}",
            "the state of the alerts",
            "move the file away: what is raised is then told once more",
            code="ALERT_STATE",
        ) from None


def _day(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)


def write(data_dir: Path, state: State) -> None:
    """Replace the state in one step, and have it on the disk before returning."""
    path = data_dir / FOLDER / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{FILE}.{os.getpid()}")
    told = json.dumps(asdict(state), ensure_ascii=False, indent=1, default=date.isoformat)
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(told)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


@contextmanager
def turn(data_dir: Path) -> Iterator[None]:
    """Let one process look at a time.

    Raises
    ------
    ArtonomicsError
        If another one looks, or sends, for too long.
    """
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "check.lock")
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise ArtonomicsError(
            f"got the alerts held by another process for {LOCK_SECONDS:.0f} s",
            "one look at a time",
            "see whether it hangs; the next look finds what this one would have",
            code="ALERTS_LOCKED",
        ) from None
    try:
        yield
    finally:
        lock.release()


def note(data_dir: Path, state: State) -> None:
    """Add what happened to the file of events; what a crash makes stand twice is read once."""
    for told in state.to_note:
        lines.add(data_dir / FOLDER / EVENTS, told)
    state.to_note.clear()


def events(data_dir: Path) -> list[dict[str, Any]]:
    """Return what happened, the newest first; torn lines are left out."""
    found, _ = lines.read(data_dir / FOLDER / EVENTS, _event)
    return [*{told["key"]: told for told in found}.values()][::-1]


def _event(told: dict[str, Any]) -> dict[str, Any]:
    """Return a line that is whole."""
    return told | {name: str(told[name]) for name in ("key", "at", "what", "rule", "subject")}
