from __future__ import annotations

import numpy as np

from dashboard.figures.economics.carried import carried_users_figure
from dashboard.text import words

EN = words("en")


def test_users_are_intervals_on_a_logarithmic_axis(carried) -> None:
    figure = carried_users_figure(carried, EN)
    assert figure.layout.xaxis.type == "log"
    card = next(trace for trace in figure.data if trace.name == "A100")
    np.testing.assert_allclose(card.x, [90_000, 11_000])
    np.testing.assert_allclose(card.error_x.array, [110_000, 19_000])
    np.testing.assert_allclose(card.error_x.arrayminus, [50_000, 6_000])


def test_the_claim_is_a_band_behind_every_row(carried) -> None:
    figure = carried_users_figure(carried, EN)
    bands = figure.layout.shapes
    assert [(band.x0, band.x1) for band in bands] == [(10_000, 20_000)] * 4
    assert {band.layer for band in bands} == {"below"}
    assert "the claim: 10,000 to 20,000" in {trace.name for trace in figure.data}


def test_numbers_stand_above_their_marks_and_leave_the_axis_its_room(carried) -> None:
    figure = carried_users_figure(carried, EN)
    numbers = next(trace for trace in figure.data if trace.textposition == "middle center")
    assert all(0 < row % 1 < 1 for row in numbers.y)
    low, high = figure.layout.xaxis.range
    seen = np.log10([40_000, 200_000, 5_000, 30_000])
    assert (seen.max() - seen.min()) / (high - low) > 0.3
    assert len(figure.layout.xaxis.tickvals) <= 3


def test_a_row_without_a_claim_has_no_band(carried) -> None:
    carried.loc[0, ["claim_low", "claim_high"]] = np.nan
    figure = carried_users_figure(carried, EN)
    assert len(figure.layout.shapes) == 3
    assert "A100 · registered: 90,000." in figure.layout.meta["alt"]


def test_marks_of_a_simulation_are_hollow(carried) -> None:
    figure = carried_users_figure(carried, EN)
    symbols = {
        trace.name: trace.marker.symbol for trace in figure.data if trace.error_x.array is not None
    }
    assert set(symbols["A100"]) == {"circle-open"}
    assert set(symbols["H200"]) == {"diamond"}


def test_a_row_names_card_reading_and_evidence(carried) -> None:
    names = carried_users_figure(carried, EN).layout.yaxis.ticktext
    assert names[0].startswith("A100<br>registered ")
    assert "simulated" in names[0]
    assert names[3] == "H200<br>registered"


def test_the_text_says_on_which_side_of_the_claim_each_lies(carried) -> None:
    alt = carried_users_figure(carried, EN).layout.meta["alt"]
    assert "A100 · registered: 90,000, above the claim." in alt
    assert "A100 · active in a day: 11,000, within the claim." in alt
    assert "H200 · at the same time: 1,400, below the claim." in alt
    assert "H200 · registered: not known." in alt


def test_nothing_known_is_said(carried) -> None:
    assert not carried_users_figure(carried.assign(users=np.nan), EN).data
