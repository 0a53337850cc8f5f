"""From attention to cash: what a wave of installs brings over a horizon, on arrays of draws.

attention → installs → retained → payers → net revenue − compute = contribution, in present value on
the peak day. An install's first payment comes with it and the following ones a month apart, as long
as the horizon, which is counted from the peak, is not over.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.picture_cost import Values, delivered_cost, generations_per_picture
from etl.analytics.sourcing import DAYS_PER_MONTH
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


@dataclass(frozen=True)
class Arrivals:
    """When the installs of a wave come within the horizon, for each of them.

    All come on the peak day, or they halve every half-life from then on.

    Attributes
    ----------
    horizon
        How long is counted from the peak day, and the hurdle rate.
    half_life_days
        Any shape, above 0; ``None`` where all come on the peak day.
    """

    horizon: Horizon
    half_life_days: FloatArray | None = None

    def once(self) -> FloatArray:
        """Return the present value of 1 with each install."""
        return self._monthly(np.zeros(()), self.horizon.months)

    def payments(self, kept: FloatArray) -> FloatArray:
        """Return that of 1 with the install and every month after it, from those who stay."""
        return self._monthly(kept, self.horizon.months)

    def later(self, kept: FloatArray) -> FloatArray:
        """Return the same without the first month, of those who are there after it."""
        later = self._monthly(kept, self.horizon.months - 1)
        return later / (1 + self.horizon.monthly_rate)

    def _monthly(self, kept: FloatArray, months: int) -> FloatArray:
        """Return the value of 1 a month from those of the first ``months`` months who stay.

        An install at m + u months (0 ≤ u < 1) pays at m + u, m + u + 1, …, of which as many lie
        within the horizon as for u = 0: the payers of each month are those of the month before who
        stay and the new ones, and all of their payments are discounted by u more.
        """
        if self.half_life_days is None:
            return annuity(kept, months, self.horizon.monthly_rate)
        monthly = 1 / (1 + self.horizon.monthly_rate)
        fall = -np.log(2) * DAYS_PER_MONTH / self.half_life_days  # of installs a day, in a month
        new = np.expm1(fall) / np.expm1(fall * self.horizon.months)
        paying, total = np.zeros(()), np.zeros(())
        for month in range(months):
            paying = kept * paying + new
            total = total + monthly**month * paying
            new = new * np.exp(fall)
        # The mean of monthly^u over the installs of a month, which fall as exp(fall·u).
        return total * _mean_power(fall + np.log(monthly)) / _mean_power(fall)


def _mean_power(exponent: FloatArray) -> FloatArray:
    """Return the mean of exp(exponent·u) over u from 0 to 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(exponent == 0, 1.0, np.expm1(exponent) / exponent)


def wave(
    v: Values, sourcing: str, horizon: Horizon, *, by_spend: bool, fades: bool = False
) -> dict[str, FloatArray]:
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
        Revenue is what users spend for each install (``spend_per_install``, all of it with the
        install) instead of payers times what each brings.
    fades
        Installs come by the half-life; else all of them on the peak day.

    Returns
    -------
    dict
        The steps of :data:`CHAIN` that occur (costs positive, amounts in present value), and
        ``contribution_per_install``.
    """
    installs = v["installs"]
    arrivals = Arrivals(horizon, v["half_life_days"] if fades else None)
    later = v["retained_rate"] * arrivals.later(1 - v["free_churn_rate"])
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
        spent_with_it = v["spend_per_install"] * (1 - v["store_share"]) * kept
        steps["net_revenue"] = installs * arrivals.once() * spent_with_it
    else:
        steps["payers"] = installs * v["paid_conversion_rate"]
        paid_months = steps["payers"] * arrivals.payments(1 - v["paid_churn_rate"])
        # Fees above the price leave less than nothing, of which nothing is given back.
        kept = np.where(v["net_proceeds"] < 0, 1.0, kept)
        steps["net_revenue"] = paid_months * v["net_proceeds"] * kept
    steps |= _variable_costs(v, sourcing, steps, (arrivals.once(), later, paid_months))
    spent = [steps[name] for name in COSTS if name in steps]
    steps["contribution"] = steps["net_revenue"] + steps["advertising"] - sum(spent, np.zeros(()))
    steps["contribution_per_install"] = steps["contribution"] / installs
    return steps


def _variable_costs(
    v: Values,
    sourcing: str,
    steps: dict[str, FloatArray],
    months: tuple[FloatArray, FloatArray, FloatArray],
) -> dict[str, FloatArray]:
    """Return the steps that grow with use.

    ``months``: in present value the first one and the later ones of an install, and all paid ones.
    """
    first, later, paid_months = months
    if sourcing == "gross_margin":
        revenue = steps["net_revenue"] + steps["advertising"]
        return {"variable_costs": revenue * (1 - v["gross_margin"])}
    installs = steps["installs"]
    if sourcing == "shared_server":
        return {"compute": installs * (first + later) * server_cost_per_user(v)}
    images = installs * (first * v["free_images_per_install"] + later * free_images(v))
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
    days = DAYS_PER_MONTH * horizon_months
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
