"""A look into a few steady calls of a cell: which work takes the time, and which loses the most."""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator import catalog, flops, losses, machine, preparation, roofline, serving
from generator.cell import Cell
from generator.errors import GeneratorError
from generator.stages import Shape

Report = Callable[[dict[str, Any]], None]
_BEFORE, _WATCHED = 3, 2


def profile(cell: Cell, report: Report, peak_tflops: float | None = None) -> dict[str, Any]:
    """Profile a few steady calls of a completed cell.

    Parameters
    ----------
    cell
        Completed.
    report
        Called with progress.
    peak_tflops
        Rate of products that the same run has measured; by default it is measured here.

    Returns
    -------
    dict
        As :func:`generator.losses.judge`, with ``unwatched_call_seconds`` (the median of calls
        before: watching slows them), ``peak_tflops`` and ``switches``.
    """
    if reason := preparation.hindrance(cell):
        raise GeneratorError(reason, "a preset that runs here")
    if cell.task == "lora":
        raise GeneratorError("a training", "a task that makes pictures")
    peak = peak_tflops
    if peak is None:
        report({"event": "doing", "what": "measuring this device's ceiling"})
        peak = roofline.measured(cell.device, machine.torch_dtype(cell.dtype), 1024).tflops
    assert peak is not None
    server = serving.Server(cell, report)
    before = [server.seconds(cell.batch) for _ in range(_BEFORE)]
    report({"event": "doing", "what": f"watching {_WATCHED} calls"})
    events, wall = _watched(lambda: server.seconds(cell.batch), cell.device)
    told = losses.judge(events, wall, _WATCHED, _ideal(cell, peak))
    return {
        "cell": cell.to_record(),
        "switches": server.switches,
        "peak_tflops": peak,
        "unwatched_call_seconds": statistics.median(before[1:]),
        **told,
    }


def _watched(work: Callable[[], float], device: str) -> tuple[list[dict[str, Any]], float]:
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as watch

    # Watching the processor too would slow the handing over, which is among what is looked for.
    is_cuda = device.startswith("cuda")
    activity = ProfilerActivity.CUDA if is_cuda else ProfilerActivity.CPU
    with watch(activities=[activity]) as watching:
        wall = sum(work() for _ in range(_WATCHED))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.json")
        watching.export_chrome_trace(str(path))
        events = json.loads(path.read_text("utf-8"))["traceEvents"]
    return events, wall


def _ideal(cell: Cell, peak_tflops: float) -> losses.Ideal:
    shape = Shape(cell.height_px, cell.width_px)
    picture = flops.picture(cell.model, shape, cell.steps, cell.task)
    guidance = _guidance_share(cell)
    steps = picture.n_denoiser_steps * picture.denoiser_step_flops * guidance
    attention = picture.attention_share * steps
    total = picture.text_flops + picture.encode_flops + picture.decode_flops + steps
    return losses.Ideal(
        peak_tflops,
        product_tflop=(total - attention) * cell.batch / 1e12,
        attention_tflop=attention * cell.batch / 1e12,
    )


def _guidance_share(cell: Cell) -> float:
    """Return the share of the pair of samples that is run: half of it without guidance."""
    known = catalog.model(cell.model)
    unguided = known.guidance_batch == 2 and (cell.guidance or 0.0) <= 1.0
    return 0.5 if unguided else 1.0
