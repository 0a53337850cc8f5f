from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.figures.economics.variance import MOST_INPUTS, variance_figure
from dashboard.text import words

EN = words("en")


def test_the_largest_share_stands_first(shares) -> None:
    figure = variance_figure(shares, EN)
    np.testing.assert_allclose(figure.data[0].x, [0.6, 0.3, 0.1])
    names = [text.split("<br>")[0] for text in figure.layout.yaxis.ticktext]
    assert names == ["Conversion", "Cost", "Refunds"]


def test_assumed_inputs_are_hatched(shares) -> None:
    assert tuple(variance_figure(shares, EN).data[0].marker.pattern.shape) == ("/", "", "")


def test_the_text_adds_up_what_is_assumed(shares) -> None:
    alt = variance_figure(shares, EN).layout.meta["alt"]
    assert alt == (
        "Conversion carries the most of the variance: 60%. Assumed inputs carry 60% in all."
    )


def test_the_rest_is_counted_with_its_sum(shares) -> None:
    many = pd.concat([shares.assign(share=shares["share"] / 5)] * 5, ignore_index=True)
    figure = variance_figure(many, EN)
    assert len(figure.data[0].x) == MOST_INPUTS
    assert "3 inputs more, not drawn, carry 6%." in figure.layout.meta["alt"]


def test_no_variance_is_said(shares) -> None:
    assert not variance_figure(shares.assign(share=np.nan), EN).data
    assert not variance_figure(shares.iloc[:0], EN).data
