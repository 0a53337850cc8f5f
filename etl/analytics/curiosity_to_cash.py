"""The verdict: is a wave of curiosity turned into cash, how sure is that, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.picture_cost import Values
from etl.analytics.scenario_result import (
    DRAWS,
    Evaluation,
    Outcome,
    evaluate,
    outcome,
    zero_of,
)
from etl.analytics.sensitivity import Inputs
from etl.analytics.wave_cash import Horizon, hype_multiple, installs_of, wave

UNITS = {
    "attention": "count/day",
    "installs": "count",
    "retained": "count",
    "payers": "count",
    "net_revenue": "{c}",
    "advertising": "{c}",
    "compute": "{c}",
    "moderation": "{c}",
    "variable_costs": "{c}",
    "marketing": "{c}",
    "fixed_costs": "{c}",
    "contribution": "{c}",
    "contribution_per_install": "{c}/install",
    "abnormal_value": "{c}",
    "hype_multiple": "ratio",
}
"""Every step that is shown, in order, with its unit."""

REASONS = {"hype_multiple": "the contribution is not above zero"}


@dataclass(frozen=True)
class CuriosityToCash:
    """The chain from attention to contribution, and the verdict.

    Attributes
    ----------
    evaluation
        Steps by the names of :data:`UNITS`, amounts in present value.
    outcome
        How likely the contribution is above zero at the hurdle rate.
    by_spend
        Revenue came from what users spend for each install, not from payers times proceeds.
    break_even_conversion
        Conversion at which the contribution is zero, the other inputs at their values: 0 where it
        is not below zero without payers; ``None`` where it is not known or none is enough.
    """

    evaluation: Evaluation
    outcome: Outcome
    by_spend: bool
    break_even_conversion: float | None = None


def curiosity_to_cash(
    inputs: Inputs, sourcing: str, horizon: Horizon, *, n_draws: int = DRAWS, seed: int = 0
) -> CuriosityToCash:
    """Evaluate the chain of a wave.

    Parameters
    ----------
    inputs
        What is given. Without ``installs`` they follow from the peak and the half-life; without a
        half-life all come on the peak day; with
        ``spend_per_install`` and no conversion the revenue follows from spending.
    sourcing
        A key of :data:`etl.analytics.inputs.SOURCINGS`.
    horizon
        How long is counted, and the hurdle rate.
    n_draws, seed
        Draws of every range.
    """
    model = wave_model(inputs, sourcing, horizon)
    rng = np.random.default_rng(seed)
    draws = inputs.draws(n_draws, rng)
    found = evaluate(model, inputs, _units(inputs.given), draws, REASONS)
    found_outcome = outcome(model, inputs, "contribution", draws, rng)
    return CuriosityToCash(found, found_outcome, model.by_spend, _break_even(model, inputs))


def _break_even(model: WaveModel, inputs: Inputs) -> float | None:
    if model.by_spend:
        return None
    without = {**inputs.values(), "paid_conversion_rate": np.zeros(())}
    if model(without)["contribution"] >= 0:
        return 0.0
    return zero_of(model, inputs, "contribution", "paid_conversion_rate")


@dataclass(frozen=True)
class WaveModel:
    """The chain of a wave and what the market paid for it.

    Attributes
    ----------
    sourcing, horizon, by_spend
        As in :func:`etl.analytics.wave_cash.wave`.
    installs_follow
        Installs follow from the peak and the half-life.
    fades
        They come by the half-life, and not all on the peak day.
    """

    sourcing: str
    horizon: Horizon
    by_spend: bool
    installs_follow: bool
    fades: bool = False

    def __call__(self, v: Values) -> dict[str, FloatArray]:
        """Return the steps of :data:`UNITS`."""
        if self.installs_follow:
            v = {**v, "installs": installs_of(v, self.horizon.months)}
        steps = wave(v, self.sourcing, self.horizon, by_spend=self.by_spend, fades=self.fades)
        return steps | hype_multiple(v, steps["contribution"])


def wave_model(inputs: Inputs, sourcing: str, horizon: Horizon) -> WaveModel:
    """Return the chain that the given inputs describe; see :func:`curiosity_to_cash`."""
    given = set(inputs.given)
    by_spend = "spend_per_install" in given and "paid_conversion_rate" not in given
    derived = "installs" not in given and {"peak_installs_per_day", "half_life_days"} <= given
    return WaveModel(sourcing, horizon, by_spend, derived, fades="half_life_days" in given)


def _units(given: Mapping[str, object]) -> dict[str, str]:
    """Return the steps to show: attention and the market's part only where a case has them."""
    unasked = {
        "attention": "peak_installs_per_day",
        "abnormal_value": "cumulative_abnormal_return",
        "hype_multiple": "cumulative_abnormal_return",
    }
    return {
        name: unit
        for name, unit in UNITS.items()
        if unasked.get(name, name) in given or name not in unasked
    }
