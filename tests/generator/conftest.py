"""One thread of torch, and the small pipeline that is made here."""

from __future__ import annotations

from pathlib import Path

import pytest

TINY = Path(__file__).resolve().parents[2] / "data" / "models" / "tiny-shapes"


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    try:
        import torch
    except ImportError:  # what needs it is skipped, and says so
        return
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny() -> str:
    """Folder of the small bundled pipeline."""
    return str(TINY)
