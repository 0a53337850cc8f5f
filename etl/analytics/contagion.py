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
from itertools import combinations, pairwise
from math import comb
from typing import Any

import numpy as np
import pandas as pd

from etl.analytics.cross_section import MIN_COMMON_DAYS
from etl.analytics.distributions import (
    FloatArray,
    normal_quantile,
    t_quantile,
    two_sided_normal,
    two_sided_power,
    two_sided_t,
)
from etl.analytics.event_calendar import BoolArray, DateArray, Panel
from etl.analytics.event_study import EventStudySpec, gathered_for, study
from etl.analytics.event_windows import Events
from etl.analytics.normal_return import abnormal_returns

MIN_FIRMS = 3
"""Fewer firms on one side and nothing is tested."""

MIN_EVENT_DAYS = 3
"""Fewer event days and their mean is not tested."""

POWER_WANTED = 0.8

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
class Power:
    """What the comparison could have found, before looking at the event.

    Attributes
    ----------
    standard_error
        Of the difference, from the days before, correlation included; a ratio, as the returns.
    effect, power
        Chance (0 to 1) that a two-sided test finds a true difference of ``effect``.
    detectable
        Difference found with a chance of 80%.
    """

    standard_error: float
    effect: float
    power: float
    detectable: float


@dataclass(frozen=True)
class Correlations:
    """Mean correlations of residuals on the days before; missing (NaN) where there are no pairs."""

    within_first: float
    within_second: float
    across: float
    n_common_days: int


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


@dataclass(frozen=True)
class _Sides:
    """The n firms compared, shape (n,) each: return, its error, and whether of the first group.

    ``residuals`` has shape (n, common days).
    """

    returns: FloatArray
    errors: FloatArray
    first: BoolArray
    residuals: FloatArray

    @property
    def weights(self) -> FloatArray:
        """What each firm counts in the difference: 1/n of the first side, −1/n of the second."""
        return np.where(self.first, 1 / self.first.sum(), -1 / (~self.first).sum())

    @property
    def correlation(self) -> FloatArray:
        """Correlations of residuals between firms, shape (n, n)."""
        return np.asarray(np.corrcoef(self.residuals))

    @property
    def covariance(self) -> FloatArray:
        """Covariances of the returns, had the event been a time as the days before: (n, n)."""
        return self.correlation * np.outer(self.errors, self.errors)


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
    correlations = _correlations(sides) if min(n_first, n_second) else None
    reason = _why_untested(sides, event)
    mean_first, mean_second = _mean(sides.returns[sides.first]), _mean(sides.returns[~sides.first])
    tests, (low, high) = _tests(sides, correlations, reason, spec, rng)
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
        _power(sides, correlations, spec),
        correlations,
        reason,
    )


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else np.nan


def _measure(
    prices: Panel,
    members: pd.DataFrame,
    event: GroupEvent,
    markets: Mapping[str, str],
    spec: ContagionSpec,
) -> tuple[Any, DateArray, _Sides]:
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
    sides = _Sides(
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


def _correlations(sides: _Sides) -> Correlations:
    """Return mean correlations; missing with fewer than 30 common days."""
    n_days = sides.residuals.shape[1]
    if n_days < MIN_COMMON_DAYS:
        return Correlations(np.nan, np.nan, np.nan, n_days)
    first, table = sides.first, sides.correlation

    def within(chosen: BoolArray) -> float:
        upper = np.triu_indices(int(chosen.sum()), 1)
        return _mean(table[np.ix_(chosen, chosen)][upper])

    return Correlations(
        within(first), within(~first), float(table[np.ix_(first, ~first)].mean()), n_days
    )


def _why_untested(sides: _Sides, event: GroupEvent) -> str:
    """Return why no p is given at all; empty where one is."""
    if event.price_selected:
        return "price_selected"
    if min(sides.first.sum(), (~sides.first).sum()) < MIN_FIRMS:
        return "too_few_firms"
    sums = _squared_errors(sides)
    return "" if sums.sum() > 1e-24 else "no_variation"


def _squared_errors(sides: _Sides) -> FloatArray:
    """Return s²/n of the first and second side, as if firms were independent."""
    groups = sides.returns[sides.first], sides.returns[~sides.first]
    return np.array([group.var(ddof=1) / group.size for group in groups])


_VARIANTS = {
    "welch": "difference of means over the unequal variances' error, t(Welch-Satterthwaite)",
    "permutation": "absolute difference of means among all divisions of the firms",
    "kolari_pynnonen": "portfolio's error scaled to the spread within the groups, t(n-2)",
    "portfolio": "difference over its own error in the estimation window, N(0,1)",
}


def _tests(
    sides: _Sides,
    correlations: Correlations | None,
    reason: str,
    spec: ContagionSpec,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """Return the four tests and the Welch interval; with a reason all values are missing."""
    rows = {
        name: {"test": name, "statistic": np.nan, "degrees_of_freedom": np.nan, "p_value": np.nan,
               "variant": variant, "reason": reason}
        for name, variant in _VARIANTS.items()
    }  # fmt: skip
    interval = (np.nan, np.nan)
    if not reason and correlations is not None:
        difference = float(sides.weights @ sides.returns)
        squares = _squared_errors(sides)
        freedom = _welch_degrees(sides, squares)
        error = float(np.sqrt(squares.sum()))
        half = t_quantile((1 + spec.level) / 2, freedom) * error
        interval = (difference - half, difference + half)
        rows["welch"] |= _by_t(difference / error, freedom)
        p_value, drawn = permutation_p(sides.returns, sides.first, spec.n_permutations, rng)
        rows["permutation"] |= {"statistic": difference, "p_value": p_value}
        rows["permutation"]["variant"] += f", {drawn}"
        if correlations.n_common_days < MIN_COMMON_DAYS:
            rows["kolari_pynnonen"]["reason"] = "too_few_common_days"
            rows["portfolio"]["reason"] = "too_few_common_days"
        else:
            rows["kolari_pynnonen"] |= _kolari_pynnonen(difference, sides)
            z = difference / _portfolio_error(sides)
            rows["portfolio"] |= {"statistic": z, "p_value": float(two_sided_normal(z))}
    return pd.DataFrame(list(rows.values())), interval


def _by_t(statistic: float, freedom: float) -> dict[str, float]:
    p_value = float(two_sided_t(statistic, freedom))
    return {"statistic": statistic, "degrees_of_freedom": freedom, "p_value": p_value}


def _welch_degrees(sides: _Sides, squares: FloatArray) -> float:
    sizes = np.array([sides.first.sum(), (~sides.first).sum()])
    return float(squares.sum() ** 2 / (squares**2 / (sizes - 1)).sum())


def _kolari_pynnonen(difference: float, sides: _Sides) -> dict[str, Any]:
    """Return the t of the difference, its covariance scaled to the firms' spread on the event."""
    expected = spread = 0.0
    for side in (sides.first, ~sides.first):
        covariance = sides.covariance[np.ix_(side, side)]
        spread += float(((sides.returns[side] - sides.returns[side].mean()) ** 2).sum())
        expected += float(np.trace(covariance) - covariance.mean() * side.sum())
    variance = sides.weights @ sides.covariance @ sides.weights
    if not min(expected, variance) > 1e-24:
        return {"reason": "correlation_too_large"}
    error = float(np.sqrt(variance * spread / expected))
    return _by_t(difference / error, sides.returns.size - 2)


def _portfolio_error(sides: _Sides) -> float:
    """Return the difference's standard error from the estimation window, correlation included."""
    return float(np.sqrt(sides.weights @ sides.covariance @ sides.weights))


def permutation_p(
    returns: FloatArray, first: BoolArray, n_permutations: int, rng: np.random.Generator
) -> tuple[float, str]:
    """Return how often a division of the firms differs at least as much, and how it was counted.

    Parameters
    ----------
    returns, first
        Shape (n,): a value a firm, and whether it is of the first group.
    n_permutations
        All divisions are counted where there are no more (exact); else so many are drawn
        and p is (1 + as far)/(1 + drawn).

    Returns
    -------
    tuple
        Two-sided p of the absolute difference of means, and how many divisions it is from.
    """
    n, n_first = returns.size, int(first.sum())
    observed = abs(returns[first].mean() - returns[~first].mean())
    exact = comb(n, n_first) <= n_permutations
    if exact:
        divisions = np.array(list(combinations(range(n), n_first)))
    else:
        divisions = rng.permuted(np.tile(np.arange(n), (n_permutations, 1)), axis=1)[:, :n_first]
    sums = returns[divisions].sum(axis=1)
    differences = np.abs(sums / n_first - (returns.sum() - sums) / (n - n_first))
    # Equal divisions differ by rounding.
    as_far = int((differences >= observed * (1 - 1e-9)).sum())
    if exact:
        return as_far / len(divisions), f"exact, {len(divisions)} divisions"
    return (1 + as_far) / (1 + n_permutations), f"{n_permutations} drawn"


def _power(sides: _Sides, correlations: Correlations | None, spec: ContagionSpec) -> Power | None:
    if correlations is None or correlations.n_common_days < MIN_COMMON_DAYS:
        return None
    error, size = _portfolio_error(sides), 1 - spec.level
    if not error > 0:
        return None
    quantiles = normal_quantile(1 - size / 2) + normal_quantile(POWER_WANTED)
    power = two_sided_power(spec.effect, error, 1, size)
    return Power(error, spec.effect, power, quantiles * error)


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
    n, mean = values.size, _mean(values)
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
