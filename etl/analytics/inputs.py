"""The inputs of a scenario: their names, units, bounds, and what stands in where one is not given.

A name means the same in a file, on the command line, in a link and on a page. ``{c}`` in a unit is
the currency of the scenario.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

Group = Literal["users", "free", "paid", "wave", "picture", "machine", "money", "listed"]
SettledBy = Literal["events", "payments", "bench", "bills", "terms", "filing", "choice"]


@dataclass(frozen=True)
class InputSpec:
    """What an input is.

    Attributes
    ----------
    unit
        Its unit, with ``{c}`` for the currency.
    group
        Where it stands on a page.
    minimum, maximum
        Bounds, included; ``above_zero`` excludes a minimum of 0, ``below_maximum`` the maximum.
    neutral
        What the formula uses where the input is left out: the term then vanishes, and the result
        names it among what it leaves out. ``None``: without it nothing that needs it is known.
    default
        Used, and shown as assumed, where nothing is given.
    settled_by
        What would replace a guess: one's own events or payments, a measurement of pictures, bills,
        store terms, a filing; or it is the reader's own choice.
    """

    unit: str
    group: Group
    minimum: float = 0.0
    maximum: float = inf
    above_zero: bool = False
    neutral: float | None = None
    default: float | None = None
    settled_by: SettledBy = "events"
    below_maximum: bool = False

    def fault(self, value: float) -> str:
        """Return what a value should have been; empty where it is within bounds."""
        low_enough = value > self.minimum if self.above_zero else value >= self.minimum
        high_enough = value < self.maximum if self.below_maximum else value <= self.maximum
        if low_enough and high_enough:
            return ""
        sign = ">" if self.above_zero else "≥"
        below = "<" if self.below_maximum else "≤"
        upper = "" if self.maximum == inf else f" and {below} {self.maximum:g}"
        return f"{sign} {self.minimum:g}{upper}"


def _ratio(
    group: Group, neutral: float | None = None, settled_by: SettledBy = "events"
) -> InputSpec:
    return InputSpec("ratio", group, 0.0, 1.0, neutral=neutral, settled_by=settled_by)


def _money(
    per: str, group: Group, neutral: float | None = None, settled_by: SettledBy = "bills"
) -> InputSpec:
    return InputSpec(f"{{c}}{per}", group, neutral=neutral, settled_by=settled_by)


INPUTS: dict[str, InputSpec] = {
    # A steady month of a product.
    "active_users": InputSpec("count", "users", above_zero=True),
    "paying_share": _ratio("users"),
    "paid_churn_rate": InputSpec("ratio/month", "users", 0.0, 1.0, settled_by="payments"),
    "cac": _money("/payer", "users"),
    # A wave of curiosity.
    "peak_installs_per_day": InputSpec("count/day", "wave", above_zero=True),
    "half_life_days": InputSpec("days", "wave", above_zero=True),
    "installs": InputSpec("count", "wave", above_zero=True),
    "retained_rate": _ratio("wave"),
    "free_churn_rate": InputSpec("ratio/month", "wave", 0.0, 1.0, above_zero=True),
    "paid_conversion_rate": _ratio("wave"),
    "free_images_per_install": InputSpec("images", "wave"),
    "spend_per_install": _money("/install", "wave", settled_by="payments"),
    "ad_revenue_per_retained_user": _money("/month", "wave", 0.0),
    "marketing_cost": _money("", "wave", 0.0),
    # What a payer brings in a month: after tax and store, before refunds.
    "net_proceeds": _money("/payer/month", "paid", settled_by="terms"),
    "store_share": _ratio("paid", settled_by="terms"),
    "refund_rate": _ratio("paid", 0.0, settled_by="payments"),
    "chargeback_rate": _ratio("paid", 0.0, settled_by="payments"),
    "paid_images_per_user": InputSpec("images/month", "paid"),
    "paid_wait_seconds": InputSpec("seconds", "paid", above_zero=True, settled_by="choice"),
    # The free tier.
    "free_images_per_user": InputSpec("images/month", "free"),
    "free_cap_images": InputSpec("images/month", "free", neutral=inf, settled_by="choice"),
    "abuse_share": _ratio("free", 0.0),
    "abuse_images_per_user": InputSpec("images/month", "free", neutral=0.0),
    "ad_revenue_per_free_user": _money("/month", "free", 0.0, "payments"),
    "free_wait_seconds": InputSpec("seconds", "free", above_zero=True, settled_by="choice"),
    # A picture.
    "cost_per_image": _money("/image", "picture", settled_by="bench"),
    "retry_rate": InputSpec("ratio", "picture", neutral=0.0),
    "blocked_rate": InputSpec("ratio", "picture", 0.0, 0.99, neutral=0.0),
    "storage_per_image": _money("/image", "picture", 0.0),
    "egress_per_image": _money("/image", "picture", 0.0),
    "moderation_per_image": _money("/image", "picture", 0.0),
    # The machine the pictures are made on.
    "images_per_second": InputSpec("images/second", "machine", above_zero=True, settled_by="bench"),
    # Machines that are asked for all they can make let their queues grow for ever.
    "utilisation": InputSpec(
        *("ratio", "machine", 0.0, 1.0),
        above_zero=True,
        below_maximum=True,
        default=0.35,
        settled_by="bills",
    ),
    "hourly_price": _money("/hour", "machine"),
    "cold_start_share": InputSpec("ratio", "machine", neutral=0.0, settled_by="bench"),
    "api_price": _money("/image", "machine"),
    "server_price": _money("/server", "machine"),
    "life_years": InputSpec("years", "machine", above_zero=True, default=3.0, settled_by="choice"),
    "resale_share": _ratio("machine", 0.0, settled_by="bills"),
    "users_per_server": InputSpec("count/server", "machine", above_zero=True),
    # Without them the cost of an owned machine is a lower bound, which names what it leaves out.
    "joules_per_image": InputSpec("J/image", "machine", neutral=0.0, settled_by="bench"),
    "idle_watts": InputSpec("W", "machine", neutral=0.0, settled_by="bench"),
    "tariff_per_kwh": _money("/kWh", "machine", 0.0),
    "server_overhead": InputSpec("ratio", "machine", 1.0, default=1.3, settled_by="bills"),
    "pue": InputSpec("ratio", "machine", 1.0, default=1.4, settled_by="bills"),
    "peak_to_mean_ratio": InputSpec("ratio", "machine", 1.0, default=2.0, settled_by="events"),
    # What is left when a company states its margin and not its costs.
    "gross_margin": InputSpec("ratio", "money", -5.0, 1.0, settled_by="filing"),
    "other_cost_per_user": _money("/user/month", "money", 0.0),
    "fixed_costs": _money("/month", "money", 0.0),
    "investment": _money("", "money", 0.0),
    "opening_cash": _money("", "money", 0.0),
    "payout_lag_days": InputSpec("days", "money", neutral=0.0, settled_by="terms"),
    # What the market paid for the news.
    "cumulative_abnormal_return": InputSpec(
        "log ratio", "listed", -10.0, 10.0, settled_by="filing"
    ),
    "market_value": InputSpec("{c}", "listed", above_zero=True, settled_by="filing"),
}

ENERGY = ("joules_per_image", "idle_watts", "tariff_per_kwh")
"""Inputs without which the cost of a machine of one's own is a lower bound."""

SOURCINGS: dict[str, tuple[str, ...]] = {
    "stated": ("cost_per_image",),
    "rent": ("images_per_second", "hourly_price", "utilisation"),
    "own": (
        *("images_per_second", "server_price", "life_years", "resale_share", "utilisation"),
        *("joules_per_image", "idle_watts", "tariff_per_kwh", "server_overhead", "pue"),
    ),
    "serverless": ("images_per_second", "hourly_price", "cold_start_share"),
    "api": ("api_price",),
    "shared_server": ("server_price", "life_years", "resale_share", "users_per_server"),
    "gross_margin": ("gross_margin",),
}
"""Ways to account for the pictures, and the inputs of each beside those of the product.

``shared_server`` spreads a server over the users it is said to carry, ``gross_margin`` takes all
variable costs from a company's stated margin: for cases in which nobody told what a picture costs.
"""
