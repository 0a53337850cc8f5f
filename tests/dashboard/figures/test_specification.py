"""The specification curve shows every specification, sorted, and the choices that differ."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.figures.specification import specification_figure
from dashboard.text import words


@pytest.fixture
def curve() -> pd.DataFrame:
    """Return six specifications of two windows and three lengths, one of them not measured."""
    frame = pd.DataFrame(
        {
            "window": ["-1,1", "-2,2"] * 3,
            "model": "market",
            "estimation": [60, 60, 120, 120, 250, 250],
            "car": [0.03, -0.01, 0.08, 0.02, np.nan, 0.05],
            "p_value": [0.2, 0.8, 0.01, 0.4, np.nan, 0.06],
        }
    )
    return frame.assign(low=frame["car"] - 0.04, high=frame["car"] + 0.04)


def dots(figure):
    return [trace for trace in figure.data if trace.error_y.array is not None]


def test_specifications_stand_in_order_and_significant_ones_apart(curve):
    figure = specification_figure(curve, words("en"))
    points = sorted((x, y) for trace in dots(figure) for x, y in zip(trace.x, trace.y, strict=True))
    assert points == list(enumerate([-0.01, 0.02, 0.03, 0.05, 0.08]))
    by_name = {trace.name: list(trace.y) for trace in dots(figure)}
    assert by_name["significant at 5%"] == [0.08]
    assert by_name["not significant at 5%"] == [-0.01, 0.02, 0.03, 0.05]


def test_the_grid_names_only_choices_that_differ(curve):
    figure = specification_figure(curve, words("en"))
    assert list(figure.layout.yaxis2.ticktext) == [
        "window -1,1",
        "window -2,2",
        "60 estimation days",
        "120 estimation days",
        "250 estimation days",
    ]
    grid = [trace for trace in figure.data if trace.error_y.array is None]
    of_long = next(trace for trace in grid if trace.name == "250 estimation days")
    assert list(of_long.x) == [3]


def test_what_could_not_be_measured_is_counted(curve):
    alt = specification_figure(curve, words("en")).layout.meta["alt"]
    assert "5 specifications, from −1.0% to +8.0%" in alt
    assert "different from zero at 5%: 1." in alt
    assert "Not measured: 1." in alt


def test_nothing_measured_says_so(curve):
    figure = specification_figure(curve.assign(car=np.nan), words("zh"))
    assert not figure.data
    assert figure.layout.meta["alt"]
