"""What the benchmarks share: timing, the machine they ran on, and the record they leave."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RECORDS = Path(__file__).parent / "records"
CHECKOUT = Path(__file__).resolve().parents[2]


def seconds(action: Callable[[], object], *, repeats: int, warm_up: int = 1) -> list[float]:
    """Return the wall time of each of ``repeats`` calls, after ``warm_up`` uncounted ones."""
    for _ in range(warm_up):
        action()
    samples = []
    for _ in range(repeats):
        begin = time.perf_counter()
        action()
        samples.append(time.perf_counter() - begin)
    return samples


def summary(samples: list[float]) -> dict[str, float | int]:
    """Return median, fastest and slowest of ``samples`` in seconds, and how many there were."""
    return {
        "median_seconds": statistics.median(samples),
        "fastest_seconds": min(samples),
        "slowest_seconds": max(samples),
        "n": len(samples),
    }


def write_record(name: str, results: dict[str, Any], packages: tuple[str, ...] = ()) -> Path:
    """Write ``results`` with machine, versions and commit to ``records/<name>.json``."""
    commit = subprocess.run(
        ["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    record = {
        "benchmark": name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit or None,
        "machine": {"cores": os.cpu_count(), "architecture": platform.machine()},
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "results": results,
    }
    RECORDS.mkdir(exist_ok=True)
    path = RECORDS / f"{name}.json"
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return path
