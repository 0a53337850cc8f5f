"""The market report refuses what it could say nothing of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.reports import market
from dashboard.reports.choice import Choice
from dashboard.reports.document import Grid, Paragraph, Points
from dashboard.text import words
from etl.errors import InputError
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def reader(published: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(published, for_export=True) as opened:
        yield opened


def test_a_choice_without_a_testable_event_is_refused_with_the_reasons(
    reader: SnapshotReader,
) -> None:
    with pytest.raises(InputError) as refused:
        market.prepare(reader, Choice(ticker="1357.HK", window=(-2000, 2)))
    told = str(refused.value)
    assert "none can be tested over days -2000 to 2" in told
    assert "too few days to estimate from" in told or "reaches beyond the bars" in told
    assert refused.value.exit_status == 2


def test_a_choice_with_one_is_not(reader: SnapshotReader) -> None:
    assert market.prepare(reader, Choice(ticker="1357.HK")).stem == "market_1357.HK"


def test_of_a_share_without_events_the_price_is_told_and_why_nothing_is_tested(
    reader: SnapshotReader,
) -> None:
    report = market.market(reader, Choice(ticker="000681.SZ"))
    assert report.event_ids == ()
    finding = market.document(report, words("en")).finding
    assert finding == ("No event of this share is held, so none is tested: its price is shown.",)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_days_before_an_event_bear_the_sign_of_all_other_numbers(
    reader: SnapshotReader, language: str
) -> None:
    report = market.market(reader, Choice(ticker="1357.HK"))
    document = market.document(report, words(language))
    tables = [b for s in document.sections for b in s.blocks if isinstance(b, Grid)]
    methods = [b.text for s in document.sections for b in s.blocks if isinstance(b, Paragraph)]
    told = [*document.finding, *methods, *(head for table in tables for head in table.header)]
    assert sum("−2" in text for text in told) >= 2
    assert not [text for text in told if re.search(r"(?:\s|第)-\d", text)]


def test_events_whose_windows_share_days_are_called_dependent(reader: SnapshotReader) -> None:
    def points(window: tuple[int, int]) -> str:
        report = market.market(reader, Choice(ticker="1357.HK", window=window))
        blocks = [b for s in market.document(report, words("en")).sections for b in s.blocks]
        return " ".join(item for b in blocks if isinstance(b, Points) for item in b.items)

    assert "24 Nov 2022 and 28 Nov 2022; 28 Nov 2022 and 1 Dec 2022. They are not" in points(
        (-2, 2)
    )
    assert "share trading days" not in points((0, 0))


def test_a_file_of_ours_is_no_address_of_a_market(reader: SnapshotReader) -> None:
    report = market.market(reader, Choice(ticker="1357.HK"))
    sources = market.document(report, words("en")).sources
    assert any(source.title == "HKEW (an index computed by this program)" for source in sources)
    assert all(source.on_the_web for source in sources if source.address)
