"""Make the pictures of the README: ``python tests/browser/screenshot.py DATA_DIR OUT_DIR``."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from dashboard import launch, serve

BROWSERS = (os.environ.get("BROWSER_PATH", ""), "chromium", "chromium-browser", "google-chrome")
VIEW = {"width": 1280, "height": 1000}
_SETTLE_MS = 1500


def main(data_dir: Path, out: Path) -> None:
    """Picture the Overview in every language."""
    out.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind((launch.ADDRESS, 0))
        port = probe.getsockname()[1]
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        raise SystemExit("no Chromium on this machine: install it or set BROWSER_PATH")
    with serve.running(port, data_dir), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for language in ("en", "zh"):
            page = browser.new_page(viewport=VIEW, color_scheme="light")
            page.goto(f"{launch.address(port)}/?lang={language}")
            _await_rest(page)
            page.screenshot(path=out / f"overview-{language}.png")
        browser.close()


def _await_rest(page: Page) -> None:
    """Wait until the script has ended and its tiles and figures are drawn."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_selector('[data-testid="stMetric"]')
    page.wait_for_selector(".js-plotly-plot .main-svg", state="attached")  # the first may be folded
    page.wait_for_timeout(_SETTLE_MS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
