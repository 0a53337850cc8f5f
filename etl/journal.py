"""What a run is doing at this moment, for those who watch it: ``warehouse/run.json``.

The run ledger tells how each source ended; this file tells what goes on before that. It is a
convenience: where it cannot be written, the run goes on without it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["waiting", "working", "ok", "unchanged", "partial", "failed"]
FILE = "run.json"


@dataclass
class Step:
    """One source (or the publication) within a run.

    Attributes
    ----------
    source
        Name of the source, or ``publish``.
    state
        Where it stands.
    doing
        What is being done to it now, in a few words; empty unless it is ``working``.
    rows_in, rows_new, rows_changed, rows_quarantined
        What it brought, once it has ended.
    error
        What went wrong, in words.
    started_at, finished_at
        Instants in UTC, ISO 8601.
    """

    source: str
    state: State = "waiting"
    doing: str = ""
    rows_in: int = 0
    rows_new: int = 0
    rows_changed: int = 0
    rows_quarantined: int = 0
    error: str | None = None
    started_at: str | None = None
    finished_at: str | None = None


@dataclass
class Running:
    """A run as it stands.

    Attributes
    ----------
    run_id, mode
        The run, and whether it reads the bundled snapshot or live sources.
    pid
        The process that runs it.
    started_at, finished_at
        Instants in UTC, ISO 8601; a run without an end is going on or was killed.
    steps
        Its sources in order, the publication last.
    """

    run_id: str
    mode: str
    pid: int
    started_at: str
    finished_at: str | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def begun(self) -> datetime:
        """When it began, UTC."""
        return datetime.fromisoformat(self.started_at)

    @property
    def interrupted(self) -> bool:
        """Whether the process is gone though the run never ended."""
        return self.finished_at is None and not _alive(self.pid)

    @property
    def going_on(self) -> bool:
        """Whether the process is still at work."""
        return self.finished_at is None and _alive(self.pid)


class Journal:
    """Writes what a run is doing; every change replaces the file as a whole.

    Parameters
    ----------
    warehouse_dir
        The folder of the writer, whose lock the caller holds.
    run_id, mode
        The run.
    sources
        The sources in the order in which they come.
    """

    def __init__(self, warehouse_dir: Path, run_id: str, mode: str, sources: list[str]) -> None:
        self._path = warehouse_dir / FILE
        steps = [Step(name) for name in (*sources, "publish")]
        self.running = Running(run_id, mode, os.getpid(), _now(), steps=steps)
        self._write()

    def begin(self, number: int, doing: str) -> None:
        """Say that step ``number`` is being worked on, and how."""
        step = self.running.steps[number]
        step.state, step.doing = "working", doing
        step.started_at = step.started_at or _now()
        self._write()

    def end(self, number: int, outcome: dict[str, Any]) -> None:
        """Say how step ``number`` ended; ``outcome`` holds ``status`` and fields of a step."""
        step = self.running.steps[number]
        step.state, step.doing, step.finished_at = outcome["status"], "", _now()
        for name in ("rows_in", "rows_new", "rows_changed", "rows_quarantined", "error"):
            setattr(step, name, outcome.get(name, getattr(step, name)))
        self._write()

    def finish(self) -> None:
        """Say that the run has ended."""
        self.running.finished_at = _now()
        self._write()

    def _write(self) -> None:
        half = self._path.with_suffix(".half")
        with suppress(OSError):
            half.write_text(json.dumps(asdict(self.running), ensure_ascii=False), encoding="utf-8")
            half.replace(self._path)


def read(data_dir: Path) -> Running | None:
    """Return the last run that wrote its steps, or ``None`` where none ever did.

    Parameters
    ----------
    data_dir
        The data folder.
    """
    try:
        told = json.loads((data_dir / "warehouse" / FILE).read_text(encoding="utf-8"))
        steps = [Step(**step) for step in told.pop("steps")]
        return Running(**told, steps=steps)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
