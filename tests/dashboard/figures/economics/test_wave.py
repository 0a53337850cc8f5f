from __future__ import annotations

import numpy as np
import pytest

from dashboard.figures.economics.wave import rent_or_buy_figure, wave_capacity_figure
from dashboard.text import words

EN = words("en")


def named(figure):
    return {trace.name: trace for trace in figure.data}


def test_owned_and_rented_are_stacked_and_idle_ones_hatched(months) -> None:
    figure = wave_capacity_figure(months, "USD", EN)
    traces = named(figure)
    assert figure.layout.barmode == "stack"
    total = sum(np.nan_to_num(np.asarray(traces[name].y, float)) for name in traces if name in (
        "owned, at work", "owned, idle", "rented"
    ))  # fmt: skip
    np.testing.assert_allclose(total, months["machines_owned"] + months["machines_rented"])
    assert traces["owned, idle"].marker.pattern.shape == "/"
    assert traces["rented"].marker.pattern.shape == ""


def test_bars_that_carry_others_have_no_gap(months) -> None:
    traces = named(wave_capacity_figure(months, "USD", EN))
    assert np.isfinite(np.asarray(traces["owned, idle"].y, float)).all()


def test_machines_needed_are_steps(months) -> None:
    line = named(wave_capacity_figure(months, "USD", EN))["machines needed"]
    assert line.line.shape == "hvh"
    np.testing.assert_allclose(line.y, months["machines_needed"])


def test_the_book_value_has_a_panel_of_its_own(months) -> None:
    figure = wave_capacity_figure(months, "USD", EN)
    assert named(figure)["book value of the owned ones"].yaxis == "y2"
    without = wave_capacity_figure(months.assign(book_value=np.nan), "USD", EN)
    assert "yaxis2" not in without.to_dict()["layout"]


def test_months_may_be_numbers(months) -> None:
    figure = wave_capacity_figure(months.assign(month=range(1, 7)), "USD", EN)
    assert figure.layout.xaxis2.title.text == "Month (number)"
    assert "at most 40, month 1" in figure.layout.meta["alt"]


def test_the_text_gives_peak_idle_and_book_value(months) -> None:
    alt = wave_capacity_figure(months, "USD", EN).layout.meta["alt"].replace("\xa0", " ")
    assert alt.startswith("Machines needed: at most 40, 2022-12; at the end 1.25.")
    assert "Owned and idle: at most 6.75." in alt
    assert "Book value at the end: USD 200,000." in alt


def test_no_machine_known_is_said(months) -> None:
    columns = ["machines_needed", "machines_owned", "machines_rented"]
    figure = wave_capacity_figure(months.assign(**dict.fromkeys(columns, np.nan)), "USD", EN)
    assert "No month" in figure.layout.meta["alt"]


def test_the_crossing_of_renting_and_buying_is_marked(half_lives) -> None:
    figure = rent_or_buy_figure(half_lives, "USD", EN)
    mark = named(figure)["renting and buying cost the same"]
    np.testing.assert_allclose([mark.x[0], mark.y[0]], [80.0, 800.0])
    assert figure.layout.annotations[0].text == "80 days"
    assert "at a half-life of 80 days" in figure.layout.meta["alt"]


def test_rows_out_of_order_cross_at_the_same_place(half_lives) -> None:
    shuffled = half_lives.iloc[[2, 0, 3, 1]]
    mark = named(rent_or_buy_figure(shuffled, "USD", EN))["renting and buying cost the same"]
    np.testing.assert_allclose(mark.x, [80.0])


@pytest.mark.parametrize(("buy", "said"), [(9e9, "Renting"), (0.0, "Buying")])
def test_without_a_crossing_the_cheaper_way_is_named(half_lives, buy, said) -> None:
    figure = rent_or_buy_figure(half_lives.assign(buy_cost=buy), "USD", EN)
    assert f"{said} is cheaper throughout." in figure.layout.meta["alt"]


def test_no_cost_known_is_said(half_lives) -> None:
    columns = ["rent_cost", "buy_cost", "mix_cost"]
    figure = rent_or_buy_figure(half_lives.assign(**dict.fromkeys(columns, np.nan)), "USD", EN)
    assert not figure.data
