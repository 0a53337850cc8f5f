"""Firms that earn from AI art against firms that only bear the label, around an event day.

The firms of a group share the event's date, so their returns are not independent: what they have
in common is measured on the days before and goes into the error of their mean.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.cross_section import MIN_COMMON_DAYS
from etl.analytics.distributions import (
    FloatArray,
    t_quantile,
    two_sided_t,
)
from etl.analytics.event_calendar import DateArray, Panel
from etl.analytics.event_study import EventStudySpec, gathered_for, study
from etl.analytics.event_windows import Events
from etl.analytics.group_tests import (
    Correlations,
    Power,
    Sides,
    correlations_of,
    mean_of,
    power_of,
    run_tests,
    squared_errors,
)
from etl.analytics.normal_return import abnormal_returns

MIN_FIRMS = 3
"""Fewer firms on one side and nothing is tested."""

MIN_EVENT_DAYS = 3
"""Fewer event days and their mean is not tested."""

_NO_DAY = np.datetime64("NaT", "D")

_FIRM_COLUMNS = (
    "ticker",
    "concept_group",
    "benchmark",
    "day_zero",
    "cumulative_abnormal_return",
    "standard_error",
    "reason",
)

REASONS = {
    "group_dated_later": "the first evidence for the share's group is younger than the event",
    "group_ambiguous": "two groups rest on evidence of the same day",
    "other_group": "the share's group is neither of the two compared",
    "own_news": "the event is the share's own news",
    "no_benchmark": "no market is named to measure the share against",
}
"""Why a share is left out, by code, beside those of :mod:`etl.analytics.event_study`."""

NOT_TESTED = {
    "too_few_firms": f"a side has fewer than {MIN_FIRMS} firms",
    "price_selected": "the date was picked because a price moved",
    "no_variation": "the firms of both sides do not vary",
    "too_few_common_days": f"the firms have fewer than {MIN_COMMON_DAYS} estimation days in common",
    "correlation_too_large": "the firms move as one",
    "too_few_event_days": f"there are fewer than {MIN_EVENT_DAYS} event days",
}
"""Why there is no test, by code."""


def groups_on(groups: pd.DataFrame, event_date: np.datetime64) -> pd.DataFrame:
    """Return the group each share belonged to on a day, by the evidence there was.

    Parameters
    ----------
    groups
        ``ticker, concept_group, valid_from_date``: a row holds until the share's next one.

    Returns
    -------
    DataFrame
        ``ticker, concept_group, valid_from_date, reason`` by ticker, one row a share. A share
        whose evidence begins later has no group and the reason ``group_dated_later``; one with
        two groups from the same day ``group_ambiguous``.
    """
    days = groups["valid_from_date"].to_numpy(dtype="datetime64[D]")
    known = groups.assign(valid_from_date=days.astype("datetime64[us]"))[days <= event_date]
    newest = known.groupby("ticker")["valid_from_date"].transform("max")
    newest = known.loc[known["valid_from_date"] == newest]
    newest = newest.drop_duplicates(subset=["ticker", "concept_group"])
    held = newest.groupby("ticker").agg(
        concept_group=("concept_group", "first"),
        valid_from_date=("valid_from_date", "first"),
        n_groups=("concept_group", "size"),
    )
    members = held.reindex(pd.Index(sorted(groups["ticker"].unique()), name="ticker"))
    reason = np.select(
        [members["n_groups"].isna(), members["n_groups"] > 1],
        ["group_dated_later", "group_ambiguous"],
        "",
    )
    members = members.assign(reason=reason.astype(object)).drop(columns="n_groups")
    members.loc[members["reason"] != "", "concept_group"] = None
    return members.reset_index()


@dataclass(frozen=True)
class GroupEvent:
    """News that may have moved other shares.

    Attributes
    ----------
    date
        Day of the news.
    price_selected
        True where the date was picked because a price moved: described, never tested.
    after
        True for news after the close.
    own
        Tickers whose own news it is; they belong to neither side.
    """

    date: np.datetime64
    price_selected: bool = False
    after: bool = False
    own: tuple[str, ...] = ()


@dataclass(frozen=True)
class ContagionSpec:
    """How two groups are compared.

    Attributes
    ----------
    study
        How abnormal returns are measured.
    first_group, second_group
        The difference is the first's mean minus the second's.
    level
        Of intervals; 1 − level is the size of the tests the power is of.
    effect
        Difference of mean cumulative abnormal returns the power is told for, a ratio.
    n_permutations
        Most divisions of the firms looked at: all where there are no more, else so many drawn.

    Raises
    ------
    ValueError
        If the groups are the same, the level or the effect is out of range, or there are no
        permutations.
    """

    study: EventStudySpec = field(default_factory=EventStudySpec)
    first_group: str = "ai_art_revenue"
    second_group: str = "label_only"
    level: float = 0.95
    effect: float = 0.05
    n_permutations: int = 9999

    def __post_init__(self) -> None:
        if self.first_group == self.second_group:
            raise ValueError(f"got {self.first_group!r} twice; two groups are compared")
        if not 0 < self.level < 1:
            raise ValueError(f"got the level {self.level}; it lies between 0 and 1")
        if not self.effect > 0 or self.n_permutations < 1:
            raise ValueError(
                f"got the effect {self.effect} and {self.n_permutations} permutations; both are "
                "above zero"
            )


@dataclass(frozen=True)
class GroupComparison:
    """Two groups around one event day; returns are ratios of the study's kind.

    Attributes
    ----------
    firms
        One row a member, compared or not: ``ticker, concept_group, benchmark, day_zero,
        cumulative_abnormal_return, standard_error, reason``; firms compared have no reason.
    first_day, last_day
        Ends of the event windows of the firms compared; missing (NaT) without one.
    n_first, n_second, mean_first, mean_second, difference
        Firms compared and their mean cumulative abnormal returns.
    low, high
        Welch interval of the difference; missing where nothing is tested.
    tests
        ``test, statistic, degrees_of_freedom, p_value, variant, reason`` for ``welch``,
        ``permutation``, ``kolari_pynnonen`` and ``portfolio``.
    power
        ``None`` where the correlation on the days before is not known.
    correlations
        What the firms have in common; ``None`` without firms on both sides.
    reason
        Code of :data:`NOT_TESTED` where no p is given at all; empty else.
    """

    event: GroupEvent
    spec: ContagionSpec
    firms: pd.DataFrame
    first_day: np.datetime64
    last_day: np.datetime64
    n_first: int
    n_second: int
    mean_first: float
    mean_second: float
    difference: float
    low: float
    high: float
    tests: pd.DataFrame
    power: Power | None
    correlations: Correlations | None
    reason: str

    @property
    def left_out(self) -> Counter[str]:
        """Number of members left out by reason."""
        return Counter(reason for reason in self.firms["reason"] if reason)


def compare_groups(
    prices: Panel,
    members: pd.DataFrame,
    event: GroupEvent,
    markets: Mapping[str, str],
    spec: ContagionSpec,
    rng: np.random.Generator,
) -> GroupComparison:
    """Compare the mean cumulative abnormal returns of two groups around an event.

    Parameters
    ----------
    prices
        As :func:`etl.analytics.event_study.study` takes them.
    members
        From :func:`groups_on`, of the event's own day.
    markets
        Benchmark of each share.
    rng
        Draws the permutations where they are too many to count out.

    Raises
    ------
    ValueError
        If a group is dated after the event, or a price that is used is not positive.

    Notes
    -----
    ``welch`` treats firms as independent. ``permutation`` divides the firms anew: exact for any
    returns if the groups differ in name only. ``portfolio`` divides the difference by the error
    that the same long-short portfolio had in the estimation window (Jaffe 1974): what all firms
    share cancels in it, what only a group shares widens it; but it supposes that the event did
    not raise the variance. ``kolari_pynnonen`` lets it: the covariances of the estimation window
    are scaled so that firms of one group differ as much as they did at the event. With one group
    and equal correlations that is the test of Kolari and Pynnönen (2010). With 3 to 20 firms,
    correlations of 0.2 to 0.6 within groups and twice the usual volatility on the event, it
    rejects 4–7% at a nominal 5%, Welch and permutation up to 25%, the portfolio 28–37%.
    """
    later = members["valid_from_date"].to_numpy(dtype="datetime64[D]") > event.date
    if later.any():
        late = members["ticker"].to_numpy()[later][0]
        raise ValueError(f"got a group of {late} dated after the event; take groups_on its day")
    firms, days, sides = _measure(prices, members, event, markets, spec)
    n_first, n_second = int(sides.first.sum()), int((~sides.first).sum())
    correlations = correlations_of(sides) if min(n_first, n_second) else None
    reason = _why_untested(sides, event)
    mean_first, mean_second = (
        mean_of(sides.returns[sides.first]),
        mean_of(sides.returns[~sides.first]),
    )
    tests, (low, high) = run_tests(
        sides, correlations, reason, spec.level, spec.n_permutations, rng
    )
    return GroupComparison(
        event,
        spec,
        firms,
        *((days.min(), days.max()) if days.size else (_NO_DAY, _NO_DAY)),
        n_first,
        n_second,
        mean_first,
        mean_second,
        mean_first - mean_second,
        low,
        high,
        tests,
        power_of(sides, correlations, spec.level, spec.effect),
        correlations,
        reason,
    )


def _measure(
    prices: Panel,
    members: pd.DataFrame,
    event: GroupEvent,
    markets: Mapping[str, str],
    spec: ContagionSpec,
) -> tuple[Any, DateArray, Sides]:
    """Measure every member that can take part.

    Returns
    -------
    tuple
        All members' rows; days of the event windows (n, L) and values of the n firms compared.
    """
    firms = members.assign(benchmark=[markets.get(name) for name in members["ticker"]])
    firms = firms.reset_index(drop=True)
    checks = {
        "own_news": firms["ticker"].isin(event.own),
        "other_group": ~firms["concept_group"].isin([spec.first_group, spec.second_group]),
        "no_benchmark": firms["benchmark"].isna(),
    }
    for name, failed in checks.items():
        firms.loc[(firms["reason"] == "") & failed, "reason"] = name
    chosen = np.flatnonzero(firms["reason"] == "")
    events = Events(
        firms["ticker"].to_numpy(dtype=str)[chosen],
        firms["benchmark"].to_numpy(dtype=str)[chosen],
        np.full(chosen.size, event.date, dtype="datetime64[D]"),
        np.full(chosen.size, event.price_selected),
        np.full(chosen.size, event.after),
    )
    result = study(prices, events, spec.study)
    n = len(firms)
    day_zero, total = np.full(n, "NaT", "datetime64[us]"), np.full(n, np.nan)
    day_zero[chosen] = result.day_zero
    total[chosen] = result.cumulative_abnormal_return[:, -1]
    reasons = firms["reason"].to_numpy(dtype=object, copy=True)
    reasons[chosen] = result.reason
    measured = result.status != "excluded"
    gathered = gathered_for(prices, events.where(measured), spec.study)
    fits = abnormal_returns(gathered.windows, spec.study.model)
    errors = np.full(n, np.nan)
    errors[chosen[measured]] = fits.cumulative_abnormal_return_se[:, -1]
    firms = firms.assign(
        day_zero=pd.DatetimeIndex(day_zero),
        cumulative_abnormal_return=total,
        standard_error=np.nan if event.price_selected else errors,
        reason=reasons,
    )
    compared = chosen[measured]
    sides = Sides(
        total[compared],
        errors[compared],
        (firms["concept_group"] == spec.first_group).to_numpy(dtype=bool)[compared],
        _on_common_days(fits.residuals, gathered.estimation_dates),
    )
    return firms[list(_FIRM_COLUMNS)], result.trade_dates[measured], sides


def _on_common_days(residuals: FloatArray, dates: np.ndarray) -> FloatArray:
    """Return the residuals of the calendar days all firms have in their estimation windows."""
    days, counts = np.unique(dates, return_counts=True)
    common = days[counts == len(dates)]
    return residuals[np.isin(dates, common)].reshape(len(dates), common.size)


def _why_untested(sides: Sides, event: GroupEvent) -> str:
    """Return why no p is given at all; empty where one is."""
    if event.price_selected:
        return "price_selected"
    if min(sides.first.sum(), (~sides.first).sum()) < MIN_FIRMS:
        return "too_few_firms"
    sums = squared_errors(sides)
    return "" if sums.sum() > 1e-24 else "no_variation"


@dataclass(frozen=True)
class Pooled:
    """The mean difference over event days, each day counted once.

    Attributes
    ----------
    n_days
        Days that can be tested; ``n_left_out`` others have no difference or were picked by price.
    mean, low, high, statistic, p_value
        By t(n_days − 1); all but the mean missing where ``reason`` says why.
    """

    n_days: int
    n_left_out: int
    mean: float
    low: float
    high: float
    statistic: float
    p_value: float
    reason: str


def pooled(comparisons: Sequence[GroupComparison], level: float = 0.95) -> Pooled:
    """Test the mean of the differences of several event days.

    Firms that share a day are one observation, so their correlation does not matter; days whose
    windows overlap would still move together and are refused.

    Parameters
    ----------
    comparisons
        One an event day. Price-selected ones are left out and counted.

    Raises
    ------
    ValueError
        If two of the windows share a day.
    """
    usable = [
        found
        for found in comparisons
        if not found.event.price_selected and np.isfinite(found.difference)
    ]
    _require_apart(usable)
    values = np.array([found.difference for found in usable], dtype=np.float64)
    n, mean = values.size, mean_of(values)
    left_out = len(comparisons) - n
    nothing = (np.nan, np.nan, np.nan, np.nan)
    if n < MIN_EVENT_DAYS:
        return Pooled(n, left_out, mean, *nothing, "too_few_event_days")
    error = float(values.std(ddof=1) / np.sqrt(n))
    if not error > 1e-12:
        return Pooled(n, left_out, mean, *nothing, "no_variation")
    half = t_quantile((1 + level) / 2, n - 1) * error
    statistic = mean / error
    p_value = float(two_sided_t(statistic, n - 1))
    return Pooled(n, left_out, mean, mean - half, mean + half, statistic, p_value, "")


def _require_apart(comparisons: Sequence[GroupComparison]) -> None:
    """Refuse event windows that share a day."""
    ordered = sorted(comparisons, key=lambda found: found.first_day)
    for earlier, later in pairwise(ordered):
        if later.first_day <= earlier.last_day:
            raise ValueError(
                f"got events on {earlier.event.date} and {later.event.date}, whose windows "
                "overlap; keep one of them"
            )
