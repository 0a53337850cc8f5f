"""The weekly report: what is new since an instant, and whether the data can be relied on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.reports import history, weekly
from dashboard.reports.choice import Choice
from dashboard.studies.weekly import weekly_study
from dashboard.text import words
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
    assert "described and not tested" in told(report)
    assert "0 changed" in told(report)


def test_products_are_told_with_the_kind_of_their_history(report: weekly.WeeklyReport) -> None:
    assert "simulated_app: Recurring revenue closed" in told(report)
    assert "simulated." in told(report)


def test_failed_and_stale_sources_come_first(report: weekly.WeeklyReport) -> None:
    ledger = report.study.ledger.copy()
    ledger.loc[ledger.index[0], ["last_status", "n_failed"]] = ["failed", 1]
    failed = replace(report, study=replace(report.study, ledger=ledger))
    first = weekly.document(failed, words("en")).finding[0]
    assert first.startswith(f"1 source failed: {ledger['source'].iloc[0]}.")


def test_when_nothing_is_wrong_it_says_so(report: weekly.WeeklyReport) -> None:
    sources = report.study.sources.assign(stale=False)
    well = replace(report, study=replace(report.study, sources=sources))
    assert weekly.document(well, words("en")).finding[0] == ("No source failed, and none is stale.")


def test_a_later_beginning_leaves_out_what_was_recorded_before(
    reader: SnapshotReader,
) -> None:
    until = reader.info.published_at
    study = weekly_study(reader, until - timedelta(seconds=1), until)
    assert study.events.empty
    assert study.facts.empty
    assert study.ledger.empty
    report = weekly.WeeklyReport(study, (), True, weekly.edition_of(reader, None, {}))
    said = told(report)
    assert "Nothing was collected in this period." in said
    assert "No share has a new trading day." in said


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


def test_it_begins_where_the_last_one_ended(
    reader: SnapshotReader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    last = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    monkeypatch.setattr(history, "last", lambda _folder, _name: last)
    report: Any = weekly.prepare(reader, Choice(data_dir=tmp_path)).document.args[0]  # pyright: ignore
    assert report.study.since == last
    assert report.is_after_another
    monkeypatch.setattr(history, "last", lambda _folder, _name: reader.info.published_at)
    with pytest.raises(InputError, match="nothing was published since"):
        weekly.prepare(reader, Choice(data_dir=tmp_path))
