"""The batch of best throughput, by a short sweep in one process.

Sizes are powers of two. A few steps of the denoiser are run and their time is stretched to all
steps; text, decoder and the rest count whole. The sweep only chooses: the speed that counts is
measured afterwards in a cell of its own.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generator import preparation, serving
from generator.cell import Cell
from generator.errors import GeneratorError
from generator.forecast import LONGEST_CALL_SECONDS

Report = Callable[[dict[str, Any]], None]
LARGEST = 64
GROWS_SHARE = 0.03
"""A larger batch must bring this share more, or the sweep ends: it is what two takes may differ."""
_RUN_STEPS, _N_CALLS = 6, 2


def sweep(
    cell: Cell,
    report: Report,
    largest: int = LARGEST,
    server: Callable[..., Any] = serving.Server,
) -> dict[str, Any]:
    """Find the batch of a completed cell's model that gives the most pictures a second.

    Parameters
    ----------
    cell
        Completed; its batch does not count.
    report
        Called with progress.
    largest
        Most pictures at once that are tried.
    server
        What loads the pipeline; tests replay one.

    Returns
    -------
    dict
        ``sizes`` (batch, images per second, seconds of a call), ``best_batch`` (the smallest size
        within 3 % of the fastest), ``ended`` (why no larger one was tried) and ``run_steps``.
    """
    steps = min(cell.steps, _RUN_STEPS)
    short = replace(cell, steps=steps, batch=1)
    preparation.refuse_too_large(short, preparation.predict(short, None))
    # Before loading: afterwards its own weights would be missing from the free memory.
    fits = preparation.predict(short, None).largest_batch
    running = server(short, report)
    sizes: list[dict[str, Any]] = []
    ended, size = f"{largest} is the largest tried", 1
    while size <= largest:
        if fits is not None and size > fits:
            ended = f"a batch of {size} is predicted not to fit into memory"
            break
        report({"event": "doing", "what": f"timing a batch of {size}"})
        try:
            sizes.append(_timed(running, size, cell.steps / steps))
        except _out_of_memory() as error:
            ended = f"a batch of {size} did not fit into memory: {str(error)[:80]}"
            break
        if why := _ended(sizes):
            ended = why
            break
        size *= 2
    if not sizes:
        raise GeneratorError("no batch that fits", "memory for one picture", "a smaller model")
    fastest = max(row["images_per_second"] for row in sizes)
    near = [
        row["batch"] for row in sizes if row["images_per_second"] >= fastest / (1 + GROWS_SHARE)
    ]
    return {
        "cell": cell.to_record(),
        "run_steps": steps,
        "of_steps": cell.steps,
        "sizes": sizes,
        "best_batch": near[0],
        "ended": ended,
    }


def _timed(running: Any, size: int, stretch: float) -> dict[str, Any]:
    running.timed(size)  # the first of a size allocates and chooses kernels
    calls = [running.timed(size) for _ in range(_N_CALLS)]
    whole = [seconds + stages.get("denoiser", 0.0) * (stretch - 1) for seconds, stages in calls]
    call = statistics.fmean(whole)
    return {"batch": size, "call_seconds": call, "images_per_second": size / call}


def _ended(sizes: list[dict[str, Any]]) -> str | None:
    """Return why the sweep ends with the last size; ``None`` where it goes on."""
    last = sizes[-1]
    if len(sizes) > 1:
        grown = last["images_per_second"] / sizes[-2]["images_per_second"] - 1
        if grown < GROWS_SHARE:
            return f"a batch of {last['batch']} brings {100 * grown:+.1f} % over half of it"
    if 2 * last["call_seconds"] > LONGEST_CALL_SECONDS:
        return f"a call of {2 * last['batch']} would take more than {LONGEST_CALL_SECONDS:g} s"
    return None


def _out_of_memory() -> Any:
    import torch

    return torch.cuda.OutOfMemoryError
