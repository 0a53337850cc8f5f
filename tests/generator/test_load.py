"""Queues under load, against formulas: Poisson arrivals, M/D/1, Cobham's priorities."""

from __future__ import annotations

import itertools
import random
from statistics import fmean

import pytest

from generator import load
from generator.errors import GeneratorError


def test_arrivals_are_poisson() -> None:
    made = load.arrivals(4.0, 20_000, 0.25, random.Random(1))
    gaps = [b[0] - a[0] for a, b in itertools.pairwise(made)]
    assert fmean(gaps) == pytest.approx(0.25, rel=0.02)
    assert fmean(gap**2 for gap in gaps) == pytest.approx(2 * 0.25**2, rel=0.05)
    assert fmean(tier == "paid" for _, tier in made) == pytest.approx(0.25, abs=0.01)


def test_waits_equal_the_formula_of_one_server_with_fixed_times() -> None:
    # M/D/1: W = s + rho s / (2 (1 - rho)).
    rate, seconds = 0.7, 1.0
    requests = load.arrivals(rate, 100_000, 1.0, random.Random(2))
    served = load.serve(requests, 1, lambda _: seconds)
    rho = rate * seconds
    assert fmean(served.waits["paid"]) == pytest.approx(
        seconds + rho * seconds / (2 * (1 - rho)), rel=0.03
    )
    assert served.busy_seconds / served.end_seconds == pytest.approx(rho, rel=0.02)


def test_paid_go_first_as_cobham_says() -> None:
    # Queue waits: W0 / (1 - rho_paid) and W0 / ((1 - rho_paid)(1 - rho)), W0 = lambda s^2 / 2.
    rate, share = 0.8, 0.3
    requests = load.arrivals(rate, 200_000, share, random.Random(3))
    served = load.serve(requests, 1, lambda _: 1.0)
    w0, paid, all_of = rate / 2, rate * share, rate
    assert fmean(served.waits["paid"]) - 1 == pytest.approx(w0 / (1 - paid), rel=0.04)
    assert fmean(served.waits["free"]) - 1 == pytest.approx(
        w0 / ((1 - paid) * (1 - all_of)), rel=0.06
    )


def test_a_batch_takes_whoever_waits_and_no_more_than_it_may() -> None:
    sizes: list[int] = []
    requests = [(0.0, "free"), (0.1, "free"), (0.2, "paid"), (0.3, "free"), (0.4, "free")]

    def service(n: int) -> float:
        sizes.append(n)
        return 1.0

    served = load.serve(requests, 3, service)
    assert sizes == [1, 3, 1]
    assert served.waits["paid"] == [pytest.approx(1.8)]  # in the second batch, before two others


def test_the_highest_rate_keeps_the_promise_and_a_higher_one_does_not() -> None:
    curve = {1: [1.0], 2: [1.2], 4: [1.6]}
    promise = load.Promise(paid_p95_seconds=4.0, paid_share=0.2, free_p95_seconds=8.0, max_batch=4)
    rate = load.highest_rate(promise, curve, seed=1, n_requests=5_000)
    assert 1.0 < rate < 2.5  # above one at a time, below 4 / 1.6

    def holds(at: float) -> bool:
        rng = random.Random(1)
        requests = load.arrivals(at, 5_000, 0.2, rng)
        return load.serve(requests, 4, load.drawn_from(curve, rng)).holds(promise)

    assert holds(rate)
    assert not holds(rate * 1.05)


def test_a_promise_that_a_lone_request_breaks_gives_no_rate() -> None:
    promise = load.Promise(paid_p95_seconds=0.5)
    assert load.highest_rate(promise, {1: [1.0]}, seed=1, n_requests=500) == 0.0


def test_sizes_between_take_the_next_larger_time() -> None:
    service = load.drawn_from({1: [1.0], 4: [2.0]}, random.Random(0))
    assert (service(1), service(2), service(4)) == (1.0, 2.0, 2.0)
    with pytest.raises(GeneratorError, match="got a batch of 5"):
        service(5)
    assert load.batch_sizes(6) == (1, 2, 4, 6)
    assert load.batch_sizes(1) == (1,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"paid_p95_seconds": 0.0},
        {"paid_p95_seconds": 1.0, "paid_share": 0.0},
        {"paid_p95_seconds": 1.0, "max_batch": 0},
    ],
)
def test_a_promise_that_makes_no_sense_is_refused(wrong) -> None:
    with pytest.raises(GeneratorError, match=r"got .*; expected"):
        load.Promise(**wrong)


def test_a_batch_is_filled_up_to_a_size_that_was_measured() -> None:
    ran: list[int] = []
    service = load.padded({1: [], 2: [], 4: []}, lambda size: ran.append(size) or 1.0)
    assert [service(n) for n in (1, 2, 3, 4)] == [1.0] * 4
    assert ran == [1, 2, 4, 4]
