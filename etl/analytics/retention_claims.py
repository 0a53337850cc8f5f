"""What a retention figure without its rule can mean: ranges under each rule.

A claim such as "day 1 40%, day 7 nearly 30%" names a share of users and a day, and not whether
that is active on the day, on or after it, or at any time until it. Each reading bounds the others,
because its users are part of theirs.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

Reading = Literal["n_day", "n_day_24h", "unbounded", "bracket", "rolling_window"]
READINGS: tuple[Reading, ...] = ("n_day", "n_day_24h", "unbounded", "bracket", "rolling_window")
Grade = Literal["A", "B", "C", "D"]
WINDOW_DAYS = 7


def is_part(one: tuple[str, int], other: tuple[str, int], window: int = WINDOW_DAYS) -> bool:
    """Say whether everybody counted by one reading is counted by the other, whatever users do.

    Parameters
    ----------
    one, other
        Reading and day. ``bracket`` on day k is days 1 to k; ``rolling_window`` is the ``window``
        days that end on day k, no earlier than the day of the cohort itself.
    """
    (rule, k), (wide, last) = one, other
    if one == other:
        return True
    days = {
        "n_day": (k, k),
        # 24·k hours later is day k at the earliest and day k + 1 at the latest to begin with.
        "n_day_24h": (k, k + 1),
        "unbounded": (k, np.inf),
        "bracket": (1, k),
        "rolling_window": (max(k - window + 1, 0), k),
    }[rule]
    cover = {
        "n_day": (last, last),
        "n_day_24h": None,
        "unbounded": (last, np.inf),
        "bracket": (1, last),
        "rolling_window": (max(last - window + 1, 0), last),
    }[wide]
    return cover is not None and cover[0] <= days[0] and days[1] <= cover[1]


def implied(
    claims: Mapping[int, float], read_as: Reading, window: int = WINDOW_DAYS
) -> pd.DataFrame:
    """Return what claims, read by one rule, say about all rules.

    Parameters
    ----------
    claims
        Day → share that came back, 0–1.
    read_as
        The rule the claims are taken to be measured by.
    window
        Days of the rolling window.

    Returns
    -------
    DataFrame
        ``rule, day, low, high``: by each rule and claimed day, the shares that no history of users
        with these claims can leave. Equal ends are the claim itself.

    Raises
    ------
    ValueError
        If a share is outside 0–1 or a day below 1, or claims contradict each other under the rule.
    """
    for day, share in claims.items():
        if day < 1 or not 0 <= share <= 1:
            raise ValueError(
                f"got the claim {share:g} on day {day}; shares are from 0 to 1, days from 1"
            )
    held = {(read_as, day): share for day, share in claims.items()}
    for one, share in held.items():
        for other, more in held.items():
            if is_part(one, other, window) and share > more:
                raise ValueError(
                    f"got {share:.1%} on day {one[1]} and {more:.1%} on day {other[1]}; read as "
                    f"{read_as} the first cannot exceed the second"
                )
    rows = [
        {"rule": rule, "day": day, **_bounds((rule, day), held, window)}
        for rule in READINGS
        for day in sorted(claims)
    ]
    return pd.DataFrame(rows, columns=["rule", "day", "low", "high"])


def _bounds(
    wanted: tuple[str, int], held: Mapping[tuple[Any, int], float], window: int
) -> dict[str, float]:
    inside = [share for known, share in held.items() if is_part(known, wanted, window)]
    around = [share for known, share in held.items() if is_part(wanted, known, window)]
    return {"low": max(inside, default=0.0), "high": min(around, default=1.0)}


def like_ours(claim: float, ours_as_read: float, ours_as_wanted: float) -> float:
    """Return a claim carried to another rule as far apart as the two rules are in our own data.

    The difference of the log-odds is kept: an estimate for users who come back in the manner of
    ours, not a bound.

    Parameters
    ----------
    claim
        Share claimed, 0–1.
    ours_as_read, ours_as_wanted
        Our own shares of the same day by the rule the claim is read by, and by the other.

    Returns
    -------
    float
        Missing where one of our shares is 0, 1 or missing.
    """
    shares = np.array([claim, ours_as_read, ours_as_wanted])
    if not ((shares > 0) & (shares < 1)).all():
        return float("nan")
    odds = np.log(shares / (1 - shares))
    return float(1 / (1 + np.exp(-(odds[0] + odds[2] - odds[1]))))


def grade(confidence: str, *, has_rule: bool, has_size: bool) -> Grade:
    """Return how much a claim can bear.

    ``A``: stated by its owner with rule and number of users; ``B``: stated with its rule; ``C``:
    stated without a rule; ``D``: told or derived by somebody else without one.
    """
    if has_rule:
        return "A" if has_size and confidence == "stated" else "B"
    return "C" if confidence == "stated" else "D"
