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
        ("--arrival-paid 1 --service-seconds 1", "utilisation of 1 with 1 server;"),
        ("--arrival-paid 1 --service-seconds 1", "has to fall, to a utilisation of 0.999999999"),
        ("--arrival-paid 0.999999999 --service-seconds 1", "utilisation of 1 − 1e-09 with"),
        ("--arrival-paid 1.00001 --service-seconds 1", "fall by more than 1e-05 of itself"),
        ("--arrival-paid 2 --service-seconds 1 --servers 2", "with 2 servers;"),
        ("--arrival-paid 0.1 --service-seconds 1 --servers 2.5", "got --servers 2.5"),
        ("--arrival-paid 0.1 --service-seconds 1 --servers=2.5", "a whole number"),
        ("--arrival-paid 0.1 --service-seconds 1 --simulate 20000.5", "a whole number"),
        ("--arrival-paid 0.1 --service-seconds 1 --seed -1", "a whole number of 0 or more"),
        (
            "--arrival-paid 0.49995 --arrival-free 0.49995 --service-seconds 3 --servers 3 "
            "--service-seconds-free 2.9999 --simulate 20000",
            "further from 1",
        ),
    ],
)
def test_wrong_input_says_what_is_missing(capsys, words, said):
    assert artonomics.run_command(["analyze", "queue", *words.split()]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


NEARLY_FULL = "--arrival-paid 0.4 --arrival-free 0.59995 --service-seconds 1"


def test_what_is_exact_stands_also_where_nothing_could_be_simulated(answer, capsys):
    found = answer(f"{NEARLY_FULL} --simulate 20000")
    exact = answer(NEARLY_FULL)
    assert found["wait_free"] == exact["wait_free"] > 16_000
    assert found["simulated"] is None
    assert found["n_jobs"] == 0
    [why] = [note for note in found["notes"] if "simulated" in note]
    assert why.startswith("nothing was simulated")
    assert "further from 1" in why
    assert "could not be simulated" in found["reasons"]["p95_free"]
    assert artonomics.run_command(["analyze", "queue", *NEARLY_FULL.split()]) == 0
    shown = capsys.readouterr().err
    assert "1 server, deterministic, priority: utilisation of 1 − 5e-05" in shown
    assert "100.0%" not in shown


def test_a_quantile_is_zero_for_every_tier_where_few_wait_at_all(answer):
    for words in (
        "--arrival-paid 0.01 --arrival-free 0.02 --service-seconds 1",
        "--arrival-paid 0.3 --arrival-free 0.5 --service-seconds 1 --servers 4",
        "--arrival-paid 0.1 --arrival-free 0.1 --service-seconds 1 --service-seconds-free 2 "
        "--servers 4 --law exponential",
    ):
        found = answer(words)
        assert found["wait_probability"] <= 0.05
        for who in ("paid", "free", "all"):
            assert found[f"p50_{who}"] == found[f"p95_{who}"] == 0
            assert found["evidence_kinds"][f"p95_{who}"] == "estimated"
            assert f"p95_{who}" not in found["reasons"]
    half = answer("--arrival-paid 0.1 --arrival-free 0.2 --service-seconds 1")
    assert half["p50_free"] == 0
    assert half["p95_free"] is None
    assert set(half["reasons"]) == {"p95_free", "p95_all"}
    alone = answer("--arrival-free 0.01 --service-seconds 1")
    assert alone["p95_paid"] is None
    assert alone["reasons"]["p95_paid"] == "nobody of this tier arrives"


@pytest.mark.parametrize("discipline", ["priority", "fcfs"])
@pytest.mark.parametrize("case", ["5 10 1 2 120", "2 5 1 2 60"])
def test_nothing_is_negative_where_hardly_anybody_waits(answer, capsys, case, discipline):
    paid, free, seconds, seconds_free, servers = case.split()
    words = (
        f"--arrival-paid {paid} --arrival-free {free} --service-seconds {seconds} --servers "
        f"{servers} --service-seconds-free {seconds_free} --law exponential "
        f"--discipline {discipline}"
    )
    found = answer(words)
    assert 0 < found["wait_probability"] < 1e-20
    assert 0 < found["wait_paid"] <= found["wait_all"] <= found["wait_free"] < 1e-20
    assert artonomics.run_command(["analyze", "queue", *words.split()]) == 0
    assert "a share of " in capsys.readouterr().err


def test_thousands_of_deterministic_servers(answer):
    found = answer(
        "--arrival-paid 1000 --arrival-free 3900 --service-seconds 1 --servers 5000 "
        "--discipline fcfs"
    )
    assert found["wait_probability"] == pytest.approx(0.0879884, rel=1e-5)
    assert found["p95_all"] > 0
