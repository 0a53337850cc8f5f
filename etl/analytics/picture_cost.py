"""What one delivered picture costs under each way of sourcing, on arrays of draws.

The formulas are those of :mod:`etl.analytics.compute`, in the currency of the scenario.
"""

from __future__ import annotations

from collections.abc import Mapping

from etl.analytics.compute import (
    HOURS_PER_YEAR,
    electricity_per_image,
    machine_cost_per_image,
)
from etl.analytics.distributions import FloatArray

Values = Mapping[str, FloatArray]
"""Every input by name; shapes broadcast, missing inputs are NaN."""


def server_cost_per_hour(v: Values) -> FloatArray:
    """Return what an hour of an owned server costs: straight line, without electricity."""
    return v["server_price"] * (1 - v["resale_share"]) / (v["life_years"] * HOURS_PER_YEAR)


def generation_cost(v: Values, sourcing: str) -> FloatArray:
    """Return what one generation costs on its machine, electricity included where one pays it.

    Parameters
    ----------
    v
        Inputs.
    sourcing
        A key of :data:`etl.analytics.inputs.SOURCINGS` under which a picture has a cost of its
        own: not ``shared_server`` or ``gross_margin``.

    Raises
    ------
    ValueError
        Another way of sourcing.
    """
    match sourcing:
        case "stated":
            return v["cost_per_image"]
        case "api":
            return v["api_price"]
        case "serverless":
            rate = v["images_per_second"]
            return v["hourly_price"] / (3_600 * rate) * (1 + v["cold_start_share"])
        case "rent":
            return machine_cost_per_image(
                v["hourly_price"], v["images_per_second"], v["utilisation"]
            )
        case "own":
            return machine_cost_per_image(
                server_cost_per_hour(v), v["images_per_second"], v["utilisation"]
            ) + _electricity(v)
        case _:
            raise ValueError(
                f"got the sourcing {sourcing!r}; a picture has no cost of its own in it"
            )


def delivered_cost(v: Values, sourcing: str) -> FloatArray:
    """Return what a picture that reaches its user costs: retries, blocked ones and extras too."""
    extras = v["storage_per_image"] + v["egress_per_image"]
    return (generation_cost(v, sourcing) + extras) * generations_per_picture(v)


def generations_per_picture(v: Values) -> FloatArray:
    """Return how many generations it takes until a picture is kept and not blocked."""
    return (1 + v["retry_rate"]) / (1 - v["blocked_rate"])


def _electricity(v: Values) -> FloatArray:
    return electricity_per_image(
        v["joules_per_image"],
        v["idle_watts"],
        v["images_per_second"],
        v["utilisation"],
        v["tariff_per_kwh"] * v["server_overhead"] * v["pue"],
    )
