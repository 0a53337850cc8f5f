"""A collection run over the bundled snapshot, and over sources that misbehave."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from etl import pipeline, sources
from etl.config import Settings, bundled_dir
from etl.errors import InputError, SourceError
from etl.schemas import GPUS
from etl.warehouse import SnapshotReader

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def card() -> dict[str, object]:
    row: dict[str, object] = {c.name: None for c in GPUS.frame_columns()}
    told = {"evidence_kind": "disclosed", "source_url": "u", "retrieved_at": NOW}
    return row | told | {"gpu_name": "A", "vendor": "V", "tdp_watts": "300"}


def stand_in(rows: list[dict[str, object]], failures: tuple[str, ...] = ()) -> SimpleNamespace:
    """Return a source that answers ``rows``."""
    info = sources.load("gpus").INFO
    return SimpleNamespace(
        INFO=info,
        fetch=lambda request: sources.Raw(rows, "live", request.now, failures),
        parse=lambda raw: pd.DataFrame(raw.payload, columns=[c.name for c in GPUS.frame_columns()]),
    )


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch):
    """Let the source ``gpus`` be another one for a test."""
    real = sources.load

    def use(module: object) -> None:
        monkeypatch.setattr(sources, "load", lambda n: module if n == "gpus" else real(n))

    return use


def test_the_whole_snapshot_is_collected_and_a_repeat_changes_nothing(published):
    reader = SnapshotReader(published)
    runs = reader.query("SELECT * FROM etl_runs")
    assert set(runs["source"]) == set(sources.standing(offline=True))
    assert set(runs["status"]) == {"ok"}
    assert runs["rows_in"].min() > 0
    told = runs["rows_new"] + runs["rows_quarantined"]
    assert told.tolist() == runs["rows_in"].tolist()


def test_a_second_run_is_unchanged_source_by_source(published, tmp_path):
    shutil.copytree(published, tmp_path / "copy")
    settings = Settings(data_dir=tmp_path / "copy")
    before = SnapshotReader(settings.data_dir).info
    entries = pipeline.run(settings, offline=True)
    assert {e.status for e in entries} == {"unchanged"}
    assert sum(e.rows_new + e.rows_changed for e in entries) == 0
    after = SnapshotReader(settings.data_dir).info
    assert after.data_version == before.data_version
    assert after.snapshot_id != before.snapshot_id


def test_the_known_bad_rows_of_the_bundle_are_in_quarantine_with_their_content(published):
    kept = SnapshotReader(published).query("SELECT * FROM quarantine")
    face_app = kept[kept["check_name"] == "known_source_error"].iloc[0]
    assert "773453" in face_app["payload"]
    assert kept["reason"].str.len().gt(0).all()


def test_a_failing_source_stops_no_other_and_is_in_the_ledger(settings, answering, card):
    def broken(request: object) -> None:
        raise SourceError("got HTML", "JSON", "log in")

    module = stand_in([card])
    module.fetch = broken
    answering(module)
    entries = pipeline.run(settings, ["gpus", "apps"], offline=False, now=NOW)
    assert [e.status for e in entries] == ["failed", "ok"]
    assert "got HTML" in str(entries[0].error)
    ledger = SnapshotReader(settings.data_dir).query(
        "SELECT error FROM etl_runs WHERE source='gpus'"
    )
    assert "log in" in ledger["error"].iloc[0]


def test_a_fault_of_ours_in_a_source_is_told_too(settings, answering, card):
    module = stand_in([card])
    module.parse = lambda raw: 1 / 0
    answering(module)
    [entry] = pipeline.run(settings, ["gpus"], offline=False, now=NOW)
    assert entry.status == "failed"
    assert "ZeroDivisionError" in str(entry.error)


def test_an_answer_without_rows_is_a_failure_and_not_an_empty_success(settings, answering):
    answering(stand_in([]))
    [entry] = pipeline.run(settings, ["gpus"], offline=False, now=NOW)
    assert entry.status == "failed"
    assert "no rows" in str(entry.error)


def test_what_could_not_be_fetched_makes_a_run_partial(settings, answering, card):
    answering(stand_in([card], failures=("B: 404",)))
    [entry] = pipeline.run(settings, ["gpus"], offline=False, now=NOW)
    assert (entry.status, entry.rows_new, entry.error) == ("partial", 1, "B: 404")


def test_a_bad_row_is_quarantined_once_however_often_it_comes(settings, answering, card):
    answering(stand_in([card, card | {"gpu_name": "B", "tdp_watts": "-1"}]))
    for day in range(2):
        [entry] = pipeline.run(settings, ["gpus"], offline=False, now=NOW + timedelta(day))
        assert entry.rows_quarantined == 1
    kept = SnapshotReader(settings.data_dir).query("SELECT reason FROM quarantine")
    assert kept["reason"].tolist() == ["tdp_watts is not greater than zero"]


def test_a_source_that_fails_keeps_the_rows_it_had(settings, answering, card):
    answering(stand_in([card]))
    pipeline.run(settings, ["gpus"], offline=False, now=NOW)
    answering(stand_in([]))
    pipeline.run(settings, ["gpus"], offline=False, now=NOW + timedelta(1))
    assert len(SnapshotReader(settings.data_dir).query("SELECT * FROM gpus")) == 1


def test_an_unknown_source_is_refused_before_anything_is_written(settings):
    with pytest.raises(InputError, match="perhaps you meant 'stock_prices'"):
        pipeline.run(settings, ["stock_price"], offline=True)
    assert not settings.warehouse_dir.exists()


def test_a_snapshot_file_with_a_changed_column_fails_and_the_last_good_one_stays(
    settings, monkeypatch, tmp_path
):
    pipeline.run(settings, ["gpus"], offline=True, now=NOW)
    spoilt = tmp_path / "bundle"
    shutil.copytree(bundled_dir() / "snapshots", spoilt / "snapshots")
    file = spoilt / "snapshots" / "gpus.csv"
    file.write_text(file.read_text().replace("tdp_watts", "watts", 1))
    monkeypatch.setattr(pipeline, "bundled_dir", lambda: spoilt)
    [entry] = pipeline.run(settings, ["gpus"], offline=True, now=NOW + timedelta(1))
    assert entry.status == "failed"
    assert "watts" in str(entry.error)
    assert len(SnapshotReader(settings.data_dir).query("SELECT * FROM gpus")) == 43


def test_a_failed_audit_is_in_the_ledger_and_readers_keep_the_last_good_snapshot(
    settings, monkeypatch, answering, card
):
    answering(stand_in([card]))
    pipeline.run(settings, ["gpus"], offline=False, now=NOW)
    good = SnapshotReader(settings.data_dir).info.snapshot_id
    monkeypatch.setattr(pipeline.marts, "build", lambda _: [("nothing holds", "SELECT 1")])
    entries = pipeline.run(settings, ["gpus"], offline=False, now=NOW + timedelta(1))
    assert [e.source for e in entries] == ["gpus", "publish"]
    assert "nothing holds" in str(entries[-1].error)
    assert SnapshotReader(settings.data_dir).info.snapshot_id == good


def test_status_tells_staleness_by_each_sources_own_calendar(published):
    told = pipeline.status(SnapshotReader(published), NOW).set_index("source")
    assert bool(told.loc["stock_prices", "stale"])  # the bundle ends in August
    assert told.loc["gpus", "stale"] is pd.NA
    assert set(told["last_status"]) == {"ok"}
    last = told.loc["fx_rates", "last_observation"]
    the_day_after = datetime.combine(last.date(), datetime.min.time(), UTC) + timedelta(days=1.5)
    fresh = pipeline.status(SnapshotReader(published), the_day_after).set_index("source")
    assert not fresh.loc["fx_rates", "stale"]


def test_prices_are_stale_as_soon_as_one_share_lags(published):
    reader = SnapshotReader(published)
    newest = reader.query("SELECT max(trade_date) AS day FROM stock_prices")["day"].iloc[0]
    now = newest.to_pydatetime().replace(tzinfo=UTC) + timedelta(days=1)
    found = pipeline.status(reader, now).set_index("source")
    assert found.loc["stock_prices", "stale"]
    assert "1357.HK" in found.loc["stock_prices", "lagging"].split(", ")
    assert found.drop("stock_prices")["lagging"].isna().all()


def test_status_shows_a_source_that_has_only_failed_and_why(settings, answering):
    answering(stand_in([]))
    pipeline.run(settings, ["gpus", "waves"], offline=True, now=NOW)
    found = pipeline.status(SnapshotReader(settings.data_dir), NOW).set_index("source")
    assert found.loc["gpus", "last_status"] == "failed"
    assert "got no rows from gpus" in found.loc["gpus", "last_error"]
    assert pd.isna(found.loc["gpus", "n_rows"])
    assert found.loc["waves", "last_status"] == "ok"


def test_watched_shares_never_read_are_named(published):
    lagging = pipeline.status(SnapshotReader(published), NOW).set_index("source")["lagging"]
    assert "000977.SZ (never read)" in lagging["stock_prices"]


def test_a_first_day_that_has_not_come_is_refused(settings):
    day = (NOW + timedelta(days=30)).date()
    with pytest.raises(InputError, match=f"got --from {day}"):
        pipeline.run(settings, ["gpus"], offline=True, start=day, now=NOW)
