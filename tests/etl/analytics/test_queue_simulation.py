"""Simulated waits against exact ones, and what only a simulation can do."""

from __future__ import annotations

import heapq
from itertools import count

import numpy as np
import pytest

from etl.analytics.queue_answer import solve
from etl.analytics.queue_batches import BatchCurve
from etl.analytics.queue_kernels import Streams, serve_batches, serve_singly
from etl.analytics.queue_load import Load, OverloadError
from etl.analytics.queue_samples import Estimate, the_other_wait
from etl.analytics.queue_simulation import Setting, simulate


def errors_off(estimate: Estimate, exact: float) -> float:
    return abs(estimate.value - exact) / estimate.standard_error


EXACT = [
    Load(0.2, 0.6, 1, 1, 1, "exponential", "priority"),
    Load(0.2, 0.6, 1, 1, 1, "deterministic", "fcfs"),
    Load(0.2, 0.3, 1.5, 0.8, 1, "deterministic", "priority"),
    Load(0.2, 0.3, 1.5, 0.8, 1, "exponential", "fcfs"),
    Load(0.4, 1.3, 1, 1, 2, "exponential", "priority"),
    Load(3, 6, 1, 1, 10, "deterministic", "fcfs"),
    Load(3, 6, 1, 1, 10, "deterministic", "priority"),
    Load(1, 0.4, 1, 2, 2, "exponential", "priority"),
    Load(1, 0.4, 1, 2, 2, "exponential", "fcfs"),
    Load(30, 60, 1, 1, 100, "exponential", "fcfs"),
    Load(0, 0.7, 1, 1, 1, "exponential", "priority"),
]


@pytest.mark.parametrize("load", EXACT, ids=str)
def test_simulated_waits_are_the_exact_ones_within_their_errors(load):
    waits = solve(load)
    sample = simulate(load, np.random.default_rng(7), n_jobs=300_000)
    assert sample.n_jobs >= 300_000
    for who, mean in waits.means.items():
        assert errors_off(sample.mean(who), mean) < 3.5, who
    for who in waits.tails:
        exact = waits.quantile(who, 0.95)
        found = sample.quantile(who, 0.95)
        assert exact == pytest.approx(found.value, abs=2 * (found.high - found.low) + 1e-12)
    assert waits.wait_probability is not None
    assert errors_off(sample.wait_probability(), waits.wait_probability) < 3.5
    assert sample.utilisation == pytest.approx(load.utilisation, rel=0.02)


def test_intervals_cover_the_exact_mean_about_as_often_as_they_say():
    load = Load(0.2, 0.5, 1, 1, 1, "exponential", "priority")
    exact = solve(load).means["free"]
    means = [
        simulate(load, np.random.default_rng(seed), n_jobs=20_000).mean("free")
        for seed in range(60)
    ]
    covered = sum(mean.low <= exact <= mean.high for mean in means)
    assert 50 <= covered <= 60


def one_by_one(arrivals, services, n_servers, payers_first):
    """Return when each job begins: an event loop that a reader can follow, (time, tier) in."""
    waiting, ticket = [], count()
    free_at = [0.0] * n_servers
    heapq.heapify(free_at)
    jobs, begun, used = sorted(arrivals), [], iter(services)
    while jobs or waiting:
        server = heapq.heappop(free_at)
        now = max(server, jobs[0][0]) if not waiting else server
        while jobs and jobs[0][0] <= now:
            time, tier = jobs.pop(0)
            heapq.heappush(waiting, (tier if payers_first else 0, time, next(ticket), tier))
        _, time, _, tier = heapq.heappop(waiting)
        begun.append((time, tier, now))
        heapq.heappush(free_at, now + next(used)[tier])
    return sorted(begun)


@pytest.mark.parametrize("payers_first", [True, False])
@pytest.mark.parametrize("n_servers", [1, 3])
def test_every_job_begins_when_a_plain_event_loop_begins_it(n_servers, payers_first):
    rng = np.random.default_rng(3)
    paid, free = (np.sort(rng.uniform(0, 50, n)) for n in (40, 60))
    services = rng.exponential([1.2, 0.5], (100, 2)) * n_servers
    streams = Streams(
        *(np.append(each, np.inf)[None] for each in (paid, free)), 100, np.zeros((2, 1))
    )
    served = serve_singly(
        streams,
        lambda shape: (services[:, [0]], services[:, [1]]),
        n_servers,
        payers_first=payers_first,
    )
    arrivals = [(t, 0) for t in paid] + [(t, 1) for t in free]
    expected = one_by_one(arrivals, services, n_servers, payers_first)
    for tier, starts in enumerate((served.start_paid, served.start_free)):
        begun = [now for _, of, now in expected if of == tier]
        assert starts[0, :-1] == pytest.approx(begun)


def test_a_batch_takes_payers_first_and_no_more_than_it_holds():
    paid, free, pad = [0.5, 0.6], [0.0, 0.1, 0.2, 0.3], [np.inf] * 3
    seconds = np.array([1.0, 1.5, 2.0])
    streams = Streams(np.array([paid + pad]), np.array([free + pad]), 6, np.array([[0.0], [9.0]]))
    first = serve_batches(streams, seconds, 1, payers_first=True)
    assert first.start_paid[0, :2].tolist() == [1.0, 1.0]
    assert first.start_free[0, :4].tolist() == [0.0, 1.0, 3.0, 3.0]
    assert first.busy_seconds[0] == 1.0 + 2.0 + 1.5
    alike = serve_batches(streams, seconds, 1, payers_first=False)
    assert alike.start_free[0, :4].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert alike.start_paid[0, :2].tolist() == [3.0, 3.0]


def test_batches_of_one_wait_as_jobs_of_one():
    load = Load(0.2, 0.5, 1, 1, 1, "deterministic", "priority")
    setting = Setting(batches=BatchCurve.of([1], [1.0]))
    sample = simulate(load, np.random.default_rng(2), n_jobs=200_000, setting=setting)
    waits = solve(load)
    assert errors_off(sample.mean("paid"), waits.means["paid"]) < 3.5
    assert errors_off(sample.mean("free"), waits.means["free"]) < 3.5


def test_batches_carry_what_single_jobs_could_not():
    load = Load(0.5, 3.0, 1, 1, 1, "deterministic", "priority")
    with pytest.raises(OverloadError):
        simulate(load, np.random.default_rng(0), n_jobs=20_000)
    curve = BatchCurve.of([1, 8], [1.0, 2.0])
    sample = simulate(load, np.random.default_rng(0), n_jobs=50_000, setting=Setting(batches=curve))
    assert 0.95 < sample.utilisation <= 1
    assert sample.mean("paid").value < sample.mean("free").value < 3


def test_measured_services_are_drawn_as_they_are():
    load = Load(0.3, 0.3, 1, 1, 1, "deterministic", "fcfs")
    samples = np.array([0.5, 0.5, 2.0])
    setting = Setting(samples_paid=samples, samples_free=samples)
    sample = simulate(load, np.random.default_rng(5), n_jobs=300_000, setting=setting)
    exact = 0.6 * np.mean(samples**2) / 2 / (1 - 0.6)  # Pollaczek and Khinchine, mean 1
    assert errors_off(sample.mean("all"), exact) < 3.5


def test_an_even_day_waits_as_a_constant_rate():
    load = Load(0.01, 0.02, 20, 20, 1, "exponential", "fcfs")
    setting = Setting(weights=[3.0] * 24)
    sample = simulate(load, np.random.default_rng(4), n_jobs=200_000, setting=setting)
    assert errors_off(sample.mean("all"), solve(load).means["all"]) < 3.5
    assert sample.utilisation == pytest.approx(0.6, rel=0.02)


def test_a_days_curve_waits_longest_in_its_busy_hours_and_carries_a_backlog_over():
    weights = [0.0] * 6 + [1.0] * 12 + [2.6] * 4 + [1.0] * 2
    load = Load(0.01, 0.03, 18, 18, 1, "deterministic", "priority")
    sample = simulate(
        load, np.random.default_rng(1), n_jobs=60_000, setting=Setting(weights=weights)
    )
    hours = sample.by_hour()
    free = hours[hours["tier"] == "free"].set_index("hour")
    assert set(free.index) == set(range(6, 24)), "nobody comes at night"
    assert free["mean"].idxmax() == 21
    assert free["mean"][22] > free["mean"][17], "the rush is over, its queue is not"
    share = free["n_jobs"][19] / free["n_jobs"][10]
    assert share == pytest.approx(2.6, rel=0.1)


def test_the_distribution_rises_to_one_and_meets_the_quantiles():
    load = Load(0.2, 0.5, 1, 1, 1, "exponential", "priority")
    sample = simulate(load, np.random.default_rng(0), n_jobs=50_000)
    frame = sample.distribution()
    assert set(frame["tier"]) == {"paid", "free", "all"}
    for who, own in frame.groupby("tier"):
        share = own["share_within"].to_numpy()
        assert (np.diff(share) >= 0).all()
        assert share[-1] == pytest.approx(0.999, abs=1e-3)
        p95 = sample.quantile(who, 0.95)
        assert p95.low <= p95.value <= p95.high
        assert np.interp(p95.value, own["wait_seconds"], share) == pytest.approx(0.95, abs=5e-3)


def test_the_free_users_wait_follows_from_the_payers_where_that_of_all_is_known():
    load = Load(1, 2.8, 1, 1, 4, "deterministic", "priority")
    every = solve(load).means["all"]
    sample = simulate(load, np.random.default_rng(8), n_jobs=300_000)
    found = the_other_wait(every, 1 / 3.8, sample.mean("paid"))
    plain = sample.mean("free")
    assert plain.low - plain.standard_error < found.value < plain.high + plain.standard_error
    assert found.high - found.low < (plain.high - plain.low) / 5
    one = Load(0.3, 0.5, 1, 1, 1, "deterministic", "priority")
    exact, paid = solve(one).means, simulate(one, np.random.default_rng(1), n_jobs=200_000)
    again = the_other_wait(exact["all"], 3 / 8, paid.mean("paid"))
    assert errors_off(again, exact["free"]) < 3.5


def test_the_same_seed_gives_the_same_waits():
    load = Load(0.2, 0.5, 1, 1, 2, "exponential", "priority")
    first, again, other = (
        simulate(load, np.random.default_rng(seed), n_jobs=20_000).mean("free").value
        for seed in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("load", "n_jobs", "setting", "said"),
    [
        (Load(1, 1, 1, 1, 1), 50_000, None, "at least 3 servers"),
        (Load(0.1, 0.1, 1, 1), 10, None, "expected 10,000 to"),
        (Load(0.5, 0.4999, 1, 1), 50_000, None, "further from 1"),
        (Load(1, 0.5, 1, 1, 2), 50_000, Setting(weights=[1] * 24), "10 days at this rate"),
    ],
)
def test_what_cannot_be_simulated_says_why(load, n_jobs, setting, said):
    with pytest.raises(ValueError, match=said):
        simulate(load, np.random.default_rng(0), n_jobs=n_jobs, setting=setting)


@pytest.mark.parametrize(
    "arguments",
    [
        {"samples_paid": np.array([1.0])},
        {"samples_paid": np.array([1.0]), "samples_free": np.array([0.0])},
        {"weights": [1.0] * 23},
        {"weights": [-1.0] + [1.0] * 23},
        {"weights": [0.0] * 24},
    ],
)
def test_a_setting_that_cannot_be_is_refused(arguments):
    with pytest.raises(ValueError, match="expected"):
        Setting(**arguments)


def test_a_batch_curve_knows_its_rates_and_refuses_what_was_not_measured():
    curve = BatchCurve.of([1, 2, 4], [2.0, 2.5, 4.0])
    assert curve.every == pytest.approx([2.0, 2.5, 3.25, 4.0])
    assert curve.max_rate == curve.saturated_rate == 1.0
    assert curve.best_batch(0.5) == 1
    assert curve.best_batch(0.81) == 3
    assert curve.up_to(3).seconds == (2.0, 2.5, 3.25)
    with pytest.raises(ValueError, match="as measured"):
        curve.seconds_of(5)
    with pytest.raises(ValueError, match="at most 1 of"):
        curve.best_batch(1.1)
    for sizes, seconds in (
        ([2], [1]),
        ([1, 1], [1, 2]),
        ([1, 2], [2, 1]),
        ([1], [1, 2]),
        ([1], [0]),
    ):
        with pytest.raises(ValueError, match="expected"):
            BatchCurve.of(sizes, seconds)
