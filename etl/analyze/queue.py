"""How long payers and free users wait for a server."""

from __future__ import annotations

from typing import Any

import numpy as np

from etl.analytics.queue_answer import METHODS, WHO, Waits, Who, solve
from etl.analytics.queue_load import Load, OverloadError, servers_in_words, told_near_one
from etl.analytics.queue_samples import Estimate, SimulatedWaits, the_other_wait
from etl.analytics.queue_simulation import FEWEST_JOBS, MOST_JOBS, simulate
from etl.analyze.answers import plain, shown
from etl.errors import InputError

_CAN_BE, _COULD_NOT_BE = "; it can be simulated", ", and it could not be simulated here"
PROBABILITIES = {"p50": 0.5, "p95": 0.95}


def run(load: Load, *, n_jobs: int = 0, seed: int = 0) -> dict[str, Any]:
    """Return the waits of a load: exact where a formula or a chain gives them.

    Parameters
    ----------
    load
        Rates, services, servers, law and discipline.
    n_jobs
        Jobs to simulate; 0 simulates nothing.
    seed
        Of the simulation.

    Returns
    -------
    dict
        The document of ``artonomics analyze queue --json``. What is not known exactly is missing
        with its reason in ``reasons``, or simulated where that was asked; ``evidence_kinds`` says
        which of the two a field is.

    Raises
    ------
    InputError
        The servers cannot carry the load, or a simulation is not possible and nothing is known
        without it. Where means are known, a note says why nothing was simulated.
    """
    if n_jobs and not FEWEST_JOBS <= n_jobs <= MOST_JOBS:
        raise InputError(
            f"got --simulate {n_jobs}",
            f"{FEWEST_JOBS} to {MOST_JOBS} jobs, or 0 for no simulation",
        )
    if seed < 0:
        raise InputError(f"got --seed {seed}", "a whole number of 0 or more")
    try:
        waits = solve(load)
    except OverloadError as problem:
        raise InputError(
            str(problem), todo="raise --servers, or lower the arrivals or the service time"
        ) from problem
    sample, why_not = _sample(load, n_jobs, seed, has_exact=bool(waits.means))
    fields, reasons = _exact(waits), _reasons(waits)
    if why_not:
        reasons = {name: why.replace(_CAN_BE, _COULD_NOT_BE) for name, why in reasons.items()}
    kinds = {name: "estimated" for name, value in fields.items() if value is not None}
    simulated = None if sample is None else _simulated(waits, sample)
    for name, estimate in (simulated or {}).items():
        if name in fields and fields[name] is None:
            fields[name], kinds[name] = estimate["value"], "simulated"
            reasons.pop(name, None)
    method = METHODS[waits.method]
    if "simulated" in kinds.values():
        method = "simulation" if waits.method == "none" else f"{method}; simulation"
    return {
        "utilisation": load.utilisation,
        **fields,
        "method": method,
        "evidence_kinds": {"utilisation": "estimated", **kinds},
        "reasons": reasons,
        "simulated": simulated,
        "n_jobs": sample.n_jobs if sample else 0,
        "n_replications": sample.n_replications if sample else 0,
        "seed": seed if sample else None,
        "offered_load": load.offered,
        "utilisation_paid": load.utilisation_paid,
        "arrival_paid_per_second": load.arrival_paid_per_second,
        "arrival_free_per_second": load.arrival_free_per_second,
        "service_paid_seconds": load.service_paid_seconds,
        "service_free_seconds": load.service_free_seconds,
        "n_servers": load.n_servers,
        "law": load.law,
        "discipline": load.discipline,
        "notes": _notes(load, reasons, n_jobs, why_not),
    }


def _sample(
    load: Load, n_jobs: int, seed: int, *, has_exact: bool
) -> tuple[SimulatedWaits | None, str]:
    """Return what was simulated, or why nothing was where exact means stand without it."""
    if not n_jobs:
        return None, ""
    try:
        return simulate(load, np.random.default_rng(seed), n_jobs=n_jobs), ""
    except ValueError as problem:
        if has_exact:
            return None, str(problem)
        raise InputError(str(problem), todo="leave out --simulate or lower it") from problem


def _exact(waits: Waits) -> dict[str, float | None]:
    """Return every field that a formula or a chain may give."""
    found: dict[str, float | None] = {"wait_probability": plain(waits.wait_probability)}
    found |= {f"wait_{who}": plain(waits.means.get(who)) for who in WHO}
    for name, probability in PROBABILITIES.items():
        found |= {f"{name}_{who}": plain(waits.quantile(who, probability)) for who in WHO}
    return found


def _reasons(waits: Waits) -> dict[str, str]:
    """Return why a field is missing, by its name."""
    found: dict[str, str] = {}
    if waits.wait_probability is None:
        found["wait_probability"] = "neither formula nor chain for it; it can be simulated"
    for who in WHO:
        if who not in waits.means:
            found[f"wait_{who}"] = waits.reasons[who]
        for name, probability in PROBABILITIES.items():
            if why := waits.why_no_quantile(who, probability):
                found[f"{name}_{who}"] = why
    return found


def _simulated(waits: Waits, sample: SimulatedWaits) -> dict[str, dict[str, float]]:
    """Return the simulated value of every field with its 95% interval."""
    estimates: dict[str, Estimate] = {"wait_probability": sample.wait_probability()}
    for who in sample.everyone:
        estimates[f"wait_{who}"] = sample.mean(who)
        for name, probability in PROBABILITIES.items():
            estimates[f"{name}_{who}"] = sample.quantile(who, probability)
    if "all" in waits.means and "paid" not in waits.means and "paid" in sample.tiers:
        share = waits.load.arrival_paid_per_second / waits.load.arrival_per_second
        free = the_other_wait(waits.means["all"], share, sample.mean("paid"))
        estimates["wait_free"] = free
    found = {
        name: {"value": each.value, "low": each.low, "high": each.high}
        for name, each in estimates.items()
    }
    return {"utilisation": {"value": sample.utilisation}, **found}


def _notes(load: Load, reasons: dict[str, str], n_jobs: int, why_not: str) -> list[str]:
    notes = ["a wait is the time until a server begins; its service comes on top"]
    if why_not:
        notes.append(f"nothing was simulated: {why_not}")
    if not n_jobs and any("simulated" in why for why in reasons.values()):
        notes.append("what has no formula can be simulated: --simulate 1000000")
    if load.utilisation > 0.95:
        notes.append(
            f"at a utilisation {told_near_one(load.utilisation)} a little more load lengthens "
            "every wait a lot"
        )
    return notes


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a tier, the simulated values beside the exact ones."""
    return [_row(document, who) for who in WHO]


def _row(document: dict[str, Any], who: Who) -> dict[str, Any]:
    kinds, simulated = document["evidence_kinds"], document["simulated"] or {}
    row: dict[str, Any] = {"users": who}
    for label, name in (("mean wait s", "wait"), ("p50 s", "p50"), ("p95 s", "p95")):
        field = f"{name}_{who}"
        is_exact = kinds.get(field) == "estimated"
        row[label] = shown(document[field], "{:.6g}") if is_exact else ""
        if simulated:
            row[f"simulated {label}"] = _interval(simulated.get(field))
    row["why not"] = document["reasons"].get(f"wait_{who}") or document["reasons"].get(
        f"p95_{who}", ""
    )
    return row


def _interval(estimate: dict[str, float] | None) -> str:
    if estimate is None:
        return ""
    return "{value:.5g} ({low:.5g} to {high:.5g})".format(**estimate)


def _share(waiting: float) -> str:
    is_shown = waiting == 0 or waiting >= 1e-6
    return f"{waiting:.4%}" if is_shown else f"a share of {waiting:.3g}"


def summary(document: dict[str, Any]) -> list[str]:
    """Return how full the servers are, how many wait, and how it is known, in sentences."""
    waiting = document["wait_probability"]
    kind = document["evidence_kinds"].get("wait_probability", "")
    told = "" if waiting is None else f"; {_share(waiting)} of the jobs wait ({kind})"
    servers = servers_in_words(document["n_servers"])
    model = f"{servers}, {document['law']}, {document['discipline']}"
    used = document["utilisation"]
    full = f"{used:.4%}" if used < 0.9995 else told_near_one(used)
    return [
        f"{model}: utilisation {full}{told}",
        document["method"],
    ]
