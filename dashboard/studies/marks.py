"""Which dated events are marked on a figure over days."""

from __future__ import annotations

from datetime import date

import pandas as pd

from dashboard import queries
from dashboard.queries import Reader
from dashboard.studies.frames import column, rows

_NEWS = (
    *("product_release", "feature_launch", "product_retirement", "shutdown", "price_change"),
    *("chart_top", "viral", "milestone", "policy"),
)
"""Types of events that concern every app of the market."""


def marks(
    reader: Reader,
    names: tuple[str, ...] = (),
    tickers: tuple[str, ...] = (),
    *,
    as_of: date | None = None,
) -> pd.DataFrame:
    """Return the events to mark beside something, as known on a day.

    Parameters
    ----------
    names, tickers
        What the figure is about: apps and companies by the beginning of the event's ``entity``,
        and shares. All their events are marked; of others what concerns the whole market (launches,
        closures, prices, first places, policy), unless a price chose the day.

    Returns
    -------
    DataFrame
        Rows of ``market_events`` with ``is_own``, by day.
    """
    events = queries.events(reader, as_of)
    is_own = column(events, "ticker").isin(list(tickers))
    if names:
        is_own |= column(events, "entity").str.startswith(names)
    of_all = events["event_type"].isin(_NEWS) & events["selection"].eq("exogenous")
    return rows(events.assign(is_own=is_own), is_own | of_all)
