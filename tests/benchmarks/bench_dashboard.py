"""What the dashboard costs its visitors: page by page in a browser, and fifty of them at once.

In a browser each page is timed cold (a new server process and a new browser) to its first figure,
after one control has been changed, and on a second visit, beside a bare Streamlit page with one
figure that is served and timed in the same way. Then fifty sessions, each a websocket that speaks
as the page in a browser does, rerun a mix of pages every ten seconds for a minute.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from harness import CHECKOUT, summary, write_record
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from streamlit_sessions import RunFailedError, Session, opened

from dashboard import launch
from etl import imports, pipeline
from etl.config import Settings
from etl.simulate import Parameters, simulate

PAGES = ("", "market", "attention", "growth", "unit-economics", "compute", "data", "reports")
FIGURE, FRAME = ".js-plotly-plot .main-svg", "[data-testid='stDataFrame']"
FIRST = {"data": FRAME, "reports": "[data-testid='stMain'] [data-testid='stButtonGroup']"}
"""What is waited for where a page has no figure."""
PEER = Path(__file__).with_name("dashboard_peer.py")
N_SESSIONS, EVERY_SECONDS = 50, 10.0
LOAD_SECONDS = float(os.environ.get("BENCH_LOAD_SECONDS", "60"))
MOST_P95_SECONDS = 2.0
"""Of a warm rerun, with fifty sessions on two cores."""
REPEATS = 5
SWITCHES = (
    "[data-testid='stCheckbox'] input",
    "[data-testid='stMain'] [data-testid='stButtonGroup'] button[aria-checked='false']",
)
"""What is clicked: the last switch of a page, or another part of it where it has none."""
PATIENCE_MS, SETTLE_MS = 120_000, 400
CLICKS = 3
VARIANTS = {
    "market": ("ticker=300624.SZ", "window=-1,5", "ticker=1357.HK&window=-2,3"),
    "growth": ("section=conversion", "section=revenue", "section=channels"),
    "data": ("view=claims", "view=runs", "view=financials"),
}
"""Addresses that visitors go to besides the plain pages."""
_RERUN = """
element => new Promise((resolve, reject) => {
    const app = document.querySelector("[data-testid='stApp']");
    const state = () => app.getAttribute("data-test-script-state");
    const begin = performance.now();
    let ran = false;
    const seen = new MutationObserver(() => {
        if (state() !== "notRunning") ran = true;
        else if (ran) { seen.disconnect(); resolve((performance.now() - begin) / 1000); }
    });
    seen.observe(app, {attributes: true});
    setTimeout(() => reject(new Error("the script did not rest")), 15000);
    element.click();
})
"""


@dataclass
class Server:
    """A served dashboard: its address, and what its process has used and holds."""

    address: str
    process: subprocess.Popen[bytes]

    def processor_seconds(self) -> float:
        """Return the time on a processor that it has used so far."""
        ticks = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def held_bytes(self) -> int:
        """Return the memory it holds now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


@contextmanager
def served(data: Path, app: Path | None = None) -> Iterator[Server]:
    """Serve a data folder, or another app the same way."""
    with socket.socket() as probe:
        probe.bind((launch.ADDRESS, 0))
        port = probe.getsockname()[1]
    command = launch.command(port, data)
    if app is not None:
        command = [str(app) if word.endswith(".py") else word for word in command]
    process = subprocess.Popen(
        command,
        env=launch.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://localhost:{port}"
        _await(address, process)
        yield Server(address, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"no answer from {address}")


def first_seconds(page: Page, address: str, what: str) -> float:
    """Open an address; return the seconds until its first figure is drawn."""
    begin = time.perf_counter()
    page.goto(address, timeout=PATIENCE_MS)
    page.wait_for_selector(what, state="attached", timeout=PATIENCE_MS)
    return time.perf_counter() - begin


def rest(page: Page) -> None:
    """Wait until the script has ended and stays so: a part may ask for a run of its own."""
    resting = "[data-testid='stApp'][data-test-script-state='notRunning']"
    for _ in range(2):
        page.wait_for_selector(resting, timeout=PATIENCE_MS)
        page.wait_for_timeout(SETTLE_MS)
    page.wait_for_selector(resting, timeout=PATIENCE_MS)


def rerun_seconds(page: Page) -> float:
    """Change a control of the page; return the seconds until the script rests again.

    A click that the page was too busy to take starts no run: it is made again, and not timed.
    """
    for _ in range(CLICKS):
        found = next(filter(None, map(page.query_selector_all, SWITCHES)), None)
        if not found:
            raise RuntimeError(f"no control on {page.url}")
        try:
            return float(found[-1].evaluate(_RERUN))
        except PlaywrightError:
            rest(page)
    raise RuntimeError(f"no run of {page.url} after {CLICKS} clicks")


@contextmanager
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a browser that has seen nothing yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield context
    context.close()


def first_load(context: BrowserContext, page: Page, bytes_seen: list[int]) -> None:
    """Count what a page fetches, as it comes over the wire."""
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda told: bytes_seen.append(told["encodedDataLength"]))


def in_a_browser(browser: Browser, server: Server, path: str, what: str) -> dict[str, Any]:
    """Time one page on a server that nobody has asked for anything yet."""
    address, fetched = f"{server.address}/{path}?lang=en", []
    with visitor(browser) as context:
        page = context.new_page()
        first_load(context, page, fetched)
        cold = first_seconds(page, address, what)
        rest(page)
        bytes_fetched = int(sum(fetched))
        rerun_seconds(page)
        warm = [rerun_seconds(page) for _ in range(REPEATS)]
        again = []
        for _ in range(2):
            other = context.new_page()
            again.append(first_seconds(other, address, what))
            other.close()
    return {
        "cold_to_first_figure_seconds": cold,
        "warm_rerun": summary(warm),
        "second_visit": summary(again),
        "first_load_bytes": bytes_fetched,
    }


def pages(data: Path) -> dict[str, Any]:
    """Time every page and the peer; each has a server of its own."""
    names = (os.environ.get("BROWSER_PATH", ""), "chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, map(shutil.which, names)), None)
    if chromium is None:
        raise SystemExit("no Chromium on this machine: install it or set BROWSER_PATH")
    found: dict[str, Any] = {}
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        with served(data, PEER) as server:
            peer = found["bare_page_one_figure"] = in_a_browser(browser, server, "", FIGURE)
        for path in PAGES:
            with served(data) as server:
                told = in_a_browser(browser, server, path, FIRST.get(path, FIGURE))
            told["ratios_to_bare_page"] = {
                "cold": told["cold_to_first_figure_seconds"] / peer["cold_to_first_figure_seconds"],
                **{
                    what: told[what]["median_seconds"] / peer[what]["median_seconds"]
                    for what in ("warm_rerun", "second_visit")
                },
            }
            found[path or "overview"] = told
        browser.close()
    return found


@dataclass
class Load:
    """What fifty sessions met."""

    seconds: list[float] = field(default_factory=list)
    by_page: dict[str, list[float]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, page: str, seconds: float) -> None:
        """Count a run that was answered."""
        self.seconds.append(seconds)
        self.by_page.setdefault(page or "overview", []).append(seconds)


async def _visitor(number: int, address: str, until: float, load: Load) -> None:
    """Be one of the fifty: every ten seconds another control, or another page."""
    draw = Random(number)
    await asyncio.sleep(number * EVERY_SECONDS / N_SESSIONS)
    session = await opened(address)
    due = time.monotonic()
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        try:
            if session.page is None:
                await session.visit(PAGES[number % len(PAGES)])
            else:
                load.add(session.page, await _rerun(session, draw))
        except (RunFailedError, TimeoutError, OSError) as fault:
            load.faults.append(f"{type(fault).__name__} on /{session.page}: {fault}")
        due += EVERY_SECONDS
    await session.socket.close()


async def _rerun(session: Session, draw: Random) -> float:
    if draw.random() < 0.3:
        page, query = draw.choice(_addresses())
        return (await session.visit(page, query)).seconds
    return (await session.change(draw, ("checkbox",))).seconds


def _addresses() -> list[tuple[str, str]]:
    plain = [(page, "lang=en") for page in PAGES]
    return plain + [
        (page, f"lang=en&{query}") for page, queries in VARIANTS.items() for query in queries
    ]


async def _fifty(address: str) -> Load:
    first, draw = await opened(address), Random(0)
    # Asked once before, in several orders, for choices travel from page to page: measured is warm.
    for page, query in _addresses() + draw.sample(_addresses() * 2, 2 * len(_addresses())):
        await first.visit(page, query)
    load, until = Load(), time.monotonic() + EVERY_SECONDS + LOAD_SECONDS
    visitors = (_visitor(number, address, until, load) for number in range(N_SESSIONS))
    await asyncio.gather(*visitors)
    await first.socket.close()
    return load


def fifty_sessions(data: Path) -> dict[str, Any]:
    """Let fifty sessions rerun a mix of pages; say how long they waited and what it took."""
    with served(data) as server:
        began = time.perf_counter()
        load = asyncio.run(_fifty(server.address))
        used, held = server.processor_seconds(), server.held_bytes()
        took = time.perf_counter() - began
    waits = sorted(load.seconds)
    return {
        "sessions": N_SESSIONS,
        "every_seconds": EVERY_SECONDS,
        "reruns_answered": len(waits),
        "faults": load.faults[:20],
        "n_faults": len(load.faults),
        "median_seconds": statistics.median(waits),
        "p95_seconds": waits[int(0.95 * len(waits))],
        "slowest_seconds": waits[-1],
        "median_seconds_by_page": {
            page: statistics.median(held) for page, held in sorted(load.by_page.items())
        },
        "server_processor_seconds": used,
        "wall_seconds": took,
        "server_memory_bytes": held,
    }


def made(folder: Path) -> Path:
    """Return a data folder with the bundled snapshot and a made-up history."""
    data, files = folder / "data", folder / "made"
    settings = Settings(data_dir=data)
    pipeline.run(settings, offline=True)
    simulate(Parameters(users=6_000, days=150, seed=11), files, workers=1)
    names = {"events": "", "subscriptions": "_payments", "spend": "_spend"}
    for kind, ending in names.items():
        options = imports.Options(source=f"simulated_app{ending}")
        imports.import_files(settings, kind, [files], options)
    shutil.copy(files / "simulation.json", data / "simulation.json")
    return data


def main() -> None:
    """Measure, print and record."""
    with tempfile.TemporaryDirectory() as folder:
        data = made(Path(folder))
        load = fifty_sessions(data)
        sys.stdout.write(
            f"fifty sessions: {load['p95_seconds']:.2f} s, {load['n_faults']} faults\n"
        )
        results = {
            "load_average_of_the_machine": os.getloadavg()[0],
            "fifty_sessions": load,
            "pages": pages(data),
        }
    path = write_record("dashboard", results, ("streamlit", "plotly", "duckdb", "playwright"))
    for page, told in results["pages"].items():
        sys.stdout.write(
            f"{page}: cold {told['cold_to_first_figure_seconds']:.2f} s, "
            f"warm {told['warm_rerun']['median_seconds']:.3f} s, "
            f"again {told['second_visit']['median_seconds']:.2f} s\n"
        )
    sys.stdout.write(f"{path.relative_to(CHECKOUT)}\n")
    if load["faults"] or load["p95_seconds"] > MOST_P95_SECONDS:
        raise SystemExit(
            f"got {load['n_faults']} faults and p95 {load['p95_seconds']:.2f} s with "
            f"{N_SESSIONS} sessions, expected none and {MOST_P95_SECONDS:g} s at most"
        )


if __name__ == "__main__":
    main()
