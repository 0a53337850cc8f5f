"""Tables of the market page and report."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fixtures import studies

from dashboard.tables import market
from dashboard.text import words


@pytest.mark.parametrize(
    ("returns", "told"), [("log", "CAR (log return)"), ("simple", "CAR (ratio)")]
)
def test_columns_of_returns_name_their_kind(returns: str, told: str) -> None:
    study, said = studies.market_study(), words("en")
    study = replace(study, spec=replace(study.spec, returns=returns))
    event_ids = list(study.events["event_id"])
    tables = [
        market.paths(study, event_ids, said, "car"),
        market.events(study, event_ids, said),
        market.peers(study, said),
    ]
    column = "cumulative_abnormal_return"
    assert [table.columns[column].label for table in tables] == [told] * 3
