"""Verbs of processes of their own: a JSON document comes in, JSON lines go out."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false
from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator import load
from generator.cell import Cell
from generator.errors import GeneratorError
from generator.output import Report


def child(verb: Callable[[dict[str, Any], Report], dict[str, Any]]) -> int:
    """Run a verb of a process of its own: a document on standard input, JSON lines on output."""
    document = json.loads(sys.stdin.read())
    # Libraries print where they like; the lines of this process must be its own.
    out, sys.stdout = sys.stdout, sys.stderr

    def send(event: dict[str, Any]) -> None:
        out.write(json.dumps(event) + "\n")
        out.flush()

    try:
        result = verb(document, send)
    except GeneratorError as error:
        status = "failed" if error.exit_status == 3 else "refused"
        send({"event": "error", "status": status, "reason": str(error)})
        return error.exit_status
    except (RuntimeError, ImportError, OSError, ValueError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        send({"event": "error", "status": "failed", "reason": reason})
        return 3
    send({"event": "done", "result": result})
    return 0


def measure_cell(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Measure a cell in this process."""
    from generator import measure, protocol

    seams = protocol.Seams(spawned_at=document["spawned_at"])
    folder = document["pictures"]
    result = measure.measure(
        Cell.from_record(document["cell"]), report, seams, None if folder is None else Path(folder)
    )
    report({"event": "ended", "status": result["status"], "reason": result["reason"]})
    return result


def describe(document: dict[str, Any], _report: Report) -> dict[str, Any]:
    """Return the machine's record."""
    try:
        from generator import machine

        return machine.environment(machine.device(document["device"]))
    except ImportError as error:
        from generator.probe import INSTALL

        raise GeneratorError(f"no torch: {error}", "torch and diffusers", INSTALL) from error


def measure_load(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Measure the time of every batch size, search the rate, run the pipeline at it.

    Returns
    -------
    dict
        ``cell``, ``promise``, ``curve`` (seconds of each call by batch size),
        ``highest_rate_per_second`` (kind ``simulated``) and ``run_at_rate`` (kind ``measured``).
    """
    from dataclasses import replace

    from generator import measure, preparation, serving

    promise = load.Promise(**document["promise"])
    cell = preparation.completed(Cell.from_record(document["cell"]))
    if reason := preparation.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    # Before anything is loaded: afterwards its own weights would be missing from the free memory.
    measure.forecast(replace(cell, batch=promise.max_batch), report)
    server = serving.Server(cell, report)
    curve: dict[int, list[float]] = {}
    for size in load.batch_sizes(promise.max_batch):
        report({"event": "doing", "what": f"timing batches of {size}"})
        curve[size] = server.times(size, limit_seconds=document.get("sample_seconds"))
    rng = random.Random(cell.seed)
    rate = load.highest_rate(promise, curve, cell.seed)
    ran = None
    if rate > 0:
        report({"event": "doing", "what": f"running at {rate:.4g} requests a second"})
        requests = load.arrivals(rate, document["n_requests"], promise.paid_share, rng)
        served = load.serve(requests, promise.max_batch, load.padded(curve, server.seconds))
        ran = {**served.to_record(), "kept": served.holds(promise)}
    return {
        "cell": cell.to_record(),
        "promise": document["promise"],
        "curve": {str(size): times for size, times in curve.items()},
        "highest_rate_per_second": rate,
        "highest_rate_evidence": "simulated",
        "run_at_rate": ran,
        "run_evidence": "measured",
    }


def make_pictures(document: dict[str, Any], report: Report) -> dict[str, Any]:
    """Make pictures in this process; each with its preset, steps, seed, seconds and joules."""
    from generator import preparation

    asked = Cell.from_record(document["cell"])
    cell = preparation.completed(asked)
    if cell.weights != "real":
        raise GeneratorError(
            "a twin",
            "real weights: a twin's are random, and so would its pictures be",
            "name a folder or a hub id with --weights-from",
        )
    ways = _ways(asked) if document.get("by_steps") else [(cell, (cell.steps,))]
    folder, prompt = Path(document["folder"]), document["prompt"]
    unknown = _unknown_words(cell, prompt)
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(cell.seed, cell.seed + document["n"])
    made = [one for way, steps in ways for one in _drawn(way, steps, prompt, seeds, folder, report)]
    return {
        "cell": cell.to_record(),
        "prompt": prompt,
        "unknown_words": unknown,
        "pictures": made,
    }


def _ways(asked: Cell) -> list[tuple[Cell, tuple[int, ...]]]:
    """Return every way of drawing with its numbers of steps: few by an adapter, where there is one.

    Raises
    ------
    GeneratorError
        A preset, steps, guidance or another task was asked for as well.
    """
    from dataclasses import replace

    from generator import preparation
    from generator.emoji import FEW_STEPS, STEPS_MEASURED

    plain = Cell(asked.model)
    beside = ("steps", "guidance", "preset", "task")
    if changed := [name for name in beside if getattr(asked, name) != getattr(plain, name)]:
        raise GeneratorError(
            f"--by-steps beside --{changed[0]}", "it alone: it goes through steps and presets"
        )
    adapted = preparation.completed(replace(asked, preset="few-steps"))
    has_adapter = preparation.hindrance(adapted) is None
    few = tuple(n for n in STEPS_MEASURED if n <= FEW_STEPS) if has_adapter else ()
    rest = tuple(n for n in STEPS_MEASURED if n not in few)
    ways = [(adapted, few)] if few else []
    return [*ways, (preparation.completed(asked), rest)]


def _drawn(
    cell: Cell,
    steps: tuple[int, ...],
    prompt: str,
    seeds: range,
    folder: Path,
    report: Report,
) -> list[dict[str, Any]]:
    """Load a pipeline once and make every picture that is asked of it."""
    from dataclasses import replace

    from generator import preparation, serving

    if reason := preparation.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    most = replace(cell, steps=max(steps))
    preparation.refuse_too_large(most, preparation.predict(most, None))
    server = serving.Server(cell, report)
    made = []
    for n_steps in steps:
        for seed in seeds:
            told = server.picture(prompt, seed, n_steps)
            stem = f"{time.strftime('%Y%m%dT%H%M%S')}-{seed}-{cell.preset}-{n_steps}"
            path = folder / f"{stem}.png"
            told.pop("picture").save(path)
            made.append({"preset": cell.preset, "steps": n_steps, **told, "path": str(path)})
            report({"event": "picture", **made[-1]})
    return made


def _unknown_words(cell: Cell, prompt: str) -> list[str]:
    """Return the words that a model trained here never read; of other models nobody knows."""
    from generator.emoji import training, use

    folder = Path(cell.weights_source or cell.model)
    return use.unknown_words(folder, prompt) if (folder / training.RECORD).is_file() else []
