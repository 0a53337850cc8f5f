"""What a model's result owes to each input: draws, one input at a time, and shares of variance.

A model is a function from named inputs (arrays of draws) to named steps. An input that nobody gave
is NaN, and so is every step that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from etl.analytics.distributions import FloatArray, sobol_total_effects
from etl.analytics.inputs import INPUTS
from etl.analytics.quantities import Quantity

Values = Mapping[str, FloatArray]
Model = Callable[[Values], dict[str, FloatArray]]

TAIL = 0.05
"""A step's range holds the middle 90 % of its draws."""
SOBOL_POINTS = 1_024
_TRIALS = 64
_INCOME = ("net_proceeds", "spend_per_install")


@dataclass(frozen=True)
class Inputs:
    """The inputs of one evaluation.

    Attributes
    ----------
    given
        Name → quantity; names are those of :data:`etl.analytics.inputs.INPUTS`.
    """

    given: Mapping[str, Quantity] = field(default_factory=dict[str, Quantity])

    def values(self) -> dict[str, FloatArray]:
        """Return every input at its own value: 0-dimensional, NaN where it is missing."""
        return {name: np.asarray(self._value(name)) for name in INPUTS}

    def draws(self, n: int, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Return ``n`` draws of every input that has a range; the others 0-dimensional."""
        values = self.values()
        for name, quantity in sorted(self.given.items()):
            if not quantity.is_exact:
                values[name] = quantity.draw(n, rng)
        return values

    def with_(self, **changed: Quantity) -> Inputs:
        """Return a copy in which some inputs are others."""
        return Inputs({**self.given, **changed})

    def _value(self, name: str) -> float:
        if name in self.given:
            return self.given[name].value
        neutral = INPUTS[name].neutral
        return np.nan if neutral is None else neutral


@lru_cache(maxsize=256)
def dependencies(model: Model) -> dict[str, tuple[str, ...]]:
    """Return the inputs that each step depends on, in the order of the catalogue.

    Found by trying at random points (always the same): an input is needed where its absence makes
    the step missing. ``model`` must be hashable and stands for the answer from then on.
    """
    some = _some_values()
    usual = model(some)
    found: dict[str, list[str]] = {step: [] for step in usual}
    for name in INPUTS:
        answer = model({**some, name: np.full(_TRIALS, np.nan)})
        for step, values in usual.items():
            known = np.isfinite(values)
            if known.any() and np.isnan(answer[step][known]).all():
                found[step].append(name)
    return {step: tuple(names) for step, names in found.items()}


def vanishing(model: Model, left_out: Iterable[str]) -> set[str]:
    """Return the steps that are nothing, or no question, while these inputs are left out."""
    neutral = {name: np.asarray(INPUTS[name].neutral) for name in left_out}
    answer = model({**_some_values(), **neutral})
    return {step for step, found in answer.items() if np.all((found == 0) | np.isnan(found))}


def _some_values() -> dict[str, FloatArray]:
    rng = np.random.default_rng(0)
    some = {name: rng.uniform(0.05, 0.95, _TRIALS) for name in INPUTS}
    # Where nothing ever pays, paybacks would be missing at every point.
    return some | {name: 1_000 * some[name] for name in _INCOME}


def middle_range(draws: FloatArray) -> tuple[float, float] | None:
    """Return the ends of the middle 90 % of draws; ``None`` where one is missing or none vary."""
    if draws.ndim == 0 or np.isnan(draws).any():
        return None
    low, high = (float(end) for end in np.quantile(draws, [TAIL, 1 - TAIL]))
    return None if low == high else (low, high)


@dataclass(frozen=True)
class Swing:
    """One input at both ends of its range, the others at their values.

    Attributes
    ----------
    name
        The input.
    input_low, input_high
        Ends of its range.
    result_low, result_high
        The step at these ends.
    """

    name: str
    input_low: float
    input_high: float
    result_low: float
    result_high: float

    @property
    def span(self) -> float:
        """Return how far the result moves."""
        return abs(self.result_high - self.result_low)


def tornado(model: Model, inputs: Inputs, step: str) -> list[Swing]:
    """Return the swing of ``step`` over every input with a range, the largest first."""
    base = inputs.values()
    swings: list[Swing] = []
    for name, quantity in inputs.given.items():
        if quantity.is_exact or name not in dependencies(model)[step]:
            continue
        low, high = quantity.ends
        at = [float(model({**base, name: np.asarray(end)})[step]) for end in (low, high)]
        if np.isfinite(at).all() and at[0] != at[1]:
            swings.append(Swing(name, low, high, at[0], at[1]))
    return sorted(swings, key=lambda swing: (-swing.span, swing.name))


def variance_shares(
    model: Model, inputs: Inputs, step: str, rng: np.random.Generator
) -> dict[str, float]:
    """Return the share of the variance of ``step`` that each input with a range carries.

    Total effects (Sobol 1993; estimator of Jansen 1999 as in :func:`scipy.stats.sobol_indices`),
    divided by their sum, since shared effects would be counted twice. Empty where the step is
    missing or does not vary.
    """
    base = inputs.values()
    varied = sorted(name for name, each in inputs.given.items() if not each.is_exact)
    varied = [name for name in varied if _moves(model, base, inputs, name, step)]
    if not varied:
        return {}
    if len(varied) == 1:
        return {varied[0]: 1.0}

    def of_uniforms(uniforms: FloatArray) -> FloatArray:
        drawn = {name: inputs.given[name].quantile(uniforms[i]) for i, name in enumerate(varied)}
        return model({**base, **drawn})[step]

    total = sobol_total_effects(of_uniforms, len(varied), SOBOL_POINTS, rng)
    if not (np.isfinite(total).all() and total.sum() > 0):
        return {}
    shares = dict(zip(varied, (total / total.sum()).tolist(), strict=True))
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _moves(model: Model, base: Values, inputs: Inputs, name: str, step: str) -> bool:
    return name in dependencies(model)[step] and bool(np.isfinite(model(base)[step]))


def kinds_of(inputs: Inputs, names: Iterable[str]) -> list[str]:
    """Return the evidence kinds of those of the named inputs that are given."""
    return [inputs.given[name].evidence_kind for name in names if name in inputs.given]
