"""The weekly report: what is new since an instant, and whether the data can be relied on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from dashboard.reports import history, weekly
from dashboard.reports.choice import Choice
from dashboard.reports.document import Grid, Paragraph, Points, Section
from dashboard.studies.weekly import WeeklyStudy, _ledger, weekly_study
from dashboard.tables import weekly as tables
from dashboard.text import words
from etl import pipeline, sources
from etl.config import Settings
from etl.errors import InputError
from etl.warehouse import SnapshotReader


@pytest.fixture(scope="module")
def reader(grown: Path) -> Iterator[SnapshotReader]:
    with SnapshotReader(grown, for_export=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def report(reader: SnapshotReader) -> weekly.WeeklyReport:
    return weekly.prepare(reader, Choice()).document.args[0]  # pyright: ignore


def told(report: weekly.WeeklyReport) -> str:
    return " ".join(weekly.document(report, words("en")).finding)


def test_the_first_look_says_that_all_was_recorded_the_first_time(
    report: weekly.WeeklyReport,
) -> None:
    assert "All market events held were recorded in this period, the first time." in told(report)
    assert "0 changed" in told(report)


def test_products_are_told_with_the_kind_of_their_history(report: weekly.WeeklyReport) -> None:
    assert "simulated_app: Recurring revenue closed" in told(report)
    assert "simulated." in told(report)


def test_failed_and_stale_sources_come_first(report: weekly.WeeklyReport) -> None:
    # It failed before the period: what was told once is true until it answers again.
    sources = report.study.sources.copy()
    sources.loc[sources.index[0], "last_status"] = "failed"
    failed = replace(report, study=replace(report.study, sources=sources))
    first = weekly.document(failed, words("en")).finding[0]
    assert first.startswith(f"1 source failed: {sources['source'].iloc[0]}.")


def test_when_nothing_is_wrong_it_says_so(report: weekly.WeeklyReport) -> None:
    sources = report.study.sources.assign(stale=False)
    well = replace(report, study=replace(report.study, sources=sources))
    assert weekly.document(well, words("en")).finding[0] == ("No source failed, and none is stale.")


def test_a_later_beginning_leaves_out_what_was_recorded_before(
    reader: SnapshotReader,
) -> None:
    until = reader.info.published_at
    study = weekly_study(reader, until - timedelta(milliseconds=1), until)
    assert study.events.empty
    assert study.facts.empty
    study = replace(study, ledger=study.ledger.iloc[:0])
    report = weekly.WeeklyReport(study, (), True, weekly.edition_of(reader, None, Choice()))
    said = told(report)
    assert "Nothing was collected in this period." in said
    assert "No share has a new trading day in this period." in said


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"since": date(2999, 1, 1)}, "name an earlier day"),
        ({"as_of": date(2026, 1, 1)}, "leave --as-of out"),
    ],
)
def test_an_empty_period_is_refused(
    reader: SnapshotReader, chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        weekly.prepare(reader, Choice(**chosen))


def moved_in(study: WeeklyStudy, day: date) -> WeeklyStudy:
    return replace(study, shares=study.shares.assign(last_day=pd.Timestamp(day)))


def test_a_move_of_a_day_before_the_period_is_not_what_changed(
    report: weekly.WeeklyReport,
) -> None:
    study = report.study
    old = replace(report, study=moved_in(study, study.since.date() - timedelta(days=1)))
    new = replace(report, study=moved_in(study, study.since.date()))
    assert "described and not tested" not in told(old)
    assert "No share has a new trading day in this period." in told(old)
    assert "described and not tested" in told(new)
    pictures = [
        [p.key for p in weekly.document(each, words("en")).pictures()] for each in (old, new)
    ]
    assert "shares" not in pictures[0]
    assert "shares" in pictures[1]


def test_a_product_that_brought_nothing_is_not_told_again(report: weekly.WeeklyReport) -> None:
    idle = report.study.ledger.assign(rows_new=0, rows_changed=0)
    same = weekly.document(replace(report, study=replace(report.study, ledger=idle)), words("en"))
    assert not any("simulated_app" in sentence for sentence in same.finding)
    assert not any("Product" in section.heading for section in same.sections)


def test_every_run_is_in_exactly_one_weekly_report(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    asked = ["apps", "gpus"]
    seen: list[Any] = []
    since = datetime.now(UTC) - timedelta(days=1)
    for _ in range(3):
        pipeline.run(settings, asked, offline=True)
        with SnapshotReader(tmp_path) as reader:
            until = reader.info.published_at
            seen.append(_ledger(reader, since).set_index("source")["n_runs"])
            n_runs = len(reader.query("SELECT * FROM etl_runs"))
        since = until
    assert [list(own.index) for own in seen] == [asked] * 3
    assert sum(own.sum() for own in seen) == n_runs


def test_a_source_that_failed_in_the_last_collection_is_among_the_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: object) -> Any:
        raise InputError("got nothing", "rows")

    gpus = SimpleNamespace(**vars(sources.load("gpus")) | {"fetch": refuse})
    real = sources.load
    monkeypatch.setattr(sources, "load", lambda name: gpus if name == "gpus" else real(name))
    pipeline.run(Settings(data_dir=tmp_path), ["gpus", "apps"], offline=True)
    with SnapshotReader(tmp_path) as reader:
        found = _ledger(reader, datetime.now(UTC) - timedelta(days=1)).set_index("source")
        ended = reader.query("SELECT max(finished_at) AS at FROM etl_runs")["at"].iloc[0]
        assert reader.info.published_at == ended
    assert found.loc["gpus", "last_status"] == "failed"


class TestBenchmarks:
    def test_are_told_with_the_kind_of_their_model_and_not_as_measured_here(
        self, report: weekly.WeeklyReport
    ) -> None:
        n = len(report.study.runs)
        assert n
        said = told(report)
        assert f"{n} benchmark results were recorded: tiny-shapes (a toy of 64 pixels" in said
        assert "All of them are bundled with the program and were not measured here." in said
        assert "1 of them has no speed." in said
        assert "本机新增" not in " ".join(weekly.document(report, words("zh")).finding)

    def test_are_counted_where_only_some_are_bundled(self, report: weekly.WeeklyReport) -> None:
        runs = report.study.runs.copy()
        runs.loc[runs.index[:2], "is_bundled"] = False
        said = told(replace(report, study=replace(report.study, runs=runs)))
        assert f"{len(runs) - 2} of them are bundled with the program" in said
        assert "All of them" not in said

    def test_of_the_users_own_record_are_not_called_bundled(
        self, report: weekly.WeeklyReport
    ) -> None:
        own = report.study.runs.assign(is_bundled=False, is_toy=False, images_per_second=1.0)
        said = told(replace(report, study=replace(report.study, runs=own)))
        assert "toy" not in said
        assert "bundled" not in said
        assert "no speed" not in said


class TestFigures:
    @pytest.fixture
    def table(self, report: weekly.WeeklyReport) -> Grid:
        sections = weekly.document(report, words("zh")).sections
        return next(g for g in grids(sections) if g.caption.startswith("录入的已公布数据"))

    def test_of_which_only_the_day_of_collection_is_known_say_so_and_stand_last(
        self, table: Grid, report: weekly.WeeklyReport
    ) -> None:
        assert table.whole is not None
        collected = [row[0].startswith("采集日") for row in table.whole.rows]
        assert collected == sorted(collected)
        n = int(report.study.facts["known_on_precision"].eq("collected").sum())
        assert 0 < sum(collected) == n < len(collected)
        assert not any(collected[: len(table.rows)])

    def test_bear_names_and_units_in_the_readers_language(self, table: Grid) -> None:
        assert table.whole is not None
        metrics = {row[2] for row in table.whole.rows}
        assert not [name for name in metrics if "_" in name or name in ("arr", "mau", "dau")]
        units = {row[5] for row in table.whole.rows}
        assert not units & {"count", "ratio", "rank", "event"}

    def test_are_told_apart_in_the_row_whatever_their_values(self, table: Grid) -> None:
        assert table.whole is not None
        values = table.header.index("数值")
        seen = [(*row[:values], *row[values + 1 :]) for row in table.whole.rows]
        assert [row for row in seen if seen.count(row) > 1] == []

    def test_of_one_kind_name_the_model_each_is_for(self, report: weekly.WeeklyReport) -> None:
        shown = tables.facts(report.study, words("en")).shown
        own = shown.loc[shown["who"].eq("Google Imagen / Gemini image") & shown["value"].lt(1)]
        july = own.loc[own["day"].eq("July 2026")].sort_values("value")
        assert list(july["about"]) == [
            "Imagen 4 Fast",
            "Imagen 4 Standard",
            "Gemini 3 Pro Image; up to 0.2400 USD/picture",
        ]

    def test_are_all_in_the_spreadsheet_and_the_first_on_paper(
        self, table: Grid, report: weekly.WeeklyReport
    ) -> None:
        assert table.whole is not None
        assert (len(table.rows), len(table.whole.rows)) == (15, len(report.study.facts))
        assert "641" in table.caption or str(len(report.study.facts)) in table.caption
        assert table.whole.values[0] == table.values[0]


def test_a_close_of_adjusted_bars_is_told_as_adjusted(report: weekly.WeeklyReport) -> None:
    section = next(
        s for s in weekly.document(report, words("en")).sections if s.heading == "Shares"
    )
    table = next(block for block in section.blocks if isinstance(block, Grid))
    said = " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))
    ticker, price = table.header.index("Ticker"), table.header.index("Price")
    kinds = {row[ticker]: row[price] for row in table.rows}
    adjusted = {"000681.SZ", "300624.SZ", "300364.SZ", "002995.SZ", "0700.HK"}
    assert {name for name, kind in kinds.items() if kind == "adjusted"} == adjusted
    assert kinds["1357.HK"] == "as traded"
    assert all(name in said.partition(" only adjusted bars are held")[0] for name in adjusted)
    assert "as traded and move" not in table.caption


def test_shares_without_a_close_as_traded_say_why(report: weekly.WeeklyReport) -> None:
    shares = report.study.shares
    without = shares.loc[shares["close"].isna(), "ticker"]
    assert len(without)
    sections = weekly.document(report, words("en")).sections
    said = " ".join(b.text for s in sections for b in s.blocks if isinstance(b, Paragraph))
    move = next(g for g in grids(sections) if g.header[-1] == "Over 5 trading days")
    assert {row[-1][0] for row in move.rows} == {"+", "−"}
    assert move.formats[-1].startswith("+")
    assert f"No close as traded is held of {', '.join(without)}" in said


def test_what_the_ledger_wrote_in_english_is_said_in_chinese(report: weekly.WeeklyReport) -> None:
    sections = weekly.document(report, words("zh")).sections
    points = [item for s in sections for b in s.blocks if isinstance(b, Points) for item in b.items]
    cells = [text for table in grids(sections) for row in table.rows for text in row]
    for text in [*points, *cells]:
        assert "never read" not in text
        assert "kept out" not in text
    assert any("从未采集到" in text for text in cells)
    assert any("拒收" in text for text in points)


def grids(sections: Iterable[Section]) -> Iterator[Grid]:
    return (b for section in sections for b in section.blocks if isinstance(b, Grid))


def test_it_begins_where_the_last_one_ended(
    reader: SnapshotReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    monkeypatch.setattr(history, "last", lambda _folder, _name, _schedule: last)
    report: Any = weekly.prepare(reader, Choice(data_dir=tmp_path)).document.args[0]  # pyright: ignore
    assert report.study.since == last
    assert report.is_after_another
    monkeypatch.setattr(history, "last", lambda _folder, _name, _schedule: reader.info.published_at)
    with pytest.raises(InputError, match="nothing was published since"):
        weekly.prepare(reader, Choice(data_dir=tmp_path))


def test_a_row_that_every_run_meets_again_is_rejected_once(reader: SnapshotReader) -> None:
    study = weekly_study(reader, datetime(2020, 1, 1, tzinfo=UTC), reader.info.published_at)
    kept_out = reader.query("SELECT count(*) AS n FROM quarantine")["n"].iloc[0]
    assert study.ledger["rows_quarantined"].sum() == kept_out


def test_a_file_of_ours_is_no_address_of_a_source(report: weekly.WeeklyReport) -> None:
    listed = weekly.document(report, words("en")).sources
    assert listed
    assert all(each.on_the_web for each in listed if each.address)


def test_sources_bear_the_addresses_of_their_rows(report: weekly.WeeklyReport) -> None:
    listed = weekly.document(report, words("en")).sources
    addresses = {each.title.partition(":")[0]: each.address for each in listed}
    assert addresses["fx_rates"].startswith("https://www.ecb.europa.eu/")
    many = next(each.title for each in listed if each.title.startswith("disclosed_facts"))
    assert many.endswith(
        f"({len(report.study.addresses['disclosed_facts'])} addresses, each row its own)"
    )
    prices = next(each.title for each in listed if each.title.startswith("stock_prices"))
    assert "addresses at finance.yahoo.com, quote.eastmoney.com" in prices


def test_rejected_rows_of_every_source_have_their_reason(report: weekly.WeeklyReport) -> None:
    ledger: Any = report.study.ledger
    rejecting = set(ledger.loc[ledger["rows_quarantined"] > 0, "source"])
    assert len(rejecting) > 1
    for language in ("en", "zh"):
        sections = weekly.document(report, words(language)).sections
        table = next(each for each in grids(sections) if each.header[1:] == reasons_head(language))
        assert {row[0] for row in table.rows} == rejecting
        assert all(row[1] for row in table.rows)
        assert sum(int(row[2].replace(",", "")) for row in table.rows) == (
            ledger["rows_quarantined"].sum()
        )
    assert not any(" is missing" in row[1] for row in table.rows)


def reasons_head(language: str) -> tuple[str, str]:
    return words(language).t("Reason"), words(language).t("Rows")
