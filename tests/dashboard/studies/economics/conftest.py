"""A scenario whose every further card is filled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboard.studies.economics.scenario import ScenarioStudy, frozen, scenario_study
from etl.warehouse import SnapshotReader

FULL: dict[str, Any] = {
    "name": "An app",
    "as_of": "2026-06-30",
    "currency": "CNY",
    "sourcing": "rent",
    "horizon_months": 12,
    "hurdle_rate": 0.0,
    "inputs": {
        "active_users": 304_375,
        "paying_share": 0.1,
        "paid_images_per_user": 100,
        "free_images_per_user": 10,
        "images_per_second": 1.0,
        "hourly_price": 10,
        "net_proceeds": 20,
    },
}


@pytest.fixture(scope="session")
def reader(published: Path) -> SnapshotReader:
    """Return a reader of the bundled snapshot."""
    return SnapshotReader(published)


@pytest.fixture
def study(reader: SnapshotReader) -> Callable[..., ScenarioStudy]:
    """Return a function that evaluates the scenario with some of its inputs changed."""

    def evaluated(plans: list[dict[str, Any]] | None = None, **changed: Any) -> ScenarioStudy:
        keys = {key: changed.pop(key) for key in list(changed) if key in FULL}
        inputs = {**FULL["inputs"], **changed}
        inputs = {name: value for name, value in inputs.items() if value is not None}
        raw = {**FULL, **keys, "inputs": inputs, "plans": plans or []}
        return scenario_study(reader, frozen(raw))

    return evaluated
