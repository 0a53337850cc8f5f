"""A product's steady month: contribution of a user, break-even, payback, lifetime value, profit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.picture_cost import Values
from etl.analytics.scenario_result import DRAWS, Evaluation, Outcome, evaluate, outcome
from etl.analytics.sensitivity import Inputs
from etl.analytics.user_month import ADDED, SUBTRACTED, user_month
from etl.analytics.wave_cash import Horizon

UNITS = {
    "cost_per_image": "{c}/image",
    **dict.fromkeys((*ADDED, *SUBTRACTED), "{c}/user/month"),
    "contribution_per_user": "{c}/user/month",
    "contribution_per_payer": "{c}/payer/month",
    "fixed_costs_per_user": "{c}/user/month",
    "acquisition_per_user": "{c}/user/month",
    "result_per_user": "{c}/user/month",
    "monthly_result": "{c}/month",
    "break_even_paid_conversion_rate": "ratio",
    "break_even_with_fixed_costs": "ratio",
    "payer_months": "months",
    "ltv": "{c}/payer",
    "ltv_to_cac": "ratio",
    "payback_months": "months",
    "investment_payback_months": "months",
    "npv": "{c}",
    "irr": "ratio",
}
"""Every step that is shown, in order, with its unit."""

REASONS = {
    "break_even_paid_conversion_rate": "a payer brings no more than a user who does not pay",
    "break_even_with_fixed_costs": "a payer brings no more than a user who does not pay",
    "payback_months": "a payer never brings back what it cost to win one",
    "investment_payback_months": "the month's result does not pay the investment back",
    "ltv_to_cac": "nothing is spent to win a payer",
    "irr": "nothing is invested, or the month's result brings nothing back",
}

REPLACED = ("paid_churn_rate", "cac")
"""Inputs without which nothing is counted for payers in place of those who leave."""
_NEWTON_STEPS = 25
_SETTLED = 1e-15
"""A change of a logarithm that no longer moves the rate."""


@dataclass(frozen=True)
class ProductMonth:
    """A steady month of a product.

    Attributes
    ----------
    evaluation
        Steps by the names of :data:`UNITS`.
    outcome
        How likely the result of a user is above zero, fixed costs paid and payers who leave
        replaced. Where that is not known, the contribution of a user.
    """

    evaluation: Evaluation
    outcome: Outcome


def product_month(
    inputs: Inputs, sourcing: str, horizon: Horizon, *, n_draws: int = DRAWS, seed: int = 0
) -> ProductMonth:
    """Evaluate a steady month.

    Parameters
    ----------
    inputs
        What is given; names of :data:`etl.analytics.inputs.INPUTS`.
    sourcing
        A key of :data:`etl.analytics.inputs.SOURCINGS`.
    horizon
        Over how long lifetime value and the investment are counted, and the hurdle rate.
    n_draws, seed
        Draws of every range.
    """
    model = month_model(inputs, sourcing, horizon)
    rng = np.random.default_rng(seed)
    draws = inputs.draws(n_draws, rng)
    units = dict(UNITS)
    if not model.replaces and "fixed_costs" not in inputs.given:
        # It would be the other break-even by a name that promises more.
        del units["break_even_with_fixed_costs"]
    found = evaluate(model, inputs, units, draws, REASONS)
    if not model.replaces:
        lacking = [name for name in REPLACED if name not in inputs.given]
        found = replace(found, left_out=[*found.left_out, *lacking])
    known = found.step("result_per_user").value is not None
    decides = "result_per_user" if known else "contribution_per_user"
    # The rate of return takes as long as all else together, and decides nothing.
    deciding = replace(model, with_returns=False)
    return ProductMonth(found, outcome(deciding, inputs, decides, draws, rng))


def month_model(inputs: Inputs, sourcing: str, horizon: Horizon) -> MonthModel:
    """Return the month that the given inputs describe; see :func:`product_month`."""
    return MonthModel(sourcing, horizon, set(REPLACED) <= set(inputs.given))


@dataclass(frozen=True)
class MonthModel:
    """The steps of a user-month, and what follows for payers and for the whole product.

    Attributes
    ----------
    sourcing, horizon
        As in :func:`product_month`.
    replaces
        What it costs to win payers in place of those who leave is known, and paid.
    with_returns
        Also the internal rate of return, which takes iterations.
    """

    sourcing: str
    horizon: Horizon
    replaces: bool = False
    with_returns: bool = True

    def __call__(self, v: Values) -> dict[str, FloatArray]:
        """Return the steps of :data:`UNITS`.

        ``payback_months`` counts payments of payers of whom a share stays, parts of one by the
        same formula; ``payer_months`` and ``ltv`` discount them from the start of each month, when
        they are paid; ``npv`` takes the result at the end of every month, and ``irr`` is the
        discount rate of a year at which it is zero.
        """
        steps, horizon = user_month(v, self.sourcing, replaces=self.replaces), self.horizon
        per_payer, stays = steps["contribution_per_payer"], 1 - v["paid_churn_rate"]
        months = horizon.payments(stays)
        result = steps["result_per_user"] * v["active_users"]
        discounted = horizon.payments(np.ones(())) / (1 + horizon.monthly_rate)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(v["cac"] == 0, np.nan, per_payer * months / v["cac"])
        return steps | {
            "payer_months": months,
            "monthly_result": result,
            "ltv": per_payer * months,
            "ltv_to_cac": ratio,
            "payback_months": payback_months(v["cac"], per_payer, stays),
            "investment_payback_months": payback_months(v["investment"], result, np.ones(())),
            "npv": result * discounted - v["investment"],
            **(
                {"irr": yearly_return(v["investment"], result, horizon.months)}
                if self.with_returns
                else {}
            ),
        }


def yearly_return(spent: FloatArray, per_month: FloatArray, months: int) -> FloatArray:
    """Return the rate of a year at which equal payments at months' ends are worth what was spent.

    NaN where nothing is spent or nothing comes back. With x = 1/(1 + r) of a month,
    x + … + xⁿ = spent/per_month has one root; the logarithm of the sum is a convex, rising function
    of ln x, on which Newton's steps from above never overshoot. Shapes broadcast.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        aim = np.log(np.where((spent > 0) & (per_month > 0), spent / per_month, np.nan))
        log_x = np.minimum(aim, aim / months)
        for _ in range(_NEWTON_STEPS):
            one, all_ = np.expm1(log_x), np.expm1(months * log_x)
            near = np.abs(log_x) < 1e-9
            total = log_x + np.where(near, np.log(months), np.log(all_ / one))
            slope = 1 + months * (1 + 1 / all_) - (1 + 1 / one)
            change = (total - aim) / np.where(near, (months + 1) / 2, slope)
            log_x = log_x - change
            if not np.any(np.abs(change) > _SETTLED):  # what is missing never changes
                break
        return np.expm1(-12 * log_x)


def payback_months(spent: FloatArray, per_month: FloatArray, stays: FloatArray) -> FloatArray:
    """Return the monthly payments until ``spent`` is back; NaN where it never is.

    With c = 1 − stays, m(1 − (1 − c)^t)/c = spent gives t = ln(1 − spent·c/m)/ln(1 − c), and
    spent/m where all stay. Shapes broadcast.
    """
    lost = 1 - stays
    with np.errstate(divide="ignore", invalid="ignore"):
        share = spent * lost / per_month
        leaving = np.log1p(-share) / np.log1p(-lost)
        found = np.where(lost < 1e-12, spent / per_month, leaving)
        at_once = (lost >= 1) & (spent <= per_month)
        found = np.where(at_once, spent / per_month, found)
        back = (per_month > 0) & ((share < 1) | at_once)
    never = np.isfinite(spent) & np.isfinite(per_month) & ~back
    return np.where(spent == 0, 0.0 * spent, np.where(never, np.nan, found))
