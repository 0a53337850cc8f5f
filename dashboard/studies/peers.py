"""What other concept shares did around the same event."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dashboard.studies import bars as share_bars
from dashboard.studies.frames import column, columns, ordered, rows
from dashboard.studies.reactions import measure
from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudySpec

LATER_GROUP = "group_dated_later"
"""Flag: the first evidence for the share's concept group is younger than the event."""

_COLUMNS = (
    "ticker",
    "company",
    "company_zh",
    "concept_group",
    "benchmark",
    "day_zero",
    "abnormal_return",
    "cumulative_abnormal_return",
    "t_statistic",
    "p_value",
    "flags",
    "reason",
)


@dataclass(frozen=True)
class Chosen:
    """The event the peers are compared around (a row of the study's events), and how."""

    event: pd.Series | None
    spec: EventStudySpec


def peer_shares(
    groups: pd.DataFrame, instruments: pd.DataFrame, ticker: str, event: pd.Series | None
) -> pd.DataFrame:
    """Return the other concept shares with the group they belonged to on the event's day.

    Parameters
    ----------
    groups
        Columns of ``concept_groups``. A share whose evidence begins after the event has its
        first group and ``later`` true.

    Returns
    -------
    DataFrame
        ``ticker, company, company_zh, concept_group, later``, by ticker; empty without an event.
    """
    held = column(groups, "ticker").isin(set(instruments.index))
    known = rows(groups, held & (groups["ticker"] != ticker))
    if event is None or known.empty:
        return known.head(0).assign(later=pd.Series(dtype=bool))
    known = known.assign(later=known["valid_from_date"] > event["event_date"])
    # The youngest evidence not after the event, else the oldest after it.
    known = ordered(known, "valid_from_date")
    before = rows(known, ~known["later"]).groupby("ticker").tail(1)
    after = rows(known, known["later"]).groupby("ticker").head(1)
    after = rows(after, ~column(after, "ticker").isin(set(before["ticker"])))
    kept = ("ticker", "company", "company_zh", "concept_group", "later")
    return ordered(columns(pd.concat([before, after]), *kept), "ticker")


def compare(
    peers: pd.DataFrame,
    chosen: Chosen,
    instruments: pd.DataFrame,
    prices: Panel,
    bars: pd.DataFrame,
) -> pd.DataFrame:
    """Measure every peer around the event, each against its own benchmark.

    Returns
    -------
    DataFrame
        One row a peer: abnormal return on day 0 (on the first day of a window without day 0),
        cumulative over the window; ``t_statistic`` and ``p_value`` of day 0 only where the event
        was not picked by a price; ``reason`` where there is no measurement.
    """
    if chosen.event is None or peers.empty:
        return pd.DataFrame(columns=pd.Index(_COLUMNS))
    repeated = pd.DataFrame([chosen.event] * len(peers)).reset_index(drop=True)
    repeated["ticker"] = repeated["event_id"] = peers["ticker"]
    found = measure(repeated, instruments, prices, chosen.spec)
    days = chosen.spec.days
    day = 0 if 0 in days else days[0]
    shown = columns(
        rows(found.paths, found.paths["day"] == day).set_index("event_id"),
        "abnormal_return", "t_statistic", "p_value",
    )  # fmt: skip
    last = rows(found.paths, found.paths["day"] == days[-1]).set_index("event_id")
    table = columns(found.events, "ticker", "benchmark", "day_zero", "reason", "flags")
    table = table.merge(peers, on="ticker", validate="1:1")
    table = table.join(shown, on="ticker")
    table = table.join(columns(last, "cumulative_abnormal_return"), on="ticker")
    mechanics = {
        ticker: share_bars.mechanics(instruments.loc[ticker], prices, bars)
        for ticker in shown.index
    }
    table["flags"] = [_flags(row, found.paths, mechanics) for row in table.to_dict("records")]
    return columns(table, *_COLUMNS)


def _flags(
    row: dict[Hashable, Any], paths: pd.DataFrame, mechanics: dict[str, pd.DataFrame]
) -> str:
    """Return the codes of what touches the peer inside the window, joined by commas."""
    codes = [row["flags"]] if row["flags"] else []
    if row["later"]:
        codes.append(LATER_GROUP)
    if row["ticker"] in mechanics:
        days = column(rows(paths, paths["event_id"] == row["ticker"]), "trade_date")
        met = mechanics[row["ticker"]]
        within = column(met, "trade_date").between(days.min(), days.max())
        codes += column(rows(met, within), "flag").drop_duplicates().to_list()
    return ", ".join(codes)
