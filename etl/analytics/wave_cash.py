"""From attention to cash: what a wave of installs brings over a horizon, on arrays of draws.

attention → installs → retained → payers → net revenue − compute = contribution, in present value.
The first payment comes with the install (t = 0) and the following ones a month apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.picture_cost import Values, delivered_cost, generations_per_picture
from etl.analytics.user_month import free_images, server_cost_per_user

CHAIN = (
    *("attention", "installs", "retained", "payers", "net_revenue", "advertising"),
    *("compute", "moderation", "variable_costs", "marketing", "fixed_costs", "contribution"),
)
"""The steps in order; those that a case does not have are absent."""


COSTS = ("compute", "moderation", "variable_costs", "marketing", "fixed_costs")


@dataclass(frozen=True)
class Horizon:
    """Over how long a wave is counted and what its money must earn.

    Attributes
    ----------
    months
        Months that are counted, at least 1.
    hurdle_rate
        Discount rate of a year, above −1.
    """

    months: int
    hurdle_rate: float

    def __post_init__(self) -> None:
        if self.months < 1 or not self.hurdle_rate > -1:
            raise ValueError(
                f"got a horizon of {self.months} months at {self.hurdle_rate}; expected at least 1 "
                "month and a rate above -1"
            )

    @property
    def monthly_rate(self) -> float:
        """Return the discount rate of a month."""
        return (1 + self.hurdle_rate) ** (1 / 12) - 1

    def payments(self, kept: FloatArray) -> FloatArray:
        """Return the present value of 1 a month, the first at t = 0, from those who stay."""
        return annuity(kept, self.months, self.monthly_rate)

    def later(self, kept: FloatArray) -> FloatArray:
        """Return the same without the first month, of those who are there after it."""
        return annuity(kept, self.months - 1, self.monthly_rate) / (1 + self.monthly_rate)


def wave(v: Values, sourcing: str, horizon: Horizon, *, by_spend: bool) -> dict[str, FloatArray]:
    """Return every step of the chain.

    Parameters
    ----------
    v
        Inputs by name; shapes broadcast, missing is NaN.
    sourcing
        A key of :data:`etl.analytics.inputs.SOURCINGS`.
    horizon
        How long is counted, and the hurdle rate.
    by_spend
        Revenue is what users spend for each install (``spend_per_install``, all of it at t = 0)
        instead of payers times what each brings.

    Returns
    -------
    dict
        The steps of :data:`CHAIN` that occur (costs positive, amounts in present value), and
        ``contribution_per_install``.
    """
    installs = v["installs"]
    later = v["retained_rate"] * horizon.later(1 - v["free_churn_rate"])
    steps = {
        "attention": v["peak_installs_per_day"],
        "installs": installs,
        "retained": installs * v["retained_rate"],
        "advertising": installs * later * v["ad_revenue_per_retained_user"],
        "marketing": v["marketing_cost"],
        "fixed_costs": v["fixed_costs"] * horizon.payments(np.ones(())),
    }
    kept = 1 - v["refund_rate"] - v["chargeback_rate"]
    paid_months = np.zeros(())
    if by_spend:
        steps["net_revenue"] = installs * v["spend_per_install"] * (1 - v["store_share"]) * kept
    else:
        steps["payers"] = installs * v["paid_conversion_rate"]
        paid_months = steps["payers"] * horizon.payments(1 - v["paid_churn_rate"])
        steps["net_revenue"] = paid_months * v["net_proceeds"] * kept
    steps |= _variable_costs(v, sourcing, steps, (later, paid_months))
    spent = [steps[name] for name in COSTS if name in steps]
    steps["contribution"] = steps["net_revenue"] + steps["advertising"] - sum(spent, np.zeros(()))
    steps["contribution_per_install"] = steps["contribution"] / installs
    return steps


def _variable_costs(
    v: Values,
    sourcing: str,
    steps: dict[str, FloatArray],
    months: tuple[FloatArray, FloatArray],
) -> dict[str, FloatArray]:
    """Return the steps that grow with use; ``months``: later ones an install, paid ones in all."""
    later, paid_months = months
    if sourcing == "gross_margin":
        revenue = steps["net_revenue"] + steps["advertising"]
        return {"variable_costs": revenue * (1 - v["gross_margin"])}
    installs = steps["installs"]
    if sourcing == "shared_server":
        return {"compute": installs * (1 + later) * server_cost_per_user(v)}
    images = installs * (v["free_images_per_install"] + later * free_images(v))
    if "payers" in steps:
        images = images + paid_months * v["paid_images_per_user"]
    moderated = generations_per_picture(v) * v["moderation_per_image"]
    return {"compute": images * delivered_cost(v, sourcing), "moderation": images * moderated}


def annuity(kept: FloatArray, months: int, monthly_rate: float) -> FloatArray:
    """Return the present value of 1 paid at t = 0 and then monthly by those who stay.

    Parameters
    ----------
    kept
        Share that stays from one month to the next, between 0 and 1, any shape.
    months
        Payments at most.
    monthly_rate
        Discount rate of a month.
    """
    factor = kept / (1 + monthly_rate)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = (1 - factor**months) / (1 - factor)
    return np.where(np.abs(1 - factor) < 1e-12, float(months), total)


def installs_of(v: Values, horizon_months: int) -> FloatArray:
    """Return the installs of a wave that halves every half-life, from its peak to the horizon."""
    days = 365.25 / 12 * horizon_months
    left = np.exp2(-days / v["half_life_days"])
    return v["peak_installs_per_day"] * v["half_life_days"] / np.log(2) * (1 - left)


def hype_multiple(v: Values, contribution: FloatArray) -> dict[str, FloatArray]:
    """Return the value that the abnormal return added, over the contribution it stood for.

    Returns
    -------
    dict
        ``abnormal_value`` = (exp(CAR) − 1) · market value on the eve, and ``hype_multiple``:
        missing where the contribution is not above zero.
    """
    added = np.expm1(v["cumulative_abnormal_return"]) * v["market_value"]
    with np.errstate(divide="ignore", invalid="ignore"):
        multiple = np.where(contribution > 0, added / contribution, np.nan)
    return {"abnormal_value": added, "hype_multiple": multiple}
