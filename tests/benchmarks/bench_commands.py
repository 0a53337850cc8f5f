"""How long a user waits for the command line.

``--help`` is set beside the interpreter's own start; a collection run beside a repeat of it that
finds nothing new.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import CHECKOUT, seconds, summary, write_record

ARTONOMICS = [sys.executable, "-m", "artonomics"]


def run(arguments: list[str]) -> str:
    """Run a command in the checkout and return what it printed."""
    done = subprocess.run(arguments, cwd=CHECKOUT, check=True, capture_output=True, text=True)
    return done.stdout


def collect(data: str) -> list[dict[str, object]]:
    """Collect the bundled snapshot into ``data`` and return the ledger entries."""
    return json.loads(run([*ARTONOMICS, "--data", data, "etl", "run", "--offline", "--json"]))


def main() -> None:
    """Measure, print and record."""
    bare = summary(seconds(lambda: run([sys.executable, "-c", "pass"]), repeats=20))
    shown = summary(seconds(lambda: run([*ARTONOMICS, "--help"]), repeats=20))
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder) / "data")
        first = seconds(lambda: collect(data), repeats=1, warm_up=0)
        again = seconds(lambda: collect(data), repeats=3, warm_up=0)
        entries = collect(data)
    results = {
        "bare_python": bare,
        "help": shown,
        "help_over_bare_python": shown["median_seconds"] / bare["median_seconds"],
        "offline_run_first": summary(first),
        "offline_run_again": summary(again),
        "rows_changed_by_the_repeat": sum(
            int(str(e["rows_new"])) + int(str(e["rows_changed"])) for e in entries
        ),
    }
    path = write_record("commands", results, ("cyclopts", "duckdb", "pandas"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")


if __name__ == "__main__":
    main()
