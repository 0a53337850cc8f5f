"""What one user brings and costs in a month, step by step, on arrays of draws.

Per user and month, p the share of users who pay: proceeds of payers after refunds and chargebacks,
plus advertising, minus the pictures of both tiers, their moderation and other variable costs. All
amounts are in the currency of the scenario and without consumption tax.
"""

from __future__ import annotations

import numpy as np

from etl.analytics.distributions import FloatArray
from etl.analytics.picture_cost import (
    Values,
    delivered_cost,
    generations_per_picture,
    server_cost_per_hour,
)

HOURS_PER_MONTH = 8_766 / 12
BY_USER = ("shared_server", "gross_margin")
"""Ways of sourcing under which a picture has no cost of its own."""

ADDED = ("proceeds", "advertising")
SUBTRACTED = (
    *("refunds", "chargebacks", "compute_paid", "compute_free", "moderation"),
    *("variable_costs", "other_costs"),
)


def user_month(v: Values, sourcing: str, *, replaces: bool = False) -> dict[str, FloatArray]:
    """Return every step of a user-month.

    Parameters
    ----------
    v
        Inputs by name (:data:`etl.analytics.inputs.INPUTS`); shapes broadcast, missing is NaN.
    sourcing
        A key of :data:`etl.analytics.inputs.SOURCINGS`.
    replaces
        Payers who leave are replaced, so that their number stays, each at ``cac``.

    Returns
    -------
    dict
        ``cost_per_image`` (delivered; absent where pictures have no cost of their own), the steps
        of :data:`ADDED` and :data:`SUBTRACTED` that occur, all positive, and
        ``contribution_per_user``, ``contribution_per_payer``, ``fixed_costs_per_user``,
        ``acquisition_per_user`` (where payers are replaced), ``result_per_user`` (both paid),
        ``break_even_paid_conversion_rate`` and ``break_even_with_fixed_costs`` (replacements too;
        the share of users who must pay: above 1 or missing where no share is enough).
    """
    p = v["paying_share"]
    payer, other = _payer(v, sourcing), _free_user(v, sourcing)
    steps: dict[str, FloatArray] = {}
    if sourcing not in BY_USER:
        steps["cost_per_image"] = delivered_cost(v, sourcing)
    for name in (*ADDED, *SUBTRACTED):
        if name in payer or name in other:
            nothing = np.zeros_like(p)
            steps[name] = p * payer.get(name, nothing) + (1 - p) * other.get(name, nothing)
    per_payer, per_free = _net(payer), _net(other)
    steps["contribution_per_payer"] = per_payer
    steps["contribution_per_user"] = p * per_payer + (1 - p) * per_free
    # Without fixed costs the number of users does not matter and may be missing.
    fixed = np.where(v["fixed_costs"] == 0, 0.0, v["fixed_costs"] / v["active_users"])
    steps["fixed_costs_per_user"] = fixed
    won = v["paid_churn_rate"] * v["cac"] if replaces else np.zeros(())
    if replaces:
        steps["acquisition_per_user"] = p * won
    steps["result_per_user"] = steps["contribution_per_user"] - fixed - p * won
    steps["break_even_paid_conversion_rate"] = _break_even(per_payer, per_free, 0.0)
    steps["break_even_with_fixed_costs"] = _break_even(per_payer - won, per_free, fixed)
    return steps


def free_images(v: Values) -> FloatArray:
    """Return the pictures of a free user in a month: capped, but for devices that dodge the cap."""
    capped = np.minimum(v["free_images_per_user"], v["free_cap_images"])
    return (1 - v["abuse_share"]) * capped + v["abuse_share"] * v["abuse_images_per_user"]


def server_cost_per_user(v: Values) -> FloatArray:
    """Return a month of a server spread over the users it is said to carry."""
    return server_cost_per_hour(v) * HOURS_PER_MONTH / v["users_per_server"]


def _payer(v: Values, sourcing: str) -> dict[str, FloatArray]:
    kept = v["net_proceeds"]
    # Fees above the price leave less than nothing, of which nothing is given back.
    given_back = np.maximum(kept, 0.0)
    steps = {
        "proceeds": kept,
        "refunds": given_back * v["refund_rate"],
        "chargebacks": given_back * v["chargeback_rate"],
        "other_costs": v["other_cost_per_user"],
    }
    if sourcing == "gross_margin":
        return steps | {"variable_costs": kept * (1 - v["gross_margin"])}
    return steps | _pictures(v, sourcing, "paid")


def _free_user(v: Values, sourcing: str) -> dict[str, FloatArray]:
    steps = {"advertising": v["ad_revenue_per_free_user"], "other_costs": v["other_cost_per_user"]}
    if sourcing == "gross_margin":
        return steps | {"variable_costs": v["ad_revenue_per_free_user"] * (1 - v["gross_margin"])}
    return steps | _pictures(v, sourcing, "free")


def _pictures(v: Values, sourcing: str, tier: str) -> dict[str, FloatArray]:
    """Return what the pictures of a user of one tier cost in a month."""
    if sourcing == "shared_server":
        return {f"compute_{tier}": server_cost_per_user(v)}
    images = v["paid_images_per_user"] if tier == "paid" else free_images(v)
    moderated = images * generations_per_picture(v) * v["moderation_per_image"]
    return {f"compute_{tier}": images * delivered_cost(v, sourcing), "moderation": moderated}


def _net(steps: dict[str, FloatArray]) -> FloatArray:
    total = np.zeros(())
    for name, amount in steps.items():
        total = total + amount if name in ADDED else total - amount
    return total


def _break_even(
    per_payer: FloatArray, per_free: FloatArray, fixed: FloatArray | float
) -> FloatArray:
    """Return the share p at which p·payer + (1 − p)·free = fixed; none where payers bring less."""
    gained, needed = per_payer - per_free, fixed - per_free
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(gained > 0, needed / gained, np.nan)
    return np.where((gained <= 0) & (needed <= 0), 0.0, np.maximum(share, 0.0))
