"""How much of a result is the choice of its measurement? Every combination of them, sorted.

Simonsohn, Simmons and Nelson (2020), "Specification curve analysis", Nature Human Behaviour 4.
"""

# pyright: basic
# pandas ships partial types, which strict checking cannot follow.

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray, two_sided_t
from etl.analytics.event_calendar import BoolArray, Layout, Panel, Returns
from etl.analytics.event_windows import Events
from etl.analytics.running_regressions import Measured, Spans, Stretch, measure, stretch_of

MODELS = ("market", "mean", "adjusted", "factors")
LOCAL = ""
"""Currency code of prices as they are."""
OWN = ""
"""Benchmark code: the one each event names."""


@dataclass(frozen=True)
class SpecificationGrid:
    """The choices to combine; each combination is one specification.

    Attributes
    ----------
    windows, estimations, gaps, returns
        As in :class:`etl.analytics.event_study.EventStudySpec`.
    models
        ``market``, ``mean``, ``adjusted``, or ``factors``: the market model with ``factors``.
    benchmarks
        Tickers, or ``""`` for the one each event names.
    currencies
        Keys of the panels given to :func:`specification_curve`; ``""`` is the prices' own.
    factors
        Tickers of the model ``factors``.
    """

    windows: tuple[tuple[int, int], ...] = ((0, 0), (-1, 1), (-2, 2), (0, 4), (0, 10))
    models: tuple[str, ...] = ("market", "mean", "adjusted")
    benchmarks: tuple[str, ...] = (OWN,)
    estimations: tuple[int, ...] = (60, 120, 250)
    gaps: tuple[int, ...] = (10,)
    returns: tuple[Returns, ...] = ("log", "simple")
    currencies: tuple[str, ...] = (LOCAL,)
    factors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        unknown = set(self.models) - set(MODELS)
        if unknown:
            raise ValueError(f"got the models {sorted(unknown)}; they are among {MODELS}")
        if ("factors" in self.models) != bool(self.factors):
            raise ValueError(
                f"got the models {self.models} with the factors {self.factors}; the model factors "
                "needs tickers, and they need it"
            )
        if any(first > last for first, last in self.windows):
            raise ValueError(f"got the windows {self.windows}; no first day may be the later")
        shortest = 3 + len(self.factors)
        if min(self.estimations, default=0) < shortest or min(self.gaps, default=-1) < 0:
            raise ValueError(
                f"got the estimations {self.estimations} and gaps {self.gaps}; these need "
                f"{shortest} and 0 days at least"
            )

    @property
    def layout(self) -> Layout:
        """The lengths that hold the windows of every specification."""
        first = min(first for first, _ in self.windows)
        last = max(last for _, last in self.windows)
        return Layout((first, last), max(self.estimations), max(self.gaps))

    @property
    def spans(self) -> Spans:
        """All combinations of window, estimation length and gap."""
        combined = list(itertools.product(self.windows, self.estimations, self.gaps))
        lengths = np.array([(*window, length, gap) for window, length, gap in combined])
        return Spans(*lengths.astype(np.int64).T)


@dataclass(frozen=True)
class SpecificationCurve:
    """Result of S specifications over n events, sorted by the mean of each specification.

    Attributes
    ----------
    table
        One row a specification: ``window_first, window_last, model, benchmark, estimation, gap,
        returns, currency, n_events, mean_car, statistic, p_value, significant, test``.
        ``mean_car`` is a ratio; ``n_events`` counts the tested events that could be measured.
    cumulative_abnormal_return, standard_error
        Shape (S, n), missing where an event cannot be measured (described events have a return
        and no error).
    level
        Level of the tests.
    n_significant, n_tested
        Specifications with p below the level, and with a p at all.
    """

    table: pd.DataFrame
    cumulative_abnormal_return: FloatArray
    standard_error: FloatArray
    level: float
    n_significant: int
    n_tested: int

    @property
    def share_significant(self) -> float:
        """Share (0 to 1) of the tested specifications that are significant; NaN without any."""
        return self.n_significant / self.n_tested if self.n_tested else np.nan

    @property
    def expected_share_significant(self) -> float:
        """The same if there were no effect: the level, however much specifications overlap."""
        return self.level


def specification_curve(
    prices: Mapping[str, Panel],
    events: Events,
    grid: SpecificationGrid | None = None,
    level: float = 0.05,
) -> SpecificationCurve:
    """Measure the events in every specification of the grid.

    Parameters
    ----------
    prices
        Currency → prices in it; ``""`` holds them as they are.
    events
        Events of any number of shares; the price-selected ones are measured, never tested.
    level
        Of the two-sided tests.

    Returns
    -------
    SpecificationCurve
        The mean over the tested events is tested by the statistic of Kolari and Pynnönen (BMP
        times √((1 − r̄)/(1 + (n − 1)r̄)), t(n − 1)), by BMP where r̄ is not known, and by the
        event's own t(T − k) where there is one event; ``test`` says which.

    Raises
    ------
    ValueError
        If a currency, benchmark or factor has no prices, or a price is not positive.
    """
    grid = SpecificationGrid() if grid is None else grid
    spans = grid.spans
    tables, cars, errors = [], [], []
    for currency, benchmark, returns in itertools.product(
        grid.currencies, grid.benchmarks, grid.returns
    ):
        panel = _panel_of(prices, currency, benchmark)
        stretches: dict[bool, Stretch] = {}
        for model in grid.models:
            with_factors = model == "factors"
            if with_factors not in stretches:
                factors = grid.factors if with_factors else ()
                named = _against(events, benchmark)
                stretches[with_factors] = stretch_of(panel, named, grid.layout, returns, factors)
            measured = measure(stretches[with_factors], spans, model, ~events.price_selected)
            choice = {
                "model": model,
                "benchmark": benchmark,
                "returns": returns,
                "currency": currency,
            }
            n_coefficients = {"adjusted": 0, "mean": 1, "market": 2}.get(
                model, 2 + len(grid.factors)
            )
            tested = _tested(measured, spans, n_coefficients, ~events.price_selected)
            tables.append(pd.DataFrame({**vars(spans), **choice, **tested}))
            cars.append(measured.car.T)
            errors.append(np.where(events.price_selected, np.nan, measured.error.T))
    return _sorted(pd.concat(tables, ignore_index=True), np.vstack(cars), np.vstack(errors), level)


def _panel_of(prices: Mapping[str, Panel], currency: str, benchmark: str) -> Panel:
    if currency not in prices:
        raise ValueError(f"got the currency {currency!r}; there are prices in {sorted(prices)}")
    panel = prices[currency]
    if benchmark != OWN and benchmark not in panel.columns:
        raise ValueError(f"got the benchmark {benchmark!r}, of which the prices hold no bar")
    return panel


def _against(events: Events, benchmark: str) -> Events:
    """Return the events measured against ``benchmark``."""
    if benchmark == OWN:
        return events
    return replace(events, benchmarks=np.full(events.benchmarks.shape, benchmark))


def _tested(
    measured: Measured, spans: Spans, n_coefficients: int, tested: BoolArray
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the table that tell of all tested events together, (m,) each."""
    scaled = np.where(tested[:, None], measured.car / measured.error, np.nan)
    given = np.isfinite(scaled)
    n_events = given.sum(axis=0)
    cars = np.where(given, measured.car, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_car = cars.sum(axis=0) / n_events
        mean = np.where(given, scaled, 0).sum(axis=0) / n_events
        squares = np.where(given, (scaled - mean) ** 2, 0).sum(axis=0)
        bmp = mean / np.sqrt(squares / (n_events - 1) / n_events)
        inflation = 1 + (n_events - 1) * measured.correlation
        factor = np.sqrt((1 - measured.correlation) / inflation)
    adjusted = np.isfinite(factor) & (n_events > 1)
    statistic = np.where(n_events == 1, mean, bmp * np.where(adjusted, factor, 1))
    freedom = np.where(n_events == 1, spans.estimation - n_coefficients, n_events - 1)
    p_value = two_sided_t(statistic, np.where(freedom > 0, freedom, np.nan))
    test = np.select(
        [n_events == 0, n_events == 1, adjusted], ["", "t", "kolari_pynnonen_bmp"], "bmp"
    )
    columns = {"n_events": n_events, "mean_car": mean_car, "statistic": statistic}
    return {**columns, "p_value": p_value, "test": test}


def _sorted(
    table: pd.DataFrame, cars: FloatArray, errors: FloatArray, level: float
) -> SpecificationCurve:
    """Order everything by the mean of each specification; what has none comes last."""
    p_value = table["p_value"].to_numpy(dtype=float)
    table = table.assign(significant=p_value < level)
    order = np.argsort(table["mean_car"].to_numpy(dtype=float), kind="stable")
    return SpecificationCurve(
        table.iloc[order].reset_index(drop=True)[list(_COLUMNS)],
        cars[order],
        errors[order],
        level,
        int((p_value < level).sum()),
        int(np.isfinite(p_value).sum()),
    )


_COLUMNS = (
    "window_first",
    "window_last",
    "model",
    "benchmark",
    "estimation",
    "gap",
    "returns",
    "currency",
    "n_events",
    "mean_car",
    "statistic",
    "p_value",
    "significant",
    "test",
)
