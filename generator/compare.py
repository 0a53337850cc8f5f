"""What changed between two records, and whether it is more than noise."""

from __future__ import annotations

from typing import Any

from generator.statistics import ratio

_BETTER_HIGHER = {"images_per_second": True, "p50_seconds": False, "p95_seconds": False}


def compare(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Compare the cells that two records share.

    Parameters
    ----------
    earlier, later
        Valid records.

    Returns
    -------
    dict
        ``cells``: for each shared measured cell and figure the ratio later / earlier with its
        interval and a verdict (``faster``, ``slower``, ``within noise``, or why there is none);
        ``only_earlier``, ``only_later``; ``changed``: what differs in machine, versions, program.
    """
    a, b = _measured(earlier), _measured(later)
    return {
        "earlier": earlier["run_id"],
        "later": later["run_id"],
        "changed": _environment_changes(earlier, later),
        "cells": [
            {"key": key, **_figures(a[key]["figures"], b[key]["figures"])} for key in a if key in b
        ],
        "only_earlier": [key for key in a if key not in b],
        "only_later": [key for key in b if key not in a],
    }


def _measured(record: dict[str, Any]) -> dict[str, Any]:
    return {cell["key"]: cell for cell in record["cells"] if cell["status"] == "measured"}


def _figures(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    told = {}
    for name, higher_is_better in _BETTER_HIGHER.items():
        change = ratio(later[name], earlier[name])
        told[name] = change.to_record() | {"verdict": _verdict(change, higher_is_better)}
    return told


def _verdict(change: Any, higher_is_better: bool) -> str:
    if change.low is None or change.high is None:
        return change.reason or "no interval"
    if change.low <= 1 <= change.high:
        return "within noise"
    return "faster" if (change.low > 1) == higher_is_better else "slower"


def _environment_changes(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, list[Any]]:
    flat_a, flat_b = (_flat(record) for record in (earlier, later))
    return {
        name: [flat_a.get(name), flat_b.get(name)]
        for name in sorted({*flat_a, *flat_b})
        if flat_a.get(name) != flat_b.get(name)
    }


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    environment = record["environment"]
    told = {f"package {name}": version for name, version in environment["packages"].items()}
    told |= {f"program {name}": value for name, value in record["program"].items()}
    told |= {
        "device": environment["device"]["name"],
        "power limit": environment["device"].get("power_limit_watts"),
        "driver": environment.get("driver_version"),
        "python": environment.get("python"),
        "platform": environment.get("platform"),
    }
    return told


def twin_errors(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how far twins are from real weights, where a record holds both of one cell.

    Returns
    -------
    list
        ``key`` of the real cell, and ``images_per_second``: twin / real with its interval.
    """
    cells = _measured(record)
    pairs = []
    for key, real in cells.items():
        twin = cells.get(key.removesuffix("/real") + "/twin") if key.endswith("/real") else None
        if twin is not None:
            change = ratio(
                twin["figures"]["images_per_second"], real["figures"]["images_per_second"]
            )
            pairs.append({"key": key, "images_per_second": change.to_record()})
    return pairs
