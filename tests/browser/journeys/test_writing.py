"""Three of the ten ways that matter, which end in a new snapshot; each walked in both languages.

They have a dashboard of their own: a new snapshot is worked out for all that was ever asked of one.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from browser.walking import (
    LONG_MS,
    PATIENCE_MS,
    assert_is_drawn,
    choose,
    go_to,
    plain_words,
    press,
    rest,
    section,
    shown,
    visit,
)
from playwright.sync_api import Page, expect

from dashboard.text import Words
from etl import pipeline, sources
from etl.config import Settings
from etl.errors import SourceError

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]
EVENTS = """user,doing,moment,app
u1,install,2026-11-01T08:00:00,mine
u1,session_start,2026-11-02T08:00:00,mine
u2,install,2026-11-01T09:00:00,mine
u3,install,the day before yesterday,mine
"""


@pytest.fixture(scope="module")
def folder(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder without a history: publishing it is no part of the way."""
    data = tmp_path_factory.mktemp("journeys") / "data"
    shutil.copytree(published / "warehouse", data / "warehouse")
    return data


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
    for ours, theirs in (("event_name", "doing"), ("event_at", "moment")):
        choose(page, said.t("Which of your columns is {name}?", name=ours), theirs)
    press(page, said.t("Preview"))
    expect(page.get_by_text(kept_out(said, 1))).to_be_visible(timeout=LONG_MS)
    press(page, said.t("Import"))
    done = page.get_by_test_id("stAlertContentSuccess")
    expect(done).to_contain_text(source, timeout=LONG_MS)
    page.get_by_role("link", name=said.t("See who comes back")).click()
    page.get_by_role("link", name=said.t("See why on the Data page")).click()
    leave_out = said.n("Leave {n} row out for good", "Leave {n} rows out for good", 1)
    expect(page.get_by_role("button", name=leave_out)).to_be_visible()
    press(page, said.t("To the import"))
    name = page.get_by_role("textbox", name=said.t("Name of the source"))
    expect(name).to_have_value(source)
    rest(page)
    mended = tmp_path / "mended" / "events.csv"
    mended.parent.mkdir()
    mended.write_text(EVENTS.replace("the day before yesterday", "2026-11-01T10:00:00"))
    send(page, mended)
    press(page, said.t("Preview"))
    expect(page.get_by_text(kept_out(said, 0))).to_be_visible(timeout=LONG_MS)
    press(page, said.t("Import"))
    expect(done).to_contain_text(source, timeout=LONG_MS)
    page.get_by_role("link", name=said.t("See who comes back")).click()
    page.get_by_role("heading", level=1).first.wait_for()
    rest(page)
    assert page.get_by_test_id("stException").count() == 0
    expect(page.get_by_text(source).first).to_be_visible()
    expect(page.get_by_text(said.t("See why on the Data page"))).to_have_count(0)


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
