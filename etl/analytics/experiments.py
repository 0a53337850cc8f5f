"""The arms of a randomised trial beside each other, and how many users a trial needs."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from etl.analytics.distributions import FloatArray, normal_quantile, t_quantile, two_sided_t
from etl.analytics.multiple_testing import holm
from etl.analytics.proportions import compare, sample_ratio_p, wilson

SUSPECT_SPLIT_P = 0.001
"""Below it the split of users is no chance: no other figure of the trial is to be believed."""
PLANNED_USERS = 10_000
"""Users an arm for which the always-valid p-value is sharpest."""
_SHARPEST = 8.8
"""Variance of the mixture over the error's variance at the planned size, best for 5%."""
COLUMNS = [
    "metric",
    "variant",
    "n",
    "value",
    "low",
    "high",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "p_value_holm",
    "p_value_sequential",
    "fisher_p",
    "reason",
]


def always_valid_p(
    difference: ArrayLike, error: ArrayLike, n: ArrayLike, planned: float = PLANNED_USERS
) -> FloatArray:
    """Return p-values that stay right however often one looks (Johari, Pekelis and Walsh 2017).

    The mixture sequential probability ratio test with a normal mixture over the true difference.

    Parameters
    ----------
    difference, error
        Estimated difference of two arms and its standard error, above 0.
    n
        Users of the smaller arm so far: the error falls with its root.
    planned
        Users an arm at which the test is sharpest; to be set before the trial.

    Returns
    -------
    Array
        1 over the mixture's likelihood ratio, at most 1. The smallest of all looks so far counts.
    """
    theta, sigma = np.asarray(difference, np.float64), np.asarray(error, np.float64)
    variance = sigma**2
    mixture = _SHARPEST * variance * np.asarray(n, np.float64) / planned
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = 0.5 * np.log(variance / (variance + mixture)) + (
            mixture * theta**2 / (2 * variance * (variance + mixture))
        )
    return np.where(variance > 0, np.exp(-np.maximum(log_ratio, 0.0)), np.nan)


def compare_arms(
    sums: pd.DataFrame, control: str, level: float = 0.95, planned: float = PLANNED_USERS
) -> pd.DataFrame:
    """Compare every arm with the control: who pays, pictures, contribution after compute.

    Parameters
    ----------
    sums
        One row an arm of one trial, see :func:`etl.marts.conversion.arm_sums`.
    control
        The arm the others are compared with.
    level
        Of the intervals: Wilson and Newcombe for shares, Welch for means.
    planned
        See :func:`always_valid_p`.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`, by metric (``paid_share, images, contribution_usd``) and arm; differences
        are arm less control. ``reason`` says why a figure is missing.

    Raises
    ------
    ValueError
        If the control is none of the arms.
    """
    arms = sums.set_index("variant")
    if control not in arms.index:
        raise ValueError(f"got the control {control!r}; the arms are {', '.join(arms.index)}")
    order = [control, *(name for name in sorted(arms.index) if name != control)]
    rows = [
        *_shares(arms.loc[order], level, planned),
        *_means(arms.loc[order], "images", level, planned),
        *_means(arms.loc[order], "contribution", level, planned),
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    known = frame["p_value"].notna().to_numpy()
    adjusted = np.full(len(frame), np.nan)
    if known.any():
        adjusted[known] = holm(frame.loc[known, "p_value"].to_numpy(np.float64))
    return frame.assign(p_value_holm=adjusted)


def split_p(sums: pd.DataFrame, expected: Sequence[float] | None = None) -> float:
    """Return the p-value of the split of users over the arms; missing with a single arm.

    Parameters
    ----------
    sums
        With ``n_assigned``, every user that was assigned.
    expected
        Shares planned, in the order of the rows; equal ones by default.
    """
    n = sums["n_assigned"].to_numpy(np.float64)
    if n.size < 2:
        return float("nan")
    return sample_ratio_p(n, expected if expected is not None else np.ones(n.size))


def _shares(arms: Any, level: float, planned: float) -> list[dict[str, Any]]:
    n, k = arms["n_users"].to_numpy(np.int64), arms["n_paid"].to_numpy(np.int64)
    low, high = wilson(k, n, level)
    rows = []
    for i, name in enumerate(arms.index):
        row = _row("paid_share", name, n[i])
        if n[i]:
            row |= {"value": k[i] / n[i], "low": low[i], "high": high[i]}
        else:
            row["reason"] = "no_user_with_full_time"
        if i and n[i] and n[0]:
            found = compare((int(k[i]), int(k[0])), (int(n[i]), int(n[0])), level=level)
            rates = np.array(found.rate)
            error = float(np.sqrt((rates * (1 - rates) / n[[i, 0]]).sum()))
            row |= {
                "difference": found.difference,
                "difference_low": found.newcombe[0],
                "difference_high": found.newcombe[1],
                "p_value": found.p_pooled,
                "fisher_p": found.fisher_p,
                "p_value_sequential": float(
                    always_valid_p(found.difference, error, min(n[i], n[0]), planned)
                ),
            }
        rows.append(row)
    return rows


def _means(arms: Any, what: str, level: float, planned: float) -> list[dict[str, Any]]:
    n = arms["n_users"].to_numpy(np.float64)
    total, squares = (arms[f"{what}_{s}"].to_numpy(np.float64) for s in ("sum", "squares"))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        spread = np.where(n > 1, (squares - n * mean**2) / (n - 1) / n, np.nan)
    spread = np.maximum(spread, 0.0)
    metric = "contribution_usd" if what == "contribution" else what
    unpriced = arms["n_unpriced"].to_numpy(np.int64) if what == "contribution" else 0 * n
    rows = []
    for i, name in enumerate(arms.index):
        row = _row(metric, name, int(n[i]))
        reason = _why_no_mean(n[i], unpriced[i])
        row["reason"] = reason
        if not reason:
            half = t_quantile((1 + level) / 2, n[i] - 1) * np.sqrt(spread[i])
            row |= {"value": mean[i], "low": mean[i] - half, "high": mean[i] + half}
        if i and not reason and not _why_no_mean(n[0], unpriced[0]):
            row |= _welch(mean[[i, 0]], spread[[i, 0]], n[[i, 0]], level, planned)
        rows.append(row)
    return rows


def _why_no_mean(n: float, n_unpriced: float) -> str:
    if n_unpriced:
        return "proceeds_unknown"
    return "" if n > 1 else "no_user_with_full_time"


def _welch(
    mean: FloatArray, spread: FloatArray, n: FloatArray, level: float, planned: float
) -> dict[str, float]:
    """Return Welch's comparison of two means (Welch 1947)."""
    difference, variance = float(mean[0] - mean[1]), float(spread.sum())
    if variance == 0:
        return {"difference": difference}
    error = np.sqrt(variance)
    freedom = variance**2 / float((spread**2 / (n - 1)).sum())
    half = t_quantile((1 + level) / 2, freedom) * error
    return {
        "difference": difference,
        "difference_low": difference - half,
        "difference_high": difference + half,
        "p_value": float(two_sided_t(np.array(difference / error), freedom)),
        "p_value_sequential": float(always_valid_p(difference, error, n.min(), planned)),
    }


def _row(metric: str, variant: object, n: int) -> dict[str, Any]:
    empty = dict.fromkeys(COLUMNS[3:-1], np.nan)
    return {"metric": metric, "variant": variant, "n": int(n), **empty, "reason": ""}


@dataclass(frozen=True)
class Plan:
    """How many users a trial of two arms needs.

    Attributes
    ----------
    n_control, n_treated
        Users an arm.
    power
        Reached with them.
    """

    n_control: int
    n_treated: int
    power: float


def plan_shares(
    baseline: float,
    difference: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
) -> Plan:
    """Return the users needed to find a difference of two shares (pooled z test, two-sided).

    Parameters
    ----------
    baseline
        Share of the control, 0–1.
    difference
        Smallest difference worth finding, not 0.
    power, alpha
        Chance to find it, and to find one that is not there.
    ratio
        Treated users for one control user.

    Raises
    ------
    ValueError
        If a share leaves 0–1, the difference is 0, or power, alpha or ratio cannot be.
    """
    treated = baseline + difference
    if not (0 < baseline < 1 and 0 < treated < 1) or difference == 0:
        raise ValueError(
            f"got the share {baseline:g} and the difference {difference:g}; both shares lie "
            "between 0 and 1 and differ"
        )
    _require_chances(power, alpha, ratio)
    pooled = (baseline + ratio * treated) / (1 + ratio)
    z_alpha, z_beta = normal_quantile(1 - alpha / 2), normal_quantile(power)
    null = np.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    alternative = np.sqrt(baseline * (1 - baseline) + treated * (1 - treated) / ratio)
    n = int(np.ceil(((z_alpha * null + z_beta * alternative) / difference) ** 2))
    return Plan(n, int(np.ceil(ratio * n)), power)


def plan_means(
    deviation: float,
    difference: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    ratio: float = 1.0,
) -> Plan:
    """Return the users needed to find a difference of two means (normal approximation).

    Parameters
    ----------
    deviation
        Standard deviation of a user's value, above 0.
    difference
        Smallest difference worth finding, in the same unit, not 0.

    Raises
    ------
    ValueError
        If the deviation is not above 0, the difference is 0, or a chance cannot be.
    """
    if not deviation > 0 or difference == 0:
        raise ValueError(
            f"got the deviation {deviation:g} and the difference {difference:g}; the first is "
            "above 0, the second is not 0"
        )
    _require_chances(power, alpha, ratio)
    z = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    n = int(np.ceil((z * deviation / difference) ** 2 * (1 + 1 / ratio)))
    return Plan(n, int(np.ceil(ratio * n)), power)


def _require_chances(power: float, alpha: float, ratio: float) -> None:
    if not (0 < alpha < power < 1 and ratio > 0):
        raise ValueError(
            f"got the power {power:g}, alpha {alpha:g} and ratio {ratio:g}; alpha and power lie "
            "between 0 and 1, power above alpha, the ratio above 0"
        )
