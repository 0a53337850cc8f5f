"""Measured runs of the generator as inputs of a scenario: speed, energy, idle draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, cast

import pandas as pd

from etl.analytics.quantities import Quantity
from etl.errors import InputError
from etl.scenarios.parts import MeasuredCell

Row = dict[str, Any]
Ask = Callable[[str, Sequence[object]], pd.DataFrame]
COLUMNS = {
    "images_per_second": "images_per_second",
    "joules_per_image": "joules_per_image_gross",
    "idle_watts": "idle_watts",
    "training_seconds": "seconds_per_training",
    "training_joules": "joules_per_training_gross",
}
"""Input → column of ``compute_benchmarks``."""
_UNITS = {
    "images_per_second": "images/second",
    "joules_per_image": "J/image",
    "idle_watts": "W",
    "training_seconds": "seconds",
    "training_joules": "J",
}
_TIMED = ("images_per_second", "training_seconds")
_QUESTION = (
    "SELECT * FROM compute_benchmarks WHERE status = 'measured' ORDER BY measured_at DESC, cell"
)


def measured(ask: Ask, as_of: date, name: str, told: MeasuredCell) -> Quantity:
    """Return what the newest run of a cell has measured of an input.

    Parameters
    ----------
    ask
        Answers SQL over the published snapshot.
    as_of
        What was measured later is refused.
    name
        Of the input: a key of :data:`COLUMNS`.
    told
        Cell, and device or run where several have it.

    Returns
    -------
    Quantity
        ``measured``; of ``images_per_second`` with its 95 % interval, else without ends.

    Raises
    ------
    InputError
        The input is none that is measured; no run has the cell (the nearest one is named) by that
        day; the run has no such figure (with its reason).
    """
    if name not in COLUMNS:
        raise InputError(
            f"got the measured cell {told.cell} for {name}", f"one of {', '.join(COLUMNS)}"
        )
    row = _row(ask(_QUESTION, ()), as_of, told)
    column = COLUMNS[name]
    value = _number(row[column])
    if value is None:
        reason = row["reason"] if name in _TIMED else row["energy_reason"]
        why = f": {reason}" if isinstance(reason, str) else ""
        raise InputError(
            f"got {told.cell} on {row['device_name']}, whose run has no {name}{why}",
            "a run with the figure",
            "name another device or run",
        )
    low, high = (_number(row.get(f"{column}_{end}")) for end in ("low", "high"))
    return Quantity(
        value,
        _UNITS[name],
        "measured",
        low,
        high,
        source=f"{row['cell']} on {row['device_name']}, run {row['bench_run_id']}",
        as_of=_day(row),
    )


def _number(found: Any) -> float | None:
    return None if found is None or pd.isna(found) else float(found)


def _row(rows: pd.DataFrame, as_of: date, told: MeasuredCell) -> Row:
    every = cast(list[Row], rows.to_dict("records"))
    known = [row for row in every if _day(row) <= as_of]
    wanted = {"cell": told.cell, "device_name": told.device, "bench_run_id": told.run}
    for column, value in wanted.items():
        if value is None:
            continue
        found = [row for row in known if row[column] == value]
        if not found:
            later = any(row[column] == value for row in every)
            raise _unknown(column, value, known, later=later and not known)
        known = found
    return known[0]


def _day(row: Row) -> date:
    return cast(date, pd.Timestamp(row["measured_at"]).date())


def _unknown(column: str, value: str, known: Sequence[Row], *, later: bool) -> InputError:
    what = {"cell": "cell", "device_name": "device", "bench_run_id": "run"}[column]
    if later:
        return InputError(
            f"got the measured {what} {value!r}, which was measured after the day",
            "runs of the day or earlier",
            "move as_of",
        )
    names = list(dict.fromkeys(str(row[column]) for row in known if row[column]))
    near = get_close_matches(value, names, n=1, cutoff=0.0)
    return InputError(
        f"got the unknown measured {what} {value!r}",
        f"a {what} of compute_benchmarks in the published snapshot",
        f"perhaps you meant {near[0]}" if near else "measure it with `artonomics bench run`",
    )
