"""Groups of concept shares around an event: who is compared, who is not, and what can be said."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import cases
from dashboard.figures.contagion import correlation_figure
from dashboard.studies import co_movement_study, contagion_study
from dashboard.tables import contagion as tables
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec

SPEC = EventStudySpec()


@pytest.fixture(scope="module")
def study(published):
    from etl.warehouse import SnapshotReader

    return contagion_study(SnapshotReader(published), cases.TICKER, SPEC, event_ids=("E0084",))


def test_every_member_is_named_with_its_reason_or_its_return(study):
    firms = study.firms.set_index("ticker")
    assert firms.loc["1357.HK", "reason"] == "own_news"
    assert firms.loc["0700.HK", "reason"] == "other_group"
    compared = firms[firms["reason"] == ""]
    assert set(compared["concept_group"]) <= {"ai_art_revenue", "label_only"}
    assert compared["cumulative_abnormal_return"].notna().all()
    assert len(compared) == study.n_first + study.n_second


def test_with_too_few_shares_no_p_is_given_but_the_reason(study):
    assert study.reason == "too_few_firms"
    assert study.tests["p_value"].isna().all()
    said = tables.sentence(study, words("en"))
    assert "No test: a side has fewer than three shares." in said
    assert "label only: 2" in said


def test_what_shares_had_in_common_is_a_correlation_matrix_of_the_days_before(study):
    matrix = study.correlation.to_numpy()
    assert np.allclose(matrix, matrix.T)
    assert np.allclose(np.diag(matrix), 1)
    assert "1357.HK" in study.correlation.index
    assert set(study.left_out["ticker"]).isdisjoint(study.correlation.index)
    figure = correlation_figure(study, words("zh"))
    assert figure.data[0].zmin == -1
    assert f"{len(matrix)}" in figure.layout.meta["alt"]


def test_a_day_picked_by_the_price_is_described(reader):
    picked = contagion_study(reader, cases.TICKER, SPEC, event_ids=(cases.CHOSEN_BY_PRICE,))
    assert picked.status == "described"
    assert picked.reason == "price_selected"


def test_a_share_without_events_has_no_comparison(reader):
    assert contagion_study(reader, "NVDA", SPEC) is None


def test_where_shares_have_too_few_days_in_common_nothing_is_correlated_and_it_is_said_why(reader):
    study = contagion_study(reader, "ADBE", SPEC, event_ids=("E0059",))
    assert study.correlation.empty
    assert "too_few_common_days" in set(study.left_out["reason"])
    moved = co_movement_study(reader, "ADBE", SPEC, event_ids=("E0059",))
    assert (moved.n_shares, len(moved.components)) == (0, 0)
