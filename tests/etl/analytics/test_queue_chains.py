"""Chains of two tiers with different services against the same chains cut off and solved whole."""

from __future__ import annotations

import time
from dataclasses import astuple

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import spsolve

from etl.analytics import queue_chains, queue_priority_chain, queueing
from etl.analytics.queue_load import Load


def chain(load: Load, longest_paid: int, longest_free: int) -> tuple[np.ndarray, coo_matrix]:
    """Return states (in service, then waiting: payers, free users) and moves under priority."""
    c, states, moves = load.n_servers, {}, []

    def place(*state: int) -> int:
        return states.setdefault(state, len(states))

    def move(begin: tuple[int, ...], end: tuple[int, ...], rate: float) -> None:
        if rate > 0:
            moves.append((place(*begin), place(*end), rate))

    rates = load.arrival_paid_per_second, load.arrival_free_per_second
    speed = 1 / load.service_paid_seconds, 1 / load.service_free_seconds
    for busy in range(c):
        for i in range(busy + 1):
            here = (i, busy - i, 0, 0)
            move(here, (i + 1, busy - i, 0, 0), rates[0])
            move(here, (i, busy - i + 1, 0, 0), rates[1])
            move(here, (i - 1, busy - i, 0, 0), i * speed[0])
            move(here, (i, busy - i - 1, 0, 0), (busy - i) * speed[1])
    for i in range(c + 1):
        for p in range(longest_paid + 1):
            for f in range(longest_free + 1):
                here = (i, c - i, p, f)
                if p < longest_paid:
                    move(here, (i, c - i, p + 1, f), rates[0])
                if f < longest_free:
                    move(here, (i, c - i, p, f + 1), rates[1])
                for left, rate in (
                    ((i - 1, c - i), i * speed[0]),
                    ((i, c - i - 1), (c - i) * speed[1]),
                ):
                    a, b = left
                    if p:
                        move(here, (a + 1, b, p - 1, f), rate)
                    elif f:
                        move(here, (a, b + 1, 0, f - 1), rate)
                    else:
                        move(here, (a, b, 0, 0), rate)
    begin, end, rate = zip(*moves, strict=True)
    n = len(states)
    return np.array(list(states)), coo_matrix((rate, (begin, end)), shape=(n, n))


def waits_of(load: Load, table: np.ndarray, share: np.ndarray) -> tuple[float, float, float]:
    """Return P(wait) and both mean waits."""
    return (
        share[table[:, 0] + table[:, 1] == load.n_servers].sum(),
        share @ table[:, 2] / load.arrival_paid_per_second,
        share @ table[:, 3] / load.arrival_free_per_second,
    )


def cut_off(load: Load, longest_paid: int, longest_free: int) -> tuple[float, float, float]:
    """Return P(wait) and both mean waits under priority, by a sparse chain of finite queues."""
    table, moves = chain(load, longest_paid, longest_free)
    generator = moves.tocsr() - diags(np.asarray(moves.sum(axis=1)).ravel())
    system = generator.T.tolil()
    system[0, :] = 1
    return waits_of(load, table, spsolve(system.tocsc(), np.eye(1, len(table)).ravel()))


def cut_off_with_all_digits(load: Load, longest: int) -> tuple[float, float, float]:
    """Return the same, states taken out one by one and nothing subtracted."""
    table, moves = chain(load, longest, longest)
    rates = moves.toarray()
    for k in range(len(table) - 1, 0, -1):
        rates[:k, k] /= rates[k, :k].sum()
        rates[:k, :k] += np.outer(rates[:k, k], rates[k, :k])
    share = np.ones(len(table))
    for k in range(1, len(table)):
        share[k] = share[:k] @ rates[:k, k]
    return waits_of(load, table, share / share.sum())


@pytest.mark.parametrize(
    "load",
    [
        Load(0.5, 0.4, 1, 2, 2),
        Load(0.5, 0.4, 2, 1, 3),
        Load(0.8, 0.15, 0.5, 4, 3),
        Load(0.1, 0.5, 3, 0.7, 1),
    ],
)
def test_priority_is_the_chain_cut_off_far_out(load):
    found = queue_priority_chain.priority_waits(load)
    probability, paid, free = cut_off(load, 40, 150)
    assert found.wait_probability == pytest.approx(probability, rel=1e-6)
    assert found.paid_seconds == pytest.approx(paid, rel=1e-6)
    assert found.free_seconds == pytest.approx(free, rel=1e-6)


@pytest.mark.parametrize("c", [1, 2, 7, 40])
def test_equal_means_are_erlangs_formula(c):
    load = Load(0.3 * c / 2, 0.6 * c / 2, 2, 2, c)
    tail = queueing.mmc_tail(load)
    alike, first = queue_chains.fcfs_waits(load), queue_priority_chain.priority_waits(load)
    assert alike.wait_probability == pytest.approx(tail.weights[0], rel=1e-10)
    assert alike.paid_seconds == pytest.approx(tail.weights[0] / tail.rates[0], rel=1e-10)
    expected = queueing.priority_waits(load)
    assert (first.paid_seconds, first.free_seconds) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("c", [10, 40, 100])
@pytest.mark.parametrize("share", [0.3, 1e-6, 0.999999])
def test_rare_waits_keep_their_digits(c, share):
    arrivals = 0.2 * c * share, 0.2 * c * (1 - share)
    load, nearly = Load(*arrivals, 1, 1, c), Load(*arrivals, 1, 1 + 1e-12, c)
    tail, expected = queueing.mmc_tail(load), queueing.priority_waits(load)
    alike, first = queue_chains.fcfs_waits(nearly), queue_priority_chain.priority_waits(nearly)
    assert alike.wait_probability == pytest.approx(tail.weights[0], rel=1e-8, abs=0)
    assert alike.free_seconds == pytest.approx(tail.weights[0] / tail.rates[0], rel=1e-8, abs=0)
    assert first.wait_probability == pytest.approx(tail.weights[0], rel=1e-8, abs=0)
    assert (first.paid_seconds, first.free_seconds) == pytest.approx(expected, rel=1e-8, abs=0)


@pytest.mark.parametrize("load", [Load(0.3, 0.2, 1, 2, 8), Load(0.1, 0.4, 2, 0.5, 7)])
def test_rare_waits_are_those_of_the_chain_cut_off(load):
    probability, *waits = cut_off_with_all_digits(load, 8)
    assert 0 < probability < 1e-5
    first, alike = queue_priority_chain.priority_waits(load), queue_chains.fcfs_waits(load)
    assert first.wait_probability == pytest.approx(probability, rel=1e-7, abs=0)
    assert (first.paid_seconds, first.free_seconds) == pytest.approx(waits, rel=1e-7, abs=0)
    assert alike.wait_probability == pytest.approx(probability, rel=0.01, abs=0)


@pytest.mark.parametrize("arguments", [(5, 10, 1, 2, 120), (2, 5, 1, 2, 60), (1e-3, 1e-9, 9, 1, 5)])
def test_no_wait_is_negative_and_payers_wait_least(arguments):
    load = Load(*arguments)
    first, alike = queue_priority_chain.priority_waits(load), queue_chains.fcfs_waits(load)
    assert 0 < first.paid_seconds < first.free_seconds
    assert first.paid_seconds < alike.paid_seconds
    assert 0 < first.wait_probability < 1e-12
    assert 0 < alike.wait_probability < 1e-12
    tail = queue_chains.fcfs_tail(load)
    assert tail is None or tail(0.0) == pytest.approx(alike.wait_probability, rel=1e-7, abs=0)


@pytest.mark.parametrize(
    "load",
    [
        Load(0.5, 0.4, 2, 1, 3),
        Load(3, 2, 1, 2, 12),
        Load(0.05, 2, 3, 1, 4),
        Load(13.6, 0.35, 1, 7.8, 21),
    ],
)
def test_levels_and_the_circle_give_the_same(load, monkeypatch):
    by_level = queue_priority_chain.priority_waits(load)
    monkeypatch.setattr(queue_priority_chain, "_LIGHT", 0)
    assert astuple(queue_priority_chain.priority_waits(load)) == pytest.approx(
        astuple(by_level), rel=1e-9
    )


def test_waits_below_any_number_are_zero_and_not_nonsense():
    load = Load(0.01, 0.01, 1, 2, 128)
    for found in (queue_chains.fcfs_waits(load), queue_priority_chain.priority_waits(load)):
        assert astuple(found) == (0, 0, 0)


@pytest.mark.parametrize("load", [Load(0.2, 0.3, 1.5, 0.8, 1), Load(0.001, 0.3, 200, 2.5, 1)])
def test_one_server_is_cobham_and_pollaczek(load):
    first = queue_priority_chain.priority_waits(load)
    assert (first.paid_seconds, first.free_seconds) == pytest.approx(
        queueing.priority_waits(load), rel=1e-8
    )
    alike = queue_chains.fcfs_waits(load).paid_seconds
    assert alike == pytest.approx(queueing.pollaczek_khinchine(load), rel=1e-10)


@pytest.mark.parametrize("load", [Load(0.4, 0.2, 1, 4, 2), Load(2, 0.3, 1, 5, 4)])
def test_the_tail_first_come_first_served_has_its_mean_below_it(load):
    tail, known = queue_chains.fcfs_tail(load), queue_chains.fcfs_waits(load)
    assert tail is not None
    assert tail(0.0) == pytest.approx(known.wait_probability, rel=1e-9)
    far = queueing.quantile(tail, 1 - 1e-10, 1.0)
    assert quad(tail, 0, far, limit=300)[0] == pytest.approx(known.paid_seconds, rel=1e-5)


def test_one_server_has_the_tail_of_its_formula():
    load = Load(0.2, 0.3, 1.5, 0.8, 1)
    chain, formula = queue_chains.fcfs_tail(load), queueing.fcfs_tail_mm1(load)
    assert chain is not None
    assert [chain(t) for t in (0, 1, 6)] == pytest.approx([formula(t) for t in (0, 1, 6)], rel=1e-9)


def test_a_nearly_full_chain_settles_quickly_and_grows_as_the_spare_share_falls():
    begin = time.perf_counter()
    waits = [
        queue_priority_chain.priority_waits(Load(2 * rho, 2 * rho / 3, 1, 3, 4)).free_seconds
        for rho in (0.99, 0.999)
    ]
    assert time.perf_counter() - begin < 5
    assert waits[1] / waits[0] == pytest.approx(10, rel=0.05)


def test_services_too_far_apart_are_refused_before_they_take_minutes():
    begin = time.perf_counter()
    with pytest.raises(ValueError, match="milder case"):
        queue_priority_chain.priority_waits(Load(2.45, 2053.5, 1, 0.001046, 6))
    assert time.perf_counter() - begin < 15
