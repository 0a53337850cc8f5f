"""The dashboard's frame: navigation, language and theme; no numbers."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import streamlit as st

from dashboard import cache, looks, permalinks, signing_in, tour
from dashboard.text import LANGUAGES, Words, words

# A file of our own: a named icon would be fetched from the network.
ICON = Path(__file__).resolve().parent / "icon.svg"
LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


def main() -> None:
    """Show the page the address asks for, in its language, all of it of one snapshot."""
    with cache.one_snapshot():
        _show()


def _show() -> None:
    st.set_page_config("Artonomics", page_icon=str(ICON), layout="wide")
    st.html(looks.STYLE)
    language = _chosen_language()
    said = words(language)
    # The bar of a visitor who is not let in would lead nowhere.
    is_in = signing_in.is_let_in()
    pages = _pages(said)
    page = st.navigation([*pages, *_elsewhere(pages, said)], position="top" if is_in else "hidden")
    _above(said, is_in=is_in)
    if is_in:
        tour.show(said, on_overview=page.url_path == "")
    _frame(said, is_in=is_in)
    if is_in:
        page.run()
    else:
        signing_in.page(said)


def _pages(said: Words) -> list[st.Page]:
    return [
        st.Page(
            "app_pages/overview.py",
            title=said.t("Overview"),
            icon=":material/lightbulb:",
            default=True,
        ),
        st.Page(
            "app_pages/market.py",
            title=said.t("Market"),
            icon=":material/candlestick_chart:",
            url_path="market",
        ),
        st.Page(
            "app_pages/attention.py",
            title=said.t("Attention"),
            icon=":material/trending_down:",
            url_path="attention",
        ),
        st.Page(
            "app_pages/growth.py",
            title=said.t("Growth"),
            icon=":material/trending_up:",
            url_path="growth",
        ),
        st.Page(
            "app_pages/unit_economics.py",
            title=said.t("Unit economics"),
            icon=":material/calculate:",
            url_path="unit-economics",
        ),
        st.Page(
            "app_pages/compute.py",
            title=said.t("Compute"),
            icon=":material/memory:",
            url_path="compute",
        ),
        st.Page(
            "app_pages/data.py",
            title=said.t("Data"),
            icon=":material/database:",
            url_path="data",
        ),
        st.Page(
            "app_pages/reports.py",
            title=said.t("Reports"),
            icon=":material/outgoing_mail:",
            url_path="reports",
        ),
    ]


def _elsewhere(pages: list[st.Page], said: Words) -> list[st.Page]:
    """Return a page for an address that names none of ours: Streamlit's own speaks English."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = unquote(urlsplit(st.context.url or "").path).strip("/")
    asked = path.rpartition("/")[2]
    if path == base or asked in [page.url_path for page in pages]:
        return []

    def nowhere() -> None:
        st.title(said.t("There is no such page"), anchor=False)
        shown = permalinks.code_in_words(asked)
        told = said.t("The address asks for the page {page}. There are these:", page=shown)
        st.info(told, icon=":material/signpost:")
        for page in pages:
            st.page_link(
                page, label=page.title, icon=page.icon, query_params={"lang": said.language}
            )

    title = said.t("There is no such page")
    return [st.Page(nowhere, title=title, url_path=asked, visibility="hidden")]


def _chosen_language() -> str:
    """Return the language of the address, of the session, or else of the browser."""
    spoken = (st.context.locale or "").lower()
    default = "zh" if spoken.startswith("zh") else "en"
    permalinks.restore(
        "lang", permalinks.one_of(LANGUAGES, words(default)), default, words(default)
    )
    return st.session_state["lang"]


def _above(said: Words, *, is_in: bool) -> None:
    """Draw the switch of the language, and beside it who is signed in."""
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="above"
    ):
        if is_in:
            tour.link(said)
            signing_in.who(said)
        st.segmented_control(
            said.t("Language"),
            LANGUAGES,
            key="lang",
            format_func=LANGUAGE_NAMES.__getitem__,
            required=True,
            label_visibility="collapsed",
        )
    permalinks.remember("lang", said.language)


def _frame(said: Words, *, is_in: bool) -> None:
    """Draw what no eye sees: the language for readers aloud, the skip link, the foot of a print."""
    info = cache.info_or_none() if is_in else None
    at = said.instant(info.published_at) if info else ""
    told = said.t("Artonomics; snapshot published {date}", date=at) if at else ""
    is_dark = st.context.theme.type == "dark"
    html = looks.frame(said, tour=tour.to_remember(), printed=told, is_dark=is_dark)
    with st.container(key="frame"):
        st.html(html, unsafe_allow_javascript=True)


if __name__ == "__main__":
    main()
