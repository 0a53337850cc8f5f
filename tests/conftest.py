"""Shared fixtures: a published snapshot of the bundled data, and the verified reference cases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

settings.register_profile("quick", max_examples=40, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Two workers with two threads each would spend their time waiting for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CHECKOUT = Path(__file__).resolve().parent.parent
REFERENCE = Path(os.environ.get("ARTONOMICS_REFERENCE", CHECKOUT.parent / "shared" / "reference"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files with slow tests first: at the end one worker would wait for the other."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of the verified cases; the test is skipped, and says so, where it is absent."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the verified reference cases are not here ({REFERENCE})")
    return REFERENCE


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collect and publish the whole bundled snapshot once a session; return the data folder.

    It is shared by all workers: read it, never write to it.
    """
    from etl import pipeline
    from etl.config import Settings

    shared = _shared_by_workers(tmp_path_factory)
    data = shared / "published"
    with FileLock(shared / "published.lock"):
        if not (data / "warehouse" / "CURRENT").exists():
            entries = pipeline.run(Settings(data_dir=data), offline=True)
            assert all(entry.status == "ok" for entry in entries), entries
    return data


@pytest.fixture(scope="session")
def grown(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the bundled snapshot and a made-up history of 6,000 users.

    It is shared by all workers: read it, never write to it.
    """
    import shutil

    from etl import imports
    from etl.config import Settings
    from etl.simulate import Parameters, simulate

    shared = published.parent
    data = shared / "grown"
    with FileLock(shared / "grown.lock"):
        if not (data / "done").exists():
            shutil.copytree(published / "warehouse", data / "warehouse")
            settings = Settings(data_dir=data)
            made = shared / "made"
            simulate(Parameters(users=6_000, days=150, seed=11), made, workers=1)
            for kind, source in (
                ("events", "simulated_app"),
                ("subscriptions", "simulated_app_payments"),
                ("spend", "simulated_app_spend"),
            ):
                done = imports.import_files(settings, kind, [made], imports.Options(source=source))
                assert done.error is None, done.error
            shutil.copy(made / "simulation.json", data / "simulation.json")
            (data / "done").touch()
    return data


@pytest.fixture
def first_free_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hold off the other worker: two dashboards that look for a port at once find the same."""
    with FileLock(_shared_by_workers(tmp_path_factory) / "first-free-port.lock"):
        yield


def _shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
