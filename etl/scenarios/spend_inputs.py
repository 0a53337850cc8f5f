"""What one's own spend and bills tell: the cost of winning a payer, and of a card's hour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import numpy as np
import pandas as pd

from etl.analytics.distributions import normal_quantile
from etl.analytics.quantities import Quantity, weakest
from etl.scenarios.evidence import Reader, day_of

BILL_DAYS = 28
"""Bills that end so many days before the newest one are still new."""
_Z = normal_quantile(0.975)


@dataclass(frozen=True)
class GrowthInputs:
    """Inputs that one's own data tell.

    Attributes
    ----------
    found
        Input → quantity with a 95 % interval.
    reasons
        Input → why it is not told.
    """

    found: dict[str, Quantity] = field(default_factory=dict[str, Quantity])
    reasons: dict[str, str] = field(default_factory=dict[str, str])


def bill_quantities(reader: Reader, currency: str, *, as_of: date | None = None) -> GrowthInputs:
    """Return the price of a card's hour: amounts over card-hours of the newest bills.

    Its range runs from the cheapest line to the dearest. Credits lower the price; lines without
    hours are left out, and the source says how many.

    Parameters
    ----------
    currency
        Of the scenario; the price stays in the bills' own and is converted later.
    as_of
        Bills that end after it are not looked at.
    """
    bills = reader.query(
        """
        WITH known AS (FROM gpu_bills WHERE ?::DATE IS NULL OR period_end <= ?::DATE)
        FROM known WHERE period_end > (
            SELECT max(period_end) FROM known WHERE gpu_hours > 0
        ) - ?::INTEGER
        """,
        (as_of, as_of, BILL_DAYS),
    )
    idle = "bills tell hours that were paid for, not how many of them were at work"
    told = GrowthInputs({}, {"utilisation": idle})
    found = _hourly_price(bills)
    if isinstance(found, str):
        told.reasons["hourly_price"] = found
    else:
        told.found["hourly_price"] = found
    return told


def _hourly_price(bills: pd.DataFrame) -> Quantity | str:
    hours = bills["gpu_hours"].fillna(0.0).to_numpy(dtype=float)
    lines, n_left_out = bills.loc[hours > 0], int((hours <= 0).sum())
    if lines.empty:
        return "no bill with hours of a card is imported"
    currencies, kinds = (sorted(set(lines[name])) for name in ("currency", "evidence_kind"))
    if len(currencies) > 1:
        return f"the newest bills are in {', '.join(currencies)}: name one price by hand"
    if "simulated" in kinds and len(kinds) > 1:
        return "the newest bills are made up in part: name the price by hand"
    amount = lines["amount"].to_numpy(dtype=float)
    price, each = float(amount.sum() / hours.sum()), (amount / hours[hours > 0])[amount > 0]
    if price <= 0:
        return "the newest bills pay more back than they charge"
    cards, by = (", ".join(sorted(set(lines[name].dropna()))) for name in ("gpu_name", "provider"))
    first, last = day_of(lines["period_start"].min()), day_of(lines["period_end"].max())
    left_out = f"; {n_left_out} lines without hours left out" if n_left_out else ""
    return Quantity(
        price,
        f"{currencies[0]}/hour",
        one_kind(kinds),
        min(float(each.min()), price),
        max(float(each.max()), price),
        source=f"bills of {by}, {first} to {last}: amounts over card-hours"
        f"{f' of {cards}' if cards else ''}{left_out}",
        as_of=last,
    )


def one_kind(kinds: Iterable[str]) -> str:
    """Return the evidence kind of what rests on rows of these kinds; one alone stays what it is."""
    found = set(kinds)
    return found.pop() if len(found) == 1 else weakest(found)


def spend_quantities(reader: Reader, source: str) -> tuple[dict[str, Quantity], dict[str, str]]:
    """Return ``cac``, spend over those who first paid in the same days, or why it is not told."""
    found = _cac(reader, source)
    return ({}, {"cac": found}) if isinstance(found, str) else ({"cac": found}, {})


def _cac(reader: Reader, source: str) -> Quantity | str:
    beside = reader.query(
        """
        SELECT d.source, greatest(d.first_day, s.first) AS first,
               least(d.last_whole_day, s.last) AS last
        FROM growth_definitions d, (
            SELECT min(evidence_kind) AS kind, min(spend_date) AS first, max(spend_date) AS last
            FROM acquisition_spend WHERE source = ? AND metric = 'spend'
        ) s WHERE (d.evidence_kind = 'simulated') = (s.kind = 'simulated')
        """,
        (source,),
    )
    if len(beside) != 1:
        return "it takes spend, and one history of events beside it to count payers"
    events = str(beside["source"].iloc[0])
    first, last = (day_of(beside[name].iloc[0]) for name in ("first", "last"))
    if first is None or last is None or first > last:
        return f"the spend and the events of {events} have no day in common"
    spent = reader.query(
        """
        SELECT currency, sum(value) AS amount, list(DISTINCT evidence_kind) AS kinds
        FROM acquisition_spend
        WHERE source = ? AND metric = 'spend' AND spend_date BETWEEN ? AND ? GROUP BY 1
        """,
        (source, first, last),
    )
    if len(spent) != 1:
        return "the spend is in several currencies, or there is none in the days of the events"
    if _is_told_twice(reader, source):
        return "the spend of a day and channel is told in several ways, so that a sum counts twice"
    row = cast(dict[str, Any], spent.to_dict("records")[0])
    won = reader.query(
        "SELECT count(*) AS n FROM paying_users WHERE source = ? AND first_paid_on BETWEEN ? AND ?",
        (events, first, last),
    )
    n, amount = float(won["n"].iloc[0]), float(row["amount"])
    if n == 0:
        return f"nobody first paid from {first} to {last}"
    value, error = amount / n, amount / n / np.sqrt(n)
    return Quantity(
        value,
        f"{row['currency']}/payer",
        one_kind(row["kinds"]),
        max(value - _Z * error, 0.0),
        value + _Z * error,
        source=f"{source}: spend over users of {events} who first paid, {first} to {last}",
        as_of=last,
    )


def _is_told_twice(reader: Reader, source: str) -> bool:
    """Say whether a day and channel is told by several tools or ages, or both whole and split."""
    found = reader.query(
        """
        SELECT count(*) AS n FROM (
            SELECT 1 FROM acquisition_spend WHERE source = ? AND metric = 'spend'
            GROUP BY spend_date, channel
            HAVING count(DISTINCT reported_by) > 1 OR count(DISTINCT days_after_install) > 1
                OR count(DISTINCT campaign = '*') > 1 OR count(DISTINCT country = '*') > 1
                OR count(DISTINCT platform = '*') > 1
        )
        """,
        (source,),
    )
    return bool(found["n"].iloc[0])
