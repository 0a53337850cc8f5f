from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from fixtures import studies

from dashboard.figures import labels, market, theme
from dashboard.figures.economics import looks
from dashboard.text import Words, words


@pytest.fixture(params=["en", "zh"])
def said(request: pytest.FixtureRequest) -> Words:
    return words(request.param)


def named(figure: go.Figure, name: str) -> go.Scatter:
    return next(trace for trace in figure.data if trace.name and name in trace.name)


def bands(figure: go.Figure) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.fill == "tonexty"]


def panel(trace: go.Scatter) -> str:
    return trace.xaxis or "x"


def titles(figure: go.Figure) -> str:
    return " ".join(note.text for note in figure.layout.annotations)


class TestEveryFigure:
    @pytest.fixture(params=["light", "dark"])
    def figures(self, request: pytest.FixtureRequest, said: Words) -> list[go.Figure]:
        study, mode = studies.market_study(), request.param
        return [
            market.prices_figure(study, said, mode=mode),
            market.abnormal_return_figure(study, None, said, mode),
            market.car_figure(study, None, said, mode),
            market.peers_figure(study, said, mode=mode),
        ]

    def test_has_alternative_text_axis_titles_and_few_points(
        self, figures: list[go.Figure]
    ) -> None:
        for figure in figures:
            layout = figure.layout
            assert len(layout.meta["alt"]) > 40
            assert layout.xaxis.title.text
            assert layout.yaxis.title.text
            assert all(len(trace.x) <= theme.MAX_POINTS for trace in figure.data)
            assert layout.template.layout.xaxis.automargin is True


class TestPrices:
    def test_are_as_traded_in_their_currency(self) -> None:
        study = studies.market_study()
        figure = market.prices_figure(study, words("en"))
        share = named(figure, "Meitu")
        known = study.prices["close_as_traded"].to_numpy()
        np.testing.assert_allclose([y for y in share.y if not np.isnan(y)], known)
        assert (
            figure.layout.yaxis.title.text.replace("<br>", " ") == "Close as traded (HKD per share)"
        )

    def test_leave_a_gap_where_trading_was_suspended(self) -> None:
        share = named(market.prices_figure(studies.market_study(), words("en")), "Meitu")
        missing = [x for x, y in zip(share.x, share.y, strict=True) if np.isnan(y)]
        assert pd.DatetimeIndex(missing).tolist() == [pd.Timestamp("2022-10-10")]
        assert share.connectgaps is False

    def test_say_so_where_only_adjusted_ones_are_held(self) -> None:
        study = studies.market_study()
        study.prices["close_as_traded"] = np.nan
        figure = market.prices_figure(study, words("en"))
        assert (
            figure.layout.yaxis.title.text.replace("<br>", " ") == "Adjusted close (HKD per share)"
        )

    def test_tell_event_kinds_apart_by_marker_and_dash(self) -> None:
        figure = market.prices_figure(studies.market_study(), words("en"))
        launched = named(figure, "not taken from the price")
        picked = named(figure, "picked because")
        assert launched.marker.symbol != picked.marker.symbol
        assert len(launched.x) == 3
        assert len(picked.x) == 1
        dashes = {shape.line.dash for shape in figure.layout.shapes}
        assert dashes == {"solid", "dash"}

    def test_rebase_the_benchmark_to_the_first_price_shown(self) -> None:
        figure = market.prices_figure(studies.market_study(), words("en"), around=60)
        assert named(figure, "^HSI").y[0] == pytest.approx(named(figure, "Meitu").y[0])

    def test_can_be_narrowed_to_the_days_around_the_events(self) -> None:
        study = studies.market_study()
        near = named(market.prices_figure(study, words("en"), around=20), "Meitu")
        assert 40 <= len(near.x) <= 60
        one = market.prices_figure(study, words("en"), ["E0018"], around=20)
        assert len(named(one, "Event:").x) == 1

    def test_label_close_days_in_rows_of_their_own(self) -> None:
        figure = market.prices_figure(studies.market_study(), words("en"))
        labels = figure.layout.annotations
        assert len(labels) == 4
        assert len({label.ay for label in labels}) == 4
        assert figure.layout.margin.t > 4 * 14

    def test_stay_within_the_limit_of_points(self) -> None:
        figure = market.prices_figure(studies.market_study(n_days=9_000), words("en"))
        assert all(len(trace.x) <= theme.MAX_POINTS for trace in figure.data)

    def test_mark_no_event_that_was_left_out(self) -> None:
        study = studies.market_study()
        study.events.loc[0, ["status", "day_zero"]] = ["excluded", pd.NaT]
        figure = market.prices_figure(study, words("en"))
        assert len(named(figure, "not taken from the price").x) == 2


class TestReaction:
    def test_draws_few_events_singly_each_with_its_band(self) -> None:
        figure = market.car_figure(studies.market_study(), None, words("en"))
        assert len(bands(figure)) == 3
        assert len({panel(band) for band in bands(figure)}) == 3
        assert "Mean" not in titles(figure)

    def test_draws_the_mean_with_its_band_from_five_events_on(self) -> None:
        study = studies.market_study(6)
        figure = market.car_figure(study, None, words("en"))
        assert "Mean of 5 events" in titles(figure)
        assert len(bands(figure)) == 1
        tested = study.events.loc[study.events["status"] == "tested", "event_id"]
        own = study.paths[study.paths["event_id"].isin(tested)]
        expected = own.groupby("day")["cumulative_abnormal_return"].mean()
        np.testing.assert_allclose(named(figure, "Mean").y, expected)

    def test_gives_a_price_selected_event_no_band_and_says_why(self) -> None:
        study = studies.market_study()
        figure = market.car_figure(study, None, words("en"))
        picked = named(figure, "Rises more than 40%")
        assert picked.line.dash == "dash"
        assert panel(picked) not in {panel(band) for band in bands(figure)}
        assert "described, not tested" in titles(figure)
        assert "described, not tested" in figure.layout.meta["alt"]

    def test_keeps_a_price_selected_event_out_of_the_mean(self) -> None:
        study = studies.market_study(6)
        before = named(market.car_figure(study, None, words("en")), "Mean").y
        picked = study.paths["event_id"] == "E0085"
        study.paths.loc[picked, "cumulative_abnormal_return"] = 99.0
        np.testing.assert_array_equal(
            named(market.car_figure(study, None, words("en")), "Mean").y, before
        )

    def test_bars_carry_an_interval_only_where_tested(self) -> None:
        study = studies.market_study()
        figure = market.abnormal_return_figure(study, None, words("en"))
        tested, picked = named(figure, "China"), named(figure, "Rises")
        np.testing.assert_allclose(tested.error_y.array, 1.98 * 0.04)
        assert picked.error_y.array is None
        assert picked.marker.pattern.shape == "/"

    def test_names_the_returns_on_the_axis_and_the_model_in_the_text(self) -> None:
        figure = market.car_figure(studies.market_study(), None, words("en"))
        assert (
            figure.layout.yaxis.title.text.replace("<br>", " ")
            == "Cumulative abnormal return (log returns)"
        )
        assert "market model, ^HSI" in figure.layout.meta["alt"]

    def test_shows_only_the_chosen_events(self) -> None:
        figure = market.car_figure(studies.market_study(), ["E0018"], words("en"))
        assert {panel(trace) for trace in figure.data} == {"x"}

    def test_says_so_where_nothing_can_be_studied(self) -> None:
        figure = market.car_figure(studies.market_study(), [], words("en"))
        assert not figure.data
        assert "No event" in figure.layout.meta["alt"]

    def test_escapes_titles_that_look_like_markup(self) -> None:
        study = studies.market_study()
        study.events.loc[0, "title_en"] = "<b>A & B</b>"
        figure = market.car_figure(study, ["E0018"], words("en"))
        assert "<b>A" not in figure.data[-1].name
        assert "<b>A" not in titles(figure)


class TestMeanPath:
    def test_equals_the_textbook_interval(self) -> None:
        # Mean 2, s = 1, n = 3: 2 ± 4.302653·1/√3 (t with 2 degrees of freedom).
        from dashboard.figures.reaction import mean_path

        paths = pd.DataFrame({"event_id": list("abc"), "day": 0, "x": [1.0, 2.0, 3.0]})
        row = mean_path(paths, "x").iloc[0]
        assert row["mean"] == 2
        assert row["high"] - row["mean"] == pytest.approx(2.4841377, abs=1e-6)

    def test_has_no_interval_from_one_event(self) -> None:
        from dashboard.figures.reaction import mean_path

        paths = pd.DataFrame({"event_id": ["a"], "day": 0, "x": [1.0]})
        assert mean_path(paths, "x")["low"].isna().all()


class TestPeers:
    def test_leave_out_what_has_no_prices_and_count_it(self) -> None:
        figure = market.peers_figure(studies.market_study(), words("en"))
        drawn = {y for trace in figure.data for y in trace.y}
        assert "Tiandi Online" not in drawn
        assert "For 1 share no prices are held." in figure.layout.meta["alt"]

    def test_name_every_share_and_leave_room_for_the_groups(self) -> None:
        study = studies.market_study()
        figure = market.peers_figure(study, words("en"))
        n_shares = sum(len(trace.y) for trace in figure.data)
        assert figure.layout.yaxis.dtick == 1
        assert figure.layout.height >= 80 + 26 * n_shares + looks.legend_px(figure)

    def test_star_a_share_at_its_price_limit(self) -> None:
        figure = market.peers_figure(studies.market_study(), words("en"))
        assert "Visual China *" in named(figure, "label only").y

    def test_name_the_day_they_are_compared_on(self) -> None:
        figure = market.peers_figure(studies.market_study(), words("en"))
        title = figure.layout.xaxis.title.text.replace("<br>", " ")
        assert title == "Abnormal return on 7 Dec 2022 (log returns)"

    def test_star_no_share_for_a_mere_remark(self) -> None:
        study = studies.market_study()
        study.peers["flags"] = "group_dated_later"
        figure = market.peers_figure(study, words("en"))
        assert not any("*" in y for trace in figure.data for y in trace.y)

    def test_set_apart_whom_only_later_evidence_puts_into_a_group(self) -> None:
        study = studies.market_study()
        name = labels.concept_group(words("en"), "label_only")
        counted = len(named(market.peers_figure(study, words("en")), name).y)
        label_only = study.peers["concept_group"] == "label_only"
        first = study.peers.index[label_only & study.peers["abnormal_return"].notna()][0]
        study.peers.loc[first, "flags"] = "group_dated_later"
        figure = market.peers_figure(study, words("en"))
        later = named(figure, f"{name}, by evidence of after the event")
        assert len(later.y) == 1
        assert later.marker.symbol.endswith("-open")
        left = [len(trace.y) for trace in figure.data if trace.name == name]
        assert sum(left) == counted - 1

    def test_tell_groups_apart_by_colour_and_marker(self) -> None:
        figure = market.peers_figure(studies.market_study(), words("en"))
        looks = {(trace.marker.color, trace.marker.symbol) for trace in figure.data}
        assert len(looks) == len(figure.data) == 4

    def test_can_show_the_cumulative_return(self) -> None:
        study = studies.market_study()
        figure = market.peers_figure(study, words("en"), "cumulative_abnormal_return")
        assert named(figure, "supplier").x[0] == pytest.approx(0.01)
        assert "Cumulative" in figure.layout.xaxis.title.text

    def test_say_so_where_no_share_has_prices(self) -> None:
        study = studies.market_study()
        study.peers["abnormal_return"] = np.nan
        assert not market.peers_figure(study, words("en")).data
