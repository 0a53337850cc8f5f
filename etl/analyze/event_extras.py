"""What stands beside the abnormal returns: holding returns, turnover, placebo days, the curve."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from etl.analytics.event_calendar import Panel
from etl.analytics.event_study import EventStudy, EventStudySpec
from etl.analytics.event_windows import Events
from etl.analytics.holding_period import (
    REASONS,
    AbnormalTurnover,
    HoldingPeriods,
    HoldingPlacebo,
    LongRunTest,
    abnormal_turnover,
    holding_periods,
    holding_placebo,
    long_run_test,
)
from etl.analytics.placebo import Placebo, placebo
from etl.analytics.specification_curve import SpecificationGrid, specification_curve
from etl.analyze.answers import plain

MOST_DRAWS = 20_000
_WINDOWS = ((0, 0), (-1, 1), (-2, 2), (-5, 5), (0, 1), (0, 4), (0, 10))
_ESTIMATIONS = (60, 120, 180, 250)
_NO_VOLUME = "no_volume_column"


def check(horizons: tuple[int, ...], n_draws: int) -> None:
    """Refuse horizons and draws that cannot be.

    Raises
    ------
    ValueError
        If a horizon is not positive or given twice, or the draws are negative or too many.
    """
    if not horizons or min(horizons) < 1 or len(set(horizons)) < len(horizons):
        raise ValueError(f"got the horizons {horizons}; each is 1 trading day or more, given once")
    if not 0 <= n_draws <= MOST_DRAWS:
        raise ValueError(f"got {n_draws} placebo draws; there are 0 to {MOST_DRAWS}")


@dataclass(frozen=True)
class Holding:
    """Holding returns, turnover where the prices came with volumes, ranks where days were drawn."""

    periods: HoldingPeriods
    turnover: AbnormalTurnover | None
    ranks: HoldingPlacebo | None = None

    def of_event(self, index: int) -> dict[str, Any]:
        """Return the fields ``bhar`` and ``abnormal_turnover`` of one event."""
        periods, ranks = self.periods, self.ranks
        held = [
            {
                "horizon": int(horizon),
                "end_date": plain(periods.end_date[index, column]),
                "share_return_percent": plain(periods.share_return[index, column]),
                "benchmark_return_percent": plain(periods.benchmark_return[index, column]),
                "abnormal_return_percent": plain(periods.abnormal_return[index, column]),
                "placebo_percentile": plain(ranks.percentile[index, column]) if ranks else None,
                "placebo_p_value": plain(ranks.p_value[index, column]) if ranks else None,
                "placebo_days": int(ranks.n_days[index, column]) if ranks else None,
                "reason": str(periods.reason[index, column]) or None,
            }
            for column, horizon in enumerate(periods.horizons)
        ]
        return {"bhar": held, "abnormal_turnover": self._turnover_of(index)}

    def _turnover_of(self, index: int) -> list[dict[str, Any]]:
        turnover = self.turnover
        if turnover is None:
            return [
                {
                    "horizon": int(horizon),
                    "abnormal_turnover": None,
                    "basis": None,
                    "reason": _NO_VOLUME,
                }
                for horizon in self.periods.horizons
            ]
        basis = "shares_outstanding" if turnover.per_share_outstanding[index] else "volume_only"
        return [
            {
                "horizon": int(horizon),
                "abnormal_turnover": plain(turnover.abnormal_turnover[index, column]),
                "basis": basis,
                "reason": str(turnover.reason[index, column]) or None,
            }
            for column, horizon in enumerate(turnover.horizons)
        ]

    def of_all(self, tested: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
        """Return the tests over all tested events by horizon."""
        periods = self.periods
        found = long_run_test(periods.abnormal_return, tested, rng=rng)
        answer = {
            "bhar": _test_rows(found, periods.horizons, "mean_percent"),
            "abnormal_turnover": [],
        }
        if self.turnover is not None:
            found = long_run_test(self.turnover.abnormal_turnover, tested, rng=rng)
            answer["abnormal_turnover"] = _test_rows(found, periods.horizons, "mean")
        return answer

    def missing(self) -> dict[str, Any]:
        """Count the horizons without a holding return, by reason."""
        counts = Counter(reason for reason in self.periods.reason.ravel().tolist() if reason)
        return {
            "horizons": [
                {"reason": reason, "meaning": REASONS[reason], "n": n}
                for reason, n in sorted(counts.items())
            ]
        }


def _test_rows(found: LongRunTest, horizons: np.ndarray, mean: str) -> list[dict[str, Any]]:
    return [
        {
            "horizon": int(horizon),
            "n": int(found.n_events[column]),
            mean: plain(found.mean[column]),
            "skewness_adjusted_t": plain(found.statistic[column]),
            "p_value": plain(found.p_value[column]),
            "bootstrap_p_value": plain(found.bootstrap_p_value[column]),
        }
        for column, horizon in enumerate(horizons)
    ]


def holding(
    prices: Panel,
    extras: dict[str, Panel],
    events: Events,
    result: EventStudy,
    horizons: tuple[int, ...],
) -> Holding:
    """Measure what a holder had; ``extras`` may hold ``volume`` and ``shares_outstanding``."""
    turnover = None
    if "volume" in extras:
        shares = extras.get("shares_outstanding")
        turnover = abnormal_turnover(prices, extras["volume"], events, result, horizons, shares)
    return Holding(holding_periods(prices, events, result, horizons), turnover)


def random_days(
    prices: Panel, events: Events, result: EventStudy, n_draws: int, rng: np.random.Generator
) -> Placebo | None:
    """Measure the events on random days; nothing where none are drawn."""
    return placebo(prices, events, result, n_draws=n_draws, rng=rng) if n_draws else None


def ranked(
    found: Holding, prices: Panel, events: Events, result: EventStudy, drawn: Placebo | None
) -> Holding:
    """Put the holding returns among those from the random days, where these were drawn."""
    if drawn is None:
        return found
    return replace(found, ranks=holding_placebo(prices, events, result, found.periods, drawn))


def placebo_of_event(drawn: Placebo | None, index: int) -> dict[str, Any]:
    """Return the field ``placebo`` of one event."""
    if drawn is None:
        return {"placebo": None}
    return {
        "placebo": {
            "n_draws": drawn.n_draws,
            "n_days": int(drawn.n_days[index]),
            "percentile": plain(drawn.percentile[index]),
            "p_value": plain(drawn.p_value[index]),
            "low": plain(drawn.low[index]),
            "high": plain(drawn.high[index]),
            "reason": str(drawn.reason[index]) or None,
        }
    }


def placebo_of_all(drawn: Placebo | None) -> dict[str, Any]:
    """Return the field ``placebo`` of the mean over the tested events."""
    if drawn is None:
        return {"placebo": None}
    return {
        "placebo": {
            "n": drawn.n_mean_events,
            "n_draws": drawn.n_draws,
            "percentile": plain(drawn.mean_percentile),
            "p_value": plain(drawn.mean_p_value),
            "low": plain(drawn.mean_low),
            "high": plain(drawn.mean_high),
        }
    }


def curve(prices: dict[str, Panel], events: Events, spec: EventStudySpec) -> dict[str, Any]:
    """Return the specification curve around the chosen specification."""
    models = ("market", "mean", "adjusted", *(("factors",) if spec.factors else ()))
    grid = SpecificationGrid(
        windows=tuple(sorted({spec.window, *_WINDOWS})),
        models=models,
        estimations=tuple(sorted({spec.estimation, *_ESTIMATIONS})),
        gaps=tuple(sorted({spec.gap, 10, 30})),
        currencies=tuple(prices),
        factors=spec.factors,
    )
    found = specification_curve(prices, events, grid)
    table = found.table.drop(columns=["benchmark"])
    return {
        "n_specifications": len(table),
        "n_tested": found.n_tested,
        "n_significant": found.n_significant,
        "share_significant": plain(found.share_significant),
        "expected_share_significant": found.expected_share_significant,
        "level": found.level,
        "median_mean_car": plain(table["mean_car"].median()),
        "specifications": [
            {name: plain(value) for name, value in row.items()} for row in table.to_dict("records")
        ],
    }
