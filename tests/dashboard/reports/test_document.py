from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from fixtures import studies

from dashboard.reports import market, market_finding
from dashboard.reports.document import Document, Grid, Picture, Points, Source
from dashboard.reports.edition import Edition
from dashboard.studies import MarketStudy, Note
from dashboard.text import words
from etl.analytics.event_study import EventStudySpec

EDITION = Edition(
    as_of=None,
    published_at=datetime(2026, 11, 23, 1, 2, tzinfo=UTC),
    data_version="0123456789abcdef",
    version="0.1.0",
)


def report(study: MarketStudy, *event_ids: str, edition: Edition = EDITION) -> market.MarketReport:
    chosen = event_ids or tuple(study.events["event_id"])
    return market.MarketReport(
        study, edition, chosen, (Source("Prices", "https://prices.example/"),)
    )


def english(study: MarketStudy) -> Document:
    return market.document(report(study), words("en"))


def event_table(document: Document) -> Grid:
    grids = [b for section in document.sections for b in section.blocks if isinstance(b, Grid)]
    return grids[0]


def test_the_finding_says_that_nothing_was_significant() -> None:
    finding = english(studies.market_study()).finding
    assert finding[0].startswith("None of the 3 events")
    assert "not significant at 5%" in finding[1]
    assert "market model against ^HSI" in finding[1]


def test_the_finding_counts_what_was_significant() -> None:
    study = studies.market_study()
    study.paths.loc[(study.paths["event_id"] == "E0018") & (study.paths["day"] == 0), "p_value"] = (
        0.01
    )
    finding = english(study).finding
    assert finding[0].startswith("Of 3 events")
    assert ", 1 moved" in finding[0]
    assert finding[1].endswith(": significant at 5%.")


def test_a_price_selected_day_is_told_in_simple_returns_and_never_tested() -> None:
    study = studies.market_study()
    told = english(study).finding[-1]
    assert "+27.5%" in told  # exp(0.2432) − 1
    assert "described, not tested" in told
    row = event_table(english(study)).rows[-1]
    assert row[2] == "described, not tested"
    assert row[4:6] == ("–", "–")
    assert row[-1] == "–"


def test_the_finding_says_so_where_nothing_can_be_tested() -> None:
    study = studies.market_study()
    study.events["status"] = "excluded"
    study.events["reason"] = "event_outside_bars"
    assert english(study).finding == ("No event of this choice can be tested.",)
    assert "outside the common bars" in event_table(english(study)).rows[0][2]


def test_many_events_are_left_to_the_table() -> None:
    document = english(studies.market_study(10))
    assert len(document.finding) == 3
    assert len(event_table(document).rows) == 10


@pytest.mark.parametrize(("returns", "expected"), [("log", math.expm1(0.5)), ("simple", 0.5)])
def test_only_log_returns_are_converted(returns: str, expected: float) -> None:
    assert market_finding.simple_return(0.5, returns) == expected


def test_only_tests_that_apply_are_listed() -> None:
    document = english(studies.market_study())
    tests = [b for s in document.sections for b in s.blocks if isinstance(b, Grid)][1]
    assert tests.header == ("Test", "cross-sectional t")
    assert tests.rows == (("Statistic", "0.40"), ("p", "0.710"))


def test_no_table_of_tests_is_shown_where_none_applies() -> None:
    study = studies.market_study()
    study.aggregate["statistic"] = float("nan")
    grids = [b for s in english(study).sections for b in s.blocks if isinstance(b, Grid)]
    assert len(grids) == 1


def test_sources_name_events_in_the_language_of_the_report() -> None:
    study = studies.market_study()
    chinese = market.document(report(study), words("zh")).sources
    assert chinese[0] == Source("Prices", "https://prices.example/")
    assert any("国内上线" in source.title for source in chinese)


def test_other_events_of_the_company_inside_a_window_are_named() -> None:
    document = english(studies.market_study())
    points = next(b for s in document.sections for b in s.blocks if isinstance(b, Points))
    assert any("AI portrait goes live worldwide" in item for item in points.items)


def test_notes_of_the_study_are_put_into_words() -> None:
    study = studies.market_study()
    study.notes.append(Note("date_known_to", {"event_id": "E0084", "precision": "week"}))
    points = next(b for s in english(study).sections for b in s.blocks if isinstance(b, Points))
    assert "The date 1 Dec 2022 is known to the week only." in points.items


def test_notes_about_events_that_were_not_chosen_are_left_out() -> None:
    study = studies.market_study()
    values = {"event_ids": ["E0018", "E0084"], "benchmark": "^HSI", "alternative": "HKEW"}
    study.notes.append(Note("alternative_benchmark", values))
    study.notes.append(Note("date_known_to", {"event_id": "E0084", "precision": "week"}))
    text = str(market.document(report(study, "E0018"), words("en")).sections)
    assert "^HSI has no bars around 24 Nov 2022:" in text
    assert "known to the week" not in text


def test_what_the_exchange_did_inside_a_window_is_said() -> None:
    study = studies.market_study()
    assert "suspended" not in str(english(study).sections)
    study.flags["trade_date"] = pd.Timestamp("2022-12-01")
    assert "1 Dec 2022: suspended (no bar on a trading day)." in str(english(study).sections)


def test_a_window_that_differs_from_zero_is_said_beside_quiet_days() -> None:
    study = studies.market_study()
    assert "no cumulative abnormal return differs" in " ".join(english(study).finding)
    end = (study.paths["event_id"] == "E0018") & (study.paths["day"] == 2)
    study.paths.loc[end, ["car_low", "car_high"]] = [-0.3, -0.01]
    finding = " ".join(english(study).finding)
    assert "None of the 3 events" in finding
    assert "around 24 Nov 2022 the cumulative abnormal return" in finding
    assert "differs from zero at 5%" in finding


def test_both_languages_hold_the_same_parts() -> None:
    study = studies.market_study()
    shapes = [
        [
            [type(block) for block in section.blocks]
            for section in market.document(report(study), words(language)).sections
        ]
        for language in ("en", "zh")
    ]
    assert shapes[0] == shapes[1]


def test_the_report_bears_what_it_rests_on() -> None:
    study = studies.market_study()
    document = english(study)
    facts = dict(document.facts)
    assert facts["Data published"] == "2026-11-23 01:02 UTC"
    assert facts["Permalink"] == (
        "/market?lang=en&ticker=1357.HK&event=E0018,E0019,E0084,E0085&window=-2,2"
        "&estimation=120&gap=10&returns=log&model=market"
    )
    assert "no investment advice" in document.disclaimer
    assert {picture.key for picture in document.pictures()} == {
        "prices",
        "abnormal-return",
        "car",
        "peers",
    }


def test_the_as_of_day_is_said_only_where_there_is_one() -> None:
    study = studies.market_study()
    assert "As known on" not in dict(english(study).facts)


def test_every_figure_carries_its_evidence_kind() -> None:
    for picture in english(studies.market_study()).pictures():
        assert isinstance(picture, Picture)
        assert "measured" in picture.caption or "estimated" in picture.caption


def test_missing_peers_are_named_not_dropped() -> None:
    text = str(english(studies.market_study()).sections)
    told = text.partition("Without an abnormal return: ")[2].partition(".")[0]
    assert told.endswith(": Tiandi Online")


def test_a_window_without_day_zero_shows_missing_numbers_not_zeros() -> None:
    study = studies.market_study()
    later = study.paths[study.paths["day"] > 0]
    study = replace(study, paths=later, spec=EventStudySpec(window=(1, 2)))
    document = english(study)
    assert event_table(document).rows[0][3:6] == ("–", "–", "–")
    assert "significantly on" not in " ".join(document.finding)


def test_what_was_left_out_by_its_terms_is_told() -> None:
    study = studies.market_study()
    held = replace(EDITION, left_out=(("yahoo_prices", "stock_prices", 1234),))
    facts = dict(market.document(report(study, edition=held), words("en")).facts)
    assert facts["Left out by its terms"] == "1,234 rows of yahoo_prices in stock_prices"
    assert "Left out by its terms" not in dict(english(study).facts)
