"""Formulas of queues against published values, other programs and their own laws."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from etl.analytics import queueing
from etl.analytics.queue_answer import NOBODY, solve
from etl.analytics.queue_load import Load


@pytest.mark.reference
def test_the_grid_of_r_queueing(reference):
    for case in json.loads((reference / "capacity/mmc.json").read_text())["mmc_grid"]:
        seconds = 1 / case["mu"]
        waits = solve(Load(case["lam"], 0, seconds, seconds, case["c"], "exponential", "fcfs"))
        assert queueing.erlang_b(case["a"], case["c"]) == pytest.approx(case["erlang_b"], rel=1e-10)
        assert waits.wait_probability == pytest.approx(case["erlang_c"], rel=1e-10)
        assert waits.means["all"] == pytest.approx(case["Wq"], rel=1e-10)
        assert waits.quantile("all", 0.95) == pytest.approx(case["wait_p95"], rel=1e-10)
        for seconds, share in case["P_wait_gt"].items():
            assert waits.tails["all"](float(seconds)) == pytest.approx(share, rel=1e-10)


@pytest.mark.reference
def test_the_call_centre_as_published(reference):
    case = json.loads((reference / "capacity/mmc.json").read_text())["erlang_c_callcentre"]
    waits = solve(Load(case["lam"], 0, 180, 180, 14, "exponential", "fcfs"))
    published = case["published"]
    assert waits.wait_probability == pytest.approx(published["wait_probability"], rel=1e-10)
    assert 1 - waits.tails["paid"](20) == pytest.approx(published["service_level"], rel=1e-10)
    assert waits.means["paid"] == pytest.approx(published["asa_s"], rel=1e-10)


@pytest.mark.reference
def test_payers_first_on_one_deterministic_server(reference):
    [case] = json.loads((reference / "capacity/priority_md1_first.json").read_text())
    rates, seconds = (case["lam_paid"], case["lam_free"]), case["D"]
    first = solve(Load(*rates, seconds, seconds, 1, "deterministic", "priority")).means
    alike = solve(Load(*rates, seconds, seconds, 1, "deterministic", "fcfs")).means
    assert first["paid"] == pytest.approx(case["Wq_paid_np"], rel=1e-10)
    assert first["free"] == pytest.approx(case["Wq_free_np"], rel=1e-10)
    assert alike["paid"] == alike["free"] == pytest.approx(case["Wq_fcfs"], rel=1e-10)


def test_erlang_b_of_many_servers_by_its_sum():
    a, c = 450.0, 500
    logs = [k * math.log(a) - math.lgamma(k + 1) for k in range(c + 1)]
    share = math.exp(logs[-1] - max(logs)) / sum(math.exp(x - max(logs)) for x in logs)
    assert queueing.erlang_b(a, c) == pytest.approx(share, rel=1e-10)
    assert 0 < queueing.erlang_c(4_990, 5_000) < 1
    assert queueing.erlang_b(0, 3) == 0


def test_a_quantile_is_zero_where_few_enough_wait():
    waits = solve(Load(0.5, 0, 1, 1, 4, "exponential", "fcfs"))
    assert waits.wait_probability is not None
    assert waits.wait_probability < 0.05
    assert waits.quantile("paid", 0.95) == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        waits.quantile("paid", 1.0)


@pytest.mark.parametrize("discipline", ["priority", "fcfs"])
@pytest.mark.parametrize("law", ["deterministic", "exponential"])
@pytest.mark.parametrize("services", [(1, 1), (1, 2)])
@pytest.mark.parametrize("c", [1, 4])
def test_where_few_wait_no_tier_has_a_wait_in_its_quantile(law, discipline, services, c):
    load = Load(0.01 * c**2, 0.01 * c**2, *services, c, law, discipline)
    waits = solve(load)
    if waits.wait_probability is None:
        assert waits.quantile("free", 0.5) is None
        assert "simulated" in waits.why_no_quantile("free", 0.5)
        return
    above = 1 - waits.wait_probability * 1.01
    for who in ("paid", "free", "all"):
        assert waits.quantile(who, 1 - waits.wait_probability * 1.01) == 0
        assert not waits.why_no_quantile(who, above)
        beyond = waits.quantile(who, 1 - waits.wait_probability * 0.99)
        assert beyond is None or beyond > 0
        assert (beyond is None) == bool(
            waits.why_no_quantile(who, 1 - waits.wait_probability * 0.99)
        )
        with pytest.raises(ValueError, match="between 0 and 1"):
            waits.quantile(who, 1.0)


def test_an_exact_mean_stands_also_where_its_tail_is_too_long_for_a_table():
    waits = solve(Load(0.9999999, 1e-12, 1, 2, 1, "deterministic", "priority"))
    assert waits.means["paid"] == pytest.approx(0.5e7, rel=1e-6)
    assert waits.quantile("paid", 0.95) is None
    assert "simulated" in waits.why_no_quantile("paid", 0.95)


loads = st.builds(
    lambda rho, share, seconds, ratio, c: Load(
        c * rho * share / seconds, c * rho * (1 - share) / (seconds * ratio), seconds,
        seconds * ratio, c, "exponential", "priority",
    ),
    st.floats(0.05, 0.97), st.floats(0.05, 0.95), st.floats(0.1, 20), st.floats(0.2, 5),
    st.integers(1, 5),
)  # fmt: skip


@given(loads)
def test_waits_weighted_by_work_are_the_same_under_both_disciplines_on_one_server(load):
    one = Load(load.arrival_paid_per_second / load.n_servers,
               load.arrival_free_per_second / load.n_servers,
               load.service_paid_seconds, load.service_free_seconds, 1, "exponential")  # fmt: skip
    paid, free = queueing.priority_waits(one)
    rho = one.utilisation
    weighted = one.utilisation_paid * paid + (rho - one.utilisation_paid) * free
    assert weighted == pytest.approx(rho * queueing.pollaczek_khinchine(one), rel=1e-9)


@given(loads)
def test_payers_wait_least_and_every_mean_is_positive(load):
    waits = solve(load)
    assert 0 < waits.means["paid"] < waits.means["free"]
    assert waits.wait_probability is not None
    assert 0 < waits.wait_probability < 1


@given(loads)
def test_a_tail_begins_at_the_probability_of_waiting_and_has_the_mean_below_it(load):
    one = Load(load.arrival_paid_per_second / load.n_servers,
               load.arrival_free_per_second / load.n_servers,
               load.service_paid_seconds, load.service_free_seconds, 1, "exponential")  # fmt: skip
    paid, tail = queueing.priority_waits(one)[0], queueing.priority_paid_tail_mm1(one)
    alike, fcfs = queueing.pollaczek_khinchine(one), queueing.fcfs_tail_mm1(one)
    for mean, found in ((paid, tail), (alike, fcfs)):
        assert found(0.0) == pytest.approx(one.utilisation, rel=1e-9)
        far = queueing.quantile(found, 1 - 1e-12, mean)
        below = quad(found, 0, far, limit=200)[0]
        assert below == pytest.approx(mean, rel=1e-6)


def test_payers_tail_of_one_server_is_that_of_several_where_means_are_equal():
    load = Load(0.3, 0.5, 1.1, 1.1, 1, "exponential")
    one, several = queueing.priority_paid_tail_mm1(load), queueing.priority_paid_tail_mmc(load)
    assert [one(t) for t in (0, 1, 5)] == pytest.approx([several(t) for t in (0, 1, 5)], rel=1e-9)


def test_payers_tail_is_continuous_where_both_rates_meet():
    # The payers' own rate (1 − ρ)/s equals the free users' 1/s here.
    meet = queueing.priority_paid_tail_mm1(Load(0.5, 0.2, 1, 2, 1, "exponential"))
    near = queueing.priority_paid_tail_mm1(Load(0.5, 0.2, 1, 2 + 1e-5, 1, "exponential"))
    assert [meet(t) for t in (0, 2, 9)] == pytest.approx([near(t) for t in (0, 2, 9)], rel=1e-4)


def test_a_tier_that_never_comes_has_no_wait_and_says_why():
    waits = solve(Load(0, 0.5, 1, 1, 1, "exponential", "priority"))
    assert set(waits.means) == {"free", "all"}
    assert waits.means["free"] == pytest.approx(1.0)
    assert waits.quantile("paid", 0.95) is None
    assert waits.why_no_quantile("paid", 0.95) == waits.reasons["paid"] == NOBODY


def test_what_has_no_formula_is_missing_with_a_reason():
    for discipline in ("priority", "fcfs"):
        waits = solve(Load(0.4, 0.4, 1, 2, 2, "deterministic", discipline))
        assert waits.method == "none"
        assert not waits.means
        assert all("simulated" in waits.reasons[who] for who in ("paid", "free", "all"))
    equal = solve(Load(0.4, 0.4, 1, 1, 2, "deterministic", "priority"))
    alike = solve(Load(0.4, 0.4, 1, 1, 2, "deterministic", "fcfs"))
    assert set(equal.means) == {"all"}
    assert equal.means["all"] == alike.means["all"]
    assert equal.wait_probability == alike.wait_probability
