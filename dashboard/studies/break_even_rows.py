"""Rows that the parts of the break-even strip share: a figure with its range and its source."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.studies.frames import column
from etl.analytics.intervals import Interval

NUMBER = ("value", "low", "high", "unit", "evidence_kind", "as_of")
SOURCE = ("source_title", "source_url", "fact_id")
ROW = ("name", *NUMBER, *SOURCE)
SPAN = ("as_of", "as_of_oldest")
DERIVED_ROW = (*ROW, "as_of_oldest")
"""What is worked out of parts is of the day of the newest; the oldest may be far from it."""


@dataclass(frozen=True)
class Assumptions:
    """What no source states, and what the reader supposes in place of what one does.

    Whatever is set here is shown as assumed wherever it is used; ``None`` keeps what is stated.

    Attributes
    ----------
    life_months
        Months over which a server is written off, without resale value.
    price_includes_tax
        Whether prices shown in the store contain consumption tax. ``None`` assumes nothing:
        net proceeds are then missing where a tax applies.
    server_price
        Price of one server, in the currency it was stated in.
    users_per_server
        Users one server carries.
    commission_rate
        Share the store keeps, in place of its programmes.
    api_price
        Price of a picture by API, in the currency of the API.
    images_per_user_month
        Pictures of a mean user in a month.
    api_fact_id, price_fact_id
        Which published price of an API and which price that users pay is looked at; the middle
        of the newest API prices and the newest monthly price where it is empty or not known.
    """

    life_months: float = 36.0
    price_includes_tax: bool | None = True
    server_price: float | None = None
    users_per_server: float | None = None
    commission_rate: float | None = None
    api_price: float | None = None
    images_per_user_month: float | None = None
    api_fact_id: str = ""
    price_fact_id: str = ""


STATED = Assumptions()
"""Nothing is supposed but what no source states."""


def fact_row(fact: Any, name: str) -> dict[str, Any]:
    """Return a fact as a row: its value (the middle of a range) with the ends of the range."""
    interval = interval_of(fact)
    return {
        "name": name,
        **ends(interval),
        "unit": fact["unit"],
        "evidence_kind": fact["evidence_kind"],
        "as_of": day_of(fact),
        **{key: fact[key] for key in SOURCE},
    }


def assumed_row(name: str, value: float, unit: str) -> dict[str, Any]:
    """Return a figure that is supposed: exact, without a day and without a source."""
    number = {**ends(Interval.of(value)), "unit": unit, "evidence_kind": "assumed"}
    return {"name": name, **number, "as_of": pd.NaT, **dict.fromkeys(SOURCE)}


def ends(interval: Interval) -> dict[str, Any]:
    """Return value, low and high of a range."""
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def span_of(parts: Iterable[Mapping[Any, Any]]) -> dict[str, Any]:
    """Return the days of what is derived: the newest of its parts as ``as_of``, and the oldest.

    Parts without a day (what is supposed) have no say; without any day both are missing.
    """
    days = [part[name] for part in parts for name in SPAN if name in part]
    known = [day for day in days if not pd.isna(day)]
    return {"as_of": max(known, default=pd.NaT), "as_of_oldest": min(known, default=pd.NaT)}


def range_of(row: dict[str, Any]) -> Interval:
    """Return the range of a row."""
    return Interval(float(row["value"]), float(row["low"]), float(row["high"]))


def interval_of(fact: Any) -> Interval:
    """Return the range of a fact, or its value."""
    return Interval.of(float(fact["value"]), number(fact["value_high"]))


def day_of(fact: Any) -> pd.Timestamp:
    """Return the last day the fact is about, or the day it became public."""
    return fact["known_on"] if pd.isna(fact["period_end"]) else fact["period_end"]


def number(value: Any) -> float | None:
    """Return a number of a frame; a missing one as ``None``."""
    return None if pd.isna(value) else float(value)


def first_known(table: pd.DataFrame, name: str) -> Any:
    """Return the first known value of a column, or ``None``."""
    values = column(table, name).dropna()
    return values.iloc[0] if len(values) else None


def records(table: pd.DataFrame) -> list[dict[Hashable, Any]]:
    """Return the rows of a frame."""
    return table.to_dict("records")
