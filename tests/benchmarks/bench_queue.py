"""How many jobs a second the simulation of queues serves, beside ciw and simpy on the same queues.

One thread, all in one run, in turns. Ours is timed with its warm-up, which is not counted among its
jobs, and with its means and intervals; the peers, which begin empty and leave nothing out, until
their waits are listed. Every mean stands beside the exact one. ``pip install ciw simpy`` brings
the peers.
"""

from __future__ import annotations

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import json
import statistics
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
import queue_peers
from harness import seconds, summary, write_record

from etl.analytics.queue_answer import solve
from etl.analytics.queue_load import Load
from etl.analytics.queue_simulation import simulate

N_OURS, N_PEERS, ROUNDS = 1_000_000, 40_000, 7
TARGET = 50
CASES = {
    "mmc_4_servers": Load(3.2, 0.0, 1.0, 1.0, 4, "exponential", "priority"),
    "priority_two_classes_4_servers": Load(0.8, 2.4, 1.0, 1.0, 4, "exponential", "priority"),
    "priority_two_classes_20_servers": Load(5.0, 12.0, 1.0, 1.0, 20, "exponential", "priority"),
}


def main() -> None:
    """Measure, print and record."""
    if absent := queue_peers.missing():
        raise SystemExit(f"got no {' and no '.join(absent)}; do: pip install ciw simpy")
    results = {name: measured(load) for name, load in CASES.items()}
    ratios = [case[f"ours_over_{peer}"] for case in results.values() for peer in queue_peers.PEERS]
    document = {**results, "target_ratio": TARGET, "smallest_ratio": min(ratios)}
    packages = ("numpy", "scipy")
    document["peer_versions"] = {peer: version(peer) for peer in queue_peers.PEERS}
    path = write_record("queue", document, packages)
    sys.stdout.write(f"{path.name}: {json.dumps(document, indent=1)}\n")


def measured(load: Load) -> dict[str, Any]:
    """Return jobs a second of ours and of each peer on one queue, in turns."""
    times: dict[str, list[float]] = {name: [] for name in ("ours", *queue_peers.PEERS)}
    found: dict[str, Any] = {}
    for turn in range(ROUNDS):
        times["ours"] += seconds(lambda: found.update(ours(load)), repeats=1, warm_up=turn == 0)
        for name in queue_peers.PEERS:
            times[name] += seconds(lambda: found.update(theirs(name, load)), repeats=1, warm_up=0)  # noqa: B023
    n_jobs = {name: N_OURS if name == "ours" else N_PEERS for name in times}
    speed = {name: n_jobs[name] / statistics.median(own) for name, own in times.items()}
    exact = solve(load)
    return {
        "jobs_per_second": speed,
        **{f"ours_over_{name}": speed["ours"] / speed[name] for name in queue_peers.PEERS},
        "seconds": {name: summary(own) for name, own in times.items()},
        "n_jobs": n_jobs,
        "mean_wait_exact": {tier: exact.means[tier] for tier in load.tiers},
        "mean_wait": found,
    }


def ours(load: Load) -> dict[str, Any]:
    """Simulate, and return the mean waits between the ends of their intervals."""
    sample = simulate(load, np.random.default_rng(1), n_jobs=N_OURS)
    means = {tier: sample.mean(tier) for tier in load.tiers}
    return {"ours": {tier: [mean.low, mean.value, mean.high] for tier, mean in means.items()}}


def theirs(name: str, load: Load) -> dict[str, Any]:
    """Let a peer simulate, and return its mean waits."""
    rates = load.arrival_paid_per_second, load.arrival_free_per_second
    waits = queue_peers.PEERS[name](rates, load.service_seconds, load.n_servers, N_PEERS)
    return {
        name: {
            tier: statistics.fmean(own)
            for tier, own in zip(("paid", "free"), waits, strict=True)
            if own
        }
    }


if __name__ == "__main__":
    main()
