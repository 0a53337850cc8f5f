"""Two shares side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from etl.analytics.proportions import compare
from etl.analyze.answers import plain, shown
from etl.errors import InputError

DOUBTFUL = 0.001
"""Below this p the arms did not get the users they should have, and nothing else can be trusted."""


def run(
    successes: Sequence[int],
    trials: Sequence[int],
    *,
    expected_split: Sequence[float] = (0.5, 0.5),
) -> dict[str, Any]:
    """Compare two shares.

    Parameters
    ----------
    successes, trials
        Two counts each.
    expected_split
        Shares of users each arm was to get.

    Returns
    -------
    dict
        The document of ``artonomics analyze proportions --json``; differences are the first share
        minus the second.

    Raises
    ------
    InputError
        Where the numbers cannot be.
    """
    try:
        found = compare(successes, trials, expected_split)
    except ValueError as problem:
        raise InputError(
            str(problem), "--successes A B --trials N M, with A of N and B of M"
        ) from problem
    notes = []
    if found.sample_ratio_p < DOUBTFUL:
        notes.append(
            f"the arms got {trials[0]:,} and {trials[1]:,} users, which the expected split makes "
            f"all but impossible (p = {found.sample_ratio_p:.2g}): find out why before reading on"
        )
    return {
        "rate": list(found.rate),
        "wilson": [list(ends) for ends in zip(found.wilson_low, found.wilson_high, strict=True)],
        "difference": found.difference,
        "newcombe": list(found.newcombe),
        "z_pooled": plain(found.z_pooled),
        "p_pooled": plain(found.p_pooled),
        "fisher_p": found.fisher_p,
        "sample_ratio_p": found.sample_ratio_p,
        "successes": list(successes),
        "trials": list(trials),
        "notes": notes,
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the answer as readable rows: both shares, then their difference."""
    rows = [
        {
            "": name,
            "successes": f"{k:,}",
            "trials": f"{n:,}",
            "rate": f"{rate:.4%}",
            "95% interval": f"{low:.4%} to {high:.4%}",
            "p": "",
        }
        for name, k, n, rate, (low, high) in zip(
            ("first", "second"),
            document["successes"],
            document["trials"],
            document["rate"],
            document["wilson"],
            strict=True,
        )
    ]
    low, high = document["newcombe"]
    p = f"{shown(document['p_pooled'], '{:.4g}')} (exact {document['fisher_p']:.4g})"
    interval = f"{low:+.4%} to {high:+.4%}"
    return [
        *rows,
        {
            "": "difference",
            "successes": "",
            "trials": "",
            "rate": f"{document['difference']:+.4%}",
            "95% interval": interval,
            "p": p,
        },
    ]
