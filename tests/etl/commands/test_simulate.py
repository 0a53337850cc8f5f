"""``artonomics simulate events`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import artonomics


def test_the_answer_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "history"
    asked = ["--users", "300", "--days", "12", "--seed", "4", "--out", str(out), "--workers", "1"]

    status = artonomics.run_command(["simulate", "events", *asked, "--json"])

    told = json.loads(capsys.readouterr().out)
    written = json.loads((out / "simulation.json").read_text())
    assert status == 0
    assert told["n_rows"] == written["n_rows"]
    assert told["evidence_kind"] == "simulated"
    assert told["retention"][2]["realised_rate"] is None  # nobody was observed for 30 days


def test_the_table_names_the_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = ["--users", "100", "--days", "3", "--seed", "4", "--out", str(tmp_path / "out")]

    status = artonomics.run_command(
        ["simulate", "events", *asked, "--start", "2023-06-01", "--scenario", "claim"]
    )

    captured = capsys.readouterr()
    assert status == 0
    assert "product_events" in captured.out
    assert "evidence kind simulated" in captured.err
    assert (tmp_path / "out" / "product_events" / "event_date=2023-06-01").is_dir()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--users", "0"], "--users 0"),
        (["--retention", "0.1,0.2,0.3"], "each below the one before"),
        (["--retention", "a,b"], "three shares by comma"),
        (["--scenario", "dream"], "dream"),
        (["--workers", "0"], "--workers 0"),
    ],
)
def test_wrong_options_are_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
):
    asked = {"--users": "10", "--days": "3", "--seed": "1", "--out": str(tmp_path / "out")}
    asked |= dict(zip(options[::2], options[1::2], strict=True))
    tokens = [word for pair in asked.items() for word in pair]

    status = artonomics.run_command(["simulate", "events", *tokens])

    assert status == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
