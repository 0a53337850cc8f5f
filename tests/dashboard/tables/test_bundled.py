"""What bundled tables note in English, and codes of the data, have words of the page."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.app_pages import attention, compute_runs, market_cards
from dashboard.figures import labels
from dashboard.studies.growth.conversion import BENCHMARKS
from dashboard.studies.growth.retention import CLAIM_DAYS
from dashboard.tables import bundled
from dashboard.tables.growth import conversion
from dashboard.text import words
from etl.warehouse import SnapshotReader


def test_every_note_of_a_published_share_has_a_translation(reader: SnapshotReader) -> None:
    notes = reader.query(
        "SELECT DISTINCT note FROM disclosed_facts WHERE list_contains(?, metric) "
        "AND note IS NOT NULL",
        [[*CLAIM_DAYS, *BENCHMARKS]],
    )["note"]
    assert len(notes) > 15
    assert set(notes) <= set(bundled._known(words("zh")))


@pytest.mark.parametrize(
    "source", sorted({*market_cards.FEEDS, *attention.FEEDS, *compute_runs.FEEDS})
)
def test_a_source_is_named_by_what_it_holds(source: str) -> None:
    assert bundled.source_name(source, words("en")) != source
    assert bundled.source_name("my_shop", words("en")) == "my_shop"


def test_a_run_is_named_part_by_part_and_what_is_unknown_stays() -> None:
    told = labels.run(
        words("en"), "tiny-shapes (toy) · upscale · cached · batch 4 · 1 steps · twin"
    )
    assert told == "tiny-shapes (toy) · upscale · cached · batch 4 · 1 step · random weights"
    assert labels.run(words("zh"), "own-model · own-preset") == "own-model · own-preset"


def test_categories_of_charts_are_named(reader: SnapshotReader) -> None:
    held = reader.query("SELECT DISTINCT category FROM app_chart_ranks")["category"]
    told = pd.Series([labels.category(words("en"), str(code)) for code in held])
    assert not told.isin(set(held)).any()
    assert labels.category(words("en"), "medical") == "medical"


def test_groups_by_channel_are_in_words() -> None:
    table = pd.DataFrame(
        {"attribute": ["channel", "channel", "country"], "value": ["search_ads", "", "DE"]}
    )
    told = conversion._groups(table, words("en"))
    assert told == ["search ads", "not stated", "DE"]
