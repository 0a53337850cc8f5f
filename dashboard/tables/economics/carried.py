"""How many users a server carries, in words and tables."""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard.figures.economics import scales
from dashboard.studies.economics.carried import Claim, HabitChoice
from dashboard.tables.economics import names
from dashboard.tables.table import Table, TableColumn
from dashboard.text import Words


def reading_name(reading: str, said: Words) -> str:
    """Name what a user is."""
    return {
        "registered": said.t("registered"),
        "daily_active": said.t("active on a day"),
        "concurrent": said.t("there at one moment"),
        "": said.t("any reading"),
    }[reading]


def verdict_name(verdict: str, said: Words) -> str:
    """Say how a number of users stands to the claim; empty where there is none."""
    return {
        "within reach": said.t("the claim lies in its range"),
        "below the claim": said.t("fewer than claimed"),
        "above the claim": said.t("more than claimed"),
    }.get(verdict, "")


def card_name(row: dict[Any, Any], said: Words) -> str:
    """Return a card with its year, and whether its speed is estimated."""
    year = row["released_on"]
    name = str(row["card"]) if pd.isna(year) else f"{row['card']} ({pd.Timestamp(year):%Y})"
    if row["rate_kind"] == "estimated":
        return said.t("{card}, speed estimated", card=name)
    return name


def claim_sentence(found: Claim, said: Words) -> str:
    """Say what was claimed."""
    return said.t(
        "The claim: a server of {price} carries {low} to {high} users ({date}).",
        price=said.money(found.price, found.currency, digits=0),
        low=said.number(found.users_low, digits=0),
        high=said.number(found.users_high, digits=0),
        date=said.date(found.as_of),
    )


def sentences(frame: pd.DataFrame, choice: HabitChoice, said: Words) -> list[str]:
    """Say of each card how many users it carries by reading, and what makes the claim true."""
    parts: list[str] = []
    for name in choice.cards:
        own = frame.loc[frame["card"] == name]
        rows: list[dict[str, Any]] = own.to_dict("records")
        card = card_name(rows[0], said)
        if pd.isna(rows[0]["users"]):
            parts.append(said.t("{card}: not known. {why}", card=card, why=reason(rows[0], said)))
            continue
        told = [
            said.t(
                "{reading}: {users} ({verdict})",
                reading=reading_name(str(row["reading"]), said),
                users=scales.people(said, row["users"]),
                verdict=verdict_name(str(row["verdict"]), said),
            )
            for row in rows
        ]
        speed = said.t(
            "{card}, {rate} pictures a second of its server ({evidence}): {told}.",
            card=card,
            rate=names.amount(rows[0]["images_per_second"], "", said).strip(),
            evidence=said.evidence(str(rows[0]["rate_kind"])),
            told=said.t("; ").join(told),
        )
        parts.append(said.sentences([speed, _true_where(rows, said)]))
    return parts


def _true_where(rows: list[dict[str, Any]], said: Words) -> str:
    """Say for each reading what would make the claim true, the other habits as they are."""
    by_reading = {str(row["reading"]): row for row in rows}

    def ends(reading: str, habit: str) -> tuple[float, float]:
        found = [float(by_reading[reading][f"{habit}_at_claim_{end}"]) for end in ("low", "high")]
        return min(found), max(found)

    def span(found: tuple[float, float]) -> dict[str, Any]:
        low, high = (names.amount(end, "", said).strip() for end in found)
        return {"low": low, "high": high}

    least, most = ends("registered", "active_share")
    registered = (
        said.t("of registered ones never: were all active every day, it would carry more")
        if least > 1
        else said.t(
            "of registered ones where {low} to {high} of them are active on a day",
            low=said.percent(least),
            high=said.percent(min(most, 1.0)),
        )
    )
    daily = said.t(
        "of those active on a day where each makes {low} to {high} pictures a day",
        **span(ends("daily_active", "images_per_user_day")),
    )
    at_once = said.t(
        "of those there at one moment where {low} to {high} seconds pass between a user's pictures",
        **span(ends("concurrent", "seconds_between_images")),
    )
    return said.t(
        "The claim is true: {readings}.", readings=said.t("; ").join([registered, daily, at_once])
    )


def reason(row: dict[Any, Any], said: Words) -> str:
    """Say why a card has no rate."""
    return {
        "no_generation": said.t(
            "No card of its generation has a published rate of this model; choose another model."
        ),
        "no_dense_rate": said.t("Its dense rate is not known, so no speed can be estimated."),
    }.get(str(row["reason"]), "")


def figure_frame(frame: pd.DataFrame, said: Words) -> pd.DataFrame:
    """Return the rows as the figure takes them."""
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return frame.assign(
        label=[card_name(row, said) for row in rows],
        reading=[reading_name(str(row["reading"]), said) for row in rows],
    )


def table(frame: pd.DataFrame, said: Words) -> Table:
    """Return users by card and reading, and what would make the claim true."""
    rows: list[dict[str, Any]] = frame.to_dict("records")
    shown = frame.assign(
        reading=[reading_name(str(row["reading"]), said) for row in rows],
        verdict_told=[verdict_name(str(row.get("verdict")), said) for row in rows],
        rate_evidence=[
            said.evidence(row["rate_kind"]) if isinstance(row["rate_kind"], str) else ""
            for row in rows
        ],
        why=[reason(row, said) for row in rows],
    )
    true_at = said.t("What would make the claim true, the other habits as they are.")
    columns = {
        "card": TableColumn(said.t("Card")),
        "reading": TableColumn(said.t("A user is")),
        "users_low": TableColumn(said.t("Users, low"), "integer"),
        "users": TableColumn(said.t("Users"), "integer"),
        "users_high": TableColumn(said.t("Users, high"), "integer"),
        "verdict_told": TableColumn(said.t("Verdict on the claim")),
        "images_per_user_day_at_claim_high": TableColumn(
            said.t("Pictures a day, upper claim"), "number", 2, true_at
        ),
        "images_per_user_day_at_claim_low": TableColumn(
            said.t("Pictures a day, lower claim"), "number", 2, true_at
        ),
        "active_share_at_claim_high": TableColumn(
            said.t("Active share, upper claim"), "percent", 1, true_at
        ),
        "active_share_at_claim_low": TableColumn(
            said.t("Active share, lower claim"), "percent", 1, true_at
        ),
        "seconds_between_images_at_claim_high": TableColumn(
            said.t("Seconds between pictures, upper claim"), "number", 0, true_at
        ),
        "seconds_between_images_at_claim_low": TableColumn(
            said.t("Seconds between pictures, lower claim"), "number", 0, true_at
        ),
        "images_per_second": TableColumn(said.t("Server's pictures a second"), "number", 3),
        "rate_evidence": TableColumn(said.t("Evidence of the speed")),
        "estimated_from": TableColumn(said.t("Speed estimated from")),
        "usable_share": TableColumn(said.t("Utilisation the promise allows"), "percent"),
        "why": TableColumn(said.t("Why not known"), "wide"),
    }
    held = {name: look for name, look in columns.items() if name in shown}
    return Table(shown, held if len(shown) else {}, "carried-users")
