"""Starts the generator as a process: the rest of the program never imports torch."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from etl.config import Settings

FOLDER = "compute"
"""Of the records, in the data folder."""


def command(words: Sequence[str]) -> list[str]:
    """Return the command line of a generator's verb."""
    return [sys.executable, "-m", "generator", *words]


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which the generator finds its package and the data folder."""
    here = str(Path(__file__).resolve().parent.parent)
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "ARTONOMICS_DATA": str(settings.data_dir),
        "ARTONOMICS_PROGRAM": "artonomics bench",
        "PYTHONPATH": os.pathsep.join(paths),
    }


def run(settings: Settings, words: Sequence[str]) -> int:
    """Run a verb of the generator in the foreground; return its exit status."""
    return subprocess.run(command(words), env=environment(settings), check=False).returncode
