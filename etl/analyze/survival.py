"""How long the subjects of a file stay, group by group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from etl import user_files
from etl.analytics.survival import KaplanMeier, kaplan_meier, log_rank, restricted_mean
from etl.analyze.answers import plain, shown
from etl.errors import InputError

ONE_GROUP = "all"


def run(path: Path, *, tau: float | None = None) -> dict[str, Any]:
    """Estimate survival curves and compare them.

    Parameters
    ----------
    path
        CSV or Parquet: ``time,status[,group]``, one row a subject; status is 1 where it ended, 0
        where the observation did.
    tau
        Horizon of the restricted mean; by default the smallest of the groups' longest times.

    Returns
    -------
    dict
        The document of ``artonomics analyze survival --json``; a median or mean that cannot be
        known is missing, with the reason.

    Raises
    ------
    InputError
        For a wrong file, column or cell, or a horizon that is not positive.
    """
    if tau is not None and not (np.isfinite(tau) and tau > 0):
        raise InputError(f"got --tau {tau}", "a time above 0, in the unit of the file")
    time, status, group = _read(path)
    names = sorted(set(group))
    curves = {name: kaplan_meier(time[group == name], status[group == name]) for name in names}
    horizon = min(curve.last_time for curve in curves.values()) if tau is None else tau
    notes = []
    if not horizon > 0:
        notes.append("a group was observed for no time at all: no restricted mean")
    compared = log_rank(time, status, group)
    return {
        "groups": [_group(name, curve, horizon, notes) for name, curve in curves.items()],
        "tau": horizon,
        "log_rank_chi2": plain(compared.chi_square),
        "log_rank_df": compared.degrees_of_freedom,
        "log_rank_p": plain(compared.p_value),
        "n": int(time.size),
        "notes": notes,
    }


def _group(name: str, curve: KaplanMeier, tau: float, notes: list[str]) -> dict[str, Any]:
    rmst, rmst_se = np.nan, np.nan
    if tau > 0:
        mean = restricted_mean(curve, tau)
        rmst, rmst_se = mean.rmst, mean.rmst_se
        if np.isnan(rmst):
            notes.append(
                f"{name}: observed until {curve.last_time:g} only, with some still there: no "
                f"restricted mean up to {tau:g}"
            )
    if np.isnan(curve.median):
        notes.append(f"{name}: more than half stay to the end of the observation: no median")
    return {
        "group": name,
        "n": curve.n,
        "time": plain(curve.time),
        "at_risk": [int(n) for n in curve.at_risk],
        "events": [int(n) for n in curve.events],
        "survival": plain(curve.survival),
        "se_greenwood": plain(curve.se_greenwood),
        "low": plain(curve.low),
        "high": plain(curve.high),
        "median": plain(curve.median),
        "rmst": plain(rmst),
        "rmst_se": plain(rmst_se),
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a group."""
    return [
        {
            "group": group["group"],
            "n": f"{group['n']:,}",
            "ended": f"{sum(group['events']):,}",
            "median": shown(group["median"], "{:g}"),
            f"mean to {document['tau']:g}": shown(group["rmst"], "{:.4g}"),
            "s.e.": shown(group["rmst_se"], "{:.3g}"),
        }
        for group in document["groups"]
    ]


def _read(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    file = user_files.read(path, ("time", "status"), ("group",))
    time, status = (user_files.numbers(file, name) for name in ("time", "status"))
    for name, values, wrong, wanted in (
        ("time", time, ~(time >= 0), "a time of 0 or more in every row"),
        ("status", status, ~status.isin([0, 1]), "1 where it ended, 0 where the observation did"),
    ):
        if wrong.any():
            index, row = file.first(wrong.to_numpy(dtype=bool))
            raise InputError(f"got the {name} {values[index]:g} in {row}", wanted)
    group = np.full(time.size, ONE_GROUP, dtype=object)
    if "group" in file.frame.columns:
        group = user_files.text(file, "group").to_numpy()
    return time.to_numpy(dtype=float), status.to_numpy(dtype=float), group
