"""The same queues by ciw and by simpy, event by event; neither is a dependency of the project.

Each function serves ``n_jobs`` exponential jobs on ``n_servers``, payers first, nothing
interrupted, and returns the waits of payers and of free users.
"""

# pyright: basic

from __future__ import annotations

import random
from importlib.util import find_spec

Waits = tuple[list[float], list[float]]


def missing() -> list[str]:
    """Return the peers that are not installed."""
    return [name for name in PEERS if find_spec(name) is None]


def ciw(rates: tuple[float, float], seconds: float, n_servers: int, n_jobs: int) -> Waits:
    """Ask ciw."""
    import ciw as engine  # pyright: ignore[reportMissingImports]

    shares = {"paid": rates[0], "free": rates[1]}
    tiers = {name: rate for name, rate in shares.items() if rate > 0}
    network = engine.create_network(
        arrival_distributions={
            name: [engine.dists.Exponential(rate)] for name, rate in tiers.items()
        },
        service_distributions={name: [engine.dists.Exponential(1 / seconds)] for name in tiers},
        number_of_servers=[n_servers],
        priority_classes={name: list(shares).index(name) for name in tiers}
        if len(tiers) > 1
        else dict.fromkeys(tiers, 0),
    )
    engine.seed(1)
    simulation = engine.Simulation(network)
    simulation.simulate_until_max_customers(n_jobs)
    waits: dict[str, list[float]] = {"paid": [], "free": []}
    for record in simulation.get_all_records():
        waits[record.customer_class].append(record.waiting_time)
    return waits["paid"], waits["free"]


def simpy(rates: tuple[float, float], seconds: float, n_servers: int, n_jobs: int) -> Waits:
    """Ask simpy."""
    import simpy as engine  # pyright: ignore[reportMissingImports]

    draw = random.Random(1)
    world = engine.Environment()
    servers = engine.PriorityResource(world, n_servers)
    waits: Waits = ([], [])

    def job(tier: int):
        came = world.now
        with servers.request(priority=tier) as turn:
            yield turn
            waits[tier].append(world.now - came)
            yield world.timeout(draw.expovariate(1 / seconds))

    def arrivals():
        total, share = sum(rates), rates[0] / sum(rates)
        for _ in range(n_jobs):
            yield world.timeout(draw.expovariate(total))
            world.process(job(0 if draw.random() < share else 1))

    world.process(arrivals())
    world.run()
    return waits


PEERS = {"ciw": ciw, "simpy": simpy}
