"""How many subscribers renew, and how many more times they will."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from etl.analytics.renewals import (
    REASONS,
    BootstrapFits,
    Cohorts,
    bootstrap,
    discounted_lifetime,
    fit,
    survival,
)
from etl.analyze.answers import plain, shown
from etl.errors import InputError

PERIODS = 12
MOST_PERIODS = 1_000


def run(
    survivors: Sequence[str],
    *,
    discount: float = 0.1,
    periods: int = PERIODS,
    draws: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Fit the shifted-beta-geometric law to survivors and project it.

    Parameters
    ----------
    survivors
        One text a cohort: its size and those left after each renewal, separated by commas.
    discount
        Discount rate of one period, above 0.
    periods
        Renewals to project; never fewer than were observed.
    draws
        Resamples behind the 95% intervals; 0 leaves them out.
    seed
        Of the resamples.

    Returns
    -------
    dict
        The document of ``artonomics analyze renewals --json``. ``survival`` and ``renewal_rate``
        are those of ``period`` 1, 2, …; ``derl`` those of subscribers who have renewed 0, 1, …
        times. All are missing, with the reason, where the law cannot be fitted.

    Raises
    ------
    InputError
        For counts that cannot be survivors, or an option out of its range.
    """
    if not (np.isfinite(discount) and discount > 0):
        raise InputError(
            f"got --discount {discount}", "a rate above 0 for one period, for example 0.1"
        )
    if not 1 <= periods <= MOST_PERIODS:
        raise InputError(f"got --periods {periods}", f"a number from 1 to {MOST_PERIODS}")
    if not 0 <= draws <= 100_000:
        raise InputError(f"got --draws {draws}", "a number from 0 to 100000")
    counts = [_counts(text) for text in survivors]
    try:
        cohorts = Cohorts.of(counts)
    except ValueError as problem:
        raise InputError(str(problem), "--survivors 1000,631,468,… for each cohort") from problem
    law = fit(cohorts)
    period = np.arange(1, max(periods, cohorts.due.size) + 1)
    document: dict[str, Any] = {
        "alpha": plain(law.alpha),
        "beta": plain(law.beta),
        "log_likelihood": plain(law.log_likelihood),
        "reason": REASONS[law.reason] if law.reason else None,
        "period": period.tolist(),
        "discount": discount,
        "n_cohorts": len(counts),
        "observed_renewal_rate": plain(_observed(cohorts)),
        "evidence_kind": "estimated",
        "notes": [],
    }
    if law.reason:
        empty = [None] * period.size
        document |= {"survival": empty, "renewal_rate": empty, "del": None, "derl": empty}
        document["notes"].append(f"no fit: {REASONS[law.reason]}")
        return document
    document |= {
        "survival": plain(law.survival(period)),
        "renewal_rate": plain(law.renewal_rate(period)),
        "del": law.expected_lifetime(discount),
        "derl": plain(law.residual_lifetime(period - 1, discount)),
    }
    if draws:
        fits = bootstrap(counts, draws, np.random.default_rng(seed))
        document |= _intervals(fits, period, discount)
        document |= {"draws": draws, "seed": seed, "n_draws_without_fit": fits.n_without_fit}
    return document


def _observed(cohorts: Cohorts) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return cohorts.renewed / cohorts.due


def _intervals(fits: BootstrapFits, period: np.ndarray, discount: float) -> dict[str, Any]:
    """Return the middle 95% of the resamples: of the parameters, the curve and the lifetime."""
    alpha, beta = fits.alpha[:, None], fits.beta[:, None]
    drawn = {
        "alpha": fits.alpha,
        "beta": fits.beta,
        "survival": survival(alpha, beta, period),
        "del": discounted_lifetime(fits.alpha, fits.beta, discount),
    }
    ends: dict[str, Any] = {}
    for name, values in drawn.items():
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        ends |= {f"{name}_low": plain(low), f"{name}_high": plain(high)}
    return ends


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a renewal."""
    observed = document["observed_renewal_rate"]
    return [
        {
            "renewal": number,
            "still there": shown(document["survival"][i], "{:.2%}"),
            "renewal rate": shown(document["renewal_rate"][i], "{:.2%}"),
            "observed": shown(observed[i], "{:.2%}") if i < len(observed) else "",
            "DERL before it": shown(document["derl"][i], "{:.3f}"),
        }
        for i, number in enumerate(document["period"])
    ]


def _counts(text: str) -> np.ndarray:
    try:
        return np.array([float(cell) for cell in text.split(",")])
    except ValueError as problem:
        raise InputError(
            f"got --survivors {text!r}",
            "counts separated by commas: the size of the cohort, then those left",
            "write for example --survivors 1000,631,468,382",
        ) from problem
