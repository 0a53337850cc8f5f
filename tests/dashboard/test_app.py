"""Navigation and language."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
import streamlit as st

from dashboard import looks
from dashboard.app import ICON
from dashboard.looks import STYLE
from dashboard.text import LANGUAGES, words
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


@pytest.mark.parametrize(
    ("path", "named"),
    [("nonsense", "`nonsense`"), ("%E4%BD%A0", "`你`"), ("unit_economics", "`unit_economics`")],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_that_names_no_page_says_so_and_leads_on(
    open_page, published, monkeypatch, path, named, language
):
    address = property(lambda _: f"http://localhost:1/{path}")
    monkeypatch.setattr(type(st.context), "url", address)
    pages = _named(monkeypatch)
    opened = open_page(published, lang=language)
    assert not opened.exception
    assert [page.url_path for page in pages if page.visibility == "hidden"] == [unquote(path)]
    assert named in opened.info[0].value
    assert len(opened.get("page_link")) >= 8


@pytest.mark.parametrize("path", ["", "market", "market/", "unit-economics"])
def test_an_address_of_ours_adds_no_page(open_page, published, monkeypatch, path):
    address = property(lambda _: f"http://localhost:1/{path}")
    monkeypatch.setattr(type(st.context), "url", address)
    pages = _named(monkeypatch)
    open_page(published)
    assert len(pages) == 8


def _named(monkeypatch) -> list[st.Page]:
    """Return the pages that the app names when it is run; it goes to the last, as a browser does.

    A test's browser has no address, so Streamlit would go to the first.
    """
    pages: list[st.Page] = []
    navigation = st.navigation

    def kept(named, **how):
        pages[:] = named
        found = navigation(named, **how)
        if named[-1].visibility == "hidden":
            found, named[-1]._can_be_called = named[-1], True
        return found

    monkeypatch.setattr(st, "navigation", kept)
    return pages


def test_the_app_itself_shows_no_number(open_page, tmp_path):
    words = text_of(open_page(tmp_path)).replace("WAREHOUSE", "")
    assert not any(sign.isdigit() for sign in words)


def test_icon_and_style_are_our_own_and_ask_nobody():
    assert ICON.is_file()
    assert "url(" not in STYLE
    assert "http://www.w3.org/2000/svg" in ICON.read_text()
    assert ICON.read_text().count("http") == 1


@pytest.mark.parametrize(("language", "pages"), [("en", "Pages"), ("zh", "页面")])
def test_the_folded_navigation_says_what_it_holds(language, pages):
    assert f"content: '{pages}'" in looks.frame(words(language))


def test_a_table_that_goes_on_to_the_right_is_shaded_there_but_not_on_paper():
    assert ".stDataFrame .dvn-scroller { scroll-timeline: --table inline;" in STYLE
    assert "@media print { .stDataFrame::after { display: none; } }" in STYLE
