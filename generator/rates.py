"""How fast a device is at products and copies alone: what a run's cells are held against.

Products of large square matrices of random numbers (zeros draw less power and run faster), repeated
for seconds, as a pipeline does; the best size counts.
"""

# diffusers tells its types loosely, and the extra with torch may be missing.
# pyright: reportMissingImports=false, reportPrivateImportUsage=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportCallIssue=false
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from generator import machine, power
from generator.cell import Cell
from generator.clock import Clock, open_clock
from generator.power import Watch
from generator.protocol import Seams

Report = Callable[[dict[str, Any]], None]
_SIDES = {"cuda": (4096, 8192, 16384), "cpu": (512, 1024)}
_SECONDS = {"cuda": 2.0, "cpu": 0.3}
_FP8_CAPABILITY = (8, 9)
_COPIED_NUMBERS = {"cuda": 2**30, "cpu": 2**24}


def measure(
    cell: Cell, report: Report, seams: Seams | None = None, sides: tuple[int, ...] | None = None
) -> dict[str, Any]:
    """Measure products and a copy on the device of a cell.

    Parameters
    ----------
    cell
        Its device and dtype count.
    report
        Called with progress.
    seams
        Clock and meter; the device's own by default.
    sides
        Rows of the square matrices; by default those that fill the device.

    Returns
    -------
    dict
        ``products`` (dtype, side, mean TFLOP/s, watts), ``best_tflops`` by dtype (null with
        ``reasons``), ``energy`` of the largest product, ``copy_gb_s`` (bytes read and written).
    """
    seams = seams or Seams()
    device = machine.device(cell.device)
    kind = device.partition(":")[0]
    dtype = machine.dtype(cell.dtype, device)
    clock = seams.clock or open_clock(device)
    products, best, reasons = [], {}, {}
    for name in (dtype, "fp8"):
        report({"event": "doing", "what": f"products in {name}"})
        multiply = _multiplier(name, device)
        if isinstance(multiply, str):
            best[name], reasons[name] = None, multiply
            continue
        rows = [
            {"dtype": name, "side": side} | _rate(multiply, side, clock, _SECONDS[kind])
            for side in sides or _SIDES[kind]
        ]
        products += rows
        best[name] = max(row["tflops"] for row in rows)
    energy = _energy(device, dtype, seams, (sides or _SIDES[kind])[-1])
    return {
        "cell": cell.to_record(),
        "products": products,
        "best_tflops": best,
        "reasons": reasons,
        "energy": energy,
        "copy_gb_s": _copy_gb_s(device, clock, _COPIED_NUMBERS[kind]),
    }


def _multiplier(name: str, device: str) -> Callable[[int], Callable[[], Any]] | str:
    """Return what makes a product of a side, or why there is none."""
    import torch

    if name == "fp8":
        if not device.startswith("cuda"):
            return "products in 8 bits need a card"
        if torch.cuda.get_device_capability(torch.device(device)) < _FP8_CAPABILITY:
            return "products in 8 bits need compute capability 8.9 or later"
        return lambda side: _scaled(side, device)
    dtype = machine.torch_dtype(name)

    def plain(side: int) -> Callable[[], Any]:
        a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        return lambda: torch.mm(a, b)

    return plain


def _scaled(side: int, device: str) -> Callable[[], Any]:
    import torch

    a, b = (torch.randn(side, side, device=device).to(torch.float8_e4m3fn) for _ in range(2))
    rows = torch.ones(side, 1, device=device)
    columns = torch.ones(1, side, device=device)
    return lambda: torch._scaled_mm(
        a, b.t(), scale_a=rows, scale_b=columns, out_dtype=torch.bfloat16
    )


def _rate(
    multiply: Callable[[int], Callable[[], Any]], side: int, clock: Clock, seconds: float
) -> dict[str, Any]:
    work = multiply(side)
    n, took = _repeated(work, clock, seconds)
    return {"n": n, "seconds": took, "tflops": 2 * side**3 * n / took / 1e12}


def _repeated(work: Callable[[], Any], clock: Clock, seconds: float) -> tuple[int, float]:
    """Return how often work was done, and in what time; the first times are not counted."""
    for _ in range(3):
        work()
    clock.wait()
    start = clock.now()
    work()
    clock.wait()
    n = max(1, round(seconds / max(clock.now() - start, 1e-9)))
    start = clock.now()
    for _ in range(n):
        work()
    clock.wait()
    return n, clock.now() - start


def _energy(device: str, dtype: str, seams: Seams, side: int) -> dict[str, Any]:
    """Return joules for 10^12 operations of products alone, over the window of the counter."""
    meter = seams.meter or power.open_meter(device)
    if meter.reason is not None:
        return {"joules_per_tflop": None, "reason": meter.reason}
    multiply = _multiplier(dtype, device)
    assert not isinstance(multiply, str)
    work, clock = multiply(side), seams.clock or open_clock(device)
    _repeated(work, clock, 1.0)
    n = 0
    with Watch(meter) as watch:
        start = clock.now()
        while clock.now() - start < power.WINDOW_SECONDS + 0.5:
            for _ in range(10):
                work()
            clock.wait()
            n += 10
    used = power.energy(watch.readings, meter.reason)
    tflop = 2 * side**3 * n / 1e12
    return {
        **used.to_record(),
        "tflops": tflop / used.seconds,
        "joules_per_tflop": None if used.joules is None else used.joules / tflop,
    }


def _copy_gb_s(device: str, clock: Clock, numbers: int) -> float:
    import torch

    long = torch.randn(numbers, device=device)
    into = torch.empty_like(long)
    n, took = _repeated(lambda: into.copy_(long), clock, 0.3)
    return 2 * long.numel() * 4 * n / took / 1e9
