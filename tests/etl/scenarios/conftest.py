"""Scenarios over the bundled snapshot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.scenarios.resolve import Scenario, scenario
from etl.warehouse import SnapshotReader

TYPED: dict[str, Any] = {
    "name": "typed",
    "as_of": "2026-01-31",
    "currency": "CNY",
    "sourcing": "stated",
    "inputs": {
        "active_users": 1_000,
        "paying_share": {"value": 0.03, "low": 0.01, "high": 0.05, "source": "a survey"},
        "net_proceeds": 10,
        "paid_images_per_user": 50,
        "free_images_per_user": 5,
        "cost_per_image": 0.01,
    },
}
Resolve = Callable[..., Scenario]


@pytest.fixture
def bundled(published: Path) -> SnapshotReader:
    return SnapshotReader(published)


@pytest.fixture
def resolve(bundled: SnapshotReader) -> Resolve:
    """Return a function that looks up the typed scenario with some inputs or keys changed."""

    def resolved(inputs: dict[str, Any] | None = None, **keys: Any) -> Scenario:
        raw = {**TYPED, **keys, "inputs": {**TYPED["inputs"], **(inputs or {})}}
        return scenario(raw, "typed.yml", bundled)

    return resolved
