"""An alert is told once when it begins and once when it ends, whatever happens in between."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from filelock import FileLock

from etl.alerts import check as looking
from etl.alerts import state
from etl.alerts.said import GONE
from etl.errors import ArtonomicsError, InputError
from tests.etl.alerts.conftest import NOON, load


def changes(found):
    return [(change.what, change.subject) for change in found.changes]


def raised(data):
    return {one.subject: one.unknown for one in state.read(data).raised}


def test_between_the_two_lines_it_stays_what_it_was(rules, look):
    rules(load())
    said = [changes(look(a=value)) for value in (9, 11, 9, 10.5, 12, 8.5, 8, 9, 10, 11)]
    expected = [[], [("raised", "a")], [], [], [], [], [("cleared", "a")], [], []]
    assert said == [*expected, [("raised", "a")]]


def test_missing_data_never_ends_an_alert(rules, look, told, data):
    rules(load())
    look(a=11)
    assert changes(look(a=None)) == []
    assert raised(data) == {"a": "the value is missing"}
    look(a=float("inf"))
    assert raised(data) == {"a": "the value is missing"}
    told.rows = []
    assert changes(look()) == []
    assert raised(data) == {"a": GONE}
    assert state.read(data).raised[0].value == 11
    assert changes(look(a=9)) == []
    assert raised(data) == {"a": ""}
    assert changes(look(a=1)) == [("cleared", "a")]


def test_a_question_that_errs_names_its_rule_and_keeps_what_stands(rules, look, told, data):
    rules(load(), load(name="other"))
    look(a=11)
    told.rows = InputError("got nonsense")
    found = look()
    assert set(found.faults) == {"load", "other"}
    assert raised(data) == {"a": "got nonsense"}
    assert state.read(data).faults == found.faults
    told.rows = ValueError("got a thing of another layer")
    assert "another layer" in look().faults["load"]


def test_one_rule_that_fails_does_not_silence_the_others(rules, look):
    rules({"name": "no", "kind": "scenario_crosses", "scenario": "wombo", "below": 0}, load())
    found = look(a=11)
    assert "wombo" in found.faults["no"]
    assert changes(found) == [("raised", "a")]


def test_a_moved_line_counts_at_once(rules, look):
    rules(load())
    look(a=11)
    rules(load(above=20))
    assert changes(look(a=11)) == [("cleared", "a")]
    rules(load(above=20, clear=10))
    assert changes(look(a=11)) == []
    rules(load(above=10))
    assert changes(look(a=11)) == [("raised", "a")]


def test_another_channel_or_language_is_no_new_line(rules, look):
    rules(load())
    look(a=11)
    rules(load(language="zh", tell_clear=False))
    assert changes(look(a=9)) == []


def test_a_rule_that_is_gone_ends_its_alerts(rules, look, data):
    rules(load())
    look(a=11, b=12)
    rules(load(name="new"))
    assert ("cleared", "a") in changes(look(a=1, b=1))
    assert raised(data) == {}


def test_an_edited_rule_that_no_longer_looks_at_a_subject_ends_it(rules, look):
    rules(load())
    look(a=11, b=12)
    rules(load(question="SELECT 2 AS subject, 1 AS value"))
    assert changes(look(b=12)) == [("cleared", "a")]


def test_nothing_is_remembered_of_a_dry_run(rules, data, told):
    rules(load())
    told.values(a=11)
    found = looking.check(data, told, NOON, dry_run=True)
    assert changes(found) == [("raised", "a")]
    assert not (data / "alerts" / "state.json").exists()
    assert state.events(data) == []


def test_events_are_noted_once_though_a_crash_made_them_stand_twice(rules, look, data, monkeypatch):
    rules(load())

    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(looking, "_sent", dies)
    with pytest.raises(KeyboardInterrupt):
        look(a=11)
    monkeypatch.undo()
    look(a=11)
    assert [event["what"] for event in state.events(data)] == ["raised"]
    look(a=1)
    assert [event["what"] for event in state.events(data)] == ["cleared", "raised"]


def test_only_one_process_looks_at_a_time(rules, look, data, monkeypatch):
    rules(load())
    look(a=1)
    monkeypatch.setattr(state, "LOCK_SECONDS", 0.05)
    other = FileLock(data / "alerts" / "check.lock", is_singleton=False)
    with other, pytest.raises(ArtonomicsError, match="another process"):
        look(a=11)
    assert changes(look(a=11)) == [("raised", "a")]


def test_a_torn_state_is_told_and_not_taken_for_an_empty_one(rules, look, data):
    rules(load())
    look(a=11)
    path = data / "alerts" / "state.json"
    for torn in (path.read_text()[:-20], "[]", json.dumps({"raised": [{"rule": "x"}]})):
        path.write_text(torn)
        with pytest.raises(ArtonomicsError, match="cannot be read"):
            look(a=11)


def test_what_was_looked_at_is_remembered(rules, look, data):
    rules(load())
    look(a=1, b=None, now=NOON + timedelta(hours=1))
    found = state.read(data)
    assert (found.n_rules, found.n_subjects, found.n_unknown) == (1, 2, 1)
    assert found.checked_at == "2026-11-23T13:00:00+00:00"
