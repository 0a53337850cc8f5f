"""M/D/c against its chain by brute force, limits and published values."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import poisson

from etl.analytics import queue_deterministic as md
from etl.analytics.queue_answer import solve
from etl.analytics.queue_load import Load
from etl.analytics.queueing import priority_waits


def queue_by_iteration(a: float, c: int, longest: int = 400) -> np.ndarray:
    """Return P(n wait): the chain N' = (N − c)⁺ + A by its transition matrix."""
    arrived = poisson.pmf(np.arange(longest), a)
    move = np.zeros((longest, longest))
    for n in range(longest):
        left = max(n - c, 0)
        move[n, left:] = arrived[: longest - left]
    move /= move.sum(axis=1, keepdims=True)
    system = move.T - np.eye(longest)
    system[-1] = 1
    number = np.linalg.solve(system, np.eye(longest)[-1])
    return np.concatenate([[number[: c + 1].sum()], number[c + 1 :]])


CASES = [(0.5, 1), (0.9, 1), (1.8, 2), (3.0, 4), (9.0, 10), (40.0, 50)]


@pytest.mark.parametrize(("a", "c"), CASES)
def test_queue_lengths_are_those_of_the_chain(a, c):
    expected = queue_by_iteration(a, c)
    found = md.queue_shares(a, c)
    n = min(found.size, expected.size)
    assert found[:n] == pytest.approx(expected[:n], abs=1e-11)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert md.mean_queue(a, c) == pytest.approx(expected @ np.arange(expected.size), rel=1e-8)


@pytest.mark.parametrize(
    ("a", "c", "expected"),
    [
        (4900, 5000, 0.0879884),
        (4950, 5000, 0.334593),
        (4995, 5000, 0.904444),
        (9900, 10000, 0.199094),
    ],
)
def test_thousands_of_servers_wait_as_fifty_digits_say(a, c, expected):
    assert md.wait_probability(a, c) == pytest.approx(expected, rel=1e-5)
    with np.errstate(all="raise", under="ignore"):
        wait = md.DeterministicWait.of(a, 1.0, c)
    assert wait(1e-12) == pytest.approx(expected, rel=1e-5)
    assert wait(wait.quantile(0.95)) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("a", "c", "expected"),
    [
        (0.4, 8, 1.13997e-8),
        (1, 20, 1.58753e-19),
        (15, 50, 9.05613e-13),
        (50, 100, 3.20007e-10),
        (30, 100, 7.338e-24),
    ],
)
def test_rare_waits_keep_their_digits(a, c, expected):
    wait = md.DeterministicWait.of(a, 1.0, c)
    assert wait.wait_probability == wait(0.0) == pytest.approx(expected, rel=1e-4, abs=0)
    assert wait(1e-9) == pytest.approx(wait(0.0), rel=1e-6, abs=0)
    assert 0 < wait(0.9) < wait(0.5) < wait(0.1) < wait(0.0)


@pytest.mark.parametrize(("a", "c"), [*CASES, (0.99, 1), (198.0, 200), (1.0, 3), (475.0, 500)])
def test_spitzers_sum_and_the_roots_give_the_same_probability(a, c, monkeypatch):
    by_sum, shares = md.wait_probability(a, c), md.queue_shares(a, c)
    monkeypatch.setattr(md, "_MOST_TERMS", 0)
    monkeypatch.setattr(md, "_MOST_PROBABILITIES", 0)
    assert md.wait_probability(a, c) == pytest.approx(by_sum, rel=1e-9)
    by_roots = md.queue_shares(a, c)
    n = min(by_roots.size, shares.size)
    assert by_roots[:n] == pytest.approx(shares[:n], abs=1e-13)


@pytest.mark.parametrize(("a", "c"), [*CASES, (0.99, 1), (198.0, 200), (1.0, 3), (475.0, 500)])
def test_spitzers_sum_and_the_roots_give_the_same_mean(a, c, monkeypatch):
    by_sum = md.mean_queue(a, c)
    monkeypatch.setattr(md, "_MOST_TERMS", 0)
    assert md.mean_queue(a, c) == pytest.approx(by_sum, rel=1e-9, abs=1e-12)


def test_one_server_is_pollaczek_and_khinchine_also_near_the_limit():
    for rho in (0.1, 0.9, 0.99, 0.9999, 1 - 1e-8):
        assert md.mean_wait(rho, 1, 1) == pytest.approx(rho / (2 * (1 - rho)), rel=1e-14)
        assert md.wait_probability(rho, 1) == rho


def test_one_server_waits_as_in_erlangs_formula():
    # Erlang 1909: P(wait ≤ t) = (1 − ρ)·Σ (λ(kD − t))ᵏ/k!·exp(−λ(kD − t)), its first two steps.
    rate, seconds = 0.6, 1.0
    wait = md.DeterministicWait.of(rate, seconds, 1)
    for t in (0.0, 0.4, 0.99):
        assert 1 - wait(t) == pytest.approx((1 - 0.6) * math.exp(rate * t), rel=1e-12)
    t = 1.5
    second = math.exp(rate * t) - rate * (t - 1) * math.exp(rate * (t - 1))
    assert 1 - wait(t) == pytest.approx(0.4 * second, rel=1e-12)


@pytest.mark.parametrize(("a", "c"), [(0.8, 1), (1.7, 2), (9.0, 10), (95.0, 100)])
def test_the_tail_has_the_mean_below_it_and_the_quantile_at_its_height(a, c):
    wait = md.DeterministicWait.of(a / 2, 2.0, c)
    far = wait.quantile(1 - 1e-11)
    edges = np.arange(0, far + 2, 2.0)
    below = sum(quad(wait, low, low + 2, epsabs=1e-10)[0] for low in edges)
    assert below == pytest.approx(md.mean_wait(a / 2, 2.0, c), rel=1e-6)
    p95 = wait.quantile(0.95)
    assert wait(p95) == pytest.approx(0.05, rel=1e-9)
    assert wait(0.0) == pytest.approx(1 - queue_by_number(a, c), abs=1e-9)


def queue_by_number(a: float, c: int) -> float:
    """Return P(fewer than c in the system), from the queue and a service's arrivals."""
    queue = md.queue_shares(a, c)
    return sum(queue[n] * poisson.cdf(c - 1 - n, a) for n in range(min(c, queue.size)))


def test_payers_wait_on_one_server_with_priority():
    load = Load(0.2, 0.3, 1.5, 0.8, 1, "deterministic", "priority")
    paid = load.utilisation_paid
    own = md.DeterministicWait.of(0.2, 1.5, 1)
    wait = md.PriorityPaidWait(own, (load.utilisation - paid) / (1 - paid), 0.8)
    assert wait(0.0) == pytest.approx(load.utilisation, rel=1e-9)
    kinks = sorted({k * 1.5 + u for k in range(20) for u in (0, 0.8)})
    below = sum(quad(wait, *ends, epsabs=1e-9)[0] for ends in pairwise(kinks))
    assert below == pytest.approx(priority_waits(load)[0], rel=1e-6)


@pytest.mark.parametrize(("a", "c"), [(0.8, 1), (0.05, 1), (1.7, 2), (45.0, 50)])
def test_whole_services_have_the_mean_of_their_tail(a, c):
    wait = md.DeterministicWait.of(a / 2, 2.0, c)
    found = wait.means_by_service()
    for k in range(3):
        expected = quad(wait, 2 * k, 2 * k + 2, epsabs=0, epsrel=1e-10)[0] / 2
        assert found[k] == pytest.approx(expected, rel=1e-8)
    assert 0 <= found[-1] < 1e-14


def test_payers_wait_at_once_known_where_free_users_take_a_million_times_as_long():
    begin = time.perf_counter()
    load = Load(1, 0.0005, 0.001, 1000, 1, "deterministic", "priority")
    waits = solve(load)
    # Nearly half of the payers find a free user's service, of which a uniform part is left.
    expected = 1000 * (1 - 0.05 / (0.5 / 0.999)) + 0.001
    assert waits.quantile("paid", 0.95) == pytest.approx(expected, abs=0.01)
    assert time.perf_counter() - begin < 1


def test_parts_and_whole_services_add_up_to_the_integral():
    own = md.DeterministicWait.of(0.7, 1.0, 1)
    wait = md.PriorityPaidWait(own, 0.4, 5.3)
    for t in (0.2, 1.0, 3.7, 5.3, 6.0, 9.45):
        low = max(0.0, t - 5.3)
        edges = [low, *(k for k in range(12) if low < k < t), t]
        between = sum(quad(own, *ends, epsabs=0, epsrel=1e-11)[0] for ends in pairwise(edges))
        behind = (5.3 - (t - low) + between) / 5.3
        assert wait(t) == pytest.approx(0.6 * own(t) + 0.4 * behind, rel=1e-9)


def test_a_utilisation_too_near_one_has_no_table():
    with pytest.raises(ValueError, match=r"0\.99999"):
        md.queue_shares(1 - 1e-7, 1)


def test_a_wait_of_whole_services_has_a_tail_whatever_the_rounding():
    rng = np.random.default_rng(4)
    for service in rng.uniform(0.01, 3, 300):
        wait = md.DeterministicWait.of(0.8 / service, service, 1)
        for k in (1, 3, 7, 10):
            at = wait(k * service)
            assert wait(k * service * (1 + 1e-9)) <= at + 1e-7
            assert wait(k * service * (1 - 1e-9)) >= at - 1e-7
