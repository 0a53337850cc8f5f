"""What every evaluation of a scenario returns: steps with ranges, what decides, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.inputs import INPUTS
from etl.analytics.quantities import weakest
from etl.analytics.sensitivity import (
    Inputs,
    Model,
    Swing,
    dependencies,
    kinds_of,
    middle_range,
    tornado,
    vanishing,
    variance_shares,
)

DRAWS = 10_000
SEED = 20_221_207
"""Of the draws of a scenario, unless another is asked for."""
_LEAST_SHARE = 0.005
_POINTS, _ZOOM, _SMALLEST, _LARGEST = 800, 64, 1e-9, 1e12
_RESULTS = ("break_even_paid_conversion_rate", "break_even_with_fixed_costs")
"""A share of 0 is an answer: nobody would have to pay. It is no term that was left out."""


@dataclass(frozen=True)
class Step:
    """One computed step.

    Attributes
    ----------
    name, unit
        The step; ``{c}`` in the unit is the currency.
    value
        From the inputs' own values; ``None`` where it is not known.
    low, high
        Middle 90 % of the draws, and the value where it lies outside; ``None`` where nothing
        varies or it is not known.
    evidence_kind
        ``assumed`` or ``simulated`` where an input it needs is, else ``estimated``.
    needs
        Inputs it was computed from.
    missing
        Inputs that are not given and without which it is not known.
    reason
        Why it is not known; empty where it is.
    """

    name: str
    unit: str
    value: float | None
    low: float | None
    high: float | None
    evidence_kind: str
    needs: tuple[str, ...]
    missing: tuple[str, ...] = ()
    reason: str = ""

    @property
    def source(self) -> str:
        """Return from which inputs it was computed."""
        return f"computed from {', '.join(self.needs)}" if self.needs else "computed"


@dataclass(frozen=True)
class Outcome:
    """How sure the result is, and what it rests on.

    Attributes
    ----------
    step
        The step that decides: above zero is a profit.
    probability_profitable
        Share of draws above zero; ``None`` where the step is not known.
    draws
        Of the step, shape (n,); empty where it is not known.
    tornado
        Swings over each input's range, the largest first.
    variance
        Input → share of the variance, the largest first.
    assumed_share
        Part of the variance that assumed inputs carry.
    thresholds
        Input → value at which the step is zero, the others at their values.
    """

    step: str
    probability_profitable: float | None
    draws: FloatArray
    tornado: Sequence[Swing]
    variance: Mapping[str, float]
    assumed_share: float
    thresholds: Mapping[str, float]

    @property
    def is_greyed(self) -> bool:
        """Return whether assumptions carry more than half of the variance."""
        return self.assumed_share > 0.5

    @property
    def is_by_construction(self) -> bool:
        """Return whether no draw turns the sign: it follows from the model, and not from odds."""
        known = self.draws[np.isfinite(self.draws)]
        return known.size > 0 and bool((known > 0).all() or (known <= 0).all())

    def deciding(self, n: int = 3) -> list[str]:
        """Return the ``n`` inputs that decide most: by variance, or else by swing.

        What carries less than half a per cent of the variance decides nothing.
        """
        carrying = [name for name, share in self.variance.items() if share >= _LEAST_SHARE]
        names = carrying if self.variance else [swing.name for swing in self.tornado]
        return names[:n]


@dataclass(frozen=True)
class Evaluation:
    """Steps of a model with their draws.

    Attributes
    ----------
    steps
        In the order of the model.
    left_out
        Inputs that the model could use, that were not given and whose term it therefore drops.
        A step that is nothing without them is no step.
    """

    steps: Sequence[Step]
    left_out: Sequence[str]

    def step(self, name: str) -> Step:
        """Return one step.

        Raises
        ------
        KeyError
            If the model has no such step, or it is nothing here.
        """
        return {step.name: step for step in self.steps}[name]

    @property
    def missing(self) -> list[str]:
        """Return the inputs without which some step is not known."""
        return list(dict.fromkeys(name for step in self.steps for name in step.missing))


def evaluate(
    model: Model,
    inputs: Inputs,
    units: Mapping[str, str],
    draws: Mapping[str, FloatArray],
    reasons: Mapping[str, str] | None = None,
) -> Evaluation:
    """Return the steps of a model with their ranges.

    Parameters
    ----------
    units
        Step → unit; steps without a unit here are not shown.
    draws
        Inputs as drawn by :meth:`Inputs.draws`.
    reasons
        Step → why it has no value although nothing is missing.
    """
    at_values, drawn = model(inputs.values()), model(draws)
    needs = dependencies(model)
    left_out = _left_out({name for step in units for name in needs.get(step, ())}, inputs)
    nothing = vanishing(model, left_out)
    steps = [
        _step(name, unit, (at_values[name], drawn[name]), (needs[name], inputs), reasons)
        for name, unit in units.items()
        if name in at_values and (name not in nothing or name in _RESULTS)
    ]
    return Evaluation(steps, left_out)


def _left_out(used: set[str], inputs: Inputs) -> list[str]:
    optional = (name for name, spec in INPUTS.items() if spec.neutral is not None)
    return [name for name in optional if name in used and name not in inputs.given]


def _step(
    name: str,
    unit: str,
    found: tuple[FloatArray, FloatArray],
    about: tuple[tuple[str, ...], Inputs],
    reasons: Mapping[str, str] | None,
) -> Step:
    (value, drawn), (needs, inputs) = found, about
    known = bool(np.isfinite(value).all())
    missing = tuple(
        each
        for each in needs
        if not known and each not in inputs.given and INPUTS[each].neutral is None
    )
    ends = middle_range(drawn) if known else None
    if ends is not None:  # an input whose top lies at an end of its range can lie outside
        ends = min(ends[0], float(value)), max(ends[1], float(value))
    reason = "" if known else (reasons or {}).get(name, "")
    if missing:
        reason = f"not known: {', '.join(missing)}"
    return Step(
        name,
        unit,
        float(value) if known else None,
        None if ends is None else ends[0],
        None if ends is None else ends[1],
        _kind(float(value), needs, inputs),
        needs,
        missing,
        reason or ("" if known else "no value at these inputs"),
    )


def _kind(value: float, needs: Sequence[str], inputs: Inputs) -> str:
    """Return the kind of a step; one that merely passes an input on keeps that input's kind."""
    if len(needs) == 1 and needs[0] in inputs.given and inputs.given[needs[0]].value == value:
        return inputs.given[needs[0]].evidence_kind
    return weakest(kinds_of(inputs, needs))


def outcome(
    model: Model,
    inputs: Inputs,
    step: str,
    draws: Mapping[str, FloatArray],
    rng: np.random.Generator,
) -> Outcome:
    """Return how likely ``step`` is above zero, and what decides it."""
    found = np.atleast_1d(model(draws)[step])
    known = bool(np.isfinite(found).all())
    shares = variance_shares(model, inputs, step, rng) if known else {}
    assumed = {name for name in shares if inputs.given[name].evidence_kind == "assumed"}
    swings = tornado(model, inputs, step) if known else []
    return Outcome(
        step,
        float((found > 0).mean()) if known else None,
        found if known else np.array([]),
        swings,
        shares,
        sum(share for name, share in shares.items() if name in assumed),
        _thresholds(model, inputs, step, [swing.name for swing in swings]),
    )


def _thresholds(model: Model, inputs: Inputs, step: str, names: Sequence[str]) -> dict[str, float]:
    """Return where the step is zero, for inputs with a range or the one that is missing."""
    absent = [name for name in dependencies(model)[step] if np.isnan(inputs.values()[name])]
    if len(absent) > 1:
        return {}
    found = {name: zero_of(model, inputs, step, name) for name in (*absent, *names)}
    return {name: value for name, value in found.items() if value is not None}


def zero_of(model: Model, inputs: Inputs, step: str, name: str) -> float | None:
    """Return the value of one input at which a step is zero, the others at their values.

    The value nearest the input's own, or the smallest where it has none; ``None`` where the step
    keeps its sign within the bounds of the input.
    """
    base, given = inputs.values(), inputs.given.get(name)

    def signs(values: FloatArray) -> FloatArray:
        with np.errstate(all="ignore"):
            return np.sign(np.broadcast_to(model({**base, name: values})[step], values.shape))

    grid = _grid(name)
    found = signs(grid)
    turns = np.flatnonzero(found[:-1] * found[1:] < 0)
    if not turns.size:
        return None
    least = grid[grid > 0][0]
    aim = np.log(max(given.value, least)) if given is not None else np.log(least)
    at = turns[np.argmin(np.abs(np.log(np.maximum(grid[turns], least)) - aim))]
    left, right = grid[at], grid[at + 1]
    # Each round asks for many points at once, which costs little more than one.
    while right - left > 1e-12 * max(abs(left), abs(right)):
        inner = np.linspace(left, right, _ZOOM)
        turned = np.flatnonzero(signs(inner) != found[at])
        if not turned.size or (inner[turned[0] - 1], inner[turned[0]]) == (left, right):
            break
        left, right = inner[turned[0] - 1], inner[turned[0]]
    return float((left + right) / 2)


def _grid(name: str) -> FloatArray:
    """Return the values of an input among which a sign is looked for."""
    spec = INPUTS[name]
    if spec.minimum < 0:
        return np.linspace(spec.minimum, spec.maximum, _POINTS)
    top = spec.maximum if np.isfinite(spec.maximum) else _LARGEST
    return np.concatenate(
        [[spec.minimum], np.geomspace(max(spec.minimum, _SMALLEST), top, _POINTS)]
    )
