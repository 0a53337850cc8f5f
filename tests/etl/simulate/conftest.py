"""One small history for all tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl import simulate
from etl.simulate import Parameters


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    return Parameters(users=20_000, days=75, seed=11)


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory, parameters: Parameters) -> Path:
    """Folder of a history of 20,000 users over 75 days; read it, never write to it."""
    out = tmp_path_factory.mktemp("simulated") / "history"
    simulate.simulate(parameters, out, workers=1)
    return out
