"""``schedules.yml``: what may be added, what the file keeps, and what is due."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.reports import schedule, schedule_file
from dashboard.reports.schedule import Due
from etl.errors import InputError

PLAIN: dict[str, Any] = {"report": "market", "cron": "0 8 * * 1", "to": ["share"]}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "delivery.yml").write_text("channels: {share: {kind: folder, path: share}}\n")
    return tmp_path


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"cron": "0 8 * *"}, "does not have five fields"),
        ({"cron": "0 25 * * *"}, "Bad hour"),
        ({"cron": "0 0 31 2 *"}, "0 0 31 2"),
        ({"cron": "*/10 * * * *"}, "more often than once an hour"),
        ({"timezone": "Asia/Shanhai"}, "no time zone"),
        ({"timezone": "Asia"}, "no time zone"),
        ({"timezone": "../etc"}, "no time zone"),
        ({"to": []}, "to: "),
        ({"to": ["shrae"]}, "perhaps you meant 'share'"),
        ({"report": "markt"}, "perhaps you meant 'market'"),
        ({"formats": ["docx"]}, "one of pdf, html"),
        ({"languages": ["de"]}, "one of en, zh"),
        ({"options": {"scenario": "x"}}, "got --scenario for the report 'market'"),
        ({"options": {"tickr": "x"}}, "tickr"),
        ({"since_days": 7}, "got --since for the report 'market'"),
        ({"timezon": "UTC"}, "perhaps you meant 'timezone'"),
    ],
)
def test_a_wrong_word_is_refused_and_nothing_is_added(data, told, words):
    with pytest.raises(InputError) as caught:
        schedule_file.add(data, "monday", {**PLAIN, **told})
    assert words in str(caught.value)
    assert not (data / schedule_file.FILE).exists()


@pytest.mark.parametrize("name", ["Monday", "a b", "../x", ""])
def test_a_name_that_could_be_no_folder_is_refused(data, name):
    with pytest.raises(InputError):
        schedule_file.add(data, name, PLAIN)


def test_a_schedule_is_added_read_and_removed_and_comments_stay(data):
    schedule_file.add(
        data, "monday", {**PLAIN, "options": {"ticker": "1357.HK", "window": (-2, 2)}}
    )
    path = data / schedule_file.FILE
    path.write_text(path.read_text() + "  # the chairman reads this one\n")
    schedule_file.add(data, "daily", {**PLAIN, "cron": "0 8 * * *", "timezone": "Asia/Shanghai"})
    assert list(schedule_file.load(data)) == ["monday", "daily"]
    assert schedule_file.load(data)["monday"].options.window == (-2, 2)
    assert "the chairman" in path.read_text()
    with pytest.raises(InputError, match="which is there"):
        schedule_file.add(data, "daily", PLAIN)

    schedule_file.remove(data, "daily")

    assert list(schedule_file.load(data)) == ["monday"]
    schedule_file.remove(data, "monday")
    assert schedule_file.load(data) == {}
    schedule_file.add(data, "noon", PLAIN)
    with pytest.raises(InputError, match="perhaps you meant 'noon'"):
        schedule_file.find(data, "noom")


def test_a_file_written_by_hand_keeps_its_form(data):
    text = "# ours\nschedules:\n    one:   # first\n        report: market\n"
    text += "        cron: 0 8 * * 1\n        to: [share]\n"
    (data / schedule_file.FILE).write_text(text)
    schedule_file.add(data, "two", PLAIN)
    assert (data / schedule_file.FILE).read_text().startswith(text)
    schedule_file.remove(data, "two")
    assert (data / schedule_file.FILE).read_text() == text


def test_a_file_that_cannot_be_edited_by_lines_is_left_as_it_is(data):
    one = "{report: market, cron: 0 8 * * 1, to: [share]}"
    text = f"schedules: {{one: {one}, two: {one}}}\n"
    (data / schedule_file.FILE).write_text(text)
    assert list(schedule_file.load(data)) == ["one", "two"]
    with pytest.raises(InputError, match="by hand"):
        schedule_file.add(data, "three", PLAIN)
    with pytest.raises(InputError, match="by hand"):
        schedule_file.remove(data, "one")
    assert (data / schedule_file.FILE).read_text() == text


@pytest.mark.parametrize("text", ["schedules: [", "plans: {}", "schedules: 3", "schedules: {a: 1}"])
def test_a_spoilt_file_is_told(data, text):
    (data / schedule_file.FILE).write_text(text)
    with pytest.raises(InputError, match=re.escape(schedule_file.FILE)):
        schedule_file.load(data)


def test_a_schedule_counts_from_when_it_was_first_seen(data):
    now = at("2026-11-23 08:05")
    (data / schedule_file.FILE).write_text(
        "schedules: {one: {report: market, cron: 0 8 * * 1, to: [share]}}\n"
    )
    assert schedule_file.all_due(data, now) == []  # nothing of the past is made up for
    (came,) = schedule_file.all_due(data, now + timedelta(days=7))
    assert came[1] == Due(at("2026-11-30 08:00"), 0)
    schedule.note_run(data, "one", came[1].instant, "failed", "no server")
    assert schedule_file.all_due(data, now + timedelta(days=7, hours=1)) == [came]
    schedule.note_run(data, "one", came[1].instant, "done")
    assert schedule_file.all_due(data, now + timedelta(days=7, hours=1)) == []
