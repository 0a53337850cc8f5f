"""Each query answers one question, and ``as_of`` shows only what was public that day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from dashboard import queries


@pytest.mark.parametrize(
    "question",
    [
        queries.instruments,
        queries.coverage,
        queries.events,
        queries.facts,
        queries.side_by_side,
        queries.financials,
        queries.concept_groups,
        queries.net_proceeds,
        queries.waves,
        queries.apps,
        queries.rating_counts,
        queries.charts,
        queries.sources,
        queries.sources_with_freshness,
        queries.freshness,
        queries.runs,
        queries.quarantine,
    ],
)
def test_every_question_has_an_answer(reader, question):
    assert len(question(reader)) > 0


def test_prices_hold_the_wanted_tickers_in_order(reader):
    bars = queries.prices(reader, ["^HSI", "1357.HK"])
    assert bars["ticker"].unique().tolist() == ["1357.HK", "^HSI"]
    assert bars.groupby("ticker")["trade_date"].is_monotonic_increasing.all()


def test_as_of_a_day_hides_what_came_later(reader):
    day = date(2022, 12, 7)
    at = pd.Timestamp(day)
    assert queries.prices(reader, ["1357.HK"], day)["trade_date"].max() == at
    assert queries.events(reader, day)["event_date"].max() == at
    assert queries.facts(reader, as_of=day)["known_on"].max() <= at
    assert queries.concept_groups(reader, day)["valid_from_date"].max() <= at
    assert queries.rating_counts(reader, day)["observed_on"].max() <= at
    assert queries.charts(reader, day)["observed_on"].isna().all()
    assert "F0484" not in set(queries.facts(reader, as_of=day)["fact_id"])
    assert "F0484" in set(queries.facts(reader, as_of=date(2022, 12, 8))["fact_id"])


def test_as_of_an_instant_shows_the_values_recorded_by_then(reader):
    before_any_run = datetime(2020, 1, 1, tzinfo=UTC)
    assert queries.prices(reader, ["1357.HK"], before_any_run).empty
    assert queries.events(reader, before_any_run).empty
    assert queries.facts(reader, as_of=before_any_run).empty
    much_later = datetime(2100, 1, 1, tzinfo=UTC)
    assert len(queries.facts(reader, as_of=much_later)) == len(queries.facts(reader))


def test_facts_can_be_narrowed_to_a_metric(reader):
    assert set(queries.facts(reader, "mau")["metric"]) == {"mau"}


def test_financials_can_be_narrowed_to_a_ticker(reader):
    assert set(queries.financials(reader, "ADBE")["ticker"]) == {"ADBE"}


def test_a_question_is_answered_side_by_side_only_where_figures_differ(reader):
    answers = queries.side_by_side(reader)
    assert answers["question"].tolist() == sorted(answers["question"])
    assert (answers.groupby("question")["value"].nunique() > 1).all()
    assert set(answers.columns) == {"question", *queries.facts(reader).columns}


def test_a_hostile_ticker_is_only_a_value(reader):
    assert queries.prices(reader, ["'; DROP TABLE stock_prices; --"]).empty
    assert len(queries.coverage(reader)) > 0


def test_positions_are_those_of_the_apps_asked_for(reader):
    ranks = queries.chart_ranks(reader, ["com.meitu.mtxx"])
    assert set(ranks["app_id"]) == {"com.meitu.mtxx"}
    assert ranks["rank"].between(1, 100).all()


def test_the_last_run_of_a_source_decides_whether_it_failed():
    class Ledger:
        def query(self, sql: str, parameters: object = ()) -> pd.DataFrame:
            rows = [("fx", "failed"), ("apps", "ok"), ("apps", "failed"), ("publish", "failed")]
            return pd.DataFrame(rows, columns=["source", "status"])

    assert queries.failed_sources(Ledger()) == ["fx"]
