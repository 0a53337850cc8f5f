"""The interactive HTML of a report: figures that answer, from one file, asking no host."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fixtures import small_report

from dashboard.reports import interactive, machine


@pytest.fixture(scope="module")
def page() -> str:
    return interactive.render(small_report.document("zh"))


def scripts(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def policy(page: str) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert found
    return found[1]


def test_the_policy_names_the_two_scripts_and_lets_nothing_else_run(page: str) -> None:
    digests = [b64encode(sha256(s.encode()).digest()).decode() for s in scripts(page)]
    assert len(digests) == 2
    told = policy(page)
    assert told.startswith("default-src 'none';")
    allowed = told.partition("script-src ")[2].split(";")[0].split()
    assert allowed == [f"'sha256-{digest}'" for digest in digests]


def test_the_scripts_are_the_same_in_every_file_so_that_a_page_can_name_them(page: str) -> None:
    assert tuple(scripts(page)) == interactive.scripts()


def test_the_drawing_library_stands_in_the_file_once(page: str) -> None:
    assert page.count("* plotly.js v") == 1
    assert not re.search(r"<script[^>]+src=", page)
    assert '"showSendToCloud": false' in page


def test_text_from_data_cannot_end_the_script(page: str) -> None:
    found = re.search(r'<script type="application/json" id="told">(.*?)</script>', page, re.DOTALL)
    assert found
    figures = json.loads(found[1])["figures"]
    assert [each["id"] for each in figures] == ["figure-panels", "figure-surface"]
    assert small_report.HOSTILE in figures[0]["figure"]["data"][3]["y"]


def test_words_and_tables_are_still_there(page: str) -> None:
    assert page.count('role="img" aria-label="') == 2
    assert "<noscript><p>A line rises and two bars part.</p></noscript>" in page
    assert "<caption>Every row</caption>" in page


def test_equal_documents_give_equal_bytes(page: str) -> None:
    assert interactive.render(small_report.document("zh")) == page


@pytest.mark.browser
def test_a_browser_draws_the_figures_follows_the_theme_and_asks_nobody(
    page: str, tmp_path: Path
) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    file = tmp_path / "report.html"
    # A script that somebody smuggled in must not run.
    file.write_text(page.replace("</main>", "</main><script>document.title='x'</script>"), "utf-8")
    asked: list[str] = []
    told: list[Any] = []
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(machine.find_browser()))
        tab = browser.new_page(color_scheme="dark")
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: told.append(error))
        tab.goto(file.as_uri())
        tab.wait_for_selector("#figure-surface .main-svg")
        ink = "getComputedStyle(document.querySelector('#figure-panels .xtick text')).fill"
        assert tab.evaluate(ink) == "rgb(232, 234, 237)"
        tab.emulate_media(color_scheme="light")
        for _ in range(100):  # waiting by a function of the page would be against its policy
            if tab.evaluate(ink) == "rgb(31, 36, 48)":
                break
            tab.wait_for_timeout(50)
        assert tab.evaluate(ink) == "rgb(31, 36, 48)"
        assert tab.title() == small_report.TITLES["zh"]
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert tab.evaluate(wide) is False
        browser.close()
    assert told == []
    assert asked == [file.as_uri()]
