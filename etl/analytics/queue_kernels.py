"""Discrete events of many replications side by side: one step serves a job, or a call, in each.

All replications advance together, so that a step is a handful of array operations however many
there are. The server that is free first takes, at the instant it is free or the next job comes,
the first of the payers if one is there, else of the free users.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray

_BLOCK = 1_024
Places = NDArray[np.intp]
Draw = Callable[[tuple[int, int]], tuple[FloatArray, FloatArray]]
"""Shape → service times if the job is a payer's, and if it is a free user's; one array twice where
both are alike."""


@dataclass(frozen=True)
class Streams:
    """Arrivals of every replication, each tier's in a row that ends in infinities.

    Attributes
    ----------
    paid, free
        Shape (replications, longest row), rising.
    n_jobs
        Arrivals of each replication, both tiers together.
    window
        Shape (2, replications): the seconds between which a busy server is counted.
    """

    paid: FloatArray
    free: FloatArray
    n_jobs: int
    window: FloatArray


@dataclass(frozen=True)
class Served:
    """What came of :class:`Streams`.

    Attributes
    ----------
    start_paid, start_free
        When each job was begun, shaped as its arrivals; NaN where there is none.
    busy_seconds
        Of all servers together within the window, by replication.
    """

    start_paid: FloatArray
    start_free: FloatArray
    busy_seconds: FloatArray


class _Rows:
    """Both tiers in one flat array, with the place of each replication's next job."""

    def __init__(self, streams: Streams) -> None:
        n_rows, width = streams.paid.shape
        self.times: FloatArray = np.concatenate([streams.paid.ravel(), streams.free.ravel()])
        self.starts = np.full(self.times.size, np.nan)
        rows: Places = np.arange(n_rows, dtype=np.intp)
        self.paid: Places = rows * width
        self.free: Places = streams.paid.size + rows * streams.free.shape[1]
        self.shapes = streams.paid.shape, streams.free.shape

    def served(self, busy_seconds: FloatArray) -> Served:
        n_paid = self.shapes[0][0] * self.shapes[0][1]
        return Served(
            self.starts[:n_paid].reshape(self.shapes[0]),
            self.starts[n_paid:].reshape(self.shapes[1]),
            busy_seconds,
        )


def serve_singly(streams: Streams, draw: Draw, n_servers: int, *, payers_first: bool) -> Served:
    """Serve one job at a time on each server.

    Parameters
    ----------
    streams
        Arrivals; every row needs one infinity at its end.
    draw
        Service times.
    n_servers
        Servers.
    payers_first
        Priority, not interrupting; otherwise first come, first served.
    """
    rows, n_rows = _Rows(streams), len(streams.paid)
    next_free = np.zeros((n_rows, n_servers))
    flat, base = next_free.ravel(), np.arange(n_rows) * n_servers
    busy = np.zeros(n_rows)
    for begin in range(0, streams.n_jobs, _BLOCK):
        n = min(_BLOCK, streams.n_jobs - begin)
        services = draw((n, n_rows))
        began, is_free = np.empty((n, n_rows)), np.empty((n, n_rows), bool)
        for step in range(n):
            server = base if n_servers == 1 else next_free.argmin(axis=1) + base
            at, who = began[step], is_free[step]
            paid, free = rows.times.take(rows.paid), rows.times.take(rows.free)
            np.minimum(paid, free, out=at)
            np.maximum(at, flat.take(server), out=at)
            # At the instant of serving a payer is there, or a free user is.
            np.greater(paid, at if payers_first else free, out=who)
            rows.starts[np.where(who, rows.free, rows.paid)] = at
            flat[server] = at + _by_tier(services, step, who)
            rows.free += who
            rows.paid += ~who
        used = services[0] if services[0] is services[1] else np.where(is_free, *services[::-1])
        busy += _within(began, used, streams.window).sum(axis=0)
    return rows.served(busy)


def _within(began: FloatArray, used: FloatArray, window: FloatArray) -> FloatArray:
    """Return the seconds of each service that lie within the window of its replication."""
    end = np.minimum(began + used, window[1])
    return np.maximum(end - np.maximum(began, window[0]), 0.0)


def _by_tier(
    services: tuple[FloatArray, FloatArray], step: int, is_free: NDArray[np.bool_]
) -> FloatArray:
    paid, free = services
    one: FloatArray = paid[step]
    other: FloatArray = free[step]
    return one if paid is free else np.where(is_free, other, one)


def serve_batches(
    streams: Streams, seconds: FloatArray, n_servers: int, *, payers_first: bool
) -> Served:
    """Serve calls: a freed server takes all that wait, up to its largest batch, at once.

    A server does not wait for a batch to fill.

    Parameters
    ----------
    streams
        Arrivals; every row needs as many infinities at its end as a batch is large.
    seconds
        Of a call of 1, 2, … jobs; their number is the largest batch.
    n_servers, payers_first
        As in :func:`serve_singly`.
    """
    rows, n_rows, largest = _Rows(streams), len(streams.paid), len(seconds)
    ahead = np.arange(largest)
    cost = np.concatenate([[0.0], seconds])
    next_free = np.zeros((n_rows, n_servers))
    each, busy = np.arange(n_rows), np.zeros(n_rows)
    n_left = streams.n_jobs * n_rows
    while n_left:
        server = next_free.argmin(axis=1)
        places = rows.paid[:, None] + ahead, rows.free[:, None] + ahead
        paid, free = rows.times.take(places[0]), rows.times.take(places[1])
        at = np.maximum(np.minimum(paid[:, 0], free[:, 0]), next_free[each, server])
        done = ~np.isfinite(at)
        n_paid, n_free = _taken(paid, free, np.where(done, -1.0, at), payers_first)
        for place, n in zip(places, (n_paid, n_free), strict=True):
            mask = ahead < n[:, None]
            rows.starts[place[mask]] = np.repeat(at, n)
        spent = cost.take(n_paid + n_free)
        next_free[each, server] = at + spent
        busy += np.where(done, 0.0, _within(at, spent, streams.window))
        rows.paid += n_paid
        rows.free += n_free
        n_left -= int(n_paid.sum() + n_free.sum())
    return rows.served(busy)


def _taken(
    paid: FloatArray, free: FloatArray, at: FloatArray, payers_first: bool
) -> tuple[Places, Places]:
    """Return how many of the next jobs of each tier go into the call that begins ``at``."""
    largest = paid.shape[1]
    n_paid = (paid <= at[:, None]).sum(axis=1)
    n_free = (free <= at[:, None]).sum(axis=1)
    if payers_first:
        return n_paid, np.minimum(n_free, largest - n_paid)
    # The last arrival that still fits, of the two tiers together.
    both = np.partition(np.concatenate([paid, free], axis=1), largest - 1, axis=1)
    last = np.minimum(both[:, largest - 1], at)[:, None]
    return (paid <= last).sum(axis=1), (free <= last).sum(axis=1)
