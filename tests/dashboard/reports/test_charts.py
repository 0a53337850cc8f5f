"""Native charts hold the numbers of the figure: every kind of trace that the figures use."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotly.subplots import make_subplots

from dashboard.figures import theme
from dashboard.figures.economics import looks, waterfall
from dashboard.reports import chart_values
from dashboard.reports.charts import charts_of
from dashboard.reports.floating_bars import Bar, layers
from dashboard.reports.native_charts import Chart, Surface
from dashboard.text import words


def only(figure: go.Figure) -> Any:
    (chart,) = charts_of(figure)
    return chart


def ends(chart: Chart, name: str) -> dict[str, tuple[float, float]]:
    """Return where the bars of an owner stand, stacked as an office program does."""
    found: dict[str, tuple[float, float]] = {}
    for at, category in enumerate(chart.series[0].x):
        up = down = 0.0
        for series in chart.series:
            length = series.y[at] or 0.0
            start = up if length >= 0 else down
            if length >= 0:
                up += length
            else:
                down += length
            if length and series.color and series.name.startswith(name):
                low, high = found.get(str(category), (np.inf, -np.inf))
                found[str(category)] = (
                    min(low, start, start + length),
                    max(high, start, start + length),
                )
    return found


class TestLines:
    def test_over_numbers_become_a_scatter_with_its_gaps(self) -> None:
        chart = only(go.Figure(go.Scatter(x=[0, 1, 2], y=[1.0, None, float("nan")], name="a")))
        assert chart.kind == "scatter"
        assert chart.series[0].x == (0, 1, 2)
        assert chart.series[0].y == (1.0, None, None)

    def test_over_days_are_counted_as_a_spreadsheet_does(self) -> None:
        chart = only(
            go.Figure(go.Scatter(x=pd.to_datetime(["2026-01-01", "2026-01-03"]), y=[1, 2]))
        )
        assert chart.series[0].x == (46023.0, 46025.0)
        assert chart.x_format == "yyyy-mm-dd"
        assert chart.x_span == (46023.0, 46025.0, 1.0)

    def test_over_names_keep_them(self) -> None:
        chart = only(go.Figure(go.Scatter(x=["D1", "D7"], y=[0.2, 0.1])))
        assert (chart.kind, chart.series[0].x) == ("line", ("D1", "D7"))

    def test_a_band_is_its_two_edges_of_which_a_legend_names_one(self) -> None:
        figure = go.Figure(go.Scatter(x=[0, 1], y=[1.0, 2.0], name="mean"))
        figure.add_scatter(x=[0, 1, 1, 0], y=[2.0, 3.0, 1.0, 0.0], fill="toself", name="95%")
        chart = only(figure)
        assert [each.y for each in chart.series] == [(1.0, 2.0), (2.0, 3.0), (0.0, 1.0)]
        assert chart.left_out_of_legend() == [2]
        assert chart.has_legend()
        assert not chart.has_legend(is_one_of_many=True)

    @pytest.mark.parametrize(
        ("shape", "x", "y"),
        [
            ("hv", (0, 10, 10, 30, 30), (1.0, 1.0, 0.5, 0.5, 0.2)),
            ("vh", (0, 0, 10, 10, 30), (1.0, 0.5, 0.5, 0.2, 0.2)),
            ("hvh", (0, 5, 5, 10, 20, 20, 30), (1.0, 1.0, 0.5, 0.5, 0.5, 0.2, 0.2)),
            ("linear", (0, 10, 30), (1.0, 0.5, 0.2)),
        ],
    )
    def test_in_steps_keep_their_corners(
        self, shape: str, x: tuple[float, ...], y: tuple[float, ...]
    ) -> None:
        line = {"shape": shape}
        figure = go.Figure(go.Scatter(x=[0, 10, 30], y=[1.0, 0.5, 0.2], mode="lines", line=line))
        (series,) = only(figure).series
        assert (series.x, series.y) == (x, y)

    def test_in_steps_do_not_step_over_a_gap(self) -> None:
        line = {"shape": "hv"}
        figure = go.Figure(go.Scatter(x=[0, 1, 2], y=[1.0, None, 3.0], mode="lines", line=line))
        assert only(figure).series[0].y == (1.0, None, 3.0)

    def test_edges_of_bands_without_names_bear_that_of_their_line_and_no_legend_has_them(
        self,
    ) -> None:
        figure = go.Figure()
        for name, ink in (("monthly", "#0072B2"), ("yearly", "#D55E00")):
            for edge, fill in (([1.0, 0.6], None), ([1.0, 0.4], "tonexty")):
                style = {"line": {"width": 0}, "fill": fill, "fillcolor": ink}
                figure.add_scatter(x=[0, 1], y=edge, mode="lines", **style)
            figure.add_scatter(x=[0, 1], y=[1.0, 0.5], mode="lines", name=name, line_color=ink)
        chart = only(figure.update_yaxes(title_text="Still paying"))
        names = [chart.named(series) for series in chart.series]
        assert names == ["↑ monthly", "↓ monthly", "monthly", "↑ yearly", "↓ yearly", "yearly"]
        assert chart.left_out_of_legend() == [0, 1, 3, 4]

    def test_a_band_without_a_name_is_not_named_by_a_legend(self) -> None:
        figure = go.Figure(go.Scatter(x=[0, 1], y=[1.0, 2.0], name="mean"))
        figure.add_scatter(x=[0, 1, 1, 0], y=[2.0, 3.0, 1.0, 0.0], fill="toself")
        assert only(figure).left_out_of_legend() == [1, 2]

    def test_of_many_names_every_so_many_th_is_written(self) -> None:
        names = [f"D{n}" for n in range(31)]
        figure = go.Figure(go.Scatter(x=names, y=list(range(31))))
        assert only(figure).label_step() == 2
        assert only(go.Figure(go.Bar(x=[1.0] * 31, y=names, orientation="h"))).label_step() == 1

    def test_error_bars_keep_both_ends_and_lie_within_the_axis(self) -> None:
        bars = {"type": "data", "array": [0.3], "arrayminus": [0.1]}
        chart = only(go.Figure(go.Scatter(x=[1], y=[1.0], mode="markers", error_y=bars)))
        assert chart.series[0].low == (0.9,)
        assert chart.series[0].high == (1.3,)
        assert chart.y_span is not None
        assert chart.y_span[0] <= 0.9 < 1.3 <= chart.y_span[1]

    def test_positions_stand_with_the_best_at_the_top(self) -> None:
        figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 90])).update_yaxes(autorange="reversed")
        assert only(figure).y_reversed
        assert only(figure.update_yaxes(autorange=None, range=[100, 1])).y_reversed

    def test_a_logarithmic_axis_ends_at_decades(self) -> None:
        figure = go.Figure(go.Scatter(x=[1, 2], y=[3.0, 900.0])).update_yaxes(type="log")
        chart = only(figure)
        assert (chart.y_log, chart.y_span) == (True, (1.0, 1000.0, 10.0))

    def test_an_axis_bent_by_hand_has_no_native_chart(self) -> None:
        figure = go.Figure(go.Scatter(x=[-1.0, 0.0, 1.0, 2.0], y=[0.1, 0.2, 0.5, 1.0]))
        texts = ["0 s", "1 s", "10 s", "100 s"]
        figure.update_xaxes(tickmode="array", tickvals=[-1, 0, 1, 2], ticktext=texts)
        assert charts_of(figure) == ()

    def test_ticks_that_only_write_numbers_as_words_bend_nothing(self) -> None:
        figure = go.Figure(go.Scatter(x=[0.0, 40_000.0], y=[0.1, 0.2]))
        texts = ["0", "20K", "40K"]
        figure.update_xaxes(tickmode="array", tickvals=[0, 20_000, 40_000], ticktext=texts)
        assert only(figure).series[0].x == (0.0, 40_000.0)

    @pytest.mark.parametrize(
        "texts",
        [("5,000", "10K", "15K", "1M"), ("5,000", "1万", "1.5 万", "100 万")],
        ids=["en", "zh"],
    )
    def test_ticks_of_which_only_the_large_are_short_bend_nothing(
        self, texts: tuple[str, ...]
    ) -> None:
        places = [5_000, 10_000, 15_000, 1_000_000]
        figure = go.Figure(go.Heatmap(x=[5_000.0, 15_000.0], y=["a"], z=[[0.1, 0.2]]))
        figure.update_xaxes(tickmode="array", tickvals=places, ticktext=texts)
        assert only(figure).x == ("5,000", "15,000")


class TestBars:
    def test_lying_ones_stand_over_the_categories_of_all_series(self) -> None:
        figure = go.Figure(go.Bar(x=[1.0], y=["a"], orientation="h", name="one"))
        figure.add_bar(x=[2.0, 3.0], y=["b", "c"], orientation="h", name="two")
        figure.update_yaxes(categoryorder="array", categoryarray=["c", "b", "a"])
        chart = only(figure)
        assert chart.kind == "bar"
        assert {each.x for each in chart.series} == {("c", "b", "a")}
        assert [each.y for each in chart.series] == [(None, None, 1.0), (3.0, 2.0, None)]
        assert chart.stands_alone()

    def test_two_categories_of_one_name_are_told_apart(self) -> None:
        chart = only(go.Figure(go.Bar(x=["a", "a"], y=[1.0, 2.0])))
        assert chart.series[0].x == ("a", "a (2)")
        assert chart.series[0].y == (1.0, 2.0)

    def test_reversed_rows_begin_at_the_top(self) -> None:
        figure = go.Figure(go.Bar(x=[1.0, 2.0], y=["a", "b"], orientation="h"))
        assert not only(figure).x_reversed
        assert only(figure.update_yaxes(autorange="reversed")).x_reversed

    def test_stacked_ones_have_an_axis_for_their_sums(self) -> None:
        figure = go.Figure([go.Bar(x=["a"], y=[3.0]), go.Bar(x=["a"], y=[4.0])])
        figure.add_bar(x=["a"], y=[-2.0])
        chart = only(figure.update_layout(barmode="relative"))
        assert chart.kind == "stacked"
        assert chart.y_span is not None
        assert chart.y_span[0] <= -2.0
        assert chart.y_span[1] >= 7.0

    def test_colours_of_single_bars_are_kept(self) -> None:
        colors = ["#0072B2", "#D55E00"]
        chart = only(go.Figure(go.Bar(x=["a", "b"], y=[1, 2], marker={"color": colors})))
        assert chart.series[0].colors == ("#0072B2", "#D55E00")

    def test_the_axis_of_values_holds_zero(self) -> None:
        chart = only(go.Figure(go.Bar(x=["a", "b"], y=[90.0, 95.0])))
        assert chart.y_span is not None
        assert chart.y_span[0] == 0.0


class TestFloatingBars:
    @pytest.mark.parametrize("lying", [False, True])
    def test_stand_where_the_figure_has_them_also_across_zero(self, lying: bool) -> None:
        names, begins, lengths = ["a", "b", "c", "d"], [1.0, -3.0, -1.0, 2.0], [2.0, 1.0, 3.0, -5.0]
        told: Any = {"x": names, "y": lengths}
        if lying:
            told = {"y": names, "x": lengths, "orientation": "h"}
        chart = only(go.Figure(go.Bar(base=begins, name="bar", **told)))
        assert chart.kind == ("stacked_bar" if lying else "stacked")
        assert ends(chart, "bar") == {"a": (1, 3), "b": (-3, -2), "c": (-1, 2), "d": (-3, 2)}
        carriers = [each for each in chart.series if not each.color]
        assert carriers
        assert {chart.named(each) for each in carriers} == {" "}

    def test_of_a_waterfall_bear_the_names_of_its_legend_and_rows(self) -> None:
        steps = pd.DataFrame(
            {
                "label": ["price", "fee", "left"],
                "role": ["start", "subtract", "total"],
                "amount": [10.0, 3.0, 7.0],
                "evidence_kind": ["measured"] * 3,
            }
        )
        figure = waterfall.waterfall_figure(steps, "USD", words("en"), heading_unit="USD")
        chart = next(each for each in charts_of(figure) if isinstance(each, Chart))
        assert [str(name).split(" ")[0] for name in chart.series[0].x] == ["price", "fee", "left"]
        assert list(ends(chart, "amount reached").values()) == [(0.0, 10.0), (0.0, 7.0)]
        assert list(ends(chart, "▼ taken off").values()) == [(7.0, 10.0)]
        assert chart.x_reversed

    def test_of_a_tornado_part_at_the_base(self) -> None:
        figure = go.Figure()
        for name, own, color in (
            ("low", [-2.0, 3.0], theme.SKY),
            ("high", [1.0, -1.0], theme.BLUE),
        ):
            figure.add_bar(
                x=own, base=5.0, y=[0, 1], orientation="h", marker={"color": color}, name=name
            )
        looks.rows_axis(figure, ["first", "second"])
        chart = only(figure.update_layout(barmode="overlay"))
        assert ends(chart, "low") == {"first": (3.0, 5.0), "second": (5.0, 8.0)}
        assert ends(chart, "high") == {"first": (5.0, 6.0), "second": (4.0, 5.0)}

    @given(
        st.lists(
            st.tuples(st.integers(-9, 9), st.integers(-9, 9)).filter(lambda e: e[0] != e[1]),
            min_size=1,
            max_size=6,
        )
    )
    def test_cover_the_same_places_whatever_their_ends(self, spans: list[tuple[int, int]]) -> None:
        bars = [Bar(owner, "a", float(b), float(e)) for owner, (b, e) in enumerate(spans)]
        up = down = 0.0
        seen: set[float] = set()
        for layer in layers(bars, ["a"], len(bars)):
            length = layer.lengths[0] or 0.0
            start, side = (up, 1) if length > 0 else (down, -1)
            if layer.owner is not None:
                seen |= {start + side * (k + 0.5) for k in range(int(abs(length)))}
            up, down = (up + length, down) if length > 0 else (up, down + length)
        meant = {k + 0.5 for b, e in spans for k in range(min(b, e), max(b, e))}
        assert seen == meant


class TestSurfaces:
    def test_a_heat_map_is_a_table_with_its_gaps(self) -> None:
        cells = {"x": ["D1"], "y": ["p", "q"], "z": [[0.25], [None]], "zmid": 0}
        figure = go.Figure(go.Heatmap(**cells, colorbar={"tickformat": ".0%"}))
        found = only(figure)
        assert isinstance(found, Surface)
        assert (found.x, found.y, found.z) == (("D1",), ("p", "q"), ((0.25,), (None,)))
        assert (found.format, found.diverges) == ("0%", True)

    def test_one_without_a_number_is_left_out(self) -> None:
        assert charts_of(go.Figure(go.Heatmap(z=[[None]], x=["a"], y=["b"]))) == ()

    def test_a_contour_is_a_table_named_by_its_axes(self) -> None:
        figure = go.Figure(go.Contour(x=[0.1, 0.2], y=[1, 2], z=[[1, 2], [3, 4]]))
        figure.update_xaxes(tickformat=".0%", title_text="Share").update_yaxes(title_text="Users")
        found = only(figure)
        assert found.x == ("10%", "20%")
        assert found.heading() == "Users ↓  Share →"

    @staticmethod
    def break_even(z: list[list[float]]) -> go.Figure:
        """Return colours, the line of their zero and the place of a scenario."""
        over: dict[str, Any] = {"x": [1.0, 2.0, 3.0], "y": [10.0, 20.0], "z": z}
        line = {"coloring": "none", "start": 0, "end": 0, "size": 1}
        figure = go.Figure([go.Heatmap(**over), go.Contour(**over, contours=line, name="zero")])
        return figure.add_scatter(x=[2.0], y=[15.0], mode="markers", name="this scenario")

    def test_a_line_over_colours_is_a_line_beside_their_one_table(self) -> None:
        colours, chart = charts_of(self.break_even([[-1.0, -1.0, -3.0], [1.0, 3.0, 1.0]]))
        assert isinstance(colours, Surface)
        assert isinstance(chart, Chart)
        zero, here = chart.series
        assert (zero.name, zero.x, zero.y) == ("zero", (1, 2, 3), (15.0, 12.5, 17.5))
        assert (here.name, here.x, here.y) == ("this scenario", (2,), (15.0,))

    def test_a_line_that_stands_upright_is_found_too(self) -> None:
        _, chart = charts_of(self.break_even([[-1.0, 1.0, 2.0], [-3.0, 1.0, 2.0]]))
        assert isinstance(chart, Chart)
        assert (chart.series[0].x, chart.series[0].y) == ((1.5, 1.75), (10, 20))

    def test_colours_without_the_line_are_their_table_alone(self) -> None:
        assert isinstance(only(self.break_even([[1.0, 1.0, 3.0], [1.0, 3.0, 1.0]])), Surface)


class TestPanels:
    def test_each_pair_of_axes_is_a_chart_with_its_title(self) -> None:
        figure = make_subplots(1, 2, subplot_titles=["one", "<b>two</b>"], shared_yaxes=True)
        figure.add_scatter(x=[1], y=[1.0], row=1, col=1)
        figure.add_scatter(x=[1], y=[2.0], row=1, col=2)
        figure.update_yaxes(title_text="Return", row=1, col=1)
        charts = charts_of(figure)
        assert [chart.title for chart in charts] == ["one", "two"]
        assert [c.y_title for c in charts if isinstance(c, Chart)] == ["Return", "Return"]

    def test_a_figure_that_says_why_it_is_empty_has_none(self) -> None:
        assert charts_of(theme.empty("Nothing is known.")) == ()

    def test_what_the_reader_hides_is_not_drawn(self) -> None:
        figure = go.Figure(go.Scatter(x=[1], y=[1], visible="legendonly"))
        assert charts_of(figure) == ()


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_round_ends_hold_the_values_and_few_ticks(one: float, other: float) -> None:
    low, high, step = chart_values.round_span(min(one, other), max(one, other))
    room = 1e-6 * max(abs(one), abs(other), 1e-300)
    assert low - room <= min(one, other)
    assert max(one, other) <= high + room
    assert 1 <= round((high - low) / step) <= 8


@pytest.mark.parametrize(
    ("told", "step", "spelt"),
    [
        (".0%", 0.1, "0%"),
        (".2~%", 0.05, "0%"),
        (".2~%", 0.005, "0.0%"),
        (",", 500.0, "#,##0"),
        (None, 0.25, "#,##0.00"),
        (",.2f", 1.0, "#,##0.00"),
        ("%Y-%m-%d", None, "yyyy-mm-dd"),
    ],
)
def test_ticks_are_written_as_the_figure_does(
    told: str | None, step: float | None, spelt: str
) -> None:
    assert chart_values.axis_format(told, step) == spelt


class TestMonths:
    def test_are_named_once_each_however_long_they_are(self) -> None:
        firsts = pd.date_range("2025-01-01", periods=9, freq="MS")
        figure = go.Figure(go.Scatter(x=firsts, y=list(range(9)), mode="lines"))
        chart = only(figure.update_xaxes(tickformat="%Y-%m"))
        assert chart.kind == "line"
        assert chart.series[0].x == tuple(f"2025-{month:02d}" for month in range(1, 10))
        assert chart.series[0].y == tuple(range(9))

    def test_of_columns_are_named_as_their_figure_names_them(self) -> None:
        firsts = pd.date_range("2025-01-01", periods=2, freq="MS")
        bars = go.Figure(go.Bar(x=firsts, y=[1, 2]))
        assert only(bars).series[0].x == ("2025-01-01", "2025-02-01")
        named = bars.update_xaxes(tickformat="%Y-%m")
        assert only(named).series[0].x == ("2025-01", "2025-02")

    def test_that_nobody_holds_keep_their_room(self) -> None:
        figure = go.Figure(
            [
                go.Scatter(x=pd.to_datetime(["2024-11-01"]), y=[1], mode="markers"),
                go.Scatter(x=pd.to_datetime(["2025-02-01"]), y=[2], mode="markers"),
            ]
        )
        chart = only(figure)
        assert chart.series[0].x == ("2024-11", "2024-12", "2025-01", "2025-02")
        assert [series.y for series in chart.series] == [
            (1, None, None, None),
            (None, None, None, 2),
        ]

    @pytest.mark.parametrize(
        "days", [["2025-01-01", "2025-02-02"], ["2025-01-01", "2025-04-01"]], ids=["days", "skips"]
    )
    def test_are_not_made_of_days_nor_of_lines_that_skip_some(self, days: list[str]) -> None:
        chart = only(go.Figure(go.Scatter(x=pd.to_datetime(days), y=[1, 2], mode="lines")))
        assert chart.kind == "scatter"


class TestPanelsOfOneAxis:
    @pytest.mark.parametrize("shared", [True, False])
    def test_have_one_span_where_they_share_an_axis(self, shared: bool) -> None:
        figure = make_subplots(rows=1, cols=2, shared_yaxes=shared)
        figure.add_bar(x=[0, 1], y=[0.01, -0.02], row=1, col=1)
        figure.add_bar(x=[0, 1], y=[0.3, -0.1], row=1, col=2)
        one, other = charts_of(figure)
        assert isinstance(one, Chart)
        assert isinstance(other, Chart)
        assert (one.y_span == other.y_span) == shared
        if shared:
            assert one.y_span is not None
            assert one.y_span[0] <= -0.1 < 0.3 <= one.y_span[1]
            assert one.y_format == other.y_format


def test_a_marker_keeps_its_shape_and_whether_it_is_hollow() -> None:
    figure = go.Figure(
        [
            go.Scatter(x=[1], y=[1], mode="markers", marker_symbol="diamond-open"),
            go.Scatter(x=[1], y=[1], mode="markers"),
        ]
    )
    assert [each.marker() for each in only(figure).series] == [("diamond", False), ("circle", True)]
