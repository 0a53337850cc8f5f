"""Figures as a reader types them: shares in per cent, and what is wrong with one in words."""

from __future__ import annotations

import math
import re
from functools import partial

from dashboard.tables.economics import names
from dashboard.text import Words
from etl.analytics.inputs import INPUTS, InputSpec

_DIGITS = 12
"""A figure that was scaled and scaled back is what was typed."""
_NAMED = re.compile(r"\binputs\.([a-z_]+)")

Typed = tuple[float | None, float | None, float | None]
"""Value, low and high, each in the input's own unit; ``None`` is an empty cell."""


def scale(name: str) -> float:
    """Return by what a figure is multiplied to be shown: shares stand in per cent."""
    return 100.0 if names.is_share(name) else 1.0


def shown(name: str, value: float) -> float:
    """Return a figure as it is shown."""
    return _tidy(value * scale(name))


def meant(name: str, value: float) -> float:
    """Return a figure that was typed in the input's own unit."""
    return _tidy(value / scale(name))


def unit(name: str, own: str, said: Words) -> str:
    """Write the unit in which an input is shown and typed, ``own`` being its own."""
    write = names.figure_unit if names.is_share(name) else partial(names.input_unit, name)
    return write(own, said)


def fault(name: str, typed: Typed, own: str, said: Words) -> str:
    """Say what is wrong with a typed figure and what to type; empty where nothing is.

    Parameters
    ----------
    own
        Unit of the input, with the scenario's currency.
    """
    value, low, high = typed
    what = names.input_name(name, said)
    if value is None:
        if low is None and high is None:
            return ""
        return said.t(
            "{input}: an end of a range without a value. Type a value too, or empty all three "
            "cells.",
            input=what,
        )
    if (low is None) != (high is None):
        return said.t(
            "{input}: one end of a range alone. Type low and high, or empty both cells.", input=what
        )
    for figure in typed:
        if figure is not None and (not math.isfinite(figure) or INPUTS[name].fault(figure)):
            return _out_of_bounds(name, figure, own, said)
    if low is not None and high is not None and not low <= value <= high:
        ends = [f"{shown(name, each):g}" for each in (low, high, value)]
        return said.t(
            "{input}: the range {low} to {high} does not hold the value {value}. Type a low at "
            "most as large as the value and a high at least as large.",
            input=what,
            low=ends[0],
            high=ends[1],
            value=ends[2],
        )
    return ""


def _out_of_bounds(name: str, figure: float, own: str, said: Words) -> str:
    told = said.t(
        "{input}: {figure} {unit} cannot be. Expected {bounds} ({unit}).",
        input=names.input_name(name, said),
        figure=f"{shown(name, figure):g}",
        unit=unit(name, own, said),
        bounds=_bounds(name, INPUTS[name], said),
    )
    if scale(name) == 1:
        return told
    return said.sentences([told, said.t("Shares are typed in per cent: 5 is 5%.")])


def _bounds(name: str, spec: InputSpec, said: Words) -> str:
    least, most = (f"{shown(name, end):g}" for end in (spec.minimum, spec.maximum))
    lower = said.t("more than {n}", n=least) if spec.above_zero else said.t("at least {n}", n=least)
    if math.isinf(spec.maximum):
        return lower
    upper = said.t("less than {n}", n=most) if spec.below_maximum else said.t("at most {n}", n=most)
    return said.t("{lower} and {upper}", lower=lower, upper=upper)


def named(text: str, said: Words) -> str:
    """Return a message in which every ``inputs.name`` stands by its name in words."""

    def name(found: re.Match[str]) -> str:
        code = found.group(1)
        return f"“{names.input_name(code, said)}”" if code in INPUTS else found.group(0)

    return _NAMED.sub(name, text)


def _tidy(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
