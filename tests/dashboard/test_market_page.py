"""The Market page: choices in the address, tested and untested events apart."""

from __future__ import annotations

import pytest

from dashboard import cases
from tests.dashboard.conftest import text_of


def test_the_page_opens_on_the_wave(open_page, published):
    opened = open_page(published, "market")
    assert opened.selectbox(key="ticker").value == cases.TICKER
    assert opened.multiselect(key="event").value == list(cases.WAVE)
    assert opened.query_params["event"] == ",".join(cases.WAVE)
    assert opened.query_params["window"] == "-2,2"


def test_a_permalink_restores_every_choice(open_page, published):
    asked = {
        "ticker": "300624.SZ",
        "window": "-1,5",
        "estimation": "100",
        "gap": "15",
        "returns": "simple",
        "model": "mean",
        "span": "all",
    }
    opened = open_page(published, "market", **asked)
    assert not opened.warning
    assert {key: opened.query_params[key] for key in asked} == asked
    assert opened.slider(key="window").value == (-1, 5)
    assert opened.number_input(key="estimation").value == 100
    assert opened.selectbox(key="model").value == "mean"


def test_events_in_the_address_are_the_events_that_are_shown(open_page, published):
    opened = open_page(published, "market", event="E0018")
    assert opened.multiselect(key="event").value == ["E0018"]
    assert "1 event is tested" in text_of(opened)
    assert "picked because" not in text_of(opened)


def test_the_picked_day_stands_apart_and_is_never_tested(open_page, published):
    words = text_of(open_page(published, "market"))
    assert "3 events are tested" in words
    assert "1 day was picked because the price moved: it stands apart and is never tested." in words


def test_the_table_of_events_has_no_p_for_the_picked_day(open_page, published):
    opened = open_page(published, "market")
    table = next(f.value for f in opened.dataframe if "outcome" in f.value)
    picked = table[table["event_id"] == cases.CHOSEN_BY_PRICE].iloc[0]
    assert picked["p_value"] != picked["p_value"]
    assert picked["abnormal_return"] == pytest.approx(0.2432, abs=1e-4)
    assert table["p_value"].notna().sum() == len(cases.CAUSES)


def test_another_company_brings_its_own_events(open_page, published):
    opened = open_page(published, "market")
    opened.selectbox(key="ticker").set_value("0700.HK").run()
    assert not opened.exception
    assert not opened.warning
    assert set(opened.multiselect(key="event").value).isdisjoint(cases.WAVE)
    assert opened.query_params["ticker"] == "0700.HK"


def test_a_share_without_events_is_shown_and_says_so(open_page, published):
    opened = open_page(published, "market", ticker="0020.HK")
    assert not opened.exception
    assert "No event is chosen." in text_of(opened)
    assert [heading.value for heading in opened.subheader] == [
        "Price with its events",
        "Suspensions and price limits",
    ]


@pytest.mark.parametrize(
    ("key", "code", "expected"),
    [
        ("ticker", "WRONG", "expected one of"),
        ("event", "E9999", "expected one of"),
        ("window", "5,-5", "two whole numbers from -20 to 60"),
        ("estimation", "10", "whole number from 30 to 250"),
        ("gap", "many", "whole number from 0 to 120"),
        ("returns", "given", "expected one of log, simple"),
        ("model", "magic", "expected one of market, mean, adjusted"),
        ("span", "x", "expected one of event, all"),
    ],
)
def test_an_impossible_address_is_said_and_the_default_is_used(
    open_page, published, key, code, expected
):
    opened = open_page(published, "market", **{key: code})
    assert not opened.exception
    assert expected in opened.warning[0].value
    assert opened.query_params[key] != code


def test_a_wider_window_changes_the_study(open_page, published):
    opened = open_page(published, "market")
    opened.toggle(key=f"abnormal-return-{cases.TICKER}:table").set_value(True).run()

    def n_days() -> int:
        table = next(f.value for f in opened.dataframe if "car_low" in f.value and "day" in f.value)
        return table["day"].nunique()

    assert n_days() == 5
    opened.slider(key="window").set_value((-2, 10)).run()
    assert n_days() == 13


def test_remarks_name_a_change_of_benchmark_and_a_vague_date(open_page, published):
    words = text_of(open_page(published, "market", event="E0084,E0056"))
    assert "HKEW instead" in words
    assert "is known to the week only" in words


def test_cards_name_the_market_an_event_was_measured_against_and_how_far_its_bars_reach(
    open_page, published
):
    words = text_of(open_page(published, "market", event="E0054")).replace("\\", "")
    assert "market: HKEW" in words
    assert "market model against HKEW" in words
    assert "against ^HSI" not in words
    assert "beta · as of 5 Aug 2024 · " in words


def test_adjusted_bars_are_called_by_name(open_page, published):
    words = text_of(open_page(published, "market", ticker="300364.SZ"))
    assert "Only adjusted bars of 300364" in words


def test_as_known_on_a_day_nothing_later_is_shown(published, open_page):
    page = open_page(published, "market", as_of="2022-12-06")
    assert not page.exception
    chosen = page.multiselect(key="event")
    assert "E0084" in chosen.value
    assert "E0085" not in chosen.value
    assert not any("7 Dec 2022" in name for name in chosen.options)
    assert any("As known on 6 Dec 2022" in note.value for note in page.info)
    assert any("daily bars of 1357.HK to 6 Dec 2022" in line.value for line in page.caption)


def test_a_day_of_knowledge_out_of_bounds_is_said(published, open_page):
    page = open_page(published, "market", as_of="2019-01-01")
    assert "expected a day from 2021-01-01" in page.warning[0].value
    assert page.date_input(key="as_of").value is None
