"""Whether channels pay back: spend, installs, what came in by age, contribution after compute."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

AGES = (0, 7, 30, 90)
COLUMNS = [
    "channel",
    "spend_usd",
    "installs",
    "cost_per_install_usd",
    *(f"roas_{age}" for age in AGES),
    "payback_day",
    "proceeds_per_install_usd",
    "compute_per_install_usd",
    "contribution_per_install_usd",
    "n_complete",
    "horizon_days",
    "reason",
]


def channel_table(
    sizes: pd.DataFrame,
    money: pd.DataFrame,
    images: pd.DataFrame,
    spend: pd.DataFrame,
    *,
    last_day: int,
    horizon: int,
    cost_per_image_usd: float,
) -> pd.DataFrame:
    """Return every channel beside its spend.

    Every figure by age takes the users who began early enough to have reached it, and the spend
    of the same days; later ones would count their cost without their income.

    Parameters
    ----------
    sizes
        ``begun_day, channel, size``.
    money
        ``begun_day, channel, age, proceeds_usd``: paid out for users by days since they began.
    images
        ``begun_day, channel, age, n_images``.
    spend
        ``begun_day, channel, spend_usd``.
    last_day
        Last day (since 1970) the data reach.
    horizon
        Age in days up to which the contribution of an install is summed.
    cost_per_image_usd
        Compute of a picture.

    Returns
    -------
    DataFrame
        :data:`COLUMNS` by channel, the largest spend first, ``organic`` channels (no spend) last.
        ``payback_day`` is the first age at which what came in over all complete days covers the
        spend, missing with the ``reason`` where it never did or nothing was spent. Contribution
        is proceeds less compute less spend.
    """
    held: Any = pd.concat([sizes["channel"], spend["channel"]])
    names: list[Any] = sorted(set(held.dropna()))
    if held.isna().any():
        names.append(None)
    rows = [
        _channel(
            name,
            _Own(*(_own(frame, name) for frame in (sizes, money, images, spend))),
            _Until(last_day, horizon),
            cost_per_image_usd,
        )
        for name in names
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["spend_usd", "channel"], ascending=[False, True], ignore_index=True)


class _Own(NamedTuple):
    """The rows of one channel."""

    sizes: Any
    money: Any
    images: Any
    spend: Any


class _Until(NamedTuple):
    """How far the data reach, and how long an install is looked at."""

    last_day: int
    horizon: int


def _own(frame: Any, name: Any) -> Any:
    return frame[frame["channel"].isna() if name is None else frame["channel"] == name]


def _channel(name: Any, own: _Own, until: _Until, cost_per_image_usd: float) -> dict[str, Any]:
    sizes, money, spend = own.sizes, own.money, own.spend
    last_day, horizon = until.last_day, until.horizon
    spent, installs = float(spend["spend_usd"].sum()), int(sizes["size"].sum())
    row: dict[str, Any] = dict.fromkeys(COLUMNS, np.nan)
    row |= {"channel": name, "spend_usd": spent, "installs": installs, "horizon_days": horizon}
    row["reason"] = "" if spent > 0 else "organic"
    if spent > 0 and installs:
        row["cost_per_install_usd"] = spent / installs
    for age in AGES:
        row[f"roas_{age}"] = _roas(money, spend, last_day, age)
    if spent > 0:
        row["payback_day"] = _payback(money, spend, last_day, horizon)
        if np.isnan(row["payback_day"]):
            row["reason"] = "not_paid_back"
    early = sizes.loc[sizes["begun_day"] <= last_day - horizon]
    n = int(early["size"].sum())
    row["n_complete"] = n
    if not n:
        row["reason"] = "no_user_with_full_time"
        return row
    came = _until(money, last_day, horizon)["proceeds_usd"].sum() / n
    made = _until(own.images, last_day, horizon)["n_images"].sum() * cost_per_image_usd / n
    paid = spend.loc[spend["begun_day"] <= last_day - horizon, "spend_usd"].sum() / n
    row |= {
        "proceeds_per_install_usd": came,
        "compute_per_install_usd": made,
        "contribution_per_install_usd": came - made - paid,
    }
    return row


def _until(frame: Any, last_day: int, age: int) -> Any:
    return frame[(frame["begun_day"] <= last_day - age) & (frame["age"] <= age)]


def _roas(money: Any, spend: Any, last_day: int, age: int) -> float:
    spent = float(spend.loc[spend["begun_day"] <= last_day - age, "spend_usd"].sum())
    came = float(_until(money, last_day, age)["proceeds_usd"].sum())
    return came / spent if spent > 0 else float("nan")


def _payback(money: Any, spend: Any, last_day: int, horizon: int) -> float:
    """Return the first age at which the return reaches 1, among ages up to the horizon."""
    for age in range(horizon + 1):
        if _roas(money, spend, last_day, age) >= 1:
            return float(age)
    return float("nan")
