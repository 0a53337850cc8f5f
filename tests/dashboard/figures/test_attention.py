"""Figures of attention: gaps stay gaps, the top is at the top, estimates keep their bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dashboard.figures.attention import (
    apps_in,
    bump_figure,
    installs_figure,
    rating_waves_figure,
    storefront_figure,
)
from dashboard.text import words

EN = words("en")
NO_CURVE = pd.DataFrame({"app_name": [], "date": [], "new_ratings_per_day": []})


def rates() -> pd.DataFrame:
    days = pd.to_datetime(["2022-12-08", "2022-12-15", "2022-12-22", "2023-01-08", "2023-01-15"])
    return pd.DataFrame(
        {
            "app_name": "Lensa AI",
            "previous_on": days[:-1],
            "observed_on": days[1:],
            "new_ratings_per_day": [86.7, 16.1, np.nan, 2.0],
        }
    )


def test_a_rate_is_as_wide_as_the_time_between_two_look_ups() -> None:
    (line,) = rating_waves_figure(rates(), NO_CURVE, EN).data
    assert list(pd.to_datetime(list(line.x[:2]))) == list(
        pd.to_datetime(["2022-12-08", "2022-12-15"])
    )
    assert list(line.y[:4]) == [86.7, 86.7, 16.1, 16.1]
    assert np.isnan(line.y[4])
    assert not line.connectgaps


def test_stretches_that_do_not_meet_are_not_joined() -> None:
    apart = rates().drop(index=1)
    (line,) = rating_waves_figure(apart, NO_CURVE, EN).data
    assert np.isnan(np.asarray(line.y, dtype=float)[2])


def test_a_fitted_curve_is_dotted_and_named_so() -> None:
    curve = pd.DataFrame(
        {
            "app_name": "Lensa AI",
            "date": pd.to_datetime(["2022-12-08", "2022-12-20"]),
            "new_ratings_per_day": [90.0, 20.0],
        }
    )
    figure = rating_waves_figure(rates(), curve, EN)
    assert figure.data[1].line.dash == "dot"
    assert figure.data[1].name == "Lensa AI: fitted decay"


def test_the_text_of_waves_names_the_highest_rate() -> None:
    alt = rating_waves_figure(rates(), NO_CURVE, EN).layout.meta["alt"]
    assert "Lensa AI: at most 86.70 a day, from 8 Dec 2022 to 15 Dec 2022." in alt


def test_positions_are_drawn_with_the_top_at_the_top_and_visible_gaps() -> None:
    ranks = pd.DataFrame(
        {
            "app_name": "Meitu",
            "observed_on": pd.to_datetime(["2022-12-01", "2022-12-02", "2022-12-03"]),
            "rank": [1.0, np.nan, 3.0],
            "chart_depth": 100,
        }
    )
    figure = bump_figure(ranks, EN)
    (line,) = figure.data
    assert not line.connectgaps
    assert np.isnan(np.asarray(line.y, dtype=float)[1])
    top, bottom = figure.layout.yaxis.range[1], figure.layout.yaxis.range[0]
    assert top < 1 < 3 < bottom
    assert figure.layout.annotations[0].text == "Meitu"
    assert figure.layout.annotations[0].y == 3


def test_without_a_dated_chart_the_figure_invites() -> None:
    ranks = pd.DataFrame({"app_name": ["Meitu"], "observed_on": [pd.NaT], "rank": [1.0]})
    figure = bump_figure(ranks, EN)
    assert not figure.data
    assert "Import charts" in figure.layout.meta["alt"]


def test_a_storefront_without_the_app_is_an_empty_cell() -> None:
    ranks = pd.DataFrame(
        {
            "app_name": ["Meitu", "Meitu", "Remini"],
            "storefront": ["JP", "US", "US"],
            "rank": [1, 40, 5],
        }
    )
    (heat,) = storefront_figure(ranks, EN).data
    cells = pd.DataFrame(heat.z, index=list(heat.y), columns=list(heat.x))
    assert cells.loc["Meitu", "JP"] == 1
    assert np.isnan(cells.loc["Remini", "JP"])
    assert not heat.hoverongaps


def test_estimates_keep_their_bounds_and_published_figures_have_a_star() -> None:
    frame = pd.DataFrame(
        {
            "name": ["Lensa AI", "Lensa AI"],
            "method": ["ratings", "disclosed"],
            "start": pd.to_datetime(["2022-12-08", "2022-12-01"]),
            "end": pd.to_datetime(["2022-12-15", "2022-12-07"]),
            "downloads_per_day": [8_000.0, 828_571.0],
            "low": [4_000.0, np.nan],
            "high": [16_000.0, np.nan],
        }
    )
    published, estimated = installs_figure(frame, EN).data
    assert published.marker.symbol == "star"
    assert published.name == "Lensa AI: as published (not by storefront)"
    assert list(estimated.error_y.array) == [8_000.0]
    assert list(estimated.error_y.arrayminus) == [4_000.0]
    assert list(published.error_y.array) == [0.0]


def test_nothing_held_says_so_in_both_languages() -> None:
    for said in (EN, words("zh")):
        for empty in (
            rating_waves_figure(rates().iloc[:0], NO_CURVE, said),
            storefront_figure(pd.DataFrame({"rank": [np.nan]}), said),
            installs_figure(pd.DataFrame({"downloads_per_day": []}), said),
        ):
            assert not empty.data
            assert empty.layout.meta["alt"]


def test_many_storefronts_stand_in_rows_by_their_codes_in_the_same_colours() -> None:
    codes = [a + b for a in "ZYXWVUTS" for b in "ABCDEFGHI"]
    ranks = pd.DataFrame({"app_name": "Meitu", "storefront": codes, "rank": range(1, 73)})
    figure = storefront_figure(ranks, EN)
    assert max(len(heat.x) for heat in figure.data) <= 32
    assert [code for heat in figure.data for code in heat.x] == sorted(codes)
    assert {(heat.zmin, heat.zmax) for heat in figure.data} == {(1, 72)}
    assert [heat.showscale for heat in figure.data] == [True, False, False]


def test_one_app_in_one_storefront_is_drawn() -> None:
    ranks = pd.DataFrame({"app_name": ["Meitu"], "storefront": ["JP"], "rank": [7]})
    (heat,) = storefront_figure(ranks, EN).data
    assert heat.z.tolist() == [[7]]


def test_an_app_has_one_colour_in_all_figures_and_each_method_its_marker() -> None:
    days = pd.to_datetime(["2022-12-01", "2022-12-07"])
    kinds = [(f"App {n}, US", how) for n in range(1, 6) for how in ("ratings", "rank")]
    kinds += [("App 3", "disclosed"), ("App 3, JP", "ratings")]
    frame = pd.DataFrame(kinds, columns=["name", "method"]).assign(
        start=days[0], end=days[1], downloads_per_day=10.0, low=5.0, high=20.0
    )
    positions = pd.DataFrame(
        {"app_name": ["App 3", "App 5"], "observed_on": days, "rank": [1.0, 2.0]}
    )
    apps = apps_in(pd.DataFrame({"app_name": [f"App {n}" for n in range(1, 6)]}), positions)
    drawn = installs_figure(frame, EN, apps=apps).data
    looks = [(trace.marker.color, trace.marker.symbol) for trace in drawn]
    assert len(set(looks)) == len(kinds)
    of_app = {look[0] for look, trace in zip(looks, drawn, strict=True) if "App 3" in trace.name}
    lines = bump_figure(positions, EN, apps=apps).data
    assert of_app == {lines[0].line.color}
    assert {
        symbol for (_, symbol), t in zip(looks, drawn, strict=True) if "positions" in t.name
    } == {"diamond"}
