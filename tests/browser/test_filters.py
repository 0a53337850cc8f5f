"""What is chosen on one page is chosen on the next, in a real browser by the real navigation."""

from __future__ import annotations

import re

import pytest
from browser.walking import PATIENCE_MS, rest, visit
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
OTHER = "300624.SZ"


def go(page: Page, name: str) -> None:
    """Follow the top navigation to a page."""
    page.get_by_test_id("stTopNavLinkContainer").get_by_text(name, exact=True).first.click()
    expect(page).to_have_url(re.compile(rf"/{name.lower()}\b"), timeout=PATIENCE_MS)
    rest(page)


def test_a_share_and_a_day_of_knowledge_travel_by_the_navigation_and_come_back_in_one_press(
    page, dashboard
):
    visit(page, f"{dashboard}/market?lang=en&ticker={OTHER}&as_of=2024-06-28")
    go(page, "Attention")
    expect(page).to_have_url(re.compile(rf"ticker={OTHER}"), timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("as_of=2024-06-28"))
    expect(page.get_by_text("As known on 28 Jun 2024").first).to_be_visible(timeout=PATIENCE_MS)
    go(page, "Market")
    expect(page).to_have_url(re.compile(rf"ticker={OTHER}"), timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("as_of=2024-06-28"))
    page.get_by_role("button", name="Reset filters").click()
    expect(page).to_have_url(re.compile(r"ticker=1357\.HK"), timeout=PATIENCE_MS)
    rest(page)
    assert "as_of" not in page.url
    # Controls were changed since, and leave no entries of their own.
    page.go_back()
    expect(page).to_have_url(re.compile("/attention"), timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "How high, how long, how fast does it fade?", timeout=PATIENCE_MS
    )
    rest(page)
    page.go_forward()
    expect(page).to_have_url(re.compile("/market"), timeout=PATIENCE_MS)
