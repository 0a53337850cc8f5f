"""The same question with pictures bought by API: price of a picture times pictures of a user."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.break_even_rows import (
    DERIVED_ROW,
    ROW,
    Assumptions,
    assumed_row,
    day_of,
    ends,
    fact_row,
    interval_of,
    range_of,
    records,
    span_of,
)
from dashboard.studies.frames import column, rows
from etl.analytics.api_prices import middle_one, newest_by_model
from etl.analytics.intervals import Interval
from etl.analytics.quantities import Quantity, weakest
from etl.analytics.unit_economics import api_cost_per_user_month
from etl.errors import InputError
from etl.scenarios.evidence import Evidence

IMAGES_FACT, USERS_FACT = "F0298", "F0297"
"""Pictures a day and users of one consumer product, as its owner said on 2022-11-03."""
FALLBACK_IMAGES = 30.0
"""Pictures of a user and month where the two facts are not known: a guess, shown as one."""
DAYS_PER_MONTH = 365.25 / 12
API_ROW = (*ROW, "entity", "model_name", "cost_value", "cost_low", "cost_high", "rate_of_exchange")


@dataclass(frozen=True)
class ApiStrip:
    """What the pictures of a user and month cost by API.

    Attributes
    ----------
    prices
        The newest price of each model known on the day, cheapest first: also ``entity,
        model_name, cost_value, cost_low, cost_high`` (of a user and month, in the strip's
        currency), ``rate_of_exchange`` in words. Prices without an exchange rate have no cost.
    inputs
        ``image_api_price`` (of the chosen model, or assumed) and ``images_per_user_month``.
    cost
        One row ``cost_per_user_month``, also ``as_of_oldest`` (day of its oldest part); none
        where no price or no exchange rate is known.
    fact_id
        Of the chosen model.
    """

    prices: pd.DataFrame
    inputs: pd.DataFrame
    cost: pd.DataFrame
    fact_id: str


def api_strip(
    reader: Reader, facts: pd.DataFrame, currency: str, about: tuple[date | None, Assumptions]
) -> ApiStrip:
    """Return the strip from the facts known on a day, in the currency of the server."""
    as_of, assumptions = about
    images = _images(facts, assumptions)
    priced = newest_by_model(rows(facts, column(facts, "metric") == "image_api_price"))
    evidence = Evidence(reader, as_of or date.max)
    table = [_price_row(fact, images, currency, evidence) for fact in records(priced)]
    prices = pd.DataFrame(table, columns=pd.Index(API_ROW))
    known = prices.dropna(subset=["cost_value"]).reset_index(drop=True)
    if known.empty:
        nothing = pd.DataFrame(columns=pd.Index(DERIVED_ROW))
        return ApiStrip(prices, pd.DataFrame([images]), nothing, "")
    own = known.index[column(known, "fact_id") == assumptions.api_fact_id]
    at = int(own[0]) if len(own) else middle_one(column(known, "value").to_numpy())
    chosen = records(known)[at]
    price = {name: chosen[name] for name in ROW}
    if assumptions.api_price is not None:
        price = assumed_row("image_api_price", assumptions.api_price, str(chosen["unit"]))
    # The rate of the chosen price's day serves a supposed price too.
    rate = float(chosen["cost_value"]) / (float(chosen["value"]) * float(images["value"]))
    cost = _cost(range_of(price), images, rate)
    row = {
        "name": "cost_per_user_month",
        **ends(cost),
        "unit": f"{currency}/user/month",
        "evidence_kind": weakest((price["evidence_kind"], images["evidence_kind"])),
        **span_of((chosen, images)),  # the rate of exchange is of the chosen price's day
        **{name: chosen[name] for name in ("source_title", "source_url", "fact_id")},
    }
    return ApiStrip(
        prices, pd.DataFrame([price, images]), pd.DataFrame([row]), str(chosen["fact_id"])
    )


def _images(facts: pd.DataFrame, assumptions: Assumptions) -> dict[str, Any]:
    """Return the pictures of a user and month: supposed, or from two published figures."""
    name, unit = "images_per_user_month", "images/user/month"
    by_id = facts.set_index("fact_id", drop=False)
    supposed = assumptions.images_per_user_month
    if supposed is not None:
        return assumed_row(name, supposed, unit)
    if not {IMAGES_FACT, USERS_FACT} <= set(by_id.index):
        return assumed_row(name, FALLBACK_IMAGES, unit)
    images, users = by_id.loc[IMAGES_FACT], by_id.loc[USERS_FACT]
    share = interval_of(images) / interval_of(users) * Interval.of(DAYS_PER_MONTH)
    return {
        **fact_row(images, name),
        **ends(share),
        "unit": unit,
        "evidence_kind": weakest((images["evidence_kind"], users["evidence_kind"])),
        **span_of(fact_row(each, name) for each in (images, users)),
        "fact_id": f"{IMAGES_FACT}, {USERS_FACT}",
    }


def _price_row(
    fact: dict[Any, Any], images: dict[str, Any], currency: str, evidence: Evidence
) -> dict[str, Any]:
    day: Any = pd.Timestamp(day_of(fact)).date()
    low, high = float(fact["low"]), float(fact["high"])
    price = Quantity(
        float(fact["value"]),
        str(fact["unit"]),
        str(fact["evidence_kind"]),
        None if low == high else low,
        None if low == high else high,
        as_of=day,
    )
    row: dict[str, Any] = {
        **fact_row({**fact, "value_high": None}, "image_api_price"),
        **{name: fact[name] for name in ("entity", "model_name", "value", "low", "high")},
        **dict.fromkeys(("cost_value", "cost_low", "cost_high"), float("nan")),
        "rate_of_exchange": None,
    }
    try:
        found = evidence.converted(price, currency)
    except InputError:  # without a rate of that week the price stands, and its cost is missing
        return row
    cost = _cost(range_of(row), images, found.value / price.value)
    costs = {"cost_value": cost.value, "cost_low": cost.low, "cost_high": cost.high}
    return {**row, **costs, "rate_of_exchange": found.converted or None}


def _cost(price: Interval, images: dict[str, Any], rate: float) -> Interval:
    return api_cost_per_user_month(price * Interval.of(rate), range_of(images))
