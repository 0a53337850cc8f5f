"""How a share moves with its market and its peers, as the Market page shows it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard import cases
from dashboard.figures.co_movement import rolling_beta_figure
from dashboard.studies import co_movement_study
from dashboard.tables import co_movement as tables
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec

SPEC = EventStudySpec()


@pytest.fixture(scope="module")
def study(published):
    from etl.warehouse import SnapshotReader

    return co_movement_study(SnapshotReader(published), cases.TICKER, SPEC, event_ids=("E0084",))


def test_the_trailing_beta_is_the_slope_over_sixty_days(study, reader):
    prices = reader.query(
        "SELECT ticker, trade_date, adjusted_close FROM stock_prices WHERE ticker IN (?, ?)",
        [cases.TICKER, study.benchmark],
    ).pivot(index="trade_date", columns="ticker", values="adjusted_close")
    returns = np.log(prices.dropna()).diff().tail(60)
    share, market = returns[cases.TICKER], returns[study.benchmark]
    expected = np.cov(share, market)[0, 1] / market.var()
    assert study.rolling["beta"].iloc[-1] == pytest.approx(expected, rel=1e-9)


def test_every_peer_is_a_row_with_a_verdict_or_a_reason(study):
    assert cases.TICKER not in set(study.pairs["other"])
    told = (study.pairs["verdict"] != "") ^ (study.pairs["reason"] != "")
    assert len(study.pairs)
    assert told.all()


def test_a_day_picked_by_the_price_has_correlations_but_no_p(reader):
    picked = co_movement_study(reader, cases.TICKER, SPEC, event_ids=(cases.CHOSEN_BY_PRICE,))
    assert picked.pairs["correlation_before"].notna().any()
    assert picked.pairs["adjusted_p_value"].isna().all()
    assert set(picked.pairs["verdict"]) == {""}
    assert "price_selected" in set(picked.pairs["reason"])


def test_the_components_take_up_the_whole_variance(study):
    assert len(study.components) == study.n_shares
    assert study.components["explained_variance_ratio"].sum() == pytest.approx(1)


def test_figure_and_tables_stand_in_both_languages(study):
    for language in ("en", "zh"):
        said = words(language)
        figure = rolling_beta_figure(study, pd.DataFrame({"day_zero": []}), said)
        axis = figure.layout.xaxis
        formats = [axis.tickformat, *(stop.value for stop in axis.tickformatstops)]
        assert all(("月" in each) == (said.language == "zh") for each in formats)
        assert study.benchmark in figure.layout.yaxis.title.text
        assert list(tables.pairs(study, said).shown)
        assert list(tables.components(study, said).shown)


def test_a_share_without_events_still_has_its_beta(reader):
    alone = co_movement_study(reader, "NVDA", SPEC)
    assert alone.event_id == ""
    assert alone.pairs.empty
    assert alone.rolling["beta"].notna().any()
