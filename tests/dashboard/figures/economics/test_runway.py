from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.figures.economics.runway import runway_figure
from dashboard.text import words

EN = words("en")


def test_the_lowest_month_is_marked_and_named(cash) -> None:
    figure = runway_figure(cash, "USD", EN)
    lowest = next(trace for trace in figure.data if trace.mode == "markers")
    assert (lowest.x[0], lowest.y[0]) == (2, -30.0)
    assert lowest.name.replace("\xa0", " ") == "lowest: −USD 30.00, month 2"


def test_costs_are_drawn_below_zero_in_a_panel_of_their_own(cash) -> None:
    received, paid = (trace for trace in runway_figure(cash, "USD", EN).data if trace.type == "bar")
    np.testing.assert_allclose(received.y, cash["proceeds_received"])
    np.testing.assert_allclose(paid.y, -cash["costs_paid"])
    assert received.yaxis == paid.yaxis == "y2"


def test_both_panels_have_a_zero_line(cash) -> None:
    lines = [shape for shape in runway_figure(cash, "USD", EN).layout.shapes if shape.y0 == 0]
    assert len(lines) == 2


def test_the_text_says_when_it_runs_out(cash) -> None:
    alt = runway_figure(cash, "USD", EN).layout.meta["alt"].replace("\xa0", " ")
    assert "lowest −USD 30.00 (month 2), at the end USD 80.00." in alt
    assert "It is below zero first in: month 2." in alt
    rich = runway_figure(cash.assign(cash=cash["cash"] + 100), "USD", EN)
    assert "It never falls below zero." in rich.layout.meta["alt"]


def test_months_may_be_dates(cash) -> None:
    dated = cash.assign(month=pd.date_range("2025-01-01", periods=4, freq="MS"))
    assert "(2025-02)" in runway_figure(dated, "USD", EN).layout.meta["alt"]


def test_a_gap_stays_a_gap(cash) -> None:
    cash.loc[2, "cash"] = np.nan
    line = runway_figure(cash, "USD", EN).data[0]
    assert line.connectgaps is False
    assert np.isnan(line.y[2])


def test_no_cash_known_is_said(cash) -> None:
    assert not runway_figure(cash.assign(cash=np.nan), "USD", EN).data
