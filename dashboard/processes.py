"""Commands that a page starts: each is a process of its own, so that a page never waits for one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dashboard import access, launch
from etl.errors import ArtonomicsError, InputError, SourceError

_TAIL_BYTES = 4_000
_LABELS = ("error", "expected", "to do", "code")
"""How a command begins the lines of the error it ends with."""
_ENDED = "ENDED"
_FAULTS = (ArtonomicsError, InputError, SourceError)
_CODES = {fault.exit_status: fault.default_code for fault in _FAULTS}


@dataclass(frozen=True)
class Started:
    """A process that a page has started.

    Attributes
    ----------
    words
        The command as the user would type it, without the program's name.
    process
        The process; nobody need wait for it.
    log
        What it says on standard error.
    output
        What it prints: one JSON document once it has ended.
    """

    words: tuple[str, ...]
    process: subprocess.Popen[bytes]
    log: Path
    output: Path

    @property
    def status(self) -> int | None:
        """Exit status; ``None`` while it is running."""
        return self.process.poll()

    def stop(self) -> None:
        """End it and whatever it has started; what it has finished is kept."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)

    def said(self) -> str:
        """Return the end of what it said on standard error."""
        try:
            content = self.log.read_bytes()
        except FileNotFoundError:
            return ""
        return content[-_TAIL_BYTES:].decode("utf-8", errors="replace").strip()

    def failure(self) -> ArtonomicsError | None:
        """Return why it has failed, as it was told; ``None`` where it has not, or is at work.

        What ended without an error of ours bears its last line, and the code of its status.
        """
        if self.status in (None, 0):
            return None
        told = dict.fromkeys(_LABELS, "")
        # Lines of JSON tell how far it was.
        lines = [line for line in self.said().splitlines() if not line.startswith("{")]
        label = ""
        for line in lines:
            begun, _, words = line.partition(": ")
            if begun in _LABELS:
                label, told[begun] = begun, words
            elif label:
                told[label] += f" {line.strip()}"
        got, expected, todo, code = told.values()
        return ArtonomicsError(
            got or (lines or [f"exit status {self.status}"])[-1],
            expected,
            todo,
            code=code or _CODES.get(self.status or 1, _ENDED),
        )


def start(data_dir: Path, words: Sequence[str], name: str) -> Started:
    """Start ``artonomics --json …`` over a data folder and return at once.

    Parameters
    ----------
    data_dir
        The data folder.
    words
        The verb and its options.
    name
        Name of the files ``<name>.log`` and ``<name>.json`` in the folder ``jobs`` of the data
        folder; those of an earlier job of this name are replaced.
    """
    folder = data_dir / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # what a command says of somebody's files is nobody else's business
    log, output = folder / f"{name}.log", folder / f"{name}.json"
    program = [sys.executable, "-m", "artonomics", "--data", str(data_dir), "--json"]
    with log.open("wb") as said, output.open("wb") as printed:
        process = subprocess.Popen(
            [*program, *words],
            env=access.without_secrets(launch.environment()) | {"NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            start_new_session=True,  # it goes on when the dashboard is stopped
        )
    # Somebody must wait for it, or it stays in the process table after its end.
    threading.Thread(target=process.wait, daemon=True).start()
    return Started(tuple(words), process, log, output)
