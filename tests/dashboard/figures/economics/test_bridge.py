from __future__ import annotations

import numpy as np
import pytest

from dashboard.figures.economics.bridge import bridge_figure
from dashboard.text import words

EN = words("en")


def bars(figure):
    return [trace for trace in figure.data if trace.type == "bar" and trace.x[0] is not None]


def texts(figure):
    return [
        text.replace("\xa0", " ").strip()
        for trace in figure.data
        if trace.type == "scatter" and trace.mode == "text"
        for text in trace.text
    ]


def test_people_stand_on_a_logarithmic_axis_and_money_on_its_own(chain) -> None:
    figure = bridge_figure(chain, EN)
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis2.type != "log"
    people, money = bars(figure)
    np.testing.assert_allclose(people.x, [320_000, 9.6e6])
    assert (people.xaxis, money.xaxis) == ("x", "x2")


def test_what_is_taken_off_lies_below_zero(chain) -> None:
    money = bars(bridge_figure(chain, EN))[1]
    np.testing.assert_allclose(money.x, [4.1e6, -1.3e6])
    assert money.marker.color[0] != money.marker.color[1]
    said = texts(bridge_figure(chain, EN))
    assert "▲ +USD 4.1 million" in said
    assert "▼ −USD 1.3 million" in said


def test_the_interval_of_what_is_taken_off_is_turned_too(chain) -> None:
    whiskers = [trace for trace in bridge_figure(chain, EN).data if trace.error_x.array is not None]
    money = whiskers[1]
    low, high = (
        money.x[1] - money.error_x.arrayminus[1],
        money.x[1] + money.error_x.array[1],
    )
    assert (low, high) == (-3e6, -4e5)


def test_a_step_that_is_not_known_keeps_its_row_and_is_no_zero(chain) -> None:
    figure = bridge_figure(chain, EN)
    assert 2 not in bars(figure)[0].y
    assert "<i>not known</i>" in texts(figure)
    # It has no value, hence no evidence.
    assert figure.layout.yaxis.ticktext[2] == "Payers"
    assert "Not known: Payers." in figure.layout.meta["alt"]


def test_a_panel_of_which_nothing_is_known_has_no_numbers_on_its_axis(chain) -> None:
    chain.loc[3:, ["value", "low", "high"]] = np.nan
    figure = bridge_figure(chain, EN)
    assert figure.layout.xaxis2.showticklabels is False
    assert texts(figure).count("<i>not known</i>") == 3


def test_a_count_of_nothing_has_no_bar_and_says_zero(chain) -> None:
    chain.loc[2, ["value", "low", "high"]] = [0, 0, 5]
    figure = bridge_figure(chain, EN)
    assert 2 not in bars(figure)[0].y
    assert "0" in texts(figure)


def test_a_count_that_was_set_to_nothing_is_said_not_to_be_counted(chain) -> None:
    chain.loc[2, "evidence_kind"] = "assumed"
    chain.loc[2, ["value", "low", "high"]] = [0, np.nan, np.nan]
    figure = bridge_figure(chain, EN)
    assert 2 not in bars(figure)[0].y
    assert "set to 0, not counted" in texts(figure)
    assert "Payers: set to 0, not counted" in figure.layout.meta["alt"]
    chain.loc[2, "evidence_kind"] = "measured"
    assert "0" in texts(bridge_figure(chain, EN))


def test_assumed_steps_are_hatched(chain) -> None:
    assert tuple(bars(bridge_figure(chain, EN))[1].marker.pattern.shape) == ("/", "")


def test_the_text_tells_the_chain(chain) -> None:
    alt = bridge_figure(chain, EN).layout.meta["alt"].replace("\xa0", " ")
    assert "Attention: 320K a day; Installs: 9.6M" in alt
    assert "Compute: −USD 1.3 million" in alt
    assert "Assumed: Net revenue." in alt


def test_nothing_known_is_said(chain) -> None:
    assert not bridge_figure(chain.assign(value=np.nan), EN).data
    assert not bridge_figure(chain.iloc[:0], EN).data


def test_a_unit_that_is_neither_is_an_error(chain) -> None:
    with pytest.raises(ValueError, match="got the units ratio; expected count"):
        bridge_figure(chain.assign(unit="ratio"), EN)
