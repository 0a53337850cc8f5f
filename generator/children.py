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
    """Make pictures in this process; each with its seed, seconds and joules."""
    from generator import preparation, serving

    cell = preparation.completed(Cell.from_record(document["cell"]))
    if cell.weights != "real":
        raise GeneratorError(
            "a twin",
            "real weights: a twin's are random, and so would its pictures be",
            "name a folder or a hub id with --weights-from",
        )
    if reason := preparation.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    preparation.refuse_too_large(cell, preparation.predict(cell, None))
    server = serving.Server(cell, report)
    folder = Path(document["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(document["n"]):
        told = server.picture(document["prompt"], cell.seed + number)
        path = folder / f"{time.strftime('%Y%m%dT%H%M%S')}-{cell.seed + number}.png"
        told.pop("picture").save(path)
        made.append(told | {"path": str(path)})
        report({"event": "picture", **made[-1]})
    return {"cell": cell.to_record(), "prompt": document["prompt"], "pictures": made}
