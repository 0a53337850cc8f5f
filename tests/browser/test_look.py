"""What a page is on paper, on a narrow screen, by keyboard, read aloud, and while it loads."""

from __future__ import annotations

import io
import re

import pytest
from browser.walking import PATIENCE_MS, VIEWPORT, rest, visit
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

pytestmark = pytest.mark.browser
A4_PAGES = range(3, 16)
MOST_SHIFT = 0.25
"""Beyond it the Core Web Vitals call a page poor; below 0.1, good, which controls that come in one
after another miss on a slow machine. The worst window of shifts less than a second apart counts."""
SHIFTS = """
window.shift = 0;
let since = Infinity, last = 0, first = 0, inWindow = 0;
// From where the title has taken its place: before it there is nothing to jump.
new MutationObserver((_, titles) => {
  if (!document.querySelector('h1')) return;
  titles.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { since = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
new PerformanceObserver(seen => {
  for (const one of seen.getEntries()) {
    if (one.hadRecentInput || one.startTime < since) continue;
    if (one.startTime - last > 1000 || one.startTime - first > 5000) {
      first = one.startTime;
      inWindow = 0;
    }
    last = one.startTime;
    window.shift = Math.max(window.shift, inWindow += one.value);
  }
}).observe({ type: 'layout-shift' });
"""


def tab_to(page: Page, name: str, *, most: int = 120) -> None:
    """Press Tab until what has the focus bears a name."""
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "() => { const e = document.activeElement;"
            " return (e.getAttribute('aria-label') || e.closest('label')?.innerText"
            " || e.innerText || '').trim(); }"
        )
        if re.search(name, told):
            return
    pytest.fail(f"{name!r} cannot be reached by keyboard")


def is_outlined(page: Page) -> bool:
    """Say whether what has the focus is seen to have it."""
    return page.evaluate(
        "() => { const at = document.activeElement;"
        " return [at, at.closest('label')].some(e => e && (getComputedStyle(e).outlineStyle"
        " !== 'none' || getComputedStyle(e).boxShadow !== 'none')); }"
    )


def test_a_page_is_printed_whole_and_without_its_controls(page, dashboard):
    page.emulate_media(color_scheme="dark")
    visit(page, f"{dashboard}/market?lang=en")
    expect(page.get_by_role("heading", name="What to know before trusting it")).to_be_attached(
        timeout=PATIENCE_MS
    )
    rest(page)
    pages = PdfReader(io.BytesIO(page.pdf(format="A4", print_background=True))).pages
    told = "\n".join(sheet.extract_text() for sheet in pages)
    assert len(pages) in A4_PAGES
    assert "Did the share price really react?" in pages[0].extract_text()
    assert "What to know before trusting it" in told
    assert "snapshot published" in told
    assert "/market?" in told
    for control in ("Show as table", "Download", "Unit economics", "中文", "Skip to"):
        assert control not in told
    page.emulate_media(media="print", color_scheme="dark")
    paper = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    painted = "() => getComputedStyle(document.querySelector('[data-testid=stDataFrame] canvas'))"
    assert "invert(1)" in page.evaluate(f"{painted}.filter")
    page.emulate_media(media="screen", color_scheme="light")


def test_the_document_speaks_the_language_that_is_shown(page, dashboard):
    visit(page, f"{dashboard}/data?lang=zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.get_by_text("English", exact=True).first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=PATIENCE_MS)


def test_everything_is_reached_by_keyboard_alone(page, dashboard):
    visit(page, f"{dashboard}/data?lang=en")
    tab_to(page, "Skip to the content", most=2)
    skip = page.locator(".skip-link.frame-moved")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    tab_to(page, "Market")
    assert is_outlined(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Did the share price really react?", timeout=PATIENCE_MS
    )
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=PATIENCE_MS)
    rest(page)
    page.locator("body").press("Home")
    tab_to(page, "Show as table")
    assert is_outlined(page)
    page.keyboard.press("Space")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=PATIENCE_MS)
    rest(page)
    tab_to(page, "Download")
    assert is_outlined(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="CSV")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="CSV")).to_be_hidden()
    page.evaluate("document.activeElement.blur()")
    page.locator(".skip-link.frame-moved").focus()
    tab_to(page, "English")  # the arrows move within a group of choices
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN", timeout=PATIENCE_MS)


def test_places_stand_before_the_cards_and_nothing_jumps_far(browser, serve, published):
    # A browser that has to wait for its turn draws in other steps: the least of three visits to a
    # server that has worked out nothing yet is what the page itself does.
    seen: list[float] = []
    while len(seen) < 3 and min(seen, default=MOST_SHIFT) >= MOST_SHIFT:
        seen.append(shift_of_a_first_visit(browser, serve(published)))
    assert min(seen) < MOST_SHIFT, seen


def shift_of_a_first_visit(browser: Browser, address: str) -> float:
    context = browser.new_context(viewport=VIEWPORT, locale="en-GB")
    page = context.new_page()
    visit(page, f"{address}/data?lang=en")  # what a page is made of is here now
    page.add_init_script(SHIFTS)
    page.goto(f"{address}/market?lang=en")
    expect(page.get_by_test_id("stSkeleton").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="What to know before trusting it")).to_be_attached(
        timeout=PATIENCE_MS
    )
    rest(page)
    shift = page.evaluate("window.shift")
    context.close()
    return shift


def test_the_tour_leads_from_page_to_page_and_is_not_offered_again(browser: Browser, dashboard):
    context = browser.new_context(viewport=VIEWPORT, locale="en-GB")
    page = context.new_page()
    visit(page, f"{dashboard}/?lang=en")
    page.get_by_role("link", name="Take the tour").click()
    expect(page.get_by_text("Tour, step 1 of 8")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Tour, step 2 of 8")).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile(r"/market\?.*tour=2"))
    rest(page)
    page.get_by_role("button", name="End the tour").click()
    expect(page.get_by_text("Tour, step 2 of 8")).to_be_hidden(timeout=PATIENCE_MS)
    rest(page)
    assert "tour=" not in page.url
    assert "artonomics_tour" in {cookie["name"] for cookie in context.cookies()}
    visit(page, f"{dashboard}/?lang=en")
    assert page.get_by_role("link", name="Take the tour").count() == 0
    expect(page.get_by_role("link", name=re.compile("Tour$")).first).to_be_visible()
    context.close()
    shared = browser.new_context(locale="zh-CN").new_page()
    visit(shared, f"{dashboard}/growth?lang=zh&tour=4")
    expect(shared.get_by_text("导览第 4 步，共 8 步")).to_be_visible(timeout=PATIENCE_MS)
    shared.context.close()
