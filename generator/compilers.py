"""What torch.compile needs on a machine beside torch."""

from __future__ import annotations

import os
import shutil
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.presets import Machine


def missing(machine: Machine) -> str | None:
    """Return what torch.compile lacks here; ``None`` where it can run."""
    if machine.is_cuda:
        return _missing_for_a_card(machine)
    if any(map(shutil.which, ("g++", "clang++", "c++"))):
        return None
    return "needs a C++ compiler on this machine"


def _missing_for_a_card(machine: Machine) -> str | None:
    # Kernels come from triton, which builds what launches them in C.
    if machine.capability is None or machine.capability < (7, 0):
        return "needs a card that triton compiles for (compute capability 7.0 or later)"
    if "triton" not in machine.packages:
        return "needs triton: pip install triton"
    if not os.environ.get("CC") and not any(map(shutil.which, ("gcc", "clang", "cc"))):
        return "needs a C compiler on this machine"
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return "needs the headers of Python (package python3-dev)"
    return None
