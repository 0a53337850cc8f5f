"""The Overview says what the evidence carries, from the study and not from a template."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import cases
from dashboard.studies import break_even_study, market_study
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec
from tests.dashboard.conftest import text_of


def plain(text: str) -> str:
    return text.replace("\\", "").replace("\xa0", " ")


@pytest.fixture
def overview(open_page, published) -> str:
    return plain(text_of(open_page(published)))


def test_the_picked_day_is_described_and_never_tested(overview):
    assert "On 7 Dec 2022, the day the newspaper chose" in overview
    assert "rose by 24.2%" in overview
    assert "never tested" in overview
    assert "described, not tested" in overview


def test_no_day_of_the_causes_is_significant_and_their_numbers_are_the_studys(overview, reader):
    assert "On none of the 3 days of the causes" in overview
    paths = market_study(reader, cases.TICKER, EventStudySpec()).paths
    causes = paths[paths["event_id"].isin(cases.CAUSES) & (paths["day"] == 0)]
    en = words("en")
    assert len(causes) == 3
    for _, row in causes.iterrows():
        assert f"t = {en.number(row['t_statistic'])}, p = {en.number(row['p_value'])}" in overview
        assert en.signed_percent(np.expm1(row["abnormal_return"])) in overview


def test_what_does_differ_from_zero_is_said_too(overview):
    assert "Around 24 Nov 2022 (days −2 to 2) the cumulative abnormal return is −17.3%" in overview


def test_each_event_has_a_tile_with_the_change_of_its_day(open_page, published):
    tiles = {tile.label: tile.value for tile in open_page(published).metric}
    assert tiles["7 Dec 2022"] == "▲ +24.2%"
    assert [label for label in tiles if "Nov 2022" in label or "Dec 2022" in label] == [
        "24 Nov 2022",
        "27 Nov 2022 → 28 Nov 2022",
        "1 Dec 2022",
        "7 Dec 2022",
    ]


def test_the_strip_is_computed_from_the_disclosed_facts(open_page, published, reader):
    opened = open_page(published)
    tiles = {tile.label: plain(tile.value) for tile in opened.metric}
    assert tiles["One GPU server"] == "CNY 450,000"
    assert tiles["Users it serves"] == "10,000–20,000"
    assert tiles["Its life"] == "36 months"
    assert tiles["Cost of a user and month (CNY)"] == "0.625–1.25"
    rates = break_even_study(reader).break_even.query("in_force_at_price_date")
    monthly = rates.query("price_unit == 'CNY/month'")
    en = words("en")
    said = f"{en.percent(monthly['low'].min())} to {en.percent(monthly['high'].max())} of users"
    assert f"At monthly prices (estimated) and the store terms of their day, {said}" in plain(
        text_of(opened)
    )
    pack = rates.query("price_unit == 'CNY/pack'")
    said = f"{en.percent(pack['low'].min())} to {en.percent(pack['high'].max())}"
    assert f"At the price of a pack (disclosed), {said}" in plain(text_of(opened))


def test_a_day_known_to_the_week_says_so(overview):
    assert "The day is inferred: its date is known to the week only." in overview


def test_penetration_and_conversion_are_kept_apart(overview):
    assert "subscribers ÷ monthly actives" in overview
    assert "payers ÷ installs" in overview
    assert "never compared as one" in overview


def test_what_is_assumed_is_called_assumed(overview):
    assert ":gray-badge[:material/help: assumed]" in overview.replace("\\", "")
    assert "written off over 36 months" in overview


def test_the_overview_says_what_it_cannot_say(overview):
    assert "What the evidence cannot say" in overview


def test_the_table_behind_the_figure_can_be_shown(open_page, published):
    opened = open_page(published)
    before = len(opened.dataframe)
    opened.toggle(key="event-timeline:table").set_value(True).run()
    assert len(opened.dataframe) == before + 1


@pytest.mark.parametrize("day", ["2021-01-01", "2022-11-24", "2022-12-02", "2022-12-07"])
def test_as_known_on_a_past_day_nothing_later_is_shown(published, open_page, day):
    page = open_page(published, lang="en", as_of=day)
    assert not page.exception
    assert any("As known on" in note.value for note in page.info)
    timelines = [frame.value for frame in page.dataframe if "event_date" in frame.value]
    assert all((frame["event_date"].astype(str) <= day).all() for frame in timelines)
