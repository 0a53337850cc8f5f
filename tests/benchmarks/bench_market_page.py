"""What a warm rerun of the Market page costs beside a bare page with the same figures in memory.

Both run in Streamlit's own test harness in one process, in turns, so that a busy machine slows
both.
"""

from __future__ import annotations

import json
import os
import pickle
import statistics
import sys
import tempfile
import time
from pathlib import Path

from harness import CHECKOUT, summary, write_record
from streamlit.testing.v1 import AppTest

from etl import pipeline
from etl.config import Settings

MOST = 2.0
"""A warm rerun may cost so many bare pages with the same figures."""
REPEATS = 40


def rerun_seconds(page: AppTest) -> float:
    """Rerun a page once; fail where it shows an error."""
    begin = time.perf_counter()
    page.run(timeout=60)
    taken = time.perf_counter() - begin
    if page.exception:
        raise RuntimeError(page.exception[0].message)
    return taken


def main() -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        pipeline.run(Settings(data_dir=data), offline=True)
        os.environ["ARTONOMICS_DATA"] = str(data)
        ours = AppTest.from_file(str(CHECKOUT / "dashboard" / "app.py"), default_timeout=60)
        ours.run()
        ours.switch_page("app_pages/market.py").run()
        shown = [json.loads(chart.proto.spec) for chart in ours.get("plotly_chart")]
        figures = Path(folder) / "figures.pickle"
        figures.write_bytes(pickle.dumps(shown))
        os.environ["PEER_FIGURES"] = str(figures)
        peer = AppTest.from_file(str(CHECKOUT / "tests/benchmarks/market_peer.py"))
        for page in (ours, peer):
            rerun_seconds(page)
        pairs = [(rerun_seconds(ours), rerun_seconds(peer)) for _ in range(REPEATS)]
    mine, theirs = [p[0] for p in pairs], [p[1] for p in pairs]
    results = {
        "figures": len(shown),
        "market_page": summary(mine),
        "bare_page_same_figures": summary(theirs),
        "ratio_of_medians": statistics.median(mine) / statistics.median(theirs),
    }
    path = write_record("market_page", results, ("streamlit", "plotly", "duckdb"))
    sys.stdout.write(f"{path.name}: {json.dumps(results, indent=1)}\n")
    ratio = results["ratio_of_medians"]
    if ratio > MOST:
        raise SystemExit(f"got {ratio:.2f} bare pages, expected {MOST} at most")


if __name__ == "__main__":
    main()
