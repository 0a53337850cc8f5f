"""The PDF and the HTML of one document, drawn by a real browser."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fixtures import small_report, studies
from pypdf import PdfReader
from pypdf.generic import ContentStream

from dashboard.reports import drawing, html, machine, market, pdf
from dashboard.reports.document import Document, Grid, Section, Source
from dashboard.reports.edition import Edition
from dashboard.text import words

HOSTILE = '#panic("x") *b* $1$ <script>alert(1)</script> & "quoted"'
pytestmark = pytest.mark.browser


def document(language: str) -> Document:
    study = studies.market_study()
    study.events.loc[0, ["title_en", "title_zh"]] = [HOSTILE, HOSTILE + "美图"]
    edition = Edition(
        as_of=None,
        published_at=datetime(2026, 11, 23, 1, 2, tzinfo=UTC),
        data_version="0123456789abcdef",
        version="0.1.0",
    )
    sources = (
        Source("Prices", "https://prices.example/?a=1&b=2"),
        Source("A bad link", "javascript:alert(1)"),
    )
    report = market.MarketReport(study, edition, tuple(study.events["event_id"]), sources)
    return market.document(report, words(language))


def draw(said: Document) -> dict[str, str]:
    figures = {picture.key: picture.figure for picture in said.pictures()}
    return drawing.draw(figures, machine.find_browser())


@pytest.fixture(scope="module", params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def said(language: str) -> Document:
    return document(language)


@pytest.fixture(scope="module")
def drawn(said: Document) -> dict[str, str]:
    return draw(said)


@pytest.fixture(scope="module")
def printed(said: Document, drawn: dict[str, str]) -> bytes:
    return pdf.render(said, drawn, machine.fonts(said.language))


@pytest.fixture(scope="module")
def page(said: Document, drawn: dict[str, str]) -> str:
    return html.render(said, drawn)


class TestPdf:
    @pytest.fixture
    def read(self, printed: bytes) -> PdfReader:
        return PdfReader(io.BytesIO(printed))

    def test_has_two_pages_a_title_a_language_and_tags(
        self, read: PdfReader, said: Document
    ) -> None:
        assert len(read.pages) == 2
        assert read.metadata is not None
        assert read.metadata.title == said.title
        assert read.root_object["/MarkInfo"]["/Marked"].value is True
        assert str(read.root_object["/Lang"]).startswith(said.language)

    def test_can_be_read_as_text_with_hostile_titles_as_they_are(self, read: PdfReader) -> None:
        text = " ".join(page.extract_text() for page in read.pages)
        flat = re.sub(r"\s+", "", text)
        assert "#panic(" in flat
        assert "*b*" in flat
        assert "2026-11-2301:02UTC" in flat

    def test_embeds_a_font_with_chinese_characters(self, read: PdfReader, language: str) -> None:
        fonts = [
            font["/DescendantFonts"][0]["/FontDescriptor"]
            for page in read.pages
            for font in (f.get_object() for f in page["/Resources"]["/Font"].values())
        ]
        assert all({"/FontFile2", "/FontFile3"} & set(font) for font in fonts)
        if language == "zh":
            chinese = {family.replace(" ", "") for family in machine.CHINESE_FONTS}
            names = {re.sub(r"^/?\w+\+", "", font["/FontName"]) for font in fonts}
            assert any(name.lower().startswith(c.lower()) for name in names for c in chinese)
            assert "美图公司" in read.pages[0].extract_text().replace(" ", "")

    def test_is_the_same_to_the_byte_when_built_again(self, printed: bytes, said: Document) -> None:
        again = document(said.language)
        assert pdf.render(again, draw(again), machine.fonts(said.language)) == printed


def elements(node: Any, parent: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield every element of a structure tree: its kind, the kind it lies in, and itself."""
    own = node.get_object()
    if isinstance(own, list):
        for each in own:
            yield from elements(each, parent)
    elif isinstance(own, dict) and ("/S" in own or "/K" in own):
        kind = str(own.get("/S", ""))
        if kind:
            yield kind, parent, own
        if "/K" in own:
            yield from elements(own["/K"], kind)


class TestStructure:
    """What PDF/UA asks for, as far as it can be read without a checker of it."""

    @pytest.fixture
    def read(self, printed: bytes) -> PdfReader:
        return PdfReader(io.BytesIO(printed))

    @pytest.fixture
    def tree(self, read: PdfReader) -> list[tuple[str, str, Any]]:
        return list(elements(read.root_object["/StructTreeRoot"]))

    def test_names_its_standards_and_shows_its_title(self, read: PdfReader) -> None:
        about = read.root_object["/Metadata"].get_object().get_data().decode()
        assert re.search(r"<pdfuaid:part>1<|pdfuaid:part=\"1\"", about)
        assert re.search(r"<pdfaid:part>2<|pdfaid:part=\"2\"", about)
        assert read.root_object["/ViewerPreferences"]["/DisplayDocTitle"].value is True

    def test_every_figure_has_its_words(
        self, tree: list[tuple[str, str, Any]], said: Document
    ) -> None:
        figures = [own for kind, _, own in tree if kind == "/Figure"]
        assert [str(own["/Alt"]) for own in figures] == [each.alt for each in said.pictures()]

    def test_tables_have_heads_in_rows(self, tree: list[tuple[str, str, Any]]) -> None:
        assert sum(kind == "/Table" for kind, _, _ in tree) == 2
        cells = [(kind, parent) for kind, parent, _ in tree if kind in ("/TH", "/TD")]
        assert {parent for _, parent in cells} == {"/TR"}
        heads = [own for kind, _, own in tree if kind == "/TH"]
        assert heads
        assert all("/Column" in str(own.get("/A", "")) for own in heads)

    def test_headings_step_down_by_one_from_the_title(
        self, tree: list[tuple[str, str, Any]]
    ) -> None:
        levels = [int(kind[2]) for kind, _, _ in tree if re.fullmatch(r"/H[1-6]", kind)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later - earlier <= 1 for earlier, later in pairwise(levels))

    def test_every_page_is_read_in_the_order_of_its_structure(self, read: PdfReader) -> None:
        for page in read.pages:
            if "/Annots" in page:
                assert page["/Tabs"] == "/S"

    def test_links_are_elements_with_words(
        self, read: PdfReader, tree: list[tuple[str, str, Any]]
    ) -> None:
        links = [a.get_object() for page in read.pages for a in page.get("/Annots", [])]
        assert links
        assert all(link.get("/Contents") for link in links)
        assert sum(kind == "/Link" for kind, _, _ in tree) >= 1

    def test_nothing_is_shown_that_is_neither_tagged_nor_decoration(self, read: PdfReader) -> None:
        for page in read.pages:
            depth = 0
            for operands, operator in ContentStream(
                page["/Contents"].get_object(), read
            ).operations:
                if operator in (b"BDC", b"BMC"):
                    depth += 1
                elif operator == b"EMC":
                    depth -= 1
                elif operator in (b"Tj", b"TJ", b"Do", b"f", b"S", b"B"):
                    assert depth > 0, (operator, operands)


class Loads(HTMLParser):
    """Collects what a page would load, and what it links to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if tag == "a" and name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset", "href", "xlink:href", "data", "poster", "action"):
                self.loads.append(value or "")


class TestHtml:
    def test_loads_nothing_and_runs_nothing(self, page: str) -> None:
        parser = Loads()
        parser.feed(page)
        assert [address for address in parser.loads if not address.startswith("#")] == []
        assert not {"script", "link", "iframe", "img"} & set(parser.tags)
        assert "@import" not in page
        assert not re.search(r"url\(['\"]?(?!['\"]?#)", page)

    def test_links_its_sources_but_only_to_web_addresses(self, page: str) -> None:
        parser = Loads()
        parser.feed(page)
        assert set(parser.links) == {"https://prices.example/?a=1&b=2", "https://news.example/"}

    def test_keeps_titles_from_data_as_text(self, page: str) -> None:
        assert "<script" not in page
        assert "&lt;script&gt;" in page

    def test_follows_the_theme_with_no_neutral_colour_left(self, page: str) -> None:
        assert "prefers-color-scheme: dark" in page
        figures = re.findall(r"<svg role=.*?</svg>", page, re.DOTALL)
        assert len(figures) == 4
        assert "rgb(31, 36, 48)" not in page
        assert all("var(--text)" in figure for figure in figures)

    def test_names_every_figure_and_repeats_no_identifier(self, page: str) -> None:
        assert len(re.findall(r'<svg role="img" aria-label="[^"]{20,}"', page)) == 4
        identifiers = re.findall(r'\bid="([^"]+)"', page)
        assert len(identifiers) == len(set(identifiers))

    def test_is_the_same_to_the_byte_when_built_again(self, page: str, said: Document) -> None:
        again = document(said.language)
        assert html.render(again, draw(again)) == page

    def test_opens_in_a_browser_without_a_request(
        self, page: str, said: Document, tmp_path: Path
    ) -> None:
        playwright = pytest.importorskip("playwright.sync_api")
        file = tmp_path / "report.html"
        file.write_text(page, encoding="utf-8")
        asked: list[str] = []
        with playwright.sync_playwright() as engine:
            browser = engine.chromium.launch(executable_path=str(machine.find_browser()))
            tab = browser.new_page(color_scheme="dark")
            tab.on("request", lambda request: asked.append(request.url))
            tab.goto(file.as_uri())
            assert tab.title() == said.title
            background = tab.evaluate("getComputedStyle(document.body).backgroundColor")
            assert background == "rgb(14, 17, 23)"
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert tab.evaluate(wide) is False
            browser.close()
        assert asked == [file.as_uri()]


def test_a_table_wider_than_the_page_shows_a_bar_to_scroll_it(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    wide = Grid("Wide", tuple("M" * 12 for _ in range(12)), (("1",) * 12,), (True,) * 12)
    narrow = Grid("Narrow", ("A", "B"), (("1", "2"),), (True, True))
    report = replace(small_report.document("en"), sections=(Section("All", (wide, narrow)),))
    file = tmp_path / "wide.html"
    file.write_text(html.render(report, {}), encoding="utf-8")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=str(machine.find_browser()), ignore_default_args=["--hide-scrollbars"]
        )
        tab = browser.new_page(viewport={"width": 1000, "height": 700})
        tab.goto(file.as_uri())
        bars = tab.evaluate(
            "[...document.querySelectorAll('.scroll')].map(e => [e.scrollWidth > e.clientWidth, "
            "e.offsetHeight - e.clientHeight, "
            "getComputedStyle(e, '::-webkit-scrollbar').height])"
        )
        browser.close()
    assert bars == [[True, 10, "10px"], [False, 0, "10px"]]


def identifiers(svg: str) -> Iterator[str]:
    return (hit[1] for hit in re.finditer(r'\bid="([^"]+)"', svg))


def test_every_reference_inside_a_figure_still_has_its_target(drawn: dict[str, str]) -> None:
    for key, svg in drawn.items():
        targets = set(identifiers(svg))
        assert all(target.startswith(f"{key}-") for target in targets)
        assert set(re.findall(r"url\(['\"]?#([^'\")&]+)", svg)) <= targets


def test_a_long_table_repeats_its_header_and_sources_of_one_title_stand_together(
    language: str,
) -> None:
    said = small_report.document(language, rows=120)
    read = PdfReader(io.BytesIO(pdf.render(said, draw(said), machine.fonts(language))))
    texts = [page.extract_text() for page in read.pages]
    held = [text for text in texts if "12.5%" in text]
    assert len(held) > 1
    assert all("Share" in text for text in held)
    assert sum(text.count("12.5%") for text in texts) == 120
    flat = re.sub(r"\s+", " ", texts[-1])
    colon = "：" if language == "zh" else ": "
    assert f"Prices{colon}prices.example/1, prices.example/2" in flat
