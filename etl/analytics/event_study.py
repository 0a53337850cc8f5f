"""Event study: did a price move by more than its market and chance explain.

An event whose date was picked because the price moved (``price_selected``) is described, never
tested: it has abnormal returns, but no error, no t, no p, and no part in the aggregate.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from etl.analytics.cross_section import (
    NO_EVENT,
    Outcome,
    ResidualCorrelation,
    Sample,
    residual_correlation,
    run_tests,
)
from etl.analytics.distributions import FloatArray, two_sided_t
from etl.analytics.event_calendar import (
    BoolArray,
    DateArray,
    IntArray,
    Layout,
    Panel,
    Returns,
    movements,
)
from etl.analytics.event_windows import Events, Gathered, gather, positions_by_group
from etl.analytics.normal_return import (
    AbnormalReturns,
    Model,
    abnormal_returns,
    n_parameters,
    own_variation,
)

CarError = Literal["exact", "simple"]
Status = Literal["tested", "described", "excluded"]

REASONS = {
    "no_prices_for_ticker": "the prices hold no bar of the ticker",
    "no_prices_for_benchmark": "the prices hold no bar of the benchmark",
    "benchmark_does_not_overlap": "share, benchmark and factors have no trading day in common",
    "event_outside_bars": "the event lies outside the common bars of share and benchmark",
    "event_window_incomplete": "the event window reaches beyond the bars",
    "too_short_estimation_window": "there are fewer estimation days than asked for",
    "missing_return": "a return inside the windows is missing (the adjustment of prices changes)",
    "constant_series": "the share's return does not vary in the estimation window",
    "constant_benchmark": "the benchmark's return does not vary in the estimation window",
    "collinear_factor": "a factor does not vary by itself in the estimation window",
    "no_residual_variance": "the model explains the share without remainder",
}
"""Why an event is left out, by code."""

_CONSTANT = 1e-10
"""A daily standard deviation of returns below this is rounding, not movement."""


LONGEST_DAYS = 10_000
"""About 40 years; a longer window is a slip of the pen."""


@dataclass(frozen=True)
class EventStudySpec:
    """How to measure.

    Attributes
    ----------
    window
        First and last day of the event window relative to day 0, both inclusive.
    estimation
        T, trading days of the estimation window.
    gap
        Trading days between the end of the estimation and the start of the event window.
    returns
        ``log`` or ``simple``; ``given`` where the values are returns already.
    model
        Normal return: ``market``, ``mean`` or ``adjusted``.
    factors
        Tickers whose returns stand beside the market's in the market model.
    car_error
        ``exact``: the error of a cumulated return is the root of γ'Vγ with its forecast error;
        ``simple``: σ√l over l days, which leaves that out and is too small.

    Raises
    ------
    ValueError
        If the window is upside down, the gap negative, the estimation too short for the model, or
        factors are given to a model that has none.
    """

    window: tuple[int, int] = (-2, 2)
    estimation: int = 120
    gap: int = 10
    returns: Returns | Literal["given"] = "log"
    model: Model = "market"
    factors: tuple[str, ...] = ()
    car_error: CarError = "exact"

    def __post_init__(self) -> None:
        if self.window[0] > self.window[1]:
            raise ValueError(f"got the window {self.window}; its first day must not be the later")
        longest = max(map(abs, (*self.window, self.estimation, self.gap)))
        if longest > LONGEST_DAYS:
            raise ValueError(f"got {longest} trading days; windows reach at most {LONGEST_DAYS}")
        if self.gap < 0:
            raise ValueError(f"got the gap {self.gap}; it counts trading days, 0 or more")
        if self.returns not in ("log", "simple", "given"):
            raise ValueError(f"got the returns {self.returns!r}; they are log, simple or given")
        if self.model not in ("market", "mean", "adjusted"):
            raise ValueError(f"got the model {self.model!r}; it is market, mean or adjusted")
        if self.car_error not in ("exact", "simple"):
            raise ValueError(f"got the CAR error {self.car_error!r}; it is exact or simple")
        if self.factors and self.model != "market":
            raise ValueError(f"got factors for the model {self.model}; they extend market only")
        if len(set(self.factors)) < len(self.factors):
            raise ValueError(f"got the factors {self.factors}; each may be given once")
        shortest = max(2, self.n_parameters + 1)
        if self.estimation < shortest:
            raise ValueError(
                f"got {self.estimation} estimation days; the model {self.model} needs at least "
                f"{shortest}"
            )

    @property
    def n_parameters(self) -> int:
        """k, the number of coefficients estimated for each event."""
        return n_parameters(self.model, len(self.factors))

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        """Names of the k estimated coefficients: alpha, beta and the tickers of the factors."""
        return ("alpha", "beta", *self.factors)[: self.n_parameters]

    @property
    def layout(self) -> Layout:
        """The lengths of the windows."""
        return Layout(self.window, self.estimation, self.gap)

    @property
    def days(self) -> IntArray:
        """Days of the event window relative to day 0, shape (L,)."""
        return np.arange(self.window[0], self.window[1] + 1, dtype=np.int64)


@dataclass(frozen=True)
class Aggregate:
    """The tested events together.

    ``average_abnormal_return`` and ``cumulative_average_abnormal_return`` have shape (L,) and
    are missing without tested events; ``mean_sigma`` is the mean residual deviation.
    """

    n_events: int
    average_abnormal_return: FloatArray
    cumulative_average_abnormal_return: FloatArray
    mean_sigma: float
    correlation: ResidualCorrelation
    tests: dict[str, Outcome]


@dataclass(frozen=True)
class EventStudy:
    """Result for n events and L days; missing values are NaN or NaT.

    Attributes
    ----------
    status, reason
        Shape (n,): ``tested``, ``described`` (price selected) or ``excluded``, and why excluded.
    flags
        One list of flags an event.
    day_zero, trade_dates, estimation_span
        Shapes (n,), (n, L) and (n, 2), ``datetime64[D]``: day 0, the days of the event window,
        the first and last day of the estimation window.
    common_bars
        Shape (n, 2), first and last day with a return of share, benchmark and factors.
    left_out
        For each event the days within its windows on which share or benchmark traded but not all
        of share, benchmark and factors; the calendar skips them.
    n_estimation, alpha, beta, sigma
        Shape (n,); coefficients the model does not estimate are missing (``adjusted`` fixes
        alpha at 0 and beta at 1).
    coefficients
        Shape (n, k), named by ``spec.coefficient_names``.
    abnormal_return … p_value
        Shape (n, L). Errors, t and p of described events are missing. ``t_statistic`` and
        ``p_value`` are of the day, ``car_t_statistic`` and ``car_p_value`` of the return
        cumulated to that day, by t(T − k).
    """

    spec: EventStudySpec
    status: NDArray[np.str_]
    reason: NDArray[np.str_]
    flags: list[list[str]]
    day_zero: DateArray
    trade_dates: DateArray
    estimation_span: DateArray
    common_bars: DateArray
    left_out: list[DateArray]
    n_estimation: IntArray
    alpha: FloatArray
    beta: FloatArray
    sigma: FloatArray
    coefficients: FloatArray
    abnormal_return: FloatArray
    abnormal_return_se: FloatArray
    cumulative_abnormal_return: FloatArray
    cumulative_abnormal_return_se: FloatArray
    t_statistic: FloatArray = field(init=False)
    p_value: FloatArray = field(init=False)
    car_t_statistic: FloatArray = field(init=False)
    car_p_value: FloatArray = field(init=False)
    aggregate: Aggregate

    def __post_init__(self) -> None:
        t_day = self.abnormal_return / self.abnormal_return_se
        t_window = self.cumulative_abnormal_return / self.cumulative_abnormal_return_se
        object.__setattr__(self, "t_statistic", t_day)
        object.__setattr__(self, "p_value", two_sided_t(t_day, self.degrees_of_freedom))
        object.__setattr__(self, "car_t_statistic", t_window)
        object.__setattr__(self, "car_p_value", two_sided_t(t_window, self.degrees_of_freedom))

    @property
    def degrees_of_freedom(self) -> int:
        """T − k."""
        return self.spec.estimation - self.spec.n_parameters


def study(prices: Panel, events: Events, spec: EventStudySpec) -> EventStudy:
    """Measure every event on its own calendar, test the exogenous ones alone and together.

    Parameters
    ----------
    prices
        Positive prices, or returns as ratios where ``spec.returns`` is ``given``. A missing
        value is a day without a bar.
    events
        Events of any number of shares; a share may have several, each is measured by itself.

    Returns
    -------
    EventStudy
        One row an event, in the order given; events that cannot be measured are ``excluded``
        with a reason.

    Raises
    ------
    ValueError
        If a price that is used is not positive, or a factor is not in the panel.
    """
    gathered = gathered_for(prices, events, spec)
    reason = unusable(gathered, spec)
    usable = reason == ""
    fits = abnormal_returns(gathered.windows.of(usable), spec.model)
    remainder = fits.sigma > _CONSTANT
    reason[np.flatnonzero(usable)[~remainder]] = "no_residual_variance"
    usable = reason == ""
    fits = fits.of(remainder)
    if spec.car_error == "simple":
        root_days = np.sqrt(np.arange(1.0, spec.days.size + 1))
        fits = replace(fits, cumulative_abnormal_return_se=fits.sigma[:, None] * root_days)
    tested = ~events.price_selected[usable]
    aggregate = _aggregate(fits.of(tested), gathered.estimation_dates[usable][tested])
    return _result(gathered, events, spec, fits, (reason, usable, tested), aggregate)


def gathered_for(prices: Panel, events: Events, spec: EventStudySpec) -> Gathered:
    """Cut the windows that ``spec`` asks for; raises as :func:`study`."""
    unknown = [name for name in spec.factors if name not in prices.columns]
    if unknown:
        raise ValueError(f"got the factor {unknown[0]!r}, of which the prices hold no bar")
    kind = None if spec.returns == "given" else spec.returns
    return gather(prices, events, spec.layout, kind, spec.factors)


def unusable(gathered: Gathered, spec: EventStudySpec) -> NDArray[np.str_]:
    """Return the reason of every event that cannot be estimated; empty where it can."""
    windows, reason = gathered.windows, gathered.reason.copy()
    everything = np.column_stack(
        [
            windows.stock_estimation,
            windows.market_estimation,
            windows.stock_event,
            windows.market_event,
            *windows.flat_factors(),
        ]
    )
    missing = ~np.isfinite(everything).all(axis=1)
    still = windows.stock_estimation.std(axis=1) <= _CONSTANT
    still_market = windows.market_estimation.std(axis=1) <= _CONSTANT
    checks = [
        ("missing_return", missing),
        ("constant_series", still),
        ("constant_benchmark", still_market & (spec.model == "market")),
    ]
    for name, failed in checks:
        reason[(reason == "") & failed] = name
    if spec.factors:
        rows = np.flatnonzero(reason == "")
        still_factor = own_variation(windows.of(reason == ""))[:, 1:] <= _CONSTANT
        reason[rows[still_factor.any(axis=1)]] = "collinear_factor"
    return reason


def _aggregate(fits: AbnormalReturns, dates: DateArray) -> Aggregate:
    """Return averages and tests of the tested events."""
    n_events = fits.sigma.size
    if n_events:
        correlation = residual_correlation(fits.residuals, dates)
        average = fits.abnormal_return.mean(axis=0)
        mean_sigma = float(fits.sigma.mean())
    else:
        correlation = ResidualCorrelation(np.nan, 0, NO_EVENT)
        average = np.full(fits.abnormal_return.shape[1], np.nan)
        mean_sigma = np.nan
    tests = run_tests(Sample(fits, correlation))
    return Aggregate(n_events, average, average.cumsum(), mean_sigma, correlation, tests)


def _result(
    gathered: Gathered,
    events: Events,
    spec: EventStudySpec,
    fits: AbnormalReturns,
    choice: tuple[NDArray[np.str_], BoolArray, BoolArray],
    aggregate: Aggregate,
) -> EventStudy:
    """Spread the fitted events over all rows; errors of described events stay missing."""
    reason, usable, tested = choice
    n_events = usable.size
    rows = np.flatnonzero(usable)

    def spread(values: FloatArray, chosen: BoolArray) -> FloatArray:
        filled = np.full((n_events, *values.shape[1:]), np.nan)
        filled[rows[chosen]] = values[chosen]
        return filled

    measured = np.ones_like(tested)
    alpha, beta = _coefficients(fits, spec.model)
    status = np.where(usable, np.where(events.price_selected, "described", "tested"), "excluded")
    return EventStudy(
        spec=spec,
        status=status,
        reason=reason,
        flags=movements(events.dates, gathered.day_zero, gathered.traded),
        day_zero=gathered.day_zero,
        trade_dates=gathered.trade_dates,
        estimation_span=gathered.estimation_dates[:, [0, -1]],
        common_bars=gathered.common_bars,
        left_out=gathered.left_out,
        n_estimation=gathered.n_estimation,
        alpha=spread(alpha, measured),
        beta=spread(beta, measured),
        sigma=spread(fits.sigma, measured),
        coefficients=spread(fits.coefficients, measured),
        abnormal_return=spread(fits.abnormal_return, measured),
        abnormal_return_se=spread(fits.abnormal_return_se, tested),
        cumulative_abnormal_return=spread(fits.cumulative_abnormal_return, measured),
        cumulative_abnormal_return_se=spread(fits.cumulative_abnormal_return_se, tested),
        aggregate=aggregate,
    )


def _coefficients(fits: AbnormalReturns, model: Model) -> tuple[FloatArray, FloatArray]:
    """Return alpha and beta, shape (n,) each; missing where the model has none."""
    nothing = np.full(fits.sigma.shape, np.nan)
    if model == "adjusted":
        return np.zeros_like(nothing), np.ones_like(nothing)
    if model == "mean":
        return fits.coefficients[:, 0], nothing
    return fits.coefficients[:, 0], fits.coefficients[:, 1]


def confounders(tickers: NDArray[np.str_], result: EventStudy) -> list[list[int]]:
    """Return for each event the positions of other events of its share inside its window.

    Parameters
    ----------
    tickers
        Shape (n,), in the order of ``result``. An event counts where its day 0 lies between the
        first and last day of the window, whatever its own status.
    """
    return _meeting(tickers, result.day_zero, result.day_zero, result.trade_dates[:, [0, -1]])


def overlapping(tickers: NDArray[np.str_], result: EventStudy) -> list[list[int]]:
    """Return for each event the positions of other events of its share whose windows meet its own.

    Parameters
    ----------
    tickers
        Shape (n,), in the order of ``result``. Their returns are in part the same ones; events
        without a window (excluded ones) meet none.
    """
    span = result.trade_dates[:, [0, -1]]
    return _meeting(tickers, span[:, 0], span[:, 1], span)


def _meeting(
    tickers: NDArray[np.str_], begin: DateArray, end: DateArray, span: DateArray
) -> list[list[int]]:
    """Return, by row, the other rows of its ticker for which begin … end meets its own span."""
    found: list[list[int]] = [[] for _ in tickers]
    group = np.unique(tickers, return_inverse=True)[1]
    for rows in positions_by_group(group):
        meets = (begin[rows] <= span[rows, 1:]) & (end[rows] >= span[rows, :1])
        np.fill_diagonal(meets, val=False)
        for row, others in zip(rows.tolist(), meets, strict=True):
            found[row] = rows[others].tolist()
    return found
