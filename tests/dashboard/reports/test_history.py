"""What was built is written down, a line each, and can be read back though a line is torn."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

from dashboard.reports import Order, history
from dashboard.reports.choice import Choice

PUBLISHED = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def recorded(
    data: Path, name: str = "weekly", published: datetime = PUBLISHED, schedule: str | None = None
) -> None:
    file = data / "weekly_en.pdf"
    data.mkdir(exist_ok=True)
    file.write_bytes(b"%PDF")
    choice = Choice(
        ticker="1357.HK", window=(-2, 2), as_of=date(2026, 11, 1), data_dir=data, schedule=schedule
    )
    order = Order(name, choice, ["pdf"], ["en"], data)
    info = SimpleNamespace(published_at=published, data_version="abc")
    by = "hand" if schedule is None else "schedule"
    history.record(data, history.built(order, [file], info, 1.23456, started_by=by))


def test_without_a_history_there_is_an_empty_frame_of_the_same_columns(tmp_path):
    frame = history.read(tmp_path)
    assert list(frame.columns) == list(history.COLUMNS)
    assert frame.empty
    assert history.last(tmp_path, "weekly") is None


def test_a_report_is_written_down_with_what_was_chosen_and_its_files(tmp_path):
    recorded(tmp_path)
    (row,) = history.read(tmp_path).to_dict("records")
    assert row["choice"] == {"ticker": "1357.HK", "window": [-2, 2]}
    assert row["as_of"] == "2026-11-01"
    assert row["published_at"] == PUBLISHED
    assert row["built_at"].tzinfo is not None
    assert row["duration_seconds"] == 1.235
    assert row["started_by"] == "hand"
    digest = hashlib.sha256(b"%PDF").hexdigest()
    file = {"path": str(tmp_path / "weekly_en.pdf"), "size_bytes": 4, "sha256": digest}
    assert row["files"] == [file]


def test_the_last_report_of_a_name_is_found_among_others(tmp_path):
    later = PUBLISHED.replace(day=24)
    recorded(tmp_path)
    recorded(tmp_path, published=later)
    recorded(tmp_path, "market", PUBLISHED.replace(day=25))
    assert history.last(tmp_path, "weekly") == later
    assert history.last(tmp_path, "growth") is None


def test_each_schedule_and_the_hand_have_a_last_report_of_their_own(tmp_path):
    recorded(tmp_path, published=PUBLISHED.replace(day=22))
    recorded(tmp_path, schedule="desk")
    recorded(tmp_path, published=PUBLISHED.replace(day=21))  # older data, built later
    assert history.last(tmp_path, "weekly") == PUBLISHED.replace(day=22)
    assert history.last(tmp_path, "weekly", "desk") == PUBLISHED
    assert history.last(tmp_path, "weekly", "team") is None


def test_a_torn_line_is_left_out_and_counted(tmp_path):
    recorded(tmp_path)
    path = tmp_path / "reports" / history.FILE
    path.write_bytes(path.read_bytes() + b'{"built_at": "2026-11-2')
    recorded(tmp_path)
    frame = history.read(tmp_path)
    assert len(frame) == 2
    assert frame.attrs["n_torn"] == 1
