"""A report from the published snapshot, from the question to the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from dashboard import reports
from dashboard.reports.choice import Choice
from etl.errors import InputError
from etl.warehouse import SnapshotReader

pytestmark = pytest.mark.browser
Build = Callable[..., list[Path]]


@pytest.fixture(scope="module")
def reader(published: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(published) as opened:
        yield opened


@pytest.fixture
def build(reader: SnapshotReader, tmp_path: Path) -> Build:
    def run(**changed: Any) -> list[Path]:
        formats, languages = changed.pop("formats", ["html"]), changed.pop("languages", ["en"])
        out = changed.pop("out", tmp_path / "reports")
        choice = Choice(**{"ticker": "1357.HK", **changed})
        return reports.build(reader, reports.Order("market", choice, formats, languages, out))

    return run


def test_the_bundled_case_tells_the_truth_in_both_languages_and_formats(build: Build) -> None:
    files = build(formats=["pdf", "html"], languages=["en", "zh"])
    assert [file.name for file in files] == [
        "market_1357.HK_en.pdf",
        "market_1357.HK_en.html",
        "market_1357.HK_zh.pdf",
        "market_1357.HK_zh.html",
    ]
    english, chinese = PdfReader(files[0]), PdfReader(files[2])
    assert len(english.pages) == len(chinese.pages) == 2
    text = " ".join(english.pages[0].extract_text().split())
    assert "None of the 3 events whose dates were not taken from the price" in text
    assert "7 Dec 2022 (+27.5%)" in text  # exp(0.2432) − 1
    assert "美图公司" in chinese.pages[0].extract_text()
    assert not list(files[0].parent.glob(".*"))


def test_equal_data_give_equal_bytes(build: Build, tmp_path: Path) -> None:
    first, second = (
        [file.read_bytes() for file in build(formats=["pdf", "html"], out=tmp_path / folder)]
        for folder in ("one", "two")
    )
    assert first == second


def test_a_chosen_event_is_the_only_one_and_the_peers_follow_it(build: Build) -> None:
    page = build(event="E0086")[0].read_text(encoding="utf-8")
    assert "Abnormal return on 20 Feb 2023" in page
    assert "event=E0086&amp;" in page
    assert "anime" not in page


def test_nothing_later_than_the_day_of_the_view_is_used(build: Build) -> None:
    page = build(as_of=date(2022, 12, 9))[0].read_text(encoding="utf-8")
    assert "As known on" in page
    assert "2025" not in page


def test_a_share_without_prices_as_traded_says_so(build: Build) -> None:
    page = build(ticker="000681.SZ")[0].read_text(encoding="utf-8")
    assert "Only adjusted bars of 000681.SZ are held" in page


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"event": "E9999"}, "got the event 'E9999', which is not an event of 1357.HK"),
        ({"ticker": "NOPE"}, "got the ticker 'NOPE'"),
        ({"ticker": "^HSI"}, "of the type index"),
        ({"window": (-2, 10**9)}, "reach at most"),
        ({"window": (2, -2)}, "swap them"),
    ],
)
def test_wrong_input_is_answered_and_writes_nothing(
    build: Build, changed: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        build(**changed)
    assert not (tmp_path / "reports").exists()
