from __future__ import annotations

import numpy as np

from dashboard.figures.economics.second import price_of_a_second_figure
from dashboard.text import words

EN = words("en")


def test_cost_and_uplift_have_panels_of_their_own_over_one_axis(promises) -> None:
    figure = price_of_a_second_figure(promises, "USD", EN)
    cost, uplift = figure.data[:2]
    assert (cost.yaxis, uplift.yaxis) == ("y", "y2")
    np.testing.assert_allclose(cost.x, uplift.x)
    assert figure.layout.yaxis.overlaying is None
    assert figure.layout.xaxis.matches == figure.layout.xaxis2.matches == "x3"


def test_servers_are_written_below(promises) -> None:
    servers = price_of_a_second_figure(promises, "USD", EN).data[2]
    assert servers.yaxis == "y3"
    assert tuple(servers.text) == ("44", "12", "6")


def test_marks_are_hollow_where_nothing_was_measured_and_that_is_said(promises) -> None:
    figure = price_of_a_second_figure(promises, "USD", EN)
    assert set(figure.data[0].marker.symbol) == {"circle-open"}
    assert figure.layout.annotations[0].text == "Hollow marks: assumed; simulated."
    measured = price_of_a_second_figure(promises.assign(evidence_kind="measured"), "USD", EN)
    assert set(measured.data[0].marker.symbol) == {"circle"}
    assert not measured.layout.annotations


def test_missing_values_leave_gaps(promises) -> None:
    promises.loc[1, "needed_uplift_ratio"] = np.nan
    uplift = price_of_a_second_figure(promises, "USD", EN).data[1]
    assert np.isnan(uplift.y[1])
    assert uplift.connectgaps is False


def test_the_text_gives_the_shortest_and_the_longest_promise(promises) -> None:
    shuffled = promises.iloc[[1, 2, 0]]
    alt = price_of_a_second_figure(shuffled, "USD", EN).layout.meta["alt"].replace("\xa0", " ")
    assert alt.startswith("Promised wait 1 s: cost a payer and month USD 3.40, ")
    assert "rise of paying users needed 52%, servers 44." in alt
    assert "Promised wait 20 s" in alt
    assert "1 point is assumed." in alt


def test_nothing_known_is_said(promises) -> None:
    columns = ["cost_per_payer", "needed_uplift_ratio", "servers"]
    figure = price_of_a_second_figure(promises.assign(**dict.fromkeys(columns, np.nan)), "USD", EN)
    assert not figure.data
