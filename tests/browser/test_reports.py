"""A report is previewed, built and downloaded from the page in a real browser."""

from __future__ import annotations

import io
import shutil
import zipfile

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
PATIENCE_MS = 120_000


@pytest.mark.timeout(400)
def test_a_report_is_previewed_built_and_downloaded(page, serve, published, tmp_path):
    shutil.copytree(published / "warehouse", tmp_path / "warehouse")
    address = f"{serve(tmp_path)}/reports?lang=en&report=market&formats=html,xlsx&languages=en"
    page.goto(address)
    page.get_by_role("button", name="Preview").click(timeout=PATIENCE_MS)
    frame = page.frame_locator("iframe").frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_test_id("stButton").get_by_role("button", name="Build").click(timeout=PATIENCE_MS)
    expect(page.get_by_text("2 files are ready")).to_be_visible(timeout=PATIENCE_MS)
    with page.expect_download(timeout=PATIENCE_MS) as waited:
        page.get_by_role("button", name="All as one zip").click()
    names = zipfile.ZipFile(io.BytesIO(waited.value.path().read_bytes())).namelist()
    assert names == ["market_1357.HK_en.html", "market_1357.HK_en.xlsx"]
