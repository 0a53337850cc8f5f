"""What a report costs: the weekly one in four formats and both languages, from the command line.

Memory is that of all its processes together (the browser that draws is one of them), each page
counted once where several share it; where the system does not tell, it is left out.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import CHECKOUT, summary, write_record

ARTONOMICS = [sys.executable, "-m", "artonomics"]
MOST_SECONDS, MOST_BYTES = 30.0, 1_000_000_000
"""What it may cost on two cores."""
REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
_PAUSE_SECONDS = 0.1


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    except OSError:  # it has ended meanwhile
        pass
    return found


def held_bytes(pid: int) -> int:
    """Return the memory that a process and all below it hold now."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def build(data: str, out: str) -> tuple[float, int]:
    """Build the report; return the seconds it took and the most memory it held."""
    formats = ["--format", "pdf,html,xlsx,pptx", "--lang", "en,zh"]
    command = [*ARTONOMICS, "--data", data, "report", "build", "weekly", "--since", "2022-01-01"]
    begin, most = time.perf_counter(), 0
    done = subprocess.Popen(
        [*command, *formats, "--out", out], cwd=CHECKOUT, stdout=subprocess.DEVNULL
    )
    while done.poll() is None:
        most = max(most, held_bytes(done.pid))
        time.sleep(_PAUSE_SECONDS)
    if done.returncode:
        raise RuntimeError(f"the build ended with status {done.returncode}")
    return time.perf_counter() - begin, most


def _processor_seconds() -> float:
    """Return what ended children have used: on a busy machine it tells more than the clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as folder:
        data, out = str(Path(folder) / "data"), Path(folder) / "out"
        collect = [*ARTONOMICS, "--data", data, "etl", "run", "--offline", "--json"]
        subprocess.run(collect, cwd=CHECKOUT, check=True, capture_output=True)
        before = _processor_seconds()
        built = [build(data, str(out)) for _ in range(REPEATS)]
        worked = (_processor_seconds() - before) / REPEATS
        sizes = {file.name: file.stat().st_size for file in sorted(out.iterdir())}
    most = max(held for _, held in built)
    results = {
        "weekly_four_formats_two_languages": summary([seconds for seconds, _ in built]),
        "processor_seconds_each": worked,
        "load_average_of_the_machine": os.getloadavg()[0],
        "most_memory_bytes": most or None,
        "sizes_bytes": sizes,
    }
    path = write_record("reports", results, ("plotly", "typst", "xlsxwriter", "python-pptx"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")
    fastest = min(seconds for seconds, _ in built)
    if fastest > MOST_SECONDS or most > MOST_BYTES:
        raise SystemExit(
            f"got {fastest:.1f} s and {most:,} bytes, expected {MOST_SECONDS:g} s and "
            f"{MOST_BYTES:,} bytes at most"
        )


if __name__ == "__main__":
    main()
