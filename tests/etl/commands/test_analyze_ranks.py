"""``artonomics analyze rank-demand`` and ``rank-shocks`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import artonomics

DEMAND = """rank_paid,rank_grossing,price
1,3,0.99
5,9,1.99
20,35,2.99
50,170,0.99
100,210,1.99
180,150,4.99
"""
CHART = """observed_on,storefront,chart_type,category,app_id,rank
2022-11-30,JP,free,photo,com.meitu.mtxx,5
2022-12-01,JP,free,photo,com.meitu.mtxx,1
"""


def test_the_shapes_are_one_document_or_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "ranks.csv"
    file.write_text(DEMAND)

    status = artonomics.run_command(["analyze", "rank-demand", "--input", str(file), "--json"])
    document = json.loads(capsys.readouterr().out)
    artonomics.run_command(["analyze", "rank-demand", "--input", str(file)])
    captured = capsys.readouterr()

    assert status == 0
    assert {"a_paid", "a_grossing", "scale_ratio", "coefficients"} <= set(document)
    assert f"{document['a_paid']:.4f}" in captured.out
    assert "6 rows are few" in captured.err


def test_shocks_are_written_as_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file, out = tmp_path / "charts.csv", tmp_path / "events.csv"
    file.write_text(CHART)

    status = artonomics.run_command(
        ["analyze", "rank-shocks", "--ranks", str(file), "--out", str(out)]
    )

    assert status == 0
    assert "first_top_1" in capsys.readouterr().out
    assert out.read_text().splitlines()[1].startswith("shock-1357.HK-2022-12-01,1357.HK,2022-12-01")


def test_a_wrong_rule_is_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    asked = ["--ranks", "x.csv", "--out", str(tmp_path / "events.csv"), "--jump", "0"]

    status = artonomics.run_command(["analyze", "rank-shocks", *asked])

    assert status == 2
    assert "got jump 0" in capsys.readouterr().err
