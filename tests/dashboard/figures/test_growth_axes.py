"""Axes of growth figures: months and days are spelt the same in every language."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.figures.growth.conversion import cohorts_figure
from dashboard.text import words


@pytest.mark.parametrize(
    ("days", "told"),
    [(["2025-01-01", "2025-02-01"], "%Y-%m"), (["2025-01-06", "2025-01-13"], "%Y-%m-%d")],
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
