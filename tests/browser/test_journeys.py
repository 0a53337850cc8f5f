"""The ten ways through the dashboard that matter, walked in a real browser in both languages."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from browser.walking import (
    LONG_MS,
    PATIENCE_MS,
    VIEWPORT,
    assert_is_drawn,
    before_placeholder,
    choose,
    go_to,
    plain_words,
    press,
    rest,
    section,
    shown,
    visit,
)
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dashboard import scenarios
from dashboard.text import Words, words
from etl import pipeline, sources
from etl.alerts.check import check
from etl.config import Settings
from etl.errors import SourceError
from etl.warehouse import SnapshotReader

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
RULES = """
rules:
  - {name: fresh, kind: source_stale}
  - name: little-is-left
    kind: scenario_crosses
    scenario: meitu-2025
    step: contribution_per_user
    below: 1000
"""
EVENTS = """user,what,when,app
u1,install,2026-11-01T08:00:00,mine
u1,session_start,2026-11-02T08:00:00,mine
u2,install,2026-11-01T09:00:00,mine
u3,install,the day before yesterday,mine
"""


@pytest.fixture(scope="module")
def folder(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the journeys may write to."""
    data = tmp_path_factory.mktemp("journeys") / "data"
    shutil.copytree(grown, data)
    return data


@pytest.fixture(scope="module")
def address(serve: Callable[[Path], str], folder: Path) -> str:
    return serve(folder)


@pytest.fixture(params=["en", "zh"])
def said(request: pytest.FixtureRequest) -> Words:
    return words(request.param)


@pytest.fixture(scope="module")
def speaking(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """Return a profile for each language: the dashboard follows it unasked."""
    contexts = {
        language: browser.new_context(viewport=VIEWPORT, locale=locale, reduced_motion="reduce")
        for language, locale in LOCALES.items()
    }
    for context in contexts.values():
        context.set_default_timeout(PATIENCE_MS)
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture
def page(speaking: dict[str, BrowserContext], said: Words) -> Iterator[Page]:
    """Open a page in a browser that speaks the language."""
    page = speaking[said.language].new_page()
    yield page
    page.close()


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


def test_a_file_with_errors_is_mended_and_imported(page, address, said, tmp_path):
    source = f"mine_{said.language}"
    file = tmp_path / "events.csv"
    file.write_text(EVENTS, encoding="utf-8")
    visit(page, f"{address}/data?view=import")
    name = page.get_by_role("textbox", name=said.t("Name of the source"))
    name.fill(source)
    name.press("Enter")
    rest(page)
    send(page, file)
    press(page, said.t("Preview"))
    refused = plain_words(said.t("**These files cannot be read as they are.**"))
    expect(page.get_by_text(refused)).to_be_visible(timeout=LONG_MS)
    page.get_by_text(said.t("Columns, time zone and terms"), exact=True).click()
    maps = page.get_by_role("textbox", name=said.t("Their column = our column, one a line"))
    maps.fill("what=event_name\nwhen=event_at")
    maps.press("Control+Enter")
    rest(page)
    press(page, said.t("Preview"))
    expect(page.get_by_text(kept_out(said, 1))).to_be_visible(timeout=LONG_MS)
    mended = file.with_name("mended.csv")
    mended.write_text(EVENTS.replace("the day before yesterday", "2026-11-01T10:00:00"))
    page.get_by_test_id("stFileChip").get_by_role("button").first.click()
    expect(page.get_by_test_id("stFileChip")).to_have_count(0)
    rest(page)
    send(page, mended)
    press(page, said.t("Preview"))
    expect(page.get_by_text(kept_out(said, 0))).to_be_visible(timeout=LONG_MS)
    press(page, said.t("Import"))
    expect(page.get_by_test_id("stAlertContentSuccess")).to_contain_text(source, timeout=LONG_MS)
    visit(page, f"{address}/growth?source={source}")
    assert page.get_by_test_id("stException").count() == 0
    expect(page.get_by_text(source).first).to_be_visible()


def send(page: Page, file: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_test_id("stFileChip")).to_have_count(1)
    rest(page)


def kept_out(said: Words, n: int) -> str:
    return said.n(
        "{n} row of those looked at would be kept out",
        "{n} rows of those looked at would be kept out",
        n,
    )


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


def test_a_measurement_is_run_and_its_pictures_seen(page, address, said):
    pytest.importorskip("torch", reason="no torch: make generator adds it")
    visit(page, f"{address}/compute?section=measure")
    page.get_by_label(said.t("Pictures"), exact=True).last.fill("3")
    page.get_by_label(said.t("Seconds at most"), exact=True).first.fill("5")
    page.get_by_role("button", name=said.t("Measure"), exact=True).click()
    shown(page, re.compile(said.t("made by this run")), within_ms=LONG_MS)
    assert page.locator("[data-testid='stImage']").count() >= 1
    collected = page.get_by_text(said.t("The record is being collected."))
    expect(collected).to_be_hidden(timeout=LONG_MS)
    assert page.locator("[data-testid='stException']").count() == 0


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
    page.goto(report.as_uri())
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator("html").get_attribute("lang").startswith(language)
    assert page.locator("svg").count() > 1


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


def test_a_failed_source_is_told_and_recovered_from(page, address, folder, said, monkeypatch):
    def unreachable(_: object) -> None:
        raise SourceError("got no answer from Yahoo Finance", "prices", "check the connection")

    with monkeypatch.context() as patched:
        patched.setattr(sources.load("stock_prices"), "fetch", unreachable)
        [entry] = pipeline.run(Settings(data_dir=folder), ["stock_prices"], offline=False)
    assert entry.status == "failed"
    for _ in range(12):  # a new snapshot is worked out before it is shown
        visit(page, address)
        if page.get_by_text(failed(said)).count():
            break
        page.wait_for_timeout(3000)
    expect(page.get_by_text(failed(said))).to_be_visible()
    assert_is_drawn(page)  # what was known before still stands
    go_to(page, said.t("Data"))
    section(page, said.t("Runs"))
    press(page, said.t("Collect the bundled snapshot"))
    going_on = page.get_by_text(re.compile("A run is going on|正在运行"))
    expect(going_on.first).to_be_visible()
    expect(going_on).to_have_count(0, timeout=LONG_MS)
    go_to(page, said.t("Overview"))
    expect(page.get_by_text(failed(said))).to_have_count(0, timeout=PATIENCE_MS)


def failed(said: Words) -> str:
    told = said.translations.ngettext(
        "**{n} source failed when last asked**, so what stands here of it is what it gave "
        "before: {sources}. The Data page says why and what to do.",
        "**{n} sources failed when last asked**, so what stands here of them is what they "
        "gave before: {sources}. The Data page says why and what to do.",
        1,
    )
    return plain_words(told).partition("{sources}")[0].replace("{n}", "1")
