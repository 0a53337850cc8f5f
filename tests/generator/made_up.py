"""Records of a card that exists on paper, for what is done with records."""

from __future__ import annotations

from typing import Any

from generator import record
from generator.cell import Cell
from generator.step import Step

H200 = {
    "device": {"kind": "cuda", "name": "NVIDIA H200", "power_limit_watts": 700.0},
    "packages": {"torch": "2.11.0", "diffusers": "0.42.1"},
    "driver_version": "580.1",
    "session": "one",
}


def estimate(value: float | None, n: int = 30) -> dict[str, Any]:
    ends = (None, None) if value is None else (0.98 * value, 1.02 * value)
    reason = None if value is not None else "too few"
    return {"value": value, "low": ends[0], "high": ends[1], "n": n, "reason": reason}


def cell_entry(cell: Cell, rate: float, tflops: float = 400.0, **more: Any) -> dict[str, Any]:
    """Return a measured cell: 700 W, so 700 / tflops joules for 10^12 operations."""
    watts = more.pop("watts", 700.0)
    integrated = more.pop("integrated", 1.0)
    flags = more.pop("flags", [])
    figures = {
        **{name: estimate(cell.batch / rate) for name in ("p50_seconds", "p95_seconds")},
        "p99_seconds": estimate(None),
        "images_per_second": estimate(rate),
        "n_images": 30,
        "first_image_seconds": 9.0,
        "compile_seconds": None,
        "switches": {"bf16": None, cell.preset: None},
        "joules_per_image_gross": watts / rate,
        "idle_watts": 120.0,
        "energy": {
            "joules": watts * 20,
            "integrated_joules": watts * 20 * integrated,
            "seconds": 20.0,
            "mean_watts": watts,
        },
        "conditions": {"throttle_reasons": ["power cap"]},
        "roofline": {
            "tflops": tflops,
            "percent_of_roofline": tflops / 9.895,
            "joules_per_tflop": watts / tflops,
        },
    }
    return {
        "key": cell.key,
        "cell": cell.to_record() | {"dtype": "bf16", "device": "cuda"},
        "status": "measured",
        "reason": None,
        "figures": figures | more,
        "samples": [{"seconds": cell.batch / rate}],
        "flags": flags,
    }


def batches_entry(cell: Cell, best: int) -> dict[str, Any]:
    return {
        "key": cell.key,
        "cell": cell.to_record(),
        "status": "measured",
        "reason": None,
        "best_batch": best,
        "ended": f"a batch of {2 * best} brings +1.0 % over half of it",
        "sizes": [],
    }


def rates_entry(cell: Cell, bf16: float) -> dict[str, Any]:
    return {
        "key": cell.key,
        "cell": cell.to_record(),
        "status": "measured",
        "reason": None,
        "best_tflops": {"bf16": bf16, "fp8": None},
    }


def honesty_entry(cell: Cell, error: float) -> dict[str, Any]:
    errors = {"text": [0.0], "denoiser": [error, 2 * error], "decode": [error]}
    return {
        "key": cell.key,
        "cell": cell.to_record(),
        "status": "measured",
        "reason": None,
        "same_inputs": errors,
        "from_noise": errors | {"picture": 3 * error},
        "float32": {"0": 0.004},
        "skips_work": False,
    }


def made(*entries: tuple[str, dict[str, Any]], environment: Any = H200) -> dict[str, Any]:
    """Return a record of entries, each with the name of its list."""
    told = record.begin(["card"], environment, {"suite": "gpu", "not_begun": {}})
    for name, entry in entries:
        told.setdefault(name, []).append(entry)
    assert record.problems(told) == []
    return told


def result_of(step: Step, rate: float = 1.0) -> dict[str, Any]:
    """Return what the process of a step would tell."""
    if step.kind == "cell":
        return cell_entry(step.cell, rate)
    if step.kind == "batches":
        return batches_entry(step.cell, 8)
    if step.kind == "rates":
        return rates_entry(step.cell, 800.0)
    if step.kind == "honesty":
        return honesty_entry(step.cell, 0.01)
    return {"key": step.cell.key, "cell": step.cell.to_record(), "status": "measured"}
