"""The market report refuses what it could say nothing of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from fixtures import studies

from dashboard.figures.market import abnormal_return_figure, car_figure
from dashboard.figures.reaction import paper_figures
from dashboard.reports import market
from dashboard.reports.choice import Choice
from dashboard.reports.document import Grid, Paragraph, Points
from dashboard.studies import MarketStudy
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
def test_of_a_share_without_events_no_part_is_empty(reader: SnapshotReader, language: str) -> None:
    document = market.document(market.market(reader, Choice(ticker="000681.SZ")), words(language))
    assert [picture.key for picture in document.pictures()] == ["prices"]
    blocks = [block for section in document.sections for block in section.blocks]
    assert not [block for block in blocks if isinstance(block, Grid | Paragraph)]
    assert dict(document.facts)[words(language).t("Filters")] == "000681.SZ"
    assert "120" not in document.subtitle


@pytest.mark.parametrize("n_events", [1, 2, 3, 4, 6])
def test_panels_of_events_stand_side_by_side_with_room_for_their_headings(n_events: int) -> None:
    study = studies.market_study(max(n_events, 4))
    event_ids = study.events["event_id"].tolist()[:n_events]
    for figure in paper_figures(study, event_ids, words("en")):
        layout = figure.to_dict()["layout"]
        heights = {tuple(axis.domain) for axis in figure.select_yaxes()}
        assert heights == {(0.0, 1.0)}
        plot = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
        assert plot >= 90
        lines = max(note["text"].count("<br>") + 1 for note in layout["annotations"])
        assert layout["margin"]["t"] >= 13 * lines


def test_panels_on_paper_hold_what_those_on_the_page_hold() -> None:
    study, said = studies.market_study(), words("en")
    pages = abnormal_return_figure(study, None, said), car_figure(study, None, said)
    for paper, page in zip(paper_figures(study, None, said), pages, strict=True):
        assert [list(t.y) for t in paper.data] == [list(t.y) for t in page.data]


def test_the_report_takes_the_figures_for_paper_as_high_as_they_are(
    reader: SnapshotReader,
) -> None:
    report = market.market(reader, Choice(ticker="1357.HK"))
    held = {p.key: p.figure for p in market.document(report, words("en")).pictures()}
    wanted = paper_figures(report.study, report.event_ids, words("en"))
    assert [held[key].layout.height for key in ("abnormal-return", "car")] == [
        figure.layout.height for figure in wanted
    ]


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


def test_the_caption_of_the_price_states_the_days_that_are_drawn(reader: SnapshotReader) -> None:
    report = market.market(reader, Choice(ticker="1357.HK"))
    prices = next(market.document(report, words("en")).pictures())
    drawn = [day for trace in prices.figure.data if trace.mode == "lines" for day in trace.x]
    first, last = (words("en").date(pd.Timestamp(day)) for day in (min(drawn), max(drawn)))
    assert prices.caption.startswith(f"Prices from {first} to {last}: measured.")
    held = words("en").date(report.study.prices["trade_date"].max())
    assert held != last
    assert f"Bars are held to {held};" in prices.caption


def test_a_wave_tests_all_events_it_names_and_describes_the_day_picked_by_the_price(
    reader: SnapshotReader,
) -> None:
    report = market.market(reader, Choice(wave="W01"))
    assert set(report.event_ids) == {"E0018", "E0019", "E0084", "E0085"}
    status = report.study.events.set_index("event_id")["status"]
    assert set(status[["E0018", "E0019", "E0084"]]) == {"tested"}
    assert status["E0085"] == "described"


def test_other_shares_that_cannot_be_measured_are_named_with_their_reasons(
    reader: SnapshotReader,
) -> None:
    report = market.market(reader, Choice(ticker="1357.HK"))
    peers = report.study.peers

    def told(study: MarketStudy) -> str:
        sections = market.document(replace(report, study=study), words("en")).sections
        (found,) = (s for s in sections if s.heading == "Whether other shares moved too")
        return " ".join(block.text for block in found.blocks if isinstance(block, Paragraph))

    assert told(report.study).startswith("Without an abnormal return: no bars of the share are")
    assert "too few days to estimate from: Getty Images" in told(report.study)
    unusable = peers.assign(abnormal_return=float("nan"), reason="missing_return")
    all_of_them = told(replace(report.study, peers=unusable))
    assert all_of_them.startswith("No other share can be measured on this day.")
    assert "a return is missing inside the windows: Visual China" in all_of_them
    assert "are held" not in all_of_them


def test_of_a_share_without_bars_the_error_names_no_page_of_its_prices(
    reader: SnapshotReader,
) -> None:
    with pytest.raises(InputError) as refused:
        market.prepare(reader, Choice(ticker="BSP"))
    assert "collect its bars" in str(refused.value)
    assert "Market page" not in str(refused.value)


def test_the_permalink_begins_with_the_address_of_the_dashboard_where_it_is_told(
    reader: SnapshotReader, tmp_path: Path
) -> None:
    said = words("en")

    def link() -> str:
        prepared = market.prepare(reader, Choice(ticker="000681.SZ", data_dir=tmp_path))
        return dict(prepared.document(said).facts)[said.t("Permalink")]

    assert link().startswith("/market?")
    (tmp_path / "delivery.yml").write_text("link_base: https://desk.example.com\n")
    assert link().startswith("https://desk.example.com/market?")
