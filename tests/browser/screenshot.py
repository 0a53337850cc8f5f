"""Make the pictures of the README and the tour: ``screenshot.py DATA_DIR README_DIR TOUR_DIR``."""

from __future__ import annotations

import io
import os
import shutil
import socket
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from dashboard import launch, serve

BROWSERS = (os.environ.get("BROWSER_PATH", ""), "chromium", "chromium-browser", "google-chrome")
LANGUAGES = ("en", "zh")
VIEW = {"width": 1280, "height": 1000}
PAGES = (
    *("overview", "market", "attention", "growth"),
    *("unit-economics", "compute", "data", "reports"),
)
"""By their names in the address; the Overview has the empty one."""
WITHOUT_FIGURES = {"data", "reports"}
_PATIENCE_MS = 120_000
"""For the first drawing of a page on a slow machine."""
_SETTLE_MS = 2500
_QUALITY = 72
"""Of the tour's pictures: text stays sharp, and none is larger than 150 KB."""


def main(data_dir: Path, readme: Path, tour: Path) -> None:
    """Picture the Overview for the README, and every page for the tour, in every language."""
    for folder in (readme, tour):
        folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind((launch.ADDRESS, 0))
        port = probe.getsockname()[1]
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise SystemExit("no Chromium on this machine: install it or set BROWSER_PATH")
    with serve.running(port, data_dir), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for language in LANGUAGES:
            for name in PAGES:
                picture = _picture(browser, port, name, language)
                Image.open(io.BytesIO(picture)).save(
                    tour / f"{name}-{language}.webp", quality=_QUALITY, method=6
                )
                if name == "overview":
                    (readme / f"{name}-{language}.png").write_bytes(picture)
        browser.close()


def _picture(browser: Browser, port: int, name: str, language: str) -> bytes:
    page = browser.new_page(viewport=VIEW, color_scheme="light")
    page.set_default_timeout(_PATIENCE_MS)
    address = "" if name == "overview" else name
    page.goto(f"{launch.address(port)}/{address}?lang={language}")
    _await_rest(page, figures=name not in WITHOUT_FIGURES)
    taken = page.screenshot()
    page.close()
    return taken


def _await_rest(page: Page, *, figures: bool) -> None:
    """Wait until the script has ended and its figures are drawn."""
    page.wait_for_selector("h1")
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    if figures:
        page.wait_for_selector(".js-plotly-plot .main-svg", state="attached")  # may be folded
    page.wait_for_timeout(_SETTLE_MS)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
