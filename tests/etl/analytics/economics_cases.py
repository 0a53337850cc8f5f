"""Inputs that the tests of the month and the wave share."""

from __future__ import annotations

import numpy as np

from etl.analytics.inputs import INPUTS
from etl.analytics.quantities import Quantity
from etl.analytics.sensitivity import Inputs

TYPED: dict[str, float] = {
    "active_users": 100_000,
    "paying_share": 0.03,
    "paid_churn_rate": 0.2,
    "cac": 10,
    "installs": 1_000_000,
    "retained_rate": 0.3,
    "free_churn_rate": 0.25,
    "paid_conversion_rate": 0.02,
    "free_images_per_install": 12,
    "net_proceeds": 8,
    "refund_rate": 0.04,
    "chargeback_rate": 0.01,
    "paid_images_per_user": 90,
    "free_images_per_user": 9,
    "free_cap_images": 6,
    "abuse_share": 0.05,
    "abuse_images_per_user": 60,
    "ad_revenue_per_free_user": 0.02,
    "ad_revenue_per_retained_user": 0.03,
    "marketing_cost": 50_000,
    "cost_per_image": 0.004,
    "retry_rate": 0.1,
    "blocked_rate": 0.02,
    "storage_per_image": 0.0001,
    "egress_per_image": 0.0002,
    "moderation_per_image": 0.0003,
    "other_cost_per_user": 0.01,
    "fixed_costs": 3_000,
    "investment": 20_000,
    "images_per_second": 1.5,
    "utilisation": 0.35,
    "hourly_price": 20,
    "cold_start_share": 0.2,
    "api_price": 0.03,
    "server_price": 450_000,
    "life_years": 3,
    "resale_share": 0.1,
    "users_per_server": 15_000,
    "joules_per_image": 300,
    "idle_watts": 90,
    "tariff_per_kwh": 0.7,
    "server_overhead": 1.3,
    "pue": 1.4,
    "gross_margin": 0.6,
    "spend_per_install": 1.2,
    "store_share": 0.3,
    "cumulative_abnormal_return": 0.2,
    "market_value": 6e9,
}


def inputs(kind: str = "assumed", **ranges: tuple[float, float, float]) -> Inputs:
    """Return the typed inputs, some of them with a range (low, value, high)."""
    given = {name: Quantity(value, INPUTS[name].unit, kind) for name, value in TYPED.items()}
    for name, (low, value, high) in ranges.items():
        given[name] = Quantity(value, INPUTS[name].unit, kind, low, high)
    return Inputs(given)


def values(**changed: float) -> dict[str, np.ndarray]:
    """Return the typed values as a model takes them, some changed."""
    return inputs().values() | {name: np.asarray(float(value)) for name, value in changed.items()}
