"""Growth figures on a phone: dates as the language writes them, cohorts with their numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from dashboard.figures.growth import retention
from dashboard.figures.growth.conversion import cohorts_figure
from dashboard.studies.growth.retention import RetentionChoice, RetentionStudy
from dashboard.text import words


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["2025-01-01", "2025-02-01"], {"en": "%b\n%Y", "zh": "%-m月\n%Y年"}),
        (["2025-01-06", "2025-01-13"], {"en": "%-d %b\n%Y", "zh": "%-m月%-d日\n%Y年"}),
    ],
    ids=["months", "weeks"],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_dates_of_cohorts_are_written_as_the_language_writes_them(
    days: list[str], told: dict[str, str], language: str
) -> None:
    axis = cohorts_figure(cohorts(days), words(language)).layout.xaxis
    assert axis.tickformat == told[language]
    assert axis.tickangle == 0


def test_cohorts_of_a_period_that_is_held_in_part_stand_apart() -> None:
    held = cohorts(["2025-01-06", "2025-01-13"]).assign(whole=[False, True])
    names = [trace.name for trace in cohorts_figure(held, words("en")).data]
    assert names == ["full time", "only some days are in the history"]


def triangle(**named: object) -> RetentionStudy:
    """Return two cohorts of a week each, seen for two steps."""
    rows = {
        "cohort": pd.to_datetime(["2025-01-06", "2025-01-06", "2025-01-13", "2025-01-13"]),
        "size": [100, 100, 80, 80],
        "period": [1, 2, 1, 2],
        "retention_rate": [0.25, 0.125, 0.3, 0.2],
        "complete": [True, True, True, False],
        "whole": [False, False, True, True],
    }
    curves = pd.DataFrame({"period": [1], "size": [180], "retained": [49]})
    steps = ((0, 0), (1, 1), (2, 2))
    choice = RetentionChoice("app")
    until = datetime(2025, 1, 20, tzinfo=UTC)
    held = pd.DataFrame(rows | named)
    return RetentionStudy(choice, held, curves, "", "", until, steps, True, "simulated")


def test_cohorts_have_a_scale_and_say_what_their_signs_mean() -> None:
    figure = retention.triangle_figure(triangle(), words("en"))
    rows = figure.data[0].y
    assert [("†" in row) for row in rows] == [True, False]
    assert list(figure.data[-1].text) == ["25", "12", "30", "20*"]
    scale = figure.data[0].colorbar
    told = scale.title.text.replace("<br>", " ")
    assert scale.orientation == "h"
    assert told.startswith("Came back (% of users)")
    assert "† only some days" in told
    assert "* without the full time" in told
    assert "grey" not in told
    whole = retention.triangle_figure(triangle(whole=True, complete=True), words("en"))
    assert whole.data[0].colorbar.title.text == "Came back (% of users)"


@pytest.mark.parametrize(("size", "told_by"), [([100] * 4, 0), ([9] * 4, 1), ([100, 100, 9, 9], 0)])
def test_signs_are_told_by_a_scale_however_few_the_users_are(size, told_by) -> None:
    figure = retention.triangle_figure(triangle(size=size), words("en"))
    assert [trace.showscale for trace in figure.data[:2]] == [told_by == 0, told_by == 1]
    assert "without the full time" in figure.data[told_by].colorbar.title.text.replace("<br>", " ")


def cohorts(days: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cohort": pd.to_datetime(days),
            "size": 100,
            "payers": 5,
            "conversion_rate": 0.05,
            "low": 0.02,
            "high": 0.11,
            "complete": True,
            "whole": True,
        }
    )


def test_the_edges_of_a_band_are_no_points_however_few_they_are() -> None:
    own = pd.DataFrame({"high": [0.79, 0.79], "low": [0.0, 0.0]})
    assert retention._band(["D0", "D1"], own, "#0072B2").mode == "lines"
