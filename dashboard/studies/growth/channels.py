"""Whether channels pay back what they cost, and what an install leaves after compute."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.growth.definitions import definitions
from etl.analytics.channels import AGES, channel_table
from etl.errors import InputError

RETURN_AGES = AGES
"""Ages in days at which the return on spend is shown."""
_BEGUN = "date_diff('day', DATE '1970-01-01', begun_on) AS begun_day"
OF_PAYMENTS = ("roas_", "payback_", "proceeds_", "contribution_")
"""Beginnings of the columns that payments are needed for."""


@dataclass(frozen=True)
class ChannelStudy:
    """Channels beside each other.

    Attributes
    ----------
    table
        See :func:`etl.analytics.channels.channel_table`.
    n_unmatched
        Payments of users whose beginning the events do not hold; they count for no channel.
    n_unpriced
        Payments whose proceeds in US dollars nobody stated, left out of what came in.
    n_other_currency
        Rows of spend that are not in US dollars, left out.
    """

    table: pd.DataFrame
    n_unmatched: int
    n_unpriced: int
    n_other_currency: int
    evidence_kind: str


def channel_study(
    reader: Reader,
    source: str,
    payments: str,
    spend: str,
    cost_per_image_usd: float,
    horizon: int = 90,
) -> ChannelStudy:
    """Compare channels: spend, installs, return by age, contribution after compute."""
    if not payments:
        raise InputError(
            "got no transactions to stand beside the events",
            "payments of the same kind of evidence",
            "import them with `artonomics import subscriptions`",
            code="NO_PAYMENTS",
        )
    money = reader.query(
        f"""
        SELECT {_BEGUN}, p.channel, date_diff('day', begun_on, purchased_at::DATE) AS age,
               coalesce(sum(proceeds_usd), 0) AS proceeds_usd
        FROM subscription_transactions t JOIN paying_users p
          ON p.source = ? AND p.user_id = t.user_id
        WHERE t.source = ? AND NOT coalesce(is_sandbox, false)
          AND NOT (price > 0 AND refunded_at IS NOT NULL) GROUP BY ALL
        """,
        [source, payments],
    )
    return _compared(reader, (source, payments, spend), money, cost_per_image_usd, horizon)


def arrivals_study(
    reader: Reader, source: str, spend: str, cost_per_image_usd: float, horizon: int = 90
) -> ChannelStudy:
    """Compare channels as far as events and spend go; what payments would tell is missing."""
    nothing = pd.DataFrame(columns=["begun_day", "channel", "age", "proceeds_usd"])
    found = _compared(reader, (source, "", spend), nothing, cost_per_image_usd, horizon)
    unknown = [name for name in found.table if name.startswith(OF_PAYMENTS)]
    return replace(found, table=found.table.assign(**dict.fromkeys(unknown, np.nan)))


def _compared(
    reader: Reader,
    sources: tuple[str, str, str],
    money: pd.DataFrame,
    cost_per_image_usd: float,
    horizon: int,
) -> ChannelStudy:
    source, payments, spend = sources
    told = definitions(reader, source)
    sizes = reader.query(
        f"SELECT {_BEGUN}, channel, sum(size)::BIGINT AS size FROM paid_conversion "
        "WHERE source = ? GROUP BY ALL",
        [source],
    )
    images = reader.query(
        f"SELECT {_BEGUN}, channel, date_diff('day', begun_on, active_on) AS age, "
        "sum(n_images)::BIGINT AS n_images FROM cohort_cube WHERE source = ? "
        "AND active_on <= begun_on + ?::INTEGER GROUP BY ALL",
        [source, horizon],
    )
    spent = reader.query(
        "SELECT date_diff('day', DATE '1970-01-01', spend_date) AS begun_day, channel, "
        "sum(value) AS spend_usd FROM acquisition_spend "
        "WHERE source = ? AND metric = 'spend' AND currency = 'USD' GROUP BY ALL",
        [spend],
    )
    table = channel_table(
        sizes,
        money,
        images,
        spent,
        last_day=told.last_day,
        horizon=horizon,
        cost_per_image_usd=cost_per_image_usd,
    )
    if not spend:
        table = table.assign(spend_usd=np.nan, cost_per_install_usd=np.nan)  # nobody said it is 0
    left = _left_out(reader, source, payments, spend)
    return ChannelStudy(table, *left, told.evidence_kind)


def _left_out(reader: Reader, source: str, payments: str, spend: str) -> tuple[int, int, int]:
    found = reader.query(
        """
        SELECT (SELECT count(*) FROM subscription_transactions WHERE source = $2 AND price > 0
                AND user_id NOT IN (SELECT user_id FROM paying_users WHERE source = $1)) AS a,
               (SELECT count(*) FROM subscription_transactions WHERE source = $2 AND price <> 0
                AND proceeds_usd IS NULL) AS b,
               (SELECT count(*) FROM acquisition_spend WHERE source = $3 AND metric = 'spend'
                AND currency IS DISTINCT FROM 'USD') AS c
        """,
        [source, payments, spend],
    ).iloc[0]
    return int(found["a"]), int(found["b"]), int(found["c"])
