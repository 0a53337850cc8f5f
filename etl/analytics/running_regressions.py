"""Abnormal returns of many windows at once, from running sums of returns and their products.

A window's regression needs only sums over its days, and a sum over consecutive days is the
difference of two running sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from etl.analytics.cross_section import residual_correlation
from etl.analytics.distributions import FloatArray
from etl.analytics.event_calendar import (
    BoolArray,
    DateArray,
    IntArray,
    Layout,
    Panel,
    Returns,
    pair_returns,
    place,
)
from etl.analytics.event_windows import Events, by_pair

_ROUNDING = 1e-12
"""A sum of squares below this share of its total is rounding, not variation."""


@dataclass(frozen=True)
class Spans:
    """Window, estimation length and gap of m specifications, shape (m,) each."""

    window_first: IntArray
    window_last: IntArray
    estimation: IntArray
    gap: IntArray


@dataclass(frozen=True)
class Stretch:
    """Returns of n events on W days around day 0; what lies beyond the bars is missing.

    ``zero`` is the position of day 0; ``stock, market, dates`` have shape (n, W), ``factors``
    (n, W, f).
    """

    zero: int
    dates: DateArray
    stock: FloatArray
    market: FloatArray
    factors: FloatArray


@dataclass(frozen=True)
class Measured:
    """Cumulative abnormal returns and their errors of n events in m specifications, (n, m).

    ``correlation``, shape (m,), is the mean residual correlation of the tested events.
    """

    car: FloatArray
    error: FloatArray
    correlation: FloatArray


def stretch_of(
    prices: Panel, events: Events, layout: Layout, returns: Returns, factors: tuple[str, ...]
) -> Stretch:
    """Cut the days that any specification may need around day 0 of every event."""
    before = max(layout.estimation + layout.gap - layout.window[0], 0)
    shape = (events.dates.size, before + max(layout.window[1], 0) + 1)
    found = Stretch(
        before,
        np.full(shape, "NaT", "datetime64[D]"),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.full((*shape, len(factors)), np.nan),
    )
    for ticker, benchmark, rows in by_pair(events):
        if ticker not in prices.columns or benchmark not in prices.columns:
            continue
        pair = pair_returns(prices, ticker, benchmark, returns, factors)
        placed = place(pair.dates, events.dates[rows], events.after[rows], layout)
        at = placed.day_zero[:, None] + np.arange(-before, shape[1] - before)
        held = (at >= 0) & (at < pair.dates.size) & ~placed.outside[:, None]
        row, day = np.nonzero(held)
        target, source = (rows[row], day), at[held]
        found.dates[target] = pair.dates[source]
        found.stock[target] = pair.stock[source]
        found.market[target] = pair.market[source]
        found.factors[target] = pair.factors[source]
    return found


def _regression(stretch: Stretch, model: str) -> tuple[FloatArray, FloatArray]:
    """Return what is explained, (n, W), and the regressors, (n, W, k)."""
    if model == "adjusted":
        return stretch.stock - stretch.market, np.empty((*stretch.stock.shape, 0))
    ones = np.ones((*stretch.stock.shape, 1))
    if model == "mean":
        return np.where(np.isfinite(stretch.market), stretch.stock, np.nan), ones
    others = np.concatenate([stretch.market[:, :, None], stretch.factors], axis=2)
    known = np.isfinite(others)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    centred = others - np.where(known, others, 0).sum(axis=1, keepdims=True) / count
    # Beside a constant, shifting and scaling a regressor changes neither fit nor forecast error,
    # but keeps the sums of products well conditioned.
    size = np.sqrt(np.where(known, centred**2, 0).sum(axis=1, keepdims=True) / count)
    return stretch.stock, np.concatenate([ones, centred / np.where(size > 0, size, 1)], axis=2)


def measure(stretch: Stretch, spans: Spans, model: str, tested: BoolArray) -> Measured:
    """Return the cumulative abnormal returns of one model in every span."""
    target, regressors = _regression(stretch, model)
    known = np.isfinite(target) & np.isfinite(regressors).all(axis=2)
    y, z = np.where(known, target, 0), np.where(known[:, :, None], regressors, 0)
    first, last = stretch.zero + spans.window_first, stretch.zero + spans.window_last + 1
    end = first - spans.gap
    start = end - spans.estimation
    n_known = _running(known.astype(np.float64))
    whole = n_known[:, end] - n_known[:, start] == spans.estimation
    zz, zy = _running(z[:, :, :, None] * z[:, :, None, :]), _running(z * y[:, :, None])
    yy, sum_y, sum_z = _running(y**2), _running(y), _running(z)
    gram, moment = zz[:, end] - zz[:, start], zy[:, end] - zy[:, start]
    total = yy[:, end] - yy[:, start]
    gram, regular = _regular(gram)
    coefficients = np.linalg.solve(gram, moment[..., None])[..., 0].astype(np.float64)
    squares = total - (moment * coefficients).sum(axis=-1)
    moves = total - (sum_y[:, end] - sum_y[:, start]) ** 2 / spans.estimation
    usable = whole & regular & (squares > _ROUNDING * total) & (moves > _ROUNDING * total)
    freedom = spans.estimation - z.shape[2]
    sigma = np.sqrt(np.where(usable, squares, np.nan) / freedom)
    window = sum_z[:, last] - sum_z[:, first]
    n_days = spans.window_last - spans.window_first + 1
    complete = usable & (n_known[:, last] - n_known[:, first] == n_days)
    forecast = (window * np.linalg.solve(gram, window[..., None])[..., 0]).sum(axis=-1)
    car = sum_y[:, last] - sum_y[:, first] - (window * coefficients).sum(axis=-1)
    correlation = _correlations(
        stretch.dates, (y, z), (start, end), coefficients, complete & tested[:, None]
    )
    return Measured(
        np.where(complete, car, np.nan),
        np.where(complete, sigma * np.sqrt(n_days + forecast), np.nan),
        correlation,
    )


def _running(values: FloatArray) -> FloatArray:
    """Return sums of the days before each day: (n, W, …) to (n, W + 1, …)."""
    begin = np.zeros((values.shape[0], 1, *values.shape[2:]))
    return np.concatenate([begin, values.cumsum(axis=1)], axis=1)


def _regular(gram: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Return the matrices with the singular ones replaced, and which were regular."""
    k = gram.shape[-1]
    if k == 0:
        return gram, np.ones(gram.shape[:2], dtype=np.bool_)
    size = np.sqrt(np.diagonal(gram, axis1=-2, axis2=-1))
    filled = np.asarray((size > 0).all(axis=-1), dtype=np.bool_)
    divisor = np.where(size > 0, size, 1)
    scaled = gram / divisor[..., None, :] / divisor[..., :, None]
    regular = filled & (np.linalg.det(scaled) > _ROUNDING)
    return np.where(regular[..., None, None], gram, np.eye(k)), regular


def _correlations(
    dates: DateArray,
    regression: tuple[FloatArray, FloatArray],
    estimation: tuple[IntArray, IntArray],
    coefficients: FloatArray,
    usable: BoolArray,
) -> FloatArray:
    """Return the mean residual correlation of each span, shape (m,).

    Spans that share their estimation window and their measured events share it.
    """
    y, z = regression
    found = np.full(coefficients.shape[1], np.nan)
    key = np.vstack([*estimation, usable])
    _, example, span_of = np.unique(key, axis=1, return_index=True, return_inverse=True)
    for index, span in enumerate(example.tolist()):
        rows = np.flatnonzero(usable[:, span])
        if rows.size < 2:
            continue
        days = slice(int(estimation[0][span]), int(estimation[1][span]))
        fitted = z[rows, days] @ coefficients[rows, span, :, None]
        residuals = y[rows, days] - fitted[:, :, 0]
        common = residual_correlation(residuals, dates[rows, days])
        found[span_of.reshape(-1) == index] = common.mean
    return found
