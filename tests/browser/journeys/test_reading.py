"""Seven of the ten ways that matter, which read what is there; each walked in both languages."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime

import pytest
from browser.walking import (
    LOCALES,
    LONG_MS,
    PATIENCE_MS,
    assert_is_drawn,
    before_placeholder,
    choose,
    go_to,
    press,
    rest,
    visit,
)
from playwright.sync_api import Page, expect

from dashboard import scenarios
from etl.alerts.check import check
from etl.warehouse import SnapshotReader

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]
RULES = """
rules:
  - {name: fresh, kind: source_stale}
  - name: little-is-left
    kind: scenario_crosses
    scenario: meitu-2025
    step: contribution_per_user
    below: 1000
"""


def test_a_first_visit_is_answered_in_the_readers_language(page, address, said):
    visit(page, address)
    title = said.t("Can curiosity about AI art be turned into cash?")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    for heading in ("What it would take to break even", "Every wave side by side", "The verdict"):
        expect(page.get_by_role("heading", name=said.t(heading), exact=True)).to_be_visible()
    page.get_by_role("link", name=said.t("Examine it on the Market page")).click()
    asked = said.t("Did the share price really react?")
    expect(page.get_by_role("heading", level=1)).to_have_text(asked, timeout=PATIENCE_MS)
    rest(page)
    assert_is_drawn(page)


def test_the_event_study_of_another_stock(page, address, said):
    visit(page, address)
    go_to(page, said.t("Market"))
    choose(page, said.t("Company"), "ADBE")
    expect(page).to_have_url(re.compile("ticker=ADBE"))
    heading = said.t("Every event")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    heading = page.get_by_role("heading", name=said.t("Price with its events"), exact=True)
    card = page.get_by_test_id("stVerticalBlock").filter(has=heading).last
    expect(card.locator(".js-plotly-plot")).to_be_visible()
    card.get_by_text(said.t("Show as table"), exact=True).click()
    expect(card.get_by_test_id("stDataFrame")).to_be_visible()
    assert_is_drawn(page)


def test_two_waves_are_compared(page, address, folder, said):
    visit(page, f"{address}/unit-economics")
    label = before_placeholder(said, "Scenarios to compare (at most {n})")
    box = page.get_by_role("combobox", name=label).first
    known = scenarios.choices(folder)
    for key in ("meitu-2022", "lensa-2022"):
        name = known[key].name(said.language)
        box.click()
        box.fill(name)
        page.get_by_role("option").filter(has_text=name).first.click()
        page.keyboard.press("Escape")
        rest(page)
    expect(page).to_have_url(re.compile("compare=meitu-2022(,|%2C)lensa-2022"))
    for heading in ("Main results", "Main results with their intervals"):
        expect(page.get_by_role("heading", name=said.t(heading), exact=True)).to_be_visible()


def test_another_rule_of_retention_gives_another_number(page, address, said):
    visit(page, f"{address}/growth?source=simulated_app")
    before = retained(page)
    names = {"en": "24", "zh": "24"}
    choose(page, said.t("Rule"), names[said.language])
    expect(page).to_have_url(re.compile("rule=n_day_24h"))
    expect(page.get_by_role("heading", name=said.t("Who comes back"))).to_be_visible()
    assert retained(page) != before
    assert_is_drawn(page)


def retained(page: Page) -> list[float]:
    """Return the shares of the first curve that is drawn, once it is drawn."""
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    return page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .flatMap(plot => plot._fullData ?? [])
            .flatMap(trace => [...(trace.y ?? [])].filter(v => typeof v === 'number'))"""
    )


def test_a_scenario_is_saved_shared_and_opened_again(page, browser, address, said):
    visit(page, f"{address}/unit-economics?scenario=small-platform")
    thumb = page.get_by_role("slider").first
    thumb.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    rest(page)
    press(page, said.t("Take the moved values into the scenario"))
    expect(page).to_have_url(re.compile(r"[?&]s="))
    name = f"Mine {said.language}"
    page.get_by_role("button", name=said.t("Save"), exact=True).first.click()
    page.get_by_label(said.t("Name"), exact=True).fill(name)
    page.get_by_label(said.t("Name"), exact=True).press("Tab")
    rest(page)
    body = page.get_by_test_id("stPopoverBody")
    body.get_by_role("button", name=said.t("Save"), exact=True).click()
    expect(page).to_have_url(re.compile(f"scenario=mine-{said.language}"))
    page.keyboard.press("Escape")
    rest(page)
    press(page, said.t("Show link"))
    link = page.get_by_test_id("stCode").first.inner_text().strip()
    elsewhere = browser.new_context(locale=LOCALES[said.language])
    try:
        other = elsewhere.new_page()
        visit(other, link)
        assert tiles(other) == tiles(page)
        assert_is_drawn(other)
    finally:
        elsewhere.close()


def tiles(page: Page) -> list[str]:
    """Return the labels and numbers of all tiles."""
    page.get_by_test_id("stMetric").first.wait_for(timeout=PATIENCE_MS)
    return page.get_by_test_id("stMetric").all_inner_texts()


def test_a_report_is_previewed_built_and_opened(page, address, folder, said, tmp_path):
    language = said.language
    asked = f"report=market&formats=html&languages={language}"
    visit(page, f"{address}/reports?{asked}")
    page.get_by_role("button", name=said.t("Preview"), exact=True).click()
    frame = page.frame_locator("iframe").frame_locator("iframe")
    expect(frame.get_by_role("heading", level=1)).to_be_visible(timeout=LONG_MS)
    buttons = page.get_by_test_id("stButton")
    buttons.get_by_role("button", name=said.t("Build"), exact=True).click()
    ready = page.get_by_test_id("stDownloadButton").filter(has_text=".html").first
    with page.expect_download(timeout=LONG_MS) as waited:
        ready.get_by_role("button").click(timeout=LONG_MS)
    report = tmp_path / "report.html"
    shutil.copy(waited.value.path(), report)
    built = [file.read_bytes() for file in folder.rglob("*.html")]
    assert report.read_bytes() in built, "what is downloaded is what was built"
    opened = page.context.new_page()
    opened.goto(report.as_uri())
    expect(opened.get_by_role("heading", level=1)).to_be_visible()
    assert opened.locator("html").get_attribute("lang").startswith(language)
    assert opened.locator("svg").count() > 1
    opened.close()


def test_an_alert_leads_to_its_evidence(page, address, folder, said):
    (folder / "alerts.yml").write_text(RULES, encoding="utf-8")
    check(folder, SnapshotReader(folder), datetime.now(UTC))
    visit(page, address)
    links = page.get_by_role("link", name=said.t("See the evidence"))
    expect(links.first).to_be_visible()
    line = page.get_by_test_id("stVerticalBlock").filter(has_text="little-is-left").last
    line.get_by_role("link", name=said.t("See the evidence")).first.click()
    asked = said.t("Does one user earn more than the images cost?")
    expect(page.get_by_role("heading", level=1)).to_have_text(asked, timeout=PATIENCE_MS)
    rest(page)
    assert "scenario=meitu-2025" in page.url
    assert_is_drawn(page)
