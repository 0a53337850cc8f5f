"""What measuring itself costs: the suite's calls beside a bare loop over the same pipeline.

Also whether two runs of one cell, each in a fresh process, agree within their stated intervals.
"""

from __future__ import annotations

import statistics
from typing import Any

import torch
from harness import CHECKOUT, write_record

from generator import pipelines, preparation, protocol, runner
from generator.cell import Cell

ROUNDS, CALLS = 12, 8
TINY = str(CHECKOUT / "data" / "models" / "tiny-shapes")


def quiet(_event: dict[str, Any]) -> None:
    """Tell nobody."""


def main() -> None:
    """Measure, print and record."""
    torch.set_num_threads(1)
    cell = preparation.completed(Cell(TINY, weights="real", weights_source=TINY, device="cpu"))
    with_suite, bare = _times(cell)
    overhead = statistics.median(with_suite) / statistics.median(bare) - 1
    runs = [runner.measure_apart(cell, quiet)["figures"]["images_per_second"] for _ in range(2)]
    results = {
        "suite_median_seconds": statistics.median(with_suite),
        "bare_loop_median_seconds": statistics.median(bare),
        "overhead_share": overhead,
        "n_calls_each": ROUNDS * CALLS,
        "two_runs_images_per_second": runs,
        "two_runs_agree": max(run["low"] for run in runs) <= min(run["high"] for run in runs),
    }
    path = write_record("measuring", results, ("torch", "diffusers"))
    print(f"overhead {overhead:.2%}, two runs agree: {results['two_runs_agree']} -> {path}")  # noqa: T201


def _times(cell: Cell) -> tuple[list[float], list[float]]:
    """Return seconds of a call with the suite's timers and without, taken in turns."""
    instrumented = protocol.Measurement(cell, quiet, protocol.Seams(), 0.0)
    instrumented.load()
    instrumented.first()
    model = instrumented.model
    weights = pipelines.Weights("real", TINY)
    plain = pipelines.load(model, weights, "cpu", torch.float32)
    with_suite, bare = [], []
    for turn in range(ROUNDS):
        for number in range(CALLS):
            with_suite.append(instrumented.call(turn * CALLS + number)["seconds"])
        for number in range(CALLS):
            request = instrumented.request(turn * CALLS + number, 1)
            start = instrumented.clock.now()
            pipelines.call(plain, model, instrumented.task, request)
            bare.append(instrumented.clock.now() - start)
    return with_suite, bare


if __name__ == "__main__":
    main()
