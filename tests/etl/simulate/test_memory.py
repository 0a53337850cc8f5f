"""Memory depends on the block and not on the number of users."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pyarrow as pa
import pytest

from etl import simulate
from etl.simulate import Parameters, run


def peak_bytes(users: int, out: Path) -> int:
    tracemalloc.start()
    try:
        simulate.simulate(Parameters(users, 6, 1), out, workers=1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_eight_times_the_users_need_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "_BLOCK_ROWS", 20_000)
    monkeypatch.setattr(run, "ROW_GROUP", 2_000)
    peak_bytes(100, tmp_path / "warm")  # what is imported and cached once does not count

    few, many = (peak_bytes(users, tmp_path / str(users)) for users in (5_000, 40_000))

    assert many < 1.3 * few
    assert pa.total_allocated_bytes() < 50e6
