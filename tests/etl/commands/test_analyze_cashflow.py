"""``analyze cashflow`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import artonomics


@pytest.fixture
def answer(capsys):
    """Return a function that runs the verb with ``--json`` and reads its document."""

    def run(*words: str) -> dict:
        assert artonomics.run_command(["analyze", "cashflow", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.mark.reference
def test_the_textbook_machine_has_all_fields(answer, reference: Path) -> None:
    text = (reference / "finance" / "irr_npv_payback.json").read_text()
    case = json.loads(text)["brigham_K"]
    flows = ",".join(map(str, case["cf"]))
    found = answer("--flows", flows, "--rate", str(case["rate"]))
    names = {
        "npv": "npv",
        "irr": "irr",
        "mirr": "mirr",
        "payback_periods": "payback",
        "discounted_payback_periods": "disc_payback",
        "profitability_index": "pi",
    }
    for name, theirs in names.items():
        assert found[name] == pytest.approx(case[theirs], rel=1e-12), name
    assert found["irr_roots"] == [found["irr"]]
    assert (found["xnpv"], found["xirr"]) == (None, None)
    assert found["reasons"]["xirr"] == "the flows have no dates"


def test_dates_bring_the_dated_figures_and_a_word_on_the_rate(answer) -> None:
    dates = "2023-01-01,2024-01-01, 2025-06-15"
    found = answer("--flows", "-100,60,70", "--rate", "0.1", "--dates", dates)
    years = (365 + 366 + 165) / 365
    assert found["xnpv"] == pytest.approx(-100 + 60 / 1.1 + 70 / 1.1**years)
    rate = 1 + found["xirr"]
    assert -100 + 60 / rate + 70 / rate**years == pytest.approx(0, abs=1e-9)
    assert found["xirr_roots"] == [found["xirr"]]
    assert "one of a year" in found["notes"][0]


def test_the_modified_rate_takes_its_own_two_rates(answer) -> None:
    found = answer(
        *("--flows", "-100,-20,80,90", "--rate", "0.1"),
        *("--finance-rate", "0.05", "--reinvest-rate", "-0.02"),
    )
    expected = ((80 * 0.98 + 90) / (100 + 20 / 1.05)) ** (1 / 3) - 1
    assert found["mirr"] == pytest.approx(expected)


def test_without_a_rate_of_return_the_answer_is_null_with_a_reason(answer) -> None:
    found = answer("--flows", "-100,100,-100", "--rate", "0.1")
    assert (found["irr"], found["irr_roots"]) == (None, [])
    assert "at no rate" in found["reasons"]["irr"]
    found = answer("--flows", "5,5", "--rate", "0")
    assert (found["irr"], found["mirr"], found["npv"]) == (None, None, 10)
    assert "same sign" in found["reasons"]["irr"]


def test_all_rates_are_told_and_shown(answer, capsys) -> None:
    words = ("--flows", "-1000,2500,-1540", "--rate", "0.2")
    found = answer(*words)
    assert found["irr_roots"] == pytest.approx([0.1, 0.4])
    assert found["irr"] == pytest.approx(0.1)
    assert artonomics.run_command(["analyze", "cashflow", *words]) == 0
    shown = capsys.readouterr().out
    assert "10.000000%, 40.000000%" in shown
    assert "by dates" not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--flows -100,x --rate 0.1", "numbers separated by commas"),
        ("--flows -100,,5 --rate 0.1", "numbers separated by commas"),
        ("--flows -100,inf --rate 0.1", "finite numbers"),
        ("--flows -100,110 --rate -1", "got --rate -1.0 expected: a number above -1"),
        ("--flows -100,110 --rate 0.1 --finance-rate -2", "got --finance-rate"),
        ("--flows -100,110 --rate 0.1 --reinvest-rate nan", "got --reinvest-rate"),
        ("--flows -100,110 --rate 0.1 --dates 2025-01-01", "1 dates for 2 flows"),
        ("--flows -100,110 --rate 0.1 --dates 2025-01-02,2025-01-01", "none before the first"),
        ("--flows -100,110 --rate 0.1 --dates 2025-01-02,02/03/2025", "days as YYYY-MM-DD"),
        ("--flows -100,110", "--rate"),
    ],
)
def test_wrong_options_are_refused_in_words(capsys, words: str, said: str) -> None:
    assert artonomics.run_command(["analyze", "cashflow", *words.split()]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_several_paybacks_and_a_root_at_zero_are_readable(capsys) -> None:
    words = "analyze cashflow --rate 0.1 --flows -1000,6000,-11000,6000"
    assert artonomics.run_command(words.split()) == 0
    told = capsys.readouterr().out
    assert "-0.000000%" not in told
    assert "0.000000%" in told
