"""``analyze proportions | renewals | survival | clv`` on the command line."""

from __future__ import annotations

import json

import pytest

import artonomics


@pytest.fixture
def answer(capsys):
    """Return a function that runs a verb with ``--json`` and reads its document."""

    def run(*words: str) -> dict:
        assert artonomics.run_command(["analyze", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def refused(capsys):
    """Return a function that runs a verb, expects exit 2 and returns what was said."""

    def run(*words: str) -> str:
        assert artonomics.run_command(["analyze", *words]) == 2
        return capsys.readouterr().err

    return run


def test_proportions_have_all_fields(answer):
    found = answer("proportions", "--successes", "20", "35", "--trials", "100", "110")
    named = [
        "rate",
        "wilson",
        "difference",
        "newcombe",
        "z_pooled",
        "p_pooled",
        "fisher_p",
        "sample_ratio_p",
    ]
    assert set(named) <= set(found)
    assert found["difference"] == pytest.approx(20 / 100 - 35 / 110)
    told = answer("proportions", "--successes", "2", "3", "--trials", "100", "400")
    assert "find out why" in told["notes"][0]


def test_renewals_have_all_fields_and_take_several_cohorts(answer):
    found = answer("renewals", "--survivors", "1000,631,468,382", "--survivors", "500,310,230")
    assert found["n_cohorts"] == 2
    assert len(found["survival"]) == len(found["renewal_rate"]) == len(found["derl"]) == 12
    assert found["survival_low"][0] < found["survival"][0] < found["survival_high"][0]
    assert found["del_low"] < found["del"] < found["del_high"]
    assert found["survival"][0] == pytest.approx(found["renewal_rate"][0])


def test_renewals_without_a_fit_give_no_number(answer):
    found = answer("renewals", "--survivors", "100,100,100")
    assert found["alpha"] is None
    assert set(found["survival"]) == {None}
    assert "nobody left" in found["reason"]


def test_survival_has_all_fields(answer, tmp_path):
    file = tmp_path / "stays.csv"
    file.write_text("time,status,group\n1,1,a\n2,0,a\n2,1,b\n3,1,b\n")
    found = answer("survival", "--input", str(file))
    [first, second] = found["groups"]
    assert (first["group"], first["time"], first["at_risk"], first["events"]) == (
        "a",
        [1],
        [2],
        [1],
    )
    assert second["survival"] == [0.5, 0]
    assert second["se_greenwood"][1] is None
    assert found["tau"] == 2
    assert 0 < found["log_rank_p"] < 1


def test_clv_has_all_fields(answer, tmp_path):
    file = tmp_path / "customers.csv"
    rows = [f"{i % 4},{(i % 4) * 2},{10 + i % 3},{5 + i % 7 if i % 4 else ''}" for i in range(60)]
    file.write_text("frequency,recency,T,monetary_value\n" + "\n".join(rows) + "\n")
    found = answer("clv", "--input", str(file), "--model", "bgnbd", "--horizons", "1,4")
    assert set(found["params"]) == {"r", "alpha", "a", "b"}
    assert [row["time"] for row in found["expected_purchases"]] == [1, 4]
    spent = answer("clv", "--input", str(file), "--model", "gammagamma")
    assert set(spent["params"]) == {"p", "q", "v"}
    assert "15 customers without a repeat purchase" in spent["notes"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("proportions --successes 5 1 --trials 4 9", "never more than those"),
        ("renewals --survivors 100,110", "survivors never rise"),
        ("renewals --survivors 100;50", "counts separated by commas"),
        ("renewals --survivors 100,50 --discount 0", "a rate above 0"),
    ],
)
def test_impossible_numbers_are_refused_in_words(refused, words, said):
    assert said in " ".join(refused(*words.split()).split())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("time,status\n-1,1\n", "line 2"),
        ("time,status\n1,3\n", "1 where it ended"),
        ("time,status\n,1\n", "a time of 0 or more"),
        ("duration,status\n1,1\n", "without 'time'"),
    ],
)
def test_wrong_files_name_the_cell(refused, tmp_path, content, said):
    file = tmp_path / "stays.csv"
    file.write_text(content)
    assert said in refused("survival", "--input", str(file))
