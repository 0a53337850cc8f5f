"""Did shares that only bear the label move with those that earn? Groups and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.frames import column
from dashboard.studies.market import Measured, measured, peers_event
from dashboard.studies.robustness import SEED
from etl.analytics.contagion import ContagionSpec, GroupEvent, compare_groups, groups_on
from etl.analytics.event_study import EventStudySpec
from etl.analytics.return_structure import clusters, residual_returns

DAYS_BEFORE = 250
"""Calendar days before the event over which shares are compared; the event is not among them."""
_FEWEST = 3


@dataclass(frozen=True)
class ContagionStudy:
    """The concept shares around one event.

    Attributes
    ----------
    event_id, status
        The event; ``tested`` or ``described`` (its date was picked by a price).
    returns
        ``log`` or ``simple``.
    first_group, second_group, n_first, n_second, mean_first, mean_second, difference, low, high
        Mean cumulative abnormal returns of both groups and their difference with its
        Welch interval, missing where nothing is tested.
    tests
        ``test, statistic, p_value, reason``.
    reason
        Why no p is given, as a code; empty where one is.
    power_effect, power, detectable
        Chance to find a difference of ``power_effect``, and the difference found with a chance of
        80%; missing where it cannot be told.
    firms
        ``ticker, concept_group, benchmark, day_zero, cumulative_abnormal_return,
        standard_error, reason``, one row a member, those left out with their reason.
    correlation
        Residual correlations in the days before, by ticker, in order of their clusters.
    n_clusters, silhouette, silhouette_bound
        Clusters found, how well they stand apart, and what unrelated shares would reach.
    left_out
        ``ticker, reason`` of the shares without a place in ``correlation``.
    """

    event_id: str
    status: str
    returns: str
    first_group: str
    second_group: str
    n_first: int
    n_second: int
    mean_first: float
    mean_second: float
    difference: float
    low: float
    high: float
    tests: pd.DataFrame
    reason: str
    power_effect: float
    power: float
    detectable: float
    firms: pd.DataFrame
    correlation: pd.DataFrame
    n_clusters: int
    silhouette: float
    silhouette_bound: float
    left_out: pd.DataFrame


def contagion_study(
    reader: Reader,
    ticker: str,
    spec: EventStudySpec,
    *,
    as_of: date | None = None,
    event_ids: Sequence[str] | None = None,
) -> ContagionStudy | None:
    """Compare the groups around the last chosen event; nothing without one or without groups."""
    found = measured(reader, ticker, spec, as_of, event_ids)
    event: Any = peers_event(found.reactions.events, ticker, event_ids)
    if event is None or found.groups.empty or pd.isna(event["day_zero"]):
        return None
    day = event["event_date"].to_datetime64().astype("datetime64[D]")
    picked = str(event["selection"]) == "price_selected"
    members = groups_on(found.groups, day)
    news = GroupEvent(day, picked, str(event["session"]) == "after", (ticker,))
    asked = ContagionSpec(study=spec)
    compared = compare_groups(
        found.prices, members, news, markets(found), asked, np.random.default_rng(SEED)
    )
    power: Any = compared.power
    correlation, told, left_out = _structure(found, members, day, spec)
    return ContagionStudy(
        event_id=str(event["event_id"]),
        status="described" if picked else "tested",
        returns=spec.returns,
        first_group=asked.first_group,
        second_group=asked.second_group,
        n_first=compared.n_first,
        n_second=compared.n_second,
        mean_first=compared.mean_first,
        mean_second=compared.mean_second,
        difference=compared.difference,
        low=compared.low,
        high=compared.high,
        tests=compared.tests,
        reason=compared.reason,
        power_effect=asked.effect,
        power=power.power if power else np.nan,
        detectable=power.detectable if power else np.nan,
        firms=compared.firms,
        correlation=correlation,
        n_clusters=int(told[0]),
        silhouette=told[1],
        silhouette_bound=told[2],
        left_out=left_out,
    )


def markets(found: Measured) -> dict[str, str]:
    """Return the benchmark of each share: the alternative where its own has no bars."""
    markets: dict[str, str] = {}
    for ticker, row in found.instruments.iterrows():
        named: list[Any] = [row["benchmark"], row["alternative_benchmark"]]
        held = [str(name) for name in named if pd.notna(name) and name in found.prices.columns]
        if held:
            markets[str(ticker)] = held[0]
    return markets


def _structure(
    found: Measured, members: pd.DataFrame, day: np.datetime64, spec: EventStudySpec
) -> tuple[pd.DataFrame, tuple[int, float, float], pd.DataFrame]:
    """Return the clustered correlations of the days before, and who has no place there."""
    tickers = set(members["ticker"]) & set(found.prices.columns)
    known = {name: market for name, market in markets(found).items() if name in tickers}
    first = day - np.timedelta64(DAYS_BEFORE, "D")
    last = day - np.timedelta64(1, "D")
    kind = "simple" if spec.returns == "simple" else "log"
    residuals = residual_returns(found.prices, known, first, last, returns=kind)
    left: dict[str, str] = dict(residuals.left_out)
    absent = [name for name in column(members, "ticker") if name not in residuals.tickers]
    left_out = pd.DataFrame(
        {
            "ticker": absent,
            "reason": [left.get(str(name), "no_prices_for_ticker") for name in absent],
        }
    )
    if len(residuals.tickers) < _FEWEST:
        return pd.DataFrame(), (0, np.nan, np.nan), left_out
    grouped = clusters(residuals, rng=np.random.default_rng(SEED))
    correlation = pd.DataFrame(
        grouped.correlation, index=pd.Index(grouped.tickers), columns=pd.Index(grouped.tickers)
    )
    told = (grouped.n_clusters, grouped.mean_silhouette, grouped.bound)
    return correlation, told, left_out
