"""A mix of kinds of pictures as the inputs of one: exactly what the mix costs, however sourced."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.inputs import INPUTS, InputSpec
from etl.analytics.picture_cost import together
from etl.analytics.quantities import Quantity, weakest
from etl.errors import InputError
from etl.scenarios.parts import CELL_INPUTS

Cells = Mapping[str, Mapping[str, Quantity]]
"""Cell → its inputs: its own, and the scenario's where it has none."""

MOST_RANGES = 14
"""Inputs with a range in a mix at most: the mix's range runs over 2^ranges corners."""
_GENERATIONS = ("retry_rate", "blocked_rate")
_BY_SECOND = ("idle_watts",)

TRAINING: dict[str, InputSpec] = {
    "training_seconds": InputSpec("seconds", "picture", above_zero=True, settled_by="bench"),
    "training_joules": InputSpec("J", "picture", neutral=0.0, settled_by="bench"),
    "training_cost": InputSpec("{c}/training", "picture", settled_by="bills"),
}
"""What the adapter of a pack takes."""


def equivalent(
    shares: Mapping[str, float], cells: Cells
) -> tuple[dict[str, Quantity], Mapping[str, str]]:
    """Return the inputs of a picture that costs what the mix does, and why some are not known.

    Parameters
    ----------
    shares
        Cell → share of the pictures that reach a user.
    cells
        Inputs of each. One cell alone is passed on as it is.

    Returns
    -------
    tuple
        Input → quantity, whose range runs over all corners of the cells' ranges and whose evidence
        is the weakest of them; input → the cells that do not tell it.

    Raises
    ------
    InputError
        More ranges than :data:`MOST_RANGES`.
    """
    if len(cells) == 1:
        return dict(next(iter(cells.values()))), {}
    told = {name for cell in cells.values() for name in cell}
    corners = _corners(cells)
    at_values = together(list(shares.values()), [_at(cell) for cell in cells.values()])
    at_corners = together(list(shares.values()), corners)
    found: dict[str, Quantity] = {}
    reasons: dict[str, str] = {}
    for name in CELL_INPUTS:
        if name not in told and not (name == "retry_rate" and "blocked_rate" in told):
            continue
        without = [cell for cell, own in cells.items() if name not in own]
        if without and INPUTS[name].neutral is None:
            reasons[name] = f"the mix does not tell it for {', '.join(without)}"
        elif np.isfinite(at_values[name]).all():
            found[name] = _quantity(name, cells, at_values[name], at_corners[name])
            if without and name not in _GENERATIONS:
                reasons[name] = f"a lower bound: not told for {', '.join(without)}"
    return found, reasons


def _at(cell: Mapping[str, Quantity]) -> dict[str, FloatArray]:
    """Return a cell's inputs at their values; neutral or missing where it has none."""
    return {
        name: np.asarray(cell[name].value if name in cell else _without(name))
        for name in CELL_INPUTS
    }


def _without(name: str) -> float:
    neutral = INPUTS[name].neutral
    return np.nan if neutral is None else neutral


def _corners(cells: Cells) -> Sequence[dict[str, FloatArray]]:
    """Return the cells at every corner of their ranges; what they share moves in all at once.

    Every result is a ratio of sums that are linear in each input, so that it grows or falls all
    the way between two ends and its own ends lie at corners.
    """
    ranged = {
        id(quantity): quantity
        for cell in cells.values()
        for quantity in cell.values()
        if not quantity.is_exact
    }
    if len(ranged) > MOST_RANGES:
        raise InputError(
            f"got a mix with {len(ranged)} ranges", f"at most {MOST_RANGES}", "leave out low, high"
        )
    at = np.array(list(itertools.product(*(quantity.ends for quantity in ranged.values()))))
    column = {key: at[:, i] for i, key in enumerate(ranged)}
    return [
        _at(cell) | {name: column[id(q)] for name, q in cell.items() if id(q) in column}
        for cell in cells.values()
    ]


def _quantity(name: str, cells: Cells, value: FloatArray, corners: FloatArray) -> Quantity:
    """Return one input of the mix with the evidence of everything it was worked out from."""
    from_ = {name, *_GENERATIONS} | ({"images_per_second"} if name in _BY_SECOND else set())
    parts = [
        (cell, own[each])
        for cell, own in cells.items()
        for each in INPUTS
        if each in from_ and each in own
    ]
    middle = float(value)
    low, high = min(float(np.min(corners)), middle), max(float(np.max(corners)), middle)
    is_exact = bool(np.isclose(low, high, rtol=1e-12, atol=0.0))
    unit = next((q.unit for cell in cells.values() if (q := cell.get(name))), INPUTS[name].unit)
    told = (f"{cell}: {q.source}" for cell, q in parts if q.source)
    return Quantity(
        middle,
        unit,
        weakest(q.evidence_kind for _, q in parts),
        None if is_exact else low,
        None if is_exact else high,
        source=f"mix of {len(cells)} cells ({'; '.join(dict.fromkeys(told))})",
        source_url=next((q.source_url for _, q in parts if q.source_url), ""),
        as_of=max((q.as_of for _, q in parts if q.as_of), default=None),
        fact_id=", ".join(dict.fromkeys(q.fact_id for _, q in parts if q.fact_id)),
        converted="; ".join(dict.fromkeys(q.converted for _, q in parts if q.converted)),
    )
