"""How much of a result is the choice of its measurement? Every combination of them, sorted.

Simonsohn, Simmons and Nelson (2020), "Specification curve analysis", Nature Human Behaviour 4.
All specifications and events are computed from running sums of returns and their products: a
window's regression needs only the sums over its days.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etl.analytics.distributions import FloatArray, two_sided_t
from etl.analytics.event_calendar import BoolArray, IntArray, Panel, Returns

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
