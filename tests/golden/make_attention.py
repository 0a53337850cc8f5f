"""Write attention.json: decay curves by general least squares, breaks by trying every division.

Run it as ``python tests/golden/make_attention.py``; it is slow and plain on purpose and shares no
code with ``etl.analytics``: curves are integrated numerically and fitted by SciPy's trust-region
search from several starts, breaks by brute force.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import integrate, optimize

CURVES: dict[str, Callable[..., float]] = {
    "exponential": lambda t, a, k: a * np.exp(-k * t),
    "exponential_above_level": lambda t, a, k, c: a * np.exp(-k * t) + c,
    "power": lambda t, a, k: a * (1 + t) ** -k,
    "bass": lambda t, a, k: a / np.cosh(k * t / 2) ** 2,
}
TRUE = {
    "exponential": (100, 0.08),
    "exponential_above_level": (100, 0.08, 15),
    "power": (100, 0.7),
    "bass": (100, 0.15),
}
STARTS = (0.02, 0.1, 0.5, 1.5)
N_POINTS = 30
EDGES = (0, 2, 9, 16, 17, 24, 45, 52, 80, 110, 111, 130)
"""Uneven look-ups in days since the peak."""
MOST_BREAKS, SHORTEST = 3, 2


def mean_over(name: str, begin: float, end: float, coefficients: Any) -> float:
    """Return the mean of a curve over a stretch, its value where the stretch is a point."""
    if begin == end:
        return CURVES[name](begin, *coefficients)
    area, _ = integrate.quad(CURVES[name], begin, end, args=tuple(coefficients))
    return area / (end - begin)


def fit(name: str, begin: np.ndarray, end: np.ndarray, value: np.ndarray) -> dict[str, Any]:
    """Return the least-squares coefficients of a curve, their RSS, AICc and half-life."""

    def residuals(coefficients: np.ndarray) -> np.ndarray:
        pairs = zip(begin, end, strict=True)
        return np.array([mean_over(name, a, b, coefficients) for a, b in pairs]) - value

    found = []
    for rate in STARTS:
        start = [value[0], rate] + [value.min()] * (len(TRUE[name]) - 2)
        search = optimize.least_squares(
            residuals, start, bounds=(0, np.inf), xtol=1e-12, ftol=1e-12, x_scale=np.abs(start)
        )
        found.append((2 * search.cost, search.x.tolist()))
    rss, coefficients = min(found)
    n, k = len(value), len(coefficients) + 1
    height = CURVES[name](0, *coefficients) - (coefficients[2:] or [0])[0]

    def above_half(t: float) -> float:
        return CURVES[name](t, *coefficients) - (coefficients[2:] or [0])[0] - height / 2

    return {
        "coefficients": coefficients,
        "rss": rss,
        "aicc": n * np.log(rss / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1),
        "half_life_days": optimize.brentq(above_half, 0, 1e4, xtol=1e-10),
    }


def series(name: str, rng: np.random.Generator, *, stretches: bool) -> dict[str, Any]:
    """Return a noisy series of a curve, as points or means over stretches, and all fits to it."""
    days = np.arange(N_POINTS, dtype=float)
    edges = np.array(EDGES, dtype=float)
    begin, end = (edges[:-1], edges[1:]) if stretches else (days, days)
    true = [mean_over(name, a, b, TRUE[name]) for a, b in zip(begin, end, strict=True)]
    value = np.maximum(np.array(true) + rng.normal(0, 1.5, len(true)), 0.1).round(3)
    return {
        "made_by": name,
        "begin": begin.tolist(),
        "end": end.tolist(),
        "value": value.tolist(),
        "fits": {other: fit(other, begin, end, value) for other in CURVES},
    }


def log_linear(rng: np.random.Generator) -> dict[str, Any]:
    """Return an exact exponential on uneven days and its half-life by a line through logs."""
    days = np.sort(rng.choice(np.arange(1, 200), 11, replace=False)).astype(float)
    days = np.concatenate([[0.0], days])
    value = 80 * np.exp(-0.031 * days)
    slope = ((days - days.mean()) * np.log(value)).sum() / ((days - days.mean()) ** 2).sum()
    return {
        "days": days.tolist(),
        "value": value.tolist(),
        "half_life_days": float(-np.log(2) / slope),
    }


def divided(value: np.ndarray) -> dict[str, Any]:
    """Return the best division for every number of breaks, by trying all of them."""
    n = len(value)
    found: dict[str, Any] = {}
    for number in range(MOST_BREAKS + 1):
        best = (np.inf, ())
        for cut in combinations(range(SHORTEST, n - SHORTEST + 1), number):
            parts = np.split(value, cut)
            if min(map(len, parts)) >= SHORTEST:
                rss = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
                best = min(best, (rss, cut))
        rss, cut = best
        likelihood = -n / 2 * (np.log(2 * np.pi * rss / n) + 1)
        bic = -2 * likelihood + (2 * number + 2) * np.log(n)
        found[str(number)] = {"cut": list(cut), "rss": rss, "bic": bic}
    return {"value": value.tolist(), "by_number": found}


def main() -> None:
    """Write the file beside this script."""
    rng = np.random.default_rng(20221208)
    levels = np.repeat([3.0, 9.0, 5.0], [13, 6, 11]) + rng.normal(0, 1, 30)
    document = {
        "decay": [series(name, rng, stretches=s) for s in (False, True) for name in CURVES],
        "log_linear": log_linear(rng),
        "breaks": divided((1e6 + levels).round(3)),
    }
    path = Path(__file__).with_name("attention.json")
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
