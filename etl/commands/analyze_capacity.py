"""The verbs of analyze about servers: how long users wait for them."""

from __future__ import annotations

from typing import Literal

from etl.commandline import Given


def queue(
    *,
    arrival_paid: float = 0.0,
    arrival_free: float = 0.0,
    service_seconds: float,
    service_seconds_free: float | None = None,
    servers: int = 1,
    law: Literal["deterministic", "exponential"] = "deterministic",
    discipline: Literal["priority", "fcfs"] = "priority",
    simulate: int = 0,
    seed: int = 0,
    session: Given,
) -> None:
    """Work out how long payers and free users wait for a server.

    Parameters
    ----------
    arrival_paid
        Jobs of payers a second.
    arrival_free
        Jobs of free users a second.
    service_seconds
        Mean seconds of a job on a server.
    service_seconds_free
        Of a free user's job, where it differs.
    servers
        Servers that share one queue.
    law
        Every job takes its mean (deterministic), or times without memory (exponential).
    discipline
        Payers first, nothing interrupted (priority), or first come, first served (fcfs).
    simulate
        Jobs to simulate, for what has no formula; 0 for none.
    seed
        Of the simulation.
    """
    from etl import console
    from etl.analytics.queue_load import Load
    from etl.analyze import queue as method
    from etl.errors import InputError

    free = service_seconds if service_seconds_free is None else service_seconds_free
    try:
        load = Load(arrival_paid, arrival_free, service_seconds, free, servers, law, discipline)
    except ValueError as problem:
        raise InputError(str(problem), todo="see `artonomics analyze queue --help`") from None
    document = method.run(load, n_jobs=simulate, seed=seed)

    def tables() -> None:
        console.print_rows(method.table(document))
        for line in (*method.summary(document), *document["notes"]):
            console.note(line)

    session.show(document, tables)
