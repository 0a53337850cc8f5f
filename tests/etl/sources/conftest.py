"""The bundle as shipped, requests for it, and a fresh Yahoo stand-in a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from servers.yahoo import Yahoo, yahoo_server

from etl.config import bundled_dir
from etl.sources import Request

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def request_for() -> Callable[..., Request]:
    """Return a maker of requests; offline on the shipped bundle unless told otherwise."""

    def make(**changes: Any) -> Request:
        return Request(**{"offline": True, "bundled": bundled_dir(), "now": NOW, **changes})

    return make


@pytest.fixture
def own_bundle(tmp_path: Path) -> Path:
    """Return a copy of the bundle that a test may spoil."""
    copy = tmp_path / "bundle"
    shutil.copytree(bundled_dir() / "snapshots", copy / "snapshots")
    return copy


@pytest.fixture
def yahoo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Yahoo]:
    """Run a fresh stand-in; what yfinance remembers over a process starts empty."""
    from yfinance import cache
    from yfinance.data import SingletonMeta

    monkeypatch.setattr(SingletonMeta, "_instances", {})
    monkeypatch.setattr(cache._TzCacheManager, "_tz_cache", None)
    monkeypatch.setattr(cache._CookieCacheManager, "_Cookie_cache", None)
    with yahoo_server() as memory:
        yield memory
