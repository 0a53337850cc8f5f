"""The tables of the Data page tell figures, units and calendars in words, and keep the codes."""

from __future__ import annotations

import pandas as pd

from dashboard.tables import ledgers
from dashboard.text import words

FIGURES = pd.DataFrame(
    {
        "metric": ["mau", "gross_margin", "invented_code"],
        "value": [1.2e8, 0.6, 1.0],
        "unit": ["count", "ratio", None],
        "evidence_kind": ["disclosed", "disclosed", "estimated"],
        "entity": ["Meitu", "Meitu", "Lensa"],
        "entity_zh": ["美图公司", "美图公司", None],
    }
)


def test_a_figure_and_its_unit_are_told_in_words_beside_the_code():
    shown = ledgers.claims(FIGURES, words("zh")).frame
    assert shown["figure"].tolist() == ["月活跃用户", "毛利率", "invented_code"]
    assert shown["metric"].tolist() == ["mau", "gross_margin", "invented_code"]
    assert shown["unit"].tolist() == ["个", "比例", ""]
    assert shown["value"].tolist() == [1.2e8, 0.6, 1.0]
    assert shown["entity_zh"].tolist() == ["美图公司", "美图公司", "Lensa"]
    assert ledgers.claims(FIGURES, words("en")).frame["figure"][0] == "Monthly active users"


def test_financials_are_told_alike():
    table = ledgers.financials(FIGURES, words("zh"))
    assert table.frame["figure"].tolist()[:2] == ["月活跃用户", "毛利率"]
    assert list(table.columns)[-1] == "metric"


def test_calendars_and_kinds_of_a_source_are_told_in_words():
    sources = pd.DataFrame(
        {
            "title": ["A list", "A chart", "Prices"],
            "freshness_calendar": ["static", "daily", "XHKG"],
            "stale": [None, False, True],
            "evidence_kinds": ["measured, assumed", None, "disclosed"],
            "redistributable": ["yes", "no", "facts only"],
            "last_status": ["ok", "failed", "partial"],
            "lagging": [None, None, None],
        }
    )
    shown = ledgers.sources(sources, words("zh")).frame
    assert shown["freshness_calendar"].tolist() == ["固定", "每日", "XHKG"]
    assert shown["kinds"].tolist() == ["实测、假设", "", "披露"]
    assert shown["freshness"].tolist() == ["固定", "最新", "已过期"]
