"""What decides a result is told from what carries next to nothing of its variance."""

from __future__ import annotations

import numpy as np

from etl.analytics.scenario_result import Outcome
from etl.analytics.sensitivity import Swing


def outcome(variance: dict[str, float], swings: list[Swing] | None = None) -> Outcome:
    return Outcome("contribution", 0.5, np.array([-1.0, 1.0]), swings or [], variance, 0.0, {})


def test_an_input_that_carries_nothing_decides_nothing() -> None:
    found = outcome({"installs": 0.9, "cac": 0.096, "refund_rate": 0.004, "store_share": 0.0})
    assert found.deciding() == ["installs", "cac"]
    assert found.deciding(1) == ["installs"]


def test_half_a_per_cent_is_enough() -> None:
    assert outcome({"installs": 0.995, "cac": 0.005}).deciding() == ["installs", "cac"]
