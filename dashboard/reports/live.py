"""Formulas of a spreadsheet that wait for an input which nobody has given yet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from string import Formatter

from dashboard.reports.document import Formula, Input


def lacking(inputs: Sequence[Input], formulas: Sequence[Formula]) -> dict[str, tuple[str, ...]]:
    """Return the inputs without a value that each formula needs, itself or by an earlier one.

    Returns
    -------
    dict
        Keys of inputs by key of every formula, in the order of the inputs.
    """
    needs: dict[str, set[str]] = {
        line.key: set() if math.isfinite(line.value) else {line.key} for line in inputs
    }
    for line in formulas:
        used = (name for _, name, _, _ in Formatter().parse(line.expression) if name)
        needs[line.key] = set().union(*(needs[name] for name in used))
    return {
        line.key: tuple(one.key for one in inputs if one.key in needs[line.key])
        for line in formulas
    }


def guarded(formula: str, lacks: Sequence[str], cells: Mapping[str, str]) -> str:
    """Return a formula that shows nothing until the cells that it lacks are typed in."""
    blank = [f"ISBLANK({cells[key]})" for key in lacks]
    if not blank:
        return formula
    condition = blank[0] if len(blank) == 1 else f"OR({','.join(blank)})"
    return f'IF({condition},"",{formula})'
