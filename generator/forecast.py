"""What a step of a suite will take, told from operations alone: no torch, no card, no loading.

Seconds of a call are its operations over an assumed share of the card's peak, and never less than
its kernels take to be handed over. The shares and the fixed times are assumed (written ahead, from
what such cards are known to do); a suite corrects them by what its own steps have taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from generator import catalog, power, roofline
from generator.cell import Cell
from generator.step import Step

SHARES = {"default": 0.35, "compiled": 0.45, "tuned": 0.5, "fast": 0.6, "cached": 0.4}
"""Assumed speed by preset, as a share of the bf16 peak."""
LONGEST_CALL_SECONDS = 20.0
"""A sweep tries no batch whose call takes longer: nobody waits for it."""
LIKELY_BATCH = 16
PEAK_TFLOPS_WITHOUT_TABLE = 300.0
_START_SECONDS = 25.0  # imports, counting of operations
_FILL_BYTES_PER_SECOND = 4e9
_COMPILE_SECONDS = {"compiled": 80.0, "tuned": 80.0, "fast": 95.0}
_CALLS_BEFORE = 5  # the first one and those until it is steady
_HAND_OVER_SECONDS = {"default": 0.04, "compiled": 0.02}  # a step's kernels, one by one
_HAND_OVER_OTHERWISE = 0.01
_TRAINING_SHARE = 3.0  # forward and backward over forward
_LOAD_REQUESTS, _LOAD_SAMPLE_SECONDS = 120, 12.0
_PROFILED_CALLS, _HONEST_RUNS = 5, 4
_SWEPT_STEPS, _SWEPT_SECONDS = 6, 60.0


@dataclass(frozen=True)
class Speed:
    """What is taken to hold of a card.

    Attributes
    ----------
    peak_tflops
        Of bf16 products, 10^12 operations a second.
    pace
        Seconds that steps have taken over those that were foretold.
    """

    peak_tflops: float
    pace: float = 1.0


def of_card(name: str) -> Speed:
    """Return what is taken to hold of a card by its name; one that no table knows is a slow one."""
    known = roofline.of_card(name, "bf16")
    peak = known.tflops if known else None
    return Speed(peak or PEAK_TFLOPS_WITHOUT_TABLE)


def tflop_of_call(cell: Cell) -> float | None:
    """Return the operations of one call, in 10^12; ``None`` for a model that no table knows."""
    known = catalog.model(cell.model)
    flops = known.verified.get("flops")
    if not flops:
        return None
    pixels = (cell.height_px or known.native_px) * (cell.width_px or known.native_px)
    step = flops[f"{known.denoiser}_step"] * pixels / known.native_px**2
    if cell.task == "lora":
        return _TRAINING_SHARE * step / known.guidance_batch * cell.batch / 1e12
    steps = math.ceil((cell.steps or known.steps) * catalog.task(cell.task).strength)
    beside = sum(count for name, count in flops.items() if not name.endswith("_step"))
    return (steps * step + beside) * cell.batch / 1e12


def call_seconds(cell: Cell, speed: Speed) -> float | None:
    """Return the seconds of one call; ``None`` for a model that no table knows."""
    tflop = tflop_of_call(cell)
    if tflop is None:
        return None
    steps = 1 if cell.task == "lora" else cell.steps or catalog.model(cell.model).steps
    handing_over = steps * _HAND_OVER_SECONDS.get(cell.preset, _HAND_OVER_OTHERWISE)
    working = tflop / (speed.peak_tflops * SHARES.get(cell.preset, SHARES["default"]))
    return max(handing_over, working)


def likely_best_batch(cell: Cell, speed: Speed) -> int:
    """Return the batch that a sweep will probably find, before it has been run."""
    sizes = [2**power for power in range(LIKELY_BATCH.bit_length())]
    calls = {size: call_seconds(replace(cell, batch=size), speed) for size in sizes}
    short = [size for size, call in calls.items() if (call or 0.0) <= LONGEST_CALL_SECONDS]
    return max(short, default=1)


def seconds(step: Step, speed: Speed) -> float | None:
    """Return the seconds of a step from the start of its process to its end.

    Parameters
    ----------
    step
        With its batch known.
    speed
        Of the card.
    """
    if step.kind == "rates":
        return speed.pace * (_START_SECONDS + 20.0)
    call = call_seconds(step.cell, speed)
    if call is None:
        return None
    model = catalog.model(step.cell.model)
    weights = 2 * sum(model.verified.get("params", {}).values())
    ready = _START_SECONDS + weights / _FILL_BYTES_PER_SECOND
    ready += _COMPILE_SECONDS.get(step.cell.preset, 0.0)
    return speed.pace * (ready + _working(step, call))


def _working(step: Step, call: float) -> float:
    cell = step.cell
    if step.kind == "batches":
        return _SWEPT_SECONDS
    if step.kind == "honesty":
        return _HONEST_RUNS * call
    if step.kind == "profile":
        return _PROFILED_CALLS * call + 20.0
    if step.kind == "load":
        sizes = max(1, cell.batch.bit_length())
        return sizes * _LOAD_SAMPLE_SECONDS + _LOAD_REQUESTS * call / cell.batch / 0.8
    wanted = min(math.ceil(cell.min_images / cell.batch) * call, cell.min_seconds + call)
    sampling = max(power.WINDOW_SECONDS + 0.5, wanted)
    idle = power.SETTLE_SECONDS + power.WINDOW_SECONDS + 1.0
    return _CALLS_BEFORE * call + sampling + idle
