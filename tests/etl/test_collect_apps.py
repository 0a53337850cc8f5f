"""A whole run over the app stores: from a stand-in through checks and ledger to the snapshot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers.apple import App, Apple, apple_server, some_apps
from servers.google_play import App as PlayApp
from servers.google_play import GooglePlay, google_play_server

import artonomics
from etl import commandline, config, pipeline
from etl.config import Settings
from etl.sources import _http
from etl.warehouse import SnapshotReader

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
CHAT = "com.openai.chatgpt"
APPLE = ["apple_charts", "itunes_ratings", "itunes_versions"]
PLAY = ["google_play_ratings", "google_play_versions", "google_play_installs"]
Configure = Callable[..., None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> Iterator[Apple]:
    monkeypatch.setattr(_http, "VISITS", _http.Visits())
    with apple_server(NOW - timedelta(hours=1)) as made:
        made.apps = [App("1180884341", "io.faceapp.ios", "FaceApp"), *some_apps(4)]
        for kind in ("free", "paid", "grossing"):
            made.charts["*", kind, "6008"] = made.apps
        yield made


@pytest.fixture
def play() -> Iterator[GooglePlay]:
    with google_play_server() as made:
        made.apps = [PlayApp(CHAT, "ChatGPT")]
        yield made


@pytest.fixture
def configured(apple: Apple, play: GooglePlay, tmp_path: Path) -> Configure:
    """Write a collection that asks the stand-ins."""

    def write(**changes: Any) -> None:
        hosts = apple.configuration()["hosts"] | play.configuration()["hosts"]
        lines = [
            'storefronts = ["JP", "US"]',
            "overall = false",
            f'google_play_apps = ["{CHAT}"]',
            *(f"{name} = {json.dumps(value)}" for name, value in changes.items()),
            "[genres]",
            "photo_and_video = 6008",
        ]
        for host, told in hosts.items():
            lines.append(f'[hosts."{host}"]')
            lines += [f"{name} = {json.dumps(value)}" for name, value in told.items()]
        (tmp_path / "collection.toml").write_text("\n".join(lines), encoding="utf-8")

    write()
    return write


def run(settings: Settings, *names: str, now: datetime = NOW) -> list[pipeline.LedgerEntry]:
    return pipeline.run(settings, names, offline=False, now=now)


def ask(settings: Settings, query: str) -> list[Any]:
    with SnapshotReader(settings.data_dir) as reader:
        return reader.query(query).to_numpy().tolist()


@pytest.mark.usefixtures("configured")
def test_charts_are_collected_to_the_published_snapshot(settings: Settings):
    [entry] = run(settings, "apple_charts")
    assert (entry.status, entry.rows_in, entry.rows_new) == ("ok", 30, 30)
    [[rows, day, top]] = ask(
        settings,
        "SELECT count(*), max(observed_on)::VARCHAR, max(app_id) FILTER (rank = 1) "
        "FROM app_chart_ranks WHERE source = 'apple_charts'",
    )
    assert (rows, day[:10], top) == (30, "2026-11-23", "io.faceapp.ios")


@pytest.mark.usefixtures("configured")
def test_a_second_run_of_the_same_day_changes_nothing(settings: Settings, apple: Apple):
    run(settings, *APPLE)
    before = ask(
        settings, "SELECT * EXCLUDE (retrieved_at, run_id) FROM app_chart_ranks ORDER BY ALL"
    )
    asked = len(apple.web.asked)

    again = run(settings, *APPLE, now=NOW + timedelta(hours=6))

    assert {entry.status for entry in again if entry.source == "apple_charts"} == {"unchanged"}
    assert {entry.rows_new for entry in again} == {0}
    after = ask(
        settings, "SELECT * EXCLUDE (retrieved_at, run_id) FROM app_chart_ranks ORDER BY ALL"
    )
    assert after == before
    conditional = [h for h in apple.web.headers[asked:] if "If-None-Match" in h]
    assert len(conditional) == len(apple.web.asked) - asked


@pytest.mark.usefixtures("configured")
def test_the_next_day_stands_beside_the_first(settings: Settings, apple: Apple):
    run(settings, "apple_charts")
    apple.updated_at += timedelta(days=1)
    apple.charts["*", "free", "6008"] = apple.apps[::-1]
    [entry] = run(settings, "apple_charts", now=NOW + timedelta(days=1))
    assert (entry.rows_new, entry.rows_changed) == (30, 0)
    assert ask(settings, "SELECT count(DISTINCT observed_on) FROM app_chart_ranks") == [[2]]


@pytest.mark.usefixtures("configured")
def test_a_late_answer_lands_on_its_own_day_and_disturbs_no_other(settings: Settings, apple: Apple):
    run(settings, "apple_charts")
    apple.updated_at -= timedelta(days=3)
    [entry] = run(settings, "apple_charts", now=NOW + timedelta(days=1))
    assert (entry.status, entry.rows_new, entry.rows_changed) == ("partial", 30, 0)
    assert "stands still at 2026-11-20" in str(entry.error)


@pytest.mark.usefixtures("configured")
def test_counts_and_versions_share_one_set_of_questions(settings: Settings, apple: Apple):
    entries = run(settings, "itunes_ratings", "itunes_versions")
    assert [entry.rows_new for entry in entries] == [2, 2]
    assert apple.web.times("lookup?id=") == 2
    assert ask(settings, "SELECT DISTINCT store, rating_count FROM app_rating_counts") == [
        ["app_store", 1234]
    ]


@pytest.mark.usefixtures("configured")
def test_a_new_version_stands_beside_the_old_one_and_edited_notes_keep_their_history(
    settings: Settings, apple: Apple
):
    run(settings, "itunes_versions")
    apple.apps[0] = App("1180884341", "io.faceapp.ios", "FaceApp", version="2.0")
    [entry] = run(settings, "itunes_versions", now=NOW + timedelta(days=1))
    assert (entry.rows_new, entry.rows_changed) == (2, 0)
    apple.apps[0] = App("1180884341", "io.faceapp.ios", "FaceApp 2", version="2.0")
    [entry] = run(settings, "itunes_versions", now=NOW + timedelta(days=2))
    assert (entry.rows_new, entry.rows_changed) == (0, 2)
    assert ask(settings, "SELECT count(*) FROM app_versions_history") == [[6]]


@pytest.mark.usefixtures("configured")
def test_google_play_fills_three_tables_from_one_set_of_pages(settings: Settings, play: GooglePlay):
    entries = run(settings, *PLAY)
    assert [(e.status, e.rows_new) for e in entries] == [("ok", 2), ("ok", 2), ("ok", 1)]
    assert len(play.web.asked) == 2
    assert ask(settings, "SELECT installs_low, installs_high FROM app_installs") == [
        [1_000_000, 4_999_999]
    ]


def test_a_budget_that_ends_makes_the_run_partial_and_says_so(
    settings: Settings, configured: Configure
):
    configured(requests_per_run=2)
    [charts, counts] = run(settings, "apple_charts", "itunes_ratings")
    assert (charts.status, charts.rows_new) == ("partial", 10)
    assert "budget of 2 requests" in str(charts.error)
    assert counts.status == "failed"
    assert "budget of 2 requests" in str(counts.error)


@pytest.mark.usefixtures("configured")
def test_a_source_that_fails_keeps_what_it_had_and_the_ledger_names_the_cause(
    settings: Settings, apple: Apple
):
    run(settings, "apple_charts")
    apple.web.always["/rss/"] = "login"
    [entry] = run(settings, "apple_charts", now=NOW + timedelta(days=1))
    assert entry.status == "failed"
    assert "page in place of JSON" in str(entry.error)
    assert ask(settings, "SELECT count(*) FROM app_chart_ranks") == [[30]]


def test_a_wrong_configuration_fails_the_source_with_its_place(
    settings: Settings, configured: Configure
):
    configured(depth=900)
    [entry] = run(settings, "apple_charts")
    assert entry.status == "failed"
    assert "depth: Input should be less than or equal to 200" in str(entry.error)


@pytest.mark.usefixtures("configured")
def test_bad_rows_are_quarantined_with_their_raw_content(settings: Settings, apple: Apple):
    apple.apps[0] = App("1180884341", "io.faceapp.ios", "FaceApp", rating_average=45.0)
    [entry] = run(settings, "itunes_ratings")
    assert (entry.rows_new, entry.rows_quarantined) == (0, 2)
    [[check, payload], _] = ask(settings, "SELECT check_name, payload FROM quarantine")
    assert check == "rating_average_refused"
    assert json.loads(payload)["rating_average"] == "45.0"


@pytest.mark.usefixtures("configured")
def test_known_errors_of_a_live_source_are_corrected_by_data(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bundle = tmp_path / "bundle"
    shutil.copytree(config.bundled_dir() / "snapshots", bundle / "snapshots")
    entry = {
        "match": {"app_id": "1180884341", "storefront": "JP", "observed_on": "2026-11-23"},
        "column": "rating_count",
        "expect": "1234",
        "quarantine": True,
        "reason": "a made-up error",
        "source": "a test",
    }
    (bundle / "corrections").mkdir()
    text = yaml.safe_dump({"corrections": [entry]})
    (bundle / "corrections" / "app_rating_counts.yml").write_text(text)
    monkeypatch.setattr(pipeline, "bundled_dir", lambda: bundle)
    [done] = run(settings, "itunes_ratings")
    assert (done.rows_new, done.rows_quarantined) == (1, 1)


@pytest.mark.usefixtures("configured")
def test_the_command_collects_charts(
    settings: Settings,
    apple: Apple,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    apple.updated_at = datetime.now(UTC)  # the command goes by the real clock
    monkeypatch.setenv("ARTONOMICS_DATA", str(settings.data_dir))
    assert commandline.run(artonomics.app, ["etl", "run", "apple_charts", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert ask(settings, "SELECT count(*) FROM app_chart_ranks") == [[30]]
