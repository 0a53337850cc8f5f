"""What a chart rank sells, from a file of paid and grossing ranks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from etl import user_files
from etl.analytics.rank_demand import FEWEST_ROWS, Quantity, RankDemand, estimate, first_fault
from etl.analyze.answers import plain, shown
from etl.errors import InputError

QUANTITIES = ("a_paid", "a_grossing", "scale_ratio")
FEW_ROWS = 30
"""Below this the intervals lean on normal errors more than on the data."""

PRICE_STATISTIC = 2.0
"""Below this t the price coefficient, by which all is divided, may as well be zero."""


def run(path: Path, *, seed: int = 0) -> dict[str, Any]:
    """Estimate the shapes of the paid and the grossing chart of a file, and their scale ratio.

    Parameters
    ----------
    path
        CSV or Parquet: ``rank_paid,rank_grossing,price[,app_id]``, one row an app and day. An
        empty rank is "not ranked". With ``app_id`` the errors allow for the days of one app.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        The document of ``artonomics analyze rank-demand --json``.

    Raises
    ------
    InputError
        For a wrong file, column or cell, or ranks and prices that cannot tell the shapes.
    """
    columns = ("rank_paid", "rank_grossing", "price")
    file = user_files.read(path, columns, ("app_id",))
    values = [user_files.numbers(file, name).to_numpy(dtype=float) for name in columns]
    fault = first_fault(*values)
    if fault:
        position, got, expected = fault
        row = file.row(int(file.frame.index[position]))
        raise InputError(f"{got} in {row}", expected, "correct the cell, or leave it empty")
    by_app = "app_id" in file.frame.columns
    apps = user_files.text(file, "app_id").to_numpy(dtype=str) if by_app else None
    try:
        result = estimate(*values, groups=apps, rng=np.random.default_rng(seed))
    except ValueError as problem:
        raise InputError(
            f"{problem} ({path.name})",
            f"at least {FEWEST_ROWS} rows with both ranks and a price, which vary apart",
            "add rows: apps in both charts, at several prices",
        ) from None
    names = ("b0", "b1", "b2")
    return {
        **{name: plain(getattr(result, name).value) for name in QUANTITIES},
        "coefficients": dict(zip(names, plain(result.coefficients), strict=True)),
        "standard_errors": dict(zip(names, plain(result.standard_errors), strict=True)),
        "intervals": {name: _interval(getattr(result, name)) for name in QUANTITIES},
        "level": result.level,
        "n": result.n,
        "n_left_out": result.n_left_out,
        "n_groups": result.n_groups,
        "n_draws": result.n_draws,
        "seed": seed,
        "r2": plain(result.r_squared),
        "evidence_kind": "estimated",
        "notes": _notes(result, by_app=by_app),
    }


def table(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one readable row a quantity, with both intervals."""
    return [
        {
            "quantity": name,
            "estimate": shown(document[name], "{:.4f}"),
            "delta method": _ends(entry["low"], entry["high"]),
            "bootstrap": _ends(entry["bootstrap_low"], entry["bootstrap_high"]),
        }
        for name, entry in document["intervals"].items()
    ]


def _interval(quantity: Quantity) -> dict[str, float | None]:
    return {name: plain(value) for name, value in asdict(quantity).items() if name != "value"}


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4f} … {high:.4f}"


def _notes(result: RankDemand, *, by_app: bool) -> list[str]:
    """Return what a reader must know before the figures."""
    price_statistic = abs(result.coefficients[2]) / result.standard_errors[2]
    notes = [
        "the scale ratio is that of the grossing to the paid chart, in the currency of the price; "
        "charts alone do not tell downloads",
    ]
    if result.a_grossing.value <= 0 or result.a_paid.value <= 0:
        notes.append("a shape is not above zero: these ranks do not follow the model")
    elif price_statistic < PRICE_STATISTIC:
        notes.append("the effect of the price is not distinct from zero: no shape is known")
    if result.n_left_out:
        notes.append(f"rows without both ranks and a price, left out: {result.n_left_out}")
    if result.n < FEW_ROWS:
        notes.append(f"{result.n} rows are few: the intervals rest on normal errors")
    if not by_app:
        notes.append("rows count as independent; with a column app_id the errors are by app")
    return notes
