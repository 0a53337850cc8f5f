"""The Data page: sources, runs, rejects, claims with their conflicts, and the dictionary."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from dashboard import processes, queries
from dashboard.tables import ledgers
from dashboard.text import words
from tests.dashboard.conftest import text_of

VIEWS = ("sources", "runs", "rejects", "claims", "conflicts", "financials", "dictionary")


def table(opened):
    return opened.dataframe[-1].value


@pytest.mark.parametrize("view", VIEWS)
def test_every_section_opens_and_lists_something(open_page, published, view):
    opened = open_page(published, "data", view=view)
    assert not opened.exception
    assert len(table(opened)) > 0
    assert opened.query_params["view"] == view


def test_an_unknown_section_is_said_and_replaced(open_page, published):
    opened = open_page(published, "data", view="nonsense")
    assert "expected one of sources" in opened.warning[0].value
    assert opened.query_params["view"] == "sources"


def test_sources_say_terms_reach_and_whether_they_are_stale(open_page, published):
    sources = table(open_page(published, "data")).set_index("source")
    assert sources.loc["stock_prices", "freshness"] == "stale"
    assert sources.loc["gpus", "freshness"] == "fixed"
    assert sources.loc["stock_prices", "passing_on"] == "facts only"
    assert sources["licence"].notna().all()


def test_rejected_rows_come_with_their_reason(open_page, published):
    rejects = table(open_page(published, "data", view="rejects"))
    assert rejects["reason"].notna().all()
    assert "773453" in "".join(rejects["payload"])


def test_rejected_rows_can_be_narrowed_to_a_source_and_link_there(open_page, published):
    opened = open_page(published, "data", view="rejects", source="market_events")
    assert set(table(opened)["source"]) == {"market_events"}
    assert "collected by itself" in text_of(opened)
    opened.selectbox(key="state").set_value("settled").run()
    assert not opened.dataframe
    opened = open_page(published, "data", view="rejects", source="nobody")
    assert "expected one of all" in opened.warning[0].value


def test_rejected_rows_are_left_out_and_taken_up_again_on_the_page(open_page, published, tmp_path):
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    opened = open_page(tmp_path, "data", view="rejects", source="market_events")
    n = len(table(opened))

    def press(key):
        opened.button(key=key).click().run()
        opened.session_state["settling"].process.wait(60)
        opened.run()

    press("settle:dismiss")
    assert not opened.dataframe
    assert "market_events (0 waiting)" in opened.selectbox(key="source").options
    opened.selectbox(key="state").set_value("settled").run()
    assert list(table(opened)["end"].unique()) == ["left out for good"]
    press("settle:reopen")
    opened.selectbox(key="state").set_value("waiting").run()
    assert len(table(opened)) == n


def test_what_cannot_be_settled_is_told(open_page, published, tmp_path, monkeypatch):
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    opened = open_page(tmp_path, "data", view="rejects", source="market_events")
    start = processes.start
    nobody = ("etl", "settle", "market_events", "--check", "nobody")
    monkeypatch.setattr(processes, "start", lambda data, _, name: start(data, nobody, name))
    opened.button(key="settle:dismiss").click().run()
    opened.session_state["settling"].process.wait(60)
    opened.run()
    assert "Nothing was settled" in opened.error[0].value


def test_a_raw_row_is_told_without_what_is_empty():
    raw = '{"a": "1", "b": null, "retrieved_at": "now", "c": "x: y"}'
    assert ledgers.raw_row(raw) == "a: 1 · c: x: y"
    assert ledgers.raw_row("not json") == "not json"
    assert ledgers.raw_row("[1]") == "[1]"


def test_reasons_and_errors_of_the_ledger_are_said_in_chinese(reader):
    zh = words("zh")
    reasons = "".join(ledgers.rejects(queries.quarantine(reader), zh).frame["reason"])
    assert "is missing" not in reasons
    assert "缺少" in reasons
    frame = queries.runs(reader).head(2).assign(error=["got too many requests from a.b", None])
    errors = list(ledgers.runs(frame, zh).frame["error"])
    assert errors[0] != "got too many requests from a.b"
    assert pd.isna(errors[1])
    frame = queries.sources_with_freshness(reader).assign(lagging="AAPL (never read)")
    assert "(never read)" not in ledgers.sources(frame, zh).frame["lagging"].iloc[0]


def test_claims_can_be_searched_in_either_language(open_page, published):
    opened = open_page(published, "data", view="claims", q="数画 server")
    assert {"F0484", "F0485"} <= set(table(opened)["fact_id"])
    assert set(table(opened)["entity"]) == {"Shuhua"}
    opened.text_input(key="q").set_value("no such words").run()
    assert not opened.dataframe
    assert "nothing to list" in text_of(opened)


def test_claims_can_be_filtered_by_metric_and_evidence(open_page, published):
    opened = open_page(published, "data", view="claims", metric="mau", evidence="disclosed")
    claims = table(opened)
    assert set(claims["metric"]) == {"mau"}
    assert set(claims["kind"]) == {"disclosed"}


def test_conflicting_figures_stand_side_by_side(open_page, published):
    questions = table(open_page(published, "data", view="conflicts")).groupby("question")
    assert (questions["value"].nunique() > 1).all()
    assert (questions["metric"].nunique() == 1).all()


def test_financials_can_be_narrowed_to_one_company(open_page, published):
    opened = open_page(published, "data", view="financials", ticker="ADBE")
    assert set(table(opened)["ticker"]) == {"ADBE"}


def test_the_dictionary_describes_a_table_and_a_mart(open_page, published):
    opened = open_page(published, "data", view="dictionary", table="daily_returns")
    assert "log_return" in set(table(opened)["name"])
    opened.selectbox(key="table").set_value("stock_prices").run()
    assert set(table(opened).query("in_key")["name"]) == {"ticker", "trade_date"}


@pytest.mark.parametrize("view", ["sources", "runs", "claims", "financials"])
def test_codes_are_said_in_chinese_on_the_chinese_page(open_page, published, view):
    shown = table(open_page(published, "data", view=view, lang="zh"))
    words = shown[[name for name in ("kind", "kinds", "outcome", "way") if name in shown]]
    assert not words.empty
    for said in words.stack():
        assert not any(sign.isascii() and sign.isalpha() for sign in said), said


def test_the_runs_show_the_last_run_step_by_step(open_page, published):
    opened = open_page(published, "data", view="runs")
    steps, runs = (frame.value for frame in opened.dataframe)
    assert steps["source"].tolist()[-1] == "publication"
    assert set(steps["state"]) == {"ok"}
    assert steps["rows_in"].sum() == runs["rows_in"].sum()
    assert "The last collection" in text_of(opened)


def test_claims_as_known_on_a_day_leave_out_what_came_later(open_page, published):
    opened = open_page(published, "data", view="claims", as_of="2022-12-31")
    early = opened.dataframe[0].value
    whole = open_page(published, "data", view="claims").dataframe[0].value
    assert 0 < len(early) < len(whole)


def test_a_company_chosen_elsewhere_narrows_the_financials_and_all_chooses_none(
    open_page, published
):
    opened = open_page(published, "data", view="financials", ticker="ADBE")
    assert opened.session_state["permalinks:kept"]["ticker"] == "ADBE"
    opened.selectbox(key="ticker").set_value("all").run()
    assert "ticker" not in opened.session_state["permalinks:kept"]
