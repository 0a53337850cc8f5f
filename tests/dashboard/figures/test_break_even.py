from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from dashboard.figures.break_even import break_even_figure
from dashboard.studies import BreakEvenStudy
from dashboard.text import words

DAY = pd.Timestamp("2025-09-30")


def price(
    program: str, fee: float, low: float, high: float, **changed: object
) -> dict[str, object]:
    return {
        "entity": "Meitu",
        "entity_zh": "美图公司",
        "metric": "price_plan",
        "as_of": DAY,
        "price": 15.0,
        "price_unit": "CNY/month",
        "price_evidence_kind": "disclosed",
        "program": program,
        "commission_rate": fee,
        "low": low,
        "high": high,
        "in_force_at_price_date": True,
        **changed,
    }


def share(metric: str, kind: str, value: float, **changed: object) -> dict[str, object]:
    return {
        "entity": "Meitu",
        "entity_zh": "美图公司",
        "metric": metric,
        "as_of": DAY,
        "evidence_kind": kind,
        "value": value,
        "low": value,
        "high": value,
        "latest": True,
        **changed,
    }


def study(prices: list[dict[str, object]], shares: list[dict[str, object]]) -> BreakEvenStudy:
    rates = pd.DataFrame(prices or [price("standard", 0.3, 0.1, 0.2)]).head(len(prices))
    achieved = pd.DataFrame(shares or [share("x", "disclosed", 0.1)]).head(len(shares))
    cost = pd.DataFrame([{"low": 0.625, "high": 1.25}])
    return BreakEvenStudy("CNY", pd.DataFrame(), cost, rates, achieved, [])


@pytest.fixture
def figure() -> go.Figure:
    rates = [
        price("standard", 0.30, 0.067, 0.142),
        price("small_business", 0.15, 0.055, 0.113),
        price("standard", 0.25, 0.5, 0.9, in_force_at_price_date=False),
    ]
    shares = [
        share("subscription_penetration_rate", "disclosed", 0.055),
        share("subscription_penetration_rate", "estimated", 0.045, low=0.04, high=0.05),
        share("download_to_paid_d35", "estimated", 0.02),
        share("download_to_paid_d35", "estimated", 0.9, latest=False),
    ]
    return break_even_figure(study(rates, shares), words("en"))


def test_rates_needed_are_bars_from_low_to_high(figure: go.Figure) -> None:
    standard = next(trace for trace in figure.data if "standard" in trace.name)
    np.testing.assert_allclose(np.asarray(standard.base, float), [0.067])
    ends = np.asarray(standard.base, float) + np.asarray(standard.x, float)
    np.testing.assert_allclose(ends, [0.142])
    assert standard.text == ("6.7% to 14.2%",)
    assert standard.y == ("Meitu, 30 Sept 2025: CNY 15.00 a<br>month, disclosed",)


def test_programmes_differ_by_pattern_and_name_their_fee(figure: go.Figure) -> None:
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert len({bar.marker.pattern.shape for bar in bars}) == 2
    assert bars[0].name == "must pay: standard programme, fee 30%"


def test_published_shares_name_their_evidence_by_marker(figure: go.Figure) -> None:
    points = {trace.name: trace for trace in figure.data if trace.type == "scatter"}
    assert set(points) == {"published share, disclosed", "published share, estimated"}
    assert len({trace.marker.symbol for trace in points.values()}) == 2
    estimated = points["published share, estimated"]
    np.testing.assert_allclose(estimated.x, [0.045, 0.02])
    np.testing.assert_allclose(estimated.error_x.array, [0.005, 0])


def test_shares_of_actives_and_of_installs_stand_in_rows_of_their_own(figure: go.Figure) -> None:
    rows = {y for trace in figure.data if trace.type == "scatter" for y in trace.y}
    assert len(rows) == 2
    assert any("monthly" in row for row in rows)
    assert any("installs" in row for row in rows)


def test_no_label_runs_out_of_the_plot(figure: go.Figure) -> None:
    assert figure.layout.xaxis.range[1] >= 1.2 * 0.142
    assert figure.layout.xaxis.range[0] == 0


def test_axes_say_what_and_in_which_unit(figure: go.Figure) -> None:
    assert "(%)" in figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text


def test_the_text_gives_cost_rates_and_shares(figure: go.Figure) -> None:
    alt = figure.layout.meta["alt"]
    assert "CNY 0.625 to CNY 1.250" in alt
    assert "5.5% to 14.2% of users must pay" in alt
    assert "Meitu, 30 Sept 2025: 5.5%" in alt


def test_a_rate_that_cannot_be_computed_has_no_bar_and_is_counted() -> None:
    rates = [
        price("standard", 0.3, 0.1, 0.2),
        price("standard", 0.3, np.nan, np.nan, price=20.0),
    ]
    figure = break_even_figure(study(rates, []), words("en"))
    assert len(figure.data[0].y) == 1
    assert "1 rate cannot be computed." in figure.layout.meta["alt"]


def test_nothing_held_is_said() -> None:
    figure = break_even_figure(study([], []), words("en"))
    assert not figure.data
    assert "No price" in figure.layout.meta["alt"]


def test_names_follow_the_language() -> None:
    figure = break_even_figure(study([price("standard", 0.3, 0.1, 0.2)], []), words("zh"))
    assert figure.data[0].y[0].startswith("美图公司")


def test_a_supposed_fee_is_named_as_assumed_and_hatched() -> None:
    drawn = break_even_figure(study([price("assumed", 0.1, 0.05, 0.1)], []), words("en"))
    bar = next(trace for trace in drawn.data if trace.type == "bar")
    assert bar.name == "must pay: fee 10%, assumed"
    assert bar.marker.pattern.shape == "/"
