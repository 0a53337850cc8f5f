"""What a reader sees: the same report in a browser, an office program and a reader of PDF."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fixtures import small_report
from fixtures.office import convert
from PIL import Image

from dashboard.reports import assembly, machine

pytestmark = pytest.mark.browser
Pages = Callable[[str, str], Path]
_DPI = 50
_LEAST_INK, _MOST_INK = 0.001, 0.5
"""Share of a page that is not paper: less is an empty page, more a page gone black."""


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the report once, in both languages; every format is read from it."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler (pdftoppm) is not installed here")
    folder = tmp_path_factory.mktemp("pictures")
    documents = [small_report.document(language) for language in ("en", "zh")]
    fonts = {language: machine.fonts(language) for language in ("en", "zh")}
    formats = ("pdf", "html", "xlsx", "pptx")
    assembly.write(
        documents, assembly.Output(formats, fonts, machine.find_browser(), folder, "small")
    )
    return folder


@pytest.fixture(scope="session")
def printed(files: Path) -> Pages:
    """Return a function that gives a format as PDF: ``printed("xlsx", "zh")``."""
    folder = files / "printed"

    def pages(kind: str, language: str) -> Path:
        if kind == "pdf":
            return files / f"small_{language}.pdf"
        if not folder.exists():
            folder.mkdir()
            copies: list[Path] = []
            for file in sorted([*files.glob("*.xlsx"), *files.glob("*.pptx")]):
                copies.append(folder / f"{file.stem}_{file.suffix[1:]}{file.suffix}")
                shutil.copy(file, copies[-1])
            convert(copies, "pdf", folder)
        return folder / f"small_{language}_{kind}.pdf"

    return pages


def said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def ink(picture: Path) -> np.ndarray:
    """Return which points of a picture are not paper."""
    return np.asarray(Image.open(picture).convert("L")) < 250


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("kind", "size"), [("pdf", (595, 842)), ("xlsx", (842, 595)), ("pptx", (960, 540))]
)
class TestPages:
    def test_have_their_size_something_on_each_and_white_margins(
        self, printed: Pages, kind: str, size: tuple[int, int], language: str, tmp_path: Path
    ) -> None:
        file = printed(kind, language)
        told = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", said("pdfinfo", str(file)))
        assert told
        assert [float(side) for side in told.groups()] == pytest.approx(size, abs=2)
        said("pdftoppm", "-r", str(_DPI), "-png", str(file), str(tmp_path / "page"))
        pictures = sorted(tmp_path.glob("page*.png"))
        assert 1 <= len(pictures) <= 12
        for picture in pictures:
            marks = ink(picture)
            assert _LEAST_INK < marks.mean() < _MOST_INK, picture.name
            edge = max(3, _DPI // 12)
            for margin in (marks[:edge], marks[-edge:], marks[:, :edge], marks[:, -edge:]):
                assert not margin.any(), f"something runs out of {picture.name}"

    def test_can_be_read_as_text_without_an_empty_glyph(
        self, printed: Pages, kind: str, size: tuple[int, int], language: str
    ) -> None:
        text = said("pdftotext", "-raw", str(printed(kind, language)), "-")
        flat = re.sub(r"\s+", "", text)
        assert small_report.TITLES[language].replace(" ", "") in flat
        assert small_report.SENTENCES[language].replace(" ", "") in flat
        assert not set(text) & {"\ufffd", "\x00", "\u25a1"}

    def test_carry_their_fonts_with_them(
        self, printed: Pages, kind: str, size: tuple[int, int], language: str
    ) -> None:
        rows = said("pdffonts", str(printed(kind, language))).splitlines()[2:]
        assert rows
        # name, type, encoding, embedded, subset, unicode, and the object's two numbers
        assert all(row.split()[-5] == "yes" for row in rows), rows
        if language == "zh":
            assert any(re.search("CJK|Song|Hei|Hans|PingFang", row) for row in rows), rows


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_in_a_browser_shows_the_same(files: Path, language: str, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(machine.find_browser()))
        tab = browser.new_page(viewport={"width": 900, "height": 700})
        tab.goto((files / f"small_{language}.html").as_uri())
        text = tab.inner_text("main")
        tab.screenshot(path=tmp_path / "page.png", full_page=True)
        narrow = "document.querySelectorAll('figure svg').length"
        assert tab.evaluate(narrow) == 2
        browser.close()
    assert small_report.TITLES[language] in text
    assert small_report.SENTENCES[language] in text
    marks = ink(tmp_path / "page.png")
    assert _LEAST_INK < marks.mean() < _MOST_INK
    assert not marks[:, :20].any()
    assert not marks[:, -20:].any()
