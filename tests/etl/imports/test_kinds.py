"""Prices, charts, announcements, figures and facts of the user's own keep to the tables' rules."""

from __future__ import annotations

import pytest


def test_prices_need_a_known_share_and_its_currency(desk):
    text = (
        "Date,Symbol,Open,High,Low,Close,Adj Close,Volume\n"
        "2022-12-01,1357.HK,1.0,1.2,0.9,1.1,1.1,1000\n"
        "20221202,1357.HK,1.1,1.0,1.2,1.1,1.1,1000\n"
        "2022-12-05,NOBODY,1,1,1,1,1,1\n"
    )
    path = desk.write("prices.csv", text)
    assert "no column for currency" in desk.refused("prices", path)
    assert desk.brought("prices", path, constants={"currency": "HKD"}) == ("partial", 3, 1, 0, 2)
    told = desk.ask("SELECT check_name FROM quarantine ORDER BY 1")["check_name"]
    assert list(told) == ["high_below_low", "unknown_ticker"]
    [row] = desk.ask("SELECT * FROM stock_prices").to_dict("records")
    assert (row["adjusted_close"], row["adjustment"]) == (1.1, "not stated by the imported file")


def test_charts_get_their_reading_and_depth(desk):
    text = (
        "date,country,chart,genre,position,bundle_id\n"
        "2022-12-01,JP,free,photo,1,org.a\n"
        "2022-12-01,JP,free,photo,2,org.b\n"
        "2022-12-01,JP,free,photo,2,org.c\n"
    )
    assert desk.brought("charts", desk.write("c.csv", text)) == ("partial", 3, 1, 0, 2)
    [row] = desk.ask("SELECT * FROM app_chart_ranks").to_dict("records")
    assert row["chart_snapshot_id"] == "user_charts:2022-12-01"
    assert (row["chart_depth"], row["category"]) == (2, "photo")


def test_announcements_are_disclosed_and_have_a_day(desk):
    text = "date,company,headline,url\n2022-12-01,Meitu,A launch,https://x.example\n2022-12,M,B,\n"
    assert desk.brought("market-events", desk.write("e.csv", text)) == ("partial", 2, 1, 0, 1)
    [row] = desk.ask("SELECT * FROM market_events").to_dict("records")
    assert (row["evidence_kind"], row["source_url"]) == ("disclosed", "https://x.example")
    assert (row["title_en"], row["selection"]) == ("A launch", "exogenous")


def test_figures_of_third_parties_are_estimates(desk):
    text = (
        "ticker,company,period,period_end,metric,value,unit,confidence\n"
        "1357.HK,Meitu,2022H2,2022-12-31,revenue,1.0,RMB million,stated\n"
        "1357.HK,Meitu,2022H2,2022-12-31,users,2.0,million,estimated_by_third_party\n"
    )
    assert desk.brought("financials", desk.write("f.csv", text)) == ("ok", 2, 2, 0, 0)
    rows = desk.ask("SELECT evidence_kind FROM financials ORDER BY value")
    assert list(rows["evidence_kind"]) == ["disclosed", "estimated"]


@pytest.mark.parametrize(
    ("printed", "known", "precision"),
    [
        ("2022-12-07", "2022-12-07", "day"),
        ("2022-12", "2022-12-31", "month"),
        ("2022", "2022-12-31", "year"),
        ("", "2026-11-22", "collected"),
    ],
)
def test_a_fact_is_known_from_the_end_of_its_printed_date(desk, printed, known, precision):
    text = f"entity,metric,value,unit,source_date\nMeitu,users,1,million,{printed}\n"
    assert desk.brought("facts", desk.write("f.csv", text)) == ("ok", 1, 1, 0, 0)
    [row] = desk.ask("SELECT * FROM disclosed_facts").to_dict("records")
    assert (str(row["known_on"])[:10], row["known_on_precision"]) == (known, precision)


def test_a_bill_that_ends_before_it_begins_is_kept_out(desk):
    text = "period_start,period_end,provider,amount,currency\n2022-12-31,2022-12-01,Rack,1,EUR\n"
    entry = desk.bring("gpu-bills", desk.write("b.csv", text)).entries[0]
    assert (entry.status, entry.rows_quarantined) == ("failed", 1)
    assert "the period ends before it begins" in entry.error
