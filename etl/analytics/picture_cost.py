"""What one delivered picture costs under each way of sourcing, on arrays of draws.

The formulas are those of :mod:`etl.analytics.compute`, in the currency of the scenario.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

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
    machine = _machine_cost(v, sourcing)
    return machine + _electricity(v) if sourcing == "own" else machine


def _machine_cost(v: Values, sourcing: str) -> FloatArray:
    """Return what the machine of one generation costs, or the price that stands for it."""
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
            )
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


def cost_parts(v: Values, sourcing: str) -> dict[str, FloatArray]:
    """Return the parts of a delivered picture: they add up to its cost and its moderation.

    Returns
    -------
    dict
        ``machine``, ``electricity`` (nothing but where the machine is one's own),
        ``storage_and_egress`` and ``moderation``, each with the generations that are thrown away.

    Raises
    ------
    ValueError
        As :func:`generation_cost`.
    """
    each = generations_per_picture(v)
    machine = _machine_cost(v, sourcing) * each
    electricity = _electricity(v) * each if sourcing == "own" else np.zeros_like(machine)
    return {
        "machine": machine,
        "electricity": electricity,
        "storage_and_egress": (v["storage_per_image"] + v["egress_per_image"]) * each,
        "moderation": v["moderation_per_image"] * each,
    }


def together(shares: Sequence[float], cells: Sequence[Values]) -> dict[str, FloatArray]:
    """Return the inputs of one kind of picture that costs what a mix of kinds does.

    Under every way of sourcing the cost is a sum over generations, and over seconds of a machine:
    means by generation, and by second for what is drawn while it idles, keep it exactly.

    Parameters
    ----------
    shares
        Of the pictures that reach a user, one a cell; they add up to 1.
    cells
        Inputs of each cell; shapes broadcast, missing is NaN and stays missing.

    Returns
    -------
    dict
        ``images_per_second, joules_per_image, idle_watts, cost_per_image, api_price, retry_rate``,
        and ``blocked_rate``, which is 0: blocked pictures are counted among the retries.

    Raises
    ------
    ValueError
        Shares that do not add up to 1, are not above 0, or are not one a cell.
    """
    if len(shares) != len(cells) or min(shares, default=0) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ValueError(f"got shares {list(shares)}; expected {len(cells)} above 0 that add to 1")
    # Adding nothing keeps the shape of what varies.
    made = [share * generations_per_picture(v) for share, v in zip(shares, cells, strict=True)]
    generations = sum(made, np.zeros(()))
    busy = [n / v["images_per_second"] for n, v in zip(made, cells, strict=True)]
    seconds = sum(busy, np.zeros(()))

    def by_generation(name: str) -> FloatArray:
        every = (n * v[name] for n, v in zip(made, cells, strict=True))
        return sum(every, np.zeros(())) / generations

    idle = (s * v["idle_watts"] for s, v in zip(busy, cells, strict=True))
    return {
        "images_per_second": generations / seconds,
        "joules_per_image": by_generation("joules_per_image"),
        "idle_watts": sum(idle, np.zeros(())) / seconds,
        "cost_per_image": by_generation("cost_per_image"),
        "api_price": by_generation("api_price"),
        "retry_rate": generations - 1,
        "blocked_rate": np.zeros_like(generations),
    }


def _electricity(v: Values) -> FloatArray:
    return electricity_per_image(
        v["joules_per_image"],
        v["idle_watts"],
        v["images_per_second"],
        v["utilisation"],
        v["tariff_per_kwh"] * v["server_overhead"] * v["pue"],
    )
