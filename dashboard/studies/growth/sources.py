"""Which histories there are, and which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.queries import Reader


@dataclass(frozen=True)
class Histories:
    """The histories of products that the snapshot holds.

    Attributes
    ----------
    events
        One row a source of events: ``source, begins, active, window_days, funnel_steps,
        funnel_days, first_day, last_day, n_events, n_users, evidence_kind, engine, in_lake``
        (whether its events can be asked, not its counts alone); measured ones first.
    subscriptions, spend
        ``source, evidence_kind, first_day, last_day, n_rows``.
    """

    events: pd.DataFrame
    subscriptions: pd.DataFrame
    spend: pd.DataFrame

    def subscriptions_beside(self, source: str) -> list[str]:
        """Return the sources of transactions that may stand beside a source of events."""
        return _beside(self.events, source, self.subscriptions)

    def spend_beside(self, source: str) -> list[str]:
        """Return the sources of spend that may stand beside a source of events."""
        return _beside(self.events, source, self.spend)


def histories(reader: Reader) -> Histories:
    """Return the histories there are."""
    events = reader.query(
        """
        SELECT d.*, EXISTS (
            SELECT 1 FROM lake_days l WHERE l.source = d.source
            AND l.table_name = 'product_events'
        ) AS in_lake
        FROM growth_definitions d
        ORDER BY evidence_kind = 'simulated', n_users DESC, source
        """
    )
    return Histories(
        events,
        _spans(reader, "subscription_transactions", "purchased_at"),
        _spans(reader, "acquisition_spend", "spend_date"),
    )


def nearest(source: str, others: Sequence[str]) -> str:
    """Return the one of ``others`` that shares the longest beginning with ``source``; or ``""``."""

    def alike(other: str) -> int:
        return next((i for i, (a, b) in enumerate(zip(source, other, strict=False)) if a != b), 99)

    return max(others, key=alike, default="")


def _spans(reader: Reader, table: str, when: str) -> pd.DataFrame:
    return reader.query(
        f"""
        SELECT source, min(evidence_kind) AS evidence_kind, min({when})::DATE AS first_day,
               max({when})::DATE AS last_day, count(*) AS n_rows
        FROM {table} GROUP BY source ORDER BY source
        """
    )


def _beside(events: pd.DataFrame, source: str, others: Any) -> list[str]:
    """Return the sources that are simulated if ``source`` is, and not if it is not.

    What was made up says nothing about what was measured, so the two never share a figure.
    """
    own: Any = events.loc[events["source"] == source, "evidence_kind"]
    if own.empty:
        return list(others["source"])
    simulated = bool(own.iloc[0] == "simulated")
    return list(others.loc[(others["evidence_kind"] == "simulated") == simulated, "source"])
