"""``analyze queue`` on the command line."""

from __future__ import annotations

import json

import pytest

import artonomics

NAMED = {
    *("utilisation", "wait_probability", "wait_paid", "wait_free", "wait_all"),
    *("p95_paid", "p95_free", "method"),
}


@pytest.fixture
def answer(capsys):
    """Return a function that asks for a queue with ``--json`` and reads its document."""

    def run(words: str) -> dict:
        assert artonomics.run_command(["analyze", "queue", *words.split(), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


ONE = "--arrival-paid 0.05 --arrival-free 0.4 --service-seconds 2 --servers 1 --law deterministic"


def test_payers_first_on_one_server(answer):
    found = answer(f"{ONE} --discipline priority")
    assert set(found) >= NAMED
    assert found["utilisation"] == pytest.approx(0.9)
    assert found["wait_probability"] == pytest.approx(0.9)
    assert (found["wait_paid"], found["wait_free"]) == pytest.approx((1, 10))
    assert found["wait_all"] == pytest.approx(9)
    assert found["p95_free"] is None
    assert "simulated" in found["reasons"]["p95_free"]
    assert "p95_free" not in found["evidence_kinds"]


def test_a_simulation_fills_in_what_has_no_formula_and_stands_beside_what_has_one(answer):
    found = answer(f"{ONE} --discipline priority --simulate 200000 --seed 3")
    again = answer(f"{ONE} --discipline priority --simulate 200000 --seed 3")
    assert found == again
    assert found["wait_free"] == pytest.approx(10)
    assert found["evidence_kinds"]["wait_free"] == "estimated"
    assert found["evidence_kinds"]["p95_free"] == "simulated"
    assert "p95_free" not in found["reasons"]
    ends = found["simulated"]["p95_free"]
    assert ends["low"] < found["p95_free"] == ends["value"] < ends["high"]
    mean = found["simulated"]["wait_free"]
    assert mean["low"] - 1 < 10 < mean["high"] + 1
    assert found["n_jobs"] >= 200_000
    assert found["method"].endswith("simulation")


def test_several_servers_with_deterministic_service_and_priority(answer):
    words = "--arrival-paid 0.4 --arrival-free 0.4 --service-seconds 2 --servers 2"
    known = answer(f"{words} --law deterministic --discipline priority")
    assert known["wait_paid"] is known["wait_free"] is None
    assert known["wait_all"] == pytest.approx(
        answer(f"{words} --law deterministic --discipline fcfs")["wait_all"]
    )
    found = answer(f"{words} --law deterministic --discipline priority --simulate 200000")
    assert found["wait_paid"] < found["wait_all"] < found["wait_free"]
    assert found["evidence_kinds"]["wait_paid"] == "simulated"
    # All users' wait is exact, so the free users' follows from the payers'.
    both = (found["wait_paid"] + found["wait_free"]) / 2
    assert both == pytest.approx(found["wait_all"], rel=1e-12)


def test_different_services_at_several_servers_are_a_chain(answer):
    words = "--arrival-paid 0.5 --arrival-free 0.4 --service-seconds 1 --service-seconds-free 2"
    found = answer(f"{words} --servers 2 --law exponential --discipline priority")
    assert found["method"].startswith("chain")
    assert found["wait_paid"] == pytest.approx(0.5606608, rel=1e-6)
    assert found["wait_free"] == pytest.approx(1.5698599, rel=1e-6)
    unknown = answer(f"{words} --servers 2 --law deterministic --discipline fcfs")
    assert unknown["method"].startswith("none")
    assert {unknown[f"wait_{who}"] for who in ("paid", "free", "all")} == {None}
    assert unknown["wait_probability"] is None
    filled = answer(f"{words} --servers 2 --law deterministic --discipline fcfs --simulate 50000")
    assert filled["method"] == "simulation"
    assert filled["reasons"] == {}
    assert None not in {filled[name] for name in NAMED}


def test_one_tier_alone_is_erlang(answer):
    found = answer(
        "--arrival-paid 0 --arrival-free 0.5 --service-seconds 1 --servers 1 --law exponential "
        "--discipline priority"
    )
    assert found["wait_free"] == found["wait_all"] == pytest.approx(1)
    assert found["wait_paid"] is None
    assert found["reasons"]["wait_paid"] == "nobody of this tier arrives"


def test_the_table_is_for_reading(capsys):
    words = f"{ONE} --discipline priority --simulate 20000".split()
    assert artonomics.run_command(["analyze", "queue", *words]) == 0
    shown = capsys.readouterr()
    assert "free" in shown.out
    assert "utilisation 90.0000%" in shown.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--arrival-paid 1 --arrival-free 1 --service-seconds 2 --servers 3", "at least 5 servers"),
        ("--arrival-paid 1 --arrival-free 1 --service-seconds 2 --servers 3", "more than 25.0%"),
        ("--arrival-paid -1 --service-seconds 1", "arrival rate"),
        ("--arrival-paid nan --service-seconds 1", "arrival rate"),
        ("--arrival-paid 1 --service-seconds 0", "seconds of service"),
        ("--arrival-paid 1 --service-seconds 0.1 --servers 0", "whole number"),
        ("--arrival-paid 0 --arrival-free 0 --service-seconds 1", "at least one above 0"),
        ("--arrival-paid 1 --service-seconds 0.1 --law pareto", "pareto"),
        ("--arrival-paid 1 --service-seconds 0.1 --discipline lifo", "lifo"),
        ("--arrival-paid 1 --service-seconds 0.1 --simulate 5", "--simulate 5"),
        ("--arrival-paid 0.9999 --service-seconds 1 --simulate 20000", "further from 1"),
    ],
)
def test_wrong_input_says_what_is_missing(capsys, words, said):
    assert artonomics.run_command(["analyze", "queue", *words.split()]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
