"""What is raised at present, and what happened: files of the data folder, written whole or not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from etl.delivery import lines
from etl.errors import ArtonomicsError

FOLDER, FILE, EVENTS = "alerts", "state.json", "events.jsonl"
LOCK_SECONDS = 30.0


@dataclass
class Standing:
    """One alert that is raised.

    Attributes
    ----------
    rule, subject
        Which.
    opened_at
        When it was raised (UTC, ISO 8601).
    sentence, evidence_kind, as_of, source, url, link
        What was found, with its evidence, as last read; ``link`` is a path of the dashboard.
    value, line, unit
        The number and the line.
    seen_at
        When it was last read.
    unknown
        Why nothing is known of it at present; empty while something is.
    """

    rule: str
    subject: str
    opened_at: str
    sentence: str = ""
    value: float | None = None
    line: float | None = None
    unit: str = ""
    evidence_kind: str = ""
    as_of: str | None = None
    source: str = ""
    url: str = ""
    link: str = ""
    seen_at: str = ""
    unknown: str = ""


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


@dataclass
class State:
    """Everything that is remembered between two looks.

    Attributes
    ----------
    raised
        What is raised, the oldest first.
    waiting
        What is still to be sent, in order.
    checked_at
        When was last looked (UTC); empty before the first time.
    """

    raised: list[Standing] = field(default_factory=list[Standing])
    waiting: list[Waiting] = field(default_factory=list[Waiting])
    checked_at: str = ""

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
        return State(
            [Standing(**one) for one in told["raised"]],
            [Waiting(**one) for one in told["waiting"]],
            told["checked_at"],
        )
    except (ValueError, TypeError, KeyError) as problem:
        raise ArtonomicsError(
            f"got {path}, which cannot be read: {problem}",
            "the state of the alerts",
            "move the file away: what is raised is then told once more",
            code="ALERT_STATE",
        ) from None


def write(data_dir: Path, state: State) -> None:
    """Replace the state in one step."""
    path = data_dir / FOLDER / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{FILE}.{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(state), ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.replace(path)


@contextmanager
def turn(data_dir: Path) -> Iterator[None]:
    """Let one process look at a time."""
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "check.lock", timeout=LOCK_SECONDS):
        yield


def note(data_dir: Path, what: str, rule: str, subject: str, at: datetime, **more: Any) -> None:
    """Add a line to what happened."""
    lines.add(
        data_dir / FOLDER / EVENTS,
        {"at": at, "what": what, "rule": rule, "subject": subject, **more},
    )


def events(data_dir: Path) -> list[dict[str, Any]]:
    """Return what happened, the newest first; torn lines are left out."""
    found, _ = lines.read(data_dir / FOLDER / EVENTS, dict)
    return found[::-1]
