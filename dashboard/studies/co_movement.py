"""How closely a share moves with its market and with its peers, and whether an event drew closer.

The trailing beta shows whether the model behind the event study holds still; the comparison before
and after takes out what the share's own larger swings explain (Forbes and Rigobon 2002); the
components say how much of the residuals many shares have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dashboard.queries import Reader
from dashboard.studies.contagion import DAYS_BEFORE, markets
from dashboard.studies.frames import column
from dashboard.studies.market import Measured, measured, peers_event
from dashboard.studies.robustness import SEED
from etl.analytics.co_movement import CoMovementSpec, excess_co_movement, rolling
from etl.analytics.event_calendar import pair_returns
from etl.analytics.event_study import EventStudySpec
from etl.analytics.return_structure import principal_components, residual_returns

_FEWEST = 3


@dataclass(frozen=True)
class CoMovementStudy:
    """One share beside its market and its peers.

    Attributes
    ----------
    benchmark
        Market the trailing beta is measured against; empty without one that has bars.
    rolling
        One row a common trading day, looking back only: ``trade_date, n_observations, beta,
        beta_low, beta_high, correlation, correlation_low, correlation_high, reason``.
    event_id
        The event the peers are compared around; empty without one.
    pairs
        One row a peer: ``other, n_before, n_after, correlation_before, correlation_after,
        correlation_adjusted, p_value, adjusted_p_value, adjusted_p_value_holm, verdict, reason``.
        Missing p-values, and a verdict left empty, where the day was picked by a price.
    components
        ``component`` (from 1), ``explained_variance_ratio, bound`` (what unrelated shares would
        reach in 95 of 100), ``significant``, of the residuals over the days before the event.
    n_shares
        Shares behind the components.
    """

    benchmark: str
    rolling: pd.DataFrame
    event_id: str
    pairs: pd.DataFrame
    components: pd.DataFrame
    n_shares: int


def co_movement_study(
    reader: Reader,
    ticker: str,
    spec: EventStudySpec,
    *,
    as_of: date | None = None,
    event_ids: Sequence[str] | None = None,
) -> CoMovementStudy:
    """Measure how the share moves with others; parameters as ``market_study``."""
    found = measured(reader, ticker, spec, as_of, event_ids)
    named = markets(found)
    benchmark = named.get(ticker, "")
    trailing = pd.DataFrame()
    if benchmark and ticker in found.prices.columns:
        trailing = rolling(pair_returns(found.prices, ticker, benchmark, "log"))
    event: Any = peers_event(found.reactions.events, ticker, event_ids)
    pairs, components, n_shares = pd.DataFrame(), pd.DataFrame(), 0
    if event is not None and not pd.isna(event["day_zero"]):
        day = event["day_zero"].to_datetime64().astype("datetime64[D]")
        picked = str(event["selection"]) == "price_selected"
        pairs = _pairs(found, ticker, named, day, picked=picked)
        components, n_shares = _components(found, named, day, spec)
    return CoMovementStudy(
        benchmark,
        trailing,
        "" if event is None else str(event["event_id"]),
        pairs,
        components,
        n_shares,
    )


def _pairs(
    found: Measured, ticker: str, named: dict[str, str], day: np.datetime64, *, picked: bool
) -> pd.DataFrame:
    others = sorted(set(column(found.groups, "ticker")) - {ticker})
    known = [name for name in others if name in found.prices.columns and name in named]
    if ticker not in named or not known:
        return pd.DataFrame()
    pairs = [(ticker, name) for name in known]
    table = excess_co_movement(found.prices, pairs, named, day, CoMovementSpec())
    if picked:
        table[["p_value", "adjusted_p_value", "adjusted_p_value_holm"]] = np.nan
        table["verdict"] = ""
        table.loc[table["reason"] == "", "reason"] = "price_selected"
    return table


def _components(
    found: Measured, named: dict[str, str], day: np.datetime64, spec: EventStudySpec
) -> tuple[pd.DataFrame, int]:
    """Return the components of the residuals in the days before, and the shares behind them."""
    members = {name: named[name] for name in set(column(found.groups, "ticker")) & set(named)}
    first, last = day - np.timedelta64(DAYS_BEFORE, "D"), day - np.timedelta64(1, "D")
    kind = "simple" if spec.returns == "simple" else "log"
    residuals = residual_returns(found.prices, members, first, last, returns=kind)
    n_shares = len(residuals.tickers)
    if n_shares < _FEWEST or len(residuals.dates) <= n_shares:
        return pd.DataFrame(), n_shares
    parts = principal_components(residuals, rng=np.random.default_rng(SEED))
    order = np.arange(1, n_shares + 1)
    frame = pd.DataFrame(
        {
            "component": order,
            "explained_variance_ratio": parts.explained_variance_ratio,
            "bound": parts.bound,
            "significant": order <= parts.n_significant,
        }
    )
    return frame, n_shares
