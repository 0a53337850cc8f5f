"""Cells in processes of their own, one after the other, into one record.

A record is written after every cell, so that a kill loses the running cell at most; what records of
the same machine and program hold already is not measured again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator import record
from generator.cell import Cell
from generator.errors import GeneratorError, ToldError

Report = Callable[[dict[str, Any]], None]
_TAIL = 600


@dataclass(frozen=True)
class Plan:
    """What is to be measured, in order of worth.

    Attributes
    ----------
    cells
        The most wanted first.
    folder
        Of the records.
    budget_seconds
        After which no further cell is begun; ``None`` has no end.
    again
        Measure also what records of the folder hold already.
    pictures
        Folder for a picture of every cell; ``None`` keeps none.
    command
        Words of the command line, for the record.
    """

    cells: tuple[Cell, ...]
    folder: Path
    budget_seconds: float | None = None
    again: bool = False
    pictures: Path | None = None
    command: tuple[str, ...] = ()


def program() -> list[str]:
    """Return the command that starts this program in a fresh process."""
    archive = getattr(globals().get("__loader__"), "archive", None)
    return [sys.executable, archive] if archive else [sys.executable, "-m", "generator"]


def _child_environment() -> dict[str, str]:
    here = Path(__file__).resolve().parent.parent
    paths = [str(here), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def run(plan: Plan, environment: dict[str, Any], report: Report) -> tuple[dict[str, Any], Path]:
    """Measure a plan; return its record and where it lies.

    Parameters
    ----------
    plan
        Cells and limits.
    environment
        Of the record: see :func:`generator.machine.environment`.
    report
        Called with progress.

    Raises
    ------
    GeneratorError
        Two cells have one name.
    """
    _refuse_one_name_for_two(plan.cells)
    configuration = {
        "budget_seconds": plan.budget_seconds,
        "planned": [cell.key for cell in plan.cells],
        "not_begun": [],
        "measured_before": [],
    }
    made = record.begin(list(plan.command), environment, configuration)
    before = set() if plan.again else record.measured_before(plan.folder, made)
    wanted = [cell for cell in plan.cells if cell.key not in before]
    configuration["measured_before"] = [c.key for c in plan.cells if c.key in before]
    start = time.monotonic()
    path = plan.folder / f"bench-{made['run_id']}.json"
    for number, cell in enumerate(wanted):
        left = None if plan.budget_seconds is None else plan.budget_seconds - _since(start)
        if left is not None and left <= 0:
            configuration["not_begun"] = [later.key for later in wanted[number:]]
            break
        report({"event": "cell", "key": cell.key, "number": number + 1, "of": len(wanted)})
        result = measure_apart(cell, report, plan.pictures, left)
        made["cells"].append(as_agreed({"key": cell.key, **result}))
        made["finished_at"] = record.now()
        path = record.write(made, plan.folder)
    if not made["cells"]:
        return made, path
    made["finished_at"] = record.now()
    return made, record.write(made, plan.folder)


def _refuse_one_name_for_two(cells: Sequence[Cell]) -> None:
    """Refuse cells that a record could not tell apart, before any is measured.

    Raises
    ------
    GeneratorError
        Two cells have one name: folders of one name in two places, say.
    """
    names = [cell.key for cell in cells]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise GeneratorError(
            f"two cells of the name {twice[0]}",
            "cells that differ in model, task, preset, batch, size, steps, guidance or weights",
            "measure them in two runs, with another --out each",
        )


def as_agreed(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a cell's entry; one with faults as failed, so that the others are still recorded."""
    if found := record.cell_problems(entry):
        reason = f"its record had faults: {'; '.join(found[:5])}"
        return {"key": entry["key"], "cell": entry["cell"], "status": "failed", "reason": reason}
    return entry


def _since(start: float) -> float:
    return time.monotonic() - start


def measure_apart(
    cell: Cell, report: Report, pictures: Path | None = None, limit_seconds: float | None = None
) -> dict[str, Any]:
    """Measure one cell in a fresh process.

    Returns
    -------
    dict
        As :func:`generator.measure.measure` returns it; ``refused`` or ``failed`` with a reason
        where the process said so, died, or ran out of time.
    """
    told = {
        "cell": cell.to_record(),
        "spawned_at": time.time(),
        "pictures": None if pictures is None else str(pictures.resolve()),
    }
    outcome = converse("cell", told, report, limit_seconds)
    if outcome["event"] == "done":
        return outcome["result"]
    return {
        "cell": cell.to_record(),
        "status": outcome.get("status", "failed"),
        "reason": outcome["reason"],
    }


def converse(
    verb: str, told: dict[str, Any], report: Report, limit_seconds: float | None = None
) -> dict[str, Any]:
    """Start a verb of this program in a fresh process and follow its lines.

    Parameters
    ----------
    verb
        Reads one JSON document and prints one JSON object a line.
    told
        The document.
    report
        Gets every line but the last.
    limit_seconds
        After which the process is ended.

    Returns
    -------
    dict
        The last line: its ``event`` is ``done``, or ``error`` with a ``reason``.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*program(), verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=_child_environment(),
        )
        outcome: dict[str, Any] | None = None
        timer = _Deadline(process, limit_seconds)
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(told).encode())
            process.stdin.close()
            for line in process.stdout:
                event = _event(line)
                if event is None:
                    continue
                if event["event"] in ("done", "error"):
                    outcome = event
                else:
                    report(event)
            process.wait()
        except BrokenPipeError:
            process.wait()
        finally:
            timer.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if outcome is not None:
            return outcome
        return {"event": "error", "status": "failed", "reason": _why(process, said, timer)}


class _Deadline:
    """End a process after a time."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float | None) -> None:
        import threading

        self.passed = False
        self.seconds = seconds
        self._process = process
        self._timer = None if seconds is None else threading.Timer(seconds, self._end)
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def _end(self) -> None:
        self.passed = True
        self._process.kill()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _event(line: bytes) -> dict[str, Any] | None:
    """Return a line's event; a library that prints has none."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _why(process: subprocess.Popen[bytes], said: Any, deadline: _Deadline) -> str:
    if deadline.passed:
        return f"ended after {deadline.seconds:.0f} s: the budget was used up"
    said.seek(0)
    tail = said.read().decode("utf-8", "replace").strip()[-_TAIL:]
    status = process.returncode
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"the process {how}: {tail or 'it said nothing'}"


def environment_apart(device: str) -> dict[str, Any]:
    """Return the machine's record, asked for in a process of its own.

    The caller never holds a card: each cell finds it free.

    Raises
    ------
    GeneratorError
        The device cannot be used.
    """
    outcome = converse("environment", {"device": device}, lambda event: None)
    if outcome["event"] == "done":
        return outcome["result"]
    raise ToldError(outcome["reason"])


def plan_cells(base: Sequence[Cell], **choices: Sequence[Any]) -> tuple[Cell, ...]:
    """Return every combination of choices over cells, the first choices first."""
    from dataclasses import replace
    from itertools import product

    names = list(choices)
    return tuple(
        replace(cell, **dict(zip(names, values, strict=True)))
        for cell in base
        for values in product(*choices.values())
    )
