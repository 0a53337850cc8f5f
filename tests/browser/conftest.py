"""A real dashboard over the bundled snapshot, and a real Chromium that may talk to nobody else."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from browser.walking import NARROW, VIEWPORT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Request,
    WebSocket,
    sync_playwright,
)

from dashboard import launch

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium_path() -> str:
    """Return the path of a Chromium on this machine, or skip the test and say so."""
    candidates = (os.environ.get("BROWSER_PATH"), "chromium", "chromium-browser", "google-chrome")
    for candidate in candidates:
        found = candidate and shutil.which(candidate)
        if found:
            return found
    pytest.skip("no Chromium on this machine: install it or set BROWSER_PATH")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_healthy(
    address: str, process: subprocess.Popen[bytes], log: Path, seconds: float
) -> None:
    """Wait until the dashboard at ``address`` answers; fail with its output if it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    process.kill()
    pytest.fail(f"the dashboard did not answer in {seconds} s:\n{log.read_text()}")


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Start dashboards over data folders; the address of each is returned."""
    running: list[subprocess.Popen[bytes]] = []
    logs = tmp_path_factory.mktemp("dashboards")

    def start(data_dir: Path) -> str:
        port = free_port()
        log = logs / f"{port}.log"
        with log.open("wb") as output:  # a pipe that nobody reads would stop the server
            process = subprocess.Popen(
                launch.command(port, data_dir),
                stdout=output,
                stderr=subprocess.STDOUT,
                env=launch.environment(),
            )
        running.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_until_healthy(address, process, log, seconds=60)
        return address

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def dashboard(serve: Callable[[Path], str], published: Path) -> str:
    """Address of a dashboard over the bundled snapshot."""
    return serve(published)


@pytest.fixture(scope="session")
def grown_dashboard(serve: Callable[[Path], str], grown: Path) -> str:
    """Address of a dashboard over the bundled snapshot and a made-up history."""
    return serve(grown)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium for a module; its event loop must not outlive it in this process."""
    path = chromium_path()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One profile for a module: what the dashboard's programs are, is fetched once."""
    # What moves is drawn sixty times a second, on processors that have better things to do.
    context = browser.new_context(viewport=VIEWPORT, locale="en-GB", reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture(scope="module")
def pocket(browser: Browser) -> Iterator[BrowserContext]:
    """One profile of a phone for a module."""
    context = browser.new_context(
        viewport=NARROW, locale="zh-CN", has_touch=True, reduced_motion="reduce"
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Lend the page; the test fails if it asks anybody but this machine for anything."""
    yield from _watched(lent(context))


@pytest.fixture
def phone(pocket: BrowserContext) -> Iterator[Page]:
    """Lend the page on a narrow screen that is touched; watched as any page."""
    yield from _watched(lent(pocket))


def lent(context: BrowserContext) -> Page:
    """Return the one page of a profile, as if it were new; a new one where a test has closed it.

    Whoever opens an address there loads all of it anew. The process that draws it is kept, and with
    it the compiled programs: in a process of its own every load takes twice the time.
    """
    page = context.pages[0] if context.pages else context.new_page()
    page.emulate_media(media="null", color_scheme="null")
    page.mouse.move(0, 0)
    return page


def leave(page: Page) -> None:
    """End what a page does; its process stays, since the address is one of the same machine."""
    if not page.is_closed() and page.url.startswith("http"):
        page.goto(urljoin(page.url, "/_stcore/health"))


def _watched(page: Page) -> Iterator[Page]:
    strangers: list[str] = []

    def note(asked: Request | WebSocket) -> None:
        parts = urlsplit(asked.url)
        is_own = parts.hostname in {"127.0.0.1", "localhost"}
        if parts.scheme not in {"data", "blob"} and not is_own:
            strangers.append(asked.url)

    page.on("request", note)
    page.on("websocket", note)
    yield page
    leave(page)
    page.remove_listener("request", note)
    page.remove_listener("websocket", note)
    assert not strangers, f"requests left the machine: {strangers}"
