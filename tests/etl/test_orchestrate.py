"""The same jobs as Dagster assets, materialised in this process over the bundled snapshot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from etl import pipeline, sources
from etl.config import Settings
from etl.errors import WarehouseLockedError
from etl.warehouse import SnapshotReader

dg = pytest.importorskip("dagster", reason="the extra orchestrate is not installed")
orchestrate = pytest.importorskip("etl.orchestrate")

DAILY = "intraday_prices"


@pytest.fixture
def place(tmp_path: Path) -> Any:
    return orchestrate.Place(data_dir=str(tmp_path), offline=True, wait_seconds=0.0)


def materialise(place: Any, *names: str, **options: Any) -> Any:
    """Materialise assets by name together with their checks; faults are in the result."""
    chosen = [a for a in orchestrate.defs.assets if a.key.to_user_string() in names]
    checks = [
        c for c in orchestrate.defs.asset_checks if c.check_key.asset_key.to_user_string() in names
    ]
    return dg.materialize(
        [*chosen, *checks], resources={"place": place}, raise_on_error=False, **options
    )


def checked(result: Any) -> dict[str, bool]:
    found = result.get_asset_check_evaluations()
    return {f"{c.asset_key.to_user_string()}.{c.check_name}": c.passed for c in found}


def test_every_source_is_an_asset_with_its_checks():
    assets = {asset.key.to_user_string() for asset in orchestrate.defs.assets}
    assert assets == {*sources.names(), "published_snapshot"}
    checks = {check.check_key.to_user_string() for check in orchestrate.defs.asset_checks}
    assert {f"{name}:fresh" for name in sources.names()} <= checks
    dg.Definitions.validate_loadable(orchestrate.defs)


def test_assets_run_the_pipeline_and_tell_what_it_did(place, tmp_path):
    result = materialise(place, "gpus", "market_events", "published_snapshot")
    assert result.success
    [told] = result.asset_materializations_for_node("gpus")
    assert told.metadata["rows_new"].value == 43
    assert told.metadata["gpus: status"].value == "ok"
    runs = SnapshotReader(tmp_path).query("SELECT source, mode FROM etl_runs ORDER BY source")
    assert runs["source"].tolist() == ["gpus", "market_events"]
    [snapshot] = result.asset_materializations_for_node("published_snapshot")
    assert snapshot.metadata["snapshot_id"].value == SnapshotReader(tmp_path).info.snapshot_id
    again = materialise(place, "gpus")
    [told] = again.asset_materializations_for_node("gpus")
    assert told.metadata["gpus: status"].value == "unchanged"


def test_checks_tell_a_stale_source_and_rows_kept_out(place):
    told = checked(materialise(place, "stock_prices", "gpus", "app_rating_counts"))
    assert not told["stock_prices.fresh"]  # the bundled bars end in August
    assert told["gpus.fresh"]
    assert told["gpus.no_rejects"]
    assert not told["app_rating_counts.no_rejects"]


def test_the_audits_check_wants_a_snapshot(place):
    assert not checked(materialise(place, "published_snapshot")).get(
        "published_snapshot.audits_passed", False
    )
    materialise(place, "gpus")
    told = checked(materialise(place, "published_snapshot"))
    assert told["published_snapshot.audits_passed"]


@pytest.fixture
def failing(monkeypatch):
    """Let ``pipeline.run`` end as a test wishes; return what it was asked."""
    asked: list[Any] = []

    def use(outcome: Any) -> list[Any]:
        def run(_: Settings, names: list[str], **options: Any) -> list[Any]:
            asked.append((names, options))
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(pipeline, "run", run)
        return asked

    return use


@pytest.fixture
def alone(place, monkeypatch):
    """Return a function that materialises one asset without its checks, retrying once, at once."""
    monkeypatch.setattr(orchestrate, "RETRIES", dg.RetryPolicy(max_retries=1, delay=0))

    def run(name: str, **options: Any) -> Any:
        asset = orchestrate.asset_of(name)
        return dg.materialize([asset], resources={"place": place}, raise_on_error=False, **options)

    return run


def entry(source: str, status: str, error: str | None = None) -> SimpleNamespace:
    counts = {"rows_in": 0, "rows_new": 0, "rows_changed": 0, "rows_quarantined": 0}
    return SimpleNamespace(source=source, status=status, error=error, run_id="run-1", **counts)


@pytest.mark.parametrize("source", ["gpus", "publish"])
def test_a_failed_source_fails_the_asset_in_its_own_words(alone, failing, source):
    asked = failing([entry(source, "failed", "got a login page")])
    result = alone("gpus")
    assert not result.success
    words = [str(event) for event in result.all_events if "got a login page" in str(event)]
    assert words
    retried = [event for event in result.all_events if event.is_step_up_for_retry]
    assert bool(retried) == (source == "gpus")
    assert asked[0][0] == ["gpus"]


def test_a_second_writer_is_tried_again_later(alone, failing):
    failing(WarehouseLockedError("got a warehouse that process 1 is writing to", "", ""))
    result = alone("gpus")
    assert not result.success
    assert [event for event in result.all_events if event.is_step_up_for_retry]


def test_a_partition_is_a_day_of_a_range(alone, failing):
    asked = failing([entry(DAILY, "ok")])
    result = alone(DAILY, partition_key="2026-11-20")
    assert result.success
    day = date(2026, 11, 20)
    assert asked == [([DAILY], {"offline": True, "start": day, "end": day})]


def test_only_a_source_of_ranges_has_partitions():
    parted = {
        asset.key.to_user_string() for asset in orchestrate.defs.assets if asset.partitions_def
    }
    assert parted == {n for n in sources.names() if sources.load(n).INFO.reach == "range"}


def test_schedules_follow_the_exchanges_in_their_own_zones():
    by_name = {schedule.name: schedule for schedule in orchestrate.defs.schedules}
    hong_kong, daily = by_name["after_xhkg"], by_name["after_daily"]
    assert (hong_kong.cron_schedule, hong_kong.execution_timezone) == (
        "0 17 * * 1-5",
        "Asia/Hong_Kong",
    )
    assert (daily.cron_schedule, daily.execution_timezone) == ("30 6 * * *", "UTC")
    with dg.instance_for_test() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=datetime(2026, 11, 23, 9, tzinfo=UTC)
        )
        told = hong_kong.evaluate_tick(context)
    assert len(told.run_requests) == 1
    jobs = {job.name: job for job in orchestrate.defs.resolve_all_job_defs()}
    assert "collect_xhkg" in jobs
    ops = {node.name for node in jobs["collect_xhkg"].nodes}
    assert "stock_prices" in ops
    assert "apple_charts" not in ops
