"""A run is started and watched on the Data page; it is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from etl import journal
from etl.config import Settings
from etl.warehouse import Warehouse
from tests.dashboard.conftest import text_of


def runs_card(open_page, data):
    return open_page(data, "data", view="runs")


def wait_for_the_end(data, seconds: float = 60) -> journal.Running:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        running = journal.read(data)
        if running is not None and running.finished_at:
            return running
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def test_an_empty_folder_is_filled_by_a_click(open_page, tmp_path):
    opened = runs_card(open_page, tmp_path)
    assert "Nothing has been collected yet" in text_of(opened)
    opened.button(key="run:offline").click().run()
    assert opened.button(key="run:offline").disabled
    running = wait_for_the_end(tmp_path)
    assert {step.state for step in running.steps} == {"ok"}
    opened.run()
    assert "The last collection" in text_of(opened)
    assert not opened.exception


def test_a_run_that_cannot_start_says_why(open_page, tmp_path):
    with Warehouse(Settings(data_dir=tmp_path)):
        opened = runs_card(open_page, tmp_path)
        opened.button(key="run:offline").click().run()
        until = time.monotonic() + 60
        while "could not start" not in text_of(opened) and time.monotonic() < until:
            time.sleep(0.2)
            opened.run()
    assert "one writer at a time" in text_of(opened)


def test_a_run_going_on_shows_what_it_does(open_page, tmp_path):
    (tmp_path / "warehouse").mkdir()
    watched = journal.Journal(tmp_path / "warehouse", "run-1", "live", ["gpus", "apps"])
    watched.begin(0, "collecting gpus")
    watched.end(0, {"status": "failed", "error": "got a login page"})
    watched.begin(1, "collecting apps")
    opened = runs_card(open_page, tmp_path)
    assert "A run is going on" in text_of(opened)
    steps = opened.dataframe[0].value
    assert steps["state"].tolist() == ["failed", "at work", "waiting"]
    assert steps["error"].iloc[0] == "got a login page"
    assert steps["rows_in"].isna().tolist() == [False, True, True]  # unknown is not zero
    assert opened.button(key="run:live").disabled


def test_a_run_of_which_a_part_failed_bears_no_tick(open_page, tmp_path):
    (tmp_path / "warehouse").mkdir()
    watched = journal.Journal(tmp_path / "warehouse", "run-1", "live", ["gpus"])
    watched.begin(0, "collecting gpus")
    watched.end(0, {"status": "failed", "error": "got a login page"})
    watched.finish()
    told = text_of(runs_card(open_page, tmp_path))
    assert "a part of it failed" in told
    assert "task_alt" not in told


def test_a_killed_run_is_told_as_interrupted(open_page, tmp_path):
    (tmp_path / "warehouse").mkdir()
    journal.Journal(tmp_path / "warehouse", "run-1", "live", ["gpus"])
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )
    path = tmp_path / "warehouse" / journal.FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": int(gone.stdout)}))
    opened = runs_card(open_page, tmp_path)
    assert "was interrupted" in text_of(opened)
    assert not opened.button(key="run:live").disabled


def test_a_journal_that_cannot_be_written_stops_no_run(tmp_path):
    watched = journal.Journal(tmp_path / "nowhere", "run-1", "live", ["gpus"])
    watched.begin(0, "collecting")
    watched.finish()
    assert journal.read(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
