"""What the residual returns of many shares have in common: components and clusters.

A first component and a best clustering can always be computed, of noise too. So each comes with
the bound that shares without anything in common stay below.
"""

# pyright: basic
# pandas and scikit-learn ship partial types, which strict checking cannot follow.

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples

from etl.analytics.co_movement import CONSTANT
from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import (
    BoolArray,
    DateArray,
    IntArray,
    Panel,
    Returns,
    require_positive,
)

REASONS = {
    "no_prices": "the prices hold no bar of the share in the span",
    "no_prices_for_benchmark": "the prices hold no bar of its benchmark in the span",
    "too_few_days": "the share traded on too few of its benchmark's days",
    "too_few_common_days": "the shares and their benchmarks share too few days",
    "constant_series": "the share, or what its benchmark leaves of it, does not vary",
}
"""Why a share is left out, by code."""


@dataclass(frozen=True)
class ResidualReturns:
    """Returns of n shares on d common days, their benchmarks' part taken out.

    Attributes
    ----------
    dates
        Shape (d,), calendar days on which every share and benchmark traded.
    tickers
        n names, in alphabetical order.
    values
        Shape (d, n), ratios.
    left_out
        Ticker → code of :data:`REASONS`.
    """

    dates: DateArray
    tickers: tuple[str, ...]
    values: FloatArray
    left_out: dict[str, str]

    @property
    def standardised(self) -> FloatArray:
        """:attr:`values` with mean 0 and standard deviation 1 by share: (d, n)."""
        return (self.values - self.values.mean(axis=0)) / self.values.std(axis=0)


def residual_returns(
    prices: Panel,
    markets: Mapping[str, str],
    first: np.datetime64,
    last: np.datetime64,
    *,
    returns: Returns = "log",
    min_days: int = 60,
    min_coverage: float = 0.8,
) -> ResidualReturns:
    """Return what its benchmark leaves of each share, on the days all of them traded.

    Parameters
    ----------
    prices
        Positive prices.
    markets
        Benchmark of each share wanted.
    first, last
        Calendar days between which bars are used, both inclusive; nothing outside is read.
    min_days
        Common days needed; with fewer no share is kept.
    min_coverage
        Share (0 to 1) of its benchmark's days a share must have traded on; one that did not
        would take those days from all the others.

    Raises
    ------
    ValueError
        If a price is not positive.

    Notes
    -----
    Each return spans the time since the previous common day. Markets that close at other hours
    still share only part of a day's news, so shares of different time zones seem further apart
    than they are.
    """
    inside = (prices.dates >= first) & (prices.dates <= last)
    left_out = {name: _coverage(prices, inside, name, markets[name], min_coverage)
                for name in sorted(markets)}  # fmt: skip
    tickers = [name for name, reason in left_out.items() if not reason]
    if not tickers:
        return _nothing(left_out)
    columns = np.array([prices.columns[name] for name in tickers])
    market_columns = np.array([prices.columns[markets[name]] for name in tickers])
    everything = np.append(columns, market_columns)
    require_positive(prices, everything)
    common = np.flatnonzero(inside & np.isfinite(prices.values[:, everything]).all(axis=1))
    change = _changes(prices, common, returns)
    dates = prices.dates[common[1:]]
    whole = np.isfinite(change[:, everything]).all(axis=1)
    if whole.sum() < min_days:
        return _nothing(left_out | dict.fromkeys(tickers, "too_few_common_days"))
    values = _freed(change[whole][:, columns], change[whole][:, market_columns])
    varies = values.std(axis=0) > CONSTANT
    for name in np.array(tickers)[~varies]:
        left_out[str(name)] = "constant_series"
    kept = tuple(str(name) for name in np.array(tickers)[varies])
    reasons = {name: reason for name, reason in left_out.items() if reason}
    return ResidualReturns(dates[whole], kept, values[:, varies], reasons)


def _nothing(left_out: dict[str, str]) -> ResidualReturns:
    return ResidualReturns(np.array([], "datetime64[D]"), (), np.empty((0, 0)), left_out)


def _coverage(
    prices: Panel, inside: BoolArray, ticker: str, market: str, min_coverage: float
) -> str:
    """Return why the share cannot take part; empty where it can."""
    bars = {
        name: inside & np.isfinite(prices.values[:, prices.columns[name]])
        for name in (ticker, market)
        if name in prices.columns
    }
    if ticker not in bars or not bars[ticker].any():
        return "no_prices"
    if market not in bars or not bars[market].any():
        return "no_prices_for_benchmark"
    covered = (bars[ticker] & bars[market]).sum() / bars[market].sum()
    return "" if covered >= min_coverage else "too_few_days"


def _changes(prices: Panel, days: IntArray, returns: Returns) -> FloatArray:
    """Return all returns from one of the days to the next; missing across a change of basis."""
    values, bases = prices.values[days], prices.bases[days]
    # Columns outside the choice may hold anything; they are not looked at.
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = values[1:] / values[:-1]
        change = np.log(ratio) if returns == "log" else ratio - 1
    return np.where(bases[1:] == bases[:-1], change, np.nan)


def _freed(shares: FloatArray, markets: FloatArray) -> FloatArray:
    """Return residuals of each share on its own market, shape (d, n); a still market explains 0."""
    shares, markets = shares - shares.mean(axis=0), markets - markets.mean(axis=0)
    squares = (markets**2).sum(axis=0)
    slopes = (shares * markets).sum(axis=0) / np.where(squares > 0, squares, 1)
    return shares - slopes * markets


@dataclass(frozen=True)
class PrincipalComponents:
    """Components of n shares' standardised residual returns, the largest first.

    Attributes
    ----------
    tickers
        n names.
    explained_variance_ratio
        Shape (n,), share of the variance (0 to 1).
    bound
        Shape (n,), the ratio each component stays below, at ``level``, where the shares have
        nothing in common.
    n_significant
        Leading components above their bounds.
    loadings
        Shape (n, n): share by component, the correlation of the share with the component. The
        loading largest in size is positive.
    scores
        Shape (d, n): the components by day.
    """

    tickers: tuple[str, ...]
    explained_variance_ratio: FloatArray
    bound: FloatArray
    n_significant: int
    loadings: FloatArray
    scores: FloatArray


def principal_components(
    residuals: ResidualReturns,
    *,
    n_draws: int = 500,
    level: float = 0.95,
    rng: np.random.Generator,
) -> PrincipalComponents:
    """Return the components, and how large chance alone would make them.

    Parameters
    ----------
    residuals
        At least two shares and more days than shares.
    n_draws
        Times the days of each share are shuffled by themselves (parallel analysis, Horn 1965, in
        its permutation form, Buja and Eyuboglu 1992).

    Raises
    ------
    ValueError
        If there are too few shares or days.
    """
    n_days, n = residuals.values.shape
    if n < 2 or n_days <= n:
        raise ValueError(f"got {n} shares and {n_days} days; needs 2 shares, and more days")
    values = residuals.standardised
    fit = PCA(svd_solver="full").fit(values)
    axes = np.asarray(fit.components_).T
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(n)])
    explained = np.asarray(fit.explained_variance_ratio_)
    drawn = np.array(
        [_explained(rng.permuted(values, axis=0)) for _ in range(n_draws)], dtype=np.float64
    )
    bound = np.quantile(drawn, level, axis=0)
    above = explained > bound
    return PrincipalComponents(
        residuals.tickers,
        explained,
        bound,
        n if above.all() else int(above.argmin()),
        axes * signs * np.sqrt(explained * n),
        fit.transform(values) * signs,
    )


def _correlation(standardised: FloatArray) -> FloatArray:
    """Return the correlations of standardised columns, shape (n, n)."""
    return standardised.T @ standardised / len(standardised)


def _explained(values: FloatArray) -> FloatArray:
    """Return the shares of variance of the components of standardised columns."""
    return np.linalg.eigvalsh(_correlation(values))[::-1] / values.shape[1]


@dataclass(frozen=True)
class Clusters:
    """Shares put together by the correlation of their residual returns.

    Attributes
    ----------
    tickers
        n names by cluster, then by alphabet: the order of the other arrays.
    labels
        Shape (n,), 1 the largest cluster; equal ones by their first name.
    silhouette
        Shape (n,), −1 to 1: how much nearer a share is to its own cluster than to the next.
    correlation
        Shape (n, n).
    n_clusters, mean_silhouette
        The number that has the highest mean silhouette, and that one.
    bound
        What the highest mean silhouette stays below, at ``level``, where the shares have nothing
        in common; clusters below it are none.
    by_count
        Number of clusters → mean silhouette.
    """

    tickers: tuple[str, ...]
    labels: IntArray
    silhouette: FloatArray
    correlation: FloatArray
    n_clusters: int
    mean_silhouette: float
    bound: float
    by_count: dict[int, float]


def clusters(
    residuals: ResidualReturns,
    *,
    largest: int = 6,
    n_draws: int = 99,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Clusters:
    """Cluster the shares by average linkage on the distance 1 − correlation.

    Parameters
    ----------
    residuals
        At least three shares.
    largest
        Most clusters tried; from two on, and fewer than there are shares.
    n_draws
        Times the days of each share are shuffled by themselves, for the bound.

    Raises
    ------
    ValueError
        If there are fewer than three shares.
    """
    names = np.array(residuals.tickers)
    if names.size < 3:
        raise ValueError(f"got {names.size} shares; clusters need at least 3")
    counts = range(2, min(largest, names.size - 1) + 1)
    values = residuals.standardised
    correlation = _correlation(values)
    tried = _silhouettes(correlation, counts)
    by_count = {count: float(widths.mean()) for count, (_, widths) in tried.items()}
    best = max(by_count, key=lambda count: by_count[count])
    found, widths = tried[best]
    labels = _by_size(found, names)
    order = np.lexsort((names, labels))
    drawn = [
        max(
            widths.mean()
            for _, widths in _silhouettes(_correlation(shuffled), counts).values()
        )
        for shuffled in (rng.permuted(values, axis=0) for _ in range(n_draws))
    ]  # fmt: skip
    return Clusters(
        tuple(names[order].tolist()),
        labels[order],
        widths[order],
        correlation[np.ix_(order, order)],
        best,
        by_count[best],
        float(np.quantile(drawn, level)),
        by_count,
    )


def _silhouettes(correlation: FloatArray, counts: range) -> dict[int, tuple[IntArray, FloatArray]]:
    """Return labels and silhouettes, shape (n,) each, for every number of clusters."""
    distance = np.clip(1 - correlation, 0, 2)
    np.fill_diagonal(distance, 0)
    found = {}
    for count in counts:
        model = AgglomerativeClustering(count, metric="precomputed", linkage="average")
        labels = model.fit_predict(distance)
        found[count] = labels, silhouette_samples(distance, labels, metric="precomputed")
    return found


def _by_size(labels: IntArray, names: NDArray[np.str_]) -> IntArray:
    """Return labels from 1 on: the largest cluster first, equal ones by their first name."""
    found = np.unique(labels)
    ordered = sorted(found, key=lambda label: (-(labels == label).sum(), names[labels == label][0]))
    numbers = {label: number for number, label in enumerate(ordered, start=1)}
    return np.array([numbers[label] for label in labels], dtype=np.int64)
