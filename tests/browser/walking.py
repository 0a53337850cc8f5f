"""How a reader moves in the dashboard: opens a page, waits until it rests, names what is there.

Every control is found by the words it bears in the language of the page, so that a journey is
written once and walked in both.
"""

from __future__ import annotations

from itertools import pairwise

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from dashboard.text import Words

PAGES = ("", "market", "attention", "growth", "unit-economics", "compute", "reports", "data")
VIEWPORT = {"width": 1280, "height": 900}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
NARROW = {"width": 400, "height": 800}
PATIENCE_MS = 30_000
LONG_MS = 150_000
"""How long a program that a page has started may take."""


expect.set_options(timeout=PATIENCE_MS)


def visit(page: Page, address: str) -> None:
    """Open an address and wait until the page has been drawn and rests."""
    page.goto(address)
    page.get_by_role("heading", level=1).first.wait_for(timeout=PATIENCE_MS)
    rest(page)


def rest(page: Page) -> None:
    """Wait until the script has run and every card has taken the place held for it."""
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE_MS)
    app = page.locator("[data-testid='stApp']")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)


def go_to(page: Page, name: str) -> None:
    """Go to a page by the navigation, as a reader does."""
    page.get_by_test_id("stTopNavLink").filter(has_text=name).first.click()
    page.get_by_role("heading", level=1).first.wait_for(timeout=PATIENCE_MS)
    rest(page)


def choose(page: Page, label: str, part: str) -> None:
    """Choose in the select box ``label`` what holds ``part``."""
    box = page.get_by_role("combobox", name=label).first
    box.click()
    box.fill(part)
    page.get_by_role("option").filter(has_text=part).first.click()
    rest(page)


def section(page: Page, name: str) -> None:
    """Open a section of the page."""
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).first.click()
    rest(page)


def press(page: Page, name: str) -> None:
    """Press the button of that name."""
    page.get_by_role("button", name=name, exact=True).locator("visible=true").first.click(
        timeout=PATIENCE_MS
    )
    rest(page)


def shown(page: Page, text: str, *, within_ms: int = PATIENCE_MS) -> Locator:
    """Wait for a text on the page."""
    found = page.get_by_text(text).locator("visible=true").first
    expect(found).to_be_visible(timeout=within_ms)
    return found


def plain_words(message: str) -> str:
    """Return the words of a message as the page shows them, without its marks of Markdown."""
    return message.replace("**", "").replace("`", "")


def before_placeholder(said: Words, message: str) -> str:
    """Return what a translated sentence says before its first placeholder."""
    return plain_words(said.translations.gettext(message)).partition("{")[0].strip()


def serious_violations(page: Page) -> dict[str, list[str]]:
    """Return what axe finds serious, by rule."""
    return {
        v["id"]: [node["html"][:160] for node in v["nodes"][:3]]
        for v in Axe().run(page).response["violations"]
        if v["impact"] in {"serious", "critical"}
    }


def assert_is_drawn(page: Page, *, figures: bool = True) -> None:
    """Fail if the page shows an error or lacks its figures."""
    assert page.locator("[data-testid='stException']").count() == 0
    assert page.locator("[data-testid='stAlertContentError']").count() == 0
    if figures:
        # A figure inside a folded part is drawn and not to be seen.
        drawn = page.locator(".js-plotly-plot").locator("visible=true")
        expect(drawn.first).to_be_visible(timeout=PATIENCE_MS)


def assert_is_whole(page: Page, *, figures: bool = True) -> None:
    """Fail if the page shows an error, lacks its figures or hinders a reader."""
    assert_is_drawn(page, figures=figures)
    page.wait_for_timeout(500)  # what fades in has other colours on its way
    assert serious_violations(page) == {}
    levels = page.evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3,h4')].map(e => +e.tagName[1])"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels)), levels


def assert_fits(page: Page) -> None:
    """Fail if the page has to be moved aside to be read, or has targets that are too small."""
    widths = page.evaluate(
        "() => { const main = document.querySelector('[data-testid=stMain]');"
        " return [document.documentElement.scrollWidth, main.scrollWidth]; }"
    )
    assert page.viewport_size
    assert max(widths) <= page.viewport_size["width"]
    small = page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stMain] button, header button')]"
        ".map(e => [e.getBoundingClientRect(), e.innerText || e.ariaLabel || e.outerHTML])"
        ".filter(([box, _]) => box.width && Math.min(box.width, box.height) < 24)"
        ".map(([box, name]) => `${name.slice(0, 80)} ${box.width}x${box.height}`)"
    )
    assert small == []
