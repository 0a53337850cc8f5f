"""What a thousand pictures cost on published speeds at published prices of the same card."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from dashboard.studies.compute import ComputeStudy
from dashboard.studies.frames import column, rows
from etl.analytics.compute import DEFAULT_UTILISATION, Machine, Speed, cost_per_image

RECENT = pd.DateOffset(years=1)
"""Prices older than that before the newest one of their card are left out."""
_CARD = re.compile(r"\b(A10G?|A100|A6000|B200|GB200|H100|H200|L4|L40S?|T4|V100|RTX \d{4})\b")


def card_of(name: str) -> str:
    """Return the card within a device's name, for example ``H200``; empty where none is known.

    Forms of one card (SXM, PCIe, NVL) are one here: published prices seldom tell them apart.
    """
    found = _CARD.search(name.replace("-", " "))
    return found[1] if found else ""


def published_costs(study: ComputeStudy, utilisation: float = DEFAULT_UTILISATION) -> pd.DataFrame:
    """Put published prices of an hour on the fastest published speed of each card.

    Parameters
    ----------
    study
        Published speeds and prices.
    utilisation
        Mean over provisioned rate (0–1).

    Returns
    -------
    DataFrame
        ``card, device_name, benchmark, model, steps, images_per_second, speed_url, n_prices,
        price_from, price_to, hourly_low_usd, hourly_usd, hourly_high_usd, cost_low_usd, cost_usd,
        cost_high_usd``: the lowest end, the median of the middles and the highest end of the
        prices of the last year in which there is one, and what 1,000 pictures cost at each; a
        price under contract is of another good than an hour on demand, and is left out. The
        cheapest card comes first; a card without a price or a speed has no row.
    """
    speeds: Any = study.published.assign(card=study.published["device_name"].map(card_of))
    known = speeds["images_per_second_per_device"].notna() & speeds["model"].eq("sdxl")
    best = speeds.loc[known & speeds["card"].ne("")].sort_values(
        "images_per_second_per_device", ascending=False
    )
    best = best.drop_duplicates("card")
    asked: Any = _free(study.prices)
    made = [
        row | _priced(asked.loc[asked["card"] == row["card"]], row, utilisation)
        for row in _speeds(best)
        if (asked["card"] == row["card"]).any()
    ]
    table = pd.DataFrame(made, columns=None if made else ["card", "cost_usd"])
    return table.sort_values(["cost_usd", "card"], ignore_index=True)


def _free(prices: pd.DataFrame) -> pd.DataFrame:
    """Return the prices without a contract, each with its card and both its ends."""
    free = rows(prices, ~column(prices, "is_contract").astype(bool))
    high = column(free, "value_high").fillna(column(free, "value"))
    middle = (column(free, "value") + high) / 2
    return free.assign(card=column(free, "gpu_name").map(card_of), middle=middle, high=high)


def _speeds(best: pd.DataFrame) -> list[dict[str, Any]]:
    kept = {
        "card": "card",
        "device_name": "device_name",
        "benchmark": "benchmark",
        "model": "model",
        "steps": "steps",
        "images_per_second_per_device": "images_per_second",
        "source_url": "speed_url",
    }
    named: Any = best[list(kept)]
    return named.rename(columns=kept).to_dict("records")


def _priced(prices: Any, row: dict[str, Any], utilisation: float) -> dict[str, Any]:
    newest = prices["as_of"].max()
    recent = prices.loc[prices["as_of"] >= newest - RECENT]
    found: dict[str, Any] = {
        "n_prices": len(recent),
        "price_from": recent["as_of"].min(),
        "price_to": newest,
    }
    hours = {"low": recent["value"].min(), "": recent["middle"].median()}
    hours |= {"high": recent["high"].max()}
    for end, hourly in hours.items():
        mark = f"_{end}" if end else ""
        machine = Machine(float(hourly), utilisation)
        cost = cost_per_image(Speed(float(row["images_per_second"])), machine)
        found[f"hourly{mark}_usd"] = float(hourly)
        found[f"cost{mark}_usd"] = 1_000 * cost.total_usd
    return found
