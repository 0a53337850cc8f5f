"""Write rankings.json: ranks and downloads with statsmodels, shocks with plain loops.

Run it as ``python tests/golden/make_rankings.py``; it is slow and plain on purpose and shares no
code with ``etl.analytics``.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import statsmodels.api as sm
from scipy import stats

N_ROWS, N_APPS, N_DAYS, DEPTH = 60, 12, 30, 8
TOP, JUMP, QUIET = 3, 4, 3
SURGE, HISTORY, LEAST = 3.0, 4, 10
PRIOR_MEAN, PRIOR_SD, SPREAD, WEIGHT = 0.94, 0.18, 0.5, 4


def demand(rng: np.random.Generator) -> dict[str, Any]:
    """Return a sample of both charts and its regression, with gradients by differences."""
    paid = rng.integers(1, 201, N_ROWS)
    price = np.exp(rng.normal(0.5, 0.6, N_ROWS)).round(2)
    noise = rng.normal(0, 0.4, N_ROWS)
    grossing = np.maximum(1, np.exp(1 + 1.1 * np.log(paid) - 1.15 * np.log(price) + noise).round())
    apps = rng.integers(0, 9, N_ROWS)
    model = sm.OLS(np.log(grossing), sm.add_constant(np.log(np.column_stack([paid, price]))))
    plain = model.fit()
    grouped = model.fit(cov_type="cluster", cov_kwds={"groups": apps}, use_t=True)
    return {
        "rank_paid": paid.tolist(),
        "rank_grossing": grossing.tolist(),
        "price": price.tolist(),
        "app": [f"app {number}" for number in apps],
        "r2": plain.rsquared,
        "by_row": quantities(plain, N_ROWS - 3),
        "by_app": quantities(grouped, len(set(apps.tolist())) - 1),
    }


def quantities(fit: Any, degrees_of_freedom: int) -> dict[str, Any]:
    """Return coefficients, their errors, and each derived figure as value, low and high."""

    def shapes(b: np.ndarray) -> np.ndarray:
        return np.array([-b[1] / b[2], -1 / b[2], -b[0] / b[2]])

    step = 1e-6
    moved = [
        (shapes(fit.params + e) - shapes(fit.params - e)) / (2 * step) for e in step * np.eye(3)
    ]
    gradient = np.array(moved).T
    se = np.sqrt(np.diag(gradient @ fit.cov_params() @ gradient.T))
    t = stats.t.ppf(0.975, degrees_of_freedom)
    table = np.column_stack([shapes(fit.params), shapes(fit.params) - t * se])
    table = np.column_stack([table, shapes(fit.params) + t * se])
    table[2] = np.exp(table[2])
    names = ("a_paid", "a_grossing", "scale_ratio")
    return {
        "coefficients": fit.params.tolist(),
        "standard_errors": fit.bse.tolist(),
        **dict(zip(names, table.tolist(), strict=True)),
    }


def calibration(rng: np.random.Generator, n_points: int) -> dict[str, Any]:
    """Return disclosed downloads and the law, the prior taken as one more observation."""
    rank = rng.integers(1, 101, n_points)
    figures = np.exp(10 - 0.9 * np.log(rank) + rng.normal(0, 0.4, n_points)).round()
    design = np.column_stack([np.ones(n_points), -np.log(rank)])
    plain = sm.OLS(np.log(figures), design).fit()
    dof = WEIGHT + n_points - np.linalg.matrix_rank(design)
    variance = (WEIGHT * SPREAD**2 + plain.ssr) / dof
    weights = [1 / variance] * n_points + [1 / PRIOR_SD**2]
    augmented = sm.WLS(
        np.append(np.log(figures), PRIOR_MEAN), np.vstack([design, [0, 1]]), weights=weights
    ).fit(cov_type="fixed scale", cov_kwds={"scale": 1})
    at = np.column_stack([np.ones(3), -np.log([1, 20, 150])])
    centre = at @ augmented.params
    se = np.sqrt(np.diag(at @ augmented.cov_params() @ at.T) + variance)
    reach = stats.t.ppf(0.975, dof) * se
    return {
        "rank": rank.tolist(),
        "downloads_per_day": figures.tolist(),
        "ln_b": augmented.params[0],
        "a": augmented.params[1],
        "spread": float(np.sqrt(variance)),
        "at": [1, 20, 150],
        "downloads": np.exp(centre).tolist(),
        "low": np.exp(centre - reach).tolist(),
        "high": np.exp(centre + reach).tolist(),
    }


def charts(rng: np.random.Generator) -> list[list[int | None]]:
    """Return the rank of each app on each day; ``None`` is not ranked, an empty day not read."""
    days = []
    for _ in range(N_DAYS):
        order = rng.permutation(N_APPS).tolist()
        ranks = [order.index(app) + 1 for app in range(N_APPS)]
        read = rng.random() > 0.2
        days.append([rank if rank <= DEPTH else None for rank in ranks] if read else [])
    return days


def shocks(days: list[list[int | None]]) -> list[list[Any]]:
    """Return day, app, kind and least rise of every shock, walking through the days."""
    found, last_of, topped = [], {}, set()
    previous: list[int | None] | None = None
    for day, ranks in enumerate(days):
        if not ranks:
            continue
        for app, rank in enumerate(ranks):
            if rank is None:
                continue
            if previous is not None:
                before = previous[app]
                rise = (DEPTH + 1 if before is None else before) - rank
                kinds = [
                    ("first_top_1", rank == 1 and app not in topped),
                    (f"entered_top_{TOP}", rank <= TOP and (before is None or before > TOP)),
                    (f"jump_of_{JUMP}_places", rise >= JUMP),
                ]
                for kind, is_one in kinds:
                    if not is_one:
                        continue
                    last = last_of.get((app, kind))
                    last_of[app, kind] = day
                    if last is None or day - last > QUIET:
                        found.append([day, app, kind, rise, before is None])
            if rank == 1:
                topped.add(app)
        previous = ranks
    return found


def counts(rng: np.random.Generator) -> dict[str, Any]:
    """Return uneven days and counts with a surge and a fall, and the surges a loop finds."""
    days = np.cumsum(rng.integers(1, 10, 40))
    new = rng.poisson(2 * np.diff(days, prepend=0))
    new[[15, 16, 30]] *= 9
    new[22] = -40
    total = 500 + np.cumsum(new)
    rates: list[float | None] = []
    surges, fast_before = [], False
    known: list[float] = []
    for place in range(1, 40):
        change, length = int(total[place] - total[place - 1]), int(days[place] - days[place - 1])
        if change < 0:
            rates.append(None)
            continue
        rate = change / length
        trailing = median(known[-HISTORY:]) if len(known) >= HISTORY else None
        fast = trailing is not None and rate >= SURGE * trailing and change >= LEAST
        if fast and not fast_before:
            surges.append([int(days[place]), trailing])
        fast_before = fast
        known.append(rate)
        rates.append(rate)
    return {"day": days.tolist(), "count": total.tolist(), "rates": rates, "surges": surges}


def main() -> None:
    """Write the file beside this script."""
    rng = np.random.default_rng(20221201)
    days = charts(rng)
    document = {
        "demand": demand(rng),
        "calibrations": [calibration(rng, n) for n in (1, 3, 8)],
        "charts": {"days": days, "shocks": shocks(days)},
        "counts": counts(rng),
    }
    path = Path(__file__).with_name("rankings.json")
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
