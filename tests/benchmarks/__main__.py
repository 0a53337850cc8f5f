"""Run the benchmarks: ``python tests/benchmarks [NAME …]``; each leaves a record beside it."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(wanted: list[str]) -> None:
    """Run the benchmarks called ``wanted``, or all of them."""
    known = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    unknown = set(wanted) - set(known)
    if unknown:
        raise SystemExit(f"got {sorted(unknown)}; expected some of {sorted(known)}")
    for name in wanted or known:
        runpy.run_path(str(known[name]), run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
