"""What a reader sees and does in a real browser; the fixture fails a test that asks a stranger."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise

import pytest
from browser.walking import PAGES, PATIENCE_MS, assert_fits, assert_is_whole, rest, visit
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
# What is shown of the bundled snapshot alone: it holds nothing about growth.
WITHOUT_FIGURES = {"growth", "reports", "data"}


def trace_points(page: Page) -> int:
    """Count the days of the first path of the cumulative abnormal return, once it is drawn."""
    # Waiting by a function of the page would be against its policy.
    for _ in range(PATIENCE_MS // 100):
        counted = page.evaluate(
            """() => {
            const plots = [...document.querySelectorAll('.js-plotly-plot')];
            const traces = plots.flatMap(plot => plot._fullData ?? []);
            const relative = v => Number.isInteger(v) && Math.abs(v) <= 60;
            const days = t => t.x?.length && Array.from(t.x).every(relative) ? t.x.length : 0;
            return Math.max(0, ...traces.map(days));
        }"""
        )
        if counted:
            return counted
        page.wait_for_timeout(100)
    raise AssertionError("no cumulative abnormal return was drawn")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_on_a_wide_screen_in_english_and_light(page, dashboard, path):
    page.emulate_media(color_scheme="light")
    visit(page, f"{dashboard}/{path}?lang=en")
    assert_is_whole(page, figures=path not in WITHOUT_FIGURES)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_whole_on_a_phone_in_chinese_and_dark(phone, dashboard, path):
    phone.emulate_media(color_scheme="dark")
    visit(phone, f"{dashboard}/{path}?lang=zh")
    assert_is_whole(phone, figures=path not in WITHOUT_FIGURES)
    assert_fits(phone)


def test_a_phone_shows_one_tile_a_row_and_the_pages_behind_a_button(phone, dashboard):
    visit(phone, f"{dashboard}/?lang=en")
    tiles = phone.get_by_test_id("stMetric")
    first, second = (tiles.nth(at).bounding_box() for at in range(2))
    assert first["x"] == second["x"]
    phone.get_by_test_id("stExpandSidebarButton").click()
    expect(phone.get_by_role("link", name="Market").first).to_be_visible()


def test_the_overview_says_what_the_evidence_carries(page, dashboard):
    visit(page, f"{dashboard}/?lang=en")
    tile = page.get_by_test_id("stVerticalBlock").filter(
        has=page.get_by_test_id("stMetric").filter(has_text="7 Dec 2022")
    )
    told = tile.last.inner_text()
    assert re.search(r"\+24\.\d%", told), "the jump of the day that was picked"
    assert "described, not tested" in told
    assert "p = " not in told


def test_the_language_can_be_switched_and_is_in_the_address(page, dashboard):
    visit(page, f"{dashboard}/?lang=en")
    english = page.get_by_role("heading", level=1).first.inner_text()
    page.get_by_text("中文", exact=True).first.click()
    expect(page.get_by_role("heading", level=1).first).not_to_have_text(english)
    rest(page)
    assert "lang=zh" in page.url
    assert re.search(r"[\u4e00-\u9fff]", page.get_by_role("heading", level=1).first.inner_text())


def test_a_permalink_restores_the_view(page, dashboard):
    asked = "lang=en&ticker=300624.SZ&window=-1,5&estimation=100&gap=15&returns=simple"
    visit(page, f"{dashboard}/market?{asked}")
    for part in asked.split("&"):
        assert part in page.url.replace("%2C", ",")
    assert "300624.SZ" in page.locator("[data-testid='stMain']").inner_text()
    expect(page.get_by_label("Estimation days").first).to_have_value("100")
    expect(page.get_by_label("Gap days").first).to_have_value("15")


def test_a_wider_event_window_changes_the_figure(page, dashboard):
    visit(page, f"{dashboard}/market?lang=en&window=-2,2")
    expect(page.locator(".js-plotly-plot").nth(2)).to_be_visible(timeout=PATIENCE_MS)
    narrow = trace_points(page)
    page.get_by_role("slider").last.focus()
    page.keyboard.press("ArrowRight")
    rest(page)
    expect(page).to_have_url(re.compile(r"window=-2(,|%2C)3"))
    page.wait_for_timeout(500)
    assert narrow == 5
    assert trace_points(page) == 6


@pytest.mark.parametrize(
    ("section", "colour"),
    [
        ("retention", "light"),
        ("conversion", "dark"),
        ("trials", "light"),
        ("revenue", "dark"),
        ("value", "light"),
        ("channels", "dark"),
    ],
)
def test_a_part_of_growth_is_whole_and_badged(page, grown_dashboard, section, colour):
    page.emulate_media(color_scheme=colour)
    visit(page, f"{grown_dashboard}/growth?lang=en&section={section}")
    expect(page.get_by_text("Simulated.").first).to_be_visible()
    assert_is_whole(page)


def test_numbers_of_cohorts_fit_their_cells_on_a_phone_too(phone, page, grown_dashboard):
    for shown in (page, phone):
        visit(shown, f"{grown_dashboard}/growth?lang=en&section=retention")
        plot = shown.locator(".heatmaplayer").locator("xpath=ancestor::*[@class='subplot xy']")
        cells = plot.locator(".textpoint text")
        boxes = [cells.nth(place).bounding_box() for place in range(3)]
        for left, right in pairwise(boxes):
            assert left["x"] + left["width"] <= right["x"]


def test_another_part_and_another_rule_stand_in_the_address(page, grown_dashboard):
    visit(page, f"{grown_dashboard}/growth?lang=en")
    page.get_by_text("Conversion", exact=True).first.click()
    rest(page)
    expect(page.get_by_role("heading", name="How far they come")).to_be_visible()
    assert "section=conversion" in page.url


def test_a_table_of_growth_is_downloaded(page, grown_dashboard):
    visit(page, f"{grown_dashboard}/growth?lang=en")
    page.get_by_role("button", name="Download").first.click()
    with page.expect_download() as waited:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name="CSV").click()
    content = waited.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert content[0] == "cohort,size,period,retained,retention_rate,low,high,complete,whole"
    assert len(content) > 100


@pytest.mark.parametrize(
    ("section", "colour"), [("stages", "dark"), ("cost", "light"), ("measure", "dark")]
)
def test_a_part_of_compute_is_whole(page, dashboard, section, colour):
    page.emulate_media(color_scheme=colour)
    visit(page, f"{dashboard}/compute?lang=en&section={section}")
    assert_is_whole(page, figures=section != "measure")


MEASURING_MS = 150_000


@pytest.fixture(scope="module")
def own_dashboard(published, serve, tmp_path_factory):
    """Serve a data folder that tests may write to."""
    pytest.importorskip("torch", reason="no torch: make generator adds it")
    own = tmp_path_factory.mktemp("own")
    shutil.copytree(published / "warehouse", own / "warehouse")
    return serve(own)


@pytest.mark.timeout(400)
def test_pictures_are_made_from_the_page(page, own_dashboard):
    visit(page, f"{own_dashboard}/compute?lang=en&section=measure")
    pictures = page.get_by_label("Pictures", exact=True).first
    pictures.fill("2")
    pictures.press("Tab")
    rest(page)
    page.get_by_role("button", name="Make pictures").click()
    expect(page.get_by_text("seed 1").last).to_be_visible(timeout=MEASURING_MS)
    by_every_number_of_steps = page.locator("[data-testid='stImage']")
    expect(by_every_number_of_steps).to_have_count(2 * 5, timeout=MEASURING_MS)
    assert page.locator("[data-testid='stException']").count() == 0


@pytest.mark.timeout(200)
def test_a_measurement_can_be_cancelled(page, own_dashboard):
    visit(page, f"{own_dashboard}/compute?lang=en&section=measure")
    page.get_by_label("Pictures", exact=True).last.fill("1000")
    page.get_by_role("button", name="Measure", exact=True).click()
    page.get_by_role("button", name="Cancel").click(timeout=PATIENCE_MS)
    expect(page.get_by_text("Cancelled.")).to_be_visible(timeout=PATIENCE_MS)
