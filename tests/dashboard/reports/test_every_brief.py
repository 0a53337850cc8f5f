"""Every brief as its reader opens it: in a browser, in a reader of PDF, in an office program."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
from fixtures.office import convert
from PIL import Image

from dashboard import reports
from dashboard.reports import drawing, html, machine, pdf, pptx, xlsx
from dashboard.reports.choice import Choice
from dashboard.reports.document import Document
from dashboard.text import words
from etl.warehouse import SnapshotReader

pytestmark = pytest.mark.browser
LANGUAGES = {
    "market": "en",
    "attention": "zh",
    "growth": "zh",
    "unit-economics": "en",
    "compute": "zh",
    "weekly": "en",
}
"""One language of each: the other one goes the same way."""
OFFICE = dict(zip(LANGUAGES, ("pptx", "xlsx") * 3, strict=True))
TWICE = ("growth", "unit-economics", "compute")
SIZES = {"pdf": (595, 842), "xlsx": (842, 595), "pptx": (960, 540)}
_DPI = 40


def documents(data: Path, names: Iterable[str]) -> dict[str, Document]:
    """Return briefs over the data, each in its language."""
    own = {"weekly": Choice(data_dir=data / "nowhere")}
    with SnapshotReader(data, for_export=True) as reader:
        return {
            name: reports.definition(name)
            .prepare(reader, own.get(name, Choice()))
            .document(words(LANGUAGES[name]))
            for name in names
        }


def rendered(said: Mapping[str, Document]) -> dict[tuple[str, str], bytes]:
    """Return briefs as files by name and format, all figures drawn by one browser."""
    figures = {
        f"{name}-{picture.key}": picture.figure
        for name, document in said.items()
        for picture in document.pictures()
    }
    drawn = drawing.draw(figures, machine.find_browser())
    files: dict[tuple[str, str], bytes] = {}
    for name, document in said.items():
        own = {picture.key: drawn[f"{name}-{picture.key}"] for picture in document.pictures()}
        fonts = machine.fonts(document.language)
        files[name, "pdf"] = pdf.render(document, own, fonts)
        files[name, "html"] = html.render(document, own).encode()
        if name in TWICE or OFFICE[name] == "xlsx":
            files[name, "xlsx"] = xlsx.render(document)
        if name in TWICE or OFFICE[name] == "pptx":
            files[name, "pptx"] = pptx.render(document, fonts)
    return files


@pytest.fixture(scope="module")
def said(grown: Path) -> dict[str, Document]:
    return documents(grown, LANGUAGES)


@pytest.fixture(scope="module")
def files(said: dict[str, Document]) -> dict[tuple[str, str], bytes]:
    return rendered(said)


@pytest.fixture(scope="module")
def folder(files: dict[tuple[str, str], bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pages, and with every brief as PDF from two programs."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler (pdftoppm) is not installed here")
    home = tmp_path_factory.mktemp("briefs")
    for (name, kind), content in files.items():
        if kind in ("pdf", "html"):
            (home / f"{name}.{kind}").write_bytes(content)
    copies = [home / f"{name}_{kind}.{kind}" for name, kind in OFFICE.items()]
    for copy, (name, kind) in zip(copies, OFFICE.items(), strict=True):
        copy.write_bytes(files[name, kind])
    convert(copies, "pdf", home)
    return home


def test_every_brief_is_looked_at() -> None:
    assert set(LANGUAGES) == set(reports.REPORTS)


def test_no_page_asks_anybody_or_complains(
    files: dict[tuple[str, str], bytes], said: dict[str, Document], tmp_path: Path
) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    asked: list[str] = []
    complaints: list[str] = []
    pages = {name: tmp_path / f"{name}.html" for name in LANGUAGES}
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(machine.find_browser()))
        context = browser.new_context(offline=True, viewport={"width": 900, "height": 700})
        context.on("request", lambda request: asked.append(request.url))
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        for name, page in pages.items():
            page.write_bytes(files[name, "html"])
            tab = context.new_page()
            tab.goto(page.as_uri(), wait_until="networkidle")
            assert tab.title() == said[name].title
            assert tab.locator("figure svg").count() >= len(list(said[name].pictures()))
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert tab.evaluate(wide) is False, name
            tab.close()
        browser.close()
    assert asked == [page.as_uri() for page in pages.values()]
    assert complaints == []


def test_equal_data_give_equal_bytes(files: dict[tuple[str, str], bytes], grown: Path) -> None:
    again = rendered(documents(grown, TWICE))
    assert {kind for _, kind in again} == {"pdf", "html", "xlsx", "pptx"}
    assert [key for key, content in again.items() if content != files[key]] == []


def told(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("program", ["reader of PDF", "office"])
def test_pages_have_their_size_margins_letters_and_fonts(
    folder: Path, said: dict[str, Document], name: str, program: str, tmp_path: Path
) -> None:
    kind = OFFICE[name] if program == "office" else "pdf"
    file = folder / (f"{name}_{kind}.pdf" if program == "office" else f"{name}.pdf")
    size = re.search(r"Page size:\s+([\d.]+) x ([\d.]+)", told("pdfinfo", str(file)))
    assert size
    assert [float(side) for side in size.groups()] == pytest.approx(SIZES[kind], abs=2)
    text = told("pdftotext", "-raw", str(file), "-")
    assert re.sub(r"\s+", "", said[name].title) in re.sub(r"\s+", "", text)
    assert not set(text) & {"\ufffd", "\x00", "\u25a1"}
    # name, type, encoding, embedded, subset, unicode, and the object's two numbers
    fonts = told("pdffonts", str(file)).splitlines()[2:]
    assert fonts
    assert all(row.split()[-5] == "yes" for row in fonts), fonts
    told("pdftoppm", "-r", str(_DPI), "-gray", "-png", str(file), str(tmp_path / "page"))
    for picture in sorted(tmp_path.glob("page*.png")):
        marks = np.asarray(Image.open(picture)) < 250
        assert 0.001 < marks.mean() < 0.8, picture.name  # a shaded triangle is half a page
        for margin in (marks[:3], marks[-3:], marks[:, :3], marks[:, -3:]):
            assert not margin.any(), f"something runs out of {picture.name}"
