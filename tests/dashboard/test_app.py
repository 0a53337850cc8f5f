"""Navigation and language."""

from __future__ import annotations

import pytest

from dashboard.app import ICON
from dashboard.looks import STYLE
from dashboard.text import LANGUAGES
from tests.dashboard.conftest import text_of

PAGES = ("overview", "market", "data")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_in_both_languages(open_page, published, page, language):
    opened = open_page(published, page, lang=language)
    assert not opened.exception
    assert not opened.error
    assert not opened.warning
    chinese = any("\u4e00" <= sign <= "\u9fff" for sign in opened.title[0].value)
    assert chinese == (language == "zh")


@pytest.mark.parametrize("page", PAGES)
def test_headings_follow_each_other_without_a_gap(open_page, published, page):
    opened = open_page(published, page)
    assert len(opened.title) == 1
    assert opened.header


def test_the_switch_changes_the_language_and_the_address(open_page, published):
    opened = open_page(published)
    english = opened.title[0].value
    opened.segmented_control(key="lang").set_value("zh").run()
    assert opened.title[0].value != english
    assert opened.query_params["lang"] == "zh"


def test_a_language_that_is_not_spoken_is_said_and_replaced(open_page, published):
    opened = open_page(published, lang="fr")
    assert "expected one of en, zh" in opened.warning[0].value
    assert opened.query_params["lang"] == "en"


def test_the_app_itself_shows_no_number(open_page, tmp_path):
    words = text_of(open_page(tmp_path)).replace("WAREHOUSE", "")
    assert not any(sign.isdigit() for sign in words)


def test_icon_and_style_are_our_own_and_ask_nobody():
    assert ICON.is_file()
    assert "url(" not in STYLE
    assert "http://www.w3.org/2000/svg" in ICON.read_text()
    assert ICON.read_text().count("http") == 1
