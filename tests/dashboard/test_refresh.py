"""A new snapshot is worked out in the background, and nobody waits for it for ever."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard import cache, queries
from dashboard.refresh import MOST_ASKED, Refresher, Served
from dashboard.text import words
from etl.warehouse import SnapshotReader

SECONDS = 10
"""More than any of this takes."""


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def data(published: Path, tmp_path: Path) -> Path:
    """Return a data folder of the test's own, with one snapshot."""
    shutil.copytree(published / "warehouse", tmp_path / "data" / "warehouse")
    return tmp_path / "data"


@pytest.fixture
def publish(data: Path) -> Callable[[], str]:
    """Return a function that publishes the same data once more and returns the new name."""
    pointer = data / "warehouse" / "CURRENT"

    def published_again() -> str:
        last = pointer.parent / "snapshots" / pointer.read_text().strip()
        first = last.name[0]
        newest = last.with_name(f"{int(first) + 1}{last.name[1:]}")
        shutil.copytree(last, newest)
        pointer.write_text(newest.name)
        return newest.name

    return published_again


def names(refresher: Refresher) -> str:
    return refresher.present().named


def test_where_nothing_was_asked_a_new_snapshot_is_shown_at_once(data, publish):
    refresher = Refresher(data)
    before = names(refresher)
    newest = publish()
    assert names(refresher) == newest != before
    assert newest in str(refresher.present().reader.info.path)


def test_the_older_is_shown_until_the_questions_are_answered_about_the_newer(data, publish):
    refresher, go_on = Refresher(data), threading.Event()
    asked: list[str] = []

    def slow(of: Served) -> None:
        assert go_on.wait(SECONDS)
        asked.append(of.named)
        assert not of.reader.query("SELECT 1 FROM instruments LIMIT 1").empty

    before = names(refresher)
    refresher.note("slow", slow)
    newest = publish()
    assert [names(refresher) for _ in range(3)] == [before] * 3
    assert before in str(refresher.present().reader.info.path)
    go_on.set()
    assert refresher.wait(SECONDS)
    assert asked == [newest]
    assert names(refresher) == newest
    assert not refresher.failures


def test_after_the_bounded_time_the_newer_is_shown_though_a_question_hangs(data, publish):
    clock, hangs, go_on = Clock(), threading.Event(), threading.Event()
    refresher = Refresher(data, patience_seconds=20, clock=clock)
    before = names(refresher)

    def hung(_: Served) -> None:
        hangs.set()
        go_on.wait(SECONDS)

    refresher.note("hung", hung)
    newest = publish()
    assert names(refresher) == before
    assert hangs.wait(SECONDS)
    clock.now = 19.9
    assert names(refresher) == before
    clock.now = 20.1
    assert names(refresher) == newest
    go_on.set()


def test_a_question_that_fails_is_recorded_and_the_others_are_answered(data, publish, caplog):
    refresher, answered = Refresher(data), []

    def fails(_: Served) -> None:
        raise ZeroDivisionError("no days")

    names(refresher)
    refresher.note("first", lambda of: answered.append(of.named))
    refresher.note("broken", fails)
    newest = publish()
    names(refresher)
    assert refresher.wait(SECONDS)
    assert names(refresher) == newest
    assert answered == [newest]
    (failure,) = refresher.failures
    assert (failure.snapshot_id, failure.question) == (newest, "broken")
    assert isinstance(failure.fault, ZeroDivisionError)
    assert "no days" in caplog.text


def test_a_third_snapshot_ends_the_work_on_the_second(data, publish):
    refresher, begun, go_on = Refresher(data), threading.Event(), threading.Event()
    asked: list[tuple[str, str]] = []

    def slow(of: Served) -> None:
        begun.set()
        assert go_on.wait(SECONDS)
        asked.append(("slow", of.named))

    names(refresher)
    refresher.note("quick", lambda of: asked.append(("quick", of.named)))
    refresher.note("slow", slow)
    second = publish()
    names(refresher)
    assert begun.wait(SECONDS)
    third = publish()
    names(refresher)
    go_on.set()
    assert refresher.wait(SECONDS)
    assert names(refresher) == third
    assert ("quick", second) not in asked
    assert ("quick", third) in asked


def test_a_newer_one_that_is_broken_leaves_the_last_good_one_with_a_note(data, publish):
    refresher = Refresher(data)
    before = names(refresher)
    refresher.note("any", lambda of: of.reader.info)
    newest = publish()
    (data / "warehouse" / "snapshots" / newest / "artonomics.duckdb").write_bytes(b"torn")
    names(refresher)
    assert refresher.wait(SECONDS)
    info = refresher.present().reader.info
    assert before in str(info.path)
    assert newest in info.note


def test_who_waits_for_the_newest_is_shown_it_at_once(data, publish):
    refresher, go_on = Refresher(data), threading.Event()
    names(refresher)
    refresher.note("slow", lambda _: go_on.wait(SECONDS))
    newest = publish()
    assert names(refresher) != newest
    refresher.follow()
    assert names(refresher) == newest
    go_on.set()


def test_only_the_questions_last_asked_are_remembered(data, publish):
    refresher, answered = Refresher(data), []
    names(refresher)
    for n in range(MOST_ASKED + 5):
        refresher.note(n, lambda _, n=n: answered.append(n))
    refresher.note(7, lambda _: answered.append(7))
    publish()
    names(refresher)
    assert refresher.wait(SECONDS)
    assert len(answered) == MOST_ASKED
    assert answered[:2] == [7, MOST_ASKED + 4]
    assert 0 not in answered


def test_a_session_finds_the_answers_about_a_new_snapshot_ready(data, publish, monkeypatch):
    monkeypatch.setenv("ARTONOMICS_DATA", str(data))
    cache.forget()
    asked_by: list[str] = []

    def counted(reader: queries.Reader, least: int) -> int:
        asked_by.append(threading.current_thread().name)
        return len(queries.instruments(reader)) + least

    answer, before = cache.study(counted, 0), cache.info().snapshot_id
    newest = publish()
    assert cache.study(counted, 0) == answer
    assert cache.info().snapshot_id == before
    assert cache.settled(SECONDS)
    assert cache.info().path.parent.name == newest
    assert cache.study(counted, 0) == answer
    here = threading.current_thread().name
    assert asked_by == [here, "refresh"]
    assert cache.failures() == []


def test_a_run_is_of_one_snapshot_to_its_end(data, publish, monkeypatch):
    monkeypatch.setenv("ARTONOMICS_DATA", str(data))
    cache.forget()
    said, of = words("en"), cache.info
    with cache.one_snapshot():
        before = of().path
        newest = publish()
        assert cache.study(queries.failed_sources) == []
        cache.follow()
        assert of().path.parent.name == newest, "who waits for the newest is shown it"
    with cache.one_snapshot():
        held = of().path
        publish()
        cache._refresher(str(data)).follow()  # another session waits for the newest
        card = cache.drawn("card", lambda _: held, said)
        assert of().path == card == held != before
    assert cache.drawn("card", lambda _: of().path, said) == of().path != held


def test_a_download_is_of_the_snapshot_it_was_offered_with(data, publish, monkeypatch):
    monkeypatch.setenv("ARTONOMICS_DATA", str(data))
    cache.forget()
    offered = cache.as_shown(lambda: (cache.info().path, cache.passed_on(_path)))
    shown = cache.info().path
    publish()
    cache.follow()
    assert cache.info().path != shown
    assert offered() == (shown, shown)
    assert cache.info().path != shown


def _path(reader: SnapshotReader) -> Path:
    return reader.info.path


def test_a_snapshot_that_was_thinned_out_is_not_shown_until_the_next_is_ready(data, publish):
    refresher, go_on = Refresher(data), threading.Event()
    before = refresher.present().reader.info.path
    refresher.note("slow", lambda _: go_on.wait(SECONDS))
    newest = publish()
    assert names(refresher) != newest
    shutil.rmtree(before.parent)
    assert names(refresher) == newest
    go_on.set()


def test_of_a_newest_snapshot_deleted_under_a_reader_the_one_before_is_shown(data, publish):
    older = names(Refresher(data))
    newest = publish()
    refresher = Refresher(data)
    assert refresher.present().reader.info.path.parent.name == newest
    shutil.rmtree(data / "warehouse" / "snapshots" / newest)
    info = refresher.present().for_export.info
    assert info.path.parent.name == older
    assert older in info.note
