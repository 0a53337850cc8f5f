"""How many users a server carries: a published claim worked out again for cards then and now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.economics.speeds import CARD_OF_DEVICE
from etl.analytics.capacity_claim import Habits, Range, users_per_server

PRICE_FACT, USERS_FACT, WAIT_FACT = "F0484", "F0485", "F0486"
"""450,000 yuan a server, 10,000–20,000 users on it who wait 10–20 s: its operator, 2022-12-08."""
MODEL = "stabilityai/stable-diffusion-2-1"
"""The model of the week in which the claim was made."""
CARDS = ("A100 SXM4 40GB", "GeForce RTX 3090", "H100 SXM5 80GB")
"""Cards of that time, and one of today."""
SPREAD = 2.0
"""A habit is taken to lie between its value over this and its value times this; assumed."""


@dataclass(frozen=True)
class Claim:
    """A published claim about the users of a server.

    Attributes
    ----------
    price
        Of the server, in ``currency``.
    users_low, users_high
        That it is said to carry.
    wait_seconds
        That its users are said to wait at most; ``None`` where nobody said.
    as_of, source, source_url
        Where it comes from.
    """

    price: float
    currency: str
    users_low: float
    users_high: float
    wait_seconds: float | None
    as_of: date | None
    source: str
    source_url: str


@dataclass(frozen=True)
class HabitChoice:
    """What is supposed of the users and of the server.

    Attributes
    ----------
    model
        Of the published benchmark that gives the rates.
    cards
        Names of cards.
    n_cards
        Cards of a server.
    active_share
        Of registered users, those active on a day.
    images_per_user_day, peak_hour_share, seconds_between_images
        As in :class:`etl.analytics.capacity_claim.Habits`.
    wait_seconds
        That 95% of the pictures of the busiest hour keep.
    """

    model: str = MODEL
    cards: tuple[str, ...] = CARDS
    n_cards: int = 4
    active_share: float = 0.1
    images_per_user_day: float = 5.0
    peak_hour_share: float = 2 / 24
    seconds_between_images: float = 30.0
    wait_seconds: float = 20.0


def claim(reader: Reader, day: date) -> Claim | None:
    """Return the claim as known on a day; ``None`` where it was not public yet."""
    facts = queries.facts(reader, as_of=day)
    rows = {
        str(row["fact_id"]): row for row in cast(list[dict[str, Any]], facts.to_dict("records"))
    }
    if PRICE_FACT not in rows or USERS_FACT not in rows:
        return None
    price, users = rows[PRICE_FACT], rows[USERS_FACT]
    wait = rows.get(WAIT_FACT)
    return Claim(
        float(price["value"]),
        str(price["unit"]).partition("/")[0],
        float(users["value"]),
        float(users["value"] if pd.isna(users["value_high"]) else users["value_high"]),
        None if wait is None else _top(wait),
        cast(date, pd.Timestamp(users["known_on"]).date()),
        str(users["source_title"]),
        str(users["source_url"] or ""),
    )


def _top(row: dict[str, Any]) -> float:
    return float(row["value"] if pd.isna(row["value_high"]) else row["value_high"])


def models(reader: Reader) -> list[str]:
    """Return the models of published benchmarks that tell a rate."""
    found = reader.query(
        "SELECT DISTINCT model FROM published_benchmarks "
        "WHERE images_per_second IS NOT NULL ORDER BY model"
    )
    return [str(model) for model in found["model"]]


def card_rates(reader: Reader, model: str) -> pd.DataFrame:
    """Return every card with its rate at a model.

    A card without a published rate is estimated from the benchmarked card of its generation that
    is nearest to it in dense FP16 rate, in proportion to those rates.

    Returns
    -------
    DataFrame
        ``card, architecture, released_on, images_per_second, evidence_kind, source, source_url,
        estimated_from, reason``; the rate is missing with a reason (``no_generation``: no card of
        its generation has a published rate; ``no_dense_rate``).
    """
    cards = reader.query("SELECT * FROM gpus ORDER BY released_on NULLS LAST, gpu_name")
    told = reader.query(
        "SELECT device_name, images_per_second / n_devices AS rate, source_title, source_url "
        "FROM published_benchmarks WHERE model = ? AND images_per_second IS NOT NULL "
        "AND (scenario = 'Offline' OR scenario = 'fixed batch') "
        "QUALIFY row_number() OVER (PARTITION BY device_name ORDER BY rate DESC, published_id) = 1",
        [model],
    )
    best = {
        CARD_OF_DEVICE[str(row["device_name"])]: row
        for row in cast(list[dict[str, Any]], told.to_dict("records"))
        if row["device_name"] in CARD_OF_DEVICE
    }
    rows = cast(list[dict[str, Any]], cards.to_dict("records"))
    return pd.DataFrame([_rate(row, rows, best) for row in rows])


def _rate(
    card: dict[str, Any], cards: Sequence[dict[str, Any]], best: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    about = {
        "card": card["gpu_name"],
        "architecture": card["architecture"],
        "released_on": card["released_on"],
        "estimated_from": "",
        "reason": "",
    }
    own = best.get(str(card["gpu_name"]))
    if own is not None:
        return about | _sourced(own, float(own["rate"]), "disclosed")
    dense = card["fp16_dense_tflops"]
    if pd.isna(dense):
        return about | {"images_per_second": None, "reason": "no_dense_rate"}
    alike = [
        other
        for other in cards
        if other["gpu_name"] in best
        and other["architecture"] == card["architecture"]
        and not pd.isna(other["fp16_dense_tflops"])
    ]
    if not alike:
        return about | {"images_per_second": None, "reason": "no_generation"}
    near = min(alike, key=lambda other: abs(math.log(other["fp16_dense_tflops"] / dense)))
    told = best[str(near["gpu_name"])]
    rate = float(told["rate"]) * dense / near["fp16_dense_tflops"]
    return about | _sourced(told, rate, "estimated") | {"estimated_from": near["gpu_name"]}


def _sourced(told: dict[str, Any], rate: float, kind: str) -> dict[str, Any]:
    return {
        "images_per_second": rate,
        "evidence_kind": kind,
        "source": str(told["source_title"]),
        "source_url": str(told["source_url"] or ""),
    }


CARRIED = ("card", "released_on", "rate_kind", "estimated_from", "reason", "images_per_second")


def carried(rates: pd.DataFrame, found: Claim, choice: HabitChoice) -> pd.DataFrame:
    """Return how many users a server carries by card and reading, and what would make it true.

    Parameters
    ----------
    rates
        Of :func:`card_rates`.

    Returns
    -------
    DataFrame
        Columns of :func:`etl.analytics.capacity_claim.users_per_server`, before them
        :data:`CARRIED` (the rate is the server's), and ``evidence_kind``: habits are assumed, and
        so is all of it. A card without a rate has one row without users.

    Raises
    ------
    ValueError
        Habits that cannot be.
    """
    parts: list[pd.DataFrame] = []
    by_card = {
        str(row["card"]): row for row in cast(list[dict[str, Any]], rates.to_dict("records"))
    }
    for name in choice.cards:
        row = by_card[name]
        about = {key: row.get(key) for key in ("card", "released_on", "estimated_from", "reason")}
        about["rate_kind"] = row.get("evidence_kind")
        if row["images_per_second"] is None or pd.isna(row["images_per_second"]):
            parts.append(pd.DataFrame([{**about, "reading": "", "users": float("nan")}]))
            continue
        rate = float(row["images_per_second"]) * choice.n_cards
        worked = users_per_server(
            _habits(choice, rate),
            choice.wait_seconds,
            (found.users_low, found.users_high),
            # Times without memory make waits longer than equal ones: cautious, and quick.
            "exponential",
        )
        parts.append(worked.assign(**about, evidence_kind="assumed"))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _habits(choice: HabitChoice, rate: float) -> Habits:
    def about(value: float, least: float = 0.0, most: float = math.inf) -> Range:
        return Range(max(value / SPREAD, least), value, min(value * SPREAD, most))

    return Habits(
        Range.exact(rate),
        about(choice.active_share, most=1.0),
        about(choice.images_per_user_day),
        about(choice.peak_hour_share, 1 / 24, 1.0),
        about(choice.seconds_between_images),
    )
