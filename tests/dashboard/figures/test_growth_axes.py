"""Axes of growth figures: months and days are spelt the same in every language."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.figures.growth import retention
from dashboard.figures.growth.conversion import cohorts_figure
from dashboard.text import words


@pytest.mark.parametrize(
    ("days", "told"),
    [(["2025-01-01", "2025-02-01"], "%Y-%m"), (["2025-01-06", "2025-01-13"], "%m-%d\n%Y")],
    ids=["months", "weeks"],
)
def test_cohorts_are_named_by_numbers(days: list[str], told: str) -> None:
    cohorts = pd.DataFrame(
        {
            "cohort": pd.to_datetime(days),
            "size": 100,
            "payers": 5,
            "conversion_rate": 0.05,
            "low": 0.02,
            "high": 0.11,
            "complete": True,
        }
    )
    assert cohorts_figure(cohorts, words("zh")).layout.xaxis.tickformat == told


def test_the_edges_of_a_band_are_no_points_however_few_they_are() -> None:
    own = pd.DataFrame({"high": [0.79, 0.79], "low": [0.0, 0.0]})
    assert retention._band(["D0", "D1"], own, "#0072B2").mode == "lines"
