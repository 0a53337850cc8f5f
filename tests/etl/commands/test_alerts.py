"""``alerts check | status | list | test | example`` on the command line, and after a run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import artonomics
from etl.alerts import rules, rules_file

LINE = "SELECT 'bars' AS subject, count(*) AS value FROM stock_prices"
RULES = f"""
rules:
  - {{name: many, kind: query_crosses, question: "{LINE}", above: 10, unit: bars, to: [box]}}
  - {{name: few, kind: query_crosses, question: "{LINE}", below: 10, unit: bars}}
"""


@pytest.fixture
def data(published: Path, tmp_path: Path) -> Path:
    """Return a data folder with the bundled snapshot, two rules and a folder to deliver to."""
    shutil.copytree(published / "warehouse", tmp_path / "data" / "warehouse")
    (tmp_path / "data" / rules.FILE).write_text(RULES, encoding="utf-8")
    (tmp_path / "data" / "delivery.yml").write_text("channels: {box: {kind: folder, path: box}}\n")
    return tmp_path / "data"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], data: Path):
    def ran(*words: str) -> tuple[int, str, str]:
        status = artonomics.run_command(["--data", str(data), *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return ran


def test_an_alert_is_told_once_with_its_evidence(run, data: Path) -> None:
    status, out, _ = run("--json", "alerts", "check")
    assert status == 0
    changes = json.loads(out)["changes"]
    assert [(one["what"], one["rule"]) for one in changes] == [("raised", "many")]
    (sent,) = (data / "box").iterdir()
    assert "Evidence" in sent.read_text(encoding="utf-8")
    status, out, _ = run("--json", "alerts", "check")
    assert json.loads(out)["changes"] == []
    assert len(list((data / "box").iterdir())) == 1
    status, out, _ = run("--json", "alerts", "list")
    assert [one["rule"] for one in json.loads(out)] == ["many"]


def test_a_dry_run_remembers_and_sends_nothing(run, data: Path) -> None:
    status, _, err = run("--json", "alerts", "check", "--dry-run")
    assert status == 0
    assert "would_send" in err
    assert not (data / "box").exists()
    assert json.loads(run("--json", "alerts", "list")[1]) == []


def test_status_shows_every_reading(run) -> None:
    status, out, _ = run("alerts", "status")
    assert status == 0
    assert "many" in out
    assert "few" in out


def test_a_channel_is_tried_by_a_message(run, data: Path) -> None:
    status, _, _ = run("alerts", "test", "--dry-run")
    assert status == 0
    assert not list((data / "box").glob("*.txt")) if (data / "box").exists() else True
    status, _, _ = run("alerts", "test")
    assert status == 0
    assert len(list((data / "box").iterdir())) == 1
    status, _, err = run("alerts", "test", "nowhere")
    assert status == 2
    assert "nowhere" in err


def test_the_example_is_a_file_of_rules(run, data: Path) -> None:
    status, out, _ = run("alerts", "example")
    assert status == 0
    (data / rules.FILE).write_text(out, encoding="utf-8")
    kinds = {type(rule).__name__ for rule in rules_file.load(data)}
    assert len(kinds) >= 5


def test_a_wrong_rule_names_the_nearest_word(run, data: Path) -> None:
    (data / rules.FILE).write_text(RULES.replace("above: 10", "abov: 10"), encoding="utf-8")
    status, _, err = run("alerts", "check")
    assert status == 2
    assert "above" in err


def test_each_run_looks_at_the_rules(run, data: Path) -> None:
    status, _, err = run("etl", "run", "waves", "--offline")
    assert status == 0
    assert "alert raised: many" in err
    assert json.loads(run("--json", "alerts", "list")[1])[0]["rule"] == "many"
