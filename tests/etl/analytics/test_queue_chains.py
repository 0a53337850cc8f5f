"""Chains of two tiers with different services against the same chains cut off and solved whole."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import spsolve

from etl.analytics import queue_chains, queue_priority_chain, queueing
from etl.analytics.queue_load import Load


def cut_off(load: Load, longest_paid: int, longest_free: int) -> tuple[float, float, float]:
    """Return P(wait) and both mean waits under priority, by a sparse chain of finite queues."""
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
    generator = coo_matrix((rate, (begin, end)), shape=(n, n)).tocsr()
    generator = generator - diags(np.asarray(generator.sum(axis=1)).ravel())
    system = generator.T.tolil()
    system[0, :] = 1
    share = spsolve(system.tocsc(), np.eye(1, n).ravel())
    table = np.array(list(states))
    return (
        share[table[:, 0] + table[:, 1] == c].sum(),
        share @ table[:, 2] / rates[0],
        share @ table[:, 3] / rates[1],
    )


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
